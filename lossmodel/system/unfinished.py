"""A folder in which something is written, beside the place where it is to stand."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from lossmodel.errors import UsageError
from lossmodel.system.destination import ALTERNATIVE
from lossmodel.system.locks import HeldError, locked
from lossmodel.system.problems import MACHINE
from lossmodel.system.signals import undisturbed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["beside", "unfinished", "write_whole"]

# Bytes of a name that leave room for a suffix: most file systems take 255.
LONGEST: Final = 200
# Letters that are kept of a longer one, at most four bytes each.
KEPT: Final = 40
# The longest path in a report, and room for names of parties and categories.
PROBE: Final = ("figures", "x" * 128)


def beside(place: Path, suffix: str, *, hidden: bool = True) -> Path:
    """A path beside a place, named after it.

    Examples
    --------
    >>> from pathlib import Path
    >>> beside(Path("out/report"), ".lock").as_posix()
    'out/.report.lock'
    >>> len(beside(Path("x" * 250), "-new", hidden=False).name)
    61
    """
    name = place.name
    if len(os.fsencode(name)) > LONGEST:
        name = f"{name[:KEPT]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    return place.with_name(f"{'.' * hidden}{name}{suffix}")


@contextmanager
def unfinished(place: Path, shown: Path) -> Iterator[Path]:
    """An empty folder beside a place, removed afterwards with what is still in it.

    One process has it at a time. Whatever a process that was killed has left there is removed
    first, and a folder that it had moved aside from the place is moved back.

    Parameters
    ----------
    place, shown
        The place itself, without links, and as the user names it.

    Raises
    ------
    UsageError
        Another process is writing there, or nothing can be written there.
    """
    try:
        made = _make_parents(place.parent)
    except OSError as problem:
        raise _impossible(shown, place.parent, problem) from None
    try:
        with _lock(place, shown) as held:
            work = beside(place, ".unfinished")
            try:
                _tidy(place, work, held)
            except OSError as problem:
                raise _impossible(shown, place.parent, problem) from None
            try:
                try:
                    _probe(work)
                except OSError as problem:
                    raise _impossible(shown, place.parent, problem) from None
                yield work
            except OSError as problem:
                _name(problem, shown)
                raise
            finally:
                with undisturbed():
                    shutil.rmtree(work, ignore_errors=True)
    finally:
        for folder in made:
            with suppress(OSError):  # it is not empty, as it should be
                folder.rmdir()


@contextmanager
def _lock(place: Path, shown: Path) -> Iterator[bool]:
    with ExitStack() as stack:
        try:
            held = stack.enter_context(locked(beside(place, ".lock")))
        except HeldError as problem:
            words = f"{shown} is being written by another run ({problem}); wait for it, or"
            raise HeldError(f"{words} {ALTERNATIVE}") from None
        except OSError as problem:
            raise _impossible(shown, place.parent, problem) from None
        yield held


def write_whole(path: Path, content: bytes) -> None:
    """Write a file completely or not at all: an earlier one is replaced once it is on the disk.

    Raises
    ------
    HeldError
        Another process is writing it.
    OSError
        It cannot be written.

    Examples
    --------
    >>> write_whole(folder / "x", b"content")
    >>> [file.name for file in folder.iterdir()]
    ['x']
    """
    place = path.resolve()
    with _lock(place, path):
        work = beside(place, ".unfinished")
        try:
            with work.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            work.replace(place)
        except OSError as problem:
            _name(problem, path)
            raise
        finally:
            with suppress(OSError):
                work.unlink()


def _make_parents(folder: Path) -> list[Path]:
    """Make a folder; return those that had to be made, the deepest first."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _tidy(place: Path, work: Path, held: bool) -> None:
    """Remove what dead processes have left; only the holder of the lock knows that they are."""
    earlier = beside(place, ".earlier")
    if held and earlier.exists() and not place.exists():
        earlier.rename(place)
    for left in (work, earlier) if held else ():
        if left.exists():
            shutil.rmtree(left)
    work.mkdir()


def _probe(work: Path) -> None:
    """Check that long paths can be written."""
    (work / PROBE[0]).mkdir()
    work.joinpath(*PROBE).touch()
    work.joinpath(*PROBE).unlink()
    (work / PROBE[0]).rmdir()


def _name(problem: OSError, shown: Path) -> None:
    """Give an error of the machine the file that was to be written: a write names none."""
    if problem.errno in MACHINE and problem.filename is None:
        problem.filename = str(shown)


def _impossible(shown: Path, folder: Path, problem: OSError) -> OSError | UsageError:
    """The same error where the machine is at fault, otherwise one of usage."""
    if problem.errno in MACHINE:
        _name(problem, shown)
        return problem
    return UsageError(
        f"{shown} cannot be made in {folder}: {problem.strerror or problem}; {ALTERNATIVE}"
    )
