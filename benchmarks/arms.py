"""Simulated wars of another make: coverage, width and interval score of each arm.

    python benchmarks/arms.py                    500 wars an arm
    python benchmarks/arms.py --wars 100         fewer; of less than 100 nothing is kept
    python benchmarks/arms.py --arm ramps        one arm beside the plain one; nothing is kept

The sizes of the arms are fixed in `lossmodel.evaluation.arms`. The table is kept in
data/validation/, for reports; the next run prints its interval scores beside those kept. Finished
fits are stored under benchmarks/tasks/ (not in the repository), from which a run is resumed.
"""

import argparse
from pathlib import Path

import pandas as pd

from lossmodel.cli.console import progress
from lossmodel.evaluation.arms import known_arms, score_arms
from lossmodel.evaluation.kept import keep_table, kept_table
from lossmodel.evaluation.targets import PLAIN, misses

HERE = Path(__file__).resolve().parent
TASKS = HERE / "tasks"
# 500 wars put a coverage of 95% within 2 points (two standard errors), 100 within 4.4.
WARS, LEAST = 500, 100
SHOWN = [
    *("arm", "wars", "covered_50", "covered_80", "covered_95", "se_95", "relative_width"),
    *("interval_score", "se_score", "score_kept", "bias", "gate_failed", "flagged", "failed"),
]


def with_kept(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the interval score of the last full run; NaN where there was none."""
    kept, before = pd.Series(dtype=float), kept_table("arms")
    if before is not None:
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
    table["misses"] = [misses(line) for line in table.to_dict("records")]
    print(table[[*SHOWN, "misses"]].to_string(index=False, float_format="{:.3f}".format))
    for arm in arms:
        print(f"{arm.name}: {arm.reason}")
    for failure in result.failures.itertuples():
        print(f"no result: {failure.arm}, war {failure.seed}: {failure.error}")
    if not given.arm and given.wars >= LEAST:
        keep_table("arms", result.table)


if __name__ == "__main__":
    main()
