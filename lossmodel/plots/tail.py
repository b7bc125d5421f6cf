"""The end of a curve whose intervals are twice as wide as elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.plots.palette import FAINT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["TAIL_LABEL", "hatch_tail", "tail_start"]

# An interval of losses a week that is twice as wide on the log scale as that of the median week has
# four times its variance: less than a quarter of the information is left.
WIDER: Final = 2.0
TAIL_LABEL: Final = "end with intervals twice as wide"


def tail_start(rows: pd.DataFrame) -> pd.Timestamp | None:
    """First day of the windows at the end whose interval is more than twice as wide as usual.

    Parameters
    ----------
    rows
        Estimates of one series by day, week or month, with the columns of ``estimates.csv``.

    Returns
    -------
    Timestamp or None
        None if the last one is not among them. Widths are ratios of the limits; windows without
        losses do not count for the usual one, the median.

    Examples
    --------
    >>> import pandas as pd
    >>> weeks = pd.date_range("2000-01-03", periods=4, freq="7D")
    >>> upper = [120.0, 120.0, 120.0, 400.0]
    >>> table = pd.DataFrame({"start": weeks, "lower": 80.0, "upper": upper})
    >>> tail_start(table)
    Timestamp('2000-01-24 00:00:00')
    >>> tail_start(table.head(3)) is None
    True
    """
    some = rows[rows["upper"] > 0].sort_values("start")
    if some.empty:
        return None
    with np.errstate(divide="ignore"):
        width = np.log(some["upper"].to_numpy()) - np.log(some["lower"].to_numpy())
    within = np.flatnonzero(~(width > WIDER * np.median(width)))
    last = within[-1] if len(within) else len(width) - 1
    return None if last == len(width) - 1 else some["start"].iloc[last + 1]


def hatch_tail(ax: Axes, rows: pd.DataFrame) -> None:
    """Hatch the end of a curve with intervals twice as wide, if there is one: see `tail_start`."""
    start = tail_start(rows)
    if start is not None:
        from matplotlib import dates

        to_number: Any = dates.date2num
        first, last = (float(to_number(day)) for day in (start, rows["end"].max()))
        ax.axvspan(first, last, fc="none", ec=FAINT, hatch="///", lw=0, label=TAIL_LABEL)
