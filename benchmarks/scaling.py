"""Time and memory of a fit against the number of claims, days and streams.

    python benchmarks/scaling.py               all three, about ten minutes
    python benchmarks/scaling.py claims        one of them
    python benchmarks/scaling.py --plot        the figure from the kept table

One number grows and the other two stay. Each table is made with a seed and fitted with engine
laplace and without a report in a process of its own (`sizes.py`), a number of times in turn; kept
are the medians and the least and largest. The slope is that of the logs of the CPU seconds, without
those of a fit of two claims, against the log of the number: 1 is linear. It is taken over the
three largest sizes, where the work is more than what every fit costs.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.sizes import daily, estimates, run_apart

RESULTS = Path(__file__).resolve().parent / "results"
TABLE, FIGURE = RESULTS / "scaling.csv", RESULTS / "scaling.svg"
RUNS = 3


@dataclass(frozen=True)
class Axis:
    """A number that grows: its sizes, and the table of each."""

    label: str
    sizes: tuple[int, ...]
    make: Callable[[Path, int], None]


AXES = {
    "claims": Axis(
        "Claims: totals by 20 claimants over 5 years",
        (400, 1_600, 6_400, 25_600),
        lambda folder, n: estimates(folder, claimants=20, each=n // 20, days=1700),
    ),
    "days": Axis(
        "Days: 400 totals of 10 claimants",
        (500, 2_000, 8_000, 32_000),
        lambda folder, n: estimates(folder, claimants=10, each=40, days=n),
    ),
    "streams": Axis(
        "Claimants: 4 totals of each over 5 years",
        (25, 100, 400, 1_600),
        lambda folder, n: estimates(folder, claimants=n, each=4, days=1700),
    ),
}


def least() -> float:
    """CPU seconds of a fit of two claims, imports included."""
    with tempfile.TemporaryDirectory() as folder:
        daily(Path(folder), claimants=2, days=1)
        return float(np.median([run_apart("fit", Path(folder))[1] for _ in range(RUNS)]))


def measured(name: str, base: float) -> pd.DataFrame:
    """One row per size of an axis."""
    axis, rows = AXES[name], []
    for n in axis.sizes:
        with tempfile.TemporaryDirectory() as folder:
            axis.make(Path(folder), n)
            runs = [run_apart("fit", Path(folder)) for _ in range(RUNS)]
        cpu = [max(run[1] - base, 0.01) for run in runs]
        rows.append(
            {
                "axis": name, "size": n, "runs": RUNS, "cpu_s": np.median(cpu),
                "cpu_least": min(cpu), "cpu_most": max(cpu),
                "memory_mb": np.median([run[2] for run in runs]),
            }
        )  # fmt: skip
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    return pd.DataFrame(rows).round({"cpu_s": 2, "cpu_least": 2, "cpu_most": 2, "memory_mb": 0})


def slope(table: pd.DataFrame, column: str = "cpu_s") -> float:
    """Slope of the logs over the three largest sizes."""
    large = table.sort_values("size").iloc[-3:]
    return float(np.polyfit(np.log(large["size"]), np.log(large[column]), 1)[0])


def plot(table: pd.DataFrame) -> None:
    """Time and memory on log axes, one panel per axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(
        2, len(AXES), figsize=(10, 6), layout="constrained", sharey="row", sharex="col"
    )
    for place, (name, axis) in enumerate(AXES.items()):
        rows = table[table["axis"] == name].sort_values("size")
        top, bottom = panels[:, place]
        low, high = rows["cpu_s"] - rows["cpu_least"], rows["cpu_most"] - rows["cpu_s"]
        top.errorbar(rows["size"], rows["cpu_s"], [low, high], marker="o", capsize=3)
        bottom.plot(rows["size"], rows["memory_mb"], marker="o")
        title, _, about = axis.label.partition(": ")
        top.set_title(f"{title}\n{about}", fontsize=9)
        top.text(0.05, 0.9, f"slope {slope(rows):.2f}", transform=top.transAxes)
        bottom.set_xlabel(title)
        for panel in (top, bottom):
            panel.set(xscale="log", yscale="log")
            panel.grid(alpha=0.3)
    panels[0, 0].set_ylabel("CPU seconds")
    panels[1, 0].set_ylabel("Peak memory, MB")
    figure.savefig(FIGURE, metadata={"Date": None})


def main() -> None:
    chosen = [name for name in sys.argv[1:] if name != "--plot"]
    if "--plot" in sys.argv and not TABLE.is_file():
        sys.exit(f"There is no {TABLE}: run benchmarks/scaling.py without --plot first.")
    kept = pd.read_csv(TABLE) if TABLE.is_file() else pd.DataFrame(columns=["axis"])
    if "--plot" not in sys.argv:
        base = least()
        print(f"a fit of two claims: {base:.2f} CPU s", flush=True)
        for name in chosen or AXES:
            others = kept[kept["axis"] != name]
            kept = pd.concat([*([others] if len(others) else []), measured(name, base)])
            kept.to_csv(TABLE, index=False)
    for name, rows in kept.groupby("axis", sort=False):
        print(f"{name}: CPU slope {slope(rows):.2f}, memory {slope(rows, 'memory_mb'):.2f}")
    plot(kept)


if __name__ == "__main__":
    main()
