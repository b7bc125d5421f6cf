"""Claimants whom the other figures contradict: biases far out in the tails of their priors.

A fit weighs each claimant against the others and against the prior of its bias. Where they cannot
be reconciled the bias takes up what is left, and the total lies between them: that is said, and not
only averaged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtri

from lossmodel.findings.finding import Finding
from lossmodel.posterior.ratios import biases_table
from lossmodel.posterior.tables import terms_table

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.posterior.fit import Fit

__all__ = ["CONTRADICTED", "HEADLINES", "contradictions", "headline_warnings"]

CONTRADICTED: Final = "contradicted-claimant"
# Kinds of findings that stand beside the answer.
HEADLINES: Final = (
    *(CONTRADICTED, "orders-of-magnitude", "claimants-apart", "crossed-bounds"),
    *("totals-set-aside", "implausible-number"),
)
# Probability that any of the streams of a fit without contradictions is named: their number is
# divided by (Bonferroni).
LEVEL: Final = 0.01
# Sd of one figure about its claimant's mean on the log scale: three sds above the median of the
# prior of ``noise.estimate``, 0.12, since its tails are heavy.
NOISE: Final = 0.5
REMEDY: Final = (
    "Compare the claimant's figures with those of others: a unit, a category or a party may be "
    "another one; if they are right, widen the prior of its bias"
)


def contradictions(fit: Fit) -> list[Finding]:
    """Streams whose figures are far from where the prior of their bias has them.

    Compared is the ratio of what a stream says to the losses of the fit: its bias over the whole
    period, times the median ratio of its figures to their expectation. The figures of one claimant
    alone contradict nobody's.

    Examples
    --------
    >>> contradictions(fitted)
    []
    """
    table, terms = biases_table(fit), terms_table(fit)
    if terms["claimant"].nunique() < 2:
        return []
    whole = table[(table["start"] == fit.days[0]) & (table["end"] == fit.days[-1])]
    whole = whole.drop_duplicates(["claimant", "party", "category"], keep="last")
    whole = whole[whole["prior_median"].notna() & whole["ratio_median"].notna()]
    keys = ["claimant", "party", "category"]
    # A learned noise may take up what a bias does not.
    residual = terms.groupby(keys)["residual"].median().rename("residual").reset_index()
    whole = whole.merge(residual.fillna(0.0), on=keys, how="left")
    whole["ratio_median"] *= np.exp(whole["residual"].fillna(0.0))
    limit = -ndtri(LEVEL / 2 / max(len(whole), 1))
    rows = whole[_distance(whole).abs() > limit]
    return [
        Finding("warning", CONTRADICTED, int(row["n_used"]), _sentence(row), REMEDY, ())
        for row in rows.to_dict("records")
    ]


def headline_warnings(fit: Fit) -> list[str]:
    """Sentences about contradictions, which stand beside each answer."""
    found = fit.diagnostics.get("findings", [])
    return [finding["message"] for finding in found if finding["kind"] in HEADLINES]


def _distance(rows: pd.DataFrame) -> pd.Series:
    """Distance of each ratio from its prior, in sds of the prior on the log scale."""
    logs = np.log(rows[["prior_median", "prior_lower", "prior_upper", "ratio_median"]])
    above = logs["ratio_median"] > logs["prior_median"]
    half = (logs["prior_upper"] - logs["prior_median"]).where(
        above, logs["prior_median"] - logs["prior_lower"]
    )
    sd = np.hypot(half / ndtri(0.5 + rows["ci_prob"] / 2), NOISE)
    found: pd.Series = (logs["ratio_median"] - logs["prior_median"]) / sd
    return found


def _sentence(row: dict[str, object]) -> str:
    names = ("ratio_median", "prior_lower", "prior_upper")
    median, lower, upper = (f"{row[name]:.2g}" for name in names)
    return (
        f"{row['claimant']} ({row['party']} {row['category']}) contradicts the other figures: it "
        f"gives {median} times the losses of the fit, where {lower} to {upper} was expected of it."
    )
