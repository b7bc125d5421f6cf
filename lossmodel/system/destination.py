"""The place that a command writes to, which is checked before the work."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

from lossmodel.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ALTERNATIVE", "Standing", "check_writable", "destination", "resolved"]

ALTERNATIVE: Final = "give another name."
# What may stand there already.
Standing = Literal["nothing", "file", "folder"]


def destination(out: Path, *, standing: Standing = "nothing") -> Path:
    """The file or folder itself that a path names: without ``..``, and the target of a link.

    Parameters
    ----------
    out
        The path as the user names it.
    standing
        What may be there already, to be replaced or written into.

    Raises
    ------
    UsageError
        The path cannot be the name of a file, is a link that leads nowhere, something else stands
        there, or it cannot be written.

    Examples
    --------
    >>> destination(folder / "a" / ".." / "report") == (folder / "report").resolve()
    True
    >>> destination(folder, standing="folder") == folder.resolve()
    True
    """
    place = resolved(out)
    found = _kind(place)
    if found not in ("nothing", standing):
        if standing == "nothing":
            raise UsageError(f"{out} exists; {ALTERNATIVE}")
        raise UsageError(f"{out} is a {found}; give the name of a {standing}.")
    if found == "folder":
        check_writable(place, out)
        return place
    above = next(folder for folder in place.parents if folder.exists())
    if not above.is_dir():
        raise UsageError(f"{out} cannot be made: {above} is a file.")
    check_writable(above, out)
    if found == "file":
        check_writable(place, out)
    return place


def resolved(out: Path) -> Path:
    """The file or folder itself that a path names, which need not be there.

    Raises
    ------
    UsageError
        The path cannot be the name of a file, or is a link that leads nowhere.
    """
    try:
        place = out.resolve()
        if out.is_symlink() and not place.exists():
            raise UsageError(f"{out} is a link that leads nowhere; {ALTERNATIVE}")
        place.exists()
    except FileNotFoundError:  # the current folder has been removed
        raise
    # A name that is too long or holds a NUL, or a circle of links.
    except (OSError, ValueError, RuntimeError) as problem:
        raise UsageError(f"{str(out)!r} cannot be the name of a folder: {problem}.") from None
    return place


def check_writable(there: Path, out: Path) -> None:
    """Check that a file or folder may be written, for the sake of a path that a user gave.

    Permissions alone do not tell for every file system and user: writing tries.

    Raises
    ------
    UsageError
        It may not be written.
    """
    if os.access(there, os.W_OK | (os.X_OK if there.is_dir() else 0)):
        return
    if there == out.resolve():
        raise UsageError(f"{out} may not be written, so it is not replaced; {ALTERNATIVE}")
    raise UsageError(f"{out} cannot be made: {there} may not be written; {ALTERNATIVE}")


def _kind(place: Path) -> str:
    if not place.exists():
        return "nothing"
    return "folder" if place.is_dir() else "file" if place.is_file() else "device"
