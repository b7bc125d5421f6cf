"""The user's cache folder: results of long computations, by a hash of all that they follow from.

An entry is written whole or not at all, so that a killed process leaves none that is broken. Python
objects are read from it, and whoever can write such a file can have any code run: entries are read
only from a folder and files of this user that nobody else can write to. Where the system cannot
tell, as on Windows, nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lossmodel.errors import LossModelError, UsageError
from lossmodel.system.unfinished import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cached", "cache_dir", "user_cache"]

# Bytes of all entries, beyond which the least recently used ones are removed: a saved fit of the
# shipped war takes 43 MB, and its submodels 190.
LARGEST: Final = 1 << 30
# Seconds after which nobody writes an unfinished file any more: an entry takes one. Chosen by hand.
ABANDONED: Final = 3600
_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
# A link is not followed, and a pipe is not waited for.
_READ: Final = (
    os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK if hasattr(os, "O_NOFOLLOW") else os.O_RDONLY
)
_DIGEST: Final = hashlib.sha256().digest_size


def cache_dir() -> Path:
    """The cache folder: `LOSSMODEL_CACHE`, or if that is empty the system's for this user.

    Raises
    ------
    UsageError
        `LOSSMODEL_CACHE` names the home folder of a user whom the system does not know.
    """
    own = os.environ.get("LOSSMODEL_CACHE")
    if own:
        try:
            return Path(own).expanduser()
        except RuntimeError as problem:
            raise UsageError(
                f"LOSSMODEL_CACHE is {own!r}, and there is no such home folder; give a folder, "
                "such as ~/cache, or leave it empty for that of the system."
            ) from problem
    import pooch

    return Path(pooch.os_cache("lossmodel"))


def user_cache() -> Cached | None:
    """Entries in the cache folder; None where nothing can be kept there safely."""
    return Cached(cache_dir() / "results") if _user() is not None else None


class Cached:
    """Entries of a folder, which is made with the first one.

    Parameters
    ----------
    folder
        Of this user alone; if others can write there, nothing is read or kept.

    Examples
    --------
    >>> cached = Cached(folder / "results")
    >>> cached.keep("a1", {"answer": 42})
    >>> cached.get("a1"), cached.get("b2")
    ({'answer': 42}, None)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Any:
        """The entry of a key, or None if there is none that can be used."""
        try:
            content = self._read(self._file(key))
            if content is None or not _agrees(content):
                return None
            return pickle.loads(content[_DIGEST:])  # noqa: S301, of this user: see the module
        # An entry of other code, or one that was damaged, is made again.
        except Exception:  # noqa: BLE001
            return None

    def keep(self, key: str, content: object) -> None:
        """Keep an entry; without a word if the folder cannot be written to."""
        data = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
        with suppress(OSError, LossModelError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_own(self.folder.lstat(), stat.S_IFDIR):
                self._make_room(len(data))
                write_whole(self._file(key), hashlib.sha256(data).digest() + data)
                # Where new files can be written by the group.
                self._file(key).chmod(0o600)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.pickle"

    def _read(self, file: Path) -> memoryview | None:
        if not _is_own(self.folder.lstat(), stat.S_IFDIR):
            return None
        # The file that was checked is the file that is read.
        number = os.open(file, _READ)
        with os.fdopen(number, "rb") as opened:
            if not _is_own(os.fstat(number), stat.S_IFREG):
                return None
            content = memoryview(opened.read())
        with suppress(OSError):
            os.utime(file)  # as the latest
        return content

    def _make_room(self, size: int) -> None:
        """Remove the least recently used entries beyond `LARGEST` bytes, and what was left half.

        A process that was killed leaves the file that it was writing.
        """
        for state, file in self._entries(".*.unfinished"):
            if time.time() - state.st_mtime > ABANDONED:
                with suppress(OSError):
                    file.unlink()
        left = LARGEST - size
        for state, file in sorted(self._entries("*.pickle"), key=lambda entry: -entry[0].st_mtime):
            left -= state.st_size
            if left < 0:
                with suppress(OSError):
                    file.unlink()

    def _entries(self, pattern: str) -> Iterator[tuple[os.stat_result, Path]]:
        for file in self.folder.glob(pattern):
            with suppress(OSError):
                yield file.lstat(), file


def _is_own(state: os.stat_result, kind: int) -> bool:
    """Whether a file is of a kind, of this user, and can be written by nobody else."""
    mine = state.st_uid == _user() and not state.st_mode & _OTHERS
    return mine and stat.S_IFMT(state.st_mode) == kind


def _user() -> int | None:
    """The user of this process; None where the system has no such numbers."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def _agrees(content: memoryview) -> bool:
    return hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST]
