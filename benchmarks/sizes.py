"""Seconds and peak memory on large tables.

    python benchmarks/sizes.py                      all tables, about ten minutes on two cores
    python benchmarks/sizes.py check-long           only these
    python benchmarks/sizes.py --parts fit-claims   CPU seconds of the parts of a fit

Each table is made with a seed in a temporary folder and measured in a process of its own. `check`
is the command; `fit` is `fit(..., engine="laplace")` without a report. Seconds are of the clock and
of the CPU: other work on the machine lengthens the first. `results/sizes.csv` and
`results/sizes-parts.csv` keep what was measured.
"""

import cProfile
import pstats
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 1
KILOBYTES = 1024  # in a megabyte: the system counts in kilobytes
TOML = """title = "A large war"
start = {start}
end = {end}
[sides]
north = "North"
south = "South"
[parties.north]
side = "north"
fights = "south"
[parties.south]
side = "south"
fights = "north"
"""
HEADER = "claim_id,claimant,party,category,kind,start,end,value,low,high,qualifier,published\n"


# Parts of a fit, and the functions in which their time is spent.
PARTS = {
    "collect_evidence": "evidence",
    "submodels": "design",
    "approach": "start",
    "find_hyper_mode": "hyperparameters",
    "_axes": "axial points",
    "normality_diagnostics": "checks of the approximation",
    "predicted": "predictions of the figures",
    "discrepancy_table": "each stream against the others",
    "biases_table": "biases by stream",
}


@dataclass(frozen=True)
class Size:
    """A table: how it is made, and what is done with it."""

    make: Callable[[Path], None]
    task: str
    about: str


def write(folder: Path, claims: pd.DataFrame, *, days: int, ledgers: bool) -> None:
    """Write a conflict of a number of days, with the claimants of its claims."""
    start = pd.Timestamp("1900-01-01")
    end = start + pd.Timedelta(days=days - 1)
    (folder / "conflict.toml").write_text(TOML.format(start=start.date(), end=end.date()))
    names = pd.unique(claims["claimant"])
    sides = ["north", "south", ""]
    rows = [f"{name},{name},{sides[i % 3]},,," for i, name in enumerate(names)]
    (folder / "claimants.csv").write_text(
        "\n".join(["claimant,name,side,url,derived_from,note", *rows]) + "\n"
    )
    keys = claims[["claimant", "party", "category"]].drop_duplicates() if ledgers else []
    kept = [f"{','.join(key)},ledger,," for key in np.asarray(keys).tolist()]
    (folder / "streams.csv").write_text(
        "\n".join(["claimant,party,category,accounting,method,note", *kept]) + "\n"
    )
    (folder / "sources.csv").write_text("source,title,publisher,date,url,archive_url,accessed\n")
    table = claims.assign(claim_id=[f"c{i}" for i in range(len(claims))])
    table.reindex(columns=HEADER.strip().split(",")).to_csv(folder / "claims.csv", index=False)


def dates(numbers: np.ndarray) -> np.ndarray:
    return np.datetime64("1900-01-01") + numbers


def daily(folder: Path, *, claimants: int, days: int, ledgers: bool = False) -> None:
    """One daily figure per claimant and day, of alternating parties."""
    rng = np.random.default_rng(SEED)
    who, day = (grid.ravel() for grid in np.indices((claimants, days)))
    rate = 100 * np.exp(0.5 * np.sin(np.arange(days) / 200))
    claims = pd.DataFrame(
        {
            "claimant": np.char.add("p", who.astype(str)),
            "party": np.where(who % 2, "north", "south"),
            "category": "killed",
            "kind": "daily",
            "start": dates(day),
            "end": dates(day),
            "value": rng.poisson(rate[day]),
            "qualifier": "exact",
            "published": dates(day + 1),
        }
    )
    write(folder, claims, days=days + 30, ledgers=ledgers)


def estimates(folder: Path, *, claimants: int, each: int, days: int) -> None:
    """Totals since the start, each claimant's at random dates, a third with a range or a bound."""
    rng = np.random.default_rng(SEED)
    n = claimants * each
    end = np.sort(rng.integers(min(30, days // 2), days, (claimants, each)), axis=1).ravel()
    who = np.repeat(np.arange(claimants), each)
    bias = rng.normal(0, 0.3, claimants)
    value = np.round(100.0 * (end + 1) * np.exp(bias[who] + rng.normal(0, 0.1, n)), -2) + 100
    qualifier = rng.choice(["exact", "about", "at-least", "range"], n, p=[0.4, 0.3, 0.15, 0.15])
    ranged = qualifier == "range"
    claims = pd.DataFrame(
        {
            "claimant": np.char.add("p", who.astype(str)),
            "party": np.where(who % 2, "north", "south"),
            "category": np.where(rng.random(n) < 0.5, "killed", "casualties"),
            "kind": "cumulative",
            "end": dates(end),
            "value": np.where(ranged, np.nan, value),
            "low": np.where(ranged, value * 0.9, np.nan),
            "high": np.where(ranged, value * 1.1, np.nan),
            "qualifier": qualifier,
            "published": dates(end + rng.integers(0, 20, n)),
        }
    )
    write(folder, claims, days=days + 30, ledgers=False)


def wide(folder: Path, *, columns: int) -> None:
    """A small table with many columns that are not part of the format."""
    daily(folder, claimants=2, days=10)
    path = folder / "claims.csv"
    lines = path.read_text().splitlines()
    more = [",".join(f"x{i}" for i in range(columns)), *["," * (columns - 1)] * (len(lines) - 1)]
    path.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, more, strict=True)) + "\n")


