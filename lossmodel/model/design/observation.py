"""Published figures as observations: the form of each and its noise."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lossmodel.model.components import Components
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.parameters import ParameterisationBuilder
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import accountings_with

__all__ = [
    "AT_LEAST",
    "AT_MOST",
    "COUNT",
    "COUNT_BELOW",
    "INTERVAL",
    "POINT",
    "Observations",
    "observe",
]

POINT, COUNT, AT_LEAST, AT_MOST, INTERVAL = range(5)
# Below this many a figure is a count, with the noise of a count.
COUNT_BELOW = 200.0
HALF = 0.5
MONTH = 30.0


@dataclass(frozen=True)
class Observations:
    """N published figures.

    Attributes
    ----------
    form
        POINT (Student-t on the log), COUNT (gamma-Poisson, figures under COUNT_BELOW), AT_LEAST,
        AT_MOST (the claimant's own figure is off by an exponential factor), INTERVAL.
    value
        The figure, a window's total; COUNT needs it as it is.
    log_value, log_high
        Log of the figure; of an INTERVAL's two ends (-inf for zero).
    noise, scale
        Number of the hyperparameter of the noise, -1 for none, and the factor on it.
    fixed_noise
        Noise sd where the scale is not learned.
    extra
        Variance on the log scale from rounding and from the width of a published range.
    bound
        Number of the hyperparameter of a bound's mean excess, -1 for none.
    nu
        Degrees of freedom; infinity is normal.
    """

    form: Ints
    value: Floats
    log_value: Floats
    log_high: Floats
    noise: Ints
    scale: Floats
    fixed_noise: Floats
    extra: Floats
    bound: int
    fixed_bound: float
    nu: float

    @cached_property
    def indices(self) -> dict[int, Ints]:
        """Positions of the figures of each form."""
        return {int(form): np.flatnonzero(self.form == form) for form in np.unique(self.form)}


def observe(
    terms: pd.DataFrame,
    *,
    streams: pd.DataFrame,
    stream_of: Ints,
    priors: Priors,
    components: Components,
    builder: ParameterisationBuilder,
) -> Observations:
    """Forms and noise of all terms of a block.

    A ledger's noise is independent from day to day, so the sd of the log of an increment falls
    with the root of its days; so it is with what a list or register learns, whose scale is that of
    a month. An estimate's is a relative error of the release.
    """
    observation_model = streams["observation_model"].to_numpy()[stream_of]
    names = np.array(["noise.estimate"] * len(terms), dtype=object)
    ledger = np.isin(observation_model, accountings_with("sums_days"))
    names[ledger] = "noise.ledger_day"
    listed = np.isin(observation_model, accountings_with("counts_cases"))
    names[listed] = "noise.list"
    scale = np.ones(len(terms))
    days = terms["n_days"].to_numpy(dtype=float)
    scale[ledger] = 1 / np.sqrt(np.maximum(days[ledger], 1))
    scale[listed] = np.sqrt(MONTH / np.maximum(learning_days(terms)[listed], 1))
    noise, fixed = np.full(len(terms), -1), np.zeros(len(terms))
    for name in sorted(set(names)):
        prior, here = priors[name], names == name
        factor = builder.scale(prior)
        if prior.fixed:
            fixed[here] = factor
        else:
            noise[here] = builder.hyper_index(prior)
    form = _forms(terms, components)
    value = terms["value"].to_numpy(dtype=float)
    low, high = terms["low"].to_numpy(dtype=float), terms["high"].to_numpy(dtype=float)
    interval = form == INTERVAL
    value = np.where(
        np.isnan(value), np.sqrt(np.maximum(low, HALF) * np.maximum(high, HALF)), value
    )
    with np.errstate(divide="ignore"):
        log_value = np.where(interval, np.log(low), np.log(np.maximum(value, HALF)))
        log_high = np.where(interval, np.log(np.maximum(high, HALF)), 0.0)
    rounding = terms["rounding_sd"].to_numpy(dtype=float) / np.maximum(value, HALF)
    extra = terms["range_sd"].to_numpy(dtype=float) ** 2 + components.rounding * rounding**2
    bound, fixed_bound = -1, 0.0
    if np.isin(form, [AT_LEAST, AT_MOST]).any():
        slack = priors["bound.excess"]
        fixed_bound = builder.scale(slack)
        bound = -1 if slack.fixed else builder.hyper_index(slack)
    return Observations(
        form=form,
        value=value,
        log_value=log_value,
        log_high=log_high,
        noise=noise.astype(np.int64),
        scale=scale,
        fixed_noise=fixed,
        extra=extra,
        bound=bound,
        fixed_bound=fixed_bound,
        nu=priors["noise.nu"].median if components.heavy_tails else np.inf,
    )


def learning_days(terms: pd.DataFrame) -> Floats:
    """Days in which a list or register learnt a figure: between vintages, else its window's."""
    between = (terms["known"] - terms["known_from"]).dt.days.to_numpy(dtype=float)
    return np.where(np.isnan(between), terms["n_days"].to_numpy(dtype=float), between)


def _forms(terms: pd.DataFrame, components: Components) -> Ints:
    form = np.full(len(terms), POINT)
    published = terms["form"].to_numpy()
    small = (terms["value"].to_numpy(dtype=float) < COUNT_BELOW) & (published == "point")
    form[small] = COUNT
    if components.bounds:
        form[published == "at-least"] = AT_LEAST
        form[published == "at-most"] = AT_MOST
    form[published == "interval"] = INTERVAL
    return form.astype(np.int64)
