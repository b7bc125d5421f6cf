"""The two ways to a fit: from claims, and from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from lossmodel.api.fitted import Fit
from lossmodel.api.inputs import claims_of
from lossmodel.arguments import (
    check_choice,
    check_ci_prob,
    check_draws,
    check_patience,
    check_seed,
    check_type,
    day_of,
    shown,
    spelled,
)
from lossmodel.defaults import CI_PROB
from lossmodel.deprecation import renamed_keywords
from lossmodel.errors import UsageError
from lossmodel.inference.names import check_engine
from lossmodel.model.components import Components
from lossmodel.model.design.design import PEOPLE
from lossmodel.model.priors import Priors
from lossmodel.posterior import fit as data
from lossmodel.tables.trust import TRUSTS

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    import pandas as pd

    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.inference.names import EngineName
    from lossmodel.tables.trust import Trust

__all__ = ["fit", "load_fit"]

Progress = Callable[[str], None]


@renamed_keywords({"parts": "components", "blocks": "submodels"})
def fit(
    claims: Claims | Conflict | str | Path | pd.DataFrame,
    *,
    conflict: Conflict | str | Path | None = None,
    priors: Priors | None = None,
    components: Components | None = None,
    engine: EngineName = "auto",
    seed: int = 1,
    ci_prob: float = CI_PROB,
    as_of: str | dt.date | None = None,
    until: str | dt.date | None = None,
    trust: Trust = "doubtful",
    draws: int | None = None,
    patience: float | None = None,
    submodels: str | Sequence[str] | None = None,
    start: data.Fit | None = None,
    cache: bool = False,
    progress: Progress | None = None,
) -> Fit:
    """Fit the model to claims.

    Parameters
    ----------
    claims
        A checked table, see ``load_claims``; or what such a table can be read from: a conflict, its
        folder, the name of a shipped one, a CSV file, or a table in memory.
    conflict
        The conflict of a file or of a table in memory. Where not given: that of the file's folder,
        and else the shipped war, as on the command line.
    priors
        Assumptions; the conflict's own ``priors.toml`` or the default where not given.
    components
        Which components of the model are on; all by default.
    engine
        ``laplace``, ``hmc``, ``nuts``, or ``auto``: for each submodel laplace, then hmc, then nuts,
        up to the first that passes its gate; hmc is faster, nuts has less trouble with narrow
        regions.
        Laplace gives its draws importance weights where these are even enough.
    seed
        Of all draws, a whole number of 32 bits: the same seed gives the same fit.
    ci_prob
        Probability of the equal-tailed credible intervals.
    as_of
        Use only claims published by this day: a date, or a text YYYY-MM-DD.
    until
        Last day of the path, up to the conflict's end; by default the last that a claim covers.
    trust
        Least trust of a claim that is used: ``first-hand``, ``second-hand``, or ``doubtful`` for
        all of them.
    draws
        Draws of each submodel: in all for laplace, per chain for hmc and nuts.
    patience
        Seconds after which sampling of a submodel is stopped, and its gate fails; 0 for its draws
        and no more. Where not given, 300 for ``auto``, and for ``hmc`` and ``nuts`` as long as
        their gate takes, up to three and five times their draws.
    submodels
        Names of the submodels to fit (``person``, ``civilian``, classes of equipment); all where
        not given.
    start
        An earlier fit. Its submodels of which neither evidence nor priors nor settings changed are
        taken as they are, and from the modes of the others the search starts.
    cache
        Whether to take submodels from the user's cache folder, and to keep new ones there;
        otherwise nothing is written to disk.
    progress
        Called with the name of each stage.

    Returns
    -------
    Fit
        Also where the gate failed; ``diagnostics["gate"]`` says so.

    Raises
    ------
    UsageError
        There is nothing to fit, or an argument is not what it may be.
    ClaimsError
        The claims are not valid.

    Examples
    --------
    >>> from lossmodel import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> found = fit(claims, engine="laplace", draws=50)
    >>> found.diagnostics["gate"]["passed"]
    True
    >>> fit("battle-of-britain", seed=-1)
    Traceback (most recent call last):
    ...
    lossmodel.errors.UsageError: seed is -1; give a whole number from 0 to 4,294,967,295, such as 1.
    """
    from lossmodel.posterior.fitting import fit_claims
    from lossmodel.system.cache import user_cache

    engine = check_engine(engine)
    for name, value, kind, remedy in (
        ("priors", priors, Priors, 'priors, such as Priors.from_toml("priors.toml")'),
        ("components", components, Components, "Components of the model, or None for all of them"),
        ("start", start, data.Fit, "an earlier fit"),
    ):
        if value is not None:
            check_type(value, name, kind, remedy)
    if progress is not None and not callable(progress):
        raise UsageError(f"progress is {shown(progress)}; give a function of a text, as print is.")
    seed, ci_prob = check_seed(seed), check_ci_prob(ci_prob)
    first, last = day_of(as_of, "as_of"), day_of(until, "until")
    draws, patience = check_draws(draws), check_patience(patience)
    table = claims_of(claims, conflict)
    found = fit_claims(
        table,
        priors=priors,
        components=components,
        engine=engine,
        seed=seed,
        ci_prob=ci_prob,
        as_of=first,
        until=last,
        trust=check_choice(trust, "trust", TRUSTS),
        draws=draws,
        patience=patience,
        submodels=_submodels(submodels, table.conflict),
        start=start,
        cached=user_cache() if cache else None,
        progress=progress or (lambda _: None),
    )
    return _with_methods(found)


def load_fit(path: str | Path, *, cache: bool = False) -> Fit:
    """Read a fit that ``Fit.save`` wrote; a report's folder will do.

    Parameters
    ----------
    path
        A file, or a report's folder with one.
    cache
        Whether to keep the fit, built from its file, in the user's cache folder, from which it is
        read faster the next time; otherwise nothing is written to disk.

    Returns
    -------
    Fit
        The fit as it was saved.

    Raises
    ------
    UsageError
        There is no such file, it is not a fit, it is in another format than this version reads, or
        it was changed since it was written.

    Examples
    --------
    >>> again = load_fit(fitted.save(folder / "fit.nc"))
    >>> again.diagnostics["gate"] == fitted.diagnostics["gate"]
    True
    """
    from lossmodel.posterior.built_fits import load_built
    from lossmodel.posterior.netcdf import load
    from lossmodel.system.cache import user_cache

    cached = user_cache() if cache else None
    return _with_methods(load(path) if cached is None else load_built(path, cached))


def _submodels(names: object, conflict: Conflict) -> tuple[str, ...] | None:
    """Names of submodels that a conflict can have."""
    if names is None:
        return None
    if not isinstance(names, Iterable):
        raise UsageError(f"submodels is {shown(names)}; give names, such as {', '.join(PEOPLE)}.")
    equipment = [c.name for c in conflict.categories.values() if c.group == "equipment"]
    asked = [names] if isinstance(names, str) else list(names)
    return tuple(spelled(name, [*PEOPLE, *equipment], "submodel") for name in asked)


def _with_methods(found: data.Fit) -> Fit:
    same = Fit(**{field.name: getattr(found, field.name) for field in fields(found) if field.init})
    # Findings about the fit took some of its tables.
    same.cache.take_over(found.cache)
    return same
