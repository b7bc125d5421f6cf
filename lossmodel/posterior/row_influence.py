"""Totals without single figures, without a further fit.

A figure with the log likelihood l(mu) of its log expectation mu, whose slope at the posterior's
mode is p and whose curvature is w, has the slope J of mu by theta. With S the posterior covariance
and h = J S J' the variance of mu, the posterior without it is that of a linear model without one of
its figures,

    mean of a log total of slope g    shift   -(g' S J') p / (1 - w h)
    variance                          more by w (g' S J')^2 / (1 - w h).

Learned scales are held at their mode, and S comes from the Gauss-Newton precision, in which every
figure counts with its slope alone: h is then below 1 / w, whereas second derivatives of mu, weighed
by the pull of the figure that is left out, would stay in S.

Against refits the shift is right within 0.15 posterior sds, or 15% of it where it is larger than
one. The widening is right where slopes are, and was off by half where leaving out a figure takes
the mode far away; but a total stays above the names of a list that is not left out. The shift was
twice that of a refit where a sum of parties bounds the total from above, so that limits stand
beside it. Leaving out a figure does not bring back the earlier one that it replaced, though a refit
without that claim does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.special import log_ndtr, ndtri_exp

from lossmodel.inference.laplace.factors import regularised
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.slopes import moved_by
from lossmodel.model.design.bias import level_prior
from lossmodel.posterior.variance import LEAST_VARIANCE, log_total, slope
from lossmodel.tables.schema import READING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossmodel.conflict.conflict import Conflict
    from lossmodel.inference.laplace.factors import Factor
    from lossmodel.model.density.expansion import Expansion
    from lossmodel.model.design import Design
    from lossmodel.model.design.grid import Floats, Ints

    # Party, category and scope of a total; its figures in order, columns of numbers, and hangs.
    _Moved = tuple[tuple[str, str, str], Ints, tuple[Floats, ...], NDArray[np.bool_]]

__all__ = ["COLUMNS", "MOVES", "SHOWN", "WIDENS", "largest", "row_influence"]

# Posterior sds by which a total moves without a figure, and the factor by which its sd grows: two
# analysts who differ about that figure alone then differ by more than the standard error, or three
# quarters of the precision come from it.
MOVES: Final = 1.0
WIDENS: Final = 2.0
# Figures of each total in the table. Chosen by hand: the first decides, the others compare.
SHOWN: Final = 5
COLUMNS: Final = (
    *("party", "category", "scope", "term", "claims", "claimant", "counted", "observation_model"),
    *("prior", "shift", "widening", "median", "lower", "upper", "ci_prob", "hangs"),
)


def row_influence(
    draws: SubmodelDraws,
    expansion: Expansion,
    conflict: Conflict,
    series: list[tuple[str, str, str]],
    *,
    ci_prob: float,
) -> pd.DataFrame:
    """Totals to the end without each of the figures that move them most.

    Parameters
    ----------
    expansion
        Of the log posterior at its mode.

    Returns
    -------
    table
        party, category, scope of the total; term, claims, claimant, category (`counted`) and
        observation model of the figure; `prior`, the name of the prior that says how the figure is
        read; shift of the log total without it, in posterior sds, and widening, the factor on its
        sd; median, lower, upper without it; ci_prob; hangs, whether it moves by more than `MOVES`
        or widens by more than `WIDENS`. All figures for each total, the most influential first.
    """
    at_mode = SubmodelDraws(draws.model, expansion.theta[None, None, :])
    factor = regularised(expansion.gauss_newton())
    hypers = len(expansion.theta) - factor.size
    left_out, figures = _LeftOut(expansion, factor), _figures(draws.design, conflict)
    lists, tail = _lists(draws.design), (1 - ci_prob) / 2
    parts: list[_Moved] = []
    for key in series:
        by_theta = slope(at_mode, key)
        # The hyperparameters are held.
        moved = np.concatenate([np.zeros(hypers), factor.solve(by_theta[hypers:])])
        shift, more = left_out.moments(moved)
        logs = log_total(draws, key)
        sd = max(float(logs.std()), LEAST_VARIANCE)
        limits = np.quantile(logs, [0.5, tail, 1 - tail])
        before = max(float(by_theta @ moved), LEAST_VARIANCE)
        widening = np.sqrt(1 + more / before)
        # Above one where a total hangs on the figure.
        influence = np.maximum(np.abs(shift) / (MOVES * sd), np.log(widening) / np.log(WIDENS))
        order = np.argsort(-influence, kind="stable")
        spread = widening[order, None] * (limits - limits[0])
        without = limits[0] + shift[order, None] + spread
        least = _names_on_lists(lists, key, len(order))[order]
        others = np.exp(_not_below(least, without, widening[order] * sd, tail))
        found = (shift[order] / sd, widening[order], *others.T)
        whole = (key, order, found, influence[order] > 1)
        parts.append(whole)
    return _table(parts, figures, ci_prob)


def _not_below(least: Floats, limits: Floats, sd: Floats, tail: float) -> Floats:
    """Median and limits of normal distributions cut off at some number, shape (N, 3).

    Parameters
    ----------
    least, sd
        Shape (N,): where each is cut off, -inf for nowhere, and its sd.
    limits
        Its median and limits as they are, which stay where both limits are above that number.
    """
    below = log_ndtr((limits[:, 0] - least) / sd)
    # The mass above the cut-off times the tail beyond each limit.
    beyond = np.log([0.5, 1 - tail, tail])[None, :] + below[:, None]
    cut = limits[:, :1] - sd[:, None] * ndtri_exp(beyond)
    return np.asarray(np.where((limits[:, 1] < least)[:, None], cut, limits))


def _lists(design: Design) -> list[tuple[tuple[str, str, str], float, Ints]]:
    """Party, category and scope of each list that is a bound, its log count and its figures."""
    bounds, terms = design.list_bounds, design.terms
    members = [bounds.parts[[number]].indices for number in range(len(bounds.log_count))]
    of = [terms.iloc[figures[0]] for figures in members]
    keys = [(row["party"], row["category"], row["scope"]) for row in of]
    return list(zip(keys, bounds.log_count.tolist(), members, strict=True))


def _names_on_lists(
    lists: list[tuple[tuple[str, str, str], float, Ints]], key: tuple[str, str, str], size: int
) -> Floats:
    """Log of the most people on a list that bounds a total once each figure is left out, (N,)."""
    party, category, scope = key
    bounding = {key, (party, "killed", scope)} if category == "casualties" else {key}
    found = np.full(size, -np.inf)
    for of, log_count, members in lists:
        if of in bounding:
            others = np.setdiff1d(np.arange(size), members)
            found[others] = np.maximum(found[others], log_count)
    return found


def _table(parts: list[_Moved], figures: NDArray[np.object_], ci_prob: float) -> pd.DataFrame:
    """The rows of all totals, put together column by column."""
    keys, orders, found, hangs = zip(*parts, strict=True)
    sizes = [len(order) for order in orders]
    named = np.repeat(np.array(keys, dtype=object), sizes, axis=0)
    columns = [*named.T, *figures[np.concatenate(orders)].T]
    columns += [np.concatenate(each) for each in zip(*found, strict=True)]
    columns += [np.full(sum(sizes), ci_prob), np.concatenate(hangs)]
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def largest(table: pd.DataFrame) -> pd.DataFrame:
    """Each figure with the total that it moves most, in posterior sds: one row per term."""
    order = table["shift"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].drop_duplicates("term").reset_index(drop=True)


class _LeftOut:
    """What leaving out each figure does to the posterior."""

    def __init__(self, expansion: Expansion, factor: Factor) -> None:
        model = expansion.of.model
        self._expansion = expansion
        self._pull = expansion.adjoints[model.ordered_expected][model.place]
        self._curvature = np.maximum(expansion.curvature, 0.0)
        self._left = 1 - self._curvature * factor.leverage(expansion)

    def moments(self, moved: Floats) -> tuple[Floats, Floats]:
        """Shift and added variance of a log total, shape (N,), from its covariance with theta."""
        shared = moved_by(self._expansion, moved[:, None])[:, 0]
        return -shared * self._pull / self._left, self._curvature * shared**2 / self._left


def _figures(design: Design, conflict: Conflict) -> NDArray[np.object_]:
    """Term, claims, claimant, category, observation model and prior of each figure, a row each."""
    terms, streams = design.terms, design.streams
    priors = [level_prior(stream, conflict) for _, stream in streams.iterrows()]
    stream_of = terms.groupby(READING, sort=True).ngroup().to_numpy()
    names = ["term", "claims", "claimant", "category"]
    models = streams["observation_model"].to_numpy(dtype=object)[stream_of]
    said = [terms[name].astype(str).to_numpy(dtype=object) for name in names]
    return np.column_stack([*said, models, np.array(priors, dtype=object)[stream_of]])
