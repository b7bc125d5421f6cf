"""The numbers of the figures of losses, for the figure that the page lets its reader explore.

They come from the tables that the SVG is drawn from, with texts in the form that tables and
sentences print, so that the page's script formats no estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.plots.claims import claim_groups
from lossmodel.plots.curve import per_day
from lossmodel.posterior.estimates import LIMITS
from lossmodel.report.figures.tables import WORDS, FigureTables, tables_for
from lossmodel.report.sources import Sources
from lossmodel.report.wording import (
    category_title,
    claimant_names,
    claimed,
    interval,
    party_title,
)
from lossmodel.tables.vocabulary import KINDS
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lossmodel.plots.claims import Points
    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Results

__all__ = ["exploration"]

# Significant digits of what is drawn: a thousandth of a curve's height is below a pixel.
DRAWN: Final = 5
# Days of the shortest war that a slider goes along: tables and pictures have all of a shorter one.
FEWEST_DAYS: Final = 3


def exploration(results: Results, specs: Iterable[FigureSpec]) -> dict[str, Any]:
    """Curves and claims of all series that the figures show, by both measures.

    Parameters
    ----------
    specs
        Figures; those without a series are passed over.

    Returns
    -------
    dict
        ``start``, the first day; ``sources``, those of the claims, each with its text, address,
        further words and archived copy; ``panels``, one for each series and measure. Days are
        counted from the first one. Empty if there are no such figures, or in a war of a day or two.
    """
    shown = {spec.name: spec.series for spec in specs if spec.series is not None}
    if not shown or len(results.fit.days) < FEWEST_DAYS:
        return {}
    tables = tables_for(results, ["estimates"])
    listed = _Listed(results)
    panels = [
        _panel(results, tables, listed, name, *series, measure)
        for name, series in shown.items()
        for measure in tables.measures
    ]
    return {
        "start": f"{tables.days[0]:%Y-%m-%d}",
        "days": len(tables.days),
        "level": f"{100 * results.fit.ci_prob:.4g}%",
        "sources": listed.sources,
        "claimants": listed.claimants,
        "panels": panels,
    }


class _Listed:
    """Sources and names of claimants, each once."""

    def __init__(self, results: Results) -> None:
        self.names = claimant_names(results.fit)
        self.links = Sources(results.fit.conflict)
        self.sources: list[list[str]] = []
        self.claimants: list[str] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def source(self, key: str) -> int:
        if ("source", key) not in self._numbers:
            link = self.links.link(key)
            self._numbers["source", key] = len(self.sources)
            self.sources.append([link.text, link.url, link.more, link.archive])
        return self._numbers["source", key]

    def claimant(self, key: str) -> int:
        if ("claimant", key) not in self._numbers:
            self._numbers["claimant", key] = len(self.claimants)
            self.claimants.append(self.names[key])
        return self._numbers["claimant", key]


def _panel(
    results: Results,
    tables: FigureTables,
    listed: _Listed,
    name: str,
    party: str,
    category: str,
    measure: Any,
) -> dict[str, Any]:
    fit = results.fit
    rows = tables.estimate(category, party, measure=measure)
    first = tables.days[0]
    cumulative = measure == "cumulative"
    table = per_day(rows)
    records: list[dict[Any, Any]] = table.to_dict("records")
    groups = claim_groups(tables, party, category, "all", cumulative=cumulative)
    return {
        "figure": name,
        "party": party_title(fit.conflict, party),
        "category": category_title(fit, category),
        "measure": measure,
        "words": WORDS[measure],
        "start": _offsets(rows["start"], first),
        "end": _offsets(rows["end"], first),
        **{limit: [_drawn(value) for value in table[limit]] for limit in LIMITS},
        "text": [number(row["median"], row["lower"], row["upper"]) for row in records],
        "interval": [interval(row) for row in records],
        "groups": [_group(group, listed, first) for group in groups],
    }


def _group(group: Points, listed: _Listed, first: pd.Timestamp) -> dict[str, Any]:
    rows = group.rows
    records: list[dict[Any, Any]] = rows.to_dict("records")
    return {
        "label": group.label,
        "colour": group.style["color"],
        "marker": group.style["marker"],
        "hollow": group.style.get("mfc") == "none",
        "cumulative": group.cumulative,
        "start": _offsets(rows["start"], first),
        "end": _offsets(rows["end"], first),
        "value": [_drawn(value) for value in rows["shown"]],
        "low": [_drawn(value) for value in rows["low"]] if group.cumulative else [],
        "high": [_drawn(value) for value in rows["high"]] if group.cumulative else [],
        "claimant": [listed.claimant(str(key)) for key in rows["claimant"]],
        "source": [listed.source(str(key)) for key in rows["source"]],
        "text": [_words(row) for row in records],
    }


def _words(row: dict[Any, Any]) -> str:
    """A claim as it was published, with its days."""
    figure = claimed(row["value"], row["low"], row["high"], row["qualifier"])
    kind = KINDS[row["kind"]]
    start, end = (f"{row[name]:%Y-%m-%d}" for name in ("start", "end"))
    if kind.running:
        return f"{figure} in all to {end}"
    if row["n_days"] == 1:
        return f"{figure} on {end}"
    return f"{figure}{' per day' if kind.per_day else ''}, {start} to {end}"


def _offsets(days: pd.Series, first: pd.Timestamp) -> list[int]:
    return [int(n) for n in (days - first).dt.days]


def _drawn(value: float) -> float | None:
    return float(f"{value:.{DRAWN}g}") if np.isfinite(value) else None
