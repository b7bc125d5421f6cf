"""A graph of operators: evaluated at a point or for many draws, and differentiated backwards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy import sparse

from lossmodel.model.density.functions import Evaluated, Function
from lossmodel.model.density.operators import (
    Linear,
    Map,
    Matrix,
    Node,
    Part,
    RunningSum,
    Take,
    gathering,
    picking,
)
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Adjoints", "Evaluation", "Graph"]

N = TypeVar("N", bound=Node)


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
                matrix=matrix, offset=offset,
            )
        )  # fmt: skip

    def take(self, nodes: Sequence[Node], entries: Ints) -> Take:
        """Some entries of stacked nodes."""
        matrix = picking(entries, sum(node.size for node in nodes))
        return self._add(
            Take(
                len(self.nodes), len(entries), tuple(nodes),
                matrix=matrix, entries=entries,
            )
        )  # fmt: skip

    def with_entries(self, node: Node, where: Ints, entries: Node) -> Linear:
        """A node with others in place of some of its entries."""
        kept = np.ones(node.size)
        kept[where] = 0.0
        rest = sparse.csr_array(sparse.diags_array(kept))
        rest.eliminate_zeros()
        return self.linear([(rest, node), (gathering(where, node.size), entries)])

    def parts(self, matrices: Sequence[Matrix], node: Node) -> list[Part]:
        """Several maps of one node, which together cost little more than one."""
        whole = self.linear([(sparse.vstack(matrices, format="csr"), node)])
        ends = np.cumsum([0, *(matrix.shape[0] for matrix in matrices)]).tolist()
        return [
            self._add(
                Part(
                    len(self.nodes), end - start, (node,),
                    matrix=sparse.csr_array(matrix),
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
                sources = node.inputs
                if isinstance(node, Part) and not apart:
                    sources = (node.whole,)
                needed.update(source.index for source in sources)
        return [n for n in self.nodes if n.index in needed - known]


class Evaluation:
    """Values of nodes at one point or for a batch of draws."""

    def __init__(self, order: Sequence[Node], given: Mapping[Node, Floats]) -> None:
        self._order = order
        self._values = values = {node.index: x for node, x in given.items()}
        self._maps: dict[int, Evaluated] = {}
        for node in order:
            if isinstance(node, Map):
                found = node.function(*[values[i] for i in node.sources])
                self._maps[node.index], values[node.index] = found, found.value
            elif isinstance(node, Part) and node.whole.index in values:
                values[node.index] = values[node.whole.index][..., node.part]
            else:
                values[node.index] = node.forward([values[i] for i in node.sources])

    def __getitem__(self, node: Node) -> Floats:
        return self._values[node.index]

    def __contains__(self, node: Node) -> bool:
        return node.index in self._values

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
            for source, part in zip(node.sources, parts, strict=True):
                found[source] = found[source] + part if source in found else part
        return Adjoints(found)


@dataclass(frozen=True)
class Adjoints:
    """Derivatives by nodes."""

    by_index: Mapping[int, Floats]

    def __getitem__(self, node: Node) -> Floats:
        found = self.by_index.get(node.index)
        return np.zeros(node.size) if found is None else found


def _identity(size: int) -> Matrix:
    return picking(np.arange(size), size)
