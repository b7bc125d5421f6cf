"""Output of commands: results on stdout, progress on stderr.

What is printed may quote a file or an argument that others wrote. So both streams spell out what a
terminal would obey, whoever writes to them.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol, TextIO, cast

from lossmodel.system.stages import Stage
from lossmodel.text.escape import printable

__all__ = ["Progress", "answer", "note", "progress", "safe_streams"]

# Seconds without a line, after which a detail shows in a log that the work goes on.
SILENCE: Final = 30.0


class Progress(Protocol):
    """A callable that shows the current stage of the work, best given as a `Stage`."""

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
    """Show stages on stderr: a bar on a terminal, one line per stage elsewhere."""
    if sys.stderr.isatty():
        # Imported only for a terminal, to keep other uses fast.
        from lossmodel.cli.bar import shown

        # Its own escape sequences go to the terminal.
        terminal = sys.stderr.stream if isinstance(sys.stderr, _Safe) else sys.stderr
        with shown(terminal) as course:
            yield lambda stage, /: course.enter(Stage.of(stage), time.perf_counter())
    else:
        yield _Lines()


class _Lines:
    """Stages as lines with the seconds since the start; details only after a long silence."""

    def __init__(self) -> None:
        self.begin = self.last = time.perf_counter()

    def __call__(self, stage: str, /) -> None:
        now = time.perf_counter()
        if Stage.of(stage).detail and now - self.last < SILENCE:
            return
        self.last = now
        note(f"{now - self.begin:6.1f} s  {stage}")
