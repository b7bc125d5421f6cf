"""Claims frozen at a date, fitted, and held against what became known later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.api import Fit, fit
from lossmodel.claims.claims import Claims, load_claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.inputs import PRIORS
from lossmodel.deprecation import renamed_attribute, renamed_keywords
from lossmodel.errors import UsageError
from lossmodel.evaluation.baselines import naive_totals, published_baselines
from lossmodel.evaluation.scores import LEVELS, TruthValue, allowed_misses, score
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.components import Components
from lossmodel.model.density.model import submodels_with
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import conflict_priors

__all__ = ["Backtest", "backtest", "honest_priors", "truth_from_claims"]

KEYS = ["as_of", "common_sd", "party", "category", "scope", "start", "end"]
COMMON_SD = "common.sd"
# A fit whose last figure ends this many days before the truth's window is carried on at its pace.
CARRIED_DAYS, PACE_DAYS = 31, 14


@dataclass(frozen=True, eq=False)
class Backtest:
    """Scores of fits at frozen dates.

    Attributes
    ----------
    scores
        One row a date x common-mode sd x row of the truth: `kind` (window or day), the truth, the
        columns of `scores.score`. Single days are scored against predictive counts.
    baselines
        Figures by others published by the date: `covers` where a range holds the truth, `ratio` of
        its ends, `error` on the log scale.
    naive
        Rules of thumb on the same claims: `rule, value, error`.
    unscored
        Rows of the truth that end long after the last claim by that date.
    summary
        One row a common-mode sd x kind: how many truths, shares inside each level, mean CRPS, log
        score, absolute error, largest interval ratio, smallest and largest PIT.
    passed
        Whether no more 95% intervals of windows miss than chance allows, at the default sd.
    """

    scores: pd.DataFrame
    baselines: pd.DataFrame
    naive: pd.DataFrame
    unscored: pd.DataFrame
    summary: pd.DataFrame
    passed: bool

    rivals = renamed_attribute("Backtest.rivals", "baselines")


@renamed_keywords({"parts": "components"})
def backtest(
    what: str | Path | Conflict | Claims,
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
    """Score a conflict's fits against its truth, with claims as they were published by each date.

    Parameters
    ----------
    what
        A conflict with its claims, or claims.
    dates
        At which claims are frozen. By default the end of each truth's window; of a conflict that
        has ended, all claims at once.
    truth
        Rows as in `truth.csv`; by default the conflict's, else what its registers say later.
    levels
        Of the intervals whose coverage is printed.
    priors
        By default those of history without the conflict's own, or of its `priors.toml`.
    components
        Of the model; all of them by default.
    common_sds
        Further values of the common-mode sd at which everything is done again.

    Raises
    ------
    UsageError
        There is no truth, or none that the dates leave to be scored; or no such engine.

    Examples
    --------
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> known = claims.conflict.truth.tail(2)
    >>> result = backtest(claims, truth=known, engine="laplace", jobs=1)
    >>> result.scores["kind"].tolist()
    ['day', 'day']
    """
    check_engine(engine)
    claims = what if isinstance(what, Claims) else load_claims(conflict=what)
    priors = honest_priors(claims.conflict) if priors is None else priors
    table = _truth(claims, truth)
    due = [(date, _due(table, date)) for date in _dates(claims, table, dates)]
    arguments = [
        {
            "claims": claims,
            "as_of": None if date is None else str(date.date()),
            "rows": rows,
            "levels": list(levels),
            "priors": priors if sd is None else priors.replace({COMMON_SD: {"mean": sd}}),
            "components": Components() if components is None else components,
            "engine": engine,
            "seed": seed,
        }
        for sd in [None, *common_sds]
        for date, rows in due
        if len(rows)
    ]
    if not arguments:
        raise UsageError("no truth lies after a date and ends by it: nothing can be scored.")
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = run_tasks(score_at_date, arguments, title="backtest", **options)
    scores, baselines, naive, unscored = (
        pd.DataFrame([row for result in results for row in result[name]])
        for name in ("scores", "baselines", "naive", "unscored")
    )
    if scores.empty:
        raise UsageError(f"nothing could be scored: {unscored['why'].iloc[0]}")
    default = priors[COMMON_SD].median
    windows = scores[(scores["kind"] == "window") & np.isclose(scores["common_sd"], default)]
    covered = windows.get("covered_95", pd.Series(dtype=float))
    misses = int((covered == 0).sum())
    return Backtest(
        scores=scores,
        baselines=baselines,
        naive=naive,
        unscored=unscored,
        summary=_summary(scores, levels),
        passed=misses <= allowed_misses(len(windows)),
    )


def honest_priors(conflict: Conflict) -> Priors:
    """Priors that have not seen the conflict's own truth."""
    if conflict.inputs.has(PRIORS):
        return conflict_priors(conflict)
    try:
        return Priors.from_history(leave_out=conflict.name)
    except UsageError:
        # History has no war of that name: there is nothing of its own to leave out.
        return Priors.default()


