"""Fits of a small conflict: what they hold, that they recover, that they come back from disk."""

import dataclasses
import re
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.integrate import trapezoid

from lossmodel.api import fit, load_fit
from lossmodel.claims import load_claims
from lossmodel.cli.app import Engine
from lossmodel.errors import UsageError
from lossmodel.evaluation.backtest import backtest
from lossmodel.evaluation.calibration import calibrate
from lossmodel.evaluation.sensitivity import sensitivity
from lossmodel.evidence import collect_evidence
from lossmodel.inference.gates import DOUBT, laplace_gate
from lossmodel.inference.laplace.diagnostics import split_normal
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.laplace.marginals import FALLEN, FARTHEST, KNOTS, LaplaceMarginal
from lossmodel.inference.laplace.modes import Modes
from lossmodel.inference.names import ENGINES
from lossmodel.inference.weights import LEAST, normalised, pareto_k, smoothed
from lossmodel.model import LossModel
from lossmodel.model.density.curvature import clipped_curvature
from lossmodel.model.density.density import Density
from lossmodel.model.density.expansion import Expander
from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.predictive import values_at
from lossmodel.model.density.slopes import jacobian
from lossmodel.model.design.observation import INTERVAL, POINT
from lossmodel.model.priors import Priors
from lossmodel.report import write_report
from tests.small_conflict import write_conflict

KEY = ("germany", "aircraft", "all")


@pytest.fixture(scope="module")
def battle():
    return load_claims(conflict="battle-of-britain")


@pytest.fixture(scope="module")
def fitted(battle):
    return fit(battle, engine="laplace", draws=400)


@pytest.fixture(scope="module")
def persons():
    claims = load_claims()
    evidence = collect_evidence(claims, as_of=pd.Timestamp("2022-09-01"))
    return Density(LossModel().design(evidence, claims.conflict))


def test_a_fit_passes_its_gate_and_reports_every_series(fitted):
    gate = fitted.diagnostics["gate"]
    assert gate["passed"]
    assert gate["failures"] == []
    assert KEY in fitted.series
    for key in fitted.series:
        daily = fitted.daily(*key)
        assert daily.shape == (400, len(fitted.days))
        assert np.isfinite(daily).all()
        assert (daily >= 0).all()


def test_a_fit_comes_back_from_disk_as_it_was(fitted, tmp_path):
    again = load_fit(fitted.save(tmp_path / "fit.nc"))
    assert again.series == fitted.series
    np.testing.assert_allclose(again.daily(*KEY), fitted.daily(*KEY), rtol=1e-4)
    assert again.diagnostics["gate"] == fitted.diagnostics["gate"]
    assert again.claims.sha256 == fitted.claims.sha256
    pd.testing.assert_frame_equal(again.evidence.classes, fitted.evidence.classes)


@pytest.mark.slow
def test_a_fit_from_disk_can_be_kept_and_reported_again(fitted, tmp_path):
    again = load_fit(fitted.save(tmp_path / "fit.nc"))
    twice = load_fit(again.save(tmp_path / "again.nc"))
    np.testing.assert_array_equal(twice.daily(*KEY), again.daily(*KEY))
    write_report(again, tmp_path / "report")
    assert (tmp_path / "report" / "report.html").is_file()


