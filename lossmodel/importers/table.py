"""A user's own table, in rows or in columns, as claims: the way from cells to claims in order.

Roles of columns, rows that have claims, figures, sums of events, kinds, one claim per figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.importers.assembly import claims_of, in_order, once
from lossmodel.importers.columns import TIMED, ColumnMap
from lossmodel.importers.events import as_of_one_day, sum_events
from lossmodel.importers.hints import Hints
from lossmodel.importers.inside import clip
from lossmodel.importers.keys import SECTIONS, Keys
from lossmodel.importers.kinds import guess_kinds
from lossmodel.importers.layout import with_last_day, with_whole_dates
from lossmodel.importers.left_out import LeftOut
from lossmodel.importers.named import names_of
from lossmodel.importers.records import Record, make_records
from lossmodel.importers.result import Imported, rows_of
from lossmodel.importers.roles import NO_FIGURES, is_claims, map_columns
from lossmodel.importers.rows import Rows, claim_rows
from lossmodel.importers.shapes import Shape, find_shape
from lossmodel.importers.sides import with_limits
from lossmodel.importers.source import Source
from lossmodel.importers.triangle import triangle_notes, triangles, up_to_knowledge
from lossmodel.importers.units import check_units, unit_notes, units_of
from lossmodel.tables.problems import Problems

__all__ = ["read_table"]

NEEDED: Final = ("claimant", "party", "category")


def read_table(source: Source, hints: Hints, *, remarks: bool = True) -> Imported:
    """Claims from a table whose columns are given, known by name, or guessed.

    Parameters
    ----------
    source, hints
        The table, and the user's description of it.
    remarks
        Whether words in brackets behind a figure are notes; not where they may name persons.

    Raises
    ------
    ClaimsError
        Cells cannot be read, or contradict each other; the error has each of them.
    UsageError
        Claimant, party or category are not given, there is no column of dates or of figures, or
        the kind of the figures cannot be guessed.
    """
    own_words = hints
    source = with_whole_dates(source)
    shape = find_shape(source.columns)
    if shape is not None:
        hints = _of_shape(hints, shape)
        source = with_limits(source, shape)
    own = {**(dict(shape.names) if shape else {}), **hints.as_map().names}
    keys = Keys(hints.conflict, own, hints.parties)
    hints = _with_keys(hints, keys)
    given = hints.as_map()
    columns = map_columns(
        source, given, keys, claimant=hints.claimant, party=hints.party, shape=shape
    )
    source, columns, hints = with_last_day(source, columns, hints)
    already = is_claims(source.columns)
    _check_options(source, columns, hints)
    problems = Problems()
    rows = claim_rows(
        source, columns.columns, day_first=hints.day_first, keys=keys, problems=problems
    )
    names = _as_written(rows, columns, keys) if already else names_of(source, rows, columns, keys)
    figures = [name for name, column in columns.columns.items() if column.is_figure]
    units = units_of(figures, source.titles)
    records, numbers = make_records(
        source,
        rows,
        columns,
        keys,
        names=names,
        units=units,
        remarks=remarks,
        day_first=hints.day_first,
        problems=problems,
    )
    if not already:
        records = up_to_knowledge(records, source.path.name, problems)
    problems.raise_if_any()
    check_units(source.path, units, [(r.place.column, r.category) for r in records], keys)
    if not records:
        without = rows.left_out.sentence()
        why = f"left out are {without}" if without else "all cells of its columns are empty"
        raise UsageError(f"{source.path} has no figure: {why}.")
    timed = [name for name, column in columns.columns.items() if column.read in TIMED]
    written = rows.cells[timed[-1]] if timed else pd.Series(name="the headings", dtype=str)
    events = hints.by is not None
    records, cuts = clip(records, keys.span, source.path, written, events=events)
    unread = [n for n, c in columns.columns.items() if (c.read, c.why) == ("ignore", NO_FIGURES)]
    records = once(source, records, rows.left_out, events=events, unread=unread)
    said: list[str] = []
    if hints.by is not None:
        is_set = shape is not None and shape.events
        windows = rows.windows.values()
        sums, said = sum_events(records, hints.by, rows=windows, is_set=is_set)
        if is_set:
            release = shape.release(source.path.name) if shape and shape.release else None
            sums, dated = as_of_one_day(records, sums, release)
            said += dated
        records, more = clip(sums, keys.span, source.path, written, events=events)
        cuts = cuts or more
    records, kinds = guess_kinds(records, hints.kind or "", source.path)
    records = once(source, in_order(records), rows.left_out, events=False)
    titles = _titles(columns, names, shape)
    notes = (
        *([f"known as {shape.title}", *shape.notes] if shape else ()),
        *([CLAIMS_ALREADY] if already else ()),
        *source.notes,
        *rows.notes,
        *filter(None, [numbers.description]),
        *unit_notes(units),
        *(said or kinds),
        *cuts,
        *([] if already else triangle_notes(records)),
        *_new_claimants(records, keys, titles),
        *_unused(columns, own_words),
    )
    return Imported(
        claims=claims_of(records),
        base=hints.conflict,
        extra={} if already else _extra(records, keys, titles, shape),
        notes=notes,
        heading="guessed",
        left_out=_left_out(columns, rows.left_out),
        guesses=_guesses(source, columns),
        columns=replace(columns, names=_kept_names(columns, names)),
        file=source.path.name,
        file_rows=tuple(record.place.row for record in records),
    )


CLAIMS_ALREADY: Final = (
    "it has the columns of a claims table: lossmodel check and fit read it as it is, if its dates "
    "are YYYY-MM-DD"
)


def _of_shape(hints: Hints, shape: Shape) -> Hints:
    return replace(
        hints,
        claimant=hints.claimant or shape.name,
        category=hints.category or shape.category,
        by=(hints.by or "month") if shape.events else hints.by,
    )


def _with_keys(hints: Hints, keys: Keys) -> Hints:
    """Hints with the conflict's keys for names that options give, as for names in cells."""

    def key(section: str, name: str) -> str:
        return name if name in keys.known[section] else keys.find(section, name) or name

    columns = {
        heading: replace(column, **{s: key(s, getattr(column, s)) for s in SECTIONS})
        for heading, column in hints.columns.columns.items()
    }
    options = {o: key(o, t) if o in SECTIONS else t for o, t in hints.columns.options.items()}
    return replace(
        hints,
        claimant=key("claimant", hints.claimant),
        party=key("party", hints.party),
        category=key("category", hints.category),
        scope=key("scope", hints.scope),
        columns=replace(hints.columns, columns=columns, options=options),
    )


