"""Checks that the numbers that a report prints are those of its fit.

The report is made again from the fit beside it, without its pictures, and compared number by
number: pages, Markdown, TeX and the tables in CSV. The PDF is set from the content of the page,
and figures are drawn from the tables; neither is read, but only compared with the manifest. A fit
on disk has the draws to seven digits, so a number that the printing rule would round otherwise for
a change in the sixth digit is accepted both ways.
"""

from __future__ import annotations

import html.parser
import io
import itertools
import json
import re
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel import __version__
from lossmodel.api import load_fit
from lossmodel.errors import UsageError
from lossmodel.posterior.tables import with_tables
from lossmodel.report.composing import compose
from lossmodel.report.figures.figures import pictures_of
from lossmodel.report.manifest import changed_files, foreign_files, read_manifest
from lossmodel.report.output.html import to_html
from lossmodel.report.output.latex import tex_files
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from lossmodel.report.tablefiles import csv_text
from lossmodel.text.escape import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lossmodel.api import Fit

__all__ = ["verify_report"]

TABLES: Final = {f"{name}.csv": name for name in ("estimates", "biases", "claims")}
OF_FIT: Final = ("terms", "variance_decomposition", "local_prior_sensitivity")  # tables of fit
PRECISION: Final = 2e-6
LONGEST: Final = 2_000  # passages that are worth matching one by one
SHOWN: Final = 20  # problems of a file; nobody reads more
PICTURE: Final = '<svg xmlns="http://www.w3.org/2000/svg"/>'
# A comma or a dot belongs to a number only between digits, as does TeX's thin space.
_NUMBER: Final = re.compile(r"\d+(?:(?:[.,]|\\,)\d+)*\s?\\?%?")
_UNSEEN: Final = ("script", "style", "svg")

Passages = list[str]


def verify_report(path: str | Path) -> list[str]:
    """Compare a report's printed numbers with the fit beside it.

    Parameters
    ----------
    path
        A report's folder, or one file of it: HTML, Markdown, TeX or CSV.

    Returns
    -------
    list
        What does not agree, a sentence each; empty where everything does.

    Raises
    ------
    UsageError
        There is no report, or the file is not one that a report has.
    """
    path = Path(path)
    folder = _folder(path)
    fit = load_fit(folder / "fit.nc")
    problems = list(_provenance(fit, folder))
    reports = _Reports(fit)
    names = reports.names if path.is_dir() else [path.relative_to(folder).as_posix()]
    if not path.is_dir() and names[0] not in reports.names:
        raise UsageError(
            f"{path} is none of the files that can be checked: {', '.join(reports.names)}."
        )
    there = [name for name in names if (folder / name).is_file()]
    problems += [f"{name} is missing." for name in names if name not in there]
    if path.is_dir():
        problems += _unlike_manifest(folder, read=names)
    for name in there:
        if name in TABLES:
            different = _unlike_cells(getattr(reports.results, TABLES[name]), folder / name)
        else:
            different = _differences(reports, name, (folder / name).read_text(encoding="utf-8"))
        problems += [f"{name}: {problem}" for problem in different]
    return problems


def _unlike_manifest(folder: Path, *, read: Sequence[str]) -> Iterator[str]:
    """Files that are not as they were written, those aside whose numbers are read."""
    listed = read_manifest(folder) or {}
    # The provenance is compared with the fit's.
    rest = {n: file for n, file in listed.items() if n not in (*read, "provenance.json")}
    links = set(foreign_files(folder, listed)) & rest.keys()
    for name in sorted(rest):
        if name in links:
            yield f"{name} is a link and not the file that was written."
        elif not (folder / name).is_file():
            yield f"{name} is missing."
    unlinked = {n: file for n, file in rest.items() if n not in links}
    for name in changed_files(folder, unlinked):
        yield f"{name} was changed since it was written."


def _unlike_cells(table: pd.DataFrame, path: Path) -> Iterator[str]:
    """Cells of a CSV file that are not the fit's."""
    expected = _as_read(io.StringIO(csv_text(table)))
    try:
        found = _as_read(path)
    except (ValueError, UnicodeDecodeError) as problem:
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
        cell, own = (_short(str(t[name].iloc[row])) for t in (found, expected))
        # The header is on line 1.
        yield f"{name} on line {row + 2} is {cell or 'empty'} and should be {own or 'empty'}."
    if len(cells) > SHOWN:
        yield f"and {len(cells) - SHOWN} more such cells."


def _as_read(source: Path | io.StringIO) -> pd.DataFrame:
    return pd.read_csv(source, dtype=str, keep_default_na=False)


def _folder(path: Path) -> Path:
    """The folder that holds the fit, which for a table is the one above."""
    if not path.exists():
        raise UsageError(f"{path}: there is no such report.")
    for folder in (path,) if path.is_dir() else (path.parent, path.parent.parent):
        if (folder / "fit.nc").is_file():
            return folder
    raise UsageError(f"There is no fit.nc beside {path}, so its numbers cannot be checked.")


def _provenance(fit: Fit, folder: Path) -> Iterator[str]:
    """Whether the provenance on disk is that of the fit."""
    try:
        named = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        yield f"provenance.json cannot be read: {one_line(str(problem))}"
        return
    own = json.loads(json.dumps(fit.provenance, default=str))
    if not isinstance(named, dict):
        yield "provenance.json is not of a report."
        return
    different = sorted(k for k in {*named, *own} if named.get(k) != own.get(k))
    if different:
        yield f"provenance.json names another fit than fit.nc: {', '.join(different)} differ."
    made_by = (own.get("versions") or {}).get("lossmodel") or __version__
    if made_by != __version__:
        yield f"The report is of version {made_by}; this is {__version__}, which may word it anew."


