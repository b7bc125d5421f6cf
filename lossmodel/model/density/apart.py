"""Second derivatives in the basis, with the rows that a claimant's own unknowns move apart."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lossmodel.model.density.derivatives import Products
from lossmodel.model.density.layout import Layout
from lossmodel.model.density.operators import Matrix
from lossmodel.model.design.change import by_rows
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["ROWS", "Apart", "OwnRows", "products_apart", "times"]

# Rows that are multiplied as dense matrices at once: 8 MB for a thousand columns.
ROWS = 1000
# Time of an addition in a product of two sparse matrices, and in that of a sparse and a dense one,
# relative to one in a product of two dense ones, of which a core makes some 25 in a nanosecond.
SPARSE_COST, DENSE_COST = 100.0, 20.0


@dataclass(frozen=True, eq=False)
class OwnRows:
    """A symmetric matrix of own rows, which has no entries between blocks.

    Attributes
    ----------
    wide
        Those of each wide block of the layout, dense.
    narrow
        Those of all others, sparse, shape (narrow rows, narrow rows).
    """

    layout: Layout
    wide: list[Floats]
    narrow: Matrix

    def __matmul__(self, values: Floats) -> Floats:
        found = np.zeros(values.shape)
        found[self.layout.narrow_rows] = self.narrow @ values[self.layout.narrow_rows]
        for block, dense in zip(self.layout.wide, self.wide, strict=True):
            found[block.rows] = dense @ values[block.rows]
        return found


@dataclass(frozen=True, eq=False)
class Apart:
    """A symmetric matrix in the basis, with the rows of own unknowns apart.

    Attributes
    ----------
    own, between, shared
        Of own rows; shape (own rows, shared rows); and (shared rows, shared rows).
    """

    layout: Layout
    own: OwnRows
    between: Floats
    shared: Floats

    def __matmul__(self, values: Floats) -> Floats:
        own, shared = self.layout.own_rows, self.layout.shared_rows
        found = np.empty(values.shape)
        found[own] = self.own @ values[own] + self.between @ values[shared]
        found[shared] = self.between.T @ values[own] + self.shared @ values[shared]
        return found


def products_apart(
    products: Products,
    layout: Layout,
    *,
    moves: Floats | None = None,
    within: Products | None = None,
) -> Apart:
    """Sum of ``left' diag(weight) right`` over products, and its transpose.

    Parameters
    ----------
    moves
        Where the products have more entries at the end of the basis, which shared rows move, their
        derivative by these.
    within
        Products of shared rows alone, without these entries.
    """
    more = 0 if moves is None else len(moves)
    size = len(layout.own_rows) + len(layout.shared_rows)
    rows = np.concatenate([layout.shared_rows, np.arange(size, size + more)])
    kept: dict[int, tuple[Matrix, Matrix]] = {}

    def parts(matrix: Matrix) -> tuple[Matrix, Matrix]:
        if id(matrix) not in kept:
            kept[id(matrix)] = matrix[:, layout.own_rows], matrix[:, rows]
        return kept[id(matrix)]

    shared, across, own = _Crossed(), _Crossed(), _Crossed()
    for left, right, weight in products:
        (left_own, left_shared), (right_own, right_shared) = parts(left), parts(right)
        weighted = by_rows(right_shared, weight)
        shared.add(left_shared, weighted)
        if left_own.nnz:
            across.add(left_own, weighted)
        if right_own.nnz:
            weighted = by_rows(right_own, weight)
            across.add(weighted, left_shared)
            own.add(left_own, weighted)
    height, width = len(layout.own_rows), len(rows)
    half, between = shared.dense((width, width)), across.sparse((height, width))
    if moves is None:
        between = between.toarray()
    else:
        count = len(layout.shared_rows)
        between = between.tocsc()
        between = between[:, :count].toarray() + times(between[:, count:].tocsr(), moves)
        by_moves = (half[:, count:] + half[count:].T) @ moves
        half = half[:count, :count] + by_moves[:count] + moves.T @ by_moves[count:] / 2
    inner = _Crossed()
    for left, right, weight in within or ():
        columns = (part.tocsc()[:, layout.shared_rows].tocsr() for part in (left, right))
        left_shared, right_shared = columns
        inner.add(left_shared, by_rows(right_shared, weight))
    half += inner.dense(half.shape)
    return Apart(layout, own.by_block(layout), between, half + half.T)


def times(matrix: Matrix, values: Floats) -> Floats:
    """A sparse matrix times a dense one, as dense ones where that is faster."""
    full = matrix.nnz * DENSE_COST > matrix.shape[0] * matrix.shape[1]
    return np.asarray((matrix.toarray() if full else matrix) @ values)


class _Crossed:
    """A sum of products ``left' right`` of sparse matrices."""

    def __init__(self) -> None:
        self._few: list[tuple[Matrix, Matrix]] = []
        self._many: list[tuple[Matrix, Matrix]] = []

    def add(self, left: Matrix, right: Matrix) -> None:
        """Add a product."""
        additions = np.diff(left.indptr).astype(float) @ np.diff(right.indptr)
        full = left.shape[0] * float(left.shape[1]) * right.shape[1]
        (self._few if additions * SPARSE_COST < full else self._many).append((left, right))

    def sparse(self, shape: tuple[int, int]) -> Matrix:
        """The sum as a sparse matrix."""
        both = [*self._few, *self._many]
        if not both:
            return sparse.csr_array(shape)
        left, right = (sparse.vstack(part, format="csr") for part in zip(*both, strict=True))
        return sparse.csr_array(left.T.tocsr() @ right)

    def by_block(self, layout: Layout) -> OwnRows:
        """The sum and its transpose, of factors that have the own rows as columns."""
        narrow, wide = self, []
        if layout.wide:
            narrow = self.of_columns(layout.narrow_rows)
            for block in layout.wide:
                half = self.of_columns(block.rows).dense(2 * (len(block.rows),))
                wide.append(half + half.T)
        size = len(layout.narrow_rows)
        found = narrow.sparse((size, size))
        return OwnRows(layout, wide, sparse.csr_array(found + found.T))

    def of_columns(self, columns: Ints) -> "_Crossed":
        """The products of some columns, without rows in which they have no entries."""
        found = _Crossed()
        for pair in (*self._few, *self._many):
            left, right = (factor[:, columns] for factor in pair)
            here = np.flatnonzero(np.diff(left.indptr) * np.diff(right.indptr))
            if len(here):
                found.add(left[here], right[here])
        return found

    def dense(self, shape: tuple[int, int]) -> Floats:
        """The sum as a dense matrix; factors with many entries are made dense, too."""
        many, self._many = self._many, []
        found = np.asarray(self.sparse(shape).toarray())
        for left, right in many:
            for first in range(0, left.shape[0], ROWS):
                here = slice(first, first + ROWS)
                found += left[here].toarray().T @ right[here].toarray()
        return found
