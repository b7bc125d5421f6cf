"""The graph's operators, and second derivatives of whole submodels."""

import numpy as np
import pytest
from scipy import sparse

from lossmodel.model.density.density import Density
from lossmodel.model.density.derivatives import Jacobians, crossed, second_products
from lossmodel.model.density.expansion import Expander
from lossmodel.model.density.functions import Exp, Sigmoid, Times
from lossmodel.model.density.graph import Graph
from tests.test_density import CASES, CONFLICT, every_case, points


@pytest.fixture
def graph():
    """A graph with every operator, its input and its output."""
    rng = np.random.default_rng(5)
    graph = Graph()
    x = graph.input(6)
    first, second = graph.parts(
        [sparse.random_array((4, 6), density=0.6, rng=rng) for _ in "ab"], x
    )
    rate = graph.map(Exp(0.5), first)
    product = graph.map(Times(), rate, graph.map(Sigmoid(), second))
    sums = graph.running_sum([rate, product], 4)
    some = graph.take([rate, product], np.array([7, 0, 0, 3]))
    ends = graph.linear([(sparse.random_array((4, 10), density=0.5, rng=rng), sums), (None, some)])
    return graph, x, graph.map(Exp(), graph.linear([(0.1 * sparse.eye_array(4), ends)], 0.2))


POINT = np.array([0.3, -0.2, 0.5, 0.1, -0.4, 0.2])


def test_adjoints_are_those_of_differences(graph):
    graph, x, y = graph
    seed = np.array([1.0, -2.0, 0.5, 3.0])
    slope = graph.evaluate({x: POINT}, [y]).adjoints({y: seed})[x]
    for k in range(6):
        step = 1e-6 * np.eye(6)[k]
        above, below = (graph.evaluate({x: POINT + s}, [y])[y] for s in (step, -step))
        assert slope[k] == pytest.approx(seed @ (above - below) / 2e-6, rel=1e-6)


def test_jacobians_and_second_derivatives_are_those_of_adjoints(graph):
    graph, x, y = graph
    seed = np.array([1.0, -2.0, 0.5, 3.0])
    jacobians = Jacobians(graph, [x], [y])
    found = graph.evaluate({x: POINT}, [y])
    at, adjoints = jacobians.at(found), found.adjoints({y: seed})
    np.testing.assert_allclose(seed @ at[y.index].toarray(), adjoints[x], rtol=1e-12)
    products = []
    for node in jacobians.maps:
        bends = found.of_map(node).second()
        weighted = {key: adjoints[node] * bend for key, bend in bends.items()}
        products += second_products(node, at, weighted)
    hessian = crossed(products, 6)
    for k in range(6):
        step = 1e-5 * np.eye(6)[k]
        above, below = (
            graph.evaluate({x: POINT + s}, [y]).adjoints({y: seed})[x] for s in (step, -step)
        )
        np.testing.assert_allclose(hessian[k], (above - below) / 2e-5, rtol=1e-5, atol=1e-7)


def test_a_batch_is_its_points_and_parts_apart_are_parts_together(graph):
    graph, x, y = graph
    draws = np.stack([POINT, -POINT, 2 * POINT])
    together = graph.evaluate({x: draws}, [y])[y]
    apart = graph.evaluate({x: draws}, [y], apart=True)
    np.testing.assert_allclose(together, apart[y], rtol=1e-12)
    for draw, row in zip(draws, together, strict=True):
        one = graph.evaluate({x: draw}, [y], apart=True)
        np.testing.assert_allclose(one[y], row, rtol=1e-12)
    slopes = apart.adjoints({y: np.ones((3, 4))})[x]
    single = graph.evaluate({x: draws[1]}, [y]).adjoints({y: np.ones(4)})[x]
    np.testing.assert_allclose(slopes[1], single, rtol=1e-12)


def test_a_given_node_is_not_computed_anew(graph):
    graph, x, y = graph
    inner = y.inputs[0]
    found = graph.evaluate({inner: np.zeros(4)}, [y])
    np.testing.assert_array_equal(found[y], np.ones(4))


@every_case
def test_the_hessian_is_exact(case):
    """In every direction, scales and scopes among them, at a point where observations pull hard."""
    model, evidence, submodel = case
    density = Density(model.design(evidence, CONFLICT, submodel))
    [theta] = points(density.design, spreads=(0.5,))
    precision = Expander(density)(theta).precision
    assert np.abs(precision - precision.T).max() < 1e-9 * np.abs(precision).max()
    for direction in np.random.default_rng(2).standard_normal((8, density.size)):
        # Of fourth order: of second order, its own error may be above the tolerance.
        slopes = {k: density(theta + k * 2e-5 * direction)[1] for k in (-2, -1, 1, 2)}
        bent = (8 * (slopes[-1] - slopes[1]) - (slopes[-2] - slopes[2])) / (12 * 2e-5)
        np.testing.assert_allclose(precision @ direction, bent, atol=1e-6 * np.abs(bent).max())


def test_a_term_left_out_of_the_hessian_is_found():
    model, evidence, submodel = CASES["everything"]
    density = Density(model.design(evidence, CONFLICT, submodel))
    [theta] = points(density.design, spreads=(0.5,))
    expander = Expander(density)
    left_out = next(n for n in expander.expected.maps if isinstance(n.function, Sigmoid))
    expansion = expander(theta)
    expansion.evaluation._maps[left_out.index] = expansion.evaluation.of_map(left_out)._replace(
        second=dict
    )
    precision = expansion.precision
    direction = np.random.default_rng(2).standard_normal(density.size)
    step = 1e-5 * direction
    bent = (density(theta - step)[1] - density(theta + step)[1]) / 2e-5
    assert np.abs(precision @ direction - bent).max() > 1e-5 * np.abs(bent).max()
