r"""Numbers and tables of a fit for papers in LaTeX.

``numbers.tex`` defines a macro a number, so that no number needs to be typed by hand:
``\LMkilledRussiaAllMedian`` is the total to the last day,
``\LMkilledRussiaAllYearTwoZeroTwoThreeMedian`` that of a calendar year; for ``Median`` also
``Lower``, ``Upper`` and ``Interval``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from lossmodel import __version__
from lossmodel.errors import UsageError
from lossmodel.posterior.citation import fit_hash
from lossmodel.report.composing import NOT_PASSED
from lossmodel.report.output.textables import tex_tables
from lossmodel.report.results import Results
from lossmodel.text.escape import tex
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lossmodel.api import Fit

__all__ = ["macro_name", "macros", "tex_files", "write_tex"]

DIGITS: Final = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
SIGNS: Final = {"+": "Plus", "&": "And"}
_WORD: Final = re.compile(r"[A-Za-z]+|[0-9]|[^\x00-\x7f]|[+&]")


def write_tex(fit: Fit, folder: Path, *, results: Results | None = None) -> None:
    """Write ``numbers.tex`` and ``tables/*.tex``.

    Parameters
    ----------
    results
        The fit's tables, where they have been made already.

    Raises
    ------
    UsageError
        Two series would have the same macro.
    """
    for name, text in tex_files(results or Results(fit)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def tex_files(results: Results) -> dict[str, str]:
    """Text of each file by its path in the report's folder."""
    fit = results.fit
    mark = "" if fit.diagnostics["gate"]["passed"] else NOT_PASSED
    lines = [f"% {mark}"] if mark else []
    lines += [f"% lossmodel {__version__}, fit {fit_hash(fit)}"]
    lines += [rf"\newcommand{{\{name}}}{{{value}}}" for name, value in macros(results).items()]
    tables = {f"tables/{k}.tex": text for k, text in tex_tables(results, mark=mark).items()}
    return {"numbers.tex": "\n".join(lines) + "\n"} | tables


def macros(results: Results) -> dict[str, str]:
    """Name of each macro, without its backslash, and its text.

    Raises
    ------
    UsageError
        Two names of the conflict differ only in what a macro's name cannot have.
    """
    found: dict[str, str] = {}
    origin: dict[str, str] = {}
    for what, name, value in [*_facts(results.fit), *_totals(results)]:
        if name in found:
            raise UsageError(
                f"{what} and {origin[name]} would both be \\{name} in numbers.tex; "
                "give one of them a name that differs in its letters."
            )
        found[name], origin[name] = value, what
    return found


def macro_name(*parts: str) -> str:
    """Build the name of a macro, letters only: digits and signs as words.

    Examples
    --------
    >>> macro_name("killed", "russia+north-korea", "all", "Year", "2023")
    'LMkilledRussiaPlusNorthKoreaAllYearTwoZeroTwoThree'
    """
    first, *rest = [_camel(part) for part in parts]
    return "LM" + first[:1].lower() + first[1:] + "".join(rest)


def _camel(text: str) -> str:
    # Accents go, and what then is no letter of ASCII stands under its number.
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return "".join(_spelled(word) for word in _WORD.findall(plain))


def _spelled(word: str) -> str:
    if word in SIGNS:
        return SIGNS[word]
    if word.isascii() and word.isdigit():
        return DIGITS[int(word)]
    if word.isascii():
        return word[:1].upper() + word[1:]
    return "U" + "".join(DIGITS[int(digit)] for digit in str(ord(word)))


def _facts(fit: Fit) -> Iterator[tuple[str, str, str]]:
    """What a paper says about the fit itself."""
    facts = {
        "level": f"{100 * fit.ci_prob:.4g}\\%",
        "engine": tex(fit.engine),
        "first-day": str(fit.days[0].date()),
        "last-day": str(fit.days[-1].date()),
        "claims": f"{len(fit.claims.table):,}".replace(",", r"\,"),
        "version": tex(__version__),
        "fit-hash": fit_hash(fit),
        "gate": "passed" if fit.diagnostics["gate"]["passed"] else "not passed",
    }
    for name, value in facts.items():
        yield f"the {name} of the fit", macro_name(name), value


def _totals(results: Results) -> Iterator[tuple[str, str, str]]:
    table = results.estimates
    years = table[table["measure"] == "yearly"].groupby(["party", "category", "scope"])
    for party, category, scope in results.fit.series:
        what = f"{category} {party} {scope}"
        name = (category, party, scope)
        yield from _numbers(what, name, results.total((party, category, scope)))
        for _, row in years.get_group((party, category, scope)).iterrows():
            year = str(row["start"].year)
            yield from _numbers(f"{what} {year}", (*name, "Year", year), row)


def _numbers(what: str, name: tuple[str, ...], row: Any) -> Iterator[tuple[str, str, str]]:
    limits = row["lower"], row["upper"]
    text = {k: number(row[k], *limits).replace(",", r"\,") for k in ("median", "lower", "upper")}
    for kind, value in text.items():
        yield what, macro_name(*name, kind), value
    yield what, macro_name(*name, "interval"), f"{text['lower']} to {text['upper']}"
