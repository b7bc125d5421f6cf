"""CPU seconds of commands on a saved fit, in turn with those of another version.

    python benchmarks/commands.py --fit DIR --other DIR --before DIR [--runs 5]

`--fit` and `--other` are reports of the shipped war, the second after one changed claim; `--before`
is the source of the other version, as `git worktree add DIR COMMIT` gives it. Both versions run
each command once uncounted, and then in turn, so that the ratios hold on a machine that others use
too. Writes `benchmarks/results/commands.csv`.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "commands.csv"


def cpu_seconds(source: Path, words: list[str]) -> float:
    """User and system seconds of one command, its worker processes included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "lossmodel", *words],
        env=os.environ | {"PYTHONPATH": str(source)},
        cwd=source / "benchmarks",
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(name: str, words: list[str], before: Path, runs: int) -> dict[str, object]:
    """Medians of both versions, and the quotients of runs that followed one another."""
    pairs = [[cpu_seconds(source, words) for source in (ROOT, before)] for _ in range(runs + 1)]
    after, earlier = np.array(pairs[1:]).T
    ratio = after / earlier
    return {
        "command": name,
        "runs": runs,
        "cpu_before": round(float(np.median(earlier)), 2),
        "cpu_after": round(float(np.median(after)), 2),
        "ratio": round(float(np.median(ratio)), 2),
        "ratio_low": round(float(ratio.min()), 2),
        "ratio_high": round(float(ratio.max()), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("fit", "other", "before"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    one, other = str(given.fit.resolve()), str(given.other.resolve())
    commands = {
        "query": ["query", "killed", "russia", "2023", "--fit", one],
        "compare": ["compare", one, other],
        "verify": ["verify", one],
    }
    rows = [
        measured(name, words, given.before.resolve(), given.runs)
        for name, words in commands.items()
    ]
    pd.DataFrame(rows).to_csv(RESULT, index=False)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
