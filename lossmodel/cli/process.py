"""The process of a command: its signals, standard streams, and threads of linear algebra."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

from lossmodel.system.signals import ENDING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["ENDED", "heard", "prepare", "release"]

# What is said about a command that was ended, by its exit status: 128 and the signal's number.
ENDED: Final = {128 + number: f"ended by {signal.Signals(number).name}" for number in ENDING} | {
    130: "interrupted"
}
# Variables that set the threads of OpenBLAS, MKL, BLIS and Apple's Accelerate.
THREADS: Final = (
    *("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS"),
)


# Seconds after which a command that goes on is reminded of a signal: exceptions in a callback of
# the garbage collector or while a library is loaded are lost. Tidying up takes less.
REMINDER: Final = 0.5


def prepare() -> None:
    """Prepare the process of a command, before it imports anything large."""
    _use_one_thread()
    _open_streams()
    for number in ENDING:
        # Who runs a command with `nohup` wants it to go on.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)
    sys.unraisablehook = _unraisable


def release() -> None:
    """Let signals end the process at once, as nothing is left to be tidied up."""
    # The interpreter's last searches for cycles are a tenth of `lossmodel check`: what the process
    # holds goes with it.
    gc.freeze()
    # Without the module, which a short command does not load, there are no workers.
    if processes := sys.modules.get("lossmodel.system.processes"):
        processes.end_all()
    for number in ENDING:
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    if hasattr(signal, "setitimer"):  # Windows has none
        signal.signal(signal.SIGALRM, lambda _, here: _end(number, here))
        signal.setitimer(signal.ITIMER_REAL, REMINDER)
    if number == signal.SIGINT:
        signal.default_int_handler(number, frame)
    raise SystemExit(128 + number)


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    """Say nothing of a signal whose exception was lost in a callback: a reminder follows."""
    if not isinstance(found.exc_value, (SystemExit, KeyboardInterrupt)):
        sys.__unraisablehook__(found)


def heard() -> None:
    """Need no reminder any more: the command has ended."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def _use_one_thread() -> None:
    """One thread for linear algebra, here and in worker processes, unless the user says otherwise.

    The matrices of a fit are small: more threads mostly wait for one another, with the processor
    busy. Measured on the shipped conflict, they took 3 of 15 CPU seconds.
    """
    if not any(name in os.environ for name in THREADS):
        os.environ.update(dict.fromkeys(THREADS, "1"))


def _open_streams() -> None:
    """Give closed standard streams (``>&-``) a place to go.

    Otherwise the next file that is opened would be taken for standard output.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number, which is this one. Worker processes inherit it.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
