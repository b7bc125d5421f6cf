"""Public event sets and series that are known by their columns: one entry of a table each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lossmodel.importers.columns import Column
from lossmodel.importers.releases import Release, ucdp_release
from lossmodel.importers.words import normal

__all__ = ["SHAPES", "Shape", "find_shape"]


@dataclass(frozen=True)
class Shape:
    """Columns of a public set, and what holds for all its rows.

    Attributes
    ----------
    name, title
        Key of its claimant, and name of the set.
    needed
        Headings by which it is known, as `normal` makes them.
    columns
        Heading -> how it is read; others are left out.
    category
        Of all figures, where their columns do not say it.
    events
        Whether a row is an event, so that rows are summed.
    parties
        Column of the dead of one party -> column whose cells name it; empty for civilians.
    totals
        Columns of all the dead together, read where the user names a party that is none of these.
    why
        Heading -> reason for leaving it out.
    names
        Names of its cells -> keys.
    release
        From the name of a file to the release that it says, of a set with numbered versions.
    notes
        Traps of the set, a sentence each.
    """

    name: str
    title: str
    needed: frozenset[str]
    columns: Mapping[str, Column]
    category: str = "killed"
    events: bool = True
    parties: Mapping[str, str] = field(default_factory=dict)
    totals: Mapping[str, Column] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    release: Callable[[str], Release | None] | None = None
    notes: tuple[str, ...] = ()


LIMITS: Final = {"best": Column("value"), "low": Column("low"), "high": Column("high")}
SHAPES: Final = (
    Shape(
        "ucdp-ged",
        "UCDP Georeferenced Event Dataset",
        frozenset({"date start", "date end", "best", "high", "low", "deaths a", "deaths b"}),
        {"date start": Column("start"), "date end": Column("end")},
        parties={"deaths a": "side a", "deaths b": "side b", "deaths civilians": ""},
        totals=LIMITS,
        why={"deaths unknown": "dead of no known side"},
        release=ucdp_release,
        notes=(
            "best, low and high count the dead of both sides, civilians and unknown together",
            "an event whose date is known to the month only counts in the whole month",
        ),
    ),
    Shape(
        "acled",
        "Armed Conflict Location and Event Data (ACLED)",
        frozenset({"event date", "actor1", "fatalities"}),
        {
            "event date": Column("date"),
            "fatalities": Column("value"),
            "timestamp": Column("published"),
        },
        notes=(
            "fatalities are those of all actors of an event: filter the file to one kind of victim",
            "dates of time_precision 2 or 3 are known to the week or month only",
        ),
    ),
    Shape(
        "iraq-body-count",
        "Iraq Body Count",
        frozenset({"start date", "end date", "reported minimum", "reported maximum"}),
        {
            "start date": Column("start"),
            "end date": Column("end"),
            "reported minimum": Column("low"),
            "reported maximum": Column("high"),
        },
        notes=("the dead are civilians",),
    ),
    Shape(
        "gaza-ministry-of-health",
        "Daily casualties compiled by Tech for Palestine",
        frozenset({"report date", "killed cum", "injured cum"}),
        {
            "report date": Column("date"),
            "report source": Column("claimant"),
            "killed cum": Column("value", category="killed", kind="cumulative"),
            "injured cum": Column("value", category="wounded", kind="cumulative"),
        },
        events=False,
        why={
            "killed": "steps of killed_cum",
            "injured": "steps of injured_cum",
            "report period": "length of a report",
        },
        names={
            "mohtel": "gaza-ministry-of-health",
            "gmotel": "gaza-media-office",
            "unocha": "un-ocha",
            "missing": "gaza-ministry-of-health",
        },
        notes=("columns with ext_ are filled in by the compilers and are no reports",),
    ),
)


def find_shape(headings: set[str]) -> Shape | None:
    """The public set with these headings; None if there is none.

    Examples
    --------
    >>> find_shape({"Event_Date", "actor1", "Fatalities", "notes"}).name
    'acled'
    """
    found = set(map(normal, headings))
    return next((shape for shape in SHAPES if shape.needed <= found), None)
