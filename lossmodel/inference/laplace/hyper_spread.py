"""The spread of the hyperparameters around their mode, from two points on each axis."""

import numpy as np

from lossmodel.inference.laplace.hyper_mode import rough_sds
from lossmodel.inference.laplace.modes import Modes, Point
from lossmodel.model.design.grid import Floats

__all__ = ["AXIAL", "covariance_of_hypers", "point_beside", "sds_of_hypers", "split_sds"]

# Distance of the axial points, in rough posterior sds. With 1.0 limits of totals move by 0.01
# posterior sds, with 2.0 by 0.04.
AXIAL = 1.4
# Newton's decrement at the latent modes of axial points. The determinant is that of the point: with
# 0.02 the marginal was up to 2.6 off beside a fork of the shipped persons, with this 0.01.
CLOSE = 1e-5


def sds_of_hypers(modes: Modes, point: Point, mode_sensitivity: Floats) -> Floats:
    """Sds of a normal split at the mode, below and above it, shape (2, H).

    Parameters
    ----------
    point, mode_sensitivity
        The mode, and the derivative of the latent mode by the hyperparameters, shape (D, H).
    """
    size = AXIAL * rough_sds(modes.density)
    values = [
        [
            point_beside(modes, point, sign * size[k] * mode_sensitivity[:, k]).value
            for k in range(modes.hypers)
        ]
        for sign in (-1.0, 0.0, 1.0)
    ]
    return split_sds(size, np.array(values).reshape(3, -1))


def split_sds(size: Floats, values: Floats) -> Floats:
    """Sds from the log marginal below, at and above the mode, shape (3, H); at most the prior's.

    See Martins, Simpson, Lindgren and Rue (2013, section 3.2). Where the marginal rises to one
    side, the mode is not quite its maximum, as the slope leaves out a part: both sides have
    the curvature of the three points together.

    Parameters
    ----------
    size
        Distance of the points, shape (H,).
    """
    fall = values[1] - values[[0, 2]]
    fall = np.where(fall.min(axis=0) < 0, fall.mean(axis=0), fall)
    return np.asarray(1 / np.sqrt(np.maximum(2 * fall / size**2, 1.0)))


def point_beside(modes: Modes, point: Point, step: Floats) -> Point:
    """The mode of the latent vector a step away from another."""
    if not step.any():
        return point
    return modes.find_mode(point.theta + step, tolerance=CLOSE, near=point)


def covariance_of_hypers(curvature: Floats, sd: Floats) -> Floats:
    """Inverse curvature of the hyperparameters; none has a larger sd than its prior.

    A direction in which the marginal is almost flat, or convex, keeps the prior's sd.
    """
    own = np.sqrt(np.diag(curvature))
    covariance = np.linalg.inv(curvature / np.outer(own, own)) * np.outer(sd, sd)
    widest = 1 / np.maximum(np.sqrt(np.diag(covariance)), 1.0)
    return np.asarray(covariance * np.outer(widest, widest))
