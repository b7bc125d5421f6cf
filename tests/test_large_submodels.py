"""Large submodels: their second derivatives are arrowheads, and equal to dense ones."""

import numpy as np
import pytest

import lossmodel
from benchmarks import sizes
from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.evidence.originals import Originals
from lossmodel.inference import run
from lossmodel.inference.laplace import approach, hyper_mode
from lossmodel.inference.laplace import fit as laplace_fit
from lossmodel.inference.laplace import modes as latent_modes
from lossmodel.inference.laplace.modes import Modes
from lossmodel.model import LossModel
from lossmodel.model.density import basis, derivatives, layout, predictive
from lossmodel.model.density.density import Density
from lossmodel.model.density.expansion import Expander
from lossmodel.model.density.generated import SubmodelDraws
from tests import small_war


def war(tmp_path, *, claimants: int, each: int = 4):
    """The design of the soldiers of a war of two months."""
    tmp_path.mkdir(exist_ok=True)
    sizes.estimates(tmp_path, claimants=claimants, each=each, days=60)
    claims = load_claims(conflict=tmp_path)
    return LossModel().design(collect_evidence(claims), claims.conflict)


def dense(matrix):
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def at_a_point(density, monkeypatch, *, theta, apart, edges=False):
    """Everything that a search needs of a second-order expansion, as one vector."""
    monkeypatch.setattr(basis, "has_long_windows", lambda _: edges)
    modes = Modes(density)
    modes.expand_at = Expander(density, apart=apart)
    point = modes.expand(theta)
    sensitivity = modes.mode_sensitivity(point)
    root, precision = dense(point.factor.root()), dense(point.factor.precision())
    np.testing.assert_allclose(root.T @ precision @ root, np.eye(len(root)), atol=1e-9)
    numbers = [point.value, point.decrement, point.positive, point.hessian_positive]
    parts = [
        numbers, modes.slope(point, sensitivity), sensitivity.ravel(), point.factor.variances,
        point.factor.leverage(point.expansion), precision.ravel(), (root @ root.T).ravel(),
    ]  # fmt: skip
    return np.concatenate(parts)


def test_jacobians_that_are_written_out_are_products_of_matrices(tmp_path, monkeypatch):
    density = Density(war(tmp_path, claimants=6, each=20))
    for theta in np.random.default_rng(2).normal(0, 0.3, (3, density.size)):
        found = []
        for most in (0, derivatives.MOST_WRITTEN):
            monkeypatch.setattr(derivatives, "MOST_WRITTEN", most)
            expansion = Expander(density, apart=False)(theta)
            found.append(np.concatenate([dense(expansion.clipped).ravel(), expansion.gradient]))
        np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)
        monkeypatch.undo()


@pytest.fixture(params=[layout.WIDE, 3], ids=["narrow", "wide"])
def widths(request, monkeypatch):
    """Blocks of claimants that are multiplied as sparse matrices, and as dense ones."""
    monkeypatch.setattr(layout, "WIDE", request.param)


def test_blocks_are_wide_from_a_size_on(tmp_path, monkeypatch):
    density = Density(war(tmp_path, claimants=6, each=20))
    for least in (1, 3, 100):
        monkeypatch.setattr(layout, "WIDE", least)
        parts = Expander(density, apart=True).change.layout
        wide = [block.where.stop - block.where.start for block in parts.wide]
        assert wide == parts.sizes[parts.sizes >= least].tolist()
        rows = [*(block.rows for block in parts.wide), parts.narrow_rows]
        assert sorted(np.concatenate(rows)) == list(range(len(parts.own_rows)))


