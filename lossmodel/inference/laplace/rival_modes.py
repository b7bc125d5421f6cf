"""Modes of one density beside the most probable one, and what part of the probability each has.

Laplace's approximation around each of K modes has an evidence, the integral over its part of the
unknowns. Their shares are those of a mixture. The parts are told apart by the totals that are
reported: a point belongs to the mode whose logs of totals are the nearest to its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossmodel.inference.laplace.diagnostics import log_totals
from lossmodel.inference.laplace.quantities import Quantity, reported
from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["MATTERS", "Regions", "candidates"]

# Share of the probability from which a mode beside the first is part of the answer: one that has
# less can move a limit of a 95% interval by little.
MATTERS = 0.01
# Ratio of evidences from which a mode is looked at. Where a list or a register bends the density
# Laplace's evidence was too low by a factor of 500,000 against the other mode's.
CANDIDATE = 1e-6
# Distance of two modes in the log of some total below which they are one: a tenth.
APART = 0.1


@dataclass(frozen=True, eq=False)
class Regions:
    """The part of each mode among the unknowns of a density.

    Attributes
    ----------
    density, totals
        The density, and the totals that tell modes apart.
    centres
        Logs of the totals at the modes, shape (K, Q).
    """

    density: Density
    totals: list[Quantity]
    centres: Floats

    @classmethod
    def around(cls, density: Density, modes: Sequence[Floats]) -> "Regions":
        """The parts of some modes, each of shape (D,)."""
        totals = reported(density, modes[0])
        return cls(density, totals, log_totals(density, np.stack(modes), totals))

    def of(self, theta: Floats) -> Ints:
        """Number of the mode of each theta, shape (S,) for theta of shape (S, D)."""
        logs = log_totals(self.density, theta, self.totals)
        apart = np.square(logs[:, None] - self.centres).sum(axis=-1)
        return np.asarray(np.argmin(apart, axis=1))


def candidates(
    density: Density, modes: Sequence[Floats], log_evidence: Sequence[float]
) -> list[int]:
    """Numbers of the modes that may be part of the answer, the most probable one first.

    Parameters
    ----------
    modes, log_evidence
        Of each, shape (D,), and its log evidence. Several may be the same mode.
    """
    ranked = np.argsort(-np.array(log_evidence), kind="stable").tolist()
    centres = Regions.around(density, modes).centres
    found: list[int] = []
    for number in ranked:
        odds = np.exp(log_evidence[number] - log_evidence[ranked[0]])
        apart = np.abs(centres[number] - centres[found]).max(axis=1, initial=0.0)
        if odds > CANDIDATE and (apart > APART).all():
            found.append(number)
    return found
