"""Log biases of streams as sums of rows of v.

The log bias of a stream is the mean of its claimant's role, plus the deviation shared by all of its
side towards that party, the claimant's own, the category's, the level and walk shared by third
parties about a party, the stream's own walk, and the common mode of the party. A ledger's bias
varies with the day of the losses, an estimate's with the day of its knowledge.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.durations import HALF_YEAR
from lossmodel.model.components import Components
from lossmodel.model.design.grid import Floats, Grid, Ints, Knots, knot_positions, knot_weights
from lossmodel.model.design.parameters import ParameterisationBuilder
from lossmodel.model.own_bias import OWN, own_ceiling
from lossmodel.model.priors import Prior, Priors
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.vocabulary import ACCOUNTINGS, BALANCE, names_with

__all__ = ["COVERAGE", "SCALARS", "Bias", "build_biases", "level_prior"]

# Priors of the level of observation models that have one of their own, and of the step of a
# stream's own walk.
COVERAGE = "coverage.level"
LEVELS = {"stock": "bias.missing"} | dict.fromkeys(
    names_with(ACCOUNTINGS, "official"), "bias.register"
)
# Priors of the one scalar that a reading of `AUXILIARY` has in place of a bias.
SCALARS = {
    "ratio": "ratio.bias",
    "overlap": "overlap.selection",
    "fate": "fate.selection",
    "declarations": "bias.declared",
}
DRIFTS = {"ledger": "bias.drift_ledger_sd"} | dict.fromkeys(
    names_with(ACCOUNTINGS, "official"), "bias.register_drift_sd"
)


@dataclass(frozen=True)
class Bias:
    """Rows whose sum is the log bias of one stream.

    Attributes
    ----------
    constant
        Rows added on every day.
    walks
        Knots (positions in days, rows of v), interpolated on the day and added.
    common
        Base party -> row of its common mode.
    unsettled
        Share of the rest that the stream's figures have, see ``bias_map.unsettled_share``: that of
        the middle one where they differ.

    Examples
    --------
    >>> bias = Bias(constant=(4,), walks=((np.array([0.0, 10.0]), np.array([7, 8])),), common={})
    >>> position, row, weight = bias.weights(np.array([2.5]), party="north")
    >>> row, weight
    (array([4, 7, 8]), array([1.  , 0.75, 0.25]))
    """

    constant: tuple[int, ...]
    walks: tuple[Knots, ...]
    common: dict[str, int]
    unsettled: float = 1.0

    def level(self, party: str) -> tuple[Ints, Floats]:
        """Rows that are added on every day for a base party, its common mode too, and weights."""
        common = [self.common[party]] if party in self.common else []
        weights = [*[self.unsettled] * len(self.constant), *[1.0] * len(common)]
        return np.array([*self.constant, *common], dtype=np.int64), np.array(weights)

    def weights(
        self, at: Floats, party: str, *, unsettled: Floats | None = None
    ) -> tuple[Ints, Ints, Floats]:
        """Log bias on days ``at`` as a sparse map of v: (position in ``at``, row, weight).

        Parameters
        ----------
        unsettled
            Share of the bias that is left, shape of ``at``; the common mode stays. That of the
            stream by default.
        """
        here, left_over = np.arange(len(at), dtype=np.int64), np.ones(len(at))
        share_left = left_over * self.unsettled if unsettled is None else unsettled
        common = [self.common[party]] if party in self.common else []
        where, column, weight = [here[:0]], [here[:0]], [left_over[:0]]
        for row in (*self.constant, *common):
            where.append(here)
            column.append(np.full(len(at), row))
            weight.append(left_over if row in common else share_left)
        for knots in self.walks:
            days, rows, share = knot_weights(knots, at)
            where.append(days)
            column.append(rows)
            weight.append(share * share_left[days])
        return np.concatenate(where), np.concatenate(column), np.concatenate(weight)


def build_biases(
    streams: pd.DataFrame,
    *,
    conflict: Conflict,
    priors: Priors,
    components: Components,
    grid: Grid,
    builder: ParameterisationBuilder,
) -> dict[int, Bias]:
    """Lay out the biases of all streams that have one; lists have coverage instead.

    Parameters
    ----------
    streams
        As `stream_table` gives them.

    Returns
    -------
    biases
        Number of the stream -> its bias; of a reading of `AUXILIARY` its one scalar, if any.
    """
    table = _BiasTable(conflict, priors, components, grid, builder)
    auxiliary = is_auxiliary(streams["observation_model"])
    listed = streams["observation_model"].isin(names_with(ACCOUNTINGS, "has_coverage"))
    own = streams[~listed & ~auxiliary]
    several = own.groupby(["claimant", "party"])["category"].transform("nunique") > 1
    biases = {int(i): table.bias(own.loc[i], several=bool(several[i])) for i in own.index}
    others = streams[auxiliary]
    return biases | {int(i): table.auxiliary(others.loc[i]) for i in others.index}


def level_prior(stream: pd.Series, conflict: Conflict) -> str:
    """Name of the prior that says by how much a stream's figures differ from the truth.

    Parameters
    ----------
    stream
        A row of `stream_table`.

    Examples
    --------
    >>> from lossmodel.conflict import load_conflict
    >>> row = {"party": "germany", "category": "aircraft", "role": "self"}
    >>> war = load_conflict("battle-of-britain")
    >>> level_prior(pd.Series(row | {"observation_model": "ledger"}), war)
    'bias.self.equipment'
    >>> level_prior(pd.Series(row | {"observation_model": "list"}), war)
    'coverage.level.equipment'
    """
    name = stream["observation_model"]
    if name in LEVELS or name in SCALARS:
        return (LEVELS | SCALARS)[name]
    sort = bias_class(conflict, stream["party"], stream["category"])
    if name in names_with(ACCOUNTINGS, "has_coverage"):
        kind = kind_of_list(conflict, stream)
        return f"{COVERAGE}{kind}" if kind in (".self", ".equipment") else COVERAGE
    return f"bias.{stream['role']}.{sort}"


def kind_of_list(conflict: Conflict, stream: pd.Series) -> str:
    """Ending of the names of a list's priors; of a sum, secret if any of its parties is.

    Examples
    --------
    >>> from lossmodel.conflict import load_conflict
    >>> row = {"party": "britain", "category": "killed"}
    >>> kind_of_list(load_conflict("falklands1982"), pd.Series(row | {"role": "self"}))
    '.self'
    """
    sort = bias_class(conflict, stream["party"], stream["category"])
    secret = any(conflict.parties[p].censored for p in conflict.components(stream["party"]))
    own = ".self" if stream["role"] == "self" else ""
    return f".{sort}" if sort != "person" else ".censored" if secret else own


def bias_class(conflict: Conflict, party: str, category: str) -> str:
    """Class of the priors of a role: person, civilian or equipment."""
    if conflict.categories[category].group == "equipment":
        return "equipment"
    first = conflict.components(party)[0]
    return "civilian" if conflict.parties[first].civilian else "person"


class _BiasTable:
    """Rows added so far, for streams that share them."""

    def __init__(
        self,
        conflict: Conflict,
        priors: Priors,
        components: Components,
        grid: Grid,
        builder: ParameterisationBuilder,
    ) -> None:
        self.conflict, self.priors, self.components = conflict, priors, components
        self.grid, self.builder = grid, builder
        self._scalars: dict[str, int] = {}
        self._groups: dict[str, Knots] = {}
        self._capped: set[tuple[int, ...]] = set()

    def scalar(self, kind: str, key: str, mean: float, sd: float) -> int:
        """One row with a prior of its own, added where it is new."""
        name = f"{kind} {key}"
        if name not in self._scalars:
            rows = self.builder.rows(kind, [mean])
            if sd > 0:
                self.builder.independent(name, rows, sd)
            self._scalars[name] = int(rows[0])
        return self._scalars[name]

    def bias(self, stream: pd.Series, *, several: bool) -> Bias:
        """The bias of one stream; ``several``: its claimant has several categories."""
        parties = self.conflict.components(stream["party"])
        common = {}
        if self.components.common_mode:
            sd = self.priors["common.sd"].median
            common = {p: self.scalar("common", p, 0.0, sd) for p in parties}
        constant, walks = self._level(stream, several=several)
        walks += self._drift(stream)
        return Bias(tuple(constant), tuple(walks), common)

    def auxiliary(self, stream: pd.Series) -> Bias:
        """The scalar of a reading of `AUXILIARY`; all ratios of a claimant about a party share it.

        What a claimant has wrong in two figures alike cancels in their ratio, and so do the mean of
        its role and the common mode. The error of a force balance is that of its parts.
        """
        model = stream["observation_model"]
        if model == BALANCE:
            return Bias((), (), {})
        key = f"{stream['claimant']} {stream['party']}"
        key += "" if model == "ratio" else f" {stream['category']}"
        prior = self.priors[SCALARS[model]]
        return Bias((self.scalar(prior.name, key, prior.mean, prior.sd),), (), {})

    def _level(self, stream: pd.Series, *, several: bool) -> tuple[list[int], list[Knots]]:
        """Rows and walks of all but the stream's own walk and the common mode."""
        key = f"{stream['claimant']} {stream['party']} {stream['category']}"
        name = LEVELS.get(stream["observation_model"])
        if name is not None:
            prior = self.priors[name]
            return [self.scalar(name, key, prior.mean, prior.sd)], []
        rows = self._role(stream)
        if several:
            sd = self.priors["bias.category_sd"].median
            rows.append(self.scalar("bias.category", key, 0.0, sd))
        if stream["role"] != "third-party" or not self.components.group:
            return rows, []
        sort = "killed" if stream["category"] == "killed" else "other"
        group = f"{stream['party']} {sort}"
        rows.append(self.scalar("bias.group", group, 0.0, self.priors["bias.group_sd"].median))
        return rows, [self._group_walk(group)] if self.components.drift else []

    def _role(self, stream: pd.Series) -> list[int]:
        """Rows of the role, of the side and of the claimant."""
        claimant, party, role = stream["claimant"], stream["party"], stream["role"]
        kind = f"bias.{role}.{bias_class(self.conflict, party, stream['category'])}"
        prior, between = self.priors[kind], self.priors[f"{kind}.between"].median
        rows = [self.scalar("bias.role", f"{role} {kind}", prior.mean, prior.sd)]
        if role != "third-party" and self.components.group:
            shared = self.priors["bias.side_share"].median
            first = self.conflict.components(party)[0]
            side = f"{role} {self.conflict.side_of(claimant)} {first}"
            rows.append(self.scalar("bias.side", side, 0.0, between * np.sqrt(shared)))
            between *= np.sqrt(1 - shared)
        if kind == OWN:
            self._cap(tuple(rows))
        return [*rows, self.scalar("bias.claimant", f"{claimant} {party}", 0.0, between)]

    def _cap(self, rows: tuple[int, ...]) -> None:
        """Bound what a side and its claimants have in common: few exaggerate their own dead."""
        if rows not in self._capped:
            self._capped.add(rows)
            ceiling = own_ceiling(self.priors.entries)
            self.builder.ceiling(np.array(rows), at=ceiling.at, sd=ceiling.soft)

    def _group_walk(self, group: str) -> Knots:
        if group not in self._groups:
            prior = self.priors["bias.group_walk_sd"]
            self._groups[group] = self._walk(
                f"bias.group_walk {group}", prior, 0.0, self.grid.size - 1.0
            )
        return self._groups[group]

    def _drift(self, stream: pd.Series) -> list[Knots]:
        """The stream's own walk; a stream of a single day of knowledge has none."""
        key = f"{stream['claimant']} {stream['party']} {stream['category']}"
        if stream["accounting"] != stream["declared"]:
            key += f" {stream['accounting']}"
        first, last = float(stream["first"]), float(stream["last"])
        if not self.components.drift or last <= first:
            return []
        prior = self.priors[DRIFTS.get(stream["observation_model"], "bias.drift_estimate_sd")]
        start = 0.0 if stream["observation_model"] == "ledger" else first
        return [self._walk(f"bias.drift {key}", prior, start, last)]

    def _walk(self, name: str, prior: Prior, first: float, last: float) -> Knots:
        spacing = self.grid.slow_days(self.conflict.knots.drift_days)
        positions = knot_positions(first, last, spacing)
        rows = self.builder.rows(name.split()[0], np.zeros(len(positions)))
        self.builder.walk(name, rows, self.grid.step(spacing, HALF_YEAR), prior)
        return positions, rows
