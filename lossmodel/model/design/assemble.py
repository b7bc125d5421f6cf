"""One submodel as arrays: everything that the density needs, and nothing else.

A submodel is a part of the model that shares no unknown with the others and is fitted by itself:
the soldiers of all parties, the civilians, or one class of equipment.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from lossmodel.conflict.conflict import Conflict
from lossmodel.model.components import Components
from lossmodel.model.design.bias import Bias, build_biases, unsettled_share
from lossmodel.model.design.grid import Floats, Grid, Ints
from lossmodel.model.design.latent import LatentProcesses, build_latent
from lossmodel.model.design.observation import Observations, observe
from lossmodel.model.design.parameters import Linear, Parameterisation, ParameterisationBuilder
from lossmodel.model.design.reporting import LIST, MISSING, REGISTER, ReportingTriangle, Vintage
from lossmodel.model.design.streams import contained, stream_table
from lossmodel.model.design.triangle import ReportingTriangleBuilder
from lossmodel.model.design.windows import (
    KILLED,
    MISSING_DEAD,
    UNDEFINED,
    WOUNDED,
    Record,
    WindowBuilder,
    records,
)
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import ACCOUNTINGS

__all__ = [
    "CIVILIAN",
    "KILLED",
    "MISSING_DEAD",
    "PEOPLE",
    "PERSON",
    "UNDEFINED",
    "WOUNDED",
    "Design",
    "build_design",
]

# Submodels of people; the others are classes of equipment, whose losses have no lethality.
PERSON, CIVILIAN = "person", "civilian"
PEOPLE = (PERSON, CIVILIAN)


@dataclass(frozen=True)
class Design:
    """Arrays of one submodel.

    N observations, P parties, T cells of days, R daily series, W windows, Q entries of the
    reporting triangle with U bins of vintages; theta has D entries and v has V, see
    `Parameterisation`.

    Attributes
    ----------
    name
        ``person``, ``civilian`` or a class of equipment.
    grid
        The days and cells.
    parameters
        The affine map from theta to v.
    latent
        Rows of the latent processes.
    streams
        One row per stream, see `stream_table`.
    terms
        The N rows of ``Evidence.terms``.
    biases, coverage, definition
        By number of the stream: its log bias; of a list the knots of its logit coverage, positions
        in days and rows of v; the row of v with the logit of its wounded share.
    daily, rows
        Sparse map from v to stacked rows of T cells, and the number of rows: log rates per day,
        logits of lethality and of the missing share, log biases of ledgers.
    series
        Shape (R, 4): party, component (KILLED, WOUNDED, MISSING_DEAD), scope, row of the ledger's
        daily log bias (-1 for none).
    window
        Shape (W, 5): observation, series, factor, lo, hi: the expectation of the observation has
        the factor times the sum of the series over the days [lo, hi).
    window_map, pair_window_map
        Sparse maps from the stacked prefix sums of the series, R rows of T + 1 cell edges, to the
        W sums of the windows and the Q sums of the triangle.
    factor_row, factor_sign
        Factor 0 is one; factor k is ``sign_k sigmoid(v[row_k])``.
    triangle
        Entries of the reporting triangle of lists, registers and stocks of the missing.
    pair_map
        Sparse map from v to the arguments of the reported share, shape (5 U, V), see
        `VintageBins`.
    declared_log_sd
        Sd of the log delay of a declaration, in days.
    bias
        Sparse map from v to the log bias of each observation, shape (N, V); zero for ledgers,
        whose bias is daily, and for lists.
    observed
        Forms, values and noise of the observations.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> design.latent.parties, design.people
    (('germany', 'britain'), False)
    >>> design.bias.shape == (len(design.terms), len(design.parameters.offset))
    True
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
    triangle: ReportingTriangle
    pair_window_map: sparse.csr_array
    pair_map: sparse.csr_array
    declared_log_sd: float
    bias: sparse.csr_array
    observed: Observations

    @property
    def size(self) -> int:
        """Length D of theta."""
        return self.parameters.size

    def first_party(self, stream: int) -> str:
        """The party whose common mode a stream's bias includes: the first of a sum of parties."""
        bases = (p for p in self.biases[stream].common if p in self.latent.parties)
        return next(bases, str(self.streams.at[stream, "party"]))

    @property
    def people(self) -> bool:
        """Whether the losses are of people, killed and wounded."""
        return self.name in PEOPLE


def build_design(
    terms: pd.DataFrame,
    *,
    name: str,
    conflict: Conflict,
    priors: Priors,
    components: Components,
    until: pd.Timestamp,
    ended: pd.Timestamp | None = None,
) -> Design:
    """Turn the observations of one submodel into arrays.

    Parameters
    ----------
    terms
        Its rows of ``Evidence.terms``, at least one.
    name
        ``person``, ``civilian`` or the class of equipment.
    conflict, priors, components
        The conflict, the assumptions, and which components of the model are on.
    until
        Last day of the latent processes.
    ended
        Last day of fighting; None while the war lasts.

    Returns
    -------
    design
        See `Design`, and `LossModel.design`, which selects the rows, for examples.
    """
    return _Assembly(terms, name, conflict, priors, components, until, ended).design()


