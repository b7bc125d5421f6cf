"""Posterior predictive distributions of the published figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.graph import Evaluation
from lossmodel.model.density.likelihood import Likelihood, likelihood_of
from lossmodel.model.density.operators import Node
from lossmodel.model.density.own_or_copied import MayRepeat, own_or_copied
from lossmodel.model.density.replicas import replicated
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.observation import COUNT, INTERVAL, Observations

__all__ = [
    "Predicted", "evaluated", "new_figures", "predict", "predictive", "replicate", "values_at",
]  # fmt: skip

# Draws that are evaluated. With 4,000 the PIT of a figure of the shipped war moves by 0.01 on
# average and by 0.05 at most.
DRAWS = 200
# Draws of which the whole graph is in memory at once. Of the shipped war 25 take 54 MB; 50 take
# 104 MB and no less time, 10 take 24 MB and no more.
TOGETHER = 25
# Figures of so many draws that are worked on at once: an array of them takes 4 MB. With all draws
# of 100,000 figures at once a fit took 4.8 GB, nearly all of it here.
ENTRIES = 500_000


@dataclass(frozen=True, eq=False)
class Predicted:
    """Posterior predictive of the N figures of a submodel, from some draws.

    Attributes
    ----------
    mu, log_sd
        Log expectation and log noise sd, shape (draws, N).
    log_slack
        Log of the mean slack of bounds, shape (draws, 1).
    log_likelihood
        Log density of each figure, shape (draws, N).
    pit
        Probability integral transform, shape (N,): the share of the posterior predictive below
        each figure, with half of a count's own probability (mid-PIT: Czado, Gneiting and Held
        2009, Predictive model assessment for count data, Biometrics 65: 1254-1261). NaN for
        intervals, and for probable copies, whose predictive is their original.
    copied
        Probability that each figure is a copy of another claimant's, shape (N,).
    """

    mu: Floats
    log_sd: Floats
    log_slack: Floats
    log_likelihood: Floats
    pit: Floats
    copied: Floats


def evaluated(density: Density, theta: Floats) -> Iterator[tuple[Ints, Evaluation]]:
    """The graph of a model at draws, a part of them at a time: their numbers, and its values.

    Parameters
    ----------
    theta
        Draws, shape (S, D).
    """
    together = int(np.clip(ENTRIES // density.model.log_expected.size, 1, TOGETHER))
    for some in np.array_split(np.arange(len(theta)), -(-len(theta) // together)):
        yield some, density.evaluate(theta[some])


def values_at(density: Density, theta: Floats, nodes: Sequence[Node]) -> list[Floats]:
    """Values of nodes at draws of shape (S, D), shape (S, size of the node) each."""
    found = [np.empty((len(theta), node.size)) for node in nodes]
    for some, evaluation in evaluated(density, theta):
        for values, node in zip(found, nodes, strict=True):
            values[some] = evaluation[node]
    return found


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
    model, observed = density.model, draws.design.observed
    nodes = (model.log_expected, model.log_noise, model.log_slack, model.log_likelihood)
    mu, log_sd, slack, likelihood = values_at(density, draws.flat[chosen], nodes)
    pit, copied = np.empty(mu.shape[1]), np.zeros(mu.shape[1])
    for form, every in observed.indices.items():
        for i in _some(every, len(mu)):
            figures = own_or_copied(observed, form, i)
            pit[i] = figures.pit(mu[:, i], np.exp(log_sd[:, i]), slack).mean(axis=0)
            if isinstance(figures, MayRepeat):
                own = (np.broadcast_to(slack, (len(mu), len(i))),) if figures.has_slack else ()
                copied[i] = figures.copied(mu[:, i], log_sd[:, i], *own).mean(axis=0)
    pit = np.where(copied > 0.5, np.nan, pit)
    return Predicted(mu, log_sd, slack, likelihood, pit, copied)


def _some(figures: Ints, draws: int) -> list[Ints]:
    """Figures in parts that all draws of are worked on at once."""
    return np.array_split(figures, -(-len(figures) * draws // ENTRIES))


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
        zeros), noise_sd (of the log; of shares of cases, of the log odds), pit and copy_probability
        (see `Predicted`). There is an example at `predict`.
    """
    tail, observed = (1 - ci_prob) / 2, design.observed
    parts = _some(np.arange(len(design.terms)), len(predicted.mu))
    limits = [np.quantile(predicted.mu[:, i], [tail, 0.5, 1 - tail], axis=0) for i in parts]
    noise = [np.median(predicted.log_sd[:, i], axis=0) for i in parts]
    lower, median, upper = np.exp(observed.logs_of_figures(np.concatenate(limits, axis=1)))
    value = np.where(np.isfinite(observed.cases), design.terms["value"], observed.value)
    has_log = (observed.form != INTERVAL) & (value > 0)
    residual = np.full(len(median), np.nan)
    residual[has_log] = np.log(value[has_log] / median[has_log])
    return design.terms.assign(
        expected_median=median,
        expected_lower=lower,
        expected_upper=upper,
        residual=residual,
        noise_sd=np.exp(np.concatenate(noise)),
        pit=predicted.pit,
        copy_probability=predicted.copied,
    )


def new_figures(observed: Observations, predicted: Predicted, rng: np.random.Generator) -> Floats:
    """Logs of figures drawn anew for each draw, shape (draws, N); NaN for ranges.

    Those of shares of cases are logs of numbers of cases.

    Examples
    --------
    >>> submodel = fitted.submodels["aircraft"]
    >>> rng = np.random.default_rng(1)
    >>> logs = new_figures(submodel.design.observed, submodel.predicted, rng)
    >>> logs.shape == submodel.predicted.mu.shape
    True
    """
    logs = np.full(predicted.mu.shape, np.nan)
    for form, i in observed.indices.items():
        if form == INTERVAL:
            continue
        mu, sd = predicted.mu[:, i], np.exp(predicted.log_sd[:, i])
        figures = likelihood_of(observed, form, i)
        new: Any = replicated(figures, mu, sd, predicted.log_slack, rng)
        with np.errstate(divide="ignore"):
            logs[:, i] = np.log(new.y) + observed.log_unit[i] if form == COUNT else new.y
    return observed.logs_of_figures(logs)


def replicate(density: Density, theta: Floats, rng: np.random.Generator) -> dict[int, Likelihood]:
    """Draw the figures of a submodel anew from their likelihood at one theta; see `replicas`.

    Parameters
    ----------
    theta
        Shape (D,).

    Returns
    -------
    dict
        Form -> likelihood of the new figures, for ``Density(design, replicas)``.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> theta = np.zeros(design.size)
    >>> replicas = replicate(Density(design), theta, np.random.default_rng(1))
    >>> Density(design, replicas)(theta)[0] < Density(design)(theta)[0]
    True
    """
    model, found = density.model, density.evaluate(theta)
    mu, sd, slack = (
        found[model.log_expected],
        np.exp(found[model.log_noise]),
        found[model.log_slack],
    )
    observed = density.design.observed
    return {
        form: replicated(likelihood_of(observed, form, i), mu[i], sd[i], slack, rng)
        for form, i in observed.indices.items()
    }