def test_what_is_not_a_fit_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no such fit"):
        load_fit(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("not a fit")
    with pytest.raises(UsageError, match="or is no fit at all"):
        load_fit(tmp_path / "text.nc")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_draws(battle, fitted):
    again = fit(battle, engine="laplace", draws=400)
    np.testing.assert_array_equal(again.daily(*KEY), fitted.daily(*KEY))
    other = fit(battle, engine="laplace", draws=400, seed=2)
    assert not np.array_equal(other.daily(*KEY), fitted.daily(*KEY))


def test_a_warm_start_ends_where_the_cold_one_did(battle, fitted):
    warm = fit(battle, engine="laplace", draws=400, start=fitted)
    medians = [np.median(f.daily(*KEY).sum(axis=1)) for f in (fitted, warm)]
    assert abs(np.log(medians[0] / medians[1])) < 0.1


@pytest.mark.slow
def test_nuts_agrees_with_laplace(battle, fitted):
    sampled = fit(battle, engine="nuts", draws=300, start=fitted)
    assert sampled.engine == "nuts"
    logs = [np.log(f.daily(*KEY).sum(axis=1)) for f in (fitted, sampled)]
    assert abs(logs[0].mean() - logs[1].mean()) < 0.4 * logs[1].std()
    assert 0.75 < logs[0].std() / logs[1].std() < 1.33
    assert sampled.diagnostics["max_rhat"] < 1.1


@pytest.mark.slow
def test_as_of_hides_what_was_published_later(battle):
    early = fit(battle, engine="laplace", draws=50, as_of=pd.Timestamp("1940-09-01"))
    assert early.days[-1] <= pd.Timestamp("1940-09-01")
    used = early.evidence.classes.query("`class` == 'used'")["claim_id"]
    published = battle.table.set_index("claim_id").loc[used, "published"]
    assert (published <= pd.Timestamp("1940-09-01")).all()


def test_nothing_left_to_fit_is_said(battle):
    words = r"None of \d+ claims is left to fit\.\n  \d+ of them: Published after 1939-01-01"
    with pytest.raises(UsageError, match=words):
        fit(battle, as_of=pd.Timestamp("1939-01-01"))


def test_reasons_why_no_claim_is_left_are_those_of_claims_that_are_left_out(battle):
    words = "No claim is about civilian; there are: aircraft."
    with pytest.raises(UsageError, match=re.escape(words)):
        fit(battle, submodels=["civilian"])
    late = battle.table["published"] > pd.Timestamp("1940-09-01")
    with pytest.raises(UsageError) as error:
        fit(battle.select(late), as_of=pd.Timestamp("1940-09-01"))
    lines = str(error.value).splitlines()
    assert lines == [
        f"None of {late.sum()} claims is left to fit.",
        f"  {late.sum()} of them: Published after 1940-09-01.",
    ]


@pytest.mark.parametrize("engine", ["nutz", "", "NUTS", None])
def test_an_engine_that_there_is_not_is_refused(battle, engine):
    words = rf"engine is {engine!r}; it must be one of auto, laplace, hmc, nuts\."
    for run in (
        lambda: fit(battle, engine=engine),
        lambda: backtest(battle, engine=engine),
        lambda: sensitivity(battle, engine=engine),
        lambda: calibrate(1, engine=engine),
    ):
        with pytest.raises(UsageError, match=words):
            run()


def test_the_command_and_python_know_the_same_engines():
    assert get_args(get_args(Engine)[0]) == ENGINES == ("auto", "laplace", "hmc", "nuts")


@pytest.mark.slow
def test_laplace_needs_neither_a_sampler_nor_what_windows_lacks(run_python):
    code = (
        "import sys; sys.modules['resource'] = None\n"
        "import lossmodel as lm\n"
        "claims = lm.load_claims(conflict='battle-of-britain')\n"
        "print(lm.fit(claims, engine='laplace', draws=20).diagnostics['peak_mb'])\n"
        "print(sorted({'pymc', 'arviz', 'pytensor', 'nutpie'} & set(sys.modules)))\n"
    )
    ended = run_python("-c", code)
    assert (ended.stdout, ended.returncode) == ("None\n[]\n", 0), ended.stderr


def test_shares_of_variance_are_shares(fitted):
    shares = fitted.variance_decomposition
    assert shares["share"].between(0, 1).all()
    assert shares["prior_share"].between(0, 1 + 1e-9).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prior", "value", "change"),
    [
        ("common.sd", 0.25, {"mean": 0.25}),
        pytest.param("common.sd", 0.10, {"mean": 0.10}, marks=pytest.mark.slow),
        pytest.param("bias.adversary.equipment", 1.0, None, marks=pytest.mark.slow),
        pytest.param("bias.self.equipment", -1.0, None, marks=pytest.mark.slow),
    ],
)
def test_totals_under_other_priors_are_those_of_a_refit(battle, fitted, prior, value, change):
    own = fitted.priors[prior]
    change = change or {"mean": own.mean + value * own.sd}
    refit = fit(
        battle,
        engine="laplace",
        draws=4000,
        submodels=("aircraft",),
        priors=fitted.priors.replace({prior: change}),
        start=fitted,
    )
    logs, before = (np.log(f.daily(*KEY).sum(axis=1)) for f in (refit, fitted))
    rows = fitted.local_prior_sensitivity.set_index(
        ["party", "category", "scope", "prior", "value"]
    )
    row = rows.loc[(*KEY, prior, value)]
    shift = np.log(row["median"]) - np.median(before)
    assert shift == pytest.approx(np.median(logs) - np.median(before), abs=0.25 * before.std())
    width = np.log(row["upper"] / row["lower"])
    assert width == pytest.approx(np.diff(np.quantile(logs, [0.025, 0.975]))[0], rel=0.15)


