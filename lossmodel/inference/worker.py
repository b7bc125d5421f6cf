"""A second process, which does part of the work at the same time as this one.

It is started once, runs jobs in turn and ends by itself. It is optional: programs that run many
fits at once have no core to spare, and a small fit does not gain from it.
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
# Seconds that the process waits for more work: longer than this one computes between two jobs.
PATIENCE: Final = 60


@contextmanager
def second_process(*modules: str) -> Iterator[None]:
    """Have a second process in this context, which imports some modules first."""
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
    """Call a function in the second process, or in this one where there is only one core.

    Raises
    ------
    LossModelError
        Not here, but from the result, if the function raised it.
    """
    if _cores() > 1:
        from concurrent.futures.process import BrokenProcessPool

        submitted: Future[T]
        try:
            submitted = _process().submit(function, *arguments)
        except BrokenProcessPool:  # it was ended from outside after its last job
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
    # Not the executor that joblib's own loops share, which has another size.
    from joblib.externals.loky import ProcessPoolExecutor

    # Release it while the modules that its end needs are still loaded.
    atexit.register(_process.cache_clear)
    return ProcessPoolExecutor(max_workers=1, timeout=PATIENCE, initializer=_leave_interrupts)


def _leave_interrupts() -> None:
    """Interrupts go to the first process, which ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def load(names: tuple[str, ...]) -> None:
    """Import modules in the process in which this is called."""
    for name in names:
        importlib.import_module(name)
