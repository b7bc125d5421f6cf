"""The document as a Word file, with tables that can be edited.

The headline totals, their sentences in the summary and the numbers of the last table are each in a
content control whose tag is its question: copied into a manuscript, they keep it, and `lossmodel
verify` compares them.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from lossmodel.report.blocks import Figure, Link, Table, Text
from lossmodel.report.mentions.word import WORD
from lossmodel.report.output.packed import created, optional, repacked, xml_text
from lossmodel.report.quoted import quoted
from lossmodel.report.wording import estimate_text, interval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lossmodel.report.blocks import Answers, Block, Cell
    from lossmodel.report.document import Document
    from lossmodel.report.results import Results

__all__ = ["to_word"]

TABLE_STYLE: Final = "Table Grid"
POINTS: Final = 8.0  # of tables
LONGEST_TAG: Final = 64  # characters of a content control's tag that Word accepts
QUOTE: Final = "Numbers to quote"
HOW: Final = (
    "Copied into a manuscript, a median or an interval keeps its question, and lossmodel verify "
    "compares it with the fit."
)


def to_word(document: Document, results: Results, figures: Path) -> bytes:
    """Write the document.

    Parameters
    ----------
    figures
        Folder with a PNG of each figure.

    Raises
    ------
    UsageError
        python-docx is not installed.
    """
    docx = optional("docx", "docx", "A Word file")
    writer = _Writer(docx.Document(), figures)
    writer.write(document)
    writer.quote(results)
    properties = writer.file.core_properties
    when = created(results.fit)
    properties.title, properties.author = xml_text(document.title), "lossmodel"
    properties.comments = xml_text(document.mark)
    if when is not None:
        properties.created = properties.modified = when.replace(tzinfo=None)
    content = io.BytesIO()
    writer.file.save(content)
    return repacked(content.getvalue(), when)


class _Writer:
    """Adds blocks to a Word file."""

    def __init__(self, file: Any, figures: Path) -> None:
        from docx.shared import Mm

        self.file, self.figures = file, figures
        section = file.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(20)
        self.width = section.page_width - section.left_margin - section.right_margin

    def write(self, document: Document) -> None:
        """Title, answers and sections."""
        self.file.add_heading(xml_text(document.title), level=0)
        self._paragraph(document.subtitle)
        self._mark(document.mark)
        if document.answers is not None:
            self._answers(document.answers)
        for section in document.sections:
            self.file.add_heading(xml_text(section.title), level=1)
            for block in section.blocks:
                self._block(block)
                if isinstance(block, Figure):
                    self._mark(document.mark)

    def quote(self, results: Results) -> None:
        """The table of numbers to quote."""
        self.file.add_heading(QUOTE, level=1)
        self._paragraph(HOW)
        numbers = list(quoted(results).values())
        rows = [[one.question, estimate_text(one.row), interval(one.row)] for one in numbers]
        table = self._grid(["Question", "Median", "Interval"], rows)
        for one, row in zip(numbers, table.rows[1:], strict=True):
            for cell in row.cells[1:]:
                _tag(cell.paragraphs[0], one.question, cell.paragraphs[0].runs)

    def _answers(self, answers: Answers) -> None:
        self._paragraph(answers.when, bold=True)
        for item in answers.items:
            paragraph = self.file.add_paragraph(f"{xml_text(item.title)}: ", style="List Bullet")
            run = paragraph.add_run(xml_text(f"{item.median} ({item.interval})"))
            run.bold = True
            _tag(paragraph, item.question, [run])
            paragraph.add_run(xml_text(f". {item.confidence}."))
        self._paragraph(answers.note)

    def _block(self, block: Block) -> None:
        if isinstance(block, Table):
            if block.page_only:
                self._paragraph(block.instead)
            else:
                self._grid(block.columns, block.rows, numeric=block.numeric)
                self._caption(block.caption)
        elif isinstance(block, Figure):
            self._figure(block)
        elif isinstance(block, Text):
            self._text(block)

    def _text(self, block: Text) -> None:
        if block.tone == "heading":
            self.file.add_heading(xml_text(block.text), level=2)
            return
        paragraph = self.file.add_paragraph()
        if block.lead:
            paragraph.add_run(xml_text(block.lead) + " ").bold = True
        number, question = block.quotes
        if number:
            _tag(paragraph, question, [paragraph.add_run(xml_text(number))])
        rest = xml_text(block.text.removeprefix(number))
        paragraph.add_run(rest).bold = block.tone == "warning"

    def _figure(self, block: Figure) -> None:
        path = self.figures / f"{block.name}.png"
        if path.is_file():
            self.file.add_picture(str(path), width=self.width)
            shape = self.file.inline_shapes[-1]
            shape._inline.docPr.set("descr", xml_text(block.alt or block.caption))
        self._caption(block.caption)

    def _grid(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        numeric: frozenset[int] = frozenset(),
    ) -> Any:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        table = self.file.add_table(rows=len(rows) + 1, cols=len(columns), style=TABLE_STYLE)
        for values, line in zip([columns, *rows], table.rows, strict=True):
            for i, (value, cell) in enumerate(zip(values, line.cells, strict=True)):
                paragraph = cell.paragraphs[0]
                self._fill(paragraph, value, bold=values is columns)
                if i in numeric:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        _repeat_header(table.rows[0])
        return table

    def _fill(self, paragraph: Any, cell: Cell, *, bold: bool) -> None:
        from docx.shared import Pt

        paragraph.paragraph_format.space_after = Pt(0)
        if isinstance(cell, Link) and cell.url:
            _link(paragraph, cell)
        runs = [paragraph.add_run(xml_text(_rest(cell)))]
        for run in (*runs, *paragraph.runs):
            run.font.size, run.bold = Pt(POINTS), bold

    def _caption(self, text: str) -> None:
        if text:
            self.file.add_paragraph(xml_text(text), style="Caption")

    def _paragraph(self, text: str, *, bold: bool = False) -> None:
        if text:
            self.file.add_paragraph().add_run(xml_text(text)).bold = bold

    def _mark(self, mark: str) -> None:
        self._paragraph(mark, bold=True)


def _rest(cell: Cell) -> str:
    """Text of a cell that is no link."""
    if isinstance(cell, Link):
        return cell.more if cell.url else str(cell)
    return cell


def _link(paragraph: Any, cell: Link) -> None:
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    target = paragraph.part.relate_to(cell.url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    run = paragraph.add_run(xml_text(cell.text))
    run.font.size, run.font.underline = Pt(POINTS), True
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), target)
    link.append(run._r)
    paragraph._p.append(link)


def _repeat_header(row: Any) -> None:
    """Repeat the first row of a table on each page."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _tag(paragraph: Any, question: str, runs: Sequence[Any]) -> None:
    """Put the last runs of a paragraph into a content control with a tag, if Word accepts it."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    words = xml_text(f"{WORD} {question}")
    if not question or len(words) > LONGEST_TAG:
        return
    control, about, content = (OxmlElement(f"w:{n}") for n in ("sdt", "sdtPr", "sdtContent"))
    tag = OxmlElement("w:tag")
    tag.set(qn("w:val"), words)
    about.append(tag)
    for run in runs:
        content.append(run._r)
    control.extend([about, content])
    paragraph._p.append(control)
