"""Commands about what changed: update, compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from lossmodel.cli.app import ConflictName, Engine, Figures, Force, NoCache, Seed, Since, app
from lossmodel.cli.console import answer, progress
from lossmodel.cli.fits import WORKER_MODULES, exit_by_gate, read_fit, write_fit
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.errors import UsageError
from lossmodel.system.stages import portion
from lossmodel.tables.files import is_there

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.claims.claims import Claims
    from lossmodel.importers import DataSet

# The claims table of an update, in its report folder.
TABLE: Final = "updated-claims.csv"
# Shares of the time of the command, chosen by hand: two fits, refits of a few groups, refits of
# other accountings, a report.
SHARES: Final = {
    "before": (0.05, 0.3), "fit": (0.3, 0.55), "steps": (0.55, 0.75), "refits": (0.75, 0.8),
    "report": (0.8, 1.0),
}  # fmt: skip


@app.command()
def update(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", file_okay=False, help="Folder of the report."),
    ] = Path("lossmodel-update"),
    conflict: ConflictName = DEFAULT_CONFLICT,
    source: Annotated[
        Path | None,
        typer.Option(
            "--source",
            metavar="DIR",
            exists=True,
            file_okay=False,
            show_default=False,
            help="Folder with copies of the public sets, read in place of the network.",
        ),
    ] = None,
    since: Since = None,
    by: Annotated[
        Literal["claimant", "month"],
        typer.Option("--by", help="Groups of new claims whose parts of the changes are told."),
    ] = "claimant",
    engine: Engine = "auto",
    seed: Seed = 1,
    force: Force = False,
    figures: Figures = "all",
    no_cache: NoCache = False,
) -> None:
    """Fetch the public sets, add what is new to the claims, fit again, and report what changed.

    The report compares with the update that --out has, or else with the claims as they are.
    """
    from lossmodel.inference import worker

    with worker.second_process(*WORKER_MODULES), progress() as say:
        from lossmodel import api
        from lossmodel.claims.claims import load_claims
        from lossmodel.importers.newer import with_rows
        from lossmodel.report.changes import check_earlier
        from lossmodel.report.folder import reserved
        from lossmodel.report.telescope import telescope

        # Reserved before the fits, which may take long.
        with reserved(out) as target:
            claims = load_claims(conflict=conflict)
            before = since or (out if is_there(target.place / "fit.nc") else None)
            earlier = None if before is None else read_fit(before, no_cache=no_cache)
            if earlier is not None:
                check_earlier(earlier, claims.conflict)
            rows = _new_rows(claims, source, say)
            table = target.work / TABLE
            with_rows(claims, rows).to_csv(table, index=False, lineterminator="\n")
            new = load_claims(table, conflict=claims.conflict)

            def fit_of(own: Claims, share: tuple[float, float]) -> Fit:
                return api.fit(
                    own, engine=engine, seed=seed, cache=not no_cache, progress=portion(say, *share)
                )  # fmt: skip

            earlier = fit_of(claims, SHARES["before"]) if earlier is None else earlier
            fitted = fit_of(new, SHARES["fit"])
            steps = telescope(earlier, fitted, by=by, progress=portion(say, *SHARES["steps"]))
            fitted = write_fit(
                target, fitted, say, SHARES,
                force=force, since=earlier, steps=steps, figures=figures,
            )  # fmt: skip

    from lossmodel.cli.headline import headline

    answer(f"claims: {sum(map(len, rows)):,} new ones, in {out / TABLE}")
    answer(headline(fitted, out, force=force))
    exit_by_gate(fitted)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A fit.nc or a report folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    by: Annotated[
        Literal["claimant", "month"] | None,
        typer.Option(
            "--by",
            show_default=False,
            help="Fit again with the new claims of one claimant, or month of publication, after "
            "the other, and print as CSV what each changes.",
        ),
    ] = None,
    no_cache: NoCache = False,
) -> None:
    """Compare two fits, and list the claims that account for the changes."""
    fits = [read_fit(path, no_cache=no_cache) for path in (first, second)]
    if by is None:
        from lossmodel.report import compare_fits

        answer(compare_fits(*fits))
        return
    from lossmodel.report.changes import check_earlier
    from lossmodel.report.folder import csv_text
    from lossmodel.report.telescope import telescope

    check_earlier(fits[0], fits[1].conflict)
    with progress() as say:
        steps = telescope(*fits, by=by, progress=say)
    answer(csv_text(steps).rstrip("\n"))


def _new_rows(
    claims: Claims, source: Path | None, say: Callable[[str], None]
) -> list[pd.DataFrame]:
    """New claims of each public set of a conflict."""
    from lossmodel.importers import find_data_set, read_any
    from lossmodel.importers.catalogue import FEEDS
    from lossmodel.importers.newer import newer

    feeds = FEEDS.get(claims.conflict.name, ())
    if not feeds:
        raise UsageError(
            f"No public data set belongs to the conflict {claims.conflict.name}; those with one: "
            f"{', '.join(FEEDS)}."
        )
    sets = {feed: find_data_set(feed.name) for feed in feeds}
    if source is not None:
        # The first file of a set is its table.
        sets = {
            feed: entry for feed, entry in sets.items() if is_there(source / entry.files[0].file)
        }
    if not sets:
        names = ", ".join(find_data_set(feed.name).files[0].file for feed in feeds)
        raise UsageError(f"{source} has no copy of a public set; their files are: {names}.")
    rows = []
    for feed, entry in sets.items():
        say(f"reading {feed.name}")
        found = read_any(_files(entry, source)).claims
        rows.append(newer(claims, found, month_ends=feed.month_ends))
    return rows


def _files(entry: DataSet, source: Path | None) -> list[Path]:
    """The files of a set: copies in a folder, or downloads of today."""
    from lossmodel.importers.catalogue import newest
    from lossmodel.importers.download import fetch
    from lossmodel.importers.source import read_source
    from lossmodel.system.cache import cache_dir

    if source is None:
        folder = cache_dir() / f"{entry.name}-newest"
        remote = [newest(file) for file in entry.files]
        return [fetch(file, folder, anew=True, check=read_source).path for file in remote]
    missing = [file.file for file in entry.files if not is_there(source / file.file)]
    if missing:
        raise UsageError(f"{source} lacks {', '.join(missing)} of the data set {entry.name}.")
    return [source / file.file for file in entry.files]
