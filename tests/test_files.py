"""What is no plain file is refused in words, at once, wherever a file is read."""

import io
import os
import signal
import socket
import sys
import zipfile
from pathlib import Path

import pytest

from lossmodel.errors import UsageError
from lossmodel.tables import files
from tests.small_conflict import claims_csv, write_conflict

IN_FOLDER = (
    *("conflict.toml", "claims.csv", "claimants.csv", "streams.csv", "sources.csv"),
    "truth.csv",
)
# What is run, and which file it reads.
COMMANDS = {
    "claims": (["check", "mine.csv", "--conflict", "sea"], "mine.csv"),
    "priors": (["fit", "--conflict", "sea", "--priors", "my.toml", "--out", "r"], "my.toml"),
    "import": (["data", "import", "own.csv", "--conflict", "sea", "--out", "x.csv"], "own.csv"),
    "query": (["query", "killed", "sea", "--fit", "fit.nc"], "fit.nc"),
    "folder of a fit": (["query", "killed", "sea", "--fit", "report"], "report/fit.nc"),
    "report": (["report", "--fit", "fit.nc", "--out", "r"], "fit.nc"),
    "compare": (["compare", "fit.nc", "fit.nc"], "fit.nc"),
    "cite": (["cite", "--fit", "fit.nc"], "fit.nc"),
    "verify": (["verify", "report"], "report/fit.nc"),
    "a file to verify": (["verify", "report/report.md"], "report/fit.nc"),
    "priors of a conflict": (["fit", "--conflict", "sea", "--out", "r"], "sea/priors.toml"),
    **{f"conflict, {name}": (["check", "--conflict", "sea"], f"sea/{name}") for name in IN_FOLDER},
}


def make_pipe(path):
    os.mkfifo(path)
    return "a pipe"


def make_device(path):
    path.symlink_to("/dev/zero")
    return "a device"


def make_folder(path):
    path.mkdir()
    return "a folder"


def make_socket(path):
    # The path of a socket must be short.
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)
    return "a socket"


def make_broken_link(path):
    path.symlink_to("nowhere")
    return "leads nowhere"


def make_circle(path):
    other = path.with_name("other-link")
    other.symlink_to(path.name)
    path.symlink_to(other.name)
    return "in a circle"


def make_huge(path):
    with path.open("wb") as file:
        file.truncate(files.LARGEST_FILE + 1)
    return "at most 2,147,483,648 are read"


MADE = (
    *(make_pipe, make_device, make_folder, make_socket),
    *(make_broken_link, make_circle, make_huge),
)


@pytest.fixture
def at_most():
    """Ends a test that waits for ever."""

    def stop(*_):
        raise AssertionError("still reading")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such files")
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_file_is_refused_at_once(lossmodel, tmp_path, at_most, command):
    words, name = COMMANDS[command]
    write_conflict(tmp_path / "sea")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.md").write_text("1", encoding="utf-8")
    path = tmp_path / name
    # A fit takes time to begin.
    for make in MADE[:2] if words[0] == "fit" else MADE:
        path.unlink(missing_ok=True)
        said = make(path)
        ended = lossmodel(*words)
        assert ended.status == 2, (make, ended.stderr)
        # The options' own check of a path knows some of these, and a folder may hold a fit.
        other = ("Invalid value", "there is no such fit")
        assert any(word in ended.stderr for word in (said, *other)), (make, ended.stderr)
        assert path.name in ended.stderr
        assert "Traceback" not in ended.stderr
        assert not (tmp_path / "r").exists()
        if path.is_dir() and not path.is_symlink():
            path.rmdir()


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such files")
def test_standard_input_is_offered_where_it_is_read(lossmodel, tmp_path, at_most):
    write_conflict(tmp_path / "sea", truth=None)
    for path, offered in ((tmp_path / "own.csv", True), (tmp_path / "sea" / "truth.csv", False)):
        make_pipe(path)
        ended = lossmodel("check", str(tmp_path / "own.csv"), "--conflict", "sea")
        assert ended.status == 2
        assert f"{path.name}' cannot be read: it is a pipe, not a file" in ended.stderr
        assert ("write - for standard input" in ended.stderr) == offered
        path.unlink()
        (tmp_path / "own.csv").write_text(claims_csv(), encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such files")
def test_a_document_is_looked_at_before_its_fit(lossmodel, tmp_path, at_most):
    make_pipe(tmp_path / "paper.md")
    ended = lossmodel("verify", "paper.md")
    assert ended.status == 2
    assert "it is a pipe, not a file." in ended.stderr
    ended = lossmodel("verify", "/dev/zero")
    assert ended.status == 2
    assert "/dev/zero is not a document whose numbers can be checked" in ended.stderr


@pytest.mark.parametrize("options", [["--since", "none"], ["--priors", "none"], ["--out", "sea"]])
def test_a_fit_that_is_refused_starts_no_process(lossmodel, tmp_path, monkeypatch, options):
    def start(*_):
        raise AssertionError("a process was started")

    monkeypatch.setattr("lossmodel.inference.worker.second_process", start)
    write_conflict(tmp_path / "sea")
    ended = lossmodel("fit", "--conflict", "sea", *options)
    assert ended.status == 2
    assert "a process was started" not in ended.stderr


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file of Linux")
def test_a_file_that_fails_to_be_read_is_bad_input(tmp_path):
    (tmp_path / "claims.csv").symlink_to("/proc/self/mem")
    with pytest.raises(UsageError, match=r"claims\.csv' cannot be read: input/output error"):
        files.read_bytes(tmp_path / "claims.csv")


@pytest.mark.parametrize("name", ["own.xlsx", "own.csv"])
def test_a_workbook_is_refused_and_not_expanded(lossmodel, tmp_path, monkeypatch, name):
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", bytes(10_000_000))
    write_conflict(tmp_path / "sea")

    def expand(*_, **__):
        raise AssertionError("a part of an archive was expanded")

    monkeypatch.setattr(zipfile.ZipFile, "open", expand)
    for words in (["data", "import", name, "--out", "x.csv"], ["check", name, "--conflict", "sea"]):
        ended = lossmodel(*words)
        assert ended.status == 2
        assert "no workbook in XLSX" in ended.stderr or "a spreadsheet or" in ended.stderr


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "claims.csv"
    path.write_text("x", encoding="utf-8")
    if os.access(path, os.R_OK) and os.name == "posix" and os.geteuid() != 0:
        path.chmod(0)
    else:  # who may read everything has to be told otherwise

        def refuse(self, *_, **__):
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(UsageError, match=r"'.*claims\.csv' cannot be read: permission denied"):
        files.read_bytes(path)


@pytest.mark.parametrize("name", ["a" * 300, "claims.csv/x", "a\0b", "no/such/file"])
def test_a_path_that_cannot_be_is_refused(tmp_path, name):
    (tmp_path / "claims.csv").write_text("x", encoding="utf-8")
    assert not files.is_there(tmp_path / name)
    with pytest.raises(UsageError) as refused:
        files.read_bytes(tmp_path / name)
    assert refused.value.exit_code == 2


def test_a_link_to_a_file_is_read(tmp_path):
    (tmp_path / "real.csv").write_bytes(b"x")
    (tmp_path / "link.csv").symlink_to("real.csv")
    assert files.read_bytes(tmp_path / "link.csv") == b"x"


def test_standard_input_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(files, "LARGEST_FILE", 100)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 101)))
    with pytest.raises(UsageError, match="Standard input cannot be read: at most 100 bytes"):
        files.read_bytes(None)
