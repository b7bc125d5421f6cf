"""Exports of a fit in formats that the report folder does not have."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lossmodel.arguments import check_choice, check_fit
from lossmodel.evaluation.accountings import with_other_accountings
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.figures.render import render_figures
from lossmodel.report.figures.tables import tables_for
from lossmodel.report.folder import fresh_folder
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.output.parquet import write_parquet
from lossmodel.report.output.word import to_word
from lossmodel.report.output.workbook import write_workbook
from lossmodel.report.results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lossmodel.api import Fit
    from lossmodel.report.document import Document

__all__ = ["EXPORTS", "Export", "export_fit"]

TABLES: Final = ("estimates", "terms", "variance_decomposition", "biases")


@dataclass(frozen=True)
class Export:
    """A format.

    Attributes
    ----------
    meaning
        Its files, in a few words.
    write
        Writes them into a folder.
    """

    meaning: str
    write: Callable[[Results, Path], None]


def export_fit(fit: Fit, formats: Sequence[str], out: str | Path) -> Path:
    """Write a fit in some formats into a folder, completely or not at all.

    Parameters
    ----------
    formats
        Names of `EXPORTS`.
    out
        The folder. One of an earlier export is replaced if its files are unchanged.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        There is no such format, its library is not installed, or the folder holds other files.

    Examples
    --------
    >>> made = export_fit(fitted, ["xlsx"], folder / "export")
    >>> sorted(path.name for path in made.iterdir())
    ['estimates.xlsx', 'manifest.json']
    """
    check_fit(fit)
    chosen = [EXPORTS[check_choice(name, "format", tuple(EXPORTS))] for name in formats]
    with fresh_folder(Path(out)) as folder:
        results = Results(fit)
        for export in chosen:
            export.write(results, folder)
    return Path(out)


def _word(results: Results, folder: Path) -> None:
    document, figures = _drawn(results, folder)
    (folder / "report.docx").write_bytes(to_word(document, results, figures))


def _markdown(results: Results, folder: Path) -> None:
    document, _ = _drawn(results, folder)
    text = to_markdown(document, figures="png")
    (folder / "report.md").write_text(text, encoding="utf-8", newline="\n")


def _drawn(results: Results, folder: Path) -> tuple[Document, Path]:
    """The document and the folder with its figures as PNG."""
    results = Results(with_other_accountings(results.fit), results.given)
    specs = figure_specs(results)
    place = folder / "figures"
    if not place.exists():
        place.mkdir()
        mark = "" if results.fit.diagnostics["gate"]["passed"] else NOT_PASSED
        every = list(itertools.chain(*specs.values()))
        render_figures(every, tables_for(results, TABLES), place, mark)
        for path in place.iterdir():
            if path.suffix != ".png":
                path.unlink()
    return compose(results, specs), place


EXPORTS: Final = {
    "xlsx": Export("a workbook of estimates, biases, claims and how to cite", write_workbook),
    "parquet": Export("estimates, and draws by month, in Parquet", write_parquet),
    "docx": Export("the report as a Word file whose tables can be edited", _word),
    "markdown": Export("the report in Markdown with figures in PNG", _markdown),
}
