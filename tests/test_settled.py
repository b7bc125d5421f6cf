"""Draws of a long war of few figures do not contradict these, whatever the size of the walk."""

import numpy as np
import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.inference.laplace import settled as module
from lossmodel.inference.laplace.fit import approximate, diagnosed
from lossmodel.inference.laplace.levels import hold_levels
from lossmodel.inference.laplace.settled import FAIL, settled
from lossmodel.inference.run import Settings, run
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.design import grid
from tests import count_war
from tests.small_conflict import claims_csv, write_conflict

# Deaths of each year, as an office knows them ten years later.
YEARS = dict(
    zip(range(2001, 2009), (1900, 6300, 11400, 16900, 11800, 6200, 2400, 760), strict=True)
)
STREAMS = """claimant,party,category,accounting
ministry,north,killed,register
"""


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    rows = [
        {
            "claim_id": str(year), "claimant": "ministry", "party": "north", "value": str(value),
            "category": "killed", "kind": "period", "start": f"{year}-01-01",
            "end": f"{year}-12-31", "known": "2018-12-31", "published": "2018-12-31",
        }
        for year, value in YEARS.items()
    ]  # fmt: skip
    folder = write_conflict(
        tmp_path_factory.mktemp("years"),
        conflict=count_war.TOML.replace("2001-04-30", "2008-12-31"),
        claimants=count_war.CLAIMANTS,
        streams=STREAMS,
        claims=claims_csv(rows),
    )
    claims = load_claims(conflict=folder)
    with pytest.MonkeyPatch.context() as patch:
        # As many knots as daily figures would have.
        patch.setattr(grid, "KNOTS", (grid.KNOTS[1], grid.KNOTS[1]))
        patch.setattr(grid, "SLOW_KNOTS", (grid.SLOW_KNOTS[1], grid.SLOW_KNOTS[1]))
        return LossModel().design(collect_evidence(claims), claims.conflict)


@pytest.fixture(scope="module")
def fitted(design):
    density = Density(design)
    laplace = diagnosed(density, approximate(density, diagnose=False))
    drawn = laplace.draw(400, np.random.default_rng(1))
    held = hold_levels(density, laplace.mode, drawn)
    return density, laplace, drawn, settled(density, laplace, drawn, held)


def by_year(density, theta):
    daily = SubmodelDraws(density.model, theta[None]).daily("north", "killed")
    days = pd.DatetimeIndex(density.design.grid.days)
    return pd.DataFrame(daily.T, index=days).groupby(days.year).sum().T


def test_draws_of_the_normal_approximation_contradict_the_figures(fitted):
    density, laplace, drawn, moved = fitted
    held = hold_levels(density, laplace.mode, drawn)
    (words,) = module._measured(density, laplace.mode, held).contradicts(FAIL)
    assert words.startswith("draws contradict the figures (log likelihood lower by ")
    years, right = (np.log(by_year(density, theta)).std() for theta in (held, moved.theta))
    assert (years / right).max() > 1.4


def test_draws_that_are_moved_do_not(fitted):
    density, laplace, drawn, moved = fitted
    assert moved.contradicts() == []
    years = by_year(density, moved.theta)
    for year, value in YEARS.items():
        lower, median, upper = years[year].quantile([0.025, 0.5, 0.975])
        assert lower < value < upper, year
        assert 0.8 < median / value < 1.25
        assert upper / lower < 3
    # Hyperparameters keep their distribution.
    hypers = len(density.design.parameters.hyper)
    np.testing.assert_array_equal(moved.theta[:, :hypers], drawn[:, :hypers])


def test_what_the_figures_share_is_not_lost(fitted):
    """The office's bias moves all years together: the total is as uncertain as a year."""
    density, _, _, moved = fitted
    logs = np.log(by_year(density, moved.theta))
    assert logs.corr().to_numpy().min() > 0.5
    assert np.log(by_year(density, moved.theta).sum(axis=1)).std() > 0.7 * logs.std().max()


@pytest.mark.slow
def test_a_fit_moves_draws_that_contradict_and_leaves_others(design, monkeypatch):
    calls = []
    plain = module._Moving.moved
    monkeypatch.setattr(module._Moving, "moved", lambda self: calls.append(1) or plain(self))
    settings = Settings("laplace", seed=1, draws=200)
    found = run(design, settings=settings, earlier=None, progress=lambda _: None)
    assert calls
    assert found.diagnostics["failures"] == []
    calls.clear()
    claims = load_claims(conflict="battle-of-britain")
    air = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    run(air, settings=settings, earlier=None, progress=lambda _: None)
    assert not calls


def test_draws_that_stay_away_from_the_figures_fail_the_gate(design, monkeypatch):
    monkeypatch.setattr(module, "MOST_WORK", 2)
    settings = Settings("laplace", seed=1, draws=200)
    found = run(design, settings=settings, earlier=None, progress=lambda _: None)
    assert any("contradict the figures" in words for words in found.diagnostics["failures"])