def truth_from_claims(claims: Claims, claimants: Sequence[str] | None = None) -> pd.DataFrame:
    """Later claims as truth: by default those of registers, as rows of a truth table.

    Parameters
    ----------
    claimants
        Whose claims to take instead.
    """
    table = claims.table
    keys = zip(table["claimant"], table["party"], table["category"], strict=True)
    if claimants is None:
        chosen = np.array([claims.conflict.stream(*k).accounting == "register" for k in keys])
    else:
        chosen = table["claimant"].isin(list(claimants)).to_numpy()
    chosen &= table["kind"].isin(["period", "cumulative"]).to_numpy()
    chosen &= (table["via"] == "").to_numpy()
    chosen &= table["qualifier"].isin(["exact", "about", "range"]).to_numpy()
    rows = table[chosen].sort_values("published")
    rows = rows.drop_duplicates(["party", "category", "scope", "start", "end"], keep="last")
    return rows.assign(known=rows["published"], ci_prob=0.95, note=rows["claim_id"])[
        ["party", "category", "scope", "start", "end", "value", "low", "high", "ci_prob"]
        + ["known", "source", "note"]
    ].reset_index(drop=True)


def score_at_date(
    claims: Claims,
    as_of: str | None,
    rows: pd.DataFrame,
    levels: Sequence[float],
    priors: Priors,
    components: Components,
    engine: EngineName,
    seed: int,
) -> dict[str, list[dict[str, Any]]]:
    """Fit at one date and score each row of the truth; what a task of `backtest` does."""
    date = None if as_of is None else pd.Timestamp(as_of)
    keys = zip(rows["party"], rows["category"], strict=True)
    submodels = {name for key in keys for name in submodels_with(*key, claims.conflict)}
    fitted = fit(
        claims, priors=priors, components=components, engine=engine, seed=seed, as_of=date,
        submodels=tuple(sorted(submodels)),
    )  # fmt: skip
    label = {"as_of": as_of, "common_sd": priors[COMMON_SD].median, "engine": fitted.engine}
    label["gate"] = bool(fitted.diagnostics["gate"]["passed"])
    rng = np.random.default_rng(seed)
    found: dict[str, list[dict[str, Any]]]
    found = {"scores": [], "baselines": [], "naive": [], "unscored": []}
    totals = naive_totals(claims, rows, as_of=date)
    for place, row in rows.iterrows():
        known = TruthValue.read(row["value"], row["low"], row["high"], row["ci_prob"])
        about = label | _named(row)
        try:
            found["scores"].append(about | _scored(fitted, row, known, levels, rng))
        except UsageError as error:
            found["unscored"].append(about | {"why": str(error)})
            continue
        others = published_baselines(claims, row, as_of=date)
        found["baselines"] += [
            about | _against(baseline, known) for baseline in others.to_dict("records")
        ]
        for rule in totals[totals["place"] == place].itertuples():
            value = float(str(rule.value))
            off = float(np.log(value)) - known.mean
            found["naive"].append(about | {"rule": rule.rule, "value": value, "error": off})
    return found


