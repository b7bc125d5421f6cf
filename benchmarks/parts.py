"""What each part of the model is worth: answers and scores with one part off at a time.

    python benchmarks/parts.py     about five minutes on two cores

Printed and written to benchmarks/results/parts.csv: the change of the totals of the shipped
conflict at the end of 2025, and the CRPS (on the log scale, lower is better) of both conflicts'
backtests. A part stays in the default if it lowers a score or if the answer would not be coherent
without it; what it is needed for stands beside it.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel import fit, load_claims
from lossmodel.api import Fit
from lossmodel.evaluation.backtest import backtest
from lossmodel.evaluation.tasks import run_tasks
from lossmodel.model.components import Components

RESULTS = Path(__file__).resolve().parent / "results"
END = pd.Timestamp("2025-12-31")
TOTALS = (
    ("killed", "russia"), ("casualties", "russia"), ("killed", "ukraine"), ("casualties", "ukraine")
)  # fmt: skip
NEEDED = {
    "drift": "claimants that change their ways",
    "common_mode": "errors that all share: without it intervals are too narrow",
    "group": "one side's organs, and third parties, are not independent witnesses",
    "definitions": "a word may or may not include the wounded",
    "missing": "the dead who are first missing",
    "delay": "a list's and a register's later vintages",
    "scopes": "registers and lists leave the militia out",
    "bounds": "more than, up to",
    "rounding": "figures in round thousands",
    "heavy_tails": "single figures that are far off",
}


def one(part: str, start: Fit | None = None) -> dict[str, float]:
    """Answers and scores with one part off; with none off for the empty name."""
    components = Components().without(part) if part else Components()
    line: dict[str, float] = {}
    fitted = fit(
        load_claims(), components=components, engine="laplace", submodels=("person",), start=start
    )
    days = fitted.days <= END
    for category, party in TOTALS:
        logs = np.log(fitted.daily(party, category)[:, days].sum(axis=1))
        line[f"{category} {party}"] = float(np.exp(np.median(logs)))
        line[f"sd {category} {party}"] = float(logs.std())
    for name in ("russia-ukraine", "battle-of-britain"):
        result = backtest(name, components=components, engine="laplace", jobs=1)
        windows = result.scores[result.scores["kind"] == "window"]
        line |= {f"crps {name}": float(windows["crps"].mean())}
        line |= {f"inside {name}": float(windows["covered_95"].mean())}
    return line


def main() -> None:
    names = ["", *Components.names()]
    lines = run_tasks(one, [{"part": name} for name in names], title="parts", progress=say)
    table = pd.DataFrame(lines, index=[name or "all parts" for name in names])
    base = table.iloc[0]
    for category, party in TOTALS:
        key = f"{category} {party}"
        table[f"change {key}"] = table[key] / base[key] - 1
    table["needed for"] = [NEEDED.get(name, "") for name in table.index]
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / "parts.csv", index_label="off", float_format="%.5g")
    sys.stderr.write("\n")
    print(table.T.to_string(float_format=lambda value: f"{value:.3g}"))


def say(text: str) -> None:
    sys.stderr.write(f"\r{text:<70}")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
