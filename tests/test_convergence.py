"""R-hat and effective sample sizes are those of ArviZ."""

import numpy as np
import pytest
import xarray as xr

from lossmodel.inference.arviz import import_arviz, inference_data
from lossmodel.inference.convergence import convergence
from lossmodel.inference.gates import (
    HEADLINE_ESS,
    HEADLINE_RHAT,
    MAX_RHAT,
    MIN_ESS,
    rhat_limit,
)

pytestmark = pytest.mark.filterwarnings(r"ignore:\s*ArviZ is undergoing:FutureWarning")


def chains(count: int, length: int) -> np.ndarray:
    """Correlated, antithetic, apart, unequal in scale, heavy-tailed, rounded, and constant."""
    rng = np.random.default_rng(count)
    noise = rng.standard_normal((count, length, 7))
    pace = np.array([0.9, -0.6, 0.3, 0.0, 0.0, 0.5, 0.0])
    for i in range(1, length):
        noise[:, i] += pace * noise[:, i - 1]
    noise[..., 2] += np.arange(count)[:, None]
    noise[..., 3] *= 1 + np.arange(count)[:, None]
    noise[..., 4] = noise[..., 4] ** 5
    noise[..., 5] = np.round(noise[..., 5])
    noise[..., 6] = 1.0
    return noise


@pytest.mark.parametrize(("count", "length"), [(4, 400), (16, 151), (2, 20)])
def test_numbers_are_those_of_arviz(count, length):
    draws = chains(count, length)
    arviz = import_arviz()
    # ArviZ divides nought by nought for the last one.
    given = xr.Dataset({"q": (("chain", "draw", "quantity"), draws[..., :-1])})
    data = inference_data({"posterior": given})
    found = convergence(draws)
    for name, result in {
        "rhat": arviz.rhat(data),
        "ess_bulk": arviz.ess(data, method="bulk"),
        "ess_tail": arviz.ess(data, method="tail"),
    }.items():
        node = result["posterior"] if getattr(result, "children", None) else result
        np.testing.assert_allclose(found[name][:-1], node["q"].to_numpy(), rtol=1e-9)
    assert np.isnan(found["rhat"][-1])
    assert found["ess_bulk"][-1] == found["ess_tail"][-1] == 2 * count * (length // 2)


def slow_chains(apart: float = 0.0) -> np.ndarray:
    """Chains worth some 1,500 independent draws, one of them somewhere else."""
    rng = np.random.default_rng(1)
    pace, draws = 0.6, rng.standard_normal((32, 190, 1))
    for i in range(1, draws.shape[1]):
        draws[:, i] = pace * draws[:, i - 1] + np.sqrt(1 - pace**2) * draws[:, i]
    draws[0] += apart
    return draws


def passes(draws: np.ndarray, *, chains: int) -> bool:
    """Whether R-hat is below the limit that a headline has with so many chains."""
    limit = rhat_limit(HEADLINE_RHAT, HEADLINE_ESS, chains)
    return bool(convergence(draws)["rhat"][0] < limit)


def test_many_short_chains_need_no_more_effective_draws_than_four():
    found = convergence(slow_chains())
    effective = found["ess_bulk"][0]
    assert 1200 < effective < 1800
    # Vats and Knudson's relation; the limit for four chains would refuse these.
    assert found["rhat"][0] == pytest.approx(np.sqrt(1 + 64 / effective), abs=0.005)
    assert passes(slow_chains(), chains=32)
    assert not passes(slow_chains(), chains=4)


def test_a_chain_somewhere_else_is_still_noticed():
    assert not passes(slow_chains(apart=3.0), chains=32)


def test_four_chains_have_the_limit_as_it_is():
    assert rhat_limit(HEADLINE_RHAT, HEADLINE_ESS, 4) == HEADLINE_RHAT
    assert rhat_limit(MAX_RHAT, MIN_ESS, 4) == MAX_RHAT
