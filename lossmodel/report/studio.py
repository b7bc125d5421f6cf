"""A second process, in which figures and pages are made while this one makes the tables."""

from __future__ import annotations

import copy
import importlib
import tempfile
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from joblib import cpu_count
from joblib.externals.loky import ProcessPoolExecutor

from lossmodel.errors import LossModelError
from lossmodel.report.pictures import MEASURES, draw_pictures, pictures_of
from lossmodel.report.press import PressError, convert_figure
from lossmodel.report.results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["Drawn", "draw", "for_figures", "prepare", "submit"]

T = TypeVar("T")
OF_FIT: Final = ("terms", "variance_shares")

PATIENCE: Final = 60  # seconds that the process waits for more work


def prepare() -> None:
    """Start the process, which imports what it needs while other work is done."""
    submit(_import)


def submit(function: Callable[..., T], *arguments: Any) -> Future[T]:
    """Have a function called in the other process; in this one where there is one core only."""
    if cpu_count() > 1:
        submitted: Future[T]
        try:
            submitted = _process().submit(function, *arguments)
        except BrokenProcessPool:  # somebody ended it since its last work
            _process.cache_clear()
            submitted = _process().submit(function, *arguments)
        return submitted
    done: Future[T] = Future()
    try:
        done.set_result(function(*arguments))
    except LossModelError as problem:  # raised again where the result is asked for
        done.set_exception(problem)
    return done


@cache
def _process() -> Any:
    # Not the executor that joblib's own loops share, which has another size and other habits.
    return ProcessPoolExecutor(max_workers=1, timeout=PATIENCE)


@dataclass(frozen=True)
class Drawn:
    """Figures as files.

    Attributes
    ----------
    svg
        By name of figure.
    files
        Content by name of file.
    problem
        Why other forms than SVG are missing, or nothing.
    """

    svg: dict[str, str]
    files: dict[str, bytes]
    problem: str = ""


def draw(results: Results, names: Collection[str], mark: str) -> Drawn:
    """Draw figures as SVG, PDF and PNG."""
    pictures = [p for part in pictures_of(results).values() for p in part if p.name in names]
    problem = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        svg = draw_pictures(pictures, folder, mark=mark)
        try:
            for drawn in svg:
                convert_figure(folder, drawn)
        except PressError as error:
            problem = str(error)
        return Drawn(svg, {f.name: f.read_bytes() for f in sorted(folder.iterdir())}, problem)


def for_figures(results: Results, tables: Collection[str]) -> Results:
    """Give what figures are drawn from: some tables, without the draws."""
    whole = results.fit
    fit = copy.copy(whole)
    fit.__dict__.update(
        {"series": whole.series, "streams": whole.streams, "inputs": {}},
        blocks=dict.fromkeys(whole.blocks),
        **{name: getattr(whole, name) for name in OF_FIT if name in tables},
    )
    slim = Results(fit)
    if "estimates" in tables:
        rows = results.estimates
        slim.__dict__["estimates"] = rows[rows["measure"].isin(MEASURES)]
    if "biases" in tables:
        slim.__dict__["biases"] = results.biases
    return slim


def _import() -> None:
    for name in ("matplotlib.figure", "matplotlib.backends.backend_svg", "typst"):
        importlib.import_module(name)
