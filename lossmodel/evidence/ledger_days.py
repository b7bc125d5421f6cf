"""The days of one ledger, each owned by at most one piece of what the ledger says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lossmodel.evidence.claim_records import Figure, Window
from lossmodel.evidence.observations import Observation

__all__ = ["FREE", "Calendar", "Piece"]

FREE = -1

Ints = npt.NDArray[np.int64]


@dataclass
class Piece:
    """What a ledger says of the days that it owns on the calendar.

    Attributes
    ----------
    members
        Claims whose figures enter the value.
    variance
        Of their rounding.
    size
        Days owned.
    """

    carrier: Figure
    members: tuple[str, ...]
    value: float
    variance: float
    size: int = 0


class Calendar:
    """Which piece owns which day."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.pieces: list[Piece] = []
        self._owner: Ints = np.full(last - first + 1, FREE, dtype=np.int64)

    @property
    def size(self) -> int:
        """Number of days."""
        return len(self._owner)

    def owns_any(self, window: Window) -> bool:
        """Whether a piece owns a day of the window."""
        return bool((self.owners(window) != FREE).any())

    def owners(self, window: Window) -> Ints:
        """Numbers of the pieces that own the days of a window, FREE where nobody does."""
        return self._owner[window[0] - self.first : window[1] - self.first + 1]

    def place(self, piece: Piece, window: Window, *, over: int = FREE) -> None:
        """Give a piece those days of a window that a piece `over` owns, by default nobody."""
        owners = self.owners(window)
        taken = owners == over
        owners[taken] = len(self.pieces)
        piece.size = int(taken.sum())
        if over != FREE:
            self.pieces[over].size -= piece.size
        self.pieces.append(piece)

    def within(self, window: Window) -> tuple[list[int], list[int], int]:
        """Pieces that lie inside a window, pieces that reach beyond it, and its free days."""
        inside, beyond, free = [], [], 0
        numbers, counts = np.unique(self.owners(window), return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if number == FREE:
                free = count
            elif self.pieces[number].size == count:
                inside.append(number)
            else:
                beyond.append(number)
        return inside, beyond, free

    def ends(self, window: Window) -> tuple[str, ...]:
        """Claims that carry the first and the last owned day of a window."""
        owners = self.owners(window)
        owned = owners[owners != FREE]
        names = [self.pieces[number].carrier.claim_id for number in owned[[0, -1]].tolist()]
        return tuple(dict.fromkeys(names))

    def spans(self) -> tuple[Ints, Ints]:
        """First and last day of every piece."""
        count = len(self.pieces)
        days = np.flatnonzero(self._owner != FREE)
        first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
        np.minimum.at(first, self._owner[days], days + self.first)
        np.maximum.at(last, self._owner[days], days + self.first)
        return first, last

    def observations(self) -> list[Observation]:
        """One term a piece, its days as closed ranges."""
        edges = np.flatnonzero(np.diff(self._owner)) + 1
        starts = np.concatenate([[0], edges])
        ends = np.concatenate([edges, [len(self._owner)]]) - 1
        ranges: list[list[Window]] = [[] for _ in self.pieces]
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            owner = int(self._owner[start])
            if owner != FREE:
                ranges[owner].append((start + self.first, end + self.first))
        return [
            Observation(
                carrier=piece.carrier,
                members=tuple(dict.fromkeys(piece.members)),
                form="point",
                value=piece.value,
                kind="window",
                days=tuple(days),
                variance=piece.variance,
            )
            for piece, days in zip(self.pieces, ranges, strict=True)
        ]
