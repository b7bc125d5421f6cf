"""What each claim became: evidence, a part of other evidence, or nothing, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.api import Fit

__all__ = ["ADDED", "claims_became"]

ADDED: Final = ("class", "with", "why", "expected", "residual", "pit")


def claims_became(fit: Fit) -> pd.DataFrame:
    """The input's columns, and what became of each claim.

    `expected` is the posterior median of what the claimant would say, of the days that the claim
    was evidence about; `residual` the log of figure over expectation; `pit` the share of the
    posterior predictive below the figure. They stand with the claim that carries the evidence.
    """
    terms = fit.terms.rename(columns={"term": "claim_id", "expected_median": "expected"})
    # A claim that is evidence about several blocks keeps the first one's numbers.
    terms = terms.drop_duplicates("claim_id")[["claim_id", "expected", "residual", "pit"]]
    classes = fit.evidence.classes[["claim_id", "class", "with", "why"]]
    table = fit.claims.table.drop(columns="row")
    return table.merge(classes, on="claim_id", how="left").merge(terms, on="claim_id", how="left")
