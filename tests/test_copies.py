"""Figures that repeat another claimant's without saying so are no witnesses of their own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from lossmodel import LossModel, fit
from lossmodel.claims import Claims, load_claims
from lossmodel.evidence import Evidence, collect_evidence
from lossmodel.evidence.copies import PRIOR_FIGURES, SLIP, significant_digits
from lossmodel.model.components import Components
from lossmodel.model.density.density import Density

START = pd.Timestamp("2000-01-01")
TOML = """
title = "A war of two"
start = 2000-01-01

[sides]
a = "A"
b = "B"

[parties.a]
side = "a"
fights = "b"

[parties.b]
side = "b"
fights = "a"
"""


def war(folder: Path, rows: list[dict], streams: tuple[str, ...] = ()) -> Claims:
    """Claims about the killed of a party; `day` counts from the first of the war, which is 1."""
    table = pd.DataFrame(rows)
    for name, default in {"category": "killed", "kind": "cumulative", "qualifier": "exact",
                          "via": "", "start": np.nan, "party": "a"}.items():  # fmt: skip
        table[name] = table.get(name, pd.Series(default, table.index)).fillna(default)
    table["end"] = [day(number) for number in table.pop("day")]
    table["start"] = [day(s) if s == s else day(1) for s in table["start"]]
    published = table.get("published", pd.Series(np.nan, table.index))
    table["published"] = [
        end if late != late else day(late)
        for end, late in zip(table["end"], published, strict=True)
    ]
    table = table.assign(claim_id=[f"c{i}" for i in table.index], source="s")
    sides = {name: name[0] if name[1:2] == "-" else "" for name in table["claimant"]}
    listed = [f"{name},{name},{side}" for name, side in sides.items()]
    folder.mkdir(exist_ok=True)
    for name, lines in {
        "conflict.toml": [TOML],
        "claimants.csv": ["claimant,name,side", *listed],
        "streams.csv": ["claimant,party,category,accounting", *streams],
        "sources.csv": ["source,title,url", "s,S,https://example.org"],
    }.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    table.to_csv(folder / "claims.csv", index=False)
    return load_claims(conflict=folder)


def day(number: float) -> str:
    return f"{START + pd.Timedelta(days=int(number) - 1):%Y-%m-%d}"


def figure(claimant: str, value: float, at: int = 180, **more) -> dict:
    return {"claimant": claimant, "value": value, "day": at} | more


def ledger(last: float, days: int = 175) -> list[dict]:
    """Weekly totals of an enemy's staff that rise evenly."""
    return [figure("b-staff", round(last * at / days), at) for at in range(7, days + 1, 7)]


LEDGER = ("b-staff,a,killed,ledger",)


def copies(evidence: Evidence) -> dict[str, tuple[float, str]]:
    """Match and probable originals of the figures that may be copies."""
    terms = evidence.terms[evidence.terms["copy_match"] > 0]
    return {row.term: (row.copy_match, row.copy_of) for row in terms.itertuples()}


def total(claims: Claims, components: Components | None = None) -> tuple[float, float]:
    """Median and width (of 95%, in sds), on the log scale, of the killed to the end."""
    fitted = fit(claims, engine="laplace", seed=1, components=components)
    logs = np.log(fitted.daily("a", "killed").sum(axis=1))
    lower, median, upper = np.quantile(logs, [0.025, 0.5, 0.975])
    return float(median), float(upper - lower) / 3.92


# Candidates


def test_the_number_of_an_earlier_figure_is_its_copy(tmp_path):
    rows = [figure("one", 23_367), figure("two", 23_367, published=182)]
    found = copies(collect_evidence(war(tmp_path, rows)))
    assert found == {"c1": (pytest.approx(1 - SLIP), "c0")}


