"""Far more dead than wounded, as of ships lost with their men, and far fewer."""

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


def factors(*rows, components=lambda party: [party]):
    """Factors of rows of a claimant, a category and a value, and of changes of a row."""
    usual = {
        "party": "land", "scope": "all", "accounting": "estimate", "role": "self",
        "form": "point", "kind": "window", "days": ((FIRST, LAST),),
    }  # fmt: skip
    names = ("claimant", "category", "value")
    table = [usual | dict(zip(names, row[:3], strict=True)) | dict(*row[3:]) for row in rows]
    grid = Grid(FIRST, LAST + pd.Timedelta(days=60))
    return widened_lethality(pd.DataFrame(table), grid, components, PRIOR)


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


def test_several_streams():
    deadly, usual = pair("staff", 6000.0, 500.0), pair("gazette", 6000.0, 9000.0)
    assert factors(*deadly, *usual) == {}
    # An adversary hardly knows the wounded.
    foe = {"role": "adversary"}
    assert factors(*[(*row[:3], foe) for row in deadly]) == {}
    # The increments of a list count together, and wounded of another claimant.
    names = {"kind": "vintage", "accounting": "list"}
    grown = [("list", "killed", value, names) for value in (5000.0, 900.0, 100.0)]
    assert factors(*grown, deadly[1]) == {"land": pytest.approx(by_hand(6000, 500))}
    # Of two scopes the more ordinary pair counts, in whatever order of their names.
    for scope in ("abroad", "volunteers"):
        part = [(*row[:3], {"scope": scope}) for row in deadly]
        assert factors(*pair("staff", 6000.0, 9000.0), *part) == {}
    # Months of dead beside two days of wounded say nothing.
    longer = {"days": ((FIRST, LAST + pd.Timedelta(days=60)),)}
    assert factors((*deadly[0][:3], longer), deadly[1]) == {}
    # Of successive estimates the last one counts.
    again = [("staff", "killed", 900.0), *deadly]
    assert factors(*again) == factors(*deadly)
    assert factors(*deadly, components=lambda party: [party, "guests"]) == {}


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

    # Of all pairs of dead and wounded, of one claimant or two.
    nearest = by_hand(6000, 510)
    assert value == pytest.approx(plain({"land": nearest}), rel=1e-11)
    assert value != pytest.approx(plain({}), abs=1e-3)
