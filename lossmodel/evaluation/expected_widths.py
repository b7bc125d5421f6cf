"""Widths of totals that a claim would leave, before its number is known.

Before that, a claim y has the predictive distribution of the fit: one number is simulated from each
draw. A regression of the log total on these numbers gives its posterior mean for each of them, and
the interval of the residuals is about as wide as that of the total will be (pre-posterior analysis:
Raiffa and Schlaifer 1961, Applied Statistical Decision Theory, Harvard; by regression: Strong,
Oakley, Brennan and Breeze 2015, Estimating the expected value of sample information using the
probabilistic sensitivity analysis sample, Medical Decision Making 35: 570-583). If all is normal on
the log scale, with c the covariance of log total and log claim, the sd of the log total falls to

    sqrt(var(total) - c^2 / var(y)).

Weights of the draws by the likelihood of each number would need no regression. They were tried, and
fell on single draws where a claim has several precise figures.

The claim is in the table with which the model is laid out. Thus its expectation and its noise are
those that it would have in a fit: the claimant's bias has its posterior where the fit has that
claimant, else that of its role and side with the spread between claimants, and a list has its
coverage and its delay. Unknowns that only the new claim has are drawn from their priors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.special import log_ndtr

from lossmodel.errors import UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.inference.convergence import normal_scores
from lossmodel.model.density.density import Density
from lossmodel.model.density.likelihood import Likelihood, Range, likelihood_of
from lossmodel.model.density.model import LossModel
from lossmodel.model.density.predictive import evaluated
from lossmodel.model.density.replicas import replicated
from lossmodel.model.force_balance import with_force
from lossmodel.posterior.rates import rates
from lossmodel.posterior.variance import LEAST_TOTAL
from lossmodel.tables.schema import READING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.api import Fit
    from lossmodel.claims.claims import Claims
    from lossmodel.model.design import Design
    from lossmodel.model.design.grid import Floats, Ints
    from lossmodel.posterior.reported import Series

__all__ = ["Joint", "carried", "expected_width", "interval_width", "joint_draws", "log_totals"]

# Draws at the most: as many as a Laplace fit has.
DRAWS: Final = 1000
# Times that all is repeated with other draws of the unknowns that only the new claim has; the Monte
# Carlo error follows from them.
REPEATS: Final = 4
# Of the regression, in normal scores of each figure: bends, and no loops. Chosen by hand.
DEGREE: Final = 3


@dataclass(frozen=True, eq=False)
class Joint:
    """Draws of a fit, and what they say of figures that it does not have.

    Attributes
    ----------
    draws
        Numbers of the draws of the fit, shape (R, S): in each of R repeats the unknowns that only
        the new figures have are drawn anew.
    terms
        The N new figures, rows of ``Design.terms``.
    figures
        Their likelihoods, each of one figure.
    mu, log_sd
        Log expectation and log noise sd, shape (R, S, N).
    log_slack
        Log of the mean slack of bounds, shape (R, S, 1).
    """

    draws: Ints
    terms: pd.DataFrame
    figures: tuple[Likelihood, ...]
    mu: Floats
    log_sd: Floats
    log_slack: Floats

    def widths(
        self, logs: Floats, which: Sequence[int], *, ci_prob: float, seed: int = 1
    ) -> Floats:
        """Expected width of the interval of a log total once some of the figures are published.

        Parameters
        ----------
        logs
            Log totals by draw of the fit.
        which
            Numbers of the figures, which are published together.
        ci_prob
            Probability of the interval.

        Returns
        -------
        array
            Relative to the width now, shape (R,).
        """
        rng, sd = np.random.default_rng(seed), np.exp(self.log_sd)
        figures = [self.figures[n] for n in which]
        found = [
            expected_width(
                logs[draws], figures, mu[:, which], noise[:, which], slack, ci_prob=ci_prob, rng=rng
            )
            for draws, mu, noise, slack in zip(self.draws, self.mu, sd, self.log_slack, strict=True)
        ]
        return np.array(found)


def log_totals(fit: Fit, key: Series, day: pd.Timestamp | None = None) -> Floats:
    """Log of a total up to a day, the last one by default, by draw."""
    last = len(fit.days) - 1 if day is None else int((day - fit.days[0]).days)
    return np.asarray(np.log(np.maximum(rates(fit, *key).between(0, last), LEAST_TOTAL)))


def expected_width(
    logs: Floats,
    figures: Sequence[Likelihood],
    mu: Floats,
    sd: Floats,
    log_slack: Floats,
    *,
    ci_prob: float,
    rng: np.random.Generator,
) -> float:
    """Expected width of an interval of a log total after a claim, relative to now.

    Parameters
    ----------
    logs
        Draws of the log total, shape (S,).
    figures
        Likelihoods of the N figures of the claim, each of one figure.
    mu, sd
        Log expectation and noise sd of the figures by draw, shape (S, N).
    log_slack
        Log of the mean slack of bounds, shape (S, 1).
    ci_prob
        Probability of the interval.

    Returns
    -------
    float
        1 for a claim that says nothing.

    Examples
    --------
    A claim without bias whose error is as large as that of the total makes it narrower by the root
    of two.

    >>> from lossmodel.model.density.likelihood import Point
    >>> rng = np.random.default_rng(1)
    >>> logs = rng.normal(size=4000)
    >>> claim = [Point(np.zeros(1), np.inf)]
    >>> ones = np.ones((4000, 1))
    >>> round(expected_width(logs, claim, logs[:, None], ones, 0 * ones, ci_prob=0.95, rng=rng), 1)
    0.7
    """
    columns = [np.ones(len(logs))]
    for n, figure in enumerate(figures):
        here = slice(n, n + 1)
        new: Any = replicated(figure, mu[:, here], sd[:, here], log_slack, rng)
        # So that no outlier has leverage.
        scores = normal_scores((new.low if isinstance(new, Range) else new.y).T, offset=0.5)[0]
        columns += [scores**power for power in range(1, DEGREE + 1)]
    by = np.stack(columns, axis=1)
    rest = logs - by @ np.linalg.lstsq(by, logs, rcond=None)[0]
    now = interval_width(logs, ci_prob)
    return interval_width(rest, ci_prob) / now if now > 0 else 1.0


def interval_width(logs: Floats, ci_prob: float) -> float:
    """Width of the equal-tailed interval of draws."""
    tail = (1 - ci_prob) / 2
    low, high = np.quantile(logs, [tail, 1 - tail])
    return float(high - low)


def joint_draws(
    fit: Fit,
    claims: Claims,
    name: str,
    *,
    as_of: pd.Timestamp | None = None,
    seed: int = 1,
) -> Joint:
    """Draws of a submodel of a fit with the figures of claims that it does not have.

    Parameters
    ----------
    fit
        The fit.
    claims
        Its claims and others.
    name
        Of the submodel.
    as_of
        Day up to which claims are read; that of the fit by default.
    seed
        Of the unknowns that only the new figures have.

    Raises
    ------
    UsageError
        A figure of the fit is replaced by the new claims, so that it would count twice.
    """
    submodel = fit.submodels[name]
    before = submodel.design
    design = _laid_out(fit, claims, name, as_of)
    known = set(before.terms["term"])
    lost = known - set(design.terms["term"])
    if lost:
        raise UsageError(f"The claims replace figures of the fit: {', '.join(sorted(lost))}.")
    rng = np.random.default_rng(seed)
    every = len(submodel.posterior.flat)
    chosen = np.linspace(0, every - 1, min(every, DRAWS)).round().astype(int)
    density, new = Density(design), np.flatnonzero(~design.terms["term"].isin(known))
    graph = density.model
    repeats = [
        carried(before, submodel.posterior.flat[chosen], design, rng) for _ in range(REPEATS)
    ]
    theta = np.concatenate([draws for draws, _ in repeats])
    parts = []
    for some, found in evaluated(density, theta):
        slack = np.broadcast_to(found[graph.log_slack], (len(some), 1))
        parts.append((found[graph.log_expected][:, new], found[graph.log_noise][:, new], slack))
    shape = (REPEATS, len(chosen), -1)
    mu, log_sd, slack = (np.concatenate(v).reshape(shape) for v in zip(*parts, strict=True))
    observed = design.observed
    figures = tuple(likelihood_of(observed, int(observed.form[n]), np.array([n])) for n in new)
    terms = design.terms.iloc[new].reset_index(drop=True)
    draws = np.stack([chosen[kept] for _, kept in repeats])
    return Joint(draws, terms, figures, mu, log_sd, slack)


def _laid_out(fit: Fit, claims: Claims, name: str, as_of: pd.Timestamp | None) -> Design:
    """A submodel with the settings, cells and knots of a fit, laid out with other claims."""
    evidence = collect_evidence(
        claims,
        as_of=fit.evidence.as_of if as_of is None else as_of,
        until=fit.evidence.until,
        trust=fit.evidence.trust,
    )
    model = LossModel(fit.components, fit.priors)
    evidence = with_force(evidence, claims.conflict, model.components, model.priors)
    return model.design(evidence, claims.conflict, name, like=fit.submodels[name].design)


def carried(
    before: Design, theta: Floats, after: Design, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """Draws of one design as draws of another that has more figures.

    A walk that is longer now keeps its steps, and its centre moves by a part of the new ones.
    Unknowns that are new have their prior, that of a new ceiling included.

    Parameters
    ----------
    theta
        Draws of `before`, shape (S, D).

    Returns
    -------
    theta, kept
        Draws of `after`, and the draw that each comes from, shape (S,): where there are new
        ceilings draws are taken again by their weights.
    """
    found = rng.standard_normal((len(theta), after.size))
    there = {_named(name, before): where for name, where in before.parameters.groups.items()}
    for name, here in after.parameters.groups.items():
        where = there.get(_named(name, after))
        if where is not None:
            size = min(here.stop - here.start, where.stop - where.start)
            found[:, here.start : here.start + size] = theta[:, where.start : where.start + size]
    logs = _ceilings(after, found) - _ceilings(before, theta)
    weights = np.exp(logs - logs.max())
    if np.ptp(logs) < 1e-6:
        return found, np.arange(len(theta))
    places = (np.arange(len(theta)) + 0.5) / len(theta) * weights.sum()
    kept = np.searchsorted(weights.cumsum(), places)
    return found[kept], kept


def _ceilings(design: Design, theta: Floats) -> Floats:
    """Log of the factors of the prior by its ceilings, shape (S,)."""
    parameters = design.parameters
    below = parameters.values(theta) @ parameters.ceilings.T + parameters.margin
    return np.asarray(log_ndtr(below).sum(axis=1))


def _named(name: str, design: Design) -> str:
    """A group of unknowns by the names of its stream, whose number is another in other designs."""
    kind, _, number = name.rpartition(" ")
    if not (kind and number.isdecimal()):
        return name
    stream = design.streams.loc[int(number), READING]
    return " ".join([kind, *stream])
