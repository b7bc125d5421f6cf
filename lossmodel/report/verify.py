"""Verification that the numbers in a report are those of its fit.

The report is computed again from the saved fit, without figures, and compared number by number:
HTML, Markdown, TeX and CSV. PDF and figures are only compared with the hashes in the manifest. A
saved fit has its draws to seven digits, so both roundings are accepted for a number that a change
in its sixth digit would round differently. Totals of an earlier fit, in a section on what changed,
are compared with ``changes.csv``.
"""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lossmodel import __version__
from lossmodel.api import load_fit
from lossmodel.errors import LossModelError, UsageError
from lossmodel.evaluation.explanation import read_explanation
from lossmodel.posterior.tables import with_tables
from lossmodel.report.changes import read_changes
from lossmodel.report.differences import differences
from lossmodel.report.document import compose
from lossmodel.report.figures.data import download
from lossmodel.report.figures.explore import exploration
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.folder import csv_text
from lossmodel.report.manifest import changed_files, foreign_files, read_manifest
from lossmodel.report.output.html import to_html
from lossmodel.report.output.latex import tex_files
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.passages import (
    describe_difference,
    differing_passages,
    numbers_in,
    split_passages,
    where_they_differ,
)
from lossmodel.report.results import Results
from lossmodel.report.write import provenance_of
from lossmodel.tables.files import is_there, read_text
from lossmodel.text.escape import one_line
from lossmodel.text.said import PRECISION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lossmodel.api import Fit
    from lossmodel.evaluation.explanation import Explanation
    from lossmodel.report.changes import Changes

__all__ = ["is_report_file", "nudged", "verify_report"]

TABLES: Final = {f"{name}.csv": name for name in ("estimates", "biases", "claims")}
# Tables of the fit itself.
OF_FIT: Final = ("terms", "variance_decomposition", "local_prior_sensitivity", "row_influence")
SHOWN: Final = 20  # problems shown per file
EMPTY_SVG: Final = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def verify_report(path: str | Path, *, cache: bool = False) -> list[str]:
    """Compare the numbers in a report with its fit.

    Parameters
    ----------
    path
        The folder of a report, or one HTML, Markdown, TeX or CSV file of it.
    cache
        As for `load_fit`.

    Returns
    -------
    list of str
        One sentence per difference; empty if everything agrees.

    Raises
    ------
    UsageError
        There is no report, or the file is not part of one.
    """
    path = Path(path)
    folder = _folder(path)
    fit = load_fit(folder / "fit.nc", cache=cache)
    problems = list(_provenance(fit, folder))
    reports = _Reports(fit, folder, read_changes(folder, fit), read_explanation(folder, fit))
    names = reports.names if path.is_dir() else [path.relative_to(folder).as_posix()]
    if not path.is_dir() and names[0] not in reports.names:
        raise UsageError(
            f"{path} is none of the files that can be checked: {', '.join(reports.names)}."
        )
    there = [name for name in names if is_there(folder / name)]
    if there or fit.diagnostics["gate"]["passed"]:
        problems += [f"{name} is missing." for name in names if name not in there]
    else:
        problems.append(
            "The gate of the fit did not pass, so that no report was written: docs/checks.md says "
            "how to go on."
        )
    if path.is_dir():
        problems += _manifest_differences(folder, read=names)
    for name in there:
        if name in TABLES:
            different = _cell_differences(getattr(reports.results, TABLES[name]), folder / name)
        else:
            different = _differences(reports, name, read_text(folder / name))
        problems += [f"{name}: {problem}" for problem in different]
    return problems


def is_report_file(path: Path) -> bool:
    """Whether a path is a report folder, or a file of one that is written anew to be compared.

    Other files, also those beside a fit, are documents that quote it.
    """
    if path.is_dir():
        return True
    return any(
        is_there(folder / "fit.nc") and _is_written(path.relative_to(folder).as_posix())
        for folder in (path.parent, path.parent.parent)
    )


def _is_written(name: str) -> bool:
    pages = {"report.html", "report.md", "numbers.tex", *TABLES}
    return name in pages or (name.startswith("tables/") and name.endswith(".tex"))


def _manifest_differences(folder: Path, *, read: Sequence[str]) -> Iterator[str]:
    """Files that were changed since they were written, except those whose numbers are read."""
    listed = read_manifest(folder) or {}
    # The provenance is compared with that of the fit.
    rest = {n: file for n, file in listed.items() if n not in (*read, "provenance.json")}
    links = set(foreign_files(folder, listed)) & rest.keys()
    for name in sorted(rest):
        if name in links:
            yield f"{name} is a link, not the file that was written."
        elif not (folder / name).is_file():
            yield f"{name} is missing."
    unlinked = {n: file for n, file in rest.items() if n not in links}
    for name in changed_files(folder, unlinked):
        yield f"{name} was changed since it was written."


