"""Scopes as shares of a party's losses per day."""

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
    ``exp(-(middle - first) / exp(v[tau_row]))`` where it decays, and zero in others. The share of
    a complement is ``1 - s``. The share in all losses is this times the parent's.

    Attributes
    ----------
    party, name
        The party and the scope.
    logit_row, tau_row
        Rows of v with the logit of the share and the log of the time constant in days; -1 for a
        share of one, and for no decay.
    first
        Day from which the share decays.
    active
        Shape (T,): share of each cell's days on which the scope exists.
    parent
        Number of the parent scope; 0 is the whole.
    complement
        Whether the scope is the rest of its parent.
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
    """Shares of all scopes that a claim names or, of people, the report shows, parents first.

    Parameters
    ----------
    terms
        The observations of the submodel.
    parties
        Its base parties.
    person
        Whether losses are of people.

    Returns
    -------
    shares
        Scope i of the index is ``shares[i - 1]``; 0 is the whole.
    index
        (party, scope) -> number of the scope, 0 for all scopes where that component is off.
    """
    table = _ScopeTable(conflict, grid, builder)
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
        index[party, name] = table.number(party, name) if components.scopes else 0
    return tuple(table.shares), index


def _has(scope: Scope, party: str) -> bool:
    """Whether a scope is of a party; another party of the same sum counts in full."""
    return scope.party in (None, party)


class _ScopeTable:
    """Scopes added so far; a complement uses the rows of v of the scope that it completes."""

    def __init__(self, conflict: Conflict, grid: Grid, builder: ParameterisationBuilder) -> None:
        self.conflict, self.grid, self.builder = conflict, grid, builder
        self.shares: list[ScopeShare] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def number(self, party: str, name: str) -> int:
        """Number of a scope, which is added where it is new."""
        if name == "all":
            return 0
        if (party, name) not in self._numbers:
            scope = self.conflict.scopes[name]
            if scope.complement_of:
                share = self._complement(party, name, scope.complement_of)
            else:
                share = self._share(party, scope)
            self.shares.append(share)
            self._numbers[party, name] = len(self.shares)
        return self._numbers[party, name]

    def _complement(self, party: str, name: str, of: str) -> ScopeShare:
        number = self.number(party, of)
        whole = ScopeShare(party, "all", -1, -1, 0, np.ones(self.grid.cells), 0)
        base = self.shares[number - 1] if number else whole
        return replace(base, name=name, complement=not base.complement)

    def _share(self, party: str, scope: Scope) -> ScopeShare:
        parent = self.number(party, scope.of or "all")
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
