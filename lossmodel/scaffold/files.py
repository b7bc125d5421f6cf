"""Texts of the files of a new conflict."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pandas as pd

from lossmodel.conflict.durations import FORTNIGHT, HALF_YEAR, QUARTER
from lossmodel.conflict.keys import SECTIONS, Section
from lossmodel.conflict.types import Knots
from lossmodel.importers.names import free_name, keys_of, slug
from lossmodel.scaffold.plan import Plan
from lossmodel.tables.schema import (
    CLAIMANTS,
    CLAIMS,
    SOURCES,
    STREAM,
    STREAMS,
    TABLES,
    TRUTH,
    Field,
)
from lossmodel.text.escape import toml

if TYPE_CHECKING:
    from lossmodel.conflict.types import Party
    from lossmodel.tables.toml import Key

__all__ = ["conflict_toml", "readme", "sources_of", "table_csv", "tables_of"]

# A war of a quarter or less has knots a week apart, as the short wars of `data/wars` have.
SHORT_RATE: Final = 7
# Days between knots of rates in longer wars: the first with as few knots as these, or as there are
# figures. The eight years of `data/wars/iraniraq1980` have 32; with 522 for 11 figures of twenty
# years no exact engine ended, and limits of the approximation were off by a third.
LONG_RATES: Final = (FORTNIGHT, 2 * FORTNIGHT, QUARTER, HALF_YEAR, 2 * HALF_YEAR)
FEW_KNOTS: Final = 52
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ADDRESS: Final = re.compile(r"https?://")
_LISTED: Final = "the table lists cases, such as one row per person or event"


# --- conflict.toml ------------------------------------------------------------------------------


def conflict_toml(plan: Plan, figures: int | None = None) -> str:
    """Text of `conflict.toml`, each key with its meaning.

    Keys that are not given stand behind a `#`, for the user to fill in. Few figures of a long war
    have their knots far apart.
    """
    return "\n".join(_toml(plan, figures)).rstrip("\n") + "\n"


def _toml(plan: Plan, figures: int | None) -> Iterator[str]:
    yield from _remark(
        "Sides, parties, categories and scopes of the conflict. Remove the # before a key to use "
        "it. "
        "docs/format/conflict-toml.md has every key with its default and range."
    )
    yield ""
    given = {"title": plan.title, "start": plan.start, "end": plan.end}
    for key in SECTIONS[""].keys:
        yield from _key_lines(key, given.get(key.name))
    yield ""
    yield from _remark(SECTIONS["sides"].meaning)
    yield "[sides]"
    for name, side in plan.sides.items():
        yield f"{_bare(name)} = {toml(side.title)}"
    yield ""
    yield from _explained(SECTIONS["parties"], "title", "side", "fights")
    for party in plan.parties.values():
        yield from _party(party)
    yield from _explained(SECTIONS["categories"])
    for name in plan.categories:
        yield f"[categories.{_bare(name)}]"
        if plan.is_new(name):
            yield 'group = "equipment"'
        yield ""
    yield from _explained(SECTIONS["scopes"])
    yield "# [scopes.NAME]"
    yield ""
    yield from _remark(SECTIONS["knots"].meaning)
    yield "[knots]"
    knots = asdict(_knots(plan, figures))
    for key in SECTIONS["knots"].keys:
        yield from _key_lines(key, knots[key.name])


def _knots(plan: Plan, figures: int | None) -> Knots:
    """Distances of knots for the length of a war and the number of its figures."""
    length = 0 if plan.end is None else (plan.end - plan.start).days
    if plan.end is not None and length < QUARTER:
        return Knots(rate_days=SHORT_RATE)
    most = length if figures is None else max(FEW_KNOTS, figures)
    rate = next((days for days in LONG_RATES if length / days <= most), LONG_RATES[-1])
    return Knots(rate, max(Knots.lethality_days, 2 * rate), max(Knots.drift_days, 2 * rate))


def _party(party: Party) -> Iterator[str]:
    yield f"[parties.{_bare(party.name)}]"
    yield f"title = {toml(party.title)}"
    if party.side:
        yield f"side = {toml(party.side)}"
    if party.fights:
        foes = [toml(foe) for foe in party.fights]
        yield f"fights = {foes[0] if len(foes) == 1 else '[' + ', '.join(foes) + ']'}"
    if party.civilian:
        yield "civilian = true"
    yield ""


def _explained(section: Section, *without: str) -> Iterator[str]:
    """Meaning of a section, and of each of its keys, as remarks."""
    yield from _remark(section.meaning)
    for key in section.keys:
        if key.name not in without:
            yield from _remark(f"{key.name}: {key.meaning} Default: {key.default}.", hang=4)


def _key_lines(key: Key, value: object) -> Iterator[str]:
    yield from _remark(f"{key.meaning} Default: {key.default}." if key.default else key.meaning)
    text = toml(value) if isinstance(value, str) else f"{value}"
    yield f"# {key.name} =" if value in (None, "") else f"{key.name} = {text}"


def _remark(text: str, hang: int = 0) -> Iterator[str]:
    for number, line in enumerate(textwrap.wrap(text, 96 - hang)):
        yield f"# {' ' * (hang if number else hang and 2)}{line}"


def _bare(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml(name)


# --- tables -------------------------------------------------------------------------------------


def table_csv(fields: Sequence[Field], rows: Iterable[Sequence[object]]) -> str:
    """A CSV table with the columns of a format.

    Examples
    --------
    >>> table_csv(CLAIMANTS, [("staff", "The Staff", "north")]).splitlines()[1]
    'staff,The Staff,north,,,'
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([field.name for field in fields])
    writer.writerows([*row, *[""] * (len(fields) - len(row))] for row in rows)
    return buffer.getvalue()


