"""A side's own count read in other ways: which counts, both answers, and the words about them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit

from lossmodel.api import fit, load_fit
from lossmodel.claims import load_claims
from lossmodel.claims.own_counts import own_counts, read_as
from lossmodel.cli.headline import headline
from lossmodel.evaluation.accountings import (
    KEPT,
    LARGEST,
    MOST_REFITS,
    MOVES,
    accountings_table,
    with_other_accountings,
)
from lossmodel.evaluation.latent_truth import PERSON
from lossmodel.evaluation.measurement import MeasurementModel
from lossmodel.evaluation.prior_draws import Sampler
from lossmodel.evaluation.sensitivity import sensitivity
from lossmodel.evidence import collect_evidence
from lossmodel.findings import find
from lossmodel.model import LossModel
from lossmodel.model.design.bias import level_prior
from lossmodel.model.priors import Priors
from lossmodel.report import verify_report, write_report
from tests import small_conflict
from tests.count_war import claims, conflict, ministry, total

pytestmark = pytest.mark.usefixtures("without_weights")
KEY = ("north", "killed", "all")
LEDGER = "ministry,north,killed,ledger"


def kinds(table) -> list[str]:
    return [found.kind for found in find(table, collect_evidence(table))]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A ministry's count, declared a ledger, and nothing else."""
    return claims(tmp_path_factory.mktemp("alone"), ministry(), LEDGER)


def hiding():
    """Priors of sides that hide half of their dead, so that a register is another thing."""
    reason = "Newspapers of the war report no funerals."
    return Priors.default().replace(
        {"bias.self.person": {"median": 0.45, "sd": 0.3, "reason": reason}}
    )


@pytest.fixture(scope="module")
def both(alone):
    return with_other_accountings(fit(alone, engine="laplace", priors=hiding()))


@pytest.fixture(scope="module")
def alike(alone):
    """The same count where ledgers, lists and registers all miss about a tenth, and soon."""
    priors = fit(alone, engine="laplace", draws=20).priors
    register = priors["bias.register"]
    changes = {
        "bias.self.person": {"mean": register.mean, "sd": register.sd},
        "bias.self.person.between": {"mean": 0.01},
        "bias.self.ceiling": {"mean": 3.0},
        "missing.level": {"mean": -6.0, "sd": 0.1},
        "coverage.level.self": {"mean": 2.2},
        "delay.median": {"mean": 0.0, "sd": 0.3},
        "delay.log_sd": {"mean": -1.0, "sd": 0.1},
    }
    return with_other_accountings(fit(alone, engine="laplace", priors=priors.replace(changes)))


def test_own_counts_are_series_of_a_side_about_itself(tmp_path):
    rows = [*ministry(), *(row | {"claimant": "agency"} for row in ministry())]
    rows = [row | {"claim_id": f"c{i}"} for i, row in enumerate(rows)]
    rows += [total("ministry", 4000, category="missing", kind="stock")]
    [stream] = own_counts(claims(tmp_path, rows))
    assert (stream.claimant, stream.category, stream.accounting) == (
        *("ministry", "killed"),
        "estimate",
    )


@pytest.mark.slow
def test_a_side_lists_its_own_dead_sooner_than_others_do(tmp_path):
    """The same list, the same numbers: the dead who are still to be listed are fewer."""
    found = []
    for name in ("ministry", "volunteers"):
        rows = [row | {"claimant": name} for row in ministry()]
        table = claims(tmp_path / name, rows, f"{name},north,killed,list")
        fitted = fit(table, engine="laplace")
        found.append(np.log(fitted.daily("north", "killed").sum(axis=1)))
    own, others = found
    assert np.median(own) < np.median(others) - 0.05


