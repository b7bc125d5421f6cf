"""Many tasks: the same bytes however they ran, nothing done twice, nothing half-written."""

import ast
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossmodel.errors import LossModelError, ShardDoneError, UsageError
from lossmodel.evaluation import tasks
from lossmodel.evaluation.shards import Shard, sharded
from lossmodel.evaluation.tasks import run_tasks
from lossmodel.model.priors import Priors
from lossmodel.system.code import modules_of
from lossmodel.system.digest import digest

ROOT = Path(__file__).resolve().parent.parent


def product(seed: int, size: int = 60) -> dict:
    """Numbers whose last digits depend on how they were added up."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((size, size))
    return {"seed": seed, "trace": float(np.trace(matrix @ matrix.T)), "row": matrix[0].tolist()}


def count_and_square(number: int, folder: str) -> int:
    (Path(folder) / f"{number}.{os.getpid()}.{time.monotonic_ns()}").touch()
    return number**2


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


SEEDS = [{"seed": seed} for seed in range(8)]


def test_results_come_in_the_order_of_the_arguments():
    assert [r["seed"] for r in run_tasks(product, SEEDS[::-1], jobs=1)] == list(range(8))[::-1]


@pytest.mark.slow
def test_one_core_and_two_give_the_same_bytes(tmp_path):
    one = run_tasks(product, SEEDS, store=tmp_path / "one", jobs=1)
    two = run_tasks(product, SEEDS, store=tmp_path / "two", jobs=2)
    assert one == two
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_is_kept_is_not_done_again(tmp_path):
    calls = tmp_path / "calls"
    calls.mkdir()
    arguments = [{"number": n, "folder": str(calls)} for n in range(4)]
    run_tasks(count_and_square, arguments[:3], store=tmp_path / "kept", jobs=1)
    assert run_tasks(count_and_square, arguments, store=tmp_path / "kept", jobs=1) == [0, 1, 4, 9]
    assert len(list(calls.iterdir())) == 4


def test_equal_tasks_are_done_once_and_answered_twice(tmp_path):
    arguments = [{"number": 3, "folder": str(tmp_path)}] * 2
    assert run_tasks(count_and_square, arguments, jobs=1) == [9, 9]
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_shared_reaches_the_task_and_does_not_make_it_new(tmp_path):
    one = run_tasks(product, SEEDS[:2], shared={"size": 5}, store=tmp_path, jobs=1)
    assert [len(r["row"]) for r in one] == [5, 5]
    assert run_tasks(product, SEEDS[:2], shared={"size": 9}, store=tmp_path, jobs=1) == one


def test_progress_tells_what_was_kept(tmp_path):
    said: list[str] = []
    run_tasks(product, SEEDS[:2], store=tmp_path, jobs=1)
    run_tasks(product, SEEDS[:3], store=tmp_path, jobs=1, progress=said.append, title="fits")
    assert said[0] == "fits: 2 of 3 kept from before"
    assert said[-1].startswith("fits: 3 of 3")


def pause(seconds: float) -> float:
    """A task that takes some time."""
    time.sleep(seconds)
    return seconds


@pytest.mark.slow
def test_progress_says_that_a_long_task_goes_on(monkeypatch):
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 0.2)
    said = []
    run_tasks(pause, [{"seconds": 2.5}, {"seconds": 0.01}], jobs=2, progress=said.append)
    assert any("1 of 2, the next for" in words for words in said)
    assert said[-1].startswith("tasks: 2 of 2")


@pytest.mark.parametrize(
    "value",
    [1, 1.0, "1", None, True, (1,), {"a": 1}, pd.DataFrame({"a": [1]}), np.array([1.0])],
    ids=repr,
)
def test_a_digest_tells_apart_what_differs_and_not_what_is_equal(value):
    other = [2, "x", {"a": 2}, pd.DataFrame({"a": [2]})]
    assert digest(value) == digest(value)
    assert digest(value) not in {digest(different) for different in other}


def test_a_digest_does_not_hang_on_the_order_of_keys():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


@pytest.mark.slow
def test_an_interrupted_run_is_resumed(tmp_path):
    script = textwrap.dedent(
        """
        import sys, time
        from lossmodel.evaluation import tasks

        def slow(seed):
            time.sleep(0.3)
            import numpy as np
            return np.random.default_rng(seed).standard_normal(3).tolist()

        if __name__ == "__main__":
            slow.__module__ = "story"
            arguments = [{"seed": seed} for seed in range(6)]
            print(tasks.run_tasks(slow, arguments, store=sys.argv[1], jobs=1))
        """
    )
    file = tmp_path / "story.py"
    file.write_text(script)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def start(store: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(file), str(tmp_path / store)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    whole = start("whole")
    expected, _ = whole.communicate(timeout=120)
    broken = start("broken")
    store = tmp_path / "broken"
    deadline = time.monotonic() + 60
    while not (store.is_dir() and len(list(store.glob("*.json"))) >= 2):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    broken.send_signal(signal.SIGKILL)
    broken.communicate(timeout=60)
    assert len(list(store.glob("*.json"))) < 6
    resumed, _ = start("broken").communicate(timeout=120)
    assert resumed == expected
    assert {k: v for k, v in contents(store).items() if k.endswith(".json")} == contents(
        tmp_path / "whole"
    )


def die_once(seed: int, folder: str) -> int:
    marker = Path(folder) / "died"
    if seed == 1 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return seed


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_worker_that_is_killed_is_replaced(tmp_path):
    arguments = [{"seed": seed, "folder": str(tmp_path)} for seed in range(4)]
    assert run_tasks(die_once, arguments, jobs=2) == [0, 1, 2, 3]
    assert (tmp_path / "died").exists()


def test_results_are_json_that_anybody_can_read(tmp_path):
    run_tasks(product, SEEDS[:1], store=tmp_path, jobs=1)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["seed"] == 0


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(LossModelError, match=r"lossmodel\[cluster\]"):
        run_tasks(product, SEEDS[:1], cluster="tcp://127.0.0.1:1")


def test_a_scheduler_that_cannot_be_reached_is_one_clear_error(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("lossmodel.evaluation.tasks.CONNECT_SECONDS", "1s")
    with pytest.raises(LossModelError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        run_tasks(product, SEEDS[:1], cluster="tcp://127.0.0.1:9")


CLUSTER = """
import os, sys, time
from pathlib import Path
import numpy as np

