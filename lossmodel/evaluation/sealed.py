"""Sealed predictions as files, and their scores once the figures have been published."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.arguments import day_of
from lossmodel.errors import UsageError
from lossmodel.evaluation.scores import LEVELS, TruthValue, percent_name, score
from lossmodel.tables.files import read_text
from lossmodel.tables.schema import SERIES
from lossmodel.tables.vocabulary import KINDS, names_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lossmodel.claims.claims import Claims

__all__ = ["FORMAT", "digest", "read_sealed", "score_sealed", "summarise_scores"]

FORMAT: Final = 1
NAMES: Final = (*SERIES, "accounting")
KEYS: Final = {"as_of", "conflict", "last_day", "retrospective", "sealed"}
# A figure this far from the date of a prediction is compared with it, at its own date.
NEAR: Final = 7


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content without its own hash, as JSON with sorted keys and no blanks."""
    rest = {name: value for name, value in content.items() if name != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_sealed(path: str | Path) -> dict[str, Any]:
    """Read a sealed set.

    Raises
    ------
    UsageError
        It is no sealed set, was changed since, or has predictions of another form, such as days
        that are not in their order.
    """
    try:
        content = json.loads(read_text(Path(path)))
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} is not a sealed set of predictions: {problem}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("predictions"), list):
        raise UsageError(f"{path} is not a sealed set of predictions.")
    if content.get("format") != FORMAT:
        raise UsageError(
            f"{path} has format {content.get('format')!r}; this version reads {FORMAT}."
        )
    if content.get("sha256") != digest(content):
        raise UsageError(f"{path} was changed since it was sealed: its hash is another one.")
    if not content.keys() >= KEYS:
        missing = ", ".join(sorted(KEYS - content.keys()))
        raise UsageError(f"{path} is a set that this version cannot read: it has no {missing}.")
    for number, found in enumerate(content["predictions"], 1):
        if not _is_prediction(found):
            raise UsageError(
                f"{path} has predictions that this version cannot read: prediction {number} needs "
                f"texts {', '.join(NAMES)}, a last figure, and days YYYY-MM-DD after it, in their "
                "order, each with as many numbers."
            )
    return content


def _is_prediction(found: Any) -> bool:
    """Whether an entry has the keys of a prediction, days in their order, and numbers at each."""
    try:
        last, dates = found["last"], found["dates"]
        days = [day_of(one["date"], "date") for one in (last, *dates)]
        values = [np.array(last["value"]), np.array([one["added"] for one in dates])]
        names = [found[name] for name in NAMES]
    # A ragged list, or one of no numbers, is a ValueError.
    except (LookupError, TypeError, ValueError, UsageError):
        return False
    ordered = all(a is not None and b is not None and a < b for a, b in pairwise(days))
    known = all(isinstance(name, str) for name in names) and all(map(_are_numbers, values))
    return ordered and known and [value.ndim for value in values] == [0, 2]


def _are_numbers(values: np.ndarray) -> bool:
    return values.size > 0 and values.dtype.kind in "if" and bool(np.isfinite(values).all())


def score_sealed(sealed: Mapping[str, Any], claims: Claims) -> pd.DataFrame:
    """Score sealed predictions against claims that have been published since.

    Each date of a prediction is compared with the claim of its stream that is known nearest to it,
    within a week. At the claim's own date the values of the prediction are interpolated linearly
    between its dates.

    Parameters
    ----------
    sealed
        As from `seal` or `read_sealed`.
    claims
        Claims with those that were to come.

    Returns
    -------
    DataFrame
        A row per date and stream that has a claim: its series, accounting, `date` (predicted),
        `known`, `published`, `figure`, `added` (since the last figure of the set), and of the
        losses added the columns of `scores.score`, on the log scale.

    Raises
    ------
    UsageError
        The claims are of another conflict, or a prediction is not as `seal` makes them.
    """
    if sealed["conflict"] != claims.conflict.name:
        raise UsageError(
            f"The predictions are about {sealed['conflict']}, the claims about "
            f"{claims.conflict.name}; give the same conflict."
        )
    rows: list[dict[str, Any]] = []
    try:
        for prediction in sealed["predictions"]:
            rows += _scores(prediction, _published_since(prediction, claims.table, sealed))
    # Whoever can write a hash can write anything else, too.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        raise UsageError(f"The predictions are not those of a sealed set: {problem}.") from problem
    return pd.DataFrame(rows)


def _published_since(
    prediction: Mapping[str, Any], table: pd.DataFrame, sealed: Mapping[str, Any]
) -> pd.DataFrame:
    """Claims of a stream that were published after the set was made."""
    frozen = sealed["as_of"] or sealed["last_day"]
    after = pd.Timestamp(frozen if sealed["retrospective"] else sealed["sealed"])
    same = (
        table["kind"].isin(names_with(KINDS, "running"))
        & table["value"].notna()
        & (table["via"] == "")
    )
    for name in SERIES:
        same &= table[name] == prediction[name]
    new = (table["published"] > after) & (table["known"] > pd.Timestamp(prediction["last"]["date"]))
    return table[same & new]


def _scores(prediction: Mapping[str, Any], found: pd.DataFrame) -> Iterator[dict[str, Any]]:
    last = prediction["last"]
    begin = pd.Timestamp(last["date"])
    days = [0, *((pd.Timestamp(one["date"]) - begin).days for one in prediction["dates"])]
    values = np.array(
        [
            np.zeros(len(prediction["dates"][0]["added"])),
            *(one["added"] for one in prediction["dates"]),
        ]
    )
    taken: set[str] = set()
    for one in prediction["dates"]:
        off = (found["known"] - pd.Timestamp(one["date"])).abs()
        near = found[(off <= pd.Timedelta(days=NEAR)) & ~found["claim_id"].isin(taken)]
        if near.empty:
            continue
        claim = near.iloc[int(off[near.index].argmin())]
        taken.add(str(claim["claim_id"]))
        place = (claim["known"] - begin).days
        draws = np.array([np.interp(place, days, path) for path in values.T])
        more = float(claim["value"]) - last["value"]
        yield {
            **{name: prediction[name] for name in NAMES},
            "date": one["date"],
            "known": claim["known"],
            "published": claim["published"],
            "figure": float(claim["value"]),
            "added": more,
            **score(draws, TruthValue.read(max(more, 0.0))),
        }


def summarise_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Coverage, CRPS and PIT by accounting, and over all.

    Returns
    -------
    DataFrame
        `accounting, figures`, coverage by level, `crps`, `mean_pit`. Figures of one stream share
        their errors, so that few streams say little.
    """
    covered = [f"covered_{percent_name(level)}" for level in LEVELS]
    rows = []
    for name, part in [*scores.groupby("accounting"), ("all", scores)]:
        line = {"accounting": name, "figures": len(part)}
        line |= {column: part[column].mean() for column in (*covered, "crps")}
        rows.append(line | {"mean_pit": part["pit"].mean()})
    return pd.DataFrame(rows)
