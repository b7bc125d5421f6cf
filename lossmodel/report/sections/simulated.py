"""Validation on simulated wars and on replicated figures: kept results of long runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lossmodel.evaluation.kept import kept_table
from lossmodel.evaluation.targets import misses
from lossmodel.report.blocks import Block, Table, Text
from lossmodel.text.months import date
from lossmodel.text.numbers import percent

__all__ = ["simulated_blocks"]

# Groups of quantities of `posterior_sbc`, in words.
GROUPS = {
    "total": "totals",
    "bias": "ratios and coverage of claimants",
    "hyperparameter": "scales of walks and noise",
}


def simulated_blocks(
    arms: pd.DataFrame | None = None,
    revisions: dict[str, pd.DataFrame] | None = None,
    replicas: pd.DataFrame | None = None,
    calibration: pd.DataFrame | None = None,
    misspecified: pd.DataFrame | None = None,
) -> list[Block]:
    """Tables of the kept runs; those that are not kept are left out.

    Parameters
    ----------
    arms, revisions, replicas, calibration, misspecified
        Tables of `evaluation.arms`, `revisions` (by war), `posterior_sbc` and `calibration`; by
        default those that are kept.
    """
    arms = kept_table("arms") if arms is None else arms
    replicas = kept_table("posterior-sbc") if replicas is None else replicas
    if revisions is None:
        kept = {
            "the shipped war": kept_table("revisions-shipped"),
            "simulated wars": kept_table("revisions-simulated"),
        }
        revisions = {name: table for name, table in kept.items() if table is not None}
    calibration = kept_table("calibration") if calibration is None else calibration
    misspecified = kept_table("misspecified") if misspecified is None else misspecified
    found: list[Block] = [Text("Calibration on simulated wars", tone="heading")]
    if calibration is not None:
        found += _calibration(calibration)
    if misspecified is not None:
        found.append(Text(_misspecified(misspecified), lead="Misspecified wars:"))
    if arms is not None:
        found += _arms(arms)
    if revisions:
        found += _revisions(revisions)
    if replicas is not None:
        found.append(Text(_replicated(replicas), lead="Replicated figures:"))
    return found if len(found) > 1 else []


def _calibration(table: pd.DataFrame) -> list[Block]:
    words = (
        "Wars were drawn from the model, and fitted by it. Within Monte Carlo error each interval "
        "should hold as many truths as its level says; z is the distance of the truth from the "
        "posterior mean in posterior sds, with mean 0 and sd 1 if the engine is exact."
    )
    columns = ["Engine", "Total", "Wars", "In 50%", "In 80%", "In 95%", "Mean of z", "Sd of z"]
    rows = [
        [
            *(str(row["engine"]), str(row["quantity"]), f"{row['wars']:,}"),
            *(f"{row[f'covered_{level}']:.1%}" for level in (50, 80, 95)),
            *(f"{row['z_mean']:+.2f}", f"{row['z_sd']:.2f}"),
        ]
        for row in table.to_dict("records")
    ]
    caption = f"Calibration on simulated wars, computed {_days_of(table)}."
    numeric = frozenset(range(2, len(columns)))
    return [Text(words), Table("calibration", columns, rows, caption=caption, numeric=numeric)]


def _misspecified(table: pd.DataFrame) -> str:
    """How often a departure of the claims from the model is covered and noticed."""
    parts = []
    for row in table.to_dict("records"):
        noticed = row.get(f"flagged as {row['departure']}", np.nan)
        known = "" if not np.isfinite(noticed) else f", noticed by a check in {percent(noticed)}"
        name = str(row["departure"]).replace("-", " ")
        parts.append(f"{name} ({row['wars']:,}): {percent(row['covered_95'])}{known}")
    return (
        "share of truths in the 95% interval by the kind of departure of the claims from the "
        f"model, with the number of wars in brackets. {'; '.join(parts)}. Computed "
        f"{_days_of(table)}. A departure that no check notices is unknown to the reader of a fit."
    )


def _days_of(table: pd.DataFrame) -> str:
    days = sorted(set(table["computed"]))
    return f"on {' and '.join(date(pd.Timestamp(day)) for day in days)}"


def _arms(table: pd.DataFrame) -> list[Block]:
    headlines = table[table["quantity"] == "headlines"]
    words = (
        "The same simulated wars were fitted as the model assumes them (plain) and with departures "
        "that it does not know, of sizes that were fixed beforehand. Coverage is that of killed "
        "and casualties of both sides, with Monte Carlo standard errors for 95%; width is the "
        "median of the log ratio of limits, relative to the plain arm; the interval score is that "
        "of the 95% interval on the log scale, smaller is better. Flagged are the wars in which a "
        "test for misspecification stands out, as it does in some of the plain ones."
    )
    columns = ["Arm", "Wars", "In 50%", "In 80%", "In 95%", "Width", "Interval score", "Bias"]
    columns += ["Gate failed", "Flagged", "Misses its target"]
    rows = [_arm(row) for row in headlines.to_dict("records")]
    caption = "Simulated wars of another make: coverage, width and score by arm."
    numeric = frozenset(range(1, len(columns) - 1))
    return [Text(words), Table("arms", columns, rows, caption=caption, numeric=numeric)]


def _arm(row: dict[Any, Any]) -> list[str]:
    return [
        str(row["arm"]),
        f"{row['wars']:,}",
        percent(row["covered_50"]),
        percent(row["covered_80"]),
        f"{row['covered_95']:.1%} ± {row['se_95']:.1%}",
        f"{row['relative_width']:.2f}",
        f"{row['interval_score']:.2f}",
        f"{row['bias']:+.2f}",
        percent(row["gate_failed"]),
        percent(row["flagged"]),
        misses(row) or "–",
    ]


def _revisions(tables: dict[str, pd.DataFrame]) -> list[Block]:
    words = (
        "An estimate is revised when later claims are added. The promise of an interval is that "
        "the root mean square of revisions, divided by the root of the fall in variance, is one, "
        "and that they have no usual sign."
    )
    columns = ["Estimates of", "Against", "Total", "Party", "Measure", "Revisions", "Rms"]
    columns += ["Ratio without floor", "Mean", "Upwards"]
    rows = [
        [
            *(name, str(row["step"]), str(row["kind"]), str(row["party"]), str(row["measure"])),
            f"{row['revisions']:,}",
            *(f"{row['rms']:.2f}", f"{row['ratio']:.2f}", f"{row['mean']:+.2f}"),
            percent(row["up"]),
        ]
        for name, table in tables.items()
        for row in table.to_dict("records")
    ]
    caption = "Revisions by the next date's claims and by the last ones, in promised sds."
    numeric = frozenset(range(5, len(columns)))
    return [Text(words), Table("revisions", columns, rows, caption=caption, numeric=numeric)]


def _replicated(table: pd.DataFrame) -> str:
    """Posterior calibration in one paragraph."""
    by_group = table.groupby("group", sort=False)
    sds = by_group["z_sd"].agg(lambda x: float(np.sqrt(np.mean(x**2))))
    groups = ", ".join(f"{GROUPS[str(name)]} {sd:.2f}" for name, sd in sds.items())
    outside = table.loc[table["outside"] > 0, "quantity"]
    held = by_group["covered_95"].agg(["min", "max"])
    shares = ", ".join(
        f"{GROUPS[name]} {low:.0%} to {high:.0%}" for name, low, high in held.itertuples()
    )
    words = (
        f"{table['replicates'].max():,} draws of the shipped fit by the exact engine nuts were "
        "looked for by laplace, from its own figures and a second set that the model made of each "
        f"draw. The 95% intervals hold, by group: {shares}. The sd of the distance from the mean, "
        f"in posterior sds, is by group: {groups}; it is one if the engine is exact. "
    )
    words += f"The ranks of {len(outside)} of {len(table)} quantities leave their 95% band"
    return words + (f": {', '.join(outside)}." if len(outside) else ".")
