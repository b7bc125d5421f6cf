"""Passages of a report file, and differences between their numbers."""

from __future__ import annotations

import html.parser
import itertools
import json
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from lossmodel.text.escape import one_line
from lossmodel.text.page import read_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "describe_difference",
    "differing_passages",
    "numbers_in",
    "shorten",
    "split_passages",
    "where_they_differ",
]

# Passages beyond which a match one by one would take too long. Chosen by hand.
MAX_MATCHED: Final = 2_000
# A comma, a dot or TeX's thin space belongs to a number only between digits.
_NUMBER: Final = re.compile(r"\d+(?:(?:[.,]|\\,)\d+)*\s?\\?%?")
_INVISIBLE: Final = ("script", "style", "svg")

Passages = list[str]


def split_passages(name: str, text: str) -> Passages:
    """Visible parts of a file: texts of an HTML page, lines of other formats."""
    if not name.endswith(".html"):
        return [line for line in text.splitlines() if line.strip()]
    reader = _TextReader()
    read_page(reader, text)
    return reader.passages


class _TextReader(html.parser.HTMLParser):
    """Collects the text of a page, paragraph by paragraph and cell by cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.passages: Passages = []
        self._hidden = 0
        self._data = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        # The numbers of a figure are read as well.
        self._hidden += tag in _INVISIBLE and ("type", "application/json") not in attrs
        self._data = ("type", "application/json") in attrs

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _INVISIBLE and not self._data
        self._data = False

    def handle_data(self, data: str) -> None:
        if self._data:
            self.passages += _data_passages(data)
        elif not self._hidden and data.strip():
            self.passages.append(data.strip())


def _data_passages(text: str) -> Passages:
    """Texts and lists of numbers of the page's data, and the cells of the rows of a table."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return [text.strip()]
    if isinstance(content, dict) and {"cells", "rows"} <= content.keys():
        cells = content["cells"]
        try:
            content = [[cells[number] for number in row] for row in content["rows"]]
        except (TypeError, LookupError):
            return [text.strip()]
    return list(_leaves(content))


def _leaves(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        content = list(content.values())
    if not isinstance(content, list):
        yield str(content)
    elif all(isinstance(value, int | float | None) for value in content):
        yield " ".join(map(str, content))
    else:
        for value in content:
            yield from _leaves(value)


def numbers_in(text: str) -> list[str]:
    """Numbers of a text, as printed but without spaces."""
    return [re.sub(r"\s", "", number) for number in _NUMBER.findall(text)]


def differing_passages(found: Passages, variants: Sequence[Passages]) -> Iterator[tuple[str, str]]:
    """Passages with numbers that no variant has, each with the expected passage."""
    expected = variants[0]
    aligned = all(len(found) == len(variant) for variant in variants)
    if aligned:
        for said, *should in zip(found, *variants, strict=True):
            if not _same(numbers_in(said), [numbers_in(text) for text in should]):
                yield said, should[0]
        return
    yield from _unaligned_differences(found, expected)


def _unaligned_differences(found: Passages, expected: Passages) -> Iterator[tuple[str, str]]:
    """Differences between files with different numbers of passages."""
    # Passages without numbers are all equal, and would make matching slow.
    said, should = ([p for p in side if numbers_in(p)] for side in (found, expected))
    new, old = ([tuple(numbers_in(p)) for p in side] for side in (said, should))
    first = _common_prefix(new, old)
    last = min(_common_prefix(new[::-1], old[::-1]), len(new) - first, len(old) - first)
    said, should = said[first : len(said) - last], should[first : len(should) - last]
    new, old = new[first : len(new) - last], old[first : len(old) - last]
    if max(len(new), len(old)) > MAX_MATCHED:
        yield " / ".join(said), " / ".join(should)
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield " / ".join(said[c:d]), " / ".join(should[a:b])


def _common_prefix(one: Sequence[object], other: Sequence[object]) -> int:
    """Length of the common prefix."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _same(said: list[str], variants: list[list[str]]) -> bool:
    """Whether each number equals that of a variant; variants differ in the last digit at most."""
    if any(len(said) != len(variant) for variant in variants):
        return said in variants
    return all(number in allowed for number, *allowed in zip(said, *variants, strict=True))


def describe_difference(said: str, should: str) -> str:
    """Say which numbers of a passage are wrong, and what they should be."""
    pairs = list(itertools.zip_longest(numbers_in(said), numbers_in(should), fillvalue="nothing"))
    wrong = [f"{a} should be {b}" for a, b in pairs if a != b]
    said, should = where_they_differ(said, should)
    if len(wrong) > len(pairs) / 2 or len(wrong) > 4:
        return f"“{said}” should be “{should}”."
    return f"{', '.join(wrong)} in “{said}”."


def where_they_differ(said: str, should: str, width: int = 160) -> tuple[str, str]:
    """Two passages as lines, cut at a width and, where that leaves no difference, in front too.

    Examples
    --------
    >>> where_they_differ("Of the dead 9 are listed.", "Of the dead 7 are listed.", 16)
    ('…dead 9 are lis…', '…dead 7 are lis…')
    """
    lines = [" ".join(one_line(text).split()) for text in (said, should)]
    first = _common_prefix(*lines)
    begin = max(0, first - width // 2)
    if begin and max(map(len, lines)) > width:
        before = lines[0][begin:first]
        # From the beginning of a word, so that no number loses its first digits.
        before = before.partition(" ")[2] or before
        lines = [f"…{before}{line[first:]}" for line in lines]
    return shorten(lines[0], width), shorten(lines[1], width)


def shorten(text: str, width: int = 160) -> str:
    """A passage as one line, cut at a width."""
    line = " ".join(one_line(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"
