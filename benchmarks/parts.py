"""Ablation of the model: totals and scores with one component switched off at a time.

    python benchmarks/parts.py     about five minutes on two cores

Printed and written to benchmarks/results/parts.csv: the changes of the totals of the shipped
conflict at the end of 2025, and the CRPS (on the log scale, smaller is better) of the backtests of
both conflicts. A component stays in the default if it lowers a score, or if totals would not be
coherent without it; the column `needed for` has its purpose.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel import fit, load_claims
from lossmodel.api import Fit
from lossmodel.cli.console import progress
from lossmodel.evaluation.backtest import backtest
from lossmodel.evaluation.tasks import run_tasks
from lossmodel.model.components import Components

RESULTS = Path(__file__).resolve().parent / "results"
END = pd.Timestamp("2025-12-31")
TOTALS = (
    ("killed", "russia"), ("casualties", "russia"), ("killed", "ukraine"), ("casualties", "ukraine")
)  # fmt: skip
PURPOSE = {
    "drift": "biases that change over time",
    "common_mode": "errors shared by all claimants; without it intervals are too narrow",
    "group": "errors shared within a side, and among third parties",
    "definitions": "words that may or may not include the wounded",
    "missing": "the dead who are missing at first",
    "delay": "later vintages of lists and registers",
    "scopes": "registers and lists without the militia",
    "bounds": "lower and upper bounds",
    "rounding": "figures in round thousands",
    "copies": "figures that repeat another claimant's without saying so",
    "heavy_tails": "outliers",
}


def ablation(part: str, start: Fit | None = None) -> dict[str, float]:
    """Totals and scores without one component; with all of them for the empty name."""
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
        line |= {f"crps {name}": float(result.windows["crps"].mean())}
        line |= {f"inside {name}": float(result.windows["covered_95"].mean())}
    return line


def main() -> None:
    names = ["", *Components.names()]
    with progress() as say:
        lines = run_tasks(ablation, [{"part": name} for name in names], title="parts", progress=say)
    table = pd.DataFrame(lines, index=[name or "all parts" for name in names])
    base = table.iloc[0]
    for category, party in TOTALS:
        key = f"{category} {party}"
        table[f"change {key}"] = table[key] / base[key] - 1
    table["needed for"] = [PURPOSE.get(name, "") for name in table.index]
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / "parts.csv", index_label="off", float_format="%.5g")
    print(table.T.to_string(float_format=lambda value: f"{value:.3g}"))


if __name__ == "__main__":
    main()
