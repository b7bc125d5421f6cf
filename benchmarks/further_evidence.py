"""Artificial wars with each kind of evidence, and with its assumption broken: coverage, and flags.

    python -m benchmarks.further_evidence              100 wars of each arm; some 40 minutes
    python -m benchmarks.further_evidence --wars 20    fewer; nothing is kept
    python -m benchmarks.further_evidence --kind fate  one kind; nothing is kept

Three arms of the same wars: without the kind, with it, and with it while its assumption is broken
(`BROKEN`). `lossmodel.evaluation` simulates the wars from the priors; the soldiers are fitted by
laplace. Finished fits are stored under benchmarks/tasks/ (not in the repository), from which a run
is resumed; the table of a full run is kept in benchmarks/results/.

`benchmarks.kinds` has wars that are simulated person by person, by other code.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import beta

from lossmodel import LossModel
from lossmodel.evaluation.arms import HEADLINES
from lossmodel.evaluation.departures import Departures
from lossmodel.evaluation.scores import percent_name
from lossmodel.evaluation.simulation import Simulated, simulate
from lossmodel.evaluation.templates import Size
from lossmodel.evidence import collect_evidence
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.laplace.levels import hold_levels
from lossmodel.model.density.density import Density
from lossmodel.model.density.expansion import Expander
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.plots.ecdf import band_excess
from lossmodel.posterior.discrepancy import discrepancies

HERE = Path(__file__).resolve().parent
RESULTS, TASKS = HERE / "results", HERE / "tasks"
WARS, DRAWS = 100, 1000
# Longer than the wars of the arms: declarations take a year.
SIZE = Size(days=(240, 720), claimants=(5, 8), claims=(24, 60))
LEVELS = (0.5, 0.8, 0.95)
# A stream is flagged if its figures have a smaller p among what the other streams predict.
FLAG = 0.05
NONE, WITHOUT, WITH, BROKEN_ARM = "none", "without", "with", "broken"
COLUMNS = ["kind", "arm", "seed", "quantity", "rank", "z", "sd", "p"]


@dataclass(frozen=True)
class Broken:
    """An assumption that does not hold: a departure, its words, and the stream that it is seen in.

    The factors are 2.7 to 2.8 sds of the priors of what they multiply, but for double entries.
    """

    departures: Departures
    says: str
    accounting: str
    claimant: str = ""


BROKEN = {
    "ratio": Broken(
        Departures(compared=3.0), "the stated lethality is three times the true one", "ratio"
    ),
    "overlap": Broken(
        Departures(compared=7.0),
        "dependent lists: the odds of being listed of the compared dead are seven times as high",
        "overlap",
    ),
    "fate": Broken(
        Departures(compared=4.0), "each dead among the resolved cases is counted four times", "fate"
    ),
    "declared": Broken(
        Departures(compared=5.0), "each declaration is counted five times", "declarations"
    ),
    "triangle": Broken(Departures(duplicated=2.0), "lists have each name twice", "list", "graves"),
}


def simulated(seed: int, kind: str, arm: str) -> Simulated:
    """A war of one arm; all arms of a seed have the same losses and the same other figures."""
    departures = BROKEN[kind].departures if arm == BROKEN_ARM else Departures()
    size = replace(SIZE, evidence=() if arm == WITHOUT else (kind,))
    return simulate(seed=seed, size=size, departures=departures)


def measured(seed: int, kind: str, arm: str) -> Iterator[list[object]]:
    """Rows of `COLUMNS` of one war: a headline total each."""
    war = simulated(seed, kind, arm)
    evidence = collect_evidence(war.claims)
    density = Density(LossModel().design(evidence, war.claims.conflict))
    laplace = approximate(density, diagnose=False)
    theta = laplace.draw(DRAWS, np.random.default_rng(seed))
    draws = SubmodelDraws(density.model, hold_levels(density, laplace.mode, theta)[None])
    least = np.nan
    if arm != WITHOUT:
        found = discrepancies(density.design, Expander(density)(laplace.mode), ci_prob=0.95)
        streams, about = density.design.streams, BROKEN[kind]
        own = streams["accounting"] == about.accounting
        own &= streams["claimant"].str.startswith(about.claimant)
        least = float(found.loc[own.to_numpy(), "discrepancy_p"].min())
    path = war.paths[0]
    days = path.position(evidence.until) + 1
    for quantity in HEADLINES:
        category, party = quantity.split()
        logs = np.log(draws.total(party, category))
        true = float(np.log(path.losses(party, category)[:days].sum()))
        rank, sd = float((logs < true).mean()), float(logs.std(ddof=1))
        yield [kind, arm, seed, quantity, rank, (true - float(logs.mean())) / sd, sd, least]


def tasks(wars: int, kinds: list[str]) -> list[tuple[int, str, str]]:
    """Seeds, kinds and arms; wars without any kind are the same for all kinds."""
    arms = [(NONE, WITHOUT), *((kind, arm) for kind in kinds for arm in (WITH, BROKEN_ARM))]
    return [(seed, *arm) for seed in range(1, wars + 1) for arm in arms]


def run(wars: int, kinds: list[str]) -> pd.DataFrame:
    """All rows, from the store where they are there."""
    TASKS.mkdir(exist_ok=True)
    store = TASKS / "further-evidence.csv"
    if not store.exists():
        store.write_text(",".join(COLUMNS) + "\n")
    known = set(pd.read_csv(store)[["seed", "kind", "arm"]].itertuples(index=False, name=None))
    with store.open("a", newline="") as file:
        writer = csv.writer(file)
        for task in tasks(wars, kinds):
            if task not in known:
                writer.writerows(measured(*task))
                file.flush()
                print("war {}, {} {}".format(*task), file=sys.stderr, flush=True)
    table = pd.read_csv(store)
    return table[table["kind"].isin([NONE, *kinds]) & (table["seed"] <= wars)]


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per kind, arm and quantity; `headlines` pools all four totals.

    Intervals of coverage are 95% (Clopper and Pearson 1934). Totals of one war are not independent:
    those of `headlines` count each party of a war as one.
    """
    found = []
    plain = rows[rows["arm"] == WITHOUT].set_index(["seed", "quantity"])["sd"]
    for (kind, arm), own in rows.groupby(["kind", "arm"], sort=False):
        for quantity in ("headlines", *HEADLINES):
            part = own if quantity == "headlines" else own[own["quantity"] == quantity]
            line = {"kind": kind, "arm": arm, "quantity": quantity, "wars": part["seed"].nunique()}
            for level in LEVELS:
                inside = (part["rank"] - 0.5).abs() <= level / 2
                count = len(part) if quantity != "headlines" else len(part) / 2
                line |= dict(zip(_names(level), _interval(inside.mean(), count), strict=True))
            line |= {"z_mean": part["z"].mean(), "z_sd": part["z"].std()}
            line["outside"] = band_excess(part["rank"].to_numpy())
            keys = pd.MultiIndex.from_frame(part[["seed", "quantity"]])
            line["sd_ratio"] = float(np.median(part["sd"].to_numpy() / plain.loc[keys].to_numpy()))
            line["flagged"] = (part.groupby("seed")["p"].min() < FLAG).mean()
            found.append(line)
    return pd.DataFrame(found).round(3)


def _names(level: float) -> list[str]:
    name = percent_name(level)
    return [f"covered_{name}", f"lower_{name}", f"upper_{name}"]


def _interval(share: float, count: float) -> tuple[float, float, float]:
    hits = share * count
    lower = beta.ppf(0.025, hits, count - hits + 1) if hits > 0 else 0.0
    upper = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1.0
    return float(share), float(lower), float(upper)


def main() -> None:
    """Fit what is not stored yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wars", type=int, default=WARS, help="wars of each arm")
    parser.add_argument("--kind", action="append", choices=list(BROKEN), help="repeatable")
    given = parser.parse_args()
    table = summary(run(given.wars, given.kind or list(BROKEN)))
    pooled = table[table["quantity"] == "headlines"].drop(columns=["quantity", "outside"])
    print(pooled.to_string(index=False))
    for kind, about in BROKEN.items():
        print(f"{kind}, {BROKEN_ARM}: {about.says}")
    if given.kind is None and given.wars >= WARS:
        RESULTS.mkdir(exist_ok=True)
        table.to_csv(RESULTS / "further-evidence.csv", index=False)


if __name__ == "__main__":
    main()
