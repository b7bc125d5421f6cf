"""What the posterior expects of each published figure."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betainc, ndtr, stdtr

from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats
from lossmodel.model.design.observation import AT_LEAST, AT_MOST, COUNT, INTERVAL, Observations

__all__ = ["Predicted", "predict", "predictive"]

DRAWS = 200
# Draws of which the whole graph is held at once; more take memory and no less time.
TOGETHER = 25


@dataclass(frozen=True, eq=False)
class Predicted:
    """What some draws expect of the N figures of a block.

    Attributes
    ----------
    mu, log_sd
        Log expectation and log noise sd, shape (draws, N).
    pit
        Share of the posterior predictive below each figure, shape (N,); half of a count's own
        probability counts. NaN for intervals.
    """

    mu: Floats
    log_sd: Floats
    pit: Floats


def predict(draws: SubmodelDraws, density: Density) -> Predicted:
    """Predict the figures of a block."""
    chosen = np.linspace(0, len(draws.flat) - 1, min(DRAWS, len(draws.flat))).astype(int)
    model = density.model
    nodes = (model.log_expected, model.log_noise, model.log_slack)
    found = [
        [evaluation[node] for node in nodes]
        for some in np.array_split(draws.flat[chosen], -(-len(chosen) // TOGETHER))
        for evaluation in [density.evaluate(some)]
    ]
    mu, log_sd, slack = (np.concatenate(part) for part in zip(*found, strict=True))
    pit = _pit(draws.design.observed, mu, np.exp(log_sd), slack[:, 0])
    return Predicted(mu, log_sd, pit.mean(axis=0))


def predictive(design: Design, predicted: Predicted, *, ci_prob: float) -> pd.DataFrame:
    """Terms of a block with their posterior expectation, residual and PIT.

    Returns
    -------
    table
        The terms and expected_median, expected_lower, expected_upper (of the expectation, equal-
        tailed), residual (log of figure over expectation; NaN for intervals and zeros), noise_sd,
        pit (see ``Predicted``).
    """
    tail = (1 - ci_prob) / 2
    lower, median, upper = np.exp(np.quantile(predicted.mu, [tail, 0.5, 1 - tail], axis=0))
    observed = design.observed
    told = (observed.form != INTERVAL) & (observed.value > 0)
    residual = np.full(len(median), np.nan)
    residual[told] = np.log(observed.value[told] / median[told])
    return design.terms.assign(
        expected_median=median,
        expected_lower=lower,
        expected_upper=upper,
        residual=residual,
        noise_sd=np.exp(np.median(predicted.log_sd, axis=0)),
        pit=predicted.pit,
    )


def _pit(observed: Observations, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:
    z = (observed.log_value - mu) / sd
    pit = ndtr(z) if np.isinf(observed.nu) else stdtr(observed.nu, z)
    indices = observed.indices
    if COUNT in indices:
        i = indices[COUNT]
        shape, mean = sd[:, i] ** -2.0, np.exp(mu[:, i])
        chance, y = shape / (shape + mean), np.round(observed.value[i])
        # Half of the count's own probability counts: the mean of P(Y <= y) and P(Y < y).
        below = np.where(y > 0, betainc(shape, np.maximum(y, 1.0), chance), 0.0)
        pit[:, i] = (betainc(shape, y + 1, chance) + below) / 2
    rate = np.exp(-log_slack)[:, None]
    for kind, sign in ((AT_LEAST, 1.0), (AT_MOST, -1.0)):
        if kind in indices:
            i = indices[kind]
            x, spread = sign * (mu[:, i] - observed.log_value[i]), sd[:, i]
            # Distribution of an exponential plus a normal.
            w = np.exp(np.minimum(rate * (rate * spread**2 / 2 - x), 700.0))
            below = ndtr(x / spread) - w * ndtr(x / spread - rate * spread)
            pit[:, i] = 1 - below if sign > 0 else below
    pit[:, observed.form == INTERVAL] = np.nan
    return np.asarray(pit)
