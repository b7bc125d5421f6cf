"""Couplings for sums that figures fix far better than their terms.

A long ledger tells the level of its counts within a percent, while the terms of these counts are
known far worse. The posterior then lies close to a curved surface on which the sum is constant:

    definitions   ``rate (kappa + omega (1 - kappa)) exp(beta)``: lethality and the share of the
                  wounded that the stream includes move its own log bias;
    sums          ``rate_1 + rate_2 + ...`` of parties that are counted together: the rates of the
                  others move that of the first one.

The shares of the others in a sum may be almost unknown, and the closer one comes to 1, the more the
first rate depends on it. So each share q is first written as ``logit q = a + b u``, with u in the
place of log q and a and b such that the two agree to first order at the mode.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy import sparse
from scipy.linalg import block_diag
from scipy.special import expit

from lossmodel.inference.nuts.coupling import AdditiveCoupling, Function, Values
from lossmodel.model.density.density import Density
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.parameters import Parameterisation
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import STREAM

__all__ = ["couplings_of"]

# Relative error of all figures of a stream together below which its terms are coupled. Terms are
# known within tens of percents: the surface is then ten times as wide as thick.
WELL_KNOWN = 0.03
# Keeps the remainder of a sum positive where the others come near to it; a tenth of WELL_KNOWN.
FLOOR = 0.003
# Log rate of a party that can have no losses; exp(-50) of the other rates is below rounding.
NONE = -50.0
# Share at the mode above which a party is the sum, so that it gets no odds: their slope by the log,
# 1 / (1 - q), would exceed 20.
WHOLE = 0.95


def couplings_of(density: Density, mode: Floats) -> tuple[AdditiveCoupling, ...]:
    """Couplings of sums and of definitions, for all streams that are known well enough.

    Parameters
    ----------
    mode
        Theta at which they are the identity to first order, shape (D,).
    """
    design, log_noise = density.design, density.predictions(mode).log_noise
    of = _stream_of(design)
    known = np.bincount(of + 1, np.exp(-2 * log_noise), minlength=len(design.streams) + 1)[1:]
    # If all its figures were of one number, known**-0.5 would be its relative error.
    well = [int(i) for i in np.argsort(-known, kind="stable") if known[i] > WELL_KNOWN**-2]
    biased = [stream for stream in well if stream in design.biases]
    found = {stream: _parties(design, np.flatnonzero(of == stream)) for stream in biased}
    parties = {stream: bases for stream, bases in found.items() if bases}
    return (*_sums(design, mode, parties), *_definitions(design, mode, parties))


def _stream_of(design: Design) -> Ints:
    """Number of each figure's stream; -1 for one that is no total."""
    found = np.full(len(design.terms), -1)
    streams, terms = (t[~is_auxiliary(t["accounting"])] for t in (design.streams, design.terms))
    numbers = dict(zip(map(tuple, streams[STREAM].to_numpy()), streams.index, strict=True))
    found[terms.index] = [numbers[tuple(row)] for row in terms[STREAM].to_numpy()]
    return found


def _parties(design: Design, claims: Ints) -> list[str]:
    """Base parties whose losses some figures sum, the first one first."""
    window = design.window[np.isin(design.window[:, 0], claims)]
    numbers = design.series[window[:, 1], 0]
    return [design.latent.parties[p] for p in dict.fromkeys(numbers.tolist()) if p >= 0]


def _sums(
    design: Design, mode: Floats, parties: dict[int, list[str]]
) -> Iterator[AdditiveCoupling]:
    """The shares of the others in a sum, and the remainder for the rate of the first party.

    Once for each first party, with the stream that knows the sum best.
    """
    best: dict[str, tuple[int, list[str]]] = {}
    for stream, names in parties.items():
        if len(names) > 1:
            best.setdefault(names[0], (stream, names))
    parameters, paths = design.parameters, design.latent
    values = parameters.values(mode)
    for stream, names in best.values():
        for number, party in [*enumerate(names[1:]), (None, names[0])]:
            positions, rows = paths.rate_knots[party]
            columns, knots = _columns(parameters, rows)
            if len(columns) != len(rows) or party in paths.battles or party in paths.day_effects:
                continue
            cells = _cells(design, positions)
            # At its own knots a rate is exact, as the log determinant requires.
            rates = {p: _path(design, paths.rate[paths.parties.index(p)], cells) for p in names}
            rates[party] = _pick(rows, len(values))
            arguments, constant, logs_of = _shares(design, values, stream, names, cells, rates)
            function: Function = partial(_remainder, logs_of)
            if number is not None:
                logs, _ = logs_of((arguments @ values).reshape(constant.shape) + constant)
                function = partial(_as_odds, logs_of, number=number, at_mode=np.exp(logs[number]))
            yield AdditiveCoupling(
                parameters, mode, columns=columns, knots=knots, rows=arguments @ parameters.matrix,
                constant=arguments @ parameters.offset + constant.ravel(), function=function,
            )  # fmt: skip