@pytest.mark.usefixtures("widths")
def test_an_arrowhead_is_the_dense_matrix(tmp_path, monkeypatch):
    density = Density(war(tmp_path, claimants=6, each=20))
    far = np.random.default_rng(1).normal(0, 0.1, density.size)
    mode = laplace_fit.approximate(density, diagnose=False).mode
    # Where the curvature is positive, and where it is not.
    for theta, positive in ((mode, True), (far, False)):
        plain = at_a_point(density, monkeypatch, theta=theta, apart=False)
        assert bool(plain[2]) is positive
        for edges in (False, True):
            apart = at_a_point(density, monkeypatch, theta=theta, apart=True, edges=edges)
            np.testing.assert_allclose(apart, plain, rtol=1e-8, atol=1e-8)


@pytest.mark.usefixtures("widths")
def test_ledgers_lists_and_ceilings_are_in_the_arrowhead(monkeypatch):
    claims = load_claims(conflict="winterwar1939")
    density = Density(LossModel().design(collect_evidence(claims), claims.conflict))
    theta = np.random.default_rng(1).normal(0, 0.1, density.size)
    plain = at_a_point(density, monkeypatch, theta=theta, apart=False)
    apart = at_a_point(density, monkeypatch, theta=theta, apart=True)
    np.testing.assert_allclose(apart, plain, rtol=1e-7, atol=1e-8)


@pytest.mark.slow
def test_work_is_linear_in_the_number_of_claimants(tmp_path):
    entries = []
    for claimants in (100, 200):
        density = Density(war(tmp_path / str(claimants), claimants=claimants))
        found = Expander(density, apart=True)(np.zeros(density.size)).clipped
        entries.append(found.blocks.size + found.between.size)
    assert entries[1] < 2.2 * entries[0]


def test_publication_is_ranked_once_and_not_for_each_series(tmp_path, monkeypatch):
    calls = []
    place_of = Originals._place_of
    monkeypatch.setattr(Originals, "_place_of", lambda *of: calls.append(1) or place_of(*of))
    counts = []
    for claimants in (100, 200):
        calls.clear()
        war(tmp_path / str(claimants), claimants=claimants, each=1)
        counts.append(len(calls))
    assert counts[1] < 2.2 * counts[0]


@pytest.fixture
def large(monkeypatch):
    """All submodels are large ones, with sparse matrices and no importance weights."""
    monkeypatch.setattr(run, "LARGEST", 0)
    for module in (run, latent_modes):
        monkeypatch.setattr(module, "is_large", lambda _: True)
    monkeypatch.setattr(laplace_fit, "MANY_UNKNOWNS", 0)


def test_a_large_fit_is_the_same(tmp_path, request):
    density = Density(war(tmp_path, claimants=6, each=3))
    plain = laplace_fit.approximate(density, diagnose=False)
    request.getfixturevalue("large")
    apart = laplace_fit.approximate(density, diagnose=False)
    covariance = plain.covariance_root @ plain.covariance_root.T
    sds = np.sqrt(np.diag(covariance))
    assert np.abs((apart.mode - plain.mode) / sds).max() < 1e-3
    assert not isinstance(apart.covariance_root, np.ndarray)
    root = apart.dense().covariance_root
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-3)


@pytest.fixture
def daily(tmp_path):
    """The density of a war of two months in which each of twelve claimants speaks every day."""
    sizes.daily(tmp_path, claimants=12, days=60)
    claims = load_claims(conflict=tmp_path)
    return Density(LossModel().design(collect_evidence(claims), claims.conflict))


@pytest.mark.slow
def test_a_scale_of_many_figures_is_near_its_mode_before_the_climb(daily, monkeypatch, request):
    monkeypatch.setattr(approach, "PLENTY", 2)
    noise = daily.design.parameters.hyper.index("noise.estimate")
    at_prior = approach.approach(Modes(daily))
    assert not at_prior[: len(daily.design.parameters.hyper)].any()
    request.getfixturevalue("large")
    modes = Modes(daily)
    sd = hyper_mode.rough_sds(daily)[noise]
    start = approach.approach(modes)
    mode = laplace_fit.approximate(daily, diagnose=False).mode
    assert abs(start[noise] - mode[noise]) < 4 * sd < abs(at_prior[noise] - mode[noise])


