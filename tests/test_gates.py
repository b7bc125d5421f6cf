"""The gates on sparse tables: a fit agrees with the exact engine, or is sampled, or is refused."""

import dataclasses
import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossmodel import fit, load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference import importance, run
from lossmodel.inference.gates import (
    ROUGHLY,
    agreement_gate,
    are_rough,
    gated_quantities,
    runaway_totals,
    weights_gate,
)
from lossmodel.inference.importance import WeightedDraws, weighted_draws
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.laplace.quantities import reported
from lossmodel.inference.nuts import sampler
from lossmodel.inference.proposals import standard
from lossmodel.inference.run import Settings
from lossmodel.inference.sampling import SAMPLERS, sample_through_gate
from lossmodel.model import LossModel
from lossmodel.model.components import Components
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.query import run_query
from tests.count_war import claims, total
from tests.fakes import make_fit

TOML = """
title = "Two sides"
start = 2023-01-01
[sides]
a = "A"
b = "B"
[parties.a]
title = "A"
side = "a"
fights = "b"
[parties.b]
title = "B"
side = "b"
fights = "a"
[categories.killed]
base = true
group = "person"
[categories.wounded]
base = true
group = "person"
"""
HEAD = "claim_id,claimant,party,category,kind,start,end,value,low,high,qualifier,published,source"
# A range, a bound and two figures far apart: skewed, with half a dozen things to learn.
SPARSE = [
    "c0,ministry,a,killed,cumulative,,2023-03-31,1200,,,exact,2023-04-02,s",
    "c1,staff,a,killed,cumulative,,2023-04-30,9000,,,about,2023-05-01,s",
    "c2,agency,a,killed,cumulative,,2023-05-31,,2000,6000,range,2023-06-05,s",
    "c3,staff,a,wounded,period,2023-03-01,2023-03-31,4000,,,at-least,2023-04-01,s",
    "c4,ministry,b,killed,cumulative,,2023-05-31,8000,,,at-least,2023-06-01,s",
]
# Four months without a claim between two figures of one month, where draws run away.
GAP = [
    "c0,ministry,a,killed,period,2023-01-01,2023-01-31,4100,,,exact,2023-01-31,s",
    "c1,ministry,a,killed,period,2024-08-01,2024-08-31,40,,,exact,2024-08-31,s",
    "c2,ministry,a,killed,period,2024-09-01,2024-09-30,30,,,exact,2024-09-30,s",
]


def war(folder: Path, rows: list[str], streams: str = ""):
    tables = {
        "conflict.toml": TOML,
        "claimants.csv": 'claimant,name,side\nstaff,"Staff of B",b\nministry,"Ministry of A",a\n'
        'agency,"An agency",\n',
        "streams.csv": f"claimant,party,category,accounting\n{streams}",
        "sources.csv": 'source,title\ns,"S"\n',
        "claims.csv": "\n".join([HEAD, *rows]) + "\n",
    }
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_claims(conflict=str(folder))


def density_of(
    folder: Path, rows: list[str], streams: str = "", without: tuple[str, ...] = ()
) -> Density:
    claims = war(folder, rows, streams)
    model = LossModel(Components().without(*without))
    [design] = model.submodels(collect_evidence(claims), claims.conflict)
    return Density(design)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    density = density_of(tmp_path_factory.mktemp("sparse"), SPARSE)
    return density, approximate(density, diagnose=False)


def limits(density: Density, theta: np.ndarray) -> np.ndarray:
    """Limits and medians of the headlines, shape (3, totals)."""
    names, values = gated_quantities(SubmodelDraws(density.model, theta))
    ends = [name.endswith(" to the end") for name in names]
    return np.quantile(values[:, ends], [0.025, 0.5, 0.975], axis=0)


def resampled(density: Density, found: WeightedDraws) -> np.ndarray:
    return limits(density, found.resample(4000, np.random.default_rng(1))[None])


