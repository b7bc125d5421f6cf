"""Observations that are no totals of a stream: what they compare, and the scalars that they have.

Each has a log expectation of its own form. With killed, x, list, register and m as in ``model.py``:

    ratio           log sum x - log sum x', of two categories, plus or minus the bias of lethality
    overlap         log odds of sum list / sum killed, or register, plus the selection
    fate            log odds of exp(-level of the register's bias), plus the selection
    declarations    log sum killed m G, plus a bias
    balance         log sum x, of the killed and disabled

The two in the middle are shares of cases, whose figures are odds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel.model.design.bias import Bias
from lossmodel.model.design.grid import Floats, Grid, Ints
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.reporting import DECLARATIONS, LIST, REGISTER, Vintage
from lossmodel.model.design.windows import Record, WindowBuilder
from lossmodel.tables.categories import COMPARED_CATEGORIES
from lossmodel.tables.vocabulary import BALANCE, OBSERVED_AS

__all__ = ["ComparisonBuilder", "Comparisons"]

# How sharply the logs of shares are kept below zero, see `LogOdds`. A list's share is below one by
# itself: its log is lowered by 7e-5 at most. Of a register it is an expectation, which doubles and
# the dead of other causes may take above one, and of a register of the missing that omits some, as
# well: both are lowered by 3% at one, and by 0.5% at 0.9.
SHARP, SOFT = 1e4, 20.0
DAY = pd.Timedelta(days=1)

# Adds the bins of a vintage to an observation: stream, observation, kind, vintage, the one before.
AddVintage = Callable[[int, int, Record, int, Vintage, Vintage | None], None]


@dataclass(frozen=True)
class Comparisons:
    """The parts of a design that observations outside of all streams need.

    Attributes
    ----------
    against
        Shape (M,): observations that are divided by another sum. The windows of the j-th such sum
        have the number N + j.
    whole
        Shape (F,): observations without a sum, which is one.
    shares
        Shape (K,): observations that are shares of cases.
    sharpness
        Shape (K,): see `LogOdds`.
    selection
        Shape (K,): row of v with the log odds ratio of each.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> design.comparisons.shares.size
    0
    """

    against: Ints
    whole: Ints
    shares: Ints
    sharpness: Floats
    selection: Ints


class ComparisonBuilder:
    """Collects comparisons and declarations, observation by observation.

    Parameters
    ----------
    count
        Number N of observations.
    streams, biases
        As `stream_table` and `build_biases` give them.
    bases
        From a party to its base parties in the submodel.
    add_vintage
        Adds bins of the reporting triangle.

    Attributes
    ----------
    bias
        Log biases of these observations, as entries of a map from v.
    """

    def __init__(
        self,
        count: int,
        *,
        streams: pd.DataFrame,
        biases: Mapping[int, Bias],
        grid: Grid,
        windows: WindowBuilder,
        bases: Callable[[str], Sequence[str]],
        add_vintage: AddVintage,
    ) -> None:
        self.count, self.biases = count, biases
        self.grid, self.windows, self.bases, self.add_vintage = grid, windows, bases, add_vintage
        self.bias = Linear()
        self._streams: defaultdict[tuple[str, ...], list[tuple[int, Mapping[Any, Any]]]]
        self._streams = defaultdict(list)
        for number, row in enumerate(streams.to_dict("records")):
            key = str(row["claimant"]), str(row["party"]), str(row["category"])
            self._streams[key].append((number, row))
        self._against: list[int] = []
        self._totals = 0
        self._whole: list[int] = []
        self._shares: list[tuple[int, float, int]] = []
        self._registers: list[tuple[int, int]] = []

    def add(self, observation: int, stream: int, term: Record) -> None:
        """Add an observation whose reading is one of `AUXILIARY`."""
        add = {
            "ratio": self._ratio,
            "overlap": self._overlap,
            "fate": self._fate,
            "declarations": self._declarations,
            BALANCE: self._balance,
        }[str(term["accounting"])]
        add(observation, stream, term)

    def total(self, term: Record) -> int:
        """Number of a new sum, of all losses that an observation's category counts in its window.

        Divisors are numbered first: they must all have been added.
        """
        number = self.count + len(self._against) + self._totals
        self._totals += 1
        self._sum(number, term, str(term["category"]))
        return number

    def build(self) -> Comparisons:
        """The comparisons added so far."""
        shares, sharpness, selection = (
            zip(*self._shares, strict=True) if self._shares else ((),) * 3
        )
        return Comparisons(
            against=_whole_numbers(self._against),
            whole=_whole_numbers(self._whole),
            shares=_whole_numbers(shares),
            sharpness=np.array(sharpness, dtype=float),
            selection=_whole_numbers(selection),
        )

    @property
    def registers(self) -> list[tuple[int, int]]:
        """Observations that have the bias of a register, and the number of its stream."""
        return self._registers

    def _ratio(self, observation: int, stream: int, term: Record) -> None:
        category, per = str(term["category"]), str(term["per"])
        for number, name in ((observation, category), (self._divide(observation), per)):
            self._sum(number, term, name)
        # The bias is that of lethality: it moves a ratio up that has more of the dead above.
        rank = COMPARED_CATEGORIES.index
        sign = 1.0 if rank(category) < rank(per) else -1.0
        self.bias.add(observation, self._scalar(stream), sign)

    def _overlap(self, observation: int, stream: int, term: Record) -> None:
        rules = OBSERVED_AS[str(term["declared"])]
        listed = self._number(term, str(term["declared"]))
        kind = LIST if rules.has_coverage else REGISTER
        vintage = Vintage(term["days"], term["known"])
        # Without figures of its own in the submodel it has coverage and delays of its own.
        self.add_vintage(
            stream if listed is None else listed, observation, term, kind, vintage, None
        )
        self._sum(self._divide(observation), term, "killed")
        if kind == REGISTER and listed is not None:
            self._registers.append((observation, listed))
        self._shares.append((observation, SHARP if kind == LIST else SOFT, self._scalar(stream)))

    def _fate(self, observation: int, stream: int, term: Record) -> None:
        self._whole.append(observation)
        register = self._number(term, "stock")
        if register is not None:
            self.bias.add(observation, self.biases[register].constant[0], -1.0)
        self._shares.append((observation, SOFT, self._scalar(stream)))

    def _declarations(self, observation: int, stream: int, term: Record) -> None:
        """Declarations of some days: those up to the last less those before the first."""
        start = self.grid.start
        for first, last in term["days"]:
            before = Vintage(((start, first - DAY),), first - DAY) if first > start else None
            until = Vintage(((start, last),), last)
            self.add_vintage(stream, observation, term, DECLARATIONS, until, before)
        self.bias.add(observation, self._scalar(stream))

    def _balance(self, observation: int, stream: int, term: Record) -> None:
        """The killed and disabled of a force."""
        self.windows.add(
            observation, stream=stream, term=term, bases=self.bases(str(term["party"]))
        )

    def _divide(self, observation: int) -> int:
        """Number of a new sum that an observation is divided by."""
        self._against.append(observation)
        return self.count + len(self._against) - 1

    def _sum(self, number: int, term: Record, category: str) -> None:
        bases = self.bases(str(term["party"]))
        key = (str(term["claimant"]), str(term["party"]), category)
        own = self._find(key, lambda row: row["accounting"] == row["declared"])
        word = " ".join(key) if own is None else own
        self.windows.add_compared(number, word=word, term=term, bases=bases, category=category)

    def _scalar(self, stream: int) -> int:
        return self.biases[stream].constant[0]

    def _number(self, term: Record, observation_model: str) -> int | None:
        """Number of the claimant's stream of the term's category that is read in some way."""
        key = (str(term["claimant"]), str(term["party"]), str(term["category"]))
        return self._find(key, lambda row: row["observation_model"] == observation_model)

    def _find(
        self, key: tuple[str, str, str], holds: Callable[[Mapping[Any, Any]], bool]
    ) -> int | None:
        """Number of the first stream of a key for which something holds; None for none."""
        return next((number for number, row in self._streams.get(key, ()) if holds(row)), None)


def _whole_numbers(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)
