"""The numbers of each figure as a table, which the page gives for download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.plots.claims import claims_about
from lossmodel.plots.fit import ROWS, ratio_rows
from lossmodel.report.figures.tables import tables_for

if TYPE_CHECKING:
    from lossmodel.report.results import Results

__all__ = ["biases", "download", "losses", "predictions", "shares"]

# Digits of a download: more than any figure shows, at half the size of all of them.
DIGITS: Final = 6
CLAIM: Final = ("claim_id", "claimant", "kind", "start", "end", "qualifier", "value", "low", "high")


def losses(results: Results, *, party: str, category: str) -> pd.DataFrame:
    """The curves of both panels, then the claims drawn with them, as they were published."""
    tables = tables_for(results, ["estimates"])
    curves = [
        tables.estimate(category, party, measure=measure)[
            ["measure", "start", "end", "median", "lower", "upper"]
        ]
        for measure in tables.measures
    ]
    claims = [
        claims_about(results.fit, party, category, cumulative=cumulative)[list(CLAIM)].assign(
            measure="claim"
        )
        for cumulative in (True, False)
    ]
    return pd.concat([table for table in [*curves, *claims] if len(table)], ignore_index=True)


def biases(results: Results, *, party: str, group: str, page: int) -> pd.DataFrame:
    """Prior and posterior ratio of each stream of a page."""
    rows = ratio_rows(results.fit, results.biases, party=party, group=group)
    names = ["claimant", "party", "category", "accounting", "role"]
    limits = [f"{kind}_{k}" for kind in ("ratio", "prior") for k in ("median", "lower", "upper")]
    return rows[names + limits].iloc[(page - 1) * ROWS : page * ROWS]


def shares(results: Results) -> pd.DataFrame:
    """Share of each group of priors in the variance of each total."""
    return results.fit.variance_decomposition[["quantity", "block", "share"]]


def predictions(results: Results) -> pd.DataFrame:
    """Each figure and its posterior expectation, by the keys of ``claims.csv``."""
    terms = results.fit.terms
    columns = ["term", "claimant", "value", "expected_median", "pit"]
    return terms.loc[terms["residual"].notna(), columns].rename(columns={"term": "claim_id"})


def download(table: pd.DataFrame) -> str:
    """A table as CSV."""
    return table.to_csv(
        index=False, float_format=f"%.{DIGITS}g", date_format="%Y-%m-%d", lineterminator="\n"
    )
