"""Progress of many tasks: how many are done, and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from lossmodel.system.stages import Stage

__all__ = ["Counter", "Report"]

Report = Callable[[str], None]

# Seconds between two reports.
REPORT_SECONDS: Final = 0.5


class Counter:
    """Reports the number of finished tasks and the time left.

    Parameters
    ----------
    title
        Plural name of the tasks.
    total, done
        How many there are, and of these the ones that are kept from before.
    report
        Takes the words; None for silence.

    Examples
    --------
    >>> counter = Counter("fits", 3, 1, print)
    fits: 1 of 3 kept from before
    >>> counter.waiting()
    fits: 1 of 3, the next for 0 s
    """

    def __init__(self, title: str, total: int, done: int, report: Report | None) -> None:
        self.title, self.total, self.kept, self.done = title, total, done, done
        self.report, self.begin, self.last = report, time.monotonic(), -1.0
        if report is not None and done:
            report(f"{title}: {done:,} of {total:,} kept from before")

    def waiting(self) -> None:
        """Say that tasks are running, though none has ended for a while."""
        if self.report is not None:
            since = time.monotonic() - max(self.last, self.begin)
            words = f"{self.title}: {self.done:,} of {self.total:,}, the next for {since:,.0f} s"
            self.report(Stage(words, self.done / self.total, detail=True))

    def one_more(self) -> None:
        """Count a finished task, and say so unless the last report was just now."""
        self.done += 1
        now = time.monotonic()
        if self.report is None or (now - self.last < REPORT_SECONDS and self.done < self.total):
            return
        self.last = now
        pace = (now - self.begin) / (self.done - self.kept)
        left = pace * (self.total - self.done)
        words = f"{self.title}: {self.done:,} of {self.total:,}, {left:,.0f} s left"
        self.report(Stage(words, self.done / self.total, detail=True))
