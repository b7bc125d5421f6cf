"""Commands that evaluate the model by many fits: calibrate, backtest, sensitivity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossmodel.arguments import day_of
from lossmodel.cli.app import (
    KEPT,
    ClaimsFile,
    Cluster,
    ConflictName,
    Engine,
    Jobs,
    PriorsFile,
    SchedulerFile,
    Seed,
    ShardOf,
    Store,
    app,
)
from lossmodel.cli.console import answer, progress
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.errors import UsageError
from lossmodel.system.destination import destination
from lossmodel.system.stages import portion
from lossmodel.text.escape import file_name

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.evaluation.tasks import Options, Report
    from lossmodel.model.priors import Priors

Folder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", show_default=False, help="Folder for tables and figures."),
]


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
    evidence: Annotated[
        list[str] | None,
        typer.Option(
            "--evidence",
            metavar="NAME",
            show_default=False,
            help="Evidence that every war has beside counts: ratio, overlap, fate, declared or "
            "triangle; repeatable.",
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
    from lossmodel.evaluation.further_evidence import known_evidence
    from lossmodel.evaluation.misspecification import known_misspecifications
    from lossmodel.evaluation.templates import Size

    with task_options(store, jobs, cluster, scheduler_file, shard) as (_, options):
        result = run(
            replicates,
            seed=seed,
            engine=engine,
            size=Size(evidence=known_evidence(evidence or [])),
            misspecifications=known_misspecifications(breaks or []),
            **options,
        )
    answer(table_text(result.coverage))
    if len(result.failures):
        answer(f"{len(result.failures):,} fits failed.")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        words = f"--replicates {replicates} --seed {seed} --engine {engine}"
        words += "".join(f" --break {name}" for name in breaks or [])
        words += "".join(f" --evidence {name}" for name in evidence or [])
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
    from lossmodel.evaluation.backtest import errors_by_rule
    from lossmodel.evaluation.dated_totals import quarter_ends
    from lossmodel.evaluation.revisions import revision_summary, revisions

    claims, chosen = load_claims(conflict=conflict), _days(dates)
    if revised and chosen is None:
        chosen = quarter_ends(claims)
    with task_options(store, jobs, cluster, scheduler_file, shard) as (say, options):
        first: Options = {**options, "progress": portion(say, 0.0, 0.5) if revised else say}
        second: Options = {**options, "progress": portion(say, 0.5, 1.0)}
        result = run(
            claims,
            dates=chosen,
            common_sds=tuple(common_sds or ()),
            engine=engine,
            seed=seed,
            priors=_priors(conflict, priors),
            **first,
        )
        changes = pd.DataFrame()
        if revised:
            changes = revisions(
                claims, dates=chosen, priors=_priors(conflict, priors), engine=engine, seed=seed,
                **second,
            )  # fmt: skip
    windows = result.scores[result.scores["kind"] == "window"]
    shown = ["as_of", "common_sd", "party", "category", "scope", "start", "end", "truth"]
    shown += ["median", "lower", "upper", "ratio", "pit", "crps"]
    answer(table_text(windows[shown]))
    answer("\n" + table_text(result.summary))
    for rule, error in errors_by_rule(result.naive).items():
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

    with task_options(store, jobs, cluster, scheduler_file, shard) as (_, options):
        result = run(
            load_claims(claims, conflict=conflict),
            engine=engine,
            seed=seed,
            priors=_priors(conflict, priors),
            **options,
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


@contextmanager
def task_options(
    store: Path, jobs: int, cluster: str | None, scheduler_file: Path | None, shard: str | None
) -> Iterator[tuple[Report, Options]]:
    """Report of progress and options of `run_tasks`, in a context that runs only their shard.

    Raises
    ------
    UsageError
        The scheduler is given twice, or there is no such shard.
    """
    from lossmodel.evaluation.shards import Shard, sharded

    if cluster is not None and scheduler_file is not None:
        raise UsageError("Give the scheduler by --cluster or by --scheduler-file, not by both.")
    address = cluster if scheduler_file is None else str(scheduler_file)
    with sharded(None if shard is None else Shard.parse(shard)), progress() as say:
        yield say, {"store": store, "jobs": jobs, "cluster": address, "progress": say}


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
