"""Trajectories of the no-U-turn sampler in coordinates that are close to standard normal.

The log density of the coordinates is ``-|x|^2 / 2 - V(x)`` with a small V. A step of length e is

    p -= e/2 grad V(x);    (x, p) turns by the angle e;    p -= e/2 grad V(x)

which solves the normal part exactly, so that V alone limits its length (Shahbaba, Lan, Johnson and
Neal 2014, "Split Hamiltonian Monte Carlo"). It keeps volume and is reversible like the leapfrog.
Trajectories are drawn from by multinomial weights, biased towards the new half, and end with the
generalised U-turn (Betancourt 2017, "A conceptual introduction to Hamiltonian Monte Carlo",
appendix A), whose sums are also taken over halves, as in Stan. Where a step would lose much energy
it is made in 2, 4, ... parts, which is reversible as long as the step back needs as many
(Bou-Rabee, Carpenter, Kleppe and Liu 2025, "The within-orbit adaptive leapfrog no-U-turn sampler"):
narrow regions then need not set the step for all others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from lossmodel.model.design.grid import Floats

__all__ = ["Coordinates", "Drawn", "State", "draw_next", "first_state"]

# Trajectories have up to 2^DEPTH steps; with steps of 0.25 that is 20 turns of the normal part.
DEPTH = 9
# Energy that a step may lose: a single step of larger loss is accepted in 1 of 150 cases.
TOLERANCE = 5.0
# A step is halved so often before it counts as divergent: to 1/64 of its length.
HALVINGS = 6


class Coordinates(Protocol):
    """A log density of coordinates that are close to standard normal, and their map to theta."""

    @property
    def size(self) -> int:
        """Length D of x and of theta."""

    def theta(self, x: Floats) -> Floats:
        """The unknowns of the submodel, for x of shape (D,)."""

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        """Log density and gradient at x of shape (D,)."""


@dataclass(frozen=True, slots=True)
class State:
    """Position, momentum, log density and gradient at a point of a trajectory."""

    x: Floats
    p: Floats
    value: float
    slope: Floats

    def energy(self) -> float:
        """Minus the energy, which is its log weight."""
        return self.value - 0.5 * float(self.p @ self.p)


@dataclass(frozen=True, slots=True)
class _Tree:
    """Part of a trajectory.

    Attributes
    ----------
    first, last
        Its ends, in the order of time.
    pick
        The state drawn from it.
    weight
        Log of the sum of the states' weights, relative to that of the start.
    momentum
        Sum over its states.
    whole
        Whether it neither turned nor diverged.
    acceptance, steps
        Sum of the acceptance probabilities of its new states, and how many they are.
    """

    first: State
    last: State
    pick: State
    weight: float
    momentum: Floats
    whole: bool = True
    diverged: bool = False
    acceptance: float = 0.0
    steps: int = 0
    gradients: int = 0


@dataclass(frozen=True, slots=True)
class _Move:
    """The end of a step, and whether the trajectory may go on from there."""

    state: State
    gradients: int
    whole: bool = True
    diverged: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """The next state of a chain, with the mean acceptance of its trajectory."""

    state: State
    acceptance: float
    gradients: int
    diverged: bool


def first_state(density: Coordinates, rng: np.random.Generator, x: Floats | None) -> State:
    """A state at x, or at a standard normal draw, nearer to the mode if the density is 0 there."""
    x = rng.standard_normal(density.size) if x is None else x
    value, slope = density(x)
    while not np.isfinite(value):
        x = x / 2
        value, slope = density(x)
    return State(x, np.zeros_like(x), value, slope)


def _step(density: Coordinates, state: State, step: float) -> State:
    """One step, back in time where it is negative."""
    cos, sin = np.cos(step), np.sin(step)
    p = state.p + 0.5 * step * (state.slope + state.x)
    x = cos * state.x + sin * p
    p = cos * p - sin * state.x
    value, slope = density(x)
    return State(x, p + 0.5 * step * (slope + x), value, slope)


def _move(density: Coordinates, state: State, step: float) -> _Move:
    """A step in as few parts as keep the energy.

    Where a step would lose too much, 2, 4, ... parts are tried. A trajectory ends where fewer parts
    would do on the way back, which would not be reversible.
    """
    gradients = 0
    for halvings in range(HALVINGS + 1):
        end, kept, spent = _in_parts(density, state, step, halvings)
        gradients += spent
        if not kept:
            continue
        for fewer in range(halvings):
            _, kept, spent = _in_parts(density, end, -step, fewer)
            gradients += spent
            if kept:
                return _Move(end, gradients, whole=False)
        return _Move(end, gradients)
    return _Move(end, gradients, whole=False, diverged=True)


def _in_parts(
    density: Coordinates, state: State, step: float, halvings: int
) -> tuple[State, bool, int]:
    """The end of a step in 2^halvings parts, whether it kept its energy, and the gradients."""
    parts = 2**halvings
    low = high = state.energy()
    for part in range(1, parts + 1):
        state = _step(density, state, step / parts)
        energy = state.energy()
        low, high = min(low, energy), max(high, energy)
        if not high - low <= TOLERANCE:
            return state, False, part
    return state, True, parts


def draw_next(density: Coordinates, state: State, step: float, rng: np.random.Generator) -> Drawn:
    """The next state of a chain: trajectories are doubled until one turns back."""
    start = State(state.x, rng.standard_normal(len(state.x)), state.value, state.slope)
    grow = partial(_grow, partial(_move, density), energy=start.energy(), rng=rng)
    tree = _Tree(start, start, start, 0.0, start.p)
    for depth in range(DEPTH):
        forward = bool(rng.random() < 0.5)
        more = grow(tree.last if forward else tree.first, step if forward else -step, depth)
        tree = _joined(tree, more, forward, rng, biased=True)
        if not tree.whole:
            break
    return Drawn(tree.pick, tree.acceptance / tree.steps, tree.gradients, tree.diverged)


def _grow(
    move: Callable[[State, float], _Move],
    start: State,
    step: float,
    depth: int,
    *,
    energy: float,
    rng: np.random.Generator,
) -> _Tree:
    """The 2^depth states that come next; fewer where it turns or diverges on the way."""
    if depth == 0:
        moved = move(start, step)
        state = moved.state
        weight = state.energy() - energy
        weight = float(weight) if np.isfinite(weight) else -np.inf
        share = float(np.exp(min(weight, 0.0)))
        return _Tree(
            state, state, state, weight, state.p, moved.whole, moved.diverged, share, 1,
            moved.gradients,
        )  # fmt: skip
    tree = _grow(move, start, step, depth - 1, energy=energy, rng=rng)
    if not tree.whole:
        return tree
    forward = step > 0
    end = tree.last if forward else tree.first
    more = _grow(move, end, step, depth - 1, energy=energy, rng=rng)
    return _joined(tree, more, forward, rng, biased=False)


def _joined(
    tree: _Tree, more: _Tree, forward: bool, rng: np.random.Generator, *, biased: bool
) -> _Tree:
    """A part with the one after or before it; nothing is drawn from a part that is not whole."""
    weight = float(np.logaddexp(tree.weight, more.weight))
    odds = more.weight - (tree.weight if biased else weight)
    pick = more.pick if more.whole and np.log(rng.random()) < odds else tree.pick
    early, late = (tree, more) if forward else (more, tree)
    momentum = tree.momentum + more.momentum
    whole = more.whole and not (
        _turned(momentum, early.first, late.last)
        or _turned(early.momentum + late.first.p, early.first, late.first)
        or _turned(late.momentum + early.last.p, early.last, late.last)
    )
    return _Tree(
        early.first, late.last, pick, weight, momentum, whole, tree.diverged or more.diverged,
        tree.acceptance + more.acceptance, tree.steps + more.steps,
        tree.gradients + more.gradients,
    )  # fmt: skip


def _turned(momentum: Floats, first: State, last: State) -> bool:
    return bool(momentum @ first.p <= 0 or momentum @ last.p <= 0)