@pytest.mark.slow
@pytest.mark.parametrize("rows", [SPARSE, GAP], ids=["sparse", "gap"])
def test_a_sparse_skewed_table_agrees_with_nuts(tmp_path, rows):
    density = density_of(tmp_path, rows)
    laplace = approximate(density, diagnose=False)
    # Which seeds give even weights is chance for the sparse table: about one in three does.
    tried = (weighted_draws(density, laplace, seed=seed) for seed in range(1, 13))
    found = next(found for found in tried if not weights_gate(found))
    exact, _ = sample_through_gate(density.design, density, laplace, seed=1, draws=1000)
    ours, theirs = resampled(density, found), limits(density, exact.theta)
    width = theirs[2] - theirs[0]
    # Five standard errors of a median and of a limit.
    assert np.abs(ours[1] - theirs[1]).max() < (0.2 * width / 3.92).max()
    np.testing.assert_allclose((ours[2] - ours[0]) / width, 1, atol=0.15)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda fit: dataclasses.replace(fit, mode=fit.mode + 0.7 * fit.covariance_root.sum(axis=1)),
        pytest.param(
            lambda fit: dataclasses.replace(
                fit,
                covariance_root=fit.covariance_root / 2,
                latent_precision=fit.latent_precision * 4,
            ),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["shifted", "halved"],
)
def test_a_wrong_laplace_fit_is_corrected_or_refused(sparse, wrong):
    density, laplace = sparse
    right = resampled(density, weighted_draws(density, laplace, seed=1))
    found = weighted_draws(density, wrong(laplace), seed=2)
    if not weights_gate(found):
        sd = (right[2] - right[0]) / 3.92
        np.testing.assert_allclose((resampled(density, found) - right) / sd, 0, atol=0.5)
    once = weighted_draws(density, wrong(laplace), seed=2, rounds=1)
    assert "importance weights are uneven" in weights_gate(once)[0]
    # Numbers of draws that are given up would look like those of the answer.
    assert not re.search(r"\d", weights_gate(once)[0])


def test_a_fit_that_is_off_does_not_agree_with_weighted_draws():
    x = np.random.default_rng(1).standard_normal((4000, 2))
    found = WeightedDraws(x, np.full(4000, 1 / 4000), x, 0.1, 1)
    assert agreement_gate(found, x) == []
    assert "move a total" in agreement_gate(found, x + [0.0, 0.2])[0]
    assert "move a total" in agreement_gate(found, x * [1.0, 0.5])[0]
    uneven = dataclasses.replace(found, k=0.9)
    assert "too uneven" in agreement_gate(uneven, x)[0]
    assert not re.search(r"\d", agreement_gate(uneven, x)[0])


def test_resampled_draws_have_the_weighted_quantiles():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((20_000, 2))
    weights = np.exp(x[:, 0])
    found = WeightedDraws(x, weights / weights.sum(), x, 0.1, 1)
    draws = found.resample(1000, rng)
    order = np.argsort(x[:, 0])
    at = np.searchsorted(np.cumsum(found.weights[order]), [0.025, 0.5, 0.975])
    np.testing.assert_allclose(
        np.quantile(draws[:, 0], [0.025, 0.5, 0.975]), x[order[at], 0], atol=0.1
    )
    # Weights of exp(x) move a standard normal by one.
    np.testing.assert_allclose(draws.mean(axis=0), [1, 0], atol=0.06)


def _apart(density, laplace, aim) -> float:
    """Largest distance of the upper limits of weighted draws of some seeds, in posterior sds."""
    found = [weighted_draws(density, laplace, seed=seed, aim=aim) for seed in (3, 8, 9)]
    assert all(weighted.k < importance.MAX_K for weighted in found)
    limits = [weighted.quantiles([0.975])[0, 0] for weighted in found]
    low, high = found[0].quantiles([0.16, 0.84])[:, 0]
    return float(np.ptp(limits) / ((high - low) / 2))


