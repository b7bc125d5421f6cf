"""Levels of rates: where a search begins, and draws that are held to the figures.

A figure informs the sum of losses over its days, and the walk within these days is known from its
prior. A normal approximation around the mode has the level and the walk in its draws independent of
one another but to first order: where the walk is wide, the sum of exponentials is far above its
linear approximation, and totals that the figures know run away.

The remedy is Laplace's approximation in other coordinates. With p_it the share of day t in the
losses of window i at the mode, d_t the deviation of the log rate from the mode, and w_i the
information of figure i, the level of a party is replaced by

    level + q,  q = sum_i w_i [log sum_t p_it exp(d_t) - sum_t p_it d_t] / sum_i w_i.

It has slope one in the level, so that the change of variables has a determinant of one, and is the
level itself to first order at the mode: mode and curvature stay. Draws in the new coordinates are
the old ones with their levels lowered by q, which is never negative. The curvature elsewhere is
that in the old ones plus the slope of the log density by the level times the second derivatives of
q, which changes half its log determinant by that slope times the mean of q.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lossmodel.inference.laplace.modes import Point
from lossmodel.model.density.curvature import clipped_curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.operators import Node
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.tables.readings import is_auxiliary

__all__ = ["MOST", "Levels", "face_values", "hold_levels", "parties_of_figures", "slope_of_level"]

# Windows of a party whose figures have the most information; others add little to the mean, and
# the time is linear in them.
MOST = 200
# Draws of which the mean of q is taken: to 7% where q is chi-squared.
DRAWS, SEED = 400, 1
# Deviations of a log rate beyond which its exponential times a day's losses may be no number.
LARGEST = 600.0
# Share of the losses before the end of a window below which the difference of two running sums has
# lost the digits of its own: double precision has sixteen.
LOST = 1e-10


@dataclass(frozen=True)
class _Level:
    """The level of one party, and the q that its windows give.

    Attributes
    ----------
    party
        Number of the party.
    entry, slope
        Entry of theta, and by how much the level moves with it.
    days
        Expected losses of each cell at the mode, shape (T,).
    windows, weights
        Ranges of cells [lo, hi), shape (W, 2), and their weights, whose sum is one.
    """

    party: int
    entry: int
    slope: float
    days: Floats
    windows: Ints
    weights: Floats

    @cached_property
    def _at_mode(self) -> Floats:
        """Sums of the windows at the mode, shape (W,)."""
        return self._sums(self.days)

    def excess(self, deviation: Floats) -> Floats:
        """Weighted mean of log sums of windows above their linear approximation.

        The deviation from the mode of log rates has the shape (..., T), the result (...,).
        """
        deviation = self._active(deviation)
        grown = np.log(self._sums(self.days * np.exp(deviation)) / self._at_mode)
        straight = self._sums(self.days * deviation) / self._at_mode
        return np.asarray((grown - straight) @ self.weights)

    def _active(self, deviation: Floats) -> Floats:
        """The deviation of cells with losses: elsewhere it may be of any size."""
        return np.clip(np.where(self.days > 0, deviation, 0.0), -LARGEST, LARGEST)

    def _sums(self, values: Floats) -> Floats:
        """Sums over the cells of each window, shape (..., W)."""
        running = np.zeros((*values.shape[:-1], len(self.days) + 1))
        np.cumsum(values, axis=-1, out=running[..., 1:])
        lo, hi = self.windows.T
        found = np.asarray(running[..., hi] - running[..., lo])
        lost = (np.abs(found) < LOST * np.abs(running[..., hi])).any(axis=-1)
        if lost.any():
            found[lost] = values[lost] @ self._inside
        return found

    @cached_property
    def _inside(self) -> Floats:
        """Whether a cell is in a window, shape (T, W)."""
        cells, (lo, hi) = np.arange(len(self.days))[:, None], self.windows.T
        return np.asarray((lo <= cells) & (cells < hi), dtype=float)


class Levels:
    """The levels of the parties' rates around one theta, which have figures."""

    def __init__(self, density: Density, mode: Floats) -> None:
        self.density, self.log_rate = density, _log_rates(density, mode[None])[0]
        self.of = list(self._of(clipped_curvature(density.model, density.evaluate(mode))))

    def _of(self, information: Floats) -> Iterator[_Level]:
        design = self.density.design
        for p, party in enumerate(design.latent.parties):
            windows, weights = _windows(design, p, information)
            entry = design.parameters.groups.get(f"rate.level {party}")
            days = np.exp(self.log_rate[p]) * design.latent.active[p] * design.grid.widths
            if entry is None or not weights.sum() > 0:
                continue
            here = np.array([days[lo:hi].sum() > 0 for lo, hi in windows])
            if weights[here].sum() > 0:
                weights = weights[here] / weights[here].sum()
                slope = slope_of_level(design, entry.start)
                yield _Level(p, entry.start, slope, days, windows[here], weights)

    def excess(self, theta: Floats) -> Floats:
        """The q of each level at theta of shape (S, D), shape (S, levels)."""
        deviation = _log_rates(self.density, theta) - self.log_rate
        columns = [of.excess(deviation[:, of.party]) for of in self.of]
        return np.stack(columns, axis=1) if columns else np.zeros((len(theta), 0))

    def hold(self, theta: Floats) -> tuple[Floats, dict[Node, Floats]]:
        """Theta of shape (S, D) with the levels lowered by q; no node is known by then."""
        held = theta.copy()
        for of, excess in zip(self.of, self.excess(theta).T, strict=True):
            held[:, of.entry] -= excess / of.slope
        return held, {}

    def mean_excess(self, point: Point) -> Floats:
        """The mean of q, shape (levels,), over the latent vector at the point's scales."""
        latent = point.factor.size
        x = np.random.default_rng(SEED).standard_normal((latent, DRAWS))
        theta = np.tile(point.theta, (DRAWS, 1))
        theta[:, -latent:] += point.factor.spread(x).T
        return np.asarray(self.excess(theta).mean(axis=0))

    def slopes(self, gradient: Floats) -> Floats:
        """The derivative by each level from that by theta, shape (levels,)."""
        return np.array([gradient[of.entry] / of.slope for of in self.of])