def slow(seed, folder):
    # The first worker that takes up the third task dies in it.
    marker = Path(folder) / "died"
    if seed == 2 and not marker.exists():
        marker.touch()
        os._exit(1)
    time.sleep(0.05)
    return np.random.default_rng(seed).standard_normal(50).tolist()
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_killed_worker_changes_nothing(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    (tmp_path / "mortal.py").write_text(CLUSTER)
    monkeypatch.syspath_prepend(str(tmp_path))
    path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    import mortal

    arguments = [{"seed": seed, "folder": str(tmp_path)} for seed in range(12)]
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        run_tasks(mortal.slow, arguments, store=tmp_path / "cluster", cluster=address)
    assert (tmp_path / "died").exists()
    run_tasks(mortal.slow, arguments, store=tmp_path / "here", jobs=1)
    assert contents(tmp_path / "cluster") == contents(tmp_path / "here")


def run_shard(shard: str, store: Path, **options):
    with sharded(Shard.parse(shard)):
        return run_tasks(product, SEEDS, store=store, jobs=1, **options)


def test_all_tasks_have_a_name_that_can_be_counted():
    """Such as: 28 of 83 refits of the sensitivity analysis."""
    folder = Path(tasks.__file__).parent
    calls = [
        node
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "run_tasks"
    ]
    titles = [one.value.value for node in calls for one in node.keywords if one.arg == "title"]
    assert len(titles) == len(calls) > 5
    assert not [t for t in titles if t.split()[0] not in ("fits", "refits", "replicates")]


def test_shards_give_the_bytes_of_one_run(tmp_path):
    whole = run_tasks(product, SEEDS, store=tmp_path / "whole", jobs=1)
    for number in (3, 1, 4):
        with pytest.raises(ShardDoneError, match=f"Shard {number}/4 is done: 2 of 8 tasks"):
            run_shard(f"{number}/4", tmp_path / "shards")
    # The last to end finds all others.
    assert run_shard("2/4", tmp_path / "shards") == whole
    assert run_tasks(product, SEEDS, store=tmp_path / "shards", jobs=1) == whole
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")


def test_shards_with_stores_of_their_own_are_put_together_by_copying(tmp_path):
    whole = run_tasks(product, SEEDS, jobs=1)
    store = tmp_path / "all"
    store.mkdir()
    for number in (1, 2):
        with pytest.raises(ShardDoneError):
            run_shard(f"{number}/2", tmp_path / f"{number}")
        for file in (tmp_path / f"{number}").iterdir():
            file.rename(store / file.name)
    assert len(list(store.iterdir())) == len(SEEDS)
    assert run_tasks(product, SEEDS, store=store, jobs=1) == whole


def die_in_the_third(seed: int, marker: str) -> int:
    if seed >= 4 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return seed**2


KILLED = """
import sys
from tests.test_tasks import die_in_the_third
from lossmodel.evaluation.shards import Shard, sharded
from lossmodel.evaluation.tasks import run_tasks

arguments = [{"seed": seed, "marker": sys.argv[2]} for seed in range(8)]
with sharded(Shard(1, 2)):
    run_tasks(die_in_the_third, arguments, store=sys.argv[1], jobs=1)
"""


@pytest.mark.slow
def test_a_shard_that_is_killed_is_resumed(tmp_path, run_python):
    store, marker = tmp_path / "store", tmp_path / "died"
    killed = run_python("-c", KILLED, str(store), str(marker))
    assert killed.returncode == -signal.SIGKILL
    assert len(list(store.glob("*.json"))) == 2
    again = run_python("-c", KILLED, str(store), str(marker))
    assert "Shard 1/2 is done: 4 of 8 tasks" in again.stderr
    arguments = [{"seed": seed, "marker": str(marker)} for seed in range(8)]
    assert run_tasks(die_in_the_third, arguments, store=store, jobs=1) == [n**2 for n in range(8)]
    run_tasks(die_in_the_third, arguments, store=tmp_path / "whole", jobs=1)
    kept = {name: text for name, text in contents(store).items() if name.endswith(".json")}
    assert kept == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    "text",
    [
        "0/4",
        "5/4",
        "1/0",
        "a/4",
        "1",
        "1/4/2",
        "-1/4",
        "١/٣",
        "1/٣",
        "1/1_0",
        "1/ 4",
        "+1/4",
        "1/",
        "1.0/4",
    ],
)
def test_no_shard_is_an_error_that_says_how_to_write_one(text):
    with pytest.raises(UsageError, match="write 2/4 for the second of four"):
        Shard.parse(text)


