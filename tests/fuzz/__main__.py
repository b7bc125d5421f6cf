"""Hostile input of every kind, and fits that are killed: ``make fuzz``, in about ten minutes.

    python -m tests.fuzz [--scale 1] [--seed 1] [--only tables queries]

A number with a seed makes the same input again. The exit status is 1 where anything but an answer
or a clear error came out.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lossmodel import fit, load_claims
from tests.fuzz import kills, saved_fits, tables, texts

# How many at scale 1.
NUMBERS = {
    "tables": 2000, "folders": 200, "fits": 300, "priors": 1000, "imports": 1000, "queries": 2000,
    "kills": 20,
}  # fmt: skip
# Counts that are no fault.
FINE = {
    *("ok", "refused", "the same", "kills", *kills.ENDINGS, "had ended", "earlier report"),
    *("new report", "leftovers before the next run"),
}


def _saved(n: int, seed: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "whole.nc"
        fit(load_claims(conflict="sixday1967"), engine="laplace", draws=50).save(path)
        numbers = saved_fits.numbers_of(path)
        for _ in range(n):
            _, broken = saved_fits.corrupted(path, rng)
            counts[saved_fits.outcome(broken, numbers, Path(name))] += 1
    return counts


def main() -> int:
    """Run all kinds, print counts, and tell by the status whether all came out well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=NUMBERS, default=list(NUMBERS))
    given = parser.parse_args()
    fitted = fit(load_claims(conflict="battle-of-britain"), engine="laplace", draws=50)

    def both(found: tuple[Counter[str], list[tuple[int, str]]]) -> Counter[str]:
        for number, words in found[1][:10]:
            sys.stdout.write(f"    number {number}: {words}\n")
        return found[0]

    runs: dict[str, Callable[[int], Counter[str]]] = {
        "tables": lambda n: both(tables.run(n, given.seed)),
        "folders": lambda n: both(tables.run(n, given.seed, folders=True)),
        "fits": lambda n: _saved(n, given.seed),
        "kills": lambda n: kills.kills(n, given.seed),
    }
    bad = 0
    for kind in given.only:
        n = max(1, round(NUMBERS[kind] * given.scale))
        if kind in texts.KINDS:
            counts = both(texts.run(kind, n, given.seed, fitted))
        else:
            counts = runs[kind](n)
        sys.stdout.write(f"{kind}, seed {given.seed}: {dict(counts)}\n")
        sys.stdout.flush()
        bad += sum(count for name, count in counts.items() if name not in FINE)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
