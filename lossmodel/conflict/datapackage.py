"""A conflict's folder as a Frictionless Data Package: `datapackage.json` beside its tables.

Version 1 of the specification, https://specs.frictionlessdata.io/data-package/.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lossmodel.conflict.inputs import CONFLICT
from lossmodel.errors import UsageError
from lossmodel.tables.files import is_there, read_text
from lossmodel.tables.frictionless import table_schema
from lossmodel.tables.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from lossmodel.conflict.conflict import Conflict

__all__ = ["DATA_PACKAGE", "data_package", "data_package_json"]

DATA_PACKAGE: Final = "datapackage.json"
README: Final = "README.md"
# Words in a README about the licence of its tables -> name, title and address of the licence.
_LICENCES: Final = {
    "CC BY 4.0": (
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "licence of this repository": ("MIT", "MIT License", "https://opensource.org/license/mit"),
}


def data_package(conflict: Conflict) -> dict[str, Any]:
    """Descriptor of a conflict's folder: its tables with their schemas, licences and sources.

    The words of key columns are those of the conflict. The licence is the one that the folder's
    README names, the sources are the publishers of `sources.csv`.

    Parameters
    ----------
    conflict
        A conflict that was read from a folder.

    Raises
    ------
    UsageError
        The conflict has no folder, or its README cannot be read.

    Examples
    --------
    >>> from lossmodel.conflict.conflict import load_conflict
    >>> package = data_package(load_conflict("kargil1999"))
    >>> package["title"], [licence["name"] for licence in package["licenses"]]
    ('Kargil war, 1999', ['MIT'])
    """
    if conflict.texts is not None:
        raise UsageError(f"The conflict {conflict.name} comes from a saved fit: it has no folder.")
    folder = conflict.directory
    found: dict[str, Any] = {
        "profile": "data-package",
        "name": re.sub("[^a-z0-9._-]+", "-", conflict.name.lower()).strip("-") or "conflict",
        "title": conflict.title,
        "licenses": _licences(folder / README),
        "sources": [
            {"title": name} for name in dict.fromkeys(conflict.sources["publisher"]) if name
        ],
        "resources": _resources(conflict),
    }
    return {key: value for key, value in found.items() if value}


def data_package_json(conflict: Conflict) -> str:
    """Text of `datapackage.json`, see `data_package`."""
    return json.dumps(data_package(conflict), indent=1, ensure_ascii=False) + "\n"


def _resources(conflict: Conflict) -> list[dict[str, Any]]:
    words: dict[str, Collection[str]] = {
        "party": conflict.parties,
        "category": conflict.categories,
        "scope": conflict.scopes,
        "side": conflict.sides,
    }
    tables = [
        {
            "profile": "tabular-data-resource",
            "name": name,
            "path": table.file,
            "description": table.meaning,
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "schema": table_schema(name, words, _columns(conflict.directory / table.file)),
        }
        for name, table in TABLES.items()
        if is_there(conflict.directory / table.file)
    ]
    toml = {
        "name": "conflict",
        "path": CONFLICT,
        "description": "Sides, parties, categories and scopes.",
        "format": "toml",
        "mediatype": "application/toml",
        "encoding": "utf-8",
    }
    return [*tables, toml]


def _columns(path: Path) -> list[str]:
    return [name.strip() for name in next(csv.reader(io.StringIO(read_text(path))), [])]


def _licences(readme: Path) -> list[dict[str, str]]:
    if not is_there(readme):
        return []
    # Words may stand on two lines.
    text = " ".join(read_text(readme).split())
    return [
        {"name": name, "title": title, "path": path}
        for words, (name, title, path) in _LICENCES.items()
        if words in text
    ]
