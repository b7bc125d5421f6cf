"""From standard normals to the quantities of the model, as one affine map.

Every unknown of the model is a standard normal theta a priori, so that the log prior density is
``-|theta|^2 / 2`` whatever the priors are; a few sums have a soft ceiling besides. The first H of
them are the hyperparameters, ``log scale_k = mean_k + sd_k theta_k``. All other quantities v (knots
of log rates, logits, log biases) are

    v = offset + matrix @ (theta * scale),

where ``scale`` of an entry is one of the learned scales or 1. The coefficients of fixed scales are
in the matrix. This is the non-centred parameterisation (Papaspiliopoulos, Roberts and Skold 2007,
A general framework for the parametrization of hierarchical models, Statistical Science 22: 59-73).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtr

from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.linear import Linear
from lossmodel.model.priors import Prior

__all__ = ["Adapted", "Parameterisation", "ParameterisationBuilder"]

# Rounds in which prior draws above a ceiling are drawn again. With four sums below their ceilings
# by chance one half each, a draw is accepted in one round of 16, and 1 of 10^13 is left.
ROUNDS: Final = 500


@dataclass(frozen=True)
class Adapted:
    """Factors by which the figures of a war have changed a prior, on its sd or its median."""

    sd: float = 1.0
    median: float = 1.0


@dataclass(frozen=True)
class Parameterisation:
    """The affine map from theta, D standard normals, to the V quantities v.

    Attributes
    ----------
    hyper
        Names of the H learned scales, in the order of the first entries of theta.
    hyper_mean, hyper_sd
        Mean and sd of their logs, shape (H,).
    groups
        Name -> slice of theta: the standard normals that have one prior.
    rows
        Name -> indices into v.
    offset, matrix
        Shapes (V,) and (V, D), sparse.
    scale_of
        Shape (D,): index of the learned scale of each entry of theta, H for none.
    ceilings, margin
        Shapes (C, V), sparse, and (C,): the prior density has the factors
        ``2 Phi(ceilings @ v + margin)`` besides, see `ParameterisationBuilder.ceiling`.
    adapted
        Name of a group -> how its prior differs from that of the table of priors.

    Examples
    --------
    >>> builder = ParameterisationBuilder()
    >>> rows = builder.rows("rate", [2.0, 2.0, 2.0])
    >>> builder.shared("level", rows, sd=1.5)
    >>> builder.walk("walk", rows, sd=0.3)
    >>> parameters = builder.build()
    >>> parameters.groups
    {'level': slice(0, 1, None), 'walk': slice(1, 3, None)}
    >>> parameters.values(np.array([0.0, 1.0, 1.0]))
    array([1.7, 2. , 2.3])
    """

    hyper: tuple[str, ...]
    hyper_mean: Floats
    hyper_sd: Floats
    groups: dict[str, slice]
    rows: dict[str, Ints]
    offset: Floats
    matrix: sparse.csr_array
    scale_of: Ints
    ceilings: sparse.csr_array
    margin: Floats
    adapted: dict[str, Adapted]

    @property
    def size(self) -> int:
        """Length D of theta."""
        return int(self.matrix.shape[1])

    def log_scales(self, theta: Floats) -> Floats:
        """Log of the learned scales, shape (..., H), for theta of shape (..., D)."""
        return self.hyper_mean + self.hyper_sd * theta[..., : len(self.hyper)]

    def scales(self, theta: Floats) -> Floats:
        """Scale of each entry of theta, shape (..., D), for theta of shape (..., D)."""
        learned = np.exp(self.log_scales(theta))
        ones = np.ones((*theta.shape[:-1], 1))
        return np.asarray(np.concatenate([learned, ones], axis=-1)[..., self.scale_of])

    def by_hyper(self, by_log: Floats) -> Floats:
        """Gradient by the hyperparameters, (..., H), from that by the log scales, (..., D)."""
        hypers = len(self.hyper)
        if by_log.ndim == 1:
            by_scale = np.bincount(self.scale_of, by_log, minlength=hypers + 1)[:hypers]
        else:
            by_scale = by_log @ (self.scale_of[:, None] == np.arange(hypers))
        return np.asarray(by_scale * self.hyper_sd)

    def growth(self, theta: Floats) -> Floats:
        """Derivative of v by the hyperparameters, shape (V, H), at theta of shape (D,)."""
        scales, hypers = self.scales(theta), len(self.hyper)
        scaled = np.zeros((self.size, hypers))
        own = np.flatnonzero(self.scale_of < hypers)
        number = self.scale_of[own]
        scaled[own, number] = theta[own] * scales[own] * self.hyper_sd[number]
        return np.asarray(self.matrix @ scaled)

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """Draws of theta from its prior, shape (n, D): standard normal ones, below the ceilings."""
        theta = rng.standard_normal((n, self.size))
        direct = sparse.csr_array(self.ceilings @ self.matrix)
        uses = self._uses(direct)
        numbers = connected_components(uses @ uses.T)[1] if len(self.margin) else np.zeros(0)
        for number in range(int(numbers.max(initial=-1)) + 1):
            own = np.flatnonzero(numbers == number)
            columns = np.flatnonzero(uses[own].sum(axis=0))
            margin = self.margin[own] + self.ceilings[own] @ self.offset
            self._lower(theta, columns, direct[own], margin, rng)
        return theta

    def _lower(
        self,
        theta: Floats,
        columns: Ints,
        direct: sparse.csr_array,
        margin: Floats,
        rng: np.random.Generator,
    ) -> None:
        """Draw some columns again until each draw is accepted below the ceilings they move."""
        left = np.arange(len(theta))
        for _ in range(ROUNDS):
            scaled = theta[left] * self.scales(theta[left])
            chance = ndtr(margin + (direct @ scaled.T).T).prod(axis=1)
            left = left[rng.random(len(left)) >= chance]
            if not len(left):
                return
            theta[np.ix_(left, columns)] = rng.standard_normal((len(left), len(columns)))
        kept = np.setdiff1d(np.arange(len(theta)), left)
        if not len(kept):
            # A prior far above its ceiling: draws that ignore it are all that there is.
            return
        theta[np.ix_(left, columns)] = theta[np.ix_(rng.choice(kept, len(left)), columns)]

    def _uses(self, direct: sparse.csr_array) -> sparse.csr_array:
        """Which entries of theta each ceiling depends on, learned scales included, (C, D)."""
        uses = (abs(direct) > 0).astype(float)
        hypers = len(self.hyper)
        learned = np.flatnonzero(self.scale_of < hypers)
        shape = (self.size, self.size)
        ones = np.ones(len(learned))
        scales = sparse.csr_array((ones, (learned, self.scale_of[learned])), shape=shape)
        return sparse.csr_array(uses + uses @ scales)

    def values(self, theta: Floats) -> Floats:
        """All quantities v, shape (..., V), for theta of shape (..., D)."""
        scaled = theta * self.scales(theta)
        moved = (self.matrix @ scaled.reshape(-1, self.size).T).T
        return np.asarray(self.offset + moved.reshape(*theta.shape[:-1], -1))


class ParameterisationBuilder:
    """Collects groups of standard normals and the entries of v that depend on them.

    See `Parameterisation` for an example.
    """

    def __init__(self) -> None:
        self._hyper: dict[str, Prior] = {}
        self._groups: dict[str, slice] = {}
        self._scale_of: list[str] = []
        self._offset: list[Floats] = []
        self._rows: dict[str, Ints] = {}
        self._linear = Linear()
        self._height = 0
        self._ceilings: list[tuple[Ints, Floats, float, float]] = []
        self._adapted: dict[str, Adapted] = {}

    def scale(self, prior: Prior) -> float:
        """Register the scale of a prior; the result is its factor in the matrix."""
        if prior.fixed:
            return prior.median
        self._hyper.setdefault(prior.name, prior)
        return 1.0

    def rows(self, name: str, mean: Floats | Sequence[float]) -> Ints:
        """Add rows of v with the given offsets; the result is their indices, of the same shape."""
        offset = np.asarray(mean, dtype=float)
        indices = np.arange(self._height, self._height + len(offset), dtype=np.int64)
        self._height += len(offset)
        self._offset.append(offset)
        self._rows[name] = np.concatenate([self._rows.get(name, indices[:0]), indices])
        return indices

    def normals(self, name: str, size: int, scale: Prior | None = None) -> Ints:
        """Add a group of standard normals; the result is their indices among all normals.

        Raises
        ------
        ValueError
            A group of that name exists.
        """
        first = len(self._scale_of)
        if name in self._groups:
            raise ValueError(f"group {name} exists")
        self._groups[name] = slice(first, first + size)
        hyper = scale.name if scale is not None and not scale.fixed else ""
        self._scale_of.extend([hyper] * size)
        return np.arange(first, first + size, dtype=np.int64)

    def independent(
        self, name: str, rows: Ints, sd: Floats | float, scale: Prior | None = None
    ) -> None:
        """Give each row a normal of its own."""
        self._linear.add(rows, self.normals(name, len(rows), scale), sd * self._factor(scale))

    def walk(self, name: str, rows: Ints, sd: float, scale: Prior | None = None) -> None:
        """Add a random walk with independent steps and mean zero over the rows.

        Centring makes the level and the walk independent a priori, and the prior of the level the
        same whichever knot comes first.
        """
        steps = len(rows) - 1
        if steps < 1:
            return
        walk = np.tril(np.ones((steps + 1, steps)), -1)
        walk -= walk.mean(axis=0)
        normals = self.normals(name, steps, scale)
        factor = sd * self._factor(scale)
        self._linear.add(rows[:, None], normals[None, :], walk * factor)

    def shared(self, name: str, rows: Ints, sd: float) -> None:
        """Give all rows one common normal, which further calls of that name share."""
        known = self._groups.get(name)
        normals = self.normals(name, 1) if known is None else np.array([known.start])
        self._linear.add(rows, normals, sd)

    def adapt(self, name: str, *, sd: float = 1.0, median: float = 1.0) -> None:
        """Note that the prior of a group is not that of the table, but for factors of one."""
        if (sd, median) != (1.0, 1.0):
            self._adapted[name] = Adapted(sd, median)

    def ceiling(self, rows: Ints, *, at: float, sd: float, weights: Floats | float = 1.0) -> None:
        """Make it unlikely that the weighted sum of some rows exceeds a number.

        The prior density is multiplied by ``2 Phi((at - sum) / sd)``: that of a normal sum becomes
        a skew-normal one (Azzalini 1985, A class of distributions which includes the normal ones,
        Scandinavian Journal of Statistics 12: 171-178).
        """
        self._ceilings.append((rows, np.broadcast_to(weights, rows.shape), at, sd))

    def _factor(self, scale: Prior | None) -> float:
        return 1.0 if scale is None else self.scale(scale)

    def hyper_index(self, prior: Prior) -> int:
        """Index of a registered scale among the hyperparameters."""
        return list(self._hyper).index(prior.name)

    def build(self) -> Parameterisation:
        """The parameterisation of all rows and groups added so far."""
        count = len(self._hyper)
        size = count + len(self._scale_of)
        matrix = self._linear.matrix((self._height, len(self._scale_of)))
        padded = sparse.hstack([sparse.csr_array((self._height, count)), matrix])
        names = list(self._hyper)
        scale_of = [count] * count + [names.index(s) if s else count for s in self._scale_of]
        moved = {k: slice(s.start + count, s.stop + count) for k, s in self._groups.items()}
        return Parameterisation(
            hyper=tuple(names),
            hyper_mean=np.array([p.mean for p in self._hyper.values()]),
            hyper_sd=np.array([p.sd for p in self._hyper.values()]),
            groups={f"scale:{n}": slice(i, i + 1) for i, n in enumerate(names)} | moved,
            rows=self._rows,
            offset=np.concatenate(self._offset) if self._offset else np.zeros(0),
            matrix=sparse.csr_array(padded).reshape(self._height, size),
            scale_of=np.array(scale_of, dtype=np.int64),
            ceilings=self._below(),
            margin=np.array([at / sd for *_, at, sd in self._ceilings]),
            adapted=self._adapted,
        )

    def _below(self) -> sparse.csr_array:
        """Map from v to minus the sums that have a ceiling, in its sds."""
        linear = Linear()
        for i, (rows, weights, _, sd) in enumerate(self._ceilings):
            linear.add(i, rows, -weights / sd)
        return linear.matrix((len(self._ceilings), self._height))
