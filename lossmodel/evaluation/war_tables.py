"""Summaries of the scores of past wars, and the scores that are kept with the package.

Wars have equal weight, whatever the number of their truths: truths of one war are not independent.
A truth that was public at a stage is not counted there, except in comparisons of stages. The CRPS
of a rule of thumb is its absolute log error, because its forecast is one number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from lossmodel.conflict.shipped import data_dir
from lossmodel.evaluation.wars import ALL_CLAIMS, KEYS, LAST_DAY, RULES, STAGES

__all__ = [
    "PAIR_RULES",
    "by_date",
    "by_rule",
    "by_stage",
    "by_war",
    "late_changes",
    "missed",
    "pair_summary",
    "pit_fifths",
    "read_kept",
    "windows",
    "write_kept",
]

KEPT: Final = {"wars": "scores.csv", "pairs": "pair-scores.csv"}
PAIR_RULES: Final = ("face_value", "adversary_halved")
COVERED: Final = ["covered_50", "covered_80", "covered_95"]
MEANS: Final = [*COVERED, "crps", "log_score", "interval_score_95", "pit"]


def read_kept(name: str) -> pd.DataFrame | None:
    """The kept scores of `wars` or of `pairs`; None if the data folder has none.

    Examples
    --------
    >>> bool((read_kept("pairs")["cluster"] == read_kept("pairs")["left_out"]).all())
    True
    """
    file = data_dir() / "wars" / KEPT[name]
    return pd.read_csv(file) if file.is_file() else None


def write_kept(name: str, table: pd.DataFrame, folder: Path | None = None) -> Path:
    """Keep scores where `read_kept` looks for them, or in another folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(write_kept("wars", pd.DataFrame({"crps": [0.1]}), Path(folder)).name)
    scores.csv
    """
    place = data_dir() / "wars" if folder is None else folder
    place.mkdir(parents=True, exist_ok=True)
    file = place / KEPT[name]
    table.to_csv(file, index=False, lineterminator="\n", float_format="%.5g")
    return file


def windows(scores: pd.DataFrame, stage: str, *, public: bool = False) -> pd.DataFrame:
    """Scored truths of windows of several days at one stage; of single days if a war has no other.

    Parameters
    ----------
    public
        Whether to keep truths that were known by then, which the claims may repeat.

    Examples
    --------
    >>> rows = pd.DataFrame({"war": ["a", "a", "b"], "kind": ["window", "day", "day"]})
    >>> rows = rows.assign(stage="all claims", public=[False, False, True])
    >>> len(windows(rows, "all claims")), len(windows(rows, "all claims", public=True))
    (1, 2)
    """
    rows = _main(scores)
    rows = rows[rows["stage"] == stage]
    return rows if public else rows[~rows["public"].astype(bool)]


def _main(scores: pd.DataFrame) -> pd.DataFrame:
    """Scored windows, and the single days of wars that have no longer window."""
    longer = scores["kind"] == "window"
    only_days = (scores["kind"] == "day") & ~scores["war"].isin(scores.loc[longer, "war"])
    return scores[longer | only_days]


def by_war(scores: pd.DataFrame, stage: str = ALL_CLAIMS) -> pd.DataFrame:
    """One row per war, and one of the wars' means named `mean`: coverage, scores, rules.

    Returns
    -------
    DataFrame
        `war, title, truths`, means of coverage, CRPS, log score, interval score and PIT, the median
        `ratio` of the interval's limits, `abs_error`, and the mean absolute error of each rule.

    Examples
    --------
    >>> row = {"war": "a", "title": "A", "stage": "all claims", "kind": "window", "error": -0.5}
    >>> row |= {"public": False}
    >>> row |= dict.fromkeys(MEANS, 0.0) | dict.fromkeys(RULES, 0.7) | {"ratio": 3.0}
    >>> by_war(pd.DataFrame([row]))[["war", "truths", "abs_error", "log_mean"]].values.tolist()
    [['a', 1, 0.5, 0.7], ['mean', 1, 0.5, 0.7]]
    """
    rows = windows(scores, stage)
    found = [_line(str(war), own) for war, own in rows.groupby("war", sort=True)]
    table = pd.DataFrame(found)
    if found:
        numbers = table.drop(columns=["war", "title", "truths"]).astype(float).mean()
        whole = {"war": "mean", "title": "All wars, equal weights", "truths": len(rows)}
        table = pd.concat([table, pd.DataFrame([whole | numbers.to_dict()])], ignore_index=True)
    return table


def _line(war: str, rows: pd.DataFrame) -> dict[str, Any]:
    line: dict[str, Any] = {"war": war, "title": rows["title"].iloc[0], "truths": len(rows)}
    line |= {name: float(rows[name].mean()) for name in MEANS}
    line |= {"ratio": rows["ratio"].median(), "abs_error": rows["error"].abs().mean()}
    return line | {rule: rows[rule].astype(float).abs().mean() for rule in RULES}


def pit_fifths(scores: pd.DataFrame, stage: str = ALL_CLAIMS) -> list[float]:
    """Share of the PITs in each fifth of (0, 1), every war with the same weight, shape (5,).

    Examples
    --------
    >>> row = {"war": "a", "stage": "all claims", "kind": "window", "pit": 0.97}
    >>> row |= {"public": False}
    >>> pit_fifths(pd.DataFrame([row]))
    [0.0, 0.0, 0.0, 0.0, 1.0]
    """
    shares = [
        np.histogram(own["pit"].astype(float), np.linspace(0, 1, 6))[0] / len(own)
        for _, own in windows(scores, stage).groupby("war")
    ]
    return [float(share) for share in np.mean(shares, axis=0)] if shares else []


def by_date(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over wars at each stage, of the truths that are due then: the columns of `by_war`."""
    found = [by_war(scores, stage).tail(1).assign(stage=stage) for stage in STAGES]
    table = pd.concat([rows for rows in found if len(rows)], ignore_index=True)
    wars = {stage: windows(scores, stage)["war"].nunique() for stage in STAGES}
    table.insert(0, "wars", table["stage"].map(wars))
    table.insert(0, "stage", table.pop("stage"))
    return table.drop(columns=["war", "title"])


