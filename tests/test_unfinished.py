"""A report is reserved before the work, exchanged in one step, and never lost or left lying."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lossmodel.cli import fit as fit_command
from lossmodel.errors import LossModelError, UsageError
from lossmodel.report import folder as folders
from lossmodel.report.folder import check_replaceable, fresh_folder, reserved
from lossmodel.report.write import write_report
from lossmodel.system import exchange as exchanges
from lossmodel.system import unfinished as places
from lossmodel.system.exchange import exchange
from lossmodel.system.locks import HeldError
from lossmodel.system.unfinished import unfinished, write_whole
from tests.fakes import make_fit

ROOT = Path(__file__).resolve().parent.parent
HOLD = """
import sys, time
from pathlib import Path
from lossmodel.system.unfinished import unfinished

place = Path(sys.argv[1])
with unfinished(place, place) as work:
    (work / "part").touch()
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def short():
    """A fit whose report has few files."""
    return make_fit(n_draws=20, passed=False)


@pytest.fixture
def report(short, tmp_path):
    return write_report(short, tmp_path / "report")


def beside(report):
    return sorted(path.name for path in report.parent.iterdir())


def put(report, text):
    with fresh_folder(report) as work:
        (work / "fit.nc").write_text(text, encoding="utf-8")


def read(report):
    return (report / "fit.nc").read_text(encoding="utf-8")


