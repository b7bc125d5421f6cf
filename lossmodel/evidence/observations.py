"""Observations, and their table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from lossmodel.evidence.claim_records import Figure, Form, Window
from lossmodel.evidence.copies import Copy
from lossmodel.evidence.rounding import EXACT_UNIT, SD_OF_UNIT
from lossmodel.tables.vocabulary import QUALIFIERS

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict, Stream

__all__ = [
    "COLUMNS",
    "Observation",
    "rounding_variance",
    "single_observation",
    "range_sd",
    "observation_table",
]

Kind = Literal["window", "vintage", "stock"]

COLUMNS: Final = (
    "term", "claims", "claimant", "party", "category", "scope", "accounting", "declared", "method",
    "role", "form", "value", "low", "high", "kind", "days", "n_days", "known", "known_from",
    "days_from", "rounding_sd", "range_sd", "anchor_date", "published", "per", "total",
    "copy_prior", "copy_match", "copy_unit", "copy_of",
)  # fmt: skip
TEXTS: Final = (*COLUMNS[:11], "kind", "per", "copy_of")
# Rows that are held as Python objects at a time: some tens of MB.
CHUNK: Final = 50_000
# Probable originals that are named.
NAMED: Final = 3
NO_COPY: Final = Copy(prior=0.0, match=0.0, unit=0.0, of=())


@dataclass(frozen=True, slots=True)
class Observation:
    """One independent piece of new information.

    Attributes
    ----------
    carrier
        The figure that names it.
    members
        Claims whose figures are in `value`.
    value
        Total of its days; of a vintage, the increment.
    days
        Disjoint closed ranges, in days since 1970.
    variance
        Variance of rounding, in squared units of `value`.
    range_sd
        Standard deviation on the log scale from a published range.
    known_from, days_from
        Date of knowledge and days of the previous vintage, to which it is added.
    accounting
        Accounting that it has instead of its stream's; empty for that one.
    """

    carrier: Figure
    members: tuple[str, ...]
    form: Form
    value: float
    kind: Kind
    days: tuple[Window, ...]
    variance: float = 0.0
    range_sd: float = 0.0
    known_from: int | None = None
    days_from: tuple[Window, ...] = ()
    accounting: str = ""

    @property
    def n_days(self) -> int:
        """Number of days."""
        return sum(end - start + 1 for start, end in self.days)


def rounding_variance(figure: Figure, unit: float) -> float:
    """Variance of the rounding of one published figure, in squared units of its value.

    Rounding errors are uniform over one unit. Counts that are given to the last unit have none.

    Parameters
    ----------
    unit
        Rounding unit.
    """
    if unit <= EXACT_UNIT and figure.times == 1:
        return 0.0
    return (unit * SD_OF_UNIT) ** 2


def range_sd(figure: Figure) -> float:
    """Standard deviation on the log scale of a figure with a range, uniform over the range.

    Zero for figures without a range, and for intervals without a value.
    """
    if not QUALIFIERS[figure.qualifier].has_limits or figure.form != "point" or not figure.high > 0:
        return 0.0
    if figure.low > 0:
        return math.log(figure.high / figure.low) * SD_OF_UNIT
    # Zero has no log: the upper half of a range from zero is mirrored.
    return 2 * math.log(max(figure.high / figure.value, 1)) * SD_OF_UNIT if figure.value else 0.0


def single_observation(figure: Figure, *, kind: Kind, unit: float | None = None) -> Observation:
    """Observation of one figure.

    Parameters
    ----------
    kind
        window, vintage or stock.
    unit
        Rounding unit; by default the figure's own.
    """
    point = figure.form == "point"
    unit = figure.unit if unit is None else unit
    return Observation(
        carrier=figure,
        members=figure.members,
        form=figure.form,
        value=figure.value,
        kind=kind,
        days=(figure.window,),
        variance=rounding_variance(figure, unit) if point else 0.0,
        range_sd=range_sd(figure),
    )


def observation_table(
    observations: list[Observation],
    *,
    copies: Mapping[str, Copy],
    conflict: Conflict,
    order: Sequence[str],
) -> pd.DataFrame:
    """Table with the columns `COLUMNS`, one row per observation.

    Parameters
    ----------
    observations
        A list that is emptied: a million of them take 800 MB.
    copies
        By claim, that its figure may be another claimant's, see `find_copies`.
    order
        Claim ids in the order of the rows.
    """
    place = {name: number for number, name in enumerate(order)}
    last_first = sorted(
        observations, key=lambda observation: place[observation.carrier.claim_id], reverse=True
    )
    observations.clear()
    stamp = cache(lambda day: pd.Timestamp(day, unit="D").as_unit("ns"))
    span = cache(lambda window: tuple(map(stamp, window)))
    spans = cache(lambda windows: tuple(map(span, windows)))
    stream, role = cache(conflict.stream), cache(conflict.role)
    frames: list[pd.DataFrame] = []
    while last_first or not frames:
        rows = [
            (*_row(observation, stamp, spans, stream, role), *_copied(observation, copies))
            for observation in reversed(last_first[-CHUNK:])
        ]
        del last_first[-CHUNK:]
        frames.append(_typed(pd.DataFrame(rows, columns=list(COLUMNS))))
    return pd.concat(frames, ignore_index=True)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    for name in ("known", "known_from", "anchor_date", "published"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[ns]")
    numbers = ("value", "low", "high", "rounding_sd", "range_sd", "total", *COLUMNS[-4:-1])
    for name in numbers:
        table[name] = table[name].astype(float)
    return table.astype({"n_days": np.int64} | dict.fromkeys(TEXTS, str))


def _row(
    observation: Observation,
    stamp: Callable[[int], pd.Timestamp],
    spans: Callable[[tuple[Window, ...]], tuple[object, ...]],
    stream: Callable[[str, str, str], Stream],
    role: Callable[[str, str], str],
) -> tuple[object, ...]:
    figure = observation.carrier
    kept = stream(figure.claimant, figure.party, figure.category)
    ranged = QUALIFIERS[figure.qualifier].has_limits and figure.members == observation.members
    return (
        figure.claim_id,
        ";".join(observation.members),
        *figure.key,
        observation.accounting or kept.accounting,
        kept.accounting,
        kept.method,
        role(figure.claimant, figure.party),
        observation.form,
        math.nan if observation.form == "interval" else observation.value,
        figure.low if ranged else math.nan,
        figure.high if ranged else math.nan,
        observation.kind,
        spans(observation.days),
        observation.n_days,
        stamp(figure.known),
        pd.NaT if observation.known_from is None else stamp(observation.known_from),
        spans(observation.days_from),
        math.sqrt(observation.variance),
        observation.range_sd,
        stamp(figure.known),
        stamp(figure.published),
        figure.per,
        figure.total,
    )


def _copied(observation: Observation, copies: Mapping[str, Copy]) -> tuple[object, ...]:
    copy = copies.get(observation.carrier.claim_id, NO_COPY)
    return copy.prior, copy.match, copy.unit, ";".join(copy.of[:NAMED])
