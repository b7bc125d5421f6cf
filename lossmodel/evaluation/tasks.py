"""Many fits: on all cores or on a cluster, each one kept, an interrupted run taken up again.

A task is a function of the package's or the user's, and its arguments; its result is whatever JSON
can hold. A finished task is one file whose name is a hash of the function, the arguments and the
code of the package, so that nothing stale is taken up and nothing is done twice. A result is always
read back from its text, and every task runs on one thread, so that the bytes are the same whether
a run was whole or interrupted, here or on a cluster, on one core or on twenty.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from lossmodel.errors import LossModelError

__all__ = ["Options", "Report", "digest", "run_tasks"]

Report = Callable[[str], None]


class Options(TypedDict):
    """How tasks are run, see `run_tasks`."""

    store: str | Path | None
    jobs: int
    cluster: str | None
    progress: Report | None


Task = tuple[str, Callable[..., Any], dict[str, Any], str | None]

CONNECT_SECONDS = "10s"
RETRIES = 3
REMEDY = "Start one with `dask scheduler` and name its address, e.g. tcp://127.0.0.1:8786."


def run_tasks(
    function: Callable[..., Any],
    arguments: Sequence[Mapping[str, Any]],
    *,
    shared: Mapping[str, Any] | None = None,
    store: str | Path | None = None,
    jobs: int = -1,
    cluster: str | None = None,
    progress: Report | None = None,
    title: str = "tasks",
) -> list[Any]:
    """Results of one function for many arguments, in their order.

    Parameters
    ----------
    function
        A module's function, so that another process can find it; its result must be JSON.
    arguments
        Keyword arguments of each task.
    shared
        Further arguments, the same for all tasks and not part of what makes a task new: what only
        saves time, such as a fit to start from.
    store
        Folder in which each finished task is kept; None keeps nothing.
    jobs
        Processes at once; -1 means as many as there are cores.
    cluster
        Address of a Dask scheduler that does the work instead; needs `lossmodel[cluster]`.
    progress
        Told how many are done and how long the rest will take.

    Raises
    ------
    LossModelError
        No scheduler answers at the address, or Dask is not installed.

    Examples
    --------
    >>> run_tasks(max, [], jobs=1)
    []
    """
    folder = None if store is None else Path(store)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    keys = [digest(_name(function), _code(), given) for given in arguments]
    texts = _kept(folder, keys)
    pending = {key: given for key, given in zip(keys, arguments, strict=True) if key not in texts}
    say = _Counter(title, len(set(keys)), len(texts), progress)
    tasks: list[Task] = [
        (key, function, {**given, **(shared or {})}, None if folder is None else str(folder))
        for key, given in pending.items()
    ]
    run = _on_cluster(tasks, cluster) if cluster else _on_cores(tasks, jobs)
    for key, text in run:
        texts[key] = text
        if folder is not None and cluster:
            _keep(folder, key, text)
        say.one_more()
    return [json.loads(texts[key]) for key in keys]


def digest(*parts: object) -> str:
    """Hash of whatever arguments are made of: the same for equal content, in every process."""
    state = hashlib.sha256()
    for piece in _pieces(parts):
        state.update(piece.encode())
        state.update(b"\0")
    return state.hexdigest()[:40]


def _pieces(value: object) -> Iterator[str]:
    """Content as text, depth first, with the kind of each container."""
    if isinstance(value, pd.DataFrame):
        yield f"table {list(value.columns)}"
        yield value.to_csv(index=False)
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)}"
        for key in sorted(value, key=str):
            yield str(key)
            yield from _pieces(value[key])
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__
        yield from _pieces(_fields(value))
    elif isinstance(value, list | tuple):
        yield f"sequence {len(value)}"
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, np.ndarray):
        yield f"array {value.shape} {value.tolist()}"
    else:
        yield f"{type(value).__name__} {value!r}"


def _fields(value: Any) -> dict[str, Any]:
    """Fields of a dataclass; where files lie is not what is in them."""
    try:
        names = asdict(value).keys()
    except TypeError:  # a field that cannot be copied, such as a read-only mapping
        names = vars(value).keys()
    return {name: getattr(value, name) for name in names if name not in ("path", "directory")}


@cache
def _code() -> str:
    """Hash of the package's own source: a changed model has to do its tasks again."""
    package = Path(__file__).resolve().parent.parent
    files = sorted([*package.rglob("*.py"), *package.rglob("*.toml")])
    state = hashlib.sha256()
    for file in files:
        state.update(file.relative_to(package).as_posix().encode())
        state.update(file.read_bytes())
    return state.hexdigest()


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _compute(task: Task) -> tuple[str, str]:
    """Do one task on one thread; keep its result before anybody can interrupt."""
    from threadpoolctl import threadpool_limits

    key, function, given, folder = task
    # Sums in another order end in other last digits: one thread, wherever the task runs.
    with threadpool_limits(limits=1):
        text = json.dumps(function(**given), sort_keys=True, allow_nan=True)
    if folder is not None and Path(folder).is_dir():
        _keep(Path(folder), key, text)
    return key, text


