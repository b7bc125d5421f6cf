"""The content of a report, apart from its output format.

HTML, Markdown and PDF are three formats of the same document.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from lossmodel import __version__
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.report.blocks import Dial, Table, trimmed
from lossmodel.report.results import as_published
from lossmodel.report.sections.answer import answer_section, headline_answers
from lossmodel.report.sections.changes import changes_section
from lossmodel.report.sections.checks import checks_section
from lossmodel.report.sections.claimants import claimants_section
from lossmodel.report.sections.evidence import evidence_section
from lossmodel.report.sections.identification import identification_section
from lossmodel.report.sections.losses import losses_section
from lossmodel.report.sections.others import others_section
from lossmodel.report.sections.periods import periods_section
from lossmodel.report.sections.provenance import priors_section, provenance_section
from lossmodel.report.sections.validation import validation_section
from lossmodel.report.wording import level
from lossmodel.text.months import dates
from lossmodel.text.numbers import plural

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lossmodel.evaluation.explanation import Explanation
    from lossmodel.report.blocks import Answers, Block, Section
    from lossmodel.report.changes import Changes
    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Results

__all__ = ["Document", "column_widths", "compose", "moment", "unbroken"]

# Characters per printed line of a table. At 7.2 pt a line of 174 mm holds 134 characters of mean
# width (0.51 em, measured on the tables of a report); 118 leaves 12% for wider texts.
LINE: Final = 118
SMALL_LINE: Final = 134  # the same for long tables, which are set in 6.3 pt
PADDING: Final = 2  # characters that the inset of a cell takes
BOLD: Final = 1.12  # characters of a heading, in bold type, in those of a cell
CLOSE: Final = 1.05
# Spaces within an interval: inside brackets, or around its "to".
_WITHIN: Final = re.compile(r" (?=to [\d,.]+(?:[\])]|$))|(?<=[\d,.] to) (?=[\d,.]+(?:[\])]|$))")
MANY: Final = 40  # rows of a long table, about half a page. Chosen by hand.


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes
    ----------
    mark
        Warning on every page of a fit that did not pass its gate, otherwise empty.
    facts
        Name and value pairs that identify the fit.
    answers
        The headline totals, which come first; None for a conflict without any.
    created
        Year to second of the fit in UTC, which is the date of the PDF; empty if it is not known.
    """

    title: str
    subtitle: str
    sections: Sequence[Section]
    mark: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    answers: Answers | None = None
    created: tuple[int, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The document as dicts and lists, without the tables that only the HTML page has."""
        sections = [
            {
                "title": section.title,
                "blocks": [_plain(b) for b in section.blocks if not isinstance(b, Dial)],
            }
            for section in self.sections
        ]
        return asdict(replace(self, sections=())) | {"line": LINE, "sections": sections}


def _plain(block: Block) -> dict[str, Any]:
    """A block as a dict; a cell with a link is a dict of its text and address."""
    if not isinstance(block, Table):
        return asdict(block)
    rows = [] if block.page_only else block.rows
    texts = [
        [unbroken(str(cell)) if i in block.numeric else str(cell) for i, cell in enumerate(row)]
        for row in rows
    ]
    content = asdict(replace(block, rows=(), keys=None, numeric=frozenset()))
    return content | {
        "numeric": sorted(block.numeric),
        "rows": [
            [
                text if isinstance(cell, str) else {"text": str(cell), "url": cell.url}
                for cell, text in zip(row, shown, strict=True)
            ]
            for row, shown in zip(rows, texts, strict=True)
        ],
        "widths": column_widths(block.columns, texts, whole=block.numeric),
    }


def compose(
    results: Results,
    figures: Mapping[str, Sequence[FigureSpec]],
    changes: Changes | None = None,
    explanation: Explanation | None = None,
) -> Document:
    """Compose the report.

    Parameters
    ----------
    figures
        Figures by section.
    changes
        What changed since an earlier fit.
    explanation
        The fit under other assumptions.
    """
    fit = results.fit
    passed = bool(fit.diagnostics["gate"]["passed"])
    when = moment(str(fit.provenance.get("created", "")))
    return Document(
        title=f"Losses: {fit.conflict.title}",
        subtitle=(
            f"{dates(fit.days[0], fit.days[-1])}, from "
            f"{plural(len(as_published(fit)), 'published claim')}; "
            f"{level(fit)} credible intervals, engine {fit.engine}."
        ),
        answers=headline_answers(results),
        sections=[
            trimmed(section)
            for section in (
                answer_section(results, explanation),
                *([] if changes is None else [changes_section(fit, changes)]),
                periods_section(results),
                losses_section(results, figures["losses"]),
                others_section(results),
                claimants_section(results, figures["claimants"]),
                identification_section(results, figures["level"], explanation),
                evidence_section(results),
                checks_section(results, figures["checks"]),
                validation_section(),
                priors_section(fit),
                provenance_section(fit),
            )
            if section.blocks
        ],
        mark="" if passed else NOT_PASSED,
        facts={"lossmodel": __version__, "fit": fit_hash(fit)},
        created=() if when is None else when.timetuple()[:6],
    )


def moment(text: str) -> datetime | None:
    """A time of day in UTC; None for an unreadable one."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def unbroken(text: str) -> str:
    r"""A number with its interval, in which a line ends at most between the two.

    Examples
    --------
    >>> unbroken("2,600 [1,300 to 5,300]").split(" ")
    ['2,600', '[1,300\xa0to\xa05,300]']
    """
    return _WITHIN.sub("\N{NO-BREAK SPACE}", text)


def column_widths(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, whole: Collection[int] = ()
) -> list[float]:
    """Width of each column of a printed table, in characters.

    No column is narrower than its longest word. Narrow columns get their full width, so that only
    long texts wrap, and longer texts get wider columns. The sum exceeds `LINE` only if the longest
    words alone do, or if the table is long and set in smaller type.

    Parameters
    ----------
    whole
        Columns of numbers, which do not wrap if there is room.
    """
    least: list[float] = []
    wanted: list[float] = []
    for i, name in enumerate(columns):
        cells = [row[i] for row in rows]
        # A no-break space is within a word.
        words = [float(len(word)) for cell in cells for word in cell.split(" ")]
        words += [BOLD * len(word) for word in name.split(" ")]
        least.append(max(words, default=1.0) + PADDING)
        wanted.append(max(len(name) / 2, *(len(cell) for cell in cells), 1.0) + PADDING)
    # Headings wrap only where the line is too short for them.
    heads = [BOLD * len(name) + PADDING for name in columns]
    if sum(map(max, wanted, heads)) <= LINE:
        wanted = [max(pair) for pair in zip(wanted, heads, strict=True)]
    wanted = [max(want, low) for want, low in zip(wanted, least, strict=True)]
    pairs = list(zip(least, wanted, strict=True))
    # A long table with many wrapped texts is set in smaller type.
    line = SMALL_LINE if sum(wanted) > LINE and len(rows) > MANY else LINE
    unbroken = [w if i in whole else n for i, (n, w) in enumerate(zip(least, wanted, strict=True))]
    # Whole numbers are worth type that is a twentieth smaller.
    if sum(unbroken) <= max(line, CLOSE * LINE):
        line = max(line, math.ceil(sum(unbroken)))
        pairs = list(zip(unbroken, wanted, strict=True))
    for bound in range(int(max(wanted)) + 1, 0, -1):
        widths = [max(low, min(want, bound / 4 * math.sqrt(want))) for low, want in pairs]
        if sum(widths) <= line:
            return widths
    return [float(low) for low in least]
