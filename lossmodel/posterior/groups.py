"""The draws of a fit under their names, in the groups that ArviZ knows.

=======================  ===========================================================================
`posterior`, `prior`     learned scales and latent processes at their knots; chain, draw
`posterior_predictive`   expectation of each observation, for some posterior draws
`observed_data`          the observations: value, or limits of an interval
`sample_stats`           cost and convergence of each submodel
=======================  ===========================================================================

Names begin with that of the submodel: ``person_log_rate_russia``, ``tanks_scale``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from lossmodel.inference.run import Submodel
    from lossmodel.model.density.generated import SubmodelDraws
    from lossmodel.posterior.fit import Fit

__all__ = ["LEAD", "Variables", "datasets", "groups_of", "named_draws"]

LEAD: Final = ("chain", "draw")
# Of the diagnostics of a submodel; what an engine does not have is NaN.
STATISTICS: Final = (
    *("n_draws", "chains", "dimension", "gradients", "divergences", "log_evidence"),
    *("max_rhat", "min_ess_bulk", "min_ess_tail"),
)
# Dims and values by name.
Variables = dict[str, tuple[tuple[str, ...], NDArray[Any]]]


def groups_of(fit: Fit) -> dict[str, Variables]:
    """All groups; submodels of fewer chains or draws than others are filled up with NaN."""
    submodels = fit.submodels.items()
    return {
        "posterior": _joined({name: _named(name, s.posterior) for name, s in submodels}),
        "prior": _joined({name: _named(name, s.prior) for name, s in submodels}),
        "posterior_predictive": _joined({name: _expected(name, s) for name, s in submodels}),
        "observed_data": _joined({name: _observed(name, s) for name, s in submodels}),
        "sample_stats": _statistics(fit.submodels),
    }


def datasets(fit: Fit) -> dict[str, xr.Dataset]:
    """The groups as datasets."""
    import xarray as xr

    return {name: xr.Dataset(variables) for name, variables in groups_of(fit).items()}


def named_draws(fit: Fit, *, prior: bool) -> xr.Dataset:
    """Draws under their names, dims chain and draw and what each is indexed by."""
    import xarray as xr

    draws = {name: s.prior if prior else s.posterior for name, s in fit.submodels.items()}
    return xr.Dataset(_joined({name: _named(name, found) for name, found in draws.items()}))


def _joined(submodels: Mapping[str, Variables]) -> Variables:
    """Variables of all submodels, those with draws filled up to the longest."""
    named = {key: found for variables in submodels.values() for key, found in variables.items()}
    sizes = [values.shape[:2] for dims, values in named.values() if dims[:2] == LEAD]
    if not sizes:
        return named
    longest = np.max(sizes, axis=0)
    lead: Variables = {dim: ((dim,), np.arange(n)) for dim, n in zip(LEAD, longest, strict=True)}
    return lead | {
        key: (dims, _filled(values, longest) if dims[:2] == LEAD else values)
        for key, (dims, values) in named.items()
    }


def _filled(values: NDArray[Any], size: NDArray[np.int64]) -> NDArray[Any]:
    """Draws with NaN for those that other submodels have more of."""
    missing = [(0, more) for more in size - values.shape[:2]]
    if not np.any(missing):
        return values
    return np.pad(values, [*missing, (0, 0)], constant_values=np.nan)


def _named(name: str, draws: SubmodelDraws) -> Variables:
    """Draws of one submodel."""
    lead = draws.theta.shape[:2]
    latent, parameters = draws.design.latent, draws.design.parameters
    data: Variables = {}
    if parameters.hyper:
        key = f"{name}_scale"
        scales = np.exp(parameters.log_scales(draws.flat)).reshape(*lead, -1)
        data[key] = ((*LEAD, f"{key}_name"), scales)
        data[f"{key}_name"] = ((f"{key}_name",), np.array(parameters.hyper, dtype=object))
    for kind, knots in (
        ("log_rate", latent.rate_knots),
        ("logit_lethality", latent.lethality_knots),
        ("logit_missing", latent.missing_knots),
    ):
        for party, (positions, rows) in knots.items():
            key = f"{name}_{kind}_{party}"
            values = draws.columns(rows).reshape(*lead, -1)
            data[key] = ((*LEAD, f"{key}_day"), values)
            data[f"{key}_day"] = ((f"{key}_day",), positions)
    return data


def _expected(name: str, submodel: Submodel) -> Variables:
    """Draws of the expectation of each observation, one chain of those that ``predict`` takes."""
    dims = (*LEAD, f"{name}_observation")
    return {f"{name}_expected": (dims, np.exp(submodel.predicted.mu)[None])} | _ids(name, submodel)


def _observed(name: str, submodel: Submodel) -> Variables:
    terms = submodel.design.terms
    values: Variables = {
        f"{name}_{column}": ((f"{name}_observation",), terms[column].to_numpy(dtype=float))
        for column in ("value", "low", "high")
    }
    return values | _ids(name, submodel)


def _ids(name: str, submodel: Submodel) -> Variables:
    key = f"{name}_observation"
    return {key: ((key,), submodel.design.terms["term"].to_numpy(dtype=object))}


def _statistics(submodels: Mapping[str, Submodel]) -> Variables:
    """Numbers of each submodel."""
    each = [submodel.diagnostics for submodel in submodels.values()]
    found: Variables = {
        "submodel": (("submodel",), np.array(list(submodels), dtype=object)),
        "engine": (("submodel",), np.array([d["engine"] for d in each], dtype=object)),
        "seconds": (("submodel",), np.array([sum(d["seconds"].values()) for d in each])),
    }
    for key in STATISTICS:
        values = [np.nan if d.get(key) is None else float(d[key]) for d in each]
        found[key] = (("submodel",), np.array(values))
    return found
