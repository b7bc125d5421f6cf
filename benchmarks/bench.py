"""The engines of the package beside other samplers, on the same densities and data.

    python -m benchmarks.bench [--case NAME ...] [--road NAME ...] [--limit SECONDS] [--runs N]
    python -m benchmarks.bench --quick      shipped, by laplace, nuts and pymc, in ten minutes
    python -m benchmarks.bench --show       the table of the stored results

Every sampler gets the submodel of soldiers of a case: the engines as arrays, the others as the PyMC
model that ``LossModel.build`` makes of the same arrays, so that all draw from one density; WALNUTS
has the coordinates of the engines. Each pair of a case and a sampler runs in processes of its own,
one after the other; peak memory is the largest resident set among them. A sampler that is stopped
at its limit is measured by the draws it has. Results are merged, pair by pair, into
``benchmarks/results/latest.json``; of several runs the one with the median ESS per second is kept.
Flags and results call a sampler ``road``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.samplers import SKIPPED

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "latest.json"
CASES = ("shipped", "synthetic", "claims10", "days10", "radford")
SAMPLERS = ("laplace", "nuts", "hmc", "walnuts", "pymc", "nutpie", "nutpie-low-rank", "numpyro")
LIMIT = 1800.0
QUICK = {"laplace": 60.0, "nuts": 150.0, "pymc": 300.0}
# Seconds after the limit at which a sampler that has not stopped is killed.
GRACE = 30.0
PACKAGES = (
    "lossmodel", "numpy", "scipy", "pymc", "pytensor", "nutpie", "numba", "numpyro", "jax",
    "walnutpie",
)  # fmt: skip
FIELDS = (
    "import_s", "compile_s", "warmup_s", "sample_s", "gradients", "min_bulk_ess", "min_tail_ess",
    "min_ess_per_s", "max_rhat", "gate_s", "divergences", "peak_mb", "cpu_s",
)  # fmt: skip
# Width of a normal 95% interval in sds.
WIDTH_OF_95 = 3.92
Row = dict[str, Any]


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(), "architecture": platform.machine(), "processor": _processor(),
        "system": platform.system(), "python": platform.python_version(),
    }  # fmt: skip


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def once(case: str, sampler: str, *, limit: float, seed: int) -> Row | None:
    """One run in a process group of its own; None where the data of the case are missing."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "row.json"
        running = start([case, sampler, str(limit), str(seed), str(out)])
        try:
            said = running.communicate(timeout=limit + GRACE)[1]
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            return unfinished("did not stop at its limit")
        if out.is_file():
            return dict(json.loads(out.read_text(encoding="utf-8")))
    last = said.strip().splitlines()[-1] if said.strip() else f"status {running.returncode}"
    if running.returncode == SKIPPED:
        print(f"{case}: skipped, {last}")
        return None
    return unfinished(last)


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    # One BLAS thread per process, for every sampler: the chains run in parallel.
    environment = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.samplers", *arguments],
        cwd=ROOT, env=environment, start_new_session=True, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def unfinished(why: str) -> Row:
    return dict.fromkeys(FIELDS) | {"finished": False, "why": why}


