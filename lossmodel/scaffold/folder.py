"""Makes the folder of a new conflict, whole or not at all."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lossmodel.claims.claims import write_claims
from lossmodel.errors import UsageError
from lossmodel.importers import Column, Hints, Imported, read_any, read_source
from lossmodel.importers.names import slug
from lossmodel.importers.words import normal
from lossmodel.scaffold.asking import Asker, Person
from lossmodel.scaffold.files import conflict_toml, readme, sources_of, tables_of
from lossmodel.scaffold.hints import (
    Lacking,
    is_list,
    lacking,
    with_columns,
    with_keys,
    with_parties,
)
from lossmodel.scaffold.interview import interview, last_day, words_of
from lossmodel.scaffold.names import TableNames, names_in
from lossmodel.scaffold.plan import DROPPED, LEFT_OUT, OPTIONS, Author, Plan, Wishes
from lossmodel.scaffold.sides import one_by_one
from lossmodel.scaffold.words import category_of
from lossmodel.system.destination import ALTERNATIVE, destination
from lossmodel.system.unfinished import unfinished
from lossmodel.tables.files import is_there
from lossmodel.tables.schema import STREAM
from lossmodel.text.escape import shell
from lossmodel.text.numbers import some

if TYPE_CHECKING:
    from lossmodel.conflict.types import Party

__all__ = ["Created", "create"]

_SHOWN: Final = 5  # columns that are named in a question
_QUESTIONS: Final = {
    "claimant": ("Who says these figures", "--claimant NAME=SIDE"),
    "party": ("Whose losses are they", "--party NAME=SIDE"),
    "category": ("What is counted, such as killed", "--category NAME"),
}


@dataclass(frozen=True, eq=False)
class Created:
    """A new folder.

    Attributes
    ----------
    folder
        The folder.
    plan
        Its contents.
    claims
        How many claims it has.
    imported
        The table as it was read; None without one.
    dropped
        Figures whose word was left out.
    assumed
        Claimants and categories whose accounting nobody said.
    listed
        Those of which the table lists cases, where nobody said another accounting.
    """

    folder: Path
    plan: Plan
    claims: int = 0
    imported: Imported | None = None
    dropped: int = 0
    assumed: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


def create(
    folder: Path,
    wishes: Wishes | None = None,
    *,
    table: Path | None = None,
    hints: Hints | None = None,
    person: Person | None = None,
    options: Sequence[str] = (),
) -> Created:
    """Make the folder of a conflict from options, answers and a table.

    Parameters
    ----------
    folder
        The folder, which must not exist.
    wishes
        What is not to be asked.
    table
        A table of figures in any form that `lossmodel data import` reads.
    hints
        How it is read.
    person
        Who answers questions; None if nobody is there.
    options
        Options about the table, for the command that is written into `README.md`.

    Raises
    ------
    ClaimsError
        A cell of the table cannot be read; the error has every one, with its row in the file.
    UsageError
        The folder exists, an option is not possible, or options are missing and nobody is there.

    Examples
    --------
    >>> import tempfile
    >>> wishes = Wishes(sides=("North", "South"), start="2001-01-01", claimants=("Gazette=-",))
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = create(Path(place) / "war", wishes)
    ...     sorted(file.name for file in made.folder.iterdir())[:3]
    ['README.md', 'claimants.csv', 'claims.csv']
    """
    free = free_place(folder)
    wishes = wishes or Wishes()
    asker = Asker(person)
    reading = None if table is None else _Reading(table, hints or Hints(), wishes, asker)
    names = TableNames() if reading is None else reading.names
    title = folder.absolute().name.replace("-", " ").replace("_", " ").capitalize()
    plan = interview(asker, wishes, names, title)
    asker.raise_if_missing()
    shown = shlex.join(["lossmodel", "new", str(folder), *options, *plan.options()])
    asker.tell(f"The same without questions:\n  {shown}")
    with unfinished(free, folder) as work:
        place = work / "whole"
        place.mkdir()
        if reading is None:
            made = Created(folder, plan)
            _write(place, plan, None, [])
        else:
            made = reading.claims_into(place, plan, folder)
        (place / "README.md").write_text(
            readme(plan, "" if table is None else table.name, shown),
            encoding="utf-8",
            newline="\n",
        )
        place.rename(free_place(folder))
    return made


def free_place(folder: Path) -> Path:
    """The folder itself that a path names, where nothing is yet and which can be made.

    Raises
    ------
    UsageError
        There is something, or nothing can be written there.
    """
    if is_there(folder):
        raise UsageError(f"{folder} exists, and nothing is overwritten; {ALTERNATIVE}")
    return destination(folder)


def _write(
    place: Path, plan: Plan, claims: pd.DataFrame | None, sources: list[tuple[str, ...]]
) -> None:
    figures = None if claims is None else len(claims)
    texts = {"conflict.toml": conflict_toml(plan, figures), **tables_of(plan, claims, sources)}
    for file, text in texts.items():
        (place / file).write_text(text, encoding="utf-8", newline="\n")


class _Reading:
    """A foreign table, read twice: for its names, and then as claims of the new conflict."""

    def __init__(self, table: Path, hints: Hints, wishes: Wishes, asker: Asker) -> None:
        self.table = table
        source = read_source(table, sheet=hints.sheet, encoding=hints.encoding)
        words = {w: DROPPED if key == LEFT_OUT else key for w, key in words_of(wishes).items()}
        titles: dict[str, str] = {}
        hints = with_parties(hints, source, wishes, titles)
        hints = replace(hints, last_day=last_day(wishes))
        self.hints = with_columns(with_keys(hints, titles), source)
        if is_list(source, self.hints) and len(wishes.categories) == 1 and not hints.category:
            category = category_of(wishes.categories[0]) or slug(wishes.categories[0])
            self.hints = replace(self.hints, category=category)
        known = lacking(source, self.hints)
        for section in known.sections:
            self._say(section, asker, wishes, known, titles)
        self.names: TableNames = names_in(self._read("", words), titles)

    def _say(
        self,
        section: str,
        asker: Asker,
        wishes: Wishes,
        known: Lacking,
        titles: dict[str, str],
    ) -> None:
        """Ask for a section that the table does not say: one name for all rows, or a heading."""
        texts = [text for text in getattr(wishes, OPTIONS[section]) if not text.startswith("*")]
        given = [name for name, _ in one_by_one(texts)]
        question, option = _QUESTIONS[section]
        unread = known.unread
        shown = [f"{name} ({first!r})" if first else name for name, first in unread.items()]
        columns = some(shown, _SHOWN)
        hint = f" If a column does: --column 'HEADING={section}', of {columns}." if columns else ""
        figures = [*map(repr, known.figures)]
        of = f" of {some(figures, _SHOWN)}" if figures else ""
        if len(given) > 1:
            # One option is not enough: the columns, or their rows, are of several.
            hint = f" Given are {some(given, _SHOWN)}: say which.{hint}"
            heading = known.figures[0] if known.figures else "HEADING"
            option = "--column " + shell(f"{heading}=value,{section}={given[0]}")
        name = asker.ask(
            given[0] if len(given) == 1 else "",
            f"{question}? No column that could be read says it{of}.{hint}",
            str,
            option=option,
        )
        headings = {normal(heading): heading for heading in unread}
        if normal(name) in headings:
            columns_read = {**self.hints.columns.columns, headings[normal(name)]: Column(section)}
            kept = replace(self.hints.columns, columns=columns_read)
            self.hints = replace(self.hints, columns=kept)
            return
        # Where nobody is there to say it, the table is read all the same, for what else is missing.
        key = (category_of(name) if section == "category" else "") or slug(name)
        option_of: dict[str, Any] = {section: key if name else DROPPED}
        self.hints = replace(self.hints, **option_of)
        titles[key] = name

    def _read(self, conflict: str, names: Mapping[str, str]) -> Imported:
        columns = replace(self.hints.columns, names={**self.hints.columns.names, **names})
        return read_any([self.table], replace(self.hints, conflict=conflict, columns=columns))

    def claims_into(self, place: Path, plan: Plan, folder: Path) -> Created:
        """Write a plan and the table's claims into a folder."""
        dropped = [word for word, key in plan.words.items() if key == LEFT_OUT]
        _write(place, _with_dropped(plan) if dropped else plan, None, [])
        known = {
            named.name: key
            for section in (self.names.claimants, self.names.parties)
            for key, named in section.items()
        }
        words = {word: DROPPED if word in dropped else key for word, key in plan.words.items()}
        imported = self._read(str(place), {**known, **words})
        kept = (imported.claims[STREAM] != DROPPED).all(axis=1)
        claims, sources = sources_of(imported.claims[kept].reset_index(drop=True))
        _write(place, plan, claims, sources)
        places = [row for row, keep in zip(imported.file_rows, kept, strict=False) if keep]
        # Its errors name the user's own file.
        checked = replace(imported, claims=claims, file_rows=tuple(places)).load()
        write_claims(checked, place / "claims.csv")
        streams = claims[["claimant", "category"]].drop_duplicates().to_numpy().tolist()
        unsaid: dict[bool, list[str]] = {True: [], False: []}
        for claimant, category in streams:
            author = plan.claimants[claimant]
            if not author.says(category):
                unsaid[author.declares(category)].append(f"{author.name} ({category})")
        return Created(
            folder,
            plan,
            len(claims),
            imported,
            int((~kept).sum()),
            assumed=tuple(unsaid[False]),
            listed=tuple(unsaid[True]),
        )


def _with_dropped(plan: Plan) -> Plan:
    """A plan that knows the key of all that is left out."""
    some: Party = next(iter(plan.parties.values()))
    return replace(
        plan,
        parties={**plan.parties, DROPPED: replace(some, name=DROPPED, title=DROPPED)},
        categories=(*plan.categories, DROPPED),
        claimants={**plan.claimants, DROPPED: Author(DROPPED, "")},
    )
