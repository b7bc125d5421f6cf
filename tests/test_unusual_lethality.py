"""Far more dead than wounded, as of ships lost with their men, and far fewer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lossmodel.api import fit
from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from lossmodel.model.design import latent
from lossmodel.model.design.grid import Grid
from lossmodel.model.design.unusual_lethality import widened_lethality
from lossmodel.model.priors import Priors
from tests.plain_density import PlainDensity
from tests.small_conflict import claims_csv, write_conflict

PRIOR = Priors.default()["lethality.level"]
FIRST, LAST = pd.Timestamp("2001-05-31"), pd.Timestamp("2001-06-01")
BOTH = ("land-staff", "6094", "510")


def factors(*rows, components=lambda party: [party], prior=PRIOR):
    """Factors of rows of a claimant, a category and a value, and of changes of a row."""
    usual = {
        "party": "land", "scope": "all", "accounting": "estimate", "role": "self",
        "form": "point", "kind": "window", "days": ((FIRST, LAST),), "known": LAST,
        "low": np.nan, "high": np.nan, "rounding_sd": 0.0,
    }  # fmt: skip
    names = ("claimant", "category", "value")
    table = pd.DataFrame(
        [usual | dict(zip(names, r[:3], strict=True)) | dict(*r[3:]) for r in rows]
    )
    table["n_days"] = [sum((b - a).days + 1 for a, b in days) for days in table["days"]]
    grid = Grid(FIRST, LAST + pd.Timedelta(days=60))
    return widened_lethality(table, grid, components, prior)


def pair(claimant, killed, wounded, change=()):
    return [(claimant, "killed", killed, change), (claimant, "wounded", wounded, change)]


def by_hand(killed, wounded):
    """The sd that puts figures two sds from the mean, over that of the prior."""
    chance = np.sqrt(1 / (killed + 0.5) + 1 / (wounded + 0.5))
    away = np.log((killed + 0.5) / (wounded + 0.5)) - PRIOR.mean
    return (abs(away) - 2 * chance) / (2 * PRIOR.sd)


@pytest.mark.parametrize(
    ("killed", "wounded"), [(6094.0, 510.0), (1000.0, 0.0), (100.0, 9000.0), (3000.0, 700.0)]
)
def test_the_prior_has_room_for_what_figures_state(killed, wounded):
    assert factors(*pair("staff", killed, wounded)) == {
        "land": pytest.approx(by_hand(killed, wounded))
    }


@pytest.mark.parametrize(
    ("killed", "wounded"), [(1000.0, 3000.0), (1000.0, 1200.0), (3.0, 0.0), (23.0, 324.0)]
)
def test_lethalities_of_armies_and_chance_leave_the_prior_alone(killed, wounded):
    assert factors(*pair("staff", killed, wounded)) == {}


def test_the_factor_begins_at_one():
    at = 10_000 * np.exp(PRIOR.mean + 2 * PRIOR.sd)
    found = [factors(*pair("staff", at * by, 10_000.0)).get("land", 1) for by in (0.9, 1, 1.1, 1.2)]
    assert np.diff(found).max() < 0.1
    assert found[0] == 1 < found[-1]


DEADLY = pair("staff", 6000.0, 500.0)
WIDENED = {"land": pytest.approx(by_hand(6000, 500))}
LISTED = {"kind": "vintage", "accounting": "list"}


def days_later(first, last):
    return FIRST + pd.Timedelta(days=first), FIRST + pd.Timedelta(days=last)


def test_whose_figures_count():
    assert factors(*DEADLY) == WIDENED
    # An adversary hardly knows the wounded.
    foe = {"role": "adversary"}
    assert factors(*[(*row[:3], foe) for row in DEADLY]) == {}
    # Months of dead beside two days of wounded say nothing.
    longer = {"days": (days_later(0, 61),)}
    assert factors((*DEADLY[0][:3], longer), DEADLY[1]) == {}
    # Of successive estimates the last one counts, in any order of rows.
    early = ("staff", "killed", 900.0, {"known": FIRST})
    assert factors(early, *DEADLY) == factors(*DEADLY, early) == WIDENED
    # A sum of parties does not say whose lethality it is; one of a single party does.
    assert factors(*DEADLY, components=lambda party: [party, "guests"]) == {}
    assert factors(*DEADLY, components=lambda _: ["fleet"]) == {"fleet": WIDENED["land"]}


@pytest.mark.parametrize(("last", "compared"), [(9, True), (11, True), (13, False)])
def test_four_fifths_of_the_days_are_in_common(last, compared):
    days = {"days": (days_later(0, 9),)}, {"days": (days_later(0, last),)}
    rows = [(*row[:3], change) for row, change in zip(DEADLY, days, strict=True)]
    assert factors(*rows) == (WIDENED if compared else {})


def test_days_between_two_windows_are_none_of_theirs():
    ends = {"days": (days_later(0, 0), days_later(59, 59))}
    whole = {"days": (days_later(0, 59),)}
    assert factors((*DEADLY[0][:3], ends), (*DEADLY[1][:3], whole)) == {}


def test_a_window_within_the_others_changes_nothing():
    months = [{"days": (days_later(first, first + 19),)} for first in (0, 20, 40)]
    dead = [("staff", "killed", 2000.0, month) for month in months]
    wounded = [("staff", "wounded", 500 / 3, month) for month in months]
    week = ("staff", "killed", 300.0, {"days": (days_later(17, 23),)})
    assert factors(*dead, *wounded) == factors(*dead, *wounded, week) == WIDENED


def test_constants_and_priors_of_the_user_stay():
    assert factors(*DEADLY, prior=replace(PRIOR, sd=0.0)) == {}
    assert factors(*DEADLY, prior=replace(PRIOR, basis="user")) == {}


def test_of_several_pairs_the_most_ordinary_counts():
    usual = pair("gazette", 6000.0, 9000.0)
    assert factors(*DEADLY, *usual) == {}
    for scope in ("abroad", "volunteers"):
        part = [(*row[:3], {"scope": scope}) for row in DEADLY]
        assert factors(*pair("staff", 6000.0, 9000.0), *part) == {}


@pytest.mark.parametrize("skirmish", [(4.0, 3.0), (2.0, 0.0), (1.0, 5.0)])
@pytest.mark.parametrize("change", [{"days": (days_later(30, 31),)}, {"scope": "abroad"}, {}])
def test_a_skirmish_does_not_speak_for_a_battle(skirmish, change):
    found = factors(*DEADLY, *pair("gazette", *skirmish, change))
    # The dead of one beside the wounded of the other are a pair, too, if the days are the same.
    assert found["land"] == pytest.approx(by_hand(6000, 500), rel=0.02 if change else 0.2)


def test_a_pair_decides_as_far_as_it_has_people():
    far = {"scope": "abroad"}
    found = [
        factors(*DEADLY, *pair("gazette", people / 5, people * 4 / 5, far)).get("land", 1)
        for people in (10, 1000, 3000, 5000, 6400, 6600)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 2.9
    assert found[-1] == 1
    middle = by_hand(6000, 500) * (1 - 3000 / 6500)
    assert found[2] == pytest.approx(middle, rel=0.05)


def test_names_on_a_list_are_some_of_the_dead():
    wounded = ("gazette", "wounded", 9000.0)
    for names in (50.0, 300.0, 900.0):
        assert factors(("list", "killed", names, LISTED), wounded) == {}
    # So many in proportion is news, however many the list lacks; increments count together.
    grown = [("list", "killed", value, LISTED) for value in (5000.0, 900.0, 100.0)]
    assert factors(*grown, DEADLY[1]) == WIDENED
    # They do not make a whole count of the dead more ordinary.
    assert factors(("list", "killed", 1500.0, LISTED), *DEADLY) == WIDENED
    # A skirmish beside them is one, too.
    skirmish = pair("gazette", 4.0, 3.0, {"days": (days_later(30, 31),)})
    found = factors(*grown, DEADLY[1], *skirmish)
    assert found["land"] == pytest.approx(by_hand(6000, 500), rel=0.02)
    # Two lists of two claimants reach some of each.
    two = [("list", "killed", 900.0, LISTED), ("roll", "wounded", 20.0, LISTED)]
    assert factors(*two) == {}
    # Of a list of the wounded the reverse holds.
    assert factors(("staff", "killed", 900.0), ("list", "wounded", 60.0, LISTED)) == {}
    assert factors(("staff", "killed", 100.0), ("list", "wounded", 9000.0, LISTED)) == {
        "land": pytest.approx(by_hand(100, 9000))
    }


def test_one_figure_in_several_forms():
    ranged = {"form": "interval", "low": 490.0, "high": 500.0**2 / 490}
    assert factors(DEADLY[0], ("staff", "wounded", np.nan, ranged)) == WIDENED
    assert factors(DEADLY[0], ("staff", "casualties", 6500.0)) == WIDENED
    assert factors(("staff", "casualties", 6500.0), DEADLY[1]) == WIDENED
    # A rest that rounding may make, or of other days, says nothing.
    rounded = {"rounding_sd": 300.0}
    assert factors(DEADLY[0], ("staff", "casualties", 6500.0, rounded)) == {}
    longer = {"days": (days_later(0, 61),)}
    assert factors(("staff", "casualties", 6500.0, longer), DEADLY[0]) == {}
    assert factors(DEADLY[0], ("staff", "casualties", 6000.0)) == {}
    listed = ("list", "killed", 6000.0, LISTED), ("list", "casualties", 6500.0)
    assert factors(*listed) == {}
    # A range from none is not one of none.
    none = {"form": "interval", "low": 0.0, "high": 1000.0}
    found = factors(("staff", "killed", 300.0), ("staff", "wounded", np.nan, none))
    assert found["land"] == pytest.approx(by_hand(300, np.sqrt(500)))
    # Fewer casualties than dead, or those of another claimant, are no count of the wounded.
    assert factors(DEADLY[0], ("staff", "casualties", 5500.0)) == {}
    assert factors(DEADLY[0], ("gazette", "casualties", 6500.0)) == {}
    # A window with a day that another window has.
    (a, b), (c, d) = days_later(0, 3), days_later(5, 9)
    hole = [
        ("staff", "killed", 2000.0, {"days": ((a, b), (c, d))}),
        ("staff", "killed", 4000.0, {"days": (days_later(4, 4),)}),
        ("staff", "wounded", 500.0, {"days": (days_later(0, 9),)}),
    ]
    assert factors(*hole) == WIDENED


@pytest.fixture
def war(tmp_path):
    rows = [
        {
            "claim_id": f"{category}-{claimant}", "claimant": claimant, "party": "land",
            "category": category, "kind": "period", "start": FIRST.strftime("%Y-%m-%d"),
            "end": LAST.strftime("%Y-%m-%d"), "value": value, "published": "2001-06-07",
        }
        for claimant, *values in (BOTH, ("gazette", "6000", "500"))
        for category, value in zip(("killed", "wounded"), values, strict=True)
    ]  # fmt: skip
    folder = write_conflict(tmp_path, claims=claims_csv(rows), streams=None)
    return load_claims(conflict=folder)


def median(war, category):
    fitted = fit(war, engine="laplace", seed=1)
    of_battle = fitted.days >= FIRST
    return float(np.median(fitted.daily("land", category)[:, of_battle].sum(axis=1)))


@pytest.mark.slow
def test_the_dead_of_ships_are_believed(war, monkeypatch):
    assert 4_000 < median(war, "killed") < 10_000
    assert 350 < median(war, "wounded") < 900
    # Under the prior of armies the dead are taken for an error.
    monkeypatch.setattr(latent, "widened_lethality", lambda *_: {})
    assert median(war, "killed") < 3_000


def test_the_density_is_the_plain_sum_with_that_sd(war):
    evidence, model = collect_evidence(war), LossModel()
    design = model.design(evidence, war.conflict)
    density = Density(design)
    theta = 0.5 * np.random.default_rng(1).standard_normal(design.size)
    normals = {group: theta[where] for group, where in design.parameters.groups.items()}
    value = density(theta)[0] - design.size / 2 * np.log(2 * np.pi)

    def plain(wider):
        return PlainDensity(
            design.terms, war.conflict, submodel="person", until=evidence.until,
            ended=evidence.ended, priors=model.priors, components=model.components, wider=wider,
            battles={"land": [(150, 151)]},
        )(normals)  # fmt: skip

    # Of all pairs of dead and wounded, of one claimant or two, the most ordinary has 6,000 and 510.
    largest = by_hand(6094, 510)
    factor = largest + (by_hand(6000, 510) - largest) * 6510 / 6604
    assert value == pytest.approx(plain({"land": factor}), rel=1e-11)
    assert value != pytest.approx(plain({}), abs=1e-3)
