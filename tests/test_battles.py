"""Wars of few battles: which windows are battles, and what a total says beside them."""

import numpy as np
import pandas as pd
import pytest

from lossmodel.api import fit
from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.model import LossModel
from lossmodel.model.design.battles import DAYS_SD, battles_of, rarity
from lossmodel.model.design.grid import Grid
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import conflict_priors
from tests.small_conflict import TOML, claims_csv, write_conflict

START = pd.Timestamp("2001-01-01")
HALF_YEAR = 184


def battles(*windows, days=HALF_YEAR, accounting="estimate"):
    """Battles of windows, which are first and last days, or these and an accounting."""
    rows = [(*window, accounting)[:3] for window in windows]
    table = pd.DataFrame(
        {
            "party": "a", "kind": ["vintage" if row[2] == "list" else "window" for row in rows],
            "accounting": [row[2] for row in rows],
            "days": [tuple([tuple(START + pd.Timedelta(days=d) for d in row[:2])]) for row in rows],
        }
    )  # fmt: skip
    grid = Grid.over(START, START + pd.Timedelta(days=days - 1), rate_days=14, edges=99)
    found, changed = battles_of(table, grid, lambda party: [party])
    assert set(changed.cuts) == {day for spans in found.values() for span in spans for day in span}
    return found.get("a", [])


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([(38, 38), (120, 121)], [(38, 39), (120, 122)]),
        ([(38, 38), (38, 40), (120, 121)], [(38, 41), (120, 122)]),
        ([(38, 38), (0, 183)], [(38, 39)]),
        ([(38, 38), (0, 60), (0, 183)], [(38, 39)]),
        # A month around it is known.
        ([(38, 38), (31, 58)], []),
        ([(38, 38), (39, 60)], []),
        # Running totals.
        ([(0, 3), (0, 90), (0, 183)], []),
        ([(0, 90), (91, 95), (96, 183)], []),
        ([(0, 90, "ledger"), (91, 95, "ledger"), (96, 183, "ledger")], []),
        # Two weeks, and days of a list and of a register.
        ([(38, 51)], []),
        ([(38, 38, "list"), (50, 50, "register")], [(38, 39), (50, 51)]),
    ],
)
def test_battles_are_short_windows_that_stand_alone(windows, expected):
    assert battles(*windows) == expected


def test_more_than_a_quarter_of_the_days_are_no_battles():
    assert len(battles(*[(10 * i, 10 * i) for i in range(1, 18)])) == 17
    assert len(battles(*[(14 * i, 14 * i + 3) for i in range(11)])) == 11
    assert battles(*[(14 * i, 14 * i + 4) for i in range(11)]) == []


def test_more_than_a_month_of_figures_is_a_series():
    weeks = [(1000 + 7 * i, 1006 + 7 * i) for i in range(5)]
    assert battles(*weeks[:4], days=3650) == [(1000, 1028)]
    assert battles(*weeks, days=3650) == []


def test_a_week_is_no_battle_of_a_war_of_weeks():
    assert battles((10, 16), days=30) == []
    assert battles((10, 12), days=30) == [(10, 13)]


def test_wars_of_decades_have_battles():
    days = [(100 * i, 100 * i) for i in range(1, 100)]
    assert len(battles(*days, days=40 * 365)) == 99


def test_the_fewer_the_days_the_more_they_stand_out():
    factors = [Priors.default()["rate.battle"].mean * rarity(p) for p in (0.25, 0.01, 1 / 10_957)]
    np.testing.assert_allclose(np.exp(factors), [1.1, 8, 44], rtol=0.03)
    assert rarity(0.25) == pytest.approx(0, abs=0.05)
    # Against days drawn: the lowest of the highest hundredth, as a multiple of the mean day.
    days = np.sort(np.random.default_rng(1).lognormal(sigma=DAYS_SD, size=1_000_000))
    drawn = np.log(days[[-100, -10_000]] / days.mean())
    assert rarity(0.0001) == pytest.approx(drawn[0] / drawn[1], rel=0.02)


def row(name, value, first, last, kind="period"):
    return {
        "claim_id": name, "claimant": "land-staff", "party": "land", "category": "killed",
        "kind": kind, "start": first, "end": last, "value": value,
    }  # fmt: skip


@pytest.fixture(scope="module")
def war(tmp_path_factory):
    """Two battles and a total of half a year."""
    rows = [
        row("one", "80", "2001-02-08", "2001-02-08"),
        row("two", "48", "2001-06-30", "2001-06-30"),
        row("total", "140", "", "2001-06-30", "cumulative"),
    ]
    folder = tmp_path_factory.mktemp("battles")
    return write_conflict(folder, claims=claims_csv(rows), streams=None)


