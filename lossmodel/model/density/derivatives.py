"""Sparse Jacobians and exact second derivatives of a graph.

With J_a the Jacobians of the arguments of a map by some basis and u the adjoint of its value, the
second derivative of a function of the graph is the sum of ``J_a' diag(u f_ab) J_b`` over all maps
and pairs of arguments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from scipy import sparse

from lossmodel.model.density.graph import Evaluation, Graph
from lossmodel.model.density.operators import Linear, Map, Matrix, Node, RunningSum, picking
from lossmodel.model.design.change import by_rows
from lossmodel.model.design.grid import Floats

__all__ = ["Jacobians", "Products", "crossed", "negated", "second_products"]

# Pairs of matrices with equally many rows and a weight for each row, of which the products
# ``left' diag(weight) right`` are summed.
Products = list[tuple[Matrix, Matrix, Floats]]


class Jacobians:
    """Sparse derivatives of nodes by a basis: some nodes, stacked.

    Those that do not change from point to point are kept.

    Parameters
    ----------
    basis
        Nodes from which all outputs follow.
    """

    def __init__(self, graph: Graph, basis: Sequence[Node], outputs: Sequence[Node]) -> None:
        ends = np.cumsum([0, *(node.size for node in basis)])
        self.size = int(ends[-1])
        self._constant: dict[int, Matrix] = {}
        for node, start in zip(basis, ends[:-1], strict=True):
            own = picking(np.arange(start, start + node.size), self.size)
            self._constant[node.index] = own
        self._terms: dict[int, list[tuple[Matrix, Node]]] = {}
        self._order: list[Node] = []
        for node in graph.order(basis, outputs):
            if isinstance(node, Linear):
                self._terms[node.index] = terms = list(self._of_entries(node.terms()))
                if all(source.index in self._constant for _, source in terms):
                    found = [m @ self._constant[source.index] for m, source in terms]
                    self._constant[node.index] = _sum_of(found)
                    continue
            if not isinstance(node, RunningSum):
                self._order.append(node)

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
        for node in self._order:
            if isinstance(node, Map):
                slopes = evaluation.of_map(node).first()
                parts = [
                    by_rows(found[source.index], slope)
                    for source, slope in zip(node.inputs, slopes, strict=True)
                ]
            else:
                parts = [m @ found[source.index] for m, source in self._terms[node.index]]
            found[node.index] = _sum_of(parts)
        return found

    def structure(self, output: Node) -> Matrix:
        """Positive where an output may depend on the basis, at whatever point, else zero."""
        found = {index: abs(matrix) for index, matrix in self._constant.items()}
        for node in self._order:
            if isinstance(node, Map):
                parts = [found[source.index] for source in node.inputs]
            else:
                parts = [abs(m) @ found[source.index] for m, source in self._terms[node.index]]
            found[node.index] = _sum_of(parts)
        return found[output.index]

    @property
    def maps(self) -> list[Map]:
        """Maps whose second derivatives are those of the outputs."""
        return [node for node in self._order if isinstance(node, Map)]


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


def _sum_of(parts: Sequence[Matrix]) -> Matrix:
    total = parts[0]
    for part in parts[1:]:
        if part.nnz:
            total = total + part if total.nnz else part
    return total
