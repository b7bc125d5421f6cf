"""Ratios, overlaps, fates, declarations and triangles of simulated wars: laws and recovery."""

import numpy as np
import pandas as pd
import pytest

from lossmodel import load_claims, load_conflict
from lossmodel.errors import UsageError
from lossmodel.evaluation.calibration import DECLARED as FIRST
from lossmodel.evaluation.calibration import calibrate
from lossmodel.evaluation.compared_figures import compares
from lossmodel.evaluation.departures import Departures
from lossmodel.evaluation.further_evidence import EVIDENCE
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.templates import PARTIES, Size
from lossmodel.evidence import collect_evidence
from lossmodel.model.priors import Priors
from lossmodel.tables.categories import DECLARED
from tests.small_conflict import claims_csv, write_conflict

ALL = tuple(EVIDENCE)
LIMITS = {"days": (200, 240), "claimants": (4, 6), "claims": (24, 40)}
PLAIN = Size(**LIMITS)
# No error but those that a test adds; all the missing are declared within days.
QUIET = {"noise.estimate": {"mean": -12.0, "sd": 0.0}, "noise.list": {"mean": -12.0, "sd": 0.0}}
QUIET |= {
    name: {"mean": 0.0, "sd": 0.0}
    for name in ("ratio.bias", "overlap.selection", "fate.selection", "bias.declared")
}
QUIET |= {"cases.dispersion": {"mean": 1e-9, "sd": 0.0}}
QUIET |= {"bias.missing": {"median": 2.0, "sd": 0.0}}
QUIET |= {"declared.delay": {"median": 0.01, "sd": 0.0}, "declared.growth": {"mean": 0, "sd": 0}}
LIST = {"delay.median": {"median": 0.01, "sd": 0.0}, "delay.growth": {"mean": 0, "sd": 0}}
LIST |= {"coverage.level": {"mean": 0.0, "sd": 1e-9}, "coverage.walk_sd": {"median": 1e-9}}


def war_of(*kinds: str, seed: int = 4, **options):
    return simulate(seed=seed, size=Size(**LIMITS, evidence=kinds), **options)


@pytest.fixture(scope="module")
def quiet() -> Priors:
    return Priors.default().replace(QUIET | LIST)


@pytest.fixture(scope="module")
def shipped():
    return simulate("russia-ukraine", seed=5)


def added(war) -> pd.DataFrame:
    """The further claims of an artificial war."""
    table = war.claims.table
    counts = ("office", "court", "graves")
    return table[compares(table) | table["claimant"].str.contains("|".join(counts))]


# What a war has


@pytest.mark.parametrize("seed", range(3))
def test_the_other_figures_are_those_of_the_war_without(seed):
    plain, more = simulate(seed=seed, size=PLAIN), war_of(*ALL, seed=seed)
    pd.testing.assert_frame_equal(plain.truth, more.truth)
    own = plain.claims.table.set_index("claim_id")
    columns = ["claimant", "category", "end", "value", "low", "high"]
    pd.testing.assert_frame_equal(
        own[columns], more.claims.table.set_index("claim_id").loc[own.index, columns]
    )


@pytest.mark.parametrize("kind", ALL)
def test_each_kind_is_about_both_parties_and_is_used(kind):
    war = war_of(kind)
    rows = added(war)
    assert set(rows["party"]) == set(PARTIES)
    classes = collect_evidence(war.claims).classes.set_index("claim_id")["class"]
    assert (classes.loc[rows["claim_id"]] == "used").mean() > 0.8


def test_a_triangle_has_each_period_at_several_dates():
    war = war_of("triangle")
    table = war.claims.triangle("graves-north", "north")
    assert table.shape == (4, 3)
    grown = table.diff(axis=1).iloc[:, 1:]
    assert (grown.isna() | (grown >= 0)).all(axis=None)
    assert table.iloc[:2].notna().all(axis=None)


@pytest.mark.parametrize("seed", range(6))
def test_figures_are_within_their_limits(seed):
    table = war_of(*ALL, seed=seed).claims.table
    cases = table[table["total"].notna()]
    assert set(cases["kind"]) == {"overlap", "fate"}
    assert (cases["value"] <= cases["total"]).all()
    assert (table.loc[table["kind"] == "ratio", ["value", "low"]].max(axis=1) > 0).all()
    declared = table[table["category"] == DECLARED]
    assert (declared.groupby("party")["value"].diff().dropna() >= 0).all()


