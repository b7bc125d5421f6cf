"""Commands on fits share this: reading one, writing its report, ending by its gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from lossmodel.system.stages import portion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lossmodel.api import Fit
    from lossmodel.report.folder import Reserved

__all__ = ["WORKER_MODULES", "exit_by_gate", "folder_of", "read_fit", "write_fit"]

# Modules that the worker process imports in advance: for fits, then for figures and pages.
WORKER_MODULES: Final = (
    *("lossmodel.inference.schedule", "lossmodel.report.figures.render"),
    *("matplotlib.figure", "matplotlib.backends.backend_svg", "typst"),
)


def folder_of(path: Path) -> Path:
    """The folder of a fit, which may be given as a file."""
    return path if path.is_dir() else path.parent


def read_fit(path: Path, *, no_cache: bool = False) -> Fit:
    """Load a fit from a file, or from a report folder with a fit.nc."""
    from lossmodel.api import load_fit

    return load_fit(path, cache=not no_cache)


def write_fit(
    target: Reserved,
    fitted: Fit,
    say: Callable[[str], None],
    shares: Mapping[str, tuple[float, float]],
    **options: Any,
) -> Fit:
    """Write the report of a new fit with options of `write_into`; return the fit of the report.

    It has the totals under other accountings, unless it failed its gate.

    Parameters
    ----------
    shares
        Those of refits and report in the time of the command.
    """
    from lossmodel.evaluation.accountings import with_other_accountings
    from lossmodel.evaluation.explanation import read_explanation
    from lossmodel.report.write import write_into

    if options["force"] or fitted.diagnostics["gate"]["passed"]:
        fitted = with_other_accountings(fitted, portion(say, *shares["refits"]))
    # The same fit as before may have been explained.
    explanation = read_explanation(target.place, fitted)
    progress = portion(say, *shares["report"])
    write_into(target, fitted, explanation=explanation, progress=progress, **options)
    return fitted


def exit_by_gate(fitted: Fit) -> None:
    """End with status 1 if a fit did not pass its gate."""
    if not fitted.diagnostics["gate"]["passed"]:
        raise typer.Exit(1)
