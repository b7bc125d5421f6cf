"""The columns of a conflict's tables as Frictionless Table Schemas.

Version 1 of the specification, https://specs.frictionlessdata.io/table-schema/, which later
versions read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lossmodel.errors import UsageError
from lossmodel.tables.cells import FALSE, LARGEST, TRUE
from lossmodel.tables.schema import TABLES, Field, Table
from lossmodel.tables.vocabulary import KINDS

__all__ = ["table_schema"]

_TYPES: Final = {"date": "date", "number": "number", "flag": "boolean"}
_SIGNED: Final = any(rules.signed for rules in KINDS.values())
# Tables whose keys need not be in them: a source may be a web address.
_OPEN: Final = ("sources",)


def table_schema(
    name: str,
    words: Mapping[str, Collection[str]] | None = None,
    columns: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Table Schema of one table.

    A schema knows no rule between columns, and no key that may be a web address as well: a table
    that is valid under it may still be refused by `load_claims`.

    Parameters
    ----------
    name
        `claims`, `claimants`, `streams`, `sources` or `truth`.
    words
        Column -> words allowed in it, for key columns whose words depend on the conflict.
    columns
        Columns of a file in their order, its own ones included; by default those of the format.

    Returns
    -------
    schema
        Ready for `json.dumps`.

    Raises
    ------
    UsageError
        There is no such table.

    Examples
    --------
    >>> schema = table_schema("streams")
    >>> schema["primaryKey"], schema["fields"][0]["constraints"]
    (['claimant', 'party', 'category'], {'required': True})
    """
    table = TABLES.get(name)
    if table is None:
        raise UsageError(f"No table is named {name!r}. Known: {', '.join(TABLES)}.")
    own = {field.name: field for field in table.fields}
    fields = [own.get(column, Field(column)) for column in (own if columns is None else columns)]
    schema: dict[str, Any] = {
        "fields": [_field(field, table, words or {}) for field in fields],
        "missingValues": [""],
    }
    if table.key:
        schema["primaryKey"] = list(table.key)
    keys = list(_foreign_keys(name, fields))
    if keys:
        schema["foreignKeys"] = keys
    return schema


def _field(field: Field, table: Table, words: Mapping[str, Collection[str]]) -> dict[str, Any]:
    empty = f" Empty means {field.default or field.empty}." if field.default or field.empty else ""
    found: dict[str, Any] = {
        "name": field.name,
        "type": _TYPES.get(field.form, "string"),
        "description": (field.meaning or "No column of the format.") + empty,
    }
    if field.form == "flag":
        found |= {"trueValues": _cases(TRUE), "falseValues": _cases(filter(None, FALSE))}
    limits: dict[str, Any] = {"required": True} if field.filled else {}
    if field.form in ("slug", "name") and table.key == (field.name,):
        limits["unique"] = True
    allowed = field.choices or words.get(field.name, ())
    if field.form == "key" and allowed:
        limits["enum"] = list(allowed)
    if field.form == "number":
        limits |= _limits(field, table)
    return found | ({"constraints": limits} if limits else {})


def _limits(field: Field, table: Table) -> dict[str, float]:
    # A correction may be negative, and a schema has no rule for some rows only.
    signed = _SIGNED and field.name == "value" and any(f.name == "kind" for f in table.fields)
    least = -LARGEST if signed else field.least
    most = LARGEST if field.most is None else field.most
    return {"maximum": most} if least is None else {"minimum": least, "maximum": most}


def _cases(words: Iterable[str]) -> list[str]:
    return [form for word in words for form in dict.fromkeys((word, word.title(), word.upper()))]


def _foreign_keys(name: str, fields: Iterable[Field]) -> Iterator[dict[str, Any]]:
    for field in fields:
        other, _, column = field.home.partition(".")
        if other and other not in _OPEN:
            # A table is no name for itself.
            place = {"resource": "" if other == name else other, "fields": column}
            yield {"fields": field.name, "reference": place}
