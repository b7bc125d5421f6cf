"""The way of the data is the layout: a module imports only what stands before it."""

import ast
from pathlib import Path

import pytest

ORDER = [
    "__init__",  # the version alone; the public names are imported when they are asked for
    "errors",
    "problems",
    "tables",
    "inputs",
    "schema",
    "cells",
    "toml_keys",
    "vocabulary",
    "folders",
    "conflict_toml",
    "conflict_checks",
    "conflict",
    "validation",
    "claims",
    "summary",
    "datasets",
    "downloads",
    "imports",
    "evidence",
    "parts",
    "history",
    "priors",
    "design",
    "likelihood",
    "reach",
    "density",
    "sparsity",
    "change",
    "curvature",
    "posterior",
    "predictive",
    "reference",
    "model",
    "draws",
    "meanwhile",
    "engines",
    "shares",
    "ranges",
    "provenance",
    "reported",
    "fitting",
    "saving",
    "estimates",
    "ratios",
    "rounding",
    "escapes",
    "citation",
    "grammar",
    "answers",
    "query",
    "plots",
    "report",
    "checking",
    "doctor",
    "cli",
    "__main__",
]

# Methods of Fit that hand over to what is built on it, and a type that only its reader names.
DELEGATES = {
    ("fitting", "saving"),
    ("fitting", "estimates"),
    ("fitting", "ratios"),
    ("fitting", "query"),
}

HEAVY = {"arviz", "jinja2", "matplotlib", "nutpie", "pymc", "pytensor", "typst"}
# The fast road must not pay for the reference's import.
WITHOUT_PYMC = {
    "design",
    "likelihood",
    "reach",
    "density",
    "sparsity",
    "change",
    "curvature",
    "engines/modes",
    "engines/ridges",
    "engines/shape",
    "engines/laplace",
    "engines/bends",
    "engines/shears",
    "engines/whitening",
    "engines/nuts",
}

PACKAGE = Path(__file__).resolve().parent.parent / "lossmodel"
FILES = sorted(PACKAGE.rglob("*.py"))


def _layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        # `from lossmodel import fitting` names a module, `from lossmodel.fitting import fit` too.
        if node.module == "lossmodel":
            return [f"lossmodel.{alias.name}" for alias in node.names]
        return [node.module or ""]
    return []


def _imports(tree: ast.Module) -> list[str]:
    return [name for node in ast.walk(tree) for name in _imported(node)]


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _imports_at_start(tree: ast.Module) -> list[str]:
    """Name what the import of a module itself imports."""
    pending: list[ast.AST] = list(tree.body)
    found = []
    while pending:
        node = pending.pop()
        if _is_for_types(node) or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        found += _imported(node)
        pending += ast.iter_child_nodes(node)
    return found


def _own(names: list[str]) -> set[str]:
    """Name the layers among the names of modules."""
    inside = {name.split(".")[1] for name in names if name.startswith("lossmodel.")}
    return {name for name in inside if not name.startswith("__")}


@pytest.fixture(params=FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def module(request) -> tuple[Path, ast.Module]:
    return request.param, ast.parse(request.param.read_text(encoding="utf-8"))


def test_every_module_has_a_place_in_the_order():
    assert {_layer(path) for path in FILES} <= set(ORDER)


def test_a_module_imports_only_what_stands_before_it(module):
    path, tree = module
    if path == PACKAGE / "__init__.py":
        assert _own(_imports_at_start(tree)) == set()
        return
    layer = _layer(path)
    place = ORDER.index(layer)
    later = {name for name in _own(_imports(tree)) if ORDER.index(name) > place}
    assert {(layer, name) for name in later} <= DELEGATES


def test_what_is_heavy_is_imported_where_it_is_needed(module):
    _, tree = module
    assert {name.split(".")[0] for name in _imports_at_start(tree)} & HEAVY == set()


def test_the_fast_road_knows_nothing_of_pymc(module):
    path, tree = module
    place = path.relative_to(PACKAGE).with_suffix("").as_posix()
    if any(place == name or place.startswith(f"{name}/") for name in WITHOUT_PYMC):
        assert {name.split(".")[0] for name in _imports(tree)} & HEAVY == set()
