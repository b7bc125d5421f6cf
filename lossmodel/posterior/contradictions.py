"""Claimants whom the other figures contradict.

A fit weighs each claimant against the others and against the prior of its bias. Where they cannot
be reconciled the bias takes up what is left, and the total lies between them: that is said, and not
only averaged. A stream is named for one of two reasons:

- its figures are far out in the predictive distribution that leaves them out, see ``discrepancy``;
- its bias is far out in its prior, also where all claimants of its kind are as far out together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import ndtri

from lossmodel.conflict.titles import short_names, total_title
from lossmodel.posterior.ratios import over_all
from lossmodel.posterior.tables import terms_table
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import READING
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    import pandas as pd

    from lossmodel.findings.finding import Finding
    from lossmodel.posterior.fit import Fit

__all__ = [
    "CONTRADICTED",
    "HEADLINES",
    "OUTSIDE",
    "UNBALANCED",
    "contradictions",
    "headline_warnings",
]

CONTRADICTED: Final = "contradicted-claimant"
OUTSIDE: Final = "outside-all-figures"
UNBALANCED: Final = "unbalanced-force"
# Kinds of findings that stand beside the answer.
HEADLINES: Final = (
    *(CONTRADICTED, "orders-of-magnitude", "claimants-apart", "crossed-bounds"),
    *("totals-set-aside", "total-falls", "count-falls", "implausible-number"),
    "manyfold-revision",
    *(OUTSIDE, UNBALANCED),
)
# Probability that any of the streams of a fit without contradictions is named: their number is
# divided by (Bonferroni).
LEVEL: Final = 0.01
# Sd of one figure about its claimant's mean on the log scale: three sds above the median of the
# prior of ``noise.estimate``, 0.12, since its tails are heavy.
NOISE: Final = 0.5
# A ratio below which its digits say nothing more, as of a denial, and above whose inverse.
TINY: Final = 0.001
REMEDY: Final = (
    "Compare the claimant's figures with those of others: a unit, a category or a party may be "
    "another one; if they are right, widen the prior of its bias"
)


def contradictions(fit: Fit) -> list[Finding]:
    """Streams whose figures are far from where the others or the prior of their bias have them.

    Compared with the prior is the ratio of what a stream says to the losses of the fit: its bias
    over the whole period, times the median ratio of its figures to their expectation. The figures
    of one claimant alone contradict nobody's.

    Examples
    --------
    >>> contradictions(fitted)
    []
    """
    # Answers to questions need the sentences of this module and no findings.
    from lossmodel.findings.finding import Finding

    terms = terms_table(fit)
    if terms["claimant"].nunique() < 2:
        return []
    whole = over_all(fit)
    whole = whole[whole["prior_median"].notna() & whole["ratio_median"].notna()]
    # A learned noise may take up what a bias does not.
    whole = whole.merge(_residuals(terms).fillna(0.0).reset_index(), on=READING, how="left")
    # That of a ratio or of odds is in other units than its factor.
    totals = ~is_auxiliary(whole["accounting"])
    whole["ratio_median"] *= np.exp(whole["residual"].where(totals).fillna(0.0))
    level = LEVEL / max(len(whole), 1)
    apart = whole["discrepancy_p"] < level
    name = _naming(fit)
    unusual = ~apart & (_distance(whole).abs() > -ndtri(level / 2))
    return [
        Finding("warning", CONTRADICTED, int(row["n_used"]), f"{name(row)} {says(row)}", REMEDY, ())
        for rows, says in ((whole[apart], _against_others), (whole[unusual], _against_prior))
        for row in rows.to_dict("records")
    ]


def _residuals(terms: pd.DataFrame) -> pd.Series:
    """Log of the figures of each stream over their expectation: the median one.

    Of vintages it is that of their sum: what a list has grown by is a small part of it, and may be
    many times the growth that was expected.
    """
    known = terms[terms["residual"].notna()]
    sums = known.groupby(READING)[["value", "expected_median"]].sum()
    grows = terms.assign(grows=terms["known_from"].notna()).groupby(READING)["grows"].any()
    median = terms.groupby(READING)["residual"].median()
    found: pd.Series = median.where(~grows, np.log(sums["value"] / sums["expected_median"]))
    return found.rename("residual")


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


def _against_others(row: Mapping[Hashable, Any]) -> str:
    names = ("discrepancy", "discrepancy_lower", "discrepancy_upper")
    return _contradicts(row, names, "the number that they lead one to expect of it", "likely")


def _against_prior(row: Mapping[Hashable, Any]) -> str:
    names = ("ratio_median", "prior_lower", "prior_upper")
    return _contradicts(row, names, "the losses of the fit", "expected of it")


def _contradicts(
    row: Mapping[Hashable, Any], names: tuple[str, str, str], of: str, what: str
) -> str:
    """A ratio to a number, beside the limits between which it was likely or expected."""
    ratio, lower, upper = (float(row[name]) for name in names)
    said = "contradicts the other figures: it gives "
    # How many thousand times it is may show that a unit is wrong.
    words = _times(ratio) if ratio < TINY or np.isinf(ratio) else f"{number(ratio)} times"
    said += f"{words} {'of ' * (ratio < TINY)}{of}"
    # The level of the test is not that of the limits, which may be wider.
    if lower < ratio < upper:
        return f"{said}, which was not {what}."
    below = ratio <= lower
    # Beyond a thousand the ratio and the limit that it passes have the same words.
    if _times(ratio) and _times(ratio) == _times(lower if below else upper):
        passed = "even less than the least" if below else "even more than the most"
        return f"{said}, {passed} that was {what}."
    low, high = (_times(limit) or number(limit) for limit in (lower, upper))
    between = low if low == _times(upper) else f"{low} to {high}"
    return f"{said}, where {between}{' times' * (not _times(upper))} was {what}."


def _times(ratio: float) -> str:
    """Words for a ratio of which more digits or zeros say nothing; empty for any other."""
    if ratio < TINY:
        return "less than a thousandth"
    return "more than a thousand times" if ratio > 1 / TINY else ""


def _naming(fit: Fit) -> Callable[[Mapping[Hashable, Any]], str]:
    """From a stream to its name for readers: the claimant's and the party's titles."""
    claimants = short_names(fit.conflict)
    # Those of shares of cases are ratios of odds.
    words = {"ratio": ", ratio", "overlap": ", odds of the overlap", "fate": ", odds of death"}

    def name(row: Mapping[Hashable, Any]) -> str:
        claimant, about = str(row["claimant"]), (str(row["party"]), str(row["category"]), "all")
        title = total_title(fit.conflict, about) + words.get(str(row["accounting"]), "")
        return f"{claimants[claimant]} ({title})"

    return name
