import itertools

import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import conflict_priors

CLAIMS = load_claims(conflict="battle-of-britain")
TABLE, CONFLICT = CLAIMS.table, CLAIMS.conflict
assert CONFLICT.truth is not None
TRUTH = CONFLICT.truth

PARTIES = {"germany": "luftwaffe", "britain": "raf_fighter_command"}
CLAIMANTS = {
    "air-ministry": ("uk_air_ministry", "raf_contemporary_total", "raf_campaign_diary"),
    "german-high-command": ("german_high_command",),
    "luftwaffe-intelligence": ("german_high_command",),
}
HANSARD = "hansard-1947-05-14"


def _days(row):
    return set(pd.date_range(row.start, row.end))


def test_both_sides_are_claimants_of_both():
    roles = {(CONFLICT.role(row.claimant, row.party), row.party) for row in TABLE.itertuples()}
    assert roles == set(itertools.product(("self", "adversary"), ("germany", "britain")))


def test_every_stream_is_declared():
    used = set(TABLE[["claimant", "party", "category"]].itertuples(index=False, name=None))
    declared = CONFLICT.streams[["claimant", "party", "category"]]
    assert used == set(declared.itertuples(index=False, name=None))


@pytest.mark.parametrize("table", [TABLE, TRUTH], ids=["claims", "truth"])
def test_every_row_has_a_source_that_is_listed(table):
    assert set(table["source"]) <= set(CONFLICT.sources["source"])


def test_no_source_is_listed_in_vain():
    assert set(CONFLICT.sources["source"]) == set(TABLE["source"]) | set(TRUTH["source"])


def test_claims_were_public_or_written_in_1940():
    assert TABLE["published"].max() <= pd.Timestamp("1940-11-01")
    assert (TABLE["published"] >= TABLE["end"]).all()


def test_claims_do_not_contain_the_truth():
    shared = set(TABLE["source"]) & set(TRUTH["source"])
    # the answer in parliament printed what was claimed beside what was known
    assert shared == {HANSARD}
    keys = ["party", "start", "end", "value"]
    claimed = TABLE.loc[TABLE["source"] == HANSARD, keys]
    assert claimed.merge(TRUTH.loc[TRUTH["source"] == HANSARD, keys]).empty


def test_one_truth_a_window():
    assert not TRUTH.duplicated(["party", "category", "scope", "start", "end"]).any()


def test_phases_of_german_losses_fill_the_battle_and_add_up():
    german = TRUTH[(TRUTH["party"] == "germany") & (TRUTH["source"] == HANSARD)]
    whole = german[(german["start"] == "1940-07-10") & (german["end"] == "1940-10-31")]
    phases = german.drop(whole.index)
    assert len(phases) == 5
    assert phases["value"].sum() == whole["value"].item() == 1733
    days = [day for row in phases.itertuples() for day in _days(row)]
    assert sorted(days) == list(pd.date_range("1940-07-10", "1940-10-31"))


def test_single_days_fit_into_their_phase():
    for phase in TRUTH[TRUTH["source"] == HANSARD].itertuples():
        inside = TRUTH[
            (TRUTH["party"] == phase.party)
            & (TRUTH["start"] == TRUTH["end"])
            & TRUTH["start"].between(phase.start, phase.end)
        ]
        assert inside["value"].sum() <= phase.value


def test_claims_by_phase_add_up():
    phases = TABLE[TABLE["source"] == HANSARD]
    for _, rows in phases.groupby("claimant"):
        whole = rows["end"].sub(rows["start"]).dt.days.idxmax()
        assert rows["value"].drop(whole).sum() == rows.loc[whole, "value"]


def test_limits_hold_the_value():
    ranged = TRUTH.dropna(subset=["low"])
    assert (ranged["low"] <= ranged["value"]).all()
    assert (ranged["value"] <= ranged["high"]).all()
    assert ranged["ci_prob"].notna().all()


def test_the_readme_counts_what_is_there():
    text = (CONFLICT.directory / "README.md").read_text(encoding="utf-8")
    assert f"Claims ({len(TABLE)})" in text
    assert f"Truth ({len(TRUTH)})" in text


def test_its_priors_have_not_seen_it():
    assert conflict_priors(CONFLICT) == Priors.from_history(leave_out="Battle of Britain")


def test_claims_follow_the_reference(shared):
    reference = pd.read_csv(shared / "reference" / "history" / "battle-of-britain-claims.csv")
    found = set(
        reference[["claimant", "party", "start", "end", "value"]].itertuples(index=False, name=None)
    )
    strangers = [
        row.claim_id
        for row in TABLE.itertuples()
        if not any(
            (
                claimant,
                PARTIES[row.party],
                f"{row.start:%Y-%m-%d}",
                f"{row.end:%Y-%m-%d}",
                row.value,
            )
            in found
            for claimant in CLAIMANTS[row.claimant]
        )
    ]
    # five of the fifteen were not of Fighter Command
    assert strangers == ["german-high-command-britain-1940-07-13"]
    assert len(reference) - len(TABLE) == 4


def test_truth_follows_the_reference(shared):
    reference = pd.read_csv(shared / "reference" / "history" / "battle-of-britain-truth.csv")
    reference = reference[reference["party"].isin(PARTIES.values())]
    windows = reference.groupby(["party", "start", "end"])["value"]
    assert windows.ngroups == len(TRUTH)
    for row in TRUTH.itertuples():
        key = (PARTIES[row.party], f"{row.start:%Y-%m-%d}", f"{row.end:%Y-%m-%d}")
        values = windows.get_group(key)
        assert row.value in set(values)
        if len(set(values)) > 1:
            assert (row.low, row.high) == (values.min(), values.max())
