"""Blocks fitted in two processes are those fitted in one."""

import numpy as np
import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.errors import UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.inference import schedule as module
from lossmodel.inference import worker
from lossmodel.inference.run import Settings
from lossmodel.inference.schedule import run_submodels
from lossmodel.model import LossModel

SETTINGS = Settings(engine="laplace", draws=50)


@pytest.fixture(scope="module")
def designs():
    claims = load_claims()
    evidence = collect_evidence(claims, as_of=pd.Timestamp("2022-06-01"))
    designs = LossModel().submodels(evidence, claims.conflict)
    return [design for design in designs if design.name != "person"][:6]


@pytest.fixture(scope="module")
def process():
    with worker.second_process():
        yield
    assert not worker.at_hand()


def fitted(designs):
    said = []
    return *run_submodels(designs, settings=SETTINGS, earlier={}, progress=said.append), said


def test_where_a_block_is_fitted_changes_nothing(designs, monkeypatch):
    alone, _, said = fitted(designs)
    monkeypatch.setattr(module, "WORTH", 0)
    with worker.second_process():
        shared, seconds, told = fitted(designs)
    assert list(shared) == list(seconds) == list(alone) == [design.name for design in designs]
    assert sorted(told) == sorted(said)
    for name, submodel in alone.items():
        np.testing.assert_array_equal(shared[name].posterior.theta, submodel.posterior.theta)
        np.testing.assert_array_equal(shared[name].prior.theta, submodel.prior.theta)
        np.testing.assert_array_equal(shared[name].predicted.mu, submodel.predicted.mu)
        np.testing.assert_array_equal(
            shared[name].laplace.covariance_root, submodel.laplace.covariance_root
        )


def test_messages_of_a_block_stand_together(designs, monkeypatch, process):
    monkeypatch.setattr(module, "WORTH", 0)
    told = fitted(designs)[2]
    titles = [f"fitting {d.name} ({i} of {len(designs)})" for i, d in enumerate(designs, start=1)]
    starts = [told.index(title) for title in titles]
    for start in starts:
        assert told[start + 1].startswith("hyperparameters, step 0")


def test_what_goes_wrong_there_is_told_here(process):
    with pytest.raises(UsageError, match="no file"):
        worker.submit(load_claims, "nowhere.csv").result()


def test_a_fit_with_little_to_share_stays_here(designs, monkeypatch, process):
    monkeypatch.setattr(module, "_shared", None)
    submodels, _, _ = fitted(designs[:2])
    assert list(submodels) == [design.name for design in designs[:2]]