@pytest.mark.slow
def test_a_template_keeps_the_form_of_what_it_compares(shipped):
    original = load_claims(conflict="russia-ukraine").table
    original = original[compares(original)].set_index("claim_id")
    table = shipped.claims.table
    table = table[compares(table)].set_index("claim_id")
    assert set(original["kind"]) == set(table["kind"])
    kept = original.loc[table.index]
    for column in ("claimant", "category", "qualifier", "per", "derived", "end", "known"):
        assert (table[column] == kept[column]).all(), column
    assert table["total"].equals(kept["total"])
    assert (table["value"].isna() == kept["value"].isna()).all()
    ranges = table["low"].notna()
    assert (table.loc[ranges, "low"] <= table.loc[ranges, "high"]).all()
    shares = table["kind"].eq("overlap") & table["total"].isna()
    assert table.loc[shares, ["value", "low", "high"]].max(axis=None) <= 1


def test_what_no_war_can_have_is_refused(lossmodel):
    with pytest.raises(
        UsageError, match=r"no kind of evidence 'rumour'; there are: ratio, overlap"
    ):
        war_of("rumour")
    with pytest.raises(UsageError, match="no kind of evidence 'rumour'"):
        calibrate(1, size=Size(evidence=("rumour",)))
    wrong = lossmodel("calibrate", "--evidence", "rumour")
    assert wrong.status == 2
    assert "no kind of evidence 'rumour'" in wrong.stderr


# Laws: what the figures are without error


def totals(war, party: str, end: pd.Timestamp) -> dict[str, float]:
    """True losses to the end of a day, and those of the dead who are missing at first."""
    path = war.paths[0]
    days = path.position(end) + 1
    dead = path.losses(party, "killed")[:days]
    return {
        "killed": dead.sum(),
        "wounded": path.losses(party, "wounded")[:days].sum(),
        "missing": (dead * path.missing_share(party)[:days]).sum(),
    }


def test_a_ratio_is_the_quotient_of_the_losses(quiet):
    war = war_of("ratio", priors=quiet, seed=9)
    rows = added(war)
    for row in rows[rows["qualifier"].isin(["exact", "about"])].itertuples():
        true = totals(war, row.party, row.end)
        assert row.value == pytest.approx(true["wounded"] / true["killed"], rel=0.05)
    assert rows["qualifier"].isin(["exact", "about"]).any()


def test_an_overlap_is_the_coverage_of_the_list(quiet):
    # Half of the dead are in the list, and a few of the last days are not yet.
    shares = [
        row.value / row.total
        for seed in range(8)
        for row in added(war_of("overlap", priors=quiet, seed=seed)).itertuples()
    ]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_a_fate_is_the_share_of_the_dead_in_the_register(quiet):
    rows = [added(war_of("fate", priors=quiet, seed=seed)) for seed in range(8)]
    table = pd.concat(rows)
    table = table[table["kind"] == "fate"]
    assert (table["value"] / table["total"]).mean() == pytest.approx(0.5, abs=0.03)


def test_declarations_are_the_missing_dead_at_last(quiet):
    war = war_of("declared", priors=quiet)
    for row in added(war).itertuples():
        missing = totals(war, row.party, row.end)["missing"]
        assert abs(row.value - missing) < 5 * np.sqrt(missing) + 2


def test_declarations_go_on_after_the_last_losses(tmp_path, quiet):
    conflict = load_conflict(write_conflict(tmp_path))
    end = "2001-06-30"
    rows = [
        {"claim_id": "loss", "claimant": "gazette", "category": "killed", "end": end},
        {"claim_id": "now", "claimant": "land-staff", "category": "declared", "end": end},
        {"claim_id": "then", "claimant": "land-staff", "category": "declared", "end": "2006-06-30"},
    ]
    own = {"party": "land", "kind": "cumulative", "value": "9000", "published": "2006-07-15"}
    path = tmp_path / "own.csv"
    path.write_text(claims_csv([own | row for row in rows]))
    template = load_claims(path, conflict=conflict)
    war = simulate(conflict, seed=1, priors=quiet, template=template)
    now, then = war.claims.table.set_index("claim_id").loc[["now", "then"], "value"]
    assert war.truth["end"].max() == pd.Timestamp(end)
    missing = totals(war, "land", pd.Timestamp(end))["missing"]
    # All are declared within days here, and the losses end with the claim of them.
    assert now == pytest.approx(missing, rel=0.1)
    assert then == pytest.approx(missing, rel=0.1)
    assert war.total("land", "killed") == pytest.approx(
        totals(war, "land", pd.Timestamp(end))["killed"]
    )


