"""Each claim counts once: hand-made cases of every rule, and laws over random tables."""

import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossmodel.claims import Claims, load_claims
from lossmodel.conflict import Category, Conflict, Knots, Party, Scope, Share, Side
from lossmodel.evidence import Evidence, collect_evidence
from tests.small_conflict import TOML, claims_csv, write_conflict

START = pd.Timestamp("2022-02-24")

# claimant, party, category, accounting
STREAMS = [
    ("staff", "red+ally", "losses", "ledger"),
    ("staff", "red+ally", "casualties", "ledger"),
    ("staff", "red", "tanks", "ledger"),
    ("names", "red", "killed", "list"),
    ("registry", "red", "killed", "register"),
    ("ministry", "red", "killed", "estimate"),
]
CLAIMANTS = ["staff", "names", "registry", "ministry", "paper", "agency", "derived"]


def conflict(streams=STREAMS, names=CLAIMANTS) -> Conflict:
    persons = ("killed", "wounded", "losses", "irrecoverable", "missing", "captured", "casualties")
    claimants = pd.DataFrame({"claimant": names, "side": "", "derived_from": ""})
    claimants.loc[claimants["claimant"] == "derived", "derived_from"] = "staff;names"
    claimants.loc[claimants["claimant"] == "staff", "side"] = "blue"
    claimants.loc[claimants["claimant"] == "ministry", "side"] = "red"
    table = pd.DataFrame(streams, columns=["claimant", "party", "category", "accounting"])
    return Conflict(
        name="test",
        title="Test",
        start=START,
        sides={"red": Side("red", ""), "blue": Side("blue", "")},
        parties={
            "red": Party("red", "", "red", ("blue",)),
            "ally": Party("ally", "", "red", ("blue",)),
            "red+ally": Party("red+ally", "", "red", (), ("red", "ally")),
        },
        categories={name: Category(name, name, "person") for name in persons}
        | {name: Category(name, name, "equipment") for name in ("tanks", "ships")},
        scopes={
            "all": Scope("all", ""),
            "militia": Scope("militia", "", "red", "all", share=Share("constant", 0.5, 0.5)),
            "citizens": Scope("citizens", "", "red", complement_of="militia"),
            "theatre": Scope("theatre", "", None, "all"),
        },
        knots=Knots(),
        claimants=claimants,
        streams=table.assign(method="", note=""),
        sources=pd.DataFrame(),
        truth=None,
        directory=Path(),
    )


