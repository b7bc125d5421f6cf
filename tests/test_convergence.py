"""R-hat and effective sample sizes are those of ArviZ."""

import numpy as np
import pytest
import xarray as xr

from lossmodel.inference.arviz import import_arviz, inference_data
from lossmodel.inference.convergence import convergence

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
