"""Report folders: written completely or not at all, never over files of the user."""

from __future__ import annotations

import itertools
import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.errors import LossModelError, UsageError
from lossmodel.report.manifest import (
    NAME,
    Listed,
    changed_files,
    foreign_files,
    read_manifest,
    remove_listed,
    write_manifest,
)
from lossmodel.system.destination import ALTERNATIVE, check_writable, destination, resolved
from lossmodel.system.exchange import exchange, sync_folder, sync_tree
from lossmodel.system.signals import undisturbed
from lossmodel.system.unfinished import beside, unfinished
from lossmodel.text.numbers import some

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from lossmodel.model.design.grid import Floats

__all__ = ["Reserved", "check_replaceable", "csv_text", "fresh_folder", "reserved"]

# Files that identify a report of a version without manifests.
UNLISTED: Final = ("fit.nc", "provenance.json")
SHOWN: Final = 3


def check_replaceable(out: Path) -> None:
    """Check that a path is free, or a report without files of the user.

    Raises
    ------
    UsageError
        The path is a file, cannot be made, or is a folder with files that its manifest does not
        list.
    """
    place = _place(out)
    if place.exists():
        _listed(place, out)


def _place(out: Path) -> Path:
    """The folder itself, which a report may stand in."""
    place = resolved(out)
    _check_place(place, out)
    destination(out, standing="folder")
    # An earlier report is exchanged, which changes the folder that it stands in.
    if place.exists():
        check_writable(place.parent, out)
    return place


def _check_place(place: Path, out: Path) -> None:
    """Refuse folders that cannot be exchanged, or that somebody stands in."""
    if place in (Path("~").expanduser(), place.parent):
        raise UsageError(f"{out} is {place}, which no report replaces; {ALTERNATIVE}")
    if _is_above_here(place):
        raise UsageError(
            f"{out} is the current folder or one above it, which no report replaces; name a folder "
            "in it, e.g. --out report."
        )
    if os.path.ismount(place):
        raise UsageError(
            f"{out} is a mount point, which nothing can be exchanged with; name a folder in it, "
            f"e.g. --out {out / 'report'}."
        )


