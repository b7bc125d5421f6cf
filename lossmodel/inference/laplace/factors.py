"""Cholesky factors of latent precisions: dense ones, and those of arrowheads.

A factor L with P = L L' solves, draws and gives variances. That of an arrowhead has the factors of
the blocks, and of the border after they are eliminated:

    L = [ L_B      ]    W = L_B^-1 C,    L_S L_S' = S - W' W
        [ W'   L_S ]
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
from scipy import sparse
from scipy.linalg import cho_solve, lapack, solve_triangular

from lossmodel.model.density.apart import ROWS, times
from lossmodel.model.density.arrowhead import Arrowhead, ArrowheadChange
from lossmodel.model.density.expansion import Expansion
from lossmodel.model.density.layout import Layout
from lossmodel.model.density.slopes import leverage
from lossmodel.model.design.grid import Floats

__all__ = ["ArrowheadFactor", "DenseFactor", "Factor", "Root", "cholesky_factor", "regularised"]

# In place of infinite entries, small enough for products of two.
HUGE = 1e100
# Relative additions to the diagonal, from rounding to a tenth, until Cholesky's method succeeds.
RIDGES = (0.0, 1e-10, 1e-7, 1e-4, 1e-1)
# A matrix A with A A' the covariance: dense, or sparse if the submodel is large.
Root: TypeAlias = "Floats | sparse.csr_array"


class Factor(Protocol):
    """A Cholesky factor L of a latent precision."""

    @property
    def size(self) -> int:
        """Length of the latent vector."""

    @property
    def log_det(self) -> float:
        """Log determinant of the precision."""

    def solve(self, values: Floats) -> Floats:
        """The inverse of the precision times values of shape (size, ...)."""

    def spread(self, x: Floats) -> Floats:
        """Steps with the covariance P^-1 from standard normal ones, shape (size, ...) both."""

    @property
    def variances(self) -> Floats:
        """Diagonal of the inverse precision."""

    def leverage(self, expansion: Expansion) -> Floats:
        """Variances of the log expectations, shape (N,)."""

    def root(self) -> Root:
        """A matrix A with A A' the inverse precision."""

    def precision(self) -> Root:
        """The precision, dense or sparse."""


@dataclass(frozen=True, eq=False)
class DenseFactor:
    """Of a dense matrix; ``lower`` is L."""

    lower: Floats

    @property
    def size(self) -> int:  # noqa: D102 - see Factor
        return len(self.lower)

    @property
    def log_det(self) -> float:  # noqa: D102 - see Factor
        return 2 * float(np.log(np.diag(self.lower)).sum())

    def solve(self, values: Floats) -> Floats:  # noqa: D102 - see Factor
        return np.asarray(cho_solve((self.lower, True), values))

    def spread(self, x: Floats) -> Floats:  # noqa: D102 - see Factor
        return np.asarray(solve_triangular(self.lower, x, lower=True, trans=1))

    @cached_property
    def _inverse(self) -> Floats:
        inverse = np.tril(lapack.dpotri(self.lower, lower=1)[0])
        return np.asarray(inverse + np.tril(inverse, -1).T)

    @property
    def variances(self) -> Floats:  # noqa: D102 - see Factor
        return np.diag(self._inverse)

    def leverage(self, expansion: Expansion) -> Floats:  # noqa: D102 - see Factor
        hypers = len(expansion.theta) - self.size
        covariance = np.zeros((len(expansion.theta),) * 2)
        covariance[hypers:, hypers:] = self._inverse
        return leverage(expansion, covariance)

    def root(self) -> Root:  # noqa: D102 - see Factor
        return np.asarray(solve_triangular(self.lower, np.eye(self.size), lower=True).T)

    def precision(self) -> Root:  # noqa: D102 - see Factor
        return np.asarray(self.lower @ self.lower.T)