def tables_of(
    plan: Plan, claims: pd.DataFrame | None, sources: Iterable[Sequence[str]]
) -> dict[str, str]:
    """File -> text of the tables beside the claims, or of all, empty, if there are no claims."""
    streams = []
    if claims is not None:
        keys = claims[STREAM].drop_duplicates().to_numpy().tolist()
        for claimant, party, category in sorted(keys):
            author = plan.claimants[claimant]
            # A stream without a row is an estimate, and a finding names those that matter.
            if author.declares(category):
                note = "" if author.says(category) else _LISTED
                streams.append((claimant, party, category, author.accounting(category), "", note))
    texts = {
        "claimants": table_csv(
            CLAIMANTS, [(key, author.name, author.side) for key, author in plan.claimants.items()]
        ),
        "streams": table_csv(STREAMS, streams),
        "sources": table_csv(SOURCES, sources),
        "truth": table_csv(TRUTH, []),
    }
    if claims is None:
        texts["claims"] = table_csv(CLAIMS, [])
    return {TABLES[name].file: text for name, text in texts.items()}


def sources_of(claims: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[str, ...]]]:
    """Claims with keys in `source`, and the rows of `sources.csv` for them.

    A web address has the key of its host and, where all of its figures were published on one day,
    that day.

    Examples
    --------
    >>> table = pd.DataFrame({"source": ["https://www.example.org/a", "The Gazette"],
    ...                       "published": "2001-05-04", "published_inferred": "false"})
    >>> claims, sources = sources_of(table)
    >>> claims["source"].tolist(), sources[0][4]
    (['example-org-2001-05-04', 'the-gazette'], 'https://www.example.org/a')
    """
    written = [text for text in claims["source"].drop_duplicates() if text]
    day, known = {}, {}
    for text in written:
        rows = claims[claims["source"] == text]
        days = set(rows["published"])
        day[text] = days.pop() if len(days) == 1 else ""
        known[text] = "" if (rows["published_inferred"] == "true").any() else day[text]
    wanted = {text: _source_name(text, day[text]) for text in written}
    plain = keys_of([text for text in written if not _ADDRESS.match(text)], what="source")
    used: set[str] = set()
    keys = {}
    for text in written:
        keys[text] = free_name(plain.get(text, wanted[text]), used)
        used.add(keys[text])
    rows = [
        (keys[text], "", _host(text), known[text], text)
        if _ADDRESS.match(text)
        else (keys[text], text, "", known[text], "")
        for text in written
    ]
    return claims.assign(source=claims["source"].map(lambda text: keys.get(text, ""))), rows


def _source_name(text: str, day: str) -> str:
    return "-".join(filter(None, (slug(_host(text)), day)))


def _host(text: str) -> str:
    try:
        host = urlsplit(text).hostname or ""
    except ValueError:  # brackets that are no address
        host = ""
    return host.removeprefix("www.")


# --- README -------------------------------------------------------------------------------------


def readme(plan: Plan, table: str, command: str) -> str:
    """Text of the folder's `README.md`, with a heading for each thing that a reader asks for."""
    title = " ".join(plan.title.split())
    made = f"Its claims were read from `{table}`.\n" if table else ""
    return (
        f"# {title}\n\n"
        "A conflict folder of `lossmodel`: `lossmodel check` reads it, `lossmodel fit` fits it.\n"
        f"{made}\n"
        "| File | Contents |\n|---|---|\n"
        + "".join(f"| `{entry.file}` | {entry.meaning} |\n" for entry in TABLES.values())
        + "| `conflict.toml` | Sides, parties, categories and scopes. |\n\n"
        "## How it was collected\n\n"
        "Which pages were read, by whom, when, and what was done where a day was not known.\n\n"
        "## Licence\n\n"
        "The licence of these tables, such as CC BY 4.0. Pages cited keep their own rights.\n\n"
        "## Traps\n\n"
        "Misprints, changes of method, words that mean two things.\n\n"
        "## What was left out, and why\n\n"
        "## How this folder was made\n\n"
        f"```sh\n{command}\n```\n"
    )