def _is_above_here(place: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(place)
    except FileNotFoundError:  # the current folder has been removed
        return False


def _listed(folder: Path, out: Path) -> dict[str, Listed]:
    """Files of a folder that may be removed; error messages name the folder `out`."""
    try:
        empty = not any(folder.iterdir())
    except OSError as problem:
        raise UsageError(f"{out} cannot be read: {problem.strerror}; {ALTERNATIVE}") from None
    if empty:
        return {}
    listed = read_manifest(folder)
    if listed is None and all((folder / name).is_file() for name in UNLISTED):
        raise UsageError(
            f"{out} has no list of its files ({NAME}), like reports of earlier versions, so it is "
            f"not replaced. Remove it, or {ALTERNATIVE}"
        )
    if listed is None:
        raise UsageError(
            f"{out} is neither empty nor a report of lossmodel, so it is not replaced. Empty it, "
            f"or {ALTERNATIVE}"
        )
    foreign = foreign_files(folder, listed)
    if foreign:
        raise UsageError(
            f"{out} holds files that do not belong to its report, so it is not replaced: "
            f"{some([*map(repr, foreign)], SHOWN)}. Move it away, or {ALTERNATIVE}"
        )
    changed = changed_files(folder, listed)
    if changed:
        raise UsageError(
            f"{out} is not replaced: {changed[0]!r} was changed since it was written. "
            f"Move it away, or {ALTERNATIVE}"
        )
    return listed


@dataclass(frozen=True)
class Reserved:
    """A place for a report, which no other process writes to meanwhile.

    Attributes
    ----------
    out, place
        The folder as the user names it, and without links.
    work
        An empty folder beside it, for the files of the report.
    """

    out: Path
    place: Path
    work: Path

    def finish(self) -> None:
        """Put the written files in the place of an earlier report, with a manifest of them.

        If files of the user have appeared there meanwhile, both folders are kept, and the error
        says where.

        Raises
        ------
        UsageError
            There are files of the user in the place.
        LossModelError
            The system does not let the folders be exchanged.
        """
        write_manifest(self.work)
        sync_tree(self.work)
        try:
            with undisturbed():
                _swap(self.work, self.place, self.out)
            sync_folder(self.place.parent)
        # The fit may have taken long, so the new report is kept.
        except UsageError as refused:
            kept = _keep(self.work, self.place)
            raise UsageError(f"{refused} The new report is in {kept}.") from None
        except OSError as problem:
            raise LossModelError(
                f"{self.out} could not be replaced: {problem.strerror}. The new report is in "
                f"{_keep(self.work, self.place)}."
            ) from problem


@contextmanager
def reserved(out: Path) -> Iterator[Reserved]:
    """Reserve a place for a report in this context, before the work on it begins.

    Raises
    ------
    UsageError
        As `check_replaceable`, and if another process is writing a report there.
    """
    place = _place(out)
    with unfinished(place, out) as work:
        # After a report that a killed process had moved aside is back.
        check_replaceable(out)
        yield Reserved(out, place, work)


@contextmanager
def fresh_folder(out: Path) -> Iterator[Path]:
    """Folder that replaces `out` if the block succeeds, and is removed otherwise."""
    with reserved(out) as target:
        yield target.work
        target.finish()


def _keep(work: Path, place: Path) -> Path:
    """Give a finished report a name of its own beside the folder."""
    kept = _free(place, "new")
    work.rename(kept)
    return kept


def _swap(work: Path, place: Path, out: Path) -> None:
    """Exchange the finished folder with an earlier report, and remove that.

    Where the system exchanges nothing in one step there are two, and whoever is killed between
    them leaves the earlier report where the next run finds it.
    """
    if not place.exists():
        work.rename(place)
        return
    check_replaceable(out)
    earlier = work
    if not exchange(work, place):
        earlier = beside(place, ".earlier")
        place.rename(earlier)
        try:
            work.rename(place)
        except BaseException:
            earlier.rename(place)
            raise
    try:
        # Checked again after the move, for files that were added since the first check.
        listed = _listed(earlier, out)
    except UsageError:
        _take_back(earlier, place, work)
        raise
    _clear(earlier, listed, place)


def _take_back(earlier: Path, place: Path, work: Path) -> None:
    if earlier == work:
        exchange(work, place)
    else:
        place.rename(work)
        earlier.rename(place)


def _clear(earlier: Path, listed: dict[str, Listed], out: Path) -> None:
    """Remove the earlier report; keep it, with a warning, if it holds other files."""
    try:
        if remove_listed(earlier, listed):
            return
        why = "it holds files that do not belong to it"
    except OSError as error:
        why = f"it could not be removed: {error.strerror}"
    kept = _free(out, "earlier")
    earlier.rename(kept)
    words = "The earlier report is kept in %s: %s."
    logging.getLogger(__name__).warning(words, kept, why)


def _free(out: Path, kind: str) -> Path:
    """An unused name beside `out`."""
    names = (beside(out, f"-{kind}{n or ''}", hidden=False) for n in itertools.count())
    return next(name for name in names if not name.exists() and not name.is_symlink())


def csv_text(table: pd.DataFrame) -> str:
    """Table as CSV: ISO dates, the same line ends on every platform, numbers without loss."""
    numbers = table.select_dtypes("float").columns
    texts = table.assign(**{name: _texts(table[name].to_numpy()) for name in numbers})
    return texts.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")


def _texts(values: Floats) -> NDArray[np.object_]:
    """Shortest text that reads back as the same number, empty for NaN."""
    different, where = np.unique(values, return_inverse=True)
    texts = ["" if value != value else repr(value) for value in different.tolist()]
    return np.array(texts, dtype=object)[where]
