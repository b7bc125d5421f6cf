"""Shards of the tasks of a run, for machines that share no scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from lossmodel.arguments import parsed
from lossmodel.errors import UsageError

__all__ = ["Shard", "current", "sharded"]


class Shard(NamedTuple):
    """The `number`-th of `total` parts of the tasks of a run, counted from one.

    Examples
    --------
    >>> Shard.parse("2/4")
    Shard(number=2, total=4)
    >>> str(Shard(2, 4))
    '2/4'
    """

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read a shard from the form 2/4.

        Raises
        ------
        UsageError
            It has another form, or there is no such part.
        """
        number, total = (parsed(word, int) for word in text.partition("/")[::2])
        if number is None or total is None or not 1 <= number <= total:
            raise UsageError(
                f"{text!r} is not a shard; write 2/4 for the second of four, from 1/4 to 4/4."
            )
        return cls(number, total)

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


_SHARD: ContextVar[Shard | None] = ContextVar("shard", default=None)


@contextmanager
def sharded(shard: Shard | None) -> Iterator[None]:
    """Have `run_tasks` run only one shard in this context.

    It then raises `ShardDoneError`, unless the results of all others are in the store.

    Examples
    --------
    >>> from lossmodel.evaluation.tasks import run_tasks
    >>> with sharded(Shard(1, 2)):  # doctest: +ELLIPSIS
    ...     run_tasks(round, [{"number": 2.4}, {"number": 3.6}], store=folder, jobs=1)
    Traceback (most recent call last):
    ...
    lossmodel.errors.ShardDoneError: Shard 1/2 is done: 1 of 2 tasks. ...
    >>> run_tasks(round, [{"number": 2.4}, {"number": 3.6}], store=folder, jobs=1)
    [2, 4]
    """
    token = _SHARD.set(shard)
    try:
        yield
    finally:
        _SHARD.reset(token)


def current() -> Shard | None:
    """The shard that this context runs, if it runs only one."""
    return _SHARD.get()
