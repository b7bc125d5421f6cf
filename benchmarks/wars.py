"""Past wars, each fitted without its own cluster of history, scored beside rules of thumb.

    python benchmarks/wars.py                   all wars of data/ whose truth is known, and pairs
    python benchmarks/wars.py --war kargil1999  some of them; a name or a folder, repeatable

A run of all wars keeps its scores in data/wars/, where reports find them; with --out DIR any run
writes them there instead. Finished fits are stored under benchmarks/tasks/ (not in the repository),
from which a run is resumed.
"""

import argparse
from pathlib import Path

import pandas as pd

from lossmodel.cli.console import progress
from lossmodel.evaluation import war_tables
from lossmodel.evaluation.pairs import score_pairs
from lossmodel.evaluation.scores import ZERO_AS
from lossmodel.evaluation.wars import ALL_CLAIMS, LAST_DAY, RULES, score_wars

TASKS = Path(__file__).resolve().parent / "tasks"
WHY = 80  # characters of a reason that are printed; the table has all
SHOWN = ["war", "stage", "party", "category", "start", "end", "truth", "median", "lower", "upper"]
SHOWN += ["ratio", "pit", "crps", "log_score", "interval_score_95", "covered_95", "public", *RULES]


def text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:,.3g}")


def print_wars(scores: pd.DataFrame) -> None:
    print(f"Log scale; a truth of zero counts as {ZERO_AS}. Columns {', '.join(RULES)}: errors of")
    print(f"rules of thumb ({', '.join(RULES.values())}).")
    print("Truths that are public at a stage are listed and compared, but not counted in means.")
    both = (LAST_DAY, ALL_CLAIMS)
    lines = pd.concat([war_tables.windows(scores, stage, public=True) for stage in both])
    print(f"\nEach truth of a window\n{text(lines[SHOWN])}")
    print(f"\nEstimate / truth by stage\n{text(war_tables.by_stage(scores))}")
    for stage in (LAST_DAY, ALL_CLAIMS):
        print(f"\nBy war, {stage}\n{text(war_tables.by_war(scores, stage).drop(columns='title'))}")
        fifths = ", ".join(f"{share:.0%}" for share in war_tables.pit_fifths(scores, stage))
        print(f"PITs in each fifth of (0, 1): {fifths}")
    print(f"\nBy stage, wars with equal weights\n{text(war_tables.by_date(scores))}")
    print(f"\nBeside rules of thumb, wars with equal weights\n{text(war_tables.by_rule(scores))}")
    print(f"\nFrom the last day to all claims\n{text(war_tables.late_changes(scores))}")
    days = scores[(scores["kind"] == "day") & (scores["stage"] == ALL_CLAIMS)]
    if len(days):
        covered = (
            days.groupby("war")[war_tables.MEANS].mean().assign(days=days.groupby("war").size())
        )
        print(f"\nSingle days, all claims\n{text(covered.reset_index())}")
    fits = scores[scores["engine"].notna()].drop_duplicates(["war", "stage"])
    print(f"\nFits by engine: {fits['engine'].value_counts().to_dict()}")
    failed = fits[~fits["gate"].astype(bool)]
    print("Fits that did not pass their gate:", len(failed))
    for war, stage in failed[["war", "stage"]].itertuples(index=False):
        print(f"  {war}, {stage}")
    if "why" in scores and scores["why"].notna().any():
        without = scores[scores["why"].notna()].assign(why=scores["why"].str.slice(stop=WHY))
        print(f"\nNot scored\n{text(without[['war', 'stage', 'party', 'category', 'end', 'why']])}")


def print_pairs(pairs: pd.DataFrame) -> None:
    print(f"\nPairs without a folder, by role and class\n{text(war_tables.pair_summary(pairs))}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--war", action="append", metavar="NAME|DIR")
    parser.add_argument("--engine", default="auto", choices=("auto", "laplace", "nuts"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--out", type=Path, metavar="DIR")
    given = parser.parse_args()
    with progress() as say:
        scores = score_wars(
            given.war,
            engine=given.engine,
            seed=given.seed,
            jobs=given.jobs,
            store=TASKS,
            progress=say,
        )
    print_wars(scores)
    if given.out is not None or given.war is None:
        print(f"\nkept in {war_tables.write_kept('wars', scores, given.out)}")
    if given.war is None:
        with_folder = set("; ".join(scores["left_out"].unique()).split("; "))
        pairs = score_pairs()
        pairs = pairs[~pairs["cluster"].isin(with_folder)]
        print_pairs(pairs)
        print(f"\nkept in {war_tables.write_kept('pairs', pairs, given.out)}")


if __name__ == "__main__":
    main()
