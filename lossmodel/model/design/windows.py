"""Daily series of losses, and the windows of days over which claims sum them.

The expectation of a ledger or an estimate is a sum of windows. A window is a range of days of one
daily series: the losses of one component of one party in one scope, times a ledger's daily bias
where it has one. It counts in full or in part: by the share of the wounded that an undefined word
includes, or less the missing dead that a stream leaves out.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from lossmodel.model.components import Components
from lossmodel.model.design.bias import Bias
from lossmodel.model.design.grid import Floats, Grid, Ints
from lossmodel.model.design.latent import LatentProcesses
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.parameters import ParameterisationBuilder
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import OBSERVED_AS

__all__ = ["KILLED", "MISSING_DEAD", "UNDEFINED", "WOUNDED", "Record", "WindowBuilder", "records"]

Record = Mapping[Hashable, Any]

KILLED, WOUNDED, MISSING_DEAD = 0, 1, 2
# Logit of a share that is one to seventeen digits.
LOGIT_ALL = 40.0
UNDEFINED = {"losses": "definition.losses", "irrecoverable": "definition.irrecoverable"}


# Columns of an observation that its windows and bins are made from.
READ = (
    *("claimant", "party", "category", "scope", "role", "accounting", "declared", "per"),
    *("days", "days_from", "known", "known_from"),
)


def records(table: pd.DataFrame, names: Sequence[str] = READ) -> list[Record]:
    """Some columns of a table row by row; all of them take most of the time of a long design.

    Examples
    --------
    >>> records(pd.DataFrame({"party": ["north"], "value": [2.0]}), ["party"])
    [{'party': 'north'}]
    """
    columns = [table[name].to_numpy(dtype=object).tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


class WindowBuilder:
    """Collects daily series, windows and factors, with the rows of v that they need.

    Attributes
    ----------
    declared_from
        Number of a stream -> day of knowledge from which it includes the declared.
    definition
        Stream, or a name of a word that no stream has, -> row of v with the logit of its wounded
        share.
    rows
        Rows of the map from v to daily linear predictors that are in use; a ledger adds one for
        each party, its daily log bias.
    """

    def __init__(
        self,
        *,
        latent: LatentProcesses,
        biases: Mapping[int, Bias],
        priors: Priors,
        components: Components,
        grid: Grid,
        builder: ParameterisationBuilder,
        daily: Linear,
        rows: int,
        declared_from: Mapping[int, pd.Timestamp],
    ) -> None:
        self.declared_from = declared_from
        self.latent, self.biases = latent, biases
        self.priors, self.components, self.people = priors, components, bool(latent.lethality_knots)
        self.grid, self.builder, self.daily, self.rows = grid, builder, daily, rows
        self.definition: dict[int | str, int] = {}
        self._series: dict[tuple[int, int, int, int], int] = {}
        self._ledgers: dict[tuple[int, str], int] = {}
        self._factors: dict[tuple[int, float], int] = {}
        self._uncounted: dict[str, int] = {}
        self._windows: list[tuple[int, int, int, int, int]] = []

    def add(self, observation: int, *, stream: int, term: Record, bases: Sequence[str]) -> None:
        """Add the windows of one ledger increment or estimate, of some base parties."""
        accounting, category = OBSERVED_AS[str(term["accounting"])], str(term["category"])
        spans = [self.grid.span(*days) for days in term["days"]]
        for base in bases:
            ledger = self._ledger(stream, base) if accounting.sums_days else -1
            for component, factor in self._counts(stream, term, base, category):
                series = self.series_of(base, component, str(term["scope"]), ledger)
                self._windows += [
                    (observation, series, factor, lo, hi) for lo, hi in spans if hi > lo
                ]

    def add_compared(
        self, number: int, *, word: int | str, term: Record, bases: Sequence[str], category: str
    ) -> None:
        """Add the losses of a category in the window of an observation, with no bias.

        Parameters
        ----------
        number
            Number of the sum.
        word
            The stream whose word the category is, or a name for one that is no stream's.
        """
        spans = [self.grid.span(*days) for days in term["days"]]
        for base in bases:
            for component, factor in self._counts(word, term, base, category):
                series = self.series_of(base, component, str(term["scope"]))
                self._windows += [(number, series, factor, lo, hi) for lo, hi in spans if hi > lo]

    def series_of(self, base: str, component: int, scope: str, ledger: int = -1) -> int:
        """Number of a daily series, which is added where it is new."""
        party = self.latent.parties.index(base)
        number = self.latent.scope_index.get((base, scope), 0)
        return self._series.setdefault((party, component, number, ledger), len(self._series))

    def series(self) -> Ints:
        """All daily series, shape (R, 4), see `Design`."""
        return np.array(list(self._series), dtype=np.int64).reshape(-1, 4)

    def windows(self) -> Ints:
        """All windows, shape (W, 5), see `Design`."""
        return np.array(self._windows, dtype=np.int64).reshape(-1, 5)

    def factors(self) -> tuple[Ints, Floats]:
        """Rows and signs of the factors after the first, see `Design`."""
        rows = np.array([row for row, _ in self._factors], dtype=np.int64)
        return rows, np.array([sign for _, sign in self._factors])

    def sums(self, series: Ints, lo: Ints, hi: Ints) -> sparse.csr_array:
        """Map from the prefix sums of all series to the sums over [lo, hi) of the given ones."""
        linear, width = Linear(), self.grid.cells + 1
        row, edge, weight = self.grid.sums_over(lo, hi)
        linear.add(row, series[row] * width + edge, weight)
        return linear.matrix((len(series), len(self._series) * width))

    def _counts(
        self, stream: int | str, term: Record, base: str, category: str
    ) -> list[tuple[int, int]]:
        """(component, factor) of each component that the stream's category counts of a party."""
        if not self.people:
            return [(KILLED, 0)]
        counts = [] if category == "wounded" else [(KILLED, 0)]
        if category in ("wounded", "casualties"):
            counts.append((WOUNDED, 0))
        elif category in UNDEFINED or category != "killed":
            counts.append((WOUNDED, self._wounded_share(stream, category)))
        since = self.declared_from.get(stream) if isinstance(stream, int) else None
        found = since is not None and term["known"] < since
        if found and category != "wounded" and base in self.latent.missing_knots:
            return [*counts, (MISSING_DEAD, self._all_missing())]
        partial = OBSERVED_AS[term["accounting"]].assesses and term["role"] != "adversary"
        if partial and category != "wounded" and base in self.latent.missing_knots:
            counts.append((MISSING_DEAD, self._missing_uncounted(str(term["role"]), base)))
        return counts

    def _ledger(self, stream: int, base: str) -> int:
        """Row of a ledger's daily log bias towards one party."""
        if (stream, base) not in self._ledgers:
            row = self._ledgers[stream, base] = self.rows
            self.rows += 1
            where, column, weight = self.biases[stream].weights(self.grid.middles, base)
            self.daily.add(row * self.grid.cells + where, column, weight)
        return self._ledgers[stream, base]

    def _wounded_share(self, stream: int | str, category: str) -> int:
        if not self.components.definitions:
            return 0
        if stream not in self.definition:
            prior = self.priors[UNDEFINED.get(category, "definition.losses")]
            rows = self.builder.rows("definition", [prior.mean])
            self.builder.independent(f"definition {stream}", rows, prior.sd)
            self.definition[stream] = int(rows[0])
        return self._factor(self.definition[stream], 1.0)

    def _all_missing(self) -> int:
        """Factor minus one: a stream that counts those found leaves out all the missing dead."""
        if "all" not in self._uncounted:
            self._uncounted["all"] = int(self.builder.rows("missing.uncounted", [LOGIT_ALL])[0])
        return self._factor(self._uncounted["all"], -1.0)

    def _missing_uncounted(self, role: str, base: str) -> int:
        """Factor minus the share of the missing dead that streams of a role leave out."""
        key = f"{role} {base}"
        if key not in self._uncounted:
            prior = self.priors["missing.counted"]
            rows = self.builder.rows("missing.uncounted", [-prior.mean])
            self.builder.independent(f"missing.counted {key}", rows, prior.sd)
            self._uncounted[key] = int(rows[0])
        return self._factor(self._uncounted[key], -1.0)

    def _factor(self, row: int, sign: float) -> int:
        return self._factors.setdefault((row, sign), len(self._factors)) + 1
