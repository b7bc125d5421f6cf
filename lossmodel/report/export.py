"""Exports of a fit in formats that the report folder does not have."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lossmodel.arguments import check_choice, check_fit
from lossmodel.errors import UsageError
from lossmodel.evaluation.accountings import with_other_accountings
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.figures.render import render_figures
from lossmodel.report.figures.tables import tables_for
from lossmodel.report.folder import fresh_folder
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.output.parquet import write_parquet
from lossmodel.report.output.static_api import write_static_api
from lossmodel.report.output.word import to_word
from lossmodel.report.output.workbook import write_workbook
from lossmodel.report.results import Results
from lossmodel.tables.files import is_there

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lossmodel.api import Fit
    from lossmodel.evaluation.explanation import Explanation
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
        Writes them.
    """

    meaning: str
    write: Callable[[_Source], None]


@dataclass(frozen=True)
class _Source:
    """A fit that is exported, and the folder for its files."""

    results: Results
    folder: Path
    explanation: Explanation | None


def export_fit(
    fit: Fit,
    formats: Sequence[str],
    out: str | Path,
    *,
    explanation: Explanation | None = None,
) -> Path:
    """Write a fit in some formats into a folder, completely or not at all.

    Parameters
    ----------
    formats
        Names of `EXPORTS`.
    out
        The folder. One of an earlier export is replaced if its files are unchanged.
    explanation
        The fit under other assumptions, for the formats of the report.

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
    if is_there(Path(out) / "fit.nc"):
        raise UsageError(f"{out} has a fit, which an export would replace; give another folder.")
    chosen = [EXPORTS[check_choice(name, "format", tuple(EXPORTS))] for name in formats]
    with fresh_folder(Path(out)) as folder:
        source = _Source(Results(fit), folder, explanation)
        for export in chosen:
            export.write(source)
    return Path(out)


def _word(source: _Source) -> None:
    document, figures = _drawn(source)
    content = to_word(document, source.results, figures)
    (source.folder / "report.docx").write_bytes(content)


def _markdown(source: _Source) -> None:
    document, _ = _drawn(source)
    text = to_markdown(document, figures="png")
    (source.folder / "report.md").write_text(text, encoding="utf-8", newline="\n")


def _drawn(source: _Source) -> tuple[Document, Path]:
    """The document and the folder with its figures as PNG."""
    fit = with_other_accountings(source.results.fit)
    results = Results(fit, source.results.given)
    specs = figure_specs(results)
    place = source.folder / "figures"
    if not place.exists():
        place.mkdir()
        mark = "" if results.fit.diagnostics["gate"]["passed"] else NOT_PASSED
        every = list(itertools.chain(*specs.values()))
        render_figures(every, tables_for(results, TABLES), place, mark)
        for path in place.iterdir():
            if path.suffix != ".png":
                path.unlink()
    return compose(results, specs, explanation=source.explanation), place


EXPORTS: Final = {
    "xlsx": Export(
        "a workbook of estimates, biases, claims and how to cite",
        lambda source: write_workbook(source.results, source.folder),
    ),
    "parquet": Export(
        "estimates, and draws by month, in Parquet",
        lambda source: write_parquet(source.results, source.folder),
    ),
    "json": Export(
        "totals and series as JSON files at fixed paths, for web pages",
        lambda source: write_static_api(source.results, source.folder),
    ),
    "docx": Export("the report as a Word file whose tables can be edited", _word),
    "markdown": Export("the report in Markdown with figures in PNG", _markdown),
}
