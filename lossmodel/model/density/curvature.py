"""Curvature of the figures' log likelihoods by their log expectations."""

import numpy as np

from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.graph import Evaluation
from lossmodel.model.design.grid import Floats
from lossmodel.model.design.observation import INTERVAL, POINT

__all__ = ["clipped_curvature", "curvature", "moved_curvature"]

# Step in log expectations and log scales for third derivatives of log likelihoods: with double
# precision, the error of a central difference is least near the cube root of 1e-16.
STEP = 1e-5

# Curvature of a figure, as a share of its curvature where it is expected, below which it fades out
# before it becomes negative: that of a Student-t with 4 degrees of freedom 1.6 sds from its mode.
# Where it ends at zero without fading, the marginal of the hyperparameters has an edge, on which
# its maximum can lie: in one submodel a search ended 0.2 posterior sds away from it.
FADING = 0.25
# Where two curvatures of a range pass into each other, as a share of the smaller one: wide enough
# for a smooth determinant, and 5% too much at most.
ROUNDED = 0.1


def curvature(model: ModelGraph, evaluation: Evaluation) -> Floats:
    """Negative second derivative of each log likelihood by its log expectation, shape (N,)."""
    found = np.empty(model.log_expected.size)
    for where, form in model.forms.values():
        found[where] = -evaluation.of_map(form).second()[0, 0]
    return found


def clipped_curvature(model: ModelGraph, evaluation: Evaluation) -> Floats:
    """Curvature of each log likelihood without what is negative, and smooth, shape (N,).

    The density of a range is flat within it, and its walls are what it says: the curvature of one
    about a single party is at least that of a normal with the variance of a uniform distribution
    over the range and of the noise.
    """
    found = np.maximum(curvature(model, evaluation), 0.0)
    if INTERVAL in model.forms:
        where, form = model.forms[INTERVAL]
        of_range = 1 / (model.range_variance + np.exp(2 * evaluation[form.inputs[1]]))
        more = found[where] - of_range
        found[where] = of_range + (more + np.hypot(more, ROUNDED * of_range)) / 2
    if POINT in model.forms:
        where, form = model.forms[POINT]
        largest = np.exp(-2 * evaluation[form.inputs[1]])
        part = np.minimum(found[where] / (FADING * largest), 1.0)
        found[where] *= part * (2 - part)
    return found


def moved_curvature(
    model: ModelGraph,
    evaluation: Evaluation,
    *,
    log_expected: float = 0.0,
    log_noise: float = 0.0,
    log_slack: float = 0.0,
) -> Floats:
    """Derivative of each clipped curvature in a direction, shape (N,)."""
    direction = (log_expected, log_noise, log_slack)
    nodes = (model.ordered_expected, model.ordered_noise, model.log_slack)
    above, below = (
        clipped_curvature(
            model,
            model.graph.evaluate(
                {
                    node: evaluation[node] + sign * STEP * by
                    for node, by in zip(nodes, direction, strict=True)
                },
                model.figures,
            ),
        )
        for sign in (1.0, -1.0)
    )
    return np.asarray((above - below) / (2 * STEP))
