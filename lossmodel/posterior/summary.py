"""Totals of a fit in one table, each with what sets it and with its warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.posterior.estimates import estimate
from lossmodel.posterior.tables import (
    influence_table,
    prior_share,
    reported_totals,
    submodel_of,
)
from lossmodel.text.levels import ASSUMED
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from lossmodel.posterior.fit import Fit
    from lossmodel.posterior.reported import Series

__all__ = ["COLUMNS", "summary_table"]

# Columns after those of ``estimates.csv``.
COLUMNS: Final = ("prior_share", "set_by", "warnings")


def summary_table(fit: Fit, *, ci_prob: float | None = None) -> pd.DataFrame:
    """Totals of all series from the first to the last day, see ``lossmodel.Fit.summary``.

    Sums of parties that figures are of come last.

    Examples
    --------
    >>> summary_table(fitted)["party"].tolist()
    ['germany', 'britain']
    """
    keys = reported_totals(fit)
    rows = [estimate(fit, c, p, scope=s, ci_prob=ci_prob).iloc[[-1]] for p, c, s in keys]
    shares = [prior_share(fit, key) for key in keys]
    return pd.concat(rows, ignore_index=True).assign(
        prior_share=shares,
        set_by=["assumptions" if share > ASSUMED else "claims" for share in shares],
        warnings=[
            "; ".join(_warnings(fit, key, share)) for key, share in zip(keys, shares, strict=True)
        ],
    )


def _warnings(fit: Fit, key: Series, share: float) -> list[str]:
    """Why a total is to be used with care."""
    found = []
    diagnostics = submodel_of(fit, *key[:2]).diagnostics
    if diagnostics["failures"]:
        found.append(f"the gate did not pass: {', '.join(diagnostics['failures'])}")
    if share > ASSUMED:
        found.append(f"set by assumptions ({percent(share)} of its variance comes from priors)")
    rows = influence_table(fit)
    same = (rows[["party", "category", "scope"]] == list(key)).all(axis=1)
    found += [f"hangs on one claim ({term})" for term in rows.loc[same & rows["hangs"], "term"]]
    if doubts := diagnostics.get("doubts"):
        found.append(f"approximate: {', '.join(doubts)}")
    return found
