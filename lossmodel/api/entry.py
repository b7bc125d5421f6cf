"""The two ways to a fit: from claims, and from a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING

from lossmodel.api.fitted import Fit
from lossmodel.defaults import CI_PROB
from lossmodel.deprecation import renamed_keywords
from lossmodel.posterior import fit as data

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from lossmodel.claims.claims import Claims
    from lossmodel.inference.names import EngineName
    from lossmodel.model.components import Components
    from lossmodel.model.priors import Priors

__all__ = ["fit", "load_fit"]

Progress = Callable[[str], None]


@renamed_keywords({"parts": "components", "blocks": "submodels"})
def fit(
    claims: Claims,
    *,
    priors: Priors | None = None,
    components: Components | None = None,
    engine: EngineName = "auto",
    seed: int = 1,
    ci_prob: float = CI_PROB,
    as_of: pd.Timestamp | None = None,
    until: pd.Timestamp | None = None,
    draws: int | None = None,
    patience: float | None = None,
    submodels: tuple[str, ...] | None = None,
    start: data.Fit | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit the model to claims.

    Parameters
    ----------
    claims
        A checked table, see ``load_claims``.
    priors
        Assumptions; the conflict's own ``priors.toml`` or the default where not given.
    components
        Which components of the model are on; all by default.
    engine
        ``laplace``, ``nuts``, or ``auto``: laplace, and nuts for submodels where its gate fails.
        Laplace gives its draws importance weights where these are even enough.
    seed
        Of all draws: the same seed gives the same fit.
    ci_prob
        Probability of the equal-tailed credible intervals.
    as_of
        Use only claims published by this day.
    until
        Last day of the path.
    draws
        Draws of each submodel: in all for laplace, per chain for nuts.
    patience
        Seconds after which sampling of a submodel is stopped, and its gate fails; 0 for its draws
        and no more. Where not given, 120 for ``auto``, and for ``nuts`` as long as its gate takes,
        up to five times its draws.
    submodels
        Names of the submodels to fit (``person``, ``civilian``, classes of equipment); all where
        not given.
    start
        An earlier fit, whose modes the search starts from.
    progress
        Called with the name of each stage.

    Returns
    -------
    Fit
        Also where the gate failed; ``diagnostics["gate"]`` says so.

    Raises
    ------
    UsageError
        There is nothing to fit, or an option is out of its range.

    Examples
    --------
    >>> from lossmodel import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> found = fit(claims, engine="laplace", draws=50)
    >>> found.diagnostics["gate"]["passed"]
    True
    """
    from lossmodel.posterior.fitting import fit_claims

    found = fit_claims(
        claims,
        priors=priors,
        components=components,
        engine=engine,
        seed=seed,
        ci_prob=ci_prob,
        as_of=as_of,
        until=until,
        draws=draws,
        patience=patience,
        submodels=submodels,
        start=start,
        progress=progress or (lambda _: None),
    )
    return _with_methods(found)


def load_fit(path: str | Path) -> Fit:
    """Read a fit that ``Fit.save`` wrote; a report's folder will do.

    Nothing is written to disk.

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
    from lossmodel.posterior.netcdf import load

    return _with_methods(load(path))


def _with_methods(found: data.Fit) -> Fit:
    return Fit(**{field.name: getattr(found, field.name) for field in fields(found) if field.init})
