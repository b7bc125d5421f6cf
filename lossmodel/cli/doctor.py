"""What this machine brings along, what would make it slow, and how to mend that."""

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
"""Seconds for a 1000 x 1000 matrix; an ordinary core of the last ten years needs a tenth."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    topic
        What was looked at.
    found
        What is there.
    verdict
        ``"good"``, ``"slow"`` (results are right, but take longer) or ``"broken"``.
    remedy
        What to do about it; empty where nothing needs doing.
    """

    topic: str
    found: str
    verdict: Literal["good", "slow", "broken"] = "good"
    remedy: str = ""


def examine() -> list[Finding]:
    """Everything that decides whether and how fast a fit runs here.

    Returns
    -------
    list of Finding
        In the order in which a reader wants them; nothing is changed on the machine.
    """
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _versions,
        _cores,
        _memory,
        _linear_algebra,
        _compiled,
        _compiler,
        _folders,
    )
    return [finding for look in looks for finding in look()]


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
            yield Finding(name, f"{there}, which is old", "slow", remedy)
        else:
            yield Finding(name, there)


def _oldest() -> dict[str, str]:
    """Read the lower bounds that the package declares."""
    try:
        declared = requires("lossmodel") or []
    except PackageNotFoundError:  # run from a folder, not installed
        return {}
    found = (re.match(r"([A-Za-z0-9_.-]+)>=([0-9.]+)", line) for line in declared)
    return {match[1]: match[2] for match in found if match}


def _parts(number: str) -> tuple[int, ...]:
    """Numbers of a version, which compare as versions do."""
    return tuple(int(part) for part in re.findall(r"\d+", number)[:3])


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cores() -> Iterator[Finding]:
    from lossmodel.inference.run import CHAINS

    cores = _usable_cores()
    if cores < CHAINS:
        remedy = f"nuts has {CHAINS} chains and runs {cores} at a time; laplace hardly suffers"
        yield Finding("cores", str(cores), "slow", remedy)
    else:
        yield Finding("cores", str(cores))
    if hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        found = f"{load:.1f} runnable processes in the last minute"
        if load > 0.75 * cores:
            yield Finding("load", found, "slow", "wait for, or end, what else runs here")
        else:
            yield Finding("load", found)


def _memory() -> Iterator[Finding]:
    try:
        pages = os.sysconf("SC_AVPHYS_PAGES")
        available = pages * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (AttributeError, ValueError, OSError):
        # Not every system says; then there is nothing to advise.
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
        yield Finding("BLAS", "none that is known", "slow", "install NumPy from its own wheel")
    milliseconds = f"{1000 * every:.0f} ms, on one thread {1000 * one:.0f} ms"
    found = f"Cholesky factor of 1000 x 1000: {milliseconds}"
    if every > 2 * one:
        remedy = "threads of BLAS wait for each other on busy cores: export OMP_NUM_THREADS=1"
        yield Finding("linear algebra", found, "slow", remedy)
    elif min(every, one) > SLOW_CHOLESKY:
        remedy = "the cores are busy or throttled, or BLAS is a slow one"
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
    """Find what numba keeps between runs, where it looks: its own folder, ours, the user's."""
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
        remedy = "sampling the PyMC model compiles it first; fits do not"
        yield Finding("compiled code", found, "good", remedy)


def _compiler() -> Iterator[Finding]:
    compiler = next((name for name in ("g++", "clang++") if shutil.which(name)), None)
    if compiler:
        yield Finding("C++ compiler", compiler)
    else:
        remedy = "only stock PyMC sampling needs one (Debian: apt install g++)"
        yield Finding("C++ compiler", "none", "good", remedy)


def _folders() -> Iterator[Finding]:
    home = Path.home()
    caches = {
        "current folder": (Path.cwd(), "go to a folder that is yours, or give --out DIR"),
        "temporary folder": (Path(tempfile.gettempdir()), "export TMPDIR=FOLDER"),
        "PyTensor cache": (
            home / ".pytensor",
            "export PYTENSOR_FLAGS=base_compiledir=FOLDER, or every PyMC model is compiled anew",
        ),
        "matplotlib cache": (
            Path(os.environ.get("MPLCONFIGDIR") or home / ".cache" / "matplotlib"),
            "export MPLCONFIGDIR=FOLDER, or every run lists the fonts anew",
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
    """Whether a file can be made there, or the folder itself where it does not exist yet."""
    if not folder.exists():
        return folder != folder.parent and _is_writable(folder.parent)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
