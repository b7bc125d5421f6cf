"""What the machine lacks, in one sentence that says what to do."""

from __future__ import annotations

import errno
import os
from typing import Final

__all__ = ["MACHINE", "NO_MEMORY", "sentence"]

NO_MEMORY: Final = (
    "the memory does not suffice: close other programs, use a machine with more memory, or fit a "
    "shorter stretch with --until."
)
_SPACE: Final = "free some, or write to another disk"
# Windows knows no quota.
_QUOTA: Final[int] = getattr(errno, "EDQUOT", errno.ENOSPC)
# By the number of the system's error.
_WORDS: Final = {
    errno.ENOSPC: f"no space is left on the disk: {_SPACE}",
    _QUOTA: f"the quota of the disk is used up: {_SPACE}",
    errno.EFBIG: "a file may not become that large here: raise the limit (ulimit -f), or write to "
    "another disk",
    errno.EROFS: "the disk is read-only: write to another one",
    errno.EIO: "the disk cannot be read or written: check it, or write to another one",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENOMEM: NO_MEMORY.rstrip("."),
}
# Faults of the machine, not of a path that a user gave.
MACHINE: Final = frozenset(_WORDS) - {errno.EROFS} | {errno.ENFILE}


def sentence(problem: OSError) -> str:
    """Describe an error of the system.

    Examples
    --------
    >>> sentence(OSError(errno.ENOSPC, "No space left on device", "fit.nc"))
    'fit.nc: no space is left on the disk: free some, or write to another disk.'
    >>> sentence(PermissionError(errno.EACCES, "Permission denied", "fit.nc"))
    'Permission denied: fit.nc'
    """
    words = _WORDS.get(problem.errno or 0)
    if words is not None:
        return f"{problem.filename}: {words}." if problem.filename else f"{words}."
    if problem.errno == errno.ENOENT and not problem.filename and not _is_somewhere():
        return "the current folder has been removed: change to one that is there (cd)."
    text = problem.strerror or next(iter(str(problem).splitlines()), "no message")
    return f"{text}: {problem.filename}" if problem.filename else text


def _is_somewhere() -> bool:
    """Whether the current folder is still there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True