@pytest.mark.slow
@pytest.mark.parametrize("censored", [False, True])
def test_a_side_leaves_few_of_its_own_dead_out_of_its_list(tmp_path, censored):
    """With delays alike, its list is of a larger share, unless losses are secret."""
    delays = {
        f"delay.median{kind}": {"mean": 0.0, "sd": 0.1} for kind in ("", ".self", ".censored")
    }
    priors, found = Priors.default().replace(delays), []
    for name in ("ministry", "volunteers"):
        rows = [row | {"claimant": name} for row in ministry()]
        table = claims(tmp_path / name, rows, f"{name},north,killed,list")
        north = replace(table.conflict.parties["north"], censored=censored)
        parties = dict(table.conflict.parties) | {"north": north}
        table = replace(table, conflict=replace(table.conflict, parties=parties))
        fitted = fit(table, engine="laplace", priors=priors)
        found.append(np.median(fitted.daily("north", "killed").sum(axis=1)))
    coverage = [expit(priors[f"coverage.level{kind}"].mean) for kind in (".self", "")]
    share = 1.0 if censored else coverage[1] / coverage[0]
    assert found[0] / found[1] == pytest.approx(share, abs=0.05)


def test_two_figures_are_no_series(tmp_path):
    assert own_counts(claims(tmp_path, ministry(2))) == []
    assert len(own_counts(claims(tmp_path, ministry(3)))) == 1


@pytest.mark.parametrize("accounting", ["ledger", "list", "register", "estimate"])
def test_claims_read_otherwise_are_those_of_a_table_that_declares_it(tmp_path, alone, accounting):
    declared = conflict(tmp_path, f"ministry,north,killed,{accounting}")
    expected = load_claims(conflict=declared)
    [stream] = own_counts(alone)
    found = read_as(alone, stream, accounting)
    assert found.conflict.stream(*stream_key(stream)).accounting == accounting
    assert found.table["known"].tolist() == expected.table["known"].tolist()
    assert collect_evidence(found).terms["accounting"].unique().tolist() == [accounting]


def stream_key(stream) -> tuple[str, str, str]:
    return stream.claimant, stream.party, stream.category


def test_a_day_of_knowledge_that_is_given_stays(tmp_path):
    rows = [row | {"known": row["end"]} for row in ministry()]
    table = claims(tmp_path, rows, LEDGER)
    found = read_as(table, own_counts(table)[0], "register")
    assert found.table["known"].tolist() == table.table["known"].tolist()


@pytest.mark.slow
def test_a_count_that_may_be_a_register_has_two_answers(both):
    """Ledgers of such a side miss half of the dead, registers a tenth."""
    table = accountings_table(both).set_index("accounting")
    assert sorted(table.index) == ["estimate", "list", "register"]
    assert table.loc["register", "shift"] < -MOVES
    assert table.loc["register", "median"] < 0.75 * both.summary()["median"].iloc[0]
    assert abs(table.loc["estimate", "shift"]) < MOVES


def test_the_other_answer_is_that_of_the_other_declaration(tmp_path, alone, both):
    found = accountings_table(both).set_index("accounting").loc["register"]
    declared = conflict(tmp_path, "ministry,north,killed,register")
    other = fit(
        load_claims(conflict=declared), engine="laplace", until=both.days[-1], priors=hiding()
    )
    row = other.summary().iloc[0]
    for name in ("median", "lower", "upper"):
        assert found[name] == pytest.approx(row[name], rel=0.02)


@pytest.mark.slow
def test_a_count_that_misses_as_many_however_it_is_read_has_one_answer(alike, tmp_path):
    table = accountings_table(alike)
    assert len(table) == 3
    assert table["shift"].abs().max() < MOVES
    assert "read as" not in headline(alike, tmp_path)


@pytest.mark.slow
def test_stdout_and_report_have_both_answers(both, alike, tmp_path):
    said = headline(both, tmp_path)
    assert said.count(" read as ") == 1
    assert "with the killed of ministry read as register, not ledger" in said
    for name, fitted, words in (
        ("both", both, "register: "),
        ("alike", alike, "Another accounting of a side's own count moves no total above"),
    ):
        write_report(fitted, tmp_path / name)
        text = (tmp_path / name / "report.md").read_text()
        assert words in text
        assert "docs/accounting.md" in text
        assert verify_report(tmp_path / name / "report.md") == []


def test_refits_are_kept_with_the_fit(both, tmp_path):
    again = load_fit(both.save(tmp_path / "fit.nc"))
    assert again.diagnostics[KEPT] == both.diagnostics[KEPT]
    assert with_other_accountings(again) is again