def claims(*rows: dict, of: Conflict | None = None) -> Claims:
    """A table as validation leaves it; `day` counts from the first of the conflict, which is 1."""
    full = []
    for number, row in enumerate(rows):
        row = {"claim_id": f"c{number}", "party": "red+ally", "scope": "all"} | row
        row = {"qualifier": "exact", "via": "", "part_of": "", "kind": "cumulative"} | row
        row = {"per": "", "total": np.nan, "derived": False} | row
        row["end"] = START + pd.Timedelta(days=row.pop("day") - 1)
        first = row.pop("first", 1 if row["kind"] in ("cumulative", "stock") else None)
        days = row["end"] if first is None else START + pd.Timedelta(days=first - 1)
        for name in ("known", "published"):
            if name in row:
                row[name] = START + pd.Timedelta(days=row[name] - 1)
        row = {"start": days, "published": row["end"]} | row
        row = {"known": row["end"] if row["kind"] == "cumulative" else row["published"]} | row
        full.append({"value": np.nan, "low": np.nan, "high": np.nan} | row)
    table = pd.DataFrame(full)
    for name in ("start", "end", "known", "published"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[ns]")
    for name in ("value", "low", "high"):
        table[name] = table[name].astype(float)
    return Claims(
        table.assign(row=range(2, len(full) + 2)), of or conflict(), {}, Path("claims.csv")
    )


def ledger(day: int, value: float, **more) -> dict:
    return {"claimant": "staff", "category": "losses", "day": day, "value": value} | more


def estimate(day: int, value: float, **more) -> dict:
    row = {"claimant": "ministry", "party": "red", "category": "killed", "day": day, "value": value}
    return row | more


def listed(day: int, value: float, **more) -> dict:
    row = {"claimant": "names", "party": "red", "category": "killed", "scope": "citizens"}
    return row | {"day": day, "value": value} | more


def classes(evidence: Evidence) -> dict[str, str]:
    """Class of each claim, with its companions."""
    return {
        name: f"{kind} {into}".strip()
        for name, kind, into, _ in evidence.classes.itertuples(index=False, name=None)
    }


def windows(evidence: Evidence) -> dict[str, tuple[float, list[tuple[int, int]]]]:
    """Value and days (the conflict's first is 1) of each term."""
    return {
        row.term: (row.value, [tuple((day - START).days + 1 for day in span) for span in row.days])
        for row in evidence.terms.itertuples()
    }


# --- relays


def test_a_relay_is_merged_with_its_original_whatever_it_calls_it():
    relay = ledger(10, 1000, claimant="paper", category="killed", party="red", via="staff")
    found = collect_evidence(claims(ledger(10, 1012), relay | {"qualifier": "about"}))
    assert classes(found) == {"c0": "used", "c1": "merged c0"}


def test_a_chain_of_relays_ends_with_its_root():
    chain = [
        ledger(10, 1000, claimant="paper", via="agency"),
        ledger(10, 1000, claimant="agency", via="staff"),
        ledger(10, 1000),
    ]
    found = collect_evidence(claims(*chain))
    assert classes(found) == {"c0": "merged c2", "c1": "merged c2", "c2": "used"}


def test_the_finer_of_two_relays_stands_in_for_a_missing_original():
    relays = [
        ledger(10, 1000, claimant="paper", via="agency", qualifier="about"),
        ledger(10, 1012, claimant="agency", via="staff"),
    ]
    found = collect_evidence(claims(*relays))
    assert classes(found) == {"c0": "merged c1", "c1": "used"}
    term = found.terms.iloc[0]
    assert (term["claimant"], term["category"], term["accounting"]) == ("staff", "losses", "ledger")
    assert term["role"] == "adversary"


def test_a_stand_in_keeps_the_rounding_of_the_relay():
    rows = [
        ledger(10, 1234),
        ledger(30, 900, claimant="paper", via="staff", first=11, kind="period"),
    ]
    found = collect_evidence(claims(*rows))
    assert windows(found)["c1"] == (900, [(11, 30)])
    sds = found.terms.set_index("term")["rounding_sd"]
    assert sds[["c0", "c1"]].tolist() == pytest.approx([0, 90 / np.sqrt(12)])


def test_a_relayed_average_of_a_ledger_is_merged_with_the_totals_that_give_it():
    relay = ledger(30, 51, claimant="paper", via="staff", kind="average", first=11)
    found = collect_evidence(claims(ledger(10, 1010), ledger(30, 2030), relay))
    assert classes(found)["c2"] == "merged c1"


def test_an_original_that_differs_is_not_displaced():
    relay = ledger(10, 1500, claimant="paper", via="staff", published=20)
    found = collect_evidence(claims(ledger(10, 1012), relay))
    assert classes(found) == {"c0": "used", "c1": "merged c0"}


def test_two_names_of_one_ledger_are_one_ledger():
    rows = [
        ledger(10, 1010),
        ledger(20, 2020),
        ledger(20, 1010, category="casualties", kind="period"),
    ]
    rows[2]["first"] = 11
    assert classes(collect_evidence(claims(*rows)))["c2"] == "merged c1"


def test_a_relay_goes_where_its_original_goes():
    rows = [listed(10, 100, scope="theatre"), listed(10, 100, scope="theatre", via="names")]
    rows[1]["claimant"] = "paper"
    found = collect_evidence(claims(*rows))
    assert set(found.classes["class"]) == {"left out"}
    assert found.terms.empty


# --- estimates and stocks


def test_the_latest_revision_of_a_window_stands():
    found = collect_evidence(
        claims(estimate(10, 1100, published=12), estimate(10, 1300, published=20))
    )
    assert classes(found) == {"c0": "merged c1", "c1": "used"}


def test_estimates_at_other_dates_are_assessments_of_their_own():
    found = collect_evidence(claims(estimate(10, 1100), estimate(20, 2300), estimate(30, 3100)))
    assert set(found.classes["class"]) == {"used"}
    assert windows(found)["c1"] == (2300, [(1, 20)])


@pytest.mark.parametrize(("value", "kind"), [(2500, "merged c0"), (28, "used")])
def test_only_a_round_figure_said_again_is_a_restatement(value, kind):
    found = collect_evidence(claims(estimate(10, value), estimate(40, value)))
    assert classes(found) == {"c0": "used", "c1": kind}


def test_an_average_is_a_total_of_its_window():
    row = estimate(20, 50, kind="average", first=11, low=40, high=70, qualifier="range")
    term = collect_evidence(claims(row)).terms.iloc[0]
    assert (term["value"], term["low"], term["high"], term["n_days"]) == (500, 400, 700, 10)
    assert term["range_sd"] == pytest.approx(np.log(7 / 4) / np.sqrt(12))
    assert term["rounding_sd"] == pytest.approx(5 * 10 / np.sqrt(12))


def test_stocks_are_never_differenced():
    rows = [estimate(day, 1000 + day, kind="stock", category="missing") for day in (10, 20)]
    found = collect_evidence(claims(*rows))
    assert found.terms["kind"].tolist() == ["stock", "stock"]
    assert found.terms["value"].tolist() == [1010, 1020]


# --- lists and registers


def test_vintages_of_a_list_are_increments_in_knowledge():
    found = collect_evidence(claims(listed(10, 110), listed(20, 190), listed(30, 301)))
    assert found.terms["value"].tolist() == [110, 80, 111]
    last = found.terms.iloc[2]
    assert (last["kind"], last["known"], last["known_from"]) == (
        "vintage",
        START + pd.Timedelta(days=29),
        START + pd.Timedelta(days=19),
    )
    assert last["days_from"] == ((START, START + pd.Timedelta(days=19)),)
    assert found.terms.iloc[0]["days_from"] == ()
    assert pd.isna(found.terms.iloc[0]["known_from"])


def test_vintages_of_one_window_are_a_chain_of_their_own():
    old = listed(20, 52, kind="period", first=11, known=25, published=25)
    new = listed(20, 77, kind="period", first=11, known=60, published=60)
    found = collect_evidence(claims(old, new))
    assert windows(found) == {"c0": (52, [(11, 20)]), "c1": (25, [(11, 20)])}
    assert found.terms.iloc[1]["days_from"] == found.terms.iloc[1]["days"]


def test_a_list_says_at_least_and_means_its_count():
    found = collect_evidence(claims(listed(10, 15_000, qualifier="at-least")))
    assert found.terms["form"].tolist() == ["point"]


def test_a_vintage_too_near_for_its_rounding_is_joined_with_the_next():
    rows = [listed(10, 14_321), listed(15, 15_000, qualifier="at-least"), listed(20, 16_117)]
    found = collect_evidence(claims(*rows, listed(30, 17_003), listed(40, 18_001)))
    assert classes(found)["c1"] == "merged c2"
    assert found.terms["value"].tolist() == [14_321, 1_796, 886, 998]


def test_a_count_that_was_corrected_is_merged():
    found = collect_evidence(claims(listed(10, 101), listed(20, 999), listed(30, 203)))
    assert classes(found)["c1"] == "merged c2"
    assert found.terms["value"].sum() == 203


def test_an_old_count_repeated_is_merged_with_the_first():
    found = collect_evidence(claims(listed(10, 101), listed(20, 101), listed(30, 203)))
    assert classes(found)["c1"] == "merged c0"


def test_a_total_of_years_of_the_same_release_is_merged_with_them():
    years = [
        listed(100, 500, kind="period", first=1, known=300, published=300),
        listed(200, 700, kind="period", first=101, known=300, published=300),
        listed(200, 1200, known=300, published=300),
    ]
    assert classes(collect_evidence(claims(*years)))["c2"] == "merged c0;c1"


def test_a_bound_of_a_register_stands_only_far_from_a_count():
    def row(day: int, value: float, **more) -> dict:
        return listed(day, value, claimant="registry", **more)

    near, far = row(105, 900, qualifier="at-least"), row(300, 1900, qualifier="at-least")
    found = collect_evidence(claims(row(100, 1011), near, far))
    assert classes(found) == {"c0": "used", "c1": "merged c0", "c2": "used"}
    assert found.terms["form"].tolist() == ["point", "at-least"]


# --- ledgers


def test_totals_of_a_ledger_are_increments():
    found = collect_evidence(claims(ledger(10, 1010), ledger(20, 1620), ledger(30, 2930)))
    assert windows(found) == {
        "c0": (1010, [(1, 10)]),
        "c1": (610, [(11, 20)]),
        "c2": (1310, [(21, 30)]),
    }
    assert found.terms["claims"].tolist() == ["c0", "c0;c1", "c1;c2"]
    sd = 10 / np.sqrt(12)
    assert found.terms["rounding_sd"].tolist() == pytest.approx([sd, sd * 2**0.5, sd * 2**0.5])


def test_increments_are_joined_until_rounding_does_not_matter():
    rows = [ledger(day, value) for day, value in [(10, 1010), (11, 1070), (12, 1130), (20, 2930)]]
    found = collect_evidence(claims(*rows))
    assert classes(found)["c1"] == "merged c2"
    assert windows(found)["c2"] == (120, [(11, 12)])


def test_counts_to_the_last_unit_are_never_joined_and_zeros_stay():
    rows = [
        ledger(10 * n, v, category="tanks", party="red") for n, v in enumerate([3, 3, 4, 10], 1)
    ]
    found = collect_evidence(claims(*rows))
    assert found.terms["value"].tolist() == [3, 0, 1, 6]
    assert found.terms["rounding_sd"].tolist() == [0, 0, 0, 0]


def test_a_zero_is_rounded_as_the_others_are_if_these_are_more_than_one():
    rows = [ledger(day, 0.0, kind="daily") for day in (3, 5)]
    one = collect_evidence(claims(*rows, ledger(4, 500, kind="daily"))).terms
    assert one["rounding_sd"].tolist() == pytest.approx([0, 50 / np.sqrt(12), 0])
    two = collect_evidence(claims(*rows, *(ledger(d, 100.0 * d, kind="daily") for d in (7, 8))))
    zeros = two.terms[two.terms["value"] == 0]
    assert zeros["rounding_sd"].tolist() == pytest.approx([100 / np.sqrt(12)] * 2)


def test_a_daily_figure_inside_an_increment_splits_it():
    rows = [ledger(10, 1010), ledger(20, 2020), ledger(15, 110, kind="daily")]
    assert windows(collect_evidence(claims(*rows))) == {
        "c0": (1010, [(1, 10)]),
        "c1": (900, [(11, 14), (16, 20)]),
        "c2": (110, [(15, 15)]),
    }


def test_a_daily_figure_that_leaves_nothing_is_merged():
    rows = [ledger(10, 1010), ledger(20, 2020), ledger(15, 1010, kind="daily")]
    assert classes(collect_evidence(claims(*rows)))["c2"] == "merged c1"


def test_what_overlaps_two_increments_is_merged_with_both():
    rows = [ledger(10, 1010), ledger(20, 2020), ledger(15, 770, kind="period", first=6)]
    assert classes(collect_evidence(claims(*rows)))["c2"] == "merged c0;c1"


def test_a_year_beyond_the_last_total_gives_its_rest():
    rows = [ledger(10, 1010), ledger(20, 2020), ledger(40, 3030, kind="period", first=11)]
    assert windows(collect_evidence(claims(*rows)))["c2"] == (2020, [(21, 40)])


def test_weeks_and_days_without_totals_are_taken_apart_too():
    week = ledger(17, 770, kind="period", first=11)
    found = collect_evidence(
        claims(week, ledger(12, 110, kind="daily"), ledger(30, 90, kind="daily"))
    )
    assert windows(found) == {
        "c0": (660, [(11, 11), (13, 17)]),
        "c1": (110, [(12, 12)]),
        "c2": (90, [(30, 30)]),
    }


def test_a_misprint_of_a_total_is_merged():
    rows = [ledger(10, 1010), ledger(20, 20_200), ledger(30, 2930), ledger(40, 4040)]
    found = collect_evidence(claims(*rows))
    assert classes(found)["c1"] == "merged c2"
    assert found.terms["value"].sum() == 4040


@pytest.mark.parametrize(("day", "kind"), [(22, "merged c1"), (60, "used")])
def test_a_bound_of_a_ledger_stands_only_far_from_its_totals(day, kind):
    bound = ledger(day, 2000, qualifier="at-least")
    found = collect_evidence(claims(ledger(10, 1010), ledger(20, 2020), bound))
    assert classes(found)["c2"] == kind
    assert found.terms["form"].tolist()[2:] == ["at-least"] * (kind == "used")


def test_shorter_bounds_stand_for_the_bound_of_their_sum():
    rows = [
        ledger(13, 300, kind="period", first=11, qualifier="at-most"),
        ledger(16, 400, kind="period", first=14, qualifier="at-most"),
        ledger(16, 700, kind="period", first=11, qualifier="at-most"),
    ]
    assert classes(collect_evidence(claims(*rows)))["c2"] == "merged c0;c1"


def test_a_correction_is_taken_out_of_its_days_and_divided_among_those_before():
    rows = [ledger(10, 1010), ledger(20, 2020), ledger(15, 500, kind="correction")]
    rows += [ledger(30, 3000)]
    found = collect_evidence(claims(*rows))
    factor = (1010 + 510 + 500) / (1010 + 510)
    first, second, after = (windows(found)[name] for name in ("c0", "c1", "c3"))
    assert first == (pytest.approx(1010 * factor), [(1, 10)])
    assert second == (pytest.approx(510 * factor), [(11, 20)])
    assert after == (pytest.approx(980), [(21, 30)])
    assert classes(found)["c2"] == "used"
    assert found.corrections["value"].tolist() == [500]


def test_a_correction_of_several_days_is_spread_over_them():
    rows = [ledger(10, 1010), ledger(20, 2020), ledger(12, -80, kind="correction", first=9)]
    found = windows(collect_evidence(claims(*rows)))
    # On either side of the end of day 10 are 40 of the 80, which are taken from the first.
    assert found["c0"][0] == pytest.approx(1010 + 40 - 80)
    assert found["c1"][0] == pytest.approx(1010 + 40)


@pytest.mark.parametrize("first", [58, 1])
def test_losses_that_were_taken_back_are_taken_from_the_total(first):
    """A total that fell from 350 to 40, of which the claimant says that it took 310 back."""
    totals = {20: 100, 40: 220, 50: 350, 58: 40, 70: 150, 80: 260}
    rows = [ledger(day, total) for day, total in totals.items()]
    rows.append(ledger(58, -310, kind="correction", first=first))
    found = collect_evidence(claims(*rows))
    assert found.terms["value"].sum() == pytest.approx(260)
    parts = windows(found)
    # What was lost after it stays as it was.
    assert [parts[name][0] for name in ("c4", "c5")] == [pytest.approx(110), pytest.approx(110)]


@pytest.mark.parametrize(
    "rows",
    [
        [ledger(day, 100, kind="daily") for day in (5, 6, 8, 9)],  # the 7th has no figure
        [ledger(3, 1013), ledger(6, 4027)],  # the 7th is after the last total
    ],
    ids=["gap", "after"],
)
def test_a_correction_of_a_day_without_a_figure_is_of_those_before(rows):
    before = collect_evidence(claims(*rows)).terms["value"]
    found = collect_evidence(claims(*rows, ledger(7, -40, kind="correction")))
    assert found.terms["value"].sum() == pytest.approx(before.sum() - 40)
    assert classes(found)[f"c{len(rows)}"] == "used"
    parts = windows(found)
    assert parts["c0"][0] / parts["c1"][0] == pytest.approx(before[0] / before[1])


def test_a_correction_of_days_before_all_figures_is_left_out():
    rows = [ledger(9, 100, kind="daily"), ledger(7, -40, kind="correction")]
    found = collect_evidence(claims(*rows))
    assert classes(found) == {"c0": "used", "c1": "left out"}
    assert found.terms["value"].tolist() == [100]


def test_a_correction_of_more_than_there_was_changes_only_its_days():
    rows = [ledger(day, 10, kind="daily") for day in (5, 6)]
    rows.append(ledger(14, -900, kind="correction", first=5))
    found = collect_evidence(claims(*rows))
    # Of its ten days two have a figure.
    assert windows(found)["c0"] == (100, [(5, 5)])
    assert "more than there is" in found.classes.set_index("claim_id").at["c2", "why"]


# --- sums


def test_parts_are_not_added_to_their_total():
    parts = [ledger(11, 60, kind="daily", part_of="c0"), ledger(11, 50, kind="daily", part_of="c0")]
    found = collect_evidence(claims(ledger(11, 110, kind="daily"), *parts))
    assert classes(found) == {"c0": "used", "c1": "merged c0", "c2": "merged c0"}


def test_parts_whose_total_is_not_yet_known_are_a_lower_bound():
    total = ledger(11, 110, kind="daily", published=40)
    parts = [ledger(11, 60, kind="daily", part_of="c0"), ledger(11, 30, kind="daily", part_of="c0")]
    found = collect_evidence(claims(total, *parts), as_of=START + pd.Timedelta(days=20))
    assert classes(found) == {"c0": "left out", "c1": "used", "c2": "used"}
    assert found.terms[["claims", "form", "value"]].values.tolist() == [["c2;c1", "at-least", 90]]


def test_casualties_that_are_killed_and_wounded_are_merged_with_them():
    rows = [
        estimate(10, 100),
        estimate(10, 300, category="wounded"),
        estimate(10, 400, category="casualties"),
    ]
    assert classes(collect_evidence(claims(*rows)))["c2"] == "merged c0;c1"


# --- what is left out


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (estimate(10, 100, category="captured"), "captured"),
        (estimate(10, 100, scope="theatre"), "theatre"),
        (estimate(10, 100, claimant="derived"), "staff, names"),
        (estimate(10, 100, kind="correction"), "ledger"),
        (ledger(10, 100, kind="correction"), "no other figure"),
        (estimate(-5, 100, kind="daily"), "before"),
    ],
)
def test_what_the_model_has_no_place_for_is_left_out(row, word):
    found = collect_evidence(claims(row))
    assert classes(found) == {"c0": "left out"}
    assert word in found.classes["why"].iloc[0]


