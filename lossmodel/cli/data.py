"""Commands about public data sets: list, fetch, import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lossmodel.cli.app import ConflictName, app
from lossmodel.cli.console import answer, progress
from lossmodel.cli.help import Commands
from lossmodel.errors import UsageError
from lossmodel.tables.files import is_there
from lossmodel.tables.vocabulary import WideKind

if TYPE_CHECKING:
    from lossmodel.importers import DataSet, Imported
    from lossmodel.importers.download import Fetched

data = Commands(help="List conflicts, and fetch and import data sets.")
app.add_typer(data, name="data")

WIDTH = 11
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
            "--out", metavar="FILE", help="Claims table (.csv) or conflict folder to write."
        ),
    ],
    conflict: ConflictName = "russia-ukraine",
    party: Annotated[str, typer.Option(help="Party whose losses your own table has.")] = "",
    category: Annotated[str, typer.Option(help="Category that your own table counts.")] = "",
    scope: Annotated[str, typer.Option(help="Scope of your own table.")] = "all",
    kind: Annotated[
        WideKind | None,
        typer.Option(help="Cumulative totals or daily figures; guessed by default."),
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="Order in dates such as 03/04/2024; guessed by default.",
        ),
    ] = None,
    claimant: Annotated[
        str, typer.Option(help="Whose list a table with one row per person is.")
    ] = "",
    by: Annotated[
        Literal["day", "week", "month"],
        typer.Option(help="Windows in which persons are counted; no name is kept."),
    ] = "day",
    url: Url = "",
    cache: Cache = None,
) -> None:
    """Convert a public data set or your own table to claims, and report what was guessed."""
    from lossmodel.importers import CATALOGUE, Hints, find_data_set, read_any

    names = {entry.name for entry in CATALOGUE}
    known = len(what) == 1 and (what[0] in names or not is_there(Path(what[0])))
    if known and what[0] not in names and ("." in what[0] or "/" in what[0]):
        raise UsageError(f"{what[0]} does not exist, and no data set has this name.")
    paths = [Path(item) for item in what]
    if known:
        entry = find_data_set(what[0])
        paths = [file.path for file in _fetch(entry, url=url, anew=False, cache=cache)]
        _describe(entry)
    hints = Hints(conflict, party, category, scope, kind, day_first, claimant, by)
    imported = read_any(paths, hints)
    written = imported.write(out)
    _report(imported, written)


def _fetch(entry: DataSet, *, url: str, anew: bool, cache: Path | None) -> list[Fetched]:
    from lossmodel.importers.csv_reader import read_source
    from lossmodel.importers.download import cache_dir, fetch

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


def _report(imported: Imported, written: list[Path]) -> None:
    for number, note in enumerate(imported.notes):
        _say("" if number else imported.heading, note)
    for number, (rows, what, why) in enumerate(imported.left_out.itertuples(index=False)):
        _say("" if number else "left out", f"{rows:,} {what}: {why}")
    claims = imported.claims
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in claims["kind"].value_counts().items())
    _say("claims", f"{len(claims):,} ({kinds}), {claims['end'].min()} to {claims['end'].max()}")
    _say("written", ", ".join(map(str, written)))
    answer(f"to check: lossmodel check {_arguments(imported, written)}")


def _arguments(imported: Imported, written: list[Path]) -> str:
    table = [path for path in written if path.suffix == ".csv"]
    folder = [path for path in written if path.suffix != ".csv"]
    conflict = folder[0] if folder else imported.base
    return " ".join([*map(str, table), f"--conflict {conflict}"])


def _say(label: str, text: str) -> None:
    answer(f"{label:<{WIDTH}}{text}")
