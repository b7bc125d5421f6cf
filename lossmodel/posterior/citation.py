"""References to the package and to fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from lossmodel import __version__
from lossmodel.arguments import check_choice, check_fit
from lossmodel.text import escape

if TYPE_CHECKING:
    from lossmodel.posterior.fit import Fit

__all__ = ["cite", "csl", "fit_hash"]

AUTHORS = "The lossmodel developers"
TITLE = "lossmodel: war losses from conflicting claims"
YEAR = 2026


def cite(fit: Fit | None = None, *, form: Literal["text", "bibtex"] = "text") -> str:
    """Return a reference to this version of the package and, if given, to a fit.

    Parameters
    ----------
    fit
        The fit whose numbers are cited; its hash and its last day go into the reference.
    form
        ``"text"`` for a paragraph in APA style, ``"bibtex"`` for an entry.

    Returns
    -------
    str
        The reference, without a final newline.

    Examples
    --------
    >>> from lossmodel import cite
    >>> print(cite())  # doctest: +ELLIPSIS
    The lossmodel developers (2026). lossmodel: war losses from conflicting claims (Version ...
    >>> cite(form="bibtex").splitlines()[0]
    '@misc{lossmodel,'
    """
    form = check_choice(form, "format", ("text", "bibtex"))
    if fit is not None:
        check_fit(fit)
    note = None if fit is None else _note(fit)
    if form == "bibtex":
        return _bibtex(note)
    reference = f"{AUTHORS} ({YEAR}). {TITLE} (Version {__version__}) [Computer software]."
    return reference if note is None else f"{reference} {note}."


def csl(fit: Fit) -> dict[str, Any]:
    """The reference to the package and a fit, as an item of CSL-JSON."""
    return {
        "id": "lossmodel",
        "type": "software",
        "title": TITLE,
        "author": [{"literal": AUTHORS}],
        "issued": {"date-parts": [[YEAR]]},
        "version": __version__,
        "note": escape.one_line(_note(fit)),
    }


def fit_hash(fit: Fit) -> str:
    """SHA-256 of a fit's content, which is the checksum in its ``fit.nc``.

    The time and the command of the run are left out: the same inputs, settings and version give the
    same hash on another day.
    """
    from lossmodel.posterior.netcdf import fit_checksum

    return fit_checksum(fit)


def _note(fit: Fit) -> str:
    last = fit.days[-1].date()
    return f"Fit of {fit.conflict.title} up to {last}, engine {fit.engine}, hash {fit_hash(fit)}"


def _bibtex(note: str | None) -> str:
    fields = {
        # The inner braces keep BibTeX from reading a group as a person's first and last name.
        "author": f"{{{AUTHORS}}}",
        "title": f"{{{TITLE}}}",
        "year": str(YEAR),
        # Classic styles know no entry of software, and no field of its version.
        "howpublished": f"Computer software, version {__version__}",
    }
    if note is not None:
        fields["note"] = escape.bibtex(note)
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join(["@misc{lossmodel,", *lines, "}"])
