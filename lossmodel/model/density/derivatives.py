"""Sparse Jacobians and exact second derivatives of a graph.

With J_a the Jacobians of the arguments of a map by some basis and u the adjoint of its value, the
second derivative of a function of the graph is the sum of ``J_a' diag(u f_ab) J_b`` over all maps
and pairs of arguments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from lossmodel.model.density.graph import Evaluation, Graph
from lossmodel.model.density.operators import (
    Linear,
    Map,
    Matrix,
    Node,
    RunningSum,
    picking,
    stacked,
)
from lossmodel.model.design.change import by_rows, with_data
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Jacobians", "Products", "crossed", "negated", "second_products"]

# Products of entries up to which those of a linear node are written out once, some 50 bytes each.
# The soldiers of the shipped war have 183,000. Of 6,000 figures with 1,650 unknowns, written out up
# to four million, an expansion takes a tenth less, the first one a second more, and 130 MB more.
MOST_WRITTEN = 1_000_000

# Pairs of matrices with equally many rows and a weight for each row, of which the products
# ``left' diag(weight) right`` are summed.
Products = list[tuple[Matrix, Matrix, Floats]]


class Jacobians:
    """Sparse derivatives of nodes by a basis: some nodes, stacked.

    Which entries may differ from zero is the same at all points. It is worked out once, and a point
    then only has values to fill in.

    Parameters
    ----------
    basis
        Nodes from which all outputs follow.
    """

    def __init__(self, graph: Graph, basis: Sequence[Node], outputs: Sequence[Node]) -> None:
        ends = np.cumsum([0, *(node.size for node in basis)])
        self.size = int(ends[-1])
        # Of nodes that are affine in the basis, whose derivatives do not change.
        self._constant: dict[int, Matrix] = {}
        self._filled: dict[int, _OfLinear | _OfMap] = {}
        patterns = self._patterns = {
            node.index: picking(np.arange(start, start + node.size), self.size)
            for node, start in zip(basis, ends[:-1], strict=True)
        }
        self._constant |= patterns
        self.maps: list[Map] = []
        for node in graph.order(basis, outputs):
            if isinstance(node, RunningSum):
                continue
            if isinstance(node, Map):
                filled: _OfLinear | _OfMap = _OfMap(node, patterns)
                self.maps.append(node)
            else:
                assert isinstance(node, Linear)
                terms = list(self._of_entries(node.terms()))
                few = _count(terms, patterns) <= MOST_WRITTEN
                filled = _WrittenOut(terms, patterns) if few else _OfLinear(terms, patterns)
                if all(source.index in self._constant for _, source in terms):
                    self._constant[node.index] = filled(self._constant)
            patterns[node.index] = filled.pattern
            if node.index not in self._constant:
                self._filled[node.index] = filled

    def _of_entries(self, terms: Iterable[tuple[Matrix, Node]]) -> Iterator[tuple[Matrix, Node]]:
        """Maps of running sums, unless these are in the basis, as maps of their summands."""
        for matrix, source in terms:
            if not isinstance(source, RunningSum) or source.index in self._constant:
                yield matrix, source
                continue
            columns, start = source.of_entries(matrix).tocsc(), 0
            for node in source.inputs:
                yield sparse.csr_array(columns[:, start : start + node.size]), node
                start += node.size

    def at(self, evaluation: Evaluation) -> dict[int, Matrix]:
        """Jacobians of all nodes but running sums, by index, each of shape (n, basis)."""
        found = dict(self._constant)
        for index, filled in self._filled.items():
            found[index] = filled(found, evaluation)
        return found

    def structure(self, output: Node) -> Matrix:
        """One where an output may depend on the basis, at whatever point, else zero."""
        return self._patterns[output.index]


class _OfLinear:
    """The Jacobian of a linear node: a sum of products of its matrices with those of its inputs.

    Parameters
    ----------
    terms
        Each matrix with its input.
    patterns
        A matrix for each node by its index, of which the indices count.
    """

    def __init__(
        self, terms: Sequence[tuple[Matrix, Node]], patterns: Mapping[int, Matrix]
    ) -> None:
        self._terms = [(matrix, source.index) for matrix, source in terms]
        # Ones do not cancel.
        self.pattern = _sum_of(_ones(matrix) @ patterns[index] for matrix, index in self._terms)
        self.pattern.sort_indices()
        self.pattern.data[:] = 1.0

    def __call__(self, found: Mapping[int, Matrix], _: Evaluation | None = None) -> Matrix:
        """The Jacobian from those of the inputs."""
        total = _sum_of(matrix @ found[index] for matrix, index in self._terms)
        data = np.zeros(self.pattern.nnz)
        data[_places(_rows(total), total.indices, self.pattern)] = total.data
        return with_data(self.pattern, data)


class _WrittenOut(_OfLinear):
    """The same by one linear map of the values of the inputs, which is faster where it fits."""

    def __init__(
        self, terms: Sequence[tuple[Matrix, Node]], patterns: Mapping[int, Matrix]
    ) -> None:
        self._sources = [source.index for _, source in terms]
        inputs = [patterns[index] for index in self._sources]
        products = [_products(m, x) for (m, _), x in zip(terms, inputs, strict=True)]
        starts = np.cumsum([0, *(x.nnz for x in inputs)])
        row, column, factor, entry = map(np.concatenate, zip(*products, strict=True))
        entry += np.repeat(starts[:-1], [len(product.entry) for product in products])
        self.pattern = _pattern(row, column, (terms[0][0].shape[0], inputs[0].shape[1]))
        places = _places(row, column, self.pattern)
        shape = self.pattern.nnz, int(starts[-1])
        self._map = sparse.csr_array(sparse.coo_array((factor, (places, entry)), shape=shape))

    def __call__(self, found: Mapping[int, Matrix], _: Evaluation | None = None) -> Matrix:
        """The Jacobian from those of the inputs."""
        data = [found[index].data for index in self._sources]
        return with_data(self.pattern, self._map @ stacked(data))


class _OfMap:
    """The Jacobian of a map, whose rows are sums of the rows of its inputs times slopes."""

    def __init__(self, node: Map, patterns: Mapping[int, Matrix]) -> None:
        self._node = node
        sources = [patterns[index] for index in node.sources]
        self._rows = [_rows(source) for source in sources]
        self.pattern = sources[0]
        self._places: list[Ints | slice] = [slice(None)]
        if len(sources) > 1:
            columns = [source.indices for source in sources]
            joined = np.concatenate(self._rows), np.concatenate(columns)
            self.pattern = _pattern(*joined, sources[0].shape)
            ends = np.cumsum([source.nnz for source in sources])
            self._places = [*np.split(_places(*joined, self.pattern), ends[:-1])]

    def __call__(self, found: Mapping[int, Matrix], evaluation: Evaluation) -> Matrix:
        """The Jacobian from those of the inputs, and the derivatives of the map by these."""
        data, slopes = np.zeros(self.pattern.nnz), evaluation.of_map(self._node).first()
        for index, rows, places, slope in zip(
            self._node.sources, self._rows, self._places, slopes, strict=True
        ):
            # An input has each entry once, so that none is lost.
            data[places] += found[index].data * slope[rows]
        return with_data(self.pattern, data)


class _Products(NamedTuple):
    """All products of entries in that of two sparse matrices, the second one with any values.

    Attributes
    ----------
    row, column
        Where each is added.
    factor, entry
        The value from the first matrix, and the number of the entry of the second one.
    """

    row: Ints
    column: Ints
    factor: Floats
    entry: Ints


def _products(matrix: Matrix, pattern: Matrix) -> _Products:
    given = matrix.tocoo()
    kept = given.data != 0
    row, inner, value = given.row[kept], given.col[kept], given.data[kept]
    counts = np.diff(pattern.indptr)[inner]
    # The entries of the inner row of each, one after the other.
    firsts = pattern.indptr[inner] - counts.cumsum() + counts
    entry = np.arange(counts.sum()) + np.repeat(firsts, counts)
    return _Products(
        np.repeat(row, counts), pattern.indices[entry], np.repeat(value, counts), entry
    )


def _count(terms: Sequence[tuple[Matrix, Node]], patterns: Mapping[int, Matrix]) -> int:
    """How many products of entries the Jacobian of a linear node is summed from."""
    lengths = ((m, np.diff(patterns[source.index].indptr)) for m, source in terms)
    return sum(int(length[matrix.tocoo().col].sum()) for matrix, length in lengths)


def _ones(matrix: Matrix) -> Matrix:
    """A matrix with ones where another one is not zero."""
    found = sparse.csr_array(matrix, copy=True)
    found.eliminate_zeros()
    found.data[:] = 1.0
    return found


def _sum_of(matrices: Iterable[Matrix]) -> Matrix:
    return sparse.csr_array(sum(matrices, start=0))


def _pattern(row: Ints, column: Ints, shape: tuple[int, int]) -> Matrix:
    """A matrix with ones at some places, which may repeat; its indices are sorted."""
    found = sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1.0
    return found


def _rows(pattern: Matrix) -> Ints:
    """The row of each entry."""
    return np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))


def _places(row: Ints, column: Ints, pattern: Matrix) -> Ints:
    """The numbers of some entries of a matrix whose indices are sorted."""
    # Numbers of 32 bits overflow in tables of many rows and columns, under NumPy 1 in silence.
    here, there = (
        rows.astype(np.int64) * pattern.shape[1] + columns
        for rows, columns in ((_rows(pattern), pattern.indices), (row, column))
    )
    return np.asarray(np.searchsorted(here, there))


def second_products(
    node: Map, jacobians: Mapping[int, Matrix], bends: Mapping[tuple[int, int], Floats]
) -> Products:
    """Products that are, with their transposes, a map's second derivative.

    Parameters
    ----------
    bends
        Adjoint of the value times the second derivatives, by pair of arguments.
    """
    products = []
    for (a, b), bend in bends.items():
        left, right = (jacobians[node.inputs[k].index] for k in (a, b))
        if left.nnz and right.nnz and bend.any():
            products.append((left, right, bend / 2 if a == b else bend))
    return products


def negated(products: Products) -> Products:
    """Products whose sum is minus that of others."""
    return [(left, right, -weight) for left, right, weight in products]


def crossed(products: Products, size: int) -> Floats:
    """Sum of ``left' diag(weight) right`` over products, and its transpose, dense."""
    if not products:
        return np.zeros((size, size))
    left = sparse.vstack([left for left, _, _ in products], format="csr")
    right = sparse.vstack([by_rows(right, w) for _, right, w in products], format="csr")
    half = np.asarray((left.T.tocsr() @ right).toarray())
    return np.asarray(half + half.T)