def by_rule(scores: pd.DataFrame) -> pd.DataFrame:
    """The model beside each rule of thumb, on the truths for which the rule has an answer.

    Returns
    -------
    DataFrame
        `stage, rule, wars, truths, crps` and `abs_error` of the model, `rule_error`, and `better`,
        the number of wars in which the model's CRPS is below the error of the rule.
    """
    found = []
    for stage in (LAST_DAY, ALL_CLAIMS):
        rows = windows(scores, stage)
        for rule in RULES:
            answered = rows[rows[rule].notna()]
            if answered.empty:
                continue
            table = answered.assign(
                abs_error=answered["error"].abs(), rule_error=answered[rule].astype(float).abs()
            )
            wars = table.groupby("war")[["crps", "abs_error", "rule_error"]].mean()
            line = {"stage": stage, "rule": rule, "wars": len(wars), "truths": len(answered)}
            better = int((wars["crps"] < wars["rule_error"]).sum())
            found.append(line | wars.mean().to_dict() | {"better": better})
    return pd.DataFrame(found)


def by_stage(scores: pd.DataFrame) -> pd.DataFrame:
    """Ratio of estimate to truth at each stage: one row per truth of a window."""
    rows = _main(scores)
    rows = rows.assign(estimate_to_truth=np.exp(rows["error"].astype(float)))
    table = rows.pivot_table("estimate_to_truth", ["war", *KEYS], "stage", aggfunc="first")
    return table[[stage for stage in STAGES if stage in table]].reset_index()


def late_changes(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of the truths that are scored both on the last day and with all claims.

    Returns
    -------
    DataFrame
        One row per war and one named `mean`: `truths`, the mean absolute log error and CRPS at both
        stages, and `worse`, the share of truths whose absolute error is larger with all claims.
    """
    keys = ["war", *KEYS]
    early, late = (windows(scores, stage, public=True) for stage in (LAST_DAY, ALL_CLAIMS))
    both = early.merge(late, on=keys, suffixes=("_last_day", "_all"))
    for name in ("last_day", "all"):
        both[f"abs_error_{name}"] = both[f"error_{name}"].astype(float).abs()
    both["worse"] = (both["abs_error_all"] > both["abs_error_last_day"]).astype(float)
    columns = ["abs_error_last_day", "abs_error_all", "crps_last_day", "crps_all", "worse"]
    wars = both.groupby("war")[columns].mean()
    wars.insert(0, "truths", both.groupby("war").size())
    whole = wars.mean().to_frame("mean").T.assign(truths=len(both))
    return pd.concat([wars, whole]).rename_axis("war").reset_index()


def missed(scores: pd.DataFrame, stage: str = ALL_CLAIMS) -> pd.DataFrame:
    """Truths of windows outside their 95% intervals."""
    rows = windows(scores, stage)
    return rows[rows["covered_95"] == 0]


def pair_summary(pairs: pd.DataFrame) -> pd.DataFrame:
    """Scores of pairs by role and class, every cluster with the same weight."""
    rules = list(PAIR_RULES)
    table = pairs.assign(abs_error=pairs["error"].abs(), **{r: pairs[r].abs() for r in rules})
    columns = [*MEANS, "ratio", "abs_error", *rules]
    keys = ["role", "class"]
    wars = table.groupby([*keys, "cluster"])[columns].mean()
    found = wars.groupby(keys).mean()
    found.insert(0, "claimants", table.groupby(keys).size())
    found.insert(0, "wars", wars.groupby(keys).size())
    return found.reset_index()
