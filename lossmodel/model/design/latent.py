"""Latent processes of a submodel: rates, lethality and the share of the dead who are missing.

Each is linear between knots on the log or logit scale: a level and a random walk around it. The
cells of days take its value at their middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.durations import HALF_YEAR, QUARTER
from lossmodel.conflict.types import Group, Party
from lossmodel.model.components import Components
from lossmodel.model.design.battles import IN_COMMON, Battles, Span, rarity
from lossmodel.model.design.day_effects import DayEffects
from lossmodel.model.design.grid import Floats, Grid, Ints, Knots, knot_positions, knot_weights
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.parameters import ParameterisationBuilder
from lossmodel.model.design.scopes import ScopeShare, build_scopes
from lossmodel.model.design.unusual_lethality import widened_lethality
from lossmodel.model.priors import Prior, Priors

__all__ = ["LatentProcesses", "build_latent"]

# The prior of a walk, ``<kind>.walk_sd``, is the sd of its change over so many days: its unit in
# ``priors.toml``. The sd of a step grows with the root of its length. That of the rate depends on
# the length of the war: see ``Grid.walk_days``.
WALK_DAYS = {"lethality": QUARTER, "missing": HALF_YEAR}


@dataclass(frozen=True)
class LatentProcesses:
    """The latent processes of a submodel, as rows of its map from v to daily linear predictors.

    Attributes
    ----------
    parties
        The P base parties of the submodel.
    main
        Those whose totals are its headlines: the first one of each side, civilians aside.
    rate, lethality, missing
        Shape (P,): row of each party's process in ``Design.daily``, in cells; -1 where a party has
        none.
    rate_knots, lethality_knots, missing_knots
        Party -> (positions in days, rows of v).
    battles
        Party -> half-open ranges of days of its battles.
    day_effects
        Party -> the effects of days on its rate.
    active
        Shape (P, T): share of each cell's days on which a party can have losses.
    scopes
        Shares of the scopes after ``all``; a scope's parent comes before it.
    scope_index
        (party, scope) -> number of the scope, 0 for ``all``.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> evidence = collect_evidence(claims)
    >>> design = LossModel().design(evidence, claims.conflict, "aircraft")
    >>> design.latent.rate, design.latent.lethality
    (array([0, 1]), array([-1, -1]))
    """

    parties: tuple[str, ...]
    main: tuple[str, ...]
    rate: Ints
    lethality: Ints
    missing: Ints
    rate_knots: dict[str, Knots]
    lethality_knots: dict[str, Knots]
    missing_knots: dict[str, Knots]
    battles: Battles
    day_effects: dict[str, DayEffects]
    active: Floats
    scopes: tuple[ScopeShare, ...]
    scope_index: dict[tuple[str, str], int]


def build_latent(
    terms: pd.DataFrame,
    *,
    conflict: Conflict,
    priors: Priors,
    components: Components,
    grid: Grid,
    battles: Battles,
    day_effects: dict[str, DayEffects],
    builder: ParameterisationBuilder,
    linear: Linear,
    person: bool,
) -> tuple[LatentProcesses, int]:
    """Lay out the processes of all parties of a submodel.

    Parameters
    ----------
    terms
        The observations of the submodel.
    battles
        Days of the battles of parties, at which rates have factors of their own.
    day_effects
        Effects of the days whose rates deviate from the path.
    linear
        The map from v to daily linear predictors, to which the processes are added.
    person
        Whether losses are of people, killed and wounded.

    Returns
    -------
    latent
        The processes.
    rows
        Rows of ``linear`` that are in use.
    """
    parties = submodel_parties(terms, conflict, grid, person=person)
    level = priors["lethality.level"]
    widened = widened_lethality(terms, grid, conflict.components, level) if person else {}
    processes = _ProcessBuilder(conflict, priors, grid, builder, linear, parties)
    active = np.ones((len(parties), grid.cells))
    for p, name in enumerate(parties):
        party = conflict.parties[name]
        days = _range(party.start, party.end, grid)
        active[p] = grid.part_active(*days)
        for kind in _kinds(party, components, person=person):
            factor = widened.get(name, 1.0) if kind == "lethality" else 1.0
            processes.add(kind, p, days, level=_level(kind, person=person), sd_factor=factor)
        processes.add_battles(p, days, battles.get(name, []))
        if name in day_effects:
            processes.add_day_effects(p, day_effects[name])
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
        rate=processes.rows["rate"],
        lethality=processes.rows["lethality"],
        missing=processes.rows["missing"],
        rate_knots=processes.knots["rate"],
        lethality_knots=processes.knots["lethality"],
        missing_knots=processes.knots["missing"],
        battles={name: battles[name] for name in parties if name in battles},
        day_effects={name: day_effects[name] for name in parties if name in day_effects},
        active=active,
        scopes=scopes,
        scope_index=scope_index,
    )
    return latent, processes.height


def submodel_parties(
    terms: pd.DataFrame, conflict: Conflict, grid: Grid, *, person: bool
) -> tuple[str, ...]:
    """Base parties with processes of their own: all that claims name, alone or in a sum.

    A party of a sum without claims of its own has a share of the sum that only the wide priors of
    the levels divide; without a process, the whole sum would be read as the losses of the others.
    It has none where it cannot have such losses, nor before its first or after its last day.
    """
    alone = set(terms["party"])
    named = {base for party in alone for base in conflict.components(party)}
    group: Group = "person" if person else "equipment"
    return tuple(
        name
        for name, party in conflict.parties.items()
        if name in named and (name in alone or (party.counts(group) and _has_days(party, grid)))
    )


def _has_days(party: Party, grid: Grid) -> bool:
    begins = party.start is None or grid.index(party.start) < grid.size
    return begins and (party.end is None or grid.index(party.end) >= 0)


def _level(kind: str, *, person: bool) -> str:
    """Name of the prior of a process's level: the rate of equipment has one of its own."""
    return "rate.level.equipment" if kind == "rate" and not person else f"{kind}.level"


