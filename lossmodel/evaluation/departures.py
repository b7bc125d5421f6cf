"""Departures of all streams of a simulated war from the model's assumptions, by size.

Those of `misspecification` happen once in a war, in the stream where they matter most. These happen
in every stream at once, as they do in wars of another make:

jump        the log bias of each stream changes once, up or down
ramp        it grows or falls steadily from the first to the last figure
centre      the mean bias of each role is another than history's, higher or lower
tail_df     deviations of sides, claimants and categories have heavy tails
coverage    lists reach a share of the dead that is uniform between two limits
relayed     third parties repeat another claimant's total without saying so
compared    cases that are compared differ from all cases, and always in the same direction
duplicated  lists hold names several times

Signs and days are drawn by a generator of their own. Tails and coverage are maps of the normals
that the sound war has, so that a war equals its sound twin but for its departures.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from scipy.special import logit, ndtr, ndtri, stdtrit

from lossmodel.evaluation.prior_draws import Floats
from lossmodel.model.prior import Prior

__all__ = ["DepartureDraws", "Departures", "together"]

# A jump happens in the middle third of a stream's dates, where it has figures on both sides.
MIDDLE = (1 / 3, 2 / 3)
QUARTILE = 0.75


@dataclass(frozen=True)
class Departures:
    """Sizes of the departures of one war; those of the defaults are none.

    Attributes
    ----------
    jump, ramp, centre
        Factors, at least 1; the sign of the log is drawn for each stream, and for each role.
    tail_df
        Degrees of freedom of a Student-t with the quartiles of the normal.
    coverage
        Limits of the share of the dead that a list reaches; None for the prior's.
    relayed
        Share of the totals of third parties that repeat another claimant's.
    compared
        Factor on what ratios, overlaps, fates and declarations state beside their own errors: on
        the stated lethality, on the odds of being listed of the dead who are compared (lists that
        depend on each other), on the odds of death of resolved cases, on the declarations (cases
        that are counted several times).
    duplicated
        Entries of a list for each of the dead in it.

    Examples
    --------
    >>> Departures().none, Departures(jump=1.5).none
    (True, False)
    """

    jump: float = 1.0
    ramp: float = 1.0
    centre: float = 1.0
    tail_df: float = float("inf")
    coverage: tuple[float, float] | None = None
    relayed: float = 0.0
    compared: float = 1.0
    duplicated: float = 1.0

    @property
    def none(self) -> bool:
        """Whether the war is as the model assumes."""
        return self == Departures()


def together(*several: Departures) -> Departures:
    """All departures of several arms in one war; of a size in two of them the last.

    Examples
    --------
    >>> together(Departures(jump=1.5), Departures(relayed=0.5)) == Departures(1.5, relayed=0.5)
    True
    """
    found = {
        each.name: getattr(departures, each.name)
        for departures in several
        for each in fields(Departures)
        if getattr(departures, each.name) != each.default
    }
    return Departures(**found)


@dataclass
class DepartureDraws:
    """The departures of one war, with what is drawn of them.

    Attributes
    ----------
    sizes
        How large they are.
    rng
        Draws signs and days.

    Examples
    --------
    >>> draws = DepartureDraws(Departures(ramp=2.0), np.random.default_rng(1))
    >>> path = draws.path(np.arange(101.0), 0.0, 100.0)
    >>> float(path[0]), round(abs(float(path[-1])), 3), draws.deviation(1.5, 1.0)
    (0.0, 0.693, 1.5)
    """

    sizes: Departures = Departures()
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    _centres: dict[str, float] = field(default_factory=dict)

    def path(self, at: Floats, first: float, last: float) -> Floats:
        """What is added to a stream's log bias on each day, shape (days,).

        Parameters
        ----------
        first, last
            Days of its first and last knowledge; a stream with one day does not change.
        """
        added = np.zeros(len(at))
        if last <= first:
            return added
        if self.sizes.jump != 1:
            day = first + (last - first) * self.rng.uniform(*MIDDLE)
            added += self._sign() * np.log(self.sizes.jump) * (at >= day)
        if self.sizes.ramp != 1:
            way = np.clip((at - first) / (last - first), 0.0, 1.0)
            added += self._sign() * np.log(self.sizes.ramp) * way
        return added

    def centre(self, role: str) -> float:
        """What is added to the mean log bias of a role; the same value for the same role."""
        if role not in self._centres:
            size = np.log(self.sizes.centre)
            self._centres[role] = self._sign() * float(size) if size else 0.0
        return self._centres[role]

    def deviation(self, drawn: float, sd: float) -> float:
        """A normal deviation, or the Student-t one of the same quantile level.

        Its quartiles are those of the normal, so that the bulk stays and the tails grow.
        """
        df = self.sizes.tail_df
        if np.isinf(df) or not sd:
            return drawn
        scale = ndtri(QUARTILE) / stdtrit(df, QUARTILE)
        return float(sd * scale * stdtrit(df, ndtr(drawn / sd)))

    def coverage_level(self, level: float, prior: Prior) -> float:
        """Logit of a list's coverage: the one drawn, or the uniform one of its quantile level."""
        if self.sizes.coverage is None:
            return level
        low, high = self.sizes.coverage
        return float(logit(low + (high - low) * ndtr((level - prior.mean) / prior.sd)))

    def _sign(self) -> float:
        return float(self.rng.choice([-1.0, 1.0]))
