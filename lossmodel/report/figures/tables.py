"""What figures are drawn from: tables, which go to another process without any draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence import Evidence
    from lossmodel.posterior.estimates import Measure
    from lossmodel.posterior.reported import Series
    from lossmodel.report.results import Results

__all__ = ["MEASURES", "FigureTables", "tables_for"]

# Measures that a figure of losses shows.
MEASURES: Final[tuple[Literal["cumulative", "weekly"], ...]] = ("cumulative", "weekly")
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
    if "estimates" in tables:
        rows = tables["estimates"]
        sums = [results.sums] if len(results.sums) else []
        tables["estimates"] = pd.concat([rows[rows["measure"].isin(MEASURES)], *sums])
    return FigureTables(
        claims=fit.claims,
        evidence=fit.evidence,
        conflict=fit.conflict,
        days=fit.days,
        series=fit.series,
        streams=fit.streams,
        tables=tables,
    )
