"""Second derivatives of large submodels: blocks that only have shared unknowns in common.

Biases of a claimant enter the expectations of its own figures alone. With the unknowns of each
claimant together, and those that figures of several claimants depend on at the end, the latent
precision is an arrowhead: blocks on the diagonal, and a border of the shared unknowns.

    [ B_1              C_1 ]
    [       ..         ..  ]
    [            B_K   C_K ]
    [ C_1'  ..   C_K'  S   ]

Time and memory are linear in the number of claimants; of a dense matrix they are cubic and
quadratic.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lossmodel.model.density.derivatives import Products
from lossmodel.model.density.operators import Matrix, picking
from lossmodel.model.design import Design
from lossmodel.model.design.change import Change, by_columns, by_rows
from lossmodel.model.design.grid import Floats, Ints

__all__ = [
    "MANY_UNKNOWNS",
    "Apart",
    "Arrowhead",
    "ArrowheadChange",
    "Layout",
    "has_long_windows",
    "is_large",
    "layout_of",
    "products_apart",
    "times",
]

# Unknowns, and figures, from which second derivatives are arrowheads. A dense expansion of 2,000
# unknowns takes as long as one in blocks; that of the shipped war has under a thousand.
MANY_UNKNOWNS, MANY_FIGURES = 2000, 20_000
# Cells of a window from which a sum over its edges has fewer terms than one over its cells.
LONG = 4
# Rows that are multiplied as dense matrices at once: 8 MB for a thousand columns.
ROWS = 1000
# Time of an addition in a product of two sparse matrices, and in that of a sparse and a dense one,
# relative to one in a product of two dense ones.
SPARSE_COST, DENSE_COST = 100.0, 20.0


def is_large(design: Design) -> bool:
    """Whether second derivatives of a submodel are arrowheads."""
    return design.size > MANY_UNKNOWNS or len(design.terms) > MANY_FIGURES


def has_long_windows(design: Design) -> bool:
    """Whether figures are many, and of many cells: they are fewer by the edges of windows."""
    _, _, _, lo, hi = design.window.T
    cells = (hi - lo).sum() / design.grid.cell_days
    edges = len(design.series) * (design.grid.cells + 1)
    return bool(len(design.terms) > edges and cells > LONG * len(design.window))


@dataclass(frozen=True, eq=False)
class Layout:
    """Which unknowns are a claimant's own.

    Attributes
    ----------
    own, shared
        Entries of the latent vector: the M own ones, block by block, and the S shared ones.
    sizes
        Size of each block, in ascending order.
    own_rows, shared_rows
        Entries of the basis (log scales and v): those that own unknowns move, and the others.

    Examples
    --------
    >>> layout = Layout(np.array([1, 2, 0]), np.array([3]), np.array([1, 2]), *2 * [np.arange(0)])
    >>> [(size, where) for size, where in layout.groups]
    [(1, slice(0, 1, None)), (2, slice(1, 3, None))]
    """

    own: Ints
    shared: Ints
    sizes: Ints
    own_rows: Ints
    shared_rows: Ints

    @cached_property
    def groups(self) -> list[tuple[int, slice]]:
        """Blocks of one size are together: the size, and their slice of the own unknowns."""
        sizes, counts = np.unique(self.sizes, return_counts=True)
        ends = np.cumsum([0, *(sizes * counts)]).tolist()
        found = zip(sizes.tolist(), ends, ends[1:], strict=False)
        return [(size, slice(first, last)) for size, first, last in found]

    @cached_property
    def places(self) -> tuple[Ints, Ints]:
        """Of each own unknown: where its row begins in the stacked blocks, and its column there."""
        within = np.concatenate([np.arange(size) for size in self.sizes] or [np.zeros(0)])
        of_block = np.repeat(self.sizes, self.sizes)
        starts = np.repeat(np.cumsum(self.sizes**2) - self.sizes**2, self.sizes)
        return (starts + within * of_block).astype(np.int64), within.astype(np.int64)

    def blocks(self, stacked: Floats) -> Iterator[tuple[slice, Floats]]:
        """The blocks of each size, shape (count, size, size), with their slice."""
        start = 0
        for size, where in self.groups:
            count = (where.stop - where.start) // size
            end = start + count * size**2
            yield where, stacked[start:end].reshape(count, size, size)
            start = end


def layout_of(design: Design, touched: Matrix, through: Ints) -> Layout:
    """Find the unknowns that only figures of one claimant depend on, and the blocks they form.

    Parameters
    ----------
    touched
        Entries of v on which each expectation depends, shape (N, V), but for those through which
        all of them may.
    through
        The latter.
    """
    parameters, hypers = design.parameters, len(design.parameters.hyper)
    moves = abs(parameters.matrix)
    stream, claimant = (
        design.terms.groupby(keys, sort=False).ngroup().to_numpy(np.int64)
        for keys in (["claimant", "party", "category"], ["claimant"])
    )
    by_stream = _counted(stream) @ touched @ moves
    first = np.unique(stream, return_index=True)[1]
    by_claimant = _counted(claimant[first]) @ by_stream
    is_own = np.diff(sparse.csc_array(by_claimant).indptr) <= 1
    is_own[:hypers] = False
    # Ceilings have no claimant.
    is_own[(abs(parameters.ceilings) @ moves).nonzero()[1]] = False
    is_own[moves[through].nonzero()[1]] = False
    own = np.flatnonzero(is_own)
    both = sparse.csr_array(by_stream.tocsc()[:, own])
    graph = sparse.block_array([[None, both], [both.T, None]])
    label = sparse.csgraph.connected_components(graph, directed=False)[1][both.shape[0] :]
    size = np.bincount(label, minlength=1)
    order = np.lexsort((own, label, size[label]))
    sizes = np.sort(size[np.unique(label)])
    moved = np.flatnonzero(np.diff(sparse.csr_array(moves.tocsc()[:, own]).indptr)) + hypers
    shared_rows = np.setdiff1d(np.arange(hypers + moves.shape[0]), moved)
    shared = np.setdiff1d(np.arange(hypers, design.size), own)
    return Layout(own[order] - hypers, shared - hypers, sizes, moved, shared_rows)


def _counted(groups: NDArray[np.integer[Any]]) -> Matrix:
    """The map that adds entries by their group."""
    return sparse.csr_array(picking(groups.astype(np.int64), int(groups.max()) + 1).T)


@dataclass(frozen=True, eq=False)
class Apart:
    """A symmetric matrix in the basis, with the rows of own unknowns apart.

    Attributes
    ----------
    own, between, shared
        Sparse, shape (own rows, own rows); shape (own rows, shared rows); and
        (shared rows, shared rows).
    """

    layout: Layout
    own: Matrix
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
            by_column = matrix.tocsc()
            own, others = by_column[:, layout.own_rows], by_column[:, rows]
            kept[id(matrix)] = sparse.csr_array(own), sparse.csr_array(others)
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
    of_own = own.sparse((height, height))
    return Apart(layout, sparse.csr_array(of_own + of_own.T), between, half + half.T)


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

    def dense(self, shape: tuple[int, int]) -> Floats:
        """The sum as a dense matrix; factors with many entries are made dense, too."""
        many, self._many = self._many, []
        found = np.asarray(self.sparse(shape).toarray())
        for left, right in many:
            for first in range(0, left.shape[0], ROWS):
                here = slice(first, first + ROWS)
                found += left[here].toarray().T @ right[here].toarray()
        return found


@dataclass(frozen=True, eq=False)
class Arrowhead:
    """A symmetric matrix of the latent vector, with a border.

    Attributes
    ----------
    blocks
        The blocks one after the other, see `Layout.blocks`.
    between, shared
        Shapes (M, S) and (S, S).
    """

    layout: Layout
    blocks: Floats
    between: Floats
    shared: Floats

    @property
    def finite(self) -> bool:
        """Whether all entries are finite."""
        parts = (self.blocks, self.between, self.shared)
        return all(bool(np.isfinite(part).all()) for part in parts)

    def bounded(self, limit: float) -> "Arrowhead":
        """The same with a limit in place of infinite entries."""
        blocks, between, shared = (
            np.nan_to_num(part, posinf=limit, neginf=-limit)
            for part in (self.blocks, self.between, self.shared)
        )
        return Arrowhead(self.layout, blocks, between, shared)

    @cached_property
    def diagonal(self) -> tuple[Ints, Floats, Floats]:
        """Places of the own unknowns in the blocks, and the diagonals of blocks and border."""
        rows, columns = self.layout.places
        return rows + columns, self.blocks[rows + columns], np.diag(self.shared)

    def raised(self, share: float) -> "Arrowhead":
        """The same with a share of the diagonal added to it."""
        where, own, shared = self.diagonal
        blocks = self.blocks.copy()
        blocks[where] += share * own
        return replace(self, blocks=blocks, shared=self.shared + np.diag(share * shared))

    def diagonal_only(self) -> "Arrowhead":
        """Its diagonal."""
        where, own, shared = self.diagonal
        blocks = np.zeros_like(self.blocks)
        blocks[where] = own
        return Arrowhead(self.layout, blocks, np.zeros_like(self.between), np.diag(shared))


class ArrowheadChange:
    """Change of variables between theta and v, for matrices with own rows apart.

    See `Change`, which is the same for dense matrices.
    """

    def __init__(self, design: Design, layout: Layout) -> None:
        self.parameters, self.layout = design.parameters, layout
        hypers = len(design.parameters.hyper)
        columns = design.parameters.matrix.tocsc()
        by_own = columns[:, layout.own + hypers].tocsr()
        by_shared = columns[:, layout.shared + hypers].tocsr()
        rows = layout.own_rows - hypers
        # Log scales are rows of the basis, which v does not move.
        self._scales = int((layout.shared_rows < hypers).sum())
        others = layout.shared_rows[self._scales :] - hypers
        self.own = Change(sparse.csr_array(by_own[rows]))
        self.shared = Change(sparse.csr_array(by_shared[others]))
        self.across = sparse.csr_array(by_shared[rows])

    def matrix(self, scales: Floats) -> sparse.csr_array:
        """Derivative of v by theta, shape (V, D), given the scales of theta, shape (D,)."""
        return by_columns(self.parameters.matrix, scales)

    def precision(self, by_basis: Apart, scales: Floats) -> Arrowhead:
        """Precision of the latent vector: the identity of its prior plus one of the basis."""
        latent = scales[len(self.parameters.hyper) :]
        own_scales, shared_scales = latent[self.layout.own], latent[self.layout.shared]
        shared = self.shared.down(by_basis.shared[self._scales :, self._scales :], shared_scales)
        shared = self.shared.down(shared.T, shared_scales)
        to_shared = self.shared.down(by_basis.between.T[self._scales :], shared_scales).T
        between = self.own.down(to_shared, own_scales)
        own = self.own.matrix(own_scales)
        moved = by_basis.own @ own
        if self.across.nnz:
            across = by_columns(self.across, shared_scales)
            between += (moved.T @ across).toarray()
            half = across.T @ to_shared
            shared += half + half.T + (across.T @ by_basis.own @ across).toarray()
        shared[np.diag_indices_from(shared)] += 1.0
        return Arrowhead(
            self.layout, self._blocks(sparse.coo_array(own.T @ moved)), between, shared
        )

    def up(self, own: Floats, shared: Floats, scales: Floats) -> Floats:
        """The map, scaled, times values of the own and the shared unknowns, shape (V, .)."""
        hypers = len(self.parameters.hyper)
        latent = scales[hypers:, None]
        own, shared = own * latent[self.layout.own], shared * latent[self.layout.shared]
        found = np.empty((len(self.parameters.offset), own.shape[1]))
        found[self.layout.own_rows - hypers] = self.own.up(own) + self.across @ shared
        others = self.layout.shared_rows[self._scales :] - hypers
        found[others] = self.shared.up(shared)
        return found

    def _blocks(self, own: sparse.coo_array) -> Floats:
        rows, columns = self.layout.places
        blocks = np.zeros(int((self.layout.sizes**2).sum()))
        blocks[rows[own.row] + columns[own.col]] = own.data
        blocks[rows + columns] += 1.0
        return blocks

    def down(self, values: Floats, scales: Floats) -> Floats:
        """The transposed map, scaled, times ``values`` of shape (V, .)."""
        return np.asarray(self.matrix(scales).T @ values)