class _Reports:
    """The files of a report as they should be."""

    def __init__(self, fit: Fit) -> None:
        self.results = Results(fit)
        self._made: dict[float, dict[str, str]] = {}

    @property
    def names(self) -> list[str]:
        return [*self.made(1.0), *TABLES]

    def made(self, factor: float) -> dict[str, str]:
        """All files, from tables that are multiplied by a number close to one."""
        if factor not in self._made:
            results = self.results if factor == 1 else _nudged(self.results, factor)
            pictures = pictures_of(results)
            document = compose(results, pictures)
            blank = {p.name: PICTURE for p in itertools.chain(*pictures.values())}
            self._made[factor] = {
                "report.html": to_html(document, blank),
                "report.md": to_markdown(document),
                **tex_files(results),
            }
        return self._made[factor]


def _nudged(results: Results, factor: float) -> Results:
    """The same tables, all their numbers a little larger or smaller."""
    own = {name: _scaled(getattr(results.fit, name), factor) for name in OF_FIT}
    given = {name: _scaled(getattr(results, name), factor) for name in TABLES.values()}
    return Results(with_tables(results.fit, own), given)


def _scaled(table: pd.DataFrame, factor: float) -> pd.DataFrame:
    numbers = [c for c in table.select_dtypes("float").columns if c != "ci_prob"]
    return table.assign(**{name: table[name] * factor for name in numbers})


def _differences(reports: _Reports, name: str, found: str) -> Iterator[str]:
    passages = _passages(name, found)
    expected = _passages(name, reports.made(1.0)[name])
    if _all_numbers(passages) == _all_numbers(expected):
        return
    near = [_passages(name, reports.made(f)[name]) for f in (1 - PRECISION, 1 + PRECISION)]
    pairs = list(_unlike(passages, [expected, *near]))
    for said, should in pairs[:SHOWN]:
        yield _sentence(said, should)
    if len(pairs) > SHOWN:
        yield f"and {len(pairs) - SHOWN} more such passages."


def _sentence(said: str, should: str) -> str:
    """Say which numbers are not right, and in what passage."""
    pairs = list(itertools.zip_longest(_numbers(said), _numbers(should), fillvalue="nothing"))
    wrong = [f"{a} should be {b}" for a, b in pairs if a != b]
    if len(wrong) > len(pairs) / 2 or len(wrong) > 4:
        return f"“{_short(said)}” should be “{_short(should)}”."
    return f"{', '.join(wrong)} in “{_short(said)}”."


def _unlike(found: Passages, variants: Sequence[Passages]) -> Iterator[tuple[str, str]]:
    """Passages whose numbers are in no variant, and what should stand there."""
    expected = variants[0]
    aligned = all(len(found) == len(variant) for variant in variants)
    if aligned:
        for said, *should in zip(found, *variants, strict=True):
            if not _same(_numbers(said), [_numbers(text) for text in should]):
                yield said, should[0]
        return
    yield from _moved(found, expected)


def _moved(found: Passages, expected: Passages) -> Iterator[tuple[str, str]]:
    """Differences of two files of which one has passages that the other has not."""
    # Passages without numbers are all alike, and would make the search for a match very long.
    said, should = ([p for p in side if _numbers(p)] for side in (found, expected))
    new, old = ([tuple(_numbers(p)) for p in side] for side in (said, should))
    first = _common(new, old)
    last = min(_common(new[::-1], old[::-1]), len(new) - first, len(old) - first)
    said, should = said[first : len(said) - last], should[first : len(should) - last]
    new, old = new[first : len(new) - last], old[first : len(old) - last]
    if max(len(new), len(old)) > LONGEST:
        yield " / ".join(said), " / ".join(should)
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield " / ".join(said[c:d]), " / ".join(should[a:b])


def _common(one: Sequence[object], other: Sequence[object]) -> int:
    """How many elements at the start are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _same(said: list[str], variants: list[list[str]]) -> bool:
    """Whether each number is as in one of the variants, which differ in the last digit at most."""
    if any(len(said) != len(variant) for variant in variants):
        return said in variants
    return all(number in allowed for number, *allowed in zip(said, *variants, strict=True))


def _numbers(text: str) -> list[str]:
    return [re.sub(r"\s", "", number) for number in _NUMBER.findall(text)]


def _all_numbers(passages: Passages) -> list[list[str]]:
    return [_numbers(text) for text in passages]


def _passages(name: str, text: str) -> Passages:
    """Pieces of a file that the reader sees: text of a page, lines of the others."""
    if not name.endswith(".html"):
        return [line for line in text.splitlines() if line.strip()]
    reader = _Seen()
    reader.feed(text)
    reader.close()
    return reader.passages


class _Seen(html.parser.HTMLParser):
    """Collects the text of a page, paragraph by paragraph and cell by cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.passages: Passages = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in _UNSEEN

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.passages.append(data.strip())


def _short(text: str, width: int = 160) -> str:
    """One line of a passage, its end left off where it is long."""
    line = " ".join(one_line(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"
