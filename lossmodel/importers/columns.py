"""How each column of a table is read: given as options, kept as a small TOML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from lossmodel.errors import UsageError
from lossmodel.tables.files import read_bytes
from lossmodel.tables.problems import Problems, quoted
from lossmodel.tables.toml import parse_toml
from lossmodel.text.escape import toml
from lossmodel.text.spelling import nearest

__all__ = [
    "FIGURES",
    "READ_AS",
    "TIMED",
    "Column",
    "ColumnMap",
    "given_columns",
    "parse_column",
    "read_columns",
]

# What a column may be read as, with its meaning.
READ_AS: Final = {
    "date": "day, week, month or year of a row",
    "start": "first day of its window",
    "end": "last day of its window",
    "week-ending": "last day of its week",
    "week-starting": "first day of its week",
    "month": "a day in its month",
    "published": "day of publication",
    "known": "day on which it was known",
    "claimant": "whose figure it is",
    "party": "whose losses they are",
    "category": "what was lost",
    "scope": "part of the losses",
    "kind": "kind of the figure",
    "value": "the figure, or the best of three",
    "low": "its lower limit",
    "high": "its upper limit",
    "qualifier": "how exact it is",
    "claim_id": "name of the claim",
    "source": "publication",
    "via": "whose figure it repeats",
    "part_of": "total that it is a part of",
    "published_inferred": "whether the day of publication is a guess",
    "note": "remark",
    "ignore": "nothing",
}
FIGURES: Final = ("value", "low", "high")
TIMED: Final = ("date", "start", "end", "month", "week-ending", "week-starting")
# Of a column of figures; empty where another column or an option says it.
OF_FIGURES: Final = ("claimant", "party", "category", "scope", "kind", "date", "known")
OPTIONS: Final = (
    *("claimant", "party", "category", "scope", "kind", "dates", "decimal", "by", "sheet"),
    "encoding",
)
SYNTAX: Final = "'HEADING=ROLE' or 'HEADING=ROLE,party=...,category=...'"


@dataclass(frozen=True)
class Column:
    """How one column is read.

    Attributes
    ----------
    read
        A key of `READ_AS`.
    claimant, party, category, scope, kind, date
        Of a column of figures; empty where another column or an option says it.
    known
        Of a column of figures: the day on which they were known.
    why
        Reason of a guess, or for leaving the column out.
    """

    read: str
    claimant: str = ""
    party: str = ""
    category: str = ""
    scope: str = ""
    kind: str = ""
    date: str = ""
    known: str = ""
    why: str = field(default="", compare=False)

    @property
    def is_figure(self) -> bool:
        """Whether it has figures."""
        return self.read in FIGURES

    @property
    def description(self) -> str:
        """In words, for the table of guesses."""
        of = ", ".join(part for name in OF_FIGURES if (part := getattr(self, name)))
        return f"{self.read} ({of})" if of else self.read


@dataclass(frozen=True)
class ColumnMap:
    """How a table is read, as far as it is known.

    Attributes
    ----------
    columns
        Heading -> how it is read.
    options
        Options of `lossmodel data import` that hold for all rows.
    names
        Name in the table -> key of the conflict, of claimants, parties, categories and scopes.

    Examples
    --------
    >>> ColumnMap({"n": Column("value", category="killed")}).toml().splitlines()[-1]
    '"n" = { read = "value", category = "killed" }'
    """

    columns: Mapping[str, Column] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def with_columns(self, columns: Mapping[str, Column]) -> ColumnMap:
        """The map with some columns read in another way."""
        return replace(self, columns={**self.columns, **columns})

    def toml(self) -> str:
        """As a TOML document, the same for the same map."""
        lines = [f"{name} = {toml(text)}" for name, text in sorted(self.options.items()) if text]
        lines += ["", "[columns]"]
        for heading, column in self.columns.items():
            lines.append(f"{toml(heading)} = {_column_toml(column)}")
        if self.names:
            lines += ["", "[names]"]
            lines += [f"{toml(name)} = {toml(key)}" for name, key in sorted(self.names.items())]
        return "\n".join(lines).lstrip("\n") + "\n"


def _column_toml(column: Column) -> str:
    parts = {name: text for name, text in asdict(column).items() if text and name != "why"}
    if len(parts) == 1:
        return toml(column.read)
    return "{ " + ", ".join(f"{name} = {toml(text)}" for name, text in parts.items()) + " }"


def read_columns(path: Path) -> ColumnMap:
    """Column map from a TOML file.

    Raises
    ------
    ClaimsError
        It is not valid; the error has every problem.
    UsageError
        There is no such file.
    """
    problems = Problems()
    document = parse_toml(read_bytes(path), path.name, problems)
    problems.raise_if_any()
    if document is None:
        raise AssertionError("a file that is no TOML is a problem")
    found: dict[str, Any] = dict(document.values)
    columns = {
        heading: _column(heading, entry, path)
        for heading, entry in _section(found.pop("columns", {}), "columns", path).items()
    }
    names = _texts(_section(found.pop("names", {}), "names", path), "names", path)
    options = _texts(found, "", path)
    for name in options:
        _check_word(name, OPTIONS, f"{path}: there is no option {quoted(name)}")
    return ColumnMap(columns, options, names)


def _section(value: object, name: str, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{path}: [{name}] is a section, with a line per entry.")
    return value


def _texts(values: Mapping[str, object], name: str, path: Path) -> dict[str, str]:
    for key, value in values.items():
        if not isinstance(value, str):
            place = f"[{name}] " if name else ""
            raise UsageError(
                f"{path}: {place}{quoted(key)} is a text in quotes; found {quoted(value)}."
            )
    return {key: str(value) for key, value in values.items()}


def _column(heading: str, entry: object, path: Path) -> Column:
    parts = {"read": entry} if isinstance(entry, str) else entry
    if not isinstance(parts, dict):
        raise UsageError(
            f"{path}: [columns] {quoted(heading)} is a text or a table; found {quoted(entry)}."
        )
    return _made(heading, _texts(parts, "columns", path), str(path))


def _made(heading: str, parts: Mapping[str, str], place: str) -> Column:
    for name in parts:
        _check_word(
            name, ("read", *OF_FIGURES), f"{place}: column {quoted(heading)} has no {quoted(name)}"
        )
    read = parts.get("read", "value")
    _check_word(
        read, READ_AS, f"{place}: column {quoted(heading)} cannot be read as {quoted(read)}"
    )
    if read not in FIGURES and len(parts) > 1:
        raise UsageError(
            f"{place}: column {quoted(heading)} is read as {read!r}; only value, low and high are "
            "of a party or category."
        )
    return Column(**{"read": read, **parts}, why="as given")


def _check_word(word: str, known: Iterable[str], message: str) -> None:
    words = list(known)
    if word not in words:
        close = nearest(word, words)
        hint = f" Did you mean {close}?" if close else ""
        raise UsageError(f"{message}; there are: {', '.join(words)}.{hint}")


def given_columns(file: Path | None, options: Iterable[str] | None) -> ColumnMap:
    """Column map of a file, if there is one, with what options say of columns.

    Raises
    ------
    ClaimsError, UsageError
        As `read_columns` and `parse_column`.

    Examples
    --------
    >>> given_columns(None, ["deaths_a=value,party=land"]).columns["deaths_a"].party
    'land'
    """
    kept = read_columns(file) if file else ColumnMap()
    return kept.with_columns(dict(map(parse_column, options or ())))


def parse_column(text: str) -> tuple[str, Column]:
    """Heading and how it is read, from an option.

    Raises
    ------
    UsageError
        It has another form.

    Examples
    --------
    >>> parse_column("deaths_a=value,party=land")
    ('deaths_a', Column(read='value', claimant='', party='land', category='', scope='', kind='', \
date='', known='', why='as given'))
    """
    heading, sign, rest = text.rpartition("=") if "," not in text else text.partition("=")
    if not sign or not heading:
        raise UsageError(f"--column {text!r}: write {SYNTAX}.")
    read, *more = rest.split(",")
    pairs = [part.partition("=") for part in more]
    if not all(sign for _, sign, _ in pairs):
        raise UsageError(f"--column {text!r}: write {SYNTAX}.")
    parts = {"read": read.strip(), **{name.strip(): value.strip() for name, _, value in pairs}}
    return heading.strip(), _made(heading.strip(), parts, "--column")
