"""Sealed predictions as files, and their scores once the figures have been published."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.evaluation.scores import LEVELS, TruthValue, percent_name, score
from lossmodel.tables.files import read_text
from lossmodel.tables.vocabulary import KINDS, names_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lossmodel.claims.claims import Claims

__all__ = ["FORMAT", "SERIES", "digest", "read_sealed", "score_sealed", "summarise_scores"]

FORMAT: Final = 1
SERIES: Final = ("claimant", "party", "category", "scope")
KEYS: Final = {"as_of", "last_day", "retrospective", "sealed"}
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
        It is no sealed set, or was changed since.
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
    if not (content.keys() >= KEYS and all(map(_is_prediction, content["predictions"]))):
        raise UsageError(f"{path} has predictions that this version cannot read.")
    return content


def _is_prediction(found: Any) -> bool:
    """Whether an entry has the keys of a prediction, and as many values at each of its dates."""
    if not isinstance(found, dict) or not found.keys() >= {*SERIES, "accounting", "last", "dates"}:
        return False
    dates = found["dates"]
    whole = isinstance(dates, list) and all(d.keys() >= {"date", "added"} for d in dates)
    return whole and len({len(d["added"]) for d in dates}) == 1


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
            **{name: prediction[name] for name in (*SERIES, "accounting")},
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
