"""Worker processes end with their parent, heed no signals of its group, and leave no files."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from lossmodel.inference import worker
from lossmodel.inference.nuts.sampler import sample
from lossmodel.system.processes import (
    SEMAPHORES,
    WorkerDiedError,
    end,
    pool,
    remove_left,
    result_of,
    submit,
)

ROOT = Path(__file__).resolve().parent.parent
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
# A process that has a worker of its own, which has one if `depth` is 2, and says their numbers.
SCRIPT = """
import os, sys, time
from lossmodel.system.processes import pool

def nap(depth):
    print(os.getpid(), flush=True)
    if depth > 1:
        pool(1).submit(nap, depth - 1).result()
    time.sleep(60)

if __name__ == "__main__":
    sys.modules["nap"] = sys.modules["__main__"]
    pool(1).submit(nap, {depth}).result()
"""


def is_running(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


@pytest.fixture
def workers():
    started = pool(1)
    yield started
    end(started)


@POSIX
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_workers_end_with_their_parent_however_that_ended(tmp_path, name):
    depth = 2
    script = tmp_path / "nap.py"
    script.write_text(SCRIPT.replace("{depth}", str(depth)))
    with subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        started = [int(parent.stdout.readline()) for _ in range(depth)]
        assert all(map(is_running, started))
        parent.send_signal(signal.Signals[name])
        parent.wait(timeout=10)
        deadline = time.monotonic() + 2
        while any(map(is_running, started)) and time.monotonic() < deadline:
            time.sleep(0.05)
        left = [pid for pid in started if is_running(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    assert left == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="semaphores of Linux")
def test_semaphores_of_processes_killed_all_at_once_are_removed_by_the_next_run(tmp_path):
    script = tmp_path / "nap.py"
    script.write_text(SCRIPT.replace("{depth}", "1"))
    with subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        parent.stdout.readline()
        os.killpg(parent.pid, signal.SIGKILL)
    left = list(SEMAPHORES.glob(f"sem.loky-{parent.pid}-*"))
    assert left
    remove_left(SEMAPHORES)
    assert not any(path.exists() for path in left)


@POSIX
def test_only_semaphores_of_pools_that_ended_are_removed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    names = (f"sem.loky-{os.getpid()}-a", "sem.loky-1-a", "sem.mp-a", "sem.loky-x-y", "loky-2-a")
    for name in (*names, f"sem.loky-{ended.pid}-a"):
        (tmp_path / name).touch()
    remove_left(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_to_the_group_is_left_to_the_parent(workers, name):
    number = submit(workers, os.getpid).result()
    os.kill(number, signal.Signals[name])
    assert submit(workers, os.getpid).result() == number


def test_a_pool_that_is_ended_at_work_says_nothing(monkeypatch):
    said = []
    monkeypatch.setattr(threading, "excepthook", lambda found: said.append(found.exc_value))
    for round_ in range(6):
        workers = pool(1)
        futures = [submit(workers, time.sleep, 0.01 if i else 0.05 * round_) for i in range(30)]
        time.sleep(0.05 * round_)
        end(workers)
        assert all(future.done() for future in futures)
    assert said == []


@POSIX
def test_a_worker_that_was_killed_is_one_sentence_with_what_to_do(workers):
    number = submit(workers, os.getpid).result()
    napping = submit(workers, time.sleep, 60)
    os.kill(number, signal.SIGKILL)
    with pytest.raises(WorkerDiedError, match=r"for want of memory: close other") as error:
        result_of(napping)
    assert error.value.exit_code == 3


@pytest.mark.slow
@POSIX
def test_the_second_process_is_replaced_after_its_death():
    with worker.second_process():
        os.kill(worker.submit(os.getpid).result(), signal.SIGKILL)
        time.sleep(0.5)
        assert worker.submit(round, 2.4).result() == 2
    assert not worker.at_hand()


class Wide:
    """A standard normal with an array that joblib would hand over in a file."""

    size = 2

    def __init__(self) -> None:
        self.ballast = np.zeros(300_000)

    def theta(self, x):
        return x

    def __call__(self, x):
        return -0.5 * float(x @ x), -x


@pytest.mark.slow
def test_chains_leave_no_folder_of_arrays(tmp_path, monkeypatch):
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path))
    try:
        found = sample(Wide(), draws=20, tune=5, chains=2, seed=1, jobs=2)
        assert list(tmp_path.iterdir()) == []
    finally:
        worker.end_all()
    alone = sample(Wide(), draws=20, tune=5, chains=2, seed=1, jobs=1)
    np.testing.assert_array_equal(found.theta, alone.theta)