def _kept(folder: Path | None, keys: Iterable[str]) -> dict[str, str]:
    found = {}
    for key in dict.fromkeys(keys):
        file = None if folder is None else folder / f"{key}.json"
        if file is not None and file.is_file():
            found[key] = file.read_text(encoding="utf-8")
    return found


def _keep(folder: Path, key: str, text: str) -> None:
    """Write a result whole or not at all."""
    unfinished = folder / f"{key}.{os.getpid()}.unfinished"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / f"{key}.json")


def _on_cores(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[str, str]]:
    if len(tasks) <= 1 or jobs == 1:
        yield from map(_compute, tasks)
        return
    from joblib import Parallel, delayed

    pending = {task[0]: task for task in tasks}
    for _ in range(1 + RETRIES):
        pool = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
        try:
            for key, text in pool(delayed(_compute)(task) for task in list(pending.values())):
                del pending[key]
                yield key, text
            return
        except BrokenProcessPool:
            # Somebody or something killed a worker: what it had in hand is done anew.
            continue
    raise LossModelError(f"worker processes died {1 + RETRIES} times; try --jobs 1.")


def _on_cluster(tasks: Sequence[Task], address: str) -> Iterator[tuple[str, str]]:
    """The same tasks on a Dask cluster; those of a worker that dies go to another one."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        text = "a cluster needs Dask, which is not installed: pip install 'lossmodel[cluster]'"
        raise LossModelError(text) from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        raise LossModelError(f"no Dask scheduler answers at {address}. {REMEDY}") from error
    with client, client.as_current():
        # The store is the caller's disk, not a worker's: results are kept as they come home.
        homeless: list[Task] = [(key, function, given, None) for key, function, given, _ in tasks]
        futures = client.map(_compute, homeless, key=[t[0] for t in homeless], retries=RETRIES)
        for future in as_completed(futures):
            key, text = future.result()
            yield key, text


class _Counter:
    """Says how far the tasks are, at most twice a second."""

    def __init__(self, title: str, total: int, done: int, report: Report | None) -> None:
        self.title, self.total, self.kept, self.done = title, total, done, done
        self.report, self.begin, self.last = report, time.monotonic(), -1.0
        if report is not None and done:
            report(f"{title}: {done:,} of {total:,} kept from before")

    def one_more(self) -> None:
        self.done += 1
        now = time.monotonic()
        if self.report is None or (now - self.last < 0.5 and self.done < self.total):
            return
        self.last = now
        pace = (now - self.begin) / (self.done - self.kept)
        left = pace * (self.total - self.done)
        self.report(f"{self.title}: {self.done:,} of {self.total:,}, {left:,.0f} s left")
