"""Units of figures that a heading or a title gives: thousands and millions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from lossmodel.importers.numbers import FACTOR, Figure

__all__ = ["scaled", "split_unit", "unit_notes", "units_of"]

# Words of a unit in a heading that are not written behind a figure in a cell.
OTHERS: Final = {
    **dict.fromkeys(("'000", "’000", "000", "'000s", "000s", "1000", "1,000", "1000s"), 1e3),
    **dict.fromkeys(("milliers", "miles", "тысячах", "тисячах"), 1e3),
}
UNITS: Final = {**FACTOR, **OTHERS}
# Letters that stand for a factor behind a digit, and for much else in a heading.
LETTERS: Final = {"k", "m", "mil"}
WORD: Final = "|".join(sorted(map(re.escape, UNITS.keys() - LETTERS), key=len, reverse=True))
PERSONS: Final = r"(?:\s+(?:of\s+)?(?:people|persons|men|soldiers|чел\.?|человек|осіб|personen))?"
# In brackets, behind "in", or last behind a comma: "Thousands of dead" is no unit.
UNIT: Final = re.compile(
    rf"\s*[(\[]\s*(?:in\s+|[x×]\s*|в\s+|у\s+|en\s+)?(?P<inside>{WORD}){PERSONS}\s*[)\]]"
    rf"|[\s,]+(?:in|в|у|en)\s+(?P<behind>{WORD})(?!\w){PERSONS}(?!\s+of\b)"
    rf"|\s*,\s*(?P<last>{WORD}){PERSONS}\s*$",
    re.IGNORECASE,
)
TOKEN: Final = re.compile(r"[^\W\d_]+\.?")


def split_unit(text: str) -> tuple[str, float]:
    """A heading or title without its unit, and the factor of its figures, 1 if it has no unit.

    Examples
    --------
    >>> split_unit("Killed (thousands)"), split_unit("Убито, тыс. чел."), split_unit("Killed")
    (('Killed', 1000.0), ('Убито', 1000.0), ('Killed', 1.0))
    """
    match = UNIT.search(text)
    if match is None:
        return text, 1.0
    word = next(filter(None, match.groups())).lower()
    return text[: match.start()] + text[match.end() :], UNITS[word]


def units_of(headings: Iterable[str], titles: Iterable[str]) -> dict[str, float]:
    """Heading -> factor of its figures: its own, else that of a title of the whole table.

    Examples
    --------
    >>> units_of(["killed", "shells (millions)"], ["Losses (thousands)"])
    {'killed': 1000.0, 'shells (millions)': 1000000.0}
    """
    whole = next((factor for _, factor in map(split_unit, titles) if factor > 1), 1.0)
    own = {heading: split_unit(heading)[1] for heading in headings}
    return {heading: factor if factor > 1 else whole for heading, factor in own.items()}


def unit_notes(units: Mapping[str, float]) -> list[str]:
    """A sentence for each unit, with its columns.

    Examples
    --------
    >>> unit_notes({"killed": 1000.0, "tanks": 1.0})
    ["figures of 'killed' are multiplied by 1,000, the unit of a heading or title"]
    """
    columns: dict[float, list[str]] = {}
    for heading, factor in units.items():
        columns.setdefault(factor, []).append(repr(heading))
    return [
        f"figures of {', '.join(names)} are multiplied by {factor:,.0f}, the unit of a heading or "
        "title"
        for factor, names in columns.items()
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
    if factor == 1 or any(word in FACTOR for word in TOKEN.findall(cell.lower())):
        return figure
    sizes = {name: getattr(figure, name) for name in ("value", "low", "high")}
    whole = {name: round(size * factor, 6) for name, size in sizes.items() if size is not None}
    return replace(figure, **whole)
