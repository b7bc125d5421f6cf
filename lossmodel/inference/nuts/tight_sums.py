"""What well-known sums of figures bend, and the shears that straighten it.

A long ledger tells the level of what it counts within a percent, while what it counts is made of
unknowns that are known far worse. What keeps the sum still is then a narrow, bent sheet:

    definitions   ``rate (kappa + omega (1 - kappa)) exp(beta)``: lethality and the share of the
                  wounded that the word includes move the stream's own log bias;
    sums          ``rate_1 + rate_2 + ...`` of parties that are counted together: the others' rates
                  move the first one's.

How large the others' shares in a sum are may be all but unknown, and where one nears the whole, the
first rate hangs on it ever more. So each share q is first written as ``logit q = a + b u``: u takes
the place of log q, and a line that touches it at the mode takes that of the log. Volumes shrink
with 1 - q.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy import sparse
from scipy.linalg import block_diag
from scipy.special import expit

from lossmodel.inference.nuts.coupling import AdditiveCoupling, Bend, Bent
from lossmodel.model.density.density import Density
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.parameters import Parameterisation

__all__ = ["couplings_of"]

WELL_KNOWN = 0.03
"""Relative error of a stream's figures together below which it bends what it is made of."""
FLOOR = 0.003
"""Keeps what is left of a sum positive where the others come near to it."""
NONE = -50.0
"""Log rate of a party that can have no losses."""
WHOLE = 0.95
"""Share at the mode beyond which a party stands for the sum, so that there are no odds."""


def couplings_of(density: Density, mode: Floats) -> tuple[AdditiveCoupling, ...]:
    """Those of sums and definitions of all streams that are known well enough."""
    design, log_noise = density.design, density.predictions(mode).log_noise
    of = _stream_of(design)
    known = np.bincount(of, np.exp(-2 * log_noise), minlength=len(design.streams))
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
    return [design.latent.parties[p] for p in dict.fromkeys(numbers.tolist()) if p >= 0]


def _sums(
    design: Design, mode: Floats, parties: dict[int, list[str]]
) -> Iterator[AdditiveCoupling]:
    """The others' shares in a sum, and what they leave to the first party's rate.

    Once for each first party: how large the sum is, is what the best known figures of it say. Their
    bias tells what the others have in it, and not the first rate.
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
            if len(columns) != len(rows):
                continue
            cells = _cells(design, positions)
            # At its own knots a rate is what it is there, or else the volume would not be right.
            rates = {p: _path(design, paths.rate[paths.parties.index(p)], cells) for p in names}
            rates[party] = _pick(rows, len(values))
            arguments, constant, logs_of = _shares(design, values, stream, names, cells, rates)
            bend: Bend = partial(_left, logs_of)
            if number is not None:
                logs, _ = logs_of((arguments @ values).reshape(constant.shape) + constant)
                bend = partial(_as_odds, logs_of, number=number, still=np.exp(logs[number]))
            yield AdditiveCoupling(
                parameters, mode, columns=columns, knots=knots, rows=arguments @ parameters.matrix,
                constant=arguments @ parameters.offset + constant.ravel(), bend=bend,
            )  # fmt: skip


Logs = Callable[[Floats], tuple[Floats, Floats]]
"""From arguments, (A, K), to logs of the others' shares, (n, K), and their slopes, (n, A, K)."""


def _shares(
    design: Design, values: Floats, stream: int, names: list[str], cells: Ints,
    rates: dict[str, sparse.csr_array],
) -> tuple[sparse.csr_array, Floats, Logs]:  # fmt: skip
    """Arguments of the shares that all but the first party have in a stream's sum on some cells.

    The map to them and what is added to it, and the shares as a function of them. The stream's
    bias is taken from before the shear of its definition: there, what the word counts of the first
    party is linear.
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
    count, knots = arguments.shape
    return arguments, np.repeat(np.eye(count)[..., None], knots, axis=2)


def _counted_logs(arguments: Floats) -> tuple[Floats, Floats]:
    """Of a word that counts some of the wounded, and so of each party another share.

    Arguments are the logs, were all counted as the first party is, the logit of the word's share of
    the wounded, and those of the lethality of the first and of the others.
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


def _left(logs_of: Logs, arguments: Floats) -> Bent:
    """By how much the first party's rate is below the sum."""
    logs, by_argument = logs_of(arguments)
    value, slopes = _rest_of_sum(logs)
    return Bent(value, (slopes[:, None] * by_argument).sum(axis=0))


def _as_odds(logs_of: Logs, arguments: Floats, *, number: int, still: Floats) -> Bent:
    """What the log of a share loses as that of which the odds go on as a line.

    Parameters
    ----------
    number
        Which of the shares.
    still
        The share at the mode, where the line touches the log, shape (K,).
    """
    logs, by_argument = logs_of(arguments)
    bends = still < WHOLE
    still = np.minimum(still, WHOLE)
    before, rest = logs[number], 1 - still
    odds = np.log(still / rest) + (before - np.log(still)) / rest
    share = expit(odds)
    pace = (1 - share) / rest
    slopes = by_argument[number] * bends
    return Bent(
        value=(before + np.logaddexp(0.0, -odds)) * bends, slopes=slopes * (1 - pace),
        volume=-float((np.logaddexp(0.0, odds) + np.log(rest))[bends].sum()),
        by_volume=-slopes * share / rest,
    )  # fmt: skip


def _rest_of_sum(logs: Floats) -> tuple[Floats, Floats]:
    """Minus the log of what some shares leave: -log(1 - q), q their sum.

    1 - q is replaced by the positive root of ``x - FLOOR / x = 1 - q``, which is near to it.
    """
    shares = np.exp(np.minimum(logs, -NONE))
    rest = 1 - shares.sum(axis=0)
    width = np.hypot(rest, 2 * np.sqrt(FLOOR))
    root = np.where(rest > 0, (width + rest) / 2, 2 * FLOOR / (width + np.abs(rest)))
    return -np.log(root), shares / width


def _definitions(
    design: Design, mode: Floats, parties: dict[int, list[str]]
) -> Iterator[AdditiveCoupling]:
    """Lethality and the share of the wounded move each stream's own bias; all streams at once."""
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
        constant=arguments @ parameters.offset, bend=_word,
    )  # fmt: skip


def _word(arguments: Floats) -> Bent:
    """Log of the share of the losses that a word counts."""
    counted, by_share, by_dead = _counted(*arguments)
    return Bent(counted, np.stack([by_share, by_dead]))


def _counted(share: Floats, dead: Floats) -> tuple[Floats, Floats, Floats]:
    """Log of the share of the losses that a word counts, and its slopes.

    Parameters
    ----------
    share, dead
        Logits of the share of the wounded that it counts, shape (K,), and of lethality, (..., K).
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
    """Unknowns that move some of the quantities, and how."""
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
