"""The axis that the bars of the headline totals share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lossmodel.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Axis"]

# A bar that begins below this share of a linear axis could not be told from its start, so the axis
# is logarithmic. Chosen by eye on a phone.
SEEN: Final = 0.03
STEPS: Final = (1, 2, 5)
MOST: Final = 4  # labels for which a phone has room


@dataclass(frozen=True)
class Axis:
    """An axis from one number to another, linear from zero or logarithmic.

    Examples
    --------
    >>> axis = Axis.over([400_000, 690_000, 1_860_000])
    >>> axis.ticks()
    [('0', 0.0), ('500,000', 0.25), ('1,000,000', 0.5), ('1,500,000', 0.75), ('2,000,000', 1.0)]
    >>> axis.place(1_000_000)
    0.5
    >>> [label for label, _ in Axis.over([100, 3600]).ticks()]
    ['100', '500', '1,000', '5,000']
    """

    low: float
    high: float
    log: bool

    @classmethod
    def over(cls, values: Iterable[float]) -> Axis:
        """The axis on which all values can be seen."""
        known = [value for value in values if math.isfinite(value) and value > 0] or [1.0]
        least, most = min(known), max(known)
        log = least < SEEN * most
        return cls(10 ** math.floor(math.log10(least)) if log else 0.0, _above(most, log), log)

    @property
    def words(self) -> str:
        """What a reader has to know of the axis."""
        return " on a logarithmic axis" if self.log else ""

    def place(self, value: float) -> float:
        """Place of a value, from 0 to 1."""
        if self.log:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = value / self.high
        return round(min(max(share, 0.0), 1.0), 4)

    def ticks(self) -> list[tuple[str, float]]:
        """Labels at round numbers, with their places."""
        if not self.log:
            step = _step(self.high)
            values = [i * step for i in range(round(self.high / step) + 1)]
        else:
            values = self._powers()
        return [(number(value, value, value), self.place(value)) for value in values]

    def _powers(self) -> list[float]:
        """Powers of ten, with as many round numbers between as there is room for."""
        powers = range(round(math.log10(self.low)), math.floor(math.log10(self.high) + 1e-9) + 1)
        for factors in (STEPS, (1, 5), (1,)):
            values = [factor * 10.0**power for power in powers for factor in factors]
            values = [value for value in values if value <= self.high * (1 + 1e-9)]
            if len(values) <= MOST + 1:
                return values
        return values[:: -(-len(values) // (MOST + 1))]


def _step(most: float) -> float:
    """The least round step of which `MOST` reach a number."""
    power = 10.0 ** math.floor(math.log10(most / MOST))
    return next(m * power for m in (*STEPS, 10) if m * power * MOST >= most * (1 - 1e-9))


def _above(most: float, log: bool) -> float:
    """A round number that is not below the largest value."""
    if log:
        power = 10.0 ** math.floor(math.log10(most))
        return next(m * power for m in (*STEPS, 10) if m * power >= most)
    step = _step(most)
    return math.ceil(most / step - 1e-9) * step