def window_draws(fitted: Fit, row: pd.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Draws of expected losses over the window of a row of the truth.

    Raises
    ------
    UsageError
        The fit has no such series, or ends long before the window.
    """
    daily = fitted.daily(row["party"], row["category"], row["scope"])
    start = fitted.days[0] if pd.isna(row["start"]) else max(row["start"], fitted.days[0])
    first, last = (start - fitted.days[0]).days, (row["end"] - fitted.days[0]).days
    beyond = min(last - (len(fitted.days) - 1), last - first + 1)
    if beyond > CARRIED_DAYS:
        end = fitted.days[-1].date()
        raise UsageError(f"the claims end on {end}, {beyond} days before the truth's window does.")
    total = daily[:, first : last + 1].sum(axis=1)
    if beyond > 0:
        total = total + beyond * daily[:, -PACE_DAYS:].mean(axis=1)
    return np.asarray(total)


def _scored(
    fitted: Fit,
    row: pd.Series,
    known: TruthValue,
    levels: Sequence[float],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Windows against expected losses, single days against the counts that these predict."""
    draws = window_draws(fitted, row)
    one_day = row["start"] == row["end"]
    if one_day:
        draws = rng.poisson(draws).astype(float)
    found = {"kind": "day" if one_day else "window", "truth": float(np.exp(known.mean))}
    return found | {"truth_sd": known.sd} | score(draws, known, levels=levels)


def _against(baseline: Mapping[Any, Any], known: TruthValue) -> dict[str, Any]:
    low, high, value = (float(baseline[name]) for name in ("low", "high", "value"))
    middle = value if value == value else float(np.sqrt(max(low, 0.5) * high))
    truth = float(np.exp(known.mean))
    ranged = low == low and high == high
    return {
        **{name: baseline[name] for name in ("claim_id", "rival", "qualifier")},
        **{"rival_scope": baseline["scope"], "rival_end": str(baseline["end"].date())},
        **{"value": middle, "low": low, "high": high},
        "covers": bool(low <= truth <= high) if ranged else None,
        "ratio": high / low if ranged and low > 0 else None,
        "error": float(np.log(max(middle, 0.5)) - known.mean),
    }


def _named(row: pd.Series) -> dict[str, Any]:
    start = None if pd.isna(row["start"]) else str(row["start"].date())
    named = {name: str(row[name]) for name in ("party", "category", "scope")}
    return named | {"start": start, "end": str(row["end"].date())}


def _truth(claims: Claims, truth: pd.DataFrame | None) -> pd.DataFrame:
    if truth is None:
        truth = claims.conflict.truth
    table = truth_from_claims(claims) if truth is None else truth
    if table.empty:
        raise UsageError(
            f"{claims.conflict.name} has no truth.csv and no register: give the truth to score by."
        )
    return table.reset_index(drop=True)


def _dates(
    claims: Claims, table: pd.DataFrame, dates: Sequence[str | pd.Timestamp] | None
) -> list[pd.Timestamp | None]:
    if dates is not None:
        return [pd.Timestamp(date) for date in dates]
    if claims.conflict.end is not None:
        return [None]
    return sorted(set(table["end"]))


def _due(table: pd.DataFrame, date: pd.Timestamp | None) -> pd.DataFrame:
    """Of each series the latest rows that had happened by a date and were not known yet."""
    if date is None:
        return table
    open_then = table[(table["end"] <= date) & ~(table["known"] <= date)]
    latest = open_then.groupby(["party", "category", "scope"])["end"].transform("max")
    return open_then[open_then["end"] == latest]


def _summary(scores: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    found = []
    for (sd, kind), rows in scores.groupby(["common_sd", "kind"]):
        line = {"common_sd": sd, "kind": kind, "truths": len(rows)}
        for level in levels:
            line[f"covered_{level * 100:g}"] = rows[f"covered_{level * 100:g}"].mean()
        line |= {"crps": rows["crps"].mean(), "log_score": rows["log_score"].mean()}
        line |= {"abs_error": rows["error"].abs().mean(), "max_ratio": rows["ratio"].max()}
        line |= {"min_pit": rows["pit"].min(), "max_pit": rows["pit"].max()}
        found.append(line)
    return pd.DataFrame(found)
