"""Checks of the installation and the machine: what makes fits slow, and how to fix it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from lossmodel import __version__

__all__ = ["Finding", "examine"]

PACKAGES = (
    "numpy", "scipy", "pandas", "xarray", "pymc", "pytensor", "numba", "arviz", "matplotlib",
    "typst",
)  # fmt: skip
NEEDED_GIB = 1.0
SLOW_CHOLESKY = 0.15
"""Seconds for a 1000 x 1000 matrix, ten times those of an ordinary core of the last ten years."""


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Parameters
    ----------
    topic
        Subject of the check.
    found
        What was found.
    verdict
        ``"good"``, ``"slow"`` (results are right but take longer) or ``"broken"``.
    remedy
        How to fix it; empty if there is nothing to fix.
    """

    topic: str
    found: str
    verdict: Literal["good", "slow", "broken"] = "good"
    remedy: str = ""


def examine() -> list[Finding]:
    """Run all checks, without changing anything on the machine.

    Returns
    -------
    list of Finding
        In order of importance.
    """
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _versions,
        _cores,
        _memory,
        _linear_algebra,
        _compiled,
        _compiler,
        _folders,
    )
    return [finding for check in checks for finding in check()]


def _versions() -> Iterator[Finding]:
    yield Finding("lossmodel", __version__)
    yield Finding("python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    oldest = _oldest()
    for name in PACKAGES:
        try:
            there = version(name)
        except PackageNotFoundError:
            remedy = f"{sys.executable} -m pip install {name}"
            yield Finding(name, "not installed", "broken", remedy)
            continue
        needed = oldest.get(name, "0")
        if _parts(there) < _parts(needed):
            remedy = f"{sys.executable} -m pip install '{name}>={needed}'"
            yield Finding(name, f"{there}, older than required", "slow", remedy)
        else:
            yield Finding(name, there)


def _oldest() -> dict[str, str]:
    """Lower bounds of dependencies, as declared by the package."""
    try:
        declared = requires("lossmodel") or []
    except PackageNotFoundError:  # run from a folder, not installed
        return {}
    found = (re.match(r"([A-Za-z0-9_.-]+)>=([0-9.]+)", line) for line in declared)
    return {match[1]: match[2] for match in found if match}


def _parts(number: str) -> tuple[int, ...]:
    """Numbers of a version, for comparisons."""
    return tuple(int(part) for part in re.findall(r"\d+", number)[:3])


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cores() -> Iterator[Finding]:
    from lossmodel.inference.sampling import SAMPLERS

    cores, chains = _usable_cores(), SAMPLERS["nuts"].chains
    if cores < chains:
        remedy = f"nuts runs its {chains} chains {cores} at a time; the others are hardly slower"
        yield Finding("cores", str(cores), "slow", remedy)
    else:
        yield Finding("cores", str(cores))
    if hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        found = f"{load:.1f} runnable processes in the last minute"
        if load > 0.75 * cores:
            yield Finding("load", found, "slow", "wait for other processes, or end them")
        else:
            yield Finding("load", found)


def _memory() -> Iterator[Finding]:
    try:
        pages = os.sysconf("SC_AVPHYS_PAGES")
        available = pages * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (AttributeError, ValueError, OSError):
        # Not every system reports it.
        yield Finding("memory", "not known")
        return
    found = f"{available:.1f} GiB free"
    if available < NEEDED_GIB:
        yield Finding("memory", found, "slow", f"free {NEEDED_GIB:.0f} GiB before using nuts")
    else:
        yield Finding("memory", found)


def _linear_algebra() -> Iterator[Finding]:
    from threadpoolctl import threadpool_info, threadpool_limits

    every = _cholesky_seconds()
    with threadpool_limits(1, user_api="blas"):
        one = _cholesky_seconds()
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    for pool in pools:
        yield _blas(pool["internal_api"], pool["num_threads"])
    if not pools:
        yield Finding("BLAS", "no known library", "slow", "install the NumPy wheel from PyPI")
    milliseconds = f"{1000 * every:.0f} ms, on one thread {1000 * one:.0f} ms"
    found = f"Cholesky factor of 1000 x 1000: {milliseconds}"
    if every > 2 * one:
        remedy = "BLAS threads wait for each other on busy cores: export OMP_NUM_THREADS=1"
        yield Finding("linear algebra", found, "slow", remedy)
    elif min(every, one) > SLOW_CHOLESKY:
        remedy = "the cores are busy or throttled, or the BLAS library is slow"
        yield Finding("linear algebra", found, "slow", remedy)
    else:
        yield Finding("linear algebra", found)


def _cholesky_seconds() -> float:
    import numpy as np

    matrix = np.eye(1000) + 0.5
    np.linalg.cholesky(matrix)  # the first call also starts the threads
    begin = time.perf_counter()
    np.linalg.cholesky(matrix)
    return time.perf_counter() - begin


def _blas(name: str, threads: int) -> Finding:
    found = f"{name}, {threads} threads"
    cores = _usable_cores()
    if threads > cores:
        return Finding("BLAS", found, "slow", f"export OMP_NUM_THREADS={cores}")
    return Finding("BLAS", found)


def _compiled() -> Iterator[Finding]:
    """Check the cache of numba: its configured folder, that of the package, that of the user."""
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "numba"
    own = os.environ.get("NUMBA_CACHE_DIR")
    places = [Path(own)] if own else [Path(__file__).parents[1] / "__pycache__", user]
    place = next((place for place in places if _is_writable(place)), None)
    if place is None:
        found = " and ".join(map(str, places)) + " cannot be written"
        yield Finding("compiled code", found, "slow", "export NUMBA_CACHE_DIR=FOLDER")
    elif any(place.rglob("*.nbc")):
        yield Finding("compiled code", f"kept in {place}")
    else:
        found = f"none yet in {place}"
        remedy = "only sampling with PyMC compiles; fits do not"
        yield Finding("compiled code", found, "good", remedy)


def _compiler() -> Iterator[Finding]:
    compiler = next((name for name in ("g++", "clang++") if shutil.which(name)), None)
    if compiler:
        yield Finding("C++ compiler", compiler)
    else:
        remedy = "needed only for sampling with PyMC (Debian: apt install g++)"
        yield Finding("C++ compiler", "none", "good", remedy)


def _folders() -> Iterator[Finding]:
    home = Path.home()
    caches = {
        "current folder": (Path.cwd(), "change to a writable folder, or give --out DIR"),
        "temporary folder": (Path(tempfile.gettempdir()), "export TMPDIR=FOLDER"),
        "PyTensor cache": (
            home / ".pytensor",
            "export PYTENSOR_FLAGS=base_compiledir=FOLDER, or every PyMC model is compiled again",
        ),
        "matplotlib cache": (
            Path(os.environ.get("MPLCONFIGDIR") or home / ".cache" / "matplotlib"),
            "export MPLCONFIGDIR=FOLDER, or every run lists the fonts again",
        ),
    }
    for topic, (folder, remedy) in caches.items():
        if _is_writable(folder):
            yield Finding(topic, str(folder))
        else:
            broken = topic in {"current folder", "temporary folder"}
            verdict: Literal["broken", "slow"] = "broken" if broken else "slow"
            yield Finding(topic, f"{folder} cannot be written", verdict, remedy)


def _is_writable(folder: Path) -> bool:
    """Whether a file can be created in a folder, or the folder itself."""
    if not folder.exists():
        return folder != folder.parent and _is_writable(folder.parent)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
