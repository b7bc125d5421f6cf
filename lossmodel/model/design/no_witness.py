"""Figures that may say nothing of the losses of their days: copies, and denials."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel.model.design.grid import Floats
from lossmodel.model.priors import Priors
from lossmodel.tables.readings import counts_losses
from lossmodel.tables.vocabulary import ACCOUNTINGS, names_with

__all__ = ["log_odds_of_no_witness"]

Flags = NDArray[np.bool_]


def log_odds_of_no_witness(
    terms: pd.DataFrame, value: Floats, *, count: Flags, ranged: Flags, priors: Priors, copies: bool
) -> Floats:
    """Log odds of a copy or a denial against an own figure whose likelihood is one, shape (N,).

    Parameters
    ----------
    terms
        The N observations, rows of ``Evidence.terms``.
    value
        Their figures.
    count, ranged
        Which have the probability of a count, and which are ranges.
    copies
        Whether figures may be copies.

    Returns
    -------
    odds
        -inf for figures that are neither.
    """
    denied = _log_denied(terms, value, count, priors["noise.denied_share"].median)
    return np.maximum(denied, _log_copy(terms, value, count, ranged)) if copies else denied


def _log_copy(terms: pd.DataFrame, value: Floats, count: Flags, ranged: Flags) -> Floats:
    """Log odds of a copy against an own figure whose likelihood is one, -inf for none.

    An own figure has the printed number with the probability of a cell one rounding unit wide: the
    unit over the figure times the density of its log, or the unit times the probability of a count.
    """
    prior, match, unit = (
        terms[f"copy_{name}"].to_numpy(dtype=float) for name in ("prior", "match", "unit")
    )
    may = (match > 0) & (value > 0) & ~ranged
    odds = np.zeros(len(terms))
    cell = unit[may] / np.where(count[may], 1.0, value[may])
    odds[may] = prior[may] * match[may] / ((1 - prior[may]) * cell)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(odds))


def _log_denied(terms: pd.DataFrame, value: Floats, count: Flags, share: float) -> Floats:
    """Log odds of a denial against a count whose probability is one, -inf for none.

    A denial has the number zero, however many were lost. Who gives other figures of a party denies
    nothing: its zeros are quiet days, or captives none of whom was wounded. Those of ledgers, lists
    and registers are days without news.
    """
    assessed = terms["accounting"].isin(names_with(ACCOUNTINGS, "assesses")) & counts_losses(terms)
    positive = pd.Series(value > 0, index=terms.index)
    counts = positive.groupby([terms["claimant"], terms["party"]]).transform("any")
    zero = (assessed & ~counts).to_numpy() & count & (value == 0)
    with np.errstate(divide="ignore"):
        return np.where(zero, np.log(share) - np.log1p(-share), -np.inf)
