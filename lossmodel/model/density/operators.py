"""A graph of few operators: values, gradients, sparse Jacobians and exact second derivatives.

A graph is a list of nodes, each a vector that follows from earlier ones:

    Linear        y = sum_k A_k x_k + b, the A_k sparse
    RunningSum    y = sums of each row of x up to each edge between its entries
    Map           y = f(x_1 .. x_K) entry by entry, f one of ``functions``

Every node takes a batch: values have shape (..., n), and axes before the last one are draws.

With J_a the Jacobians of the arguments of a map by some basis and u the adjoint of its value, the
second derivative of what is differentiated is the sum of ``J_a' diag(u f_ab) J_b`` over all maps
and pairs of arguments. It is exact.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from scipy import sparse

from lossmodel.model.density.functions import Evaluated, Function
from lossmodel.model.design.change import by_rows
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Evaluation", "Graph", "Jacobians", "Linear", "Map", "Node", "RunningSum"]

TINY = 1e-9
Matrix = sparse.csr_array
Products = list[tuple[Matrix, Matrix]]
N = TypeVar("N", bound="Node")


@dataclass(frozen=True, eq=False)
class Node:
    """A vector of ``size`` entries; the ``index``-th of its graph."""

    index: int
    size: int
    inputs: tuple["Node", ...] = ()

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
    matrix, transposed
        The A_k side by side, and their transpose.
    offset
        b.
    """

    matrix: Matrix = field(kw_only=True)
    transposed: Matrix = field(kw_only=True)
    offset: Floats | float = 0.0

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """The value, shape (..., n)."""
        value = _product(self.matrix, _stacked(inputs))
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

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """The entries, shape (..., n)."""
        x = _stacked(inputs)
        # Of a batch, the draws of each entry stand together in memory.
        return np.asarray(x[self.entries] if x.ndim == 1 else x.T[self.entries].T)

    def reverse(self, adjoint: Floats) -> Sequence[Floats]:
        """The adjoint at the entries, zero elsewhere."""
        if adjoint.ndim > 1:
            return super().reverse(adjoint)
        size = self.matrix.shape[1]
        return _split(np.bincount(self.entries, adjoint, minlength=size), self.inputs)


@dataclass(frozen=True, eq=False)
class Part(Linear):
    """Rows of a larger map of one input, with which they are computed unless told apart.

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
        x = _stacked(inputs)
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

        It has as many entries as the windows between the edges are long; what cancels is dropped.
        """
        rows = self.size // (self.entries + 1)
        below = sparse.csr_array(np.tril(np.ones((self.entries + 1, self.entries)), -1))
        found = sparse.csr_array(matrix @ sparse.block_diag([below] * rows, format="csr"))
        found.data[np.abs(found.data) < TINY] = 0.0
        found.eliminate_zeros()
        return found


@dataclass(frozen=True, eq=False)
class Map(Node):
    """``f(x_1 .. x_K)`` entry by entry."""

    function: Function = field(kw_only=True)


