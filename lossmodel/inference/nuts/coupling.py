"""Changes of variables by shears: some unknowns are moved by a function of others.

With f the function, as far as it is not linear around the mode, unknowns that can undo it at each
of K knots are written as ``theta = theta' - M f / s``: M the inverse of the map from theta to the
knots, s the learned scales. Where the shift does not depend on what it moves, volumes stay what
they are; mode and curvature do not change at the mode.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.parameters import Parameterisation

__all__ = ["Back", "Bend", "Bent", "AdditiveCoupling", "Coupled"]


class Bent(NamedTuple):
    """A function of A arguments at K knots.

    Attributes
    ----------
    value, slopes
        Shape (K,) and (A, K).
    volume, by_volume
        Where it depends on what it moves: log of how that spreads, and its slopes, shape (A, K).
    """

    value: Floats
    slopes: Floats
    volume: float = 0.0
    by_volume: Floats | float = 0.0


Back = Callable[[Floats], Floats]
"""From gradients after a change of variables to those before it."""
Bend = Callable[[Floats], Bent]
"""From arguments of shape (A, K)."""


class AdditiveCoupling:
    """One shift of some unknowns by a function of others.

    Parameters
    ----------
    columns
        The K unknowns that are moved.
    knots
        Their map to the K knots, shape (K, K).
    rows, constant
        Map from the scaled unknowns to the A arguments of the function at each knot, shape
        (A K, D), and what is added to it.
    bend
        The function.
    """

    def __init__(
        self, parameters: Parameterisation, mode: Floats, *, columns: Ints, knots: Floats,
        rows: sparse.csr_array, constant: Floats, bend: Bend,
    ) -> None:  # fmt: skip
        self._layout, self._columns, self._bend = parameters, columns, bend
        self._inverse = np.linalg.inv(knots)
        self._rows, self._back = rows, sparse.csr_array(rows.T)
        self._constant = constant
        self._at = self._arguments(mode * parameters.scales(mode))
        self._still, self._slopes, *_ = bend(self._at)

    def _arguments(self, scaled: Floats) -> Floats:
        found: Floats = self._rows @ scaled + self._constant
        return found.reshape(-1, len(self._columns))

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, float, Back]:
        """Theta after the shift, its log volume, and the map of gradients back to before it.

        Parameters
        ----------
        scale
            Of each unknown, shape (D,), which no shear changes.
        """
        scaled = theta * scale
        arguments = self._arguments(scaled)
        bent = self._bend(arguments)
        slopes = bent.slopes - self._slopes
        beyond = bent.value - self._still - (self._slopes * (arguments - self._at)).sum(axis=0)
        own_scale = scale[self._columns]
        shift = self._inverse @ beyond / own_scale
        moved = theta.copy()
        moved[self._columns] -= shift

        def back(gradient: Floats) -> Floats:
            own = gradient[self._columns]
            by_value = -self._inverse.T @ (own / own_scale)
            by_scaled = self._back @ (slopes * by_value + bent.by_volume).ravel()
            by_log = by_scaled * scaled
            by_log[self._columns] += own * shift
            found = gradient + by_scaled * scale
            found[: len(self._layout.hyper)] += self._layout.by_hyper(by_log)
            return np.asarray(found)

        return moved, bent.volume, back


@dataclass(frozen=True)
class Coupled:
    """A density in the unknowns before its shears."""

    density: Density
    couplings: tuple[AdditiveCoupling, ...]

    def theta(self, before: Floats) -> Floats:
        """The unknowns of the density."""
        scale = self.density.design.parameters.scales(before)
        for shear in self.couplings:
            before = shear.move(before, scale)[0]
        return before

    def __call__(self, before: Floats) -> tuple[float, Floats]:
        """Log density and gradient, both by the unknowns before the shears."""
        scale = self.density.design.parameters.scales(before)
        backs, volume = [], 0.0
        for shear in self.couplings:
            before, spread, back = shear.move(before, scale)
            backs.append(back)
            volume += spread
        value, gradient = self.density(before)
        for back in reversed(backs):
            gradient = back(gradient)
        return value + volume, gradient
