"""Names in the columns of a table, and the keys of the conflict that they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lossmodel.importers.columns import ColumnMap
from lossmodel.importers.keys import Keys
from lossmodel.importers.names import keys_of, slug
from lossmodel.importers.numbers import is_missing
from lossmodel.importers.rows import Rows
from lossmodel.importers.source import Source
from lossmodel.importers.words import normal
from lossmodel.tables.problems import Problems, one_of, quoted
from lossmodel.text.spelling import nearest

__all__ = ["names_of"]

ACTORS: Final = ("claimant", "party")  # sections in which one actor may have a name


def names_of(
    source: Source, rows: Rows, columns: ColumnMap, keys: Keys
) -> dict[str, dict[str, str]]:
    """Section of the conflict -> name in a column of names -> its key.

    New claimants have keys of their own; a party, a category or a scope must be known. `via` has
    the keys of claimants, and a name that is none as it is, which the check of claims refuses.

    Raises
    ------
    ClaimsError
        A party, category or scope is not known; the error has each name once.
    """
    problems = Problems()
    found: dict[str, dict[str, str]] = {}
    for name, column in columns.columns.items():
        section = column.read
        if section not in keys.known:
            continue
        cells = rows.cells[name]
        # The missing are a category, though the word stands for an empty cell elsewhere.
        counted = {c for c in set(cells) if section == "category" and keys.find(section, c)}
        names = sorted({cell for cell in cells if not is_missing(cell)} | counted)
        find = {cell: _find(section, cell, keys) for cell in names}
        shared = {}
        if keys.conflict is None and section in ACTORS:
            shared = _as_other_actors(find, found, keys)
            find |= shared
        new = [cell for cell in names if not find[cell]]
        if section == "claimant" or keys.conflict is None:
            find |= keys_of(new, {*keys.known[section], *shared.values()}, what=section)
        else:
            for cell in new:
                close = nearest(cell, keys.known[section])
                line = f'"{cell}" = "{close or "..."}" under [names] of a map for --columns'
                problems.add(
                    source.path.name,
                    name,
                    rows=[int(str(cells.index[(cells == cell).to_numpy().argmax()]))],
                    found=quoted(cell),
                    allowed=one_of(sorted(keys.known[section])),
                    remedy=f"If it is one of these, write {line}",
                )
        found[section] = find
    problems.raise_if_any()
    for name, column in columns.columns.items():
        if column.read == "via":
            known = found.get("claimant", {})
            relayed = {cell for cell in rows.cells[name] if not is_missing(cell)}
            found["via"] = {c: keys.find("claimant", c) or known.get(c, c) for c in relayed}
    return found


def _as_other_actors(
    names: Mapping[str, str], found: Mapping[str, Mapping[str, str]], keys: Keys
) -> dict[str, str]:
    """Names without a key -> that of the claimant or party with the same name, each key once.

    A side that reports its own losses is one actor. Names in Latin letters have one key anyway.
    """
    others = {normal(name): key for name, key in keys.parties.items()}
    for section in ACTORS:
        others |= {normal(name): key for name, key in found.get(section, {}).items()}
    shared: dict[str, str] = {}
    for name, own in names.items():
        key = others.get(normal(name), "")
        numbered = keys_of([name])[name] != slug(name)
        if key and not own and numbered and key not in {*names.values(), *shared.values()}:
            shared[name] = key
    return shared


def _find(section: str, cell: str, keys: Keys) -> str:
    key = keys.given(cell) or keys.find(section, cell)
    # Of a conflict that is being made not all parties are known: a longer name is another one.
    within = section == "party" and keys.conflict is not None
    return key or (keys.party_within(cell) if within else "")