class Graph:
    """Nodes in the order in which they can be computed.

    Examples
    --------
    >>> from lossmodel.model.density.functions import Exp
    >>> graph = Graph()
    >>> x = graph.input(2)
    >>> y = graph.map(Exp(), graph.linear([(sparse.eye_array(2) * 2.0, x)]))
    >>> values = graph.evaluate({x: np.zeros(2)}, [y])
    >>> values[y], values.adjoints({y: np.ones(2)})[x]
    (array([1., 1.]), array([2., 2.]))
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._orders: dict[tuple[tuple[int, ...], tuple[int, ...], bool], list[Node]] = {}

    def input(self, size: int) -> Node:
        """A vector that is given."""
        return self._add(Node(len(self.nodes), size))

    def linear(
        self, terms: Sequence[tuple[Matrix | None, Node]], offset: Floats | float = 0.0
    ) -> Linear:
        """``sum of matrix @ node + offset``; at least one term, None is the identity."""
        nodes = tuple(node for _, node in terms)
        maps = [_identity(node.size) if matrix is None else matrix for matrix, node in terms]
        matrix = sparse.csr_array(sparse.hstack(maps, format="csr"))
        return self._add(
            Linear(
                len(self.nodes), matrix.shape[0], nodes,
                matrix=matrix, transposed=matrix.T.tocsr(), offset=offset,
            )
        )  # fmt: skip

    def take(self, nodes: Sequence[Node], entries: Ints) -> Take:
        """Some entries of stacked nodes."""
        matrix = picking(entries, sum(node.size for node in nodes))
        return self._add(
            Take(
                len(self.nodes), len(entries), tuple(nodes),
                matrix=matrix, transposed=matrix.T.tocsr(), entries=entries,
            )
        )  # fmt: skip

    def parts(self, matrices: Sequence[Matrix], node: Node) -> list[Part]:
        """Several maps of one node, which together cost little more than one."""
        whole = self.linear([(sparse.vstack(matrices, format="csr"), node)])
        ends = np.cumsum([0, *(matrix.shape[0] for matrix in matrices)]).tolist()
        return [
            self._add(
                Part(
                    len(self.nodes), end - start, (node,),
                    matrix=sparse.csr_array(matrix), transposed=matrix.T.tocsr(),
                    whole=whole, part=slice(start, end),
                )
            )
            for matrix, start, end in zip(matrices, ends, ends[1:], strict=False)
        ]  # fmt: skip

    def running_sum(self, nodes: Sequence[Node], entries: int) -> RunningSum:
        """Running sums of the rows of so many entries that nodes are stacked of."""
        rows = sum(node.size for node in nodes) // entries
        size = rows * (entries + 1)
        return self._add(RunningSum(len(self.nodes), size, tuple(nodes), entries=entries))

    def map(self, function: Function, *nodes: Node) -> Map:
        """A function of nodes of one size."""
        return self._add(Map(len(self.nodes), nodes[0].size, nodes, function=function))

    def _add(self, node: N) -> N:
        self.nodes.append(node)
        return node

    def evaluate(
        self, given: Mapping[Node, Floats], outputs: Sequence[Node], *, apart: bool = False
    ) -> "Evaluation":
        """Values of some nodes, and of all that they are made of, from given ones.

        Parameters
        ----------
        given
            Node -> its value, shape (..., n).
        apart
            Compute only those parts of larger maps that are needed, each on its own.
        """
        key = tuple(n.index for n in given), tuple(n.index for n in outputs), apart
        if key not in self._orders:
            self._orders[key] = self.order(given, outputs, apart=apart)
        return Evaluation(self._orders[key], given)

    def order(
        self, given: Iterable[Node], outputs: Iterable[Node], *, apart: bool = True
    ) -> list[Node]:
        """Nodes that the outputs need and that are not given."""
        known = {node.index for node in given}
        needed = {node.index for node in outputs}
        for node in reversed(self.nodes):
            if node.index in needed and node.index not in known:
                together = isinstance(node, Part) and not apart
                needed.update(i.index for i in ((node.whole,) if together else node.inputs))
        return [n for n in self.nodes if n.index in needed - known]


class Evaluation:
    """Values of nodes at one point or for a batch of draws."""

    def __init__(self, order: Sequence[Node], given: Mapping[Node, Floats]) -> None:
        self._order = order
        self._values = values = {node.index: x for node, x in given.items()}
        self._maps: dict[int, Evaluated] = {}
        for node in order:
            if isinstance(node, Map):
                found = node.function(*(values[i.index] for i in node.inputs))
                self._maps[node.index], values[node.index] = found, found.value
            elif isinstance(node, Part) and node.whole.index in values:
                values[node.index] = values[node.whole.index][..., node.part]
            else:
                values[node.index] = node.forward([values[i.index] for i in node.inputs])

    def __getitem__(self, node: Node) -> Floats:
        return self._values[node.index]

    def of_map(self, node: Map) -> Evaluated:
        """Value and derivatives of a map."""
        return self._maps[node.index]

    def adjoints(self, seeds: Mapping[Node, Floats]) -> "Adjoints":
        """Derivatives by every node of the sum of ``seed * value`` over the seeded nodes."""
        found = {node.index: seed for node, seed in seeds.items()}
        for node in reversed(self._order):
            adjoint = found.get(node.index)
            if adjoint is None:
                continue
            if isinstance(node, Part) and node.whole.index in self._values:
                # Parts of one map fill one array.
                whole = node.whole
                if whole.index not in found:
                    found[whole.index] = np.zeros((*adjoint.shape[:-1], whole.size))
                found[whole.index][..., node.part] += adjoint
                continue
            if isinstance(node, Map):
                slopes = self._maps[node.index].first()
                parts: Iterable[Floats] = (slope * adjoint for slope in slopes)
            else:
                parts = node.reverse(adjoint)
            for source, part in zip(node.inputs, parts, strict=True):
                if source.index in found:
                    found[source.index] = found[source.index] + part
                else:
                    found[source.index] = part
        return Adjoints(found)


@dataclass(frozen=True)
class Adjoints:
    """Derivatives by nodes."""

    by_index: Mapping[int, Floats]

    def __getitem__(self, node: Node) -> Floats:
        found = self.by_index.get(node.index)
        return np.zeros(node.size) if found is None else found


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
                self._terms[node.index] = terms = list(_of_entries(node.terms()))
                if all(source.index in self._constant for _, source in terms):
                    found = [m @ self._constant[source.index] for m, source in terms]
                    self._constant[node.index] = _sum_of(found)
                    continue
            if not isinstance(node, RunningSum):
                self._order.append(node)

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

    @property
    def maps(self) -> list[Map]:
        """Maps whose second derivatives are those of the outputs."""
        return [node for node in self._order if isinstance(node, Map)]


def second_products(
    node: Map, jacobians: Mapping[int, Matrix], bends: Mapping[tuple[int, int], Floats]
) -> Products:
    """Pairs of matrices whose products, plus their transposes, are a map's second derivative.

    Parameters
    ----------
    bends
        Adjoint of the value times the second derivatives, by pair of arguments.
    """
    products = []
    for (a, b), bend in bends.items():
        left, right = (jacobians[node.inputs[k].index] for k in (a, b))
        if left.nnz and right.nnz and bend.any():
            products.append((left, by_rows(right, bend / 2 if a == b else bend)))
    return products


def crossed(products: Products, size: int) -> Floats:
    """Sum of ``left' right`` over pairs with equally many rows, and its transpose, dense."""
    if not products:
        return np.zeros((size, size))
    left, right = (sparse.vstack(part, format="csr") for part in zip(*products, strict=True))
    half = np.asarray((left.T.tocsr() @ right).toarray())
    return np.asarray(half + half.T)


