"""Many fits, on all cores or on a cluster; an interrupted run can be resumed.

A task is a function with its arguments; its result is anything that JSON can represent. The result
of a finished task is stored in one file, whose name is a hash of the function, the arguments and
the code that the function imports: nothing outdated is reused and nothing is computed twice.
Results are always read back from their text, and every task runs on one thread, so that the bytes
do not depend on interruptions, on the number of cores, or on the machine in a cluster.

Machines that share no scheduler take one shard of the tasks each, see `sharded`; a last run, which
finds all results in the store, puts them together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import suppress
from dataclasses import is_dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, TypedDict

from lossmodel.arguments import check_type
from lossmodel.errors import LossModelError, ShardDoneError, UsageError
from lossmodel.evaluation.counter import Counter, Report
from lossmodel.evaluation.shards import Shard, current
from lossmodel.system.code import code_hash
from lossmodel.system.digest import digest
from lossmodel.system.locks import HeldError
from lossmodel.system.processes import WorkerDiedError, cores, end, pool, result_of, submit
from lossmodel.system.unfinished import write_whole

__all__ = ["Options", "Report", "run_tasks"]


class Options(TypedDict):
    """Options of `run_tasks`.

    Examples
    --------
    >>> options: Options = {"store": None, "jobs": 1, "cluster": None, "progress": None}
    >>> run_tasks(round, [{"number": 2.4}], **options)
    [2]
    """

    store: str | Path | None
    jobs: int
    cluster: str | None
    progress: Report | None


Task = tuple[str, Callable[..., Any], dict[str, Any], str | None]

# A scheduler on the network answers within a second; ten allow for a busy one. Chosen by hand.
CONNECT_SECONDS = "10s"
# Repetitions of a task whose worker died, for want of memory for instance. Chosen by hand; results
# do not depend on it.
RETRIES = 3
# Seconds without a finished task before the progress says so: less than a bar may stand still.
WAIT_SECONDS = 5.0
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
        A function of a module, so that other processes can import it; its result must be
        representable in JSON.
    arguments
        Keyword arguments of each task.
    shared
        Further arguments, the same for all tasks and not part of a task's key: for what affects
        only the time, such as a fit whose mode is the starting point.
    store
        Folder for the results, from which an interrupted run is resumed; None stores nothing.
    jobs
        Number of processes; -1 for one per core.
    cluster
        Address of a Dask scheduler that runs the tasks instead, or the file that it wrote its
        address to (``dask scheduler --scheduler-file``); needs `lossmodel[cluster]`.
    progress
        Called with the number of finished tasks and the time left, as a text.
    title
        Plural name of the tasks, for the reports of progress and of a shard.

    Raises
    ------
    LossModelError
        No scheduler answers at the address, Dask is not installed, or worker processes died
        repeatedly.
    ShardDoneError
        In the context of `sharded`, once the tasks of the shard are done.
    UsageError
        Tasks of a shard have no store.

    Examples
    --------
    >>> run_tasks(round, [{"number": 2.4}, {"number": 3.6}], jobs=1)
    [2, 4]
    """
    check_type(jobs, "jobs", Integral, "a whole number, -1 for all cores")
    folder = None if store is None else Path(store)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    code = digest(_name(function), code_hash(function.__module__))
    known: dict[int, str] = {}
    keys = [_key(code, given, known) for given in arguments]
    shard = current()
    mine = _of_shard(keys, shard, folder)
    texts = _kept(folder, mine)
    given_of = dict(zip(keys, arguments, strict=True))
    pending = {key: given_of[key] for key in mine if key not in texts}
    say = Counter(title, len(mine), len(texts), progress)
    tasks: list[Task] = [
        (key, function, dict(given), None if folder is None else str(folder))
        for key, given in pending.items()
    ]
    common = dict(shared or {})
    run = _on_cluster(tasks, common, cluster) if cluster else _on_cores(tasks, common, jobs)
    for found in run:
        if found is None:
            say.waiting()
            continue
        key, text = found
        texts[key] = text
        if folder is not None and cluster:
            _keep(folder, key, text)
        say.one_more()
    if shard is not None:
        texts = _kept(folder, keys)
    if missing := len(set(keys) - set(texts)):
        raise ShardDoneError(
            f"Shard {shard} is done: {len(mine):,} of {len(set(keys)):,} {title}. "
            f"{missing:,} of other shards are not in {folder}; once they are, the same command "
            "without a shard puts all together."
        )
    return [json.loads(texts[key]) for key in keys]


