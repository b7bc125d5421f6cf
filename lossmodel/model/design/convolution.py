"""Nodes at which the delays of a declaration and of a list are convolved."""

from dataclasses import dataclass

import numpy as np

from lossmodel.model.design.grid import Floats

__all__ = ["Convolution", "convolution"]

# Nodes of a convolution, from this many days to this logit of the age.
NODES, SOONEST, LAST = 9, 10.0, 4.0


@dataclass(frozen=True)
class Convolution:
    """Nodes of the convolution of two delays for Q ages; within 0.003 of the integral.

    Attributes
    ----------
    log_wait, log_rest
        Log of the days until the declaration and of those that remain, shape (K, Q).
    mass
        Shape (K, Q): ``sum_k mass_k pdf((log_wait_k - m) / s) / s Phi(log_rest_k)`` is the integral
        where the declaration's log delay is normal with mean m and sd s.
    """

    log_wait: Floats
    log_rest: Floats
    mass: Floats


def convolution(elapsed: Floats) -> Convolution:
    """Nodes for ages in days, shape (Q,)."""
    first = np.minimum(np.log(SOONEST / elapsed), LAST - 1)
    logit = np.linspace(first, np.full_like(first, LAST), NODES)
    # The rule of trapezoids; d log t = (1 - t) d logit t.
    step = np.repeat((logit[1] - logit[0])[None], NODES, axis=0)
    step[[0, -1]] /= 2
    log_rest = -np.logaddexp(0.0, logit)
    return Convolution(
        log_wait=np.log(elapsed) - np.logaddexp(0.0, -logit),
        log_rest=np.log(elapsed) + log_rest,
        mass=step * np.exp(log_rest),
    )
