"""The Typer application, and the options that several commands share."""

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from lossmodel import __version__
from lossmodel.arguments import parsed
from lossmodel.cli.completion import conflict_names, question_words
from lossmodel.cli.console import answer
from lossmodel.cli.help import Commands
from lossmodel.inference.names import EngineName
from lossmodel.system.clock import begin
from lossmodel.tables.trust import Trust

__all__ = [
    "KEPT",
    "REPORT",
    "AsOf",
    "LeastTrust",
    "Ci",
    "ClaimsFile",
    "Cluster",
    "ConflictName",
    "Engine",
    "Figures",
    "FitPath",
    "Force",
    "Jobs",
    "NoCache",
    "Out",
    "PriorsFile",
    "Question",
    "SchedulerFile",
    "Seed",
    "ShardOf",
    "Since",
    "Store",
    "Until",
    "With",
    "Without",
    "app",
    "level",
]

REPORT = Path("lossmodel-report")
KEPT = Path("lossmodel-tasks")

app = Commands(
    help="War losses from conflicting claims: posterior estimates with credible intervals."
)


def _date(text: str) -> dt.date:
    """Parse a date as YYYY-MM-DD only: 20220224 may be a mistyped number."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise typer.BadParameter(f"{text} is not a day of the calendar.") from None
    raise typer.BadParameter(f"{text!r} is not a date; write YYYY-MM-DD, e.g. 2023-02-24.")


def level(text: str | float) -> float:
    """Parse the level of an interval, a probability."""
    level = parsed(text, float)
    if level is not None and 0 < level < 1:
        return level
    raise typer.BadParameter(f"{text} is not a number between 0 and 1; write 0.95 for 95%.")


def _seed(text: str | int) -> int:
    seed = parsed(text, int)
    if seed is None:
        raise typer.BadParameter(f"{text!r} is not a whole number.")
    if seed < 0:
        raise typer.BadParameter(f"{text} is negative; a seed is a whole number, 0 or larger.")
    return seed


def _print_version(asked: bool) -> None:
    if asked:
        answer(f"lossmodel {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    # No docstring, because it would become help text. The callback of --version does its work.
    begin()


ClaimsFile = Annotated[
    str | None,
    typer.Argument(
        metavar="CLAIMS",
        help="Claims table (CSV) or - for stdin; by default that of the conflict.",
        show_default=False,
    ),
]
ConflictName = Annotated[
    str,
    typer.Option(
        "--conflict",
        metavar="NAME|DIR",
        help="A shipped conflict, or the folder of another one.",
        autocompletion=conflict_names,
    ),
]
AsOf = Annotated[
    dt.date | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        parser=_date,
        show_default=False,
        help="Use only claims published up to this day.",
    ),
]
LeastTrust = Annotated[
    Trust,
    typer.Option("--trust", help="Least trust of a claim that is used; by default all are."),
]
Until = Annotated[
    dt.date | None,
    typer.Option(
        "--until",
        metavar="DATE",
        parser=_date,
        show_default=False,
        help="Last day of the estimates, up to the end of the conflict; by default the last day "
        "that a used claim covers.",
    ),
]
Engine = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        help="laplace: fast; hmc, nuts: exact; auto: laplace, then hmc, then nuts, up to the first "
        "that passes its gate.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="INT", parser=_seed, help="Random seed.")]
Ci = Annotated[
    float,
    typer.Option("--ci", metavar="LEVEL", parser=level, help="Level of the credible intervals."),
]
PriorsFile = Annotated[
    Path | None,
    typer.Option(
        "--priors",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        show_default=False,
        help="TOML file of priors that replace the defaults.",
    ),
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Folder of the report.")
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Write the whole report, with a warning, even if the gate fails."),
]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="NAME",
        show_default=False,
        help="A component of the model that is off by default: force, whose balances of strengths "
        "and recruits become observations.",
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="NAME",
        show_default=False,
        help="A component of the model to switch off, such as ratios or overlaps; may be repeated.",
    ),
]
FitPath = Annotated[
    Path,
    typer.Option("--fit", metavar="PATH", help="A fit.nc, or a report folder with one."),
]
Figures = Annotated[
    Literal["all", "svg"],
    typer.Option(
        "--figures",
        help="all: each figure as SVG, PDF and PNG; svg: as SVG alone, which is faster.",
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache", help="Work everything out anew, and keep nothing in the user's cache folder."
    ),
]
Since = Annotated[
    Path | None,
    typer.Option(
        "--since",
        metavar="PATH",
        show_default=False,
        help="An earlier fit, or its report folder: the report says what changed since.",
    ),
]
Question = Annotated[
    list[str],
    typer.Argument(
        metavar="QUESTION",
        help="Words such as: killed russia 2023. Examples and grammar are below.",
        show_default=False,
        autocompletion=question_words,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", metavar="INT", help="Number of parallel processes; -1 for the number of cores."
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        show_default=False,
        help="Address of a Dask scheduler to run on, e.g. tcp://127.0.0.1:8786.",
    ),
]
SchedulerFile = Annotated[
    Path | None,
    typer.Option(
        "--scheduler-file",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        show_default=False,
        help="File that a Dask scheduler wrote its address to, instead of --cluster.",
    ),
]
ShardOf = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        show_default=False,
        help="Run only the I-th of N parts of the fits, and leave the results in --store: for "
        "arrays of jobs. The same command without it puts all together.",
    ),
]
Store = Annotated[
    Path,
    typer.Option(
        "--store", metavar="DIR", help="Folder of finished fits, from which a run resumes."
    ),
]
