"""Scopes as shares of a party's losses, day by day."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import logit

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.types import Scope
from lossmodel.model.components import Components
from lossmodel.model.design.grid import Floats, Grid
from lossmodel.model.design.parameters import ParameterisationBuilder

__all__ = ["ScopeShare", "build_scopes"]


@dataclass(frozen=True)
class ScopeShare:
    """Share of one scope of one party in its parent scope.

    In the cells of ``active`` it is ``s = sigmoid(v[logit_row])``, times
    ``exp(-(middle - first) / exp(v[tau_row]))`` where it decays, and zero in others; a row of -1
    is absent (a share of one, no decay). A complement is ``1 - s``. The share of all losses is
    this times the parent's; parent 0 is the whole.
    """

    party: str
    name: str
    logit_row: int
    tau_row: int
    first: int
    active: Floats
    parent: int
    complement: bool = False


def build_scopes(
    terms: pd.DataFrame,
    *,
    conflict: Conflict,
    parties: tuple[str, ...],
    components: Components,
    grid: Grid,
    builder: ParameterisationBuilder,
    person: bool,
) -> tuple[tuple[ScopeShare, ...], dict[tuple[str, str], int]]:
    """Shares of all scopes that a claim names or, of persons, the report shows, parents first.

    Returns
    -------
    shares
        Scope i of the index is ``shares[i - 1]``; 0 is the whole.
    index
        (party, scope) -> number of the scope.
    """
    table = _Table(conflict, grid, builder)
    index = {(party, "all"): 0 for party in parties}
    wanted = {
        (base, name)
        for party, name in zip(terms["party"], terms["scope"], strict=True)
        for base in conflict.components(party)
        if base in parties and _has(conflict.scopes[name], base)
    }
    reported = [scope for scope in conflict.scopes.values() if scope.report and person]
    wanted |= {(base, scope.name) for scope in reported for base in parties if _has(scope, base)}
    for party, name in sorted(wanted):
        index[party, name] = table.place(party, name) if components.scopes else 0
    return tuple(table.shares), index


def _has(scope: Scope, party: str) -> bool:
    """Whether a scope divides a party; of another in the same sum, all counts."""
    return scope.party in (None, party)


class _Table:
    """Scopes placed so far; a complement shares the rows of what it completes."""

    def __init__(self, conflict: Conflict, grid: Grid, builder: ParameterisationBuilder) -> None:
        self.conflict, self.grid, self.builder = conflict, grid, builder
        self.shares: list[ScopeShare] = []
        self._placed: dict[tuple[str, str], int] = {}

    def place(self, party: str, name: str) -> int:
        if name == "all":
            return 0
        if (party, name) not in self._placed:
            scope = self.conflict.scopes[name]
            if scope.complement_of:
                part = self.place(party, scope.complement_of)
                whole = ScopeShare(party, "all", -1, -1, 0, np.ones(self.grid.cells), 0)
                base = self.shares[part - 1] if part else whole
                share = replace(base, name=name, complement=not base.complement)
            else:
                share = self._share(party, scope)
            self.shares.append(share)
            self._placed[party, name] = len(self.shares)
        return self._placed[party, name]

    def _share(self, party: str, scope: Scope) -> ScopeShare:
        parent = self.place(party, scope.of or "all")
        first = self.grid.index(scope.start) if scope.start is not None else 0
        last = self.grid.index(scope.end) if scope.end is not None else self.grid.size
        active = self.grid.part_active(first, last)
        logit_row = tau_row = -1
        share = scope.share
        if share is not None and share.mean < 1:
            rows = self.builder.rows("scope.share", [float(logit(share.mean))])
            logit_row = int(rows[0])
            if share.form != "fixed" and share.sd > 0:
                self.builder.independent(f"scope.share {party} {scope.name}", rows, share.sd)
        if share is not None and share.form == "decaying" and share.tau_days:
            rows = self.builder.rows("scope.tau", [float(np.log(share.tau_days))])
            tau_row = int(rows[0])
            if share.tau_sd:
                self.builder.independent(f"scope.tau {party} {scope.name}", rows, share.tau_sd)
        return ScopeShare(party, scope.name, logit_row, tau_row, first, active, parent)
