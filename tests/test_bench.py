"""The benchmark's bookkeeping: rows are merged, medians taken, limits kept, draws put in order."""

import numpy as np
import pytest

from benchmarks import bench, cases, samplers
from lossmodel.errors import LossModelError
from lossmodel.model import LossModel
from tests import small_war

pytestmark = pytest.mark.filterwarnings(r"ignore:\s*ArviZ is undergoing:FutureWarning")


@pytest.fixture(scope="module")
def design():
    return LossModel().design(small_war.evidence(), small_war.conflict(), "tanks")


def row(case="shipped", road="pymc", **changes):
    return bench.unfinished("") | {"case": case, "road": road} | changes


def test_a_new_row_takes_the_place_of_its_like():
    rows = [row("radford", "laplace"), row(min_ess_per_s=1.0)]
    found = bench.merged(rows, row(min_ess_per_s=2.0))
    assert [(r["case"], r["road"], r["min_ess_per_s"]) for r in found] == [
        ("shipped", "pymc", 2.0), ("radford", "laplace", None),
    ]  # fmt: skip


def test_of_three_runs_the_middle_one_stands():
    speeds = ((3.0, 30), (1.0, 10), (2.0, 20))
    runs = [row(min_ess_per_s=s, gradients=n, gate_s=float(n)) for s, n in speeds]
    found = bench.median_run(runs)
    assert (found["gradients"], found["runs_ess_per_s"]) == (20, [3.0, 1.0, 2.0])
    assert found["runs_gate_s"] == [30.0, 10.0, 20.0]


def test_the_table_says_how_many_times_stock_pymc():
    rows = [row(road="nuts", min_ess_per_s=10.0, finished=True), row(min_ess_per_s=0.5)]
    nuts, stock = bench.table(rows).splitlines()[2:]
    assert "20.0" in nuts
    assert "stopped" not in nuts
    assert "stopped" in stock


def test_results_survive_on_disk(tmp_path):
    path = tmp_path / "results" / "latest.json"
    assert bench.load(path) == []
    bench.save([row(gradients=5)], path)
    assert bench.load(path) == [row(gradients=5)]
    assert [file.name for file in path.parent.iterdir()] == ["latest.json"]


def test_samplers_have_the_same_names_everywhere():
    assert tuple(samplers.SAMPLERS) == tuple(samplers.IMPORTS) == bench.SAMPLERS
    assert tuple(cases.CASES) == bench.CASES
    quick = bench.arguments(["--quick"])
    assert (quick.case, quick.road) == (["shipped"], ["laplace", "nuts", "pymc"])
    assert sum(bench.QUICK[road] + bench.GRACE for road in quick.road) <= 600


def test_a_sampler_over_its_limit_is_ended_and_said(monkeypatch):
    monkeypatch.setattr(bench, "GRACE", 0.0)
    found = bench.once("shipped", "laplace", limit=0.3, seed=1)
    assert found is not None
    assert not found["finished"]
    assert "limit" in found["why"]


def test_a_sampler_that_fails_leaves_its_last_words():
    found = bench.once("shipped", "no such sampler", limit=60.0, seed=1)
    assert found is not None
    assert "KeyError" in found["why"]


def test_a_case_without_its_data_is_skipped(monkeypatch, tmp_path):
    def no_reports(arguments):
        raise LossModelError("no reports")

    monkeypatch.setattr(cases, "find_reports", no_reports)
    with pytest.raises(cases.Skipped, match="no reports"):
        cases.design_of("radford")
    with pytest.raises(SystemExit) as stopped:
        samplers.main("radford", "laplace", "10", "1", str(tmp_path / "out.json"))
    assert stopped.value.code == bench.SKIPPED


def test_theta_is_put_together_as_it_was_taken_apart(design):
    from lossmodel.model.density.pymc import to_point

    theta = np.random.default_rng(1).standard_normal((2, 3, design.size))
    parts = [[to_point(design, draw) for draw in chain] for chain in theta]
    values = {n: np.array([[p[n] for p in chain] for chain in parts]) for n in parts[0][0]}
    np.testing.assert_array_equal(samplers._gathered(design, values), theta)


def test_what_a_short_run_has_drawn_is_measured(design):
    rng = np.random.default_rng(1)
    theta = 0.3 * rng.standard_normal((4, 200, design.size))
    ran = samplers.Ran(theta, 1.0, 2.0, 2.0, 900, 3, finished=False)
    found = samplers.measured(design, ran)
    assert 200 < found["min_bulk_ess"] <= 1200
    assert found["min_ess_per_s"] == pytest.approx(found["min_bulk_ess"] / 4.0)
    assert found["max_rhat"] < 1.1
    nothing = samplers.measured(design, samplers.Ran(None, 1.0, 2.0, 0.0, 9, finished=False))
    assert nothing["min_bulk_ess"] is None


@pytest.mark.slow
def test_our_engines_and_the_graph_draw_from_one_density(design):
    until = samplers.time.perf_counter() + 300
    found = {name: samplers.SAMPLERS[name](design, until, 1) for name in ("laplace", "nutpie")}
    means = {name: ran.theta.reshape(-1, design.size).mean(axis=0) for name, ran in found.items()}
    assert np.abs(means["laplace"] - means["nutpie"]).mean() < 0.15
    assert found["nutpie"].theta.shape[1] > samplers.TUNE


def test_chains_that_have_not_moved_have_no_effective_draws(design):
    theta = np.repeat(np.random.default_rng(1).standard_normal((4, 1, design.size)), 200, axis=1)
    found = samplers.measured(design, samplers.Ran(theta, 1.0, 2.0, 2.0, 900))
    assert found["min_bulk_ess"] is None
    assert found["gate_s"] is None
    assert not found["finished"]


def test_the_gate_is_passed_where_enough_draws_are_independent(design):
    rng = np.random.default_rng(1)
    theta = 0.1 * rng.standard_normal((4, 1000, design.size))
    found = samplers.measured(design, samplers.Ran(theta, 1.0, 2.0, 10.0, 900))
    # Of four chains, a thousand effective draws of headlines are passed at some 300 of each.
    assert 2.0 + 2.0 <= found["gate_s"] <= 2.0 + 5.0
    assert found["finished"]
    drifting = theta + np.linspace(0, 1, 1000)[None, :, None]
    other = samplers.measured(design, samplers.Ran(drifting, 1.0, 2.0, 10.0, 900))
    assert other["gate_s"] is None
    assert not other["finished"]
