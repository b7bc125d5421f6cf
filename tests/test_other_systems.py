"""Windows and macOS, played on this system: no step of Unix alone, and names of files there."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lossmodel.text.escape import file_name
from tests.fuzz.kills import ROOT, WAR
from tests.other_systems import MODULES, NAMES
from tests.test_layers import TREES

SYSTEMS = ("windows", "macos")
# What says that a step is for some systems only.
GUARDS = re.compile(r"sys\.platform|os\.name|hasattr\(|mask is not None")
# Reserved by Windows, with any ending; a blank or dot at the end of a name is lost there.
RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$')
# Folders of Linux that the package looks into, where they are there.
LOOKED_INTO = {("system/processes", "/dev/shm")}


def steps_of_unix(tree: ast.Module) -> list[str]:
    """Names and modules of Unix alone that are used without a look at the system."""
    found: list[str] = []

    def visit(node: ast.AST, guarded: bool) -> None:
        if isinstance(node, ast.If | ast.IfExp | ast.Try):
            test = getattr(node, "test", None)
            guarded |= test is None or bool(GUARDS.search(ast.unparse(test)))
        if not guarded:
            if isinstance(node, ast.Import | ast.ImportFrom):
                named = [getattr(node, "module", None) or "", *(a.name for a in node.names)]
                found.extend(MODULES & set(named))
            whole = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            name, _, attribute = whole.partition(".")
            if attribute in NAMES.get(name, ()):
                found.append(whole)
        for child in ast.iter_child_nodes(node):
            visit(child, guarded)

    visit(tree, False)
    return found


def test_no_step_of_unix_is_taken_elsewhere():
    assert {name: found for name, tree in TREES.items() if (found := steps_of_unix(tree))} == {}
    paths = {
        (name, node.value)
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.match(r"/(proc|dev|sys|etc|tmp|usr|var)(/|$)", node.value)
    }
    assert paths <= LOOKED_INTO


def test_a_step_of_unix_is_found():
    code = "import fcntl\ndef f():\n    os.killpg(1, signal.SIGHUP)\n    if os.name == 'posix':\n"
    assert steps_of_unix(ast.parse(f"{code}        os.fork()")) == [
        *("fcntl", "os.killpg", "signal.SIGHUP")
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("con", "NUL", "aux.txt", "Com1", "lpt9.a.b", "a:b", "north.", "..", ". .", 'a"b', "a|b"),
        *("a\\b", "a?", "a*", "<b>", "north ", "x" * 300, "con " * 30),
    ],
)
def test_a_file_that_is_named_after_data_has_a_name_of_every_system(name):
    for parts in ((name,), (name, "killed"), ("losses", name), ("losses", name, "killed")):
        made = file_name(*parts)
        assert not FORBIDDEN.search(made)
        assert not RESERVED.fullmatch(made)
        assert not RESERVED.fullmatch(f"{made}.svg")
        assert len(made.encode()) < 220


def test_names_that_are_one_on_some_system_are_files_of_their_own():
    names = ["con", "_con", "north", "north.", "a:b", "a|b", "a-b", "a b"]
    assert len({file_name(name).casefold() for name in names}) == len(names)


def masked(system: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the package, and its workers, as on another system."""
    code = f"from tests.other_systems import start\nstart({system!r})\n"
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    path = os.pathsep.join([str(folder), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "lossmodel", *arguments],
        env=os.environ | {"PYTHONPATH": path}, cwd=folder, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_claims_are_checked_on_other_systems(tmp_path, system):
    done = masked(system, tmp_path, "check", "--conflict", str(WAR))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_fit_and_its_report_are_made_on_other_systems(tmp_path, system):
    arguments = ("fit", "--conflict", str(WAR), "--engine", "laplace", "--out", "report")
    # The second one replaces the report of the first.
    for _ in range(2):
        done = masked(system, tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "report" / "report.pdf").is_file()
        left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
        assert left == {"report", "sitecustomize.py"}
    assert masked(system, tmp_path, "verify", "report").returncode == 0
    done = masked(system, tmp_path, "simulate", "--conflict", str(WAR), "--out", "simulated")
    assert done.returncode == 0, done.stderr
    done = masked(system, tmp_path, "check", "--conflict", "simulated")
    assert done.returncode == 0, done.stderr
