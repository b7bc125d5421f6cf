"""Simulated wars: what they keep of their template, and laws that their figures obey."""

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.errors import UsageError
from lossmodel.evaluation.prior_draws import Sampler, knots_of
from lossmodel.evaluation.publication import Publisher, rounded
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.templates import Size
from lossmodel.evidence import collect_evidence
from lossmodel.model.priors import Priors

EVALUATION = Path(__file__).resolve().parent.parent / "lossmodel" / "evaluation"
SIMULATOR = (
    "prior_draws",
    "latent_truth",
    "measurement",
    "publication",
    "misspecification",
    "departures",
    "figure_noise",
    "compared_figures",
    "claim_template",
    "further_evidence",
    "unmarked_relays",
    "templates",
    "simulation",
)
# Priors are shared; nothing else of the model is.
THE_MODEL = ("model.design", "model.density", "inference", "posterior")
# No error but those that a test adds.
QUIET = {
    name: {"mean": -12.0, "sd": 0.0}
    for name in (
        *("noise.ledger_day", "noise.estimate", "noise.list", "bound.excess"),
        *("bias.drift_ledger_sd", "bias.drift_estimate_sd"),
    )
}
QUIET |= {
    name: {"mean": 1e-9, "sd": 0.0}
    for name in ("common.sd", "bias.group_sd", "bias.group_walk_sd", "bias.category_sd")
}
QUIET |= {
    f"bias.{role}.person{part}": {"mean": 0.0 if not part else 1e-9, "sd": 0.0}
    for role in ("adversary", "self", "third-party")
    for part in ("", ".between")
}
SMALL = Size(days=(120, 200), claimants=(4, 6), claims=(60, 90))


@pytest.fixture(scope="module")
def priors() -> Priors:
    return Priors.default()


@pytest.fixture(scope="module")
def quiet(priors) -> Priors:
    return priors.replace(QUIET)


@pytest.fixture(scope="module")
def shipped(priors):
    return simulate("russia-ukraine", seed=5, priors=priors)


@pytest.mark.parametrize("module", SIMULATOR)
def test_the_simulator_knows_nothing_of_the_model(module):
    tree = ast.parse((EVALUATION / f"{module}.py").read_text(encoding="utf-8"))
    names = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    of_the_model = tuple(f"lossmodel.{name}" for name in THE_MODEL)
    assert not [name for name in names if f"{name}.".startswith(of_the_model)]


