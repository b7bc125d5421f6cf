"""The operators of a graph, each with its value and its adjoint.

A graph is a list of nodes, each a vector that follows from earlier ones:

    Linear        y = sum_k A_k x_k + b, the A_k sparse
    RunningSum    y = sums of each row of x up to each edge between its entries
    Map           y = f(x_1 .. x_K) entry by entry, f one of ``functions``

Every node takes a batch: values have shape (..., n), and axes before the last one are draws.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
from scipy import sparse
from scipy.sparse import csr_array as Matrix

from lossmodel.model.density.functions import Function
from lossmodel.model.design.grid import Floats, Ints

__all__ = [
    "Linear",
    "Map",
    "Matrix",
    "Node",
    "Part",
    "RunningSum",
    "Take",
    "gathering",
    "picking",
    "stacked",
]

TINY = 1e-9
N = TypeVar("N", bound="Node")


@dataclass(frozen=True, eq=False)
class Node:
    """A vector of ``size`` entries; the ``index``-th of its graph."""

    index: int
    size: int
    inputs: tuple["Node", ...] = ()

    @cached_property
    def sources(self) -> tuple[int, ...]:
        """Indices of the inputs."""
        return tuple(node.index for node in self.inputs)

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """The value from those of the inputs."""
        raise NotImplementedError

    def reverse(self, adjoint: Floats) -> Sequence[Floats]:
        """Adjoints of the inputs from that of the value."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Linear(Node):
    """``sum_k A_k x_k + b``.

    Attributes
    ----------
    matrix
        The A_k side by side.
    offset
        b.
    """

    matrix: Matrix = field(kw_only=True)
    offset: Floats | float = 0.0

    @cached_property
    def transposed(self) -> Matrix:
        """The transpose of the matrix, which only derivatives need."""
        return self.matrix.T.tocsr()

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """The value, shape (..., n)."""
        value = _product(self.matrix, stacked(inputs))
        value += self.offset
        return value

    def reverse(self, adjoint: Floats) -> Sequence[Floats]:
        """Adjoints of the inputs, shape (..., n of each)."""
        return _split(_product(self.transposed, adjoint), self.inputs)

    def terms(self) -> Iterator[tuple[Matrix, Node]]:
        """Each A_k with its input."""
        columns, start = self.matrix.tocsc(), 0
        for node in self.inputs:
            yield sparse.csr_array(columns[:, start : start + node.size]), node
            start += node.size


@dataclass(frozen=True, eq=False)
class Take(Linear):
    """The map that takes some entries of its stacked inputs."""

    entries: Ints = field(kw_only=True)

    @cached_property
    def part(self) -> slice | None:
        """The entries as a slice, if they are contiguous in one input."""
        first, count = int(self.entries[0]), len(self.entries)
        together = (self.entries == np.arange(first, first + count)).all()
        return slice(first, first + count) if together and len(self.inputs) == 1 else None

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """The entries, shape (..., n)."""
        if self.part is not None:
            return np.asarray(inputs[0][..., self.part])
        x = stacked(inputs)
        # Of a batch, the draws of each entry are contiguous in memory.
        return np.asarray(x[self.entries] if x.ndim == 1 else x.T[self.entries].T)

    def reverse(self, adjoint: Floats) -> Sequence[Floats]:
        """The adjoint at the entries, zero elsewhere."""
        if adjoint.ndim > 1:
            return super().reverse(adjoint)
        size = self.matrix.shape[1]
        if self.part is not None:
            found = np.zeros(size)
            found[self.part] = adjoint
            return [found]
        added = np.bincount(self.entries, adjoint, minlength=size)
        return _split(np.asarray(added, dtype=float), self.inputs)


@dataclass(frozen=True, eq=False)
class Part(Linear):
    """Rows of a larger map of one input, computed with it or by themselves.

    Attributes
    ----------
    whole
        The larger map.
    part
        Which of its rows.
    """

    whole: Linear = field(kw_only=True)
    part: slice = field(kw_only=True)


@dataclass(frozen=True, eq=False)
class RunningSum(Node):
    """Sums of rows of T entries up to each of the T + 1 edges; inputs are stacks of rows."""

    entries: int = field(kw_only=True)

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """The value, shape (..., R (T + 1))."""
        x = stacked(inputs)
        rows = x.reshape(*x.shape[:-1], -1, self.entries)
        sums = np.zeros((*rows.shape[:-1], self.entries + 1))
        np.cumsum(rows, axis=-1, out=sums[..., 1:])
        return np.asarray(sums.reshape(*x.shape[:-1], -1))

    def reverse(self, adjoint: Floats) -> Sequence[Floats]:
        """Adjoints of the entries: of each the sum over all later edges."""
        edges = adjoint.reshape(*adjoint.shape[:-1], -1, self.entries + 1)
        later = np.cumsum(edges[..., :0:-1], axis=-1)[..., ::-1]
        return _split(later.reshape(*adjoint.shape[:-1], -1), self.inputs)

    def of_entries(self, matrix: Matrix) -> Matrix:
        """A map of the sums as one of the entries.

        It has as many entries as the windows have cells; entries that cancel are dropped.
        """
        rows, edges = self.size // (self.entries + 1), self.entries + 1
        given = matrix.tocoo()
        row, edge = divmod(given.col, edges)
        pairs, which = np.unique(given.row * rows + row, return_inverse=True)
        weights = np.zeros((len(pairs), edges))
        np.add.at(weights, (which, edge), given.data)
        later = np.cumsum(weights[:, :0:-1], axis=1)[:, ::-1]
        found, entry = np.nonzero(np.abs(later) > TINY)
        where = (pairs[found] // rows, pairs[found] % rows * self.entries + entry)
        shape = (matrix.shape[0], rows * self.entries)
        return sparse.csr_array(sparse.coo_array((later[found, entry], where), shape=shape))


@dataclass(frozen=True, eq=False)
class Map(Node):
    """``f(x_1 .. x_K)`` entry by entry."""

    function: Function = field(kw_only=True)


def picking(entries: Ints, size: int) -> Matrix:
    """The map that takes some of ``size`` entries."""
    ends = np.arange(len(entries) + 1)
    return sparse.csr_array((np.ones(len(entries)), entries, ends), shape=(len(entries), size))


def _product(matrix: Matrix, x: Floats) -> Floats:
    if x.ndim == 1:
        return np.asarray(matrix @ x)
    # Without any learned scale a node has no entries, and a size of -1 would be ambiguous.
    flat = matrix @ x.reshape(math.prod(x.shape[:-1]), x.shape[-1]).T
    return np.asarray(flat.T.reshape(*x.shape[:-1], matrix.shape[0]))


def gathering(where: Ints, size: int) -> Matrix:
    """The map that adds entries at given indices among ``size``."""
    return sparse.csr_array(picking(where, size).T)


def stacked(inputs: Sequence[Floats]) -> Floats:
    """Inputs one after the other, along the last axis."""
    return inputs[0] if len(inputs) == 1 else np.concatenate(inputs, axis=-1)


def _split(x: Floats, nodes: Sequence[Node]) -> list[Floats]:
    """The entries of each of the stacked nodes."""
    if len(nodes) == 1:
        return [x]
    found, start = [], 0
    for node in nodes:
        found.append(x[..., start : start + node.size])
        start += node.size
    return found