def test_the_priors_as_they_are_change_nothing(fitted):
    rows = fitted.local_prior_sensitivity
    same = rows[(rows["prior"] == "common.sd") & (rows["value"] == 0.15)]
    for row in same.itertuples():
        total = fitted.daily(row.party, row.category, row.scope).sum(axis=1)
        limits = np.quantile(total, [0.5, 0.025, 0.975])
        np.testing.assert_allclose([row.median, row.lower, row.upper], limits, rtol=1e-6)


@pytest.mark.slow
def test_curvature_is_that_of_the_gradient(persons):
    """The exact Hessian at the mode against differences of the gradient, column by column."""
    mode, step = approximate(persons, diagnose=False).mode, 1e-4
    precision = Expander(persons)(mode).precision
    n = len(persons.design.parameters.hyper)
    some = np.random.default_rng(3).choice(np.arange(n, persons.size), 60, replace=False)
    for i in [*range(n), *some]:
        moved = np.zeros(persons.size)
        moved[i] = step
        column = (persons(mode - moved)[1] - persons(mode + moved)[1]) / (2 * step)
        assert np.abs(column - precision[:, i]).max() < 1e-5 * (1 + np.abs(column).max())


def test_the_mode_is_a_mode(persons):
    laplace = approximate(persons, diagnose=False)
    n = len(persons.design.parameters.hyper)
    assert laplace.positive
    assert np.abs(persons(laplace.mode)[1][n:]).max() < 0.05


def test_curvature_is_that_of_the_gradient_far_from_the_mode(persons):
    """Where figures pull hard, and the curvature of their log expectations weighs as much."""
    rng = np.random.default_rng(4)
    theta = 0.5 * rng.standard_normal(persons.size)
    precision = Expander(persons)(theta).precision
    for direction in rng.standard_normal((10, persons.size)):
        moved = 1e-5 * direction
        change = (persons(theta - moved)[1] - persons(theta + moved)[1]) / 2e-5
        error = change - precision @ direction
        assert np.abs(error).max() < 1e-5 * np.abs(change).max()


def test_clipping_leaves_out_observations_of_convex_density(persons):
    expansion = Expander(persons)(np.full(persons.size, 0.3))
    kept = clipped_curvature(persons.model, expansion.evaluation)
    convex = expansion.curvature < 0
    assert convex.any()
    assert (kept[convex] == 0).all()
    of_range = np.isin(np.arange(len(kept)), persons.design.observed.indices[INTERVAL])
    assert (kept <= expansion.curvature)[~convex & ~of_range].all()
    slopes = jacobian(expansion)[:, len(persons.design.parameters.hyper) :]
    added = slopes.T @ ((kept - expansion.curvature)[:, None] * slopes)
    np.testing.assert_allclose(
        expansion.clipped, expansion.latent + added, atol=1e-9 * np.abs(added).max()
    )


def with_expectations(model, found, log_expected):
    """The figures evaluated with other log expectations."""
    kept = {node: found[node] for node in (model.ordered_noise, model.log_slack)}
    return model.graph.evaluate(kept | {model.ordered_expected: log_expected}, model.figures)


