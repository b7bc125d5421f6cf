"""Passages, tags and macros of a TeX file."""

from __future__ import annotations

import re
import sys
from bisect import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from lossmodel.report.mentions.mention import Mention, blank, lines
from lossmodel.report.output.latex import FORMS, PARTS
from lossmodel.tables.files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Definition", "definitions_in", "read_tex"]

CHECKED: Final = "LMchecked"
# Text that is typed as it is, in an environment or in a line; line breaks; comments; other signs
# after a backslash, which are kept. What may lack its end has a greatest length, so that the end is
# not looked for in the whole file again and again.
_TYPED: Final = re.compile(
    r"\\begin\{([A-Za-z]*[vV]erbatim\*?|lstlisting|minted|comment|filecontents\*?)\}"
    r".*?(?:\\end\{\1\}|\Z)"
    r"|\\(?:(?:[vV]erb\*?|lstinline)(?![A-Za-z])|mintinline(?:\[[^\]\n]{0,999}\])?\{[^{}\n]*\})"
    r"(?:\[[^\]\n]{0,999}\])?(?:\{[^{}\n]*\}|([^\sA-Za-z{])[^\n]{0,9999}?\2)"
    r"|\\\\\*?(?:\[[^\]\n]{0,999}\])?|%[^\n]*|(?P<kept>\\.)",
    re.DOTALL,
)
_BRACE: Final = re.compile(r"\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
# Between the arguments of a command: blanks where their number is known, or else options alone.
_BLANKS: Final = re.compile(r"\s*")
_OPTIONS: Final = re.compile(r"(?:\[[^\]]{0,999}\])*")
_TAGGED: Final = re.compile(r"\\(LM[A-Za-z]*)(?![A-Za-z@])")
# Commands whose arguments are not read.
_SILENT: Final = re.compile(
    r"\\(?:[A-Za-z]*cite[A-Za-z]*|[A-Za-z]*ref|label|input|include|includegraphics"
    r"|bibliography[A-Za-z]*|usepackage|documentclass|(?:re)?newcommand|providecommand|setlength"
    r"|addtolength|[vh]space|url|href|begin|end|LMdefine)(?![A-Za-z])\*?"
)
_LENGTH: Final = re.compile(r"(?<![\d.])[\d.]+(?:pt|em|ex|cm|mm|bp|\\\w*(?:width|height))\b")
_THIN: Final = re.compile(r"(?<=\d)(?:\\,|\\;|\\thinspace\s?|\{,\}|~)(?=\d{3})")
_INPUT: Final = re.compile(r"\\(?:input|include)\s*\{([^{}]+)\}")
_DEFINING: Final = re.compile(
    r"\\(?:(?:re)?new|provide)command\*?\s*\{?\s*\\(?P<name>LM[A-Za-z]+)\s*\}?"
    r"(?P<arguments>\s*\[\d\])?|\\LMdefine(?![A-Za-z])"
)


@dataclass(frozen=True)
class Definition:
    """A macro or a number that a TeX file defines: its name or key, and its texts."""

    place: str
    name: str
    texts: tuple[str, ...]


class _Command(NamedTuple):
    """A command of TeX, its arguments in braces, and where they end."""

    head: re.Match[str]
    groups: list[str]
    end: int


def read_tex(path: Path) -> Iterator[Mention]:
    """Passages of a TeX file from the beginning of its document, without those of its inputs."""
    head, begin, body = _read(path).rpartition(r"\begin{document}")
    first = head.count("\n") + 1 if begin else 1
    body = _without(body.partition(r"\end{document}")[0], _definitions)
    breaks = _breaks(body)
    for command in _tags(body):
        name, groups = command.head[1], command.groups
        place = f"line {first + bisect(breaks, command.head.start())}"
        if len(groups) < _count(command.head):
            yield Mention(f"\\{name}", place, key=name)
        elif name == CHECKED:
            yield Mention(_plain(groups[1]).strip(), place, question=groups[0].strip())
        elif name in FORMS:
            yield Mention(body[command.head.start() : command.end], place, key=groups[0].strip())
        else:
            yield Mention(f"\\{name}", place, key=name)
    rest = _LENGTH.sub(blank, _without(_without(body, _tags), _silent))
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
        text = _read(here)
        breaks = _breaks(text)
        for head, groups, _ in _definitions(text):
            name = head["name"]
            if len(groups) < _count_defined(head) or head["arguments"] or name in FORMS:
                continue
            line = bisect(breaks, head.start()) + 1
            key, *texts = groups if name is None else (name, *groups)
            found[key] = Definition(f"{here.name} line {line}", key, tuple(texts))
        # Paths are relative to the folder that TeX runs in, which is that of the paper.
        named = (path.parent / name.strip() for name in _INPUT.findall(text))
        waiting += [
            p if p.suffix.lower() == ".tex" else p.with_name(p.name + ".tex") for p in named
        ]
    return list(found.values())


def _read(path: Path) -> str:
    """The text of a file without its comments and what is typed as it is, line by line."""
    return _TYPED.sub(lambda found: found["kept"] or blank(found), read_text(path))


def _breaks(text: str) -> list[int]:
    """Places where lines end."""
    return [found.start() for found in re.finditer("\n", text)]


def _tags(text: str) -> Iterator[_Command]:
    return _commands(text, _TAGGED, _count)


def _count(head: re.Match[str]) -> int:
    """Number of arguments of a tag or a macro."""
    return 2 if head[1] == CHECKED else int(head[1] in FORMS)


def _definitions(text: str) -> Iterator[_Command]:
    return _commands(text, _DEFINING, _count_defined)


def _count_defined(head: re.Match[str]) -> int:
    return 1 if head["name"] else 1 + len(PARTS)


def _silent(text: str) -> Iterator[_Command]:
    return _commands(text, _SILENT, lambda _: sys.maxsize, between=_OPTIONS)


def _commands(
    text: str,
    heads: re.Pattern[str],
    count: Callable[[re.Match[str]], int],
    *,
    between: re.Pattern[str] = _BLANKS,
) -> Iterator[_Command]:
    """Commands with at most so many arguments, but for those within the arguments of another."""
    closing, end = _closing(text), 0
    for head in heads.finditer(text):
        if head.start() < end:
            continue
        groups: list[str] = []
        end = head.end()
        while len(groups) < count(head):
            gap = between.match(text, end)
            end = gap.end() if gap else end
            if end not in closing:
                break
            groups.append(text[end + 1 : closing[end]])
            end = closing[end] + 1
        yield _Command(head, groups, end)


def _closing(text: str) -> dict[int, int]:
    """The place of the brace that closes each brace."""
    opened: list[int] = []
    found = {}
    for brace in _BRACE.finditer(text):
        if brace["open"]:
            opened.append(brace.start())
        elif brace["close"] and opened:
            found[opened.pop()] = brace.start()
    return found


def _without(text: str, commands: Callable[[str], Iterator[_Command]]) -> str:
    """A text without some commands and their arguments, with as many lines."""
    parts, end = [], 0
    for command in commands(text):
        begin = command.head.start()
        parts += [text[end:begin], " ", "\n" * text.count("\n", begin, command.end)]
        end = command.end
    return "".join([*parts, text[end:]])


def _plain(text: str) -> str:
    """Text of TeX with numbers as they are read."""
    return _THIN.sub(",", text).replace(r"\%", "%").replace("--", "\u2013").replace("~", " ")
