"""Units of figures that a heading or a title gives: thousands and millions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from lossmodel.errors import UsageError
from lossmodel.importers.number_words import FACTOR
from lossmodel.importers.numbers import Figure

if TYPE_CHECKING:
    from pathlib import Path

    from lossmodel.importers.keys import Keys

__all__ = ["check_units", "Unit", "scaled", "split_unit", "unit_notes", "units_of"]

# Words of a unit in a heading that are not written behind a figure in a cell.
OTHERS: Final = {
    **dict.fromkeys(("'000", "’000", "000", "'000s", "000s", "1000", "1,000", "1000s"), 1e3),
    **dict.fromkeys(("milliers", "miles", "тысячах", "тисячах"), 1e3),
}
UNITS: Final = {**FACTOR, **OTHERS}
# Letters that stand for a factor behind a digit, and for much else in a heading.
LETTERS: Final = {"k", "m", "mil"}
NUMBERS: Final = {word for word in UNITS if word[0].isdigit()}
SORTED: Final = sorted(UNITS.keys() - LETTERS, key=len, reverse=True)
ANY: Final = "|".join(map(re.escape, SORTED))
# "Killed in 1000 days": a number is a unit behind "in" if nothing follows.
WORD: Final = "|".join(
    re.escape(word) + (r"(?=\s*$)" if word in NUMBERS else "") for word in SORTED
)
PERSONS: Final = "people|persons|men|soldiers|dead|чел\\.?|человек|осіб|personen"
OF: Final = rf"(?:\s+(?:of\s+)?(?:{PERSONS})(?!\w))?"
# In brackets, behind "in", or last behind a comma: "Thousands of dead" is no unit.
UNIT: Final = re.compile(
    rf"\s*[(\[]\s*(?:in\s+|[x×]\s*|в\s+|у\s+|en\s+)?(?P<inside>{ANY}){OF}\s*[)\]]"
    rf"|[\s,]+(?:in|в|у|en)\s+(?P<behind>{WORD})(?!\w){OF}(?!\s+of\b)"
    rf"|\s*,\s*(?P<last>{ANY}){OF}\s*$",
    re.IGNORECASE,
)
# Words in brackets beside others are of something else: "(population in millions)".
BRACKETS: Final = re.compile(r"[(\[][^()\[\]]*[)\]]")
OF_PERSONS: Final = re.compile(rf"(?<!\w)(?:{PERSONS})(?!\w)", re.IGNORECASE)
# A unit in a cell follows a number: "0.5 (as of K)" has none.
TOKEN: Final = re.compile(
    r"\d\s*[(\[]?\s*(?:"
    + "|".join(sorted(map(re.escape, FACTOR), key=len, reverse=True))
    + r")(?![^\W人名])"
)


class Unit(NamedTuple):
    """Unit of figures.

    Attributes
    ----------
    factor
        What a figure is multiplied by.
    persons
        Whether it is one of people, and no unit of equipment.
    whole
        Whether a title gives it to the whole table.
    """

    factor: float = 1.0
    persons: bool = False
    whole: bool = False


def split_unit(text: str) -> tuple[str, Unit]:
    """A heading or title without its unit, and the unit, of factor 1 if it has none.

    Examples
    --------
    >>> split_unit("Killed (thousands)")
    ('Killed', Unit(factor=1000.0, persons=False, whole=False))
    >>> split_unit("Убито, тыс. чел.")
    ('Убито', Unit(factor=1000.0, persons=True, whole=False))
    >>> split_unit("Losses (population in millions)")[1].factor
    1.0
    """
    asides = [aside.span() for aside in BRACKETS.finditer(text)]
    for match in UNIT.finditer(text):
        apart = match[0].lstrip()[:1] in (",", ";")
        if apart or not any(first < match.start() < last for first, last in asides):
            factor = UNITS[next(filter(None, match.groups())).lower()]
            rest = text[: match.start()] + text[match.end() :]
            return rest, Unit(factor, OF_PERSONS.search(match[0]) is not None)
    return text, Unit()


def units_of(headings: Iterable[str], titles: Iterable[str]) -> dict[str, Unit]:
    """Heading -> unit of its figures: its own, else that of a title of the whole table.

    Examples
    --------
    >>> found = units_of(["killed", "shells (millions)"], ["Losses (thousands)"])
    >>> [(unit.factor, unit.whole) for unit in found.values()]
    [(1000.0, True), (1000000.0, False)]
    """
    whole = next((unit for _, unit in map(split_unit, titles) if unit.factor > 1), Unit())
    own = {heading: split_unit(heading)[1] for heading in headings}
    return {
        heading: unit if unit.factor > 1 else whole._replace(whole=whole.factor > 1)
        for heading, unit in own.items()
    }


def check_units(
    path: Path, units: Mapping[str, Unit], figures: Iterable[tuple[str, str]], keys: Keys
) -> None:
    """Refuse a title's unit of figures both of people and of equipment: it may hold for one alone.

    Parameters
    ----------
    path
        The file, for messages.
    units
        Heading -> unit.
    figures
        Heading and category of each figure.
    keys
        Names of the conflict.

    Raises
    ------
    UsageError
        A title has a unit that does not say of what it is, and figures are of both.
    """
    of_title = {c for name, c in figures if units[name].whole and not units[name].persons}
    arms = sorted(filter(keys.is_equipment, of_title))
    people = sorted(of_title - set(arms))
    if arms and people:
        raise UsageError(
            f"{path}: a title gives a unit to figures of {', '.join(people)} and of "
            f"{', '.join(arms)}, and it may hold for one of them alone. Write it into the headings "
            "that it holds for, as in 'killed (thousands)', or behind the figures, and remove it "
            "from the title."
        )


def unit_notes(units: Mapping[str, Unit]) -> list[str]:
    """A sentence for each unit, with its columns.

    Examples
    --------
    >>> unit_notes({"killed": Unit(1000.0), "tanks": Unit()})
    ["figures of 'killed' are multiplied by 1,000, the unit of a heading or title"]
    """
    columns: dict[tuple[float, bool], list[str]] = {}
    for heading, unit in units.items():
        columns.setdefault((unit.factor, unit.persons), []).append(repr(heading))
    return [
        f"figures of {'people in ' * persons}{', '.join(names)} are multiplied by {factor:,.0f}, "
        "the unit of a heading or title"
        for (factor, persons), names in columns.items()
        if factor > 1
    ]


def scaled(figure: Figure, cell: str, factor: float) -> Figure:
    """The figure of a cell in the unit of its column; a cell with a unit of its own has that.

    Examples
    --------
    >>> scaled(Figure(1.2), "1.2", 1000.0).value
    1200.0
    >>> scaled(Figure(1200.0), "1.2 thousand", 1000.0).value
    1200.0
    """
    if factor == 1 or TOKEN.search(cell.lower()):
        return figure
    sizes = {name: getattr(figure, name) for name in ("value", "low", "high")}
    whole = {name: round(size * factor, 6) for name, size in sizes.items() if size is not None}
    return replace(figure, **whole)
