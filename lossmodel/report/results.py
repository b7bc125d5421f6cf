"""Tables of a fit, computed once for all sections of its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from lossmodel.posterior.estimates import (
    COLUMNS,
    estimates_of,
    estimates_table,
    rate_measure,
    total_to,
)
from lossmodel.posterior.ratios import biases_table
from lossmodel.posterior.tables import claim_influence, claimed_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lossmodel.api import Fit
    from lossmodel.posterior.estimates import Measure

__all__ = ["Key", "Results", "as_published", "claim_outcomes"]

# Columns that a claim has from its term.
OF_CLAIMS = ["claim_id", "expected", "residual", "pit", "copy_probability", "copy_of"]
Key = tuple[str, str, str]


@dataclass(frozen=True, eq=False)
class Results:
    """A fit and its tables.

    Parameters
    ----------
    given
        Tables that have been made already, by name.
    """

    fit: Fit
    given: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The table of ``estimates.csv``."""
        return self._table("estimates", estimates_table)

    @cached_property
    def biases(self) -> pd.DataFrame:
        """The table of ``biases.csv``."""
        return self._table("biases", biases_table)

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The table of ``claims.csv``."""
        return self._table("claims", claim_outcomes)

    @cached_property
    def cumulative(self) -> dict[Key, pd.DataFrame]:
        """Cumulative totals by party, category and scope, also of sums that figures are of."""
        table = self.every[self.every["measure"] == "cumulative"]
        groups = table.groupby(["party", "category", "scope"], sort=False)
        return {(str(p), str(c), str(s)): rows for (p, c, s), rows in groups}

    @cached_property
    def every(self) -> pd.DataFrame:
        """The estimates, and after them those of the sums of parties that figures are of."""
        return pd.concat([self.estimates, self.sums]) if len(self.sums) else self.estimates

    @cached_property
    def sums(self) -> pd.DataFrame:
        """Estimates of the sums of parties that figures are of."""
        return self._table("sums", self._sums)

    def _sums(self, fit: Fit) -> pd.DataFrame:
        measures: list[Measure] = [rate_measure(len(fit.days)), "cumulative"]
        keys = claimed_sums(fit)
        if not keys:
            return pd.DataFrame(columns=list(COLUMNS))
        return estimates_of(fit, keys, measures=measures, ci_prob=fit.ci_prob)

    @cached_property
    def influence(self) -> pd.DataFrame:
        """Each figure with the total that it moves most, by the id of its claim."""
        return claim_influence(self.fit).set_index("term")

    @property
    def mark(self) -> dict[str, str]:
        """The further column of every table of a fit that did not pass its gate."""
        return {} if self.fit.diagnostics["gate"]["passed"] else {"gate": "not passed"}

    def _table(self, name: str, make: Callable[[Fit], pd.DataFrame]) -> pd.DataFrame:
        return self.given[name] if name in self.given else make(self.fit)

    def total(self, key: Key) -> dict[str, Any]:
        """Cumulative total to the last day."""
        return _record(self.cumulative[key].iloc[-1])

    def year_ago(self, key: Key) -> dict[str, Any] | None:
        """Cumulative total to the same day of the year before, the 28th for 29 February."""
        day = self.fit.days[-1] - pd.DateOffset(years=1)
        return None if day < self.fit.days[0] else total_to(self.fit, key, day)


def _record(row: pd.Series) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def as_published(fit: Fit) -> pd.DataFrame:
    """The claims of a fit that were published by its date."""
    table, as_of = fit.claims.table, fit.evidence.as_of
    return table if as_of is None else table[table["published"] <= as_of]


def claim_outcomes(fit: Fit) -> pd.DataFrame:
    """The columns of the input, and the outcome of each claim.

    `expected` is the posterior median of the claimant's figure, given the days that the claim is
    evidence about; `residual` is log(figure / expected); `pit` is the share of the posterior
    predictive distribution below the figure. `copy_probability` is the posterior probability that
    the figure repeats one of the claims of other claimants in `copy_of`, or where that is empty,
    that a figure of none is a denial. Where claims are merged, these stand with the claim that
    carries the evidence.
    """
    terms = fit.terms.rename(columns={"term": "claim_id", "expected_median": "expected"})
    # A claim that is evidence in several submodels keeps the numbers of the first.
    terms = terms.drop_duplicates("claim_id")[OF_CLAIMS]
    classes = fit.evidence.classes[["claim_id", "class", "with", "why"]]
    table = fit.claims.table.drop(columns="row")
    return table.merge(classes, on="claim_id", how="left").merge(terms, on="claim_id", how="left")
