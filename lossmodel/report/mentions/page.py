"""Passages and tags of an HTML page or of a Markdown file."""

from __future__ import annotations

import html.parser
import re
from typing import TYPE_CHECKING, Any, Final

from lossmodel.report.mentions.mention import Mention, blank, lines, spaced
from lossmodel.tables.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_html", "read_markdown"]

ATTRIBUTE: Final = "data-lossmodel"
UNSEEN: Final = ("script", "style", "svg", "template", "head")
_FENCED: Final = re.compile(r"^(```+|~~~+).*?^\1\s*$|\A---\n.*?^---\s*$", re.DOTALL | re.MULTILINE)
_CODE: Final = re.compile(r"`[^`\n]*`|\]\([^)\n]*\)|^\[[^\]\n]+\]:.*$", re.MULTILINE)


def read_html(path: Path) -> Iterator[Mention]:
    """Passages of a page as it is shown."""
    return _page(read_text(path))


def read_markdown(path: Path) -> Iterator[Mention]:
    """Passages of a Markdown file, without its code and the addresses of links."""
    return _page(_CODE.sub(blank, _FENCED.sub(blank, read_text(path))))


def _page(text: str) -> Iterator[Mention]:
    reader = _PageReader()
    reader.feed(text)
    reader.close()
    return iter(reader.found)


class _PageReader(html.parser.HTMLParser):
    """Collects the text of a page, and that of each tagged element as a whole."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Mention] = []
        self._unseen = 0
        # Of a tagged element: its name, the elements of that name open in it, place, question.
        self._tagged: tuple[str, str, str] | None = None
        self._depth = 0
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._unseen += tag in UNSEEN
        question = dict(attrs).get(ATTRIBUTE)
        if self._tagged is not None:
            self._depth += tag == self._tagged[0]
        elif question:
            self._tagged = tag, f"line {self.getpos()[0]}", question.strip()
            self._depth, self._words = 1, []

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN and self._unseen > 0
        if self._tagged is not None and tag == self._tagged[0]:
            self._depth -= 1
            if not self._depth:
                self._end()

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._tagged is not None:
            self._words.append(data)
        else:
            self.found += lines(spaced(data), self.getpos()[0])

    def close(self) -> None:
        super().close()
        if self._tagged is not None:  # an element that is not closed
            self._end()

    def _end(self) -> None:
        if self._tagged is not None:
            _, place, question = self._tagged
            self.found.append(Mention(spaced("".join(self._words)), place, question=question))
            self._tagged = None
