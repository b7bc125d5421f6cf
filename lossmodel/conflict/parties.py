"""Sides and parties of a `conflict.toml`, and who fights whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lossmodel.conflict.keys import SECTIONS
from lossmodel.conflict.types import Group, Party, Side, cycle
from lossmodel.tables.toml import Keys

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NO_CIRCLE",
    "declare_parties",
    "declare_sides",
    "declare_window",
    "group_word",
    "opposed_parties",
]

NO_CIRCLE: Final = "sums that do not contain themselves"


def declare_sides(document: Keys) -> dict[str, Side]:
    """Sides by name: those listed, or those that the parties name."""
    sides = {}
    for name, keys in document.entries("sides", short="title"):
        keys.only(*SECTIONS["sides"].keys)
        sides[name] = Side(name, keys.text("title", name))
    if "sides" in document.values:
        return sides
    # Without a list of sides, the sides that parties name; without these, one side per party.
    parties = [(name, keys) for name, keys in document.entries("parties", short="side")]
    named = [keys.text("side") or name for name, keys in parties if "sum" not in keys.values]
    for name in dict.fromkeys(named):
        document.table("parties").check_name(name)
    return {name: Side(name, name) for name in named}


def declare_parties(document: Keys, sides: Mapping[str, Side]) -> dict[str, Party]:
    """Parties by name; a sum without a side has that of its first party."""
    entries = dict(document.entries("parties", short="side"))
    if not entries:
        document.wrong("parties", allowed="one table per party", remedy="Add [parties.NAME]")
    side_of = {}
    for name, keys in entries.items():
        keys.only(*SECTIONS["parties"].keys)
        own = keys.known_names("side", list(sides))
        side_of[name] = own[0] if own else (name if name in sides else "")
    side_of = {**{side: side for side in sides}, **side_of}
    wars = {side: _fights(k, side_of) for side, k in document.entries("sides", short="title")}
    parties = {
        name: _party(name, keys, side_of, wars, [other for other in entries if other != name])
        for name, keys in entries.items()
    }
    addends = {name: party.sum for name, party in parties.items()}
    for name in cycle(addends):
        remedy = "Name base parties only"
        entries[name].wrong("sum", allowed=NO_CIRCLE, remedy=remedy)
        parties[name] = replace(parties[name], sum=())
    for name, party in parties.items():
        base = party
        while base.sum:
            base = parties[base.sum[0]]
        if not party.side:
            parties[name] = replace(party, side=base.side, fights=party.fights or base.fights)
    return parties


def opposed_parties(document: Keys, parties: Mapping[str, Party]) -> dict[str, Party]:
    """Parties of two sides that fight each other, if nothing says who fights whom; else none.

    A war has belligerents, so two sides leave one reading. Of three, any two may be at peace. A
    party that says that it fights nobody says nothing of the others.
    """
    said = [
        *("fights" in keys.values for _, keys in document.entries("sides", short="title")),
        *(
            keys.values.get("fights", False)
            for _, keys in document.entries("parties", short="side")
        ),
    ]
    belligerents = {
        name: party
        for name, party in parties.items()
        if not (party.civilian or party.fights_declared)
    }
    sides = {party.side for party in belligerents.values() if not party.sum}
    if any(said) or len(sides) != 2 or "" in sides:
        return {}
    return {
        name: replace(party, fights=tuple(sides - {party.side}))
        for name, party in belligerents.items()
        if party.side in sides
    }


def _party(
    name: str,
    keys: Keys,
    side_of: Mapping[str, str],
    wars: Mapping[str, tuple[str, ...]],
    others: list[str],
) -> Party:
    named = _fights(keys, side_of)
    foes = named or wars.get(side_of[name], ())
    own = [foe for foe in named if foe and side_of[foe] == side_of[name]]
    if own and keys.values["fights"] is not True:
        remedy = "Give the parties that fight each other sides of their own"
        keys.wrong("fights", allowed="sides other than its own", remedy=remedy, found=own[0])
    start, end = declare_window(keys)
    return Party(
        name=name,
        title=keys.text("title", name),
        side="" if "sum" in keys.values and "side" not in keys.values else side_of[name],
        fights=tuple(sorted({side_of[foe] for foe in foes} - {"", side_of[name]})),
        sum=keys.known_names("sum", others),
        start=start,
        end=end,
        civilian=keys.flag("civilian"),
        censored=keys.flag("censored"),
        group=group_word(keys),
        fights_declared="fights" in keys.values,
        iso3=keys.coded(SECTIONS["parties"].key("iso3")),
        gwno=keys.whole(SECTIONS["parties"].key("gwno")),
    )


def _fights(keys: Keys, side_of: Mapping[str, str]) -> tuple[str, ...]:
    """Sides or parties that a party fights, by name; all other sides for `true`."""
    value = keys.values.get("fights")
    if isinstance(value, bool):
        return tuple(side_of) if value else ()
    return keys.known_names("fights", list(side_of))


def declare_window(keys: Keys) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """First and last day of a table; None where it names none."""
    start, end = keys.day(keys.first("from", "start")), keys.day(keys.first("to", "end"))
    if start is not None and end is not None and end < start:
        allowed = f"a day from {start.date()} on"
        keys.wrong(keys.first("to", "end"), allowed=allowed, remedy="Put the end after the start")
    return start, end


def group_word(keys: Keys) -> Group | None:
    """The group that a table names; None for none."""
    word = keys.text("group")
    if word in {"person", "persons", "people", "personnel"}:
        return "person"
    if word == "equipment":
        return "equipment"
    if word:
        keys.wrong("group", allowed="person or equipment", remedy="Write one of the two")
    return None