class _Assembly:
    """Builds a design observation by observation; lives for one call of ``build_design``.

    The order of the steps fixes the order of theta, and with it the draws of a seed.
    """

    def __init__(
        self,
        terms: pd.DataFrame,
        name: str,
        conflict: Conflict,
        priors: Priors,
        components: Components,
        until: pd.Timestamp,
        ended: pd.Timestamp | None,
    ) -> None:
        self.terms, self.name = terms.reset_index(drop=True), name
        self.conflict, self.priors, self.components = conflict, priors, components
        self.grid = Grid.over(conflict.start, until, rate_days=conflict.knots.rate_days)
        self.builder, self.daily = ParameterisationBuilder(), Linear()
        common: dict[str, Any] = {
            "priors": priors,
            "components": components,
            "grid": self.grid,
            "builder": self.builder,
        }
        people = name in PEOPLE
        self.latent, rows = build_latent(
            self.terms, conflict=conflict, linear=self.daily, person=people, **common
        )
        self.streams, self.stream_of = stream_table(self.terms, self.grid)
        self.biases = build_biases(self.streams, conflict=conflict, **common)
        missing = self.latent.missing_knots
        self.ended = np.inf if ended is None else float(self.grid.index(ended) + 1)
        self.triangle = ReportingTriangleBuilder(
            conflict=conflict, missing_knots=missing, ended=self.ended,
            within=contained(self.streams, conflict),
            own=np.flatnonzero(self.streams["role"] == "self").tolist(), **common,
        )  # fmt: skip
        self.windows = WindowBuilder(
            latent=self.latent, biases=self.biases, daily=self.daily, rows=rows, **common
        )

    def design(self) -> Design:
        terms = zip(self.stream_of, records(self.terms), strict=True)
        for observation, (stream, term) in enumerate(terms):
            self._add(observation, int(stream), term)
        observed = observe(
            self.terms, streams=self.streams, stream_of=self.stream_of, priors=self.priors,
            components=self.components, builder=self.builder,
        )  # fmt: skip
        # The triangle adds rows of v: it is built before the parameters are.
        triangle = self.triangle.build()
        return self._arrays(self.builder.build(), observed, triangle)

    def _arrays(
        self, parameters: Parameterisation, observed: Observations, triangle: ReportingTriangle
    ) -> Design:
        height = len(parameters.offset)
        window = self.windows.windows()
        factor_row, factor_sign = self.windows.factors()
        return Design(
            name=self.name,
            grid=self.grid,
            parameters=parameters,
            latent=self.latent,
            streams=self.streams,
            terms=self.terms,
            biases=self.biases,
            coverage=self.triangle.coverage,
            definition=self.windows.definition,
            daily=self.daily.matrix((self.windows.rows * self.grid.cells, height)),
            rows=self.windows.rows,
            series=self.windows.series(),
            window=window,
            window_map=self.windows.sums(window[:, 1], window[:, 3], window[:, 4]),
            factor_row=factor_row,
            factor_sign=factor_sign,
            triangle=triangle,
            pair_window_map=self.windows.sums(triangle.series, triangle.lo, triangle.hi),
            pair_map=triangle.vintages.linear.matrix((5 * len(triangle.vintages.kind), height)),
            declared_log_sd=self.priors["declared.log_sd"].median,
            bias=self._bias().matrix((len(self.terms), height)),
            observed=observed,
        )

    def _add(self, observation: int, stream: int, term: Record) -> None:
        """Add the windows or the bins that the expectation of an observation is the sum of."""
        accounting, category = ACCOUNTINGS[str(term["accounting"])], str(term["category"])
        if category == "missing":
            self._add_bins(observation, stream, term, MISSING, KILLED)
        elif accounting.counts_cases:
            wounded = category in ("wounded", "casualties", "losses")
            for component in ([] if category == "wounded" else [KILLED]) + [WOUNDED] * wounded:
                kind = LIST if accounting.has_coverage else REGISTER
                self._add_bins(observation, stream, term, kind, component)
        else:
            bases = self._bases(str(term["party"]))
            self.windows.add(observation, stream=stream, term=term, bases=bases)

    def _add_bins(
        self, observation: int, stream: int, term: Record, kind: int, component: int
    ) -> None:
        dead = component == KILLED and self.name in PEOPLE
        before = Vintage(term["days_from"], term["known_from"]) if term["days_from"] else None
        for base in self._bases(str(term["party"])):
            self.triangle.add(
                observation, stream=stream, kind=kind, party=base,
                series=self.windows.series_of(base, component, str(term["scope"])), dead=dead,
                vintage=Vintage(term["days"], term["known"]), before=before,
            )  # fmt: skip

    def _bases(self, party: str) -> tuple[str, ...]:
        """Base parties of a party that have losses of their own in the submodel."""
        return tuple(p for p in self.conflict.components(party) if p in self.latent.parties)

    def _bias(self) -> Linear:
        """Log bias of every observation that is neither a ledger's nor a list's."""
        bias = Linear()
        at = np.array([self.grid.index(day) for day in self.terms["anchor_date"]], dtype=float)
        unsettled = unsettled_share(
            self.terms, grid=self.grid, ended=self.ended, priors=self.priors
        )
        for stream, of in self.biases.items():
            here = np.flatnonzero(self.stream_of == stream)
            if self.streams.loc[stream, "observation_model"] == "ledger" or not len(here):
                continue
            first = self._bases(str(self.streams.loc[stream, "party"]))[0]
            where, column, weight = of.weights(at[here], first, unsettled=unsettled[here])
            bias.add(here[where], column, weight)
        return bias
