"""Log biases of the observations as a sparse map of v."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.model.design.bias import Bias, bias_class
from lossmodel.model.design.grid import Floats, Grid, Ints
from lossmodel.model.design.linear import Linear
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import ACCOUNTINGS, AUXILIARY, names_with

__all__ = ["as_published", "bias_map", "unsettled_share"]


def bias_map(
    terms: pd.DataFrame,
    *,
    streams: pd.DataFrame,
    stream_of: Ints,
    biases: Mapping[int, Bias],
    registers: Iterable[tuple[int, int]],
    bases: Callable[[str], Sequence[str]],
    grid: Grid,
    unsettled: Floats,
    linear: Linear,
) -> Linear:
    """Log bias of every observation that is neither a ledger's nor a list's.

    Parameters
    ----------
    terms
        The N observations, rows of ``Evidence.terms``.
    streams, stream_of
        The streams and the number of each observation's stream, see `stream_table`.
    biases
        Of the streams, see `build_biases`.
    registers
        Observations that compare a part of a register with known dead, and the number of its
        stream, whose bias they have.
    bases
        From a party to its base parties in the submodel.
    unsettled
        Share of its bias that each observation has left, see `unsettled_share`.
    linear
        The map, which has those of the readings of `AUXILIARY` already.
    """
    at = np.array([grid.index(day) for day in terms["anchor_date"]], dtype=float)
    figures = {stream: np.flatnonzero(stream_of == stream) for stream in biases}
    for observation, stream in registers:
        figures[stream] = np.append(figures[stream], observation)
    for stream, of in _of_whole_figures(biases, streams).items():
        here = figures[stream]
        if not len(here):
            continue
        first = bases(str(streams.loc[stream, "party"]))[0]
        where, column, weight = of.weights(at[here], first, unsettled=unsettled[here])
        linear.add(here[where], column, weight)
    return linear


def unsettled_share(
    terms: pd.DataFrame, conflict: Conflict, *, grid: Grid, ended: float, priors: Priors
) -> Floats:
    """Share of its bias that each figure has left, shape (N,); less than one after the fighting.

    A side then counts its own soldiers, and offices register those of the war: the variance of the
    bias halves in ``bias.settling`` days. Others learn nothing that they could not before, and in
    past wars a side's figures of its civilians and its equipment were no nearer to the truth weeks
    after the fighting.

    Parameters
    ----------
    ended
        Day after the last one of fighting; infinite while the war lasts.
    """
    published = np.array([grid.index(day) for day in terms["published"]], dtype=float)
    registers = names_with(ACCOUNTINGS, "official")
    # The part of a register that is compared with known dead is as settled as the register.
    keys = zip(terms["party"], terms["category"], strict=True)
    soldiers = np.array([bias_class(conflict, *key) == "person" for key in keys], dtype=bool)
    official = terms["role"].eq("self") & soldiers | terms["declared"].isin(registers)
    late = np.maximum(published + 1 - ended, 0.0)
    late[~(official & terms["category"].ne("missing")).to_numpy()] = 0.0
    return np.asarray(1 / np.sqrt(1 + late / priors["bias.settling"].median))


def as_published(
    biases: Mapping[int, Bias], streams: pd.DataFrame, stream_of: Ints, unsettled: Floats
) -> dict[int, Bias]:
    """Biases of the streams with the share of them that the middle one of their figures has.

    Parameters
    ----------
    biases, streams, stream_of, unsettled
        As in `bias_map`. A ledger's figures are of the days while the fighting lasts, and one
        factor of a reading of `AUXILIARY` is the same whenever it was published.
    """
    settling = _of_whole_figures(biases, streams)
    return dict(biases) | {
        i: replace(bias, unsettled=float(np.median(unsettled[stream_of == i])))
        for i, bias in settling.items()
    }


def _of_whole_figures(biases: Mapping[int, Bias], streams: pd.DataFrame) -> dict[int, Bias]:
    """Biases of streams but ledgers, whose bias is daily, and readings, which have a factor."""
    models = streams["observation_model"]
    daily_or_factor = {"ledger", *AUXILIARY}
    return {i: bias for i, bias in biases.items() if models[i] not in daily_or_factor}