def test_a_saved_fit_knows_which_days_of_knowledge_were_blank(alone, tmp_path):
    saved = fit(alone, engine="laplace", draws=20).save(tmp_path / "fit.nc")
    assert load_fit(saved).claims.known_blank == alone.known_blank
    assert len(alone.known_blank) == 4


@pytest.mark.slow
def test_large_submodels_and_further_refits_are_named(alone, tmp_path):
    fitted = fit(alone, engine="laplace", draws=20)
    large = {
        name: replace(s, diagnostics=s.diagnostics | {"dimension": LARGEST})
        for name, s in fitted.submodels.items()
    }
    found = with_other_accountings(replace(fitted, submodels=large)).diagnostics[KEPT]
    assert found == {"rows": [], "left": ["ministry north killed"]}
    wounded = [row | {"category": "wounded"} for row in ministry()]
    wounded = [row | {"claim_id": row["claim_id"] + "-w"} for row in wounded]
    two = fit(claims(tmp_path, [*ministry(), *wounded], LEDGER), engine="laplace", draws=20)
    found = with_other_accountings(two).diagnostics[KEPT]
    refits = {(row["counted"], row["accounting"]) for row in found["rows"]}
    assert len(refits) == MOST_REFITS
    assert found["left"] == ["ministry north wounded"]


def test_a_count_without_an_accounting_is_a_note(tmp_path):
    undeclared = claims(tmp_path / "a", ministry())
    [found] = [
        f
        for f in find(undeclared, collect_evidence(undeclared))
        if f.kind == "undeclared-accounting"
    ]
    assert (found.severity, found.count) == ("note", 4)
    assert "read as estimate" in found.message
    assert "docs/accounting.md" in found.remedy
    assert "undeclared-accounting" not in kinds(claims(tmp_path / "b", ministry(), LEDGER))
    assert "undeclared-accounting" not in kinds(claims(tmp_path / "c", ministry(2)))


@pytest.mark.slow
def test_sensitivity_has_every_accounting(tmp_path):
    table = claims(tmp_path, [*ministry(), total("agency", 2500)], LEDGER)
    found = sensitivity(table, priors=hiding(), shift_priors=False, jobs=1)
    rows = found.table[found.table["kind"] == "accounting"]
    assert sorted(set(rows["name"])) == [
        f"ministry north killed: {word}" for word in ("estimate", "list", "register")
    ]
    assert "ministry north killed as register" in found.text


@pytest.mark.parametrize("order", [("land", "guests"), ("guests", "land")])
@pytest.mark.parametrize("censored", ["", "land", "guests"])
def test_a_list_of_a_sum_is_of_a_secret_party_if_any_is(tmp_path, order, censored):
    """The fit, the table of claims that matter and the simulator use the same prior."""
    text = small_conflict.TOML.replace('sum = ["land", "guests"]', f"sum = {list(order)}")
    head = f"[parties.{censored}]\n"
    text = text.replace(head, f"{head}censored = true\n") if censored else text
    row = {"claim_id": "c0", "claimant": "land-staff", "party": "land+guests", "category": "killed"}
    row |= {"kind": "cumulative", "end": "2002-06-30", "value": "100"}
    folder = small_conflict.write_conflict(
        tmp_path, conflict=text, claims=small_conflict.claims_csv([row]),
        streams="claimant,party,category,accounting,method,note\n"
        "land-staff,land+guests,killed,list,,\n",
    )  # fmt: skip
    table = load_claims(conflict=folder)
    design = LossModel().design(collect_evidence(table), table.conflict)
    expected = "coverage.level" if censored else "coverage.level.self"
    groups = {group.rpartition(" ")[0] for group in design.parameters.groups}
    assert {name for name in groups if name.startswith("coverage.level")} == {expected}
    assert level_prior(design.streams.loc[0], table.conflict) == expected
    key = ("land-staff", "land+guests", "killed")
    truth = SimpleNamespace(conflict=table.conflict, submodel=PERSON)
    simulated = MeasurementModel(truth, Sampler(Priors.default(), np.random.default_rng(1)), {}, ())
    assert simulated._of_list("coverage.level", key) == expected
