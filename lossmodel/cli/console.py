"""What a command says: the answer on stdout, its progress on stderr."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Progress", "answer", "progress"]


class Progress(Protocol):
    """Whatever takes a line that says what is going on."""

    def __call__(self, stage: str, /) -> None:
        """Say what begins now, in a few words."""


def answer(text: str) -> None:
    """Write text and a newline to stdout.

    A reader that has left (``| head``) is no failure of the command: the rest goes nowhere.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress() -> Iterator[Progress]:
    """Show stages on stderr: one moving line on a terminal, a line each elsewhere."""
    begin = time.perf_counter()
    if sys.stderr.isatty():
        # Only a terminal needs it, and a pipe should not wait for its import.
        from rich.console import Console

        with Console(stderr=True).status("starting") as status:
            yield lambda stage, /: status.update(stage)
    else:
        yield lambda stage, /: _line(stage, time.perf_counter() - begin)


def _line(stage: str, seconds: float) -> None:
    sys.stderr.write(f"{seconds:6.1f} s  {stage}\n")
    sys.stderr.flush()
