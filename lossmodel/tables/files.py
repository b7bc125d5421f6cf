"""Opening of files that others may have made: plain files only, whole, and of a bounded size.

A FIFO would wait for ever, a device may have no end, a broken link is not the same as no file. Each
is refused here in words, so that every file that the package reads goes through ``read_bytes``.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import Final

from lossmodel.errors import LossModelError, UsageError

__all__ = ["LARGEST_FILE", "is_there", "read_bytes", "read_text"]

# Bytes. A table of a million claims has 0.2 GB, and a file is held in memory whole.
LARGEST_FILE: Final = 2 << 30
_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# Errors of the machine; any other is of the user's path, permissions or file.
_OF_MACHINE: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def is_there(path: Path) -> bool:
    """Whether there is anything of that name, a link that leads nowhere included.

    An optional file that is there but cannot be read is an error, not a missing file.

    Examples
    --------
    >>> is_there(Path("no-such-file"))
    False
    """
    try:
        return os.path.lexists(path)
    except ValueError:  # a NUL in the name
        return False


def read_bytes(path: Path | None, *, or_dash: bool = False) -> bytes:
    """Read a whole file, or standard input for None.

    Parameters
    ----------
    path
        A regular file or a link to one, of at most `LARGEST_FILE` bytes.
    or_dash
        Whether the user may write - for standard input instead.

    Raises
    ------
    UsageError
        There is no such file, it is no regular file or too large, or it may not be read.
    LossModelError
        The system failed to read it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         read_bytes(Path(folder))
    ...     except UsageError as error:
    ...         print(str(error).replace(folder, "claims"))
    'claims' cannot be read: it is a folder, not a file.
    """
    try:
        if path is None:
            return _standard_input()
        # Before it is opened, because opening a pipe waits for its writer.
        _check(path, path.stat(), or_dash)
        with path.open("rb") as file:
            _check(path, os.fstat(file.fileno()), or_dash)
            return file.read()
    except FileNotFoundError:
        if path is not None and path.is_symlink():
            raise _unreadable(path, "it is a link that leads nowhere") from None
        raise UsageError(f"There is no file {str(path)!r}.") from None
    except ValueError as error:
        raise _unreadable(path, str(error)) from None
    except OSError as error:
        if error.errno in _OF_MACHINE:
            raise LossModelError(f"{str(path)!r} could not be read: {_reason(error)}.") from error
        raise _unreadable(path, _reason(error)) from None


def read_text(path: Path) -> str:
    """Read a whole file of text in UTF-8, without a byte-order mark.

    Raises
    ------
    UsageError
        As `read_bytes`, or the file is not UTF-8.
    LossModelError
        The system failed to read it.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"it is not text in UTF-8 ({error.reason})") from None


def _standard_input() -> bytes:
    data = sys.stdin.buffer.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        limit = f"at most {LARGEST_FILE:,} bytes are read"
        raise UsageError(f"Standard input cannot be read: {limit}, and it has more.")
    return data


def _check(path: Path, state: os.stat_result, or_dash: bool) -> None:
    kind = stat.S_IFMT(state.st_mode)
    if kind != stat.S_IFREG:
        name = _KINDS.get(kind, "no regular file")
        streams = or_dash and kind in (stat.S_IFIFO, stat.S_IFCHR)
        hint = "; write - for standard input" if streams else ""
        raise _unreadable(path, f"it is {name}, not a file{hint}")
    if state.st_size > LARGEST_FILE:
        limit = f"at most {LARGEST_FILE:,} are read"
        raise _unreadable(path, f"it has {state.st_size:,} bytes, and {limit}")


def _unreadable(path: Path | None, reason: str) -> UsageError:
    return UsageError(f"{str(path)!r} cannot be read: {reason}.")


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "its links lead in a circle"
    return (error.strerror or str(error)).lower()
