"""Does the answer fit the army: the killed and disabled of a fit beside its force balances.

A balance stands outside the likelihood, unless the component `force` is on, so that it is a check
from data that the fit did not see. Compared with the balance is the posterior predictive of one:
killed + rho wounded over its days, with rho from its prior, plus the error of the balance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri

from lossmodel.conflict.titles import party_title, short_names
from lossmodel.errors import UsageError
from lossmodel.findings.finding import Finding
from lossmodel.model.force_balance import CATEGORY, force_balances
from lossmodel.posterior.contradictions import UNBALANCED
from lossmodel.posterior.estimates import LIMITS, summarise
from lossmodel.posterior.rates import rates
from lossmodel.text.numbers import with_interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from lossmodel.posterior.fit import Fit

__all__ = ["COLUMNS", "force_check", "force_findings"]

# Probability that any balance of a fit without contradictions is named: their number is divided by.
LEVEL: Final = 0.05
# Separates the draws of rho from the other draws of a seed.
RHO: Final = 5
COLUMNS: Final = (
    *("balance_lower", "balance_upper", *(f"fit_{limit}" for limit in LIMITS)),
    *("p", "in_likelihood", "ci_prob"),
)
REMEDY: Final = (
    "See whether the strengths hold men who are gone, and whether recruits and deserters are of "
    "the same force; if they are right, the level of the fit is not"
)


def force_check(fit: Fit) -> pd.DataFrame:
    """All force balances of a fit, each beside the killed and disabled of the fit.

    Returns
    -------
    table
        The columns of `force_balances`; `balance_lower`, `balance_upper`, its normal interval;
        `fit_median`, `fit_lower`, `fit_upper`, killed + rho wounded; `p`, the probability of a
        balance at least as far out on either side, NaN for one that the fit has seen or cannot be
        compared with; `in_likelihood`; `ci_prob`.

    Examples
    --------
    >>> len(force_check(fitted))
    0
    """
    return fit.cache.get("force_check", lambda: _checked(fit))


def _checked(fit: Fit) -> pd.DataFrame:
    table = force_balances(fit.evidence, fit.conflict, fit.priors)
    half = float(ndtri(0.5 + fit.ci_prob / 2)) * table["sd"]
    losses = [_losses(fit, row) for row in table.to_dict("records")]
    limits = {
        f"fit_{limit}": [
            np.nan if draws is None else summarise(draws[:, None], fit.ci_prob)[limit][0]
            for draws in losses
        ]
        for limit in LIMITS
    }
    seen = (table["left_out"] == "") & fit.components.force
    p = [
        np.nan if draws is None else _p(balance, sd, draws)
        for draws, balance, sd in zip(losses, table["balance"], table["sd"], strict=True)
    ]
    return table.assign(
        balance_lower=table["balance"] - half,
        balance_upper=table["balance"] + half,
        **limits,
        p=pd.Series(p, index=table.index, dtype=float).mask(seen),
        in_likelihood=seen,
        ci_prob=fit.ci_prob,
    )


def _losses(fit: Fit, row: Mapping[Hashable, Any]) -> NDArray[np.float64] | None:
    """Draws of killed + rho wounded over the days of a balance; None where there are none."""
    first, last = ((row[name] - fit.days[0]).days for name in ("start", "end"))
    if last >= len(fit.days):
        return None
    try:
        killed, casualties = (
            rates(fit, row["party"], category, row["scope"]).between(first, last)
            for category in ("killed", "casualties")
        )
    except UsageError:
        return None
    prior = fit.priors[f"definition.{CATEGORY}"]
    z = np.random.default_rng([fit.seed, RHO]).standard_normal(len(killed))
    return np.asarray(killed + expit(prior.mean + prior.sd * z) * (casualties - killed))


def _p(balance: float, sd: float, draws: NDArray[np.float64]) -> float:
    """Probability of a balance as far out in its predictive distribution, on either side."""
    below = float(ndtr((balance - draws) / sd).mean())
    return 2 * min(below, 1 - below)


def force_findings(fit: Fit) -> list[Finding]:
    """A warning for each balance that contradicts the fit.

    Examples
    --------
    >>> force_findings(fitted)
    []
    """
    table = force_check(fit)
    compared = table[table["p"].notna()]
    apart = compared[compared["p"] < LEVEL / max(len(compared), 1)]
    return [
        Finding(
            "warning", UNBALANCED, row["claims"].count(";") + 1, _sentence(fit, row), REMEDY, ()
        )
        for row in apart.to_dict("records")
    ]


def _sentence(fit: Fit, row: Mapping[Hashable, Any]) -> str:
    balance, found = (
        with_interval(row[middle], row[low], row[high])
        for middle, low, high in (
            ("balance", "balance_lower", "balance_upper"),
            ("fit_median", "fit_lower", "fit_upper"),
        )
    )
    claimant = str(row["claimant"])
    who = short_names(fit.conflict)[claimant]
    party = party_title(fit.conflict, str(row["party"]))
    scope = "" if row["scope"] == "all" else f" {row['scope']}"
    return (
        f"The army of {party}{scope} contradicts the fit: the strengths that {who} gives leave "
        f"{balance} killed or disabled from {row['start'].date()} to "
        f"{row['end'].date()}, where the fit has {found} (p = {row['p']:.1g})."
    )
