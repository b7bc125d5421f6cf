"""Totals that hang on one claim, in words.

The share of the variance that priors have leaves out the noise of the figures. How large the noise
of a claim is, the other figures say; where a total hangs on one claim, they do not, and a small
share would read as if the total were well measured. So the share of such a total is not printed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from lossmodel.posterior.tables import prior_share
from lossmodel.text.numbers import number, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lossmodel.api import Fit

__all__ = [
    "assumed_share",
    "decisive_claim",
    "figure_words",
    "hangs_on",
    "over_its_prior",
    "without",
]

# Ratio of the limits from which a total is as good as unknown: about thirty on either side.
UNKNOWN: Final = 1e3
MOVED: Final = "if the prior it is read with moves one standard deviation down or up"
# Observation models as the kind of a claim in a sentence; stocks are of the missing.
KINDS_OF_FIGURES: Final = {
    "stock": "count of the {}",
    "overlap": "overlap with a list of {}",
    "fate": "fates of the {}",
    "declarations": "count of the {}",
}


def hangs_on(fit: Fit, key: tuple[str, str, str], total: Mapping[str, Any]) -> str:
    """The claim that a total hangs on, and how far the total moves with it; empty for none.

    That is what it is without the claim, with its interval, and its range with the claim's prior
    moved by a standard deviation.

    Parameters
    ----------
    key
        Party, category and scope.
    total
        Lower and upper limit of the total, to which the range is rounded.
    """
    row = decisive_claim(fit, key)
    if row is None:
        return ""
    limits = total["lower"], total["upper"]
    said = f"hangs on one claim ({row['term']}, {figure_words(row)}): {without(row)} without it"
    ends = [number(value, *limits) for value in over_its_prior(fit, row) or ()]
    # A prior without an sd moves nothing.
    if len(set(ends)) < 2:
        return said
    return f"{said}, {' to '.join(ends)} {MOVED}"


def without(row: Mapping[str, Any]) -> str:
    """A total without a claim, with its interval, or that nothing else says how large it is."""
    if row["lower"] <= 0 or row["upper"] / row["lower"] > UNKNOWN:
        return "next to nothing known"
    return with_interval(row["median"], row["lower"], row["upper"])


def decisive_claim(fit: Fit, key: tuple[str, str, str]) -> dict[str, Any] | None:
    """The row of `Fit.row_influence` that a total hangs on; None where it hangs on no claim."""
    rows = fit.row_influence
    found = rows[rows["hangs"]]
    for name, value in zip(("party", "category", "scope"), key, strict=True):
        found = found[found[name] == value]
    return None if found.empty else {str(name): found[name].iloc[0] for name in found}


def assumed_share(fit: Fit, key: tuple[str, str, str]) -> float:
    """Share of the variance of a total that priors have; NaN where it hangs on one claim.

    Examples
    --------
    >>> 0 < assumed_share(fitted, ("germany", "aircraft", "all")) < 1
    True
    """
    return prior_share(fit, key) if decisive_claim(fit, key) is None else math.nan


def over_its_prior(fit: Fit, row: Mapping[str, Any]) -> tuple[float, float] | None:
    """Least and largest median with the mean of a claim's prior one sd lower and higher.

    None where the prior has no sd.
    """
    others = fit.local_prior_sensitivity
    names = ["party", "category", "scope", "prior"]
    medians = others.loc[(others[names] == [row[n] for n in names]).all(axis=1), "median"]
    return None if medians.empty else (float(medians.min()), float(medians.max()))


def figure_words(row: Mapping[str, Any]) -> str:
    """The kind of a claim: ledger of losses, list of killed, count of the missing.

    Examples
    --------
    >>> figure_words({"observation_model": "stock", "counted": "missing"})
    'count of the missing'
    >>> figure_words({"observation_model": "register", "counted": "killed"})
    'register of killed'
    """
    model = str(row["observation_model"])
    form = KINDS_OF_FIGURES.get(model, f"{model} of {{}}")
    return form.format(str(row["counted"]).replace("-", " "))
