"""Downloads from a local server: what goes wrong is one clear error, nothing is half-written."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from lossmodel.errors import LossModelError, UsageError
from lossmodel.importers import CATALOGUE, download
from lossmodel.importers.download import LOCK, Remote, fetch
from lossmodel.importers.source import read_source

DATA = b"date,value\n2022-02-24,1\n2022-02-25,2\n" * 50
HASH = hashlib.sha256(DATA).hexdigest()
REPORTS = (
    b'"days","loss_count","loss_type","claim_source","time_frame","loss_country","minimum",'
    b'"maximum","category","source_target"\n'
    b'1,10,"Tanks-Russia","UA Source","Day","Russia",0,0,"Tanks","UA Source-Russia"\n'
)
PERSONNEL = json.dumps(
    [
        {"date": "2022-02-25", "day": 2, "personnel": 2800, "personnel*": "about", "POW": 0},
        {"date": "2022-02-26", "day": 3, "personnel": 4300, "personnel*": "more"},
    ]
).encode()
BOOKED = json.dumps(
    [{"date": "2022-02-26", "day": 3, "tank": 0, "APC": 1, "field artillery": 0, "personnel": 300}]
).encode()


class Pages(BaseHTTPRequestHandler):
    """A server with one page for each thing that can go wrong."""

    files: ClassVar[dict[str, bytes]] = {
        "/data.csv": DATA,
        "/page.csv": b"<html>Please log in</html>",
        "/half.json": b'[{"date": "2022-02-25", "da',
        "/russia_losses_personnel.json": PERSONNEL,
        "/russia_losses_equipment_correction.json": BOOKED,
        "/replication-data-pnas.csv": REPORTS,
    }
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.path)
        if self.path in ("/moved.csv", "/moved-again.csv", "/circle.csv"):
            self.send_response(301)
            there = {"/moved.csv": "/moved-again.csv", "/moved-again.csv": "/data.csv"}
            self.send_header("Location", there.get(self.path, self.path))
            self.end_headers()
        elif self.path == "/cut.csv":
            self._head(len(DATA))
            self.wfile.write(DATA[:100])
        elif self.path == "/reset.csv":
            self._head(len(DATA))
            self.wfile.write(DATA[:100])
            self.wfile.flush()
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif self.path == "/cut-unsaid.csv":
            self._head(None)
            self.wfile.write(DATA[:100])
        elif self.path == "/busy.csv":
            self.send_error(503)
        elif self.path == "/slow.csv":
            time.sleep(1.5)
        elif self.path in self.files:
            self._head(len(self.files[self.path]))
            self.wfile.write(self.files[self.path])
        else:
            self.send_error(404)

    def _head(self, length: int | None) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as here:
        thread = threading.Thread(target=here.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{here.server_port}"
        here.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def test_a_file_with_a_known_hash_is_fetched_once(server, folder):
    remote = Remote("data.csv", f"{server}/data.csv", HASH)
    first, again = fetch(remote, folder), fetch(remote, folder)
    assert (first.how, again.how) == ("fetched, hash as expected", "already there")
    assert first.path.read_bytes() == DATA
    assert names(folder) == ["data.csv"]


def test_what_was_altered_here_is_fetched_again(server, folder):
    remote = Remote("data.csv", f"{server}/data.csv", HASH)
    fetch(remote, folder).path.write_text("altered")
    assert fetch(remote, folder).path.read_bytes() == DATA


def test_a_first_download_is_trusted_and_its_hash_kept(server, folder):
    remote = Remote("data.csv", f"{server}/data.csv")
    first = fetch(remote, folder)
    assert first.how == "fetched, hash kept"
    kept = json.loads((folder / LOCK).read_text())["data.csv"]
    assert (kept["sha256"], kept["bytes"]) == (HASH, len(DATA))
    assert fetch(remote, folder).how == "already there"
    first.path.unlink()
    with pytest.raises(LossModelError, match="--anew"):
        fetch(remote, folder, url=f"{server}/page.csv")
    assert names(folder) == [LOCK]
    assert fetch(remote, folder, url=f"{server}/page.csv", anew=True).how == "fetched, hash kept"


def test_what_moved_is_followed_and_said(server, folder):
    got = fetch(Remote("data.csv", f"{server}/moved.csv", HASH), folder)
    assert got.moved_to == f"{server}/data.csv"
    assert got.path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("none.csv", "404"),
        ("busy.csv", "503"),
        ("cut.csv", "broke off"),
        ("reset.csv", "broke off|cannot be reached"),
        ("cut-unsaid.csv", "not the expected file"),
        ("page.csv", "not the expected file"),
        ("circle.csv", "circles"),
    ],
)
@pytest.mark.parametrize("before", [False, True])
def test_failures_are_one_error_and_leave_what_was_there(server, folder, page, said, before):
    remote = Remote("data.csv", f"{server}/data.csv", HASH)
    if before:
        fetch(remote, folder)
    with pytest.raises(LossModelError, match=said) as failed:
        fetch(remote, folder, url=f"{server}/{page}", anew=True)
    assert failed.value.exit_code == 3
    assert "\n" not in str(failed.value)
    assert names(folder) == (["data.csv"] if before else [])
    if before:
        assert (folder / "data.csv").read_bytes() == DATA


@pytest.mark.parametrize("page", ["page.csv", "half.json"])
def test_a_file_that_nobody_knew_must_at_least_be_a_table(server, folder, page):
    with pytest.raises(LossModelError, match="does not hold what it should") as failed:
        fetch(Remote(page, f"{server}/{page}"), folder, check=read_source)
    assert failed.value.exit_code == 3
    assert names(folder) == []


def test_offline_is_said(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/data.csv"
    with pytest.raises(LossModelError, match="cannot be reached: no network"):
        fetch(Remote("data.csv", address, HASH), folder)
    assert names(folder) == []


def test_a_server_that_hangs_is_given_up(server, folder, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    with pytest.raises(LossModelError, match="does not answer|cannot be reached"):
        fetch(Remote("data.csv", f"{server}/slow.csv", HASH), folder)
    assert names(folder) == []


def test_an_interrupted_download_leaves_nothing(server, folder, monkeypatch):
    import pooch

    def stop(*_: object, **options: object) -> None:
        Path(str(options["path"]), "data.csv").write_bytes(DATA[:10])
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch, "retrieve", stop)
    with pytest.raises(KeyboardInterrupt):
        fetch(Remote("data.csv", f"{server}/data.csv", HASH), folder)
    assert names(folder) == []


def test_only_the_web_is_fetched_from(folder):
    with pytest.raises(UsageError, match="must begin with"):
        fetch(Remote("data.csv", "file:///etc/hostname"), folder)


def test_a_broken_lock_is_said(server, folder):
    folder.mkdir()
    (folder / LOCK).write_text("[1")
    with pytest.raises(LossModelError, match=LOCK):
        fetch(Remote("data.csv", f"{server}/data.csv"), folder)


def test_the_catalogue_is_complete():
    assert [entry.name for entry in CATALOGUE] == [
        "general-staff-personnel", "general-staff-equipment", "economist", "radford", "oryx",
    ]  # fmt: skip
    for entry in CATALOGUE:
        assert entry.licence
        assert entry.caveats
        assert all(
            file.url.startswith("https://raw.githubusercontent.com/") for file in entry.files
        )


def test_fetch_and_import_from_a_mirror(server, lossmodel, tmp_path):
    said = lossmodel(
        "data", "fetch", "general-staff-personnel", "--url", f"{server}/", "--cache", "kept"
    )
    assert said.status == 0
    assert "MIT" in said.stdout
    assert "one observer" in said.stdout
    assert said.stdout.count("its hash was not checked") == 2
    said = lossmodel(
        "data", "import", "general-staff-personnel", "--cache", "kept", "--url", f"{server}/",
        "--out", "claims.csv",
    )  # fmt: skip
    assert (said.status, said.stderr.count("Traceback")) == (0, 0)
    assert "3 (2 cumulative, 1 correction)" in said.stdout
    assert lossmodel("check", tmp_path / "claims.csv").status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("fetch", "radford", "--url", "{}/replication-data-pnas.csv"), 3, "not the expected file"),
        (("fetch", "radford", "--url", "{}/none"), 3, "404"),
        (("fetch", "radfort"), 2, "Did you mean radford"),
        (("fetch", "radford", "--url", "ftp://x/y"), 2, "must begin with"),
        (("fetch", "general-staff-equipment", "--url", "{}/data.csv"), 2, "2 files"),
        (("import", "none.csv", "--out", "x.csv"), 2, "none.csv does not exist"),
        (("import", "radfort", "--out", "x.csv"), 2, "Did you mean radford"),
        (("import", "oryx", "--out", "x.csv", "--url", "{}/none"), 3, "404"),
    ],
)
def test_exit_status(server, lossmodel, tmp_path, arguments, status, text, monkeypatch):
    monkeypatch.setenv("LOSSMODEL_CACHE", str(tmp_path / "cache"))
    said = lossmodel("data", *(argument.format(server) for argument in arguments))
    assert said.status == status
    assert text in said.stderr
    assert said.stdout == ""
    assert not (tmp_path / "x.csv").exists()
