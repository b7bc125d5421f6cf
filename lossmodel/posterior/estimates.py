"""Tables of losses, made from draws.

Everything is summed within a draw before any quantile is taken: adding up the limits of days
would give an interval of a year that is several times too wide. The limits are equal-tailed and
the functions that compute them also fill `ci_prob` and `ci_kind`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from lossmodel.arguments import check_choice, check_ci_prob
from lossmodel.errors import UsageError
from lossmodel.posterior.rates import Rates, rates
from lossmodel.posterior.tables import reported_series, reported_totals, submodel_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lossmodel.posterior.fit import Fit

__all__ = [
    "CI_KIND",
    "COLUMNS",
    "LIMITS",
    "STATISTICS",
    "Measure",
    "Windows",
    "calendar",
    "estimate",
    "estimates_of",
    "estimates_table",
    "rate_measure",
    "summarise",
    "total_to",
]

Measure = Literal["daily", "weekly", "monthly", "yearly", "cumulative"]
Period = Literal["daily", "weekly", "monthly", "half-yearly", "yearly"]

CI_KIND: Final = "eti"
LIMITS: Final = ("median", "lower", "upper")
STATISTICS: Final = ("mean", "median", "sd", "lower", "upper")
COLUMNS: Final = (
    *("party", "category", "scope", "measure", "start", "end"),
    *STATISTICS,
    *("ci_prob", "ci_kind", "engine"),
)
# Days of a war up to which a figure shows losses of days, and of weeks; beyond, of months. Weeks of
# a war of days are two points, and those of decades cannot be told apart.
SHOWN_BY: Final[tuple[tuple[Measure, int], ...]] = (("daily", 35), ("weekly", 5 * 366))
# Columns of draws that are sorted at a time. Chosen by hand: of 1,000 draws, 16 to 1,600 columns at
# a time take the same within the noise of the clock; a bound keeps the copy small.
SORTED_AT_ONCE: Final = 128


@dataclass(frozen=True)
class Windows:
    """Windows that together cover all days, each once.

    Attributes
    ----------
    first, last
        Position of the first and of the last day of each window.
    start, end
        The same as dates.
    """

    first: NDArray[np.intp]
    last: NDArray[np.intp]
    start: pd.DatetimeIndex
    end: pd.DatetimeIndex


def calendar(days: pd.DatetimeIndex, period: Period) -> Windows:
    """Divide the days into calendar periods, clipped at both ends.

    Weeks are ISO weeks, Monday to Sunday.

    Examples
    --------
    >>> windows = calendar(pd.date_range("2022-02-24", "2022-03-07"), "weekly")
    >>> [f"{a:%m-%d}..{b:%m-%d}" for a, b in zip(windows.start, windows.end)]
    ['02-24..02-27', '02-28..03-06', '03-07..03-07']
    """
    first_of_month = np.asarray(days.day == 1)
    begins = {
        "daily": np.ones(len(days), dtype=bool),
        "weekly": np.asarray(days.day_of_week == 0),
        "monthly": first_of_month,
        "half-yearly": first_of_month & np.isin(days.month, (1, 7)),
        "yearly": np.asarray(days.day_of_year == 1),
    }[period]
    begins[0] = True
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(days)) - 1
    return Windows(first, last, days[first], days[last])


def rate_measure(days: int) -> Measure:
    """The means of losses a day that a figure of a war of so many days shows.

    Examples
    --------
    >>> [rate_measure(days) for days in (22, 300, 10_000)]
    ['daily', 'weekly', 'monthly']
    """
    return next((measure for measure, most in SHOWN_BY if days <= most), "monthly")


def summarise(draws: NDArray[np.float64], ci_prob: float) -> dict[str, NDArray[np.float64]]:
    """Mean, median, sd and equal-tailed limits of each column of draws.

    Quantiles are interpolated linearly between order statistics, NumPy's default, but sorted
    some columns at a time along contiguous memory, which is several times faster.

    Parameters
    ----------
    draws
        (samples, columns).
    ci_prob
        Probability between the limits.

    Examples
    --------
    >>> found = summarise(np.arange(101.0)[:, None], 0.9)
    >>> {name: round(float(value[0]), 6) for name, value in found.items() if name != "sd"}
    {'mean': 50.0, 'median': 50.0, 'lower': 5.0, 'upper': 95.0}
    """
    samples, columns = draws.shape
    probs = np.array([0.5, (1 - ci_prob) / 2, (1 + ci_prob) / 2])
    at = probs * (samples - 1)
    below = np.floor(at).astype(np.intp)
    above = np.minimum(below + 1, samples - 1)
    weight = at - below
    found = np.empty((len(STATISTICS), columns))
    for start in range(0, columns, SORTED_AT_ONCE):
        part = slice(start, start + SORTED_AT_ONCE)
        ordered = np.sort(draws[:, part].T, axis=1)
        found[0, part] = ordered.mean(axis=1)
        found[2, part] = ordered.std(axis=1, ddof=min(1, samples - 1))
        low, high = ordered[:, below], ordered[:, above]
        found[(1, 3, 4), part] = (low + weight * (high - low)).T
    return dict(zip(STATISTICS, found, strict=True))


def estimates_table(fit: Fit) -> pd.DataFrame:
    """Losses of every reported series by day, ISO week, month, year and since the start.

    Returns
    -------
    DataFrame
        One row per series, measure and window, with the columns `COLUMNS`.
    """
    return estimates_of(fit, reported_series(fit), measures=get_args(Measure), ci_prob=fit.ci_prob)


def estimate(
    fit: Fit,
    category: str,
    party: str,
    *,
    scope: str = "all",
    measure: Measure = "cumulative",
    ci_prob: float | None = None,
) -> pd.DataFrame:
    """Losses of one series by one measure, in the columns of `estimates_table`.

    Raises
    ------
    UsageError
        The fit has no such series or there is no such measure.
    """
    measure = check_choice(measure, "measure", get_args(Measure))
    series = reported_totals(fit)
    if (party, category, scope) not in series:
        known = "; ".join(" ".join((c, p, s)) for p, c, s in series)
        raise UsageError(f"The fit has no {category} {party} {scope}; it has: {known}.")
    prob = check_ci_prob(ci_prob, fit.ci_prob)
    return estimates_of(fit, [(party, category, scope)], measures=[measure], ci_prob=prob)


def total_to(fit: Fit, key: tuple[str, str, str], day: pd.Timestamp) -> dict[str, Any]:
    """Total from the start to a day, which need not be the end of a week.

    Parameters
    ----------
    key
        Party, category and scope.
    day
        One of the days of the fit.

    Returns
    -------
    dict
        Columns of `estimates_table` that a total has: party, category, scope, end, mean, median,
        sd, lower, upper.

    Examples
    --------
    >>> day = fitted.days[9]
    >>> total = total_to(fitted, ("germany", "aircraft", "all"), day)
    >>> same = fitted.query(f"aircraft germany cumulative {day.date()}").table["median"].item()
    >>> round(total["median"] / same, 9)
    1.0
    """
    last = int((day - fit.days[0]).days)
    draws = rates(fit, *key).between(0, last)
    found = {
        name: float(value[0]) for name, value in summarise(draws[:, None], fit.ci_prob).items()
    }
    return dict(zip(COLUMNS, key, strict=False)) | {"end": day} | found


def estimates_of(
    fit: Fit,
    series: Sequence[tuple[str, str, str]],
    *,
    measures: Sequence[Measure],
    ci_prob: float,
) -> pd.DataFrame:
    """Rows of some series by some measures, put together column by column.

    Parameters
    ----------
    series
        Party, category and scope; a party may be a declared sum of parties.
    """
    windows = {measure: _windows(fit.days, measure) for measure in measures}
    sizes = [len(windows[measure].first) for measure in measures]
    found = [
        _measured(path, windows[measure], measure, ci_prob)
        for path in (rates(fit, *key) for key in series)
        for measure in measures
    ]
    engines = [submodel_of(fit, party, category).engine for party, category, _ in series]
    columns = {
        **{
            name: np.repeat(np.array([key[i] for key in series], dtype=object), sum(sizes))
            for i, name in enumerate(COLUMNS[:3])
        },
        "measure": np.tile(np.repeat(np.array(measures, dtype=object), sizes), len(series)),
        **{
            name: np.tile(np.concatenate([getattr(w, name) for w in windows.values()]), len(series))
            for name in ("start", "end")
        },
        **{name: np.concatenate([part[name] for part in found]) for name in STATISTICS},
        "ci_prob": ci_prob,
        "ci_kind": CI_KIND,
        "engine": np.repeat(np.array(engines, dtype=object), sum(sizes)),
    }
    return pd.DataFrame(columns)[list(COLUMNS)]


def _windows(days: pd.DatetimeIndex, measure: Measure) -> Windows:
    """The rows' windows; those of the total since the start all begin on the first day."""
    if measure != "cumulative":
        return calendar(days, measure)
    weeks = calendar(days, "weekly")
    return replace(weeks, start=days[np.zeros(len(weeks.first), dtype=np.intp)])


def _measured(
    found: Rates, windows: Windows, measure: Measure, ci_prob: float
) -> dict[str, NDArray[np.float64]]:
    if measure == "daily":
        # All days of a cell have the same draws, so their quantiles are taken once.
        cells = summarise(found.cells, ci_prob)
        return {name: value[found.cell_of] for name, value in cells.items()}
    sums = found.sums(windows.first)
    if measure == "cumulative":
        sums = np.cumsum(sums.T, axis=0).T
    return summarise(sums, ci_prob)
