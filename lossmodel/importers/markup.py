"""Tables of web pages, in HTML or in the markup of a wiki, as a grid of cells."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, NamedTuple

from lossmodel.errors import UsageError
from lossmodel.importers.csv_reader import MOST_COLUMNS, Grid

__all__ = ["html_grid", "is_html", "is_wiki", "wiki_grid"]

HTML: Final = re.compile(
    r"\s*<(?:!doctype|!--|\?xml|html|head|body|div|table|section|article|main|h\d|p)\b",
    re.IGNORECASE,
)
HIDDEN: Final = ("script", "style")  # no text of a page
BREAKS: Final = ("br", "p", "li", "div")
SPAN: Final = re.compile(r"\b(row|col)span\s*=\s*[\"']?\s*(\d{1,4})", re.IGNORECASE)
# Of a wiki: a footnote, a tag, and a template or link without another inside.
FOOTNOTE: Final = re.compile(r"<ref\b[^>]*?/>|<ref\b.*?</ref\s*>|<!--.*?-->", re.I | re.DOTALL)
TAG: Final = re.compile(r"<[^<>]*>")
TEMPLATE: Final = re.compile(r"\{\{([^{}]*)\}\}")
LINK: Final = re.compile(r"\[\[([^\[\]]*)\]\]")
INNER: Final = re.compile(r"\[\[([^\[\]{}]*)\]\]")
OUTER: Final = re.compile(r"\[(?:https?:)?//\S+\s*([^\]]*)\]")
# Templates that show no text in their place: footnotes, doubts of editors, flags, keys of sorting.
UNSHOWN: Final = re.compile(
    r"(?:efn|refn|sfn|sfnp|ref|rp|r|note|notetag|cn|fact|citation|better source|dubious|clarify|"
    r"when|who|by whom|according to whom|update|hs|ntsh|dtsh|flagicon|flag icon|flagdeco|anchor|"
    r"#tag:ref|harvnb?|nbsp)(?:[\s_-].*)?(?<!span)",
    re.DOTALL,
)
# Templates whose first part is shown, those of dates, whose parts are one, and those of "about".
FIRST: Final = frozenset({"abbr", "abbrv", "tooltip", "hover title"})
CIRCA: Final = frozenset({"circa", "c.", "ca.", "approx"})
FIRST_PART: Final = re.compile(r"^\s*1\s*=")
DATED: Final = frozenset({"dts", "date table sorting", "start date", "end date", "date"})
QUOTES: Final = re.compile("'{2,}")
ATTRIBUTES: Final = re.compile(
    r"^\s*(?:[\w-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'|]+)(?:\s+|(?=\|)))+\|(?!\|)"
)


class _Cell(NamedTuple):
    """A cell of a page, which may hold for several rows and columns."""

    text: str
    heading: bool
    rows: int = 1
    columns: int = 1


def is_html(text: str) -> bool:
    """Whether a text begins as a page of the web does.

    Examples
    --------
    >>> is_html("<!DOCTYPE html><table>"), is_html("<5,killed")
    (True, False)
    """
    return HTML.match(text) is not None


def is_wiki(text: str) -> bool:
    """Whether a text begins as a table of a wiki does.

    Examples
    --------
    >>> is_wiki('{| class="wikitable"'), is_wiki('{"a": 1}')
    (True, False)
    """
    return text.lstrip().startswith("{|")


def html_grid(text: str, path: Path) -> Grid:
    """Cells of the first table of a page that has two rows; rows are counted in the table.

    Raises
    ------
    UsageError
        The page has no such table, or it is too wide.

    Examples
    --------
    >>> page = "<table><tr><th>date<th>killed<tr><td>1 May 2001<td>5</table>"
    >>> html_grid(page, Path("x.html")).rows
    [(1, ['date', 'killed']), (2, ['1 May 2001', '5'])]
    """
    page = _Page()
    page.feed(text)
    page.close()
    tables = [table for table in page.tables if len(table) > 1]
    if not tables:
        raise UsageError(
            f"{path} is HTML or XML without a table of two rows or more. If a browser shows one, "
            "copy it into a spreadsheet and export that as CSV, UTF-8."
        )
    more = f", the first of {len(tables)}" if len(tables) > 1 else ""
    return Grid(_spread(tables[0], path), (f"a table of a web page{more}: rows are counted in it",))


def wiki_grid(text: str, path: Path) -> Grid:
    r"""Cells of the first table of a text in the markup of a wiki; rows are counted in the table.

    Raises
    ------
    UsageError
        It is too wide.

    Examples
    --------
    >>> text = "{|\n! date !! killed\n|-\n| 1 May 2001 || {{formatnum:1200}}<ref>A</ref>\n|}"
    >>> wiki_grid(text, Path("x.txt")).rows
    [(1, ['date', 'killed']), (2, ['1 May 2001', '1200'])]
    """
    rows: list[list[_Cell]] = [[]]
    for line in _lines(FOOTNOTE.sub("", text)):
        if line.startswith("|}"):
            break
        if line.startswith("|-"):
            rows.append([])
        elif line.startswith("|+"):
            rows.insert(0, [_Cell(_plain(ATTRIBUTES.sub("", line[2:])), heading=True)])
        elif line[:1] in ("|", "!"):
            rows[-1] += _wiki_cells(line)
    return Grid(_spread([row for row in rows if row], path), ("a table of a wiki",))


def _lines(text: str) -> Iterator[str]:
    """Lines of a table, each with those that continue it."""
    kept = ""
    for line in text.strip().splitlines()[1:]:
        if line.lstrip()[:1] in ("|", "!"):
            yield kept
            kept = line.strip()
        else:
            kept = f"{kept} {line.strip()}" if kept else ""
    yield kept


def _wiki_cells(line: str) -> Iterator[_Cell]:
    heading = line.startswith("!")
    for part in re.split(r"\|\||!!" if heading else r"\|\|", line[1:]):
        marked = ATTRIBUTES.match(part)
        spans = dict(SPAN.findall(marked[0].lower())) if marked else {}
        text = _plain(part[marked.end() :] if marked else part)
        yield _Cell(text, heading, int(spans.get("row", 1)), int(spans.get("col", 1)))


def _plain(text: str) -> str:
    """Text of a wiki without its markup; of a template what it shows."""
    before = ""
    while before != text:
        before = text
        # A mark between the parts of a link is none between those of a template around it.
        text = INNER.sub(lambda match: match[1].rpartition("|")[2], text)
        text = TEMPLATE.sub(lambda match: _shown(match[1]), text)
    text = LINK.sub(lambda match: match[1].rpartition("|")[2], text)
    text = QUOTES.sub("", TAG.sub(" ", OUTER.sub(r"\1", text)))
    return _spaced(html.unescape(text))


def _shown(template: str) -> str:
    """What a template shows: the number of `formatnum:`, else its last part without a name."""
    word = template.partition("|")[0].strip().lower()
    if UNSHOWN.fullmatch(word):
        return " " if word == "nbsp" else ""
    name, colon, number = template.partition(":")
    if colon and "|" not in name:
        return number.partition("|")[0]
    numbered = (FIRST_PART.sub("", part) for part in template.split("|")[1:])
    parts = [part.strip() for part in numbered if "=" not in part]
    if word in DATED:
        return "-".join(filter(None, parts))
    shown = parts[0 if word in FIRST else -1] if parts else ""
    return f"c. {shown}" if word in CIRCA else shown


def _spaced(text: str) -> str:
    return " ".join(text.replace("\xa0", " ").split())


class _Page(HTMLParser):
    """Collects the cells of the tables of a page; a table in a cell is part of its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[_Cell]]] = []
        self.depth = self.hidden = 0
        self.open: _Cell | None = None
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self.hidden += 1
        elif tag == "table":
            self.depth += 1
            if self.depth == 1:
                self.tables.append([])
        elif self.depth == 1 and tag in ("tr", "caption"):
            self._shut()
            self.tables[-1].append([])
        if self.depth == 1 and tag in ("td", "th", "caption"):
            self._shut()
            if not self.tables[-1]:
                self.tables[-1].append([])
            found = {k: int(v) for k, v in attrs if v and v.isdecimal() and len(v) < 5}
            rows, columns = found.get("rowspan", 1), found.get("colspan", 1)
            self.open = _Cell("", tag != "td", rows, columns)
        elif tag in BREAKS:
            self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self.hidden = max(self.hidden - 1, 0)
        elif self.depth == 1 and tag in ("td", "th", "caption", "tr", "table"):
            self._shut()
        if tag == "table":
            self.depth = max(self.depth - 1, 0)

    def handle_data(self, data: str) -> None:
        if self.open is not None and not self.hidden:
            self.text.append(data)

    def close(self) -> None:
        super().close()
        self._shut()
        self.tables = [[row for row in table if row] for table in self.tables]

    def _shut(self) -> None:
        if self.open is not None:
            self.tables[-1][-1].append(self.open._replace(text=_spaced("".join(self.text))))
        self.open, self.text = None, []