def hold_levels(density: Density, mode: Floats, theta: Floats) -> Floats:
    """Draws in the coordinates above, from draws around a mode, shape (S, D) both."""
    return Levels(density, mode).hold(theta)[0]


def face_values(design: Design) -> Floats:
    """Theta of the prior's mode, but with the level of each party that of its median figure.

    Effects of days are those that their figures state: where two of three claimants agree on a day
    of heavy losses, the path alone would leave both as outliers, which is a mode of its own.

    Returns
    -------
    theta
        Shape (D,).
    """
    theta = np.zeros(design.size)
    terms = design.terms
    # Zero counts as half a loss. Bounds stand in where nothing else is known.
    figure = terms[["value", "low", "high"]].bfill(axis=1).iloc[:, 0].clip(lower=0.5)
    logs = np.log(figure.to_numpy(dtype=float) / terms["n_days"].to_numpy(dtype=float))
    exact = terms["form"].isin(["point", "interval"]).to_numpy()
    observation, parties = parties_of_figures(design)
    known, place = np.unique(observation, return_index=True)
    first = np.full(len(terms), -1)
    first[known] = parties[place]
    for p, party in enumerate(design.latent.parties):
        entry = design.parameters.groups.get(f"rate.level {party}")
        own = first == p
        here = own & exact if (own & exact).any() else own
        if entry is not None and here.any():
            rows = design.latent.rate_knots[party][1]
            level = design.parameters.offset[rows[0]]
            middle = float(np.median(logs[here]))
            theta[entry.start] = (middle - level) / slope_of_level(design, entry.start)
    scales = design.parameters.scales(theta)
    for party, effects in design.latent.day_effects.items():
        own = design.parameters.groups[f"rate.day {party}"]
        sds = design.parameters.matrix[:, own].max(axis=0).toarray().ravel()
        theta[own] = effects.stated / (sds * scales[own])
    return theta


def _log_rates(density: Density, theta: Floats) -> Floats:
    """Log rates per day of the parties, shape (S, P, T), where they can have losses or not."""
    design = density.design
    draws = SubmodelDraws(density.model, theta[None])
    rates = draws.draws(density.model.predictors["rate"])
    return rates.reshape(len(theta), len(design.latent.parties), design.grid.cells)


def parties_of_figures(design: Design) -> tuple[Ints, Ints]:
    """Observations and the parties whose losses are in them, pair by pair; a sum's first first."""
    observation = np.concatenate([design.window[:, 0], design.triangle.claim])
    series = np.concatenate([design.window[:, 1], design.triangle.series])
    counts = np.flatnonzero(~is_auxiliary(design.terms["accounting"]).to_numpy())
    here = np.isin(observation, counts)
    return observation[here], design.series[series[here], 0]


def _windows(design: Design, party: int, weight: Floats) -> tuple[Ints, Floats]:
    """Ranges of cells [lo, hi) of a party's figures, shape (W, 2), and their information."""
    total: dict[tuple[int, int], float] = {}
    observation, parties = parties_of_figures(design)
    days = design.terms["days"].tolist()
    for i in np.unique(observation[parties == party]):
        lo, hi = design.grid.span(days[i][0][0], days[i][-1][1])
        if hi > lo:
            cells = (int(design.grid.cell_of[lo]), int(design.grid.cell_of[hi - 1]) + 1)
            total[cells] = total.get(cells, 0.0) + float(weight[i])
    most = sorted(total, key=lambda cells: -total[cells])[:MOST]
    return np.array(most, dtype=np.int64).reshape(-1, 2), np.array([total[c] for c in most])


def slope_of_level(design: Design, entry: int) -> float:
    """By how much a level moves with its entry of theta."""
    return float(design.parameters.matrix[:, [entry]].max())
