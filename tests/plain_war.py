"""Losses and biases day by day and claim by claim, from the terms and the equations.

It reads the table of terms, the conflict, the priors and, by the names of the groups of the
parameterisation, the standard normals; no array of the design and no line of its code.
"""

import math
import statistics
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from lossmodel.conflict import Conflict
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors

AUXILIARY = ("ratio", "overlap", "fate", "declarations")
REGISTERS = ("register", "corrected-register")


def knots(first: float, last: float, spacing: float) -> list[float]:
    if last - first < spacing / 2:
        return [(first + last) / 2]
    positions = [first]
    while positions[-1] < last:
        positions.append(positions[-1] + spacing)
    return positions


class PlainWar:
    def __init__(
        self,
        terms: pd.DataFrame,
        conflict: Conflict,
        *,
        submodel: str,
        until: pd.Timestamp,
        priors: Priors,
        components: Components,
        ended: pd.Timestamp | None = None,
        battles: dict[str, list[tuple[int, int]]] | None = None,
        wider: dict[str, float] | None = None,
    ) -> None:
        self.terms = terms.to_dict("records")
        self.conflict, self.priors, self.components = conflict, priors, components
        self.person = submodel in ("person", "civilian")
        self.length = (until - conflict.start).days + 1
        self.battles, self.wider = battles or {}, wider or {}
        self.width = conflict.knots.rate_days // 2 if self.length > 366 else 1
        self.spacing = min(conflict.knots.rate_days, max(1, self.length // 12))
        # Days from which a window is not short.
        self.brief = max(self.spacing, min(2, self.length))
        self.figures = {party: self.short_figures(party) for party in conflict.parties}
        self.scatter = {party: self.scatter_of(party) for party in conflict.parties}
        self.standing_out = cache(self.sds_off)
        self.learned: dict[str, bool] = {}
        self.short = {party: self.short_spans(party) for party in conflict.parties}
        spans = (span for of in (self.battles, self.short) for s in of.values() for span in s)
        ends = {cut for first, last in spans for cut in (first, last + 1)}
        self.cuts = {cut for cut in ends if cut < self.length}
        self.cell = cache(self.cell_of)
        self.ended = ended
        firsts = {conflict.components(term["party"])[0] for term in self.terms}
        self.parties = [name for name in conflict.parties if name in firsts]
        keys = [(t["claimant"], t["party"], t["category"], t["accounting"]) for t in self.terms]
        self.streams = sorted(set(keys))
        self.numbers = {key: number for number, key in enumerate(self.streams)}

    def take(self, normals: dict[str, np.ndarray]) -> None:
        """Fix the unknowns; all functions of them are cached."""
        self.normals = normals
        for name in ("rate", "lethality", "missing", "share", "bias", "walk"):
            setattr(self, f"{name}_on", cache(getattr(self, name)))

    # Unknowns

    def z(self, name: str, size: int = 1) -> np.ndarray:
        """Standard normals of a group; one that the priors fix has none."""
        values = self.normals.get(name, np.zeros(size))
        assert len(values) == size, name
        return values

    def scale(self, name: str) -> float:
        prior = self.priors[name]
        if prior.sd == 0:
            return prior.median
        return math.exp(prior.mean + prior.sd * self.z(f"scale:{name}")[0])

    def one(self, name: str, key: str) -> float:
        prior = self.priors[name]
        return prior.mean + prior.sd * self.z(f"{name} {key}")[0]

    def walk_at(self, x: float, positions: list[float], name: str, sd: float) -> float:
        return float(np.interp(x, positions, sd * self.walk_on(name, len(positions))))

    def walk(self, name: str, size: int) -> np.ndarray:
        """Knots of a random walk whose mean over the knots is zero."""
        knots = [0.0]
        for step in self.z(name, size - 1):
            knots.append(knots[-1] + step)
        return np.array(knots) - sum(knots) / size

    def day(self, date: pd.Timestamp) -> int:
        return (date - self.conflict.start).days

    def cell_of(self, day: int) -> range:
        """The days of a cell, the last of which may extend beyond the war; battles cut them."""
        left = day // self.width * self.width
        right = min((cut for cut in self.cuts if day < cut), default=math.inf)
        begins = max(left, max((cut for cut in self.cuts if cut <= day), default=0))
        return range(begins, int(min(left + self.width, right)))

    def middle(self, day: int) -> float:
        """The middle of the cell of a day, at which the latent processes are evaluated."""
        cell = self.cell(day)
        return (cell[0] + cell[-1]) / 2

    def active(self, day: int, first: float, last: float) -> float:
        """Share of the days of the day's cell that lie in first..last."""
        cell = [t for t in self.cell(day) if t < self.length]
        return sum(first <= t <= last for t in cell) / len(cell)

    # Losses per day

    def span(self, party: str) -> tuple[int, int]:
        declared = self.conflict.parties[party]
        first = 0 if declared.start is None else self.day(declared.start)
        last = self.length - 1 if declared.end is None else self.day(declared.end)
        return first, min(last, self.length - 1)

    def rate(self, party: str, day: int) -> float:
        first, last = self.span(party)
        spacing, unit = self.spacing, min(max(14, self.length / 52), max(1, self.length / 12))
        sd = self.scale("rate.walk_sd") * math.sqrt(spacing / unit)
        prior = self.priors["rate.level" if self.person else "rate.level.equipment"]
        level = prior.mean + prior.sd * self.z(f"rate.level {party}")[0]
        x, positions = self.middle(day), knots(first, last, spacing)
        log_rate = level + self.walk_at(x, positions, f"rate.walk {party}", sd)
        log_rate += self.battle(party, day) + self.day_effect(party, day)
        return math.exp(log_rate) * self.active(day, first, last)

    def short_windows(self, party: str) -> Iterator[tuple[dict[str, Any], int, int]]:
        """Terms about fewer days than lie between two knots, with their first and last day."""
        for term in self.terms:
            counts = term["kind"] == "window" and term["accounting"] not in AUXILIARY
            if counts and party in self.conflict.components(term["party"]):
                first = max(self.day(term["days"][0][0]), 0)
                last = min(self.day(term["days"][-1][1]), self.length - 1)
                if 1 <= last + 1 - first < self.brief:
                    yield term, first, last

    def short_spans(self, party: str) -> list[tuple[int, int]]:
        """First and last days of runs of days that the same short windows have in common."""
        windows = [(first, last) for _, first, last in self.short_windows(party)]
        of_battles = {t for a, b in self.battles.get(party, []) for t in range(a, b + 1)}

        def around(day: int) -> tuple[int, ...]:
            if day in of_battles:
                return ()
            return tuple(i for i, (a, b) in enumerate(windows) if a <= day <= b)

        runs = [list(run) for _, run in groupby(range(self.length), key=around)]
        begins, ends = self.span(party)
        spans = [(run[0], run[-1]) for run in runs if around(run[0])]
        spans = [(first, last) for first, last in spans if first <= ends and begins <= last]
        self.learned[party] = len(spans) <= 104
        if self.learned[party]:
            return spans
        out = sorted(spans, key=lambda span: -abs(self.standing_out(party, *span)))[:104]
        return sorted(span for span in out if abs(self.standing_out(party, *span)) > 4)

    def day_effect(self, party: str, day: int) -> float:
        """Log factor of the days of a short window; that of its days has the mean one."""
        spans = self.short[party]
        for number, (first, last) in enumerate(spans):
            if first <= day <= last:
                days = last + 1 - first
                normal = self.z(f"rate.day {party}", len(spans))[number]
                learned = self.learned[party]
                sd = self.scale("rate.day_sd") if learned else math.sqrt(self.scatter[party])
                own = sd * normal / math.sqrt(days)
                if self.components.heavy_tails:
                    z, nu = self.standing_out(party, first, last), self.priors["noise.nu"].median
                    own *= max(math.sqrt((nu + z * z) / (nu + 1)), 1.0)
                return own - self.scatter[party] / days / 2
        return 0.0

    def short_figures(self, party: str) -> list[tuple[str, list[tuple[int, int, float, float]]]]:
        """Claimant and figures of each stream: first day, days, log rate and unit of its count."""
        streams: dict[tuple[str, ...], list[tuple[int, int, float, float]]] = {}
        for term, first, last in self.short_windows(party):
            if term["form"] == "point":
                key = (term["claimant"], term["party"], term["category"], term["scope"])
                value, days = term["value"], last + 1 - first
                half_unit = max(term["rounding_sd"] * math.sqrt(12) / 2, 1) if value == 0 else 1
                number = max(value, half_unit / 2)
                figure = (first, days, math.log(number / days), half_unit)
                streams.setdefault(key, []).append(figure)
        return [(key[0], sorted(figures)) for key, figures in streams.items()]

    def scatter_of(self, party: str) -> float:
        """Variance of the log losses of one day, from neighbouring short figures of a stream."""
        squares = [self.priors["rate.day_sd"].median ** 2] * 4
        for _, figures in self.figures[party]:
            for (a, m, x, v), (b, n, y, w) in zip(figures, figures[1:], strict=False):
                if b - a <= 2 * self.brief:
                    chance = v / (math.exp(x) * m) + w / (math.exp(y) * n)
                    squares.append(((x - y) ** 2 - chance) / (1 / m + 1 / n))
        usual = max(statistics.median(squares) / 0.455, 0.01)
        return max(sum(min(s, 9 * usual) for s in squares) / len(squares), 0.01)

    def sds_off(self, party: str, first: int, last: int) -> float:
        """Sds that days lie off the nearest figures of a stream, the median of the claimants."""
        found: dict[str, float] = {}
        for claimant, figures in self.figures[party]:
            for i, (begins, days, log_rate, unit) in enumerate(figures):
                reach = 2 * self.brief
                near = figures[max(i - 5, 0) : i] + figures[i + 1 : i + 6]
                others = [x for a, _, x, _ in near if abs(a - begins) <= reach]
                if len(others) < 3 or begins > first or last >= begins + days:
                    continue
                usual = statistics.median(others)
                number, mean = (math.exp(x) * days / unit for x in (log_rate, usual))
                by_chance = 2 * (math.sqrt(number + 0.375) - math.sqrt(mean + 0.375))
                variance = self.scatter[party] / days
                if number != mean:
                    variance += ((log_rate - usual) / by_chance) ** 2
                z = (log_rate - usual) / math.sqrt(variance)
                found[claimant] = max(found.get(claimant, 0.0), z, key=abs)
        return statistics.median(found.values() or [0.0])

    def battle(self, party: str, day: int) -> float:
        """Log factor of the days of a battle."""
        days, prior = self.battles.get(party, []), self.priors["rate.battle"]
        if not any(first <= day <= last for first, last in days):
            return 0.0
        # The lowest of so many lognormal days, where a hundredth of them has the prior's factor.
        begins, ends = self.span(party)
        share = sum(last + 1 - first for first, last in days) / (ends + 1 - begins)
        lowest, rare = (1.2 * stats.norm.isf(part) - 0.72 for part in (share, 0.01))
        common, own = (
            self.z(f"rate.battle.level {party}"),
            self.z(f"rate.battle {party}", len(days)),
        )
        number = next(i for i, (first, last) in enumerate(days) if first <= day <= last)
        normal = math.sqrt(3 / 4) * common[0] + math.sqrt(1 / 4) * own[number]
        rarity = max(lowest / rare, 0)
        return prior.mean * rarity + prior.sd * min(rarity, 1) * normal

    def logit_process(self, name: str, party: str, x: float, spacing: int, unit: int) -> float:
        positions = knots(*self.span(party), spacing)
        sd = self.scale(f"{name}.walk_sd") * math.sqrt(spacing / unit)
        level = self.priors[f"{name}.level"]
        wider = self.wider.get(party, 1.0) if name == "lethality" else 1.0
        centre = level.mean + wider * level.sd * self.z(f"{name}.level {party}")[0]
        return centre + self.walk_at(x, positions, f"{name}.walk {party}", sd)

    def lethality(self, party: str, day: int) -> float:
        spacing = self.conflict.knots.lethality_days
        return float(expit(self.logit_process("lethality", party, self.middle(day), spacing, 91)))

    def has_missing(self, party: str) -> bool:
        civilian = self.conflict.parties[party].civilian
        return self.person and self.components.missing and not civilian

    def missing(self, party: str, x: float) -> float:
        spacing = self.conflict.knots.drift_days
        return float(expit(self.logit_process("missing", party, x, spacing, 182)))

    def dead(self, party: str, day: int) -> float:
        return self.rate_on(party, day) * (self.lethality_on(party, day) if self.person else 1.0)

    def wounded(self, party: str, day: int) -> float:
        return self.rate_on(party, day) - self.dead(party, day)

    def share(self, party: str, name: str, day: int) -> float:
        scope = self.conflict.scopes[name]
        if name == "all" or not self.components.scopes or scope.party not in (None, party):
            return 1.0
        if scope.complement_of:
            parent = self.conflict.scopes[scope.complement_of].of or "all"
            whole = self.share_on(party, parent, day)
            return whole - self.share_on(party, scope.complement_of, day)
        first = 0 if scope.start is None else self.day(scope.start)
        last = math.inf if scope.end is None else self.day(scope.end)
        prior, key = scope.share, f"{party} {name}"
        part = float(expit(logit(prior.mean) + prior.sd * self.z(f"scope.share {key}")[0]))
        if prior.form == "decaying":
            tau = prior.tau_days * math.exp(prior.tau_sd * self.z(f"scope.tau {key}")[0])
            part *= math.exp(-(self.middle(day) - first) / tau)
        return part * self.active(day, first, last) * self.share_on(party, scope.of or "all", day)

    # Biases

    def observation_model(self, term: dict[str, Any]) -> str:
        if term["accounting"] in AUXILIARY:
            return term["accounting"]
        return "stock" if term["category"] == "missing" else term["accounting"]

    def bias(
        self, key: tuple[str, str, str, str], x: float, party: str, unsettled: float = 1.0
    ) -> float:
        names = ("claimant", "party", "category", "accounting")
        own = [t for t in self.terms if tuple(t[name] for name in names) == key]
        log_bias = unsettled * (self.level(own[0], x) + self.drift(own, x))
        if self.components.common_mode:
            log_bias += self.scale("common.sd") * self.z(f"common {party}")[0]
        return log_bias

    def level(self, term: dict[str, Any], x: float) -> float:
        claimant, party, category = term["claimant"], term["party"], term["category"]
        key, role = f"{claimant} {party} {category}", term["role"]
        if self.observation_model(term) in REGISTERS:
            return self.one("bias.register", key)
        if self.observation_model(term) == "stock":
            return self.one("bias.missing", key)
        civilian = self.conflict.parties[self.conflict.components(party)[0]].civilian
        sort = ("civilian" if civilian else "person") if self.person else "equipment"
        kind = f"bias.{role}.{sort}"
        log_bias = self.priors[kind].mean
        log_bias += self.priors[kind].sd * self.z(f"bias.role {role} {kind}")[0]
        between = self.priors[f"{kind}.between"].median
        if role != "third-party" and self.components.group:
            shared = self.priors["bias.side_share"].median
            side = f"{role} {self.conflict.side_of(claimant)} {self.conflict.components(party)[0]}"
            log_bias += between * math.sqrt(shared) * self.z(f"bias.side {side}")[0]
            between *= math.sqrt(1 - shared)
        log_bias += between * self.z(f"bias.claimant {claimant} {party}")[0]
        siblings = {
            t["category"]
            for t in self.terms
            if (t["claimant"], t["party"]) == (claimant, party)
            and self.observation_model(t) not in ("list", *AUXILIARY)
        }
        if len(siblings) > 1:
            log_bias += self.scale("bias.category_sd") * self.z(f"bias.category {key}")[0]
        if role == "third-party" and self.components.group:
            group = f"{party} {'killed' if category == 'killed' else 'other'}"
            log_bias += self.scale("bias.group_sd") * self.z(f"bias.group {group}")[0]
            if self.components.drift:
                log_bias += self.half_yearly(
                    x, 0, self.length - 1, f"bias.group_walk {group}", "bias.group_walk_sd"
                )
        return log_bias

    def below_ceilings(self) -> float:
        """Log density of the ceilings of what sides and their claimants share about their dead."""
        ceiling, sd = (self.priors[f"bias.self.{n}"].median for n in ("ceiling", "ceiling_sd"))
        kind = "bias.self.person"
        prior, sides = self.priors[kind], {}
        for term in self.terms:
            first = self.conflict.components(term["party"])[0]
            counted = self.observation_model(term) in ("ledger", "estimate")
            if self.conflict.parties[first].civilian or not (self.person and counted):
                continue
            if term["role"] == "self":
                shared = prior.mean + prior.sd * self.z(f"bias.role self {kind}")[0]
                if self.components.group:
                    between = self.priors[f"{kind}.between"].median
                    part = between * math.sqrt(self.priors["bias.side_share"].median)
                    side = f"self {self.conflict.side_of(term['claimant'])} {first}"
                    sides[side] = shared + part * self.z(f"bias.side {side}")[0]
                else:
                    sides[""] = shared
        logs = (stats.norm.logcdf((ceiling - shared) / sd) for shared in sides.values())
        return sum(math.log(2) + log for log in logs)

    def half_yearly(self, x: float, first: float, last: float, name: str, sd: str) -> float:
        spacing = self.conflict.knots.drift_days
        step = self.scale(sd) * math.sqrt(spacing / 182)
        return self.walk_at(x, knots(first, last, spacing), name, step)

    def drift(self, own: list[dict[str, Any]], x: float) -> float:
        days = [self.day(term["anchor_date"]) for term in own]
        first, last, observation_model = min(days), max(days), self.observation_model(own[0])
        key = " ".join(own[0][name] for name in ("claimant", "party", "category"))
        if own[0]["accounting"] != own[0]["declared"]:
            key += " " + own[0]["accounting"]
        names = {"ledger": "bias.drift_ledger_sd"}
        names |= dict.fromkeys(REGISTERS, "bias.register_drift_sd")
        log_bias = 0.0
        if self.components.drift and last > first:
            start = 0 if observation_model == "ledger" else first
            sd = names.get(observation_model, "bias.drift_estimate_sd")
            log_bias += self.half_yearly(x, start, last, f"bias.drift {key}", sd)
        return log_bias
