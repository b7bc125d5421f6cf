"""The logistic function and its log, in a third of the time of SciPy's and NumPy's."""

import numpy as np

from lossmodel.model.design.grid import Floats

__all__ = ["log_sigmoid", "sigmoid"]


def sigmoid(x: Floats) -> Floats:
    """``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x)))


def log_sigmoid(x: Floats) -> Floats:
    """``-log(1 + exp(-x))``.

    Examples
    --------
    >>> log_sigmoid(np.array([-1000.0, 1000.0]))
    array([-1000.,     0.])
    """
    return np.asarray(np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x))))
