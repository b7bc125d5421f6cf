"""Estimates and draws as Parquet, for analyses that need every number or the joint posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.estimates import calendar
from lossmodel.posterior.rates import rates
from lossmodel.report.output.packed import optional

if TYPE_CHECKING:
    from pathlib import Path

    from lossmodel.api import Fit
    from lossmodel.report.results import Key, Results

__all__ = ["write_parquet"]


def write_parquet(results: Results, folder: Path) -> None:
    """Write ``estimates.parquet`` and ``draws.parquet``.

    ``draws.parquet`` has a row per draw, series and calendar month, clipped at both ends: `draw,
    party, category, scope, start, end, losses`. Losses of months are added up within a draw. Draws
    of one submodel belong together; those of two, such as persons and tanks, are independent. Both
    tables of a fit that did not pass its gate have a column ``gate`` that says so.

    Raises
    ------
    UsageError
        pyarrow is not installed.
    """
    arrow = optional("pyarrow", "parquet", "Parquet")
    files = optional("pyarrow.parquet", "parquet", "Parquet")
    fit = results.fit
    about = {
        b"lossmodel": f"fit {fit_hash(fit)}".encode(),
        b"gate": b"passed" if fit.diagnostics["gate"]["passed"] else b"not passed",
    }
    marked = results.estimates.assign(**results.mark)
    estimates = arrow.Table.from_pandas(marked, preserve_index=False)
    draws = arrow.concat_tables([_months(arrow, fit, key) for key in fit.series])
    draws = draws.unify_dictionaries()
    for name, word in results.mark.items():
        draws = draws.append_column(name, _repeated(arrow, word, draws.num_rows))
    for name, table in (("estimates", estimates), ("draws", draws)):
        path = folder / f"{name}.parquet"
        files.write_table(table.replace_schema_metadata(about), path, compression="zstd")


def _months(arrow: Any, fit: Fit, key: Key) -> Any:
    """Losses of a series by month in each draw."""
    months = calendar(fit.days, "monthly")
    losses = rates(fit, *key).sums(months.first)
    count, many = losses.shape
    columns = {"draw": arrow.array(np.repeat(np.arange(count, dtype=np.int32), many))}
    for name, value in zip(("party", "category", "scope"), key, strict=True):
        columns[name] = _repeated(arrow, value, losses.size)
    for name, days in (("start", months.start), ("end", months.end)):
        every = np.tile(days.to_numpy().astype("datetime64[D]"), count)
        columns[name] = arrow.array(every, arrow.date32())
    return arrow.table(columns | {"losses": arrow.array(np.ravel(losses))})


def _repeated(arrow: Any, word: str, count: int) -> Any:
    """A column with one word in all rows."""
    same = arrow.array(np.zeros(count, dtype=np.int32))
    return arrow.DictionaryArray.from_arrays(same, arrow.array([word]))