def _check_options(source: Source, columns: ColumnMap, hints: Hints) -> None:
    """Refuse a table that leaves open whose figures it has, with the options that would say it."""
    figures = {name: column for name, column in columns.columns.items() if column.is_figure}
    read = {column.read for column in columns.columns.values()}
    lacking = [
        section
        for section in NEEDED
        if section not in read
        and not getattr(hints, section)
        and not all(getattr(column, section) for column in figures.values())
    ]
    if not lacking or not figures:
        return
    said = [
        f"{name!r} is a {section}"
        for name, column in figures.items()
        for section in NEEDED
        if section not in lacking and getattr(column, section)
    ]
    known = f" ({', '.join(said[:4])})" if said else ""
    bounds = [name for name, column in figures.items() if column.read in ("low", "high")]
    known += f" ({', '.join(map(repr, bounds))}: limits of one figure)" if bounds else ""
    options = ", ".join(f"--{section}" for section in lacking)
    raise UsageError(
        f"{source.path} is a table of your own that does not say the {' and the '.join(lacking)} "
        f"of its figures in {', '.join(map(repr, list(figures)[:4]))}{known}: give {options}, or "
        "say it per column with --column 'HEADING=value,party=...'."
    )


def _as_written(rows: Rows, columns: ColumnMap, keys: Keys) -> dict[str, dict[str, str]]:
    """Names of a claims table as they are, but for capital letters."""
    return {
        column.read: {
            cell: cell.lower() if cell.lower() in keys.known[column.read] else cell
            for cell in rows.cells[name].unique()
        }
        for name, column in columns.columns.items()
        if column.read in (*NEEDED, "scope")
    }


