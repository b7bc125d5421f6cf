"""From options, a table's names and answers to a plan of the conflict."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from lossmodel.conflict.types import STANDARD_CATEGORIES, Party, Side
from lossmodel.errors import UsageError
from lossmodel.importers.dates import guess_dates
from lossmodel.importers.names import slug
from lossmodel.importers.words import normal
from lossmodel.scaffold.asking import Asker
from lossmodel.scaffold.names import Named, TableNames
from lossmodel.scaffold.plan import LEFT_OUT, Author, Plan, Wishes
from lossmodel.scaffold.sides import (
    ask_fights,
    ask_parties,
    ask_sides,
    keys_in_order,
    likely_side,
    matched,
    name_and_rest,
    side_of,
    sides_by_name,
)
from lossmodel.scaffold.words import category_of, quoted, split
from lossmodel.tables.vocabulary import ACCOUNTINGS, Accounting
from lossmodel.text.escape import shell
from lossmodel.text.spelling import nearest

__all__ = ["interview", "last_day", "words_of"]

# Likeness from which a new word is a misspelt one, as for names of columns and keys.
_MISSPELT: Final = 0.8
# That which assumes least stands first, and is the default.
_ANSWERS: Final = ("estimate", *(name for name in ACCOUNTINGS if name != "estimate"))


def interview(asker: Asker, wishes: Wishes, table: TableNames, title: str) -> Plan:
    """Plan of a conflict, from what is given and from answers.

    Parameters
    ----------
    asker
        Who is asked, and where missing options are noted.
    wishes
        The options.
    table
        Names of the user's table; without names if there is none.
    title
        Title that is proposed.

    Raises
    ------
    UsageError
        An option is not possible.
    """
    words = _categories_of_words(asker, wishes, table)
    named = asker.ask(wishes.title, "Title of the conflict", str, default=title, needed=False)
    sides = ask_sides(asker, wishes, table)
    parties = ask_parties(asker, wishes, table, sides)
    fights = ask_fights(asker, wishes, sides)
    start, end = _days(asker, wishes, table)
    claimants = _claimants(asker, wishes, table, sides, parties)
    known = {normal(author.name) for author in claimants.values()}
    for name, _, _ in _given_accountings(wishes):
        if normal(name) not in known:
            raise UsageError(f"--accounting: there is no claimant {name!r}.")
    counted = _counted(asker, wishes, table, words)
    if (table.series & set(claimants)) - set(table.listed):
        asker.tell(_how_they_count())
    return Plan(
        named,
        start,
        end,
        sides,
        {
            key: Party(key, name, side, () if civilian else fights.get(side, ()), civilian=civilian)
            for key, (name, side, civilian) in parties.items()
        },
        counted,
        {
            key: _accounted(
                asker,
                wishes,
                replace(author, listed=_listed_by(key, table, words)),
                asked=key in table.series and key not in table.listed,
            )
            for key, author in claimants.items()
        },
        words,
    )


# --- words --------------------------------------------------------------------------------------


def words_of(wishes: Wishes) -> dict[str, str]:
    """Word of the table -> key, as given in options.

    Raises
    ------
    UsageError
        An option has another form.

    Examples
    --------
    >>> words_of(Wishes(words=("what:fallen=killed", "RU=russia")))
    {'fallen': 'killed', 'RU': 'russia'}
    """
    found = {}
    for text in wishes.words:
        word, sign, key = text.rpartition("=")
        word = word.partition(":")[2] or word
        if not sign or not word.strip() or not key.strip():
            raise UsageError(f"--map {text!r}: write COLUMN:WORD=KEY, such as what:fallen=killed.")
        found[word.strip()] = key.strip()
    return found


def _categories_of_words(asker: Asker, wishes: Wishes, table: TableNames) -> dict[str, str]:
    """Words of the table -> keys; words for categories that nobody knows are asked about."""
    found = words_of(wishes)
    declared = [slug(name) for name in wishes.categories]
    for key, named in table.categories.items():
        if key in (*STANDARD_CATEGORIES, *declared):
            continue
        if named.name in found:
            close = nearest(key, STANDARD_CATEGORIES)
            hint = f"Did you mean {close}? " if close else ""
            raise UsageError(
                f"--map {named.name!r}: there is no category {key!r}. {hint}A new kind of "
                f"equipment is declared with --category {key}."
            )
        usual = category_of(named.name)
        heading = table.headings.get("category", "category")
        found[named.name] = usual or asker.ask(
            "",
            f"{named.name!r} (row {named.row}, {_count(named)}) is counted as? One of "
            f"{', '.join(STANDARD_CATEGORIES)}; a new kind of equipment; or {LEFT_OUT} to leave "
            "these rows out",
            _category,
            option="--map " + shell(f"{heading}:{named.name}=CATEGORY"),
        )
    for word, key in found.items():
        asker.tell(f"  {word!r} is read as {key}")
    return found


def _category(text: str) -> str:
    if text in ("", LEFT_OUT):
        return LEFT_OUT
    close = "" if category_of(text) else nearest(text, STANDARD_CATEGORIES, cutoff=_MISSPELT)
    if close:
        raise UsageError(f"There is no category {text!r}. Did you mean {close}?")
    return category_of(text) or slug(text)


def _counted(
    asker: Asker, wishes: Wishes, table: TableNames, words: Mapping[str, str]
) -> tuple[str, ...]:
    given = [category_of(name) or slug(name) for name in wishes.categories]
    read = [words.get(named.name, key) for key, named in table.categories.items()]
    there = [key for key in dict.fromkeys([*given, *read]) if key != LEFT_OUT]
    if there:
        return tuple(there)
    text = "Categories that are counted, with commas between them"
    return asker.ask("", text, _category_list, default="killed, wounded", needed=False)


def _category_list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(category_of(name) or slug(name) for name in split(text)))


def _count(named: Named) -> str:
    return "1 figure" if named.figures == 1 else f"{named.figures:,} figures"


# --- days ---------------------------------------------------------------------------------------


def _days(asker: Asker, wishes: Wishes, table: TableNames) -> tuple[dt.date, dt.date | None]:
    hint = f" (the first figure is of {table.first})" if table.first else ""
    start = asker.ask(
        wishes.start,
        f"First day of the war, from which running totals count{hint}",
        _day,
        option="--start YYYY-MM-DD",
        default=f"{table.first or ''}",
    )
    hint = f" (the last figure is of {table.last})" if table.last else ""
    end = asker.ask(
        wishes.end,
        f"Last day of the fighting, {LEFT_OUT} if it goes on{hint}",
        _day,
        default=LEFT_OUT,
        needed=False,
    )
    if start is not None and end is not None and end < start:
        raise UsageError(f"The war would end on {end}, before its first day, {start}.")
    return start or dt.date.min, end


def last_day(wishes: Wishes) -> str:
    """Last day of the war as it was given, YYYY-MM-DD; empty if it was not.

    Examples
    --------
    >>> last_day(Wishes(end="4 May 2001"))
    '2001-05-04'
    """
    day = _day(wishes.end)
    return "" if day is None else f"{day}"


def _day(text: str) -> dt.date | None:
    """A day in any form that has one meaning; None for none."""
    if text in ("", LEFT_OUT):
        return None
    window = guess_dates([text]).read(text)
    if window is None or window.start != window.end:
        raise UsageError(f"{text!r} is not a day of one meaning; write it as 2022-02-24.")
    return window.end


# --- claimants ----------------------------------------------------------------------------------


def _claimants(
    asker: Asker,
    wishes: Wishes,
    table: TableNames,
    sides: Mapping[str, Side],
    parties: Mapping[str, tuple[str, str, bool]],
) -> dict[str, Author]:
    others = next((t[2:].strip() for t in wishes.claimants if t.startswith("*=")), "")
    by_key = matched(
        (t for t in wishes.claimants if not t.startswith("*=")), table.claimants, "claimant"
    )
    names = {key: (named.name, f" ({_count(named)})") for key, named in table.claimants.items()}
    names |= {key: (name, "") for key, (name, _) in by_key.items() if key not in names}
    if not names:
        text = "Claimants, whose figures you have, with commas between them"
        listed = asker.ask("", text, split, needed=False)
        names = {key: (name, "") for name, key in keys_in_order(listed).items()}
    if names:
        asker.tell("On which side is each claimant? A newspaper, another state, a project: none.")
    own = sides_by_name(sides, parties)
    found = {}
    for key, (name, count) in names.items():
        itself = own.get(normal(name), "")
        likely = itself or likely_side(name, sides)
        side = asker.ask(
            by_key.get(key, ("", ""))[1] or others,
            f"Side of {name}{count}: {_listed([*sides, LEFT_OUT])}",
            lambda text: side_of(text, sides),
            option="--claimant " + shell(f"{quoted(name)}={likely or 'SIDE'}"),
            default=likely or LEFT_OUT,
            needed=not itself,
        )
        found[key] = Author(name, side)
    return found


def _given_accountings(wishes: Wishes) -> list[tuple[str, str, str]]:
    """Name, category (empty for all others) and accounting of each option."""
    found = []
    for text in wishes.accountings:
        of, accounting = name_and_rest(text)
        name, _, category = of.partition(":")
        key = category_of(category) or slug(category) if category else ""
        found.append((name.strip(), key, accounting))
    return found


def _listed_by(claimant: str, table: TableNames, words: Mapping[str, str]) -> frozenset[str]:
    """Categories that a claimant lists, by the keys that their words have."""
    listed = table.listed.get(claimant, frozenset())
    return frozenset(words.get(table.categories[key].name, key) for key in listed)


def _accounted(asker: Asker, wishes: Wishes, author: Author, *, asked: bool) -> Author:
    """A claimant with the way in which it counts."""
    given = {
        category: _accounting(text)
        for name, category, text in _given_accountings(wishes)
        if normal(name) == normal(author.name)
    }
    if given or not asked or asker.person is None:
        return replace(author, accountings=given)
    said = asker.ask("", f"Number for {author.name}", _accounting, default="1", needed=False)
    return replace(author, accountings={"": said})


def _how_they_count() -> str:
    lines = [f"  {i} {ACCOUNTINGS[name].question} ({name})" for i, name in enumerate(_ANSWERS, 1)]
    return "\n".join(["When a new figure comes out, what happens to an old day?", *lines])


def _accounting(text: str) -> Accounting:
    name = _ANSWERS[int(text) - 1] if text in map(str, range(1, len(_ANSWERS) + 1)) else text
    for known in ACCOUNTINGS:
        if name == known:
            return known  # type: ignore[return-value]
    raise UsageError(f"{text!r} is no accounting: {_listed(_ANSWERS)}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
