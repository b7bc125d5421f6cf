"""Seconds of commands on a saved fit and of fits, alone or in turn with those of another version.

    python benchmarks/commands.py --claims FILE [--runs 5] [--before DIR]

`--claims` are the shipped claims of which one about soldiers is changed; `--before` is the source
of another version, as `git worktree add DIR COMMIT` gives it. A run is six commands from an empty
cache: a fit of the shipped claims, the same again, a fit of the changed claims, and then commands
on these reports. Seconds are of the clock and of the CPU, worker processes included; kept are
medians with the least and largest, and the ratio to the CPU seconds of the other version, whose
runs alternate with these. Modules are compiled beforehand, as installing does. Writes
`benchmarks/results/commands.csv`.
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "commands.csv"
FIT = ("fit", "--engine", "laplace", "--out")


def seconds(source: Path, words: list[str], place: Path) -> tuple[float, float]:
    """Clock and CPU seconds of one command, its worker processes included.

    Parameters
    ----------
    source, place
        The version, and a folder with its caches, in which the command runs.
    """
    own = {"PYTHONPATH": source, "LOSSMODEL_CACHE": place / "cache"}
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "lossmodel", *words],
        env=kept | {name: str(path) for name, path in own.items()},
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(source: Path, commands: dict[str, list[str]]) -> list[tuple[float, float]]:
    """Clock and CPU seconds of the commands, one after the other from an empty cache."""
    with tempfile.TemporaryDirectory() as place:
        return [seconds(source, words, Path(place)) for words in commands.values()]


def spread(name: str, values: np.ndarray) -> dict[str, float]:
    """Median, least and largest."""
    found = {"": np.median(values), "_low": values.min(), "_high": values.max()}
    return {name + end: round(float(value), 2) for end, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    commands = {
        "fit, nothing in the cache": [*FIT, "one"],
        "fit again, nothing changed": [*FIT, "again"],
        "fit, one claim about soldiers changed": [*FIT, "other", str(given.claims.resolve())],
        "query": ["query", "killed", "russia", "2023", "--fit", "one"],
        "verify": ["verify", "one"],
        "compare": ["compare", "one", "other"],
    }
    versions = [ROOT, *([given.before.resolve()] if given.before else [])]
    for version in versions:
        compileall.compile_dir(version / "lossmodel", quiet=1)
    # Shape (runs, versions, commands, 2).
    took = np.array([[run(version, commands) for version in versions] for _ in range(given.runs)])
    rows = []
    for number, command in enumerate(commands):
        clock, cpu = took[:, 0, number].T
        found = {"command": command, "runs": given.runs} | spread("clock_s", clock)
        found |= spread("cpu_s", cpu)
        if given.before:
            found |= spread("ratio", cpu / took[:, 1, number, 1])
        rows.append(found)
    pd.DataFrame(rows).to_csv(RESULT, index=False)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
