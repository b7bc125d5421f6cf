"""The user's cache: what is read from it, and what is not."""

import os
import shutil
from pathlib import Path

import pytest

from lossmodel.errors import UsageError
from lossmodel.system import cache, code
from lossmodel.system.cache import Cached, cache_dir, user_cache

KEY = "a1"
posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="nothing is kept there")


@pytest.fixture
def cached(tmp_path):
    found = Cached(tmp_path / "cache" / "results")
    found.keep(KEY, {"answer": 42})
    return found


@posix
def test_what_is_kept_is_read_again(cached):
    assert cached.get(KEY) == {"answer": 42}
    assert cached.get("other") is None
    assert [file.name for file in cached.folder.iterdir()] == [f"{KEY}.pickle"]


@posix
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_not_read(cached, mode):
    cached.folder.chmod(mode)
    assert cached.get(KEY) is None
    cached.keep("other", 1)
    cached.folder.chmod(0o700)
    assert cached.get(KEY) == {"answer": 42}
    assert cached.get("other") is None


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_to_is_not_read(cached, mode):
    (cached.folder / f"{KEY}.pickle").chmod(mode)
    assert cached.get(KEY) is None


@posix
def test_what_belongs_to_another_user_is_not_read(cached, monkeypatch):
    monkeypatch.setattr(cache.os, "geteuid", lambda: os.getuid() + 1)
    assert cached.get(KEY) is None


@posix
def test_links_are_not_followed(cached, tmp_path):
    file = cached.folder / f"{KEY}.pickle"
    shutil.move(file, tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert cached.get(KEY) is None
    moved = cached.folder.rename(tmp_path / "moved")
    cached.folder.symlink_to(moved)
    cached.keep("other", 1)
    assert not (moved / "other.pickle").exists()


@posix
@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_damaged_entry_is_none(cached, place):
    file = cached.folder / f"{KEY}.pickle"
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert cached.get(KEY) is None
    file.write_bytes(content[:20])
    assert cached.get(KEY) is None


@posix
def test_the_least_recently_used_entries_make_room(cached, monkeypatch):
    monkeypatch.setattr(cache, "LARGEST", 1_000)
    cached.keep("b", b"x" * 300)
    os.utime(cached.folder / "b.pickle", (1, 1))
    cached.keep("c", b"x" * 700)
    assert cached.get("b") is None
    assert cached.get(KEY) is not None
    assert cached.get("c") is not None


@posix
def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    Cached(tmp_path / "file" / "results").keep(KEY, 1)


def test_the_folder_is_that_of_downloads(monkeypatch, tmp_path):
    monkeypatch.setenv("LOSSMODEL_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    assert user_cache() is None or user_cache().folder.parent == tmp_path


def test_the_folder_may_be_named_from_the_home_or_the_current_folder(tmp_path, monkeypatch):
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    for given, found in (("~/x", tmp_path / "x"), ("~", tmp_path), ("x", Path("x"))):
        monkeypatch.setenv("LOSSMODEL_CACHE", given)
        assert cache_dir() == found
    monkeypatch.delenv("LOSSMODEL_CACHE")
    usual = cache_dir()
    monkeypatch.setenv("LOSSMODEL_CACHE", "")
    assert cache_dir() == usual


@posix
def test_a_home_that_nobody_has_is_refused(monkeypatch):
    monkeypatch.setenv("LOSSMODEL_CACHE", "~no-such-user/x")
    with pytest.raises(UsageError, match="LOSSMODEL_CACHE is '~no-such-user/x'"):
        cache_dir()


def test_a_fit_does_not_follow_from_reports_or_commands():
    found = code.modules_of("lossmodel.posterior.fitting")
    assert {"lossmodel.model.density.density", "lossmodel.evidence.ledgers"} <= set(found)
    for part in ("report", "cli", "plots", "importers", "scaffold", "query", "evaluation", "api"):
        assert not [name for name in found if name.split(".")[1:2] == [part]]


@pytest.mark.slow
def test_every_import_of_a_fit_counts(run_python):
    """Also those within functions and of several lines: what a fit loads is what is hashed."""
    words = (
        "import sys, lossmodel as lm; lm.fit('battle-of-britain', engine='laplace', draws=10);"
        "print(*(name for name in sys.modules if name.split('.')[0] == 'lossmodel'))"
    )
    loaded = set(run_python("-c", words).stdout.split())
    assert loaded
    # The methods of a fit, and the function that users call, are not what a fit follows from.
    public = {n for n in loaded if n.split(".")[1:2] in (["api"], ["query"], ["report"], ["plots"])}
    known = set(code.modules_of("lossmodel.posterior.fitting"))
    known |= set(code.modules_of("lossmodel.api"))
    assert loaded - known - public == set()


@posix
def test_what_a_killed_process_left_is_removed_in_time(cached):
    left, now = (cached.folder / f".{name}.pickle.unfinished" for name in ("left", "now"))
    for file in (left, now):
        file.write_bytes(b"half")
    os.utime(left, (1, 1))
    assert cached.get("left") is None
    cached.keep("other", 1)
    assert not left.exists()
    assert now.exists()
