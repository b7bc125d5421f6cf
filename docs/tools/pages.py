"""Helpers of the pages that compute: fits made once, kept results, tables in Markdown."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from textwrap import fill
from typing import Any

import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt
from matplotlib_inline.backend_inline import set_matplotlib_formats

import lossmodel as lm
from lossmodel.text.numbers import number

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"

# Inches. Figures are drawn little wider than a phone and scale up to a column, so that their
# letters have about the size of text on both.
WIDTH = 4.4
set_matplotlib_formats("svg", metadata={"Date": None})
plt.rcParams.update(
    {
        "figure.figsize": (WIDTH, 3.2),
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "legend.fontsize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "lossmodel",
    }
)


def _inputs() -> Iterator[Path]:
    """Files that an output on a page may depend on, beside the page itself."""
    yield Path(__file__)
    for folder in ("lossmodel", "data", "benchmarks/results"):
        yield from sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in SUFFIXES)


HARD = "\u00a0"  # a blank that does not break
SUFFIXES = {".py", ".toml", ".csv", ".json", ".md"}


def _digest() -> str:
    found = hashlib.sha256()
    for path in _inputs():
        found.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return found.hexdigest()[:16]


CACHE = ROOT / "build" / "docs-cache" / _digest()


@cache
def fitted(name: str) -> lm.Fit:
    """The laplace fit of a shipped conflict, shared by all pages of one build."""
    file = CACHE / "fits" / f"{name}.nc"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        lm.fit(lm.load_claims(conflict=name), engine="laplace", seed=1).save(file)
    return lm.load_fit(file)


def truth(name: str) -> pd.DataFrame:
    """The later figures of a shipped conflict."""
    found = lm.load_conflict(name).truth
    assert found is not None
    return found


def result(name: str) -> Any:
    """A kept result of `benchmarks/results`, a table or JSON."""
    file = RESULTS / name
    return pd.read_csv(file) if file.suffix == ".csv" else json.loads(file.read_text("utf-8"))


def axes(height: float) -> Any:
    """Axes of a new figure of the pages' width."""
    return plt.subplots(figsize=(WIDTH, height))[1]


def names_in_lines(ax: Any) -> None:
    """Names beside the plot in lines of 26 letters, which leave it half of the width."""
    names = [fill(label.get_text(), 26) for label in ax.get_yticklabels()]
    ax.set_yticks(ax.get_yticks(), names)


def plain_log(axis: Any, ticks: list[float]) -> None:
    """Ticks of a logarithmic axis as plain numbers."""
    axis.set_ticks(ticks, [f"{tick:,g}" for tick in ticks])
    axis.set_minor_locator(plt.NullLocator())


def biases(fit: lm.Fit, height: float, **streams: str) -> Any:
    """Ratios of claimed to true losses, with a legend that covers none of them."""
    ax = lm.plot_biases(fit, ax=axes(height), **streams)
    ax.set_xlabel("claimed / true")
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, columnspacing=1)
    return ax


def later_figures(name: str) -> pd.DataFrame:
    """Later figures of totals beside the estimates of a shipped conflict."""
    keys = ["party", "category", "scope"]
    rows = truth(name).merge(fitted(name).summary(), on=keys, suffixes=("", "_fit"))
    return rows.assign(
        estimate=[interval(r.median, r.lower, r.upper) for r in rows.itertuples()],
        inside=["yes" if r.lower <= r.value <= r.upper else "no" for r in rows.itertuples()],
        factor=rows["median"] / rows["value"],
    )


def window(start: Any, end: Any) -> str:
    """Days from one to another, which break only between the two."""
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    if first == last:
        return _day(first)
    return f"{_day(first).removesuffix(f'{HARD}{last.year}')} to {_day(last)}"


def _day(day: pd.Timestamp) -> str:
    return f"{day.day}{HARD}{day:%b}{HARD}{day.year}"


def interval(median: float, lower: float, upper: float) -> str:
    """An estimate with its interval, rounded by the rule of the package."""
    low, mid, high = (number(value, lower, upper) for value in (lower, median, upper))
    return f"{mid} [{low}{HARD}to{HARD}{high}]"


def show(
    rows: pd.DataFrame, names: dict[str, str], **forms: Callable[[Any], str] | str
) -> Markdown:
    """A table in Markdown, so that the site sets it like any other.

    Parameters
    ----------
    names
        Column -> heading, in order; other columns are left out.
    forms
        Column -> a format such as ``".2f"``, or a function.
    """
    lines = ["| " + " | ".join(names.values()) + " |"]
    numeric = [pd.api.types.is_numeric_dtype(rows[name]) for name in names]
    right = [is_number or isinstance(forms.get(name), str)
             for name, is_number in zip(names, numeric, strict=True)]  # fmt: skip
    lines.append("|" + "|".join("---:" if is_right else "---" for is_right in right) + "|")
    for row in rows.to_dict("records"):
        lines.append("| " + " | ".join(_cell(row[name], forms.get(name)) for name in names) + " |")
    return Markdown("\n".join(lines))


def findings(found: pd.DataFrame) -> Markdown:
    """Findings of `check` as a list, because their sentences are too long for a table."""
    lines = [
        f"- **{row.severity}**, `{row.kind}`. {row.message.rstrip('.')}."
        f" *Remedy:* {row.remedy.rstrip('.')}."
        for row in found.itertuples()
    ]
    return Markdown("\n".join(lines))


def _cell(value: Any, form: Callable[[Any], str] | str | None) -> str:
    if pd.isna(value) if not isinstance(value, list | tuple) else False:
        return "–"
    if callable(form):
        return form(value)
    if form is not None:
        return format(value, form)
    if isinstance(value, pd.Timestamp):
        return _day(value)
    return str(value).replace("|", "\\|")


def sentence(text: str) -> Markdown:
    """A sentence with numbers that were computed on the page."""
    return Markdown(text)


def terminal(text: str) -> Markdown:
    """Lines of a terminal, which do not break."""
    return Markdown(f"```text\n{text.strip()}\n```")


def run(line: str) -> Markdown:
    """Show a command with its answer, as on a terminal of 80 columns that nobody sits at."""
    command = [sys.executable, "-m", *shlex.split(line)]
    environment = os.environ | {"COLUMNS": "80"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL
    )
    return terminal(f"$ {line}\n{done.stdout or done.stderr}")