@pytest.fixture
def one_count(tmp_path):
    table = claims(tmp_path, [total("ministry", 1500)])
    design = LossModel().design(collect_evidence(table), table.conflict, "person")
    density = Density(design)
    return density, approximate(density, diagnose=False)


@pytest.mark.slow
def test_limits_of_weighted_draws_hardly_depend_on_the_seed(one_count, monkeypatch):
    """Twins that must fail end at the first sign of enough draws, the second without smoothing."""
    density, laplace = one_count
    assert _apart(density, laplace, importance.AIM) < 0.2
    assert _apart(density, laplace, importance.ENOUGH) > 0.2
    monkeypatch.setattr(importance, "smoothed", lambda ratios: ratios)
    assert _apart(density, laplace, importance.ENOUGH) > 0.4


@pytest.mark.parametrize(("good", "even"), [(3, True), (0, False)])
def test_proposals_that_make_weights_worse_are_dropped(one_count, monkeypatch, good, even):
    """All that follow are far off; the twin that must fail has none that is better."""
    made, adapted = [], importance.adapted

    def spoilt(x, ratios, hypers):
        made.append(adapted(x, ratios, hypers))
        return dataclasses.replace(made[-1], mean=made[-1].mean + 9.0 * (len(made) > good))

    monkeypatch.setattr(importance, "adapted", spoilt)
    found = weighted_draws(*one_count, seed=4, aim=1e9)
    assert len(made) > 4
    assert (found.effective > 0.3 * len(found.weights)) == even


@pytest.mark.parametrize(("promising", "rounds"), [(importance.PROMISING, 4), (0.0, 16)])
def test_weights_that_no_round_makes_promising_are_given_up(
    one_count, monkeypatch, promising, rounds
):
    """All proposals are far off; where any weights will do, all rounds are drawn."""

    def away(size):
        return dataclasses.replace(standard(size), mean=np.full(size, 2.0))

    monkeypatch.setattr(importance, "standard", away)
    monkeypatch.setattr(importance, "adapted", lambda x, *_: away(x.shape[1]))
    monkeypatch.setattr(importance, "PROMISING", promising)
    found = weighted_draws(*one_count, seed=4)
    assert found.rounds == rounds
    assert weights_gate(found)


def test_a_total_that_runs_away_is_named(sparse):
    density, laplace = sparse
    theta = np.repeat(laplace.mode[None], 100, axis=0)
    assert runaway_totals(SubmodelDraws(density.model, theta[None])) == []
    level = density.design.parameters.groups["rate.level a"]
    theta[90:, level] += 10
    found = runaway_totals(SubmodelDraws(density.model, theta[None]))
    assert [text.split(" runs")[0] for text in found] == ["killed a", "wounded a"]


@pytest.mark.slow
def test_auto_samples_where_weights_fail_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "weights_gate", lambda _: ["importance weights are uneven"])
    monkeypatch.setattr(run, "agreement_gate", lambda *_: ["importance weights move a total"])
    once = partial(weighted_draws, rounds=1, longest=1)
    monkeypatch.setattr(run, "weighted_draws", once)
    said: list[str] = []
    found = fit(war(tmp_path, SPARSE), engine="auto", draws=30, patience=0, progress=said.append)
    # Thirty draws of a chain do not do: hmc is tried first, and nuts where its gate fails.
    assert found.engine == "nuts"
    assert [*found.submodels["person"].diagnostics["seconds"]] == ["laplace", "hmc", "nuts"]
    assert any("importance weights are uneven" in line for line in said)
    kept = fit(war(tmp_path, SPARSE), engine="laplace", draws=30)
    assert kept.diagnostics["gate"]["doubts"]


def by_laplace(density: Density) -> run.Submodel:
    return run.run(
        density.design, settings=Settings("laplace"), earlier=None, progress=lambda _: None
    )


