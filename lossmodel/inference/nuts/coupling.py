"""Additive couplings: changes of variables that shift some unknowns by a function of others.

They are the additive coupling layers of Dinh, Krueger and Bengio (2015, "NICE"). With f the
nonlinear part of the function around the mode, unknowns that can undo it at each of K knots are
written as ``theta = theta' - M f / s``: M is the inverse of the map from theta to the knots, s the
learned scales. Where the shift does not depend on the unknowns that it moves, the volume is one;
mode and curvature at the mode do not change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from scipy import sparse

from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.parameters import Parameterisation

__all__ = ["AdditiveCoupling", "Back", "Coupled", "Coupling", "Function", "Values"]


class Values(NamedTuple):
    """Values of a function of A arguments at K knots.

    Attributes
    ----------
    value, slopes
        Shape (..., K) and (A, ..., K).
    volume, by_volume
        Where it depends on the unknowns that it moves: log determinant, shape (...,), and its
        slopes, shape (A, ..., K).
    """

    value: Floats
    slopes: Floats
    volume: Floats | float = 0.0
    by_volume: Floats | float = 0.0


Back = Callable[[Floats], Floats]
"""From gradients after a change of variables to those before it."""
Function = Callable[[Floats], Values]
"""From arguments of shape (A, ..., K)."""


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
    function
        Gives the shift; only its nonlinear part is used.
    """

    def __init__(
        self, parameters: Parameterisation, mode: Floats, *, columns: Ints, knots: Floats,
        rows: sparse.csr_array, constant: Floats, function: Function,
    ) -> None:  # fmt: skip
        self._parameters, self._columns, self._function = parameters, columns, function
        self._inverse = np.linalg.inv(knots)
        self._rows, self._back = rows, sparse.csr_array(rows.T)
        self._constant = constant
        self._at = self._arguments(mode * parameters.scales(mode))
        self._at_mode, self._slopes, *_ = function(self._at)

    def _arguments(self, scaled: Floats) -> Floats:
        """The arguments, shape (A, ..., K), from scaled unknowns of shape (..., D)."""
        points = scaled.reshape(-1, scaled.shape[-1])
        found: Floats = (self._rows @ points.T).T + self._constant
        apart = found.reshape(len(points), -1, len(self._columns)).swapaxes(0, 1)
        return apart.reshape(len(apart), *scaled.shape[:-1], -1)

    def _by_scaled(self, by_argument: Floats) -> Floats:
        """The gradient by scaled unknowns, (..., D), from that by arguments, (A, ..., K)."""
        count, *batch, knots = by_argument.shape
        points = by_argument.reshape(count, -1, knots).swapaxes(0, 1)
        found = (self._back @ points.reshape(len(points), -1).T).T
        return np.asarray(found.reshape(*batch, found.shape[-1]))

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats | float, Back]:
        """Theta after the shift, its log volume, and the map of gradients back to before it.

        Parameters
        ----------
        theta
            Shape (..., D).
        scale
            Of each unknown, shape (..., D), which no coupling changes.
        """
        scaled = theta * scale
        arguments = self._arguments(scaled)
        found = self._function(arguments)
        each = (len(arguments), *[1] * (theta.ndim - 1), len(self._columns))
        at, at_slopes = self._at.reshape(each), self._slopes.reshape(each)
        slopes = found.slopes - at_slopes
        nonlinear = found.value - self._at_mode - (at_slopes * (arguments - at)).sum(axis=0)
        own_scale = scale[..., self._columns]
        shift = nonlinear @ self._inverse.T / own_scale
        moved = theta.copy()
        moved[..., self._columns] -= shift

        def back(gradient: Floats) -> Floats:
            own = gradient[..., self._columns]
            by_value = -(own / own_scale) @ self._inverse
            by_scaled = self._by_scaled(slopes * by_value + found.by_volume)
            by_log = by_scaled * scaled
            by_log[..., self._columns] += own * shift
            before = gradient + by_scaled * scale
            before[..., : len(self._parameters.hyper)] += self._parameters.by_hyper(by_log)
            return np.asarray(before)

        return moved, found.volume, back


class Coupling(Protocol):
    """A change of variables that shifts some unknowns by a function of others."""

    def move(self, theta: Floats, scale: Floats) -> tuple[Floats, Floats | float, Back]:
        """As ``AdditiveCoupling.move``."""


@dataclass(frozen=True)
class Coupled:
    """A density as one of the unknowns before its couplings."""

    density: Density
    couplings: tuple[Coupling, ...]

    def theta(self, before: Floats) -> Floats:
        """The unknowns of the density."""
        scale = self.density.design.parameters.scales(before)
        for coupling in self.couplings:
            before = coupling.move(before, scale)[0]
        return before

    def __call__(self, before: Floats) -> tuple[Floats, Floats]:
        """Log densities, with the log determinant of the couplings, and their gradients.

        The unknowns have the shape (..., D).
        """
        scale = self.density.design.parameters.scales(before)
        backs, volume = [], np.zeros(before.shape[:-1])
        for coupling in self.couplings:
            before, spread, back = coupling.move(before, scale)
            backs.append(back)
            volume = volume + spread
        value, gradient = self.density.gradients(before)
        for back in reversed(backs):
            gradient = back(gradient)
        return value + volume, gradient
