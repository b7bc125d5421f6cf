"""Build the sdist and the wheels, check what is in them, and try one as a user would.

Run by ``make check-dist``. Everything is built and installed in a temporary folder, from the files
that git knows, and the command runs in a virtual environment of its own with an empty environment.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import venv
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
DATA = [path for path in sorted((ROOT / "data").rglob("*")) if path.is_file()]
# A small war with every kind of page, whose fit takes seconds.
WAR = "falklands1982"
COMMANDS = (
    ("--version",),
    ("doctor",),
    ("check",),
    ("fit", "--conflict", WAR, "--engine", "laplace", "--out", "report"),
    ("query", "killed", "argentina", "--fit", "report"),
    ("verify", "report"),
)
# What no archive has: caches, results, environments.
REFUSE = re.compile(
    r"__pycache__|\.py[co]$|/\.\w+/|\.egg-info|/(build|dist|_build|lossmodel-report)/"
)


class DistError(Exception):
    """An archive or a command is not what it has to be."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--python", default=sys.executable, help="interpreter to try the wheel in")
    options.add_argument("--no-install", action="store_true", help="only build, and check contents")
    given = options.parse_args(arguments)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lossmodel-dist-") as name:
        try:
            check(Path(name), given.python, install=not given.no_install)
        except (DistError, subprocess.CalledProcessError) as problem:
            sys.stderr.write(f"check-dist: {problem}\n")
            return 1
    say(f"good, in {time.perf_counter() - began:.0f} s")
    return 0


def check(folder: Path, python: str, *, install: bool) -> None:
    """Build, compare and try, with the time of each step."""
    tree = timed("copy of the files that git knows", lambda: copied(folder / "tree"))
    sdist = timed("sdist", lambda: built(tree, folder / "sdist", "--sdist"))
    check_sdist(names_of(sdist))
    wheel = timed("wheel", lambda: built(tree, folder / "wheel", "--wheel"))
    check_wheel(wheel)
    source = unpacked(sdist, folder / "unpacked")
    again = timed("wheel from the sdist", lambda: built(source, folder / "again", "--wheel"))
    if contents(again) != contents(wheel):
        raise DistError("the wheel from the sdist differs from that from the tree")
    if install:
        environment = timed("installation", lambda: installed(again, folder / "venv", python))
        work = folder / "work"
        work.mkdir()
        for words in COMMANDS:
            said = timed(
                f"lossmodel {' '.join(words)}", lambda words=words: run(environment, words, work)
            )
            say(indented(said))


def copied(target: Path) -> Path:
    """The files of the checkout that git knows or would take, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    return target


def built(tree: Path, out: Path, kind: str) -> Path:
    """The one archive of a kind, built in isolation from a tree."""
    words = [sys.executable, "-m", "build", kind, "--outdir", str(out), str(tree)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DistError(f"{kind[2:]} cannot be built:\n{indented(done.stdout + done.stderr)}")
    (archive,) = out.iterdir()
    return archive


def unpacked(sdist: Path, target: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    (tree,) = target.iterdir()
    return tree


def names_of(sdist: Path) -> list[str]:
    """Names of an sdist below its one folder."""
    with tarfile.open(sdist) as archive:
        names = [PurePosixPath(entry.name) for entry in archive if entry.isfile()]
    return ["/".join(name.parts[1:]) for name in names]


def contents(wheel: Path) -> dict[str, int]:
    """Files of a wheel with their checksums; RECORD follows from them."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist()}


def check_sdist(names: Iterable[str]) -> None:
    """Refuse an sdist without something that is needed, or with what nobody needs."""
    found = set(names)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    need = {"PKG-INFO", "README.md", "LICENSE", "pyproject.toml", *(name[1:] for name in listed)}
    missing = [n for n in need if n not in found and not any(f.startswith(f"{n}/") for f in found)]
    if missing:
        raise DistError(f"the sdist lacks {', '.join(sorted(missing))}")
    refuse(found)


def check_wheel(wheel: Path) -> None:
    """Refuse a wheel without the shipped data, types or licence, or with tests or caches."""
    found = set(contents(wheel))
    need = {
        "lossmodel/py.typed",
        "lossmodel/model/priors.toml",
        "lossmodel/report/templates/report.html",
        *(f"lossmodel/{path.relative_to(ROOT).as_posix()}" for path in DATA),
    }
    metadata = next((n for n in found if n.endswith(".dist-info/METADATA")), "")
    need |= {
        metadata.replace("METADATA", part) for part in ("licenses/LICENSE", "entry_points.txt")
    }
    if missing := sorted(need - found):
        raise DistError(f"the wheel lacks {', '.join(missing[:5])}")
    tops = {name.split("/")[0] for name in found}
    if more := sorted(top for top in tops if top != "lossmodel" and not top.endswith(".dist-info")):
        raise DistError(f"the wheel has {', '.join(more)} beside the package")
    refuse(found)


def refuse(names: Iterable[str]) -> None:
    if more := sorted(name for name in names if REFUSE.search(f"/{name}")):
        raise DistError(f"an archive has {', '.join(more[:5])}")


def installed(wheel: Path, target: Path, python: str) -> Path:
    """A fresh virtual environment with the wheel and what it needs."""
    if python == sys.executable:
        venv.create(target, with_pip=True)
    else:
        subprocess.run([python, "-m", "venv", str(target)], check=True)
    binaries = target / ("Scripts" if os.name == "nt" else "bin")
    words = ["-m", "pip", "install", "-q", "--disable-pip-version-check"]
    words += ["-c", str(ROOT / "constraints.txt"), str(wheel)]
    done = subprocess.run(
        [str(binaries / "python"), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DistError(f"the wheel cannot be installed:\n{indented(done.stdout + done.stderr)}")
    return binaries


def run(binaries: Path, words: Sequence[str], work: Path) -> str:
    """What a command prints, in a folder of its own and with no environment but a home."""
    clean = {"HOME": str(work), "PATH": f"{binaries}{os.pathsep}{os.defpath}"}
    if os.name == "nt":
        clean |= {"SYSTEMROOT": os.environ["SYSTEMROOT"], "USERPROFILE": str(work)}
    done = subprocess.run(
        [str(binaries / "lossmodel"), *words],
        cwd=work, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = indented(done.stdout + done.stderr)
        raise DistError(f"lossmodel {' '.join(words)} ended with {done.returncode}:\n{said}")
    return done.stdout


def timed(step: str, action: Callable[[], T]) -> T:
    began = time.perf_counter()
    result = action()
    say(f"{time.perf_counter() - began:6.1f} s  {step}")
    return result


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def indented(text: str) -> str:
    return "".join(f"          {line}\n" for line in text.splitlines()[-12:]).rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
