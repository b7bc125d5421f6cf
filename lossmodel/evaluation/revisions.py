"""Revisions of estimates by later evidence, in units of what the earlier intervals promise.

If a posterior is honest, the mean of the next one is a fair game: with variances V1 and V2 of the
log of a total, given the claims of two dates, the revision of its mean has expectation zero and,
where V2 does not depend on the figures, variance V1 - V2. The ratio

    z = (mean2 - mean1) / sqrt(max(V1 - V2, FLOOR * V1))

of calibrated estimates has a root mean square of one and no usual sign. Revisions of successive
dates are uncorrelated; those of several dates by one later fit are not.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims
from lossmodel.errors import UsageError
from lossmodel.evaluation.dated_totals import (
    KEYS,
    Look,
    looks_at,
    moments,
    quarter_ends,
    windows_until,
)
from lossmodel.evaluation.departures import Departures
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.evaluation.templates import Size
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors

__all__ = [
    "FLOOR",
    "revision_summary",
    "revision_table",
    "revisions",
    "simulated_revisions",
]

# Least variance of a revision, as a share of V1. Where both variances are nearly the same, their
# difference is lost in their Monte Carlo error: of 1,000 draws it is 0.06 V1. At a tenth, a change
# of a third of an sd counts as one unit.
FLOOR = 0.1
# Looks at a simulated war, at equal distances up to its last claim.
LOOKS = 4


def revisions(
    claims: Claims,
    *,
    dates: Sequence[pd.Timestamp] | None = None,
    priors: Priors | None = None,
    components: Components | None = None,
    engine: EngineName = "laplace",
    seed: int = 1,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> pd.DataFrame:
    """Revisions of a conflict's totals and yearly flows between fits at several dates.

    Parameters
    ----------
    claims
        Claims with their days of publication.
    dates
        Days at which claims are frozen; by default `quarter_ends`.
    priors, components, engine, seed
        Of the fits.
    jobs, store, cluster, progress
        See `tasks.run_tasks`.

    Returns
    -------
    DataFrame
        See `revision_table`.

    Raises
    ------
    UsageError
        There are fewer than two dates, or there is no such engine.
    """
    check_engine(engine)
    chosen = quarter_ends(claims) if dates is None else sorted(dates)
    if len(chosen) < 2:
        raise UsageError("revisions need two dates; name them with --date.")
    shared = {
        "claims": claims,
        "priors": priors,
        "components": Components() if components is None else components,
        "engine": engine,
        "seed": seed,
    }
    looks = looks_at(claims, chosen)
    arguments = [
        shared | {"look": asdict(look), "windows": windows_until(looks, look)} for look in looks
    ]
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    found = run_tasks(moments, arguments, title="fits of the revisions", **options)
    return revision_table(looks, found)


def simulated_revisions(
    seeds: Sequence[int],
    *,
    size: Size,
    departures: Departures | None = None,
    priors: Priors | None = None,
    engine: EngineName = "laplace",
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> pd.DataFrame:
    """Revisions of simulated wars, each looked at four times.

    Parameters
    ----------
    seeds, size, departures
        Of the wars, see `simulation.simulate`.
    priors
        Of the simulator and of the fits; the shipped priors by default.
    jobs, store, cluster, progress
        See `tasks.run_tasks`.

    Returns
    -------
    DataFrame
        See `revision_table`, with the column `war`.
    """
    check_engine(engine)
    shared = {
        "size": asdict(size),
        "departures": departures or Departures(),
        "priors": Priors.default() if priors is None else priors,
        "engine": engine,
    }
    arguments = [shared | {"seed": seed} for seed in seeds]
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = run_tasks(war_revisions, arguments, title="fits of the revisions", **options)
    tables = [
        pd.DataFrame(rows).assign(war=seed) for seed, rows in zip(seeds, results, strict=True)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def war_revisions(
    seed: int, size: dict[str, Any], departures: Departures, priors: Priors, engine: EngineName
) -> list[dict[Hashable, Any]]:
    """Simulate a war and look at it several times; one task of `simulated_revisions`."""
    limits = Size(**{name: tuple(value) for name, value in size.items()})
    claims = simulate(seed=seed, priors=priors, size=limits, departures=departures).claims
    first, last = claims.conflict.start, claims.table["published"].max()
    looks = looks_at(claims, list(pd.date_range(first, last, periods=LOOKS + 1)[1:].floor("D")))
    found = [
        moments(
            claims, asdict(look), windows_until(looks, look), priors, Components(), engine, seed
        )
        for look in looks
    ]
    return [dict(row) for row in revision_table(looks, found).to_dict("records")]


def revision_table(looks: Sequence[Look], found: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Revisions of each date's estimates by those of the next date and of the last one.

    Parameters
    ----------
    looks, found
        Dates in order, and the results of `moments` at each.

    Returns
    -------
    DataFrame
        One row per date, later date, window, party and measure: `as_of, later, step` (next or
        last), `kind` (total or year), `start, end, party, measure, mean, sd, later_mean, later_sd`
        (of the log), `revision` (of the mean), `z`, `floored` (whether the variance of the revision
        is the least one), `gate` (whether both fits passed).
    """
    rows = []
    for number, look in enumerate(looks[:-1]):
        own = _by_key(found[number], {tuple(window) for window in look.windows})
        for step, other in (("next", number + 1), ("last", len(looks) - 1)):
            later = _by_key(found[other])
            about: dict[str, Any] = {"as_of": look.as_of, "later": looks[other].as_of, "step": step}
            about["gate"] = bool(found[number]["gate"] and found[other]["gate"])
            rows += [
                about | dict(zip(KEYS, key, strict=True)) | _revised(one, later[key])
                for key, one in own.items()
                if key in later
            ]
    return pd.DataFrame(rows)