def _cell_differences(table: pd.DataFrame, path: Path) -> Iterator[str]:
    """Cells of a CSV file that differ from the fit."""
    own = csv_text(table)
    try:
        text = read_text(path)
        # As a rule they are the same text.
        if text == own:
            return
        expected, found = (_as_read(io.StringIO(each)) for each in (own, text))
    except ValueError as problem:
        yield f"it cannot be read: {one_line(str(problem))}"
        return
    if len(found) != len(expected) or not set(expected.columns) <= set(found.columns):
        yield (
            f"{len(found):,} rows of {', '.join(found.columns)} should be {len(expected):,} of "
            f"{', '.join(expected.columns)}."
        )
        return
    numbers = set(table.select_dtypes("float").columns)
    cells = []
    for name in expected.columns:
        same = found[name].to_numpy() == expected[name].to_numpy()
        if name in numbers and not same.all():
            said, should = (pd.to_numeric(t[name], errors="coerce") for t in (found, expected))
            same |= np.isclose(said.to_numpy(), should.to_numpy(), rtol=PRECISION, atol=0.0)
        cells += [(int(row), name) for row in np.flatnonzero(~same)]
    for row, name in sorted(cells)[:SHOWN]:
        cell, own = where_they_differ(str(found[name].iloc[row]), str(expected[name].iloc[row]))
        # The header is on line 1.
        yield f"{name} on line {row + 2} is {cell or 'empty'} and should be {own or 'empty'}."
    if len(cells) > SHOWN:
        yield f"and {len(cells) - SHOWN} more such cells."


def _as_read(source: io.StringIO) -> pd.DataFrame:
    return pd.read_csv(source, dtype=str, keep_default_na=False)


def _folder(path: Path) -> Path:
    """The folder with the fit, which for files in subfolders is the parent."""
    if not is_there(path):
        raise UsageError(f"{path}: there is no such report.")
    for folder in (path,) if path.is_dir() else (path.parent, path.parent.parent):
        if is_there(folder / "fit.nc"):
            return folder
    raise UsageError(f"There is no fit.nc beside {path}, so its numbers cannot be checked.")


def _provenance(fit: Fit, folder: Path) -> Iterator[str]:
    """Differences between the provenance on disk and that of the fit."""
    try:
        named = json.loads(read_text(folder / "provenance.json"))
    except (UsageError, ValueError, RecursionError) as problem:
        yield f"provenance.json cannot be read: {one_line(str(problem))}"
        return
    own = json.loads(json.dumps(provenance_of(fit), default=str))
    if not isinstance(named, dict):
        yield "provenance.json is not that of a report."
        return
    different = sorted(k for k in {*named, *own} if named.get(k) != own.get(k))
    if different:
        yield f"provenance.json names another fit than fit.nc: {', '.join(different)} differ."
    made_by = (own.get("versions") or {}).get("lossmodel") or __version__
    if made_by != __version__:
        yield f"The report is by version {made_by}; version {__version__} may word it differently."


class _Reports:
    """Files of a report, computed from the fit."""

    def __init__(
        self,
        fit: Fit,
        folder: Path,
        changes: Changes | None = None,
        explanation: Explanation | None = None,
    ) -> None:
        self.results = Results(fit)
        self.folder = folder
        self.changes = changes
        self.explanation = explanation
        self._made: dict[float, dict[str, str]] = {}

    @property
    def names(self) -> list[str]:
        return [*self.made(1.0), *TABLES]

    def _figure(self, name: str) -> str:
        try:
            return read_text(self.folder / "figures" / f"{name}.svg")
        except LossModelError:  # the manifest says so
            return EMPTY_SVG

    def made(self, factor: float) -> dict[str, str]:
        """All files, with numbers multiplied by a factor close to one."""
        if factor not in self._made:
            results = self.results if factor == 1 else nudged(self.results, factor)
            specs = figure_specs(results)
            document = compose(results, specs, self.changes, self.explanation)
            drawn = [spec for spec in itertools.chain(*specs.values()) if spec.draw]
            # Figures are not read, but with them the page is the same text as a rule.
            svg = {spec.name: self._figure(spec.name) for spec in drawn}
            data = {spec.name: download(spec.data(results)) for spec in drawn if spec.data}
            self._made[factor] = {
                "report.html": to_html(document, svg, data, exploration(results, drawn)),
                "report.md": to_markdown(document),
                **tex_files(results),
            }
        return self._made[factor]


def nudged(results: Results, factor: float) -> Results:
    """The same tables, all their numbers a little larger or smaller."""
    own = {name: _scaled(getattr(results.fit, name), factor) for name in OF_FIT}
    given = {name: _scaled(getattr(results, name), factor) for name in TABLES.values()}
    given["differences"] = _scaled(differences(results), factor)
    if len(results.sums):
        given["sums"] = _scaled(results.sums, factor)
    return Results(with_tables(results.fit, own), given)


def _scaled(table: pd.DataFrame, factor: float) -> pd.DataFrame:
    numbers = [c for c in table.select_dtypes("float").columns if c != "ci_prob"]
    return table.assign(**{name: table[name] * factor for name in numbers})


def _differences(reports: _Reports, name: str, found: str) -> Iterator[str]:
    # As a rule they are the same text.
    if found == reports.made(1.0)[name]:
        return
    passages = split_passages(name, found)
    expected = split_passages(name, reports.made(1.0)[name])
    if list(map(numbers_in, passages)) == list(map(numbers_in, expected)):
        return
    near = [split_passages(name, reports.made(f)[name]) for f in (1 - PRECISION, 1 + PRECISION)]
    pairs = list(differing_passages(passages, [expected, *near]))
    for said, should in pairs[:SHOWN]:
        yield describe_difference(said, should)
    if len(pairs) > SHOWN:
        yield f"and {len(pairs) - SHOWN} more such passages."
