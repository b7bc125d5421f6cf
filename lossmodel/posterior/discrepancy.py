"""How far each stream's figures are from what the others lead one to expect, without a refit.

The level of a stream is split in two (node-splitting: Marshall and Spiegelhalter 2007, Identifying
outliers in Bayesian hierarchical models: a simulation-based approach, Bayesian Analysis 2: 409-44).
One copy is known from the other figures and the priors, that of the stream's bias among them; the
other from its own figures, with a flat prior. Their difference is a shift d of all log expectations
of the stream. In a model of normals, with posterior covariance S of theta, slopes J of the stream's
log expectations, precisions W of its figures and residuals e, the joint fit is enough:

    d = sum(W e) / I,    variance 1 / I,    I = sum(W) - (J' W 1)' S (J' W 1),

the generalised least squares estimate of the shift from the predictive distribution of the stream's
figures given the others. Importance weights would need no normals, but fail where it matters: in a
contradiction no draw of the joint posterior is near what the others alone say.

Figures are not normal, but at the mode each is like a normal one of precision W, its slope over its
residual. For a Student-t that is its precision given the mixing variable, small for a figure that
the fit takes for an outlier: such a figure hardly moves the others, and its d is nearly e. In the
predictive its noise is that of its likelihood, heavy tails included. Learned scales are held at
their mode, scales of noise at no more than `WIDEST` prior sds above their prior median: in a small
table a contradiction is all that they are learned from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.special import ndtri, roots_hermitenorm, stdtr, stdtrit

from lossmodel.inference.laplace.factors import regularised
from lossmodel.model.density.operators import Matrix
from lossmodel.model.density.slopes import slopes_of_sums
from lossmodel.model.design.observation import AT_LEAST, AT_MOST, COUNT, POINT
from lossmodel.tables.schema import READING

if TYPE_CHECKING:
    from lossmodel.model.density.expansion import Expansion
    from lossmodel.model.design import Design
    from lossmodel.model.design.grid import Floats
    from lossmodel.model.design.observation import Observations

__all__ = ["COLUMNS", "discrepancies"]

# Prior sds: noise as wide is in one of 700 wars, if the prior is right.
WIDEST: Final = 3.0
# Stands for a scale of nought.
TINY: Final = 1e-12
# Streams at a time, whose slopes by all unknowns are in memory: those of all shipped wars at once.
TOGETHER: Final = 256
# Degrees of freedom of a Student-t that is normal to five digits.
NORMAL: Final = 1e6
# Nodes of the quadrature over the normal part of a predictive, to 11 of its sds.
NODES: Final = 64
COLUMNS: Final = tuple(f"discrepancy{part}" for part in ("", "_lower", "_upper", "_p"))


def discrepancies(design: Design, expansion: Expansion, *, ci_prob: float) -> pd.DataFrame:
    """The shift of each stream of a submodel against the predictive of the others.

    Parameters
    ----------
    design
        The submodel.
    expansion
        Of the log posterior at its mode.
    ci_prob
        Probability of the predictive interval, between 0 and 1.

    Returns
    -------
    table
        The columns `COLUMNS`, one row per stream: discrepancy, the ratio of its figures to what the
        others and the priors lead one to expect, exp(d); the limits between which it was expected
        to lie, equal-tailed on the log scale; and the probability of one at least as far out on
        either side. NaN where no figure of a stream says anything about its level.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> from lossmodel.inference.laplace.fit import approximate
    >>> from lossmodel.model.density.density import Density
    >>> from lossmodel.model.density.expansion import Expander
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> density = Density(design)
    >>> mode = approximate(density, diagnose=False).mode
    >>> table = discrepancies(design, Expander(density)(mode), ci_prob=0.95)
    >>> len(table) == len(design.streams), bool((table["discrepancy_p"] > 0.01).all())
    (True, True)
    """
    weight, pull = _surrogate(design.observed, expansion)
    members = _members(design)
    whole = members @ weight
    information = whole - _known(expansion, members * weight, weight)
    squares = members @ weight**2
    own = members @ (weight**2 * _noise(design, expansion, weight))
    with np.errstate(divide="ignore", invalid="ignore"):
        known = (information > 0) & (squares > 0)
        shift = np.where(known, (members @ pull) / information, np.nan)
        others = np.maximum(1 / information - 1 / whole, 0.0)
        own, figures = own / whole**2, whole**2 / squares
    return _table(shift, np.sqrt(others), np.sqrt(own), design.observed.nu * figures, ci_prob)


def _surrogate(observed: Observations, expansion: Expansion) -> tuple[Floats, Floats]:
    """Precision of the normal that each figure is like at the mode, and its slope, shape (N,)."""
    model = expansion.of.model
    pull = expansion.adjoints[model.ordered_expected][model.place]
    weight = np.maximum(expansion.curvature, 0.0)
    # A bound that holds pulls with its slack, by about one sd of it.
    holds = ((observed.form == AT_LEAST) & (pull < 0)) | ((observed.form == AT_MOST) & (pull > 0))
    weight[holds] = np.maximum(weight[holds], pull[holds] ** 2)
    residual = observed.log_value - _mu(expansion)
    with np.errstate(divide="ignore", invalid="ignore"):
        secant = pull / residual
    has_one = np.isin(observed.form, (POINT, COUNT)) & np.isfinite(secant) & (secant > 0)
    return np.where(has_one, secant, weight), pull


def _noise(design: Design, expansion: Expansion, weight: Floats) -> Floats:
    """Variance of each figure about its log expectation in the predictive, shape (N,)."""
    observed, parameters = design.observed, design.parameters
    model = expansion.of.model
    found = np.exp(2 * expansion.evaluation[model.ordered_noise][model.place])
    widest = np.append(parameters.hyper_mean + WIDEST * parameters.hyper_sd, np.inf)
    most = (observed.scale * np.exp(widest[observed.noise])) ** 2 + observed.extra
    variance = np.minimum(found, most)
    counts = observed.form == COUNT
    variance[counts] += np.exp(observed.log_unit - _mu(expansion))[counts]
    others = ~np.isin(observed.form, (POINT, COUNT))
    variance[others] = 1 / np.maximum(weight[others], np.finfo(float).tiny)
    return np.asarray(variance)


def _mu(expansion: Expansion) -> Floats:
    """Log expectation of each figure at the mode, shape (N,)."""
    model = expansion.of.model
    return np.asarray(expansion.evaluation[model.ordered_expected][model.place])


def _members(design: Design) -> Matrix:
    """One for each figure of each stream, shape (streams, N)."""
    number = design.terms.groupby(READING, sort=True).ngroup().to_numpy()
    places = (number, np.arange(len(number)))
    return Matrix((np.ones(len(number)), places), shape=(len(design.streams), len(number)))


def _known(expansion: Expansion, weighted: Matrix, weight: Floats) -> Floats:
    """Information on the shift of each stream that theta could take up, shape (streams,)."""
    factor = regularised(expansion.gauss_newton(weight))
    hypers = len(expansion.theta) - factor.size
    found = []
    for first in range(0, weighted.shape[0], TOGETHER):
        by_theta = slopes_of_sums(expansion, weighted[first : first + TOGETHER])[hypers:]
        found.append((by_theta * factor.solve(by_theta)).sum(axis=0))
    return np.concatenate(found)


def _table(shift: Floats, others: Floats, own: Floats, nu: Floats, ci_prob: float) -> pd.DataFrame:
    """The shifts beside a predictive, a normal of sd ``others`` plus a Student-t of scale ``own``.

    Its limits take the squares of the limits of both together, which is exact for two normals.
    """
    nu = np.minimum(nu, NORMAL)
    nodes, weights = roots_hermitenorm(NODES)
    z = (shift[:, None] - others[:, None] * nodes) / np.maximum(own, TINY)[:, None]
    below, above = (stdtr(nu[:, None], sign * z) @ weights / weights.sum() for sign in (1, -1))
    level = 0.5 + ci_prob / 2
    half = np.hypot(ndtri(level) * others, stdtrit(nu, level) * own)
    half[np.isnan(shift)] = np.nan
    tail = np.minimum(2 * np.minimum(below, above), 1.0)
    with np.errstate(over="ignore"):  # of ranges so wide that they say nothing
        found = (np.exp(shift), np.exp(-half), np.exp(half), tail)
    return pd.DataFrame(dict(zip(COLUMNS, found, strict=True)))
