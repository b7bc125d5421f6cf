"""From options, a table's names and answers to a plan of the conflict."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lossmodel.conflict.types import STANDARD_CATEGORIES, Party, Side
from lossmodel.errors import UsageError
from lossmodel.importers.dates import guess_dates
from lossmodel.importers.names import keys_of, slug
from lossmodel.importers.words import normal
from lossmodel.scaffold.asking import Asker
from lossmodel.scaffold.names import Named, TableNames
from lossmodel.scaffold.plan import LEFT_OUT, Author, Plan, Wishes
from lossmodel.scaffold.words import category_of, is_of_civilians
from lossmodel.tables.problems import nearest
from lossmodel.tables.vocabulary import ACCOUNTINGS, Accounting

__all__ = ["interview", "words_of"]

_PAIR: Final = 2
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
    sides = _sides(asker, wishes, table)
    parties = _parties(asker, wishes, table, sides)
    fights = _fights(asker, wishes, sides)
    start, end = _days(asker, wishes, table)
    claimants = _claimants(asker, wishes, table, sides)
    counted = _counted(asker, wishes, table, words)
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
            key: _accounted(asker, wishes, author, key in table.series)
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
        if key in (*STANDARD_CATEGORIES, *declared, LEFT_OUT) or named.name in found:
            continue
        usual = category_of(named.name)
        heading = table.headings.get("category", "category")
        found[named.name] = usual or asker.ask(
            "",
            f"{named.name!r} (row {named.row}, {_count(named)}) is counted as? One of "
            f"{', '.join(STANDARD_CATEGORIES)}; a new kind of equipment; or {LEFT_OUT} to leave "
            "these rows out",
            _category,
            option=f"--map '{heading}:{named.name}=CATEGORY'",
        )
    for word, key in found.items():
        asker.tell(f"  {word!r} is read as {key}")
    return found


def _category(text: str) -> str:
    if text in ("", LEFT_OUT):
        return LEFT_OUT
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
    return tuple(dict.fromkeys(category_of(name) or slug(name) for name in _split(text)))


def _count(named: Named) -> str:
    return "1 figure" if named.figures == 1 else f"{named.figures:,} figures"


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


# --- sides and parties --------------------------------------------------------------------------


def _sides(asker: Asker, wishes: Wishes, table: TableNames) -> dict[str, Side]:
    named = [text.rpartition("=")[2] for text in wishes.parties if "=" in text]
    given = wishes.sides or tuple(side for side in named if side not in ("", LEFT_OUT))
    if given:
        return _keyed(given)
    # One party per side is the usual war; with one or three nobody can know.
    fighters = [p.name for p in table.parties.values() if not is_of_civilians(p.name)]
    fighters += [text for text in wishes.parties if "=" not in text and not is_of_civilians(text)]
    return asker.ask(
        "",
        "Sides of the war, with commas between them",
        _some_sides,
        option="--side NAME (once for each side)",
        default=", ".join(dict.fromkeys(fighters)),
        needed=len(set(fighters)) != _PAIR,
    )


def _some_sides(text: str) -> dict[str, Side]:
    return _keyed(_split(text))


def _keyed(names: Iterable[str]) -> dict[str, Side]:
    return {key: Side(key, name) for name, key in _keys(names).items()}


def _keys(names: Iterable[str]) -> dict[str, str]:
    """Key of each name, in the order of the names."""
    listed = list(dict.fromkeys(names))
    keys = keys_of(listed, what="side")
    return {name: keys[name] for name in listed}


def _side(text: str, sides: Mapping[str, Side]) -> str:
    """Key of a side; empty for none.

    Raises
    ------
    UsageError
        There is no such side.
    """
    # Without sides they are what is missing, which is said in its own place.
    if text in ("", LEFT_OUT, "none") or not sides:
        return ""
    by_name = {normal(name): key for key, side in sides.items() for name in (key, side.title)}
    found = by_name.get(normal(text), "")
    if not found:
        close = nearest(normal(text), by_name)
        hint = f" Did you mean {by_name[close]}?" if close else ""
        known = ", ".join(sides)
        raise UsageError(f"There is no side {text!r}: {known}, or {LEFT_OUT} for none.{hint}")
    return found


def _likely_side(name: str, sides: Mapping[str, Side]) -> str:
    """The one side that a name mentions; empty if there is none."""
    words = f" {normal(name)} "
    found = {
        key
        for key, side in sides.items()
        # Adjectives begin like the name: North, Northern.
        if any(f" {normal(text)}" in words for text in (key, side.title))
    }
    return found.pop() if len(found) == 1 else ""


def _parties(
    asker: Asker, wishes: Wishes, table: TableNames, sides: Mapping[str, Side]
) -> dict[str, tuple[str, str, bool]]:
    """Key -> title, side, and whether it is of civilians."""
    given = dict(_name_and_rest(text) for text in wishes.parties)
    keys = {slug(name): (name, side) for name, side in given.items()}
    names = {key: named.name for key, named in table.parties.items()}
    names |= {key: name for key, (name, _) in keys.items()}
    if not names:
        text = "Parties whose losses are counted, with commas between them"
        default = ", ".join(side.title for side in sides.values())
        listed = asker.ask("", text, _split, default=default, needed=False)
        names = {key: name for name, key in _keys(listed).items()}
    of_civilians = {slug(name) for name in wishes.civilians}
    stray = of_civilians - set(names)
    if stray:
        raise UsageError(f"--civilians: there is no party {min(stray)!r}: {', '.join(names)}.")
    found = {}
    for key, name in names.items():
        likely = key if key in sides else _likely_side(name, sides)
        side = asker.ask(
            keys.get(key, ("", ""))[1],
            f"Side of the party {name}: {', '.join(sides)}, or {LEFT_OUT} for none",
            lambda text: _side(text, sides),
            option=f"--party '{name}=SIDE'",
            default=likely or LEFT_OUT,
            needed=not likely,
        )
        found[key] = (name, side, key in of_civilians or is_of_civilians(name))
    return found


def _name_and_rest(text: str) -> tuple[str, str]:
    name, sign, rest = text.rpartition("=")
    return (name.strip(), rest.strip()) if sign else (text.strip(), "")


def _fights(asker: Asker, wishes: Wishes, sides: Mapping[str, Side]) -> dict[str, tuple[str, ...]]:
    """Side -> the sides that it fights."""
    pairs = [tuple(_side(name, sides) for name in text.split(":")) for text in wishes.fights]
    for text, pair in zip(wishes.fights, pairs, strict=True):
        if len(pair) != _PAIR or not all(pair) or pair[0] == pair[1]:
            raise UsageError(f"--fights {text!r}: write SIDE:SIDE, two different sides.")
    if len(sides) == _PAIR:
        pairs = [tuple(sides)]
    elif len(sides) > _PAIR and not pairs:
        for side in sides:
            others = [other for other in sides if other != side]
            foes = asker.ask(
                "",
                f"Whom does {side} fight: {', '.join(others)}, or {LEFT_OUT} for nobody",
                lambda text: [_side(name, sides) for name in _split(text)],
                option=f"--fights '{side}:SIDE'",
            )
            pairs += [(side, foe) for foe in foes if foe]
    both = {*pairs, *((b, a) for a, b in pairs)}
    return {side: tuple(foe for foe in sides if (side, foe) in both) for side in sides}


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
    asker: Asker, wishes: Wishes, table: TableNames, sides: Mapping[str, Side]
) -> dict[str, Author]:
    given = dict(_name_and_rest(text) for text in wishes.claimants)
    others = given.pop("*", "")
    by_key = {slug(name): (name, side) for name, side in given.items()}
    names = {key: (named.name, f" ({_count(named)})") for key, named in table.claimants.items()}
    names |= {key: (name, "") for key, (name, _) in by_key.items() if key not in names}
    if not names:
        text = "Claimants, whose figures you have, with commas between them"
        listed = asker.ask("", text, _split, needed=False)
        names = {key: (name, "") for name, key in _keys(listed).items()}
    if names:
        asker.tell("On which side is each claimant? A newspaper, another state, a project: none.")
    found = {}
    for key, (name, count) in names.items():
        likely = _likely_side(name, sides)
        side = asker.ask(
            by_key.get(key, ("", ""))[1] or others,
            f"Side of {name}{count}: {_listed([*sides, LEFT_OUT])}",
            lambda text: _side(text, sides),
            option=f"--claimant '{name}={likely or 'SIDE'}'",
            default=likely or LEFT_OUT,
        )
        found[key] = Author(name, side)
    return found


def _accounted(asker: Asker, wishes: Wishes, author: Author, asked: bool) -> Author:
    """A claimant with the way in which it counts."""
    given = {}
    for text in wishes.accountings:
        name, accounting = _name_and_rest(text)
        name, _, category = name.partition(":")
        if slug(name) == slug(author.name):
            given[category_of(category) or category] = _accounting(accounting)
    if given or not asked:
        return Author(author.name, author.side, given, declared=bool(given))
    lines = [f"  {i} {ACCOUNTINGS[name].question} ({name})" for i, name in enumerate(_ANSWERS, 1)]
    asker.tell("\n".join([_QUESTION.format(name=author.name), *lines]))
    said = asker.ask("", "Number", _accounting, default="1", needed=False)
    return Author(author.name, author.side, {"": said}, declared=asker.person is not None)


_QUESTION: Final = "When a new figure of {name} comes out, what happens to an old day?"


def _accounting(text: str) -> Accounting:
    name = _ANSWERS[int(text) - 1] if text in map(str, range(1, len(_ANSWERS) + 1)) else text
    for known in ACCOUNTINGS:
        if name == known:
            return known  # type: ignore[return-value]
    raise UsageError(f"{text!r} is no accounting: {_listed(_ANSWERS)}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
