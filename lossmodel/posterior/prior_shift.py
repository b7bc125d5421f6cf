"""Totals under other priors than the fit's, without a further fit.

Theta is standard normal a priori and nearly normal a posteriori, with mode m and covariance S. Of
a log total with slope g, whose posterior variance is ``g' S g``, another normal prior of some
entries c of theta then moves the mean and the variance by what normal theory says:

    mean of c moved by d             shift  (S g)_c' d
    sd of c times r, D = 1 / r^2 - 1 shift -(S g)_c' M m_c, variance less (S g)_c' M (S g)_c,
                                     with M = (I / D + S_cc)^-1

Under a ceiling theta is far from normal. There the draws are weighted with the ratio of the priors,
exp(d' theta_c), with Pareto smoothing, as long as enough of them count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lossmodel.inference.weights import effective, normalised, smoothed, weighted_quantiles
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.design.bias import COVERAGE
from lossmodel.model.design.windows import UNDEFINED
from lossmodel.posterior.variance import LEAST_TOTAL, LEAST_VARIANCE, slope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lossmodel.inference.laplace.fit import Laplace
    from lossmodel.model.design import Design
    from lossmodel.model.design.grid import Floats, Ints
    from lossmodel.model.priors import Priors

    # Prior, value, entries of theta, change of the log total, and reduction of its variance.
    Effect = tuple[str, float, Ints, Floats, Floats]

__all__ = ["COMMON_SDS", "LOCATIONS", "direction", "entries_of", "local_prior_sensitivity"]

COMMON_SDS: Final = (0.10, 0.15, 0.25)
# Effective draws from which weights are used: a median then has an error of a tenth of an sd.
ENOUGH: Final = 100.0
# The median and the quartiles.
QUARTILES: Final = np.array([0.5, 0.25, 0.75])
# The part of coverage that lists of one party and kind have in common.
PARTY: Final = "coverage.party"
# Priors whose mean another analyst might well put one sd higher or lower.
LOCATIONS: Final = (
    *("bias.adversary.person", "bias.self.person", "bias.third-party.person"),
    *("bias.adversary.civilian", "bias.self.civilian", "bias.third-party.civilian"),
    *("bias.adversary.equipment", "bias.self.equipment", "bias.third-party.equipment"),
    *("bias.register", "bias.missing", "coverage.level"),
    *("coverage.level.self", "coverage.level.equipment", "coverage.after"),
    *("delay.median", "missing.level", "missing.counted", "declared.delay"),
    *("definition.losses", "definition.irrecoverable", "lethality.level"),
    # What no pair of figures can tell: whether those who are compared are like all others.
    *("ratio.bias", "overlap.selection", "fate.selection", "bias.declared"),
)


def local_prior_sensitivity(
    draws: SubmodelDraws,
    laplace: Laplace,
    priors: Priors,
    series: list[tuple[str, str, str]],
    *,
    ci_prob: float,
) -> pd.DataFrame:
    """Totals to the end under other sds of the common mode, and under other means of priors.

    Returns
    -------
    table
        party, category, scope; `prior`, its name; `value`, the sd of the common mode or by how
        many of its sds the prior's mean is moved; median, lower, upper; ci_prob.
    """
    at_mode = SubmodelDraws(draws.model, laplace.mode[None, None, :])
    effects = [*_widened(draws.design, laplace, priors), *_shifted(draws.design, priors)]
    tail = (1 - ci_prob) / 2
    probabilities = np.array([0.5, tail, 1 - tail])
    weights = {(name, value): w for name, value, w in _below_ceilings(draws, effects)}
    rows = []
    for key in series:
        half = laplace.covariance_root.T @ slope(at_mode, key)
        moved, variance = laplace.covariance_root @ half, max(float(half @ half), LEAST_VARIANCE)
        totals = np.maximum(draws.total(*key), LEAST_TOTAL)
        limits = np.log(np.quantile(totals, probabilities))
        for name, value, where, by, matrix in effects:
            if (name, value) in weights:
                other = _reweighted(np.log(totals), weights[name, value], limits)
                rows.append((*key, name, value, *np.exp(other), ci_prob))
                continue
            shift = float(moved[where] @ by)
            lost = float(moved[where] @ matrix @ moved[where])
            width = np.sqrt(max(1 - lost / variance, 0.0))
            other = limits[0] + shift + width * (limits - limits[0])
            rows.append((*key, name, value, *np.exp(other), ci_prob))
    columns = ["party", "category", "scope", "prior", "value", "median", "lower", "upper"]
    return pd.DataFrame(rows, columns=[*columns, "ci_prob"])


def _reweighted(logs: Floats, weights: Floats, limits: Floats) -> Floats:
    """Median and limits of weighted log totals, as far as their quartiles tell.

    A limit moves with the median and its distance to it with that of the quartile on its side. A
    single draw with a large weight can move a limit by factors, a quartile it cannot.
    """
    before = np.quantile(logs, QUARTILES)
    after = weighted_quantiles(logs, weights, QUARTILES)
    apart = np.abs(before - before[0])
    wider = np.divide(np.abs(after - after[0]), apart, out=np.ones(3), where=apart > 0)
    return np.asarray(after[0] + wider * (limits - limits[0]))


def _below_ceilings(
    draws: SubmodelDraws, effects: Sequence[Effect]
) -> Iterator[tuple[str, float, Floats]]:
    """Weights of the draws under the moved means of priors that have a ceiling, shape (draws,)."""
    parameters = draws.design.parameters
    under = np.unique((parameters.ceilings @ parameters.matrix).nonzero()[1])
    theta = draws.theta.reshape(-1, parameters.size)
    for name, value, where, by, matrix in effects:
        if matrix.any() or not np.isin(where, under).any():
            continue
        # A draw that was drawn n times counts as one that weighs n times as much.
        ratios, draw, times = np.unique(
            theta[:, where] @ by, return_inverse=True, return_counts=True
        )
        weight = normalised(smoothed(ratios + np.log(times)))
        if effective(weight) > ENOUGH:
            yield name, value, (weight / times)[draw]


def _widened(design: Design, laplace: Laplace, priors: Priors) -> Iterator[Effect]:
    """Other sds of the common mode."""
    where = entries_of(design, "common")
    own = priors["common.sd"].median
    if not len(where):
        return
    root = laplace.covariance_root[where]
    root = root if isinstance(root, np.ndarray) else root.toarray()
    covariance = root @ root.T
    for sd in COMMON_SDS:
        added = (own / sd) ** 2 - 1
        # (I / D + S)^-1, written so that D may be zero.
        matrix = np.asarray(added * np.linalg.inv(np.eye(len(where)) + added * covariance), float)
        by = np.asarray(-matrix @ laplace.mode[where], dtype=float)
        yield "common.sd", sd, where, by, matrix


def _shifted(design: Design, priors: Priors) -> Iterator[Effect]:
    """Means of priors one sd lower and higher."""
    for name in LOCATIONS:
        where, one = direction(design, priors, name)
        if priors[name].sd > 0 and len(where):
            for sds in (-1.0, 1.0):
                yield name, sds, where, sds * one, np.zeros((len(where), len(where)))


def direction(design: Design, priors: Priors, name: str) -> tuple[Ints, Floats]:
    """Entries of theta that move with the mean of a prior, and by how much per sd of it.

    Where figures have widened a prior, that is less than one sd of the wider one.
    """
    where: list[Ints] = []
    steps: list[Floats] = []
    for part, by in _parts(name, priors):
        for group, entries in _groups_of(design, part):
            adapted = design.parameters.adapted.get(group)
            where.append(entries)
            steps.append(np.full(len(entries), by / adapted.sd if adapted else by))
    if not where:
        return np.empty(0, dtype=np.int64), np.empty(0)
    return np.concatenate(where), np.concatenate(steps)


def _parts(name: str, priors: Priors) -> list[tuple[str, float]]:
    """Groups of normals that make up a prior, and by how much each moves when its mean does."""
    if name == "missing.counted":
        # The unknown of this one is the share that is not counted.
        return [(name, -1.0)]
    if name.startswith(COVERAGE):
        shared = priors["coverage.side_share"].median
        parts = (name, (1 - shared)), (name.replace(COVERAGE, PARTY), shared)
        return [(part, float(np.sqrt(share))) for part, share in parts]
    return [(name, 1.0)]


def entries_of(design: Design, name: str) -> Ints:
    """Entries of theta that a prior speaks about; those of a role's mean for its bias."""
    found = [entries for _, entries in _groups_of(design, name)]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _groups_of(design: Design, name: str) -> Iterator[tuple[str, Ints]]:
    """Groups of standard normals that a prior speaks about, with their entries of theta."""
    for group, where in design.parameters.groups.items():
        if _prior_of(design, group) == name:
            yield group, np.arange(where.start, where.stop)


def _prior_of(design: Design, group: str) -> str:
    kind, _, rest = group.partition(" ")
    if kind == "bias.role":
        return rest.rpartition(" ")[2]
    if kind == "definition":
        # That of a ratio's word has the word as its last, and no number of a stream.
        own = rest.isdigit()
        category = str(design.streams.loc[int(rest), "category"]) if own else rest.split()[-1]
        return UNDEFINED.get(category, "definition.losses")
    return kind
