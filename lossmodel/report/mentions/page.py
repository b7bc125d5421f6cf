"""Passages and tags of an HTML page or of a Markdown file."""

from __future__ import annotations

import html.parser
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from lossmodel.errors import UsageError
from lossmodel.report.mentions.mention import Mention, blank, lines, spaced
from lossmodel.tables.files import read_text
from lossmodel.text.page import read_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_html", "read_markdown"]

ATTRIBUTE: Final = "data-lossmodel"
UNSEEN: Final = frozenset(("script", "style", "svg", "template", "title"))
# The elements of the HTML standard that have no end tag ("void elements"), and those whose slash in
# <svg/> ends them ("foreign elements").
_ENDLESS: Final = "area base br col embed hr img input link meta source track wbr"
VOID: Final = frozenset(_ENDLESS.split())
FOREIGN: Final = frozenset(("math", "svg"))
# Those within foreign elements whose content is HTML again.
HTML_AGAIN: Final = frozenset(("annotation-xml", "desc", "foreignobject"))
# Those that end a paragraph.
_ENDING: Final = (
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section summary "
    "table ul"
)
_BLOCKS: Final = frozenset(_ENDING.split())
_GROUPS: Final = frozenset(("tbody", "tfoot", "thead"))
_ROWS: Final = _GROUPS | {"tr"}
# The elements whose end tag may be left out, each with the start tags that then end it ("optional
# tags" of the HTML standard).
ENDED_BY: Final[dict[str, frozenset[str]]] = {
    "p": _BLOCKS,
    "li": frozenset(("li",)),
    **dict.fromkeys(("dt", "dd"), frozenset(("dt", "dd"))),
    **dict.fromkeys(("td", "th"), _ROWS | {"td", "th"}),
    "tr": _ROWS,
    **dict.fromkeys(_GROUPS, _GROUPS),
    **dict.fromkeys(("caption", "colgroup"), _ROWS | {"colgroup"}),
    "option": frozenset(("option", "optgroup")),
    "optgroup": frozenset(("optgroup",)),
    **dict.fromkeys(("rt", "rp"), frozenset(("rt", "rp"))),
}
# Tags within them imply no end outside: a list in an item has items of its own. Within islands no
# end tag ends what is outside either.
ISLANDS: Final = frozenset(("select", "svg", "table", "template"))
SCOPES: Final = ISLANDS | {"button", "dl", "menu", "ol", "ul"}
# Elements that are shown apart from the words before and after them, an index from its number.
APART: Final = _BLOCKS | ENDED_BY.keys() | SCOPES | {"body", "br", "html", "img", "sub", "sup"}
# Elements within each other; programs that show pages have a limit as well, of some 500.
MOST_NESTED: Final = 256
# A fence that nothing ends holds the rest of the file.
_FENCED: Final = re.compile(
    r"^(```+|~~~+).*?(?:^\1\s*$|\Z)|\A---\n.*?^---\s*$", re.DOTALL | re.MULTILINE
)
# Code in a line, and addresses of links, which may have brackets in pairs.
_CODE: Final = re.compile(
    r"`[^`\n]*`|\]\((?:[^()\n]++|\([^()\n]*+\))*+\)|^\[[^\]\n]+\]:.*$", re.MULTILINE
)


def read_html(path: Path) -> Iterator[Mention]:
    """Passages of a page as it is shown."""
    return _page(read_text(path), path)


def read_markdown(path: Path) -> Iterator[Mention]:
    """Passages of a Markdown file, without its code and the addresses of links."""
    return _page(_CODE.sub(blank, _FENCED.sub(blank, read_text(path))), path)


def _page(text: str, path: Path) -> Iterator[Mention]:
    reader = _PageReader()
    try:
        read_page(reader, text)
    except UsageError as error:
        raise UsageError(f"{path} {error}") from None
    return iter(reader.found)


@dataclass(eq=False)
class _Element:
    """An element that is open.

    Attributes
    ----------
    seen
        Whether its text is shown.
    tagged
        The innermost element with a question that is this one or holds it.
    """

    name: str
    seen: bool
    tagged: _Element | None
    place: str = ""
    question: str = ""
    words: list[str] = field(default_factory=list)


class _PageReader(html.parser.HTMLParser):
    """Collects the text of a page line by line, and that of each tagged element as a whole."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Mention] = []
        self._open: list[_Element] = []
        # Text without a tag since the last break, by its line.
        self._text: dict[int, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._close(self._first_ended_by(tag))
        if tag in APART:
            self._break()
        outer = self._open[-1] if self._open else None
        element = _Element(
            tag,
            seen=tag not in UNSEEN and (outer is None or outer.seen),
            tagged=outer.tagged if outer else None,
            place=f"line {self.getpos()[0]}",
            question=(dict(attrs).get(ATTRIBUTE) or "").strip(),
        )
        if element.question:
            self._flush()
            element.tagged = element
        if tag in VOID:
            self._end(element)
        elif len(self._open) == MOST_NESTED:
            raise UsageError(
                f"{element.place}: <{tag}> is the element {MOST_NESTED + 1} of those within each "
                f"other, and at most {MOST_NESTED} are read; end those that are done."
            )
        else:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        # In HTML itself the slash has no meaning.
        if tag not in VOID and (tag in FOREIGN or self._foreign()):
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        for place in reversed(range(len(self._open))):
            name = self._open[place].name
            if name == tag:
                self._close(place)
                return
            # A stray end tag: that of a word ends no block, and no cell ends what holds its table.
            if (name in APART and tag not in APART) or (name in ISLANDS and tag not in ISLANDS):
                return

    def handle_data(self, data: str) -> None:
        inner = self._open[-1] if self._open else None
        if inner is not None and not inner.seen:
            return
        if inner is not None and inner.tagged is not None:
            inner.tagged.words.append(data)
            return
        for line, part in enumerate(data.split("\n"), self.getpos()[0]):
            self._text.setdefault(line, []).append(part)

    def close(self) -> None:
        super().close()
        self._close(0)
        self._flush()

    def _foreign(self) -> bool:
        """Whether the element that holds the innermost open one follows the rules of XML."""
        outer = (element.name for element in reversed(self._open[:-1]))
        return next((name in FOREIGN for name in outer if name in FOREIGN | HTML_AGAIN), False)

    def _first_ended_by(self, tag: str) -> int:
        """The place of the outermost open element whose end a start tag implies."""
        first = len(self._open)
        for place in reversed(range(len(self._open))):
            name = self._open[place].name
            if tag in ENDED_BY.get(name, ()):
                first = place
            if name in SCOPES:
                break
        return first

    def _close(self, first: int) -> None:
        """End the open elements from a place on, the innermost one first."""
        while len(self._open) > first:
            self._end(self._open.pop())

    def _end(self, element: _Element) -> None:
        if element.question:
            words = spaced("".join(element.words)).split()
            self.found.append(Mention(" ".join(words), element.place, question=element.question))
        if element.name in APART:
            self._break()

    def _break(self) -> None:
        """Keep apart the words before and after the beginning or the end of a block."""
        tagged = self._open[-1].tagged if self._open else None
        if tagged is not None:
            tagged.words.append(" ")
        else:
            self._flush()

    def _flush(self) -> None:
        for line, parts in sorted(self._text.items()):
            self.found += lines(spaced("".join(parts)), line)
        self._text.clear()
