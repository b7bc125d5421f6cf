"""No-U-turn sampling in coordinates whitened by the Laplace fit.

The log density of the coordinates is ``-|x|^2 / 2 - V(x)`` with a small V. A step of length e is

    p -= e/2 grad V(x);    (x, p) turns by the angle e;    p -= e/2 grad V(x)

which solves the normal part exactly, so that V alone limits its length (Shahbaba, Lan, Johnson and
Neal 2014, "Split Hamiltonian Monte Carlo"). It keeps volume and can be turned round like the
leapfrog. Trajectories are drawn from by multinomial weights, biased towards the new half, and end
with the generalised U-turn (Betancourt 2017, "A conceptual introduction to Hamiltonian Monte
Carlo", appendix A), whose sums are taken over halves, too, as in Stan. The length of the steps is
set by dual averaging (Hoffman and Gelman 2014, section 3.2); there is no mass matrix to learn.
Where a step would lose much energy it is made in 2, 4, ... parts, which is reversible as long as
the way back asks for as many (Bou-Rabee, Carpenter, Kleppe and Liu 2025, "The within-orbit adaptive
leapfrog no-U-turn sampler"): narrow corners then need not set the step for all the rest.

This is not nutpie's sampler since nutpie's step is the leapfrog: in the same coordinates it needs
shorter steps, and draws to learn a mass matrix that the coordinates make superfluous.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Protocol

import numpy as np

from lossmodel.inference.worker import load
from lossmodel.model.design.grid import Floats

__all__ = ["Coordinates", "Sample", "sample", "wake"]

TARGET = 0.8
"""Mean acceptance that the length of a step is set for."""
FIRST_STEP, LONGEST_STEP = 0.25, 1.4
JITTER = 0.1
DEPTH = 9
TOLERANCE, HALVINGS = 5.0, 6
"""Energy that a step may lose, and how often it is halved before it counts as divergent."""
# Of dual averaging, as in Hoffman and Gelman (2014).
SHRINKAGE, DELAY, FORGETTING = 0.05, 10.0, 0.75


class Coordinates(Protocol):
    """A log density of coordinates that are close to standard normal, and what they stand for."""

    @property
    def size(self) -> int:
        """How many there are."""

    def theta(self, x: Floats) -> Floats:
        """The unknowns of the block."""

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        """Log density and gradient."""


@dataclass(frozen=True)
class Sample:
    """Draws of one block.

    Attributes
    ----------
    theta
        Shape (chains, draws, D).
    last
        Shape (chains, D): where each chain stands, in whitened coordinates.
    divergences, gradients
        Over all chains; gradients include the warm-up.
    warmup_s, sampling_s
        Seconds by the clock, with all chains done: for the warm-up, and after it.
    steps
        Length of the steps of each chain, shape (chains,).
    """

    theta: Floats
    last: Floats
    divergences: int
    gradients: int
    warmup_s: float = 0.0
    sampling_s: float = 0.0
    steps: Floats = field(default_factory=lambda: np.zeros(0))

    def then(self, more: Sample) -> Sample:
        """The same chains with what they drew next."""
        return Sample(
            np.concatenate([self.theta, more.theta], axis=1),
            more.last,
            self.divergences + more.divergences,
            self.gradients + more.gradients,
            self.warmup_s + more.warmup_s,
            self.sampling_s + more.sampling_s,
            more.steps,
        )


@dataclass(frozen=True)
class _Chain:
    theta: Floats
    last: Floats
    divergences: int
    gradients: int
    warmup_s: float
    sampling_s: float
    step: float


def wake(chains: int) -> None:
    """Start the processes of the chains, while this one still has other things to do."""
    from joblib import Parallel, cpu_count, delayed

    count = min(cpu_count(), chains)
    modules = ("lossmodel.inference.nuts.whitening",)
    Thread(target=Parallel(n_jobs=count), args=([delayed(load)(modules)] * count,)).start()


def sample(
    density: Coordinates,
    *,
    draws: int,
    tune: int,
    chains: int,
    seed: int,
    earlier: Sample | None = None,
    jobs: int | None = None,
) -> Sample:
    """Draw from the posterior of a block, a process a chain.

    Parameters
    ----------
    tune
        Draws of the warm-up, which sets the step; they are not kept. None are needed to go on.
    earlier
        Chains to go on with. Without them each starts at a draw of the normal approximation.
    jobs
        How many chains at a time; as many as there are cores where not given.
    """
    from joblib import Parallel, cpu_count, delayed

    run = partial(_chain, density, draws=draws, tune=tune)
    began = time.perf_counter()
    seeds = np.random.SeedSequence(seed).spawn(chains)
    starts: list[tuple[Floats | None, float]] = [(None, FIRST_STEP)] * chains
    if earlier is not None:
        steps = earlier.steps if len(earlier.steps) else np.full(chains, FIRST_STEP)
        starts = list(zip(earlier.last, steps.tolist(), strict=True))
    found = Parallel(n_jobs=min(jobs or cpu_count(), chains))(
        delayed(run)(seed=own, start=start, step=step)
        for own, (start, step) in zip(seeds, starts, strict=True)
    )
    spent = time.perf_counter() - began
    warm, kept = sum(chain.warmup_s for chain in found), sum(chain.sampling_s for chain in found)
    return Sample(
        theta=np.stack([chain.theta for chain in found]),
        last=np.stack([chain.last for chain in found]),
        divergences=sum(chain.divergences for chain in found),
        gradients=sum(chain.gradients for chain in found),
        warmup_s=spent * warm / (warm + kept),
        sampling_s=spent * kept / (warm + kept),
        steps=np.array([chain.step for chain in found]),
    )


def _chain(
    density: Coordinates,
    *,
    draws: int,
    tune: int,
    seed: np.random.SeedSequence,
    start: Floats | None,
    step: float,
) -> _Chain:
    from threadpoolctl import threadpool_limits

    began = time.perf_counter()
    rng = np.random.default_rng(seed)
    # The cores are for the chains.
    with threadpool_limits(1):
        state = _start(density, rng, start)
        length, gradients, divergences = _Length(step), 0, 0
        for _ in range(tune):
            drawn = _draw(density, state, length.tried * _jitter(rng), rng)
            state, gradients = drawn.state, gradients + drawn.gradients
            length.learn(drawn.acceptance)
        warm = time.perf_counter()
        theta = np.empty((draws, density.size))
        for i in range(draws):
            drawn = _draw(density, state, length.settled * _jitter(rng), rng)
            state, gradients = drawn.state, gradients + drawn.gradients
            divergences += drawn.diverged
            theta[i] = density.theta(state.x)
    ended = time.perf_counter()
    return _Chain(
        theta, state.x, divergences, gradients, warm - began, ended - warm, length.settled
    )


class _Length:
    """The length of a step by dual averaging."""

    def __init__(self, step: float) -> None:
        self.tried = self.settled = step
        self._towards, self._count, self._gap, self._mean = np.log(2 * step), 0, 0.0, 0.0

    def learn(self, acceptance: float) -> None:
        """What a trajectory of the length that was tried was accepted with."""
        self._count += 1
        n = self._count
        self._gap += (TARGET - acceptance - self._gap) / (n + DELAY)
        log = min(self._towards - np.sqrt(n) / SHRINKAGE * self._gap, np.log(LONGEST_STEP))
        self._mean += n**-FORGETTING * (log - self._mean)
        self.tried, self.settled = float(np.exp(log)), float(np.exp(self._mean))


def _jitter(rng: np.random.Generator) -> float:
    """Steps of one length could come back to where they were."""
    return 1 + JITTER * rng.uniform(-1, 1)


@dataclass(frozen=True, slots=True)
class _State:
    """A point of a trajectory."""

    x: Floats
    p: Floats
    value: float
    slope: Floats

    def energy(self) -> float:
        """Minus the energy: its log weight."""
        return self.value - 0.5 * float(self.p @ self.p)


@dataclass(frozen=True, slots=True)
class _Tree:
    """Part of a trajectory.

    Attributes
    ----------
    first, last
        Its ends, in the order of time.
    pick
        The state that is drawn from it.
    weight
        Log of the sum of the states' weights, relative to that of the start.
    momentum
        Sum over its states.
    whole
        Whether it neither turned nor diverged.
    acceptance, steps
        Sum of the acceptance probabilities of its new states, and how many they are.
    """

    first: _State
    last: _State
    pick: _State
    weight: float
    momentum: Floats
    whole: bool = True
    diverged: bool = False
    acceptance: float = 0.0
    steps: int = 0
    gradients: int = 0


@dataclass(frozen=True, slots=True)
class _Move:
    """A step: where it ends, and whether it is part of a trajectory."""

    state: _State
    gradients: int
    whole: bool = True
    diverged: bool = False


@dataclass(frozen=True, slots=True)
class _Draw:
    state: _State
    acceptance: float
    gradients: int
    diverged: bool


def _start(density: Coordinates, rng: np.random.Generator, x: Floats | None) -> _State:
    x = rng.standard_normal(density.size) if x is None else x
    value, slope = density(x)
    while not np.isfinite(value):
        x = x / 2
        value, slope = density(x)
    return _State(x, np.zeros_like(x), value, slope)


def _step(density: Coordinates, state: _State, step: float) -> _State:
    """One step, back in time where it is negative."""
    cos, sin = np.cos(step), np.sin(step)
    p = state.p + 0.5 * step * (state.slope + state.x)
    x = cos * state.x + sin * p
    p = cos * p - sin * state.x
    value, slope = density(x)
    return _State(x, p + 0.5 * step * (slope + x), value, slope)


def _move(density: Coordinates, state: _State, step: float) -> _Move:
    """A step in as few parts as keep the energy.

    Where a single step would lose it, twice as many parts are tried, and twice as many again. A
    trajectory ends where fewer parts would have done on the way back.
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
    density: Coordinates, state: _State, step: float, halvings: int
) -> tuple[_State, bool, int]:
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


def _draw(density: Coordinates, state: _State, step: float, rng: np.random.Generator) -> _Draw:
    """The next state of a chain: trajectories are doubled until one turns back."""
    start = _State(state.x, rng.standard_normal(len(state.x)), state.value, state.slope)
    grow = partial(_grow, partial(_move, density), energy=start.energy(), rng=rng)
    tree = _Tree(start, start, start, 0.0, start.p)
    for depth in range(DEPTH):
        forward = bool(rng.random() < 0.5)
        more = grow(tree.last if forward else tree.first, step if forward else -step, depth)
        tree = _joined(tree, more, forward, rng, biased=True)
        if not tree.whole:
            break
    return _Draw(tree.pick, tree.acceptance / tree.steps, tree.gradients, tree.diverged)


def _grow(
    move: Callable[[_State, float], _Move],
    start: _State,
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
    """A part and what comes after it, or before it; of what is not whole nothing is drawn."""
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


def _turned(momentum: Floats, first: _State, last: _State) -> bool:
    return bool(momentum @ first.p <= 0 or momentum @ last.p <= 0)
