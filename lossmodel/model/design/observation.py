"""Published figures as observations: the likelihood of each and its noise."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_expit

from lossmodel.evidence.rounding import SD_OF_UNIT, least_not_none
from lossmodel.model.components import Components
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.no_witness import log_odds_of_no_witness
from lossmodel.model.design.parameters import ParameterisationBuilder
from lossmodel.model.priors import Prior, Priors
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.vocabulary import ACCOUNTINGS, BALANCE, KINDS, names_with

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

Objects = NDArray[np.object_]
Ranges = tuple[tuple[pd.Timestamp, pd.Timestamp], ...]

POINT, COUNT, AT_LEAST, AT_MOST, INTERVAL = range(5)
# Figures below this are counts. At 200 the Poisson sd of the log is 7%, against prior medians of
# the noise scales of 12 to 25%. With 50, 100 or 400 no headline total of the shipped wars moves by
# more than 0.11 posterior sd, and no posterior sd by more than 4%.
COUNT_BELOW = 200.0
# Stands for zero where its logarithm is needed (bounds, ends of ranges): numbers that round to it
# are lower. With 0.25 or 1 the headline totals of the shipped wars are the same.
HALF = 0.5
# Days: the prior of ``noise.list`` is of the increment of one month.
MONTH = 30.0
KNOWN = ""  # of a figure whose whole error is known
# Added to both counts of which the odds are taken, so that the log of none is finite (Haldane 1956,
# The estimation and significance of the logarithm of a ratio of frequencies, Annals of Human
# Genetics 20: 309-311).
CONTINUITY = 0.5
DECLARATIONS = "declarations"
ESTIMATE = "noise.estimate"
# Noise of readings of `AUXILIARY`, where it is not that of an estimate.
NOISES = dict.fromkeys(("overlap", "fate"), "cases.dispersion") | {
    DECLARATIONS: "noise.list",
    BALANCE: KNOWN,
}
SAMPLED = tuple(names_with(KINDS, "sampled"))
COMPARED = tuple(names_with(KINDS, "compares"))


@dataclass(frozen=True)
class Observations:
    """N published figures: the form of the likelihood of each, and its noise.

    Attributes
    ----------
    form
        Shape (N,): POINT (Student-t on the log), COUNT (gamma-Poisson, figures under COUNT_BELOW),
        AT_LEAST, AT_MOST (bounds, with slack on the log scale, see `likelihood`) or INTERVAL.
    value
        Shape (N,): the figure, a number of losses or a ratio, of shares of cases their odds; the
        geometric mean of an INTERVAL's ends.
    cases
        Shape (N,): of shares of cases their number, one where it is not known; NaN of others.
    log_value, log_high, log_unit
        Shape (N,): log of the figure; of an INTERVAL's two ends (-inf for zero); and of the losses
        that a COUNT takes for one, half the unit of a rounded zero.
    noise, scale
        Shape (N,): number of the hyperparameter of the noise, -1 for none, and the factor on it.
    fixed_noise
        Shape (N,): noise sd where the scale is not learned.
    extra
        Shape (N,): variance on the log scale from rounding and from the width of a published range.
    bound, fixed_bound
        Number of the hyperparameter of a bound's mean slack, -1 for none, or that mean if it is
        not learned.
    wide_share, wide_bound
        Probability that a bound says little, and the mean slack of such a bound.
    nu
        Degrees of freedom; infinity is normal.
    log_copy
        Shape (N,): log of how much likelier the printed number is of a copy, or a zero of a denial,
        than of an own figure with likelihood one, see `MayRepeat`; -inf where it is neither.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> evidence = collect_evidence(claims)
    >>> design = LossModel().design(evidence, claims.conflict, "aircraft")
    >>> bool((design.observed.value[design.observed.indices[COUNT]] < 200).all())
    True
    """

    form: Ints
    value: Floats
    cases: Floats
    log_value: Floats
    log_high: Floats
    log_unit: Floats
    noise: Ints
    scale: Floats
    fixed_noise: Floats
    extra: Floats
    bound: int
    fixed_bound: float
    wide_share: float
    wide_bound: float
    nu: float
    log_copy: Floats

    @cached_property
    def indices(self) -> dict[int, Ints]:
        """Form -> indices of its figures; forms without a figure are absent."""
        return {int(form): np.flatnonzero(self.form == form) for form in np.unique(self.form)}

    @cached_property
    def noise_factor(self) -> Floats:
        """Factor on the learned scale of the noise, or the noise sd where none is learned."""
        return self.scale * np.where(self.noise >= 0, 1.0, self.fixed_noise)

    def logs_of_figures(self, mu: Floats) -> Floats:
        """Logs of the figures as published from values on the scale of the likelihood, (..., N).

        They differ for shares of cases, whose likelihood is of log odds.
        """
        sampled, logs = np.isfinite(self.cases), np.array(mu, dtype=float)
        logs[..., sampled] = np.log(self.cases[sampled]) + log_expit(logs[..., sampled])
        return logs


def observe(
    terms: pd.DataFrame,
    *,
    streams: pd.DataFrame,
    stream_of: Ints,
    priors: Priors,
    components: Components,
    builder: ParameterisationBuilder,
    unsettled: Floats,
) -> Observations:
    """Forms and noise of all observations of a submodel.

    Parameters
    ----------
    terms
        The N observations, rows of ``Evidence.terms``.
    streams, stream_of
        The streams and the number of that of each observation, see `stream_table`.
    builder
        Collects the learned scales of noise and slack.
    unsettled
        Share of its bias that each figure has left, see `unsettled_share`.
    """
    terms, cases, chance = _with_odds(terms)
    names, scale = _noise_scales(terms, streams["observation_model"].to_numpy()[stream_of])
    settled = (names == ESTIMATE) & ~is_auxiliary(terms["accounting"]).to_numpy()
    part = priors["noise.settled"].median * np.sqrt(1 - unsettled**2)
    scale[settled] *= np.hypot(unsettled, part)[settled]
    noise, fixed_noise = np.full(len(terms), -1), np.zeros(len(terms))
    for name in sorted({*names} - {KNOWN}):
        noise[names == name], fixed_noise[names == name] = _scale(priors[name], builder)
    form = _forms(terms, components)
    value, log_value, log_high = _values(terms, form)
    least = np.where(terms["accounting"].isin(COMPARED), 0.0, HALF)
    rounding, spread = (terms[name].to_numpy(dtype=float) for name in ("rounding_sd", "range_sd"))
    zero = (form == COUNT) & (value == 0)
    unit = np.where(zero & components.rounding, least_not_none(rounding), 1.0)
    rounding = rounding * ~zero / np.maximum(value, least)
    has_bounds = bool(np.isin(form, [AT_LEAST, AT_MOST]).any())
    bound, fixed_bound = _scale(priors["bound.excess"], builder) if has_bounds else (-1, 0.0)
    return Observations(
        form=form,
        value=value,
        cases=cases,
        log_value=log_value,
        log_high=log_high,
        log_unit=np.log(unit),
        noise=noise.astype(np.int64),
        scale=scale,
        fixed_noise=fixed_noise,
        extra=spread**2 + components.rounding * rounding**2 + chance,
        bound=bound,
        fixed_bound=fixed_bound,
        wide_share=priors["bound.wide_share"].median,
        wide_bound=priors["bound.wide_excess"].median,
        nu=priors["noise.nu"].median if components.heavy_tails else np.inf,
        log_copy=log_odds_of_no_witness(
            terms,
            value,
            count=form == COUNT,
            ranged=form == INTERVAL,
            priors=priors,
            copies=components.copies,
        ),
    )


def _with_odds(terms: pd.DataFrame) -> tuple[pd.DataFrame, Floats, Floats]:
    """Terms with odds in place of shares of cases, their numbers of cases, and binomial variances.

    The log of the odds of y among n cases has the variance 1 / y + 1 / (n - y), both with half a
    case more (Gart and Zweifel 1967, On the bias of various estimators of the logit and its
    variance, Biometrika 54: 181-187).
    """
    sampled = terms["accounting"].isin(SAMPLED).to_numpy()
    cases, chance = np.full(len(terms), np.nan), np.zeros(len(terms))
    if not sampled.any():
        return terms, cases, chance
    here = terms[sampled]
    counted = here["total"].notna().to_numpy()
    cases[sampled] = here["total"].fillna(1.0)
    more = np.where(counted, CONTINUITY, 0.0)

    def parts(figure: Floats) -> tuple[Floats, Floats]:
        return figure + more, cases[sampled] - figure + more

    figures = {name: here[name].to_numpy(dtype=float) for name in ("value", "low", "high")}
    odds = {name: np.divide(*parts(figure)) for name, figure in figures.items()}
    middle = (figures["low"] + figures["high"]) / 2
    yes, no = parts(np.where(np.isnan(figures["value"]), middle, figures["value"]))
    by_odds = (yes + no) / no**2  # derivative of the odds by the figure
    found = pd.DataFrame(odds, index=here.index)
    found["rounding_sd"] = here["rounding_sd"].to_numpy(dtype=float) * by_odds
    width = np.log(odds["high"] / odds["low"]) * SD_OF_UNIT
    found["range_sd"] = np.where(here["range_sd"] > 0, width, 0.0)
    chance[sampled] = np.where(counted, 1 / yes + 1 / no, 0.0)
    changed = terms.copy()
    changed.loc[sampled, list(found.columns)] = found
    return changed, cases, chance


def _noise_scales(terms: pd.DataFrame, observation_model: Objects) -> tuple[Objects, Floats]:
    """The prior of each observation's noise, by name, and the factor on its scale.

    A ledger's noise is independent between days, so that the sd of the log of an increment falls
    with the root of its days; likewise that of an increment of a list or register, whose scale is
    that of a month. An estimate's noise is a relative error of the release; once a side has counted
    its own soldiers after the fighting, a part of that. A balance has the error of its items alone.
    """
    ledger = np.isin(observation_model, names_with(ACCOUNTINGS, "sums_days"))
    listed = np.isin(observation_model, names_with(ACCOUNTINGS, "counts_cases"))
    names = np.array([ESTIMATE] * len(terms), dtype=object)
    names[ledger], names[listed] = "noise.ledger_day", "noise.list"
    for model, name in NOISES.items():
        names[observation_model == model] = name
    scale, days = np.ones(len(terms)), terms["n_days"].to_numpy(dtype=float)
    scale[ledger] = 1 / np.sqrt(np.maximum(days[ledger], 1))
    scale[listed] = np.sqrt(MONTH / np.maximum(learning_days(terms)[listed], 1))
    declared = observation_model == DECLARATIONS
    scale[declared] = np.sqrt(MONTH / np.maximum(days[declared], 1))
    return names, scale


def _scale(prior: Prior, builder: ParameterisationBuilder) -> tuple[int, float]:
    """Number of a learned scale and 0, or -1 and the value of a fixed one."""
    value = builder.scale(prior)
    return (-1, value) if prior.fixed else (builder.hyper_index(prior), 0.0)


def _values(terms: pd.DataFrame, form: Ints) -> tuple[Floats, Floats, Floats]:
    """Figures, their logs, and the logs of the upper ends of intervals."""
    interval = form == INTERVAL
    # A ratio or odds may be anything above zero.
    half = np.where(terms["accounting"].isin(COMPARED), 0.0, HALF)
    low, high = terms["low"].to_numpy(dtype=float), terms["high"].to_numpy(dtype=float)
    middle = np.sqrt(np.maximum(low, half) * np.maximum(high, half))
    value = terms["value"].to_numpy(dtype=float)
    value = np.where(np.isnan(value), middle, value)
    with np.errstate(divide="ignore"):
        log_value = np.where(interval, np.log(low), np.log(np.maximum(value, half)))
    return value, log_value, np.where(interval, np.log(np.maximum(high, half)), 0.0)


def learning_days(terms: pd.DataFrame) -> Floats:
    """Days over which a list or register grew.

    Those from its first day of losses to its knowledge; of an increment those between the two
    vintages, or those that it adds to the window, if they are more: a total and a part of it in one
    release differ in days alone.
    """
    first = pd.Series([days[0][0] for days in terms["days"]], index=terms.index)
    whole = (terms["known"] - first).dt.days.to_numpy(dtype=float) + 1
    between = (terms["known"] - terms["known_from"]).dt.days.to_numpy(dtype=float)
    added = [
        _days_beyond(days, earlier) if earlier else 0.0
        for days, earlier in zip(terms["days"], terms["days_from"], strict=True)
    ]
    alone = np.maximum(whole, terms["n_days"])
    return np.where(np.isnan(between), alone, np.maximum(between, added)).astype(float)


def _days_beyond(days: Ranges, earlier: Ranges) -> float:
    """Days of closed ranges that are not in other disjoint ones."""
    total = sum((end - start).days + 1 for start, end in days)
    both = ((min(end, b) - max(start, a)).days + 1 for start, end in days for a, b in earlier)
    return float(total - sum(max(common, 0) for common in both))


def _forms(terms: pd.DataFrame, components: Components) -> Ints:
    """Form of the likelihood of each figure."""
    form = np.full(len(terms), POINT)
    published = terms["form"].to_numpy()
    small = (terms["value"].to_numpy(dtype=float) < COUNT_BELOW) & (published == "point")
    form[small & ~terms["accounting"].isin(COMPARED).to_numpy()] = COUNT
    if components.bounds:
        form[published == "at-least"] = AT_LEAST
        form[published == "at-most"] = AT_MOST
    form[published == "interval"] = INTERVAL
    return form.astype(np.int64)
