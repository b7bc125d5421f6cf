"""Rules for the rows of a conflict's own tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lossmodel.conflict.types import cycle
from lossmodel.tables.cells import Flagger
from lossmodel.tables.names import alike
from lossmodel.tables.problems import one_of
from lossmodel.tables.schema import STREAM
from lossmodel.text.spelling import nearest

__all__ = ["check_claimants", "check_streams", "check_truth"]


def check_claimants(table: pd.DataFrame, flagger: Flagger) -> None:
    """Note names that are alike, and figures derived from unknown claimants, or in a circle.

    Parameters
    ----------
    table
        Parsed `claimants.csv`.
    flagger
        Where problems are noted.
    """
    known = table["claimant"].tolist()
    links = {
        name: tuple(filter(None, (part.strip() for part in text.split(";"))))
        for name, text in zip(known, table["derived_from"], strict=True)
    }
    for name, other in alike(known).items():
        here = (table["claimant"] == name).to_numpy(dtype=bool)
        allowed = "names that differ in more than capital letters"
        flagger.flag(here, "claimant", allowed=allowed, remedy=f"Rename it: there is {other}")
    circular = set(cycle(links))
    for i, name in enumerate(known):
        here = np.arange(len(known)) == i
        for other in [other for other in links[name] if other not in links]:
            close = nearest(other, known)
            remedy = f"Did you mean {close}?" if close else "Add it to claimants.csv or correct it"
            flagger.flag(here, "derived_from", allowed=one_of(known), remedy=remedy)
        if name in circular:
            allowed = "claimants whose figures do not come from this one"
            flagger.flag(here, "derived_from", allowed=allowed, remedy="Break the circle")


def check_streams(table: pd.DataFrame, flagger: Flagger) -> None:
    """Note a second row for the same claimant, party and category.

    Parameters
    ----------
    table
        Parsed `streams.csv`.
    flagger
        Where problems are noted.
    """
    again = table.duplicated(STREAM).to_numpy(dtype=bool)
    flagger.flag(
        again,
        "accounting",
        allowed="one row per claimant, party and category",
        remedy="Keep one of the rows",
    )


def check_truth(
    table: pd.DataFrame, flagger: Flagger, *, start: pd.Timestamp | None
) -> pd.DataFrame:
    """Note values outside their limits, and fill empty starts.

    Parameters
    ----------
    table
        Parsed `truth.csv`.
    flagger
        Where problems are noted.
    start
        First day of the conflict, which an empty start means.

    Returns
    -------
    table
        The table with its starts filled.
    """
    table = table.assign(start=table["start"].fillna(start))
    late = (table["end"] < table["start"]).to_numpy()
    flagger.flag(late, "end", allowed="a day from start on", remedy="Give start <= end")
    value, low, high, level = (table[name] for name in ("value", "low", "high", "ci_prob"))
    nothing = (value.isna() & (low.isna() | high.isna())).to_numpy()
    empty = nothing & (flagger.text("value") == "").to_numpy(dtype=bool)
    flagger.flag(empty, "value", allowed="a number, or low and high", remedy="Give the value")
    for column in ("value", "low", "high"):
        negative = (table[column] < 0).to_numpy()
        flagger.flag(negative, column, allowed="a number from 0 on", remedy="Correct the sign")
    crossed = ((low > high) | (value < low)).to_numpy()
    flagger.flag(crossed, "low", allowed="low <= value <= high", remedy="Correct the limits")
    over = ((value > high) & ~(low > high)).to_numpy()
    flagger.flag(over, "high", allowed="low <= value <= high", remedy="Correct the limits")
    outside = ((level <= 0) | (level >= 1)).to_numpy()
    remedy = "Write 0.95 for an interval of 95%"
    flagger.flag(outside, "ci_prob", allowed="a number between 0 and 1", remedy=remedy)
    return table
