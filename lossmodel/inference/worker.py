"""A second process, which does part of the work while this one does another.

It is started once, takes work in turn and ends by itself. It has to be asked for: what runs many
fits at once has no core to spare, and for a small fit it does not pay.
"""

from __future__ import annotations

import atexit
import importlib
import signal
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lossmodel.errors import LossModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["at_hand", "load", "second_process", "submit"]

T = TypeVar("T")
PATIENCE: Final = 60  # seconds that the process waits for more work


@contextmanager
def second_process(*modules: str) -> Iterator[None]:
    """Have the process at hand, from its start, when it imports modules, to its end."""
    if _cores() > 1:
        submit(load, modules)
    try:
        yield
    finally:
        if at_hand():
            _process().shutdown(wait=False, kill_workers=True)
            _process.cache_clear()


def at_hand() -> bool:
    """Whether the process was started in this one."""
    return _process.cache_info().currsize > 0


def submit(function: Callable[..., T], *arguments: Any) -> Future[T]:
    """Have a function called in the other process; in this one where there is one core only."""
    if _cores() > 1:
        from concurrent.futures.process import BrokenProcessPool

        submitted: Future[T]
        try:
            submitted = _process().submit(function, *arguments)
        except BrokenProcessPool:  # somebody ended it since its last work
            _process.cache_clear()
            submitted = _process().submit(function, *arguments)
        return submitted
    done: Future[T] = Future()
    try:
        done.set_result(function(*arguments))
    except LossModelError as problem:  # raised again where the result is asked for
        done.set_exception(problem)
    return done


def _cores() -> int:
    from joblib import cpu_count

    return int(cpu_count())


@cache
def _process() -> Any:
    # Not the executor that joblib's own loops share, which has another size and other habits.
    from joblib.externals.loky import ProcessPoolExecutor

    # Let go of it while there still are the modules that its end needs.
    atexit.register(_process.cache_clear)
    return ProcessPoolExecutor(max_workers=1, timeout=PATIENCE, initializer=_leave_interrupts)


def _leave_interrupts() -> None:
    """Whoever interrupts the work interrupts the first process, which ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def load(names: tuple[str, ...]) -> None:
    """Import modules, in whatever process this is called."""
    for name in names:
        importlib.import_module(name)
