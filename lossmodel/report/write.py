"""The report of a fit: every file of its folder."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.inference.worker import submit
from lossmodel.report.composing import NOT_PASSED, compose
from lossmodel.report.figures.figures import pictures_of
from lossmodel.report.figures.render import draw
from lossmodel.report.figures.tables import tables_for
from lossmodel.report.folder import fresh_folder
from lossmodel.report.output.bibtex import bibliography
from lossmodel.report.output.html import to_html
from lossmodel.report.output.latex import write_tex
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.output.pdf import PressError, to_pdf
from lossmodel.report.results import Results
from lossmodel.report.tablefiles import csv_text

if TYPE_CHECKING:
    from concurrent.futures import Future

    from lossmodel.api import Fit
    from lossmodel.report.figures.figures import Picture
    from lossmodel.report.figures.render import Drawn

__all__ = ["write_report"]

# Which parts' figures need which tables, in the order in which these are made.
FIGURES: Final = {
    ("estimates",): ("losses",),
    ("terms", "variance_decomposition"): ("level", "checks"),
    ("biases",): ("claimants",),
}


def write_report(fit: Fit, out: str | Path, *, force: bool = False) -> Path:
    """Write the report of a fit into a folder, which then holds all of it or is as before.

    Parameters
    ----------
    out
        The folder; an earlier report in it is replaced once the new one is finished. Only files
        that its ``manifest.json`` lists are, and only as they were written.
    force
        Write everything, marked, also where the fit did not pass its gate. Otherwise such a fit
        gets only ``fit.nc``, ``diagnostics.json``, ``provenance.json`` and the manifest.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The folder holds something that is not of a report, or that was changed since.

    Examples
    --------
    A fit that failed its gate gets no pages:

    >>> from dataclasses import replace
    >>> gate = {"passed": False, "failures": ["made up"], "doubts": []}
    >>> failed = replace(fitted, diagnostics=fitted.diagnostics | {"gate": gate})
    >>> sorted(path.name for path in write_report(failed, folder / "report").iterdir())
    ['diagnostics.json', 'fit.nc', 'manifest.json', 'provenance.json']
    """
    out = Path(out)
    passed = bool(fit.diagnostics["gate"]["passed"])
    with fresh_folder(out) as folder:
        # Figures take longest: they are begun before anything else.
        begun = _begin(fit) if passed or force else None
        fit.save(folder / "fit.nc")
        write_json(fit.diagnostics, folder / "diagnostics.json")
        write_json(fit.provenance, folder / "provenance.json")
        if begun is not None:
            _write_all(begun, folder)
    return out


def write_json(content: Any, path: Path) -> None:
    """Write JSON; what is not a finite number becomes null."""
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True)
class _Begun:
    """A report whose figures are being drawn.

    Attributes
    ----------
    mark
        Words on every page and figure of a fit that did not pass, or nothing.
    """

    results: Results
    pictures: dict[str, list[Picture]]
    mark: str
    drawings: list[Future[Drawn]]


def _begin(fit: Fit) -> _Begun:
    """Have figures drawn, each as soon as there are the tables that it shows."""
    results = Results(fit)
    pictures = pictures_of(results)
    mark = "" if fit.diagnostics["gate"]["passed"] else NOT_PASSED
    drawings = []
    for tables, parts in FIGURES.items():
        some = [picture for part in parts for picture in pictures[part]]
        drawings.append(submit(draw, some, tables_for(results, tables), mark))
    return _Begun(results, pictures, mark, drawings)


def _write_all(begun: _Begun, folder: Path) -> None:
    results, fit = begun.results, begun.results.fit
    marked = {"gate": "not passed"} if begun.mark else {}
    for name in ("estimates", "biases", "claims"):
        write_text(csv_text(getattr(results, name).assign(**marked)), folder / f"{name}.csv")
    write_tex(fit, folder, results=results)
    write_text(bibliography(fit), folder / "references.bib")
    document = compose(results, begun.pictures)
    write_text(to_markdown(document), folder / "report.md")
    drawn = [drawing.result() for drawing in begun.drawings]
    (folder / "figures").mkdir()
    for name, content in (file for some in drawn for file in some.files.items()):
        (folder / "figures" / name).write_bytes(content)
    pages = submit(to_pdf, document, folder)
    svg = {name: text for some in drawn for name, text in some.svg.items()}
    write_text(to_html(document, svg), folder / "report.html")
    problem = next((some.problem for some in drawn if some.problem), "")
    try:
        (folder / "report.pdf").write_bytes(pages.result())
    except PressError as error:
        problem = str(error)
    if problem:
        # The other forms of the report are whole; the log says what is missing and why.
        words = f"report.pdf or figures for print are missing. {problem}"
        logging.getLogger(__name__).warning("%s", words)
        write_text(words + "\n", folder / "report.log")


def write_text(text: str, path: Path) -> None:
    """Write a text with the same bytes on every system."""
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
