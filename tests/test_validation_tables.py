"""Kept results of long runs, and their tables in a report."""

import pandas as pd
import pytest

from lossmodel.evaluation import war_tables
from lossmodel.evaluation.kept import backtest_rows, keep_table
from lossmodel.report.blocks import Table
from lossmodel.report.results import Results
from lossmodel.report.sections.kinds import kinds_of_evidence
from lossmodel.report.sections.simulated import simulated_blocks
from lossmodel.report.sections.validation import validation_section
from lossmodel.report.wording import estimate_text, interval
from tests.fakes import conflict, make_fit

ARM = {
    **{"quantity": "headlines", "wars": 500, "covered_50": 0.5, "covered_80": 0.8, "se_95": 0.01},
    **{"interval_score": 1.5, "bias": -0.05, "gate_failed": 0.02, "flagged": 0.3},
}
ARMS = pd.DataFrame(
    [
        ARM | {"arm": "plain", "covered_95": 0.95, "relative_width": 1.0},
        ARM | {"arm": "ramps", "covered_95": 0.852, "relative_width": 1.41},
        ARM | {"arm": "ramps", "quantity": "killed north", "covered_95": 0.1, "relative_width": 9},
    ]
)
REVISIONS = pd.DataFrame(
    {
        **{"step": ["next"], "kind": ["total"], "party": ["all"], "measure": ["all"]},
        **{"revisions": [64], "rms": [1.1], "mean": [-0.2], "up": [0.4], "floored": [0.1]},
        "ratio": [1.3],
    }
)
REPLICAS = pd.DataFrame(
    {
        **{"group": ["total", "total", "bias"], "quantity": ["killed a", "killed b", "staff a"]},
        **{"replicates": 200, "z_sd": [3.0, 4.0, 1.0], "outside": [0.02, -0.1, -0.1]},
        "covered_95": [0.94, 0.96, 0.78],
    }
)
CALIBRATION = pd.DataFrame(
    {
        **{"quantity": ["killed north"], "wars": [1000], "covered_50": [0.512]},
        **{"covered_80": [0.781], "covered_95": [0.932], "z_mean": [-0.0739], "z_sd": [1.01]},
        **{"engine": ["laplace"], "computed": ["2026-11-22"]},
    }
)
MISSPECIFIED = pd.DataFrame(
    {
        **{"departure": ["spike", "relay"], "wars": [100, 48], "covered_95": [0.94, 0.979]},
        **{"flagged as spike": [0.64, None], "computed": "2026-11-22"},
    }
)
KEPT_WARS = war_tables.read_kept("wars")


def tables(blocks):
    return {block.name: block for block in blocks if isinstance(block, Table)}


def texts(blocks):
    return " ".join(block.text for block in blocks if not isinstance(block, Table))


def test_an_arm_that_misses_its_target_is_reported_as_such():
    rows = tables(simulated_blocks(ARMS, {}, REPLICAS))["arms"].rows
    assert [row[0] for row in rows] == ["plain", "ramps"]
    assert rows[0][-1] == "–"
    assert rows[1][-1] == "covers less than 90%, wider than 1.3 times"
    assert rows[1][4:6] == ["85.2% ± 1.0%", "1.41"]


def test_revisions_have_their_size_and_sign():
    (row,) = tables(simulated_blocks(ARMS, {"a war": REVISIONS}, REPLICAS))["revisions"].rows
    assert row[0] == "a war"
    assert row[5:] == ["64", "1.10", "1.30", "-0.20", "40%"]


def test_quantities_outside_their_band_are_named():
    words = texts(simulated_blocks(ARMS, {}, REPLICAS))
    # The root mean square of 3 and 4.
    assert "totals 3.54, ratios and coverage of claimants 1.00" in words
    assert "totals 94% to 96%, ratios and coverage of claimants 78% to 78%" in words
    assert "The ranks of 1 of 3 quantities leave their 95% band: killed a." in words


def test_what_was_not_kept_is_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr("lossmodel.evaluation.kept.data_dir", lambda: tmp_path)
    monkeypatch.setattr("lossmodel.evaluation.war_tables.data_dir", lambda: tmp_path)
    assert simulated_blocks() == []
    assert validation_section().blocks == []
    (tmp_path / "validation").mkdir()
    keep_table("arms", ARMS)
    assert set(tables(simulated_blocks())) == {"arms"}


def test_calibration_and_misspecified_wars_have_their_day():
    blocks = simulated_blocks(ARMS, {}, REPLICAS, CALIBRATION, MISSPECIFIED)
    (row,) = tables(blocks)["calibration"].rows
    assert row == ["laplace", "killed north", "1,000", "51.2%", "78.1%", "93.2%", "-0.07", "1.01"]
    words = texts(blocks)
    assert "spike (100): 94%, noticed by a check in 64%; relay (48): 98%. Computed" in words
    assert "on 22 November 2026" in words