@dataclass(frozen=True, eq=False)
class ArrowheadFactor:
    """Of an arrowhead.

    Attributes
    ----------
    inverses
        Inverses of the blocks' factors, one after the other, see `Layout.blocks`.
    across, lower
        W and L_S above, shapes (M, S) and (S, S).
    """

    layout: Layout
    inverses: Floats
    across: Floats
    lower: Floats

    @property
    def size(self) -> int:  # noqa: D102 - see Factor
        return sum(self.across.shape)

    @cached_property
    def log_det(self) -> float:
        """Log determinant of the precision."""
        rows, columns = self.layout.places
        own = np.log(self.inverses[rows + columns]).sum()
        return 2 * float(np.log(np.diag(self.lower)).sum() - own)

    def solve(self, values: Floats) -> Floats:  # noqa: D102 - see Factor
        own, shared = values[self.layout.own], values[self.layout.shared]
        own = by_block(self.layout, self.inverses, own)
        shared = solve_triangular(self.lower, shared - self.across.T @ own, lower=True)
        return self._back(own, shared)

    def spread(self, x: Floats) -> Floats:  # noqa: D102 - see Factor
        return self._back(x[self.layout.own], x[self.layout.shared])

    def _back(self, own: Floats, shared: Floats) -> Floats:
        """The transposed inverse factor times own and shared values."""
        found = np.empty((self.size, *own.shape[1:]))
        shared = solve_triangular(self.lower, shared, lower=True, trans=1)
        found[self.layout.shared] = shared
        own = own - self.across @ shared
        found[self.layout.own] = by_block(self.layout, self.inverses, own, transposed=True)
        return found

    @cached_property
    def _shared_root(self) -> tuple[Floats, Floats]:
        """Columns of the transposed inverse factor for the shared unknowns: own rows and others."""
        inverse = np.ascontiguousarray(lapack.dtrtri(self.lower, lower=1)[0].T)
        across = -solve_triangular(self.lower, self.across.T, lower=True).T
        return by_block(self.layout, self.inverses, across, transposed=True), inverse

    @property
    def variances(self) -> Floats:  # noqa: D102 - see Factor
        own, shared = self._shared_root
        found = np.empty(self.size)
        found[self.layout.shared] = np.einsum("ij,ij->i", shared, shared)
        found[self.layout.own] = np.einsum("ij,ij->i", own, own)
        for where, blocks in self.layout.blocks(self.inverses):
            found[self.layout.own[where]] += (blocks**2).sum(axis=1).ravel()
        return found

    def leverage(self, expansion: Expansion) -> Floats:
        """Variances of the log expectations, shape (N,).

        In coordinates in which the precision is the identity: the shared unknowns move all figures,
        the own ones those of their claimant.
        """
        change = expansion.of.change
        assert isinstance(change, ArrowheadChange)
        by_v = expansion.with_edges(change.up(*self._shared_root, expansion.scales))
        slopes = expansion.slopes
        found = np.empty(slopes.shape[0])
        for first in range(0, len(found), ROWS):
            by_shared = times(slopes[first : first + ROWS], by_v)
            found[first : first + ROWS] = np.einsum("ij,ij->i", by_shared, by_shared)
        moves = change.matrix(expansion.scales)[:, -self.size :]
        by_own = slopes[:, : moves.shape[0]] @ (moves.tocsc()[:, self.layout.own] @ self._own_root)
        return np.asarray(found + np.asarray(by_own.multiply(by_own).sum(axis=1)).ravel())

    @property
    def _own_root(self) -> sparse.csr_array:
        """Columns of the transposed inverse factor for the own unknowns, which have no others."""
        return _block_diagonal(self.layout, self.inverses, transposed=True)

    def root(self) -> Root:  # noqa: D102 - see Factor
        own, shared = self._shared_root
        return self._in_order([[self._own_root, own], [None, shared]])

    def precision(self) -> Root:
        """The precision, of entries that are not zero."""
        factors = [np.linalg.inv(blocks) for _, blocks in self.layout.blocks(self.inverses)]
        stacked = [np.zeros(0), *((f @ f.transpose(0, 2, 1)).ravel() for f in factors)]
        own = _block_diagonal(self.layout, np.concatenate(stacked), transposed=False)
        flat = np.concatenate([np.zeros(0), *(f.ravel() for f in factors)])
        between = by_block(self.layout, flat, self.across)
        shared = self.across.T @ self.across + self.lower @ self.lower.T
        return self._in_order([[own, between], [between.T, shared]])

    def _in_order(self, parts: list[list[Any]]) -> sparse.csr_array:
        """A matrix of own and shared unknowns as one of the latent vector."""
        both = sparse.block_array(parts, format="coo")
        order = np.concatenate([self.layout.own, self.layout.shared])
        where = order[both.row], order[both.col]
        return sparse.csr_array(sparse.coo_array((both.data, where), shape=both.shape))


