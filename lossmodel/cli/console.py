"""Output of commands: results on stdout, progress on stderr.

What is printed may quote a file or an argument that others wrote. So both streams spell out what a
terminal would obey, whoever writes to them.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TextIO, cast

from lossmodel.text.escape import printable

__all__ = ["Progress", "answer", "note", "progress", "safe_streams"]


class Progress(Protocol):
    """A callable that shows the current stage of the work."""

    def __call__(self, stage: str, /) -> None:
        """Show the stage that begins, in a few words."""


class _Safe:
    """A stream of text for which escape sequences and control characters are spelled out."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write a text to the stream."""
        return self.stream.write(printable(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts to the stream."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def safe_streams() -> Iterator[None]:
    """Let stdout and stderr be streams that no text can make a terminal do anything with."""
    plain = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", _Safe(stream)) for stream in plain)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = plain


def answer(text: str) -> None:
    """Write text and a newline to stdout.

    A closed pipe (``| head``) is not an error: the rest of the output is discarded.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as problem:
        # What is still in the buffer would fail again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(problem, BrokenPipeError):
            raise OSError(problem.errno, problem.strerror, "standard output") from problem


def note(text: str) -> None:
    """Write text and a newline to stderr, or nowhere if nobody reads it: the work goes on."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


@contextmanager
def progress() -> Iterator[Progress]:
    """Show stages on stderr: one updated line on a terminal, one line per stage elsewhere."""
    begin = time.perf_counter()
    if sys.stderr.isatty():
        # Imported only for a terminal, to keep other uses fast.
        from rich.console import Console
        from rich.text import Text

        # Its own escape sequences go to the terminal, and the stages are text without markup.
        terminal = sys.stderr.stream if isinstance(sys.stderr, _Safe) else sys.stderr
        with Console(file=terminal).status("starting") as status:
            yield lambda stage, /: status.update(Text(printable(stage)))
    else:
        yield lambda stage, /: _line(stage, time.perf_counter() - begin)


def _line(stage: str, seconds: float) -> None:
    note(f"{seconds:6.1f} s  {stage}")
