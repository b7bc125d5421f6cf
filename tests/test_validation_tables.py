"""Kept results of long runs, and their tables in a report."""

import pandas as pd
import pytest

from lossmodel.evaluation.kept import keep_table
from lossmodel.report.blocks import Table
from lossmodel.report.sections.simulated import simulated_blocks

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
    }
)


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
    assert "total 3.54, bias 1.00" in words
    assert "The ranks of 1 of 3 quantities leave their 95% band: killed a." in words


def test_what_was_not_kept_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("lossmodel.evaluation.kept.data_dir", lambda: tmp_path)
    assert "not part of this installation" in texts(simulated_blocks())
    (tmp_path / "validation").mkdir()
    keep_table("arms", ARMS)
    found = simulated_blocks()
    assert "not part of this installation" not in texts(found)
    assert set(tables(found)) == {"arms"}


def test_a_kept_table_is_read_as_it_was(monkeypatch, tmp_path):
    from lossmodel.evaluation.kept import kept_table

    monkeypatch.setattr("lossmodel.evaluation.kept.data_dir", lambda: tmp_path)
    assert kept_table("posterior-sbc") is None
    keep_table("posterior-sbc", REPLICAS)
    found = kept_table("posterior-sbc")
    assert found["z_sd"].tolist() == pytest.approx([3.0, 4.0, 1.0])
