"""The report of a fit: every file of its folder."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmodel.report.bibliography import bibliography
from lossmodel.report.composing import compose
from lossmodel.report.folder import fresh_folder
from lossmodel.report.markdown import to_markdown
from lossmodel.report.page import to_html
from lossmodel.report.pictures import draw_pictures, pictures_of
from lossmodel.report.press import PressError, convert_figures, to_pdf
from lossmodel.report.results import Results
from lossmodel.report.tex import write_tex

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.fitting import Fit

__all__ = ["write_report"]


def write_report(fit: Fit, out: str | Path, *, force: bool = False) -> Path:
    """Write the report of a fit into a folder, which then holds all of it or is as before.

    Parameters
    ----------
    out
        The folder; an earlier report in it is replaced once the new one is finished.
    force
        Write everything, marked, also where the fit did not pass its gate. Otherwise such a fit
        gets only ``fit.nc``, ``diagnostics.json`` and ``provenance.json``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The folder holds something that is not a report.
    """
    out = Path(out)
    passed = bool(fit.diagnostics["gate"]["passed"])
    with fresh_folder(out) as folder:
        fit.save(folder / "fit.nc")
        write_json(fit.diagnostics, folder / "diagnostics.json")
        write_json(fit.provenance, folder / "provenance.json")
        if passed or force:
            _write_all(fit, folder)
    return out


def write_json(content: Any, path: Path) -> None:
    """Write JSON; what is not a finite number becomes null."""
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table: dates by day, lines ended alike on every system."""
    table.to_csv(path, index=False, date_format="%Y-%m-%d", lineterminator="\n")


def _write_all(fit: Fit, folder: Path) -> None:
    results = Results(fit)
    marked = {} if fit.diagnostics["gate"]["passed"] else {"gate": "not passed"}
    for name in ("estimates", "biases", "claims"):
        write_csv(getattr(results, name).assign(**marked), folder / f"{name}.csv")
    write_tex(fit, folder, results=results)
    write_text(bibliography(fit), folder / "references.bib")
    pictures = pictures_of(results)
    document = compose(results, pictures)
    (folder / "figures").mkdir()
    drawn = draw_pictures(
        [picture for part in pictures.values() for picture in part],
        folder / "figures",
        mark=document.mark,
    )
    write_text(to_html(document, drawn), folder / "report.html")
    write_text(to_markdown(document), folder / "report.md")
    try:
        convert_figures(folder / "figures", drawn)
        (folder / "report.pdf").write_bytes(to_pdf(document, folder))
    except PressError as problem:
        # The other forms of the report are whole; the log says what is missing and why.
        logging.getLogger(__name__).warning("report.pdf is missing. %s", problem)
        write_text(f"report.pdf is missing. {problem}\n", folder / "report.log")


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
