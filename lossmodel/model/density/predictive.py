"""Posterior predictive distributions of the published figures."""

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

# Draws that are evaluated. With 4,000 the PIT of a figure of the shipped war moves by 0.01 on
# average and by 0.05 at most.
DRAWS = 200
# Draws of which the whole graph is in memory at once. Of the shipped war 25 take 54 MB; 50 take
# 104 MB and no less time, 10 take 24 MB and no more.
TOGETHER = 25
# Below the overflow of exp at 709.8. A bound reaches it only 37 noise sds away or with noise of 37
# times its mean slack, where the other factor is under 1e-300 or the slack is negligible.
LARGEST_LOG = 700.0


@dataclass(frozen=True, eq=False)
class Predicted:
    """Posterior predictive of the N figures of a submodel, from some draws.

    Attributes
    ----------
    mu, log_sd
        Log expectation and log noise sd, shape (draws, N).
    pit
        Probability integral transform, shape (N,): the share of the posterior predictive below
        each figure, with half of a count's own probability (mid-PIT: Czado, Gneiting and Held
        2009, Predictive model assessment for count data, Biometrics 65: 1254-1261). NaN for
        intervals.
    """

    mu: Floats
    log_sd: Floats
    pit: Floats


def predict(draws: SubmodelDraws, density: Density) -> Predicted:
    """Predict the figures of a submodel.

    Parameters
    ----------
    draws
        Draws of theta, of which up to `DRAWS` at equal distances are used.
    density
        The density of the same submodel.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> evidence = collect_evidence(claims)
    >>> design = LossModel().design(evidence, claims.conflict, "aircraft")
    >>> density = Density(design)
    >>> draws = SubmodelDraws(density.model, np.zeros((1, 2, design.size)))
    >>> predicted = predict(draws, density)
    >>> predicted.mu.shape == (2, len(design.terms))
    True
    >>> table = predictive(design, predicted, ci_prob=0.95)
    >>> bool((table["expected_lower"] <= table["expected_upper"]).all())
    True
    """
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
    """Observations of a submodel with their posterior expectation, residual and PIT.

    Parameters
    ----------
    design, predicted
        The submodel, and its predictions.
    ci_prob
        Probability of the equal-tailed interval, between 0 and 1.

    Returns
    -------
    table
        The N rows of ``design.terms`` with expected_median, expected_lower, expected_upper (of the
        expectation, equal-tailed), residual (log of figure over expectation; NaN for intervals and
        zeros), noise_sd (of the log), pit (see `Predicted`). There is an example at `predict`.
    """
    tail = (1 - ci_prob) / 2
    lower, median, upper = np.exp(np.quantile(predicted.mu, [tail, 0.5, 1 - tail], axis=0))
    observed = design.observed
    has_log = (observed.form != INTERVAL) & (observed.value > 0)
    residual = np.full(len(median), np.nan)
    residual[has_log] = np.log(observed.value[has_log] / median[has_log])
    return design.terms.assign(
        expected_median=median,
        expected_lower=lower,
        expected_upper=upper,
        residual=residual,
        noise_sd=np.exp(np.median(predicted.log_sd, axis=0)),
        pit=predicted.pit,
    )


def _pit(observed: Observations, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:
    """PIT of each figure for each draw, shape (draws, N)."""
    z = (observed.log_value - mu) / sd
    pit = ndtr(z) if np.isinf(observed.nu) else stdtr(observed.nu, z)
    indices = observed.indices
    if COUNT in indices:
        i = indices[COUNT]
        pit[:, i] = _count_pit(observed.value[i], np.exp(mu[:, i]), sd[:, i])
    for kind, sign in ((AT_LEAST, 1.0), (AT_MOST, -1.0)):
        if kind in indices:
            i = indices[kind]
            beyond = sign * (mu[:, i] - observed.log_value[i])
            below = _slack_cdf(beyond, sd[:, i], np.exp(-log_slack)[:, None])
            pit[:, i] = 1 - below if sign > 0 else below
    pit[:, observed.form == INTERVAL] = np.nan
    return np.asarray(pit)


def _count_pit(value: Floats, mean: Floats, sd: Floats) -> Floats:
    """Mean of P(Y <= y) and P(Y < y) of a gamma-Poisson count with log noise sd."""
    shape = sd**-2.0
    chance, y = shape / (shape + mean), np.round(value)
    below = np.where(y > 0, betainc(shape, np.maximum(y, 1.0), chance), 0.0)
    return np.asarray((betainc(shape, y + 1, chance) + below) / 2)


def _slack_cdf(x: Floats, sd: Floats, rate: Floats) -> Floats:
    """Cdf at x of an exponential slack plus normal noise: an exponentially modified Gaussian."""
    w = np.exp(np.minimum(rate * (rate * sd**2 / 2 - x), LARGEST_LOG))
    return np.asarray(ndtr(x / sd) - w * ndtr(x / sd - rate * sd))
