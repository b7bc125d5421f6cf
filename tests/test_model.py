"""The model around its density: submodels, observations left out, names in PyMC."""

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest

from lossmodel.conflict import Party
from lossmodel.errors import UsageError
from lossmodel.model import LossModel
from lossmodel.model.components import Components
from lossmodel.model.density.pymc import to_point
from tests.test_density import CASES, CONFLICT, EVIDENCE, LONG, by_hand, normals, points

# ArviZ announces its next version at every import.
pytestmark = pytest.mark.filterwarnings(r"ignore:\s*ArviZ is undergoing:FutureWarning")


def test_submodels_are_soldiers_civilians_and_each_class_of_equipment():
    submodels = LossModel().submodels(EVIDENCE, CONFLICT)
    assert [submodel.name for submodel in submodels] == ["person", "civilian", "tanks"]
    modelled = {term for submodel in submodels for term in submodel.terms["term"]}
    out = set(LossModel().unmodelled(EVIDENCE, CONFLICT)["term"])
    assert modelled | out == set(EVIDENCE.terms["term"])
    assert not modelled & out


def test_a_claim_of_soldiers_and_civilians_together_makes_them_one_submodel():
    both = Party("all", "All", "south", (), sum=("south", "villagers"))
    conflict = dataclasses.replace(CONFLICT, parties=CONFLICT.parties | {"all": both})
    terms = EVIDENCE.terms.copy()
    terms.loc[terms.index[terms["party"] == "south"][0], "party"] = "all"
    evidence = dataclasses.replace(EVIDENCE, terms=terms)
    submodels = LossModel().submodels(evidence, conflict)
    assert [submodel.name for submodel in submodels] == ["person", "tanks"]
    assert "villagers" in submodels[0].latent.parties


def test_a_submodel_without_evidence_is_refused_with_those_that_there_are():
    with pytest.raises(UsageError, match="'ships'; submodels: civilian, person, tanks"):
        LossModel().design(EVIDENCE, CONFLICT, "ships")


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ("", {"villagers missing": "among civilians"}),
        ("missing", {"north missing": "is off", "north killed": "without delays is zero"}),
        ("delay", {"north killed": "without delays is zero"}),
    ],
)
def test_observations_that_a_variant_cannot_explain_are_left_out_with_the_reason(off, expected):
    model = LossModel(Components().without(off) if off else Components())
    out = model.unmodelled(EVIDENCE, CONFLICT).merge(EVIDENCE.terms, on="term")
    said = dict(zip(out["party"] + " " + out["category"], out["why"], strict=True))
    for key, reason in expected.items():
        assert reason in said[key]
    kept = model.design(EVIDENCE, CONFLICT).terms
    assert not set(out["term"]) & set(kept["term"])


@pytest.mark.slow
def test_the_pymc_model_names_what_a_reader_asks_for():
    design, model = LossModel().design(LONG, CONFLICT), LossModel().build(LONG, CONFLICT)
    [theta] = points(design, spreads=(0.7,))
    plain = by_hand(CASES["long war"])
    plain(normals(design, theta))
    value = deterministics(model, to_point(design, theta))
    at = {name: list(labels).index for name, labels in model.coords.items()}
    south, levied = at["party"]("south"), at["scope"]("north regulars")
    assert value["rate"][south, 3] == pytest.approx(plain.rate("south", 21))
    assert value["lethality"][south, 3] == pytest.approx(plain.lethality("south", 21))
    assert value["missing"][south, 3] == pytest.approx(plain.missing("south", 24))
    assert value["share"][levied, 3] == pytest.approx(plain.share("north", "regulars", 21))
    key = ("observer", "north", "casualties", "estimate")
    bias = value["bias"][at["stream"]("observer north casualties"), 1]
    assert bias == pytest.approx(plain.bias(key, 182.0, "north"))
    coverage = value["coverage"][at["list"]("gazette north killed"), 1]
    number = plain.streams.index(("gazette", "north", "killed", "list"))
    own = [term for term in plain.terms if plain.number(term) == number]
    late = max((term["known"] - plain.ended).days for term in own) / 365.25
    assert coverage == pytest.approx(plain.listing(number, "north", 182.0, late)[0])
    noise = value["scales"][at["scale"]("noise.estimate")]
    assert noise == pytest.approx(plain.scale("noise.estimate"))
    expected = [plain.log_expectation(term) for term in plain.terms]
    np.testing.assert_allclose(value["log_expected"], expected)


def deterministics(model: Any, point: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import pytensor

    outputs = model.replace_rvs_by_values(model.deterministics)
    mode = pytensor.compile.Mode(linker="py", optimizer=None)
    values = model.compile_fn(outputs, inputs=model.value_vars, mode=mode)(point)
    return dict(zip((variable.name for variable in model.deterministics), values, strict=True))


@pytest.mark.slow
def test_the_model_is_imported_without_pymc(run_python):
    code = (
        "import sys, lossmodel.model.density.model;"
        "print(sorted({'pymc', 'pytensor'} & set(sys.modules)))"
    )
    assert run_python("-c", code).stdout.strip() == "[]"
    assert sys.modules["lossmodel.model.density.model"].__doc__
