"""Calibration on simulated wars, the flags of broken ones, and backtests; results as JSON.

    python benchmarks/calibration.py sound      1,000 sound wars: ranks, coverage, flags' thresholds
    python benchmarks/calibration.py broken     100 of them, each broken in one of five ways
    python benchmarks/calibration.py nuts       100 sound wars with the reference engine
    python benchmarks/calibration.py backtests  both shipped conflicts against what became known

The thresholds of the flags are those that one sound war in ten passes. They are found on the first
half of the wars; false alarms are counted on the other half, and detections on wars of that half
that were broken. Every finished fit is kept under benchmarks/tasks/ (not in the repository) and
taken up again.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel.evaluation.backtest import backtest
from lossmodel.evaluation.calibration import DECLARED, Calibration, calibrate
from lossmodel.evaluation.misspecification import MISSPECIFICATIONS
from lossmodel.evaluation.predictive_checks import THRESHOLDS

HERE = Path(__file__).resolve().parent
RESULTS, TASKS = HERE / "results", HERE / "tasks"
WARS, FEWER, NUTS_WARS, SEED = 1000, 400, 100, 1
# The checks took their form on wars 501 to 700: these they have not seen.
BROKEN_FROM, BROKEN_WARS = SEED + 700, 100
FALSE_ALARMS = 0.10


def say(text: str) -> None:
    sys.stderr.write(f"\r{text:<70}")
    sys.stderr.flush()


def run(
    misspecifications: tuple[str, ...] = (),
    *,
    engine: str = "laplace",
    wars: int = WARS,
    seed: int = SEED,
) -> Calibration:
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


def table(result: Calibration) -> str:
    return result.coverage.to_string(index=False, float_format=lambda value: f"{value:.3f}")


def statistics(result: Calibration) -> pd.DataFrame:
    """One row a war: its seed, the statistics of the flags, how it was broken."""
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
    print(f"\nall {WARS}\n{table(result)}\nfits that did not end: {len(result.failures)}")
    print(f"gate passed: {result.replicates.drop_duplicates('seed')['gate'].mean():.1%}")
    first, other = halves(statistics(result))
    for check in THRESHOLDS:
        limit = float(np.quantile(first[check], 1 - FALSE_ALARMS))
        alarms = (other[check] > limit).mean()
        print(
            f"{check}: threshold {limit:.2f} (in the package {THRESHOLDS[check]:.2f}), "
            f"false alarms on the other half {alarms:.1%}, "
            f"of the package's {(other[check] > THRESHOLDS[check]).mean():.1%}"
        )


def broken() -> None:
    levels = ("covered_50", "covered_95")
    found = {}
    for kinds in ((), *((kind,) for kind in MISSPECIFICATIONS)):
        result = run(kinds, wars=BROKEN_WARS, seed=BROKEN_FROM)
        rows = result.replicates
        hit = rows[[set(kinds) <= set(those) for those in rows["broken"]]]
        declared = hit[hit["quantity"] == DECLARED]
        line = {"wars": len(declared)} | {level: float(declared[level].mean()) for level in levels}
        for check in set(kinds) & set(THRESHOLDS) if kinds else THRESHOLDS:
            flagged = statistics(result).loc[declared["seed"], check] > THRESHOLDS[check]
            line[f"flagged as {check}"] = float(flagged.mean())
        name = " and ".join(kinds) or "sound"
        found[name] = line
        print(f"\n{name}: {line}")
    RESULTS.mkdir(exist_ok=True)
    found["command"] = "python benchmarks/calibration.py broken"
    (RESULTS / "broken-wars.json").write_text(json.dumps(found, indent=1) + "\n")


def nuts() -> None:
    result = run(engine="nuts", wars=NUTS_WARS)
    keep(result, "nuts", "python benchmarks/calibration.py nuts")
    print(f"\n{table(result)}")


def backtests() -> None:
    RESULTS.mkdir(exist_ok=True)
    for name, sds in (("russia-ukraine", (0.10, 0.25)), ("battle-of-britain", ())):
        result = backtest(name, common_sds=sds, store=TASKS, progress=say)
        windows = result.scores[result.scores["kind"] == "window"]
        print(
            f"\n{name}\n{windows.to_string(index=False)}\n{result.summary.to_string(index=False)}"
        )
        errors = result.naive.groupby("rule")["error"].agg(lambda error: error.abs().mean())
        print(f"{errors.to_string()}\npassed: {result.passed}")
        tables = {"scores": result.scores, "rivals": result.baselines, "naive": result.naive}
        for part, frame in tables.items():
            frame.to_csv(RESULTS / f"backtest-{name}-{part}.csv", index=False)


if __name__ == "__main__":
    commands = {"sound": sound, "broken": broken, "nuts": nuts, "backtests": backtests}
    chosen = sys.argv[1] if len(sys.argv) == 2 else ""
    if chosen not in commands:
        sys.exit(__doc__)
    commands[chosen]()
