"""Fits on the claims of one date, and their scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.api import Fit, fit
from lossmodel.claims.claims import Claims
from lossmodel.errors import UsageError
from lossmodel.evaluation.baselines import naive_totals, published_baselines
from lossmodel.evaluation.scores import ZERO_AS, TruthValue, score
from lossmodel.inference.names import EngineName
from lossmodel.model.components import Components
from lossmodel.model.density.submodels import submodels_with
from lossmodel.model.priors import Priors

__all__ = ["COMMON_SD", "TABLES", "score_at_date", "table_of", "window_draws"]

COMMON_SD = "common.sd"
# Columns that all tables of one date begin with: the fit, and the row of the truth.
OF_FIT = ("as_of", "common_sd", "engine", "gate")
OF_TRUTH = ("party", "category", "scope", "start", "end")
# Tables of one date, by the names of the fields of `Backtest`, and the columns that follow. Of the
# scores, those by level come last.
TABLES: dict[str, tuple[str, ...]] = {
    "scores": (
        "kind", "truth", "truth_sd", "median", "lower", "upper", "ratio", "error", "crps",
        "log_score", "pit",
    ),
    "baselines": (
        "claim_id", "rival", "qualifier", "rival_scope", "rival_end", "value", "low", "high",
        "covers", "ratio", "error",
    ),
    "naive": ("rule", "value", "error"),
    "unscored": ("why",),
}  # fmt: skip
# A fit that ends before the truth's window is extrapolated at the mean rate of its last fortnight,
# for a month at most. Chosen by hand: in the shipped backtests one total is extrapolated, by two
# days, and its median moves by 0.1% at most with 7, 28 or 56 days instead of a fortnight.
MAX_EXTRAPOLATED_DAYS, PACE_DAYS = 31, 14
# A truth is a count of events, the estimate their expectation. Beyond a million the Poisson sd is
# below 0.1% and the draws stand for the counts.
MANY = 1e6


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
    """Fit the claims of one date and score each row of the truth; one task of `backtest`."""
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
    totals = naive_totals(claims, rows, as_of=date)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for place, row in rows.iterrows():
        about = label | _described(row)
        known = TruthValue.read(row["value"], row["low"], row["high"], row["ci_prob"])
        try:
            found["scores"].append(about | _scored(fitted, row, known, levels, rng))
        except UsageError as error:
            found["unscored"].append(about | {"why": str(error)})
            continue
        others = published_baselines(claims, row, as_of=date).to_dict("records")
        found["baselines"] += [about | _compared(other, known) for other in others]
        rules = totals[totals["place"] == place]
        found["naive"] += [about | line for line in _naive_errors(rules, known)]
    return found


def table_of(name: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of one of the tables, with its columns in their order also where it has no row.

    Examples
    --------
    >>> table_of("naive", []).columns[-3:].tolist()
    ['rule', 'value', 'error']
    """
    first = [*OF_FIT, *OF_TRUTH, *TABLES[name]]
    table = pd.DataFrame(rows, columns=None if rows else first)
    return table[[*first, *(column for column in table if column not in first)]]


def window_draws(fitted: Fit, row: pd.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Draws of expected losses over the window of a row of the truth, shape (draws,).

    Raises
    ------
    UsageError
        The fit has no such series, or ends long before the window.
    """
    daily = fitted.daily(row["party"], row["category"], row["scope"])
    start = fitted.days[0] if pd.isna(row["start"]) else max(row["start"], fitted.days[0])
    first, last = (start - fitted.days[0]).days, (row["end"] - fitted.days[0]).days
    beyond = min(last - (len(fitted.days) - 1), last - first + 1)
    if beyond > MAX_EXTRAPOLATED_DAYS:
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
    """Scores of predictive counts."""
    expected = window_draws(fitted, row)
    draws = np.where(expected < MANY, rng.poisson(np.minimum(expected, MANY)), expected)
    one_day = row["start"] == row["end"]
    found = {"kind": "day" if one_day else "window", "truth": float(np.exp(known.mean))}
    return found | {"truth_sd": known.sd} | score(draws, known, levels=levels)


def _compared(baseline: Mapping[Any, Any], known: TruthValue) -> dict[str, Any]:
    low, high, value = (float(baseline[name]) for name in ("low", "high", "value"))
    middle = value if value == value else float(np.sqrt(max(low, ZERO_AS) * high))
    truth = float(np.exp(known.mean))
    ranged = low == low and high == high
    return {
        **{name: baseline[name] for name in ("claim_id", "rival", "qualifier")},
        **{"rival_scope": baseline["scope"], "rival_end": str(baseline["end"].date())},
        **{"value": middle, "low": low, "high": high},
        "covers": bool(low <= truth <= high) if ranged else None,
        "ratio": high / low if ranged and low > 0 else None,
        "error": float(np.log(max(middle, ZERO_AS)) - known.mean),
    }


def _naive_errors(rules: pd.DataFrame, known: TruthValue) -> Iterator[dict[str, Any]]:
    for rule, total in zip(rules["rule"], rules["value"], strict=True):
        value = float(total)
        yield {"rule": rule, "value": value, "error": float(np.log(value)) - known.mean}


def _described(row: pd.Series) -> dict[str, Any]:
    start = None if pd.isna(row["start"]) else str(row["start"].date())
    series = {name: str(row[name]) for name in ("party", "category", "scope")}
    return series | {"start": start, "end": str(row["end"].date())}
