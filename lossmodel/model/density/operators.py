"""Sparse matrices that are scaled, filled and multiplied many times."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Places", "by_columns", "by_rows", "clean", "crossed", "rows_of"]

TINY = 1e-9


class Places:
    """A sparse matrix whose entries stand still while their values change."""

    def __init__(self, rows: Ints, columns: Ints, shape: tuple[int, int]) -> None:
        found, self.place = np.unique(rows * shape[1] + columns, return_inverse=True)
        where = (found // shape[1], found % shape[1])
        self.empty = sparse.csr_array(sparse.coo_array((np.ones(len(found)), where), shape=shape))

    def fill(self, values: Floats) -> sparse.csr_array:
        """The matrix with these values; those at the same place add up."""
        data = np.bincount(self.place, values, minlength=self.empty.nnz)
        return _with_data(self.empty, data.astype(float, copy=False))


def rows_of(matrix: sparse.csr_array) -> Ints:
    """Row of each entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def by_rows(matrix: sparse.csr_array, factor: Floats) -> sparse.csr_array:
    """Each row times its factor."""
    return _with_data(matrix, matrix.data * np.repeat(factor, np.diff(matrix.indptr)))


def by_columns(matrix: sparse.csr_array, factor: Floats) -> sparse.csr_array:
    """Each column times its factor."""
    return _with_data(matrix, matrix.data * factor[matrix.indices])


def crossed(triangle: Sequence[tuple[sparse.csr_array, sparse.csr_array]]) -> Floats:
    """Sum of ``left' right`` over pairs with equally many rows, as a dense matrix."""
    left, right = (sparse.vstack(part, format="csr") for part in zip(*triangle, strict=True))
    return np.asarray((left.T.tocsr() @ right).toarray())


def clean(matrix: sparse.csr_array) -> sparse.csr_array:
    """Drop the cancelled entries of a difference of prefix sums."""
    matrix = sparse.csr_array(matrix)
    matrix.data[np.abs(matrix.data) < TINY] = 0.0
    matrix.eliminate_zeros()
    return matrix


def _with_data(matrix: sparse.csr_array, data: Floats) -> sparse.csr_array:
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
