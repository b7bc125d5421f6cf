"""The draws of a fit under their names, in the groups that ArviZ knows.

=======================  ===========================================================================
`posterior`, `prior`     learned scales, latent processes at their knots, and totals; chain, draw
`posterior_predictive`   figures drawn anew, for some posterior draws
`observed_data`          the figures, without those that are ranges
`log_likelihood`         log density of each of them, for the same draws
`constant_data`          all figures with their limits, claimant, party, category and last day
`sample_stats`           cost and convergence of each submodel
=======================  ===========================================================================

Names begin with that of the submodel: ``person_log_rate_russia``, ``tanks_scale``; totals of all
submodels are ``total``. Figures are on the scale log(1 + x), on which those of a day and those of a
war fit into one plot. Draws of submodels that were sampled apart are brought to one shape, see
``chains``; each submodel alone has all of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel import __version__
from lossmodel.model.density.predictive import new_figures
from lossmodel.model.design.observation import INTERVAL
from lossmodel.posterior.chains import common_lead, dealt
from lossmodel.posterior.reported import series_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr

    from lossmodel.inference.run import Submodel
    from lossmodel.model.density.generated import SubmodelDraws
    from lossmodel.posterior.fit import Fit

__all__ = ["ATTRIBUTES", "LEAD", "Variable", "Variables", "datasets", "groups_of", "named_draws"]

LEAD: Final = ("chain", "draw")
# Of every group, as ArviZ writes them.
ATTRIBUTES: Final = {
    "inference_library": "lossmodel",
    "inference_library_version": __version__,
}
# Of the diagnostics of a submodel; what an engine does not have is NaN.
STATISTICS: Final = (
    *("n_draws", "chains", "dimension", "gradients", "divergences", "log_evidence"),
    *("max_rhat", "min_ess_bulk", "min_ess_tail"),
)
# What is told of each figure.
WORDS: Final = ("claimant", "party", "category", "scope", "accounting", "form")
NUMBERS: Final = ("value", "low", "high")
# Of the figures, published and drawn anew.
FIGURE: Final = {"long_name": "log(1 + published figure)"}
# Separates the replicated figures of a fit from its other draws of the same seed.
REPLICAS: Final = 4


class Variable(NamedTuple):
    """A variable as xarray takes it: its dims, its values and its attributes."""

    dims: tuple[str, ...]
    values: NDArray[Any]
    attrs: Mapping[str, str] = {}


# Variables by name.
Variables = dict[str, Variable]


def groups_of(fit: Fit) -> dict[str, Variables]:
    """All groups of a fit, by name."""
    found = {
        "posterior": _draws(fit, prior=False),
        "prior": _draws(fit, prior=True),
        "posterior_predictive": _joined(fit, _predicted),
        "log_likelihood": _joined(fit, _likelihood),
        "observed_data": _joined(fit, _observed),
        "constant_data": _described(fit.submodels),
        "sample_stats": _statistics(fit.submodels),
    }
    return {name: variables for name, variables in found.items() if variables}


def datasets(fit: Fit) -> dict[str, xr.Dataset]:
    """The groups as datasets."""
    import xarray as xr

    return {
        name: xr.Dataset(variables, attrs=ATTRIBUTES) for name, variables in groups_of(fit).items()
    }


def named_draws(fit: Fit, *, prior: bool) -> xr.Dataset:
    """Draws under their names, dims chain and draw and what each is indexed by."""
    import xarray as xr

    return xr.Dataset(_draws(fit, prior=prior), attrs=ATTRIBUTES)


def _draws(fit: Fit, *, prior: bool) -> Variables:
    """Named draws of all submodels, and the totals of all series."""
    draws = {name: s.prior if prior else s.posterior for name, s in fit.submodels.items()}
    found = {
        key: variable
        for name, submodel in draws.items()
        for key, variable in _named(name, submodel).items()
    }
    totals, labels = [], []
    for name, submodel in draws.items():
        for party, category, scope in series_of(submodel.design, name, fit.conflict):
            totals.append(submodel.total(party, category, scope).reshape(submodel.theta.shape[:2]))
            labels.append(f"{category} {party}" + ("" if scope == "all" else f" {scope}"))
    found |= {f"total {i}": Variable((*LEAD, ""), values) for i, values in enumerate(totals)}
    found = _in_one_shape(found)
    stacked = np.stack([found.pop(f"total {i}").values for i in range(len(totals))], axis=-1)
    attrs = {"long_name": "expected losses to the last day", "units": "persons or items"}
    return found | {
        "total": Variable((*LEAD, "series"), stacked, attrs),
        "series": Variable(("series",), np.array(labels, dtype=object)),
    }


def _joined(fit: Fit, variables: Callable[[Fit, str, Submodel], Variables]) -> Variables:
    """Variables of all submodels."""
    found: Variables = {}
    for name, submodel in fit.submodels.items():
        found |= variables(fit, name, submodel)
    return _in_one_shape(found)


def _in_one_shape(variables: Variables) -> Variables:
    """Variables whose draws have one number of chains and draws, with these as coordinates."""
    drawn = [v.values.shape[:2] for v in variables.values() if v.dims[:2] == LEAD]
    if not drawn:
        return variables
    lead = common_lead(drawn)
    return {dim: Variable((dim,), np.arange(n)) for dim, n in zip(LEAD, lead, strict=True)} | {
        key: v._replace(values=dealt(v.values, lead)) if v.dims[:2] == LEAD else v
        for key, v in variables.items()
    }


def _named(name: str, draws: SubmodelDraws) -> Variables:
    """Draws of one submodel."""
    lead = draws.theta.shape[:2]
    latent, parameters = draws.design.latent, draws.design.parameters
    people, days = draws.design.people, draws.design.grid.days
    data: Variables = {}
    if parameters.hyper:
        key = f"{name}_scale"
        scales = np.exp(parameters.log_scales(draws.flat)).reshape(*lead, -1)
        data[key] = Variable((*LEAD, f"{key}_name"), scales, {"long_name": "learned scales"})
        names = np.array(parameters.hyper, dtype=object)
        data[f"{key}_name"] = Variable((f"{key}_name",), names)
    for kind, words, knots in (
        ("log_rate", f"log of {'persons' if people else 'items'} per day", latent.rate_knots),
        ("logit_lethality", "logit of killed / casualties", latent.lethality_knots),
        ("logit_missing", "logit of missing / killed", latent.missing_knots),
    ):
        for party, (positions, rows) in knots.items():
            key = f"{name}_{kind}_{party}"
            values = draws.columns(rows).reshape(*lead, -1)
            data[key] = Variable((*LEAD, f"{key}_day"), values, {"long_name": words})
            data[f"{key}_day"] = Variable((f"{key}_day",), _dates(days, positions))
    return data


def _dates(days: pd.DatetimeIndex, positions: NDArray[np.float64]) -> NDArray[Any]:
    """The days of knots, of which the first and the last may lie outside of the war."""
    after = np.round(positions).astype("timedelta64[D]")
    return np.asarray(days[0].to_datetime64().astype("datetime64[D]") + after, "datetime64[ns]")


def _predicted(fit: Fit, name: str, submodel: Submodel) -> Variables:
    """Figures drawn anew, for those draws that ``predict`` takes."""
    rng = np.random.default_rng([fit.seed, REPLICAS, *name.encode()])
    logs = new_figures(submodel.design.observed, submodel.predicted, rng)
    with np.errstate(invalid="ignore"):  # NaN for ranges
        figures = np.logaddexp(0.0, logs)
    return _of_figures(name, submodel, figures[None], FIGURE)


def _likelihood(_: Fit, name: str, submodel: Submodel) -> Variables:
    return _of_figures(name, submodel, submodel.predicted.log_likelihood[None], {})


def _observed(_: Fit, name: str, submodel: Submodel) -> Variables:
    observed = submodel.design.observed
    with np.errstate(divide="ignore"):
        logs = observed.logs_of_figures(np.log(observed.value))
    value = np.where(np.isfinite(observed.cases), np.exp(logs), observed.value)
    return _of_figures(name, submodel, np.log1p(value), FIGURE)


def _of_figures(
    name: str, submodel: Submodel, values: NDArray[np.float64], attrs: Mapping[str, str]
) -> Variables:
    """Values of the N figures, shape (..., N), for all but ranges, which are no single number."""
    which = np.flatnonzero(submodel.design.observed.form != INTERVAL)
    if not len(which):
        return {}
    key, terms = f"{name}_observation", submodel.design.terms["term"].to_numpy(dtype=object)
    dims = (*LEAD[: values.ndim - 1], key)
    return {
        f"{name}_log1p_figure": Variable(dims, values[..., which], attrs),
        key: Variable((key,), terms[which]),
    }


def _described(submodels: Mapping[str, Submodel]) -> Variables:
    """The figures of all submodels as they were published, with what they are about."""
    dim = "observation"
    terms = pd.concat([s.design.terms for s in submodels.values()], ignore_index=True)
    last = np.array([days[-1][1] for days in terms["days"]], dtype="datetime64[ns]")
    sizes = [len(s.design.terms) for s in submodels.values()]
    named = np.repeat(np.array(list(submodels), dtype=object), sizes)
    return {
        dim: Variable((dim,), terms["term"].to_numpy(dtype=object)),
        "submodel": Variable((dim,), named),
        **{c: Variable((dim,), terms[c].to_numpy(dtype=object)) for c in WORDS},
        **{c: Variable((dim,), terms[c].to_numpy(dtype=float)) for c in NUMBERS},
        "last_day": Variable((dim,), last),
    }


def _statistics(submodels: Mapping[str, Submodel]) -> Variables:
    """Numbers of each submodel."""
    each = [submodel.diagnostics for submodel in submodels.values()]
    found: Variables = {
        "submodel": Variable(("submodel",), np.array(list(submodels), dtype=object)),
        "engine": Variable(("submodel",), np.array([d["engine"] for d in each], dtype=object)),
        "seconds": Variable(("submodel",), np.array([sum(d["seconds"].values()) for d in each])),
    }
    for key in STATISTICS:
        values = [np.nan if d.get(key) is None else float(d[key]) for d in each]
        found[key] = Variable(("submodel",), np.array(values))
    return found
