"""Estimates as JSON files at fixed paths, which a web server can hand out as they are."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from lossmodel import __version__
from lossmodel.posterior.citation import cite, fit_hash
from lossmodel.posterior.estimates import CI_KIND, STATISTICS
from lossmodel.query.evaluate import claims_sha256
from lossmodel.report.output.crate import LICENCE
from lossmodel.report.wording import category_title, estimate_text, interval, party_title
from lossmodel.text.escape import file_name, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lossmodel.api import Fit
    from lossmodel.report.results import Results

__all__ = ["write_static_api"]

# Raised when a key changes its meaning or goes.
FORMAT: Final = 1


def write_static_api(results: Results, folder: Path) -> None:
    """Write ``api/totals.json`` and ``api/series/<party>/<category>.json``.

    Every file has the same keys about the fit: title, days, level of the intervals, engine,
    checksums, licence, how to cite. Numbers are those of ``estimates.csv``, and their texts those
    of the report. Sums of parties that figures are of have files, too. What is not finite is null.
    """
    about, fit = _about(results.fit), results.fit
    totals = [
        {
            **_names(fit, *key),
            **_row(results.total(key)),
            "engine": rows["engine"].iloc[-1],
            "series": _place(*key[:2]),
        }
        for key, rows in results.cumulative.items()
    ]
    _write(folder / "api" / "totals.json", about | {"totals": totals})
    groups = results.every.groupby(["party", "category"], sort=False)
    for (party, category), table in groups:
        series = []
        for scope, rows in table.groupby("scope", sort=False):
            measures = {
                str(measure): [_row(row) for row in some.to_dict("records")]
                for measure, some in rows.groupby("measure", sort=False)
            }
            names = _names(fit, str(party), str(category), str(scope))
            series.append(names | {"engine": rows["engine"].iloc[0]} | measures)
        _write(folder / "api" / _place(str(party), str(category)), about | {"series": series})


def _about(fit: Fit) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "conflict": fit.conflict.name,
        "title": one_line(fit.conflict.title),
        "start": _day(fit.days[0]),
        "end": _day(fit.days[-1]),
        "ci_prob": fit.ci_prob,
        "ci_kind": CI_KIND,
        "gate": "passed" if fit.diagnostics["gate"]["passed"] else "not passed",
        "fit_sha256": fit_hash(fit),
        "claims_sha256": claims_sha256(fit),
        "version": __version__,
        "license": LICENCE,
        "cite": cite(fit),
    }


def _names(fit: Fit, party: str, category: str, scope: str) -> dict[str, str]:
    return {
        "party": party,
        "party_title": one_line(party_title(fit.conflict, party)),
        "category": category,
        "category_title": one_line(category_title(fit, category)),
        "scope": scope,
    }


def _row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Days, numbers and texts of a row of ``estimates.csv``."""
    numbers = {name: float(row[name]) for name in STATISTICS}
    return {
        "start": _day(row["start"]),
        "end": _day(row["end"]),
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "median_text": estimate_text(row),
        "interval_text": interval(row),
    }


def _day(day: Any) -> str:
    return f"{day:%Y-%m-%d}"


def _place(party: str, category: str) -> str:
    """Path of a series below the folder of the interface; any names give a safe one."""
    return f"series/{file_name(party)}/{file_name(category)}.json"


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
