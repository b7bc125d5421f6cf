"""Latent paths of a block: rates, lethality and the share of the dead who are missing.

A block is what is fitted together: all persons of all parties, or one class of equipment.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.durations import FORTNIGHT, HALF_YEAR, QUARTER
from lossmodel.model.components import Components
from lossmodel.model.design.grid import Floats, Grid, Ints, interpolate, knot_positions
from lossmodel.model.design.parameters import Linear, ParameterisationBuilder
from lossmodel.model.design.scopes import ScopeShare, build_scopes
from lossmodel.model.priors import Priors

__all__ = ["LatentProcesses", "build_latent"]

# Days over which a walk's prior sd is meant.
WALK_DAYS = {"rate": FORTNIGHT, "lethality": QUARTER, "missing": HALF_YEAR}


@dataclass(frozen=True)
class LatentProcesses:
    """Where the daily paths of a block come from.

    Attributes
    ----------
    parties
        The P base parties of the block.
    main
        Those whose totals are its headlines: the first one of each side, civilians aside.
    rate, lethality, missing
        Rows of the path map of each party; -1 where a party has none.
    rate_knots
        Party -> (positions in days, rows of v).
    active
        Shape (P, T): share of each cell's days on which a party can have losses.
    scopes
        Shares after the first one, ``all``; a scope's parent stands before it.
    """

    parties: tuple[str, ...]
    main: tuple[str, ...]
    rate: Ints
    lethality: Ints
    missing: Ints
    rate_knots: dict[str, tuple[Floats, Ints]]
    lethality_knots: dict[str, tuple[Floats, Ints]]
    missing_knots: dict[str, tuple[Floats, Ints]]
    active: Floats
    scopes: tuple[ScopeShare, ...]
    scope_index: dict[tuple[str, str], int]


def fill_path(linear: Linear, *, row: int, grid: Grid, knots: tuple[Floats, Ints]) -> None:
    """Fill one row of the map: T cells interpolated between knots."""
    positions, rows = knots
    left, right, weight = interpolate(positions, grid.middles)
    base = row * grid.cells + np.arange(grid.cells)
    linear.add(base, rows[left], 1 - weight)
    linear.add(base, rows[right], weight)


def centre(terms: pd.DataFrame, lethality: float) -> float:
    """Log daily rate in the middle of what the claims of one party say.

    Only a place to start from: the level's prior is wide (``rate.level``).
    """
    share = terms["category"].map({"killed": lethality, "wounded": 1 - lethality}).fillna(1.0)
    figure = terms[["value", "low", "high"]].bfill(axis=1).iloc[:, 0].clip(lower=0.5)
    logs = np.log(figure / terms["n_days"] / share).to_numpy()
    return float(np.median(logs[np.isfinite(logs)]))


def build_latent(
    terms: pd.DataFrame,
    *,
    conflict: Conflict,
    priors: Priors,
    components: Components,
    grid: Grid,
    builder: ParameterisationBuilder,
    linear: Linear,
    person: bool,
) -> tuple[LatentProcesses, int]:
    """Lay out the paths of all parties of a block.

    Returns
    -------
    latent
        Where they are.
    height
        Rows of the path map that are in use.
    """
    parties = submodel_parties(terms, conflict)
    spacing = {
        "rate": conflict.knots.rate_days,
        "lethality": conflict.knots.lethality_days,
        "missing": conflict.knots.drift_days,
    }
    height = 0
    rows = {kind: np.full(len(parties), -1) for kind in spacing}
    knots: dict[str, dict[str, tuple[Floats, Ints]]] = {kind: {} for kind in spacing}
    active = np.ones((len(parties), grid.cells))
    for p, name in enumerate(parties):
        party = conflict.parties[name]
        days = _range(party.start, party.end, grid)
        active[p] = grid.part_active(*days)
        own = terms[[conflict.components(q)[0] == name for q in terms["party"]]]
        middle = centre(own, priors["lethality.level"].median if person else 1.0)
        wanted = {"rate": True, "lethality": person}
        wanted["missing"] = person and components.missing and not party.civilian
        for kind in [kind for kind, on in wanted.items() if on]:
            knots[kind][name] = _path(
                kind,
                name,
                days,
                spacing=spacing[kind],
                centre=middle if kind == "rate" else 0.0,
                builder=builder,
                priors=priors,
            )
            rows[kind][p] = height
            fill_path(linear, row=height, grid=grid, knots=knots[kind][name])
            height += 1
    scopes, scope_index = build_scopes(
        terms,
        conflict=conflict,
        parties=parties,
        components=components,
        grid=grid,
        builder=builder,
        person=person,
    )
    latent = LatentProcesses(
        parties=parties,
        main=conflict.main_parties(parties),
        rate=rows["rate"],
        lethality=rows["lethality"],
        missing=rows["missing"],
        rate_knots=knots["rate"],
        lethality_knots=knots["lethality"],
        missing_knots=knots["missing"],
        active=active,
        scopes=scopes,
        scope_index=scope_index,
    )
    return latent, height


def submodel_parties(terms: pd.DataFrame, conflict: Conflict) -> tuple[str, ...]:
    """Base parties with figures of their own; those known only within a sum stay in the first."""
    firsts = {conflict.components(party)[0] for party in terms["party"]}
    return tuple(name for name in conflict.parties if name in firsts)


def _range(start: pd.Timestamp | None, end: pd.Timestamp | None, grid: Grid) -> tuple[int, int]:
    first = 0 if start is None else min(max(grid.index(start), 0), grid.size - 1)
    last = grid.size - 1 if end is None else min(max(grid.index(end), first), grid.size - 1)
    return first, last


def _path(
    kind: str,
    party: str,
    days: tuple[int, int],
    *,
    spacing: int,
    centre: float,
    builder: ParameterisationBuilder,
    priors: Priors,
) -> tuple[Floats, Ints]:
    """Knots of one path: a level and a walk around it, under the priors of that kind."""
    positions = knot_positions(*days, spacing)
    level, walk = priors[f"{kind}.level"], priors[f"{kind}.walk_sd"]
    rows = builder.rows(f"{kind} {party}", np.full(len(positions), centre + level.mean))
    builder.shared(f"{kind}.level {party}", rows, level.sd)
    step = float(np.sqrt(spacing / WALK_DAYS[kind]))
    builder.walk(f"{kind}.walk {party}", rows, step, walk)
    return positions, rows
