"""Biases of sides about their own dead, which seldom exaggerate them: see `bias.self.ceiling`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr

from lossmodel.conflict.conflict import Conflict
from lossmodel.evaluation.prior_draws import Sampler

__all__ = ["OWN_DEAD", "OwnDead", "own_sides"]

OWN_DEAD = "bias.self.person"


@dataclass
class OwnDead:
    """Draws of a role's mean and of sides' deviations, of which sums above the ceiling are rare.

    A draw is accepted with the chance that the sum, and those that are yet to come, stay below it.

    Parameters
    ----------
    sampler
        Draws from the priors.
    sides
        Number of sides whose claimants count their own dead.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> own = OwnDead(Sampler(Priors.default(), np.random.default_rng(1)), sides=1)
    >>> own.bias(0.3, "side north") == own.bias(0.3, "side north") < 0.5
    True
    """

    sampler: Sampler
    sides: int
    _drawn: dict[str, float] = field(default_factory=dict)

    def bias(self, sd: float, label: str) -> float:
        """Log bias of a role and a side; the same value for the same label."""
        prior = self.sampler.priors[OWN_DEAD]
        if OWN_DEAD not in self._drawn:
            self._drawn[OWN_DEAD] = self._below(prior.mean, prior.sd, spread=sd, times=self.sides)
        if label not in self._drawn:
            self._drawn[label] = self._below(self._drawn[OWN_DEAD], sd)
        return self._drawn[label]

    def _below(self, mean: float, sd: float, spread: float = 0.0, times: int = 1) -> float:
        quantity, rng = self.sampler.quantity, self.sampler.rng
        soft = np.hypot(quantity("bias.self.ceiling_sd"), spread)
        while True:
            drawn = float(mean + sd * rng.standard_normal())
            if rng.random() < ndtr((quantity("bias.self.ceiling") - drawn) / soft) ** times:
                return drawn


def own_sides(conflict: Conflict, streams: Sequence[tuple[str, str, str]]) -> int:
    """Number of sides with claimants that count their own dead, in other ways than by lists.

    Parameters
    ----------
    streams
        Claimants, parties and categories.

    Examples
    --------
    >>> from lossmodel.conflict import load_conflict
    >>> own_sides(load_conflict("russia-ukraine"), [("ru-mod", "russia", "killed")])
    1
    """
    found = set()
    for claimant, party, category in streams:
        first = conflict.components(party)[0]
        accounting = conflict.stream(claimant, party, category).accounting
        own = conflict.role(claimant, party) == "self" and not conflict.parties[first].civilian
        if own and category != "missing" and accounting in ("ledger", "estimate"):
            found.add((conflict.side_of(claimant), first))
    return len(found)
