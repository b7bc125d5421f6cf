"""The order of the modules: each imports only what comes before it, and none in a circle."""

import ast
import re
from pathlib import Path

import pytest

# A line holds one layer, named by a folder or a module of `lossmodel`; the longest name that fits a
# module is its own. Modules of one layer may import one another.
ORDER = [
    "__init__",
    "deprecation",
    "text/numbers",
    "errors",
    "system",
    "defaults",
    "text",
    "arguments",
    "tables",
    "conflict",
    "claims",
    "importers",
    "evidence",
    "findings",
    "model/components",
    "model/history_variance",
    "model/history_tables",
    "model/history",
    "model/armies",
    "model/ceiling",
    "model/prior",
    "model/priors_toml",
    "model/card",
    "model/shipped_priors",
    "model/own_bias",
    "model/priors",
    "model/design/grid",
    "model/force_flows",
    "model/force_balance",
    "model/design/linear",
    "model/design/parameters",
    "model/design/scopes",
    "model/design/battles",
    "model/design/short_series",
    "model/design/day_effects",
    "model/design/unusual_lethality",
    "model/design/short_wars",
    "model/design/latent",
    "model/design/bias",
    "model/design/bias_map",
    "model/design/convolution",
    "model/design/reporting",
    "model/design/triangle",
    "model/design/no_witness",
    "model/design/observation",
    "model/design/streams",
    "model/design/windows",
    "model/design/comparisons",
    "model/design/list_bounds",
    "model/design/design",
    "model/design/assemble",
    "model/design/change",
    "model/design",
    "model/density/sigmoid",
    "model/density/functions",
    "model/density/likelihood",
    "model/density/own_or_copied",
    "model/density/replicas",
    "model/density/reported_fraction",
    "model/density/operators",
    "model/density/graph",
    "model/density/derivatives",
    "model/density/losses",
    "model/density/counted",
    "model/density/expectation",
    "model/density/curvature",
    "model/density/density",
    "model/density/layout",
    "model/density/apart",
    "model/density/arrowhead",
    "model/density/basis",
    "model/density/expansion",
    "model/density/slopes",
    "model/density/pymc",
    "model/density/generated",
    "model/density/predictive",
    "model/density/submodels",
    "model/density/model",
    "model",
    "inference/names",
    "inference/arviz",
    "inference/convergence",
    "inference/worker",
    "inference/weights",
    "inference/laplace/factors",
    "inference/laplace/modes",
    "inference/laplace/levels",
    "inference/laplace/quantities",
    "inference/laplace/approach",
    "inference/laplace/marginals",
    "inference/laplace/diagnostics",
    "inference/laplace/hyper_mode",
    "inference/laplace/hyper_spread",
    "inference/laplace/outliers",
    "inference/laplace/rival_modes",
    "inference/laplace/fit",
    "inference/laplace/settled",
    "inference/nuts/coupling",
    "inference/nuts/figures",
    "inference/nuts/held_levels",
    "inference/nuts/held_walks",
    "inference/nuts/held_sums",
    "inference/nuts/tight_sums",
    "inference/nuts/conditional_map",
    "inference/nuts/whitening",
    "inference/nuts/trajectory",
    "inference/nuts/sampler",
    "inference/hmc",
    "inference/proposals",
    "inference/importance",
    "inference/mode_integrals",
    "inference/gates",
    "inference/sampling",
    "inference/run",
    "inference/schedule",
    "inference",
    "posterior/provenance",
    "posterior/timing",
    "posterior/fit",
    "posterior/reported",
    "posterior/variance",
    "posterior/prior_shift",
    "posterior/row_influence",
    "posterior/discrepancy",
    "posterior/tables",
    "posterior/rates",
    "posterior/chains",
    "posterior/losses",
    "posterior/estimates",
    "posterior/summary",
    "posterior/stream_figures",
    "posterior/ratios",
    "posterior/contradictions",
    "posterior/outside_figures",
    "posterior/force_check",
    "posterior/groups",
    "posterior/container",
    "posterior/saved_texts",
    "posterior/saved_submodels",
    "posterior/netcdf",
    "posterior/built_fits",
    "posterior/citation",
    "posterior/fitting",
    "posterior",
    "query",
    "plots",
    "api",
    "evaluation",
    "report/one_claim",
    "report/wording",
    "report/scale",
    "report/beside_figures",
    "report/results",
    "report/quoted",
    "report/differences",
    "report/manifest",
    "report/folder",
    "report/compare",
    "report/telescope",
    "report/changes",
    "report/axis",
    "report/typesetting",
    "report/figures",
    "report/blocks",
    "report/dial",
    "report/sources",
    "report/figures/explore",
    "report/sections",
    "report/document",
    "report/output/latex",
    "report/mentions",
    "report/output",
    "report/export",
    "report/write",
    "report/passages",
    "report/verify",
    "report/quoting",
    "report",
    "scaffold",
    "cli",
    "__main__",
]

# Imports that run against the order. None may be added, and what is mended has to be struck out.
EXCEPTIONS: set[tuple[str, str]] = set()

LONGEST = 320
# Modules that are longer, with the lines that they may have.
LONG: dict[str, int] = {}

