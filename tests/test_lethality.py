"""More dead than wounded: ships, garrisons, the defeated."""

import numpy as np
import pytest

from lossmodel.api import fit
from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference.laplace import levels
from lossmodel.model import LossModel
from lossmodel.model.density import tailed
from tests.odd_tables import row
from tests.small_conflict import CLAIMANTS, claims_csv, write_conflict

DEAD, WOUNDED = 6_094, 510


def lost_ships(folder, dead=DEAD, wounded=WOUNDED):
    """A staff's own dead and wounded of two days, published three years later."""
    days = {"start": "2001-03-01", "end": "2001-03-02", "kind": "period", "published": "2004-01-01"}
    rows = [
        row(0, claimant="sea-staff", party="sea", category="killed", value=dead) | days,
        row(1, claimant="sea-staff", party="sea", category="wounded", value=wounded) | days,
    ]
    toml = 'title = "A battle"\nstart = 2001-03-01\nend = 2001-03-02\n'
    toml += '[sides]\nsea = "The sea"\nland = "The land"\n[parties.sea]\nside = "sea"\n'
    toml += 'fights = "land"\n[parties.land]\nside = "land"\n'
    streams = "claimant,party,category,accounting,method,note\n"
    streams += "sea-staff,sea,killed,register,,\nsea-staff,sea,wounded,register,,\n"
    return load_claims(
        conflict=write_conflict(
            folder, conflict=toml, claims=claims_csv(rows), claimants=CLAIMANTS, streams=streams
        )
    )


def test_an_office_that_counts_more_dead_than_wounded_is_believed(tmp_path, monkeypatch):
    claims = lost_ships(tmp_path)
    fitted = fit(claims, engine="laplace", seed=1)
    found = fitted.summary().set_index("category")
    for category, count in (("killed", DEAD), ("wounded", WOUNDED)):
        assert found.loc[category, "median"] == pytest.approx(count, rel=0.35)
        assert found.loc[category, "lower"] < count < found.loc[category, "upper"]
    monkeypatch.setattr(tailed, "LETHALITY_TAIL", 0.0)
    twin = fit(claims, engine="laplace", seed=1)
    ours, normal = (each.submodels["person"].laplace.log_evidence for each in (fitted, twin))
    # One army in 6,300 and one in 50 billion, and a noise that makes some of it good.
    assert ours - normal > 3


@pytest.mark.parametrize(("dead", "wounded"), [(1_000, 0), (21_000, 20)])
def test_a_search_starts_from_the_lethality_that_figures_state(
    tmp_path, monkeypatch, dead, wounded
):
    """From the prior's, it takes the dead for an error, and has one of them."""
    claims = lost_ships(tmp_path, dead, wounded)
    found = fit(claims, engine="laplace", seed=1)
    assert found.diagnostics["gate"]["passed"]
    total = found.summary().set_index("category").loc["killed"]
    assert 0.5 * dead < total["lower"] < dead < total["upper"] < 2.5 * dead
    monkeypatch.setattr(levels, "UNUSUAL", np.inf)
    twin = fit(claims, engine="laplace", seed=1).summary().set_index("category")
    assert twin.loc["killed", "median"] < 0.1 * dead


def test_only_parties_with_wounded_have_the_tail(tmp_path):
    claims = lost_ships(tmp_path)
    design = LossModel().design(collect_evidence(claims), claims.conflict)
    assert list(design.latent.tails) == ["sea"]
    killed = claims.select(claims.table["category"] == "killed")
    without = LossModel().design(collect_evidence(killed), claims.conflict)
    assert not without.latent.tails
