"""A lock of the operating system, which ends with the process that holds it."""

from __future__ import annotations

import errno
import os
import platform
import sys
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import IO, TYPE_CHECKING, Final

from lossmodel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["HeldError", "locked"]

# A byte that is never written: Windows lets nobody read a byte that is locked.
BYTE: Final = 1 << 30
HELD: Final = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
# File systems without locks.
MISSING: Final = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)


class HeldError(UsageError):
    """Another process holds a lock; the text says which, and since when."""


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold a lock in this context; its file is removed afterwards.

    The file of a process that was killed stays, and locks nothing.

    Yields
    ------
    bool
        Whether the lock is held; not on file systems without locks.

    Raises
    ------
    HeldError
        Another process holds it.
    OSError
        The file cannot be made.
    """
    file = _open(path)
    try:
        if file is not None:
            _tell(file)
        yield file is not None
    finally:
        if file is not None:
            # Windows removes no open file, others must not let go of one that has its name still.
            if os.name == "nt":
                file.close()
            with suppress(OSError):
                path.unlink()
            file.close()


def _open(path: Path) -> IO[bytes] | None:
    while True:
        file = path.open("a+b")
        try:
            _lock(file)
        except OSError as problem:
            told = _told(file)
            file.close()
            if problem.errno in HELD:
                raise HeldError(told) from None
            if problem.errno not in MISSING:
                raise
            with suppress(OSError):
                path.unlink()
            return None
        if _is_current(file, path):
            return file
        # Its holder has removed it just now.
        file.close()


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_current(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _tell(file: IO[bytes]) -> None:
    """Write into the file who holds the lock."""
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    file.truncate(0)
    # Without a buffer, which would be written once more when the file is closed.
    os.write(file.fileno(), f"process {os.getpid()} on {platform.node()}, since {since}".encode())


def _told(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(BYTE).decode(errors="replace") or "a process that has just begun"
