"""Losses by year and month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lossmodel.report.blocks import Section, Table
from lossmodel.report.wording import (
    category_title,
    estimate_text,
    interval,
    level,
    main_categories,
    main_parties,
    party_title,
)
from lossmodel.tables.categories import COUNTED
from lossmodel.text.months import MONTHS, date, dates

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.report.results import Key, Results

__all__ = ["periods_section"]


def periods_section(results: Results) -> Section:
    """Losses of the main parties by calendar year and, folded, by month."""
    return Section(
        "periods",
        "Losses by year and month",
        [_table(results, "yearly", "Year"), _table(results, "monthly", "Month", fold="By month")],
    )


def _table(results: Results, measure: str, period: str, fold: str = "") -> Table:
    fit = results.fit
    keys = _keys(results)
    table = results.estimates[results.estimates["measure"] == measure]
    whole = [
        table[(table[["party", "category", "scope"]] == list(key)).all(axis=1)] for key in keys
    ]
    windows = whole[0] if whole else table.iloc[:0]
    rows = [
        [_name(windows.iloc[i], measure), *(_cell(own.iloc[i]) for own in whole)]
        for i in range(len(windows))
    ]
    titles = [f"{party_title(fit.conflict, p)}, {category_title(fit, c)}" for p, c, _ in keys]
    return Table(
        measure,
        [period, *titles],
        rows,
        caption=_caption(fit, period.lower(), len(rows)),
        numeric=frozenset(range(1, 1 + len(keys))),
        fold=fold,
    )


def _keys(results: Results) -> list[Key]:
    fit = results.fit
    people = any(category in COUNTED for _, category, _ in fit.series)
    categories = COUNTED if people else main_categories(fit)
    keys = [(party, category, "all") for party in main_parties(fit) for category in categories]
    return [key for key in keys if key in fit.series]


def _caption(fit: Fit, period: str, count: int) -> str:
    median = f"Median and {level(fit)} credible interval"
    first, last = fit.days[0], fit.days[-1]
    if count == 1:
        return f"{median}, {dates(first, last)}."
    return (
        f"{median}; the first and the last {period} are cut at {date(first)} and {date(last)}. "
        "Limits of several rows do not add up to those of their sum."
    )


def _name(row: pd.Series, measure: str) -> str:
    start = row["start"]
    return str(start.year) if measure == "yearly" else f"{MONTHS[start.month - 1]} {start.year}"


def _cell(row: pd.Series) -> str:
    known: dict[str, Any] = {str(name): value for name, value in row.items()}
    return f"{estimate_text(known)} ({interval(known)})"
