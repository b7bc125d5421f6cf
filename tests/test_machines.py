"""A fit is the same on other processors, up to rounding."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.kills import ROOT

WAR = ROOT / "data" / "wars" / "falklands1982"
# Kernels of OpenBLAS that add up in other orders.
CORES = ("Haswell", "Prescott")
FIT = """
import json, sys
import numpy as np
import lossmodel as lm
from lossmodel.posterior.estimates import estimates_table

fitted = lm.fit(lm.load_claims(conflict=sys.argv[1]), engine="laplace")
table = estimates_table(fitted)
table = table[table["measure"].isin(["monthly", "yearly", "cumulative"])]
roots = {name: s.laplace.covariance_root for name, s in fitted.submodels.items()}
print(json.dumps({
    "table": table[["median", "lower", "upper", "sd"]].to_numpy().tolist(),
    "mode": {name: s.laplace.mode.tolist() for name, s in fitted.submodels.items()},
    "covariance": {name: (root @ root.T).tolist() for name, root in roots.items()},
}))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="kernels of x86"),
]


@pytest.fixture(scope="module")
def fits():
    return [fit_on(core, WAR) for core in CORES]


def fit_on(core: str, war: Path) -> dict:
    more = {"PYTHONPATH": str(ROOT), "OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", FIT, str(war)],
        env=os.environ | more, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_the_laplace_fit_is_the_same_on_two_kinds_of_processor(fits):
    one, other = fits
    for name, covariance in one["covariance"].items():
        sd = np.sqrt(np.diag(covariance))
        apart = (np.array(covariance) - other["covariance"][name]) / np.outer(sd, sd)
        assert np.abs(apart).max() < 1e-6
        moved = np.array(one["mode"][name]) - other["mode"][name]
        assert np.abs(moved / sd).max() < 1e-6


def test_estimates_are_the_same_on_two_kinds_of_processor(fits):
    one, other = (np.array(fitted["table"]) for fitted in fits)
    assert np.abs((one - other)[:, :3] / one[:, 3:]).max() < 0.01
