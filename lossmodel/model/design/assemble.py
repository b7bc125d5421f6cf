"""One block of evidence as arrays: everything that the density needs, nothing that it does not."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from lossmodel.conflict.conflict import Conflict
from lossmodel.model.components import Components
from lossmodel.model.design.bias import Bias, build_biases
from lossmodel.model.design.grid import Floats, Grid, Ints
from lossmodel.model.design.latent import LatentProcesses, build_latent
from lossmodel.model.design.observation import Observations, observe
from lossmodel.model.design.parameters import Linear, Parameterisation, ParameterisationBuilder
from lossmodel.model.design.reporting import (
    LIST,
    MISSING,
    REGISTER,
    ReportingTriangle,
    ReportingTriangleBuilder,
)
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import ACCOUNTINGS

__all__ = ["CIVILIAN", "PEOPLE", "PERSON", "Design", "build_design"]

Record = Mapping[Hashable, Any]

KILLED, WOUNDED, MISSING_DEAD = 0, 1, 2
# Blocks of people; the others are classes of equipment, whose losses have no lethality.
PERSON, CIVILIAN = "person", "civilian"
PEOPLE = (PERSON, CIVILIAN)
UNDEFINED = {"losses": "definition.losses", "irrecoverable": "definition.irrecoverable"}


@dataclass(frozen=True)
class Design:
    """Arrays of one block.

    Attributes
    ----------
    daily
        Sparse map from v to stacked rows of T cells: log rates a day, logits of lethality and of
        the missing share, log biases of ledgers.
    series
        Shape (R, 4): party, component (KILLED, WOUNDED, MISSING_DEAD), scope, row of the ledger's
        daily log bias (-1 none): the daily series whose windows are summed.
    window
        Shape (W, 5): claim, series, factor, lo, hi: the claim's expectation has the factor times
        the series' sum over the days [lo, hi).
    window_map, pair_window_map
        Sparse maps from the stacked prefix sums of the series, R rows of T + 1 cell edges, to the
        sums of the windows and of the pairs.
    listed
        Shape (., 3): claim, point, sign.
    factor_row, factor_sign
        Factor 0 is one; factor k is ``sign_k sigmoid(v[row_k])``.
    bias
        Sparse map from v to the log bias of each claim (ledgers have theirs by day).
    """

    name: str
    grid: Grid
    parameters: Parameterisation
    latent: LatentProcesses
    streams: pd.DataFrame
    terms: pd.DataFrame
    biases: dict[int, Bias]
    coverage: dict[int, tuple[Floats, Ints]]
    definition: dict[int, int]
    daily: sparse.csr_array
    rows: int
    series: Ints
    window: Ints
    window_map: sparse.csr_array
    factor_row: Ints
    factor_sign: Floats
    listed: Ints
    triangle: ReportingTriangle
    pair_window_map: sparse.csr_array
    pair_map: sparse.csr_array
    declared_log_sd: float
    bias: sparse.csr_array
    observed: Observations

    @property
    def size(self) -> int:
        """Length of theta."""
        return self.parameters.size

    @property
    def people(self) -> bool:
        """Whether its losses are killed and wounded."""
        return self.name in PEOPLE


def build_design(
    terms: pd.DataFrame,
    *,
    name: str,
    conflict: Conflict,
    priors: Priors,
    components: Components,
    until: pd.Timestamp,
) -> Design:
    """Turn the terms of one block of evidence into arrays.

    Parameters
    ----------
    terms
        Rows of ``Evidence.terms`` of the persons or of one class of equipment.
    name
        ``person``, ``civilian`` or the class of equipment.
    """
    return _Assembly(terms, name, conflict, priors, components, until).design()


class _Assembly:
    """Builds a design claim by claim; lives for one call of ``build_design``."""

    def __init__(
        self,
        terms: pd.DataFrame,
        name: str,
        conflict: Conflict,
        priors: Priors,
        components: Components,
        until: pd.Timestamp,
    ) -> None:
        self.terms = terms.reset_index(drop=True)
        self.name, self.conflict, self.priors, self.components = name, conflict, priors, components
        self.people = name in PEOPLE
        self.grid = Grid.over(conflict.start, until, rate_days=conflict.knots.rate_days)
        self.builder, self.daily = ParameterisationBuilder(), Linear()
        self.latent, self.rows = build_latent(
            self.terms,
            conflict=conflict,
            priors=priors,
            components=components,
            grid=self.grid,
            builder=self.builder,
            linear=self.daily,
            person=self.people,
        )
        self.streams, self.stream_of = stream_table(self.terms, self.grid)
        self.biases = build_biases(
            self.streams,
            conflict=conflict,
            priors=priors,
            components=components,
            grid=self.grid,
            builder=self.builder,
        )
        self.triangle = ReportingTriangleBuilder(
            conflict=conflict,
            priors=priors,
            components=components,
            grid=self.grid,
            builder=self.builder,
            missing_knots=self.latent.missing_knots,
        )
        self.series: dict[tuple[int, int, int, int], int] = {}
        self.ledgers: dict[tuple[int, str], int] = {}
        self.factors: dict[tuple[int, float], int] = {}
        self.definition: dict[int, int] = {}
        self.uncounted: dict[str, int] = {}
        self.window: list[tuple[int, int, int, int, int]] = []
        self.listed: list[tuple[int, int, int]] = []

    def design(self) -> Design:
        bias = Linear()
        records = self.terms.to_dict("records")
        for claim, (stream, term) in enumerate(zip(self.stream_of, records, strict=True)):
            self._place(claim, int(stream), term)
        self._bias(bias)
        observed = observe(
            self.terms, streams=self.streams, stream_of=self.stream_of, priors=self.priors,
            components=self.components, builder=self.builder,
        )  # fmt: skip
        triangle = self.triangle.build()
        parameters = self.builder.build()
        height = len(parameters.offset)
        signed = list(self.factors)
        window = np.array(self.window, dtype=np.int64).reshape(-1, 5)
        return Design(
            name=self.name,
            grid=self.grid,
            parameters=parameters,
            latent=self.latent,
            streams=self.streams,
            terms=self.terms,
            biases=self.biases,
            coverage=self.triangle.coverage,
            definition=self.definition,
            daily=self.daily.matrix((self.rows * self.grid.cells, height)),
            rows=self.rows,
            series=np.array(list(self.series), dtype=np.int64).reshape(-1, 4),
            window=window,
            window_map=self._sums(window[:, 1], window[:, 3], window[:, 4]),
            factor_row=np.array([row for row, _ in signed], dtype=np.int64),
            factor_sign=np.array([sign for _, sign in signed]),
            listed=np.array(self.listed, dtype=np.int64).reshape(-1, 3),
            triangle=triangle,
            pair_window_map=self._sums(triangle.series, triangle.lo, triangle.hi),
            pair_map=triangle.linear.matrix((5 * len(triangle.point), height)),
            declared_log_sd=self.priors["declared.log_sd"].median,
            bias=bias.matrix((len(self.terms), height)),
            observed=observed,
        )

    def _sums(self, series: Ints, lo: Ints, hi: Ints) -> sparse.csr_array:
        """From prefix sums to the sums over [lo, hi) of each series."""
        linear, width = Linear(), self.grid.cells + 1
        rows = np.arange(len(series), dtype=np.int64)
        for day, sign in ((lo, -1.0), (hi, 1.0)):
            left, part = self.grid.prefix_weights(day)
            linear.add(rows, series * width + left, sign * (1 - part))
            linear.add(rows, series * width + left + 1, sign * part)
        return linear.matrix((len(series), len(self.series) * width))

    def _place(self, claim: int, stream: int, term: Record) -> None:
        """What a claim's expectation is made of."""
        accounting, category = str(term["accounting"]), str(term["category"])
        if category == "missing":
            self._listed(claim, stream, term, MISSING, KILLED)
        elif ACCOUNTINGS[accounting].counts_cases:
            wounded = category in ("wounded", "casualties", "losses")
            for component in ([] if category == "wounded" else [KILLED]) + [WOUNDED] * wounded:
                kind = LIST if ACCOUNTINGS[accounting].has_coverage else REGISTER
                self._listed(claim, stream, term, kind, component)
        else:
            self._windows(claim, stream, term)

    def _windows(self, claim: int, stream: int, term: Record) -> None:
        category, party = str(term["category"]), str(term["party"])
        spans = [self.grid.span(*days) for days in term["days"]]
        for base in self._components(party):
            ledger = -1
            if ACCOUNTINGS[term["accounting"]].sums_days:
                ledger = self._ledger(stream, base)
            for component, factor in self._counts(stream, term, base, category):
                series = self._series(base, component, str(term["scope"]), ledger)
                self.window += [(claim, series, factor, lo, hi) for lo, hi in spans if hi > lo]

    def _counts(self, stream: int, term: Record, base: str, category: str) -> list[tuple[int, int]]:
        """(component, factor) of what the stream's category counts of one party."""
        if not self.people:
            return [(KILLED, 0)]
        counts = [] if category == "wounded" else [(KILLED, 0)]
        if category in ("wounded", "casualties"):
            counts.append((WOUNDED, 0))
        elif category in UNDEFINED or category != "killed":
            counts.append((WOUNDED, self._wounded_share(stream, category)))
        partial = ACCOUNTINGS[term["accounting"]].assesses and term["role"] != "adversary"
        if partial and category != "wounded" and base in self.latent.missing_knots:
            counts.append((MISSING_DEAD, self._missing_uncounted(str(term["role"]), base)))
        return counts

    def _components(self, party: str) -> tuple[str, ...]:
        return tuple(p for p in self.conflict.components(party) if p in self.latent.parties)

    def _ledger(self, stream: int, base: str) -> int:
        if (stream, base) not in self.ledgers:
            row = self.ledgers[stream, base] = self.rows
            self.rows += 1
            where, column, weight = self.biases[stream].weights(self.grid.middles, base)
            self.daily.add(row * self.grid.cells + where, column, weight)
        return self.ledgers[stream, base]

    def _series(self, base: str, component: int, scope: str, ledger: int) -> int:
        party = self.latent.parties.index(base)
        number = self.latent.scope_index.get((base, scope), 0)
        return self.series.setdefault((party, component, number, ledger), len(self.series))

    def _wounded_share(self, stream: int, category: str) -> int:
        if not self.components.definitions:
            return 0
        if stream not in self.definition:
            prior = self.priors[UNDEFINED.get(category, "definition.losses")]
            rows = self.builder.rows("definition", [prior.mean])
            self.builder.independent(f"definition {stream}", rows, prior.sd)
            self.definition[stream] = int(rows[0])
        return self._factor(self.definition[stream], 1.0)

    def _missing_uncounted(self, role: str, base: str) -> int:
        key = f"{role} {base}"
        if key not in self.uncounted:
            prior = self.priors["missing.counted"]
            rows = self.builder.rows("missing.uncounted", [-prior.mean])
            self.builder.independent(f"missing.counted {key}", rows, prior.sd)
            self.uncounted[key] = int(rows[0])
        return self._factor(self.uncounted[key], -1.0)

    def _factor(self, row: int, sign: float) -> int:
        return self.factors.setdefault((row, sign), len(self.factors)) + 1

    def _listed(self, claim: int, stream: int, term: Record, kind: int, component: int) -> None:
        dead = component == KILLED and self.people
        vintages = [(term["days"], term["known"], 1)]
        if term["days_from"]:
            vintages.append((term["days_from"], term["known_from"], -1))
        for base in self._components(str(term["party"])):
            series = self._series(base, component, str(term["scope"]), -1)
            for days, known, sign in vintages:
                point = self.triangle.point(
                    stream=stream, kind=kind, party=base, series=series, dead=dead,
                    days=days, known=known,
                )  # fmt: skip
                self.listed.append((claim, point, sign))

    def _bias(self, bias: Linear) -> None:
        """Log bias of every claim that is neither a ledger's nor a list's."""
        at = np.array([self.grid.index(day) for day in self.terms["anchor_date"]], dtype=float)
        for stream, of in self.biases.items():
            here = np.flatnonzero(self.stream_of == stream)
            if self.streams.loc[stream, "observation_model"] == "ledger" or not len(here):
                continue
            first = self._components(str(self.streams.loc[stream, "party"]))[0]
            where, column, weight = of.weights(at[here], first)
            bias.add(here[where], column, weight)


def stream_table(terms: pd.DataFrame, grid: Grid) -> tuple[pd.DataFrame, Ints]:
    """Streams of a block and the stream of each term.

    Returns
    -------
    streams
        claimant, party, category, accounting, method, role, n_used, first, last (days of the
        first and last knowledge), reading, indexed by number. The reading is the accounting, but
        `stock` for the missing: whoever counts those still missing, it is one number on a day.
    stream_of
        Number of each term's stream.
    """
    key = ["claimant", "party", "category"]
    known = pd.Series([grid.index(day) for day in terms["anchor_date"]], index=terms.index)
    frame = terms[[*key, "accounting", "method", "role"]].assign(known=known)
    grouped = frame.groupby(key, sort=True)
    streams = grouped.agg(
        accounting=("accounting", "first"),
        method=("method", "first"),
        role=("role", "first"),
        n_used=("known", "size"),
        first=("known", "min"),
        last=("known", "max"),
    ).reset_index()
    missing = streams["category"] == "missing"
    streams["observation_model"] = streams["accounting"].mask(missing, "stock")
    return streams, grouped.ngroup().to_numpy().astype(np.int64)
