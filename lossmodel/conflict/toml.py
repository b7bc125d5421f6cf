"""Declarations of a `conflict.toml`: sides, parties, categories, scopes and knots.

Short and long forms mean the same: `russia = "Russia"` and a table with a title, one name and a
list of names, a share as a number and as a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from lossmodel.conflict.durations import CENTURY
from lossmodel.conflict.types import (
    STANDARD_CATEGORIES,
    Category,
    Group,
    Knots,
    Party,
    Scope,
    Share,
    Side,
    cycle,
)
from lossmodel.tables.toml import Keys

__all__ = ["Declared", "declare"]

_SMALLEST = 1e-6  # share of a scope: its logit must be finite, and no scope is smaller


@dataclass(frozen=True)
class Declared:
    """Contents of a `conflict.toml`, see `Conflict` for the attributes."""

    title: str
    cluster: str
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    sides: dict[str, Side]
    parties: dict[str, Party]
    categories: dict[str, Category]
    scopes: dict[str, Scope]
    knots: Knots


def declare(document: Keys, name: str) -> Declared:
    """Read a whole `conflict.toml`, and note every value that is not valid.

    Parameters
    ----------
    document
        The parsed file.
    name
        Title of the conflict if the file has none.

    Examples
    --------
    >>> from lossmodel.tables.problems import Problems
    >>> text = {"start": "2022-02-24", "parties": {"north": "n", "south": "s"}}
    >>> sorted(declare(Keys(text, "", "conflict.toml", Problems()), "war").sides)
    ['n', 's']
    """
    document.only(
        *("title", "cluster", "start", "end", "sides", "parties", "categories", "scopes", "knots"),
        "conflict",
    )
    in_table = "conflict" in document.values and "start" not in document.values
    head = document.table("conflict") if in_table else document
    start = head.day("start")
    if start is None and "start" not in head.values:
        head.wrong("start", allowed="a day", remedy="Write start = 2022-02-24", found="")
    sides = _sides(document)
    parties = _parties(document, sides)
    return Declared(
        title=head.text("title", document.text("title", name)),
        cluster=head.text("cluster", document.text("cluster")),
        start=start,
        end=head.day("end"),
        sides=sides,
        parties=parties,
        categories=_categories(document),
        scopes=_scopes(document, parties),
        knots=_knots(document),
    )


def _sides(document: Keys) -> dict[str, Side]:
    sides = {}
    for name, keys in document.entries("sides", short="title"):
        keys.only("title", "fights")
        sides[name] = Side(name, keys.text("title", name))
    if "sides" in document.values:
        return sides
    # Without a list of sides, the sides that parties name; without these, one side per party.
    parties = [(name, keys) for name, keys in document.entries("parties", short="side")]
    named = [keys.text("side") or name for name, keys in parties if "sum" not in keys.values]
    return {name: Side(name, name) for name in named}


def _parties(document: Keys, sides: Mapping[str, Side]) -> dict[str, Party]:
    entries = dict(document.entries("parties", short="side"))
    if not entries:
        document.wrong("parties", allowed="one table per party", remedy="Add [parties.NAME]")
    side_of = {}
    for name, keys in entries.items():
        keys.only(
            "title", "side", "fights", "sum", "from", "to", "start", "end", "civilian", "censored"
        )
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
        entries[name].wrong("sum", allowed="sums that do not contain themselves", remedy=remedy)
        parties[name] = replace(parties[name], sum=())
    for name, party in parties.items():
        base = party
        while base.sum:
            base = parties[base.sum[0]]
        if not party.side:
            parties[name] = replace(party, side=base.side, fights=party.fights or base.fights)
    return parties


def _party(
    name: str,
    keys: Keys,
    side_of: Mapping[str, str],
    wars: Mapping[str, tuple[str, ...]],
    others: list[str],
) -> Party:
    foes = _fights(keys, side_of) or wars.get(side_of[name], ())
    start, end = _window(keys)
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
    )


def _fights(keys: Keys, side_of: Mapping[str, str]) -> tuple[str, ...]:
    """Sides or parties that a party fights, by name; all other sides for `true`."""
    value = keys.values.get("fights")
    if isinstance(value, bool):
        return tuple(side_of) if value else ()
    return keys.known_names("fights", list(side_of))


def _window(keys: Keys) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    start, end = keys.day(keys.first("from", "start")), keys.day(keys.first("to", "end"))
    if start is not None and end is not None and end < start:
        allowed = f"a day from {start.date()} on"
        keys.wrong(keys.first("to", "end"), allowed=allowed, remedy="Put the end after the start")
    return start, end


def _categories(document: Keys) -> dict[str, Category]:
    entries = dict(document.entries("categories", short="base"))
    known = [*STANDARD_CATEGORIES, *entries]
    declared = {name: _category(name, keys, known) for name, keys in entries.items()}
    categories = {**STANDARD_CATEGORIES, **declared}
    for name in cycle({name: category.sum for name, category in categories.items()}):
        remedy = "Name base categories only"
        if name in entries:
            allowed = "sums that do not contain themselves"
            entries[name].wrong("sum", allowed=allowed, remedy=remedy)
    return categories


def _category(name: str, keys: Keys, known: list[str]) -> Category:
    keys.only("title", "base", "group", "sum")
    base = keys.values.get("base")
    standard = STANDARD_CATEGORIES.get(base if isinstance(base, str) else name)
    standard = STANDARD_CATEGORIES.get(name, standard)
    # `casualties = ["killed", "wounded"]` is a sum in its short form.
    named = keys.known_names("base" if isinstance(base, list) else "sum", known)
    addends = named or (standard.sum if standard and base is not True else ())
    return Category(name, keys.text("title", name), _group(keys, standard, addends), addends)


def _group(keys: Keys, standard: Category | None, addends: tuple[str, ...]) -> Group:
    word = keys.text("group")
    if word in {"person", "persons", "people", "personnel"}:
        return "person"
    if word == "equipment":
        return "equipment"
    if word:
        keys.wrong("group", allowed="person or equipment", remedy="Write one of the two")
    if standard is not None:
        return standard.group
    first = STANDARD_CATEGORIES.get(addends[0]) if addends else None
    return first.group if first else "equipment"


def _scopes(document: Keys, parties: Mapping[str, Party]) -> dict[str, Scope]:
    entries = dict(document.entries("scopes", short="title"))
    known = ["all", *entries]
    scopes = {name: _scope(name, keys, known, parties) for name, keys in entries.items()}
    parents = {name: tuple(filter(None, (s.of, s.complement_of))) for name, s in scopes.items()}
    for name in cycle(parents):
        allowed = "scopes that are not parts of themselves"
        entries[name].wrong("of", allowed=allowed, remedy='Start from of = "all"')
    whole = scopes.get("all", Scope("all", "all"))
    return {"all": replace(whole, of=None, complement_of=None, share=None, report=True)} | {
        name: scope for name, scope in scopes.items() if name != "all"
    }


def _scope(name: str, keys: Keys, known: list[str], parties: Mapping[str, Party]) -> Scope:
    keys.only(
        "title", "party", "of", "complement_of", "from", "to", "start", "end", "share", "report"
    )
    party = keys.known_names("party", list(parties))
    parent, complement = keys.known_names("of", known), keys.known_names("complement_of", known)
    start, end = _window(keys)
    return Scope(
        name=name,
        title=keys.text("title", name),
        party=party[0] if party else None,
        of=parent[0] if parent else None if complement or name == "all" else "all",
        complement_of=complement[0] if complement else None,
        start=start,
        end=end,
        share=_share(keys),
        report=keys.flag("report"),
    )


def _share(scope: Keys) -> Share | None:
    """Read a share: 1, 0.4, {mean, sd}, or {form = "decaying", mean, sd, tau_days, tau_sd}."""
    value = scope.values.get("share")
    if value is None:
        return None
    if not isinstance(value, dict):
        mean = (
            1.0 if value in ("fixed", "fixed 1") else scope.number("share", least=_SMALLEST, most=1)
        )
        return None if mean is None else Share("fixed", mean)
    keys = scope.table("share")
    keys.only("form", "mean", "sd", "tau_days", "tau_sd", "value")
    mean = keys.number(keys.first("mean", "value"), least=_SMALLEST, most=1)
    if mean is None:
        mean = 1.0
        if not {"mean", "value"} & set(value):
            keys.wrong("mean", allowed="a share of at most 1", remedy="Give the mean")
    sd = keys.number("sd", least=0, most=10) or 0.0
    tau = keys.number("tau_days", least=1, most=CENTURY)
    tau_sd = keys.number("tau_sd", least=0, most=10)
    form = _share_form(keys, sd, tau)
    if form != "fixed" and mean >= 1:
        keys.wrong("mean", allowed="a share under 1 where it is uncertain", remedy="Lower it")
    return Share(form, mean, sd, tau, (tau_sd or 0.0) if tau else None)


def _share_form(
    keys: Keys, sd: float, tau: float | None
) -> Literal["fixed", "constant", "decaying"]:
    form = keys.text("form") or ("decaying" if tau else "constant" if sd else "fixed")
    if form == "decaying" and tau is None:
        keys.wrong("tau_days", allowed="a number of days", remedy="Give tau_days", found="")
    if form == "fixed":
        return "fixed"
    if form == "constant":
        return "constant"
    if form != "decaying":
        keys.wrong("form", allowed="fixed, constant or decaying", remedy="Write one of the three")
    return "decaying"


def _knots(document: Keys) -> Knots:
    keys = document.table("knots")
    keys.only("rate_days", "lethality_days", "drift_days")
    days = {}
    for name in ("rate", "lethality", "drift"):
        value = keys.number(keys.first(f"{name}_days", name), least=1, most=CENTURY)
        if value is not None:
            days[f"{name}_days"] = max(1, round(value))
    return Knots(**days)