def revision_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Root mean square and sign of revisions, by step and kind, party and measure.

    Returns
    -------
    DataFrame
        `step, kind, party, measure` (all for the pooled ones), `revisions`, `rms` and `mean` of z,
        `up` (share of revisions upwards), `floored` (share at the least variance), `ratio`: the
        root of the sum of squared revisions over the sum of V1 - V2, both relative to V1. It is one
        for honest estimates, too, and has no floor, which lowers the rms where it is frequent; NaN
        where variances do not fall.

    Examples
    --------
    >>> about = {"step": "next", "kind": "total", "party": "north", "measure": "killed"}
    >>> about |= {"floored": False, "sd": 2.0, "later_sd": 0.0}
    >>> table = pd.DataFrame([about | {"z": z, "revision": 2 * z} for z in (3.0, -4.0)])
    >>> found = revision_summary(table)
    >>> found["rms"].round(2).tolist(), found["party"].tolist(), found["up"].tolist()
    ([3.54, 3.54], ['all', 'north'], [0.5, 0.5])
    """
    if table.empty:
        return pd.DataFrame()
    lines = []
    for (step, kind), rows in table.groupby(["step", "kind"], sort=False):
        groups = {("all", "all"): rows} | dict(iter(rows.groupby(["party", "measure"])))
        for (party, measure), part in groups.items():
            z = part["z"].to_numpy()
            lines.append(
                {
                    **{"step": step, "kind": kind, "party": party, "measure": measure},
                    **{"revisions": len(z), "rms": float(np.sqrt(np.mean(z**2)))},
                    **{"mean": float(z.mean()), "up": float(np.mean(z > 0))},
                    **{"floored": float(part["floored"].mean()), "ratio": _ratio(part)},
                }
            )
    return pd.DataFrame(lines)


def _ratio(rows: pd.DataFrame) -> float:
    promised = float(np.sum(1 - (rows["later_sd"] / rows["sd"]) ** 2))
    squared = float(np.sum((rows["revision"] / rows["sd"]) ** 2))
    return float(np.sqrt(squared / promised)) if promised > 0 else float("nan")


def _revised(one: Mapping[str, float], later: Mapping[str, float]) -> dict[str, Any]:
    left = one["variance"] - later["variance"]
    least = FLOOR * one["variance"]
    revision = later["mean"] - one["mean"]
    return {
        **{"mean": one["mean"], "sd": float(np.sqrt(one["variance"]))},
        **{"later_mean": later["mean"], "later_sd": float(np.sqrt(later["variance"]))},
        **{"revision": revision, "z": float(revision / np.sqrt(max(left, least)))},
        "floored": bool(left < least),
    }


def _by_key(
    found: Mapping[str, Any], windows: set[tuple[str, ...]] | None = None
) -> dict[tuple[str, ...], dict[str, float]]:
    return {
        tuple(row[name] for name in KEYS): {n: row[n] for n in ("mean", "variance")}
        for row in found["rows"]
        if windows is None or (row["kind"], row["start"], row["end"]) in windows
    }
