"""From the observations of one submodel to arrays."""

from typing import Any

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.model.components import Components
from lossmodel.model.design.battles import Battles, Span, battles_of
from lossmodel.model.design.bias import build_biases, kind_of_list
from lossmodel.model.design.bias_map import as_published, bias_map, unsettled_share
from lossmodel.model.design.comparisons import ComparisonBuilder
from lossmodel.model.design.day_effects import DayEffects, day_effects_of
from lossmodel.model.design.design import PEOPLE, Design
from lossmodel.model.design.grid import Floats, Grid
from lossmodel.model.design.latent import build_latent
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.list_bounds import ListBounds, list_bounds
from lossmodel.model.design.observation import Observations, observe
from lossmodel.model.design.parameters import Parameterisation, ParameterisationBuilder
from lossmodel.model.design.reporting import LIST, MISSING, REGISTER, ReportingTriangle, Vintage
from lossmodel.model.design.streams import contained, declared_from, stream_table
from lossmodel.model.design.triangle import ReportingTriangleBuilder
from lossmodel.model.design.windows import (
    KILLED,
    WOUNDED,
    Record,
    WindowBuilder,
    records,
)
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import OBSERVED_AS

__all__ = ["build_design"]


def build_design(
    terms: pd.DataFrame,
    *,
    name: str,
    conflict: Conflict,
    priors: Priors,
    components: Components,
    until: pd.Timestamp,
    ended: pd.Timestamp | None = None,
    like: Design | None = None,
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
    like
        A design of other figures of the same days, whose cells, knots, battles and day effects it
        has.

    Returns
    -------
    design
        See `Design`, and `LossModel.design`, which selects the rows, for examples.
    """
    of_days = None if like is None else (like.latent.battles, like.latent.day_effects, like.grid)
    return _Assembly(terms, name, conflict, priors, components, until, ended, of_days).design()


def _days(
    terms: pd.DataFrame, conflict: Conflict, until: pd.Timestamp, *, sd: float, nu: float
) -> tuple[Battles, dict[str, DayEffects], Grid]:
    """Battles, effects of days, and cells and knots, as the windows of observations ask for."""
    windows = [window for days in terms["days"] for window in days]
    begins = {start.toordinal() for start, _ in windows}
    edges = len(begins | {end.toordinal() + 1 for _, end in windows})
    grid = Grid.over(conflict.start, until, rate_days=conflict.knots.rate_days, edges=edges)
    battles, grid = battles_of(terms, grid, conflict.components)

    def active(name: str) -> Span:
        party = conflict.parties[name]
        return grid.span(party.start or conflict.start, party.end or until)

    return battles, *day_effects_of(
        terms, grid, conflict.components, battles, sd=sd, nu=nu, active=active
    )


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
        like: tuple[Battles, dict[str, DayEffects], Grid] | None,
    ) -> None:
        self.terms, self.name = terms.reset_index(drop=True), name
        self.conflict, self.priors, self.components = conflict, priors, components
        nu = priors["noise.nu"].median if components.heavy_tails else np.inf
        battles, day_effects, self.grid = like or _days(
            self.terms, conflict, until, sd=priors["rate.day_sd"].median, nu=nu
        )
        self.builder, self.daily = ParameterisationBuilder(), Linear()
        common: dict[str, Any] = {"priors": priors, "components": components}
        common |= {"grid": self.grid, "builder": self.builder}
        self.latent, rows = build_latent(
            self.terms, conflict=conflict, battles=battles, day_effects=day_effects,
            linear=self.daily, person=name in PEOPLE, **common,
        )  # fmt: skip
        self.streams, self.stream_of = stream_table(self.terms, self.grid)
        self.biases = build_biases(self.streams, conflict=conflict, **common)
        self.ended = np.inf if ended is None else float(self.grid.index(ended) + 1)
        self.triangle = ReportingTriangleBuilder(
            conflict=conflict, missing_knots=self.latent.missing_knots, ended=self.ended,
            within=contained(self.streams, conflict),
            kinds={i: kind_of_list(conflict, self.streams.loc[i]) for i in self.streams.index},
            declared_from=declared_from(self.streams, conflict), **common,
        )  # fmt: skip
        self.windows = WindowBuilder(
            latent=self.latent, biases=self.biases, daily=self.daily, rows=rows,
            declared_from=declared_from(self.streams, conflict), **common,
        )  # fmt: skip
        self.comparisons = ComparisonBuilder(
            len(self.terms), streams=self.streams, biases=self.biases, grid=self.grid,
            windows=self.windows, bases=self._bases, add_vintage=self._add_vintage,
        )  # fmt: skip

    def design(self) -> Design:
        for i, (stream, term) in enumerate(zip(self.stream_of, records(self.terms), strict=True)):
            self._add(i, int(stream), term)
        unsettled = unsettled_share(
            self.terms, self.conflict, grid=self.grid, ended=self.ended, priors=self.priors
        )
        observed = observe(
            self.terms, streams=self.streams, stream_of=self.stream_of, priors=self.priors,
            components=self.components, builder=self.builder, unsettled=unsettled,
        )  # fmt: skip
        # The triangle adds rows of v: it is built before the parameters are.
        triangle = self.triangle.build()
        bounds = list_bounds(
            self.terms, observed, people=self.name in PEOPLE, priors=self.priors,
            components=self.components, comparisons=self.comparisons,
        )  # fmt: skip
        return self._arrays(self.builder.build(), observed, triangle, bounds, unsettled)

    def _arrays(
        self,
        parameters: Parameterisation,
        observed: Observations,
        triangle: ReportingTriangle,
        bounds: ListBounds,
        unsettled: Floats,
    ) -> Design:
        height = len(parameters.offset)
        window, (factor_row, factor_sign) = self.windows.windows(), self.windows.factors()
        bias = bias_map(
            self.terms, streams=self.streams, stream_of=self.stream_of, biases=self.biases,
            registers=self.comparisons.registers, bases=self._bases, grid=self.grid,
            unsettled=unsettled, linear=self.comparisons.bias,
        )  # fmt: skip
        return Design(
            name=self.name,
            grid=self.grid,
            parameters=parameters,
            latent=self.latent,
            streams=self.streams,
            terms=self.terms,
            biases=as_published(self.biases, self.streams, self.stream_of, unsettled),
            coverage=self.triangle.coverage,
            definition={i: row for i, row in self.windows.definition.items() if isinstance(i, int)},
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
            bias=bias.matrix((len(self.terms), height)),
            comparisons=self.comparisons.build(),
            list_bounds=bounds,
            observed=observed,
        )

    def _add(self, observation: int, stream: int, term: Record) -> None:
        """Add the windows or the bins that the expectation of an observation is the sum of."""
        accounting, category = OBSERVED_AS[str(term["accounting"])], str(term["category"])
        if accounting.auxiliary:
            self.comparisons.add(observation, stream, term)
        elif category == "missing":
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
        before = Vintage(term["days_from"], term["known_from"]) if term["days_from"] else None
        vintage = Vintage(term["days"], term["known"])
        self._add_vintage(stream, observation, term, kind, vintage, before, component)

    def _add_vintage(
        self, stream: int, observation: int, term: Record, kind: int, vintage: Vintage,
        before: Vintage | None, component: int = KILLED,
    ) -> None:  # fmt: skip
        dead = component == KILLED and self.name in PEOPLE
        for base in self._bases(str(term["party"])):
            self.triangle.add(
                observation, stream=stream, kind=kind, party=base,
                series=self.windows.series_of(base, component, str(term["scope"])), dead=dead,
                vintage=vintage, before=before,
            )  # fmt: skip

    def _bases(self, party: str) -> tuple[str, ...]:
        """Base parties of a party that have losses of their own in the submodel."""
        return tuple(p for p in self.conflict.components(party) if p in self.latent.parties)
