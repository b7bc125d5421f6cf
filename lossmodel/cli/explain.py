"""The command that refits under other assumptions: explain."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from lossmodel.cli.app import (
    KEPT,
    REPORT,
    Cluster,
    FitPath,
    Jobs,
    SchedulerFile,
    ShardOf,
    Store,
    app,
)
from lossmodel.cli.console import answer
from lossmodel.cli.evaluation import task_options
from lossmodel.cli.fits import folder_of, read_fit
from lossmodel.system.destination import check_writable

if TYPE_CHECKING:
    from lossmodel.api import Fit
    from lossmodel.evaluation.explanation import Explanation


@app.command()
def explain(
    fit: FitPath = REPORT,
    store: Store = KEPT,
    jobs: Jobs = -1,
    cluster: Cluster = None,
    scheduler_file: SchedulerFile = None,
    shard: ShardOf = None,
) -> None:
    """Refit a saved fit under other assumptions, for its report."""
    from lossmodel.evaluation.explain import explain as run
    from lossmodel.evaluation.explanation import FILE, read_explanation
    from lossmodel.report.manifest import list_file
    from lossmodel.report.wording import headline_keys

    with task_options(store, jobs, cluster, scheduler_file, shard) as (say, options):
        say("reading the fit")
        fitted = read_fit(fit)
        folder = folder_of(fit)
        found = read_explanation(folder, fitted)
        if found is None:
            check_writable(folder, folder)  # before the work
            found = run(fitted, headline_keys(fitted), options)
            found.save(folder)
            list_file(folder, FILE)
    answer(_text(found, fitted))
    answer(f"kept in {folder / FILE}; next: lossmodel report --fit {quote(str(fit))}")


def _text(found: Explanation, fitted: Fit) -> str:
    """The totals of each refit, a line per assumption and value."""
    from lossmodel.report.dial import changes_table

    table = changes_table(found, fitted)
    lines = []
    for assumption, *totals in table.rows:
        lines.append(f"{assumption}:")
        names = table.columns[1:]
        lines += [f"  {name}  {total}" for name, total in zip(names, totals, strict=True)]
    return "\n".join(lines)
