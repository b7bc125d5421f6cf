"""The curve of one series: its rows, where they are drawn, and per how many days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.posterior.estimates import LIMITS

if TYPE_CHECKING:
    from lossmodel.plots.drawable import Drawable

__all__ = ["curve", "per_day", "series_rows"]

SHOWN: Final = ["at", *LIMITS]


def per_day(rows: pd.DataFrame) -> pd.DataFrame:
    """Median and limits of estimates, of windows divided by their days; totals as they are."""
    if (rows["measure"] == "cumulative").all():
        return rows[list(LIMITS)]
    return rows[list(LIMITS)].div((rows["end"] - rows["start"]).dt.days + 1, axis=0)


def curve(rows: pd.DataFrame) -> pd.DataFrame:
    """Points of a curve: totals at the ends of their windows, means a day in the middle.

    Totals begin with none, on the day before the first.

    Parameters
    ----------
    rows
        Estimates of one series by one measure, with the columns of ``estimates.csv``.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "measure": "weekly", "start": [pd.Timestamp("2000-01-03")],
    ...     "end": [pd.Timestamp("2000-01-09")], "median": 70.0, "lower": 7.0, "upper": 700.0,
    ... })
    >>> curve(table).to_numpy().tolist()
    [[Timestamp('2000-01-06 00:00:00'), 10.0, 1.0, 100.0]]
    >>> curve(table.assign(measure="cumulative"))["median"].to_list()
    [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]
    """
    if (rows["measure"] != "cumulative").any():
        middle = rows["start"] + (rows["end"] - rows["start"]) / 2
        return per_day(rows).assign(at=middle)[SHOWN]
    points = per_day(rows).assign(at=rows["end"])[SHOWN]
    if points.empty:
        return points
    # Day by day from none to the first total, as a line from zero is none on a logarithmic axis.
    days = (rows["end"].iloc[0] - rows["start"].iloc[0]).days + 1
    shares = np.arange(days) / days
    begin = pd.DataFrame({limit: points[limit].iloc[0] * shares for limit in LIMITS})
    begin["at"] = rows["end"].iloc[0] - pd.to_timedelta(np.arange(days, 0, -1), unit="D")
    return pd.concat([begin[SHOWN], points], ignore_index=True)


def series_rows(
    fit: Drawable, party: str, category: str, scope: str, measure: Any, table: pd.DataFrame | None
) -> pd.DataFrame:
    """Estimates of one series by one measure: those of a table, or else of the fit."""
    if table is None:
        return fit.estimate(category, party, scope=scope, measure=measure)
    same = table["party"].eq(party) & table["category"].eq(category) & table["scope"].eq(scope)
    return table[same & table["measure"].eq(measure)]
