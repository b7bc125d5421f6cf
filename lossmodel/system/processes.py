"""Pools of worker processes, which end when the process that started them has ended.

A worker leaves interrupts and requests to end to its parent, which ends its workers. A parent that
is killed cannot do that, so every worker watches it as well.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import Empty
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lossmodel.errors import LossModelError
from lossmodel.system.signals import ENDING, undisturbed

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = [
    "WorkerDiedError",
    "cores",
    "end",
    "end_all",
    "pool",
    "remove_left",
    "result_of",
    "submit",
]

T = TypeVar("T")
# Those that are not ended. A pool that nobody holds any more would still be waited for.
_POOLS: list[Any] = []
# Seconds between two looks at the parent: an orphan is gone long before anybody misses its memory,
# and four looks a second cost nothing that can be measured.
LOOK: Final = 0.25
# Where Linux keeps named semaphores. Other systems do not list theirs.
SEMAPHORES: Final = Path("/dev/shm")
# Right to wait for the end of a process, on Windows.
SYNCHRONIZE: Final = 0x00100000


class WorkerDiedError(LossModelError):
    """A worker process was ended from outside, mostly for want of memory."""

    def __init__(self) -> None:
        super().__init__(
            "a worker process was ended from outside, most likely by the system for want of "
            "memory: close other programs, use a machine with more memory, or fit a shorter "
            "stretch with --until."
        )


def cores() -> int:
    """Number of cores that this process may use.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    from joblib import cpu_count

    return int(cpu_count())


def pool(
    count: int,
    *,
    idle: float | None = None,
    prepare: Callable[..., None] | None = None,
    given: tuple[Any, ...] = (),
) -> Any:
    """A pool of worker processes.

    No arrays are handed over in files, which a worker that is killed would leave behind, but
    through pipes.

    Parameters
    ----------
    count
        Number of processes.
    idle
        Seconds without work after which a process ends; None for never.
    prepare, given
        A function that each process calls first, and its arguments.

    Returns
    -------
    ProcessPoolExecutor
        To be used with `submit` and ended with `end`.

    Examples
    --------
    >>> workers = pool(1)
    >>> submit(workers, round, 2.4).result()
    2
    >>> end(workers)
    """
    from multiprocessing import resource_tracker

    from joblib.externals.loky import ProcessPoolExecutor

    _tidy()
    with undisturbed():
        if os.name == "posix":
            # Starting it lets signals through again, so it has to run before the workers start.
            resource_tracker.ensure_running()
        made = ProcessPoolExecutor(
            max_workers=count,
            timeout=idle,
            initializer=_begin,
            initargs=(os.getpid(), prepare, given),
        )
        _POOLS.append(made)
        return made


def submit(workers: Any, function: Callable[..., T], *arguments: Any) -> Future[T]:
    """Have a pool call a function, and start its processes if they are not running.

    Raises
    ------
    BrokenProcessPool
        A process was ended from outside.
    """
    submitted: Future[T]
    with undisturbed():
        submitted = workers.submit(function, *arguments)
    return submitted


def end(workers: Any) -> None:
    """End the processes of a pool, also those at work, and wait until they are gone."""
    with undisturbed():
        # The thread of the pool drops the tasks that wait, and then still looks for them by these
        # numbers: joblib 1.5 ends it with a traceback.
        with suppress(AttributeError, Empty):
            while True:
                workers._work_ids.get_nowait()  # noqa: SLF001, there is no other way to them
        workers.shutdown(wait=True, kill_workers=True)
        if workers in _POOLS:
            _POOLS.remove(workers)


def end_all() -> None:
    """End the pools that are left, as where a signal came before the code that would end them.

    The interpreter would wait for their work at its end.
    """
    for workers in list(_POOLS):
        end(workers)


def result_of(future: Future[T]) -> T:
    """The result of a task of a pool.

    Raises
    ------
    WorkerDiedError
        The process was ended before it was done.
    """
    from concurrent.futures.process import BrokenProcessPool

    try:
        return future.result()
    except BrokenProcessPool:
        raise WorkerDiedError from None


@cache
def _tidy() -> None:
    remove_left(SEMAPHORES)


def remove_left(folder: Path) -> None:
    """Remove the semaphores of pools whose process has ended without doing so.

    A pool has a process that removes them even if its own is killed, but not if all are at once.
    Those of a process that runs are not touched, and those of other users cannot be.
    """
    if os.name != "posix":
        return
    for path in folder.glob("sem.loky-*-*"):
        number = path.name.split("-")[1]
        if number.isdecimal() and not _is_running(int(number)):
            with suppress(OSError):
                path.unlink()


def _is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _begin(parent: int, prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    """Prepare a worker process."""
    # Signals to a group of processes are for the parent to answer.
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent,), daemon=True).start()
    if prepare is not None:
        prepare(*given)


def _end_with(parent: int) -> None:
    """End this process, whatever it is doing, once its parent has ended.

    Not by the signal that Linux sends at the death of a parent: that is the death of the parent's
    thread which started the worker, and threads may end before.
    """
    if sys.platform == "win32":
        import _winapi

        try:
            handle = _winapi.OpenProcess(SYNCHRONIZE, False, parent)
        except OSError:  # it has ended already
            os._exit(1)
        _winapi.WaitForSingleObject(handle, _winapi.INFINITE)
    else:
        while os.getppid() == parent:
            time.sleep(LOOK)
    os._exit(1)
