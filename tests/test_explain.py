"""Totals under other assumptions: weights against exact posteriors and refits, files, and pages."""

import base64
import hashlib
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
import typer

import lossmodel as lm
from lossmodel.cli.app import app
from lossmodel.errors import ShardDoneError, UsageError
from lossmodel.evaluation import explain as module
from lossmodel.evaluation.assumptions import assumptions_of, ranked
from lossmodel.evaluation.explain import explain, node_draws
from lossmodel.evaluation.explanation import FILE, Explanation, read_explanation
from lossmodel.evaluation.reweighting import CARRIED, Family, pooled
from lossmodel.evaluation.shards import Shard, current
from lossmodel.inference.weights import effective, weighted_quantiles
from lossmodel.model.components import Components
from lossmodel.model.density.density import Density
from lossmodel.model.density.model import LossModel
from lossmodel.model.priors import Priors
from lossmodel.posterior.citation import fit_hash
from lossmodel.report.dial import changes_table, dial_of, span_of_medians
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.manifest import list_file, read_manifest, write_manifest
from lossmodel.report.output.html import SCRIPTS, to_html
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from lossmodel.report.scale import FIGURES, scale_of
from lossmodel.report.wording import headline_keys
from tests import small_war
from tests.fakes import make_fit

ALONE = {"store": None, "jobs": 1, "cluster": None, "progress": None}
NODES = np.array([[0, 0], [-1, 0], [1, 0], [0, np.log(0.1 / 0.15)], [0, np.log(0.25 / 0.15)]])
# Posterior sds that a median by weights may be off.
PROMISED = 0.1


def exact(position):
    """Mean and covariance of a normal posterior: a mean that moves, and two entries of an sd."""
    shift, log_scale = position
    precision = np.diag([1.0, *[np.exp(-2 * log_scale)] * 2])
    seen, noise = np.array([1.0, 0.7, 0.0]), 0.8
    covariance = np.linalg.inv(precision + np.outer(seen, seen) / noise**2)
    return covariance @ (precision @ [shift, 0, 0] + seen * 0.6 / noise**2), covariance


def drawn(position, n, rng):
    """Statistics of draws, and a log total."""
    phi = rng.multivariate_normal(*exact(position), size=n)
    return np.stack([phi[:, 0], (phi[:, 1:] ** 2).sum(axis=1)], axis=1), phi @ [1.0, 0.8, 0.4]


def test_weights_give_the_exact_posterior_over_the_whole_range():
    rng = np.random.default_rng(4)
    draws = [drawn(node, 4000, rng) for node in NODES]
    pool = pooled(
        Family(np.array([False, True]), np.array([1.0, 2.0])), [d[0] for d in draws], NODES
    )
    logs = np.concatenate([d[1] for d in draws])
    for shift in np.linspace(-1, 1, 5):
        for log_scale in np.linspace(*NODES[3:, 1], 5):
            weights = pool.weights(np.array([shift, log_scale]))
            mean, covariance = exact((shift, log_scale))
            to_total = np.array([1.0, 0.8, 0.4])
            middle, sd = to_total @ mean, np.sqrt(to_total @ covariance @ to_total)
            found = weighted_quantiles(logs, weights, np.array([0.025, 0.5, 0.975]))
            assert effective(weights) > CARRIED
            assert np.abs((found - middle) / sd - [-1.96, 0, 1.96]).max() < PROMISED


def test_far_from_the_nodes_few_draws_are_left():
    rng = np.random.default_rng(4)
    draws = [drawn(node, 4000, rng)[0] for node in NODES]
    pool = pooled(Family(np.array([False, True]), np.array([1.0, 2.0])), draws, NODES)
    assert effective(pool.weights(np.array([6.0, 0.0]))) < CARRIED


def test_other_values_only_move_unknowns():
    own, conflict, evidence = Priors.default(), small_war.conflict(), small_war.evidence()
    known = assumptions_of(own)
    changed = own
    for assumption in known:
        changed = assumption.changed(changed, assumption.ends(own)[1])

    def densities(priors):
        model = LossModel(Components(), priors)
        return {d.name: Density(d) for d in model.submodels(evidence, conflict)}

    def likelihood(density, theta):
        return density.values(theta[None])[0] + theta @ theta / 2

    after, moved = densities(changed), set()
    for name, density in densities(own).items():
        theta = 0.3 * np.random.default_rng(1).standard_normal(density.size)
        there = theta.copy()
        for assumption in known:
            where, by = assumption.direction(density.design, own)
            position = assumption.ends(own)[1]
            grown = theta[where] * np.exp(position)
            there[where] = grown if assumption.scaled else theta[where] + position * by
            moved |= {assumption.prior} if len(where) else set()
        expected = likelihood(density, there)
        assert likelihood(after[name], theta) == pytest.approx(expected, abs=1e-6)
        assert abs(likelihood(density, theta) - expected) > 0.1
    assert len(moved) > 12