@pytest.mark.parametrize(
    "other",
    [
        {"value": 23_368},
        {"party": "b"},
        {"category": "wounded"},
        {"published": 190},
        {"day": 160},
        {"start": 30, "kind": "period"},
        {"claimant": "two"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_number_party_category_window_or_a_later_figure_is_not(tmp_path, other):
    rows = [figure("one", 23_367) | other, figure("two", 23_367, published=182)]
    evidence = collect_evidence(war(tmp_path, rows))
    assert "c1" not in copies(evidence)
    assert "c1" not in set(evidence.repeats["claim_id"])


def test_a_relay_may_be_out_of_date_by_a_fortnight(tmp_path):
    for late, found in ((14, {"c1"}), (15, set())):
        rows = [figure("one", 23_367, 180 - late), figure("two", 23_367)]
        assert set(copies(collect_evidence(war(tmp_path / str(late), rows)))) == found


@pytest.mark.parametrize(
    ("value", "qualifier", "is_copy"),
    [
        (23_000, "about", True),
        (23_400, "about", True),
        (23_300, "about", False),
        (23_300, "at-least", True),
        (23_400, "at-least", False),
        (23_400, "at-most", True),
        (23_300, "at-most", False),
    ],
)
def test_an_original_is_rounded_as_its_relay_is(tmp_path, value, qualifier, is_copy):
    rows = [figure("one", 23_367), figure("two", value, qualifier=qualifier, published=182)]
    assert ("c1" in copies(collect_evidence(war(tmp_path, rows)))) is is_copy


def test_a_mean_of_a_ledger_is_the_difference_of_its_totals(tmp_path):
    rows = [figure("b-staff", value, at) for value, at in ((3_000, 30), (4_000, 60), (9_580, 91))]
    mean = figure("two", 180, 91, start=61, kind="average", published=93)
    evidence = collect_evidence(war(tmp_path, [*rows, mean], LEDGER))
    match, of = copies(evidence)["c3"]
    assert of.startswith("c2")
    # Three starts by four ends, of which one has both totals in the table.
    assert (1 - SLIP) / 20 < match < 1 - SLIP


@pytest.mark.parametrize(("days_off", "is_copy"), [(0.0, True), (0.1, True), (3.0, False)])
def test_a_month_of_a_daily_ledger_may_be_cut_at_another_hour(tmp_path, days_off, is_copy):
    rows = [figure("b-staff", round(1013.7 * at), at) for at in range(1, 201)]
    month = round(1013.7 * (30 + days_off))
    rows += [figure("paper", month, start=101, day=130, published=140, kind="period")]
    # More likely a copy than a number of five digits by chance.
    repeats = collect_evidence(war(tmp_path, rows, LEDGER)).repeats
    assert repeats["claim_id"].tolist() == ["c200"] * is_copy


def test_between_its_totals_a_ledger_is_nearly_straight(tmp_path):
    rows = [*ledger(132_300), figure("two", 124_750, 165, published=166)]
    near = copies(collect_evidence(war(tmp_path / "near", rows, LEDGER)))
    rows[-1]["value"] = 150_000
    assert "c25" in near
    assert copies(collect_evidence(war(tmp_path / "far", rows, LEDGER))) == {}


def test_between_totals_years_apart_a_ledger_is_hardly_known(tmp_path):
    """A figure that lies on the straight line of two years by chance is no copy."""
    rows = [figure("b-staff", 730_000, 730), figure("two", 300_000, 300, qualifier="about")]
    match, _ = copies(collect_evidence(war(tmp_path, rows, LEDGER)))["c1"]
    sd = 1_000 * 0.25 * np.sqrt(730 / 14 / 2) * 300 * 430 / 730
    cell = 2 * ndtr(30_000 / sd) - 1
    # Its original would not be in the table.
    assert match == pytest.approx(SLIP * cell, rel=0.02)


def test_of_two_on_one_day_the_one_that_repeats_others_is_the_copy(tmp_path):
    repeated = [(31_417, 30), (42_718, 60), (57_772, 90)]
    for teller, reader in (("one", "two"), ("two", "one")):
        rows = [figure("three", value, at) for value, at in repeated]
        rows += [figure(reader, value, at, published=at + 2) for value, at in repeated]
        rows += [figure(name, 88_888, 150, published=152) for name in (reader, teller)]
        found = copies(collect_evidence(war(tmp_path / teller, rows)))
        assert {name for name in ("c6", "c7") if name in found} == {"c6"}


def test_killed_of_a_paper_may_be_the_losses_of_a_staff(tmp_path):
    rows = [figure("b-staff", 23_367, category="casualties"), figure("two", 23_367, published=182)]
    streams = ("b-staff,a,casualties,ledger",)
    assert set(copies(collect_evidence(war(tmp_path, rows, streams)))) == {"c1"}


def test_marked_relays_raise_the_share_of_copies(tmp_path):
    pair = [figure("one", 50_000), figure("two", 50_000, published=182)]
    marked = [figure(f"p{i}", 50_000, via="one", published=181) for i in range(5)]
    shares = [
        collect_evidence(war(tmp_path / str(n), pair + marked[:n])).terms["copy_prior"].max()
        for n in (0, 5)
    ]
    assert shares == pytest.approx([1 / (PRIOR_FIGURES + 2), 6 / (PRIOR_FIGURES + 7)])


def test_repeats_are_reported_unless_round(tmp_path):
    rows = [
        figure("one", 23_367),
        figure("two", 23_367, published=182),
        figure("one", 50_000, category="wounded"),
        figure("two", 50_000, category="wounded", published=182),
    ]
    found = collect_evidence(war(tmp_path, rows)).repeats
    assert found[["claim_id", "of", "digits"]].to_numpy().tolist() == [["c1", "c0", 5]]
    assert found["probability"].min() > 0.99


def test_significant_digits():
    digits = [significant_digits(value) for value in (50_000, 23_367, 12.5, 0, 1_020, 0.25)]
    assert digits == [1, 5, 3, 0, 3, 2]


# Effect


@pytest.mark.slow
def test_copies_of_one_figure_are_one_witness(tmp_path):
    rows = [
        figure(name, 132_417, published=180 + i) for i, name in enumerate(("one", "two", "six"))
    ]
    alone, alone_sd = total(war(tmp_path / "one", rows[:1]))
    three = war(tmp_path / "three", rows)
    found, sd = total(three)
    assert abs(found - alone) < 0.1 * alone_sd
    assert sd == pytest.approx(alone_sd, rel=0.05)
    assert total(three, Components().without("copies"))[1] < 0.9 * alone_sd


@pytest.mark.slow
def test_equal_round_numbers_stay_witnesses(tmp_path):
    rows = [figure("one", 50_000, qualifier="about"),
            figure("two", 50_000, qualifier="about", published=185)]  # fmt: skip
    one, two = war(tmp_path / "one", rows[:1]), war(tmp_path / "two", rows)
    alone, sd, as_witnesses = (
        total(one)[1], total(two)[1], total(two, Components().without("copies"))[1]
    )  # fmt: skip
    # q = 1 / 12, a cell of a fifth and a predictive sd of about 0.7 on the log: odds of a copy of
    # (1 / 11) 0.95 / (0.2 x 0.57 to 0.2 x 1) = 0.4 to 0.8, so half of the second's news or more.
    assert (alone - sd) / (alone - as_witnesses) > 0.6
    fitted = fit(two, engine="laplace", seed=1)
    assert 0.1 < fitted.terms["copy_probability"].max() < 0.45


@pytest.mark.slow
def test_relays_of_a_ledger_leave_the_total_as_it_was(tmp_path):
    own = ledger(132_417)
    relays = [figure(f"p{i}", 132_417, 175, published=177 + i) for i in range(3)]
    alone, sd = total(war(tmp_path / "alone", own, LEDGER))
    claims = war(tmp_path / "relayed", own + relays, LEDGER)
    found, found_sd = total(claims)
    assert abs(found - alone) < 0.1 * sd
    assert found_sd == pytest.approx(sd, rel=0.05)
    # As witnesses they raise the total by two thirds and narrow it by a third.
    wrong, wrong_sd = total(claims, Components().without("copies"))
    assert wrong - alone > 0.5
    assert wrong_sd < 0.7 * sd


@pytest.mark.slow
def test_copies_of_a_list_are_one_list(tmp_path):
    counts = [round(30_000 * (1 - np.exp(-i / 8))) for i in range(1, 26)]
    lists = [
        [figure(f"l{n}", count, 14 * i, published=14 * i + n) for i, count in enumerate(counts, 1)]
        for n in range(2)
    ]
    streams = tuple(f"l{n},a,killed,list" for n in range(2))
    alone, sd = total(war(tmp_path / "one", lists[0], streams[:1]))
    both = war(tmp_path / "two", lists[0] + lists[1], streams)
    found, found_sd = total(both)
    # A thousand draws have a Monte Carlo error of 5% of the width and of 0.05 sd of the median.
    assert abs(found - alone) < 0.2 * sd
    assert found_sd == pytest.approx(sd, rel=0.1)
    # Two witnesses leave 1/sqrt(2) of the width of one; with the Monte Carlo error of both, 0.78.
    assert total(both, Components().without("copies"))[1] < 0.78 * sd
    terms = fit(both, engine="laplace", seed=1).terms
    assert (terms["copy_probability"] > 0.99).equals(terms["claimant"] == "l1")


def test_lists_with_other_counts_are_two(tmp_path):
    rows = [
        figure(f"l{n}", round((30_000 + 977 * n) * i / 25), 14 * i) for n in (0, 1)
        for i in range(1, 26)
    ]  # fmt: skip
    evidence = collect_evidence(war(tmp_path, rows, ("l0,a,killed,list", "l1,a,killed,list")))
    assert copies(evidence) == {}


def test_a_table_without_repeats_has_the_plain_density(tmp_path):
    claims = war(tmp_path, [figure("one", 50_000), figure("two", 61_000), *ledger(88_000)], LEDGER)
    evidence, theta = collect_evidence(claims), None
    values = []
    for components in (Components(), Components().without("copies")):
        density = Density(LossModel(components).design(evidence, claims.conflict))
        theta = np.full(density.size, 0.3) if theta is None else theta
        values.append(density(theta)[0])
    assert values[0] == values[1]


def test_a_probable_copy_has_no_pit(tmp_path):
    rows = [figure("one", 132_417), figure("two", 132_417, published=182)]
    terms = fit(war(tmp_path, rows), engine="laplace", seed=1).terms.set_index("term")
    assert terms["pit"].isna().tolist() == [False, True]
    assert terms.loc["c1", ["copy_probability", "copy_of"]].tolist() == [
        pytest.approx(1, abs=0.01),
        "c0",
    ]


# Relays with a mark


def test_a_relay_belongs_to_the_series_that_has_its_number(tmp_path):
    rows = [figure("b-staff", 132_417, category="casualties"),
            figure("b-staff", 40_000, 150, qualifier="about")]  # fmt: skip
    streams = ("b-staff,a,casualties,ledger", "b-staff,a,killed,estimate")
    paper = {"published": 182, "via": "b-staff", "qualifier": "about"}
    for value, at, into in ((132_000, 180, "c0"), (40_000, 150, "c1"), (90_000, 180, "")):
        claims = war(tmp_path / str(value), [*rows, figure("p", value, at, **paper)], streams)
        row = collect_evidence(claims).classes.set_index("claim_id").loc["c2"]
        assert row["with"] == into


@pytest.mark.slow
def test_the_known_relays_of_the_shipped_war_are_found():
    from benchmarks.copies import auc, before_a_fit

    claims = load_claims()
    known = set(claims.table.loc[claims.table["via"] != "", "claim_id"])
    found = before_a_fit(replace(claims, table=claims.table.assign(via="")))
    assert auc(found["copy_probability"], found["claim_id"].isin(known)) > 0.95
