import pytest

import lossmodel

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
