"""Calibration on simulated wars, sound and misspecified, and backtests; results as JSON and CSV.

    python benchmarks/calibration.py sound      1,000 sound wars: ranks, coverage, thresholds
    python benchmarks/calibration.py broken     100 of them, misspecified in each of five ways
    python benchmarks/calibration.py nuts       100 sound wars with the reference engine
    python benchmarks/calibration.py backtests  two conflicts against later evidence, and the
                                                shipped war without each kind of evidence
    python benchmarks/calibration.py revisions  the shipped war by quarters, and simulated wars

The threshold of a test for misspecification is the 90% quantile of its statistic over sound wars.
It is computed on the first half of the wars; false alarms are counted on the second half, and
detections on misspecified wars of that half. Finished fits are stored under benchmarks/tasks/ (not
in the repository), from which a run is resumed.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.level import KINDS
from lossmodel.claims import load_claims
from lossmodel.cli.console import progress
from lossmodel.conflict import load_conflict
from lossmodel.evaluation.arms import ARM_SIZE, war_seeds
from lossmodel.evaluation.backtest import backtest, errors_by_rule
from lossmodel.evaluation.calibration import DECLARED, Calibration, calibrate
from lossmodel.evaluation.kept import (
    OF_BACKTEST,
    SCORED,
    KeptTable,
    backtest_rows,
    keep_table,
    kept_table,
)
from lossmodel.evaluation.misspecification import MISSPECIFICATIONS
from lossmodel.evaluation.predictive_checks import THRESHOLDS
from lossmodel.evaluation.revisions import (
    revision_summary,
    revisions,
    simulated_revisions,
)
from lossmodel.evaluation.variants import COMMON_SDS

HERE = Path(__file__).resolve().parent
RESULTS, TASKS = HERE / "results", HERE / "tasks"
# 1,000 wars put a coverage of 95% within 1.4 points (two standard errors), 100 within 4.4.
WARS, FEWER, NUTS_WARS, SEED = 1000, 400, 100, 1
# The tests were developed on wars 501 to 700; these are new to them.
MISSPECIFIED_FROM, MISSPECIFIED_WARS = SEED + 700, 100
FALSE_ALARMS = 0.10
# Three revisions of each of two totals of two parties: 100 wars put their rms within 0.1.
REVISED, REVISED_WARS = "russia-ukraine", 100
# The ends of the truth's windows, and the anniversaries after them: most kinds came later.
KNOWN_BY = ("2023-02-26", "2024-02-25", "2025-02-24", "2026-02-24")
# Further sds of the common mode at which a backtest is repeated.
OTHER_SDS = {"russia-ukraine": (min(COMMON_SDS), max(COMMON_SDS)), "battle-of-britain": ()}


def run(
    misspecifications: Sequence[str] = (),
    *,
    engine: str = "laplace",
    wars: int = WARS,
    seed: int = SEED,
) -> Calibration:
    with progress() as say:
        return calibrate(
            wars,
            seed=seed,
            engine=engine,
            misspecifications=misspecifications,
            store=TASKS,
            progress=say,
        )


def keep(result: Calibration, name: str, command: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    result.save(RESULTS / f"calibration-{name}.json", command=command)
    figure = result.plot().figure
    figure.savefig(RESULTS / f"calibration-{name}.svg", metadata={"Date": None})


def keep_coverage(result: Calibration, engine: str) -> None:
    """Coverage of an engine, beside that of the others."""
    known = kept_table("calibration")
    names = ["quantity", "wars", "covered_50", "covered_80", "covered_95", "z_mean", "z_sd"]
    rows = result.coverage[names].assign(engine=engine, computed=today())
    others = [] if known is None else [known[known["engine"] != engine]]
    keep_table("calibration", pd.concat([*others, rows]))


def today() -> str:
    return f"{pd.Timestamp.now():%Y-%m-%d}"


def table(result: Calibration) -> str:
    return result.coverage.to_string(index=False, float_format=lambda value: f"{value:.3f}")


def statistics(result: Calibration) -> pd.DataFrame:
    """One row per war, by seed: the statistics of the tests and the misspecifications."""
    rows = result.replicates.drop_duplicates("seed")
    found = pd.DataFrame(list(rows["statistics"]), index=rows["seed"])
    return found.assign(broken=[",".join(kinds) for kinds in rows["broken"]])


def halves(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    first = table.index < SEED + WARS // 2
    return table[first], table[~first]


def sound() -> None:
    fewer = run(wars=FEWER)
    print(f"\nthe first {FEWER} wars\n{table(fewer)}")
    result = run()
    keep(result, "laplace", "python benchmarks/calibration.py sound")
    keep_coverage(result, "laplace")
    print(f"\nall {WARS}\n{table(result)}\nfits that failed: {len(result.failures)}")
    print(f"gate passed: {result.replicates.drop_duplicates('seed')['gate'].mean():.1%}")
    print_thresholds(*halves(statistics(result)))


def print_thresholds(first: pd.DataFrame, other: pd.DataFrame) -> None:
    for check in THRESHOLDS:
        limit = float(np.quantile(first[check], 1 - FALSE_ALARMS))
        alarms = (other[check] > limit).mean()
        print(
            f"{check}: threshold {limit:.2f} (in the package {THRESHOLDS[check]:.2f}), "
            f"false alarms on the second half {alarms:.1%}, "
            f"with the package's {(other[check] > THRESHOLDS[check]).mean():.1%}"
        )


def misspecified() -> None:
    found = {}
    for kinds in ((), *((kind,) for kind in MISSPECIFICATIONS)):
        result = run(kinds, wars=MISSPECIFIED_WARS, seed=MISSPECIFIED_FROM)
        name = " and ".join(kinds) or "sound"
        found[name] = detections(result, kinds)
        print(f"\n{name}: {found[name]}")
    RESULTS.mkdir(exist_ok=True)
    rows = [{"departure": name} | line for name, line in found.items()]
    keep_table("misspecified", pd.DataFrame(rows).assign(computed=today()))
    found["command"] = "python benchmarks/calibration.py broken"
    (RESULTS / "broken-wars.json").write_text(json.dumps(found, indent=1) + "\n")


def detections(result: Calibration, kinds: tuple[str, ...]) -> dict[str, float]:
    """Coverage and detections over the wars that had a place for the misspecification."""
    rows = result.replicates
    placed = rows[[set(kinds) <= set(those) for those in rows["broken"]]]
    declared = placed[placed["quantity"] == DECLARED]
    line = {"wars": len(declared)}
    line |= declared[["covered_50", "covered_95"]].astype(float).mean().to_dict()
    for check in set(kinds) & set(THRESHOLDS) if kinds else THRESHOLDS:
        flagged = statistics(result).loc[declared["seed"], check] > THRESHOLDS[check]
        line[f"flagged as {check}"] = float(flagged.mean())
    return line


def nuts() -> None:
    result = run(engine="nuts", wars=NUTS_WARS)
    keep(result, "nuts", "python benchmarks/calibration.py nuts")
    keep_coverage(result, "nuts")
    print(f"\n{table(result)}")


def backtests() -> None:
    RESULTS.mkdir(exist_ok=True)
    kept = []
    for name, sds in OTHER_SDS.items():
        with progress() as say:
            result = backtest(name, common_sds=sds, store=TASKS, progress=say)
        tables = (result.windows, result.summary)
        print("", name, *(table.to_string(index=False) for table in tables), sep="\n")
        errors = errors_by_rule(result.naive)
        print(f"{errors.to_string()}\npassed: {result.passed}")
        tables = {"scores": result.scores, "rivals": result.baselines, "naive": result.naive}
        for part, frame in tables.items():
            frame.to_csv(RESULTS / f"backtest-{name}-{part}.csv", index=False)
        kept.append(backtest_rows(load_conflict(name), result.scores, result.naive, today()))
    keep_table("backtests", pd.concat(kept))
    keep_table("evidence-backtests", pd.concat([without_kind(name) for name in KINDS]))


def without_kind(name: str) -> pd.DataFrame:
    """The shipped war at frozen dates without a kind of evidence."""
    left_out, components = KINDS[name]
    claims = load_claims(conflict=REVISED)
    claims = claims.select(~left_out(claims.table))
    with progress() as say:
        result = backtest(
            claims,
            dates=KNOWN_BY,
            components=components,
            engine="laplace",
            store=TASKS,
            progress=say,
        )
    rows = backtest_rows(claims.conflict, result.scores, result.naive, today())
    columns = ["war", *OF_BACKTEST, *SCORED, "computed"]
    print("", name, rows[columns[1:]].to_string(index=False), sep="\n")
    return rows[columns].assign(evidence=name)


def revised() -> None:
    with progress() as say:
        shipped = revisions(load_claims(conflict=REVISED), store=TASKS, progress=say)
        wars = simulated_revisions(
            war_seeds(REVISED_WARS), size=ARM_SIZE, store=TASKS, progress=say
        )
    found: dict[KeptTable, pd.DataFrame]
    found = {"revisions-shipped": shipped, "revisions-simulated": wars}
    for name, table in found.items():
        summary = revision_summary(table)
        print("", name, summary.to_string(index=False, float_format="{:.2f}".format), sep="\n")
        keep_table(name, summary)


if __name__ == "__main__":
    commands = {
        "sound": sound, "broken": misspecified, "nuts": nuts, "backtests": backtests,
        "revisions": revised,
    }  # fmt: skip
    chosen = sys.argv[1] if len(sys.argv) == 2 else ""
    if chosen not in commands:
        sys.exit(__doc__)
    commands[chosen]()
