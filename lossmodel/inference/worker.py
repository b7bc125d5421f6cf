"""A second process, which does part of the work at the same time as this one.

It is started once, runs jobs in turn and ends by itself. It is optional: programs that run many
fits at once have no core to spare, and a small fit does not gain from it. The processes of a
sampler's chains are started and ended in the same way.
"""

from __future__ import annotations

import atexit
import importlib
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lossmodel.errors import LossModelError
from lossmodel.system import processes
from lossmodel.system.processes import cores, end, pool, result_of
from lossmodel.system.signals import undisturbed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["at_hand", "end_all", "load", "run_all", "second_process", "submit"]

S = TypeVar("S")
T = TypeVar("T")
# Seconds that a process waits for more work: longer than this one computes between two jobs.
PATIENCE: Final = 60
# The pools of this process by their number of processes: the second process is a pool of one.
_POOLS: Final[dict[int, Any]] = {}


@contextmanager
def second_process(*modules: str) -> Iterator[None]:
    """Have a second process in this context, which imports some modules first."""
    try:
        if cores() > 1:
            submit(load, modules)
        yield
    finally:
        end_all()


def at_hand() -> bool:
    """Whether the process was started in this one."""
    return 1 in _POOLS


def submit(function: Callable[..., T], *arguments: Any) -> Future[T]:
    """Call a function in the second process, or in this one where there is only one core.

    Raises
    ------
    LossModelError
        Not here, but from the result, if the function raised it.
    """
    if cores() > 1:
        return _submitted(1, function, *arguments)
    done: Future[T] = Future()
    try:
        done.set_result(function(*arguments))
    except LossModelError as problem:  # raised again where the result is asked for
        done.set_exception(problem)
    return done


def run_all(function: Callable[[S], T], arguments: Sequence[S], count: int) -> list[T]:
    """Results of a function, by so many processes at a time; by this one alone if it is one.

    Raises
    ------
    WorkerDiedError
        A process was ended before it was done.

    Examples
    --------
    >>> run_all(round, [2.4, 3.6], 1)
    [2, 4]
    """
    if count == 1:
        return [function(argument) for argument in arguments]
    try:
        futures = [_submitted(count, function, argument) for argument in arguments]
        return [result_of(future) for future in futures]
    except BaseException:
        # Nobody is left to read what the others would still compute.
        end(_POOLS.pop(count))
        raise


def end_all() -> None:
    """End the processes that this one has started."""
    with undisturbed():
        while _POOLS:
            end(_POOLS.popitem()[1])


# While the modules that it needs are still loaded.
atexit.register(end_all)


def _submitted(count: int, function: Callable[..., T], *arguments: Any) -> Future[T]:
    from concurrent.futures.process import BrokenProcessPool

    try:
        return processes.submit(_pool(count), function, *arguments)
    except BrokenProcessPool:  # a process was ended from outside after its last job
        end(_POOLS.pop(count))
        return processes.submit(_pool(count), function, *arguments)


def _pool(count: int) -> Any:
    if count not in _POOLS:
        with undisturbed():
            _POOLS[count] = pool(count, idle=PATIENCE)
    return _POOLS[count]


def load(names: tuple[str, ...]) -> None:
    """Import modules in the process in which this is called."""
    for name in names:
        importlib.import_module(name)