def test_a_seed_is_a_war(priors):
    first, again, other = (simulate(seed=seed, priors=priors).claims.table for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


@pytest.mark.parametrize("seed", range(6))
def test_a_made_up_war_has_the_size_asked_for(seed, priors):
    size = Size(days=(60, 300), claimants=(3, 8), claims=(20, 120))
    war = simulate(seed=seed, priors=priors, size=size)
    table = war.claims.table
    days = (table["end"].max() - war.claims.conflict.start).days + 1
    assert 30 <= days <= 300
    assert 3 <= table["claimant"].nunique() <= 8 + 2
    assert 15 <= len(table) <= 160


@pytest.mark.parametrize("seed", range(4))
def test_losses_add_up_and_grow(seed, priors):
    war = simulate(seed=seed, priors=priors)
    truth = war.truth.pivot_table(
        index=["party", "scope", "end"], columns="category", values="value"
    )
    assert np.allclose(truth["killed"] + truth["wounded"], truth["casualties"])
    assert (truth.groupby(level=["party", "scope"]).diff().dropna() > 0).all(axis=None)
    for scope in set(truth.index.get_level_values("scope")) - {"all"}:
        part = truth.xs(scope, level="scope")
        whole = truth.xs("all", level="scope").loc[part.index]
        assert (part <= whole).all(axis=None)


def test_the_total_is_that_of_the_table(priors):
    war = simulate(seed=3, priors=priors)
    last = war.truth["end"].max()
    rows = war.truth[(war.truth["end"] == last) & (war.truth["scope"] == "all")]
    for row in rows.itertuples():
        assert war.total(row.party, row.category) == pytest.approx(row.value, rel=0.1)


@pytest.mark.slow
def test_the_form_of_the_template_is_kept(shipped):
    original = load_claims(conflict="russia-ukraine").table.set_index("claim_id")
    table = shipped.claims.table.set_index("claim_id")
    kept = original.loc[table.index]
    for column in ("claimant", "party", "category", "kind", "qualifier", "end", "published", "via"):
        assert (table[column] == kept[column]).all(), column
    assert len(table) > 0.8 * len(original)


def test_a_template_speaks_of_the_size_of_its_war(shipped):
    truth = shipped.truth
    killed = truth[(truth["party"] == "russia") & (truth["category"] == "killed")]
    assert 20_000 < killed["value"].max() < 2_000_000


def test_only_corrections_parts_and_what_the_model_has_no_place_for_is_missing(shipped):
    original = load_claims(conflict="russia-ukraine").table
    gone = original[~original["claim_id"].isin(shipped.claims.table["claim_id"])]
    classes = collect_evidence(load_claims(conflict="russia-ukraine")).classes
    class_of = classes.set_index("claim_id")["class"]
    used = gone[(class_of.loc[gone["claim_id"]] == "used").to_numpy()]
    without_share = used["scope"] == "wagner"
    assert ((used["kind"] == "correction") | without_share | (used["part_of"] != "")).all()


@pytest.mark.parametrize("seed", [12, 14, 15])
def test_without_error_a_ledger_tells_the_truth(seed, quiet):
    war = simulate(seed=seed, priors=quiet, size=SMALL)
    table, path = war.claims.table, war.paths[0]
    accounting = war.claims.conflict.stream
    for row in table[(table["kind"] == "cumulative") & (table["via"] == "")].itertuples():
        key = (row.claimant, row.party, row.category)
        if accounting(*key).accounting != "ledger" or row.category == "losses":
            continue
        true = path.losses(row.party, row.category)[: path.position(row.end) + 1].sum()
        assert abs(row.value - true) < 4 * np.sqrt(true) + 1


@pytest.mark.slow
def test_a_relay_repeats_its_original(priors):
    repeated = 0
    for seed in range(12):
        table = simulate(seed=seed, priors=priors).claims.table
        own = table[table["via"] == ""].set_index(
            ["claimant", "party", "category", "kind", "start", "end", "qualifier"]
        )["value"]
        for row in table[table["via"] != ""].itertuples():
            key = (row.via, row.party, row.category, row.kind, row.start, row.end, row.qualifier)
            if key not in own.index or row.qualifier not in ("exact", "about"):
                continue
            originals = np.atleast_1d(own.loc[key])
            assert (np.abs(np.log(row.value / originals)) < 0.1).any()
            repeated += 1
    assert repeated > 10


@pytest.mark.parametrize(("kind", "factor"), [("method-change", 1.5), ("method-drop", 2 / 3)])
def test_a_change_of_method_multiplies_what_follows(quiet, kind, factor):
    sound = simulate(seed=21, priors=quiet, size=SMALL)
    misspecified = simulate(seed=21, priors=quiet, size=SMALL, misspecifications=[kind])
    (change,) = misspecified.misspecifications
    table = sound.claims.table
    own = (table["claimant"] == change.claimant) & (table["party"] == change.party)
    before, after = (
        w.claims.table["value"].fillna(np.sqrt(w.claims.table["low"] * w.claims.table["high"]))
        for w in (sound, misspecified)
    )
    change_of = np.log(after / before)
    late = table["known"] >= change.date
    assert change_of[own & late].median() == pytest.approx(np.log(factor), abs=0.2)
    assert abs(change_of[own & ~late].median()) < 0.2
    assert abs(change_of[~own].median()) < 0.1
    pd.testing.assert_frame_equal(sound.truth, misspecified.truth)


def test_a_spike_is_one_day_of_five_times_the_losses(priors):
    sound = simulate(seed=4, priors=priors)
    misspecified = simulate(seed=4, priors=priors, misspecifications=["spike"])
    (spike,) = misspecified.misspecifications
    before, after = (w.paths[0].losses(spike.party, "casualties") for w in (sound, misspecified))
    ratio = after / before
    assert ratio[misspecified.paths[0].position(spike.date)] == pytest.approx(5)
    assert (ratio == 1).sum() == len(ratio) - 1


def _first_with(kind: str, priors: Priors):
    for seed in range(40):
        war = simulate(seed=seed, priors=priors, misspecifications=[kind])
        if war.misspecifications:
            return war
    raise AssertionError(f"no war had a place for {kind}")


def test_a_hidden_relay_says_what_another_said(priors):
    war = _first_with("relay", priors)
    (relay,) = war.misspecifications
    table = war.claims.table
    own = table[(table["kind"] == "cumulative") & (table["via"] == "")]
    own = own[(own["party"] == relay.party) & (own["category"] == relay.category)]
    copied = own[own["claimant"] == relay.claimant]
    originals = set(zip(*_said(own[own["claimant"] == relay.original]), strict=True))
    assert set(zip(*_said(copied), strict=True)) <= originals


def _said(rows: pd.DataFrame) -> list[pd.Series]:
    return [rows["end"], rows["value"].fillna(-1), rows["low"].fillna(-1)]


def test_a_definition_switches(quiet):
    war = _first_with("definition", quiet)
    (switch,) = war.misspecifications
    assert switch.category == "losses"


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(UsageError, match="no misspecification 'flood'"):
        simulate(seed=1, misspecifications=["flood"])
    with pytest.raises(UsageError, match="made-up wars"):
        simulate("battle-of-britain", seed=1, size=SMALL)


def test_draws_have_the_moments_of_their_priors(priors):
    names = ("noise.estimate", "delay.median", "lethality.level", "bias.adversary.person")
    for name in names:
        prior = priors[name]
        values = np.array(
            [Sampler(priors, np.random.default_rng(i)).quantity(name) for i in range(800)]
        )
        z = np.log(values / (1 - values)) if prior.scale == "logit" else np.log(values)
        assert abs(z.mean() - prior.mean) < 4 * prior.sd / np.sqrt(800)
        assert z.std() == pytest.approx(prior.sd, rel=0.12)


def test_a_walk_has_its_level_as_mean_and_its_sd_as_step(priors):
    sampler = Sampler(priors, np.random.default_rng(1))
    knots = knots_of(0, 700, 7)
    steps = []
    for _ in range(50):
        path = sampler.walk(knots, knots=knots, level=2.0, sd=0.3)
        assert path.mean() == pytest.approx(2.0)
        steps.append(np.diff(path))
    assert np.std(steps) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(("value", "share"), [(123_456.0, 0.01), (87.4, 0.05), (9.9, 0.1)])
def test_rounding_moves_a_figure_by_half_a_unit_at_most(value, share):
    assert abs(rounded(value, share) - value) <= max(0.5, 3 * share * value / 2)


def test_evidence_places_every_simulated_claim(shipped):
    evidence = collect_evidence(shipped.claims)
    assert sorted(evidence.classes["claim_id"]) == sorted(shipped.claims.table["claim_id"])


def test_a_bound_that_says_little_is_still_a_count(priors):
    wide = priors.replace({"bound.wide_share": {"mean": 0.99}, "bound.wide_excess": {"mean": 60.0}})
    war = simulate(seed=3, priors=wide)
    assert np.isfinite(war.claims.table["value"].dropna()).all()


@pytest.mark.parametrize("own", [0.0, 0.01, 0.6, 3.0, 1e5])
def test_a_range_has_two_ends_however_small_its_figure(own):
    row = SimpleNamespace(
        kind="cumulative", qualifier="range", unit_share=0.0, low_ratio=0.8, high_ratio=1.2,
        has_value=False,
    )  # fmt: skip
    sampler = Sampler(Priors.default(), np.random.default_rng(1))
    missing, low, high = Publisher(None, None, sampler).worded(row, own)
    assert np.isnan(missing)
    assert 0 <= low < high
