"""The report of a fit: every file of its folder."""

from __future__ import annotations

import itertools
import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np

from lossmodel.arguments import check_choice, check_fit
from lossmodel.evaluation.accountings import with_other_accountings
from lossmodel.inference import worker
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.posterior.force_check import force_check
from lossmodel.report.changes import CLAIMS, STEPS, TOTALS, changes_since
from lossmodel.report.differences import differences
from lossmodel.report.document import compose
from lossmodel.report.figures.data import download
from lossmodel.report.figures.explore import exploration
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.figures.render import FigureForms, render_figures
from lossmodel.report.figures.tables import tables_for
from lossmodel.report.folder import csv_text, reserved
from lossmodel.report.output.bibtex import bibliography
from lossmodel.report.output.crate import NAME, crate
from lossmodel.report.output.csl import csl_json
from lossmodel.report.output.html import to_html
from lossmodel.report.output.latex import write_tex
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.output.pdf import to_pdf
from lossmodel.report.results import Results
from lossmodel.report.sections.force import FORCE_FILE
from lossmodel.report.sections.others import OTHERS_FILE
from lossmodel.report.typesetting import TypesettingError
from lossmodel.system.processes import result_of
from lossmodel.system.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.evaluation.explanation import Explanation
    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.figures.render import RenderedFigures
    from lossmodel.report.folder import Reserved

__all__ = ["write_into", "write_report"]

# Tables that the figures of each section need, in the order in which the tables are computed.
FIGURES: Final = {
    ("estimates",): ("losses",),
    ("terms", "variance_decomposition"): ("level", "checks"),
    ("biases",): ("claimants",),
}

# Shares of the time of a report before each of its files, for displays of progress: about those of
# Kargil 1999 and of the shipped war.
DONE: Final = {"fit.nc": 0.3, "tables": 0.5, "text": 0.65, "figures": 0.8, "pages": 0.9}


