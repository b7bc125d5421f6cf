"""Simulated wars of another make: coverage, width and interval score of each arm.

    python benchmarks/arms.py                    500 wars an arm
    python benchmarks/arms.py --wars 60          fewer; nothing is kept
    python benchmarks/arms.py --arm ramps        one arm beside the plain one; nothing is kept

The sizes of the arms are fixed in `lossmodel.evaluation.arms`. The table of a full run is kept in
benchmarks/results/arms.csv; the next run prints its interval scores beside those kept. Finished
fits are stored under benchmarks/tasks/ (not in the repository), from which a run is resumed.
"""

import argparse
from pathlib import Path

import pandas as pd

from lossmodel.cli.console import progress
from lossmodel.evaluation.arms import PLAIN, known_arms, score_arms

HERE = Path(__file__).resolve().parent
KEPT, TASKS = HERE / "results" / "arms.csv", HERE / "tasks"
# 500 wars put a coverage of 95% within 2 points (two standard errors).
WARS = 500
# Targets, fixed before the first run: coverage of 95% intervals of the plain arm, least coverage
# of the others, and their median width relative to the plain arm's.
PLAIN_COVERAGE, LEAST_COVERAGE, WIDEST = (0.92, 0.98), 0.90, 1.3
SHOWN = [
    *("arm", "wars", "covered_50", "covered_80", "covered_95", "se_95", "relative_width"),
    *("interval_score", "se_score", "score_kept", "bias", "gate_failed", "flagged", "failed"),
]


def misses(line: pd.Series) -> str:
    """Targets that an arm misses, in words; empty for none."""
    found = []
    if line["arm"] == PLAIN:
        low, high = PLAIN_COVERAGE
        found += [] if low <= line["covered_95"] <= high else [f"coverage not {low} to {high}"]
        return "; ".join(found)
    if line["covered_95"] < LEAST_COVERAGE:
        found.append(f"coverage below {LEAST_COVERAGE}")
    if line["relative_width"] > WIDEST:
        found.append(f"width above {WIDEST}")
    if line["interval_score"] > line["score_kept"]:
        found.append("interval score worse than the one kept")
    return "; ".join(found)


def with_kept(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the interval score of the last full run; NaN where there was none."""
    kept = pd.Series(dtype=float)
    if KEPT.is_file():
        before = pd.read_csv(KEPT)
        kept = before[before["quantity"] == "headlines"].set_index("arm")["interval_score"]
    return table.assign(score_kept=table["arm"].map(kept))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wars", type=int, default=WARS, help="wars of each arm")
    parser.add_argument("--arm", action="append", default=[], help="one arm; repeatable")
    parser.add_argument("--jobs", type=int, default=2, help="parallel processes")
    given = parser.parse_args()
    names = [PLAIN, *(name for name in given.arm if name != PLAIN)] if given.arm else []
    arms = known_arms(names)
    with progress() as say:
        result = score_arms(given.wars, arms=arms, jobs=given.jobs, store=TASKS, progress=say)
    table = with_kept(result.headlines)
    table["misses"] = [misses(line) for _, line in table.iterrows()]
    print(table[[*SHOWN, "misses"]].to_string(index=False, float_format="{:.3f}".format))
    for arm in arms:
        print(f"{arm.name}: {arm.reason}")
    for failure in result.failures.itertuples():
        print(f"no result: {failure.arm}, war {failure.seed}: {failure.error}")
    if not given.arm and given.wars >= WARS:
        KEPT.parent.mkdir(exist_ok=True)
        result.table.round(4).to_csv(KEPT, index=False)


if __name__ == "__main__":
    main()