def test_clipped_curvature_of_an_outlier_fades_out_smoothly(persons):
    """A point moved away from its expectation, 0 to 4 noise sds: no step, and no edge at zero."""
    model, theta = persons.model, np.zeros(persons.size)
    found = model.graph.evaluate({model.theta: theta}, [*model.outputs, model.log_slack])
    where, form = model.forms[POINT]
    expected, sd = found[model.ordered_expected].copy(), np.exp(found[form.inputs[1]][0])
    entry = int(np.flatnonzero(model.by_form == where[0])[0])
    y = persons.design.observed.log_value[where[0]]
    z = np.linspace(0, 4, 401)
    kept = []
    for away in z:
        expected[entry] = y - away * sd
        moved = with_expectations(model, found, expected)
        kept.append(clipped_curvature(model, moved)[where[0]] * sd**2)
    nu = persons.design.observed.nu
    exact = (nu + 1) * (nu - z**2) / (nu + z**2) ** 2
    slopes = np.diff(kept) / np.diff(z)
    assert kept[0] == pytest.approx(exact[0])
    assert np.abs(np.diff(slopes)).max() < 0.05
    assert (np.array(kept)[z > nu**0.5] == 0).all()


@pytest.mark.parametrize("width", [0.01, 1.0, 40.0])
def test_a_range_has_the_curvature_of_its_variance_within_and_of_its_noise_outside(persons, width):
    """A range of so many noise sds, at its middle and eight sds below."""
    design, nothing = persons.design, np.zeros(persons.size)
    (log_noise,) = values_at(persons, nothing[None], [persons.model.log_noise])
    where = design.observed.indices[INTERVAL]
    sd, low, high = np.exp(log_noise[0]), design.observed.log_value, design.observed.log_high.copy()
    high[where] = low[where] + width * sd[where]
    model = ModelGraph(
        dataclasses.replace(design, observed=dataclasses.replace(design.observed, log_high=high))
    )
    found = model.graph.evaluate({model.theta: nothing}, [*model.outputs, model.log_slack])
    in_order = np.flatnonzero(np.isin(model.by_form, where))
    for at, expected in (
        ((low + high) / 2, 1 / (width**2 / 12 + 1)), (low - 8 * sd, 1.0)
    ):  # fmt: skip
        log_expected = found[model.ordered_expected].copy()
        log_expected[in_order] = at[model.by_form[in_order]]
        moved = with_expectations(model, found, log_expected)
        kept = clipped_curvature(model, moved)[where] * sd[where] ** 2
        np.testing.assert_allclose(kept, expected, rtol=0.06)


@pytest.mark.slow
def test_slope_of_the_marginal_is_that_of_its_values(persons):
    """Within a quarter of what a posterior sd is worth: third derivatives are left out in part."""
    modes, laplace = Modes(persons), approximate(persons, diagnose=False)
    point = modes.find_mode(laplace.mode, tolerance=1e-9)
    mode_sensitivity = modes.mode_sensitivity(point)
    slope = modes.slope(point, mode_sensitivity)
    differences = []
    for k in range(modes.hypers):
        sides = [point.theta + sign * 0.05 * mode_sensitivity[:, k] for sign in (1, -1)]
        above, below = (modes.find_mode(side, tolerance=1e-9, near=point).value for side in sides)
        differences.append((above - below) / 0.1)
    sd = np.sqrt(np.diag(laplace.hyper_covariance))
    np.testing.assert_allclose(slope * sd, np.array(differences) * sd, atol=0.25)


def test_the_tail_of_ratios_has_the_shape_it_was_drawn_with():
    uniform = np.random.default_rng(6).uniform(size=4000)
    for k in (0.3, 0.9):
        assert pareto_k(-k * np.log(uniform)) == pytest.approx(k, abs=0.15)


def test_smoothed_ratios_err_less_than_those_of_a_heavy_tail_as_they_are():
    """Means of ratios whose Pareto tail has k = 0.5, so that their variance is infinite."""
    k, means = 0.5, []
    for seed in range(400):
        logs = -k * np.log(np.random.default_rng(seed).uniform(size=1000))
        means.append([np.exp(ratios).mean() for ratios in (logs, smoothed(logs))])
    errors = np.sqrt(((np.array(means) - 1 / (1 - k)) ** 2).mean(axis=0))
    # 0.925 of them; at 0.4 and 0.55 it is 0.944 and 0.950.
    assert errors[1] < 0.95 * errors[0]