def test_a_relay_of_an_overlap_repeats_it(tmp_path):
    conflict = load_conflict(write_conflict(tmp_path))
    own = {"claimant": "gazette", "party": "land", "category": "killed", "end": "2001-06-30"}
    own |= {"published": "2001-07-15", "value": "400"}
    count = own | {"claim_id": "count", "kind": "cumulative"}
    overlap = own | {"kind": "overlap", "start": "2001-01-01", "value": "120", "total": "200"}
    relay = {"claim_id": "relay", "claimant": "land-staff", "via": "gazette"}
    path = tmp_path / "own.csv"
    path.write_text(claims_csv([count, overlap | {"claim_id": "own"}, overlap | relay]))
    for seed in range(3):
        template = load_claims(path, conflict=conflict)
        war = simulate(conflict, seed=seed, template=template)
        table = war.claims.table.set_index("claim_id")
        assert table.loc["own", "value"] == table.loc["relay", "value"]


@pytest.mark.slow
def test_the_noise_of_a_list_is_that_of_its_months():
    loud = Priors.default().replace(LIST | {"noise.list": {"median": 0.3, "sd": 0.0}})
    errors = []
    for seed in range(20):
        war = war_of("triangle", priors=loud, seed=seed)
        path, table = war.paths[0], added(war)
        first = table[table["known"] == table["known"].min()]
        for row in first.itertuples():
            lo, hi = path.position(row.start), path.position(row.end) + 1
            found = path.losses(row.party, "killed")[lo:hi] / 2
            months = (path.position(row.known) - lo + 1) / 30
            if found.sum() > 1000:
                errors.append(np.log(row.value / found.sum()) * np.sqrt(months))
    # Student-t: quartiles, which outliers do not move.
    low, high = np.quantile(errors, [0.25, 0.75])
    assert (high - low) / 1.4 == pytest.approx(0.3, rel=0.3)


# Departures


def test_compared_cases_that_differ_move_their_odds_alone():
    sound = war_of(*ALL)
    broken = war_of(*ALL, departures=Departures(compared=4.0))
    before, after = sound.claims.table, broken.claims.table
    same = ~compares(before)
    pd.testing.assert_frame_equal(before[same], after[same])
    for kind in ("overlap", "fate"):
        rows = before["kind"] == kind
        share = [t.loc[rows, "value"] / t.loc[rows, "total"] for t in (before, after)]
        assert (share[1] > share[0]).all()
    rows = before["category"] == DECLARED
    assert after.loc[rows, "value"].sum() > 2 * before.loc[rows, "value"].sum()
    # A lethality that is stated too high has fewer wounded to a killed.
    ratios = [t.loc[t["kind"] == "ratio", ["value", "low"]].max(axis=1) for t in (before, after)]
    assert (ratios[1] < ratios[0]).mean() > 0.7


def test_double_entries_double_a_list_and_not_its_overlap(quiet):
    sound, broken = (
        war_of("overlap", "triangle", priors=quiet, departures=Departures(duplicated=times))
        for times in (1.0, 2.0)
    )
    before, after = sound.claims.table, broken.claims.table
    rows = before["claimant"].str.startswith("graves")
    assert after["value"][rows].sum() == pytest.approx(2 * before["value"][rows].sum(), rel=0.1)
    rows = before["kind"] == "overlap"
    total, found = before["total"][rows], before["value"][rows]
    error = np.sqrt(2 * found * (1 - found / total))
    # Two binomial draws of one share; of twice the share it would be eight errors.
    assert ((after["value"][rows] - found).abs() < 3 * error).all()
    assert (found > 6 * error).all()


# Recovery


@pytest.mark.slow
def test_a_war_with_all_of_them_is_fitted():
    result = calibrate(1, seed=3, size=Size((60, 70), (4, 4), (20, 24), ALL), jobs=1)
    assert result.failures.empty
    assert result.replicates["rank"].between(0, 1).all()


@pytest.mark.slow
def test_intervals_hold_what_they_say_in_wars_with_all_of_them():
    size = Size(days=(60, 120), claimants=(4, 6), claims=(20, 30), evidence=ALL)
    result = calibrate(30, seed=9000, size=size)
    row = result.coverage.set_index("quantity").loc[FIRST]
    assert len(result.failures) == 0
    # Thirty wars: two standard errors are 8 and 18 points.
    assert row["covered_95"] >= 0.87
    assert 0.32 <= row["covered_50"] <= 0.68
    assert row["outside_widened"] <= 0
