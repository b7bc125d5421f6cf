"""Two folders change places in one step, where the system can do that."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["exchange", "sync_folder", "sync_tree"]

# Of Linux (renameat2) and macOS (renamex_np): exchange the two names, paths as given.
RENAME_EXCHANGE, RENAME_SWAP, AT_FDCWD = 2, 2, -100
# The system or the file system has no such step.
MISSING: Final = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders, so that whoever looks sees both in one order or the other.

    Returns
    -------
    bool
        Whether it was done; not where the system or the file system has no such step.

    Raises
    ------
    OSError
        The folders may not be exchanged, or one is missing.
    """
    step = _step()
    if step is None:
        return False
    if step(os.fsencode(one), os.fsencode(other)) == 0:
        return True
    number = ctypes.get_errno()
    if number in MISSING:
        return False
    raise OSError(number, os.strerror(number), str(other))


@cache
def _step() -> Callable[[bytes, bytes], int] | None:
    name = {"linux": "renameat2", "darwin": "renamex_np"}.get(sys.platform)
    if name is None:
        return None
    function: Any = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:  # a C library older than the call
        return None
    if name == "renameat2":
        return lambda one, other: function(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE)
    return lambda one, other: function(one, other, RENAME_SWAP)


def sync_tree(folder: Path) -> None:
    """Have all files and folders of a folder on the disk before this returns."""
    for place, _, files in os.walk(folder):
        for name in files:
            # Windows syncs only what may be written.
            with open(os.path.join(place, name), "r+b") as file:
                os.fsync(file.fileno())
        sync_folder(place)


def sync_folder(folder: str | Path) -> None:
    """Have the names in a folder on the disk before this returns; Windows cannot."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        # Some network file systems refuse it for folders, and sync these anyway.
        if problem.errno not in MISSING:
            raise
    finally:
        os.close(descriptor)
