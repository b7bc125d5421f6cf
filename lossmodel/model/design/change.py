"""The change of variables between theta and v, for matrices."""

from copy import copy

import numpy as np
from scipy import sparse

from lossmodel.model.design.grid import Floats

__all__ = ["Change", "by_columns", "by_rows", "with_data"]

# Columns from which a block is multiplied as a dense matrix. It changes the speed only.
WIDE = 8
Block = tuple[slice, slice, Floats]


class Change:
    """Change of variables between theta and v, with the dense blocks of the affine map apart.

    Walks are dense blocks of the map, and the rest is sparse: a product with the whole map, dense
    or sparse, would cost several times as much.

    Parameters
    ----------
    of
        The affine map from theta to v, shape (V, D), or some of its rows and columns.
    """

    def __init__(self, of: sparse.csr_array) -> None:
        self.of = of
        self.blocks, rest = _divided(of)
        self.columns = np.flatnonzero(np.diff(rest.tocsc().indptr))
        self.rows = np.flatnonzero(np.diff(rest.indptr))
        self.rest = sparse.csr_array(rest.tocsc()[:, self.columns].tocsr()[self.rows].T)

    def matrix(self, scales: Floats) -> sparse.csr_array:
        """Derivative of v by theta, shape (V, D), given the scales of theta, shape (D,)."""
        return by_columns(self.of, scales)

    def precision(self, by_v: Floats, scales: Floats) -> Floats:
        """Precision of theta, shape (D, D): the identity of its prior plus a precision of v."""
        both = self.down(self.down(by_v, scales).T, scales)
        both[np.diag_indices_from(both)] += 1.0
        return both

    def covariance(self, of_theta: Floats, scales: Floats) -> Floats:
        """Covariance of v, shape (V, V), from one of theta, shape (D, D)."""
        return self.up(self.up(of_theta * scales * scales[:, None]).T)

    def down(self, values: Floats, scales: Floats) -> Floats:
        """The transposed map, scaled, times ``values`` of shape (V, .)."""
        down = np.zeros((self.of.shape[1], values.shape[1]))
        rest = by_rows(self.rest, scales[self.columns])
        down[self.columns] = rest @ np.ascontiguousarray(values[self.rows])
        for rows, columns, block in self.blocks:
            np.matmul((block * scales[columns]).T, values[rows], out=down[columns])
        return down

    def up(self, values: Floats) -> Floats:
        """The map, not scaled, times ``values`` of shape (D, .)."""
        up = np.zeros((self.of.shape[0], values.shape[1]))
        up[self.rows] = self.rest.T @ np.ascontiguousarray(values[self.columns])
        for rows, columns, block in self.blocks:
            np.matmul(block, values[columns], out=up[rows])
        return up


def _divided(matrix: sparse.csr_array) -> tuple[list[Block], sparse.csr_array]:
    """Wide blocks of a map that share no row or column with others, and the map without them."""
    both = sparse.block_array([[None, matrix], [matrix.T, None]])
    label = sparse.csgraph.connected_components(both, directed=False)[1]
    of_row, of_column = np.split(label, [matrix.shape[0]])
    blocks: list[Block] = []
    entries = matrix.tocoo()
    alone = np.ones(entries.nnz, dtype=bool)
    for number in np.flatnonzero(np.bincount(of_column) >= WIDE):
        rows, columns = (np.flatnonzero(of == number) for of in (of_row, of_column))
        where = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        # A block whose rows or columns are not contiguous stays with the rest.
        if len(rows) == where[0].stop - rows[0] and len(columns) == where[1].stop - columns[0]:
            blocks.append((*where, matrix[where].toarray()))
            alone &= of_row[entries.row] != number
    kept = (entries.data[alone], (entries.row[alone], entries.col[alone]))
    return blocks, sparse.csr_array(sparse.coo_array(kept, shape=matrix.shape))


def by_rows(matrix: sparse.csr_array, factor: Floats) -> sparse.csr_array:
    """Each row times its factor."""
    return with_data(matrix, matrix.data * np.repeat(factor, np.diff(matrix.indptr)))


def by_columns(matrix: sparse.csr_array, factor: Floats) -> sparse.csr_array:
    """Each column times its factor."""
    return with_data(matrix, matrix.data * factor[matrix.indices])


def with_data(matrix: sparse.csr_array, data: Floats) -> sparse.csr_array:
    """A matrix of the same sparsity with other values; its indices are not checked again."""
    found = copy(matrix)
    found.data = data
    return found
