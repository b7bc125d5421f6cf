"""Second-order expansions of the log posterior, from the graph of the model.

Observations depend on few of the quantities v each, and v moves with theta in walks. So second
derivatives are summed in the log scales and v, where they are sparse, and then mapped to theta:

    d2 l / d theta2 = A' [d2 l / d(s, v)2] A + sum_i (dl / dv_i) d2 v_i / d theta2,

with A the derivative of the log scales s and of v by theta. The last term comes from normals that
are multiplied by a learned scale; it is zero among the latent entries of theta.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from lossmodel.model.density.curvature import clipped_curvature, curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.derivatives import Jacobians, Products, crossed, second_products
from lossmodel.model.density.graph import Adjoints, Evaluation
from lossmodel.model.density.operators import Matrix
from lossmodel.model.design.change import Change, by_rows
from lossmodel.model.design.grid import Floats

__all__ = ["Expander", "Expansion"]

# Step in log expectations and log scales for third derivatives of log likelihoods: with double
# precision, the error of a central difference is least near the cube root of 1e-16.
STEP = 1e-5


class Expander:
    """Expands one density; holds everything that is the same at all points."""

    def __init__(self, density: Density) -> None:
        self.density, self.model = density, density.model
        self.change = Change(density.design)
        model = self.model
        graph, basis = model.graph, model.basis
        self.expected = Jacobians(graph, basis, [model.ordered_expected])
        self.noise = Jacobians(graph, basis, [model.ordered_noise, model.log_slack])
        ceilings = density.design.parameters.ceilings
        none = sparse.csr_array((ceilings.shape[0], model.log_scales.size))
        self.ceilings = sparse.csr_array(sparse.hstack([none, ceilings], format="csr"))

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
    def _slopes(self) -> Matrix:
        return self.jacobians[self.of.model.ordered_expected.index]

    @cached_property
    def slopes(self) -> Matrix:
        """Derivative of the log expectations by v, shape (N, V)."""
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

    @cached_property
    def _inner(self) -> Products:
        """Second derivatives of the log expectations."""
        return self._products(self.of.expected, self.jacobians)

    def _products(self, of: Jacobians, jacobians: Mapping[int, Matrix]) -> Products:
        products = []
        for node in of.maps:
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

    def _by_basis(self, *, clipped: bool) -> Floats:
        """Negative second derivative by the log scales and v, shape (H + V, H + V).

        Where it is clipped, rows and columns of the log scales are left out.
        """
        if clipped:
            bends = -clipped_curvature(self.of.model, self.evaluation)[self.of.model.by_form]
            products = [(self._slopes, by_rows(self._slopes, bends / 2))]
        else:
            products = self._of_scales(self._bends())
        return self._common - crossed(products, self.of.expected.size)

    @cached_property
    def _common(self) -> Floats:
        """Of expectations that are no affine maps, and of ceilings, shape (H + V, H + V)."""
        return -crossed([*self._inner, *self._of_ceilings()], self.of.expected.size)

    def _of_ceilings(self) -> Products:
        """Second derivatives of the ceilings, which are never positive."""
        ceilings, rows = self.of.model.ceilings, self.of.ceilings
        if ceilings is None:
            return []
        bends = self.evaluation.of_map(ceilings).second()[0, 0]
        return [(rows, by_rows(rows, bends / 2))]

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
        products = self._products(self.of.noise, jacobians)
        for (a, b), bend in bends.items():
            products.append((three[a], by_rows(three[b], bend / 2 if a == b else bend)))
        return products

    @cached_property
    def _exact(self) -> Floats:
        return self._by_basis(clipped=False)

    @property
    def precision(self) -> Floats:
        """Negative Hessian by theta, exact, shape (D, D)."""
        model, change = self.of.model, self.of.change
        hypers = model.log_scales.size
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
        by_scales, by_v = self._exact[:, :hypers], self._exact[:, hypers:]
        column = by_scales * parameters.hyper_sd + by_v @ moved
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
        parameters = self.of.density.design.parameters
        hypers = len(parameters.hyper)
        scaled = np.zeros((parameters.size, hypers))
        own = np.flatnonzero(parameters.scale_of < hypers)
        number = parameters.scale_of[own]
        scaled[own, number] = self.theta[own] * self.scales[own] * parameters.hyper_sd[number]
        return np.asarray(parameters.matrix @ scaled)

    @property
    def clipped(self) -> Floats:
        """Latent precision without the negative curvature of observations, (D - H, D - H).

        It fades out before it becomes negative, so that the determinant is smooth. The curvature is
        negative in the far tails of a Student-t. Near a fork between two modes, one that follows
        such a figure and one that does not, the Hessian is almost singular, and its determinant
        implies an infinitely wide mode.
        """
        return self._latent(self._by_basis(clipped=True))

    @property
    def latent(self) -> Floats:
        """Exact latent precision, shape (D - H, D - H)."""
        return self._latent(self._exact)

    def gauss_newton(self, weight: Floats | None = None) -> Floats:
        """Positive definite approximation of the latent precision, for use far from the mode.

        Parameters
        ----------
        weight
            Of each figure, shape (N,), not negative; its curvature by default.
        """
        given = np.maximum(self.curvature, 0.0) if weight is None else weight
        weight = given[self.of.model.by_form] / 2
        hypers = self.of.model.log_scales.size
        slopes = self._slopes
        products = [(slopes, by_rows(slopes, weight))]
        products += [(rows, -bent) for rows, bent in self._of_ceilings()]
        return self._latent(crossed(products, hypers + self._height))

    @property
    def _height(self) -> int:
        return self.of.model.v.size

    def _latent(self, by_basis: Floats) -> Floats:
        hypers = self.of.model.log_scales.size
        by_v = np.ascontiguousarray(by_basis[hypers:, hypers:])
        return self.of.change.precision(by_v, self.scales)[hypers:, hypers:]

    @property
    def jacobian(self) -> Floats:
        """Derivative of the log expectations by theta, shape (N, D), hyperparameters held."""
        return np.asarray((self.slopes @ self.of.change.matrix(self.scales)).todense())

    def moved(self, directions: Floats) -> Floats:
        """Derivative of log expectations along directions in theta, shape (D, .); scales move."""
        parameters = self.of.density.design.parameters
        hypers = len(parameters.hyper)
        moved = parameters.matrix @ (directions * self.scales[:, None])
        return np.asarray(self.slopes @ (moved + self.growth @ directions[:hypers]))

    def leverage(self, covariance: Floats) -> Floats:
        """Variance of the log expectations, shape (N,), under a covariance of theta."""
        by_v = self.of.change.covariance(covariance, self.scales)
        return np.asarray(self.slopes.multiply(self.slopes @ by_v).sum(axis=1)).ravel()

    def curved_by(
        self, *, log_expected: float = 0.0, log_noise: float = 0.0, log_slack: float = 0.0
    ) -> Floats:
        """Derivative of each clipped curvature in a direction, shape (N,)."""
        model = self.of.model
        nodes = (model.ordered_expected, model.ordered_noise, model.log_slack)
        directions = (log_expected, log_noise, log_slack)
        above, below = (
            clipped_curvature(
                model,
                model.graph.evaluate(
                    {
                        node: self.evaluation[node] + sign * STEP * direction
                        for node, direction in zip(nodes, directions, strict=True)
                    },
                    model.figures,
                ),
            )
            for sign in (1.0, -1.0)
        )
        return np.asarray((above - below) / (2 * STEP))
