"""Force balances: strengths, recruits and leavers against the killed and disabled of a fit."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from lossmodel import Priors, fit, load_claims, load_conflict, load_fit
from lossmodel.cli.headline import headline
from lossmodel.errors import ClaimsError, UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.evidence.force_figures import FORCE
from lossmodel.model.components import Components
from lossmodel.model.density.model import LossModel
from lossmodel.model.force_balance import CLAIMANT, force_balances, with_force
from lossmodel.model.force_flows import Spread
from lossmodel.posterior.contradictions import UNBALANCED
from lossmodel.posterior.force_check import force_check
from lossmodel.posterior.ratios import biases_table
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.results import Results
from lossmodel.report.sections.force import force_blocks
from tests.small_conflict import TOML, claims_csv, write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

START = pd.Timestamp("2001-01-01")
# A made-up army: a day's dead, wounded, recruits and deserters.
KILLED, WOUNDED, JOINED, GONE, SIZE = 100, 300, 400, 30, 200_000
DISABLED = 0.27
LOST = KILLED + DISABLED * WOUNDED
DECLARED = """
[categories]
strength = true
recruits = true
deserted = true
discharged = true
"""
OFF, WITH = Components(), Components().including("force")


def day(number: int) -> str:
    return f"{START + pd.Timedelta(days=number):%Y-%m-%d}"


def stock(number: int, value: float, **cells: object) -> dict[str, object]:
    return {"category": "strength", "kind": "stock", "end": day(number), "value": value} | cells


def flow(category: str, first: int, last: int, value: float, **cells: object) -> dict[str, object]:
    own = {"category": category, "kind": "period", "start": day(first), "end": day(last)}
    return own | {"value": value} | cells


def claims_of(rows, folder):
    """Claims of the staff of the sea about itself, but for the cells given."""
    own = {"claimant": "sea-staff", "party": "sea"}
    numbered = [
        {"claim_id": f"c{n}"} | {k: str(v) for k, v in (own | row).items()}
        for n, row in enumerate(rows)
    ]
    write_conflict(folder, conflict=TOML + DECLARED, claims=claims_csv(numbered), streams=None)
    return load_claims(conflict=folder)


def losses() -> list[dict[str, object]]:
    """Totals of a third party every two months."""
    return [
        {"claimant": "gazette", "category": category, "kind": "cumulative",
         "end": day(last), "value": rate * (last + 1)}
        for last in range(59, 360, 60)
        for category, rate in (("killed", KILLED), ("wounded", WOUNDED))
    ]  # fmt: skip


def army(*, padded: float = 0.0) -> list[dict[str, object]]:
    """Flows and strengths; `padded`: share of the leavers who are never struck off."""
    leaving = GONE + LOST
    sizes = [
        stock(n, round(SIZE + n * (JOINED - leaving * (1 - padded)))) for n in range(0, 360, 119)
    ]
    return [
        *sizes,
        *(flow("recruits", n, n + 29, 30 * JOINED) for n in range(0, 360, 30)),
        {"category": "deserted", "kind": "cumulative", "end": day(359), "value": 360 * GONE},
        flow("captured", 0, 359, 0),
        flow("discharged", 0, 359, 0),
    ]


@cache
def default() -> Priors:
    return Priors.default()


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """Fits by whether strengths are padded and whether the balance is an observation."""

    @cache
    def of(padded: float, components: Components = OFF):
        folder = tmp_path_factory.mktemp("army")
        claims = claims_of([*losses(), *army(padded=padded)], folder)
        # A level that is known well.
        priors = default().replace(
            {
                "bias.third-party.person": {"mean": 0.0, "sd": 0.05},
                "bias.third-party.person.between": {"mean": 0.05},
                "bias.group_sd": {"mean": 0.05},
            }
        )
        return fit(claims, engine="laplace", draws=400, priors=priors, components=components)

    return of


def balances(rows, folder, **changes):
    claims = claims_of(rows, folder)
    priors = default().replace(changes)
    return force_balances(collect_evidence(claims), claims.conflict, priors)


def test_a_balance_is_what_joined_less_growth_and_those_who_left_otherwise(tmp_path):
    rows = [
        *losses(), stock(9, 50_000), stock(209, 52_000), flow("recruits", 10, 209, 20_000),
        flow("deserted", 10, 209, 3_000), flow("captured", 10, 209, 1_000),
        flow("discharged", 10, 209, 2_000),
    ]  # fmt: skip
    (found,) = balances(rows, tmp_path).to_dict("records")
    assert (found["start"], found["end"]) == (pd.Timestamp(day(10)), pd.Timestamp(day(209)))
    assert found["balance"] == 20_000 - 2_000 - 3_000 - 1_000 - 2_000
    assert found["assumed"] == ""
    # Errors of the strengths, of each flow, and of rounding to 10,000 or 1,000, capped at a tenth.
    units = (5_000, 1_000, 2_000, 300, 100, 200)
    errors = (0.03 * 50_000, 0.03 * 52_000, 0.1 * 20_000, 0.4 * 3_000, 0.2 * 1_000, 0.3 * 2_000)
    rounding = sum(unit**2 / 12 for unit in units)
    assert found["sd"] == pytest.approx(np.sqrt(sum(e**2 for e in errors) + rounding))


def test_running_totals_are_linear_between_their_dates(tmp_path):
    totals = [
        {"category": "recruits", "kind": "cumulative", "end": day(last), "value": value}
        for last, value in ((99, 10_000), (199, 40_000))
    ]
    rows = [*losses(), stock(149, 50_000), stock(199, 50_000), *totals]
    (found,) = balances(rows, tmp_path).to_dict("records")
    assert found["recruits"] == pytest.approx(15_000)


def test_a_month_within_a_year_does_not_count_twice():
    table = pd.DataFrame(
        {"claim_id": ["month", "year"], "start": [30, 0], "end": [59, 359],
         "value": [6_000.0, 36_000.0], "sd": [0.0, 0.0]}
    )  # fmt: skip
    found = Spread.over(table, 360)
    assert found.rate.sum() == pytest.approx(36_000)
    assert found.rate[30:60].sum() == pytest.approx(6_000)
    # The year alone has its months alike.
    assert Spread.over(table[1:], 360).rate[30:60].sum() == pytest.approx(3_000)


def test_the_figures_of_the_claimant_of_the_strengths_come_first(tmp_path):
    rows = [*losses(), stock(9, 50_000), stock(209, 50_000), flow("recruits", 0, 359, 36_000)]
    other = flow("recruits", 0, 359, 72_000, claimant="gazette")
    (own,) = balances([*rows, other], tmp_path / "both").to_dict("records")
    (others,) = balances([*rows[:-1], other], tmp_path / "other").to_dict("records")
    assert (own["recruits"], others["recruits"]) == (pytest.approx(20_000), pytest.approx(40_000))


def test_leavers_whom_nobody_publishes_are_a_share_with_a_wide_prior(tmp_path):
    rows = [*losses(), stock(9, 50_000), stock(209, 50_000), flow("recruits", 10, 209, 20_000)]
    known = [flow("captured", 10, 209, 0), flow("discharged", 10, 209, 0)]
    (found,) = balances([*rows, *known], tmp_path / "share").to_dict("records")
    share = default()["force.deserted_share"].median
    assert found["balance"] == pytest.approx(20_000 * (1 - share))
    assert found["assumed"] == "deserted: 100% of the days"
    none = flow("deserted", 10, 209, 0)
    (all_known,) = balances([*rows, *known, none], tmp_path / "known").to_dict("records")
    assert all_known["assumed"] == ""
    assert all_known["sd"] < found["sd"]


def test_strengths_of_two_claimants_are_no_pair(tmp_path):
    rows = [*losses(), stock(9, 50_000), flow("recruits", 10, 209, 20_000)]
    both = [*rows, stock(209, 40_000, claimant="gazette")]
    assert balances(both, tmp_path / "two").empty
    assert len(balances([*rows, stock(209, 40_000)], tmp_path / "one")) == 1


@pytest.mark.parametrize(
    ("late", "joined", "why"),
    [
        (90_000, 20_000, "leaves nobody killed"),
        (68_000, 20_000, "its sd is"),
        (50_000, None, "recruits are published for 0%"),
        (50_000, 20_000, ""),
    ],
)
def test_balances_that_say_nothing_are_left_out_with_the_reason(late, joined, why, tmp_path):
    rows = [*losses(), stock(9, 50_000), stock(209, late)]
    rows += [] if joined is None else [flow("recruits", 10, 209, joined)]
    claims = claims_of(rows, tmp_path)
    (found,) = force_balances(
        collect_evidence(claims), claims.conflict, default()
    ).to_dict("records")  # fmt: skip
    assert why in found["left_out"]
    assert bool(why) == bool(found["left_out"])
    evidence = collect_evidence(claims)
    more = with_force(evidence, claims.conflict, WITH, default())
    assert len(more.terms) - len(evidence.terms) == (not why)


def test_strengths_that_are_too_near_to_each_other_are_passed_over(tmp_path):
    sizes = [stock(n, 50_000) for n in range(0, 300, 20)]
    rows = [*losses(), *sizes, flow("recruits", 0, 359, 36_000)]
    found = balances(rows, tmp_path)
    used = found[found["left_out"] == ""]
    assert len(used) == 2
    assert ((used["end"] - used["start"]).dt.days > 60).all()


def test_balances_of_the_same_days_are_not_observed_twice(tmp_path):
    rows = [*losses(), flow("recruits", 0, 359, 72_000)]
    rows += [stock(n, 50_000, claimant=who) for n in (0, 300) for who in ("sea-staff", "gazette")]
    found = balances(rows, tmp_path)
    assert sorted(found["left_out"]) == ["", "gazette has strengths of the same days"]


def test_a_strength_is_a_stock(tmp_path):
    with pytest.raises(ClaimsError, match="size of a force on one day"):
        claims_of([*losses(), stock(9, 50_000, kind="cumulative")], tmp_path)


def test_a_conflict_that_does_not_declare_them_has_no_categories_of_forces(tmp_path):
    conflict = load_conflict(write_conflict(tmp_path / "with", conflict=TOML + DECLARED))
    assert {conflict.categories[name].group for name in FORCE} == {"person"}
    without = load_conflict(write_conflict(tmp_path / "without"))
    assert set(FORCE) & set(without.categories) == {"captured"}


def test_claims_without_strengths_have_the_same_evidence_with_the_component(tmp_path):
    claims = claims_of(losses(), tmp_path)
    evidence = collect_evidence(claims)
    assert with_force(evidence, claims.conflict, WITH, default()) is evidence


def test_the_expectation_is_killed_and_a_share_of_the_wounded_without_a_bias(tmp_path):
    claims = claims_of([*losses(), *army()], tmp_path)
    priors = default()
    plain = collect_evidence(claims)
    evidence = with_force(plain, claims.conflict, WITH, priors)
    model = LossModel(WITH, priors)
    design = model.design(evidence, claims.conflict)
    here = np.flatnonzero(design.terms["claimant"] == CLAIMANT)
    assert len(here) == len(evidence.terms) - len(plain.terms) > 0
    assert abs(design.bias[here]).sum() == 0
    assert design.observed.noise[here].max() == -1
    used = design.terms["claims"].to_numpy()[here[0]].split(";")
    assert set(evidence.classes.set_index("claim_id").loc[used, "class"]) == {"used"}
    # As an estimate it would have one, and the noise of estimates.
    terms = evidence.terms.assign(
        accounting=evidence.terms["accounting"].replace("balance", "estimate")
    )
    other = model.design(replace(evidence, terms=terms), claims.conflict)
    assert abs(other.bias[here]).sum() > 0
    assert other.observed.noise[here].min() >= 0


def test_an_army_that_fits_is_left_in_peace_and_a_padded_one_is_named(fits):
    honest, padded = fits(0.0), fits(0.9)
    for found, is_named in ((honest, False), (padded, True)):
        kinds = [finding["kind"] for finding in found.diagnostics["findings"]]
        assert (UNBALANCED in kinds) == is_named
        assert ("contradicts the fit" in headline(found, "out")) == is_named
    assert force_check(honest)["p"].min() > 0.05 > force_check(padded)["p"].min()
    # Both have the same answer, since neither has seen the army.
    totals = [f.summary()["median"].to_numpy() for f in (honest, padded)]
    assert np.array_equal(*totals)


def test_the_check_has_a_table_and_an_observed_balance_is_no_check(fits):
    blocks = force_blocks(fits(0.9))
    assert [block.kind for block in blocks] == ["text", "text", "table", "text"]
    assert "it leaves nobody killed" in blocks[-1].text
    *_, spec = figure_specs(Results(fits(0.9)))["checks"]
    assert spec.draw(None).axes[0].get_xlabel() == "killed and disabled"
    seen = fits(0.0, WITH)
    table = force_check(seen)
    assert table["in_likelihood"].any()
    assert table.loc[table["in_likelihood"], "p"].isna().all()
    assert "no check" in force_blocks(seen)[1].text
    assert CLAIMANT not in set(biases_table(seen)["claimant"])


def test_balances_that_were_asked_for_and_say_nothing_are_no_observations(fits, tmp_path):
    claims = claims_of([*losses(), stock(9, 50_000), stock(209, 50_000)], tmp_path)
    unused, seen = fit(claims, engine="laplace", draws=50, components=WITH), fits(0.0, WITH)
    assert "--with force changes nothing, as no force balance can be" in headline(unused, "out")
    assert "changes nothing" not in headline(seen, "out")
    assert "none of them is an observation" in force_blocks(unused)[1].text
    assert "none of them is an observation" not in force_blocks(seen)[1].text


@pytest.mark.slow
def test_with_the_balance_the_dead_are_recovered_more_exactly(tmp_path):
    """Without anchors the level comes from the balance, and true totals are inside."""
    claims = claims_of([*losses(), *army()], tmp_path)
    priors = default().replace({"force.strength_sd": {"mean": 0.01}})
    widths = []
    for components in (OFF, WITH):
        found = fit(claims, engine="laplace", draws=400, priors=priors, components=components)
        row = found.summary().set_index("category").loc["casualties"]
        assert row["lower"] < 360 * (KILLED + WOUNDED) < row["upper"]
        widths.append(np.log(row["upper"] / row["lower"]))
    assert widths[1] < 0.75 * widths[0]


def test_a_saved_fit_knows_that_the_balance_was_observed(fits, tmp_path):
    found = fits(0.0, WITH)
    again = load_fit(found.save(tmp_path / "fit.nc"))
    assert again.components.force
    assert again.provenance["parts"]["force"]
    assert again.terms["term"].tolist() == found.terms["term"].tolist()
    pd.testing.assert_frame_equal(force_check(again), force_check(found), rtol=1e-5)


def test_the_option_names_a_component(lossmodel):
    wrong = lossmodel("fit", "--with", "forces")
    assert wrong.status == 2
    assert "no such component: forces" in wrong.stderr


def test_a_component_off_by_default_is_switched_on_and_off():
    assert not Components().force
    assert WITH.force
    assert WITH.without("force") == Components()
    with pytest.raises(UsageError, match="no such component"):
        Components().including("forces")


def armies(count: int, rng: np.random.Generator):
    """Figures of simulated armies with errors and shares from their priors, and what each lost."""
    priors = default()
    share = {n: priors[f"force.{n}_share"] for n in ("captured", "deserted", "discharged")}
    for _ in range(count):
        shares = {n: 1 / (1 + np.exp(-rng.normal(p.mean, p.sd))) for n, p in share.items()}
        left, size = rng.uniform(20_000, 60_000), rng.uniform(100_000, 300_000)
        joined = left * rng.uniform(0.7, 1.3)
        flows = {"recruits": joined} | {n: s * left for n, s in shares.items()}
        lost = left * (1 - sum(shares.values()))
        # Half of the armies publish only their recruits.
        told = flows if rng.random() < 0.5 else {"recruits": joined}
        rows = [("strength", 0, 0, size), ("strength", 0, 300, size + joined - left)]
        rows += [(name, 1, 300, value) for name, value in told.items()]
        table = pd.DataFrame(rows, columns=["category", "start", "end", "value"])
        errors = [priors[f"force.{name}_sd"].median for name in table["category"]]
        table["value"] *= 1 + np.array(errors) * rng.standard_normal(len(table))
        same = {"claimant": "staff", "party": "land", "scope": "all", "form": "point", "sd": 0.0}
        ids = [f"c{i}" for i in range(len(table))]
        yield table.assign(claim_id=ids, published=400, **same), lost


@pytest.mark.slow
def test_balances_cover_what_simulated_armies_lost(tmp_path):
    claims = claims_of(losses(), tmp_path)
    plain = collect_evidence(claims)
    first = (START - pd.Timestamp("1970-01-01")).days
    z = []
    for table, lost in armies(120, np.random.default_rng(1)):
        days = {name: table[name] + first for name in ("start", "end")}
        evidence = replace(plain, force=table.assign(**days))
        (row,) = force_balances(evidence, claims.conflict, default()).to_dict("records")
        z.append((row["balance"] - lost) / row["sd"])
    # Of 900 armies 95.4% are covered; of 120 the share has an sd of 2%.
    assert 0.91 <= np.mean(np.abs(z) < 1.96) <= 0.99
    # With errors of half their size intervals would be too narrow.
    assert np.mean(np.abs(z) < 1.96 / 2) < 0.8