def picking(entries: Ints, size: int) -> Matrix:
    """The map that takes some of ``size`` entries."""
    ends = np.arange(len(entries) + 1)
    return sparse.csr_array((np.ones(len(entries)), entries, ends), shape=(len(entries), size))


def _identity(size: int) -> Matrix:
    return picking(np.arange(size), size)


def _product(matrix: Matrix, x: Floats) -> Floats:
    if x.ndim == 1:
        return np.asarray(matrix @ x)
    flat = matrix @ x.reshape(-1, x.shape[-1]).T
    return np.asarray(flat.T.reshape(*x.shape[:-1], -1))


def _stacked(inputs: Sequence[Floats]) -> Floats:
    return inputs[0] if len(inputs) == 1 else np.concatenate(inputs, axis=-1)


def _split(x: Floats, nodes: Sequence[Node]) -> list[Floats]:
    """What belongs to each of stacked nodes."""
    if len(nodes) == 1:
        return [x]
    found, start = [], 0
    for node in nodes:
        found.append(x[..., start : start + node.size])
        start += node.size
    return found


def _of_entries(terms: Iterable[tuple[Matrix, Node]]) -> Iterator[tuple[Matrix, Node]]:
    """Maps of running sums as maps of what they sum."""
    for matrix, source in terms:
        if not isinstance(source, RunningSum):
            yield matrix, source
            continue
        columns, start = source.of_entries(matrix).tocsc(), 0
        for node in source.inputs:
            yield sparse.csr_array(columns[:, start : start + node.size]), node
            start += node.size


def _sum_of(parts: Sequence[Matrix]) -> Matrix:
    total = parts[0]
    for part in parts[1:]:
        if part.nnz:
            total = total + part if total.nnz else part
    return sparse.csr_array(total)