def test_a_shard_without_a_store_is_refused():
    with sharded(Shard(1, 2)), pytest.raises(UsageError, match="no store"):
        run_tasks(product, SEEDS, jobs=1)


def test_a_key_follows_from_the_code_that_the_task_imports(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(tasks, "code_hash", lambda module: asked.append(module) or "code")
    run_tasks(product, SEEDS[:1], store=tmp_path, jobs=1)
    assert asked == [product.__module__]
    monkeypatch.setattr(tasks, "code_hash", lambda _: "other code")
    run_tasks(product, SEEDS[:1], store=tmp_path, jobs=1)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_calibration_does_not_follow_from_pages_figures_and_commands():
    found = modules_of("lossmodel.evaluation.replicates")
    assert "lossmodel.evaluation.simulation" in found
    for part in ("report", "cli", "plots", "importers", "scaffold"):
        assert not [name for name in found if name.split(".")[1:2] == [part]]


def test_what_tasks_have_in_common_is_hashed_once(monkeypatch):
    """The priors of ten thousand wars are one object, which takes milliseconds to hash."""
    priors, hashed = Priors.default(), []
    plain = tasks.digest
    monkeypatch.setattr(tasks, "digest", lambda *parts: hashed.append(parts) or plain(*parts))
    known: dict[int, str] = {}
    keys = {tasks._key("code", {"seed": n, "priors": priors}, known) for n in range(5)}
    assert len(keys) == 5
    assert len([parts for parts in hashed if parts[0] is priors]) == 1


@pytest.mark.parametrize("content", [b'{"x": 1}', b"\xff\xfe", b"[]", b'{"address": 5}', b""])
def test_another_scheduler_file_is_refused(tmp_path, content):
    file = tmp_path / "scheduler.json"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="is no file of a Dask scheduler"):
        run_tasks(round, [{"number": 2.4}], store=None, jobs=1, cluster=str(file))


def test_a_scheduler_file_is_one_that_dask_wrote(tmp_path):
    distributed = pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        cluster.scheduler.scheduler_file = str(file)
        file.write_text(json.dumps(cluster.scheduler.identity()))
        found = run_tasks(product, SEEDS[:2], cluster=str(file))
    assert found == run_tasks(product, SEEDS[:2], jobs=1)
