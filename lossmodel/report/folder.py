"""Report folders: written completely or not at all, never over files of the user."""

from __future__ import annotations

import itertools
import logging
import shutil
import tempfile
from contextlib import contextmanager
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

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from lossmodel.model.design.grid import Floats

__all__ = ["check_replaceable", "csv_text", "fresh_folder"]

# Files that identify a report of a version without manifests.
UNLISTED: Final = ("fit.nc", "provenance.json")
SHOWN: Final = 3
# Letters of the folder's name in that of a temporary one, which must not be too long.
NAME_SHOWN: Final = 40
_ALTERNATIVE: Final = "give another --out."


def check_replaceable(out: Path) -> None:
    """Check that a path is free, or a report without files of the user.

    Raises
    ------
    UsageError
        The path is a file, cannot be made, or is a folder with files that its manifest does not
        list.
    """
    place = _place(out)
    if not place.exists():
        _check_creatable(place, out)
        return
    if not place.is_dir():
        raise UsageError(f"{out} is a file; give the name of a folder.")
    _listed(place, out)


def _place(out: Path) -> Path:
    """The folder itself: without ``..``, and the target where it is a link."""
    try:
        place = out.resolve()
        place.exists()
        if out.is_symlink() and not place.exists():
            raise UsageError(f"{out} is a link that leads nowhere; {_ALTERNATIVE}")
    # A name that is too long or holds a NUL, or a circle of links.
    except (OSError, ValueError, RuntimeError) as problem:
        raise UsageError(f"{str(out)!r} cannot be the name of a folder: {problem}.") from None
    return place


def _check_creatable(place: Path, out: Path) -> None:
    above = next(folder for folder in place.parents if folder.exists())
    if not above.is_dir():
        raise UsageError(f"{out} cannot be made: {above} is a file.")
    try:
        # Permissions alone do not tell for every file system and user.
        Path(tempfile.mkdtemp(prefix=f".{place.name[:NAME_SHOWN]}-", dir=above)).rmdir()
    except OSError as problem:
        raise UsageError(f"{out} cannot be made in {above}: {problem.strerror}.") from None


def _listed(folder: Path, out: Path) -> dict[str, Listed]:
    """Files of a folder that may be removed; error messages name the folder `out`."""
    if not any(folder.iterdir()):
        return {}
    listed = read_manifest(folder)
    if listed is None and all((folder / name).is_file() for name in UNLISTED):
        raise UsageError(
            f"{out} has no list of its files ({NAME}), like reports of earlier versions, so it is "
            f"not replaced. Remove it, or {_ALTERNATIVE}"
        )
    if listed is None:
        raise UsageError(
            f"{out} is neither empty nor a report of lossmodel, so it is not replaced. Empty it, "
            f"or {_ALTERNATIVE}"
        )
    foreign = foreign_files(folder, listed)
    if foreign:
        more = f" and {len(foreign) - SHOWN:,} more" if len(foreign) > SHOWN else ""
        raise UsageError(
            f"{out} holds files that do not belong to its report, so it is not replaced: "
            f"{', '.join(map(repr, foreign[:SHOWN]))}{more}. Move it away, or {_ALTERNATIVE}"
        )
    changed = changed_files(folder, listed)
    if changed:
        raise UsageError(
            f"{out} is not replaced: {changed[0]!r} was changed since it was written. "
            f"Move it away, or {_ALTERNATIVE}"
        )
    return listed


@contextmanager
def fresh_folder(out: Path) -> Iterator[Path]:
    """Temporary folder that replaces `out` if the block succeeds, and is removed otherwise.

    A manifest of its files is added. If files of the user have appeared in `out` meanwhile, both
    folders are kept, and the error says where.
    """
    check_replaceable(out)
    place = _place(out)
    place.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder itself: a link may lead to another disk, where nothing can be renamed to.
    work = Path(tempfile.mkdtemp(prefix=f".{place.name[:NAME_SHOWN]}-", dir=place.parent))
    try:
        yield work
        write_manifest(work)
        # mkdtemp makes a private folder; a report has the default permissions.
        work.chmod(_default_permissions(place.parent))
        try:
            _swap(work, place, out)
        # The fit may have taken long, so the new report is kept.
        except UsageError as refused:
            raise UsageError(f"{refused} The new report is in {_keep(work, place)}.") from None
        except OSError as problem:
            raise LossModelError(
                f"{out} could not be replaced: {problem.strerror}. The new report is in "
                f"{_keep(work, place)}."
            ) from problem
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _keep(work: Path, place: Path) -> Path:
    """Give a finished report a name of its own beside the folder."""
    kept = _free(place, "new")
    work.rename(kept)
    return kept


def _swap(work: Path, out: Path, shown: Path) -> None:
    """Move the finished folder into place, or restore the earlier one if that fails.

    Parameters
    ----------
    out, shown
        The folder itself, and as the user names it.
    """
    if not out.exists():
        work.rename(out)
        return
    check_replaceable(shown)
    earlier = work.with_name(work.name + "-earlier")
    out.rename(earlier)
    try:
        # Checked again after the move, for files that were added since the first check.
        listed = _listed(earlier, shown)
        work.rename(out)
    except BaseException:
        earlier.rename(out)
        raise
    _clear(earlier, listed, shown)


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
    names = (out.with_name(f"{out.name}-{kind}{n or ''}") for n in itertools.count())
    return next(name for name in names if not name.exists() and not name.is_symlink())


def _default_permissions(parent: Path) -> int:
    """Permissions of a folder that is created with mkdir."""
    trial = Path(tempfile.mkdtemp(dir=parent))
    try:
        (trial / "x").mkdir()
        return (trial / "x").stat().st_mode & 0o7777
    finally:
        shutil.rmtree(trial, ignore_errors=True)


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
