"""Measurement model of the simulator: definitions, biases, coverage and delays of the streams.

The log bias of a stream is the sum of deviations of its role, side, claimant and category, a level
and walk shared by third parties, a drift, and a common mode of all claimants about a party. Lists
have a coverage and a delay instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, ndtr, ndtri

from lossmodel.conflict.durations import HALF_YEAR, YEAR
from lossmodel.evaluation.departures import DepartureDraws
from lossmodel.evaluation.latent_truth import PERSON, Truth
from lossmodel.evaluation.prior_draws import Floats, Sampler, delay_factor, knots_of
from lossmodel.model.own_bias import OWN
from lossmodel.tables.vocabulary import ACCOUNTINGS

__all__ = ["StreamKey", "MeasurementModel"]

StreamKey = tuple[str, str, str]  # claimant, party, category
UNDEFINED = {"losses": "definition.losses", "irrecoverable": "definition.irrecoverable"}
# Quantile levels over which the delay of declaration is averaged: exact to 0.0003 with sixty.
DECLARATIONS = (np.arange(60) + 0.5) / 60
# A case is counted half a day after it happened, at the earliest.
MIN_ELAPSED = 0.5


@dataclass
class MeasurementModel:
    """Biases, definitions, coverage and delays of one submodel's streams, drawn on first use.

    Attributes
    ----------
    truth
        Daily losses of the submodel.
    sampler
        Draws from the priors.
    spans
        Stream -> days of its first and last knowledge.
    several
        (claimant, party) with more than one category that has a bias.
    departures
        Departures of all streams from the model's assumptions.

    Examples
    --------
    >>> import pandas as pd
    >>> from lossmodel.conflict import load_conflict
    >>> from lossmodel.evaluation.latent_truth import draw_truth
    >>> from lossmodel.model.priors import Priors
    >>> sampler = Sampler(Priors.default(), np.random.default_rng(1))
    >>> truth = draw_truth(
    ...     "aircraft", conflict=load_conflict("battle-of-britain"), level_sd=0.5, sampler=sampler,
    ...     days=pd.date_range("1940-07-01", periods=30), levels={"germany": 2.0},
    ... )
    >>> key = ("air-ministry", "germany", "aircraft")
    >>> measurement = MeasurementModel(truth, sampler, {key: (0.0, 29.0)}, frozenset())
    >>> measurement.bias(key, "germany").shape
    (30,)
    """

    truth: Truth
    sampler: Sampler
    spans: dict[StreamKey, tuple[float, float]]
    several: frozenset[tuple[str, str]]
    departures: DepartureDraws = field(default_factory=DepartureDraws)
    _paths: dict[object, Floats] = field(default_factory=dict)
    _drawn: dict[str, float] = field(default_factory=dict)

    @property
    def at(self) -> Floats:
        """Days since the first, shape (days,)."""
        return np.arange(len(self.truth.days), dtype=float)

    def bias(self, key: StreamKey, base: str) -> Floats:
        """Log bias of a stream on each day about one base party, shape (days,)."""
        if key not in self._paths:
            self._paths[key] = self._own_bias(key)
        return self._paths[key] + self.common(base)

    def common(self, base: str) -> float:
        """Log bias that all streams of a party but lists share."""
        return self.sampler.normal(self.sampler.quantity("common.sd"), f"common {base}")

    def counted(self, key: StreamKey, base: str, scope: str) -> Floats:
        """Losses per day under the stream's definition, less those it overlooks; shape (days,)."""
        claimant, party, category = key
        truth = self.truth
        if truth.submodel != PERSON:
            return truth.losses(base, category, scope)
        killed, wounded = (truth.losses(base, name, scope) for name in ("killed", "wounded"))
        if category == "wounded":
            return wounded
        losses = killed + self.wounded_share(key) * wounded
        role = truth.conflict.role(claimant, party)
        assesses = ACCOUNTINGS[truth.conflict.stream(*key).accounting].assesses
        if assesses and role != "adversary" and truth.missing_share(base).any():
            overlooked = 1 - self.sampler.quantity("missing.counted", f"{role} {base}")
            losses = losses - overlooked * killed * truth.missing_share(base)
        return losses

    def wounded_share(self, key: StreamKey) -> float:
        """Share of the wounded that the stream's category includes."""
        fixed = {"killed": 0.0, "casualties": 1.0, "wounded": 1.0}
        if key[2] in fixed:
            return fixed[key[2]]
        return self.sampler.quantity(UNDEFINED.get(key[2], "definition.losses"), " ".join(key))

    def known_dead(self, key: StreamKey, base: str, scope: str, elapsed: Floats) -> Floats:
        """Losses of each day that a list, a register or a count of the missing holds.

        Parameters
        ----------
        elapsed
            Days from each day to the date of knowledge, shape (days,); not positive for later days.

        Returns
        -------
        ndarray
            Expected cases, shape (days,).
        """
        truth, accounting = self.truth, self.truth.conflict.stream(*key).accounting
        killed = truth.losses(base, "killed", scope)
        missing = truth.missing_share(base)
        past = np.maximum(elapsed, MIN_ELAPSED)
        declared = self.declared_share(base, past)
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
        known = float(elapsed[0] + self.at[0])
        return self.coverage(key, known) * dead * (elapsed > 0)

    def coverage(self, key: StreamKey, known: float = 0.0) -> Floats:
        """Share of the dead of each day that a list reaches in unlimited time, shape (days,).

        Parameters
        ----------
        known
            Day of the list, which reaches more of the dead long after the war.
        """
        name = ("coverage", key)
        if name not in self._paths:
            prior = self.sampler.priors[self._of_list("coverage.level", key)]
            base = self.truth.conflict.components(key[1])[0]
            shared = self.sampler.quantity("coverage.side_share")
            own, common = (
                self.sampler.normal(prior.sd * np.sqrt(part), f"coverage {of}")
                for of, part in ((" ".join(key), 1 - shared), (f"{prior.name} {base}", shared))
            )
            level = self.departures.coverage_level(prior.mean + own + common, prior)
            self._paths[name] = self._walk(self._of_list("coverage.walk_sd", key), level)
        years = self._days_after(known) / YEAR
        gain = self.sampler.quantity("coverage.after", " ".join(key)) * years / (1 + years)
        return np.asarray(self.departures.sizes.duplicated * expit(self._paths[name] + gain))

    def unsettled(self, key: StreamKey, published: float) -> float:
        """Share of its bias that a figure has left: less than one after the fighting.

        Only a side's own figures of its soldiers and those of registers settle.
        """
        claimant, party, category = key
        own = self._class(party) == "person" and self.truth.conflict.role(claimant, party) == "self"
        official = own or ACCOUNTINGS[self.truth.conflict.stream(*key).accounting].official
        if not official or category == "missing":
            return 1.0
        late = self._days_after(published) / self.sampler.quantity("bias.settling")
        return float(1 / np.sqrt(1 + late))

    def _days_after(self, day: float) -> float:
        end = self.truth.conflict.end
        return 0.0 if end is None else max(day - self.truth.position(end), 0.0)

    def _own_bias(self, key: StreamKey) -> Floats:
        claimant, party, category = key
        conflict, quantity = self.truth.conflict, self.sampler.quantity
        accounting = conflict.stream(*key).accounting
        level = np.zeros(len(self.at))
        official = ACCOUNTINGS[accounting].official
        if official or category == "missing":
            name = "bias.missing" if category == "missing" else "bias.register"
            level = level + np.log(quantity(name, " ".join(key)))
        else:
            role = conflict.role(claimant, party)
            kind = f"bias.{role}.{self._class(party)}"
            level = level + self.departures.centre(role)
            between = quantity(f"{kind}.between")
            if role == "third-party":
                level = level + np.log(quantity(kind))
            else:
                shared = quantity("bias.side_share")
                side = f"{conflict.side_of(claimant)} {conflict.components(party)[0]}"
                level = level + self._of_side(kind, between * np.sqrt(shared), f"side {side}")
                between *= np.sqrt(1 - shared)
            level = level + self._deviation(between, f"bias {claimant} {party}")
            if (claimant, party) in self.several:
                sd = quantity("bias.category_sd")
                level = level + self._deviation(sd, f"bias {' '.join(key)}")
            if role == "third-party":
                level = level + self._group(party, category)
        level = level + self.departures.path(self.at, *self.spans[key])
        return np.asarray(level + self._drift(key, accounting))

    def _of_side(self, kind: str, sd: float, label: str) -> float:
        """Bias of a role and a side: what exaggerates a side's own dead is drawn again."""
        if kind != OWN:
            return float(np.log(self.sampler.quantity(kind))) + self._deviation(sd, label)
        prior = self.sampler.priors[kind]
        if kind not in self._drawn:
            sides = self._own_sides()
            self._drawn[kind] = self._below_ceiling(prior.mean, prior.sd, spread=sd, times=sides)
        role = self._drawn[kind]
        if label not in self._drawn:
            self._drawn[label] = self._below_ceiling(role, sd) - role
        return role + self._drawn[label]

    def _below_ceiling(self, mean: float, sd: float, spread: float = 0.0, times: int = 1) -> float:
        """A normal draw, accepted with the chance that it and deviations stay below the ceiling."""
        quantity, rng = self.sampler.quantity, self.sampler.rng
        soft = np.hypot(quantity("bias.self.ceiling_sd"), spread)
        while True:
            drawn = float(mean + sd * rng.standard_normal())
            if rng.random() < ndtr((quantity("bias.self.ceiling") - drawn) / soft) ** times:
                return drawn

    def _own_sides(self) -> int:
        """Number of sides whose claimants count their own dead, in other ways than by lists."""
        conflict = self.truth.conflict
        found = set()
        for claimant, party, category in self.spans:
            accounting = conflict.stream(claimant, party, category).accounting
            own = conflict.role(claimant, party) == "self" and self._class(party) == "person"
            if own and category != "missing" and accounting in ("ledger", "estimate"):
                found.add((conflict.side_of(claimant), conflict.components(party)[0]))
        return len(found)

    def _deviation(self, sd: float, label: str) -> float:
        """Deviation of a side, claimant or category; the same value for the same label."""
        return self.departures.deviation(self.sampler.normal(sd, label), sd)

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
        names = {"ledger": "bias.drift_ledger_sd"}
        if ACCOUNTINGS[accounting].official:
            names[accounting] = "bias.register_drift_sd"
        drift = np.zeros(len(self.at))
        if last > first:
            name = names.get(accounting, "bias.drift_estimate_sd")
            drift = drift + self._walk(name, 0.0, first=0.0 if ledger else first, last=last)
        return drift

    def _walk(
        self, name: str, level: float, *, first: float = 0.0, last: float | None = None
    ) -> Floats:
        spacing = self.truth.conflict.knots.drift_days
        sd = self.sampler.quantity(name) * self.truth.slow_step(spacing, HALF_YEAR)
        knots = knots_of(first, self.at[-1] if last is None else last, spacing)
        return self.sampler.walk(self.at, knots=knots, level=level, sd=float(sd))

    def _of_list(self, name: str, key: StreamKey) -> str:
        """Name of a list's prior: that of its equipment, civilians, secret or own soldiers."""
        conflict, kind = self.truth.conflict, self._class(key[1])
        if kind == "person":
            secret = any(conflict.parties[base].censored for base in conflict.components(key[1]))
            kind = "censored" if secret else conflict.role(*key[:2])
        own = f"{name}.{kind}"
        return own if own in self.sampler.priors.entries else name

    def _class(self, party: str) -> str:
        if self.truth.submodel != PERSON:
            return "equipment"
        base = self.truth.conflict.components(party)[0]
        return "civilian" if self.truth.conflict.parties[base].civilian else "person"

    def declared_share(self, base: str, elapsed: Floats) -> Floats:
        """Share of each day's missing dead who are declared dead within the elapsed days."""
        if not self.truth.missing_share(base).any():
            return np.zeros_like(elapsed)
        log = np.log(np.maximum(elapsed, MIN_ELAPSED) / self._declaration(base))
        return np.asarray(ndtr(log / self.sampler.quantity("declared.log_sd")) * (elapsed > 0))

    def _declaration(self, base: str) -> Floats:
        """Median days from a death on each day to its declaration, shape (days,)."""
        growth = self.sampler.quantity("declared.growth", base) * (self.truth.years - 1)
        return np.asarray(self.sampler.quantity("declared.delay", base) * np.exp(growth))

    def _listed(self, key: StreamKey, base: str, elapsed: Floats) -> tuple[Floats, Floats]:
        """Share of the found, and of the missing declared dead, whom a list has reached."""
        names = [self._of_list(f"delay.{name}", key) for name in ("median", "growth", "log_sd")]
        median, growth, sd = (self.sampler.quantity(name, " ".join(key)) for name in names)
        median *= delay_factor(self.sampler.priors[names[0]], len(self.at))
        medians = median * np.exp(growth * (self.truth.years - 1))
        found = ndtr(np.log(elapsed / medians) / sd)
        if not self.truth.missing_share(base).any():
            return found, found
        delays = np.exp(self.sampler.quantity("declared.log_sd") * ndtri(DECLARATIONS))[:, None]
        rest = elapsed - self._declaration(base) * delays
        listed = ndtr(np.log(np.maximum(rest, MIN_ELAPSED) / medians) / sd) * (rest > 0)
        return found, listed.mean(axis=0)
