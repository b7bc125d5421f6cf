"""First derivatives of the log expectations by theta, around one point."""

import numpy as np

from lossmodel.model.density.expansion import Expansion
from lossmodel.model.density.operators import Matrix
from lossmodel.model.design.change import Change
from lossmodel.model.design.grid import Floats

__all__ = ["jacobian", "leverage", "moved_by", "slopes_of_sums"]


def jacobian(at: Expansion) -> Floats:
    """Derivative of the log expectations by theta, shape (N, D), hyperparameters held."""
    return np.asarray((at.slopes @ at.of.change.matrix(at.scales)).todense())


def moved_by(at: Expansion, directions: Floats) -> Floats:
    """Derivative of log expectations along directions in theta, shape (D, .); scales move."""
    parameters = at.of.density.design.parameters
    hypers = len(parameters.hyper)
    by_v = parameters.matrix @ (directions * at.scales[:, None])
    return np.asarray(at.slopes @ at.with_edges(by_v + at.growth @ directions[:hypers]))


def slopes_of_sums(at: Expansion, weights: Matrix) -> Floats:
    """Derivative of weighted sums of log expectations by theta, hyperparameters held.

    Parameters
    ----------
    weights
        One row per sum, shape (K, N).

    Returns
    -------
    slopes
        Shape (D, K).
    """
    by_basis = (weights @ at.slopes).T.toarray()
    height = at.of.model.v.size
    by_v, by_edges = by_basis[:height], by_basis[height:]
    if len(by_edges):
        hypers, rows = at.of.model.log_scales.size, at.shared_rows
        is_v = rows >= hypers
        by_v[rows[is_v] - hypers] += at.edges[:, is_v].T @ by_edges
    return at.of.change.down(by_v, at.scales)


def leverage(at: Expansion, covariance: Floats) -> Floats:
    """Variance of the log expectations, shape (N,), under a dense covariance of theta."""
    change = at.of.change
    assert isinstance(change, Change)
    by_v = change.covariance(covariance, at.scales)
    return np.asarray(at.slopes.multiply(at.slopes @ by_v).sum(axis=1)).ravel()