def test_frozen_dates_stand_beside_rules_of_thumb():
    key = {"as_of": "2023-02-26", "party": "north", "category": "killed", "scope": "citizens"}
    key |= {"start": "2022-02-24", "end": "2023-02-26", "common_sd": 0.15}
    score = {"truth": 29_729.0, "median": 39_188.6, "lower": 25_290.4, "upper": 61_656.3}
    score |= {"covered_50": 0.0, "covered_80": 1.0, "covered_95": 1.0, "crps": 0.19, "error": 0.28}
    scores = pd.DataFrame(
        [
            key | score | {"kind": "window"},
            key | score | {"kind": "day"},
            key | score | {"kind": "window", "common_sd": 0.25},
            key | score | {"kind": "window", "as_of": None},
        ]
    )
    rules = [key | {"rule": "halved", "error": -0.79}, key | {"rule": "other", "error": 9.0}]
    rules[1] |= {"common_sd": 0.25}
    rows = backtest_rows(conflict(), scores, pd.DataFrame(rules), "2026-11-26")
    # Without a date all claims were public.
    assert rows["as_of"].tolist() == ["2023-02-26", ""]
    rows["as_of"] = rows["as_of"].replace("", None)
    nothing = pd.DataFrame()
    found = tables(validation_section(KEPT_WARS, nothing, rows).blocks)["frozen"]
    assert found.columns == ["Case", "North, killed (citizens)"]
    cells = dict(found.rows)
    assert cells["Estimate then"] == "39,000 (25,000 to 62,000)"
    assert cells["Known later"] == "29,729"
    assert cells["Held by its intervals of"] == "80%, 95%"
    assert (cells["CRPS of the model"], cells["Error of halved"]) == ("0.19", "0.79")
    assert "Error of other" not in cells


def test_a_kept_table_is_read_as_it_was(monkeypatch, tmp_path):
    from lossmodel.evaluation.kept import kept_table

    monkeypatch.setattr("lossmodel.evaluation.kept.data_dir", lambda: tmp_path)
    assert kept_table("posterior-sbc") is None
    keep_table("posterior-sbc", REPLICAS)
    found = kept_table("posterior-sbc")
    assert found["z_sd"].tolist() == pytest.approx([3.0, 4.0, 1.0])


def test_refits_without_a_kind_of_evidence_are_those_of_the_war():
    results = Results(make_fit(n_draws=60))
    title = results.fit.conflict.title
    row = {"category": "killed", "sd": 900.0, "prior_share": 0.842, "computed": "2026-11-27"}
    row |= {"median": 9_120.0, "lower": 7_600.0, "upper": 11_400.0, "gate_passed": True}
    kept = pd.DataFrame(
        [
            row | {"war": title, "party": "north", "evidence": "all evidence"},
            row | {"war": title, "party": "north", "evidence": "without lists", "sd": 2_000.0},
            row
            | {"war": title, "party": "north", "evidence": "all evidence", "category": "wounded"},
            row | {"war": "another", "party": "north", "evidence": "all evidence"},
        ]
    )
    none = pd.DataFrame({"war": []})
    (table,) = tables(kinds_of_evidence(results, kept, none)).values()
    assert [cells[1] for cells in table.rows] == ["all evidence", "without lists"]
    assert table.rows[0][2:] == ["9,100", "7,600 to 11,400", "900", "84%", "passed"]
    assert kinds_of_evidence(results, kept.assign(war="another"), none) == []
    # The same fit but for its last digits has the numbers of the headline.
    own = results.total(("north", "killed", "all"))
    near = {name: own[name] * 1.002 for name in ("median", "lower", "upper")}
    (table,) = tables(kinds_of_evidence(results, kept.assign(**near), none)).values()
    assert table.rows[0][2:4] == [estimate_text(own), interval(own)]
    far = {name: own[name] * 1.2 for name in ("median", "lower", "upper")}
    (table,) = tables(kinds_of_evidence(results, kept.assign(**far), none)).values()
    assert table.rows[0][2] != estimate_text(own)


def test_a_kind_without_claims_by_a_date_has_no_row_there():
    results = Results(make_fit(n_draws=60))
    row = {"war": results.fit.conflict.title, "party": "north", "category": "killed"}
    row |= {"scope": "all", "end": "2020-03-01", "lower": 80.0, "upper": 130.0, "truth": 101.4}
    row |= {"crps": 0.087, "computed": "2026-11-27"}
    dated = pd.DataFrame(
        [
            row | {"as_of": day, "evidence": evidence, "median": median}
            for day, evidence, median in (
                ("2020-03-01", "all evidence", 100.0),
                ("2020-04-01", "all evidence", 99.0),
                ("2020-03-01", "without lists", 100.0),
                ("2020-04-01", "without lists", 100.0),
            )
        ]
    )
    found = tables(kinds_of_evidence(results, pd.DataFrame({"war": []}), dated)).values()
    (table,) = found
    assert [cells[:1] + cells[2:4] for cells in table.rows] == [
        ["1 March 2020", "all evidence", "100"],
        ["1 April 2020", "all evidence", "99"],
        ["1 April 2020", "without lists", "100"],
    ]
    assert {cells[5] for cells in table.rows} == {"101"}
