"""What fixes the level, in plain words with numbers, from the tables of `sensitivity`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lossmodel.text.levels import ASSUMED

__all__ = ["what_fixes_the_level"]

NAMED_BLOCKS = 3
# A change of the median by less than this is not worth a clause.
SMALL = 0.01


def what_fixes_the_level(
    *, table: pd.DataFrame, powers: pd.DataFrame, shares: pd.DataFrame, ranges: pd.DataFrame
) -> str:
    """One paragraph a quantity.

    Parameters
    ----------
    table, powers, shares, ranges
        As in `Sensitivity`; `table` with the fit's own rows.
    """
    paragraphs = []
    for quantity in table["quantity"].drop_duplicates():
        of = table[table["quantity"] == quantity]
        sentences = [
            _level(of, quantity),
            _prior(shares[shares["quantity"] == quantity]),
            _claimants(of[of["kind"] == "claimant"]),
            _parts(of[of["kind"] == "part"]),
            _blocks(powers[powers["quantity"] == quantity]),
            _common(of[of["kind"] == "common mode"]),
            _range(ranges[ranges["quantity"] == quantity]),
        ]
        paragraphs.append(" ".join(filter(None, sentences)))
    return "\n\n".join(paragraphs)


def number(value: float) -> str:
    """A count to three digits, with separators.

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


def _prior(shares: pd.DataFrame) -> str:
    if shares.empty:
        return ""
    first = shares.iloc[0]
    text = (
        f"Before any claim its log had an sd of {first['prior_sd']:.2f}, with them it has "
        f"{first['posterior_sd']:.2f}; {first['prior_share'] * 100:.0f}% of what is left of the "
        "variance is doubt of the priors that no claim has settled"
    )
    largest = shares.sort_values("share", ascending=False).head(NAMED_BLOCKS)
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
    if abs(first["change"]) < SMALL:
        return "No claimant moves the median by as much as 1% when it is left out."
    text = f"Without {first['name']} the median moves by {_percent(first['change'])}"
    if len(ordered) > 1:
        second = ordered.iloc[1]
        text += f", without {second['name']} by {_percent(second['change'])}"
    widest = rows.sort_values("width").iloc[-1]
    text += ", and without any other by less"
    if widest["width"] > 1.05:
        text += f"; the interval widens most without {widest['name']}, {widest['width']:.2f} times"
    return text + "."


def _parts(rows: pd.DataFrame) -> str:
    moved = rows[rows["change"].abs() >= SMALL]
    moved = moved.reindex(moved["change"].abs().sort_values(ascending=False).index)
    if moved.empty:
        return "No part of the model moves it by as much as 1% when it is switched off."
    named = [f"{r['name'].replace('_', ' ')} {_percent(r['change'])}" for _, r in moved.iterrows()]
    return f"Parts of the model, switched off one at a time: {', '.join(named[:5])}."


def _blocks(powers: pd.DataFrame) -> str:
    if powers.empty:
        return ""
    first = powers.iloc[int(powers["location"].abs().argmax())]
    widest = powers.iloc[int(powers["spread"].abs().argmax())]
    return (
        f"Of the priors, {first['block']} pulls hardest: believed twice as firmly it moves the "
        f"median by {first['location']:+.2f} posterior sd; {widest['block']} sets the width most, "
        f"{_percent(np.expm1(widest['spread']))} on the sd."
    )


def _common(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    parts = [
        f"{number(r['median'])} ({number(r['lower'])} to {number(r['upper'])}) at {r['value']:.2f}"
        for _, r in rows.sort_values("value").iterrows()
    ]
    return f"With the sd of the common mode: {', '.join(parts)}."


def _range(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return (
        f"Over reasonable priors the median runs from {number(row['low'])} to "
        f"{number(row['high'])} ({row['note']})."
    )
