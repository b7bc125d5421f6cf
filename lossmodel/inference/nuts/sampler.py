"""No-U-turn sampling in coordinates whitened by the Laplace fit: chains and their warm-up.

The length of the steps is set by dual averaging (Hoffman and Gelman 2014, section 3.2); there is no
mass matrix to learn. nutpie is not used since its step is the leapfrog: in the same coordinates it
needs shorter steps, and draws to learn a mass matrix that the coordinates make superfluous.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from threading import Thread

import numpy as np

from lossmodel.inference.nuts.trajectory import Coordinates, draw_next, first_state
from lossmodel.inference.worker import load, run_all
from lossmodel.model.design.grid import Floats
from lossmodel.system.processes import cores

__all__ = ["FEWEST", "FIRST_STEP", "Sample", "StepLength", "jitter", "sample", "wake"]

# Mean acceptance that the length of a step is set for; Stan's default.
TARGET = 0.8
# Step of the first trajectory, and the longest one: a little less than a quarter turn of the normal
# part, which would exchange position and momentum.
FIRST_STEP, LONGEST_STEP = 0.25, 1.4
# Steps differ by up to a tenth, as trajectories of one length could be periodic (Neal 2011,
# "MCMC using Hamiltonian dynamics", section 5.4.2.2).
JITTER = 0.1
# Draws of a chain that is stopped, for which convergence can be computed.
FEWEST = 10
# Of dual averaging: gamma, t0 and kappa of Hoffman and Gelman (2014, section 3.2).
SHRINKAGE, DELAY, FORGETTING = 0.05, 10.0, 0.75


@dataclass(frozen=True)
class Sample:
    """Draws of one submodel.

    Attributes
    ----------
    theta
        Shape (chains, draws, D).
    last
        Last draw of each chain, in whitened coordinates, shape (chains, D).
    divergences, gradients
        Over all chains; gradients include the warm-up.
    warmup_s, sampling_s
        Wall-clock seconds of all chains: of the warm-up, and after it.
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
        """The same chains with their next draws."""
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
    """Start the processes of the chains in the background.

    Parameters
    ----------
    chains
        Number of chains; there are as many processes, but no more than cores.
    """
    count = min(cores(), chains)
    modules = ("lossmodel.inference.nuts.whitening",)
    Thread(target=run_all, args=(load, [modules] * count, count)).start()


def sample(
    density: Coordinates,
    *,
    draws: int,
    tune: int,
    chains: int,
    seed: int,
    earlier: Sample | None = None,
    jobs: int | None = None,
    until: float = np.inf,
) -> Sample:
    """Draw from the posterior of a submodel, with one process per chain.

    Parameters
    ----------
    density
        Close to standard normal in its coordinates.
    draws
        Of each chain.
    tune
        Draws of the warm-up, which sets the step; they are not kept. Chains that are resumed need
        none.
    chains, seed
        Number of chains, and the seed of all of them.
    earlier
        Chains to resume. Otherwise each starts at a draw from the standard normal.
    jobs
        Chains at a time; by default the number of cores.
    until
        Time, as of ``time.time()``, at which chains stop; all then have as many draws as the
        shortest, ``FEWEST`` at least.

    Returns
    -------
    Sample
        Draws of theta, and the state of the chains.

    Examples
    --------
    >>> class Normal:
    ...     size = 2
    ...     def theta(self, x):
    ...         return x
    ...     def __call__(self, x):
    ...         return -0.5 * float(x @ x), -x
    >>> found = sample(Normal(), draws=200, tune=20, chains=2, seed=1, jobs=1)
    >>> found.theta.shape
    (2, 200, 2)
    >>> bool(abs(found.theta.mean()) < 0.2), bool(abs(found.theta.std() - 1) < 0.1)
    (True, True)
    """
    run = partial(_chain, density, draws=draws, tune=tune, until=until)
    began = time.perf_counter()
    seeds = np.random.SeedSequence(seed).spawn(chains)
    starts: list[tuple[Floats | None, float]] = [(None, FIRST_STEP)] * chains
    if earlier is not None:
        steps = earlier.steps if len(earlier.steps) else np.full(chains, FIRST_STEP)
        starts = list(zip(earlier.last, steps.tolist(), strict=True))
    runs = [
        partial(run, seed=own, start=start, step=step)
        for own, (start, step) in zip(seeds, starts, strict=True)
    ]
    found = run_all(_called, runs, min(jobs or cores(), chains))
    spent = time.perf_counter() - began
    warm, kept = sum(chain.warmup_s for chain in found), sum(chain.sampling_s for chain in found)
    shortest = min(len(chain.theta) for chain in found)
    return Sample(
        theta=np.stack([chain.theta[:shortest] for chain in found]),
        last=np.stack([chain.last for chain in found]),
        divergences=sum(chain.divergences for chain in found),
        gradients=sum(chain.gradients for chain in found),
        warmup_s=spent * warm / (warm + kept),
        sampling_s=spent * kept / (warm + kept),
        steps=np.array([chain.step for chain in found]),
    )


def _called(chain: partial[_Chain]) -> _Chain:
    return chain()


def _chain(
    density: Coordinates,
    *,
    draws: int,
    tune: int,
    seed: np.random.SeedSequence,
    start: Floats | None,
    step: float,
    until: float,
) -> _Chain:
    from threadpoolctl import threadpool_limits

    began = time.perf_counter()
    rng = np.random.default_rng(seed)
    # The cores are for the chains.
    with threadpool_limits(1):
        state = first_state(density, rng, start)
        length, gradients, divergences = StepLength(step), 0, 0
        for _ in range(tune):
            if time.time() > until:
                break
            drawn = draw_next(density, state, length.tried * jitter(rng), rng)
            state, gradients = drawn.state, gradients + drawn.gradients
            length.learn(drawn.acceptance)
        warm = time.perf_counter()
        theta = np.empty((draws, density.size))
        for i in range(draws):
            if i >= FEWEST and time.time() > until:
                theta = theta[:i]
                break
            drawn = draw_next(density, state, length.settled * jitter(rng), rng)
            state, gradients = drawn.state, gradients + drawn.gradients
            divergences += drawn.diverged
            theta[i] = density.theta(state.x)
    ended = time.perf_counter()
    return _Chain(
        theta, state.x, divergences, gradients, warm - began, ended - warm, length.settled
    )


class StepLength:
    """The length of a step by dual averaging."""

    def __init__(self, step: float) -> None:
        self.tried = self.settled = step
        self._towards, self._count, self._gap, self._mean = np.log(2 * step), 0, 0.0, 0.0

    def learn(self, acceptance: float) -> None:
        """Update by the mean acceptance of a trajectory with the step that was tried."""
        self._count += 1
        n = self._count
        self._gap += (TARGET - acceptance - self._gap) / (n + DELAY)
        log = min(self._towards - np.sqrt(n) / SHRINKAGE * self._gap, np.log(LONGEST_STEP))
        self._mean += n**-FORGETTING * (log - self._mean)
        self.tried, self.settled = float(np.exp(log)), float(np.exp(self._mean))


def jitter(rng: np.random.Generator) -> float:
    """A random factor on the length of a step."""
    return 1 + JITTER * rng.uniform(-1, 1)