def test_normals_times_their_scales_are_held_on_the_way_to_another_scale(daily, request):
    request.getfixturevalue("large")
    modes = Modes(daily)
    point = modes.find_mode(approach.approach(modes), tolerance=1e-3)
    step = np.zeros(modes.hypers)
    step[daily.design.parameters.hyper.index("rate.walk_sd")] = -1.5
    line = point.theta + modes.mode_sensitivity(point) @ step
    bent = modes.bent(point, line)
    np.testing.assert_array_equal(bent[: modes.hypers], line[: modes.hypers])
    assert modes.expand(bent).decrement < modes.expand(line).decrement / 4
    modes.large = False
    assert modes.bent(point, line) is line


def test_predictions_are_made_some_figures_and_draws_at_a_time(daily, monkeypatch):
    theta = np.random.default_rng(1).normal(0, 0.1, (1, 60, daily.size))
    draws = SubmodelDraws(daily.model, theta)
    whole = predictive.predict(draws, daily)
    monkeypatch.setattr(predictive, "ENTRIES", 7000)
    sizes_of = []
    evaluate = Density.evaluate
    monkeypatch.setattr(
        Density, "evaluate", lambda d, some: sizes_of.append(some.shape[0]) or evaluate(d, some)
    )
    parts = predictive.predict(draws, daily)
    assert max(sizes_of) * len(daily.design.terms) <= 7000
    for name in ("mu", "log_sd", "log_slack", "log_likelihood", "pit", "copied"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-12)


def test_a_bias_is_its_level_times_its_walk(tmp_path):
    model = Density(war(tmp_path, claimants=6, each=20)).model
    rng = np.random.default_rng(1)
    draws = SubmodelDraws(model, rng.normal(size=(1, 5, model.design.size)))
    cells = np.arange(0, model.design.grid.cells, 3)
    nodes = len(model.graph.nodes)
    factors = {stream: draws.bias_factor(stream, cells) for stream in model.design.biases}
    assert len(model.graph.nodes) == nodes
    for stream, found in factors.items():
        np.testing.assert_allclose(found, np.exp(draws.bias(stream, cells)), rtol=1e-12)
        mean = draws.bias(stream) @ np.bincount(model.design.grid.cell_of)
        mean /= model.design.grid.size
        np.testing.assert_allclose(draws.mean_bias(stream), mean, rtol=1e-10)


def test_a_large_fit_is_not_sampled_but_kept(tmp_path, large, monkeypatch):
    monkeypatch.setattr(run, "runaway_totals", lambda _: ["a total runs away"])
    war(tmp_path / "war", claimants=5, each=2)
    fitted = lossmodel.fit(load_claims(conflict=tmp_path / "war"), engine="auto", draws=50)
    person = fitted.submodels["person"]
    assert person.engine == "laplace"
    assert person.diagnostics["failures"] == ["a total runs away"]
    assert "too many to be sampled in 300 s" in " ".join(person.diagnostics["doubts"])
    again = lossmodel.load_fit(fitted.save(tmp_path / "fit.nc")).submodels["person"].laplace
    assert not isinstance(again.covariance_root, np.ndarray)
    assert abs(again.covariance_root - person.laplace.covariance_root).max() == 0
    assert np.isfinite(fitted.local_prior_sensitivity["median"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("edges", [False, True])
def test_figures_that_compare_losses_are_in_the_arrowhead(monkeypatch, edges):
    design = LossModel().design(small_war.evidence(), small_war.conflict())
    assert len(design.comparisons.against)
    assert len(design.comparisons.shares)
    density = Density(design)
    theta = np.random.default_rng(1).normal(0, 0.1, density.size)
    plain = at_a_point(density, monkeypatch, theta=theta, apart=False)
    apart = at_a_point(density, monkeypatch, theta=theta, apart=True, edges=edges)
    np.testing.assert_allclose(apart, plain, rtol=1e-7, atol=1e-8)