def test_a_register_after_the_war_is_no_increment_of_an_earlier_one():
    def registered(day, value, known):
        return estimate(day, value, claimant="registry", known=known, published=known)

    over = replace(conflict(), end=START + pd.Timedelta(days=59))
    rows = [registered(20, 2103, 21), registered(60, 3607, 900), registered(60, 3659, 1800)]
    found = collect_evidence(claims(*rows, of=over)).terms
    assert found["value"].tolist() == [2103, 3607, 52]
    assert found["known_from"].isna().tolist() == [True, True, False]
    # One that comes at once goes on with what it had.
    soon = collect_evidence(claims(rows[0], registered(60, 3607, 62), of=over)).terms
    assert soon["value"].tolist() == [2103, 1504]


def test_ratios_alone_end_where_they_end():
    ratio = estimate(40, 3.5, category="wounded", kind="ratio", per="killed")
    assert collect_evidence(claims(ratio)).until == START + pd.Timedelta(days=39)
    # Beside a count they do not.
    assert collect_evidence(claims(ratio, estimate(10, 100))).until == START + pd.Timedelta(days=9)


def test_as_of_drops_what_was_published_later_before_anything_else():
    rows = claims(estimate(10, 1100, published=12), estimate(10, 1300, published=20))
    found = collect_evidence(rows, as_of=START + pd.Timedelta(days=14))
    assert classes(found) == {"c0": "used", "c1": "left out"}
    assert found.until == START + pd.Timedelta(days=9)


