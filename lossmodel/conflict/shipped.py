"""Folders of the shipped conflicts, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lossmodel.arguments import check_path
from lossmodel.errors import LossModelError, UsageError
from lossmodel.tables.files import is_there
from lossmodel.text.spelling import did_you_mean

__all__ = ["data_dir", "past_wars", "resolve", "shipped_conflicts"]

_PLACES: Final = ("*/conflict.toml", "wars/*/conflict.toml")


def data_dir() -> Path:
    """Folder with one folder per shipped conflict: inside the package, in a checkout beside it.

    Raises
    ------
    LossModelError
        The installation is incomplete.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data", package.parent / "data"):
        if folder.is_dir():
            return folder
    raise LossModelError("The shipped conflicts are missing. Install lossmodel anew.")


def shipped_conflicts() -> tuple[str, ...]:
    """Names of the conflicts that come with the package, in alphabetical order.

    Examples
    --------
    >>> names = shipped_conflicts()
    >>> "russia-ukraine" in names, "kargil1999" in names
    (True, True)
    """
    return tuple(sorted(_shipped()))


def past_wars() -> tuple[str, ...]:
    """Names of the small conflicts of `data/wars`, in alphabetical order.

    Examples
    --------
    >>> "kargil1999" in past_wars(), "russia-ukraine" in past_wars()
    (True, False)
    """
    wars = data_dir() / "wars"
    return tuple(sorted(name for name, folder in _shipped().items() if folder.parent == wars))


def resolve(name_or_dir: str | Path) -> Path:
    """Folder of a conflict, from the name of a shipped one, in any case, or from a path.

    The name of a shipped conflict takes precedence over a folder of that name in the working
    directory: write `./name` for the folder.

    Raises
    ------
    UsageError
        There is neither.

    Examples
    --------
    >>> resolve("battle-of-britain").name
    'battle-of-britain'
    """
    check_path(name_or_dir, "conflict")
    shipped = _shipped()
    if isinstance(name_or_dir, str) and name_or_dir in shipped:
        return shipped[name_or_dir]
    folder = Path(name_or_dir)
    if folder.name == "conflict.toml":
        folder = folder.parent
    if is_there(folder / "conflict.toml"):
        return folder
    any_case = str(name_or_dir).lower()
    if isinstance(name_or_dir, str) and any_case in shipped:
        return shipped[any_case]
    known = ", ".join(sorted(shipped))
    raise UsageError(
        f"No conflict {str(name_or_dir)!r}: it is neither a shipped one ({known}) nor a folder "
        f"with a conflict.toml.{did_you_mean(any_case, shipped)}"
    )


def _shipped() -> dict[str, Path]:
    """Name -> folder of each shipped conflict, those of past wars in a folder of their own."""
    files = [path for pattern in _PLACES for path in data_dir().glob(pattern)]
    return {path.parent.name: path.parent for path in files}
