import dataclasses
import inspect
import re

import pytest

import lossmodel
from lossmodel.text.card import WIDTH, Card
from lossmodel.text.numbers import number

pytestmark = pytest.mark.usefixtures("without_weights")

NAMES = {
    "Claims",
    "ClaimsError",
    "Conflict",
    "Fit",
    "LossModel",
    "Priors",
    "__version__",
    "backtest",
    "check",
    "cite",
    "fit",
    "load_claims",
    "load_conflict",
    "load_fit",
    "plot_biases",
    "plot_losses",
    "plot_predictions",
    "sensitivity",
    "simulate",
    "write_report",
}


def test_the_interface_is_frozen():
    assert set(dir(lossmodel)) == NAMES
    assert set(lossmodel.__all__) == NAMES - {"__version__"}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_can_be_had_and_says_what_it_is(name):
    public = getattr(lossmodel, name)
    assert public.__doc__


@pytest.fixture(scope="module")
def fitted():
    return lossmodel.fit("battle-of-britain", engine="laplace", draws=40)


SHOWN = {
    "Fit": (lambda fit: fit, ["1940-07-01 to 1940-10-31", "aircraft germany", "95% CI", "gate"]),
    "Claims": (lambda fit: fit.claims, ["claims: Battle of Britain", "germany", "published"]),
    "Conflict": (lambda fit: fit.conflict, ["battle-of-britain", "germany", "from 1940-07-01"]),
    "Priors": (lambda fit: fit.priors, ["priors", "judgement", "left out"]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_an_object_is_shown_in_ten_lines_as_text_and_as_html(fitted, name):
    of, words = SHOWN[name]
    shown = of(fitted)
    assert type(shown).__name__ == name
    text, html = repr(shown), shown._repr_html_()
    assert 4 <= len(text.splitlines()) <= 14
    assert max(map(len, text.splitlines())) <= WIDTH
    assert len(html) < 6_000
    for word in words:
        assert word in text
        assert word in html


def test_a_fit_is_shown_with_the_numbers_of_its_tables(fitted):
    row = fitted.estimate("aircraft", "germany").iloc[-1]
    limits = row["lower"], row["upper"]
    median, lower, upper = (number(value, *limits) for value in (row["median"], *limits))
    assert f"aircraft germany  {median} [95% CI {lower} to {upper}]" in repr(fitted)


def test_a_fit_that_failed_its_gate_is_shown_as_one(fitted):
    gate = {"passed": False, "failures": ["the mode was not reached"], "doubts": []}
    failed = dataclasses.replace(fitted, diagnostics=fitted.diagnostics | {"gate": gate})
    shown = repr(failed)
    said = shown.index("NOT PASSED, do not use these numbers: the mode was not reached")
    assert said < shown.index("aircraft germany")


def test_parts_of_a_fit_are_shown_in_a_line(fitted):
    for part in (fitted.submodels, fitted.evidence, fitted.submodels["aircraft"]):
        assert len(repr(part)) < 200


def test_names_of_others_are_not_obeyed_by_a_notebook_or_a_terminal():
    card = Card("<script>alert(1)</script>", {"a\x1b[31m": "<b>" + "x " * 1000, "empty": ""})
    assert "<script>" not in card.html()
    assert "<b>x" not in card.html()
    assert "\x1b" not in card.text() + card.html()
    assert len(card.text().splitlines()) == 3
    assert "empty" not in card.text()


def public():
    """Every public name, and every public method and property of the public classes."""
    for name in lossmodel.__all__:
        found = getattr(lossmodel, name)
        yield name, found
        if inspect.isclass(found):
            for member in dir(found):
                own = inspect.getattr_static(found, member)
                if member.startswith("_") or not _is_of_lossmodel(own):
                    continue
                yield f"{name}.{member}", own


def _is_of_lossmodel(own):
    own = own.fget if isinstance(own, property) else getattr(own, "__func__", own)
    old = inspect.isfunction(own) and own.__qualname__.startswith("renamed_attribute")
    return inspect.isfunction(own) and own.__module__.startswith("lossmodel.") and not old


PUBLIC = dict(public())


def _sections(own):
    return {line for line in (inspect.getdoc(own) or "").splitlines() if line in SECTIONS}


SECTIONS = ("Parameters", "Attributes", "Returns", "Examples", "Raises")


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_described_with_an_example_that_runs(name):
    own = PUBLIC[name]
    plain = getattr(own, "__func__", own)
    if isinstance(own, property):
        assert own.fget.__doc__
        return
    sections = _sections(own)
    assert "Examples" in sections
    assert ">>> " in inspect.getdoc(own)
    if inspect.isclass(own):
        assert sections & {"Parameters", "Attributes"}
        return
    signature = inspect.signature(plain)
    given = [p for p in signature.parameters if p not in ("self", "cls")]
    assert ("Parameters" in sections) == bool(given)
    documented = inspect.getdoc(own).split("Parameters\n")[-1].split("\n---")[0]
    assert documented
    for parameter in given:
        names = re.findall(r"^([\w, ]+)$", inspect.getdoc(own), re.MULTILINE)
        assert any(parameter in line.split(", ") for line in names), parameter
    if signature.return_annotation not in (None, "None"):
        assert "Returns" in sections


@pytest.mark.parametrize("name", PUBLIC)
def test_every_signature_is_spelled_out(name):
    own = PUBLIC[name]
    if isinstance(own, property):
        return
    if inspect.isclass(own) and issubclass(own, Exception):
        return
    for parameter in inspect.signature(getattr(own, "__func__", own)).parameters.values():
        assert parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        known = parameter.name in ("self", "cls") or inspect.isclass(own)
        assert known or parameter.annotation is not parameter.empty


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = lossmodel.fitt


def test_no_module_is_named_like_a_public_name(root):
    # `import lossmodel.fit as m` would give the function.
    modules = {path.stem for path in (root / "lossmodel").iterdir()}
    assert not modules & NAMES


def test_importing_the_package_imports_nothing_heavy(run_python):
    code = (
        "import sys, lossmodel\n"
        "print({'numpy', 'pandas', 'pymc', 'arviz', 'matplotlib', 'typer'} & set(sys.modules))"
    )
    assert run_python("-c", code).stdout == "set()\n"


def test_versions_agree(root):
    cff = (root / "CITATION.cff").read_text()
    assert f"version: {lossmodel.__version__}\n" in cff
    assert f"## {lossmodel.__version__} (" in (root / "CHANGELOG.md").read_text()
