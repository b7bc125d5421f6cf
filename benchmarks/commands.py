"""CPU seconds of commands on a saved fit and of fits, in turn with those of another version.

    python benchmarks/commands.py --fit DIR --other DIR --before DIR [--claims FILE] [--runs 5]

`--fit` and `--other` are reports of the shipped war, the second after one changed claim; `--before`
is the source of the other version, as `git worktree add DIR COMMIT` gives it. Both versions run
each command once uncounted, and then in turn, so that the ratios hold on a machine that others use
too. With `--claims`, the shipped claims of which one about soldiers is changed, three fits follow,
once each: with an empty cache, again, and of these claims. Modules are compiled beforehand, as
installing does, and each version has a cache of its own. Writes `benchmarks/results/commands.csv`.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "commands.csv"


def cpu_seconds(source: Path, words: list[str], place: Path) -> float:
    """User and system seconds of one command, its worker processes included.

    Parameters
    ----------
    source, place
        The version, and a folder with its caches, in which the command runs.
    """
    own = {"PYTHONPATH": source, "LOSSMODEL_CACHE": place / "cache", "PYTHONPYCACHEPREFIX": place}
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "lossmodel", *words],
        env=kept | {name: str(path) for name, path in own.items()},
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(name: str, pairs: list[list[float]]) -> dict[str, object]:
    """Medians of both versions, and the quotients of runs that followed one another."""
    after, earlier = np.array(pairs).T
    ratio = after / earlier
    many = len(pairs) > 1
    return {
        "command": name,
        "runs": len(pairs),
        "cpu_before": round(float(np.median(earlier)), 2),
        "cpu_after": round(float(np.median(after)), 2),
        "ratio": round(float(np.median(ratio)), 2),
        "ratio_low": round(float(ratio.min()), 2) if many else None,
        "ratio_high": round(float(ratio.max()), 2) if many else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("fit", "other", "before"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--claims", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    one, other = str(given.fit.resolve()), str(given.other.resolve())
    commands = {
        "query": ["query", "killed", "russia", "2023", "--fit", one],
        "compare": ["compare", one, other],
        "verify": ["verify", one],
    }
    fits = {"fit, nothing in the cache": ["fit"], "fit again, nothing changed": ["fit"]}
    if given.claims:
        fits["fit, one claim about soldiers changed"] = ["fit", str(given.claims.resolve())]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        versions = {Path(folder, "after"): ROOT, Path(folder, "before"): given.before.resolve()}

        def both(words: list[str]) -> list[float]:
            return [cpu_seconds(source, words, place) for place, source in versions.items()]

        for place in versions:
            place.mkdir()
        for name, words in commands.items():
            rows.append(row(name, [both(words) for _ in range(given.runs + 1)][1:]))
        for name, words in fits.items() if given.claims else ():
            rows.append(row(name, [both(words)]))
    pd.DataFrame(rows).to_csv(RESULT, index=False)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
