"""Seconds and memory that a fit takes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from lossmodel.system.clock import reproducible, seconds_since

__all__ = ["Clock", "peak_mb"]

# Where Linux says what a process holds.
OWN_STATE: Final = Path("/proc/self/status")


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
    if OWN_STATE.is_file():
        # What `resource` tells begins with the peak of the process that started this one.
        kilobytes = int(OWN_STATE.read_text().partition("VmHWM:")[2].split()[0])
        return round(kilobytes / 1024, 1)
    try:
        import resource
    except ImportError:  # Windows has no such module, and a fit needs none
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)
