"""Changes of variables that straighten what well-known sums of figures bend.

A long ledger tells the level of what it counts within a percent, while what it counts is made of
unknowns that are known far worse. What keeps the sum still is then a narrow, bent sheet:

    definitions   ``rate (kappa + omega (1 - kappa)) exp(beta)``: lethality and the share of the
                  wounded that the word includes move the stream's own log bias;
    sums          ``rate_1 + rate_2 + ...`` of parties that are counted together: the others' rates
                  move the first one's.

With f what one set of unknowns does to the log of the sum, as far as it is not linear around the
mode, another set, which can undo it at each of K knots, is written as ``theta = theta' - M f / s``:
M the inverse of the map from theta to the knots, s the learned scales. The shift does not depend on
what it moves, so that volumes stay what they are; nor do mode and curvature change at the mode.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit

from lossmodel.density import Density, State
from lossmodel.design import Design
from lossmodel.design.grid import Floats, Ints
from lossmodel.design.layout import Layout

__all__ = ["Sheared", "shears_of"]

WELL_KNOWN = 0.03
"""Relative error of a stream's figures together below which it bends what it is made of."""
FLOOR = 0.003
"""Keeps what is left of a sum positive where the others come near to it."""
NONE = -50.0
"""Log rate of a party that can have no losses."""
Bend = Callable[[Floats], tuple[Floats, Floats]]


