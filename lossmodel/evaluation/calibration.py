"""Simulation-based calibration of what is reported, not of parameters.

If war and claims are drawn from the model's own assumptions, the true value of a reported quantity
has a uniform rank among the posterior draws of it (Talts et al. 2018), and an interval of level p
holds it in a share p of the wars. The ECDF of the ranks is compared with bands that hold all of it
at once (Säilynoja, Bürkner and Vehtari 2022).

The level of the losses is drawn narrowly around a centre. The fit does not need to be told: its
prior of the level is nearly flat around what the claims say, and multiplying all losses and all
figures by one number changes no bias, so that the rank of a total has the same distribution
whatever the level is.
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

from lossmodel.api import fit
from lossmodel.errors import LossModelError
from lossmodel.evaluation.misspecification import MisspecificationKind
from lossmodel.evaluation.predictive_checks import misspecification_statistics
from lossmodel.evaluation.scores import LEVELS
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.evaluation.templates import Size
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.priors import Priors
from lossmodel.plots.ecdf import outside

__all__ = ["DECLARED", "Calibration", "calibrate", "replicate"]

Floats = NDArray[np.float64]
# The one quantity that was declared before anything was run; the others are printed beside it.
DECLARED = "killed north"
QUANTITIES = tuple(
    (category, party)
    for party in ("north", "south")
    for category in ("killed", "wounded", "casualties")
)
# What a replicate says of its war, whatever the quantity.
WAR = ("seed", "days", "claims", "claimants", "broken", "gate", "statistics")
# A rank needs some hundred effective draws, not the thousand of the gate.
SHORT: dict[str, Any] = {"nuts": {"draws": 150, "patience": 0.0}}
# An approximate engine may be off by this many posterior sd.
WIDEN = 0.1


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks and coverage over many simulated wars.

    Attributes
    ----------
    replicates
        One row a war and quantity: `seed, quantity, rank` (share of draws below the truth),
        `truth, median, sd` on the log scale, `days, claims, gate`.
    coverage
        One row a quantity: `wars`, coverage by level, mean and sd of the posterior z of the truth,
        `outside` (the largest step of the rank ECDF beyond its band; at most 0 is inside).
    failures
        `seed, error` of fits that did not end.
    """

    replicates: pd.DataFrame
    coverage: pd.DataFrame
    failures: pd.DataFrame

    def plot(self, quantity: str = DECLARED) -> Any:
        """Draw the ECDF of one quantity's ranks less the diagonal, in its band."""
        from lossmodel.plots.checks import plot_ranks

        ranks = self.replicates.loc[self.replicates["quantity"] == quantity, "rank"]
        return plot_ranks(ranks.to_numpy(), title=quantity)

    def save(self, path: str | Path, *, command: str = "") -> None:
        """Write coverage, wars and ranks as JSON, with the command that made them.

        A war stands once, in `wars`; `replicates` holds columns of what differs by quantity.
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
    breaks: Sequence[MisspecificationKind] = (),
    levels: Sequence[float] = LEVELS,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> Calibration:
    """Simulate wars, fit them, and count how often the truth is where the fit says it is.

    Parameters
    ----------
    replicates
        How many wars; the seeds are `seed, seed + 1, ...`.
    size
        Limits of the wars' sizes.
    breaks
        What in each war breaks the model's assumptions: the loss of coverage is what that costs.

    Raises
    ------
    UsageError
        No engine has that name.
    """
    # At once: an error within a task is a failure of that war only.
    check_engine(engine)
    given = Priors.default() if priors is None else priors
    limits = asdict(Size() if size is None else size)
    arguments = [
        {
            "seed": number,
            "engine": engine,
            "priors": given,
            "size": limits,
            "breaks": list(breaks),
            "levels": list(levels),
        }
        for number in range(seed, seed + replicates)
    ]
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = run_tasks(replicate, arguments, title="calibration", **options)
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


def replicate(
    seed: int,
    engine: EngineName,
    priors: Priors,
    size: dict[str, Any],
    breaks: Sequence[MisspecificationKind],
    levels: Sequence[float],
) -> dict[str, Any]:
    """One simulated war and its fit; what a task of `calibrate` does."""
    limits = Size(**{name: tuple(value) for name, value in size.items()})
    war = simulate(seed=seed, priors=priors, size=limits, breaks=breaks)
    try:
        fitted = fit(war.claims, priors=priors, engine=engine, seed=seed, **SHORT.get(engine, {}))
    except (LossModelError, np.linalg.LinAlgError) as error:
        return {"seed": seed, "error": f"{type(error).__name__}: {error}"}
    found = []
    for category, party in QUANTITIES:
        logs = np.log(fitted.daily(party, category)[:, : len(fitted.days)].sum(axis=1))
        path = war.paths[0].losses(party, category)[: len(fitted.days)].sum()
        found.append(_ranked(f"{category} {party}", logs, float(np.log(path)), levels))
    return {
        "seed": seed,
        "days": len(fitted.days),
        "claims": len(war.claims),
        "claimants": int(war.claims.table["claimant"].nunique()),
        "broken": [broken.kind for broken in war.breaks],
        "gate": bool(fitted.diagnostics["gate"]["passed"]),
        "statistics": misspecification_statistics(fitted),
        "quantities": found,
    }


def _ranked(name: str, logs: Floats, truth: float, levels: Sequence[float]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "quantity": name,
        "rank": float(np.mean(logs < truth)),
        "truth": truth,
        "median": float(np.median(logs)),
        "sd": float(logs.std(ddof=1)),
    }
    for level in levels:
        low, high = np.quantile(logs, [(1 - level) / 2, (1 + level) / 2])
        found[f"covered_{level * 100:g}"] = bool(low <= truth <= high)
    return found


def _coverage(table: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    found = []
    for name, rows in table.groupby("quantity", sort=False) if len(table) else ():
        z = (rows["truth"] - rows["median"]) / rows["sd"]
        line: dict[str, Any] = {"quantity": name, "wars": len(rows)}
        for level in levels:
            line[f"covered_{level * 100:g}"] = rows[f"covered_{level * 100:g}"].mean()
        line |= {"z_mean": z.mean(), "z_sd": z.std(), "posterior_sd": rows["sd"].median()}
        ranks = rows["rank"].to_numpy()
        line |= {"outside": outside(ranks), "outside_widened": outside(ranks, widen=WIDEN)}
        found.append(line)
    return pd.DataFrame(found)