def test_losses_end_with_the_conflict_whatever_is_asked_for():
    kargil = load_claims(conflict="kargil1999")
    conflict = kargil.conflict
    last = conflict.end + pd.Timedelta(days=900)
    found, usual = collect_evidence(kargil, until=last), collect_evidence(kargil)
    assert found.until == usual.until == conflict.end
    pd.testing.assert_frame_equal(found.terms, usual.terms)


def test_until_leaves_out_what_ends_later_but_not_what_is_known_later():
    late = listed(10, 80, kind="period", first=5, known=90, published=90)
    rows = claims(late, estimate(40, 1300), estimate(20, 900))
    found = collect_evidence(rows, until=START + pd.Timedelta(days=29))
    assert classes(found) == {"c0": "used", "c1": "left out", "c2": "used"}
    assert found.until == START + pd.Timedelta(days=29)


# --- laws

DAYS = 60
VALUES = st.one_of(
    st.integers(0, 3000), st.integers(0, 300).map(lambda n: 10 * n), st.sampled_from([500, 1000])
)


@st.composite
def rows(draw) -> dict:
    kind = draw(
        st.sampled_from(["cumulative", "cumulative", "daily", "period", "average", "stock"])
    )
    stream = draw(st.sampled_from(STREAMS))
    day = draw(st.integers(1, DAYS))
    first = {"daily": day, "cumulative": 1, "stock": 1}.get(kind) or draw(st.integers(1, day))
    row = {"claimant": stream[0], "party": stream[1], "category": stream[2], "kind": kind}
    row |= {"day": day, "first": first, "published": day + draw(st.integers(0, 3))}
    qualifiers = ["exact", "exact", "about", "about", "at-least", "at-most", "range"]
    row["qualifier"] = draw(st.sampled_from(qualifiers))
    row["category"] = draw(st.sampled_from([row["category"]] * 9 + ["missing", "captured"]))
    row["scope"] = draw(st.sampled_from(["all"] * 9 + ["theatre"]))
    value = draw(VALUES)
    if row["qualifier"] == "range":
        row |= {"low": value / 2, "high": value * 2}
    if row["qualifier"] != "range" or draw(st.booleans()):
        row["value"] = value
    if draw(st.integers(0, 5)) == 0:
        row |= {"via": row["claimant"], "claimant": draw(st.sampled_from(["paper", "agency"]))}
    elif draw(st.integers(0, 9)) == 0:
        row["claimant"] = "derived"
    if draw(st.integers(0, 9)) == 0:
        row["part_of"] = f"c{draw(st.integers(0, 29))}"
    return row