def _titles(
    columns: ColumnMap, names: Mapping[str, Mapping[str, str]], shape: Shape | None
) -> dict[str, str]:
    """Claimants as the table writes them."""
    headings = {c.claimant: n for n, c in columns.columns.items() if c.is_figure and c.claimant}
    written = {key: name for name, key in names.get("claimant", {}).items()}
    return {**headings, **written, **({shape.name: shape.title} if shape else {})}


def _new_claimants(records: list[Record], keys: Keys, titles: Mapping[str, str]) -> list[str]:
    """Notes on claimants that the conflict does not have, with similar ones that it has."""
    if keys.conflict is None:
        return []
    new = sorted({record.claimant for record in records} - keys.known["claimant"])
    found = []
    for claimant in new:
        alike = keys.like(claimant)
        hint = f"; if it is {' or '.join(alike[:3])}, write that" if alike else ""
        title = titles.get(claimant, claimant)
        name = claimant if title == claimant else f"{claimant} ({title!r})"
        found.append(
            f"{keys.conflict.name} does not have {name}: taken as a third party until "
            f"claimants.csv has its side{hint}"
        )
    return found


def _unused(columns: ColumnMap, hints: Hints) -> list[str]:
    """Options that columns made superfluous."""
    figures = [column for column in columns.columns.values() if column.is_figure]
    read = {column.read for column in columns.columns.values()}
    return [
        f"--{section} {getattr(hints, section)} is not used: the table says it"
        for section in NEEDED
        if getattr(hints, section)
        and section not in hints.columns.options
        and (section in read or all(getattr(column, section) for column in figures))
    ]


def _extra(
    records: list[Record], keys: Keys, titles: Mapping[str, str], shape: Shape | None
) -> dict[str, pd.DataFrame]:
    """Rows of claimants that are new, and of streams that list cases: events and triangles."""
    new = sorted({record.claimant for record in records} - keys.known["claimant"])
    extra = {"claimants": rows_of("claimants", [(key, titles.get(key, "")) for key in new])}
    listed = triangles(records)
    if shape is not None and shape.events:
        listed = sorted({(r.claimant, r.party, r.category) for r in records})
    if listed:
        extra["streams"] = rows_of("streams", [(*key, "list") for key in listed])
    return extra


def _left_out(columns: ColumnMap, left_out: LeftOut) -> pd.DataFrame:
    reasons: dict[str, list[str]] = {}
    for name, column in columns.columns.items():
        if column.read == "ignore":
            reasons.setdefault(column.why, []).append(name)
    passed = [
        (0, f"column{'s' * (len(names) > 1)} {', '.join(names)}", why)
        for why, names in reasons.items()
    ]
    table = pd.DataFrame(passed, columns=["rows", "what", "why"])
    return pd.concat([table, left_out.table()], ignore_index=True)


def _guesses(source: Source, columns: ColumnMap) -> pd.DataFrame:
    """Table of `column, read as, why, first value, row`."""
    rows = []
    for name, column in columns.columns.items():
        cells = source.cells[name]
        filled = cells[cells != ""]
        first, row = (filled.iloc[0], filled.index[0]) if len(filled) else ("", "")
        rows.append((name, column.description, column.why, first, row))
    return pd.DataFrame(rows, columns=["column", "read as", "why", "first value", "row"])


def _kept_names(columns: ColumnMap, names: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    found = {
        name: key for section in names.values() for name, key in section.items() if name != key
    }
    return {**found, **columns.names}
