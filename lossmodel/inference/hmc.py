"""Hamiltonian Monte Carlo with many chains in lockstep, in coordinates whitened by the Laplace fit.

All chains make their steps at the same time, so that one evaluation of the density serves them all:
with 16 points at once a gradient of a small submodel costs a tenth of a single one. Trees of the
no-U-turn sampler, which differ in size, cannot be drawn so. Trajectories instead turn by a random
angle, of the normal part of the density, which is the same for all chains and independent of where
they are (Hoffman, Radul and Sountsov 2021, "An adaptive-MCMC scheme for setting trajectory lengths
in Hamiltonian Monte Carlo"); the steps are those of ``nuts/trajectory``. Their end is accepted with
the probability of Metropolis, so that draws are those of the exact density. Trajectories that are
lost in a narrow place are tried again with finer steps, by delayed rejection (Modi, Barnett and
Carpenter 2024, "Delayed rejection Hamiltonian Monte Carlo for sampling multiscale distributions").
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lossmodel.inference.nuts.sampler import FEWEST, FIRST_STEP, Sample, StepLength, jitter
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Coordinates", "sample"]

# Angle of a trajectory and its largest relative change. After a quarter turn, 1.57, the next draw
# of a normal is independent of the last one; longer ones give averages a higher precision, and
# tails a lower one. On drones and vehicles of the shipped war the gate took about as many gradients
# with 1.57, and with 2.2 a third fewer effective draws were left for the tails.
ANGLE, ANGLES = 1.9, 0.5
# Log chance of acceptance below which a trajectory is lost, how many times finer the steps are with
# which it is tried again, and in what share of moves. Where curvature is hundreds of times that of
# a normal, steps of 0.3 do not hold: in sparse tables a chain that came there stood for hundreds of
# draws. With a share of 0.5 all of 18 runs on three such tables passed the gate within 475 draws of
# a chain, without it 10 within 1,200; retries serve few chains at once, which costs.
LOST, FINER, RETRIED = -5.0, 5, 0.5
# Loss of energy of a trajectory that diverges, as in Stan. Only those that finer steps do not hold
# are counted, as many as there would be if every lost trajectory were tried again.
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


@dataclass(frozen=True)
class _Phase:
    """Positions and momenta of some chains, shape (n, D), with log densities and gradients."""

    x: Floats
    momentum: Floats
    value: Floats
    slope: Floats

    @cached_property
    def log_joint(self) -> Floats:
        """Log density of positions and momenta, shape (n,); minus infinity where not finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            found = _energy(self.value, self.momentum)
        return np.where(np.isfinite(found), found, -np.inf)

    def part(self, chains: Ints) -> _Phase:
        """Some of the chains."""
        return _Phase(self.x[chains], self.momentum[chains], self.value[chains], self.slope[chains])

    def back(self) -> _Phase:
        """The same positions with the momenta reversed."""
        return replace(self, momentum=-self.momentum)


class _Ensemble:
    """The state of all chains: positions, shape (chains, D), log densities and gradients."""

    def __init__(self, density: Coordinates, x: Floats, rng: np.random.Generator) -> None:
        self._density, self._rng, self.x = density, rng, x.copy()
        self._value, self._slope = density(x)
        self.gradients, self.divergences = len(x), 0

    def move(self, step: float) -> float:
        """The next draw of each chain, by steps of about this length; their mean acceptance.

        A trajectory that is all but sure to be rejected is tried again with finer steps.
        """
        rng = self._rng
        count = max(1, round(ANGLE * (1 + ANGLES * rng.uniform(-1, 1)) / step))
        step *= jitter(rng)
        start = _Phase(self.x, rng.standard_normal(self.x.shape), self._value, self._slope)
        end = self._trajectory(start, step, count)
        gain = end.log_joint - start.log_joint
        taken = self._accept(np.arange(len(gain)), end, gain)
        lost = np.flatnonzero((gain < LOST) & ~taken)
        if rng.random() < RETRIED and len(lost):
            start, first = start.part(lost), gain[lost]
            end = self._trajectory(start, step / FINER, count * FINER)
            diverged = (end.log_joint - start.log_joint < -DIVERGENT).sum()
            self.divergences += round(float(diverged) / RETRIED)
            # Seen from the end, the first trajectory must be one that is tried again, too.
            with np.errstate(invalid="ignore"):
                there = self._trajectory(end.back(), step, count).log_joint - end.log_joint
                again = (
                    end.log_joint + _log_rejected(there) - start.log_joint - _log_rejected(first)
                )
            self._accept(lost, end, again)
        return float(np.exp(np.minimum(gain, 0.0)).mean())

    def _trajectory(self, phase: _Phase, step: float, count: int) -> _Phase:
        """Positions and momenta after so many steps."""
        x, p, value, slope = phase.x, phase.momentum, phase.value, phase.slope
        cos, sin = np.cos(step), np.sin(step)
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(count):
                p = p + 0.5 * step * (slope + x)
                x, p = cos * x + sin * p, cos * p - sin * x
                value, slope = self._density(x)
                p = p + 0.5 * step * (slope + x)
        self.gradients += count * len(x)
        return _Phase(x, p, value, slope)

    def _accept(self, chains: Ints, end: _Phase, gain: Floats) -> NDArray[np.bool_]:
        """Move chains to the ends of trajectories, or not; which of them have moved."""
        taken = self._rng.random(len(chains)) < np.exp(np.minimum(gain, 0.0))
        moved = chains[taken]
        for held, new in ((self.x, end.x), (self._value, end.value), (self._slope, end.slope)):
            held[moved] = new[taken]
        return taken


def _log_rejected(gain: Floats) -> Floats:
    """Log of the chance that a trajectory with this gain is rejected and tried again.

    Up to that of a retry, which is the same on the way back.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gain < LOST, np.log1p(-np.exp(np.minimum(gain, 0.0))), -np.inf)


def _energy(value: Floats, momentum: Floats) -> Floats:
    """Minus the energy, shape (chains,)."""
    return np.asarray(value - 0.5 * (momentum**2).sum(axis=-1))
