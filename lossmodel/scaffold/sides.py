"""Sides and parties of a new conflict: from options, a table's names and answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from lossmodel.conflict.types import Side
from lossmodel.errors import UsageError
from lossmodel.importers.names import keys_of
from lossmodel.importers.words import normal
from lossmodel.scaffold.asking import Asker
from lossmodel.scaffold.names import Named, TableNames
from lossmodel.scaffold.plan import LEFT_OUT, Wishes
from lossmodel.scaffold.words import is_of_civilians, quoted, split
from lossmodel.text.escape import shell
from lossmodel.text.spelling import nearest

__all__ = [
    "ask_fights",
    "ask_parties",
    "ask_sides",
    "keys_in_order",
    "likely_side",
    "matched",
    "name_and_rest",
    "one_by_one",
    "side_of",
    "sides_by_name",
]

_PAIR: Final = 2

# Words before the name of the claimant whose figure it is, as `normal` writes them.
CITING: Final = (
    *("citing", "quoting", "via", "according to", "laut", "segun", "citando", "selon", "citant"),
    *("за даними", "посилаючись на", "по данным", "со ссылкой на"),
)


def ask_sides(asker: Asker, wishes: Wishes, table: TableNames) -> dict[str, Side]:
    """Sides by key: given, named with the parties, or asked for."""
    if wishes.each_side:
        return _keyed(wishes.each_side)
    given = matched(wishes.parties, table.parties, "party")
    parties = {key: named.name for key, named in table.parties.items()}
    parties |= {key: name for key, (name, _) in given.items()}
    named = [side for _, side in given.values() if side not in ("", LEFT_OUT)]
    # A party of soldiers whose side nobody names is one of its own.
    alone = [
        name
        for key, name in parties.items()
        if not given.get(key, ("", ""))[1] and not is_of_civilians(name)
    ]
    names = list({normal(name): name for name in (*named, *alone)}.values())
    if named and not alone:
        return _keyed(names)
    # Two sides are the usual war; with one or three nobody can know.
    return asker.ask(
        "",
        "Sides of the war, with commas between them",
        _some_sides,
        option="--side NAME --side OTHER",
        default=", ".join(map(quoted, names)),
        needed=len(names) != _PAIR,
    )


def _some_sides(text: str) -> dict[str, Side]:
    return _keyed(split(text))


def _keyed(names: Iterable[str]) -> dict[str, Side]:
    """Sides by key.

    Raises
    ------
    UsageError
        A name is there twice.
    """
    listed = list(names)
    once: dict[str, str] = {}
    for name in listed:
        key = normal(name) or name
        if key in once:
            raise UsageError(f"The sides {once[key]!r} and {name!r} are one; name each side once.")
        once[key] = name
    return {key: Side(key, name) for name, key in keys_in_order(listed).items()}


def keys_in_order(names: Iterable[str]) -> dict[str, str]:
    """Key of each name, in the order of the names."""
    listed = list(dict.fromkeys(names))
    keys = keys_of(listed, what="side")
    return {name: keys[name] for name in listed}


def side_of(text: str, sides: Mapping[str, Side]) -> str:
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


def sides_by_name(
    sides: Mapping[str, Side], parties: Mapping[str, tuple[str, str, bool]]
) -> dict[str, str]:
    """Name of a side, or of a party of soldiers -> the key of the side: who has it speaks for it.

    Examples
    --------
    >>> sides = {"n": Side("n", "North"), "s": Side("s", "South")}
    >>> sides_by_name(sides, {"army": ("The Army", "n", False)})["the army"]
    'n'
    """
    found = {
        normal(name): side
        for key, (title, side, civilian) in parties.items()
        if side and not civilian
        for name in (key, title)
    }
    return found | {normal(n): key for key, side in sides.items() for n in (key, side.title)}


def likely_side(name: str, sides: Mapping[str, Side]) -> str:
    """The one side that a name mentions; empty if there is none.

    What follows a word such as "citing" is the name of another claimant.

    Examples
    --------
    >>> sides = {"north": Side("north", "North"), "south": Side("south", "South")}
    >>> likely_side("Northern Staff", sides), likely_side("Daily (citing Northern Staff)", sides)
    ('north', '')
    """
    words = f" {normal(name)} "
    for citing in CITING:
        words = words.partition(f" {citing} ")[0] + " "
    found = {
        key
        for key, side in sides.items()
        # Adjectives begin like the name: North, Northern.
        if any(f" {normal(text)}" in words for text in (key, side.title))
    }
    return found.pop() if len(found) == 1 else ""


def ask_parties(
    asker: Asker, wishes: Wishes, table: TableNames, sides: Mapping[str, Side]
) -> dict[str, tuple[str, str, bool]]:
    """Key -> title, side, and whether it is of civilians."""
    keys = matched(wishes.parties, table.parties, "party")
    names = {key: named.name for key, named in table.parties.items()}
    names |= {key: name for key, (name, _) in keys.items()}
    if not names:
        text = "Parties whose losses are counted, with commas between them"
        default = ", ".join(quoted(side.title) for side in sides.values())
        listed = asker.ask("", text, split, default=default, needed=False)
        names = {key: name for name, key in keys_in_order(listed).items()}
    of_civilians = set(
        matched(wishes.civilians, {k: Named(n, 0, 0) for k, n in names.items()}, "party")
    )
    stray = of_civilians - set(names)
    if stray:
        raise UsageError(f"--civilians: there is no party {min(stray)!r}: {', '.join(names)}.")
    found = {}
    for key, name in names.items():
        likely = key if key in sides else likely_side(name, sides)
        side = asker.ask(
            keys.get(key, ("", ""))[1],
            f"Side of the party {name}: {', '.join(sides)}, or {LEFT_OUT} for none",
            lambda text: side_of(text, sides),
            option="--party " + shell(f"{quoted(name)}=SIDE"),
            default=likely or LEFT_OUT,
            needed=not likely,
        )
        found[key] = (name, side, key in of_civilians or is_of_civilians(name))
    return found


def name_and_rest(text: str) -> tuple[str, str]:
    """Name, without quotation marks around it, and that which follows its last `=`, or nothing.

    Examples
    --------
    >>> name_and_rest("The Staff = north"), name_and_rest('"Guards, South"')
    (('The Staff', 'north'), ('Guards, South', ''))
    """
    names, name, rest = _parts(text)
    return (names[0] if len(names) == 1 else name), rest


def _parts(text: str) -> tuple[list[str], str, str]:
    """Names before the last `=`, all of them as they are written, and that which follows."""
    name, sign, rest = text.rpartition("=")
    name, rest = (name.strip(), rest.strip()) if sign else (text.strip(), "")
    return split(name), name, rest


def one_by_one(texts: Iterable[str], known: Collection[str] = ()) -> list[tuple[str, str]]:
    """Names and that which follows them, of options of which each has one name.

    Parameters
    ----------
    known
        Names that may have commas, as `normal` writes them.

    Raises
    ------
    UsageError
        One option names several, with a comma between them, or none.

    Examples
    --------
    >>> one_by_one(["North=n", '"Guards, South"=s'])
    [('North', 'n'), ('Guards, South', 's')]
    """
    found = []
    for text in texts:
        names, name, rest = _parts(text)
        if not names:
            raise UsageError(f"{text!r} has no name.")
        if len(names) == 1:
            name = names[0]
        elif normal(name) not in known:
            first = names[0] if "=" in names[0] or not rest else f"{names[0]}={rest}"
            whole = quoted(name) + (f"={rest}" if rest else "")
            raise UsageError(
                f"{text!r} names several at once: give the option once for each, such as "
                f"{shell(first)}, or with the marks of {shell(whole)}, if it is one name."
            )
        found.append((name, rest))
    return found


def matched(
    texts: Iterable[str], named: Mapping[str, Named], what: str
) -> dict[str, tuple[str, str]]:
    """Key -> name and that which follows `=`, of options about names of a table or others.

    Parameters
    ----------
    named
        Names of the table by key.
    what
        ``party`` or ``claimant``, for keys of names without a Latin form.

    Raises
    ------
    UsageError
        One option names several, or two say different things of one name.

    Examples
    --------
    >>> known = {"claimant-1": Named("the staff", 3, 2)}
    >>> matched(["The Staff=north", "Gazette=-"], known, "claimant")
    {'claimant-1': ('The Staff', 'north'), 'gazette': ('Gazette', '-')}
    """
    by_name = {normal(name): key for key, entry in named.items() for name in (entry.name, key)}
    pairs = one_by_one(texts, by_name)
    others = {normal(name) or name: name for name, _ in pairs if normal(name) not in by_name}
    keys = keys_of(others.values(), named, what=what)
    found: dict[str, tuple[str, str]] = {}
    for name, rest in pairs:
        key = by_name.get(normal(name)) or keys[others[normal(name) or name]]
        said = found.get(key, (name, rest))[1]
        if said != rest:
            raise UsageError(f"{name!r} is given twice, with {said!r} and {rest!r}; give it once.")
        found[key] = name, rest
    return found


def ask_fights(
    asker: Asker, wishes: Wishes, sides: Mapping[str, Side]
) -> dict[str, tuple[str, ...]]:
    """Side -> the sides that it fights."""
    fights = [part for text in wishes.fights for part in split(text)]
    pairs = [tuple(side_of(name, sides) for name in text.split(":")) for text in fights]
    for text, pair in zip(fights, pairs, strict=True):
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
                lambda text: [side_of(name, sides) for name in split(text)],
                option="--fights " + shell(f"{side}:SIDE"),
            )
            pairs += [(side, foe) for foe in foes if foe]
    both = {*pairs, *((b, a) for a, b in pairs)}
    return {side: tuple(foe for foe in sides if (side, foe) in both) for side in sides}
