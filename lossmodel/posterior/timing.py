"""Seconds and memory that a fit takes."""

from __future__ import annotations

import sys
import time

from lossmodel.system.clock import reproducible, seconds_since

__all__ = ["Clock", "peak_mb"]


class Clock:
    """Seconds of each stage.

    Attributes
    ----------
    seconds
        By name of stage.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a stage and begin the next one."""
        self.seconds[stage] = seconds_since(self._last)
        self._last = time.perf_counter()


def peak_mb() -> float | None:
    """Most memory that this process has held so far.

    None where the system does not tell, and in a reproducible run.
    """
    if reproducible():
        return None
    try:
        import resource
    except ImportError:  # Windows has no such module, and a fit needs none
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)