def test_smoothing_gives_no_weight_where_there_was_none():
    logs = np.random.default_rng(3).standard_normal(4000)
    logs[150:] = LEAST
    assert normalised(smoothed(logs))[150:].max() == 0.0
    # No shape can be told of one ratio, and none is believed above its limit.
    assert pareto_k(np.zeros(1)) == pareto_k(np.empty(0)) == -np.inf
    heavy = -1.2 * np.log(np.random.default_rng(4).uniform(size=4000))
    assert smoothed(heavy) is heavy


def test_smoothing_leaves_even_ratios_and_the_order_of_others():
    even = np.zeros(500)
    assert smoothed(even) is even
    logs = -0.5 * np.log(np.random.default_rng(2).uniform(size=500))
    found = smoothed(logs)
    np.testing.assert_array_equal(np.argsort(found), np.argsort(logs))
    largest = np.argsort(logs)[-68:]
    np.testing.assert_array_equal(np.delete(found, largest), np.delete(logs, largest))
    assert found.max() <= logs.max()
    assert (found != logs).sum() >= 67
    assert normalised(found).max() <= normalised(logs).max()


def test_a_split_normal_is_wider_on_one_side_and_knows_its_density():
    x = np.linspace(-3, 3, 601)[:, None]
    steps, _, log_volume = split_normal(
        x, covariance_root=np.array([[0.5]]), split_normal_scales=np.array([[0.8], [1.2]])
    )
    np.testing.assert_allclose(np.interp([-1, 0, 1], x[:, 0], steps[:, 0]), [-0.4, 0, 0.6])
    density = np.exp(-(x[:, 0] ** 2) / 2 - log_volume) / 0.5 / np.sqrt(2 * np.pi)
    assert trapezoid(density, steps[:, 0]) == pytest.approx(0.9973, abs=1e-3)


def skewed(*, shape: float) -> LaplaceMarginal:
    """The log density of a gamma variable, in standard deviations from its mode."""
    z = KNOTS / np.sqrt(shape - 1)
    gamma = (shape - 1) * (np.log1p(np.maximum(z, -0.999)) - z)
    one = np.array([0.0, 1.0])
    excess = tuple(gamma + KNOTS**2 / 2)
    return LaplaceMarginal("aircraft britain", excess, one, one, np.zeros((len(KNOTS), 2)))


LEVELS = [0.1, 0.25, 0.5, 0.75, 0.9]


def exact(shape: float) -> np.ndarray:
    return (stats.gamma.ppf(LEVELS, shape) - (shape - 1)) / np.sqrt(shape - 1)


def test_draws_are_moved_to_the_quantiles_of_the_marginal():
    rng, marginal = np.random.default_rng(20010305), skewed(shape=30.0)
    steps = rng.standard_normal((20000, 2))
    moved = steps + marginal.shift(steps, rng)
    np.testing.assert_array_equal(moved[:, 0], steps[:, 0])
    np.testing.assert_allclose(np.quantile(moved[:, 1], LEVELS), exact(30.0), atol=0.06)
    assert np.abs(np.quantile(steps[:, 1], LEVELS) - exact(30.0)).max() > 0.1


@pytest.mark.slow
def test_knots_reach_as_far_as_the_marginal(persons):
    """Where a total's mass lies beyond two sds of the mode, the marginal is followed there."""
    laplace = approximate(persons)
    alone = approximate(persons, diagnose="marginals")
    one, other = (found.draw(5, np.random.default_rng(1)) for found in (laplace, alone))
    np.testing.assert_array_equal(one, other, "draws need no other diagnostics")
    assert alone.gradients < laplace.gradients
    for marginal in laplace.diagnostics.marginals:
        knots, excess = np.array(marginal.knots), np.array(marginal.excess)
        height = excess - knots**2 / 2
        assert set(KNOTS) <= set(knots)
        assert np.all(np.diff(knots) == 1)
        for end in (0, -1):
            assert height[end] < height.max() - FALLEN or abs(knots[end]) == FARTHEST


