"""JSON tables in the shapes that programs write, as a grid of cells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from lossmodel.errors import UsageError
from lossmodel.importers.csv_reader import MOST_COLUMNS, Grid
from lossmodel.tables.nesting import is_deep

__all__ = ["is_json", "json_grid"]

SHAPES: Final = (
    'a list of records [{"date": ..., "killed": ...}, ...], records one per line, records under a '
    'key {"data": [...]}, columns {"date": [...]} or {"date": {"0": ...}}, records by row '
    '{"0": {"date": ...}}, or {"columns": [...], "data": [[...], ...]}'
)
_HALF: Final = re.compile("[\ud800-\udfff]")
# Lists and records within each other that are read: a table has three or four, and Python's parser
# gives up at some depth that depends on its version.
DEEPEST: Final = 100


def is_json(text: str) -> bool:
    """Whether a text begins as JSON does.

    Examples
    --------
    >>> is_json(' [{"date": 1}]'), is_json("date,killed")
    (True, False)
    """
    return text.lstrip()[:1] in ("[", "{")


def json_grid(text: str, path: Path) -> Grid:
    """Cells of a JSON table; the row of a record is its number, from 1.

    Raises
    ------
    UsageError
        It is not JSON, or in no shape of a table.

    Examples
    --------
    >>> json_grid('{"date": ["2022-02-25"], "n": [5]}', Path("x.json")).rows
    [(0, ['date', 'n']), (1, ['2022-02-25', '5'])]
    """
    try:
        value = _lines(text, path) if _is_lines(text) else _parse(text, path)
    except RecursionError:
        raise _too_deep(path) from None
    if is_deep(value, DEEPEST):
        raise _too_deep(path)
    return _grid(value, path)


def _too_deep(path: Path) -> UsageError:
    return UsageError(
        f"{path} is JSON with more than {DEEPEST} lists or records within each other."
    )


def _grid(value: Any, path: Path) -> Grid:
    records = _records(value)
    if not records:
        raise UsageError(
            f"{path} contains no list of records. These shapes of JSON are read: {SHAPES}."
        )
    flat = [_flat(record) for record in records]
    columns = list(dict.fromkeys(name for record in flat for name in record))
    if len(columns) > MOST_COLUMNS:
        raise UsageError(
            f"{path} has {len(columns):,} columns, and at most {MOST_COLUMNS:,} are read."
        )
    rows = [(i, [_text(record.get(name)) for name in columns]) for i, record in enumerate(flat, 1)]
    _refuse_halves(columns, rows, path)
    return Grid([(0, columns), *((i, row) for i, row in rows if any(row))])


def _refuse_halves(columns: list[str], rows: list[tuple[int, list[str]]], path: Path) -> None:
    r"""Refuse halves of a character (\ud800), which JSON can write and no other file can."""
    for i, record in rows:
        for name, cell in zip(columns, record, strict=True):
            for text in (name, cell):
                half = _HALF.search(text)
                if half:
                    what = f"has half a character (\\u{ord(half[0]):04x}); write it whole."
                    raise UsageError(f"{path} row {i}, column {ascii(name[:40])} {what}")


def _is_lines(text: str) -> bool:
    lines = (stripped for line in text.splitlines() if (stripped := line.strip()))
    first = list(islice(lines, 2))
    return len(first) > 1 and all(line[0] == "{" and line[-1] == "}" for line in first)


def _lines(text: str, path: Path) -> list[Any]:
    return [
        _parse(line, path, number)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    ]


def _parse(text: str, path: Path, line: int = 0) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_int=str, parse_float=_number)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path} begins like JSON but breaks off in line {line or error.lineno}: it is "
            "incomplete."
        ) from error
    except ValueError as error:  # a key twice
        raise UsageError(f"{path} cannot be read as JSON: {error}.") from error


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is twice in one record")
    return found


def _number(text: str) -> str:
    # pandas writes whole numbers of a column with gaps as 5.0.
    return (
        f"{float(text):.15g}" if "e" not in text.lower() else repr(float(text)).removesuffix(".0")
    )


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(r, dict) for r in value)


def _records(value: Any) -> list[dict[str, Any]]:
    """Records of any of the shapes; empty if it has none of them."""
    if isinstance(value, list):
        return value if _is_rows(value) else _of_rows(value)
    if not isinstance(value, dict) or not value:
        return []
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        named = all(isinstance(row, list) and len(row) == len(columns) for row in data)
        return [dict(zip(map(str, columns), row, strict=True)) for row in data] if named else []
    if all(name[:1].isdigit() and isinstance(part, str | None) for name, part in value.items()):
        return [{"date": name, "value": part} for name, part in value.items()]
    lists = {name: part for name, part in value.items() if isinstance(part, list)}
    tables = [part for part in lists.values() if _is_rows(part)]
    if len(tables) == 1:
        return tables[0]
    if len(lists) == len(value) and len({len(part) for part in lists.values()}) == 1 and not tables:
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    if all(isinstance(part, dict) for part in value.values()) and (found := _of_dicts(value)):
        return found
    inner = [
        found for part in value.values() if isinstance(part, dict) and (found := _records(part))
    ]
    return inner[0] if len(inner) == 1 else []


def _of_rows(value: Sequence[Any]) -> list[dict[str, Any]]:
    """Records of a list of lists whose first has the names."""
    if len(value) < 2 or not all(isinstance(row, list) for row in value):
        return []
    names = [_text(name) for name in value[0]]
    if len(set(names)) < len(names) or any(len(row) != len(names) for row in value):
        return []
    return [dict(zip(names, row, strict=True)) for row in value[1:]]


def _of_dicts(value: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Records of columns by row, or of rows by column: rows have numbers or dates for names."""
    inner = list(dict.fromkeys(name for part in value.values() for name in part))
    if not inner:
        return []
    if all(name[:1].isdigit() for name in value) and not all(n[:1].isdigit() for n in inner):
        counted = all(name.isdigit() for name in value) and len(next(iter(value))) < 8
        return [{**({} if counted else {"date": name}), **part} for name, part in value.items()]
    if not all(name[:1].isdigit() for name in inner):
        return []
    counted = all(name.isdigit() for name in inner) and len(inner[0]) < 8
    return [
        {
            **({} if counted else {"date": row}),
            **{name: part.get(row) for name, part in value.items()},
        }
        for row in inner
    ]


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the records in it as columns, such as `casualties.killed`."""
    found: dict[str, Any] = {}
    for name, part in record.items():
        if isinstance(part, dict):
            found |= {f"{name}.{inner}": cell for inner, cell in _flat(part).items()}
        else:
            found[name] = part
    return found


def _text(cell: object) -> str:
    # NaN, which pandas writes, differs from itself.
    return "" if cell is None or cell != cell else str(cell).strip()
