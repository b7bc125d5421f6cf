"""Blocks fitted in two processes are those fitted in one."""

import os
import pickle
from dataclasses import replace

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
from lossmodel.system.cache import Cached

pytestmark = pytest.mark.usefixtures("without_weights")

SETTINGS = Settings(engine="laplace", draws=50)


@pytest.fixture(scope="module")
def designs():
    claims = load_claims()
    evidence = collect_evidence(claims, as_of=pd.Timestamp("2022-06-01"))
    designs = LossModel().submodels(evidence, claims.conflict)
    return [design for design in designs if design.name != "person"][:3]


@pytest.fixture(scope="module")
def process():
    with worker.second_process():
        yield
    assert not worker.at_hand()


def fitted(designs):
    said = []
    return *run_submodels(designs, settings=SETTINGS, earlier={}, progress=said.append), said


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_keys_are_of_content(designs):
    """Not of cached properties, nor of which equal texts are one object."""
    design = designs[0]
    key = module._key(design, SETTINGS)
    again = pickle.loads(pickle.dumps(design))
    _ = design.grid.cell_of, design.grid.days
    assert module._key(design, SETTINGS) == module._key(again, SETTINGS) == key
    # The same table with a block of memory for each column.
    columns = {name: design.terms[name].copy() for name in design.terms}
    apart = replace(design, terms=pd.DataFrame(columns, copy=False))
    assert module._key(apart, SETTINGS) == key
    renamed = replace(design, terms=design.terms.rename(columns={"low": "lower"}))
    assert module._key(renamed, SETTINGS) != key
    assert module._key(replace(design, rows=design.rows + 1), SETTINGS) != key
    assert module._key(design, replace(SETTINGS, seed=2)) != key


def kept(cached):
    return {file.name: file.read_bytes() for file in cached.folder.glob("*.pickle")}


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="nothing is kept there")
def test_what_is_cached_is_what_is_fitted(designs, tmp_path, monkeypatch):
    cached = Cached(tmp_path / "results")

    def run(designs, settings=SETTINGS, earlier=None):
        began = []
        found, seconds = run_submodels(
            designs, settings=settings, earlier=earlier or {}, progress=began.append, cached=cached
        )
        return found, seconds, [text.split()[1] for text in began if text.startswith("fitting ")]

    two = sorted(designs, key=lambda design: design.size)[:2]
    cold, _, began = run(two)
    names = [design.name for design in two]
    assert sorted(began) == sorted(names)
    warm, seconds, began = run(two)
    assert not began
    assert seconds == dict.fromkeys(names, 0.0)
    for name in names:
        assert warm[name].diagnostics == cold[name].diagnostics
        np.testing.assert_array_equal(warm[name].posterior.theta, cold[name].posterior.theta)
        np.testing.assert_array_equal(warm[name].prior.theta, cold[name].prior.theta)
        np.testing.assert_array_equal(warm[name].laplace.mode, cold[name].laplace.mode)
        np.testing.assert_array_equal(warm[name].predicted.pit, cold[name].predicted.pit)
    # One that changed is fitted again, and alone; other settings are other submodels.
    terms = two[0].terms
    changed = replace(two[0], terms=terms.assign(value=terms["value"] * 1.01))
    assert run([changed, two[1]])[2] == [names[0]]
    assert sorted(run(two, Settings(engine="laplace", draws=50, seed=2))[2]) == sorted(names)
    # An earlier fit in memory does the same, and what it started is not kept.
    before = kept(cached)
    again, _, began = run([changed, two[1]], earlier=cold)
    assert began == [names[0]]
    assert again[names[1]] is cold[names[1]]
    assert kept(cached).keys() == before.keys()
    # Other code fits anew.
    monkeypatch.setattr(module, "code_hash", lambda _: "other code")
    assert run(two[:1])[2] == names[:1]