def by_block(
    layout: Layout, stacked: Floats, values: Floats, *, transposed: bool = False
) -> Floats:
    """Each block, or its transpose, times the values of its unknowns, shape (M, ...)."""
    found = np.empty_like(values)
    for where, blocks in layout.blocks(stacked):
        count, size, _ = blocks.shape
        part = values[where].reshape(count, size, -1)
        turned = blocks.transpose(0, 2, 1) if transposed else blocks
        found[where] = (turned @ part).reshape(found[where].shape)
    return found


def _block_diagonal(layout: Layout, stacked: Floats, *, transposed: bool) -> sparse.csr_array:
    """The blocks as a sparse matrix of the own unknowns."""
    rows, columns = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for where, blocks in layout.blocks(stacked):
        count, size, _ = blocks.shape
        first = where.start + size * np.arange(count)[:, None, None]
        row, column = np.broadcast_arrays(
            first + np.arange(size)[:, None], first + np.arange(size)[None]
        )
        rows.append(row.ravel())
        columns.append(column.ravel())
    where_all = np.concatenate(rows), np.concatenate(columns)
    size = len(layout.own)
    found = sparse.coo_array((stacked, where_all[::-1] if transposed else where_all), (size, size))
    return sparse.csr_array(found)


def cholesky_factor(matrix: Floats | Arrowhead) -> Factor | None:
    """The factor of a precision; None of one that is not positive definite."""
    if isinstance(matrix, Arrowhead):
        return _of_arrowhead(matrix)
    lower = _lower(matrix)
    return None if lower is None else DenseFactor(lower)


def _lower(matrix: Floats) -> Floats | None:
    """Lower factor in LAPACK's memory order; None of a matrix that is not positive definite."""
    if not np.isfinite(matrix).all():
        return None
    # The transposed upper factor of a row-wise matrix is the lower one without a copy.
    lower, failed = lapack.dpotrf(matrix.T, lower=1, clean=1)
    return None if failed else np.asarray(lower)


def _of_arrowhead(matrix: Arrowhead) -> ArrowheadFactor | None:
    if not matrix.finite:
        return None
    layout, inverses = matrix.layout, np.empty_like(matrix.blocks)
    try:
        pairs = zip(layout.blocks(matrix.blocks), layout.blocks(inverses), strict=True)
        for (_, blocks), (_, inverse) in pairs:
            inverse[:] = np.tril(np.linalg.inv(np.linalg.cholesky(blocks)))
    except np.linalg.LinAlgError:
        return None
    across = by_block(layout, inverses, matrix.between)
    lower = _lower(matrix.shared - across.T @ across)
    return None if lower is None else ArrowheadFactor(layout, inverses, across, lower)


def regularised(matrix: Floats | Arrowhead) -> Factor:
    """The factor of a matrix that is positive definite but for rounding.

    Far from the mode entries can differ by so many orders of magnitude that rounding makes even
    this one indefinite: then its diagonal is raised until it is not.
    """
    if isinstance(matrix, Arrowhead):
        safe = matrix.bounded(HUGE)
        tried = (cholesky_factor(safe.raised(ridge)) for ridge in RIDGES)
        found = next((factor for factor in tried if factor is not None), None)
        return found or _definite(safe.diagonal_only())
    dense = np.nan_to_num(matrix, posinf=HUGE, neginf=-HUGE)
    for ridge in RIDGES:
        lower = _lower(dense + np.diag(ridge * np.diag(dense)))
        if lower is not None:
            return DenseFactor(lower)
    return DenseFactor(np.diag(np.sqrt(np.diag(dense))))


def _definite(matrix: Arrowhead) -> Factor:
    found = cholesky_factor(matrix)
    assert found is not None, "a Gauss-Newton matrix has a positive diagonal"
    return found