def shipped(folder: Path, *, times: int) -> None:
    """The shipped conflict, with each claim a number of times under another id."""
    from lossmodel import load_claims
    from lossmodel.claims import write_claims

    claims = load_claims()
    shutil.copytree(claims.conflict.directory, folder, dirs_exist_ok=True)
    write_claims(claims, folder / "claims.csv")
    one = pd.read_csv(folder / "claims.csv", dtype=str, keep_default_na=False)
    copies = []
    for number in range(times):
        copy = one.copy()
        copy["claim_id"] += f"-{number}"
        copy["part_of"] = copy["part_of"].where(
            copy["part_of"] == "", copy["part_of"] + f"-{number}"
        )
        copies.append(copy)
    pd.concat(copies).to_csv(folder / "claims.csv", index=False)


SIZES = {
    "check-long": Size(
        lambda folder: daily(folder, claimants=28, days=36_000),
        "check",
        "1 million daily claims of 28 claimants",
    ),
    "check-broad": Size(
        lambda folder: daily(folder, claimants=1000, days=1000),
        "check",
        "1 million daily claims of 1,000 claimants",
    ),
    "check-ledgers": Size(
        lambda folder: daily(folder, claimants=28, days=36_000, ledgers=True),
        "check",
        "the same as ledgers",
    ),
    "check-columns": Size(lambda folder: wide(folder, columns=60_000), "check", "60,000 columns"),
    "check-shipped": Size(
        lambda folder: shipped(folder, times=40), "check", "the shipped table 40 times"
    ),
    "fit-claims": Size(
        lambda folder: daily(folder, claimants=60, days=1700),
        "fit",
        "100,000 daily claims, 5 years",
    ),
    "fit-totals": Size(
        lambda folder: estimates(folder, claimants=100, each=1000, days=1700),
        "fit",
        "100,000 totals of 100 claimants",
    ),
    "fit-claimants": Size(
        lambda folder: estimates(folder, claimants=3000, each=2, days=1700),
        "fit",
        "3,000 claimants",
    ),
    "fit-century": Size(
        lambda folder: estimates(folder, claimants=10, each=40, days=36_500),
        "fit",
        "100 years, 400 totals",
    ),
}


def run(task: str, folder: str) -> None:
    """Do a task in this process."""
    if task == "check":
        from lossmodel.cli import main

        sys.argv = ["lossmodel", "check", "--conflict", folder]
        main()
        return
    from lossmodel import fit, load_claims

    fitted = fit(load_claims(conflict=folder), engine="laplace")
    for party, category, scope in fitted.series:
        total = fitted.estimate(category, party, scope=scope, measure="cumulative").iloc[-1]
        print(category, party, scope, *total[["median", "lower", "upper"]].round().astype(int))


# A process begins with the peak memory of the one that starts it, so that a small one is between.
BETWEEN = """
import os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
seconds, cpu = time.perf_counter() - began, used.ru_utime + used.ru_stime
print(seconds, cpu, used.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


def run_apart(task: str, folder: Path) -> tuple[float, float, float, int]:
    """Seconds, CPU seconds, peak memory in MB and exit status of a task in a process of its own."""
    command = [sys.executable, __file__, "--run", task, str(folder)]
    ran = subprocess.run(
        [sys.executable, "-c", BETWEEN, *command], stdout=subprocess.PIPE, text=True, check=True
    )
    seconds, cpu, peak, status = map(float, ran.stdout.split())
    return seconds, cpu, peak / KILOBYTES, int(status)


def measure(name: str, size: Size) -> None:
    """Print seconds and peak memory of one table."""
    with tempfile.TemporaryDirectory() as folder:
        size.make(Path(folder))
        seconds, cpu, memory, status = run_apart(size.task, Path(folder))
    times = f"{seconds:>7.1f} s{cpu:>7.1f} CPU s"
    print(f"{name:<15}{size.about:<41}{times}{memory:>7,.0f} MB  exit {status}", flush=True)


def print_parts(name: str) -> None:
    """Print the CPU seconds of the parts of a fit, which a profiler lengthens a little."""
    profile = cProfile.Profile(time.process_time)
    with tempfile.TemporaryDirectory() as folder:
        SIZES[name].make(Path(folder))
        profile.runcall(run, "fit", folder)
    print("table,part,cpu_s")
    # The types of the standard library know no `stats`.
    for (_, _, function), (*_, seconds, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if function in PARTS:
            print(f"{name},{PARTS[function]},{seconds:.1f}")


def main() -> None:
    for name in sys.argv[1:] or SIZES:
        measure(name, SIZES[name])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run(*sys.argv[2:])
    elif sys.argv[1:2] == ["--parts"]:
        print_parts(sys.argv[2])
    else:
        main()