HEAVY = {"arviz", "jinja2", "matplotlib", "nutpie", "pymc", "pytensor", "typst"}
# A fit must not pay for the import of PyMC.
WITHOUT_PYMC = (
    *(
        name
        for name in ORDER[: ORDER.index("model/density/pymc")]
        if name.startswith("model/density/")
    ),
    *("model/design", "inference/laplace", "inference/nuts"),
)

PACKAGE = Path(__file__).resolve().parent.parent / "lossmodel"
FILES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix(): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _nodes(tree: ast.Module, types: bool, functions: bool) -> list[ast.AST]:
    """Nodes of a module, on request without those for type checkers or inside functions."""
    pending: list[ast.AST] = list(tree.body)
    found = []
    while pending:
        node = pending.pop()
        if _is_for_types(node) and not types:
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not functions:
            continue
        found.append(node)
        pending += ast.iter_child_nodes(node)
    return found


def _imported(node: ast.AST) -> list[str]:
    """Dotted names that a statement imports; of `from m import n` both m.n and m."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _names(module: str, *, types: bool = True, functions: bool = True) -> set[str]:
    nodes = _nodes(TREES[module], types, functions)
    return {name for node in nodes for name in _imported(node)}


def _module(name: str) -> str:
    """The module of the package that a dotted name stands in."""
    parts = name.split(".")[1:]
    while parts:
        path = "/".join(parts)
        for file in (path, f"{path}/__init__"):
            if file in FILES:
                return file
        parts.pop()
    return "__init__"


def _own(module: str, *, types: bool = True, functions: bool = True) -> set[str]:
    names = _names(module, types=types, functions=functions)
    return {_module(name) for name in names if name.split(".")[0] == "lossmodel"} - {module}


def _layer(module: str) -> str:
    place = module.removesuffix("/__init__")
    fitting = [name for name in ORDER if place == name or place.startswith(f"{name}/")]
    if not fitting:
        raise LookupError(f"{module} has no place in the order")
    return max(fitting, key=len)


def _is_face_of(module: str, other: str) -> bool:
    """Whether a module is the `__init__` of the folder that the other stands in."""
    return module.endswith("__init__") and other.startswith(module.removesuffix("__init__"))


def against_the_order() -> set[tuple[str, str]]:
    place = {module: ORDER.index(_layer(module)) for module in FILES}
    return {
        (module, other)
        for module in FILES
        for other in _own(module)
        if place[other] > place[module] and not _is_face_of(module, other)
    }


def circles() -> set[str]:
    """Modules that import themselves by way of others, now or when a function runs."""
    edges = {module: _own(module, types=False) for module in FILES}
    while leaves := {module for module, others in edges.items() if not others & set(edges)}:
        edges = {module: others for module, others in edges.items() if module not in leaves}
    # What only leads into a circle is not in one.
    while True:
        reached = set().union(*edges.values()) if edges else set()
        if set(edges) <= reached:
            return set(edges)
        edges = {module: others for module, others in edges.items() if module in reached}


def long_modules() -> dict[str, int]:
    lines = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    return {name: count for name, count in lines.items() if count > LONGEST}


def test_every_module_has_a_place_in_the_order():
    assert {_layer(module) for module in FILES} <= set(ORDER)


def test_every_place_in_the_order_is_taken():
    places = {place for module in FILES for place in (module, *_parents(module))}
    assert set(ORDER) <= places


def _parents(module: str) -> list[str]:
    return [parent.as_posix() for parent in Path(module).parents]


def test_a_module_imports_only_what_comes_before_it():
    assert against_the_order() == EXCEPTIONS


def test_the_package_itself_imports_nothing():
    assert _own("__init__", types=False) == set()


def test_no_imports_are_circular():
    assert circles() == set()


def test_modules_are_short():
    too_long = {name for name, count in long_modules().items() if count > LONG.get(name, 0)}
    assert too_long == set()
    assert set(LONG) <= set(long_modules())


def test_contributors_are_sent_to_files_that_exist():
    root = PACKAGE.parent
    section = (root / "CONTRIBUTING.md").read_text().split("**Where to put it.**")[1]
    named = set(re.findall(r"`([\w/]+\.(?:py|toml))`", section.split("\n**")[0]))
    missing = {
        name for name in named if not ((root if "tests/" in name else PACKAGE) / name).is_file()
    }
    assert len(named) > 20
    assert missing == set()


def test_nothing_is_written_behind_an_objects_back():
    hidden = {name for name, tree in TREES.items() if "__dict__" in _attributes(tree)}
    hidden |= {name for name, tree in TREES.items() if "__setattr__" in _attributes(tree)}
    assert hidden == set()


def _attributes(tree: ast.Module) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("module", FILES)
def test_what_is_heavy_is_imported_where_it_is_needed(module):
    names = _names(module, types=False, functions=False)
    assert {name.split(".")[0] for name in names} & HEAVY == set()


@pytest.mark.parametrize("module", FILES)
def test_the_density_and_its_engines_know_nothing_of_pymc(module):
    if any(module == name or module.startswith(f"{name}/") for name in WITHOUT_PYMC):
        assert {name.split(".")[0] for name in _names(module)} & HEAVY == set()