class Shear:
    """One shift of some unknowns by a function of others.

    Parameters
    ----------
    columns
        The K unknowns that are moved.
    knots
        Their map to the K knots, shape (K, K).
    rows, constant
        Map from the scaled unknowns to the A arguments of the function at each knot, shape
        (A K, D), and what is added to it.
    bend
        From arguments of shape (A, K) to the function, shape (K,), and its slopes, shape (A, K).
    """

    def __init__(
        self, layout: Layout, mode: Floats, *, columns: Ints, knots: Floats,
        rows: sparse.csr_array, constant: Floats, bend: Bend,
    ) -> None:  # fmt: skip
        self._layout, self._columns, self._bend = layout, columns, bend
        self._inverse = np.linalg.inv(knots)
        self._rows, self._back = rows, sparse.csr_array(rows.T)
        self._constant = constant
        self._at = self._arguments(mode)[0]
        self._still, self._slopes = bend(self._at)

    def _arguments(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Arguments of the function, shape (A, K), scales and scaled theta, shape (D,)."""
        scale = np.append(np.exp(self._layout.log_scales(theta)), 1.0)[self._layout.scale_of]
        scaled = theta * scale
        arguments = self._rows @ scaled + self._constant
        return arguments.reshape(-1, len(self._columns)), scale, scaled

    def move(self, theta: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
        """Theta after the shift, and the map of gradients back to those before it."""
        arguments, scale, scaled = self._arguments(theta)
        value, slopes = self._bend(arguments)
        slopes = slopes - self._slopes
        beyond = value - self._still - (self._slopes * (arguments - self._at)).sum(axis=0)
        shift = self._inverse @ beyond / scale[self._columns]
        moved = theta.copy()
        moved[self._columns] -= shift

        def back(gradient: Floats) -> Floats:
            own = gradient[self._columns]
            by_value = -self._inverse.T @ (own / scale[self._columns])
            by_scaled = self._back @ (slopes * by_value).ravel()
            layout, hypers = self._layout, len(self._layout.hyper)
            by_scale = np.bincount(layout.scale_of, by_scaled * scaled, minlength=hypers + 1)
            by_scale += np.bincount(
                layout.scale_of[self._columns], own * shift, minlength=hypers + 1
            )
            found = gradient + by_scaled * scale
            found[:hypers] += by_scale[:hypers] * layout.hyper_sd
            return np.asarray(found)

        return moved, back


@dataclass(frozen=True)
class Sheared:
    """A density in the unknowns before its shears."""

    density: Density
    shears: tuple[Shear, ...]

    def theta(self, before: Floats) -> Floats:
        """The unknowns of the density."""
        for shear in self.shears:
            before = shear.move(before)[0]
        return before

    def __call__(self, before: Floats) -> tuple[float, Floats]:
        """Log density and gradient, both by the unknowns before the shears."""
        backs = []
        for shear in self.shears:
            before, back = shear.move(before)
            backs.append(back)
        value, gradient = self.density(before)
        for back in reversed(backs):
            gradient = back(gradient)
        return value, gradient


def shears_of(density: Density, mode: Floats) -> tuple[Shear, ...]:
    """Those of sums and definitions of all streams that are known well enough."""
    design, state = density.design, State(density, mode)
    of = _stream_of(design)
    known = np.bincount(of, np.exp(-2 * state.log_sd), minlength=len(design.streams))
    # Were all its figures of one number, this would be its relative error.
    well = [int(i) for i in np.argsort(-known, kind="stable") if known[i] > WELL_KNOWN**-2]
    found = {
        stream: _parties(design, np.flatnonzero(of == stream))
        for stream in well
        if stream in design.biases
    }
    parties = {stream: bases for stream, bases in found.items() if bases}
    return (*_sums(design, mode, parties), *_definitions(design, mode, parties))


def _stream_of(design: Design) -> Ints:
    """Number of each figure's stream."""
    key = ["claimant", "party", "category"]
    numbers = {tuple(row): i for i, row in enumerate(design.streams[key].to_numpy())}
    return np.array([numbers[tuple(row)] for row in design.terms[key].to_numpy()])


def _parties(design: Design, claims: Ints) -> list[str]:
    """Base parties whose losses some figures are made of, the first one first."""
    window = design.window[np.isin(design.window[:, 0], claims)]
    numbers = design.series[window[:, 1], 0]
    return [design.paths.parties[p] for p in dict.fromkeys(numbers.tolist()) if p >= 0]


def _sums(design: Design, mode: Floats, parties: dict[int, list[str]]) -> Iterator[Shear]:
    """The others' rates move that of the first, once for each first party.

    How large the sum is, is what the best known figures of it say. Their bias tells what the others
    have in it, and not the first rate.
    """
    best: dict[str, tuple[int, list[str]]] = {}
    for stream, (main, *others) in parties.items():
        if others:
            best.setdefault(main, (stream, others))
    layout, paths = design.layout, design.paths
    values = layout.values(mode)
    for main, (stream, others) in best.items():
        positions, rows = paths.rate_knots[main]
        columns, knots = _columns(layout, rows)
        if len(columns) != len(rows):
            continue
        cells = _cells(design, positions)
        numbers = [paths.parties.index(party) for party in (main, *others)]
        with np.errstate(divide="ignore"):
            active = np.maximum(np.log(paths.active[numbers][:, cells]), NONE)
        # In a ledger each party has the common mode of its own.
        ledger = design.streams.loc[stream, "reading"] == "ledger"
        said = [
            _path(design, paths.rate[number], cells)
            + _bias(design, stream, paths.parties[number] if ledger else main, cells)
            for number in numbers
        ]
        parts = np.stack([part @ values for part in said]) + active
        bend: Bend = _rest_of_sum
        arguments, constant = said[1:], active[1:]
        lethality = paths.lethality[numbers]
        if stream in design.definition and (lethality >= 0).all():
            share = _pick(np.full(len(cells), design.definition[stream]), len(values))
            counts = [_path(design, row, cells) for row in lethality]
            at = np.stack([share @ values, counts[0] @ values])
            counted, slopes = _counted(at)
            parts[0] += counted
            parts[1:] += [_counted(np.stack([at[0], each @ values]))[0] for each in counts[1:]]
            # Where the first party's share in the word bends, the stream's bias makes up for it.
            line = sparse.diags_array(slopes[0]) @ share + sparse.diags_array(slopes[1]) @ counts[0]
            arguments = [*(part + line for part in arguments), share, *counts]
            bent = np.zeros((len(counts) + 1, len(cells)))
            constant = np.vstack([constant + counted - (slopes * at).sum(axis=0), bent])
            bend = _rest_of_counted_sum
        constant[: len(others)] -= np.logaddexp.reduce(parts)
        together = sparse.csr_array(sparse.vstack(arguments))
        yield Shear(
            layout, mode, columns=columns, knots=knots, rows=together @ layout.matrix,
            constant=together @ layout.offset + constant.ravel(), bend=bend,
        )  # fmt: skip


def _bias(design: Design, stream: int, common: str, cells: Ints) -> sparse.csr_array:
    """Map to a stream's log bias, with the common mode of a party."""
    where, column, weight = design.biases[stream].weights(design.grid.middles[cells], common)
    shape = (len(cells), len(design.layout.offset))
    return sparse.csr_array(sparse.coo_array((weight, (where, column)), shape=shape))


def _rest_of_counted_sum(arguments: Floats) -> tuple[Floats, Floats]:
    """That of a sum of which a word counts a share.

    Arguments are the logs of the others, were they counted as the first is, the logit of the word's
    share of the wounded, and those of the lethality of the first and of the others.
    """
    others = (len(arguments) - 2) // 2
    share, main = arguments[others], arguments[others + 1]
    counted, by_main = _counted(np.stack([share, main]))
    each = [_counted(np.stack([share, other])) for other in arguments[others + 2 :]]
    logs = arguments[:others] + np.stack([log for log, _ in each]) - counted
    value, slopes = _rest_of_sum(logs)
    by_other = np.stack([slope for _, slope in each], axis=1)
    by_share = (slopes * (by_other[0] - by_main[0])).sum(axis=0)
    by_first = -slopes.sum(axis=0) * by_main[1]
    return value, np.vstack([slopes, by_share, by_first, slopes * by_other[1]])


def _rest_of_sum(logs: Floats) -> tuple[Floats, Floats]:
    """By how much the first rate is below the sum: -log(1 - q), q the sum of the others' shares.

    1 - q is replaced by the positive root of ``x - FLOOR / x = 1 - q``, which is near to it.
    """
    shares = np.exp(np.minimum(logs, -NONE))
    rest = 1 - shares.sum(axis=0)
    width = np.hypot(rest, 2 * np.sqrt(FLOOR))
    root = np.where(rest > 0, (width + rest) / 2, 2 * FLOOR / (width + np.abs(rest)))
    return -np.log(root), shares / width


def _definitions(design: Design, mode: Floats, parties: dict[int, list[str]]) -> Iterator[Shear]:
    """Lethality and the share of the wounded move the stream's own bias."""
    layout, paths = design.layout, design.paths
    for stream in sorted(parties.keys() & design.definition.keys()):
        lethality = paths.lethality[paths.parties.index(parties[stream][0])]
        own = _own_bias(design, stream)
        if own is None:
            continue
        positions, columns, knots = own
        share = _pick(np.full(len(positions), design.definition[stream]), len(layout.offset))
        path = _path(design, lethality, _cells(design, positions))
        arguments = sparse.vstack([share, path])
        yield Shear(
            layout, mode, columns=columns, knots=knots, rows=arguments @ layout.matrix,
            constant=arguments @ layout.offset, bend=_counted,
        )  # fmt: skip


def _counted(logits: Floats) -> tuple[Floats, Floats]:
    """Log of the share of the losses that a stream counts."""
    omega, kappa = expit(logits)
    counted = kappa + omega * (1 - kappa)
    rest = (1 - omega) * (1 - kappa)
    return np.log(counted), np.stack([omega, kappa]) * rest / counted


def _own_bias(design: Design, stream: int) -> tuple[Floats, Ints, Floats] | None:
    """Knots of a stream's bias that no other shares: days, unknowns and the map between them."""
    bias, layout = design.biases[stream], design.layout
    users = np.zeros(len(layout.offset))
    for each in design.biases.values():
        users[list(each.constant)] += 1
        for _, rows in each.walks:
            users[rows] += 1
    level = min(reversed(bias.constant), key=lambda row: users[row])
    columns, knots = _columns(layout, np.array([level]))
    if users[level] > 1 or len(columns) != 1:
        return None
    positions = np.array([design.streams.loc[stream, ["first", "last"]].astype(float).mean()])
    # Of several walks that no other shares one will do: the last is the stream's own drift.
    for days, rows in reversed(bias.walks):
        steps, walk = _columns(layout, rows)
        if (users[rows] == 1).all() and len(steps) == len(rows) - 1:
            knots = np.hstack([np.full((len(rows), 1), knots[0, 0]), walk])
            return days, np.append(columns, steps), knots
    return positions, columns, knots


def _columns(layout: Layout, rows: Ints) -> tuple[Ints, Floats]:
    """Unknowns that move some of the quantities, and how."""
    part = layout.matrix[rows]
    columns = np.unique(part.indices).astype(np.int64)
    return columns, np.asarray(part.tocsc()[:, columns].todense())


def _cells(design: Design, positions: Floats) -> Ints:
    """The cell nearest to each day."""
    return np.asarray(np.abs(design.grid.middles - positions[:, None]).argmin(axis=1))


def _path(design: Design, row: int, cells: Ints) -> sparse.csr_array:
    return sparse.csr_array(design.daily[row * design.grid.cells + cells])


def _pick(rows: Ints, height: int) -> sparse.csr_array:
    ones = (np.ones(len(rows)), (np.arange(len(rows)), rows))
    return sparse.csr_array(sparse.coo_array(ones, shape=(len(rows), height)))
