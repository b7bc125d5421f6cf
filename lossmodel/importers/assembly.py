"""Claims from records: each figure once, in an order and with ids that no order of rows changes."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from lossmodel.importers.left_out import LeftOut
from lossmodel.importers.names import free_name, slug
from lossmodel.importers.records import Record
from lossmodel.importers.result import claims_table
from lossmodel.importers.source import Source
from lossmodel.tables.problems import Problems, quoted
from lossmodel.tables.vocabulary import KINDS
from lossmodel.text.escape import shell

__all__ = ["claims_of", "in_order", "once"]


def once(
    source: Source,
    records: list[Record],
    left_out: LeftOut,
    *,
    events: bool,
    unread: Collection[str] = (),
) -> list[Record]:
    """Records without those that repeat another; an error where two contradict each other.

    Parameters
    ----------
    source, records, left_out
        The table, its records, and where those that repeat another are noted.
    events
        Whether rows are events, of which no two are one.
    unread
        Columns of texts that are not read. Rows that differ in one, such as a place, are not said
        to be one figure.
    """
    if events:
        return records
    first: dict[tuple[object, ...], Record] = {}
    problems = Problems()
    for record in sorted(records, key=lambda r: r.place.row):
        there = first.setdefault(record.key, record)
        if there is record:
            continue
        differs = next((name for name in unread if _differ(source, name, there, record)), "")
        if there.figure == record.figure and differs:
            cells = [quoted(source.cells.at[r.place.row, differs]) for r in (record, there)]
            problems.add(
                source.path.name,
                record.place.column,
                rows=[record.place.row],
                found=f"{quoted(record.place.cell)} as in row {there.place.row}, of another "
                f"{differs}: {' and '.join(cells)}",
                allowed="one figure of a claimant per party, category and window",
                remedy="If they are parts, sum them with --by day, week or month; if they are one "
                "figure twice, give --column " + shell(f"{differs}=ignore"),
            )
            continue
        if there.figure == record.figure:
            left_out.add("figures", "repeat another of the same day, so one", record.place.row)
            continue
        other = f"row {there.place.row}, {there.place.column}"
        problems.add(
            source.path.name,
            record.place.column,
            rows=[record.place.row],
            found=f"{quoted(record.place.cell)} where {other} has {quoted(there.place.cell)}",
            allowed="one figure of a claimant per party, category and window",
            remedy="Correct or remove one; if each row is an event, give --by day, week or month",
        )
    problems.raise_if_any()
    kept = set(map(id, first.values()))
    return [record for record in records if id(record) in kept]


def _differ(source: Source, name: str, one: Record, other: Record) -> bool:
    first, second = (str(source.cells.at[record.place.row, name]) for record in (one, other))
    return bool(first and second and first != second)


def in_order(records: list[Record]) -> list[Record]:
    """In an order that the order of the rows does not change."""

    def key(record: Record) -> tuple[object, ...]:
        of = (record.claimant, record.party, record.category, record.scope, record.kind)
        days = (record.window.end, record.window.start, record.published, record.known)
        return (record.position, *of, *days, sorted(record.texts.items()), repr(record.figure))

    return sorted(records, key=key)


def claims_of(records: list[Record]) -> pd.DataFrame:
    """Claims table of records, one row each."""
    ids = _ids(records)
    rows = [_row(record, name) for record, name in zip(records, ids, strict=True)]
    return claims_table({name: [row[name] for row in rows] for name in rows[0]})


def _ids(records: list[Record]) -> list[str]:
    """Ids of the table, or such as `oryx-russia-tanks-2022-03-01`."""
    kinds: dict[tuple[object, ...], set[str]] = {}
    known: dict[tuple[object, ...], set[str]] = {}
    for r in records:
        of = (r.claimant, r.party, r.category, r.scope, r.window.end)
        kinds.setdefault(of, set()).add(r.kind)
        known.setdefault((*of[:4], r.window), set()).add(r.known)
    made: list[str] = []
    used: set[str] = set()
    for r in records:
        scope = [r.scope] if r.scope != "all" else []
        several = len(kinds[r.claimant, r.party, r.category, r.scope, r.window.end]) > 1
        vintages = known[r.claimant, r.party, r.category, r.scope, r.window]
        parts = [
            *map(slug, (r.claimant, r.party, r.category, *scope)),
            *([r.kind] if several else []),
        ]
        dates = [f"{r.window.end}", *([f"known-{r.known}"] if len(vintages) > 1 else [])]
        stem = r.texts.get("claim_id") or "-".join([*parts, *dates])
        name = stem if "claim_id" in r.texts else free_name(stem, used)
        used.add(name)
        made.append(name)
    return made


def _row(record: Record, name: str) -> dict[str, object]:
    window, figure, rules = record.window, record.figure, KINDS[record.kind]
    explicit = window.form == "start"
    published = record.published or record.known or f"{window.end}"
    return {
        "claim_id": name,
        "claimant": record.claimant,
        "party": record.party,
        "category": record.category,
        "scope": record.scope,
        "kind": record.kind,
        "start": f"{window.start}" if rules.needs_start or explicit else "",
        "end": f"{window.end}",
        "known": record.known,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "qualifier": figure.qualifier,
        "published": published,
        "published_inferred": record.texts.get("published_inferred")
        or ("false" if record.published else "true"),
        **{name: record.texts.get(name, "") for name in ("source", "via", "part_of", "note")},
    }
