"""The log posterior density of a submodel with its gradient, from the graph of the model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.graph import Evaluation
from lossmodel.model.density.likelihood import Likelihood
from lossmodel.model.density.operators import Node
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats

__all__ = ["Density", "Predictions", "batches"]

# Points that are evaluated at once: with 64 a point of a small submodel takes a tenth of the time
# that it takes alone; with 1,000 their arrays no longer fit into the caches of a processor.
BATCH = 64


def batches(count: int) -> Iterator[slice]:
    """So many points, in parts that are evaluated at once.

    Examples
    --------
    >>> list(batches(100))
    [slice(0, 64, None), slice(64, 128, None)]
    """
    return (slice(first, first + BATCH) for first in range(0, count, BATCH))


@dataclass(frozen=True)
class Predictions:
    """Expectation, noise and log likelihood of the N observations of a submodel.

    Attributes
    ----------
    log_expected, log_noise
        Log expectation and log noise sd, shape (..., N).
    log_likelihood
        Log density of each observation, shape (..., N).
    """

    log_expected: Floats
    log_noise: Floats
    log_likelihood: Floats


class Density:
    """Unnormalised log posterior of a submodel with its gradient.

    The constant that it leaves out is that of the standard normal prior, ``-D/2 log(2 pi)``.

    Parameters
    ----------
    design
        One submodel as arrays.
    replicas
        Form -> likelihood of a second set of the same observations, see `replicate`.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> density = Density(LossModel().design(collect_evidence(claims), claims.conflict, "aircraft"))
    >>> value, gradient = density(np.zeros(density.size))
    >>> bool(np.isfinite(value)), gradient.shape == (density.size,)
    (True, True)
    """

    def __init__(self, design: Design, replicas: Mapping[int, Likelihood] | None = None) -> None:
        self.design = design
        self.model = ModelGraph(design, replicas)

    @property
    def size(self) -> int:
        """Length D of theta."""
        return self.design.size

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Log density and its gradient at theta of shape (D,)."""
        model = self.model
        found = model.graph.evaluate({model.theta: theta}, model.outputs)
        adjoints = found.adjoints({form: np.ones(form.size) for form in model.outputs})
        likelihood = sum(float(found[form].sum()) for form in model.outputs)
        return likelihood - 0.5 * float(theta @ theta), adjoints[model.theta] - theta

    def gradients(self, theta: Floats) -> tuple[Floats, Floats]:
        """Log densities and their gradients at theta of shape (..., D): (...,) and (..., D)."""
        model = self.model
        found = model.graph.evaluate({model.theta: theta}, model.outputs)
        adjoints = found.adjoints({form: np.ones_like(found[form]) for form in model.outputs})
        likelihood = sum(found[form].sum(axis=-1) for form in model.outputs)
        return likelihood - (theta**2).sum(axis=-1) / 2, adjoints[model.theta] - theta

    def values(self, theta: Floats, known: Mapping[Node, Floats] | None = None) -> Floats:
        """Log density at S theta, shape (S, D), without its gradient; -inf where it overflows.

        Parameters
        ----------
        known
            Nodes whose values at theta are known already, shape (S, n).
        """
        model, found, known = self.model, np.empty(len(theta)), known or {}
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for some in batches(len(theta)):
                given = {model.theta: theta[some]} | {node: x[some] for node, x in known.items()}
                there = model.graph.evaluate(given, model.outputs)
                likelihood = sum(there[form].sum(axis=-1) for form in model.outputs)
                found[some] = likelihood - (theta[some] ** 2).sum(axis=-1) / 2
        return np.where(np.isfinite(found), found, -np.inf)

    def evaluate(self, theta: Floats) -> Evaluation:
        """All nodes that the likelihood needs, for theta of shape (..., D)."""
        model = self.model
        outputs = [
            model.log_expected, model.log_noise, model.log_slack, model.log_likelihood
        ]  # fmt: skip
        return model.graph.evaluate({model.theta: theta}, outputs)

    def slope(self, node: Node, theta: Floats) -> Floats:
        """Derivative of a node of one entry by theta, shape (D,)."""
        model = self.model
        found = model.graph.evaluate({model.theta: theta}, [node], apart=True)
        return np.asarray(found.adjoints({node: np.ones(1)})[model.theta])

    def shifted(self, theta: Floats, shift: Floats) -> tuple[float, Floats]:
        """Log likelihood where log expectations are moved, and its derivatives by them, (N,)."""
        model, found = self.model, self.evaluate(theta)
        given = {
            model.ordered_expected: found[model.ordered_expected] + shift[model.by_form],
            model.ordered_noise: found[model.ordered_noise],
            model.log_slack: found[model.log_slack],
        }
        moved = model.graph.evaluate(given, model.figures)
        adjoints = moved.adjoints({form: np.ones(form.size) for form in model.figures})
        value = sum(float(moved[form].sum()) for form in model.figures)
        return value, adjoints[model.ordered_expected][model.place]

    def predictions(self, theta: Floats) -> Predictions:
        """Expectation, noise and log likelihood of observations, theta of shape (..., D)."""
        model, found = self.model, self.evaluate(theta)
        nodes = (model.log_expected, model.log_noise, model.log_likelihood)
        return Predictions(*(found[node] for node in nodes))