TABLES = st.lists(rows(), min_size=1, max_size=30)


def same(a: Evidence, b: Evidence) -> None:
    for left, right in [(a.terms, b.terms), (a.classes, b.classes), (a.corrections, b.corrections)]:
        key = left.columns[0]
        left, right = (frame.sort_values(key, ignore_index=True) for frame in (left, right))
        pd.testing.assert_frame_equal(left, right)
    assert a.until == b.until


@pytest.mark.slow
@given(TABLES)
@settings(deadline=None, max_examples=60)
def test_every_claim_has_one_class_and_every_term_its_claims(table):
    found = collect_evidence(claims(*table))
    assert found.classes["claim_id"].tolist() == [f"c{n}" for n in range(len(table))]
    assert set(found.classes["class"]) <= {"used", "merged", "left out"}
    assert (found.classes["why"].str.len() > 10).all()
    used = set(found.classes["claim_id"][found.classes["class"] == "used"])
    merged = found.classes[found.classes["class"] == "merged"]
    assert {name for into in merged["with"] for name in into.split(";")} <= used
    assert {name for of in found.terms["claims"] for name in of.split(";")} == used
    assert found.terms["term"].is_unique


@given(TABLES)
@settings(deadline=None, max_examples=40)
def test_terms_are_fit_for_a_likelihood(table):
    terms = collect_evidence(claims(*table)).terms
    assert np.isfinite(terms.loc[terms["form"] != "interval", "value"]).all()
    assert (terms.loc[terms["form"] == "interval", ["low", "high"]].notna()).all(axis=None)
    assert (terms["value"].dropna() >= 0).all()
    assert np.isfinite(terms[["rounding_sd", "range_sd"]]).all(axis=None)
    for days, count in zip(terms["days"], terms["n_days"], strict=True):
        assert count == sum((end - start).days + 1 for start, end in days) > 0
        assert all(a[1] < b[0] for a, b in zip(days, days[1:], strict=False))
    increments = terms[terms["days_from"].map(len) > 0]
    assert (increments["known_from"] <= increments["known"]).all()