def median_run(rows: Sequence[Row]) -> Row:
    """The run with the median ESS per second, and this and the seconds to the gate of all."""
    speeds = [row["min_ess_per_s"] or 0.0 for row in rows]
    middle = sorted(range(len(rows)), key=speeds.__getitem__)[len(rows) // 2]
    of_all = {"runs_ess_per_s": speeds, "runs_gate_s": [row.get("gate_s") for row in rows]}
    return rows[middle] | (of_all if len(rows) > 1 else {})


def merged(rows: Sequence[Row], new: Row) -> list[Row]:
    """The rows with one replaced or added, in the order of cases and samplers."""
    key = (new["case"], new["road"])
    kept = [row for row in rows if (row["case"], row["road"]) != key]
    return sorted([*kept, new], key=lambda r: (CASES.index(r["case"]), SAMPLERS.index(r["road"])))


def load(path: Path) -> list[Row]:
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []


def save(rows: Sequence[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    lines = ",\n".join(json.dumps(row) for row in rows)
    part.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    part.replace(path)


def table(rows: Sequence[Row]) -> str:
    """The rows as text, each speed also as a multiple of stock PyMC's in the same case."""
    stock = {row["case"]: row["min_ess_per_s"] for row in rows if row["road"] == "pymc"}
    head = (
        f"{'case':<10}{'sampler':<16}{'compile':>8}{'warm-up':>9}{'sample':>8}{'gradients':>11}"
        f"{'bulk ESS':>9}{'tail':>7}{'ESS/s':>9}{'x pymc':>8}{'R-hat':>7}{'div.':>6}"
        f"{'gate s':>8}{'CPU s':>7}{'MB':>6}"
    )
    lines = [head, "-" * len(head)]
    for row in rows:
        base = stock.get(row["case"])
        ratio = row["min_ess_per_s"] / base if base and row["min_ess_per_s"] else None
        lines.append(
            f"{row['case']:<10}{row['road']:<16}{_cell(row['compile_s'], 8, 1)}"
            f"{_cell(row['warmup_s'], 9, 1)}{_cell(row['sample_s'], 8, 1)}"
            f"{_cell(row['gradients'], 11)}{_cell(row['min_bulk_ess'], 9)}"
            f"{_cell(row['min_tail_ess'], 7)}{_cell(row['min_ess_per_s'], 9, 3)}"
            f"{_cell(ratio, 8, 1)}{_cell(row['max_rhat'], 7, 3)}{_cell(row['divergences'], 6)}"
            f"{_cell(row.get('gate_s'), 8)}{_cell(row.get('cpu_s'), 7)}{_cell(row['peak_mb'], 6)}"
            f"{'' if row['finished'] else '  stopped'}"
        )
    return "\n".join([*lines, *agreement(rows)])


def agreement(rows: Sequence[Row]) -> list[str]:
    """Differences of laplace from nuts over the gated quantities, in posterior sds of nuts."""
    found = {(row["case"], row["road"]): row.get("quantiles") for row in rows}
    lines = []
    for case in CASES:
        ours, reference = found.get((case, "laplace")), found.get((case, "nuts"))
        if not ours or not reference:
            continue
        names = [name for name in reference if name in ours]
        a, b = (np.array([q[name] for name in names]) for q in (ours, reference))
        width = b[:, 2] - b[:, 0]
        off = (a[:, 1] - b[:, 1]) / (width / WIDTH_OF_95)
        wider = (a[:, 2] - a[:, 0]) / width - 1
        for title, chosen in (
            ("totals to the end", [name.endswith("to the end") for name in names]),
            ("months and years", [" in " in name for name in names]),
            ("scales", [" " not in name for name in names]),
        ):
            here = np.array(chosen)
            shifts, widths = np.abs(off[here]), np.abs(wider[here])
            lines.append(
                f"{case}: laplace against nuts, {here.sum()} {title}: medians differ by "
                f"{np.median(shifts):.2f} sd (median) and {shifts.max():.2f} (largest), "
                f"widths by {np.median(widths):.0%} and {widths.max():.0%}"
            )
    return lines


def _cell(value: float | None, width: int, digits: int = 0) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width},.{digits}f}"


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="laplace and nuts beside other samplers"
    )
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--road", action="append", choices=SAMPLERS, help="a sampler")
    parser.add_argument("--limit", type=float, help="seconds for a run")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args(given)
    chosen.case = chosen.case or (["shipped"] if chosen.quick else list(CASES))
    chosen.road = chosen.road or list(QUICK if chosen.quick else SAMPLERS)
    return chosen


def main(given: Sequence[str]) -> None:
    chosen = arguments(given)
    if chosen.show:
        print(table(load(RESULT)))
        return
    about = {"machine": machine(), "versions": versions()}
    for case in chosen.case:
        for sampler in chosen.road:
            began = time.perf_counter()
            limit = chosen.limit or (QUICK.get(sampler, LIMIT) if chosen.quick else LIMIT)
            print(f"{case} {sampler} ...", file=sys.stderr, flush=True)
            seeds = range(chosen.seed, chosen.seed + chosen.runs)
            found = [once(case, sampler, limit=limit, seed=seed) for seed in seeds]
            rows = [row for row in found if row is not None]
            if not rows:
                break
            row = {"case": case, "road": sampler} | median_run(rows) | about
            row["limit_s"] = limit
            row["wall_s"] = round((time.perf_counter() - began) / chosen.runs, 1)
            # Read again, since another run may have written in the meantime.
            save(merged(load(RESULT), row), RESULT)
    print(table(load(RESULT)))


if __name__ == "__main__":
    main(sys.argv[1:])
