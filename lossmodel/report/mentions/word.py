"""Passages and tags of a Word file."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from lossmodel.errors import UsageError
from lossmodel.report.mentions.mention import Mention, spaced
from lossmodel.tables.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["WORD", "read_word"]

# The word before a question, in a comment or in the title or tag of a content control.
WORD: Final = "lossmodel:"
# Bytes of a part of the file, unpacked: more than any text has, less than a bomb would.
LARGEST_PART: Final = 200 << 20
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARTS: Final = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")


def read_word(path: Path) -> Iterator[Mention]:
    """Passages of a Word file, paragraph by paragraph, with its notes."""
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path))) as archive:
            there = set(archive.namelist())
            if _PARTS[0] not in there:
                raise UsageError(f"{path} is not a Word document.")
            notes = _xml(archive, "word/comments.xml") if "word/comments.xml" in there else None
            questions = {} if notes is None else _questions(notes)
            bodies = {name: _xml(archive, name) for name in _PARTS if name in there}
    except (zipfile.BadZipFile, ElementTree.ParseError, NotImplementedError, RuntimeError) as error:
        raise UsageError(f"{path} cannot be read as a Word document: {error}.") from error
    for name, body in bodies.items():
        kind = "paragraph" if name == _PARTS[0] else "note"
        reader = _WordReader(questions)
        reader.walk(body)
        for (number, question), parts in reader.found.items():
            words = "".join(parts).strip()
            if words:
                yield Mention(spaced(words), f"{kind} {number}", question=question)


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > LARGEST_PART:
        raise UsageError(f"{name} of the Word document is larger than {LARGEST_PART:,} bytes.")
    return ElementTree.fromstring(archive.read(name), ElementTree.XMLParser(target=_Plain(name)))


class _Plain(ElementTree.TreeBuilder):
    """Builds the tree of a part without a document type, which could define entities.

    The parser tells of one in any encoding, before it reads what it defines.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def doctype(self, *_: str | None) -> None:
        """Refuse a document type."""
        raise UsageError(
            f"{self._name} of the Word document has a document type, which Word never writes."
        )


def _questions(comments: ElementTree.Element) -> dict[str, str]:
    """Question of each comment that tags a number, by the comment's id."""
    found = {}
    for comment in comments.findall(f"{_W}comment"):
        words = "".join(text.text or "" for text in comment.iter(f"{_W}t")).strip()
        if words.lower().startswith(WORD):
            found[comment.get(f"{_W}id", "")] = words[len(WORD) :].strip()
    return found


class _WordReader:
    """Collects the text of each paragraph, that with a tag apart."""

    def __init__(self, questions: Mapping[str, str]) -> None:
        self.questions = questions
        self.found: dict[tuple[int, str], list[str]] = {}
        self._paragraph = 0
        # Questions of the comments whose text has begun, by the comment's id.
        self._open: dict[str, str] = {}

    def walk(self, body: ElementTree.Element) -> None:
        """Read an element and all within it, however deep."""
        waiting = [(body, "")]
        while waiting:
            element, question = waiting.pop()
            question = self._read(element, question)
            waiting += [(child, question) for child in reversed(element)]

    def _read(self, element: ElementTree.Element, question: str) -> str:
        """Read an element that stands within a tag; the question of what is within it."""
        name = element.tag.removeprefix(_W)
        if name == "sdt":
            question = _control_question(element) or question
        elif name == "p":
            self._paragraph += 1
        elif name == "commentRangeStart":
            comment = element.get(f"{_W}id", "")
            if comment in self.questions:
                self._open[comment] = self.questions[comment]
        elif name == "commentRangeEnd":
            self._open.pop(element.get(f"{_W}id", ""), None)
        elif name in ("t", "tab", "br"):
            tagged = next(reversed(self._open.values()), question)
            words = (element.text or "") if name == "t" else " "
            self.found.setdefault((self._paragraph, tagged), []).append(words)
        return question


def _control_question(element: ElementTree.Element) -> str:
    for name in ("tag", "alias"):
        found = element.find(f"{_W}sdtPr/{_W}{name}")
        words = "" if found is None else found.get(f"{_W}val", "")
        if words.lower().startswith(WORD):
            return words[len(WORD) :].strip()
    return ""
