"""Why published figures differ from the headlines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from lossmodel.conflict.titles import Names, short_names
from lossmodel.report.blocks import Block, Section, Table, Text
from lossmodel.report.differences import PARTS, differences
from lossmodel.report.sources import Sources
from lossmodel.report.wording import (
    category_title,
    claimant_names,
    claimed,
    interval,
    level,
    main_categories,
    party_title,
)
from lossmodel.tables.vocabulary import ACCOUNTINGS, QUALIFIERS
from lossmodel.text.months import date
from lossmodel.text.numbers import factor, number, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from lossmodel.report.blocks import Cell
    from lossmodel.report.results import Results

__all__ = ["OTHERS_FILE", "others_section"]

TITLE: Final = "Why others differ"
OTHERS_FILE: Final = "others.csv"
LATEST: Final = 3  # estimates about each headline: as many as fit on a screen
NUMERIC: Final = frozenset(range(2, 10))
NAMES: Final = {
    "log_definition": "Definition",
    "log_scope": "Scope",
    "log_date": "Date",
    "log_rest": "Rest",
}


def others_section(results: Results) -> Section:
    """Published figures beside the headlines, and the four parts of each difference."""
    table = differences(results)
    table = table[table[list(PARTS)].map(math.isfinite).all(axis=1)]
    if table.empty:
        return Section("others", TITLE, [])
    return Section(
        "others",
        TITLE,
        [
            *_method(results, table),
            _latest(results, table),
            *_largest(results, table),
            _all(results, table),
        ],
    )


def _method(results: Results, table: pd.DataFrame) -> Iterator[Block]:
    """The headlines, and the four steps with their order."""
    fit = results.fit
    heads = table.drop_duplicates(["headline_party", "headline_category"])
    heads = heads[~heads["per_day"].astype(bool)]
    totals = "; ".join(
        f"{party_title(fit.conflict, row['headline_party'])}, "
        f"{category_title(fit, row['headline_category'])}: {_headline(results, row)}"
        for row in heads.to_dict("records")
    )
    yield Text(
        "Each figure is divided by the headline of the same party, which counts all its forces "
        f"from the first day to {date(fit.days[-1])}: {totals}. The ratio is the product of four "
        "factors, one for each step from the published figure to the headline. A factor of 1.00 "
        "is no difference."
    )
    yield Text(
        "The definition is the fit’s total of what the figure counts, over its total of the "
        "headline’s category, both for the figure’s forces and days. The scope is that second "
        "total over one of all forces of the party, for the same days. The date is this third "
        "total over the headline, which counts all days. The rest is the published figure over "
        "the first total: the error of the figure and of this fit or, for a list of names, the "
        "share of the names that it has. All totals are posterior medians, so the product of the "
        "four factors is the ratio "
        "exactly. A claimant may leave its word undefined. Then the definition includes the share "
        "of the wounded that the fit finds in its figures; for a derived figure this share comes "
        "from the prior. If the share of a scope in the losses is unknown, the scope counts in the "
        "rest.",
        tone="small",
    )


def _headline(results: Results, row: dict[Any, Any]) -> str:
    total = results.total((row["headline_party"], row["headline_category"], "all"))
    return number(total["median"], total["lower"], total["upper"])


def _largest(results: Results, table: pd.DataFrame) -> list[Block]:
    """The largest part of most differences, and the estimate with the largest rest."""
    most = table[list(PARTS)].abs().idxmax(axis=1).value_counts()
    counts = ", ".join(
        f"the {NAMES[name].lower()} for {most[name]:,}" for name in PARTS if name in most
    )
    words = f"Of {plural(len(table), 'figure')} the largest part is {counts}."
    blocks: list[Block] = [Text(words, lead="Largest parts:")]
    own = table[_are_estimates(results, table)]
    for chosen, lead in (
        (own[own["class"] == "left out"], "Largest rest of a derived estimate:"),
        (own[own["class"] != "left out"], "Largest rest of a figure that the fit uses:"),
    ):
        if len(chosen):
            rest = chosen["log_rest"].abs()
            row = chosen[rest == rest.max()].to_dict("records")[0]
            blocks.append(Text(_paragraph(results, row), lead=lead))
    return blocks


def _are_estimates(results: Results, table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    # Without rows a list would choose columns.
    return np.array([_is_estimate(results, row) for row in table.to_dict("records")], dtype=bool)


def _is_estimate(results: Results, row: dict[Any, Any]) -> bool:
    """Whether a figure is an assessment of the whole, and no bound and no count of cases."""
    stream = results.fit.conflict.stream(row["claimant"], row["party"], row["category"])
    return ACCOUNTINGS[stream.accounting].assesses and not QUALIFIERS[row["qualifier"]].is_bound


def _paragraph(results: Results, row: dict[Any, Any]) -> str:
    fit = results.fit
    names = claimant_names(fit)
    ratio = math.exp(sum(row[name] for name in PARTS))
    parts = ", ".join(f"{NAMES[name].lower()} {_factor(row[name])}" for name in PARTS)
    unit = " per day" if row["per_day"] else ""
    words = (
        f"{names[row['claimant']]}: {_published(row)}{unit} for "
        f"{_losses(results, row)}, {_days(results, row)}. That is {factor(ratio)} times the "
        f"headline: {parts}. For the same definition, scope and days this fit has "
        f"{number(row['median'], row['lower'], row['upper'])}{unit} ({interval(row)}), "
    )
    if math.isnan(row["value"]):
        meets = row["low"] <= row["upper"] and row["lower"] <= row["high"]
        words += f"an interval that {'meets' if meets else 'does not meet'} the range. "
    else:
        inside = row["lower"] <= row["value"] <= row["upper"]
        words += f"an interval that {'holds' if inside else 'does not hold'} the figure. "
    if row["class"] == "left out":
        claimants = fit.conflict.claimants.set_index("claimant")["derived_from"]
        of = "; ".join(names[key] for key in claimants[row["claimant"]].split(";"))
        return words + f"Its authors computed it from the figures of {of}."
    return words + "The fit takes the rest for bias or error of the claimant."


def _latest(results: Results, table: pd.DataFrame) -> Table:
    """The last figures about each headline, each claimant once, and estimates before others."""
    heads = main_categories(results.fit)
    rows = table[table["category"].isin(heads) & ~table["per_day"].astype(bool)]
    rows = rows.assign(assesses=_are_estimates(results, rows))
    rows = rows.sort_values(["assesses", "end"], ascending=False, kind="stable")
    rows = rows.drop_duplicates(["claimant", "headline_party", "category"])
    rows = rows.groupby(["headline_party", "category"], sort=False).head(LATEST)
    rows = rows.sort_values(["headline_party", "category", "end"], kind="stable")
    names = short_names(results.fit.conflict)
    # Limits of those that have a value beside them are in the table of all.
    known = rows["value"].notna()
    rows = rows.assign(**{name: rows[name].mask(known) for name in ("low", "high")})
    records: list[dict[Any, Any]] = rows.to_dict("records")
    return Table(
        "others-latest",
        _columns(results),
        [_row(results, row, names) for row in records],
        caption=(
            f"The last {LATEST} figures of others about each headline: estimates of the whole, or "
            "where they are fewer also ledgers, lists and bounds. Beside each are its ratio to the "
            "headline, the four factors of the ratio, and the total of this fit for the same "
            "definition, scope and days."
        ),
        numeric=NUMERIC,
    )


def _all(results: Results, table: pd.DataFrame) -> Table:
    sources = Sources(results.fit.conflict)
    names = claimant_names(results.fit)
    records: list[dict[Any, Any]] = table.to_dict("records")
    return Table(
        "others",
        [*_columns(results), "In the fit", "Source"],
        [
            [
                *_row(results, row, names),
                "derived" if row["class"] == "left out" else row["class"],
                sources.link(str(row["source"])),
            ]
            for row in records
        ],
        caption=(
            "All figures that were derived from those that the fit uses, which it leaves out, and "
            "the latest total of each claimant that it uses."
        ),
        numeric=NUMERIC,
        search=True,
        page_only=True,
        instead=(
            f"All {len(table):,} figures are in {OTHERS_FILE} and, with links to their sources, in "
            "report.html."
        ),
        fold=f"All figures ({len(table):,})",
    )


def _columns(results: Results) -> list[str]:
    fit = f"This fit ({level(results.fit)} interval)"
    return ["Claimant", "Losses", "Days", "Published", "Ratio", *NAMES.values(), fit]


def _row(results: Results, row: dict[Any, Any], names: Names) -> list[Cell]:
    unit = " per day" if row["per_day"] else ""
    start = "" if row["start"] <= results.fit.days[0] else f"{row['start']:%Y-%m-%d} "
    return [
        names[row["claimant"]],
        _losses(results, row),
        f"{start}to {row['end']:%Y-%m-%d}",
        _published(row) + unit,
        factor(math.exp(sum(row[name] for name in PARTS))),
        *(_factor(row[name]) for name in NAMES),
        f"{number(row['median'], row['lower'], row['upper'])}{unit} ({interval(row)})",
    ]


def _losses(results: Results, row: dict[Any, Any]) -> str:
    scope = "" if row["scope"] == "all" else f" ({row['scope']})"
    fit = results.fit
    return (
        f"{party_title(fit.conflict, row['party'])}, {category_title(fit, row['category'])}{scope}"
    )


def _days(results: Results, row: dict[Any, Any]) -> str:
    start = "" if row["start"] <= results.fit.days[0] else f"{date(row['start'])} "
    return f"{start}to {date(row['end'])}"


def _published(row: dict[Any, Any]) -> str:
    return claimed(row["value"], row["low"], row["high"], row["qualifier"])


def _factor(log: float) -> str:
    return factor(math.exp(log))
