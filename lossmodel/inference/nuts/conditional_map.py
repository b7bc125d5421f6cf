"""The map from whitened coordinates to theta, given the Laplace fit.

Theta is taken apart: hyperparameters h; singles g, which enter through a share or a delay; then for
each learned scale the normals z that have it; and all others, o. Each follows from those before it,
in units u = s z / s* of the scale at the mode, with d the deviation from the mode and x standard
normal:

    h = h* + C x_h
    g = g* + Z (h - h*) + F x
    u = Q [(1 + t) / (r^-2 + t) Q' m + (r^-2 + t)^(-1/2) x],    m = u* + R d + Z (h - h*)
    o = o* + R d + Z (h - h*) + F x

where r = s / s*. The precision of u given all before it is I / r^2, the prior's, plus that from the
figures, Q diag(t) Q': so both its mean and its sds are right at every scale, whether it is known
from the figures (t large: u stays as s moves) or from the prior (t small: z stays). Each step moves
a coordinate by a function of earlier ones, so that the log determinant is that of the sds of u,
over r, and a constant, which is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, eigh, solve_triangular

from lossmodel.inference.laplace.fit import Laplace
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["ConditionalMap", "Mapped"]


@dataclass(frozen=True)
class _Plain:
    """Unknowns with no learned scale: ``d = R d_before + Z (h - h*) + F x``."""

    mode_sensitivity: Floats
    by_hyper: Floats
    covariance_root: Floats


@dataclass(frozen=True)
class _Scaled:
    """Unknowns with a learned scale, rotated by Q' to where they are independent.

    Attributes
    ----------
    mean, mode_sensitivity, by_hyper
        Of their conditional mode, times Q'.
    rotation
        Q.
    known
        t: precision that the figures add to the prior's.
    hyper, pace
        Number of the scale, and how its log moves with the hyperparameter.
    """

    mean: Floats
    mode_sensitivity: Floats
    by_hyper: Floats
    rotation: Floats
    known: Floats
    hyper: int
    pace: float


@dataclass(frozen=True)
class Mapped:
    """Theta at x, its log volume, and what the gradient at one x needs of them.

    The entries of ``x`` are in the order of the groups, those of a learned scale by eigenvectors.
    """

    theta: Floats
    x: Floats
    parts: list[tuple[Floats, Floats, Floats] | None]
    volume: Floats


class ConditionalMap:
    """Theta as a function of x, one group of unknowns after the other.

    Parameters
    ----------
    design, laplace
        Of one submodel.
    """

    def __init__(self, design: Design, laplace: Laplace) -> None:
        hypers = len(design.parameters.hyper)
        self.size = design.size
        self._hyper_mode = laplace.mode[:hypers]
        self._root = laplace.covariance_root[:hypers, :hypers]
        scales = self._arrange(design)
        self._mode = laplace.mode[self._order]
        by_hyper = self._by_hyper(design, laplace)
        self._parts = list(self._conditionals(design, laplace, scales, by_hyper))

    def _arrange(self, design: Design) -> list[int]:
        """Set the order of the unknowns; gives the learned scales of normals."""
        parameters, hypers = design.parameters, len(design.parameters.hyper)
        own = parameters.scale_of < hypers
        singles = np.flatnonzero(_singles(design) & ~own)
        scales = [int(k) for k in np.unique(parameters.scale_of[own])]
        groups = [singles, *(np.flatnonzero(parameters.scale_of == k) for k in scales)]
        groups.append(np.setdiff1d(np.arange(hypers, self.size), np.concatenate(groups)))
        self._order: Ints = np.concatenate(groups)
        self._ends = np.cumsum([0, *map(len, groups)])
        return scales

    def _by_hyper(self, design: Design, laplace: Laplace) -> Floats:
        """Derivative of the modes of all but hyperparameters by these, in units of u."""
        parameters, hypers = design.parameters, len(design.parameters.hyper)
        here = self._order - hypers
        scaled = parameters.scale_of[self._order] < hypers
        of = parameters.scale_of[self._order][scaled]
        pace = np.zeros((len(here), hypers))
        pace[scaled, of] = parameters.hyper_sd[of]
        latent = laplace.covariance_root[hypers:, :hypers][here]
        by_hyper = np.linalg.solve(self._root.T, latent.T).T if hypers else latent
        return np.asarray(by_hyper + self._mode[:, None] * pace)

    def _conditionals(
        self, design: Design, laplace: Laplace, scales: list[int], by_hyper: Floats
    ) -> Iterator[_Plain | _Scaled]:
        """Each group given those before it."""
        parameters = design.parameters
        here = self._order - len(parameters.hyper)
        # Upper triangular, with ``upper' d`` standard normal: each given those before it.
        precision = laplace.latent_precision[np.ix_(here, here)]
        upper = cholesky(precision[::-1, ::-1], lower=True)[::-1, ::-1]
        for number, (start, end) in enumerate(zip(self._ends[:-1], self._ends[1:], strict=True)):
            own = upper[start:end, start:end]
            covariance_root = _inverse_transpose(own)
            mode_sensitivity = -covariance_root @ upper[:start, start:end].T
            direct = by_hyper[start:end] - mode_sensitivity @ by_hyper[:start]
            if 0 < number <= len(scales):
                hyper = scales[number - 1]
                yield _scaled(
                    own @ own.T, mode_sensitivity, direct, self._mode[start:end], hyper,
                    float(parameters.hyper_sd[hyper]),
                )  # fmt: skip
            else:
                yield _Plain(mode_sensitivity, direct, covariance_root)

    def __call__(self, x: Floats) -> Mapped:
        """The map at x of shape (..., D)."""
        hypers = len(self._root)
        moved = x[..., :hypers] @ self._root.T
        own = x[..., self._order]
        deviation, latent = np.empty_like(own), np.empty_like(own)
        parts: list[tuple[Floats, Floats, Floats] | None] = []
        volume = np.zeros(x.shape[:-1])
        for part, start, end in zip(self._parts, self._ends[:-1], self._ends[1:], strict=True):
            here = np.s_[..., start:end]
            mean = deviation[..., :start] @ part.mode_sensitivity.T + moved @ part.by_hyper.T
            if isinstance(part, _Plain):
                deviation[here] = mean + own[here] @ part.covariance_root.T
                latent[here] = self._mode[start:end] + deviation[here]
                parts.append(None)
                continue
            mean += part.mean
            # In and out of the eigenvectors, whose signs and order rounding may choose.
            own[here] = own[here] @ part.rotation
            growth = part.pace * moved[..., part.hyper, None]
            precision = np.exp(-2 * growth) + part.known
            turned = (1 + part.known) / precision * mean + own[here] / np.sqrt(precision)
            product = turned @ part.rotation.T
            deviation[here] = product - self._mode[start:end]
            latent[here] = product * np.exp(-growth)
            volume -= 0.5 * np.log(precision).sum(axis=-1) + (end - start) * growth[..., 0]
            parts.append((mean, precision, growth))
        theta = np.empty(x.shape)
        theta[..., :hypers] = self._hyper_mode + moved
        theta[..., self._order] = latent
        return Mapped(theta, own, parts, volume)

    def gradient(self, held: Mapped, slope: Floats) -> Floats:
        """The gradient by x, shape (..., D), from that by theta, that of the volume included."""
        by_latent = slope[..., self._order]
        by_before, by_own = np.zeros_like(by_latent), np.empty_like(by_latent)
        moved = slope[..., : len(self._root)].copy()
        for number in range(len(self._parts) - 1, -1, -1):
            part, kept = self._parts[number], held.parts[number]
            start, end = self._ends[number], self._ends[number + 1]
            here = np.s_[..., start:end]
            if isinstance(part, _Plain):
                by_mean = by_before[here] + by_latent[here]
                by_own[here] = by_mean @ part.covariance_root
            elif kept is not None:
                mean, precision, growth = kept
                turned = (by_before[here] + by_latent[here] * np.exp(-growth)) @ part.rotation
                by_mean = turned * (1 + part.known) / precision
                own = turned / np.sqrt(precision)
                by_own[here] = own @ part.rotation.T
                by_log = -by_mean * mean - 0.5 * own * held.x[here] - 0.5
                fall = (by_log * (-2 * np.exp(-2 * growth) / precision)).sum(axis=-1)
                stay = (by_latent[here] * held.theta[..., self._order[start:end]]).sum(axis=-1)
                moved[..., part.hyper] += part.pace * (fall - stay - (end - start))
            by_before[..., :start] += by_mean @ part.mode_sensitivity
            moved += by_mean @ part.by_hyper
        gradient = np.empty(slope.shape)
        gradient[..., : len(self._root)] = moved @ self._root
        gradient[..., self._order] = by_own
        return gradient


def _scaled(
    precision: Floats,
    mode_sensitivity: Floats,
    by_hyper: Floats,
    mode: Floats,
    hyper: int,
    pace: float,
) -> _Scaled:
    """Unknowns with a learned scale, of whose precision one is the prior's."""
    values, rotation = eigh(precision)
    known = np.maximum(values - 1, 0.0)
    mean = rotation.T @ mode
    by_hyper = rotation.T @ by_hyper
    # What their own scale does at the mode is in the map.
    by_hyper[:, hyper] -= 2 * mean / (1 + known) * pace
    rotation = np.ascontiguousarray(rotation)
    return _Scaled(mean, rotation.T @ mode_sensitivity, by_hyper, rotation, known, hyper, pace)


def _singles(design: Design) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Unknowns on their own that enter through a share or a delay."""
    rows = np.zeros(design.parameters.matrix.shape[0], dtype=bool)
    rows[design.factor_row] = True
    rows[design.pair_map.tocsr().indices] = True
    for scope in design.latent.scopes:
        rows[[row for row in (scope.logit_row, scope.tau_row) if row >= 0]] = True
    moves = abs(design.parameters.matrix).T @ rows.astype(float) > 0
    alone = np.zeros(design.size, dtype=bool)
    for group in design.parameters.groups.values():
        alone[group] = group.stop - group.start == 1
    alone[: len(design.parameters.hyper)] = False
    return np.asarray(moves & alone)


def _inverse_transpose(upper: Floats) -> Floats:
    inverse = solve_triangular(upper, np.eye(len(upper)))
    return np.ascontiguousarray(inverse.T)
