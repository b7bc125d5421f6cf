"""Importance weights that make draws of the Laplace fit draws of the posterior.

Draws are normal in the coordinates x of ``ConditionalMap``, in which a posterior is close to a
standard normal: how well a normal is known follows its learned scale there. Levels of rates are
held as in ``laplace/levels``, or in ``nuts/held_levels`` where cases are counted, which does not
change the volume. Each has the weight ``p(theta) |d theta / d x| / q(x)``. Round by round q is
adapted to the weighted draws of all rounds before it, with weights relative to the mixture of all
q, so that no round can spoil the others (Cornuet, Marin, Mira and Robert 2012, "Adaptive multiple
importance sampling"). The draws that count are made afterwards, from a mixture of the last q,
unless the first rounds promise nothing. Their largest weights are smoothed (``weights.smoothed``).

This is exact up to Monte Carlo error where the weights are even enough, in up to a hundred
dimensions or so. The shape k of the Pareto distribution of the largest weights says whether they
are (Vehtari, Simpson, Gelman, Yao and Gabry 2024), with the effective number of draws.

Where a density has several modes, the unknowns are divided among them (``Regions``). The draws of
each mode have no weight outside of its part, so that their mean weight is the integral over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from lossmodel.inference.laplace.diagnostics import log_totals
from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.laplace.levels import Levels
from lossmodel.inference.laplace.quantities import reported
from lossmodel.inference.laplace.rival_modes import MATTERS, Regions
from lossmodel.inference.nuts.conditional_map import ConditionalMap
from lossmodel.inference.nuts.figures import counts
from lossmodel.inference.nuts.held_levels import HeldLevels
from lossmodel.inference.proposals import Proposal, adapted, standard
from lossmodel.inference.weights import LEAST, MAX_K, effective, normalised, pareto_k, smoothed
from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Floats

__all__ = ["ENOUGH", "LARGEST", "WeightedDraws", "weighted_draws"]

# Unknowns up to which weights are tried: with 129 they were even in most submodels of the shipped
# conflicts, with 178 and 373 in none.
LARGEST = 150
# Draws of a round, and rounds of which the first half may adapt the proposal. Where weights are
# even enough by then but too few, more draws follow from the same proposals, up to the last number
# of rounds: they take seconds, a sampler minutes.
SIZE, ROUNDS, LONGEST = 2000, 16, 64
# Adapted proposals in the mixture that is held, the last ones, beside the first one.
HELD = 4
# Effective draws, with k below its limit, at which rounds end, and from which they are enough once
# the rounds are over. A war with one count (27 unknowns) had its upper limit up to 0.55 posterior
# sds apart in eight seeds where rounds ended at 1500, since the number is overrated until the
# largest weights have been drawn; it is up to 0.13 sds apart with 6000, in 0.2 s more.
AIM, ENOUGH = 6000.0, 1500.0
# If effective draws are less than this share of all draws after each of so many rounds, no more are
# drawn. Of 35 submodels of past wars whose weights were even in the end, the least had 0.097 by
# then; of 22 that did not get there three had less than 0.025, and all of 14 simulated wars.
BY_THEN, PROMISING = 4, 0.025
# Share of draws in one stratum when weighted draws are resampled.
STRATUM = 0.01


@dataclass(frozen=True, eq=False)
class WeightedDraws:
    """Draws of theta with weights.

    Attributes
    ----------
    theta
        Shape (S, D).
    weights
        Shape (S,); their sum is one.
    totals
        Logs of the reported totals, shape (S, Q).
    k
        Pareto k of the weights.
    rounds
        How often draws were made.
    log_integrals
        Log of the integral of the density over the part of each mode, up to a constant.
    """

    theta: Floats
    weights: Floats
    totals: Floats
    k: float
    rounds: int
    log_integrals: tuple[float, ...] = (0.0,)

    @property
    def effective(self) -> float:
        """Number of equally weighted draws that are worth as much."""
        return effective(self.weights)

    def quantiles(self, levels: Sequence[float]) -> Floats:
        """Weighted quantiles of the log totals, shape (levels, Q)."""
        found = []
        for total in self.totals.T:
            order = np.argsort(total)
            at = np.searchsorted(np.cumsum(self.weights[order]), levels)
            found.append(total[order[np.minimum(at, len(order) - 1)]])
        return np.stack(found, axis=1)

    def resample(self, size: int, rng: np.random.Generator) -> Floats:
        """Equally weighted draws, shape (size, D).

        They are stratified: every hundredth of the first total is drawn from in its turn, and in it
        all parts of the second, so that their quantiles are nearly those of the weighted draws.
        """
        order = np.argsort(self.totals[:, 0])
        if self.totals.shape[1] > 1:
            place = np.empty(len(order))
            place[order] = np.cumsum(self.weights[order]) // STRATUM
            order = np.lexsort((self.totals[:, 1], place))
        ends = np.cumsum(self.weights[order])
        at = (np.arange(size) + rng.random(size)) / size * ends[-1]
        picked = np.minimum(np.searchsorted(ends, at), len(order) - 1)
        return np.asarray(self.theta[rng.permutation(order[picked])])

    def summary(self) -> dict[str, Any]:
        """The numbers of ``diagnostics.json``."""
        return {
            "k": self.k, "effective": self.effective, "draws": len(self.weights),
            "rounds": self.rounds,
        }  # fmt: skip


def weighted_draws(
    density: Density,
    laplace: Laplace,
    *,
    seed: int,
    rounds: int = ROUNDS,
    longest: int = LONGEST,
    aim: float = AIM,
) -> WeightedDraws:
    """Weighted draws of a submodel, round by round until they are worth enough, of all its modes.

    Parameters
    ----------
    density, laplace
        Of one submodel.
    seed
        Of the draws.
    rounds, longest
        Most rounds, and most where weights are even enough but too few.
    aim
        Effective draws at which rounds end.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> from lossmodel.inference.laplace.fit import approximate
    >>> from lossmodel.model import LossModel
    >>> claims = load_claims(conflict="kosovo1999")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "tanks")
    >>> density = Density(design)
    >>> found = weighted_draws(density, approximate(density, diagnose=False), seed=1)
    >>> found.k < 0.7, found.effective > 1000
    (True, True)
    >>> found.resample(10, np.random.default_rng(1)).shape == (10, density.size)
    True
    """
    modes = [laplace, *laplace.rivals]
    regions = Regions.around(density, [mode.mode for mode in modes]) if laplace.rivals else None
    seeds = [seed, *np.random.SeedSequence(seed).generate_state(len(laplace.rivals)).tolist()]
    found = [
        _of_one_mode(_Sampler(density, mode, regions, k), seeds[k], rounds, longest, aim)
        for k, mode in enumerate(modes)
    ]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        totals = reported(density, laplace.mode)
        logs = [log_totals(density, draws.theta, totals) for draws, _ in found]
    integrals = np.array([draws.log_mean for draws, _ in found])
    parts = normalised(integrals)
    weights = [part * draws.weights for part, (draws, _) in zip(parts, found, strict=True)]
    return WeightedDraws(
        np.concatenate([draws.theta for draws, _ in found]),
        np.concatenate(weights),
        np.concatenate(logs),
        max(draws.k for part, (draws, _) in zip(parts, found, strict=True) if part > MATTERS),
        sum(count for _, count in found),
        tuple(integrals.tolist()),
    )


def _of_one_mode(
    sampler: "_Sampler", seed: int, rounds: int, longest: int, aim: float
) -> tuple["_Draws", int]:
    """Weighted draws of the part of one mode, and how often draws were made."""
    rng, size = np.random.default_rng(seed), sampler.size
    proposals = [standard(size)]
    with threadpool_limits(1):
        tried, best, most = _Draws.none(size), (0.0, 0), 0.0
        while True:
            tried = tried.then(sampler.draw(proposals[-1:], rng), proposals)
            most = max(most, tried.share)
            hopeless = len(proposals) >= BY_THEN and most < PROMISING
            if tried.even(ENOUGH / 2):
                best = max(best, (tried.share, len(proposals)))
            if hopeless or tried.even(aim / 2) or len(proposals) > rounds / 2:
                break
            proposals.append(adapted(tried.x, tried.ratios, sampler.hypers))
        count = len(proposals)
        # Where further rounds made the weights worse, q was adapted to noise.
        proposals = proposals[: best[1] or count]
        # Draws that q was adapted to have weights that are too small where q followed them, so that
        # none of them counts: the draws that count are new, from a mixture that is held. Weights
        # that are given up only say so in the report.
        held = [proposals[0], *proposals[1:][-HELD:]]
        kept = tried if count == 1 or hopeless else _Draws.none(size)
        first = max(rounds, count + 1)
        while not (hopeless or kept.even(aim)) and (
            count < first or not kept.even(ENOUGH) and kept.reaches(ENOUGH, longest * SIZE)
        ):
            kept = kept.then(sampler.draw(held, rng), held)
            count += 1
    return kept, count


class _Sampler:
    """Draws in x, their theta, and their log density in x in the part of one mode."""

    def __init__(
        self, density: Density, laplace: Laplace, regions: Regions | None, number: int
    ) -> None:
        self._density, self._to_theta = density, ConditionalMap(density.design, laplace)
        # Coverage and delays bend the surface of a count of cases; an estimate's bends by the walk
        # alone, and weights are then more even with the smaller shift.
        cases = len(density.design.triangle.claim) > 0
        self._levels = (
            HeldLevels(counts(density, laplace.mode)) if cases else Levels(density, laplace.mode)
        )
        self._regions, self._number = regions, number
        self.size, self.hypers = density.size, len(density.design.parameters.hyper)

    def draw(self, proposals: Sequence[Proposal], rng: np.random.Generator) -> tuple[Floats, ...]:
        """Equally many draws from each proposal: x, theta and log density."""
        each = SIZE // len(proposals)
        x = np.concatenate([proposal.draw(each, rng) for proposal in proposals])
        # Far out, where the density is zero, all of it can overflow.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            mapped = self._to_theta(x)
            theta, known = self._levels.hold(mapped.theta)
            target = self._density.values(theta, known) + mapped.volume
            if self._regions is not None:
                target[self._regions.of(theta) != self._number] = -np.inf
            return x, theta, target


@dataclass(frozen=True, eq=False)
class _Draws:
    """Draws from a mixture of proposals, with log density and log weights."""

    x: Floats
    theta: Floats
    target: Floats
    ratios: Floats

    @classmethod
    def none(cls, size: int) -> "_Draws":
        """No draws."""
        return cls(np.empty((0, size)), np.empty((0, size)), np.empty(0), np.empty(0))

    def then(self, more: tuple[Floats, ...], proposals: Sequence[Proposal]) -> "_Draws":
        """These and more draws, weighted by the mixture of proposals."""
        x, theta, target = (
            np.concatenate(pair)
            for pair in zip((self.x, self.theta, self.target), more, strict=True)
        )
        logs = [proposal.log_density(x) for proposal in proposals]
        mixture = logsumexp(logs, axis=0) - np.log(len(logs))
        return _Draws(x, theta, target, _finite(target - mixture))

    @cached_property
    def weights(self) -> Floats:
        return normalised(smoothed(self.ratios))

    @cached_property
    def k(self) -> float:
        return pareto_k(self.ratios)

    @property
    def log_mean(self) -> float:
        """Log of the mean weight: of the integral of the target, up to a constant."""
        return float(logsumexp(self.ratios) - np.log(len(self.ratios)))

    def even(self, effective: float) -> bool:
        """Whether the weights are even enough for so many effective draws."""
        return self.reaches(effective, len(self.ratios))

    def reaches(self, effective: float, size: int) -> bool:
        """Whether so many draws with weights like these are worth so many effective ones."""
        if not 0 < len(self.ratios) <= size:
            return False
        return bool(self.k < MAX_K and self.share * size >= effective)

    @cached_property
    def share(self) -> float:
        """Effective draws per draw, by the weights as they are."""
        return effective(normalised(self.ratios)) / len(self.ratios)


def _finite(ratios: Floats) -> Floats:
    """Log ratios with zero weight where the density is zero or overflows."""
    return np.where(np.isfinite(ratios), ratios, LEAST)