def killed(war, priors=None):
    fitted = fit(load_claims(conflict=war), engine="laplace", priors=priors, seed=1)
    return np.quantile(fitted.daily("land", "killed").sum(axis=1), [0.025, 0.5, 0.975])


@pytest.mark.slow
def test_a_total_is_believed_beside_its_battles(war):
    lower, median, _ = killed(war)
    assert lower < 200
    assert 128 < median < 700
    # What a smooth path through the battles makes of it.
    smooth = conflict_priors(load_claims(conflict=war).conflict)
    smooth = smooth.replace({"rate.battle": {"median": 1.0, "sd": 0.0, "reason": "No battles."}})
    assert killed(war, smooth)[1] > 3 * median


def test_days_between_battles_are_of_far_fewer_losses(war):
    claims = load_claims(conflict=war)
    fitted = fit(claims, engine="laplace", seed=1)
    daily = np.median(fitted.daily("land", "killed"), axis=0)
    days = pd.Series(daily, index=fitted.days)
    assert days["2001-02-08"] > 20 * days["2001-02-01"]
    assert days["2001-02-08"] > 20 * days["2001-02-15"]
    assert 40 < days["2001-02-08"] < 200


@pytest.fixture(scope="module")
def decades(tmp_path_factory):
    """Four days of thirty years, and the total of one office, published ten years later."""
    rows = [
        row(f"day-{day}", value, day, day)
        for day, value in (
            ("2004-03-02", "120"), ("2009-08-11", "60"), ("2013-05-05", "230"), ("2021-02-17", "90")
        )
    ] + [row("total", "9000", "2001-01-01", "2030-12-31") | {"known": "2040-12-31"}]  # fmt: skip
    toml = TOML.replace("end = 2003-12-31", "end = 2030-12-31")
    folder = tmp_path_factory.mktemp("decades")
    return write_conflict(folder, conflict=toml, claims=claims_csv(rows), streams=None)


@pytest.mark.slow
def test_a_total_of_decades_is_believed_beside_the_days_of_its_battles(decades):
    lower, median, upper = killed(decades)
    assert 9_000 / 2 < lower < 9_000 < upper < 9_000 * 4
    assert 7_500 < median < 13_000
    # Days that stand out as little in thirty years as one in a hundred does.
    priors = conflict_priors(load_claims(conflict=decades).conflict)
    smooth = priors.replace({"rate.battle": {"median": 1.0, "sd": 0.0, "reason": "No battles."}})
    assert killed(decades, smooth)[0] > 100_000


@pytest.mark.parametrize("days", [16, 40])
def test_a_total_is_believed_beside_however_many_days(tmp_path, days):
    """One day in 35 and 85 of a war of four years, each of 45 dead, and 3,000 in all."""
    dates = pd.date_range("2001-02-08", "2004-11-01", periods=days).strftime("%Y-%m-%d")
    rows = [row(f"day-{day}", "45", day, day) for day in dates]
    rows.append(row("total", "3000", "2001-01-01", "2004-12-31"))
    toml = TOML.replace("end = 2003-12-31", "end = 2004-12-31")
    lower, median, upper = killed(
        write_conflict(tmp_path, conflict=toml, claims=claims_csv(rows), streams=None)
    )
    assert lower < 3_000 < upper
    assert 2_000 < median < 6_000


def test_the_days_of_a_party_are_its_own(tmp_path):
    """Battles of a party that begins after a year are a share of its days, not of the war's."""
    dates = ("2002-02-08", "2002-06-01", "2002-12-01")
    rows = [row(f"day-{day}", "45", day, day) | {"party": "guests"} for day in dates]
    claims = load_claims(conflict=write_conflict(tmp_path, claims=claims_csv(rows), streams=None))
    design = LossModel().design(collect_evidence(claims), claims.conflict)
    own = design.parameters.groups["rate.battle guests"]
    battles = design.parameters.matrix[:, own].nonzero()[0]
    expected = LossModel().priors["rate.battle"].mean * rarity(3 / (design.grid.size - 365))
    np.testing.assert_allclose(design.parameters.offset[battles], expected)


def test_the_prior_of_battles_has_its_reason():
    prior = Priors.default()["rate.battle"]
    low, high = np.exp(prior.mean + 1.96 * prior.sd * np.array([-1, 1]))
    assert low < 1.7 < 50 < high
