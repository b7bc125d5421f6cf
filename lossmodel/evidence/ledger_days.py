"""Calendar of one ledger: each day is owned by at most one of its pieces."""

from __future__ import annotations

from collections.abc import Iterable
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
    """Total of some days of a ledger, which no other piece owns.

    Attributes
    ----------
    carrier
        Figure that names it.
    members
        Claims whose figures are in the value.
    value
        Total of its days.
    variance
        Variance of their rounding, in squared units of `value`.
    size
        Number of days owned.
    """

    carrier: Figure
    members: tuple[str, ...]
    value: float
    variance: float
    size: int = 0


class Calendar:
    """Owner of each day among the pieces of a ledger.

    Parameters
    ----------
    first, last
        First and last day, in days since 1970.

    Examples
    --------
    >>> calendar = Calendar(0, 9)
    >>> calendar.size, calendar.begins_by(9)
    (10, False)
    """

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.pieces: list[Piece] = []
        self._owner: Ints = np.full(last - first + 1, FREE, dtype=np.int64)

    @property
    def size(self) -> int:
        """Number of days."""
        return len(self._owner)

    def begins_by(self, day: int) -> bool:
        """Whether a piece owns the day or one before it."""
        return bool((self._owner[: day - self.first + 1] != FREE).any())

    def owners(self, window: Window) -> Ints:
        """Number of the owner of each day of a window; FREE for days without one."""
        return self._owner[window[0] - self.first : window[1] - self.first + 1]

    def place(self, piece: Piece, window: Window, *, over: int = FREE) -> None:
        """Give a piece the days of a window that piece number `over` owns, by default free days."""
        owners = self.owners(window)
        taken = owners == over
        owners[taken] = len(self.pieces)
        piece.size = int(taken.sum())
        if over != FREE:
            self.pieces[over].size -= piece.size
        self.pieces.append(piece)

    def within(self, window: Window) -> tuple[list[int], list[int], int]:
        """Numbers of the pieces inside a window and of those partly inside; count of free days."""
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
        """Claims that name the owners of the first and last owned day of a window."""
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

    def add_before(self, amounts: Iterable[tuple[Window, float]]) -> list[bool]:
        """Add amounts to the pieces that begin before windows, in proportion to their values.

        Where nothing would be left of them, to those that begin before the end of the window.

        Returns
        -------
        list
            Of each, whether something is left; otherwise all stay as they are.
        """
        begins, _ = self.spans()
        values = np.array([piece.value for piece in self.pieces])
        factors = np.ones(len(values))
        added = []
        for (start, end), amount in amounts:
            for day in (start, end + 1):
                earlier = begins < day
                total = float(values[earlier] @ factors[earlier])
                if total > 0 and total + amount > 0:
                    factors[earlier] *= 1 + amount / total
                    added.append(True)
                    break
            else:
                added.append(False)
        for piece, factor in zip(self.pieces, factors.tolist(), strict=True):
            piece.value *= factor
            piece.variance *= factor**2
        return added

    def observations(self) -> list[Observation]:
        """One observation per piece, with its days as closed ranges."""
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
