"""A start for the search of a mode, by gradients alone, which are cheap."""

import numpy as np

from lossmodel.inference.laplace.levels import face_values
from lossmodel.inference.laplace.modes import Modes
from lossmodel.model.design.grid import Floats, Ints

__all__ = ["approach"]

# Steps of L-BFGS before the first expansion. With 200, 7 expansions follow in the largest submodel
# and none to one in others; with 100 it is 14 and up to two, with 400 one.
APPROACH = 200
# Figures for each unknown from which a scale of noise is sought together with the latent vector: it
# is then too small by a 1/40 of itself at most, as the unknowns follow a twentieth of the figures.
# The climb takes steps of a few posterior sds, and they are short: with 100,000 figures 30 steps
# ended two thirds of the way from the prior's median.
PLENTY = 20


def approach(modes: Modes) -> Floats:
    """A point near the latent mode, by gradients alone, which are cheap.

    It starts at the prior's mode, with levels at the size of the figures: far from most of them a
    single one can be a mode of its own, which the others leave as outliers.
    """
    from scipy.optimize import minimize

    start = face_values(modes.density.design)
    free = np.append(_plain_noise(modes), np.arange(modes.hypers, len(start)))

    def loss(values: Floats) -> tuple[float, Floats]:
        theta = start.copy()
        theta[free] = values
        value, gradient = modes.evaluate(theta)
        return -value, -gradient[free]

    options = {"maxiter": APPROACH, "maxcor": 20}
    found = minimize(loss, start[free], jac=True, method="L-BFGS-B", options=options)
    theta = start.copy()
    theta[free] = found.x
    return theta


def _plain_noise(modes: Modes) -> Ints:
    """Scales of noise that so many figures have that their joint mode is near the marginal one."""
    observed = modes.density.design.observed
    figures = np.bincount(observed.noise[observed.noise >= 0], minlength=modes.hypers)
    latent = modes.density.size - modes.hypers
    return np.flatnonzero(modes.large & (figures > PLENTY * latent))
