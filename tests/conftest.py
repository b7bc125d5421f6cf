"""What several test files share."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lossmodel.cli import main

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of the tests, also for the processes that they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOSSMODEL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data beside the repository, which not everybody has."""
    if not SHARED.is_dir():
        pytest.skip("needs the reference data beside the repository")
    return SHARED


@pytest.fixture(scope="session")
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a fresh interpreter from another folder: what it imports is what a user's does."""

    def run(
        *arguments: str, cwd: Path | None = None, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            cwd=cwd or ROOT / "tests",
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        )

    return run


@pytest.fixture(scope="module")
def without_weights():
    """The normal approximation will do: importance weights take most of the time of small fits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossmodel.inference.run.LARGEST", 0)
        yield


@dataclass(frozen=True)
class Outcome:
    """What is left of a command when it has ended."""

    status: int
    stdout: str
    stderr: str


@pytest.fixture
def lossmodel(monkeypatch, capsys, tmp_path) -> Callable[..., Outcome]:
    """Run the command line in an empty folder, without the price of a new process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, stdin: str = "") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), said.out, said.err)

    return run
