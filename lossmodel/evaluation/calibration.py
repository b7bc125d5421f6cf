"""Simulation-based calibration of the reported totals.

If a war and its claims are drawn from the model's assumptions, the true value of a total has a
uniform rank among its posterior draws (Talts et al. 2018), and an interval of probability p holds
it in a share p of the wars. The ECDF of the ranks is compared with simultaneous bands (Säilynoja,
Bürkner and Vehtari 2022).

The level of the losses is drawn narrowly around a centre that the fit does not know. Its prior of
the level is nearly flat where the claims are, and multiplying all losses and figures by a constant
changes no bias, so that the rank of a total has the same distribution at every level.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel.evaluation.further_evidence import known_evidence
from lossmodel.evaluation.misspecification import MisspecificationKind
from lossmodel.evaluation.replicates import replicate
from lossmodel.evaluation.scores import (
    LEVELS,
    percent_name,
)
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.evaluation.templates import Size
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.priors import Priors
from lossmodel.plots.ecdf import band_excess

__all__ = ["DECLARED", "Calibration", "calibrate"]

Floats = NDArray[np.float64]
# The quantity declared before the first run; the others are secondary.
DECLARED = "killed north"
# Columns of a replicate that belong to the war, not to a quantity.
WAR = ("seed", "days", "claims", "claimants", "broken", "gate", "statistics")
# Tolerance of the medians of laplace, in posterior sds: the target of its comparison with nuts.
WIDEN = 0.1


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks and coverage over many simulated wars.

    Attributes
    ----------
    replicates
        One row per war and quantity: `seed, quantity, rank` (share of draws below the truth),
        `truth, median, sd, width, interval_score` (of the 95% interval) on the log scale, `days,
        claims, gate`.
    coverage
        One row per quantity: `wars`, coverage by level, mean and sd of the posterior z-score of the
        truth, `outside` (largest excess of the rank ECDF over its band; not positive inside it),
        `outside_widened` (the same for a band widened by `WIDEN` posterior sds).
    failures
        `seed, error` of fits that failed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     calibrate(0).save(Path(folder) / "calibration.json", command="lossmodel calibrate")
    ...     json.loads((Path(folder) / "calibration.json").read_text())["command"]
    'lossmodel calibrate'
    """

    replicates: pd.DataFrame
    coverage: pd.DataFrame
    failures: pd.DataFrame

    def plot(self, quantity: str = DECLARED) -> Any:
        """Draw the ECDF of one quantity's ranks minus the diagonal, with its 95% band."""
        from lossmodel.plots.checks import plot_ranks

        ranks = self.replicates.loc[self.replicates["quantity"] == quantity, "rank"]
        return plot_ranks(ranks.to_numpy(), title=quantity)

    def save(self, path: str | Path, *, command: str = "") -> None:
        """Write coverage, wars and ranks as JSON, with the command that made them.

        `wars` has one record per war; `replicates` has the columns that differ by quantity.
        """
        rows = self.replicates.round(6)
        own = [name for name in WAR if name in rows]
        wars = rows.drop_duplicates("seed")[own] if len(rows) else rows
        content = {
            "command": command,
            "coverage": json.loads(self.coverage.to_json(orient="records")),
            "wars": json.loads(wars.to_json(orient="records", double_precision=4)),
            "replicates": {
                name: rows[name].tolist() for name in rows if name == "seed" or name not in own
            },
            "failures": json.loads(self.failures.to_json(orient="records")),
        }
        text = json.dumps(content, separators=(",", ":"))
        Path(path).write_text(text + "\n", encoding="utf-8")


def calibrate(
    replicates: int = 400,
    *,
    seed: int = 1,
    engine: EngineName = "laplace",
    priors: Priors | None = None,
    size: Size | None = None,
    misspecifications: Sequence[MisspecificationKind] = (),
    levels: Sequence[float] = LEVELS,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> Calibration:
    """Simulate wars, fit them, and compare the truth with the posterior draws.

    Parameters
    ----------
    replicates
        Number of wars; their seeds are `seed, seed + 1, ...`.
    priors
        Of the simulator and of the fits; the shipped priors by default.
    size
        Limits of the wars' sizes, and their kinds of evidence beside counts, as
        ``Size(evidence=("overlap",))``; see `further_evidence`.
    misspecifications
        Departures of each war from the model's assumptions; the loss of coverage is their cost.
    levels
        Probabilities of the intervals whose coverage is counted.
    jobs, store, cluster, progress
        See `tasks.run_tasks`.

    Raises
    ------
    UsageError
        There is no such engine, or no such kind of evidence.

    Examples
    --------
    >>> calibrate(0).replicates.empty
    True
    """
    # Checked here: within a task an error is only a failure of that war.
    check_engine(engine)
    known_evidence(() if size is None else size.evidence)
    given = Priors.default() if priors is None else priors
    limits = asdict(Size() if size is None else size)
    arguments = [
        {
            "seed": number,
            "engine": engine,
            "priors": given,
            "size": limits,
            "misspecifications": list(misspecifications),
            "levels": list(levels),
        }
        for number in range(seed, seed + replicates)
    ]
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = run_tasks(replicate, arguments, title="replicates of the calibration", **options)
    failures = pd.DataFrame(
        [(r["seed"], r["error"]) for r in results if "error" in r], columns=["seed", "error"]
    )
    rows = [
        {name: value for name, value in result.items() if name != "quantities"} | quantity
        for result in results
        for quantity in result.get("quantities", ())
    ]
    table = pd.DataFrame(rows)
    return Calibration(table, _coverage(table, levels), failures)


def _coverage(table: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    found = []
    for name, rows in table.groupby("quantity", sort=False) if len(table) else ():
        z = (rows["truth"] - rows["median"]) / rows["sd"]
        line: dict[str, Any] = {"quantity": name, "wars": len(rows)}
        for level in levels:
            column = f"covered_{percent_name(level)}"
            line[column] = rows[column].mean()
        line |= {"z_mean": z.mean(), "z_sd": z.std(), "posterior_sd": rows["sd"].median()}
        ranks = rows["rank"].to_numpy()
        line |= {"outside": band_excess(ranks), "outside_widened": band_excess(ranks, widen=WIDEN)}
        found.append(line)
    return pd.DataFrame(found)
