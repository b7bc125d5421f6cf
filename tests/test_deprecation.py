"""Old names work for one version, with a warning that gives the new one."""

import inspect

import pytest

import lossmodel as lm
from lossmodel.deprecation import renamed_keywords
from lossmodel.evaluation.backtest import Backtest
from lossmodel.evaluation.sensitivity import Sensitivity
from lossmodel.evaluation.simulation import Simulated
from lossmodel.evidence import collect_evidence

pytestmark = pytest.mark.usefixtures("without_weights")


@pytest.fixture(scope="module")
def claims():
    return lm.load_claims(conflict="battle-of-britain")


@pytest.fixture(scope="module")
def fitted(claims):
    return lm.fit(claims, engine="laplace", draws=20)


@pytest.mark.slow
def test_keywords_of_a_fit(claims):
    model = lm.LossModel()
    with pytest.warns(DeprecationWarning, match=r"fit\(\w+=\) is now") as warned:
        again = lm.fit(
            claims, engine="laplace", draws=20, parts=model.components, blocks=("aircraft",)
        )
    assert {str(w.message).split(";")[0] for w in warned} == {
        "fit(parts=) is now fit(components=)",
        "fit(blocks=) is now fit(submodels=)",
    }
    assert {w.filename for w in warned} == {__file__}
    assert list(again.submodels) == ["aircraft"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("blocks", "submodels"),
        ("parts", "components"),
        ("block_of", "submodel_of"),
        ("variance_shares", "variance_decomposition"),
        ("other_priors", "local_prior_sensitivity"),
    ],
)
def test_attributes_of_a_fit(fitted, old, new):
    with pytest.warns(DeprecationWarning, match=rf"Fit\.{old} is now Fit\.{new};") as warned:
        found = getattr(fitted, old)
    assert warned[0].filename == __file__
    assert found == getattr(fitted, new) if old == "block_of" else found is getattr(fitted, new)


def test_names_of_the_model(claims):
    model = lm.LossModel()
    with pytest.warns(DeprecationWarning, match=r"LossModel\(parts=\) is now LossModel\(comp"):
        assert lm.LossModel(parts=model.components) == model
    with pytest.warns(DeprecationWarning, match=r"LossModel\.parts is now LossModel\.components"):
        assert model.parts is model.components
    evidence = collect_evidence(claims)
    with pytest.warns(DeprecationWarning, match=r"LossModel\.blocks is now LossModel\.submodels"):
        designs = model.blocks(evidence, claims.conflict)
    with pytest.warns(DeprecationWarning, match=r"LossModel\.design\(block=\) is now"):
        design = model.design(evidence, claims.conflict, block="aircraft")
    assert [d.size for d in designs] == [design.size]


@pytest.mark.parametrize("function", [lm.backtest, lm.sensitivity])
def test_keywords_of_checks(function):
    words = rf"{function.__name__}\(parts=\) is now"
    with pytest.warns(DeprecationWarning, match=words), pytest.raises(lm.ClaimsError.__base__):
        function("battle-of-britain", parts=None, engine="none")


@pytest.mark.parametrize(
    ("old", "new"),
    [("what", "claims"), ("ranges", "shift_priors"), ("breaks", "misspecifications")],
)
def test_other_keywords_of_checks(old, new):
    functions = {"what": [lm.backtest, lm.sensitivity], "ranges": [lm.sensitivity]}
    for function in functions.get(old, [lm.simulate]):
        names = inspect.signature(function).parameters
        assert new in names
        assert old not in names
    given = {"what": "nowhere"} if old == "what" else {old: ("no such kind",)}
    given |= {"seed": 1, "conflict": "nowhere"} if function is lm.simulate else {"engine": "none"}
    words = rf"{function.__name__}\({old}=\) is now {function.__name__}\({new}=\)"
    with pytest.warns(DeprecationWarning, match=words), pytest.raises(lm.ClaimsError.__base__):
        function(**given)


def test_attributes_of_checks():
    checked = Sensitivity("table", "powers", "shares", "range", "text")
    with pytest.warns(DeprecationWarning, match=r"Sensitivity\.ranges is now Sens.*prior_range"):
        assert checked.ranges == "range"
    with pytest.warns(DeprecationWarning, match=r"Sensitivity\.shares is now Sens.*variance_dec"):
        assert checked.shares == "shares"
    war = Simulated(*"abcde", ("relay",))
    with pytest.warns(DeprecationWarning, match=r"Simulated\.breaks is now Sim.*misspecifications"):
        assert war.breaks == ("relay",)


def test_changes_of_priors_were_keywords():
    priors, changes = lm.Priors.default(), {"common.sd": {"mean": 0.25}}
    with pytest.warns(DeprecationWarning, match=r"Priors\.replace\(\*\*changes\) is now"):
        changed = priors.replace(**changes)
    assert changed == priors.replace(changes) == priors.replace(changes=changes)


def test_baselines_were_rivals():
    result = Backtest(*"abcdef")
    with pytest.warns(DeprecationWarning, match=r"Backtest\.rivals is now Backtest\.baselines"):
        assert result.rivals == "b"


def test_both_names_at_once_are_refused():
    @renamed_keywords({"old": "new"})
    def function(new):
        return new

    with pytest.raises(TypeError, match=r"function\(\) got new twice: old is its old name"):
        function(old=1, new=2)


def test_signatures_show_new_names_only():
    for function in (
        lm.fit,
        lm.backtest,
        lm.sensitivity,
        lm.LossModel,
        lm.LossModel.design,
        lm.Priors.replace,
    ):
        names = inspect.signature(function).parameters
        assert not {"parts", "blocks", "block", "args", "kwargs"} & set(names)
