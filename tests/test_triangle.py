"""Reporting triangles: each name counts once, and tables of them come in and go out."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from lossmodel import load_claims
from lossmodel.evidence import collect_evidence, vintages
from tests.small_conflict import TOML, claims_csv, write_conflict

QUARTERS = pd.period_range("2001Q1", "2003Q4", freq="Q")
DATES = ("2001-12-31", "2002-06-30", "2002-12-31", "2003-06-30")
MONTHS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2001-01-31", "2003-10-31", freq="ME")]
DEAD, SLOW = 900.0, 200.0


def listed(quarter: pd.Period, known: str) -> int:
    """Names of a quarter that are known by a date."""
    days = pd.date_range(quarter.start_time, quarter.end_time)
    age = np.maximum((pd.Timestamp(known) - days).days + 1, 0)
    return round(float(np.sum(DEAD / 90 * (1 - np.exp(-age / SLOW)))))


def total(known: str) -> int:
    return sum(listed(quarter, known) for quarter in QUARTERS)


def cells(dates=DATES) -> list[dict[str, object]]:
    return [
        {"start": f"{q.start_time:%Y-%m-%d}", "end": min(f"{q.end_time:%Y-%m-%d}", known),
         "known": known, "published": known, "kind": "period", "value": listed(q, known)}
        for known in dates
        for q in QUARTERS
        if f"{q.start_time:%Y-%m-%d}" <= known
    ]  # fmt: skip


def totals(dates) -> list[dict[str, object]]:
    # Names without a day of death are in totals alone.
    own = {"start": "", "kind": "cumulative"}
    return [
        {**own, "end": d, "known": d, "published": d, "value": total(d) + 7} for d in dates
    ]  # fmt: skip


def load(rows, folder):
    own = {"claimant": "gazette", "party": "land", "category": "killed"}
    numbered = [
        {"claim_id": f"c{n}"} | own | {k: str(v) for k, v in row.items()}
        for n, row in enumerate(rows)
    ]
    return load_claims(conflict=write_conflict(folder, conflict=TOML, claims=claims_csv(numbered)))


CASES = {
    "a triangle": (cells(), DATES[-1]),
    "with its totals": ([*cells(), *totals(DATES)], DATES[-1]),
    "with totals between": ([*cells(), *totals(MONTHS[11:30])], DATES[-1]),
    "with many totals before": ([*cells(), *totals(MONTHS[:30])], DATES[-1]),
    "with totals after": ([*cells(), *totals([DATES[-1], *MONTHS[30:]])], MONTHS[-1]),
    "of one date": ([*cells(DATES[1:2]), *totals(MONTHS[:18])], DATES[1]),
    "of one date, few totals": ([*cells(DATES[1:2]), *totals(MONTHS[3:18:6])], DATES[1]),
}


@pytest.mark.parametrize("name", CASES)
def test_each_name_counts_once(name, tmp_path):
    rows, last = CASES[name]
    claims = load(rows, tmp_path)
    evidence = collect_evidence(claims)
    # All but the few without a day of death, which some releases count.
    assert abs(evidence.terms["value"].sum() - total(last)) <= 14
    assert set(evidence.classes["class"]) <= {"used", "merged"}
    assert len(evidence.classes) == len(claims)


@pytest.mark.parametrize("name", list(CASES)[1:])
def test_window_by_window_they_would_count_twice(name, tmp_path, monkeypatch):
    monkeypatch.setattr(vintages, "partitions", lambda *_: [])
    rows, last = CASES[name]
    evidence = collect_evidence(load(rows, tmp_path))
    assert evidence.terms["value"].sum() > 1.2 * total(last)


def test_periods_grow_from_date_to_date(tmp_path):
    terms = collect_evidence(load(cells(), tmp_path)).terms
    first = terms[[days[0][0] == pd.Timestamp("2001-01-01") for days in terms["days"]]]
    counts = [listed(QUARTERS[0], known) for known in DATES]
    assert first["value"].tolist() == [counts[0], *(b - a for a, b in pairwise(counts))]
    assert first["known_from"].dropna().dt.strftime("%Y-%m-%d").tolist() == list(DATES[:-1])


def test_a_corrected_cell_is_set_aside_and_said_so(tmp_path):
    rows = cells()
    at = next(n for n, row in enumerate(rows) if row["known"] == DATES[2])
    rows[at]["value"] = rows[at]["value"] + 500
    evidence = collect_evidence(load(rows, tmp_path))
    outcome = evidence.classes.set_index("claim_id").loc[f"c{at}"]
    assert (outcome["class"], "corrected count" in outcome["why"]) == ("merged", True)
    assert abs(evidence.terms["value"].sum() - total(DATES[-1])) <= 1