@given(TABLES, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_the_rows_does_not_matter(table, random):
    original = claims(*table)
    order = list(range(len(table)))
    random.shuffle(order)
    shuffled = replace(original, table=original.table.iloc[order].reset_index(drop=True))
    same(collect_evidence(original), collect_evidence(shuffled))


@pytest.mark.slow
@given(TABLES)
@settings(deadline=None, max_examples=40)
def test_the_names_of_claimants_do_not_matter(table):
    other = dict(zip(CLAIMANTS, reversed(string.ascii_lowercase), strict=False))
    original = claims(*table)
    renamed = conflict(
        [(other[claimant], *rest) for claimant, *rest in STREAMS], list(other.values())
    )
    renamed.claimants[["side", "derived_from"]] = original.conflict.claimants[
        ["side", "derived_from"]
    ]
    names = {name: original.table[name].map(other).fillna("") for name in ("claimant", "via")}
    a = collect_evidence(original)
    b = collect_evidence(replace(original, table=original.table.assign(**names), conflict=renamed))
    for frame in (a.terms, a.corrections):
        frame["claimant"] = frame["claimant"].map(other).astype(str)
    a.classes["why"] = b.classes["why"]  # which name claimants
    same(a, b)


@given(st.lists(st.tuples(st.integers(1, DAYS), st.integers(0, 500)), min_size=1, max_size=30))
@settings(deadline=None, max_examples=40)
def test_increments_of_a_ledger_share_no_day_and_add_up_to_its_last_total(points):
    daily = dict(points)
    totals, running = [], 0
    for day in sorted(daily):
        running += 10 * daily[day]
        totals.append(ledger(day, running))
    corrections = [ledger(sorted(daily)[0], 7, kind="correction")] * (totals[0]["value"] > 7)
    splits = [ledger(day, 10 * lost, kind="daily") for day, lost in daily.items() if lost]
    found = collect_evidence(claims(*totals, *corrections, *splits))
    assert found.terms["value"].sum() == pytest.approx(running)
    owned = [day for days in found.terms["days"] for span in days for day in pd.date_range(*span)]
    assert len(owned) == len(set(owned)) == max(daily)


# --- the shipped claims


def test_the_shipped_claims_become_evidence():
    shipped = load_claims()
    found = collect_evidence(shipped)
    assert found.classes["claim_id"].tolist() == shipped.table["claim_id"].tolist()
    assert found.terms["claims"].str.split(";").explode().isin(shipped.table["claim_id"]).all()
    ledgers = found.terms[
        (found.terms["accounting"] == "ledger") & (found.terms["form"] == "point")
    ]
    for _, own in ledgers.groupby(["claimant", "party", "category", "scope"]):
        days = [d for spans in own["days"] for span in spans for d in pd.date_range(*span)]
        assert len(days) == len(set(days))


def test_a_year_ago_is_a_part_of_today():
    shipped = load_claims()
    then = collect_evidence(shipped, as_of="2024-02-24")
    assert then.terms["published"].max() <= pd.Timestamp("2024-02-24") >= then.until
    late = shipped.table["published"] > pd.Timestamp("2024-02-24")
    assert (then.classes.loc[late.to_numpy(), "class"] == "left out").all()


@pytest.mark.parametrize(
    ("least", "used"), [("doubtful", 3), ("second-hand", 2), ("first-hand", 1)]
)
def test_claims_that_are_trusted_less_are_left_out(least, used):
    marks = ["first-hand", "second-hand", "doubtful"]
    table = claims(*(estimate(100 * i + 10, 1234 * i, trust=m) for i, m in enumerate(marks, 1)))
    found = collect_evidence(table, trust=least).classes
    assert found["class"].tolist() == ["used"] * used + ["left out"] * (3 - used)
    assert found["why"][used:].str.contains("Marked").all()


def recounts(folder: Path, days: int, rows: list[dict[str, str]]) -> list[str]:
    """Accountings of a ledger's figures of its own side in a war of so many days."""
    last = pd.Timestamp("2001-01-01") + pd.Timedelta(days=days - 1)
    text = TOML.replace("end = 2003-12-31", f"end = {last:%Y-%m-%d}")
    text = text.replace("from = 2002-01-01\n", "")
    about = {"claimant": "sea-staff", "party": "sea", "category": "killed"}
    conflict = write_conflict(
        folder, conflict=text,
        claims=claims_csv([about | row | {"claim_id": f"c{n}"} for n, row in enumerate(rows)]),
        claimants="claimant,name,side,url,derived_from,note\nsea-staff,Staff of the sea,sea,,,\n",
        streams="claimant,party,category,accounting,method,note\nsea-staff,sea,killed,ledger,,\n",
    )  # fmt: skip
    return collect_evidence(load_claims(conflict=conflict)).terms["accounting"].tolist()


def total(days: int, later: int, value: int = 146) -> dict[str, str]:
    """A total of the first days, published some days later."""
    last = pd.Timestamp("2001-01-01") + pd.Timedelta(days=days - 1)
    published = f"{last + pd.Timedelta(days=later):%Y-%m-%d}"
    return {
        "kind": "cumulative", "end": f"{last:%Y-%m-%d}", "value": str(value), "published": published
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "later", "accounting"),
    [
        *((1, lag, "ledger") for lag in (1, 7)), (1, 8, "estimate"),
        *((12, lag, "ledger") for lag in (1, 12)), *((12, lag, "estimate") for lag in (13, 31)),
        *((40, lag, "ledger") for lag in (8, 30)), (40, 31, "estimate"),
    ],
)  # fmt: skip
def test_a_total_later_than_the_war_was_long_is_a_new_count(tmp_path, days, later, accounting):
    """A ledger's total, published so many days after a war of so many days, a week at least."""
    assert recounts(tmp_path, days, [total(days, later)]) == [accounting]


