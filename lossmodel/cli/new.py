"""The command new: the folder of a conflict that the package does not have."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lossmodel.cli.app import app
from lossmodel.cli.claims import check
from lossmodel.cli.console import answer, note
from lossmodel.cli.data import tell_guesses
from lossmodel.tables.vocabulary import ImportKind

if TYPE_CHECKING:
    from lossmodel.scaffold import Created

WIDTH = 11


@app.command()
def new(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to make; it must not exist.")
    ],
    table: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            show_default=False,
            help="A table of figures in any form that `data import` reads.",
        ),
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Title of the conflict.")] = "",
    side: Annotated[
        list[str] | None,
        typer.Option(
            "--side",
            metavar="NAME",
            help="A side; once for each, or with commas between them; in double "
            "quotation marks, if its name has a comma.",
            show_default=False,
        ),
    ] = None,
    fights: Annotated[
        list[str] | None,
        typer.Option(
            "--fights",
            metavar="SIDE:SIDE",
            help="Who fights whom, of three sides or more.",
            show_default=False,
        ),
    ] = None,
    party: Annotated[
        list[str] | None,
        typer.Option(
            "--party",
            metavar="NAME=SIDE",
            help="A party whose losses are counted, and its side; in double quotation marks, if "
            "its name has a comma.",
            show_default=False,
        ),
    ] = None,
    civilians: Annotated[
        list[str] | None,
        typer.Option(
            "--civilians", metavar="NAME", help="A party of civilians.", show_default=False
        ),
    ] = None,
    start: Annotated[
        str, typer.Option(metavar="DATE", help="First day of the war: running totals begin here.")
    ] = "",
    end: Annotated[
        str, typer.Option(metavar="DATE", help="Last day of the fighting, if it is over.")
    ] = "",
    category: Annotated[
        list[str] | None,
        typer.Option(
            "--category",
            metavar="NAME",
            help="A category that is counted, beside those of the table.",
            show_default=False,
        ),
    ] = None,
    claimant: Annotated[
        list[str] | None,
        typer.Option(
            "--claimant",
            metavar="NAME=SIDE",
            help="A claimant and its side, - for none; in double quotation marks, if its name has "
            "a comma. '*=-' for all others.",
            show_default=False,
        ),
    ] = None,
    accounting: Annotated[
        list[str] | None,
        typer.Option(
            "--accounting",
            metavar="NAME[:CATEGORY]=HOW",
            help="How a claimant counts: ledger, estimate, list, register, corrected-register.",
            show_default=False,
        ),
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN:WORD=KEY",
            help="The meaning of a word of the table, such as what:fallen=killed; - leaves its "
            "rows out.",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="HEADING=ROLE",
            help="How a column is read, as for `data import`.",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            "--columns",
            metavar="TOML",
            dir_okay=False,
            show_default=False,
            help="How the columns are read, as `data import` wrote it.",
        ),
    ] = None,
    kind: Annotated[
        ImportKind | None,
        typer.Option(help="Kind of all figures; guessed by default."),
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="Order in dates such as 03/04/2024; found out by default.",
        ),
    ] = None,
    by: Annotated[
        Literal["day", "week", "month"] | None,
        typer.Option(help="Windows in which persons or events are counted."),
    ] = None,
    sheet: Annotated[str, typer.Option(help="Sheet of a workbook.")] = "",
    encoding: Annotated[str, typer.Option(help="Encoding of a text that is not UTF-8.")] = "",
    decimal: Annotated[
        Literal[".", ","] | None, typer.Option(help="Decimal mark; guessed by default.")
    ] = None,
) -> None:
    """Make the folder of a conflict, with a table's claims, and check it.

    What no option says is asked for. Off a terminal, one error lists the options that are missing.
    """
    from lossmodel.importers import Hints, given_columns
    from lossmodel.scaffold import Wishes, create
    from lossmodel.scaffold.folder import free_place

    free_place(folder)  # before the questions
    wishes = Wishes(
        title=title,
        sides=tuple(side or ()),
        fights=tuple(fights or ()),
        parties=tuple(party or ()),
        civilians=tuple(civilians or ()),
        start=start,
        end=end,
        categories=tuple(category or ()),
        claimants=tuple(claimant or ()),
        accountings=tuple(accounting or ()),
        words=tuple(words or ()),
    )
    hints = Hints(
        kind=kind,
        day_first=day_first,
        by=by,
        sheet=sheet,
        encoding=encoding,
        decimal=decimal or "",
        columns=given_columns(columns, column),
    )
    about_table: list[tuple[str, object]] = [
        ("--from", table),
        *(("--column", text) for text in column or ()),
        *(("--columns", columns), ("--kind", kind), ("--by", by), ("--sheet", sheet)),
        *(("--encoding", encoding), ("--decimal", decimal)),
    ]
    options = [part for name, text in about_table if text for part in (name, str(text))]
    options += [] if day_first is None else ["--day-first" if day_first else "--month-first"]
    person = _Terminal() if sys.stdin.isatty() and sys.stderr.isatty() else None
    created = create(folder, wishes, table=table, hints=hints, person=person, options=options)
    _report(created)


class _Terminal:
    """The user at a terminal: questions on stderr, answers from stdin."""

    def __call__(self, question: str, default: str) -> str:
        sys.stderr.write(f"{question} [{default}]: " if default else f"{question}: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt  # Ctrl-D: nobody answers any more
        return line

    def tell(self, text: str) -> None:
        note(text)


def _report(created: Created) -> None:
    imported = created.imported
    if imported is not None:
        tell_guesses(imported)
        if created.dropped:
            _say("", f"{created.dropped:,} figures whose words are mapped to -")
        for number, (word, key) in enumerate(created.plan.words.items()):
            _say("" if number else "words", f"{word} -> {key}")
    label = "accounting"
    if listed := created.listed:
        _say(
            label,
            f"{', '.join(listed)}: list, as the table lists cases; --accounting says another",
        )
        label = ""
    if assumed := created.assumed:
        _say(
            label,
            f"{', '.join(assumed)}: not said, and read as estimate, which assumes least. "
            "docs/accounting.md says which one to give with --accounting or to write into "
            "streams.csv, and the answer may differ by a factor",
        )
    _say("written", str(created.folder))
    if not created.claims:
        answer(
            f"Add rows to {created.folder}/claims.csv and claimants.csv, then: lossmodel check "
            f"--conflict {shlex.quote(str(created.folder))}"
        )
        return
    answer("")
    check(claims=None, conflict=str(created.folder), strict=False)
    answer("")
    options = ["--conflict", str(created.folder), "--out", f"{created.folder}-report"]
    answer(f"to fit: lossmodel fit {shlex.join(options)}")


def _say(label: str, text: str) -> None:
    answer(f"{label:<{WIDTH}}{text}")
