"""Sparse linear maps, collected entry by entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Linear"]


@dataclass
class Linear:
    """A sparse linear map, collected entry by entry.

    Examples
    --------
    >>> linear = Linear()
    >>> linear.add(0, np.array([0, 2]), 0.5)
    >>> linear.matrix((1, 3)).toarray()
    array([[0.5, 0. , 0.5]])
    """

    row: list[Ints] = field(default_factory=list)
    column: list[Ints] = field(default_factory=list)
    weight: list[Floats] = field(default_factory=list)

    def add(self, row: Ints | int, column: Ints | int, weight: Floats | float = 1.0) -> None:
        """Add ``weight`` at (row, column), broadcast against each other."""
        rows, columns, weights = np.broadcast_arrays(row, column, weight)
        self.row.append(rows.ravel().astype(np.int64))
        self.column.append(columns.ravel().astype(np.int64))
        self.weight.append(weights.ravel().astype(float))

    def matrix(self, shape: tuple[int, int]) -> sparse.csr_array:
        """The map as a sparse matrix; repeated entries add up."""
        if not self.row:
            return sparse.csr_array(shape)
        entries = np.concatenate(self.weight)
        where = (np.concatenate(self.row), np.concatenate(self.column))
        return sparse.csr_array(sparse.coo_array((entries, where), shape=shape))
