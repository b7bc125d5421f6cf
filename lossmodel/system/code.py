"""Hashes of the source that a result follows from."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["code_hash", "modules_of"]

PACKAGE: Final = __name__.partition(".")[0]
_FOLDER: Final = Path(__file__).resolve().parent.parent
# An import anywhere in a module, also within a function, with the names that it takes.
_IMPORT: Final = re.compile(
    rf"^[ \t]*(?:from[ ]+({PACKAGE}[\w.]*)[ ]+import[ ]+(\([^)]*\)|[^\n]*)"
    rf"|import[ ]+({PACKAGE}[\w.]*))",
    re.MULTILINE,
)
# Libraries whose next version may give other digits.
_LIBRARIES: Final = ("numpy", "scipy", "pandas", "numba")


@cache
def code_hash(module: str) -> str:
    """Hash of the source of a module of the package, and of all that it imports from the package.

    Files of settings beside the modules, such as the priors, count as source, and so do the
    versions of the numerical libraries.

    Parameters
    ----------
    module
        Its full name; that of a module outside the package stands for the whole package.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> code_hash("lossmodel.text.numbers") == code_hash("lossmodel.text.numbers")
    True
    >>> code_hash("lossmodel.text.numbers") == code_hash("lossmodel.text.escape")
    False
    """
    state = hashlib.sha256()
    for library in _LIBRARIES:
        state.update(f"{library} {metadata.version(library)}\0".encode())
    files = {_file(name) for name in modules_of(module)}
    files |= {settings for file in files for settings in file.parent.glob("*.toml")}
    for file in sorted(files):
        state.update(file.relative_to(_FOLDER).as_posix().encode() + b"\0")
        state.update(file.read_bytes())
    return state.hexdigest()


@cache
def modules_of(module: str) -> tuple[str, ...]:
    """A module of the package and those that it imports, directly or not, in alphabetical order.

    Examples
    --------
    >>> modules_of("lossmodel.text.levels")
    ('lossmodel', 'lossmodel.text', 'lossmodel.text.levels')
    """
    found: set[str] = set()
    left = [module] if _is_module(module) else list(_all())
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += imported_by(name)
    return tuple(sorted(found))


@cache
def imported_by(module: str) -> tuple[str, ...]:
    """Modules of the package that one imports itself, and the packages that it stands in."""
    # The package itself re-exports everything, and is imported with every module of it.
    text = "" if module == PACKAGE else _file(module).read_text(encoding="utf-8")
    names = {module.rpartition(".")[0], *_named(text)}
    return tuple(sorted(name for name in names if name and _is_module(name)))


def _named(text: str) -> Iterator[str]:
    """Everything that imports in a text may mean: packages, and names in them."""
    for package, names, whole in _IMPORT.findall(text):
        yield package or whole
        for name in re.findall(r"\w+", names):
            yield f"{package}.{name}"


def _all() -> Iterator[str]:
    """All modules of the package."""
    for file in _FOLDER.rglob("*.py"):
        parts = file.relative_to(_FOLDER.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _is_module(name: str) -> bool:
    if name.partition(".")[0] != PACKAGE:
        return False
    return _path(name).with_suffix(".py").is_file() or (_path(name) / "__init__.py").is_file()


def _file(name: str) -> Path:
    """The source of a module, or of a package."""
    file = _path(name).with_suffix(".py")
    return file if file.is_file() else _path(name) / "__init__.py"


def _path(name: str) -> Path:
    return _FOLDER.joinpath(*name.split(".")[1:])
