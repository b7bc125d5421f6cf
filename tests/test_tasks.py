"""Many tasks: the same bytes however they ran, nothing done twice, nothing half-written."""

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

from lossmodel.errors import LossModelError
from lossmodel.evaluation.tasks import digest, run_tasks

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
