"""What figures are drawn from: tables, which go to another process without any draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.posterior.estimates import rate_measure

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence import Evidence
    from lossmodel.posterior.estimates import Measure
    from lossmodel.posterior.reported import Series
    from lossmodel.report.results import Results

__all__ = ["WORDS", "FigureTables", "tables_for"]

# Measures of figures in words.
WORDS: Final = {
    "cumulative": "since the start",
    "daily": "per day",
    "weekly": "per day, weekly means",
    "monthly": "per day, monthly means",
}
OF_FIT: Final = ("terms", "variance_decomposition")


@dataclass(frozen=True, eq=False)
class FigureTables:
    """What went into a fit, and those of its tables that some figures show.

    Attributes
    ----------
    tables
        By name, of `estimates, biases, terms, variance_decomposition`.
    """

    claims: Claims
    evidence: Evidence
    conflict: Conflict
    days: pd.DatetimeIndex
    series: Sequence[Series]
    streams: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]

    @property
    def measures(self) -> tuple[Measure, Measure]:
        """Measures that a figure of losses shows."""
        return ("cumulative", rate_measure(len(self.days)))

    @property
    def terms(self) -> pd.DataFrame:
        """Pieces of evidence with the posterior expectation of each."""
        return self.tables["terms"]

    @property
    def variance_decomposition(self) -> pd.DataFrame:
        """Shares of each total's posterior variance by assumption."""
        return self.tables["variance_decomposition"]

    def estimate(
        self, category: str, party: str, *, scope: str = "all", measure: Measure = "cumulative"
    ) -> pd.DataFrame:
        """Rows of the estimates of one series by one measure."""
        table = self.tables["estimates"]
        key = {"category": category, "party": party, "scope": scope, "measure": measure}
        return table[(table[list(key)] == list(key.values())).all(axis=1)]

    def bias(self) -> pd.DataFrame:
        """Ratios of each claimant's figures to the truth."""
        return self.tables["biases"]


def tables_for(results: Results, names: Collection[str]) -> FigureTables:
    """Tables of a report by name; of the estimates only what figures show."""
    fit = results.fit
    tables = {
        name: getattr(fit if name in OF_FIT else results, name)
        for name in names
    }  # fmt: skip
    found = FigureTables(
        claims=fit.claims,
        evidence=fit.evidence,
        conflict=fit.conflict,
        days=fit.days,
        series=fit.series,
        streams=fit.streams,
        tables=tables,
    )
    if "estimates" in tables:
        rows = tables["estimates"]
        sums = [results.sums] if len(results.sums) else []
        tables["estimates"] = pd.concat([rows[rows["measure"].isin(found.measures)], *sums])
    return found
