"""Refits for the paper: claims frozen at dates, other sds of the common mode."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

import lossmodel as lm
from lossmodel.evaluation import variants
from lossmodel.evaluation.backtest import Backtest
from lossmodel.evaluation.tasks import Report, run_tasks
from lossmodel.inference.run import EngineName
from lossmodel.posterior.fit import Fit
from lossmodel.query import answer_query

# The smallest and the largest of the sds of the common mode in the package's reports.
COMMON_SDS = (min(variants.COMMON_SDS), max(variants.COMMON_SDS))
HEADLINES = tuple(
    f"{category} {party}"
    for party in ("russia", "ukraine")
    for category in ("killed", "casualties")
)
COMPARED = ("killed", "casualties")


@dataclass(frozen=True, eq=False)
class Refits:
    """Results of the refits.

    Attributes
    ----------
    engine
        Engine of the refits.
    past, battle
        Backtests of the fitted conflict and of the Battle of Britain.
    published
        One row per total that others computed from the same kind of claims: `claim_id, claimant,
        published, party, category, scope, end, value, low, high`, and of this model `at` (the last
        day of its total), `median, lower, upper` from claims published by the same day.
    other_common_sds
        Totals under other sds of the common mode: `common_sd, quantity, median, lower, upper`.
    """

    engine: str
    past: Backtest
    battle: Backtest
    published: pd.DataFrame
    other_common_sds: pd.DataFrame


def refit(fit: Fit, *, engine: str, jobs: int, store: Path, progress: Report) -> Refits:
    """Run all refits, each on the claims published by its date."""
    name = cast(EngineName, engine)
    options: dict[str, Any] = {"jobs": jobs, "store": store, "progress": progress}
    rows = published_by_others(fit)
    dates = sorted(set(rows["published"]))
    tasks = [
        _task(fit, name, _questions(rows[rows["published"] == date]), as_of=date) for date in dates
    ]
    tasks += [_task(fit, name, list(HEADLINES), common_sd=sd) for sd in COMMON_SDS]
    answers = run_tasks(answers_of, tasks, title="refits", **options)
    ours = pd.DataFrame([row for found in answers[: len(dates)] for row in found])
    other_common_sds = pd.DataFrame([row for found in answers[len(dates) :] for row in found])
    # Both tables are in the order of the questions.
    rows = rows.sort_values(["published", "claim_id"]).reset_index(drop=True)
    return Refits(
        engine,
        lm.backtest(fit.claims, engine=name, **options),
        lm.backtest("battle-of-britain", engine=name, **options),
        pd.concat([rows, ours.drop(columns=["quantity", "common_sd"])], axis=1),
        other_common_sds,
    )


def published_by_others(fit: Fit) -> pd.DataFrame:
    """Totals of killed and casualties that others computed from other claimants' figures.

    They are not used in the fit. Bounds are left out, since they are no estimates; of a claimant's
    totals of the same series the latest of each half-year is kept.
    """
    table = fit.claims.table
    known = fit.conflict.claimants
    derived = known.loc[known["derived_from"].astype(str) != "", "claimant"]
    same = table["claimant"].isin(derived) & (table["kind"] == "cumulative")
    same &= table["category"].isin(COMPARED) & table["qualifier"].isin(["about", "exact", "range"])
    same &= table["party"].isin(["russia", "ukraine"])
    series = set(fit.series)
    asked = zip(table["party"], table["category"], table["scope"], strict=True)
    same &= np.array([key in series for key in asked])
    rows = table[same].sort_values(["published", "claim_id"])
    half = rows["published"].dt.year * 2 + (rows["published"].dt.month > 6)
    keys = ["claimant", "party", "category", "scope"]
    rows = rows[~rows.assign(half=half).duplicated([*keys, "half"], keep="last")]
    columns = ["claim_id", *keys, "published", "end", "qualifier", "value", "low", "high", "source"]
    return pd.DataFrame(rows[columns]).reset_index(drop=True)


def answers_of(
    fit_of: dict[str, Any], questions: Sequence[Sequence[str]], common_sd: float | None
) -> list[dict[str, Any]]:
    """Fit, and answer each question up to its day or the last day of the fit."""
    fitted = lm.fit(**fit_of, submodels=("person",))
    last = fitted.days[-1]
    found = []
    for quantity, end in questions:
        at = min(pd.Timestamp(end), last) if end else last
        row = answer_query(fitted, f"{quantity} cumulative {at.date()}").iloc[0]
        about = {"quantity": quantity, "common_sd": common_sd, "at": str(at.date())}
        found.append({**about, **{k: float(row[k]) for k in ("median", "lower", "upper")}})
    return found


def _questions(rows: pd.DataFrame) -> list[tuple[str, str]]:
    ordered = rows.sort_values("claim_id")
    names = ordered[["category", "party", "scope"]].agg(" ".join, axis=1)
    return list(zip(names, ordered["end"].dt.strftime("%Y-%m-%d"), strict=True))


def _task(
    fit: Fit,
    engine: EngineName,
    questions: Sequence[Any],
    *,
    as_of: pd.Timestamp | None = None,
    common_sd: float | None = None,
) -> dict[str, Any]:
    priors = fit.priors
    if common_sd is not None:
        priors = priors.replace(**{"common.sd": {"mean": common_sd}})
    asked = [(q, "") if isinstance(q, str) else q for q in questions]
    how = {"claims": fit.claims, "priors": priors, "engine": engine, "seed": fit.seed}
    return {"fit_of": how | {"as_of": as_of}, "questions": asked, "common_sd": common_sd}