@pytest.mark.slow
@pytest.mark.parametrize("rough", [True, False])
def test_weights_that_do_not_pass_are_used_where_they_are_better(sparse, monkeypatch, rough):
    """As well as they do where they pass; the twin has the draws of the normal approximation."""
    density, _ = sparse
    passed = by_laplace(density)
    assert passed.diagnostics["doubts"] == passed.diagnostics["failures"] == []
    monkeypatch.setattr(run, "weights_gate", lambda _: ["importance weights are uneven"])
    monkeypatch.setattr(run, "are_rough", lambda _: rough)
    found = by_laplace(density)
    assert found.diagnostics["failures"] == []
    assert (found.diagnostics["doubts"] == [ROUGHLY]) == rough
    exact, ours = (limits(density, each.posterior.theta) for each in (passed, found))
    sds = np.abs(ours - exact) / (exact[2] - exact[0]) * 3.92
    assert (sds.max() < 0.1) == rough


@pytest.fixture
def contradicting(monkeypatch):
    """Draws of laplace are said to contradict five figures."""
    theta_of = run.settled
    monkeypatch.setattr(
        run, "settled", lambda *given: dataclasses.replace(theta_of(*given), fall=15.0, figures=5)
    )


@pytest.fixture
def without_weights(monkeypatch):
    """No importance weights pass, nor are they better than none."""
    monkeypatch.setattr(run, "weights_gate", lambda _: ["importance weights are uneven"])
    monkeypatch.setattr(run, "are_rough", lambda _: False)


@pytest.mark.slow
def test_draws_that_contradict_are_mended_by_weights(sparse, contradicting):
    weighted = by_laplace(sparse[0])
    assert weighted.diagnostics["failures"] == weighted.diagnostics["doubts"] == []


@pytest.mark.slow
def test_draws_that_contradict_are_refused_without(sparse, contradicting, without_weights):
    assert any("contradict" in words for words in by_laplace(sparse[0]).diagnostics["failures"])


@pytest.mark.slow  # A minute of sampling until the gate is passed.
def test_auto_samples_where_draws_contradict(sparse, contradicting, without_weights):
    found = run.run(
        sparse[0].design, settings=Settings("auto"), earlier=None, progress=lambda _: None
    )
    assert found.engine == "hmc"
    assert found.diagnostics["failures"] == []


def test_weights_of_few_draws_are_not_used():
    def weighted(effective: float, k: float) -> WeightedDraws:
        size = 10_000
        weights = np.zeros(size)
        weights[: int(effective)] = 1 / int(effective)
        return WeightedDraws(np.zeros((size, 1)), weights, np.zeros((size, 1)), k, 1)

    assert are_rough(weighted(500, 0.8))
    assert not are_rough(weighted(100, 0.8))
    assert not are_rough(weighted(500, 1.1))


def instead_of_sampling(monkeypatch, density, *, failures=()):
    """Draws at once; of hmc with failures of its gate. The engines that were asked for."""
    tried: list[str] = []

    def sampled(*_: object, engine: str, **__: object):
        tried.append(engine)
        theta = np.zeros((2, 10, density.size))
        found = {"failures": list(failures if engine == "hmc" else ()), "engine": engine}
        return sampler.Sample(theta, theta[:, -1], 0, 1), found

    monkeypatch.setattr(run, "sample_through_gate", sampled)
    return tried


def test_auto_takes_the_first_sampler_that_passes_its_gate(sparse, monkeypatch):
    density, laplace = sparse
    tried = instead_of_sampling(monkeypatch, density)
    took: dict[str, float] = {}
    stream = np.random.SeedSequence(1)
    _, found = run._sampled(density, laplace, Settings("auto"), stream, took, 300.0, lambda _: None)
    assert tried == [*took] == ["hmc"] == [found["engine"]]
    run._sampled(density, laplace, Settings("nuts"), stream, took, np.inf, lambda _: None)
    assert tried == ["hmc", "nuts"]


