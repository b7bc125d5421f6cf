"""Passages, tags and macros of a TeX file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lossmodel.report.mentions.mention import Mention, blank, lines
from lossmodel.report.output.latex import FORMS
from lossmodel.tables.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Definition", "definitions_in", "read_tex"]

_COMMENT: Final = re.compile(r"(?<!\\)%.*")
# Text in braces that may hold one more pair.
_GROUP: Final = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_TAGGED: Final = re.compile(
    rf"\\LMchecked\s*{_GROUP}\s*{_GROUP}|\\(LM[A-Za-z]*)(?:\s*\{{([^{{}}]*)\}})?"
)
# Commands whose arguments are not read, and lengths.
_SILENT: Final = re.compile(
    rf"\\(?:\w*cite\w*|\w*ref|label|input|include|includegraphics|bibliography\w*|usepackage"
    rf"|documentclass|(?:re)?newcommand|providecommand|setlength|addtolength|[vh]space|url|href"
    rf"|begin|end|LMdefine)\*?(?:\[[^\]]*\]|{_GROUP})*"
    r"|\\\\\[[^\]]*\]|[\d.]+(?:pt|em|ex|cm|mm|bp|\\\w*(?:width|height))\b",
)
_THIN: Final = re.compile(r"(?<=\d)(?:\\,|\\;|\\thinspace\s?|\{,\}|~)(?=\d{3})")
_INPUT: Final = re.compile(r"\\(?:input|include)\s*\{([^{}]+)\}")
_DEFINED: Final = re.compile(
    rf"\\(?:re|provide)?(?:new)?command\*?\s*\{{?\\(LM[A-Za-z]+)\}}?\s*(\[1\])?{_GROUP}"
    rf"|\\LMdefine{_GROUP}{_GROUP}{_GROUP}{_GROUP}{_GROUP}"
)


@dataclass(frozen=True)
class Definition:
    """A macro or a number that a TeX file defines: its name or key, and its texts."""

    place: str
    name: str
    texts: tuple[str, ...]


def read_tex(path: Path) -> Iterator[Mention]:
    """Passages of a TeX file from the beginning of its document, without those of its inputs."""
    text = _COMMENT.sub("", read_text(path))
    head, begin, body = text.rpartition(r"\begin{document}")
    first = head.count("\n") + 1 if begin else 1
    body = _DEFINED.sub(blank, body)
    for found in _TAGGED.finditer(body):
        place = f"line {first + body.count(chr(10), 0, found.start())}"
        question, words, name, key = found.groups()
        if name is None:
            yield Mention(_plain(words), place, question=question.strip())
        elif name in FORMS:
            yield Mention(found[0], place, key=(key or "").strip())
        else:
            yield Mention(f"\\{name}", place, key=name)
    rest = _SILENT.sub(blank, _TAGGED.sub(blank, body))
    yield from lines(_plain(rest), first)


def definitions_in(path: Path) -> list[Definition]:
    """Macros of numbers that a TeX file, or a file that it inputs, defines."""
    found: dict[str, Definition] = {}
    waiting, seen = [path], set()
    while waiting:
        here = waiting.pop()
        if here in seen or not here.is_file():
            continue
        seen.add(here)
        text = _COMMENT.sub("", read_text(here))
        for match in _DEFINED.finditer(text):
            name, argument, value, key, *texts = match.groups()
            if not argument and name not in FORMS:
                line = text.count("\n", 0, match.start()) + 1
                where = Definition(f"{here.name} line {line}", name or key, tuple(texts))
                found[name or key] = (
                    Definition(where.place, where.name, (value,)) if name else where
                )
        # Paths are relative to the folder that TeX runs in, which is that of the paper.
        named = (path.parent / name.strip() for name in _INPUT.findall(text))
        waiting += [
            p if p.suffix.lower() == ".tex" else p.with_name(p.name + ".tex") for p in named
        ]
    return list(found.values())


def _plain(text: str) -> str:
    """Text of TeX with numbers as they are read."""
    return _THIN.sub(",", text).replace(r"\%", "%").replace("--", "\u2013").replace("~", " ")
