"""Manifest of a report folder: names, sizes and hashes of its files."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lossmodel.conflict.inputs import is_plain
from lossmodel.errors import UsageError
from lossmodel.system.unfinished import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "NAME",
    "Listed",
    "changed_files",
    "foreign_files",
    "list_file",
    "read_manifest",
    "remove_listed",
    "write_manifest",
]

NAME: Final = "manifest.json"
FORMAT: Final = 1
WRITER: Final = "lossmodel"
# Files that file managers leave in a folder that was merely opened. They are no work of the user,
# and must not keep a report from being replaced.
NOISE: Final = (".DS_Store", "Thumbs.db")


@dataclass(frozen=True)
class Listed:
    """Hash and size in bytes of a file as it was written."""

    sha256: str
    size: int


def write_manifest(folder: Path) -> None:
    """Write the manifest of a folder whose files have just been written."""
    files = {name: asdict(_state(folder / name)) for name, _ in _walk(folder)}
    content = {"written_by": WRITER, "format": FORMAT, "files": dict(sorted(files.items()))}
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")


def list_file(folder: Path, name: str) -> None:
    """Add a file that was written later to the manifest of a folder, if it has one."""
    if read_manifest(folder) is None:
        return
    content = json.loads((folder / NAME).read_text(encoding="utf-8"))
    content["files"] = dict(
        sorted({**content["files"], name: asdict(_state(folder / name))}.items())
    )
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_whole(folder / NAME, text.encode())


def read_manifest(folder: Path) -> dict[str, Listed] | None:
    """Files of a folder by POSIX path, as in its manifest; None if it has none.

    Raises
    ------
    UsageError
        The manifest cannot be read, or has entries that lossmodel does not write.
    """
    path = folder / NAME
    if path.is_symlink() or not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise UsageError(f"{path} cannot be read as a manifest of a report.") from problem
    if not isinstance(content, dict) or content.get("written_by") != WRITER:
        return None
    if content.get("format") != FORMAT or not isinstance(content.get("files"), dict):
        raise UsageError(f"{path} is not a manifest that this version can read.")
    return {name: _listed(name, entry, path) for name, entry in content["files"].items()}


def _listed(name: str, entry: Any, path: Path) -> Listed:
    if not all(map(is_plain, name.split("/"))):
        raise UsageError(f"{path} lists {name!r}, which is not a file of a report.")
    if not isinstance(entry, dict) or set(entry) != {"sha256", "size"}:
        raise UsageError(f"{path} has no hash and size of {name!r}.")
    return Listed(**entry)


def foreign_files(folder: Path, listed: dict[str, Listed]) -> list[str]:
    """Files of a folder that are not listed, and all links."""
    parents = {str(p) for name in listed for p in Path(name).parents}
    ours = {*listed, NAME}
    return sorted(
        name
        for name, entry in _walk(folder, within=parents)
        if not entry.is_file(follow_symlinks=False)
        or (name not in ours and entry.name not in NOISE)
    )


def changed_files(folder: Path, listed: dict[str, Listed]) -> list[str]:
    """Listed files that exist and were changed since they were written."""
    return [
        name
        for name, file in sorted(listed.items())
        if (folder / name).is_file() and _state(folder / name) != file
    ]


def remove_listed(folder: Path, listed: dict[str, Listed]) -> bool:
    """Remove listed files and then empty folders; return whether nothing is left."""
    noise = [name for name, entry in _walk(folder) if entry.name in NOISE]
    for name in [*listed, NAME, *noise]:
        path = folder / name
        # A folder may have become a link to elsewhere since the check.
        if path.parent.resolve().is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)
    parents = {folder / p for name in listed for p in Path(name).parents}
    for parent in sorted(parents | {folder}, key=lambda path: -len(path.parts)):
        if parent.is_dir() and not parent.is_symlink() and not any(parent.iterdir()):
            parent.rmdir()
    return not folder.exists()


def _state(path: Path) -> Listed:
    with path.open("rb") as file:
        return Listed(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _walk(
    folder: Path, prefix: str = "", *, within: set[str] | None = None
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Files of a folder and its subfolders, by POSIX path; links are not followed.

    Subfolders that are not `within` a given set are not entered, and end with a slash.
    """
    with os.scandir(folder) as entries:
        for entry in list(entries):
            name = f"{prefix}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                yield name, entry
            elif within is None or str(Path(name)) in within:
                yield from _walk(folder / entry.name, f"{name}/", within=within)
            else:
                yield f"{name}/", entry
