"""Which unknowns of a large submodel are a claimant's own, and which are shared."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lossmodel.model.density.operators import Matrix, picking
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.tables.schema import STREAM

__all__ = ["MANY_UNKNOWNS", "Layout", "WideBlock", "has_long_windows", "is_large", "layout_of"]

# Unknowns, and figures, from which second derivatives are arrowheads. A dense expansion of 2,000
# unknowns takes as long as one in blocks; that of the shipped war has under a thousand.
MANY_UNKNOWNS, MANY_FIGURES = 2000, 20_000
# Unknowns from which a block is multiplied as a dense matrix. With four blocks of 700, parties of
# thirty years in months, each with an office of its own, an expansion takes a quarter of the time.
WIDE = 300
# Cells of a window from which a sum over its edges has fewer terms: each of the two edges is
# interpolated between two ends of cells. Where battles cut cells, there are two more for each.
LONG = 4


def is_large(design: Design) -> bool:
    """Whether second derivatives of a submodel are arrowheads."""
    return design.size > MANY_UNKNOWNS or len(design.terms) > MANY_FIGURES


def has_long_windows(design: Design) -> bool:
    """Whether figures are many, and of many cells: they are fewer by the edges of windows."""
    *_, lo, hi = design.window.T
    cells = (design.grid.cells * (hi - lo) / design.grid.size).sum()
    edges = len(design.series) * (design.grid.cells + 1)
    return bool(len(design.terms) > edges and cells > LONG * len(design.window))


class WideBlock(NamedTuple):
    """A wide block: its slice of the own unknowns, that of the stacked blocks, and its own rows."""

    where: slice
    stacked: slice
    rows: Ints


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
    block_of_row
        Number of the block whose unknowns move each own row.

    Examples
    --------
    >>> layout = Layout(np.array([1, 2, 0]), np.array([3]), np.array([1, 2]), *3 * [np.arange(0)])
    >>> [(size, where) for size, where in layout.groups]
    [(1, slice(0, 1, None)), (2, slice(1, 3, None))]
    """

    own: Ints
    shared: Ints
    sizes: Ints
    own_rows: Ints
    shared_rows: Ints
    block_of_row: Ints

    @cached_property
    def wide(self) -> list[WideBlock]:
        """The blocks that are multiplied as dense matrices."""
        ends, stacked = self.sizes.cumsum(), (self.sizes**2).cumsum()
        return [
            WideBlock(
                slice(ends[k] - self.sizes[k], ends[k]),
                slice(stacked[k] - self.sizes[k] ** 2, stacked[k]),
                np.flatnonzero(self.block_of_row == k),
            )
            for k in np.flatnonzero(self.sizes >= WIDE).tolist()
        ]

    @cached_property
    def narrow_rows(self) -> Ints:
        """Own rows of all other blocks."""
        return np.flatnonzero(self.sizes[self.block_of_row] < WIDE)

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
        for keys in (STREAM, ["claimant"])
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
    by_own = sparse.csr_array(moves.tocsc()[:, own[order]])
    moved = np.flatnonzero(np.diff(by_own.indptr))
    # All unknowns that move a row are of one block.
    block_of_row = np.repeat(np.arange(len(sizes)), sizes)[by_own.indices[by_own.indptr[moved]]]
    shared_rows = np.setdiff1d(np.arange(hypers + moves.shape[0]), moved + hypers)
    shared = np.setdiff1d(np.arange(hypers, design.size), own)
    return Layout(
        own=own[order] - hypers, shared=shared - hypers, sizes=sizes,
        own_rows=moved + hypers, shared_rows=shared_rows, block_of_row=block_of_row,
    )  # fmt: skip


def _counted(groups: NDArray[np.integer[Any]]) -> Matrix:
    """The map that adds entries by their group."""
    return sparse.csr_array(picking(groups.astype(np.int64), int(groups.max()) + 1).T)
