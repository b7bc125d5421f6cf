"""One simulated war and its fit: a task of `calibration` and of `arms`.

It is a module of its own, as a change of the code that it imports has all wars fitted anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossmodel.api import fit
from lossmodel.defaults import CI_PROB
from lossmodel.errors import LossModelError
from lossmodel.evaluation.departures import Departures
from lossmodel.evaluation.misspecification import MisspecificationKind
from lossmodel.evaluation.predictive_checks import misspecification_statistics
from lossmodel.evaluation.scores import central_interval, interval_score, percent_name
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.templates import Size
from lossmodel.inference.names import EngineName
from lossmodel.model.priors import Priors
from lossmodel.tables.categories import COUNTED

__all__ = ["replicate"]

Floats = NDArray[np.float64]
QUANTITIES = tuple((category, party) for party in ("north", "south") for category in COUNTED)
# Four chains of 150 draws: the ranks are compared at 99 levels, and a hundred effective draws are
# enough for those, not the thousand of the gate.
SHORT: dict[str, Any] = {"nuts": {"draws": 150, "patience": 0.0}}


def replicate(
    seed: int,
    engine: EngineName,
    priors: Priors,
    size: dict[str, Any],
    misspecifications: Sequence[MisspecificationKind],
    levels: Sequence[float],
    departures: Departures | None = None,
) -> dict[str, Any]:
    """Simulate and fit one war; one task of `calibrate` and of `arms.score_arms`.

    Returns
    -------
    dict
        The columns of `Calibration.replicates`, those of the quantities in a list `quantities`; or
        `seed` and `error` where the fit failed.
    """
    limits = Size(**{name: tuple(value) for name, value in size.items()})
    try:
        war = simulate(
            seed=seed, priors=priors, size=limits, misspecifications=misspecifications,
            departures=departures,
        )  # fmt: skip
        fitted = fit(war.claims, priors=priors, engine=engine, seed=seed, **SHORT.get(engine, {}))
    except (LossModelError, np.linalg.LinAlgError) as error:
        return {"seed": seed, "error": f"{type(error).__name__}: {error}"}
    found = []
    for category, party in QUANTITIES:
        logs = np.log(fitted.daily(party, category)[:, : len(fitted.days)].sum(axis=1))
        path = war.paths[0].losses(party, category)[: len(fitted.days)].sum()
        found.append(_ranked(f"{category} {party}", logs, float(np.log(path)), levels))
    return {
        "seed": seed,
        "days": len(fitted.days),
        "claims": len(war.claims),
        "claimants": int(war.claims.table["claimant"].nunique()),
        "broken": [departure.kind for departure in war.misspecifications],
        "gate": bool(fitted.diagnostics["gate"]["passed"]),
        "statistics": misspecification_statistics(fitted),
        "quantities": found,
    }


def _ranked(name: str, logs: Floats, truth: float, levels: Sequence[float]) -> dict[str, Any]:
    lower, upper = central_interval(logs, CI_PROB)
    found: dict[str, Any] = {
        "quantity": name,
        "rank": float(np.mean(logs < truth)),
        "truth": truth,
        "median": float(np.median(logs)),
        "sd": float(logs.std(ddof=1)),
        "width": float(upper - lower),
        "interval_score": interval_score(lower, upper, truth, CI_PROB),
    }
    for level in levels:
        low, high = central_interval(logs, level)
        found[f"covered_{percent_name(level)}"] = bool(low <= truth <= high)
    return found
