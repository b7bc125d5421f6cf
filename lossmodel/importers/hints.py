"""The user's description of a table of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.importers.columns import ColumnMap
from lossmodel.tables.vocabulary import ImportKind

__all__ = ["Hints"]


@dataclass(frozen=True)
class Hints:
    """The user's description of a table of their own.

    Attributes
    ----------
    conflict
        The conflict it belongs to, a shipped one or a folder; empty while there is none, when all
        names are taken and no day is checked.
    party, category, scope, claimant
        Of all figures whose column or row does not say it.
    kind
        Kind of its figures; guessed if None.
    day_first
        Whether 03/04/2024 is in April; decided by the other dates if None.
    by
        Windows in which persons or events are counted. By default persons by day and events by
        month; if given, the rows of any table are events and are summed.
    sheet
        Sheet of a workbook.
    encoding
        Encoding of a text that is not UTF-8.
    decimal
        Decimal mark, `.` or `,`; guessed if empty.
    columns
        How columns are read, see `lossmodel.importers.read_columns`; guessed if empty.
    parties
        Name -> key of parties that the user names for a conflict that is being made.
    last_day
        Last day of a war that is being made, YYYY-MM-DD: the day of totals in a table without days.
    """

    conflict: str = DEFAULT_CONFLICT
    party: str = ""
    category: str = ""
    scope: str = "all"
    kind: ImportKind | None = None
    day_first: bool | None = None
    claimant: str = ""
    by: Literal["day", "week", "month"] | None = None
    sheet: str = ""
    encoding: str = ""
    decimal: str = ""
    columns: ColumnMap = ColumnMap()
    parties: Mapping[str, str] = field(default_factory=dict)
    last_day: str = ""

    def with_map(self) -> Hints:
        """Hints that are filled from the options of the column map where they are not given."""
        kept = dict(self.columns.options)
        order = kept.pop("dates", "")
        given: dict[str, Any] = {
            name: text for name, text in kept.items() if getattr(self, name) in ("", None, "all")
        }
        if order and self.day_first is None:
            given["day_first"] = order == "day-first"
        return replace(self, **given)

    def as_map(self) -> ColumnMap:
        """The column map with all options, as it is kept."""
        options = {
            "claimant": self.claimant,
            "party": self.party,
            "category": self.category,
            "scope": "" if self.scope == "all" else self.scope,
            "kind": self.kind or "",
            "by": self.by or "",
            "sheet": self.sheet,
            "encoding": self.encoding,
            "decimal": self.decimal,
            "dates": "" if self.day_first is None else ("month-first", "day-first")[self.day_first],
        }
        return replace(self.columns, options={k: v for k, v in options.items() if v})
