"""Declarations of a `conflict.toml`: sides, parties, categories, scopes and knots.

Short and long forms mean the same: `russia = "Russia"` and a table with a title, one name and a
list of names, a share as a number and as a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from lossmodel.conflict.keys import SECTIONS
from lossmodel.conflict.parties import (
    NO_CIRCLE,
    declare_parties,
    declare_sides,
    declare_window,
    group_word,
    opposed_parties,
)
from lossmodel.conflict.types import (
    FORCE_CATEGORIES,
    STANDARD_CATEGORIES,
    Category,
    Knots,
    Party,
    Scope,
    Share,
    Side,
    base_names,
    cycle,
)
from lossmodel.tables.categories import COUNTED
from lossmodel.tables.names import alike
from lossmodel.tables.toml import Keys
from lossmodel.text.macros import same_macros

__all__ = ["Declared", "declare"]

_TABLES = ("sides", "parties", "categories", "scopes", "knots")
_SHARE = SECTIONS["share"]


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
    fights_assumed: bool = False
    ucdp_conflict_id: int | None = None


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
    document.only(*SECTIONS[""].keys, *_TABLES, "conflict")
    in_table = "conflict" in document.values and "start" not in document.values
    head = document.table("conflict") if in_table else document
    start, end = declare_window(head)
    if start is None and head.values.get("start", "") == "":
        head.wrong("start", allowed="a day", remedy="Write start = 2022-02-24", found="")
    sides = declare_sides(document)
    parties = declare_parties(document, sides)
    opposed = opposed_parties(document, parties)
    parties |= opposed
    categories, scopes = _categories(document), _scopes(document, parties)
    for section, names in (
        *(("sides", sides), ("parties", parties)),
        *(("categories", categories), ("scopes", scopes)),
    ):
        for name, other in alike(names).items():
            allowed = "names that differ in more than capital letters"
            remedy = f"Rename it: there is {other}"
            document.wrong(f"{section}.{name}", allowed=allowed, remedy=remedy, found=name)
    _check_macros(document, categories, parties, scopes)
    return Declared(
        title=head.text("title", document.text("title", name)),
        cluster=head.text("cluster", document.text("cluster")),
        start=start,
        end=end,
        sides=sides,
        parties=parties,
        categories=categories,
        scopes=scopes,
        knots=_knots(document),
        fights_assumed=bool(opposed),
        ucdp_conflict_id=head.whole(SECTIONS[""].key("ucdp_conflict_id")),
    )


def _check_macros(
    document: Keys,
    categories: Mapping[str, Category],
    parties: Mapping[str, Party],
    scopes: Mapping[str, Scope],
) -> None:
    """Note names that would give two totals of a report one LaTeX macro, or one file of a figure.

    A paper that states a number by its macro must not state another one unawares, and a macro must
    not change its name when a party is added.
    """
    things = [name for name, c in categories.items() if c.group == "equipment" and not c.sum]
    sections = {
        "categories": [*COUNTED, *things],
        "parties": [name for name, party in parties.items() if not party.sum],
        "scopes": [name for name, scope in scopes.items() if scope.report],
    }
    # Once per name, and not for each total of it.
    found: dict[str, tuple[str, str]] = {}
    for order in (("categories", "parties", "scopes"), ("parties", "categories")):
        for names, other in same_macros(*(sections[section] for section in order)):
            apart = [n for n in range(len(names)) if names[n] != other[n]]
            first, alone = apart[0], len(apart) == 1
            key, name = f"{order[first]}.{names[first]}", names[first]
            mine, there = (name, other[first]) if alone else (" ".join(names), " ".join(other))
            found.setdefault(key, (name, f"Rename it: {mine} would be the same as {there}"))
    for key, (name, remedy) in found.items():
        allowed = "names whose totals differ in the letters of LaTeX macros and names of figures"
        document.wrong(key, allowed=allowed, remedy=remedy, found=name)


def _categories(document: Keys) -> dict[str, Category]:
    entries = dict(document.entries("categories", short="base"))
    known = [*STANDARD_CATEGORIES, *entries]
    declared = {name: _category(name, keys, known) for name, keys in entries.items()}
    categories = {**STANDARD_CATEGORIES, **declared}
    for name in cycle({name: category.sum for name, category in categories.items()}):
        remedy = "Name base categories only"
        categories[name] = replace(categories[name], sum=())
        if name in entries:
            entries[name].wrong("sum", allowed=NO_CIRCLE, remedy=remedy)
    for name in [name for name in entries if categories[name].sum]:
        categories[name] = _sum_of_one_group(categories, name, entries[name])
    return categories


def _sum_of_one_group(categories: Mapping[str, Category], name: str, keys: Keys) -> Category:
    """A sum with the group of its addends, which must be one, and that which it names."""
    bases = [categories[base] for base in base_names(categories, name)]
    groups = {base.group for base in bases}
    own = categories[name]
    if len(groups) > 1 or (keys.text("group") and own.group not in groups):
        found = ", ".join(f"{base.name} ({base.group})" for base in bases)
        remedy = "Sum persons or equipment, and correct group where it is wrong"
        keys.wrong("sum", allowed="addends of one group", remedy=remedy, found=found)
    return replace(own, group=bases[0].group, group_assumed=False)


def _category(name: str, keys: Keys, known: list[str]) -> Category:
    keys.only(*SECTIONS["categories"].keys)
    base = keys.values.get("base")
    standard = STANDARD_CATEGORIES.get(base if isinstance(base, str) else name)
    standard = {**FORCE_CATEGORIES, **STANDARD_CATEGORIES}.get(name, standard)
    # `casualties = ["killed", "wounded"]` is a sum in its short form.
    named = keys.known_names("base" if isinstance(base, list) else "sum", known)
    addends = named or (standard.sum if standard and base is not True else ())
    group = group_word(keys) or (standard.group if standard else None)
    title = keys.text("title", name)
    return Category(name, title, group or "equipment", addends, group_assumed=group is None)


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
    keys.only(*SECTIONS["scopes"].keys)
    party = keys.known_names("party", list(parties))
    parent, complement = keys.known_names("of", known), keys.known_names("complement_of", known)
    start, end = declare_window(keys)
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
        fixed = value in ("fixed", "fixed 1")
        mean = 1.0 if fixed else scope.limited(SECTIONS["scopes"].key("share"))
        return None if mean is None else Share("fixed", mean)
    keys = scope.table("share")
    keys.only(*_SHARE.keys)
    mean = keys.limited(_SHARE.key("mean"))
    if mean is None:
        mean = 1.0
        if not {"mean", "value"} & set(value):
            keys.wrong("mean", allowed="a share of at most 1", remedy="Give the mean")
    sd = keys.limited(_SHARE.key("sd")) or 0.0
    tau = keys.limited(_SHARE.key("tau_days"))
    tau_sd = keys.limited(_SHARE.key("tau_sd"))
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
    keys.only(*SECTIONS["knots"].keys)
    days = {}
    for key in SECTIONS["knots"].keys:
        value = keys.limited(key)
        if value is not None:
            days[key.name] = max(1, round(value))
    return Knots(**days)
