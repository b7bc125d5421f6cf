"""Latent paths of a block: rates, lethality and the share of the dead who are missing.

A block is what is fitted together: all persons of all parties, or one class of equipment.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lossmodel.conflict import Conflict
from lossmodel.design.grid import Floats, Grid, Ints, interpolate, knot_positions
from lossmodel.design.layout import LayoutBuilder, Linear
from lossmodel.design.scopes import ScopeShare, build_scopes
from lossmodel.parts import Parts
from lossmodel.priors import Prior, Priors

__all__ = ["Paths", "build_paths", "stretch"]


@dataclass(frozen=True)
class Paths:
    """Where the daily paths of a block come from.

    Attributes
    ----------
    parties
        The P base parties of the block.
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
    rate: Ints
    lethality: Ints
    missing: Ints
    rate_knots: dict[str, tuple[Floats, Ints]]
    lethality_knots: dict[str, tuple[Floats, Ints]]
    missing_knots: dict[str, tuple[Floats, Ints]]
    active: Floats
    scopes: tuple[ScopeShare, ...]
    scope_index: dict[tuple[str, str], int]


def stretch(prior: Prior, *, days: float, per: float) -> float:
    """Factor on a random walk's sd per step when steps are ``days`` instead of ``per`` long."""
    return float(np.sqrt(days / per))


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


def build_paths(
    terms: pd.DataFrame,
    *,
    conflict: Conflict,
    priors: Priors,
    parts: Parts,
    grid: Grid,
    builder: LayoutBuilder,
    linear: Linear,
    person: bool,
) -> tuple[Paths, int]:
    """Lay out the paths of all parties of a block.

    Returns
    -------
    paths
        Where they are.
    height
        Rows of the path map that are in use.
    """
    parties = block_parties(terms, conflict)
    count = len(parties)
    row, rate = 0, np.full(count, -1)
    lethality, missing = np.full(count, -1), np.full(count, -1)
    active = np.ones((count, grid.cells))
    knots: dict[str, dict[str, tuple[Floats, Ints]]] = {"rate": {}, "lethality": {}, "missing": {}}
    for p, name in enumerate(parties):
        party = conflict.parties[name]
        first, last = _range(party.start, party.end, grid)
        active[p] = grid.part_active(first, last)
        own = terms[[conflict.components(q)[0] == name for q in terms["party"]]]
        level = centre(own, priors["lethality.level"].median if person else 1.0)
        knots["rate"][name] = _rate(builder, name, (first, last), level, conflict, priors)
        wanted = [("rate", rate)]
        if person:
            knots["lethality"][name] = _lethality(builder, name, (first, last), conflict, priors)
            wanted.append(("lethality", lethality))
        if person and parts.missing and not party.civilian:
            knots["missing"][name] = _missing(builder, name, (first, last), conflict, priors)
            wanted.append(("missing", missing))
        for kind, rows in wanted:
            rows[p] = row
            fill_path(linear, row=row, grid=grid, knots=knots[kind][name])
            row += 1
    scopes, scope_index = build_scopes(
        terms,
        conflict=conflict,
        parties=parties,
        parts=parts,
        grid=grid,
        builder=builder,
        person=person,
    )
    paths = Paths(
        parties=parties,
        rate=rate,
        lethality=lethality,
        missing=missing,
        rate_knots=knots["rate"],
        lethality_knots=knots["lethality"],
        missing_knots=knots["missing"],
        active=active,
        scopes=scopes,
        scope_index=scope_index,
    )
    return paths, row


def block_parties(terms: pd.DataFrame, conflict: Conflict) -> tuple[str, ...]:
    """Base parties with figures of their own; those known only within a sum stay in the first."""
    firsts = {conflict.components(party)[0] for party in terms["party"]}
    return tuple(name for name in conflict.parties if name in firsts)


def _range(start: pd.Timestamp | None, end: pd.Timestamp | None, grid: Grid) -> tuple[int, int]:
    first = 0 if start is None else min(max(grid.index(start), 0), grid.size - 1)
    last = grid.size - 1 if end is None else min(max(grid.index(end), first), grid.size - 1)
    return first, last


def _rate(
    builder: LayoutBuilder,
    party: str,
    days: tuple[int, int],
    level: float,
    conflict: Conflict,
    priors: Priors,
) -> tuple[Floats, Ints]:
    spacing = conflict.knots.rate_days
    positions = knot_positions(*days, spacing)
    prior = priors["rate.level"]
    rows = builder.rows(f"rate {party}", np.full(len(positions), level + prior.mean))
    builder.shared(f"rate.level {party}", rows, prior.sd)
    walk = priors["rate.walk_sd"]
    builder.walk(f"rate.walk {party}", rows, stretch(walk, days=spacing, per=14), walk)
    return positions, rows


def _lethality(
    builder: LayoutBuilder,
    party: str,
    days: tuple[int, int],
    conflict: Conflict,
    priors: Priors,
) -> tuple[Floats, Ints]:
    spacing = conflict.knots.lethality_days
    positions = knot_positions(*days, spacing)
    prior = priors["lethality.level"]
    rows = builder.rows(f"lethality {party}", np.full(len(positions), prior.mean))
    builder.shared(f"lethality.level {party}", rows, prior.sd)
    walk = priors["lethality.walk_sd"]
    builder.walk(f"lethality.walk {party}", rows, stretch(walk, days=spacing, per=91), walk)
    return positions, rows


def _missing(
    builder: LayoutBuilder,
    party: str,
    days: tuple[int, int],
    conflict: Conflict,
    priors: Priors,
) -> tuple[Floats, Ints]:
    spacing = conflict.knots.drift_days
    positions = knot_positions(*days, spacing)
    prior = priors["missing.level"]
    rows = builder.rows(f"missing {party}", np.full(len(positions), prior.mean))
    builder.shared(f"missing.level {party}", rows, prior.sd)
    walk = priors["missing.walk_sd"]
    builder.walk(f"missing.walk {party}", rows, stretch(walk, days=spacing, per=182), walk)
    return positions, rows