def _spread(table: list[list[_Cell]], path: Path) -> list[tuple[int, list[str]]]:
    """Rows with a cell in each column.

    A heading over several columns stands in each of them, any other cell in the first alone; a
    cell beside several rows stands in each, but for headings above others.
    """
    found = []
    below: dict[int, tuple[int, str]] = {}  # column -> rows that are left, and text
    for number, row in enumerate(table, 1):
        head = all(cell.heading for cell in row)
        cells: list[str] = []
        left = iter(row)
        hanging, below = below, {}
        while True:
            at = len(cells)
            if at in hanging:
                rows, text = hanging.pop(at)
                cells.append(text)
                if rows > 1:
                    below[at] = (rows - 1, text)
                continue
            cell = next(left, None)
            if cell is None:
                if not any(column > at for column in hanging):
                    break
                cells.append("")
                continue
            for i in range(max(cell.columns, 1)):
                text = cell.text if head or i == 0 else ""
                if cell.rows > 1:
                    below[at + i] = (cell.rows - 1, "" if head else text)
                cells.append(text)
            if len(cells) > MOST_COLUMNS:
                raise UsageError(
                    f"{path} row {number} has more than {MOST_COLUMNS:,} columns: it is no table "
                    "of claims."
                )
        if any(cells):
            found.append((number, cells))
    return found
