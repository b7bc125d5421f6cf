"""Progress on a terminal: a bar, the time elapsed and left, and the current stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from lossmodel.system.stages import Stage
from lossmodel.text.escape import printable

__all__ = ["Course", "shown"]

WIDTH: Final = 20
PER_SECOND: Final = 4
# Before so much of the work is done, and so many seconds, the pace says little about the rest.
EARLY: Final = 0.05
AT_ONCE: Final = 2.0


class Course:
    """How far the work is, by the stages told so far and the clock.

    Parameters
    ----------
    now
        Seconds on some clock, at the start.
    """

    def __init__(self, now: float) -> None:
        self.begun = self.since = now
        self.stage = Stage("starting", 0.0)
        self.done = 0.0

    def enter(self, stage: Stage, now: float) -> None:
        """Begin a stage; the share that is done never falls."""
        self.done = max(self.share(now), stage.done or 0.0)
        self.stage, self.since = stage, now

    def share(self, now: float) -> float:
        """The share that is done, which moves within a stage whose time is known."""
        if not self.stage.seconds or self.stage.then is None:
            return self.done
        within = min((now - self.since) / self.stage.seconds, 1.0)
        return self.done + within * max(self.stage.then - self.done, 0.0)

    def left(self, now: float) -> float | None:
        """Seconds to the end at the pace of the stage, or of all so far; None where unknown."""
        stage, spent = self.stage, now - self.since
        if stage.seconds and stage.then is not None and stage.then > self.done:
            whole = (1 - self.done) * stage.seconds / (stage.then - self.done)
        elif self.done >= EARLY and self.since - self.begun >= AT_ONCE:
            whole = (self.since - self.begun) * (1 - self.done) / self.done
        else:
            return None
        return whole - spent if whole > spent else None


@contextmanager
def shown(terminal: TextIO) -> Iterator[Course]:
    """Show a course on a terminal while it lasts, and leave nothing of it."""
    course = Course(time.perf_counter())
    live = Live(
        console=Console(file=terminal),
        get_renderable=lambda: _line(course, time.perf_counter()),
        refresh_per_second=PER_SECOND,
        transient=True,
    )
    with live:
        yield course
        live.refresh()


def _line(course: Course, now: float) -> Table:
    left = course.left(now)
    fixed = [Column(no_wrap=True) for _ in range(3)]
    line = Table.grid(*fixed, Column(ratio=1, no_wrap=True), padding=(0, 2, 0, 0), expand=True)
    line.add_row(
        ProgressBar(total=1.0, completed=course.share(now), width=WIDTH),
        _clock(now - course.begun),
        "" if left is None else f"about {_clock(left)} left",
        # The words are text without markup.
        Text(printable(course.stage), overflow="ellipsis"),
    )
    return line


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds, such as 0:01:30."""
    return str(timedelta(seconds=round(seconds)))
