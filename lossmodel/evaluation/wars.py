"""Past wars as trials: each fitted without its own cluster of history, and scored by its truth.

A war is fitted several times, on the claims published by the dates of `stages`, because an estimate
must not become worse with later evidence. A truth is due at a stage if its window has ended by
then; single days are scored with all claims only, unless a war has no longer windows. `public`
marks a truth that was known by the stage, so that claims may repeat it. A truth of zero counts as
`scores.ZERO_AS`, as do draws below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims, load_claims
from lossmodel.conflict.conflict import Conflict, load_conflict
from lossmodel.conflict.shipped import shipped_conflicts
from lossmodel.errors import LossModelError, UsageError
from lossmodel.evaluation.dated_scores import score_at_date
from lossmodel.evaluation.scores import LEVELS
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import conflict_priors

__all__ = ["ALL_CLAIMS", "LAST_DAY", "RULES", "STAGES", "wars_with_truth", "score_wars", "stages"]

LAST_DAY: Final = "last day"
ALL_CLAIMS: Final = "all claims"
QUARTERS: Final = {"1/4": 0.25, "1/2": 0.5, "3/4": 0.75}
# In order: quarters of the claims published during the war and of those published after it.
STAGES: Final = (
    *(f"war {quarter}" for quarter in QUARTERS),
    LAST_DAY,
    *(f"later {quarter}" for quarter in QUARTERS),
    ALL_CLAIMS,
)
# Columns with the log errors of rules of thumb, and the rules' names in `baselines`.
RULES: Final = {
    "own_latest": "own side's latest",
    "adversary_halved": "adversary halved",
    "log_mean": "all at face value",
    "median_of_all": "median of all",
}
KEYS: Final = ["party", "category", "scope", "start", "end"]
# The first columns of the table of scores; the others follow.
FIRST: Final = [
    *("war", "title", "left_out", "stage", "as_of", "engine", "gate", *KEYS, "party_title", "kind"),
    *("public", "truth", "truth_sd", "median", "lower", "upper", "ratio", "error", *RULES),
]


def wars_with_truth() -> tuple[str, ...]:
    """Names of the shipped conflicts that have ended and whose truth is known.

    Examples
    --------
    >>> "battle-of-britain" in wars_with_truth(), "russia-ukraine" in wars_with_truth()
    (True, False)
    """
    return tuple(name for name in shipped_conflicts() if _is_past(load_conflict(name)))


def _is_past(conflict: Conflict) -> bool:
    return conflict.end is not None and conflict.truth is not None and len(conflict.truth) > 0


def stages(claims: Claims) -> dict[str, pd.Timestamp | None]:
    """Dates at which a past war is fitted, by name; None is the date of all claims.

    Each quarter is that of the claims published until the last day of fighting or after it. A stage
    with the claims of the stage before it is left out, except the last day and all claims.

    Raises
    ------
    UsageError
        The conflict has no last day.

    Examples
    --------
    >>> found = stages(load_claims(conflict="battle-of-britain"))
    >>> list(found)[:4], str(found["last day"].date())
    (['war 1/4', 'war 1/2', 'war 3/4', 'last day'], '1940-10-31')
    """
    end = claims.conflict.end
    if end is None:
        raise UsageError(f"{claims.conflict.name} has no last day: write end into conflict.toml.")
    published = claims.table["published"].sort_values()
    found: dict[str, pd.Timestamp | None] = {}
    for part, name in ((published[published <= end], "war"), (published[published > end], "later")):
        quarters = {
            f"{name} {quarter}": part.iloc[int(np.ceil(share * len(part))) - 1]
            for quarter, share in QUARTERS.items()
            if len(part)
        }
        last = part.max() if len(part) else None
        chosen = pd.Series(quarters, dtype="datetime64[ns]").drop_duplicates(keep="last")
        found |= {str(stage): date for stage, date in chosen.items() if date != last}
        if name == "war":
            found[LAST_DAY] = end
    return found | {ALL_CLAIMS: None}


def score_wars(
    conflicts: Sequence[str | Path] | None = None,
    *,
    engine: EngineName = "auto",
    seed: int = 1,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> pd.DataFrame:
    """Fit past wars at each of their stages, and score every truth that is due.

    Parameters
    ----------
    conflicts
        Names of shipped conflicts or folders; by default `wars_with_truth`.
    engine
        Engine of each fit.
    seed
        Seed of each fit and of the predictive counts.
    jobs, store, cluster, progress
        See `tasks.run_tasks`.

    Returns
    -------
    DataFrame
        One row per war, stage and truth: `war, title, left_out` (the clusters of history without
        which the priors were estimated), `stage, as_of, engine, gate`, the truth, the columns of
        `scores.score`, and the log errors of `RULES`. Where nothing could be scored, `why` says so.

    Raises
    ------
    UsageError
        There is no such conflict or engine, or a conflict has no truth or no last day.

    Examples
    --------
    >>> score_wars(["russia-ukraine"])
    Traceback (most recent call last):
    ...
    lossmodel.errors.UsageError: russia-ukraine is no past war: it needs an end and a truth.csv.
    """
    check_engine(engine)
    given = wars_with_truth() if conflicts is None else tuple(conflicts)
    arguments = [task for war in given for task in _tasks(load_claims(conflict=war), engine, seed)]
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = run_tasks(score_stage, arguments, title="fits of past wars", **options)
    table = pd.DataFrame([row for rows in results for row in rows])
    return table.reindex(columns=[*FIRST, *(name for name in table if name not in FIRST)])


def _tasks(claims: Claims, engine: EngineName, seed: int) -> Iterator[dict[str, Any]]:
    conflict = claims.conflict
    truth = conflict.truth
    if truth is None or not _is_past(conflict):
        raise UsageError(f"{conflict.name} is no past war: it needs an end and a truth.csv.")
    shared = {"claims": claims, "priors": conflict_priors(conflict), "engine": engine, "seed": seed}
    longer = truth["start"] < truth["end"]
    dated = truth[longer] if longer.any() else truth
    for stage, date in stages(claims).items():
        rows = truth if date is None else dated[dated["end"] <= date]
        if len(rows):
            as_of = None if date is None else str(date.date())
            yield shared | {"stage": stage, "as_of": as_of, "rows": rows.reset_index(drop=True)}


def score_stage(
    claims: Claims,
    priors: Priors,
    engine: EngineName,
    seed: int,
    stage: str,
    as_of: str | None,
    rows: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Fit one war at one stage and score each row of the truth; one task of `score_wars`.

    A fit that fails is a result too: the war cannot be answered at this stage.

    Examples
    --------
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> rows = claims.conflict.truth.head(1)
    >>> early = score_stage(claims, Priors.default(), "laplace", 1, "war 1/4", "1940-07-12", rows)
    >>> [row["why"] for row in early]
    ["the claims end on 1940-07-10, 113 days before the truth's window does."]
    """
    conflict = claims.conflict
    about = {"war": conflict.name, "title": conflict.title, "stage": stage, "as_of": as_of}
    about["left_out"] = "; ".join(priors.left_out)
    try:
        found = score_at_date(claims, as_of, rows, LEVELS, priors, Components(), engine, seed)
    except (LossModelError, ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
        found = {"scores": [], "naive": []}
        found["unscored"] = [_keys(row) | {"why": _sentence(error)} for _, row in rows.iterrows()]
    latest = claims.table["published"].max() if as_of is None else pd.Timestamp(as_of)
    public = {_key(_keys(row)): bool(row["known"] <= latest) for _, row in rows.iterrows()}
    rules = {(_key(line), line["rule"]): line["error"] for line in found["naive"]}
    scored = [about | line | {"public": public[_key(line)]} for line in found["scores"]]
    for line in scored:
        line |= {name: rules.get((_key(line), rule)) for name, rule in RULES.items()}
    lines = scored + [about | line for line in found["unscored"]]
    return [line | {"party_title": conflict.parties[line["party"]].title} for line in lines]


def _sentence(error: Exception) -> str:
    return f"the fit failed: {' '.join(str(error).split()) or type(error).__name__}"


def _keys(row: pd.Series) -> dict[str, Any]:
    dates = {name: None if pd.isna(row[name]) else str(row[name].date()) for name in KEYS[3:]}
    return {name: str(row[name]) for name in KEYS[:3]} | dates


def _key(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in KEYS)
