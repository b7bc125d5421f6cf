"""Commands about data: list, fetch, import, triangle."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lossmodel.cli.app import ConflictName, app
from lossmodel.cli.console import answer, progress
from lossmodel.cli.help import Commands
from lossmodel.errors import UsageError
from lossmodel.tables.files import is_there
from lossmodel.tables.vocabulary import ImportKind

if TYPE_CHECKING:
    from lossmodel.importers import DataSet, Imported
    from lossmodel.importers.download import Fetched

data = Commands(help="List conflicts, and fetch and import data sets.")
app.add_typer(data, name="data")

WIDTH = 11
WIDEST = 40  # letters of a cell in a table of guesses
Url = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        show_default=False,
        help="Other address of the file, or of the folder of its files if it ends with /.",
    ),
]
Anew = Annotated[bool, typer.Option("--anew", help="Download again and replace the stored hash.")]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        file_okay=False,
        show_default=False,
        help="Folder for downloads; by default LOSSMODEL_CACHE or the user's cache.",
    ),
]


@data.command("list")
def list_data() -> None:
    """List the shipped conflicts, and the data sets that `data fetch` downloads."""
    from lossmodel.conflict.conflict import load_conflict
    from lossmodel.conflict.shipped import past_wars, shipped_conflicts
    from lossmodel.importers import CATALOGUE

    names, wars = shipped_conflicts(), past_wars()
    width = max(len(name) for name in (*names, *(entry.name for entry in CATALOGUE)))
    lists = {
        "conflicts": [name for name in names if name not in wars],
        "past wars, small, whose losses are known": wars,
    }
    for heading, listed in lists.items():
        answer(heading)
        for name in listed:
            conflict = load_conflict(name)
            answer(f"  {name:<{width}}  {conflict.title}, from {conflict.start.date()}")
    answer("data sets (lossmodel data fetch NAME)")
    for entry in CATALOGUE:
        answer(f"  {entry.name:<{width}}  {entry.title} ({entry.licence})")


@data.command("fetch")
def fetch_data(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set of `data list`.")],
    url: Url = "",
    anew: Anew = False,
    cache: Cache = None,
) -> None:
    """Download a public data set and check its hash."""
    from lossmodel.importers import find_data_set

    entry = find_data_set(name)
    got = _fetch(entry, url=url, anew=anew, cache=cache)
    _describe(entry)
    for file in got:
        _say("file", str(file.path))
        _say("", f"SHA-256 {file.sha256}: {file.how}")
        if file.moved_to:
            _say("", f"redirected to {file.moved_to}")
        if file.how.endswith("kept"):
            _say("", "first download, so its hash was not checked; later downloads must match it")
    answer(f"to import: lossmodel data import {entry.name} --out FILE.csv")


@data.command("import")
def import_data(
    what: Annotated[
        list[str], typer.Argument(metavar="NAME|FILE", help="A data set, or a file of your own.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Claims table (.csv) or conflict folder to write; beside it goes how the columns "
            "were read, for --columns.",
        ),
    ],
    conflict: ConflictName = "russia-ukraine",
    claimant: Annotated[
        str, typer.Option(help="Whose figures your own table has, where it does not say it.")
    ] = "",
    party: Annotated[str, typer.Option(help="Party whose losses your own table has.")] = "",
    category: Annotated[str, typer.Option(help="Category that your own table counts.")] = "",
    scope: Annotated[str, typer.Option(help="Scope of your own table.")] = "all",
    kind: Annotated[
        ImportKind | None,
        typer.Option(
            help="Running totals, or figures of a day, of a window or per day; guessed by default."
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HEADING=ROLE",
            show_default=False,
            help="How a column is read: date, start, end, week-ending, week-starting, month, "
            "published, claimant, via (whose figure it repeats), party, category, scope, kind, "
            "value, low, high, note or ignore; figures with more, such as "
            "'dead=value,party=russia,category=killed'. Repeat it.",
        ),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            metavar="TOML",
            dir_okay=False,
            show_default=False,
            help="How the columns are read, as an import wrote it.",
        ),
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="Order in dates such as 03/04/2024; by default the other dates decide.",
        ),
    ] = None,
    by: Annotated[
        Literal["day", "week", "month"] | None,
        typer.Option(
            help="Windows in which persons or events are counted: by default persons by day, no "
            "name is kept, and known sets of events by month. Given, rows of any table are events."
        ),
    ] = None,
    sheet: Annotated[str, typer.Option(help="Sheet of a workbook.")] = "",
    encoding: Annotated[
        str, typer.Option(help="Encoding of a text that is not UTF-8, such as cp1251.")
    ] = "",
    decimal: Annotated[
        Literal[".", ","] | None,
        typer.Option(help="Decimal mark, where 1.221 could be either; guessed by default."),
    ] = None,
    url: Url = "",
    cache: Cache = None,
) -> None:
    """Convert a public data set or your own table to claims, and report what was guessed.

    Your own table is CSV, JSON, XLSX, Parquet, HTML or of a wiki, with a row per day, window,
    figure or event. UCDP GED, ACLED, Iraq Body Count and Tech for Palestine are known by their
    columns.
    """
    from lossmodel.importers import (
        CATALOGUE,
        Hints,
        find_data_set,
        given_columns,
        read_any,
    )
    from lossmodel.importers.result import claims_place

    claims_place(out)  # before the work
    names = {entry.name for entry in CATALOGUE}
    known = len(what) == 1 and (what[0] in names or not is_there(Path(what[0])))
    if known and what[0] not in names and ("." in what[0] or "/" in what[0]):
        raise UsageError(f"{what[0]} does not exist, and no data set has this name.")
    paths = [Path(item) for item in what]
    if known:
        entry = find_data_set(what[0])
        paths = [file.path for file in _fetch(entry, url=url, anew=False, cache=cache)]
        _describe(entry)
    hints = Hints(
        conflict=conflict,
        party=party,
        category=category,
        scope=scope,
        kind=kind,
        day_first=day_first,
        claimant=claimant,
        by=by,
        sheet=sheet,
        encoding=encoding,
        decimal=decimal or "",
        columns=given_columns(columns, column),
    )
    imported = read_any(paths, hints)
    written = imported.write(out)
    _report(imported, written)


@data.command("triangle")
def triangle(
    claimant: Annotated[str, typer.Argument(metavar="CLAIMANT", help="Whose list it is.")],
    party: Annotated[str, typer.Argument(metavar="PARTY", help="Whose losses it has.")],
    category: Annotated[str, typer.Option(help="What is counted.")] = "killed",
    scope: Annotated[str, typer.Option(help="Which part of the party's forces.")] = "all",
    claims: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Claims table (CSV); by default that of the conflict.",
        ),
    ] = None,
    conflict: ConflictName = "russia-ukraine",
) -> None:
    """Print counts by period of death and date of knowledge as CSV, which `data import` reads."""
    from lossmodel.claims.claims import load_claims

    found = load_claims(claims, conflict=conflict).triangle(claimant, party, category, scope=scope)
    found.columns = [f"{day:%Y-%m-%d}" for day in found.columns]
    answer(found.reset_index().to_csv(index=False, date_format="%Y-%m-%d").rstrip("\n"))


def _fetch(entry: DataSet, *, url: str, anew: bool, cache: Path | None) -> list[Fetched]:
    from lossmodel.importers.download import fetch
    from lossmodel.importers.source import read_source
    from lossmodel.system.cache import cache_dir

    if url and not url.endswith("/") and len(entry.files) > 1:
        raise UsageError(
            f"{entry.name} is {len(entry.files)} files: give --url the address of their folder, "
            "with / at its end."
        )
    folder = (cache or cache_dir()) / entry.name
    got = []
    with progress() as say:
        for file in entry.files:
            say(f"fetching {file.file}")
            got.append(fetch(file, folder, url=url, anew=anew, check=read_source))
    return got


def _describe(entry: DataSet) -> None:
    _say("data set", entry.title)
    _say("licence", entry.licence)
    for number, caveat in enumerate(entry.caveats):
        _say("" if number else "caveats", caveat)


def tell_guesses(imported: Imported) -> None:
    """Print how a table was read, with examples, and what became no claim."""
    for number, note in enumerate(imported.notes):
        _say("" if number else imported.heading, note)
    for line in _guesses(imported):
        answer(line)
    for number, (rows, what, why) in enumerate(imported.left_out.itertuples(index=False)):
        _say("" if number else "left out", f"{rows:,} {what}: {why}" if rows else f"{what}: {why}")


def _report(imported: Imported, written: list[Path]) -> None:
    tell_guesses(imported)
    claims = imported.claims
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in claims["kind"].value_counts().items())
    _say("claims", f"{len(claims):,} ({kinds}), {claims['end'].min()} to {claims['end'].max()}")
    _say("written", ", ".join(map(str, written)))
    answer(f"to check: lossmodel check {_arguments(imported, written)}")


def _guesses(imported: Imported) -> list[str]:
    """Table of the columns that are read, with an example of each."""
    table = imported.guesses
    if table.empty:
        return []
    table = table[table["read as"] != "ignore"].astype(str)
    rows = [list(table), *table.to_numpy().tolist()]
    cut = [
        [cell if len(cell) <= WIDEST else f"{cell[: WIDEST - 3]}..." for cell in row]
        for row in rows
    ]
    widths = [max(len(row[i]) for row in cut) for i in range(len(table.columns))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cut
    ]


def _arguments(imported: Imported, written: list[Path]) -> str:
    table = [path for path in written if path.suffix == ".csv"]
    folder = [path for path in written if path.suffix not in (".csv", ".toml")]
    conflict = folder[0] if folder else imported.base
    return shlex.join([*map(str, table), "--conflict", str(conflict)])


def _say(label: str, text: str) -> None:
    answer(f"{label:<{WIDTH}}{text}")
