"""A fit as a workbook: estimates, biases, claims, how to cite, sources."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lossmodel.posterior.citation import cite, fit_hash
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.report.output.bibtex import references
from lossmodel.report.output.packed import created, optional, repacked, xml_text
from lossmodel.report.quoted import quoted
from lossmodel.report.results import as_published
from lossmodel.report.wording import level
from lossmodel.text.months import date

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lossmodel.api import Fit
    from lossmodel.report.results import Results

__all__ = ["write_workbook"]

Row = list[Any]
DAYS: Final = "yyyy-mm-dd"
WIDEST: Final = 60  # characters of a column
NOT_SHOWN: Final = "daily"  # a row per day would be most of the sheet


def write_workbook(results: Results, folder: Path) -> None:
    """Write ``estimates.xlsx``.

    Cells are numbers, days and texts. A text that begins like a formula stays a text: the claims
    are a table that anybody may have written. Estimates by day are left out.

    Raises
    ------
    UsageError
        openpyxl is not installed.
    """
    openpyxl = optional("openpyxl", "xlsx", "A workbook")
    book = openpyxl.Workbook(write_only=True)
    fit = results.fit
    mark, estimates = results.mark, results.estimates
    sheets = {
        "estimates": estimates[estimates["measure"] != NOT_SHOWN].assign(**mark),
        "biases": results.biases.assign(**mark),
        "claims": results.claims.assign(**mark),
    }
    for name, table in sheets.items():
        _write_sheet(book, name, [list(table.columns), *_rows(table)], frozen="A2")
    _write_sheet(book, "how to cite", list(_how_to_cite(results)))
    _write_sheet(book, "sources", list(_sources(fit)), frozen="A2")
    book.properties.title = xml_text(fit.conflict.title)
    book.properties.creator = "lossmodel"
    when = created(fit)
    if when is not None:
        book.properties.created = when.replace(tzinfo=None)
    content = io.BytesIO()
    book.save(content)
    (folder / "estimates.xlsx").write_bytes(repacked(content.getvalue(), when))


def _how_to_cite(results: Results) -> Iterator[Row]:
    fit = results.fit
    if not fit.diagnostics["gate"]["passed"]:
        yield [NOT_PASSED]
    yield ["Reference", cite(fit)]
    yield ["Hash of the fit", fit_hash(fit)]
    yield ["Days", f"{date(fit.days[0])} to {date(fit.days[-1])}"]
    yield ["Claims", len(as_published(fit))]
    yield ["Intervals", f"{level(fit)}, equal-tailed credible intervals"]
    yield ["Cite a number with its interval and level, its days, and the hash of the fit."]
    yield ["Numbers by day are in estimates.csv of the report."]
    yield []
    yield ["key", "question", "median", "lower", "upper", "sentence"]
    for one in quoted(results).values():
        yield [one.key, one.question, one.median, one.lower, one.upper, one.sentence]


def _sources(fit: Fit) -> Iterator[Row]:
    names = ["source", "title", "publisher", "date", "url", "archive_url", "doi", "accessed"]
    yield ["key", *names]
    for key, row in references(fit).items():
        yield [key, *(row[name] for name in names)]


def _rows(table: pd.DataFrame) -> Iterator[Row]:
    for row in table.itertuples(index=False, name=None):
        yield [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    """A value that a workbook can hold; None for what is not known."""
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value) or value in (float("inf"), float("-inf")):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def _write_sheet(book: Any, name: str, rows: list[Row], *, frozen: str | None = None) -> None:
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name)
    sheet.freeze_panes = frozen
    for i, width in enumerate(_widths(rows), 1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _widths(rows: Iterable[Row]) -> list[int]:
    widths: list[int] = []
    for row in rows:
        widths += [8] * (len(row) - len(widths))
        if len(row) > 1:  # a line of words runs over the next columns
            widths = [
                max(width, min(len(str(value)) + 2, WIDEST)) if isinstance(value, str) else width
                for width, value in zip(
                    widths, [*row, *([None] * (len(widths) - len(row)))], strict=True
                )
            ]
    return widths


def _cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = DAYS
        return cell
    if not isinstance(value, str) or not value.startswith("="):
        return xml_text(value) if isinstance(value, str) else value
    cell = WriteOnlyCell(sheet, xml_text(value))
    cell.data_type = "s"  # openpyxl takes it for a formula
    return cell
