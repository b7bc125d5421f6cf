"""Commands that evaluate the model by many fits: calibrate, backtest, sensitivity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossmodel.arguments import day_of
from lossmodel.cli.app import ClaimsFile, ConflictName, Engine, Jobs, PriorsFile, Seed, app
from lossmodel.cli.console import answer, progress
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.errors import UsageError
from lossmodel.system.destination import destination
from lossmodel.system.stages import portion
from lossmodel.text.escape import file_name

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pandas as pd

    from lossmodel.model.priors import Priors

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
Folder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", show_default=False, help="Folder for tables and figures."),
]
KEPT = Path("lossmodel-tasks")


@app.command()
def calibrate(
    replicates: Annotated[
        int, typer.Option("--replicates", metavar="INT", min=1, help="Number of wars.")
    ] = 400,
    engine: Engine = "laplace",
    seed: Seed = 1,
    breaks: Annotated[
        list[str] | None,
        typer.Option(
            "--break",
            metavar="NAME",
            show_default=False,
            help="Misspecification: method-change, method-drop, spike, relay or definition; "
            "repeatable.",
        ),
    ] = None,
    out: Folder = None,
    store: Store = KEPT,
    jobs: Jobs = -1,
    cluster: Cluster = None,
    scheduler_file: SchedulerFile = None,
    shard: ShardOf = None,
) -> None:
    """Simulate wars, fit them, and check the coverage of the credible intervals."""
    _check(out)
    from lossmodel.evaluation.calibration import calibrate as run
    from lossmodel.evaluation.misspecification import known_misspecifications

    with _shared_out(shard), progress() as say:
        result = run(
            replicates,
            seed=seed,
            engine=engine,
            misspecifications=known_misspecifications(breaks or []),
            jobs=jobs,
            store=store,
            cluster=_scheduler(cluster, scheduler_file),
            progress=say,
        )
    answer(table_text(result.coverage))
    if len(result.failures):
        answer(f"{len(result.failures):,} fits failed.")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        words = f"--replicates {replicates} --seed {seed} --engine {engine}"
        words += "".join(f" --break {name}" for name in breaks or [])
        result.save(out / "calibration.json", command=f"lossmodel calibrate {words}")
        result.coverage.to_csv(out / "coverage.csv", index=False)
        result.plot().figure.savefig(out / "ranks.svg")


@app.command()
def backtest(
    conflict: ConflictName = DEFAULT_CONFLICT,
    dates: Annotated[
        list[str] | None,
        typer.Option(
            "--date",
            metavar="DATE",
            show_default=False,
            help="Date up to which claims are used; repeatable.",
        ),
    ] = None,
    common_sds: Annotated[
        list[float] | None,
        typer.Option(
            "--common-sd",
            metavar="SD",
            show_default=False,
            help="Additional sd of the common mode; repeatable.",
        ),
    ] = None,
    revised: Annotated[
        bool,
        typer.Option(
            "--revisions",
            help="Print revisions between the dates, by default the ends of quarters.",
        ),
    ] = False,
    engine: Engine = "auto",
    seed: Seed = 1,
    priors: PriorsFile = None,
    out: Folder = None,
    store: Store = KEPT,
    jobs: Jobs = -1,
    cluster: Cluster = None,
    scheduler_file: SchedulerFile = None,
    shard: ShardOf = None,
) -> None:
    """Fit the claims published by past dates, and score the estimates against later truth."""
    _check(out)
    import pandas as pd

    from lossmodel.claims.claims import load_claims
    from lossmodel.evaluation.backtest import backtest as run
    from lossmodel.evaluation.dated_totals import quarter_ends
    from lossmodel.evaluation.revisions import revision_summary, revisions

    claims, chosen = load_claims(conflict=conflict), _days(dates)
    if revised and chosen is None:
        chosen = quarter_ends(claims)
    with _shared_out(shard), progress() as say:
        result = run(
            claims,
            dates=chosen,
            common_sds=tuple(common_sds or ()),
            engine=engine,
            seed=seed,
            priors=_priors(conflict, priors),
            jobs=jobs,
            store=store,
            cluster=_scheduler(cluster, scheduler_file),
            progress=portion(say, 0.0, 0.5) if revised else say,
        )
        changes = pd.DataFrame()
        if revised:
            changes = revisions(
                claims, dates=chosen, priors=_priors(conflict, priors), engine=engine, seed=seed,
                jobs=jobs, store=store, cluster=_scheduler(cluster, scheduler_file),
                progress=portion(say, 0.5, 1.0),
            )  # fmt: skip
    windows = result.scores[result.scores["kind"] == "window"]
    shown = ["as_of", "common_sd", "party", "category", "scope", "start", "end", "truth"]
    shown += ["median", "lower", "upper", "ratio", "pit", "crps"]
    answer(table_text(windows[shown]))
    answer("\n" + table_text(result.summary))
    errors = result.naive.groupby("rule")["error"].agg(lambda error: error.abs().mean())
    for rule, error in errors.items():
        answer(f"mean absolute log error, {rule}: {error:.2f}")
    if revised:
        answer("\nrevisions, in units of what the earlier intervals promise\n")
        answer(table_text(revision_summary(changes)))
    if out is not None:
        if revised:
            _write(out, changes, "revisions")
        _write(out, result.scores, "scores")
        _write(out, result.baselines, "rivals")
        _write(out, result.naive, "naive")
    answer("passed" if result.passed else "NOT passed: too many 95% intervals miss the truth")
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def sensitivity(
    claims: ClaimsFile = None,
    conflict: ConflictName = DEFAULT_CONFLICT,
    engine: Engine = "laplace",
    seed: Seed = 1,
    priors: PriorsFile = None,
    out: Folder = None,
    store: Store = KEPT,
    jobs: Jobs = -1,
    cluster: Cluster = None,
    scheduler_file: SchedulerFile = None,
    shard: ShardOf = None,
) -> None:
    """Refit without each claimant and model component, and under other priors."""
    _check(out)
    from lossmodel.claims.claims import load_claims
    from lossmodel.evaluation.sensitivity import sensitivity as run

    with _shared_out(shard), progress() as say:
        result = run(
            load_claims(claims, conflict=conflict),
            engine=engine,
            seed=seed,
            priors=_priors(conflict, priors),
            jobs=jobs,
            store=store,
            cluster=_scheduler(cluster, scheduler_file),
            progress=say,
        )
    answer(result.text)
    if out is not None:
        _write(out, result.table, "sensitivity")
        _write(out, result.powers, "powers")
        _write(out, result.prior_range, "ranges")
        (out / "what-fixes-the-level.txt").write_text(result.text + "\n", encoding="utf-8")
        for quantity in result.table["quantity"].unique():
            name = file_name("tornado", quantity.replace(" ", "-"))
            result.plot(quantity).figure.savefig(out / f"{name}.svg")


def _scheduler(cluster: str | None, file: Path | None) -> str | None:
    """Address of a scheduler, or the file with it."""
    if cluster is not None and file is not None:
        raise UsageError("Give the scheduler by --cluster or by --scheduler-file, not by both.")
    return cluster if file is None else str(file)


def _shared_out(shard: str | None) -> AbstractContextManager[None]:
    from lossmodel.evaluation.shards import Shard, sharded

    return sharded(None if shard is None else Shard.parse(shard))


def _check(out: Path | None) -> None:
    """Refuse a folder that cannot be written, before the work."""
    if out is not None:
        destination(out, standing="folder")


def _write(folder: Path, table: pd.DataFrame, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / f"{name}.csv", index=False)


def table_text(table: pd.DataFrame) -> str:
    """A table for the terminal, its numbers with three digits and no exponents."""
    return table.to_string(index=False, float_format=_three_digits)


def _three_digits(value: float) -> str:
    """Text of a number.

    Examples
    --------
    >>> [_three_digits(value) for value in (1332.6, 0.012345, 2.0, float("nan"))]
    ['1,330', '0.0123', '2', 'nan']
    """
    return f"{float(f'{value:.3g}'):,.10g}"


def _priors(conflict: str, file: Path | None) -> Priors | None:
    from lossmodel.conflict.conflict import load_conflict
    from lossmodel.posterior.fit import conflict_priors

    return None if file is None else conflict_priors(load_conflict(conflict), file)


def _days(dates: list[str] | None) -> list[pd.Timestamp] | None:
    found = [day_of(date, "--date") for date in dates or ()]
    return [day for day in found if day is not None] or None