@pytest.fixture(scope="module")
def fitted():
    return lm.fit("falklands1982", engine="laplace", submodels="person")


@pytest.fixture(scope="module")
def explained(fitted):
    return explain(fitted, headline_keys(fitted), ALONE, most=1)


def refitted(fit, explained, position, seed=8):
    """Median and sd of the log totals by a refit."""
    found = node_draws(
        fit.claims, fit.priors, fit.components, explained.priors, explained.keys,
        explained.days.tolist(), position, fit.provenance["engine"], seed,
        fit.submodel_of(*explained.keys[0][:2]).design.name, fit.evidence.as_of, fit.days[-1],
        fit.evidence.trust, start=fit,
    )  # fmt: skip
    assert found["passed"]
    logs = module._unpacked(found["draws"]["logs"])
    return np.median(logs, axis=0), logs.std(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("position", [-0.7, 1.0])
def test_a_slider_gives_the_totals_of_a_refit(fitted, explained, position):
    median, sd = refitted(fitted, explained, [position])
    found = explained.at([position])
    assert found.effective > CARRIED
    assert np.abs((np.log(found.totals[:, 0]) - median) / sd).max() < PROMISED
    # The refit is another answer than the fit.
    assert np.abs((np.log(explained.own[:, 0]) - median) / sd).min() > 2 * PROMISED


def test_the_fit_itself_keeps_its_numbers(fitted, explained):
    for key, limits in zip(explained.keys, explained.at([0.0]).totals, strict=True):
        row = fitted.estimate(key[1], key[0], measure="cumulative").iloc[-1]
        assert limits == pytest.approx([row["median"], row["lower"], row["upper"]], rel=1e-12)


def test_the_assumptions_that_carry_most_come_first(fitted):
    keys = headline_keys(fitted)
    found = ranked(fitted.submodel_of(*keys[0][:2]), fitted.priors, keys)
    assert [a.prior for a in found][:2] == ["bias.third-party.person", "common.sd"]
    assert len(found) == 5


def test_an_explanation_is_read_back_for_its_own_fit_only(fitted, explained, tmp_path):
    explained.save(tmp_path)
    again = read_explanation(tmp_path, fitted)
    assert again.at([0.4]).totals.tolist() == explained.at([0.4]).totals.tolist()
    other = replace(fitted, ci_prob=0.9)
    assert fit_hash(other) != fit_hash(fitted)
    assert read_explanation(tmp_path, other) is None
    assert read_explanation(tmp_path / "nowhere", fitted) is None


def test_a_broken_file_is_passed_over(fitted, explained, tmp_path, caplog):
    content = explained.save(tmp_path).read_bytes()
    for broken in (b"", b"no archive", content[: len(content) // 2]):
        (tmp_path / FILE).write_bytes(broken)
        assert read_explanation(tmp_path, fitted) is None
        assert "run `lossmodel explain` again" in caplog.text
        caplog.clear()


@pytest.mark.parametrize(
    "changed",
    [{"own": 3.0}, {"logs": np.nan}, {"counts": 0}, {"keys": None}, {"priors": None}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_file_that_was_changed_is_passed_over(fitted, explained, tmp_path, caplog, changed):
    file = explained.save(tmp_path)
    with np.load(file) as stored:
        content = dict(stored)
    for name, factor in changed.items():
        content[name] = np.array("x") if factor is None else content[name] * factor
    np.savez(file, **content)
    assert read_explanation(tmp_path, fitted) is None
    assert "was changed" in caplog.text


@pytest.mark.slow
def test_refits_are_resumed_one_by_one(fitted, tmp_path, monkeypatch):
    keys, said = headline_keys(fitted), []
    options = ALONE | {"store": tmp_path, "progress": said.append}
    given = node_draws

    def interrupted(**arguments):
        if len(list(tmp_path.glob("*.json"))) == 1:
            raise KeyboardInterrupt
        return given(**arguments)

    interrupted.__module__, interrupted.__qualname__ = given.__module__, given.__qualname__
    monkeypatch.setattr(module, "node_draws", interrupted)
    monkeypatch.setattr(module, "DRAWS", 200)
    with pytest.raises(KeyboardInterrupt):
        explain(fitted, keys, options, most=1)
    monkeypatch.setattr(module, "node_draws", given)
    explain(fitted, keys, options, most=1)
    assert "refits under other assumptions: 1 of 2 kept from before" in said


def toy_explanation(fit, seed=2):
    """An explanation of a fit without a model, by the exact posterior above."""
    rng = np.random.default_rng(seed)
    draws = [drawn(node, 2000, rng) for node in NODES]
    keys, days = tuple(headline_keys(fit)), np.array([400, len(fit.days) - 1])
    logs = np.concatenate([log for _, log in draws])[:, None] * 0.2
    logs = (logs + 11 + np.arange(len(keys))).astype("f4").astype(float)
    curves = logs[:, :, None] + np.log([0.5, 1.0])
    return Explanation(
        fit_sha256=fit_hash(fit), ci_prob=fit.ci_prob, keys=keys,
        own=np.exp(np.quantile(logs[:2000], [0.5, 0.025, 0.975], axis=0)).T,
        priors=("coverage.level", "common.sd"), nodes=NODES, sizes=np.array([1.0, 2.0]),
        counts=np.full(len(NODES), 2000), efficiency=1.0,
        statistics=np.concatenate([s for s, _ in draws]).astype("f4").astype(float), logs=logs,
        days=days, curves=curves.astype("f4").astype(float),
    )  # fmt: skip


@pytest.fixture(scope="module")
def toy():
    return make_fit(n_draws=30)


def test_a_refit_that_failed_its_gate_is_left_out(toy):
    whole = toy_explanation(toy)
    kept = np.repeat(np.arange(len(NODES)) != 1, 2000)
    without = replace(
        whole, counts=np.where(np.arange(len(NODES)) == 1, 0, 2000),
        **{name: getattr(whole, name)[kept] for name in ("statistics", "logs", "curves")},
    )  # fmt: skip
    assert without.at(NODES[1]).totals == pytest.approx(whole.at(NODES[1]).totals, rel=0.05)
    words = [row[0] for row in changes_table(without, toy).rows]
    assert sum(text.endswith("(by the other refits)") for text in words) == 1


def test_shares_of_the_scale_are_of_the_whole_variance(fitted):
    for key in headline_keys(fitted):
        scale = scale_of(fitted, key)
        assert next(iter(scale)) == FIGURES
        assert sum(scale.values()) == pytest.approx(1, abs=1e-6)


def page_of(fit, explanation=None):
    results = Results(fit)
    specs = figure_specs(results)
    document = compose(results, specs, explanation=explanation)
    blank = {spec.name: "<svg/>" for spec in itertools.chain(*specs.values()) if spec.draw}
    return to_html(document, blank), to_markdown(document)


@pytest.fixture(scope="module")
def page(toy):
    return page_of(toy, toy_explanation(toy))


def test_the_report_has_the_sentence_the_table_and_the_sliders(page):
    html, text = page
    assert html.count('<input type="range"') == 2
    words = "lists of names typically reach 57% of the dead instead of 79%"
    assert f"If {words}, the total is" in html
    assert 'id="table-changed-assumptions"' in html
    assert text.count(f"If {words} |") == 1


def test_refits_that_do_not_agree_say_what_to_do(toy, monkeypatch):
    monkeypatch.setattr(Explanation, "disagreement", 5.0)
    caption = changes_table(toy_explanation(toy), toy).caption
    assert "with --engine nuts, which is exact" in caption


def test_the_policy_of_the_page_has_the_hash_of_each_script(page):
    html, _ = page
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    allowed = re.search(r"script-src ([^;]*);", html)[1].split()
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert allowed == [f"'sha256-{digest}'" for digest in digests]
    assert len(scripts) == 1 + len(SCRIPTS)


@pytest.mark.slow
def test_the_summary_has_the_range_of_the_refits_and_no_approximation(toy):
    found = toy_explanation(toy)
    (_, text), (_, approximated) = page_of(toy, found), page_of(toy)
    assert "Median under other priors" in approximated
    assert "Median under other priors" not in text
    for key in found.keys:
        medians = [found.at(node).totals[found.keys.index(key)][0] for node in found.nodes]
        least, most = span_of_medians(found, key).replace(",", "").split(" to ")
        assert float(least) == pytest.approx(min(medians), rel=0.05)
        assert float(most) == pytest.approx(max(medians), rel=0.05)
        assert f"the median would be {span_of_medians(found, key)}." in text
    assert span_of_medians(found, ("nobody", "killed", "all")) == ""
    # Draws so correlated that no position has enough of them.
    assert span_of_medians(replace(found, efficiency=1e-3), found.keys[0]) == ""


def test_without_refits_one_line_says_how_to_make_them(toy):
    html, _ = page_of(toy)
    assert "“lossmodel explain” refits under other assumptions" in html
    assert '<input type="range"' not in html


def test_sliders_take_little_of_the_page(toy):
    content = dial_of(toy_explanation(toy), toy).content
    per_draw = len(content) / len(toy_explanation(toy).logs)
    # One byte of each statistic and point of a curve, two of each total, a third more as text: with
    # 21,000 draws, five sliders and four totals half a megabyte.
    keys = len(headline_keys(toy))
    assert per_draw < 4 / 3 * (2 + 2 * keys + 2 * keys) + 1


def test_a_file_is_added_to_a_manifest(tmp_path):
    (tmp_path / "one").write_text("1")
    list_file(tmp_path, "one")
    assert read_manifest(tmp_path) is None
    write_manifest(tmp_path)
    (tmp_path / "two").write_text("2")
    list_file(tmp_path, "two")
    assert set(read_manifest(tmp_path)) == {"one", "two"}


def test_a_fit_that_failed_its_gate_is_not_explained(fitted):
    gate = {"passed": False, "failures": [], "doubts": []}
    failed = replace(fitted, diagnostics=fitted.diagnostics | {"gate": gate})
    with pytest.raises(UsageError, match="did not pass its gate"):
        explain(failed, headline_keys(failed), ALONE)


def test_the_command_prints_what_is_kept(fitted, explained, lossmodel, tmp_path):
    fitted.save(tmp_path / "fit.nc")
    explained.save(tmp_path)
    said = lossmodel("explain", "--fit", tmp_path / "fit.nc")
    assert said.status == 0
    assert "As assumed:\n  United Kingdom, killed  220 (" in said.stdout
    assert "If figures of third parties are typically 0.82 times the truth" in said.stdout
    assert f"next: lossmodel report --fit {tmp_path / 'fit.nc'}" in said.stdout


def test_the_command_needs_a_fit(lossmodel, tmp_path):
    said = lossmodel("explain", "--fit", tmp_path)
    assert said.status == 2
    assert "Traceback" not in said.stderr


def test_the_command_runs_a_shard_on_a_scheduler(fitted, lossmodel, tmp_path, monkeypatch):
    fitted.save(tmp_path / "fit.nc")
    (tmp_path / "scheduler.json").write_text("{}", encoding="utf-8")
    said = []

    def done(fit, keys, options):
        said.append((current(), options))
        raise ShardDoneError("Shard 2/4 is done.")

    monkeypatch.setattr(module, "explain", done)
    words = ["explain", "--fit", tmp_path, "--store", tmp_path / "store", "--shard", "2/4"]
    scheduler = ["--scheduler-file", tmp_path / "scheduler.json"]
    assert lossmodel(*words, *scheduler).status == 0
    [(shard, options)] = said
    assert shard == Shard(2, 4)
    assert options["cluster"] == str(tmp_path / "scheduler.json")
    assert options["store"] == tmp_path / "store"
    assert not (tmp_path / FILE).exists()
    both = lossmodel(*words, *scheduler, "--cluster", "tcp://127.0.0.1:1")
    assert (both.status, len(said)) == (2, 1)


def test_commands_of_many_fits_have_the_same_options_for_them():
    commands = typer.main.get_command(app).commands
    shared = {"--store", "--jobs", "--cluster", "--scheduler-file", "--shard"}
    for name in ("calibrate", "backtest", "sensitivity", "explain"):
        assert shared <= {option for one in commands[name].params for option in one.opts}


@pytest.mark.slow
def test_sliders_of_the_shipped_war_give_the_totals_of_refits():
    fit = lm.fit("russia-ukraine", engine="laplace", submodels="person")
    found = explain(fit, headline_keys(fit), ALONE | {"jobs": -1})
    ends = [a.ends(fit.priors) for a in found.assumptions(fit.priors)]
    for number, (low, high) in enumerate(ends):
        position = np.zeros(len(ends))
        position[number] = low + 0.8 * (high - low)
        median, sd = refitted(fit, found, position.tolist())
        answer = found.at(position)
        assert answer.effective > CARRIED
        assert np.abs((np.log(answer.totals[:, 0]) - median) / sd).max() < PROMISED