@pytest.fixture
def holder(tmp_path):
    """Another process that writes into the place of the report."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "report")],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_into_one_folder_is_told_at_once_who_is_first(tmp_path, holder):
    report = tmp_path / "report"
    with pytest.raises(HeldError) as error, fresh_folder(report):
        pass
    assert error.value.exit_code == 2
    assert f"process {holder.pid} on " in str(error.value)
    assert "since 20" in str(error.value)
    # What the living one has begun is still there.
    assert (tmp_path / ".report.unfinished" / "part").exists()


def test_a_killed_run_holds_nothing_and_the_next_removes_what_it_left(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait(timeout=10)
    report = tmp_path / "report"
    assert beside(report) == [".report.lock", ".report.unfinished"]
    put(report, "new")
    assert beside(report) == ["report"]


def test_the_command_is_refused_while_another_run_writes(lossmodel, monkeypatch, holder):
    monkeypatch.setattr("lossmodel.api.fit", None)
    said = lossmodel("fit", "--out", "report")
    assert (said.status, said.stdout) == (2, "")
    assert said.stderr.count("\n") == 1
    assert f"process {holder.pid}" in said.stderr


def test_a_run_that_fails_leaves_nothing_not_even_parents(tmp_path):
    out = tmp_path / "a" / "b" / "report"
    with contextlib.suppress(ZeroDivisionError), fresh_folder(out) as work:
        (work / "fit.nc").touch()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_whoever_looks_sees_a_whole_report_at_every_moment(tmp_path):
    report = tmp_path / "report"
    put(report, "0")
    other = tmp_path / "other"
    other.mkdir()
    if not exchange(report, other):
        pytest.skip("this system exchanges nothing in one step")
    exchange(report, other)
    other.rmdir()
    missing, done = [], threading.Event()

    def look():
        while not done.is_set():
            try:
                (report / "manifest.json").stat()
            except OSError as problem:
                missing.append(problem)

    watcher = threading.Thread(target=look)
    watcher.start()
    for i in range(40):
        put(report, str(i))
    done.set()
    watcher.join()
    assert missing == []


@pytest.mark.parametrize("at_once", [True, False])
def test_files_are_on_the_disk_before_the_exchange(tmp_path, monkeypatch, at_once):
    report, order = tmp_path / "report", []
    put(report, "old")
    synced = os.fsync

    def fsync(descriptor):
        order.append("fsync")
        synced(descriptor)

    def exchanged(one, other):
        order.append("exchange")
        return at_once and exchange(one, other)

    monkeypatch.setattr(exchanges.os, "fsync", fsync)
    monkeypatch.setattr(folders, "exchange", exchanged)
    put(report, "new")
    # The file, the manifest and their folder; and afterwards the folder that they stand in.
    assert order == ["fsync"] * 3 + ["exchange", "fsync"]
    assert read(report) == "new"
    assert beside(report) == ["report"]


@pytest.fixture
def two_steps(monkeypatch):
    """A system that does not exchange folders in one step."""
    monkeypatch.setattr(folders, "exchange", lambda *_: False)


@pytest.mark.usefixtures("two_steps")
def test_a_report_moved_aside_by_a_killed_run_is_back_after_the_next(report):
    report.rename(report.with_name(".report.earlier"))
    with reserved(report):
        assert (report / "manifest.json").exists()
    assert beside(report) == ["report"]
    assert (report / "fit.nc").exists()


@pytest.mark.usefixtures("two_steps")
def test_files_that_come_late_keep_both_reports_in_two_steps_too(report, monkeypatch):
    listed = folders._listed

    def late(folder, out):
        if folder.name.startswith("."):
            (folder / "thesis.txt").touch()
        return listed(folder, out)

    monkeypatch.setattr(folders, "_listed", late)
    with pytest.raises(UsageError, match=r"thesis.* The new report is in .*report-new"):
        put(report, "new")
    assert beside(report) == ["report", "report-new"]
    assert (report / "thesis.txt").exists()
    assert read(report.with_name("report-new")) == "new"


def deep(tmp_path):
    """A path that the system takes, but not with the names of figures below it."""
    path = tmp_path
    for _ in range(40):
        if len(os.fsencode(path)) + 101 > 4096 - 20:
            break
        path = path / ("x" * 99)
    return path / ("y" * (4096 - 30 - len(os.fsencode(path))))


REFUSED = {
    "the current folder": (".", "current folder"),
    "one above it": ("..", "current folder or one above"),
    "the home folder": ("~", "no report replaces"),
    "the root": ("/", "no report replaces"),
    "a mount point": ("mounted", "mount point"),
    "a file": ("file", "is a file"),
    "below a file": ("file/x", "is a file"),
    "a folder of the user": ("mine", "neither empty nor a report"),
    "a parent that may not be written": ("closed/report", "may not be written"),
    "a report that may not be written": ("closed", "may not be written"),
    "a name that is too long": ("x" * 300, "cannot be"),
}


@pytest.mark.parametrize(("out", "words"), REFUSED.values(), ids=REFUSED)
def test_a_place_that_cannot_be_is_refused_before_the_work(
    lossmodel, monkeypatch, tmp_path, out, words
):
    home = tmp_path / "home"
    for name in ("home", "mounted", "closed", "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    may, is_mount = os.access, os.path.ismount
    closed = str(tmp_path / "closed")
    # For the superuser everything may be written.
    monkeypatch.setattr(os, "access", lambda p, mode: str(p) != closed and may(p, mode))
    monkeypatch.setattr(os.path, "ismount", lambda p: str(p).endswith("mounted") or is_mount(p))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setattr("lossmodel.api.fit", None)
    said = lossmodel("fit", "--out", str(home) if out == "~" else out)
    assert (said.status, said.stdout) == (2, "")
    assert words in " ".join(said.stderr.split())
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(sys.platform != "linux", reason="the longest path of Linux")
def test_a_path_that_is_too_long_for_figures_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(UsageError, match="too long"), reserved(deep(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_has_room_for_what_stands_beside_it(tmp_path):
    for name in ("x" * 250, "é" * 120):
        for text in ("old", "new"):
            put(tmp_path / name, text)
        assert read(tmp_path / name) == "new"
    assert len(list(tmp_path.iterdir())) == 2


LACKS = {
    errno.ENOSPC: "no space is left on the disk: free some",
    errno.EDQUOT: "quota",
    errno.EROFS: "read-only",
    errno.EIO: "cannot be read or written",
}


@pytest.mark.parametrize(("number", "words"), LACKS.items(), ids=map(errno.errorcode.get, LACKS))
@pytest.mark.parametrize("where", ["write", "manifest", "disk"])
def test_a_disk_that_fails_is_one_sentence_and_the_old_report_stays(
    lossmodel, monkeypatch, short, tmp_path, number, words, where
):
    report = write_report(short, tmp_path / "report")
    before = {path: path.read_bytes() for path in report.rglob("*")}

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    name = {
        "write": "lossmodel.report.write.write_json",
        "manifest": "lossmodel.report.folder.write_manifest",
        "disk": "lossmodel.system.exchange.os.fsync",
    }[where]
    monkeypatch.setattr(fit_command, "read_fit", lambda *_, **__: short)
    monkeypatch.setattr(name, fail)
    said = lossmodel("report", "--out", "report")
    assert (said.status, said.stdout) == (3, "")
    said_last = said.stderr.splitlines()[-1]
    assert said_last.startswith("lossmodel: ")
    assert words in said_last
    assert {path: path.read_bytes() for path in report.rglob("*")} == before
    assert beside(report) == ["report"]


def test_a_full_disk_is_found_before_the_work(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "there")

    monkeypatch.setattr(places, "_probe", fail)
    with pytest.raises(OSError, match="No space"), reserved(tmp_path / "report"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_limit_on_the_size_of_files_loses_nothing(short, report):
    import resource

    before = {path: path.read_bytes() for path in report.rglob("*")}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_report(short, report)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path: path.read_bytes() for path in report.rglob("*")} == before
    assert beside(report) == ["report"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_whole(tmp_path / "x", b"old")

    def fail(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(places.os, "fsync", fail)
    with pytest.raises(OSError, match="No space") as refused:
        write_whole(tmp_path / "x", b"new")
    assert Path(refused.value.filename).name == "x"
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_file_system_without_locks_is_written_to_and_nothing_of_others_removed(
    tmp_path, monkeypatch
):
    def missing(_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("lossmodel.system.locks._lock", missing)
    put(tmp_path / "report", "new")
    assert beside(tmp_path / "report") == ["report"]
    (tmp_path / ".report.unfinished").mkdir()
    with pytest.raises(UsageError, match="exists"), unfinished(tmp_path / "report", tmp_path):
        pass
    assert (tmp_path / ".report.unfinished").exists()


def test_the_check_alone_writes_nothing(tmp_path):
    check_replaceable(tmp_path / "a" / "report")
    assert list(tmp_path.iterdir()) == []


def test_another_problem_of_the_exchange_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        exchange(tmp_path / "nothing", tmp_path / "nowhere")
    assert issubclass(HeldError, LossModelError)


def test_a_full_disk_leaves_no_lock_and_names_the_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("lossmodel.system.locks.os.write", full)
    with pytest.raises(OSError, match="No space left") as whole:
        write_whole(tmp_path / "seal.json", b"content")
    with (
        pytest.raises(OSError, match="No space left") as folder,
        unfinished(tmp_path / "new" / "report", tmp_path / "new" / "report"),
    ):
        pass
    assert [Path(found.value.filename).name for found in (whole, folder)] == ["seal.json", "report"]
    assert list(tmp_path.iterdir()) == []
