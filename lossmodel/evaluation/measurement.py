"""What each stream counts, and how far its figures tend to be off.

The log bias of a stream is the sum of its role's, its side's, its claimant's and its category's, of
what third parties share, of a drift, and of what all who count a party's losses share. Lists have
a coverage and a delay instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri

from lossmodel.conflict.durations import HALF_YEAR, YEAR
from lossmodel.evaluation.latent_truth import PERSON, Truth
from lossmodel.evaluation.prior_draws import Floats, Sampler, knots_of

__all__ = ["StreamKey", "MeasurementModel", "spans_of"]

StreamKey = tuple[str, str, str]  # claimant, party, category
# The model states them too: the simulator is an independent statement of it.
UNDEFINED = {"losses": "definition.losses", "irrecoverable": "definition.irrecoverable"}
# Delays of declaration are averaged over this many equally likely values.
DECLARATIONS = (np.arange(60) + 0.5) / 60


@dataclass
class MeasurementModel:
    """Biases, definitions, coverage and delays of one block's streams, drawn when first asked for.

    Attributes
    ----------
    spans
        Stream -> days of its first and last knowledge.
    several
        (claimant, party) that count more than one category with a bias.
    """

    truth: Truth
    sampler: Sampler
    spans: dict[StreamKey, tuple[float, float]]
    several: frozenset[tuple[str, str]]
    _paths: dict[object, Floats] = field(default_factory=dict)

    @property
    def at(self) -> Floats:
        """Days since the first."""
        return np.arange(len(self.truth.days), dtype=float)

    def bias(self, key: StreamKey, base: str) -> Floats:
        """Log bias of a stream on each day, towards one base party."""
        if key not in self._paths:
            self._paths[key] = self._own_bias(key)
        common = self.sampler.normal(self.sampler.quantity("common.sd"), f"common {base}")
        return self._paths[key] + common

    def counted(self, key: StreamKey, base: str, scope: str) -> Floats:
        """Losses a day that the stream's category means, those it overlooks taken off."""
        claimant, party, category = key
        truth = self.truth
        if truth.submodel != PERSON:
            return truth.losses(base, category, scope)
        killed, wounded = (truth.losses(base, name, scope) for name in ("killed", "wounded"))
        if category == "wounded":
            return wounded
        losses = killed + self.wounded_share(key) * wounded
        role = truth.conflict.role(claimant, party)
        accounting = truth.conflict.stream(*key).accounting
        if accounting == "estimate" and role != "adversary" and truth.missing_share(base).any():
            overlooked = 1 - self.sampler.quantity("missing.counted", f"{role} {base}")
            losses = losses - overlooked * killed * truth.missing_share(base)
        return losses

    def wounded_share(self, key: StreamKey) -> float:
        """Share of the wounded that the stream's word includes."""
        fixed = {"killed": 0.0, "casualties": 1.0, "wounded": 1.0}
        if key[2] in fixed:
            return fixed[key[2]]
        return self.sampler.quantity(UNDEFINED.get(key[2], "definition.losses"), " ".join(key))

    def known_dead(self, key: StreamKey, base: str, scope: str, elapsed: Floats) -> Floats:
        """Of each day's losses, how many a list, a register or a count of the missing holds.

        Parameters
        ----------
        elapsed
            Days from each day to the date of knowledge; what lies ahead of it is zero or less.
        """
        truth, accounting = self.truth, self.truth.conflict.stream(*key).accounting
        killed = truth.losses(base, "killed", scope)
        missing = truth.missing_share(base)
        past = np.maximum(elapsed, 0.5)
        declared = self._declared(base, past)
        if key[2] == "missing":
            return killed * missing * (1 - declared) * (elapsed > 0)
        if accounting == "register":
            return killed * ((1 - missing) + missing * declared) * (elapsed > 0)
        found, late = self._listed(key, base, past)
        dead = np.zeros_like(killed)
        if key[2] != "wounded":
            dead = killed * ((1 - missing) * found + missing * late)
        if key[2] in ("wounded", "casualties", "losses"):
            dead = dead + truth.losses(base, "wounded", scope) * found
        return self.coverage(key) * dead * (elapsed > 0)

    def coverage(self, key: StreamKey) -> Floats:
        """Share of the dead of each day that a list would reach given unlimited time."""
        name = ("coverage", key)
        if name not in self._paths:
            level = self.sampler.logit("coverage.level", " ".join(key))
            self._paths[name] = np.asarray(expit(self._walk("coverage.walk_sd", level)))
        return self._paths[name]

    def _own_bias(self, key: StreamKey) -> Floats:
        claimant, party, category = key
        conflict, quantity = self.truth.conflict, self.sampler.quantity
        accounting = conflict.stream(*key).accounting
        level = np.zeros(len(self.at))
        if accounting == "register" or category == "missing":
            name = "bias.register" if accounting == "register" else "bias.missing"
            level = level + np.log(quantity(name, " ".join(key)))
        else:
            role = conflict.role(claimant, party)
            kind = f"bias.{role}.{self._class(party)}"
            level = level + np.log(quantity(kind))
            between = quantity(f"{kind}.between")
            if role != "third-party":
                shared = quantity("bias.side_share")
                side = f"{conflict.side_of(claimant)} {conflict.components(party)[0]}"
                level = level + self.sampler.normal(between * np.sqrt(shared), f"side {side}")
                between *= np.sqrt(1 - shared)
            level = level + self.sampler.normal(between, f"bias {claimant} {party}")
            if (claimant, party) in self.several:
                sd = quantity("bias.category_sd")
                level = level + self.sampler.normal(sd, f"bias {' '.join(key)}")
            if role == "third-party":
                level = level + self._group(party, category)
        return np.asarray(level + self._drift(key, accounting))

    def _group(self, party: str, category: str) -> Floats:
        name = ("group", party, category == "killed")
        if name not in self._paths:
            label = f"group {party} {'killed' if category == 'killed' else 'other'}"
            level = self.sampler.normal(self.sampler.quantity("bias.group_sd"), label)
            self._paths[name] = self._walk("bias.group_walk_sd", level)
        return self._paths[name]

    def _drift(self, key: StreamKey, accounting: str) -> Floats:
        first, last = self.spans[key]
        ledger = accounting == "ledger"
        names = {"ledger": "bias.drift_ledger_sd", "register": "bias.register_drift_sd"}
        drift = np.zeros(len(self.at))
        if last > first:
            name = names.get(accounting, "bias.drift_estimate_sd")
            drift = drift + self._walk(name, 0.0, first=0.0 if ledger else first, last=last)
        return drift

    def _walk(
        self, name: str, level: float, *, first: float = 0.0, last: float | None = None
    ) -> Floats:
        spacing = self.truth.conflict.knots.drift_days
        sd = self.sampler.quantity(name) * np.sqrt(spacing / HALF_YEAR)
        knots = knots_of(first, self.at[-1] if last is None else last, spacing)
        return self.sampler.walk(self.at, knots=knots, level=level, sd=float(sd))

    def _class(self, party: str) -> str:
        if self.truth.submodel != PERSON:
            return "equipment"
        base = self.truth.conflict.components(party)[0]
        return "civilian" if self.truth.conflict.parties[base].civilian else "person"

    def _declared(self, base: str, elapsed: Floats) -> Floats:
        """Share of the missing dead that are declared dead within `age` days."""
        if not self.truth.missing_share(base).any():
            return np.zeros_like(elapsed)
        median = self.sampler.quantity("declared.delay", base)
        return np.asarray(ndtr(np.log(elapsed / median) / self.sampler.quantity("declared.log_sd")))

    def _listed(self, key: StreamKey, base: str, elapsed: Floats) -> tuple[Floats, Floats]:
        """Share of those found, and of those declared dead late, that a list has heard of."""
        label = " ".join(key)
        who = ".civilian" if self.truth.conflict.parties[base].civilian else ""
        growth = self.sampler.quantity(f"delay.growth{who}", label) * (self.at / YEAR - 1)
        median = self.sampler.quantity(f"delay.median{who}", label) * np.exp(growth)
        sd = self.sampler.quantity(f"delay.log_sd{who}", label)
        found = ndtr(np.log(elapsed / median) / sd)
        if not self.truth.missing_share(base).any():
            return found, found
        spread = self.sampler.quantity("declared.log_sd")
        waits = self.sampler.quantity("declared.delay", base) * np.exp(spread * ndtri(DECLARATIONS))
        rest = elapsed - waits[:, None]
        heard = ndtr(np.log(np.maximum(rest, 0.5) / median) / sd) * (rest > 0)
        return found, heard.mean(axis=0)


def spans_of(rows: pd.DataFrame, truth: Truth) -> dict[StreamKey, tuple[float, float]]:
    """Days of the first and last knowledge of each stream among the rows."""
    known = rows["known"].map(truth.position).astype(float)
    grouped = known.groupby([rows["root"], rows["party"], rows["category"]])
    found = grouped.agg(["min", "max"])
    return dict(zip(found.index, found.itertuples(index=False, name=None), strict=True))