def _kinds(party: Party, components: Components, *, person: bool) -> list[str]:
    """The kinds of processes that a party has."""
    missing = person and components.missing and not party.civilian
    return ["rate", *["lethality"] * person, *["missing"] * missing]


def _range(start: pd.Timestamp | None, end: pd.Timestamp | None, grid: Grid) -> tuple[int, int]:
    """First and last day on which a party can have losses."""
    first = 0 if start is None else min(max(grid.index(start), 0), grid.size - 1)
    last = grid.size - 1 if end is None else min(max(grid.index(end), first), grid.size - 1)
    return first, last


class _ProcessBuilder:
    """Rows and knots of the processes added so far."""

    def __init__(
        self,
        conflict: Conflict,
        priors: Priors,
        grid: Grid,
        builder: ParameterisationBuilder,
        linear: Linear,
        parties: tuple[str, ...],
    ) -> None:
        self.priors, self.grid, self.builder, self.linear = priors, grid, builder, linear
        self.parties = parties
        self.spacing = {
            "rate": grid.knot_days,
            "lethality": grid.slow_days(conflict.knots.lethality_days),
            "missing": grid.slow_days(conflict.knots.drift_days),
        }
        self.rows = {kind: np.full(len(parties), -1) for kind in self.spacing}
        self.knots: dict[str, dict[str, Knots]] = {kind: {} for kind in self.spacing}
        self.height = 0

    def add(
        self, kind: str, party: int, days: tuple[int, int], *, level: str, sd_factor: float
    ) -> None:
        """Add one process of a party to the map: T cells interpolated between its knots."""
        name = self.parties[party]
        knots = self._knots(kind, name, days, self.priors[level], sd_factor)
        self.knots[kind][name] = knots
        cell, row, weight = knot_weights(knots, self.grid.middles)
        self.linear.add(self.height * self.grid.cells + cell, row, weight)
        self.rows[kind][party] = self.height
        self.height += 1

    def add_battles(self, party: int, days: tuple[int, int], battles: Sequence[Span]) -> None:
        """Raise the rate on the days of battles, each by a factor of its own."""
        if not battles:
            return
        name, prior = self.parties[party], self.priors["rate.battle"]
        rare = rarity(sum(hi - lo for lo, hi in battles) / (days[1] + 1 - days[0]))
        sd = prior.sd * min(rare, 1)
        rows = self.builder.rows(f"rate.battle {name}", np.full(len(battles), prior.mean * rare))
        self.builder.shared(f"rate.battle.level {name}", rows, sd * IN_COMMON**0.5)
        self.builder.independent(f"rate.battle {name}", rows, sd * (1 - IN_COMMON) ** 0.5)
        self._add_to_rate(party, rows, battles)

    def add_day_effects(self, party: int, effects: DayEffects) -> None:
        """Let the rate deviate from its path on some days."""
        name = self.parties[party]
        rows = self.builder.rows(f"rate.day {name}", effects.means)
        scale = self.priors["rate.day_sd"] if effects.learned else None
        self.builder.independent(f"rate.day {name}", rows, effects.sds, scale)
        self._add_to_rate(party, rows, effects.spans)

    def _add_to_rate(self, party: int, rows: Ints, spans: Sequence[Span]) -> None:
        first = self.rows["rate"][party] * self.grid.cells
        for row, span in zip(rows, spans, strict=True):
            lo, hi = np.searchsorted(self.grid.edges, span)
            self.linear.add(first + np.arange(lo, hi), row, 1.0)

    def _knots(
        self, kind: str, party: str, days: tuple[int, int], level: Prior, sd_factor: float
    ) -> Knots:
        """Knots of one process: a level and a walk around it, under the priors of its kind."""
        spacing = self.spacing[kind]
        positions = knot_positions(*days, spacing)
        walk = self.priors[f"{kind}.walk_sd"]
        rows = self.builder.rows(f"{kind} {party}", np.full(len(positions), level.mean))
        self.builder.shared(f"{kind}.level {party}", rows, level.sd * sd_factor)
        self.builder.adapt(f"{kind}.level {party}", sd=sd_factor)
        if kind == "rate":
            step = float(np.sqrt(spacing / self.grid.walk_days))
        else:
            step = self.grid.step(spacing, WALK_DAYS[kind])
        self.builder.walk(f"{kind}.walk {party}", rows, step, walk)
        return positions, rows