Logs = Callable[[Floats], tuple[Floats, Floats]]
"""From arguments, (A, ..., K), to logs of the others' shares, (n, ..., K), and their slopes."""


def _shares(
    design: Design, values: Floats, stream: int, names: list[str], cells: Ints,
    rates: dict[str, sparse.csr_array],
) -> tuple[sparse.csr_array, Floats, Logs]:  # fmt: skip
    """Arguments of the shares that all but the first party have in a stream's sum on some cells.

    Gives the map to them, its constant, and the shares as a function of them. The stream's bias is
    that before the coupling of its definition: there, the share of the first party's losses that
    the stream counts is linear.
    """
    paths = design.latent
    numbers = [paths.parties.index(name) for name in names]
    # In a ledger each party has the common mode of its own.
    ledger = design.streams.loc[stream, "observation_model"] == "ledger"
    said = [
        rates[name] + _bias(design, stream, name if ledger else names[0], cells) for name in names
    ]
    with np.errstate(divide="ignore"):
        active = np.maximum(np.log(paths.active[numbers][:, cells]), NONE)
    parts = np.stack([part @ values for part in said]) + active
    arguments, constant = said[1:], active[1:]
    lethality = paths.lethality[numbers]
    counted = stream in design.definition and bool((lethality >= 0).all())
    if counted:
        share = _pick(np.full(len(cells), design.definition[stream]), len(values))
        dead = [_path(design, row, cells) for row in lethality]
        at, deaths = share @ values, np.stack([path @ values for path in dead])
        counts, by_share, by_dead = _counted(at, deaths)
        parts += counts
        line = sparse.diags_array(by_share[0]) @ share + sparse.diags_array(by_dead[0]) @ dead[0]
        arguments = [*(part + line for part in arguments), share, *dead]
        constant = constant + counts[0] - by_share[0] * at - by_dead[0] * deaths[0]
    constant = constant - np.logaddexp.reduce(parts)
    zeros = np.zeros((len(arguments) - len(constant), len(cells)))
    together = sparse.csr_array(sparse.vstack(arguments))
    return together, np.vstack([constant, zeros]), _counted_logs if counted else _plain_logs


def _bias(design: Design, stream: int, common: str, cells: Ints) -> sparse.csr_array:
    """Map to a stream's log bias, with the common mode of a party."""
    where, column, weight = design.biases[stream].weights(design.grid.middles[cells], common)
    shape = (len(cells), len(design.parameters.offset))
    return sparse.csr_array(sparse.coo_array((weight, (where, column)), shape=shape))


def _plain_logs(arguments: Floats) -> tuple[Floats, Floats]:
    """Each argument is a log."""
    slopes = np.zeros((len(arguments), *arguments.shape))
    each = np.arange(len(arguments))
    slopes[each, each] = 1.0
    return arguments, slopes


def _counted_logs(arguments: Floats) -> tuple[Floats, Floats]:
    """Shares in a stream that includes some of the wounded, and so another share of each party.

    Arguments are the logs if all were counted as the first party is, the logit of the wounded
    share, and the logits of the lethality of the first party and of the others.
    """
    others = len(arguments) // 2 - 1
    counted, by_share, by_dead = _counted(arguments[others], arguments[others + 1 :])
    logs = arguments[:others] + counted[1:] - counted[0]
    each, slopes = np.arange(others), np.zeros((others, *arguments.shape))
    slopes[each, each] = 1.0
    slopes[:, others] = by_share[1:] - by_share[0]
    slopes[:, others + 1] = -by_dead[0]
    slopes[each, others + 2 + each] = by_dead[1:]
    return logs, slopes


def _remainder(logs_of: Logs, arguments: Floats) -> Values:
    """Minus the log of the first party's share in the sum."""
    logs, by_argument = logs_of(arguments)
    value, slopes = _rest_of_sum(logs)
    return Values(value, (slopes[:, None] * by_argument).sum(axis=0))


