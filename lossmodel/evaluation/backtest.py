"""Claims frozen at a date, fitted, and scored against later evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.api import claims_of
from lossmodel.arguments import check_ci_prob, check_seed, check_several, day_of
from lossmodel.claims.claims import Claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.defaults import CI_PROB
from lossmodel.deprecation import renamed_attribute, renamed_keywords
from lossmodel.errors import UsageError
from lossmodel.evaluation.dated_scores import COMMON_SD, TABLES, score_at_date, table_of
from lossmodel.evaluation.dated_truth import due_rows
from lossmodel.evaluation.scores import LEVELS, allowed_misses, percent_name
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import conflict_priors

__all__ = ["Backtest", "backtest", "errors_by_rule"]


@dataclass(frozen=True, eq=False)
class Backtest:
    """Scores of fits at frozen dates.

    Attributes
    ----------
    scores
        One row per date, common-mode sd and row of the truth: `kind` (window or day), the truth,
        and the columns of `scores.score`, of predictive counts.
    baselines
        Totals that others had published by the date: `covers` (whether a range holds the truth),
        `ratio` (high over low), `error` (log value minus log truth).
    naive
        Rules of thumb on the same claims: `rule, value, error`.
    unscored
        Rows of the truth that end long after the last claim of the date, and `why`.
    summary
        One row per common-mode sd and kind: number of truths, coverage by level, mean CRPS, log
        score and absolute error, largest interval ratio, smallest and largest PIT.
    passed
        Whether the 95% intervals of windows, at the default sd, miss no more often than
        `scores.allowed_misses`.

    Examples
    --------
    >>> rows = pd.DataFrame({"kind": ["window", "day"], "crps": [0.1, 0.2]})
    >>> empty = pd.DataFrame()
    >>> found = Backtest(rows, empty, empty, empty, empty, passed=True)
    >>> found.windows["crps"].tolist()
    [0.1]
    """

    scores: pd.DataFrame
    baselines: pd.DataFrame
    naive: pd.DataFrame
    unscored: pd.DataFrame
    summary: pd.DataFrame
    passed: bool

    rivals = renamed_attribute("Backtest.rivals", "baselines")

    @property
    def windows(self) -> pd.DataFrame:
        """Scores of totals over windows of several days."""
        return self.scores[self.scores["kind"] == "window"]

    @property
    def days(self) -> pd.DataFrame:
        """Scores of single days."""
        return self.scores[self.scores["kind"] == "day"]


@renamed_keywords({"parts": "components", "what": "claims"})
def backtest(
    claims: str | Path | Conflict | Claims,
    *,
    dates: Sequence[str | pd.Timestamp] | None = None,
    truth: pd.DataFrame | None = None,
    levels: Sequence[float] = LEVELS,
    priors: Priors | None = None,
    components: Components | None = None,
    common_sds: Sequence[float] = (),
    engine: EngineName = "auto",
    seed: int = 1,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> Backtest:
    """Score a conflict's fits against its truth, on the claims published by each date.

    Parameters
    ----------
    claims
        As for `fit`: claims, or a conflict, its folder or the name of a shipped one.
    dates
        Days at which claims are frozen. By default the end of each truth's window; for a conflict
        that has ended, all claims at once.
    truth
        Rows as in `truth.csv`; by default the conflict's, else the later figures of its registers.
    levels
        Probabilities of the intervals whose coverage is summarised.
    priors
        By default those of the conflict, without its own cluster of history.
    components
        Components of the model; all of them by default.
    common_sds
        Further values of the common-mode sd at which the backtest is repeated.
    engine, seed
        Of each fit, see ``fit``; the seed is also that of the predictive counts.
    jobs, store, cluster, progress
        See `tasks.run_tasks`.

    Returns
    -------
    Backtest
        Scores by date, their summary, and whether it passed.

    Raises
    ------
    UsageError
        There is no truth, no row of it is due at a date or can be scored, or there is no such
        engine.

    Examples
    --------
    >>> import lossmodel
    >>> lossmodel.backtest("battle-of-britain", dates=["1940-06-01"])
    Traceback (most recent call last):
    ...
    lossmodel.errors.UsageError: no truth lies after a date and ends by it: nothing can be scored.
    """
    engine = check_engine(engine)
    seed, given = check_seed(seed), claims_of(claims)
    priors = conflict_priors(given.conflict) if priors is None else priors
    check_several(levels, "levels")
    shared = {
        "claims": given,
        "levels": [check_ci_prob(level, name="a level") for level in levels],
        "components": Components() if components is None else components,
        "engine": engine,
        "seed": seed,
    }
    days = None
    if dates is not None:
        check_several(dates, "dates")
        days = [day for date in dates if (day := day_of(date, "dates")) is not None]
    due = list(due_rows(given, truth, days))
    arguments = [
        shared | {"priors": changed, "as_of": date, "rows": rows}
        for changed in _with_common_sds(priors, common_sds)
        for date, rows in due
    ]
    if not arguments:
        raise UsageError("no truth lies after a date and ends by it: nothing can be scored.")
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = run_tasks(score_at_date, arguments, title="fits of the backtest", **options)
    return _collected(results, levels=levels, default_sd=priors[COMMON_SD].median)


def errors_by_rule(naive: pd.DataFrame) -> pd.Series:
    """Mean absolute log error of each rule of thumb; empty where none applied.

    Examples
    --------
    >>> errors_by_rule(pd.DataFrame({"rule": ["half", "half"], "error": [-0.1, 0.3]})).to_dict()
    {'half': 0.2}
    >>> len(errors_by_rule(pd.DataFrame(columns=["rule", "error"])))
    0
    """
    return naive["error"].astype(float).abs().groupby(naive["rule"]).mean()


def _with_common_sds(priors: Priors, sds: Sequence[float]) -> list[Priors]:
    return [priors, *(priors.replace({COMMON_SD: {"mean": sd}}) for sd in sds)]


def _collected(
    results: Sequence[Mapping[str, Any]], *, levels: Sequence[float], default_sd: float
) -> Backtest:
    tables = {
        name: table_of(name, [row for result in results for row in result[name]]) for name in TABLES
    }
    scores = tables["scores"]
    if scores.empty:
        raise UsageError(f"nothing could be scored: {tables['unscored']['why'].iloc[0]}")
    windows = scores[(scores["kind"] == "window") & np.isclose(scores["common_sd"], default_sd)]
    covered = windows.get(f"covered_{percent_name(CI_PROB)}", pd.Series(dtype=float))
    passed = int((covered == 0).sum()) <= allowed_misses(len(windows))
    return Backtest(**tables, summary=_summary(scores, levels), passed=passed)


def _summary(scores: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    found = []
    covered = [f"covered_{percent_name(level)}" for level in levels]
    for (sd, kind), rows in scores.groupby(["common_sd", "kind"]):
        line = {"common_sd": sd, "kind": kind, "truths": len(rows)}
        line |= {name: rows[name].mean() for name in (*covered, "crps", "log_score")}
        line |= {"abs_error": rows["error"].abs().mean(), "max_ratio": rows["ratio"].max()}
        line |= {"min_pit": rows["pit"].min(), "max_pit": rows["pit"].max()}
        found.append(line)
    return pd.DataFrame(found)
