"""The tables of `sensitivity` in words: the sources of the level of each total."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lossmodel.evaluation.accountings import MOVES
from lossmodel.text.levels import ASSUMED
from lossmodel.text.numbers import factor, number, percent, percent_change

__all__ = ["describe_level"]

# Brevity of the text, chosen by hand.
NAMED_BLOCKS, NAMED_COMPONENTS = 3, 5
# Changes below 1%, or intervals wider by less than 5%, are within the Monte Carlo error of a
# thousand draws or close to it, and are not mentioned.
SMALL_CHANGE, SMALL_WIDENING = 0.01, 1.05


def describe_level(
    *,
    table: pd.DataFrame,
    powers: pd.DataFrame,
    variance_decomposition: pd.DataFrame,
    prior_range: pd.DataFrame,
) -> str:
    """One paragraph per quantity.

    Parameters
    ----------
    table, powers, variance_decomposition, prior_range
        As in `Sensitivity`; `table` with the rows of the fit itself.

    Examples
    --------
    >>> row = {"kind": "fit", "quantity": "killed north all", "median": 1020.0}
    >>> table = pd.DataFrame([row | {"lower": 800.0, "upper": 1300.0, "change": 0.0}])
    >>> none = pd.DataFrame({"quantity": []})
    >>> describe_level(table=table, powers=none, variance_decomposition=none, prior_range=none)[:50]
    'killed north all: 1,020 (800 to 1,300, 95%). No co'
    """
    paragraphs = []
    for quantity in table["quantity"].drop_duplicates():
        of = table[table["quantity"] == quantity]
        sentences = [
            _level(of, quantity),
            _prior(variance_decomposition[variance_decomposition["quantity"] == quantity]),
            _claimants(of[of["kind"] == "claimant"]),
            _components(of[of["kind"] == "part"]),
            _accountings(of[of["kind"] == "accounting"]),
            _blocks(powers[powers["quantity"] == quantity]),
            _common_mode(of[of["kind"] == "common mode"]),
            _range(prior_range[prior_range["quantity"] == quantity]),
        ]
        paragraphs.append(" ".join(filter(None, sentences)))
    return "\n\n".join(paragraphs)


def _numbers(row: pd.Series) -> tuple[str, str]:
    """The median, and the limits with a word between them."""
    limits = row["lower"], row["upper"]
    lower, upper = (number(limit, *limits) for limit in limits)
    return number(row["median"], *limits), f"{lower} to {upper}"


def _level(rows: pd.DataFrame, quantity: str) -> str:
    median, limits = _numbers(rows[rows["kind"] == "fit"].iloc[0])
    return f"{quantity}: {median} ({limits}, 95%)."


def _prior(variance: pd.DataFrame) -> str:
    if variance.empty:
        return ""
    first = variance.iloc[0]
    text = (
        f"The sd of its log is {first['prior_sd']:.2f} a priori and {first['posterior_sd']:.2f} "
        f"a posteriori; priors carry {percent(first['prior_share'])} of the posterior variance"
    )
    largest = variance.sort_values("share", ascending=False).head(NAMED_BLOCKS)
    named = [f"{row['block']} {percent(row['share'])}" for _, row in largest.iterrows()]
    text += f" ({', '.join(named)})."
    if first["prior_share"] > ASSUMED:
        text += " The level is set by assumptions."
    return text


def _claimants(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    ordered = rows.reindex(rows["change"].abs().sort_values(ascending=False).index)
    first = ordered.iloc[0]
    if abs(first["change"]) < SMALL_CHANGE:
        return "Leaving out any one claimant moves the median by less than 1%."
    text = f"Without {first['name']} the median moves by {percent_change(first['change'])}"
    if len(ordered) > 1:
        second = ordered.iloc[1]
        text += f", without {second['name']} by {percent_change(second['change'])}"
    if len(ordered) > 2:
        text += ", without any other by less"
    widest = rows.sort_values("width").iloc[-1]
    if widest["width"] > SMALL_WIDENING:
        text += (
            f"; the interval widens most without {widest['name']}, {factor(widest['width'])} times"
        )
    return text + "."


def _components(rows: pd.DataFrame) -> str:
    moved = rows[rows["change"].abs() >= SMALL_CHANGE]
    moved = moved.reindex(moved["change"].abs().sort_values(ascending=False).index)
    if moved.empty:
        return "No component of the model moves it by as much as 1% when switched off."
    named = [
        f"{r['name'].replace('_', ' ')} {percent_change(r['change'])}" for _, r in moved.iterrows()
    ]
    named = named[:NAMED_COMPONENTS]
    return f"Changes with components of the model switched off, one at a time: {', '.join(named)}."


def _accountings(rows: pd.DataFrame) -> str:
    """Both answers where another accounting of a side's own count moves the total."""
    if rows.empty:
        return ""
    moved = rows[rows["shift"].abs() > MOVES]
    if moved.empty:
        return (
            "Another accounting of a side's own count moves the median by at most "
            f"{MOVES:g} posterior sd."
        )
    named = []
    for _, row in moved.iterrows():
        median, limits = _numbers(row)
        count, _, accounting = row["name"].partition(": ")
        named.append(f"{count} as {accounting} {median} ({limits}), {row['shift']:+.2f} sd")
    return f"With another accounting of a side's own count: {'; '.join(named)}."


def _blocks(powers: pd.DataFrame) -> str:
    if powers.empty:
        return ""
    first = powers.iloc[int(powers["location"].abs().argmax())]
    widest = powers.iloc[int(powers["spread"].abs().argmax())]
    return (
        f"Doubling the power of a prior moves the median most for {first['block']}, by "
        f"{first['location']:+.2f} posterior sd, and the sd most for {widest['block']}, by "
        f"{percent_change(np.expm1(widest['spread']))}."
    )


def _common_mode(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    totals = [
        "{} ({}) at {:.2f}".format(*_numbers(row), row["value"])
        for _, row in rows.sort_values("value").iterrows()
    ]
    return f"By the sd of the common mode: {', '.join(totals)}."


def _range(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    row = rows.iloc[0]
    low, high = (number(row[end], row["low"], row["high"]) for end in ("low", "high"))
    return f"Over plausible priors the median runs from {low} to {high} ({row['note']})."
