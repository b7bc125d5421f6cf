"""Second-order expansions of the log posterior, from the graph of the model.

Observations depend on few of the quantities v each, and v moves with theta in walks. So second
derivatives are summed in the log scales and v, where they are sparse, and then mapped to theta:

    d2 l / d theta2 = A' [d2 l / d(s, v)2] A + sum_i (dl / dv_i) d2 v_i / d theta2,

with A the derivative of the log scales s and of v by theta. The last term comes from normals that
are multiplied by a learned scale; it is zero among the latent entries of theta.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from lossmodel.model.density.apart import products_apart
from lossmodel.model.density.arrowhead import ArrowheadChange
from lossmodel.model.density.basis import Basis
from lossmodel.model.density.curvature import clipped_curvature, curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.derivatives import (
    Products,
    crossed,
    negated,
    second_products,
)
from lossmodel.model.density.graph import Adjoints, Evaluation
from lossmodel.model.density.operators import Map, Matrix
from lossmodel.model.design.change import Change
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["Expander", "Expansion"]


class Expander:
    """Expands one density; holds everything that is the same at all points.

    Parameters
    ----------
    apart
        Whether second derivatives are arrowheads, for large submodels, and not dense matrices.
    """

    def __init__(self, density: Density, *, apart: bool = False) -> None:
        self.density, self.model = density, density.model
        self.basis = basis = Basis(self.model, density.design, apart=apart)
        self.within, self.expected, self.noise = basis.within, basis.expected, basis.noise
        self.ceilings = basis.ceilings()
        self.change: Change | ArrowheadChange = (
            ArrowheadChange(density.design, basis.layout(density.design))
            if apart
            else Change(density.design.parameters.matrix)
        )

    def __call__(self, theta: Floats) -> "Expansion":
        """Expand the log posterior at theta of shape (D,)."""
        model = self.model
        outputs = [*model.outputs, model.log_slack]
        found = model.graph.evaluate({model.theta: theta}, outputs)
        adjoints = found.adjoints({form: np.ones(form.size) for form in model.outputs})
        likelihood = sum(float(found[form].sum()) for form in model.outputs)
        return Expansion(
            of=self,
            theta=theta,
            scales=self.density.design.parameters.scales(theta),
            value=likelihood - 0.5 * float(theta @ theta),
            gradient=adjoints[model.theta] - theta,
            evaluation=found,
            adjoints=adjoints,
        )


@dataclass(frozen=True, eq=False)
class Expansion:
    """The log posterior around one theta.

    Attributes
    ----------
    theta, scales
        Shape (D,): the point, and the scale of each of its entries.
    value, gradient
        Of the log posterior.
    evaluation, adjoints
        Values of the graph's nodes, and derivatives of the log likelihood by them.
    """

    of: Expander
    theta: Floats
    scales: Floats
    value: float
    gradient: Floats
    evaluation: Evaluation
    adjoints: Adjoints

    @cached_property
    def jacobians(self) -> dict[int, Matrix]:
        """Derivatives by the log scales and v of all nodes that expectations need."""
        return self.of.expected.at(self.evaluation)

    @cached_property
    def _within(self) -> dict[int, Matrix]:
        """Derivatives by the log scales and v of all nodes that sums up to edges need."""
        return {} if self.of.within is None else self.of.within.at(self.evaluation)

    @property
    def shared_rows(self) -> Ints:
        """Rows of the basis that no claimant has alone."""
        assert isinstance(self.of.change, ArrowheadChange)
        return self.of.change.layout.shared_rows

    @cached_property
    def edges(self) -> Floats:
        """Derivative of the sums up to edges by the shared rows of the basis, (edges, rows)."""
        return self.of.basis.edges(self._within, self.shared_rows)

    def with_edges(self, values: Floats) -> Floats:
        """Values of v, shape (V, .), with those of sums up to edges if these are in the basis."""
        if self.of.within is None:
            return values
        hypers, rows = self.of.model.log_scales.size, self.shared_rows
        is_v = rows >= hypers
        return np.concatenate([values, self.edges[:, is_v] @ values[rows[is_v] - hypers]])

    @cached_property
    def _slopes(self) -> Matrix:
        return self.jacobians[self.of.model.ordered_expected.index]

    @cached_property
    def slopes(self) -> Matrix:
        """Derivative of the log expectations by v, and by sums up to edges in the basis."""
        model = self.of.model
        return sparse.csr_array(self._slopes[model.place][:, model.log_scales.size :])

    @property
    def noise_share(self) -> Floats:
        """Share of the learned noise in the variance of each observation, shape (N,)."""
        model = self.of.model
        return self.evaluation.of_map(model.ordered_noise).first()[0][model.place]

    @cached_property
    def curvature(self) -> Floats:
        """Negative second derivative of each log likelihood by its log expectation, shape (N,)."""
        return curvature(self.of.model, self.evaluation)

    def _products(self, maps: Iterable[Map], jacobians: Mapping[int, Matrix]) -> Products:
        products = []
        for node in maps:
            adjoint = self.adjoints[node]
            bends = self.evaluation.of_map(node).second()
            weighted = {key: adjoint * bend for key, bend in bends.items()}
            products += second_products(node, jacobians, weighted)
        return products

    def _bends(self) -> dict[tuple[int, int], Floats]:
        """Second derivatives of log likelihoods by expectation, noise and slack, by form."""
        found: dict[tuple[int, int], Floats] = {}
        start = 0
        for where, form in self.of.model.forms.values():
            here = slice(start, start + len(where))
            for key, bend in self.evaluation.of_map(form).second().items():
                found.setdefault(key, np.zeros(len(self._slopes.indptr) - 1))[here] = bend
            start = here.stop
        return found

    def _crossed(self, products: Products, within: Products | None = None) -> Any:
        """Sum of products and its transpose in the basis, dense or with own rows apart.

        Parameters
        ----------
        within
            Products in the basis without sums up to edges.
        """
        if not isinstance(self.of.change, ArrowheadChange):
            return crossed(products, self.of.expected.size)
        moves = None if self.of.within is None else self.edges
        return products_apart(products, self.of.change.layout, moves=moves, within=within)

    @cached_property
    def _clipped(self) -> Any:
        """As below, without negative curvature of observations; of the log scales in part."""
        bends = self._clipped_bends
        products = [*self._of_expectations, (self._slopes, self._slopes, bends / 2)]
        return self._crossed(negated(products), negated(self._of_sums()))

    @cached_property
    def _exact(self) -> Any:
        """Negative second derivative by the log scales and v, shape (H + V, H + V)."""
        bends = self._bends()
        if isinstance(self.of.change, ArrowheadChange):
            products = [*self._of_expectations, *self._of_scales(bends)]
            return self._crossed(negated(products), negated(self._of_sums()))
        # The clipped one is at hand, and the rest has few products.
        rest = bends | {(0, 0): bends[0, 0] - self._clipped_bends}
        return self._clipped - self._crossed(self._of_scales(rest))

    @cached_property
    def _clipped_bends(self) -> Floats:
        """Second derivatives of log likelihoods by expectation, clipped, by form."""
        model = self.of.model
        return np.asarray(-clipped_curvature(model, self.evaluation)[model.by_form])

    def _of_sums(self) -> Products:
        """Second derivatives of the sums up to edges, where these are in the basis."""
        return self._products(self.of.basis.inner_maps, self._within)

    @cached_property
    def _of_expectations(self) -> Products:
        """Second derivatives of the log expectations, and of the ceilings."""
        return [*self._products(self.of.expected.maps, self.jacobians), *self._of_ceilings()]

    def _of_ceilings(self) -> Products:
        """Second derivatives of the ceilings, which are never positive."""
        ceilings, rows = self.of.model.ceilings, self.of.ceilings
        if ceilings is None:
            return []
        bends = self.evaluation.of_map(ceilings).second()[0, 0]
        return [(rows, rows, bends / 2)]

    def _of_list_bounds(self) -> Products:
        """Second derivatives of the concave term of the list bounds, by its argument."""
        if self.of.model.list_bounds is None:
            return []
        named = self.of.model.named
        bends = self.adjoints[named] * self.evaluation.of_map(named).second()[0, 0]
        rows = self.jacobians[named.inputs[0].index]
        return [(rows, rows, bends / 2)]

    def _of_scales(self, bends: Mapping[tuple[int, int], Floats]) -> Products:
        """Second derivatives of log likelihoods, and of what noise and slack add to them."""
        model = self.of.model
        jacobians = self.of.noise.at(self.evaluation)
        slack = jacobians[model.log_slack.index]
        three = (
            self._slopes,
            jacobians[model.ordered_noise.index],
            slack[np.zeros(self._slopes.shape[0], dtype=np.int64)],
        )
        products = self._products(self.of.noise.maps, jacobians)
        for (a, b), bend in bends.items():
            products.append((three[a], three[b], bend / 2 if a == b else bend))
        return products

    @property
    def precision(self) -> Floats:
        """Negative Hessian by theta, exact, shape (D, D)."""
        change = self.of.change
        assert isinstance(change, Change)
        hypers = self.of.model.log_scales.size
        by_basis = self._exact
        found = change.precision(by_basis[hypers:, hypers:], self.scales)
        across = self.across
        found[:, :hypers] = across
        found[:hypers] = across.T
        return found

    @cached_property
    def across(self) -> Floats:
        """The columns of the hyperparameters in the negative Hessian, shape (D, H)."""
        parameters, change = self.of.density.design.parameters, self.of.change
        hypers = len(parameters.hyper)
        moved = self.growth
        column = self._exact @ np.concatenate([np.diag(parameters.hyper_sd), moved])
        found = change.down(column[hypers:], self.scales)
        found[:hypers] = parameters.hyper_sd[:, None] * column[:hypers] + moved.T @ column[hypers:]
        # A normal times its learned scale is the one product among the maps to v.
        by_scaled = (parameters.matrix.T @ self.adjoints[self.of.model.v]) * self.scales
        own = np.flatnonzero(parameters.scale_of < hypers)
        number = parameters.scale_of[own]
        found[own, number] -= by_scaled[own] * parameters.hyper_sd[number]
        twice = np.bincount(number, by_scaled[own] * self.theta[own], minlength=hypers)
        found[:hypers] -= np.diag(twice * parameters.hyper_sd**2)
        found[:hypers] += np.eye(hypers)
        return found

    @cached_property
    def growth(self) -> Floats:
        """Derivative of v by the hyperparameters, shape (V, H)."""
        return self.of.density.design.parameters.growth(self.theta)

    @property
    def clipped(self) -> Any:
        """Latent precision without the negative curvature of observations, (D - H, D - H).

        It fades out before it becomes negative, so that the determinant is smooth. The curvature is
        negative in the far tails of a Student-t. Near a fork between two modes, one that follows
        such a figure and one that does not, the Hessian is almost singular, and its determinant
        implies an infinitely wide mode.
        """
        return self._latent(self._clipped)

    @property
    def latent(self) -> Any:
        """Exact latent precision, shape (D - H, D - H)."""
        return self._latent(self._exact)

    def gauss_newton(self, weight: Floats | None = None) -> Any:
        """Positive definite approximation of the latent precision, for use far from the mode.

        Parameters
        ----------
        weight
            Of each figure, shape (N,), not negative; its curvature by default.
        """
        given = np.maximum(self.curvature, 0.0) if weight is None else weight
        weight = given[self.of.model.by_form] / 2
        products = [(self._slopes, self._slopes, weight)]
        products += negated([*self._of_ceilings(), *self._of_list_bounds()])
        return self._latent(self._crossed(products))

    def _latent(self, by_basis: Any) -> Any:
        change = self.of.change
        if isinstance(change, ArrowheadChange):
            return change.precision(by_basis, self.scales)
        hypers = self.of.model.log_scales.size
        by_v = np.ascontiguousarray(by_basis[hypers:, hypers:])
        return change.precision(by_v, self.scales)[hypers:, hypers:]
