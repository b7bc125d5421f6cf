"""Reporting triangles: each name counts once, and tables of them come in and go out."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from lossmodel import LossModel, Priors, fit, load_claims
from lossmodel.claims.claims import write_claims
from lossmodel.conflict.durations import YEAR
from lossmodel.errors import ClaimsError, UsageError
from lossmodel.evidence import collect_evidence, vintages
from lossmodel.importers import Hints, read_any
from lossmodel.model.density.density import Density
from lossmodel.model.design.grid import Grid
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


DECADES = TOML.replace(
    "start = 2001-01-01\nend = 2003-12-31", "start = 1969-01-01\nend = 1998-12-31"
)


def load(rows, folder, toml=TOML):
    own = {"claimant": "gazette", "party": "land", "category": "killed"}
    numbered = [
        {"claim_id": f"c{n}"} | own | {k: str(v) for k, v in row.items()}
        for n, row in enumerate(rows)
    ]
    return load_claims(conflict=write_conflict(folder, conflict=toml, claims=claims_csv(numbered)))


CASES = {
    "a triangle": (cells(), DATES[-1]),
    "with its totals": ([*cells(), *totals(DATES)], DATES[-1]),
    "with totals between": ([*cells(), *totals(MONTHS[11:30])], DATES[-1]),
    "with many totals before": ([*cells(), *totals(MONTHS[:30])], DATES[-1]),
    "with totals after": ([*cells(), *totals([DATES[-1], *MONTHS[30:]])], MONTHS[-1]),
    "with a year in between": (
        [
            *cells(),
            {
                "start": "2001-03-01",
                "end": "2002-02-28",
                "known": "2002-03-31",
                "published": "2002-03-31",
                "kind": "period",
                "value": 2_500,
            },
        ],
        DATES[-1],
    ),
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


# --- tables of them ----------------------------------------------------------------------------

OWN = {"party": "land", "category": "killed", "claimant": "almanac2"}
WIDE = """period,2001-12-31,2002-06-30,2002-12-31
2001Q1,100,120,130
Apr 2001,80,95,99
2001-05-01 to 2001-06-30,20,70,75
2002Q1,,60,80
2002Q4,0,0,50
Total,200,345,434
"""
LONG = """first day,last day,known,count
2001-01-01,2001-03-31,2001-12-31,100
2001-01-01,2001-03-31,2002-06-30,120
2002-04-01,2002-06-30,2002-05-31,30
2002-04-01,2002-06-30,2002-06-30,45
"""


def read(text, folder, **options):
    path = folder / "own.csv"
    path.write_text(text)
    war = folder / "war"
    if not war.exists():
        write_conflict(war)
    return read_any([path], Hints(str(war), **{**OWN, **options}))


def test_a_wide_table_has_periods_in_rows_and_dates_of_knowledge_in_columns(tmp_path):
    imported = read(WIDE, tmp_path)
    table = imported.claims
    assert len(table) == 12
    assert set(table["kind"]) == {"period"}
    quarter = table[table["start"] == "2001-01-01"]
    assert quarter[["end", "known", "published", "value"]].to_numpy().tolist() == [
        ["2001-03-31", known, known, value]
        for known, value in (("2001-12-31", 100), ("2002-06-30", 120), ("2002-12-31", 130))
    ]
    assert imported.extra["streams"]["accounting"].tolist() == ["list"]
    assert "totals of other rows" in imported.left_out["why"].iloc[0]
    assert imported.load().conflict.stream("almanac2", "land", "killed").accounting == "list"


def test_days_in_headings_of_rows_with_names_are_the_days_of_losses(tmp_path):
    imported = read("who,2001-12-31,2002-06-30\nalmanac2,100,120\n", tmp_path, claimant="")
    assert imported.claims["end"].tolist() == ["2001-12-31", "2002-06-30"]
    assert set(imported.claims["known"]) == {""}


def test_a_long_table_ends_a_period_with_its_date_of_knowledge(tmp_path):
    table = read(LONG, tmp_path).claims
    assert table[["start", "end", "known", "value"]].to_numpy().tolist()[2:] == [
        ["2002-04-01", "2002-05-31", "2002-05-31", 30],
        ["2002-04-01", "2002-06-30", "2002-06-30", 45],
    ]


def test_a_count_before_its_period_is_an_error(tmp_path):
    with pytest.raises(ClaimsError, match=r"row 6, 2001-12-31: found '7'.*begins on 2002-10-01"):
        read(WIDE.replace("2002Q4,0", "2002Q4,7"), tmp_path)


def test_cells_that_fall_are_kept_and_warned_of(tmp_path):
    notes = " ".join(read(WIDE, tmp_path).notes)
    assert "fall with a later date" not in notes
    fallen = read(WIDE.replace("95,99", "95,90"), tmp_path)
    assert "row 3, 2002-12-31: 90, after 95 on 2002-06-30" in " ".join(fallen.notes)
    assert len(fallen.claims) == 12


def test_a_triangle_goes_out_and_comes_in_again(tmp_path, lossmodel):
    claims = read(WIDE, tmp_path).load()
    found = claims.triangle("almanac2", "land")
    assert found.shape == (5, 3)
    assert found.loc["2002-10-01"].to_numpy()[0, 2] == 50
    write_claims(claims, tmp_path / "war" / "claims.csv")
    for name in ("claimants", "streams"):
        getattr(claims.conflict, name).to_csv(tmp_path / "war" / f"{name}.csv", index=False)
    told = lossmodel("data", "triangle", "almanac2", "land", "--conflict", tmp_path / "war")
    assert told.status == 0
    again = read(told.stdout, tmp_path).load()
    assert again.triangle("almanac2", "land").equals(found)
    columns = ["start", "end", "known", "value"]
    assert again.table[columns].equals(claims.table[columns])


def test_a_period_that_goes_on_is_one_row(tmp_path):
    found = read(LONG, tmp_path).load().triangle("almanac2", "land")
    assert found.index.to_list()[1] == (pd.Timestamp("2002-04-01"), pd.Timestamp("2002-06-30"))
    assert found.iloc[1].dropna().tolist() == [30, 45]


def test_a_series_without_periods_is_named(tmp_path):
    claims = load(totals(DATES), tmp_path)
    with pytest.raises(UsageError, match="no counts of periods; there are none"):
        claims.triangle("gazette", "land")


# --- after the war


def late(*counts: int):
    """Totals of a list one, two, ... years after the end of the war."""
    days = [f"{2004 + n}-12-31" for n in range(len(counts))]
    return [
        {"start": "", "kind": "cumulative", "end": "2003-12-31", "known": day, "published": day,
         "value": count}
        for day, count in zip(days, counts, strict=True)
    ]  # fmt: skip


def test_a_gain_of_coverage_after_the_war_is_never_negative(tmp_path):
    claims = load(late(6480, 6489), tmp_path)
    design = LossModel().design(collect_evidence(claims), claims.conflict)
    density = Density(design)
    (row,) = {coverage.after for coverage in design.coverage.values()}
    theta = np.random.default_rng(1).standard_normal((50, density.size)) * 3
    model = density.model
    found = model.graph.evaluate({model.theta: theta}, [model.v, model.quantities])
    v, quantities = found[model.v], found[model.quantities]
    np.testing.assert_allclose(quantities[:, row], np.log1p(np.exp(v[:, row])), rtol=1e-12)
    assert (v[:, row] < 0).any()
    others = np.arange(v.shape[1]) != row
    np.testing.assert_array_equal(quantities[:, others], v[:, others])


@pytest.mark.slow
def test_a_list_that_is_closed_may_have_missed_many(tmp_path):
    """It has three fifths of 10,800 dead, and nearly all of them if all lists go on growing."""
    claims = load(late(6480, 6489), tmp_path)
    open_ones = Priors.default().replace({"coverage.after": {"median": 1.5, "sd": 0.3}})
    closed, twin = (fit(claims, priors=priors, seed=1) for priors in (None, open_ones))
    assert closed.diagnostics["gate"]["passed"]
    upper, too_low = (
        float(found.estimate("killed", "land")["upper"].iloc[-1]) for found in (closed, twin)
    )
    assert too_low < 10_800 < upper


def years_of_a_list(folder):
    """The running total of a list at the end of each of thirty years, known three years later."""
    rows = [
        {"kind": "cumulative", "start": "1969-01-01", "end": f"{1969 + n}-12-31",
         "known": "2001-12-31", "published": "2001-12-31", "value": 101 * n + 101}
        for n in range(30)
    ]  # fmt: skip
    return load(rows, folder, DECADES)


@pytest.mark.slow
def test_delays_of_a_war_of_decades_grow_no_more_than_in_five_years(tmp_path, monkeypatch):
    claims = years_of_a_list(tmp_path)
    total = fit(claims, seed=1, engine="laplace").summary().iloc[0]
    assert total["lower"] > 0.95 * 3_030
    assert total["upper"] < 3 * 3_030
    assert "runs away" not in total["warnings"]
    # Half a unit of log delay in each year: factors of a million after thirty.
    monkeypatch.setattr(Grid, "years", lambda grid, days: days / YEAR)
    twin = fit(claims, seed=1, engine="laplace").summary().iloc[0]
    assert twin["upper"] > 10 * 3_030
    assert "runs away" in twin["warnings"]
