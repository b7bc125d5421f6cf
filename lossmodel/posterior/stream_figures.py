"""Expected figures of each stream beside the truth, per draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.posterior.rates import rates
from lossmodel.posterior.tables import reported_series, stream_of, terms_table
from lossmodel.tables.schema import SERIES, STREAM
from lossmodel.tables.vocabulary import OBSERVED_AS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossmodel.model.design.grid import Ints
    from lossmodel.posterior.fit import Fit

__all__ = ["Figures", "Truths", "figures", "log_bias", "stream_scopes", "wounded_share"]

COUNTED_AS_KILLED: Final = ("missing", "captured")


@dataclass(frozen=True)
class Figures:
    """Expected figures of a stream beside the truth, per draw and run of days.

    Attributes
    ----------
    claimed
        Expected figures, shape (samples, runs).
    own
        Truth under the stream's own definition.
    killed, casualties
        Truth under the two definitions that a word could mean; None for equipment, and casualties
        where no figure has the wounded.
    """

    claimed: NDArray[np.float64]
    own: NDArray[np.float64]
    killed: NDArray[np.float64] | None
    casualties: NDArray[np.float64] | None


def stream_scopes(fit: Fit) -> dict[Any, str]:
    """The scope that most of each stream's evidence is about, by claimant, party and category."""
    counts = terms_table(fit).groupby(SERIES).size().reset_index(name="terms")
    counts = counts.sort_values(["terms", "scope"], ascending=[False, True])
    first = counts.drop_duplicates(STREAM)
    return {(r.claimant, r.party, r.category): str(r.scope) for r in first.itertuples()}


def figures(fit: Fit, stream: Any, *, first: NDArray[np.intp], scope: str) -> Figures:
    """Expected figures of a stream and the truth, in runs of days.

    Parameters
    ----------
    stream
        A row of `streams_table`.
    first
        Position of the first day of each run.
    """
    return Truths(fit, first).figures(stream, scope)


def log_bias(
    fit: Fit, stream: int, *, prior: bool = False, days: Ints | None = None
) -> NDArray[np.float64]:
    """Log bias of a stream under its own definition, shape (draws, days).

    The common mode is in it; a list has its log coverage instead.

    Parameters
    ----------
    stream
        Its number in `streams_table`.
    prior
        Draws of the prior instead.
    days
        Positions of the days; all where not given.
    """
    submodel, number = stream_of(fit, stream)
    cell_of = submodel.design.grid.cell_of
    cells = cell_of if days is None else cell_of[days]
    return (submodel.prior if prior else submodel.posterior).bias(number, cells)


def wounded_share(fit: Fit, stream: int, *, prior: bool = False) -> NDArray[np.float64]:
    """Share of the wounded that a stream counts, shape (draws,); NaN for equipment."""
    submodel, number = stream_of(fit, stream)
    return (submodel.prior if prior else submodel.posterior).wounded_share(number)


class Truths:
    """Truth by party and scope, summed over runs of days once and shared by all streams."""

    def __init__(self, fit: Fit, first: NDArray[np.intp]) -> None:
        self.fit = fit
        self.first = first
        end = np.append(first[1:], len(fit.days))
        self.middle = (first + end - 1) // 2
        self.known: dict[tuple[str, str, str], NDArray[np.float64]] = {}

    def sums(self, party: str, category: str, scope: str) -> NDArray[np.float64]:
        """Losses by draw and run of days."""
        key = (party, category, scope)
        if key not in self.known:
            self.known[key] = rates(self.fit, party, category, scope).sums(self.first)
        return self.known[key]

    def factor(self, stream: Any, *, prior: bool = False) -> NDArray[np.float64]:
        """Bias of a row of `streams_table` by draw, in the middle of each run."""
        submodel, number = stream_of(self.fit, stream.stream)
        draws = submodel.prior if prior else submodel.posterior
        return draws.bias_factor(number, submodel.design.grid.cell_of[self.middle])

    def figures(self, stream: Any, scope: str) -> Figures:
        """Expected figures of a row of `streams_table`, and the truth."""
        factor = self.factor(stream)
        if OBSERVED_AS[stream.accounting].auxiliary:
            # Its scalar alone: a ratio of ratios, of odds, or of declarations.
            return Figures(factor, np.ones_like(factor), None, None)
        if stream.group != "person":
            own = self.sums(stream.party, stream.category, scope)
            return Figures(own * factor, own, None, None)
        killed = self.sums(stream.party, "killed", scope)
        if stream.category in COUNTED_AS_KILLED:
            return Figures(killed * factor, killed, None, None)
        if not self._has_casualties(stream.party):
            return Figures(killed * factor, killed, killed, None)
        casualties = self.sums(stream.party, "casualties", scope)
        own = self._own(stream, killed, casualties)
        return Figures(own * factor, own, killed, casualties)

    def _has_casualties(self, party: str) -> bool:
        """Whether any figure has the wounded of a party, or of each that it is the sum of."""
        known = {(name, category) for name, category, _ in reported_series(self.fit)}
        return all((name, "casualties") in known for name in self.fit.conflict.components(party))

    def _own(
        self, stream: Any, killed: NDArray[np.float64], casualties: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Truth under the stream's own definition."""
        fixed = {"killed": killed, "wounded": casualties - killed, "casualties": casualties}
        if stream.category in fixed:
            return fixed[stream.category]
        share = wounded_share(self.fit, stream.stream)[:, None]
        return np.asarray(killed + share * (casualties - killed))
