"""Folders that are written whole or not at all, and never over the work of others."""

from __future__ import annotations

import itertools
import logging
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.errors import UsageError
from lossmodel.report.manifest import (
    NAME,
    Listed,
    changed_files,
    foreign_files,
    read_manifest,
    remove_listed,
    write_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from lossmodel.model.design.grid import Floats

__all__ = ["check_replaceable", "csv_text", "fresh_folder"]

# What a report had before it listed its files.
UNLISTED: Final = ("fit.nc", "provenance.json")
SHOWN: Final = 3
_ELSE: Final = "give another --out."


def check_replaceable(out: Path) -> None:
    """Refuse to replace what is not a report, or is one with something of the user's in it.

    Raises
    ------
    UsageError
        There is a file, or a folder that holds anything but what its manifest lists.
    """
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file; give the name of a folder.")
    _listed(out, out)


def _listed(folder: Path, out: Path) -> dict[str, Listed]:
    """What may be removed of a folder, which errors call `out`."""
    if not any(folder.iterdir()):
        return {}
    listed = read_manifest(folder)
    if listed is None and all((folder / name).is_file() for name in UNLISTED):
        raise UsageError(
            f"{out} holds no list of the files that were written there ({NAME}), as reports of "
            f"earlier versions do not, so it is not replaced. Remove it, or {_ELSE}"
        )
    if listed is None:
        raise UsageError(
            f"{out} holds something that is not a report of lossmodel, so it is not replaced. "
            f"Empty it, or {_ELSE}"
        )
    foreign = foreign_files(folder, listed)
    if foreign:
        more = f" and {len(foreign) - SHOWN:,} more" if len(foreign) > SHOWN else ""
        raise UsageError(
            f"{out} holds what is not of its report, so it is not replaced: "
            f"{', '.join(map(repr, foreign[:SHOWN]))}{more}. Move it away, or {_ELSE}"
        )
    changed = changed_files(folder, listed)
    if changed:
        raise UsageError(
            f"{out} is not replaced: {changed[0]!r} was changed since it was written. "
            f"Move it away, or {_ELSE}"
        )
    return listed


@contextmanager
def fresh_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place when the block ends well, else vanishes.

    It then lists what was written into it. Where something of the user's has come into `out`
    meanwhile, both stay, and the error says where.
    """
    out = out.absolute()
    check_replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield work
        write_manifest(work)
        # mkdtemp makes a folder for the owner's eyes only; a report has the usual rights.
        work.chmod(_usual_rights(out.parent))
        try:
            _swap(work, out)
        except UsageError as refused:
            # A fit may have taken long: it is not thrown away with the refusal.
            kept = _free(out, "new")
            work.rename(kept)
            raise UsageError(f"{refused} The new report is in {kept}.") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _swap(work: Path, out: Path) -> None:
    """Move the finished folder to its place; the earlier one goes back if that fails."""
    if not out.exists():
        work.rename(out)
        return
    check_replaceable(out)
    shown, out = out, out.resolve()  # what a link points at is replaced, and the link stays
    earlier = work.with_name(work.name + "-earlier")
    out.rename(earlier)
    try:
        # Once more where nobody puts a file any longer, for what came since the last look.
        listed = _listed(earlier, shown)
        work.rename(out)
    except BaseException:
        earlier.rename(out)
        raise
    _clear(earlier, listed, shown)


def _clear(earlier: Path, listed: dict[str, Listed], out: Path) -> None:
    """Remove the earlier report; what is not of it is kept, and said."""
    try:
        if remove_listed(earlier, listed):
            return
        why = "it holds what was not of it"
    except OSError as error:
        why = f"it could not be removed: {error.strerror}"
    kept = _free(out, "earlier")
    earlier.rename(kept)
    words = "The earlier report is kept in %s: %s."
    logging.getLogger(__name__).warning(words, kept, why)


def _free(out: Path, kind: str) -> Path:
    """A name beside `out` that nothing has."""
    names = (out.with_name(f"{out.name}-{kind}{n or ''}") for n in itertools.count())
    return next(name for name in names if not name.exists() and not name.is_symlink())


def _usual_rights(parent: Path) -> int:
    """Rights of a folder made in the ordinary way."""
    trial = Path(tempfile.mkdtemp(dir=parent))
    try:
        (trial / "x").mkdir()
        return (trial / "x").stat().st_mode & 0o7777
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def csv_text(table: pd.DataFrame) -> str:
    """Write a table: dates by day, lines ended alike on every system, numbers without loss."""
    numbers = table.select_dtypes("float").columns
    texts = table.assign(**{name: _texts(table[name].to_numpy()) for name in numbers})
    return texts.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")


def _texts(values: Floats) -> NDArray[np.object_]:
    """Shortest text that reads back as the same number, nothing for NaN; each number once."""
    different, where = np.unique(values, return_inverse=True)
    texts = ["" if value != value else repr(value) for value in different.tolist()]
    return np.array(texts, dtype=object)[where]
