"""The tables of `sensitivity` in words: the sources of the level of each total."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lossmodel.text.levels import ASSUMED

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
            _blocks(powers[powers["quantity"] == quantity]),
            _common_mode(of[of["kind"] == "common mode"]),
            _range(prior_range[prior_range["quantity"] == quantity]),
        ]
        paragraphs.append(" ".join(filter(None, sentences)))
    return "\n\n".join(paragraphs)


def number(value: float) -> str:
    """A count to three significant digits, with separators.

    Examples
    --------
    >>> number(87_129.4), number(432.1)
    ('87,100', '432')
    """
    if value <= 0 or not np.isfinite(value):
        return f"{value:,.0f}"
    digits = max(0, int(np.floor(np.log10(value))) - 2)
    return f"{round(value, -digits):,.0f}"


def _percent(share: float) -> str:
    return f"{share * 100:+.0f}%"


def _level(rows: pd.DataFrame, quantity: str) -> str:
    own = rows[rows["kind"] == "fit"].iloc[0]
    limits = f"{number(own['lower'])} to {number(own['upper'])}"
    return f"{quantity}: {number(own['median'])} ({limits}, 95%)."


def _prior(variance: pd.DataFrame) -> str:
    if variance.empty:
        return ""
    first = variance.iloc[0]
    text = (
        f"The sd of its log is {first['prior_sd']:.2f} a priori and {first['posterior_sd']:.2f} "
        f"a posteriori; priors carry {first['prior_share'] * 100:.0f}% of the posterior variance"
    )
    largest = variance.sort_values("share", ascending=False).head(NAMED_BLOCKS)
    named = [f"{row['block']} {row['share'] * 100:.0f}%" for _, row in largest.iterrows()]
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
    text = f"Without {first['name']} the median moves by {_percent(first['change'])}"
    if len(ordered) > 1:
        second = ordered.iloc[1]
        text += f", without {second['name']} by {_percent(second['change'])}"
    if len(ordered) > 2:
        text += ", without any other by less"
    widest = rows.sort_values("width").iloc[-1]
    if widest["width"] > SMALL_WIDENING:
        text += f"; the interval widens most without {widest['name']}, {widest['width']:.2f} times"
    return text + "."


def _components(rows: pd.DataFrame) -> str:
    moved = rows[rows["change"].abs() >= SMALL_CHANGE]
    moved = moved.reindex(moved["change"].abs().sort_values(ascending=False).index)
    if moved.empty:
        return "No component of the model moves it by as much as 1% when switched off."
    named = [f"{r['name'].replace('_', ' ')} {_percent(r['change'])}" for _, r in moved.iterrows()]
    named = named[:NAMED_COMPONENTS]
    return f"Changes with components of the model switched off, one at a time: {', '.join(named)}."


def _blocks(powers: pd.DataFrame) -> str:
    if powers.empty:
        return ""
    first = powers.iloc[int(powers["location"].abs().argmax())]
    widest = powers.iloc[int(powers["spread"].abs().argmax())]
    return (
        f"Doubling the power of a prior moves the median most for {first['block']}, by "
        f"{first['location']:+.2f} posterior sd, and the sd most for {widest['block']}, by "
        f"{_percent(np.expm1(widest['spread']))}."
    )


def _common_mode(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    totals = [
        f"{number(r['median'])} ({number(r['lower'])} to {number(r['upper'])}) at {r['value']:.2f}"
        for _, r in rows.sort_values("value").iterrows()
    ]
    return f"By the sd of the common mode: {', '.join(totals)}."


def _range(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return (
        f"Over plausible priors the median runs from {number(row['low'])} to "
        f"{number(row['high'])} ({row['note']})."
    )