def _as_odds(logs_of: Logs, arguments: Floats, *, number: int, at_mode: Floats) -> Values:
    """By how much the log of a share is lower if its log odds are linear.

    Parameters
    ----------
    number
        Of the share.
    at_mode
        The share at the mode, where both agree to first order, shape (K,).
    """
    logs, by_argument = logs_of(arguments)
    changed = at_mode < WHOLE
    at_mode = np.minimum(at_mode, WHOLE)
    before, rest = logs[number], 1 - at_mode
    odds = np.log(at_mode / rest) + (before - np.log(at_mode)) / rest
    share = expit(odds)
    pace = (1 - share) / rest
    slopes = by_argument[number] * changed
    return Values(
        value=(before + np.logaddexp(0.0, -odds)) * changed, slopes=slopes * (1 - pace),
        volume=-(np.logaddexp(0.0, odds) + np.log(rest))[..., changed].sum(axis=-1),
        by_volume=-slopes * share / rest,
    )  # fmt: skip


def _rest_of_sum(logs: Floats) -> tuple[Floats, Floats]:
    """Minus the log of the remainder of some shares: -log(1 - q), q their sum.

    1 - q is replaced by the positive root of ``x - FLOOR / x = 1 - q``, which is close to it.
    """
    shares = np.exp(np.minimum(logs, -NONE))
    rest = 1 - shares.sum(axis=0)
    width = np.hypot(rest, 2 * np.sqrt(FLOOR))
    root = np.where(rest > 0, (width + rest) / 2, 2 * FLOOR / (width + np.abs(rest)))
    return -np.log(root), shares / width


def _definitions(
    design: Design, mode: Floats, parties: dict[int, list[str]]
) -> Iterator[AdditiveCoupling]:
    """Lethality and the wounded share move the own bias of each stream; all streams at once."""
    parameters, paths = design.parameters, design.latent
    streams = sorted(parties.keys() & design.definition.keys())
    owns = ((stream, _own_bias(design, stream)) for stream in streams)
    held = [(stream, own) for stream, own in owns if own is not None]
    if not held:
        return
    shares, lethality = [], []
    for stream, (positions, *_) in held:
        row = paths.lethality[paths.parties.index(parties[stream][0])]
        shares.append(
            _pick(np.full(len(positions), design.definition[stream]), len(parameters.offset))
        )
        lethality.append(_path(design, row, _cells(design, positions)))
    arguments = sparse.csr_array(sparse.vstack(shares + lethality))
    yield AdditiveCoupling(
        parameters, mode, columns=np.concatenate([columns for _, (_, columns, _) in held]),
        knots=block_diag(*(knots for _, (*_, knots) in held)), rows=arguments @ parameters.matrix,
        constant=arguments @ parameters.offset, function=_log_counted,
    )  # fmt: skip


def _log_counted(arguments: Floats) -> Values:
    """Log of the share of the losses that a stream counts."""
    counted, by_share, by_dead = _counted(*arguments)
    return Values(counted, np.stack([by_share, by_dead]))


def _counted(share: Floats, dead: Floats) -> tuple[Floats, Floats, Floats]:
    """Log of the share of the losses that a stream counts, and its slopes.

    Parameters
    ----------
    share, dead
        Logits of the wounded share, shape (..., K), and of lethality, (..., K) or (P, ..., K).
    """
    wounded_share, kappa = expit(share), expit(dead)
    counted = kappa + wounded_share * (1 - kappa)
    rest = (1 - wounded_share) * (1 - kappa) / counted
    return np.log(counted), wounded_share * rest, kappa * rest


def _own_bias(design: Design, stream: int) -> tuple[Floats, Ints, Floats] | None:
    """Knots of a stream's bias that no other shares: days, unknowns and the map between them."""
    bias, parameters = design.biases[stream], design.parameters
    users = np.zeros(len(parameters.offset))
    for each in design.biases.values():
        users[list(each.constant)] += 1
        for _, rows in each.walks:
            users[rows] += 1
    level = min(reversed(bias.constant), key=lambda row: users[row])
    columns, knots = _columns(parameters, np.array([level]))
    if users[level] > 1 or len(columns) != 1:
        return None
    positions = np.array([design.streams.loc[stream, ["first", "last"]].astype(float).mean()])
    # Of several walks that no other shares one will do: the last is the stream's own drift.
    for days, rows in reversed(bias.walks):
        steps, walk = _columns(parameters, rows)
        if (users[rows] == 1).all() and len(steps) == len(rows) - 1:
            knots = np.hstack([np.full((len(rows), 1), knots[0, 0]), walk])
            return days, np.append(columns, steps), knots
    return positions, columns, knots


def _columns(parameters: Parameterisation, rows: Ints) -> tuple[Ints, Floats]:
    """Unknowns that move some quantities, and their weights, shape (quantities, unknowns)."""
    part = parameters.matrix[rows]
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