@pytest.mark.slow
def test_a_higher_mode_that_a_marginal_shows_is_the_one():
    """By June 2025 two modes of the soldiers' rates lie near each other, one of them far lower."""
    claims = load_claims()
    fitted = fit(claims, engine="laplace", as_of="2025-06-30", submodels=["person"])
    submodel = fitted.submodels["person"]
    first = approximate(submodel.density)
    assert any(marginal.higher is not None for marginal in first.diagnostics.marginals)
    assert submodel.laplace.log_evidence > first.log_evidence + 1
    for marginal in submodel.laplace.diagnostics.marginals:
        assert marginal.higher is None
        knots, excess = np.array(marginal.knots), np.array(marginal.excess)
        assert (excess - knots**2 / 2).max() < 0.1
        # Coverage ends at one: far below the mode its marginal may fall as fast as it will.
        assert excess.max() < 4
        assert not marginal.reported or excess.min() > -4
    total = np.log(submodel.posterior.total("russia", "killed"))
    assert total.std() > 0.1


def test_quantiles_of_a_marginal_far_from_the_mode():
    """A normal whose mean lies 3 sds below the mode."""
    knots = np.arange(-5.0, 3.0)
    one = np.array([1.0])
    curve = np.zeros((len(knots), 1))
    shifted = LaplaceMarginal("killed", tuple(-3 * knots), one, one, curve, tuple(knots))
    shares = np.array([0.025, 0.5, 0.975])
    np.testing.assert_allclose(shifted.quantiles(shares), stats.norm.ppf(shares) - 3, atol=0.02)


@pytest.mark.slow
def test_a_draw_on_its_own_has_the_same_marginal():
    rng, marginal = np.random.default_rng(7), skewed(shape=30.0)
    steps = rng.standard_normal((3000, 1, 2))
    moved = np.array([step + marginal.shift(step, rng) for step in steps])[:, 0, 1]
    np.testing.assert_allclose(np.quantile(moved, LEVELS), exact(30.0), atol=0.15)


def test_limits_hardly_differ_from_one_set_of_draws_to_the_next():
    limits = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        steps = rng.standard_normal((500, 2))
        both = steps[:, 1], (steps + skewed(shape=30.0).shift(steps, rng))[:, 1]
        limits.append([np.quantile(values, 0.975) for values in both])
    drawn, placed = np.std(limits, axis=0)
    assert placed < drawn / 4


def test_a_total_that_is_far_from_normal_fails_the_gate(battle, fitted):
    laplace = fitted.submodels["aircraft"].laplace
    assert laplace_gate(laplace) == []
    assert all(np.abs(marginal.excess).max() < 0.3 for marginal in laplace.diagnostics.marginals)
    marginal = dataclasses.replace(skewed(shape=4.0), excess=(-4.0, -2.0, 0.0, 2.0, 4.0))
    far = dataclasses.replace(laplace.diagnostics, marginals=(marginal,))
    [failure] = laplace_gate(dataclasses.replace(laplace, diagnostics=far), limit=DOUBT)
    assert "aircraft britain is skewed (median" in failure


def test_uneven_weights_of_the_scales_fail_the_gate(fitted):
    laplace = fitted.submodels["aircraft"].laplace
    uneven = dataclasses.replace(laplace.diagnostics, hyper_k=0.9)
    [failure] = laplace_gate(dataclasses.replace(laplace, diagnostics=uneven))
    assert "too few effective draws of the noise scales (Pareto k-hat 0.90" in failure


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["laplace", "nuts"])
def test_a_war_without_any_learned_scale_is_fitted(tmp_path, engine):
    """A user may know all noise: no hyperparameter is left then."""
    table = load_claims(conflict=write_conflict(tmp_path))
    first = fit(table, engine="laplace", draws=20)
    scales = {name for part in first.submodels.values() for name in part.design.parameters.hyper}
    priors = Priors.default().replace({name: {"sd": 0.0} for name in scales})
    found = fit(table, priors=priors, engine=engine, draws=200)
    assert all(not part.design.parameters.hyper for part in found.submodels.values())
    for key in found.series:
        assert np.isfinite(found.daily(*key[:2])).all()