def write_report(
    fit: Fit,
    out: str | Path,
    *,
    force: bool = False,
    since: Fit | None = None,
    steps: pd.DataFrame | None = None,
    explanation: Explanation | None = None,
    figures: FigureForms = "all",
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write the report of a fit into a folder, completely or not at all.

    The folder gets pages (``report.html``, ``report.pdf``, ``report.md``), tables
    (``estimates.csv``, ``biases.csv``, ``claims.csv``), figures, LaTeX macros and tables,
    references (``references.bib``, ``references.json``), ``diagnostics.json``,
    ``provenance.json``, the fit itself (``fit.nc``), ``ro-crate-metadata.json``, which says what
    the files are, and ``manifest.json``, which lists them.
    Losses are numbers of persons or items, in daily to cumulative windows; ratios are claimed over
    true losses.

    Parameters
    ----------
    fit
        A fit.
    out
        The folder. An earlier report in it is replaced once the new one is complete, if it has no
        files but those in its manifest, unchanged.
    force
        Write the whole report, with a warning on every page, even if the fit did not pass its
        gate. By default such a fit gets only ``fit.nc``, ``diagnostics.json``,
        ``provenance.json`` and the manifest.
    since
        An earlier fit of the same conflict: the report says what changed, and the folder gets
        ``changes.csv`` and ``changed-claims.csv``.
    steps
        The changes since then by groups of new claims, see `lossmodel.report.telescope.telescope`:
        the report has their table, and the folder gets ``changes-by-claims.csv``.
    explanation
        The fit under other assumptions, see `lossmodel.evaluation.explain.explain`: the report
        says how far they move the totals, and the folder gets ``explain.npz``.
    figures
        ``svg`` for figures as SVG alone, which is faster; by default as PDF and PNG, too.
    progress
        Called with a line of text at each stage.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The folder holds files that do not belong to a report, or that were changed since; or the
        earlier fit is of another conflict.

    Examples
    --------
    A fit that failed its gate gets no pages:

    >>> from dataclasses import replace
    >>> gate = {"passed": False, "failures": ["not converged"], "doubts": []}
    >>> failed = replace(fitted, diagnostics=fitted.diagnostics | {"gate": gate})
    >>> sorted(path.name for path in write_report(failed, folder / "report").iterdir())
    ['diagnostics.json', 'fit.nc', 'manifest.json', 'provenance.json']
    """
    check_fit(fit)
    figures = check_choice(figures, "figures", get_args(FigureForms))
    with reserved(Path(out)) as target:
        return write_into(
            target,
            fit,
            force=force,
            since=since,
            steps=steps,
            explanation=explanation,
            figures=figures,
            progress=progress,
        )


def write_into(
    target: Reserved,
    fit: Fit,
    *,
    force: bool = False,
    since: Fit | None = None,
    steps: pd.DataFrame | None = None,
    explanation: Explanation | None = None,
    figures: FigureForms = "all",
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write the report of a fit into a folder that was reserved before the fit."""
    progress(Stage("writing the report", 0.0))
    whole = force or bool(fit.diagnostics["gate"]["passed"])
    if whole:
        fit = with_other_accountings(fit)
    folder = target.work
    try:
        # Figures take longest, so the worker process starts them first.
        started = _start(fit, folder, since, steps, explanation, figures) if whole else None
        progress(_stage("fit.nc"))
        fit.save(folder / "fit.nc")
        write_json(fit.diagnostics, folder / "diagnostics.json")
        write_json(provenance_of(fit), folder / "provenance.json")
        if explanation is not None:
            # The fit that is saved may have other diagnostics than the one that was explained.
            replace(explanation, fit_sha256=fit_hash(fit)).save(folder)
        if started is not None:
            _write_all(started, folder, progress)
            write_text(crate(fit, folder), folder / NAME)
    except BaseException:
        # The worker process writes into the folder, which is removed next.
        worker.end_all()
        raise
    target.finish()
    return target.out


def _stage(files: str) -> Stage:
    return Stage(f"writing the report: {files}", DONE[files], detail=True)


def provenance_of(fit: Fit) -> dict[str, Any]:
    """Content of ``provenance.json``: where a fit came from, and the checksum in its ``fit.nc``."""
    return fit.provenance | {"fit_sha256": fit_hash(fit)}


def write_json(content: Any, path: Path) -> None:
    """Write JSON; numbers that are not finite become null."""
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(text + "\n", path)


@dataclass(frozen=True)
class _Started:
    """A report with its figures in progress.

    Attributes
    ----------
    mark
        Warning on every page and figure of a fit that did not pass its gate, or empty.
    """

    results: Results
    specs: dict[str, list[FigureSpec]]
    mark: str
    figures: list[Future[RenderedFigures]]
    since: Fit | None = None
    steps: pd.DataFrame | None = None
    explanation: Explanation | None = None


def _start(
    fit: Fit,
    folder: Path,
    since: Fit | None,
    steps: pd.DataFrame | None,
    explanation: Explanation | None,
    forms: FigureForms,
) -> _Started:
    """Start drawing figures, each group once the tables that it needs are computed."""
    place = folder / "figures"
    place.mkdir()
    results = Results(fit)
    specs = figure_specs(results)
    mark = "" if fit.diagnostics["gate"]["passed"] else NOT_PASSED
    figures = []
    for tables, sections in FIGURES.items():
        some = [spec for section in sections for spec in specs[section]]
        tables_of = tables_for(results, tables)
        figures.append(worker.submit(render_figures, some, tables_of, place, mark, forms))
    return _Started(results, specs, mark, figures, since, steps, explanation)


def _write_all(started: _Started, folder: Path, progress: Callable[[str], None]) -> None:
    results, fit = started.results, started.results.fit
    progress(_stage("tables"))
    marked = results.mark
    for name in ("estimates", "biases", "claims"):
        write_text(csv_text(getattr(results, name).assign(**marked)), folder / f"{name}.csv")
    force = force_check(fit)
    if len(force):
        write_text(csv_text(force.assign(**marked)), folder / FORCE_FILE)
    others = differences(results)
    if len(others):
        write_text(csv_text(others.assign(**marked)), folder / OTHERS_FILE)
    write_tex(fit, folder, results=results)
    write_text(bibliography(fit), folder / "references.bib")
    write_text(csl_json(fit), folder / "references.json")
    progress(_stage("text"))
    changes = None
    if started.since is not None:
        changes = changes_since(started.since, fit)
        write_text(csv_text(changes.totals), folder / TOTALS)
        write_text(csv_text(changes.claims), folder / CLAIMS)
        if started.steps is not None and len(started.steps):
            changes = replace(changes, steps=started.steps)
            write_text(csv_text(changes.steps), folder / STEPS)
    document = compose(results, started.specs, changes, started.explanation)
    write_text(to_markdown(document), folder / "report.md")
    progress(_stage("figures"))
    rendered = [result_of(figures) for figures in started.figures]
    progress(_stage("pages"))
    pages = worker.submit(to_pdf, document, folder)
    svg = {name: text for part in rendered for name, text in part.svg.items()}
    data = {
        spec.name: download(spec.data(results))
        for specs in started.specs.values()
        for spec in specs
        if spec.name in svg and spec.data is not None
    }
    explored = exploration(results, itertools.chain(*started.specs.values()))
    write_text(to_html(document, svg, data, explored), folder / "report.html")
    problem = next((part.problem for part in rendered if part.problem), "")
    try:
        (folder / "report.pdf").write_bytes(result_of(pages))
    except TypesettingError as error:
        problem = str(error)
    if problem:
        _log_problem(problem, folder)


def _log_problem(problem: str, folder: Path) -> None:
    """Log why PDF files are missing; the other formats of the report are complete."""
    words = f"report.pdf or PDF and PNG figures are missing. {problem}"
    logging.getLogger(__name__).warning("%s", words)
    write_text(words + "\n", folder / "report.log")


def write_text(text: str, path: Path) -> None:
    """Write a text with the same bytes on every platform."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, np.generic):
        content = content.item()
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content
