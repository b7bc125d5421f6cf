"""What messages about a table do not show, where it may name persons.

A table with a column of names, or whose rows are counted as events, may have a name in any cell
that is read as something else. One whose headings nobody knows may have none, so that a name
stands in their place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.importers.dates import Dates
from lossmodel.importers.headings import explain
from lossmodel.importers.words import TIMES, normal
from lossmodel.tables.problems import DAYS_OF_WAR

if TYPE_CHECKING:
    from lossmodel.importers.keys import Keys

__all__ = ["DEATHS", "NAMES", "Cover", "cover_of"]

# Headings, in the form of `words.normal`.
NAMES: Final = frozenset(
    {
        *("name", "full name", "fullname", "person", "victim", "victim name"),
        *("surname", "last name", "lastname", "family name", "first name", "firstname"),
        *("given name", "patronymic", "deceased", "soldier"),
        *("піб", "прізвище", "ім я", "фио", "фамилия", "имя", "отчество"),
    }
)
DEATHS: Final = (
    *("date of death", "death date", "deathdate", "dod", "died", "died on", "date died"),
    *("day of death", "killed on", "date killed", "date of killing", "death"),
    *("дата смерті", "дата загибелі", "дата смерти", "дата гибели"),
    "date",
)
MOST: Final = 1000  # cells that are looked at
HIDDEN: Final = "a cell that is not shown, as the table may name persons"
_TITLE: Final = re.compile(r"^(row [\d,]+ is a title): .*", re.DOTALL)


@dataclass(frozen=True)
class Cover:
    """What is not shown of a table.

    Attributes
    ----------
    cells
        Whether no cell is shown.
    headings
        Headings that are not shown, each with the words that stand for it.

    Examples
    --------
    >>> cover = Cover(headings={"Ann Other": "column 1"})
    >>> cover.text("left out are 'Ann Other' (has no figures)")
    'left out are column 1 (has no figures)'
    """

    cells: bool = False
    headings: Mapping[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """A sentence without what is not shown."""
        for heading, words in self.headings.items():
            for said in (re.escape(repr(heading)), rf"(?<!\w){re.escape(heading)}(?!\w)"):
                text = re.sub(said, words, text)
        return _TITLE.sub(r"\1", text) if self.cells else text

    def problems(self, problems: pd.DataFrame) -> pd.DataFrame:
        """Problems of a table, with their places."""
        shown = problems.assign(
            **{name: problems[name].map(self.text) for name in ("column", "allowed", "remedy")}
        )
        if not self.cells:
            return shown
        # A cell that was read as a day has no name in it.
        days = shown["allowed"].str.startswith(DAYS_OF_WAR)
        return shown.assign(
            found=shown["found"].where(days, HIDDEN),
            remedy=shown["remedy"].where(days, "Look at the cell in the file, and correct it"),
        )


def cover_of(cells: pd.DataFrame, keys: Keys, *, given: Collection[str], events: bool) -> Cover:
    """What is not shown of a table.

    Parameters
    ----------
    keys
        Names of the conflict, which headings may be.
    given
        Headings that the user named.
    events
        Whether its rows are events, each perhaps of a person.

    Examples
    --------
    >>> from lossmodel.importers.keys import Keys
    >>> table = pd.DataFrame({"Ann Other": ["Ann One"], "killed": ["killed"]})
    >>> cover_of(table, Keys(""), given=(), events=False).headings
    {'Ann Other': 'column 1'}
    >>> cover_of(table.assign(killed="5"), Keys(""), given=(), events=False)
    Cover(cells=False, headings={})
    """
    headings = list(map(str, cells))
    meanings = {heading: explain(heading, keys) for heading in headings}
    words = {word for heading in headings for word in (normal(heading), *normal(heading).split())}
    names, dates = bool(words & NAMES), Dates()
    if (
        names
        or words & set(DEATHS)
        or set(headings) & set(given)
        or any(m.role in TIMES or dates.read_either(h) for h, m in meanings.items())
        # A word such as "killed" may be a cell, but not over figures.
        or any(m.of and _has_figures(cells[h], dates) for h, m in meanings.items())
    ):
        return Cover(events or names)
    unknown = {
        heading: f"column {number}"
        for number, (heading, meaning) in enumerate(meanings.items(), 1)
        if not meaning.is_known
    }
    # The longest first: one may be within another.
    longest = sorted(unknown, key=len, reverse=True)
    return Cover(True, {heading: unknown[heading] for heading in longest})


def _has_figures(cells: pd.Series, dates: Dates) -> bool:
    filled = {cell for cell in cells.head(MOST) if any(map(str.isdigit, cell))}
    return any(dates.read_either(cell) is None for cell in filled)
