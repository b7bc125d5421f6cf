"""Folders that are written whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lossmodel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_replaceable", "fresh_folder"]

# A folder that holds both is one that write_report made, whatever else the reader added to it.
OURS: Final = ("fit.nc", "provenance.json")


def check_replaceable(out: Path) -> None:
    """Refuse to replace what is not a report.

    Raises
    ------
    UsageError
        There is a file, or a folder with something else in it.
    """
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file; give the name of a folder.")
    if any(out.iterdir()) and not _is_ours(out):
        raise UsageError(
            f"{out} holds something that is not a report of lossmodel, so it is not replaced. "
            "Give another name, or empty it."
        )


@contextmanager
def fresh_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place when the block ends well, else vanishes."""
    out = out.absolute()
    check_replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield work
        # mkdtemp makes a folder for the owner's eyes only; a report has the usual rights.
        work.chmod(_usual_rights(out.parent))
        _swap(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _swap(work: Path, out: Path) -> None:
    """Move the finished folder to its place; the earlier one goes back if that fails."""
    if not out.exists():
        work.rename(out)
        return
    # What a link points at is replaced, and the link stays.
    out = out.resolve()
    earlier = work.with_name(work.name + "-earlier")
    out.rename(earlier)
    try:
        work.rename(out)
    except BaseException:
        earlier.rename(out)
        raise
    shutil.rmtree(earlier)


def _usual_rights(parent: Path) -> int:
    """Rights of a folder made in the ordinary way."""
    trial = Path(tempfile.mkdtemp(dir=parent))
    try:
        (trial / "x").mkdir()
        return (trial / "x").stat().st_mode & 0o7777
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    if not all((folder / name).is_file() for name in OURS):
        return False
    try:
        known = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(known, dict) and "versions" in known