def _of_shard(keys: Sequence[str], shard: Shard | None, folder: Path | None) -> list[str]:
    """The different keys of a shard, every so many of all."""
    different = list(dict.fromkeys(keys))
    if shard is None:
        return different
    if folder is None:
        raise UsageError(
            f"Shard {shard} has no store for its results, without which they are lost."
        )
    return different[shard.number - 1 :: shard.total]


def _key(code: str, given: Mapping[str, Any], known: dict[int, str]) -> str:
    """Key of one task; what all tasks have in common, such as the priors, is hashed once.

    Parameters
    ----------
    known
        Hashes of such objects by their identity.
    """
    hashes = {}
    for name, value in given.items():
        if is_dataclass(value):
            if id(value) not in known:
                known[id(value)] = digest(value)
            value = known[id(value)]
        hashes[name] = value
    return digest(code, hashes)


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _compute(task: Task, shared: Mapping[str, Any]) -> tuple[str, str]:
    """Run one task on one thread, and store its result at once."""
    from threadpoolctl import threadpool_limits

    key, function, given, folder = task
    # The last digits of sums depend on their order: one thread, wherever the task runs.
    with threadpool_limits(limits=1):
        text = json.dumps(function(**given, **shared), sort_keys=True, allow_nan=True)
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
    """Write a result, unless another process is writing the same one."""
    with suppress(HeldError):
        write_whole(folder / f"{key}.json", text.encode())


# The arguments that all tasks of a worker process share: a fit is sent to it once.
_SHARED: dict[str, Any] = {}


def _share(arguments: dict[str, Any]) -> None:
    _SHARED.update(arguments)


def _compute_here(task: Task) -> tuple[str, str]:
    return _compute(task, _SHARED)


def _on_cores(
    tasks: Sequence[Task], shared: dict[str, Any], jobs: int
) -> Iterator[tuple[str, str] | None]:
    """Results as they come; None where none has come for a while."""
    count = min(len(tasks), cores() if jobs < 0 else jobs)
    if count <= 1:
        yield from (_compute(task, shared) for task in tasks)
        return
    pending = {task[0]: task for task in tasks}
    for _ in range(1 + RETRIES):
        workers = pool(count, prepare=_share, given=(shared,))
        try:
            futures = [submit(workers, _compute_here, task) for task in pending.values()]
            running = set(futures)
            while running:
                done, running = wait(running, WAIT_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    key, text = result_of(future)
                    del pending[key]
                    yield key, text
                if not done:
                    yield None
            return
        except WorkerDiedError:
            # Its unfinished tasks are run again.
            continue
        finally:
            end(workers)
    raise LossModelError(f"worker processes died {1 + RETRIES} times; try --jobs 1.")


def _on_cluster(
    tasks: Sequence[Task], shared: dict[str, Any], address: str
) -> Iterator[tuple[str, str]]:
    """The same tasks on a Dask cluster, which moves those of a lost worker to another."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        text = "a cluster needs Dask, which is not installed: pip install 'lossmodel[cluster]'"
        raise LossModelError(text) from error
    if Path(address).is_file():
        address = _address_in(Path(address))
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        raise LossModelError(f"no Dask scheduler answers at {address}. {REMEDY}") from error
    with client, client.as_current():
        # The store is on the caller's disk, not on a worker's: results are stored on arrival.
        unstored: list[Task] = [(key, function, given, None) for key, function, given, _ in tasks]
        names = [task[0] for task in unstored]
        futures = client.map(_compute, unstored, shared=shared, key=names, retries=RETRIES)
        for future in as_completed(futures):
            key, text = future.result()
            yield key, text


def _address_in(file: Path) -> str:
    """The address in a file that a Dask scheduler wrote for its clients."""
    try:
        content = json.loads(file.read_bytes())
    except ValueError:  # no JSON, or no text
        content = None
    address = content.get("address") if isinstance(content, dict) else None
    if not isinstance(address, str):
        raise UsageError(
            f"{file} is no file of a Dask scheduler, a JSON object with the text `address`; "
            "`dask scheduler --scheduler-file` writes one."
        )
    return address
