"""Calibration on simulated wars of another make: arms whose sizes are fixed beforehand.

Each arm departs from the model's assumptions in one way, in all streams; the last one in all ways.
All arms have the same wars, so that widths and scores compare like with like. Every war has a list
of names and a third party, so that every arm has its place in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.evaluation.departures import Departures, together
from lossmodel.evaluation.predictive_checks import THRESHOLDS
from lossmodel.evaluation.replicates import replicate
from lossmodel.evaluation.scores import percent_name
from lossmodel.evaluation.targets import PLAIN
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.evaluation.templates import Plan, Size, draw_plan
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.priors import Priors

__all__ = [
    "ALL",
    "ARMS",
    "Arm",
    "ArmScores",
    "known_arms",
    "score_arms",
    "war_seeds",
]

LEVELS = (0.5, 0.8, 0.95)
# Totals whose coverage is pooled: those that a report begins with. Wounded follow from the two.
HEADLINES = ("killed north", "killed south", "casualties north", "casualties south")
# Wars of weeks to eight months with a fit of 0.6 CPU seconds; with at least five claimants a list
# and observers are usual. Three sizes of arms fit in an hour on two cores.
ARM_SIZE = Size(days=(60, 240), claimants=(5, 8), claims=(24, 60))


@dataclass(frozen=True)
class Arm:
    """One kind of war.

    Attributes
    ----------
    name, reason
        Of the departure and its size.
    departures
        Departures from the model's assumptions in each war.
    """

    name: str
    reason: str
    departures: Departures


ALL = "all together"
# A factor of 1.5 is that of a change of method in `misspecification`, of which the checks see half.
_SINGLE = (
    Arm(
        "jumps",
        "a factor of 1.5, as in a change of method, but in every stream and either way",
        Departures(jump=1.5),
    ),
    Arm(
        "t3 biases",
        "the tails of three degrees of freedom, the heaviest with a variance; the bulk is kept",
        Departures(tail_df=3.0),
    ),
    Arm(
        "ramps",
        "a factor of 2 from the first figure to the last, which half-way is that of a jump or so",
        Departures(ramp=2.0),
    ),
    Arm(
        "unmarked relays",
        "half of the totals of third parties, as many again as are independent",
        Departures(relayed=0.5),
    ),
    Arm(
        "low coverage",
        "lists that reach half to nineteen in twenty, as books of names did",
        Departures(coverage=(0.5, 0.95)),
    ),
    Arm(
        "mis-centred roles",
        "a factor of 1.5 for each role, more than half of the error with which history predicts a "
        "war that it leaves out",
        Departures(centre=1.5),
    ),
)
ARMS: tuple[Arm, ...] = (
    Arm(PLAIN, "as the model assumes", Departures()),
    *_SINGLE,
    Arm(ALL, "every departure at its size", together(*(arm.departures for arm in _SINGLE))),
)


@dataclass(frozen=True, eq=False)
class ArmScores:
    """Scores of all arms over their wars.

    Attributes
    ----------
    table
        One row per arm and quantity; `headlines` pools killed and casualties of both parties:
        `wars, covered_*` and `se_*` (its Monte Carlo standard error) by level, `width` (median, of
        the log of upper over lower limit, 95%), `relative_width` (over that of the plain arm),
        `interval_score` and `se_score` (mean; 95%, log scale), `bias` and `se_bias` (mean log
        median minus log truth), `gate_failed`, `flagged` (shares of the wars; flagged by any test
        for misspecification), `failed` (number of fits without a result).
    wars
        One row per arm, war and quantity: the columns of `Calibration.replicates` and `arm`.
    failures
        `arm, seed, error` of fits that failed.
    """

    table: pd.DataFrame
    wars: pd.DataFrame
    failures: pd.DataFrame

    @property
    def headlines(self) -> pd.DataFrame:
        """The rows of the pooled headlines, without their name."""
        rows = self.table[self.table["quantity"] == "headlines"]
        return rows.drop(columns="quantity").reset_index(drop=True)


def known_arms(names: Sequence[str]) -> tuple[Arm, ...]:
    """Arms by name; all of them for no name.

    Raises
    ------
    UsageError
        There is no such arm.

    Examples
    --------
    >>> [arm.name for arm in known_arms(["ramps"])]
    ['ramps']
    """
    by_name = {arm.name: arm for arm in ARMS}
    for name in names:
        if name not in by_name:
            raise UsageError(f"no arm {name!r}; there are: {', '.join(by_name)}")
    return tuple(by_name[name] for name in names or by_name)


def war_seeds(wars: int, *, seed: int = 1, size: Size = ARM_SIZE) -> list[int]:
    """Seeds, from one on, of wars in which every arm has a place.

    Examples
    --------
    >>> seeds = war_seeds(2)
    >>> seeds == war_seeds(1) + war_seeds(1, seed=seeds[0] + 1)
    True
    """
    found: list[int] = []
    while len(found) < wars:
        if _has_place(draw_plan(size, np.random.default_rng(seed))):
            found.append(seed)
        seed += 1
    return found


def _has_place(plan: Plan) -> bool:
    streams = plan.conflict.streams
    third = streams["claimant"].str.startswith("observer") & (streams["accounting"] == "estimate")
    return bool((streams["accounting"] == "list").any() and third.any())


def score_arms(
    wars: int = 500,
    *,
    arms: Sequence[Arm] = ARMS,
    seed: int = 1,
    engine: EngineName = "laplace",
    priors: Priors | None = None,
    size: Size = ARM_SIZE,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> ArmScores:
    """Simulate and fit the same wars in every arm.

    Parameters
    ----------
    wars
        Number of wars of each arm. With 500, a coverage of 95% has a standard error of 1 point.
    priors
        Of the simulator and of the fits; the shipped priors by default.
    jobs, store, cluster, progress
        See `tasks.run_tasks`.

    Raises
    ------
    UsageError
        There is no such engine.

    Examples
    --------
    >>> score_arms(0).table.empty
    True
    """
    check_engine(engine)
    shared = {
        "engine": engine,
        "priors": Priors.default() if priors is None else priors,
        "size": asdict(size),
        "misspecifications": [],
        "levels": list(LEVELS),
    }
    tasks = [
        (arm.name, shared | {"seed": number, "departures": arm.departures})
        for number in war_seeds(wars, seed=seed, size=size)
        for arm in arms
    ]
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = run_tasks(
        replicate, [given for _, given in tasks], title="replicates of the arms", **options
    )
    named = [{"arm": name} | result for (name, _), result in zip(tasks, results, strict=True)]
    failures = [(r["arm"], r["seed"], r["error"]) for r in named if "error" in r]
    rows = pd.DataFrame([row for result in named for row in _rows(result)])
    return ArmScores(
        pd.DataFrame(list(_scores(rows, failures)) if len(rows) else []),
        rows,
        pd.DataFrame(failures, columns=["arm", "seed", "error"]),
    )


def _rows(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    about = {name: value for name, value in result.items() if name != "quantities"}
    statistics = about.pop("statistics", {})
    about["flagged"] = any(value > THRESHOLDS[name] for name, value in statistics.items())
    for quantity in result.get("quantities", ()):
        if quantity["quantity"] in HEADLINES:
            yield about | quantity


def _scores(
    rows: pd.DataFrame, failures: Sequence[tuple[str, int, str]]
) -> Iterator[dict[str, Any]]:
    plain: dict[str, float] = {}
    for arm, own in rows.groupby("arm", sort=False):
        failed = sum(name == arm for name, _, _ in failures)
        parts = {"headlines": own} | dict(iter(own.groupby("quantity", sort=False)))
        for quantity, part in parts.items():
            line = {"arm": arm, "quantity": quantity, "wars": part["seed"].nunique()}
            for level in LEVELS:
                name = percent_name(level)
                line[f"covered_{name}"], line[f"se_{name}"] = _mean(part, f"covered_{name}")
            width = float(part["width"].median())
            if arm == PLAIN:
                plain[str(quantity)] = width
            line |= {"width": width, "relative_width": width / plain.get(str(quantity), np.nan)}
            line["interval_score"], line["se_score"] = _mean(part, "interval_score")
            errors = part.assign(error=part["median"] - part["truth"])
            line["bias"], line["se_bias"] = _mean(errors, "error")
            line["gate_failed"] = float(1 - part["gate"].mean())
            line["flagged"] = float(part["flagged"].mean())
            yield line | {"failed": failed}


def _mean(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    """Mean over wars and its standard error; quantities of one war are not independent."""
    wars = rows.groupby("seed")[column].mean()
    return float(wars.mean()), float(wars.std() / np.sqrt(len(wars)))