def test_that_a_sampler_gives_way_to_the_next_is_said(sparse, monkeypatch):
    density, laplace = sparse
    instead_of_sampling(monkeypatch, density, failures=["a total has R-hat 1.5"])
    said: list[str] = []
    stream = np.random.SeedSequence(1)
    _, found = run._sampled(density, laplace, Settings("auto"), stream, {}, 300.0, said.append)
    assert found["engine"] == "nuts"
    assert said == [
        f"{density.design.name}: hmc did not pass (a total has R-hat 1.5), nuts is next"
    ]


@pytest.mark.parametrize(
    ("slower", "patience", "seconds"), [(3.0, None, 900.0), (60.0, None, 1200.0), (3.0, 7.0, 7.0)]
)
def test_a_busy_machine_has_more_time_unless_the_user_sets_it(
    sparse, monkeypatch, slower, patience, seconds
):
    density, laplace = sparse
    asked = []

    def sampled(*arguments: object):
        asked.append(arguments[5])
        return np.zeros((1, 10, density.size)), {"failures": [], "engine": "hmc"}

    monkeypatch.setattr(run, "_by_laplace", lambda *_: (laplace, None))
    monkeypatch.setattr(run, "slowdown", lambda *_: slower)
    monkeypatch.setattr(run, "_sampled", sampled)
    settings = Settings("auto", patience=patience)
    run.run(density.design, settings=settings, earlier=None, progress=lambda _: None)
    assert asked == [seconds]


@pytest.mark.slow
def test_sampling_says_its_time_and_stops_at_its_limit(sparse):
    density, laplace = sparse
    said: list[str] = []
    result, found = sample_through_gate(
        density.design, density, laplace, seed=1, draws=100_000, seconds=1.0, progress=said.append
    )
    assert "at most 1 s" in said[0]
    assert result.theta.shape[0] == SAMPLERS["nuts"].chains
    assert result.theta.shape[1] < 100_000
    assert "sampling was stopped at its limit of 1 s" in found["failures"][0]


def test_engine_auto_has_a_limit_and_nuts_has_none():
    assert Settings("auto").seconds == run.PATIENCE
    assert Settings("nuts").seconds == np.inf
    assert Settings("nuts", patience=5.0).seconds == 5.0


def test_an_answer_says_that_the_gate_failed():
    fitted = make_fit()
    gate = {"passed": False, "failures": ["person: not converged"], "doubts": []}
    failed = dataclasses.replace(fitted, diagnostics=fitted.diagnostics | {"gate": gate})
    for form in ("text", "bibtex"):
        assert "NOT CONVERGED" in run_query(failed, "killed north", form=form)
        assert "NOT CONVERGED" not in run_query(fitted, "killed north", form=form)
    assert "not converged" in run_query(failed, "killed north", form="latex")
    assert '"gate": "not passed"' in run_query(failed, "killed north", form="json")


@pytest.mark.slow
def test_weights_are_the_same_for_one_seed(sparse):
    density, laplace = sparse
    one, two = (weighted_draws(density, laplace, seed=3, rounds=2) for _ in range(2))
    pd.testing.assert_frame_equal(pd.DataFrame(one.theta), pd.DataFrame(two.theta))


@pytest.mark.parametrize(("category", "has_wounded"), [("killed", False), ("casualties", True)])
def test_wounded_are_checked_where_a_table_has_them(tmp_path, category, has_wounded):
    rows = [total("ministry", 1500), total("institute", 4000, category=category)]
    table = claims(tmp_path, rows)
    density = Density(LossModel().design(collect_evidence(table), table.conflict, "person"))
    theta = np.zeros((1, 5, density.size))
    names, _ = gated_quantities(SubmodelDraws(density.model, theta))
    totals = [total.name for total in reported(density, theta[0, 0])]
    assert any("wounded" in name for name in names) is has_wounded
    assert ("wounded north" in totals) is has_wounded
    assert "killed north" in totals
