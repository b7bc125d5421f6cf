"""Output of commands: results on stdout, progress on stderr."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

__all__ = ["Progress", "answer", "note", "progress"]


class Progress(Protocol):
    """A callable that shows the current stage of the work."""

    def __call__(self, stage: str, /) -> None:
        """Show the stage that begins, in a few words."""


def answer(text: str) -> None:
    """Write text and a newline to stdout.

    A closed pipe (``| head``) is not an error: the rest of the output is discarded.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as problem:
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

        with Console(stderr=True).status("starting") as status:
            yield lambda stage, /: status.update(stage)
    else:
        yield lambda stage, /: _line(stage, time.perf_counter() - begin)


def _line(stage: str, seconds: float) -> None:
    note(f"{seconds:6.1f} s  {stage}")