def test_days_and_repeated_totals_are_no_new_counts(tmp_path):
    repeated = [total(5, 1), total(5, 9)]
    assert recounts(tmp_path / "repeated", 5, repeated) == ["ledger"]
    late = [total(5, 9, 150), total(5, 20, 150)]
    assert recounts(tmp_path / "late", 5, [total(5, 1), *late]) == ["ledger", "estimate"]
    assert recounts(tmp_path / "new", 5, [total(5, 1), total(5, 9, 150)]) == ["ledger", "estimate"]
    dated = [f"2001-01-0{day}" for day in range(1, 6)]
    daily = [
        {"kind": "daily", "start": day, "end": day, "value": "9", "published": "2001-01-20"}
        for day in dated
    ]
    assert set(recounts(tmp_path / "daily", 5, daily)) == {"ledger"}


def test_the_last_figure_of_a_series_is_no_new_count_if_it_is_on_time(tmp_path):
    """Figures of quarters of a war of a year, each published some days after its end."""
    ends = pd.to_datetime(["2001-03-31", "2001-06-30", "2001-09-30", "2001-12-31"])

    def quarters(name: str, *delays: int) -> list[str]:
        starts = [pd.Timestamp("2001-01-01"), *(ends[:-1] + pd.Timedelta(days=1))]
        rows = [
            {
                "kind": "period", "start": f"{start:%Y-%m-%d}", "end": f"{end:%Y-%m-%d}",
                "value": "90", "published": f"{end + pd.Timedelta(days=delay):%Y-%m-%d}",
            }
            for start, end, delay in zip(starts, ends, delays, strict=True)
        ]  # fmt: skip
        return recounts(tmp_path / name, 365, rows)

    assert quarters("regular", 32, 32, 32, 32) == ["ledger"] * 4
    assert quarters("later", 20, 20, 20, 40) == ["ledger"] * 4
    assert quarters("late", 20, 20, 20, 41) == ["ledger"] * 3 + ["estimate"]
    # Published together they are a count of the whole war, and a total has no new days alone.
    assert quarters("together", 400, 309, 217, 125) == ["estimate"] * 4
    assert quarters("in turn", 400, 310, 220, 127) == ["estimate"] * 4
    assert recounts(tmp_path / "total", 365, [total(180, 40), total(365, 40, 300)]) == [
        "ledger", "estimate",
    ]  # fmt: skip
