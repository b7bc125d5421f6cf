"""Hamiltonian Monte Carlo with many chains in lockstep, in coordinates whitened by the Laplace fit.

All chains make their steps at the same time, so that one evaluation of the density serves them all:
with 16 points at once a gradient of a small submodel costs a tenth of a single one. Trees of the
no-U-turn sampler, which differ in size, cannot be drawn so. Trajectories instead turn by a random
angle, of the normal part of the density, which is the same for all chains and independent of where
they are (Hoffman, Radul and Sountsov 2021, "An adaptive-MCMC scheme for setting trajectory lengths
in Hamiltonian Monte Carlo"); the steps are those of ``nuts/trajectory``. Their end is accepted with
the probability of Metropolis, so that draws are those of the exact density.
"""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from lossmodel.inference.nuts.sampler import FEWEST, FIRST_STEP, Sample, StepLength, jitter
from lossmodel.model.design.grid import Floats

__all__ = ["Coordinates", "sample"]

# Angle of a trajectory and its largest relative change. After a quarter turn, 1.57, the next draw
# of a normal is independent of the last one; longer ones give averages a higher precision, and
# tails a lower one. On drones and vehicles of the shipped war the gate took about as many gradients
# with 1.57, and with 2.2 a third fewer effective draws were left for the tails.
ANGLE, ANGLES = 1.9, 0.5
# Loss of energy of a trajectory that diverges, as in Stan.
DIVERGENT = 1000.0


class Coordinates(Protocol):
    """A log density of coordinates that are close to standard normal, and their map to theta."""

    @property
    def size(self) -> int:
        """Length D of x and of theta."""

    def theta(self, x: Floats) -> Floats:
        """The unknowns of the submodel, shape (S, D), for x of shape (S, D)."""

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """Log densities, shape (S,), and gradients, shape (S, D), at x of shape (S, D)."""


def sample(
    density: Coordinates,
    *,
    draws: int,
    tune: int,
    chains: int,
    seed: int,
    earlier: Sample | None = None,
    until: float = np.inf,
) -> Sample:
    """Draw from the posterior of a submodel.

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
    until
        Time, as of ``time.time()``, at which the chains stop, with ``nuts.sampler.FEWEST`` draws
        at least.

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
    ...         return -0.5 * (x**2).sum(axis=-1), -x
    >>> found = sample(Normal(), draws=100, tune=20, chains=8, seed=1)
    >>> found.theta.shape
    (8, 100, 2)
    >>> bool(abs(found.theta.mean()) < 0.2), bool(abs(found.theta.std() - 1) < 0.1)
    (True, True)
    """
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    began = time.perf_counter()
    # Matrices are too small for several threads.
    with threadpool_limits(1):
        length = StepLength(FIRST_STEP if earlier is None else float(earlier.steps[0]))
        ensemble = _Ensemble(density, _first(density, chains, rng, earlier), rng)
        for _ in range(tune):
            if time.time() > until:
                break
            length.learn(ensemble.move(length.tried))
        warm = time.perf_counter()
        ensemble.divergences = 0
        theta = np.empty((chains, draws, density.size))
        for i in range(draws):
            if i >= FEWEST and time.time() > until:
                theta = theta[:, :i]
                break
            ensemble.move(length.settled)
            theta[:, i] = density.theta(ensemble.x)
    return Sample(
        theta, ensemble.x, ensemble.divergences, ensemble.gradients, warm - began,
        time.perf_counter() - warm, np.full(chains, length.settled),
    )  # fmt: skip


def _first(
    density: Coordinates, chains: int, rng: np.random.Generator, earlier: Sample | None
) -> Floats:
    """Where the chains start: nearer to the mode where the density is 0."""
    if earlier is not None:
        return earlier.last
    x = rng.standard_normal((chains, density.size))
    while not (there := np.isfinite(density(x)[0])).all():
        x[~there] /= 2
    return x


class _Ensemble:
    """The state of all chains: positions, shape (chains, D), log densities and gradients."""

    def __init__(self, density: Coordinates, x: Floats, rng: np.random.Generator) -> None:
        self._density, self._rng, self.x = density, rng, x
        self._value, self._slope = density(x)
        self.gradients, self.divergences = len(x), 0

    def move(self, step: float) -> float:
        """The next draw of each chain, by steps of about this length; their mean acceptance."""
        rng, density = self._rng, self._density
        count = max(1, round(ANGLE * (1 + ANGLES * rng.uniform(-1, 1)) / step))
        step *= jitter(rng)
        momentum = rng.standard_normal(self.x.shape)
        x, p, value, slope = self.x, momentum, self._value, self._slope
        cos, sin = np.cos(step), np.sin(step)
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(count):
                p = p + 0.5 * step * (slope + x)
                x, p = cos * x + sin * p, cos * p - sin * x
                value, slope = density(x)
                p = p + 0.5 * step * (slope + x)
            gain = _energy(value, p) - _energy(self._value, momentum)
        gain = np.where(np.isfinite(gain), gain, -np.inf)
        chance = np.exp(np.minimum(gain, 0.0))
        taken = rng.random(len(x)) < chance
        self.x = np.where(taken[:, None], x, self.x)
        self._value = np.where(taken, value, self._value)
        self._slope = np.where(taken[:, None], slope, self._slope)
        self.gradients += count * len(x)
        self.divergences += int((gain < -DIVERGENT).sum())
        return float(chance.mean())


def _energy(value: Floats, momentum: Floats) -> Floats:
    """Minus the energy, shape (chains,)."""
    return np.asarray(value - 0.5 * (momentum**2).sum(axis=-1))
