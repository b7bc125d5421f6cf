"""Meaning of a single heading, by its words alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lossmodel.importers.columns import Column
from lossmodel.importers.header import LEVELS
from lossmodel.importers.keys import SECTIONS, Keys
from lossmodel.importers.numbers import FOOTNOTE, SIZES
from lossmodel.importers.units import split_unit
from lossmodel.importers.words import (
    BOUNDS,
    IGNORED,
    KEYS,
    KINDS_IN_HEADINGS,
    PLAIN,
    STATES,
    SUBSETS,
    TIMES,
    TOTALS,
    normal,
)
from lossmodel.tables.vocabulary import KINDS, names_with
from lossmodel.text.escape import shell

__all__ = ["NO_WORD", "STATE", "Meaning", "explain", "with_middles"]

STATE: Final = "a state of equipment, one part of its losses"
ROW_SIGNS: Final = ("#", "№", "№ п/п", "Nº", "N°")
# Beside limits these are the figure between them.
MIDDLES: Final = frozenset({"median", "mean", "average", "avg"})
QUANTILE: Final = re.compile(r"(?:p|q|percentile|quantile) ?(\d)(\d?)(?: ?\d)?")  # p5, q025, q97.5
NO_WORD: Final = "is no word of the format"  # the end of the reason for a heading of losses
# Before the sign of percent such a number is of a limit or an interval.
PERCENT: Final = re.compile(r"\s*(\d\d?(?:[.,]\d)?)\s*%\s*")
HALF: Final = 50  # percent
LIMITS: Final = ("low", "high")
CIVILIANS: Final = frozenset({"civilian", "civilians"})
LONGEST_PHRASE: Final = 6  # words that are looked up together

# "In the last 24 hours" in words of `normal`: new counts of a day.
LAST_DAY: Final = re.compile(
    r"(?:\b(?:in|over|within|during|for|the|den|der|en|las|les|au cours des|за|у|в)\b |خلال |في )*"
    r"(?:(?:\b(?:last|past|previous|preceding|letzten?|vergangenen|ultimas|dernieres|останні|минулі|"
    r"последние|прошедшие|прошлые)\b |آخر )*"
    r"\b24 ?(?:hours?|hrs?|h|stunden|std|horas|heures|години?|час(?:а|ов)?|ساعة|שעות|小时)(?!\w)"
    # Without a preposition it is the last day of a window.
    r"|(?:(?<=\bin )|(?<=\bthe )|(?<=\bover )|(?<=\bduring )|(?<=\bwithin )|(?<=\bfor ))"
    r"(?:last|past|previous|preceding) day\b|за (?:останню|минулу|попередню) добу"
    r"|за (?:последние|прошедшие|прошлые|минувшие) сутки)"
)
PER_DAY: Final = names_with(KINDS, "per_day")
ONE_DAY: Final = names_with(KINDS, "single_day")


@dataclass(frozen=True)
class Meaning:
    """Meaning of a heading.

    Attributes
    ----------
    role
        Of a column that is no figure, one of `TIMES` or `KEYS`; else empty.
    of
        What it says of figures: `bound`, `kind` and sections of a conflict.
    rest
        Words that nobody knows, which may be a claimant's name.
    why
        Reason for leaving the column out; empty if there is none.
    """

    role: str = ""
    of: Mapping[str, str] = field(default_factory=dict)
    rest: str = ""
    why: str = ""

    @property
    def is_known(self) -> bool:
        """Whether every word of it is known."""
        return bool(self.role or self.why) or not self.rest

    def column(self, claimant: str = "") -> Column:
        """As a column of figures."""
        of = {name: text for name, text in self.of.items() if name != "bound"}
        if claimant:
            of["claimant"] = claimant
        return Column(self.of.get("bound", "value"), **of)


def explain(heading: str, keys: Keys) -> Meaning:
    """Meaning of a heading of one or two levels.

    Examples
    --------
    >>> keys = Keys("")
    >>> explain("killed_cum", keys).of
    {'category': 'killed', 'kind': 'cumulative'}
    >>> explain("latitude", keys).why, explain("My Ministry", keys).rest
    ('a coordinate', 'My Ministry')
    >>> explain("casualties.killed", keys).of
    {'category': 'killed'}
    """
    plain = LEVELS.join(FOOTNOTE.sub("", part) or part for part in heading.split(LEVELS))
    heading = _inner(split_unit(plain)[0], keys)
    words = _words(PERCENT.sub(r"p\1", heading) if PERCENT.fullmatch(heading) else heading)
    if not words or heading in ROW_SIGNS:
        return Meaning(why="a row number")
    if words.replace(" ", "").isdigit():
        return Meaning(why="a number, and no name")
    if any(sign in PERCENT.sub("", heading) for sign in SIZES):
        return Meaning(why="no count of losses")
    whole = _whole(words, keys)
    if whole is not None:
        return whole
    of: dict[str, str] = {}
    rest = []
    parts = heading.split(LEVELS)
    for part in parts:
        words = _words(part)
        found = _whole(words, keys) if len(parts) > 1 else None
        found = found or _phrases(words, part, keys)
        if found.role in TIMES:
            return found
        if found.why and len(parts) == 1:
            return found
        of |= found.of
        rest += [found.rest] if found.rest else []
    return Meaning(of=of, rest=" ".join(rest))


def _words(heading: str) -> str:
    return " ".join(LAST_DAY.sub("24h", normal(heading)).split())


def _inner(heading: str, keys: Keys) -> str:
    """The second name of `casualties.killed`, which says what the first is divided into."""
    outer, _, inner = heading.rpartition(".")
    divided = keys.find("category", outer) or outer and set(normal(outer).split()) <= PLAIN
    return inner if divided and keys.find("category", inner) else heading


def _whole(words: str, keys: Keys) -> Meaning | None:
    """Meaning of words that are one entry of a table together."""
    for section in SECTIONS:
        if key := keys.find(section, words):
            return Meaning(of={section: key})
    for table in (TIMES, KEYS):
        for role, entries in table.items():
            if words in entries:
                return Meaning(role=role)
    for why, entries in IGNORED.items():
        if words in entries:
            return Meaning(why=why)
    if words in STATES:
        return Meaning(why=STATE)
    if words in TOTALS:
        return Meaning(why="a total")
    for name, found in (("bound", BOUNDS), ("kind", KINDS_IN_HEADINGS)):
        for key, entries in found.items():
            if words in entries:
                return Meaning(of={name: key})
    if quantile := QUANTILE.fullmatch(words):
        percent = int(quantile[1] + quantile[2])
        return Meaning(of={"bound": "value" if percent == HALF else LIMITS[percent > HALF]})
    return None


def _phrases(words: str, heading: str, keys: Keys) -> Meaning:
    """Meaning of the longest known phrases of some words, from the left."""
    left = words.split()
    of: dict[str, str] = {}
    rest: list[str] = []
    twice = False
    while left:
        size, found = _longest(left, keys)
        if not found:
            word = left.pop(0)
            if word not in PLAIN and word not in TOTALS:
                rest.append(word)
            continue
        left = left[size:]
        if {of.get("kind"), found.get("kind")} == {*PER_DAY, *ONE_DAY}:  # "average per day"
            found, of = {"kind": PER_DAY[0]}, {k: key for k, key in of.items() if k != "kind"}
        twice = twice or any(of.get(section, key) != key for section, key in found.items())
        of |= found
    if "bound" in of:
        rest = [word for word in rest if not word.isdigit()]  # the 95 of an interval
    if rest and of.get("category") and set(rest) <= CIVILIANS:
        column = shell(f"{heading}=value,party=...,category={of['category']}")
        return Meaning(rest=heading, why=f"civilians are a party: --column {column} reads it")
    if any(word in SUBSETS for word in rest):
        return Meaning(rest=heading, why="a part of the cases" if of else "")
    ids = set().union(*IGNORED.values())
    if rest and not of and (rest[-1] in ids or rest[0] in ids) and len(rest) > 1:
        return Meaning(rest=heading, why="an id, a code or a measure")
    if rest and set(of) == {"party"}:
        return Meaning(rest=heading)  # an office of that country
    if rest and ("category" in of or "party" in of):
        return Meaning(rest=heading, why=f"{' '.join(rest)!r} {NO_WORD}")
    if twice:
        return Meaning(rest=heading, why="it names two things at once")
    return Meaning(of=of, rest=" ".join(rest) if of else heading if rest else "")


def _longest(words: list[str], keys: Keys) -> tuple[int, dict[str, str]]:
    for size in range(min(len(words), LONGEST_PHRASE), 0, -1):
        phrase = " ".join(words[:size])
        for section in SECTIONS:
            if key := keys.find(section, phrase):
                return size, {section: key}
        for name, table in (("kind", KINDS_IN_HEADINGS), ("bound", BOUNDS)):
            for key, entries in table.items():
                if phrase in entries:
                    return size, {name: key}
    return 0, {}


def with_middles(meanings: dict[str, Meaning]) -> dict[str, Meaning]:
    """Headings with the mean or median beside limits as the figure between them.

    Examples
    --------
    >>> with_middles({"low": Meaning(of={"bound": "low"}), "median": Meaning()})["median"].of
    {'bound': 'value'}
    """
    if not any(meaning.of.get("bound") in LIMITS for meaning in meanings.values()):
        return meanings
    best = Meaning(of={"bound": "value"})
    return {name: best if normal(name) in MIDDLES else m for name, m in meanings.items()}
