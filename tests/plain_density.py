"""An independent log density, with the losses and biases of `PlainWar`: plain sums and SciPy."""

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, gammaln, logsumexp, ndtr

from lossmodel.model.design.convolution import LAST, NODES, SOONEST
from lossmodel.model.design.reporting import WIDENING
from tests.plain_war import AUXILIARY, REGISTERS, PlainWar, knots

NEARLY_NOTHING = 1e-9
NEVER = 1e9
YEAR = 365.25
# Figures of whole windows, each judged anew.
ASSESSED = ("estimate", "corrected-register")
LISTED = ("killed", "wounded", "casualties")


class PlainDensity(PlainWar):
    def __call__(self, normals: dict[str, np.ndarray]) -> float:
        self.take(normals)
        prior = sum(stats.norm.logpdf(z).sum() for z in normals.values())
        figures = sum(self.own_or_copy(term) for term in self.terms)
        return prior + self.below_ceilings() + self.below_wholes() + self.cut_off() + figures

    # Expectations

    def log_expectation(self, term: dict[str, Any]) -> float:
        """Log of the expected figure or, of a share of cases, of its odds."""
        about = f"{term['claimant']} {term['party']}"
        name = term["accounting"]
        if name == "ratio":
            above, below = (self.compared(term, term[column]) for column in ("category", "per"))
            ranks = ["killed", "irrecoverable", "losses", "casualties", "wounded"]
            deadlier = ranks.index(term["category"]) < ranks.index(term["per"])
            return above - below + (1 if deadlier else -1) * self.one("ratio.bias", about)
        about += f" {term['category']}"
        if name == "overlap":
            listed = term | {"accounting": term["declared"]}
            parties = [p for p in self.conflict.components(term["party"]) if p in self.parties]
            known = math.log(sum(self.held(listed, party) for party in parties) + NEARLY_NOTHING)
            if term["declared"] == "register":
                key = (term["claimant"], term["party"], "killed", "register")
                anchor = float(self.day(term["anchor_date"]))
                known += self.bias_on(key, anchor, parties[0], self.unsettled(listed))
            return self.odds(
                known - self.compared(term, "killed"), 20 if term["declared"] == "register" else 1e4
            ) + self.one("overlap.selection", about)
        if name == "fate":
            register = self.one("bias.missing", about)
            return self.odds(-register, 20) + self.one("fate.selection", about)
        if name == "declarations":
            total = sum(
                self.held(term | self.flow(first, last), party)
                for first, last in term["days"]
                for party in self.conflict.components(term["party"])
            )
            return math.log(total + NEARLY_NOTHING) + self.one("bias.declared", about)
        return math.log(self.expectation(term))

    def compared(self, term: dict[str, Any], category: str) -> float:
        """Log of the losses of a category over the window of a comparison."""
        keys = (term["claimant"], term["party"], category)
        own = [s for s in self.streams if s[:3] == keys and s[3] not in AUXILIARY]
        counts = [s for s in own if any(self.is_first(t, s) for t in self.terms)]
        words = [self.numbers[s] for s in counts] or [" ".join(keys)]
        return math.log(
            sum(
                self.counted(term | {"category": category, "word": words[0]}, party, day)
                for party in self.conflict.components(term["party"])
                if party in self.parties
                for day in self.days(term["days"])
            )
            + NEARLY_NOTHING
        )

    @staticmethod
    def is_first(term: dict[str, Any], stream: tuple[str, ...]) -> bool:
        """Whether a term is of a stream, and the stream is as it was declared."""
        names = ("claimant", "party", "category", "accounting")
        return tuple(term[n] for n in names) == stream and term["accounting"] == term["declared"]

    def flow(self, first: pd.Timestamp, last: pd.Timestamp) -> dict[str, Any]:
        """A window of declarations as what is declared by its end and not before its start."""
        start, before = self.conflict.start, first - pd.Timedelta(days=1)
        earlier = ((start, before),) if first > start else ()
        return {
            **{"days": ((start, last),), "known": last},
            **{"days_from": earlier, "known_from": before if earlier else pd.NaT},
        }

    @staticmethod
    def odds(log_share: float, sharpness: float) -> float:
        share = math.exp(-np.logaddexp(0, -sharpness * log_share) / sharpness)
        return math.log(share / (1 - share))

    def expectation(self, term: dict[str, Any]) -> float:
        parties = [p for p in self.conflict.components(term["party"]) if p in self.parties]
        observation_model = self.observation_model(term)
        key = (term["claimant"], term["party"], term["category"], term["accounting"])
        if observation_model == "list":
            return sum(self.held(term, party) for party in parties) + NEARLY_NOTHING
        if observation_model == "ledger":
            total = 0.0
            for party in parties:
                for day in self.days(term["days"]):
                    log_bias = self.bias_on(key, self.middle(day), party)
                    total += self.counted(term, party, day) * math.exp(log_bias)
            return total + NEARLY_NOTHING
        if observation_model in ASSESSED:
            total = sum(self.counted(term, p, t) for p in parties for t in self.days(term["days"]))
        else:
            total = sum(self.held(term, party) for party in parties)
        anchor = float(self.day(term["anchor_date"]))
        log_bias = self.bias_on(key, anchor, parties[0], self.unsettled(term))
        return (total + NEARLY_NOTHING) * math.exp(log_bias)

    def unsettled(self, term: dict[str, Any]) -> float:
        """The share of its bias that a count of the own soldiers has left after the fighting."""
        first = self.conflict.components(term["party"])[0]
        soldiers = self.person and not self.conflict.parties[first].civilian
        official = (term["role"] == "self" and soldiers) or term["declared"] in REGISTERS
        if self.ended is None or not official or term["category"] == "missing":
            return 1.0
        late = max((term["published"] - self.ended).days, 0)
        return 1 / math.sqrt(1 + late / self.priors["bias.settling"].median)

    def days(self, ranges: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]) -> list[int]:
        found = []
        for start, end in ranges:
            found += range(max(self.day(start), 0), min(self.day(end), self.length - 1) + 1)
        return found

    def counted(self, term: dict[str, Any], party: str, day: int) -> float:
        """The losses of a party on a day that the category of a claimant includes."""
        category, share = term["category"], self.share_on(party, term["scope"], day)
        if not self.person:
            return self.rate_on(party, day) * share
        part = {"killed": 0.0}.get(category, 1.0)
        if category in ("losses", "irrecoverable") and self.components.definitions:
            number = term["word"] if "word" in term else self.number(term)
            prior = self.priors[f"definition.{category}"]
            part = float(expit(prior.mean + prior.sd * self.z(f"definition {number}")[0]))
        dead = 0.0 if category == "wounded" else self.dead(party, day)
        partial = term["accounting"] in ASSESSED and term["role"] != "adversary"
        if self.found_only(term, self.day(term["known"])) and self.has_missing(party):
            dead *= 1 - self.missing_on(party, self.middle(day))
        elif partial and self.has_missing(party):
            z = self.z(f"missing.counted {term['role']} {party}")[0] if dead else 0.0
            prior = self.priors["missing.counted"]
            # The normal is that of the share that is not counted.
            counted = float(expit(prior.mean - prior.sd * z))
            dead *= 1 - (1 - counted) * self.missing_on(party, self.middle(day))
        return (dead + part * self.wounded(party, day)) * share

    def found_only(self, term: dict[str, Any], known: int) -> bool:
        """Whether its claimant leaves out the missing on a day, and adds the declared later."""
        key = tuple(term[name] for name in ("claimant", "party", "category"))
        since = self.conflict.stream(*key).declared_from
        return since is not None and known < self.day(since)

    def held(self, term: dict[str, Any], party: str) -> float:
        """The total of a list, register or stock, or its increment since the vintage before."""
        known = self.day(term["known"]) + 1
        days = {t for t in self.days(term["days"]) if t < known}
        if not term["days_from"]:
            return sum(self.bin(term, party, *edges, known) for edges in self.bins(days, known))
        earlier = self.day(term["known_from"]) + 1
        before = {t for t in self.days(term["days_from"]) if t < earlier}
        held = sum(self.bin(term, party, *e, known) for e in self.bins(days - before, known))
        for edges in self.bins(days & before, earlier):
            # Increments are not negative.
            now, once = (self.bin(term, party, *edges, end) for end in (known, earlier))
            held += max(now - once, 0.0)
        return held

    def bins(self, days: set[int], end: int) -> list[tuple[int, int]]:
        """Bins of neighbouring days of death, from the latest on."""
        bins = []
        left = sorted(days)
        while left:
            hi = left[-1] + 1
            lo = max(self.bin_start(hi, end), 0)
            while hi - 1 in days and hi - 1 >= lo:
                hi -= 1
            bins.append((hi, left[-1] + 1))
            left = [t for t in left if t < hi]
        return bins

    def bin_start(self, hi: int, end: int) -> int:
        """First day of the bin that ends before a day: knots by twos, fours and so on."""
        width = self.spacing
        while (end - hi) / (WIDENING * self.spacing) >= math.sqrt(2) * (width / self.spacing):
            width *= 2
        return math.floor((hi - 1) / width) * width

    def bin(self, term: dict[str, Any], party: str, lo: int, hi: int, end: int) -> float:
        middle, share = (lo + hi) / 2, lambda t: self.share_on(party, term["scope"], t)
        elapsed = max(end - middle, 0.5)
        observation_model, category = self.observation_model(term), term["category"]
        missing = self.missing_on(party, middle) if self.has_missing(party) else 0.0
        dead = sum(self.dead(party, t) * share(t) for t in range(lo, hi))
        wounded = sum(self.wounded(party, t) * share(t) for t in range(lo, hi))
        of_missing = observation_model in ("stock", "declarations")
        if not self.components.delay and not of_missing:
            elapsed = NEVER
        median = 0.0
        if missing and self.found_only(term, end - 1):
            median = NEVER
        elif missing:
            growth = self.one("declared.growth", party) * (middle / YEAR - 1)
            median = self.one("declared.delay", party) + growth
        sd = self.priors["declared.log_sd"].median
        declared = ndtr((math.log(elapsed) - median) / sd)
        if observation_model == "stock":
            return dead * missing * (1 - declared)
        if observation_model == "declarations":
            return dead * missing * declared
        dead *= category != "wounded"
        wounded *= category in ("wounded", "casualties", "losses")
        if observation_model == "register":
            return dead * (1 - missing + missing * declared) + wounded
        after = max(end - (self.day(self.ended) + 1), 0) / YEAR if self.ended else 0.0
        first = next(p for p in self.conflict.components(term["party"]) if p in self.parties)
        coverage, listed = self.listing(self.number(term), first, middle, after)
        late = self.declared_and_listed(listed, elapsed, median, sd) if missing else 0.0
        return coverage * (
            dead * ((1 - missing) * listed(elapsed) + missing * late) + wounded * listed(elapsed)
        )

    def listing(self, number: int, party: str, middle: float, after: float) -> tuple[float, Any]:
        """Coverage of a list, and the chance that it includes a death after so many days."""
        kind = self.kind_of_list(number, party)
        who = kind if kind == ".civilian" else ""
        walk = kind if kind == ".equipment" else ""
        spacing = self.conflict.knots.drift_days
        positions = knots(0, self.length - 1, spacing)
        level = self.coverage_level(number, party)
        if after > 0:
            gain = math.log1p(math.exp(self.one("coverage.after", str(number))))
            level += gain * after / (1 + after)
        sd = self.scale(f"coverage.walk_sd{walk}") * math.sqrt(spacing / 182)
        coverage = float(
            expit(level + self.walk_at(middle, positions, f"coverage.walk {number}", sd))
        )
        growth = self.one(f"delay.growth{who}", str(number)) * (middle / YEAR - 1)
        prior = self.priors[f"delay.median{kind}"]
        median = self.one(f"delay.median{kind}", str(number)) + growth
        if kind != ".censored":
            median += math.log(min(1.0, self.length / 3 / math.exp(prior.mean)))
        spread = math.exp(self.one(f"delay.log_sd{who}", str(number)))
        return coverage, lambda elapsed: ndtr((math.log(elapsed) - median) / spread)

    def kind_of_list(self, number: int, party: str) -> str:
        if self.conflict.categories[self.streams[number][2]].group == "equipment":
            return ".equipment"
        own = any(t["role"] == "self" for t in self.terms if self.number(t) == number)
        parties = self.conflict.components(self.streams[number][1])
        secret = any(self.conflict.parties[base].censored for base in parties)
        kind = ".censored" if secret else ".self" if own else ""
        return ".civilian" if self.conflict.parties[party].civilian else kind

    def coverage_level(self, number: int, party: str) -> float:
        kind = self.kind_of_list(number, party)
        sort = kind if kind in (".self", ".equipment") else ""
        prior = self.priors[f"coverage.level{sort}"]
        shared = self.priors["coverage.side_share"].median
        names = (f"level{sort} {number}", f"party{sort} {party}")
        own, common = (self.z(f"coverage.{name}")[0] for name in names)
        return prior.mean + prior.sd * (math.sqrt(1 - shared) * own + math.sqrt(shared) * common)

    def below_wholes(self) -> float:
        """Log density of the ceilings of lists whose cases are all in another list."""
        log_density = 0.0
        for claimant, party, category, accounting in self.streams:
            within = self.conflict.stream(claimant, party, category).within
            outer = (within, party, category, "list")
            if accounting == "list" and outer in self.numbers:
                first = next(p for p in self.conflict.components(party) if p in self.parties)
                pair = ((claimant, *outer[1:]), outer)
                inner, whole = (self.coverage_level(self.numbers[s], first) for s in pair)
                sd = self.priors["coverage.within_sd"].median
                log_density += math.log(2) + stats.norm.logcdf((whole - inner) / sd)
        return log_density

    def cut_off(self) -> float:
        """Log density of lists of people as cut off at the number of people that there were."""
        if not (self.person and self.components.list_bounds):
            return 0.0
        names = ("claimant", "party", "category", "scope")
        counted = [
            term
            for term in self.terms
            if term["accounting"] == "list" and term["category"] in LISTED
            if term["role"] != "adversary" and term["form"] == "point"
        ]
        by_vintage = {(*(t[n] for n in names), t["known"], t["days"]): t for t in counted}
        earlier = {
            key: (*key[:4], t["known_from"], t["days_from"]) if t["days_from"] else None
            for key, t in by_vintage.items()
        }
        wholes: dict[Any, list[Any]] = {}
        for key in by_vintage.keys() - set(earlier.values()):
            chain = [key]
            while chain[-1] in earlier and earlier[chain[-1]]:
                chain.append(earlier[chain[-1]])
            if chain[-1] in by_vintage:  # else the first vintage is in no observation
                parts = [by_vintage[each] for each in chain]
                count = sum(term["value"] for term in parts)
                wholes.setdefault(key[:4], []).append((-count, key[5], parts))
        log_density = 0.0
        for windows in wholes.values():
            taken: list[dict[str, Any]] = []
            whole: tuple[Any, ...] = ()
            for _, ranges, parts in sorted(windows, key=lambda window: window[:2]):
                if not set(self.days(whole)) & set(self.days(ranges)):
                    whole += ranges
                    taken += parts
            count = sum(term["value"] for term in taken)
            if count > 0:
                log_density += self.cut_off_at(taken, count, whole)
        return log_density

    def cut_off_at(self, parts: list[dict[str, Any]], count: float, days: tuple[Any, ...]) -> float:
        """The same of one list of which the figures are given, and the days of its latest ones."""
        bound = math.hypot(self.priors["coverage.false_sd"].median, 1 / math.sqrt(count))
        own = sum(
            (self.noise(term) * term["value"]) ** 2 + term["value"] * (term["value"] < 200)
            for term in parts
        )
        latest = max(parts, key=lambda term: term["known"])
        losses = self.compared(latest | {"days": days}, latest["category"])
        expected = math.log(sum(self.expectation(term) for term in parts))
        named = stats.norm.logcdf((losses - math.log(count)) / bound)
        chance = stats.norm.logcdf((losses - expected) / math.hypot(own**0.5 / count, bound))
        share = self.priors["coverage.unchecked_share"].median
        return float(logsumexp([named - chance, 0.0], b=[1 - share, share]))

    def number(self, term: dict[str, Any]) -> int:
        names = ("claimant", "party", "category", "accounting")
        return self.numbers[tuple(term[name] for name in names)]

    def declared_and_listed(self, listed: Any, elapsed: float, median: float, sd: float) -> float:
        """The same for a missing person, integrated over the delay of the declaration."""
        if elapsed == NEVER:
            return float(listed(elapsed))
        first = min(math.log(SOONEST / elapsed), LAST - 1)
        late, step = 0.0, (LAST - first) / (NODES - 1)
        for k in range(NODES):
            t = float(expit(first + k * step))
            # dG(a t) by the logit of t, of which a declaration has t (1 - t) for each dt.
            z = (math.log(elapsed * t) - median) / sd
            chance = math.exp(-z * z / 2) / (sd * math.sqrt(2 * math.pi)) * (1 - t)
            late += (
                step * (0.5 if k in (0, NODES - 1) else 1.0) * chance * listed(elapsed * (1 - t))
            )
        return late

    # Figures

    def own_or_copy(self, term: dict[str, Any]) -> float:
        """Log probability of the printed number, over that of its cell if it is nobody else's."""
        own, value, unit = self.figure(term), term["value"], term["copy_unit"]
        others = (t for t in self.terms if t["party"] == term["party"])
        counts = any(t["claimant"] == term["claimant"] and t["value"] > 0 for t in others)
        assessed = term["accounting"] in ASSESSED and term["kind"] == "window" and not counts
        if value == 0 and term["form"] == "point" and assessed:
            share = self.priors["noise.denied_share"].median
            return float(logsumexp([own, math.log(share / (1 - share))]))
        if not self.components.copies or term["copy_match"] == 0:
            return own
        count = term["form"] == "point" and value < 200
        cell = (1 - term["copy_prior"]) * (unit if count else unit / value)
        copy = term["copy_prior"] * term["copy_match"]
        return float(logsumexp([own, math.log(copy / cell)]))

    def figure(self, term: dict[str, Any]) -> float:
        mu, sd, form = self.log_expectation(term), self.noise(term), term["form"]
        compared = term["accounting"] in ("ratio", "overlap", "fate")
        half = 0.0 if compared else 0.5
        term = term | self.in_odds(term)
        if form == "interval":
            a = (math.log(term["low"]) - mu) / sd if term["low"] > 0 else -math.inf
            b = (math.log(max(term["high"], half)) - mu) / sd
            a, b = (-b, -a) if a + b > 0 else (a, b)
            return float(logsumexp([stats.norm.logcdf(b), stats.norm.logcdf(a)], b=[1, -1]))
        value = term["value"]
        log_value = math.log(max(value, half))
        if form != "point" and self.components.bounds:
            sign, slack = {"at-least": -1, "at-most": 1}[form], self.scale("bound.excess")
            share, wide = self.scale("bound.wide_share"), self.scale("bound.wide_excess")
            logs = [
                stats.exponnorm.logpdf(sign * log_value, mean / sd, sign * mu, sd)
                for mean in (slack, wide)
            ]
            return float(logsumexp(logs, b=[1 - share, share]))
        if form == "point" and value < 200 and not compared:
            shape = sd**-2
            # None of the half units that there are, where a unit has the sd of a uniform error.
            rounded = value == 0 and self.components.rounding
            half_unit = term["rounding_sd"] * math.sqrt(12) / 2 if rounded else 1.0
            p = shape / (shape + math.exp(mu) / max(half_unit, 1.0))
            if value == int(value):
                return float(stats.nbinom.logpmf(value, shape, p))
            choose = gammaln(value + shape) - gammaln(shape) - gammaln(value + 1)
            return float(choose + shape * math.log(p) + value * math.log1p(-p))
        if self.components.heavy_tails:
            return float(stats.t.logpdf(log_value, self.priors["noise.nu"].median, mu, sd))
        return float(stats.norm.logpdf(log_value, mu, sd))

    @staticmethod
    def in_odds(term: dict[str, Any]) -> dict[str, float]:
        """Figures of a share of cases as odds, with half a case added to both sides."""
        if term["accounting"] not in ("overlap", "fate"):
            return {}
        total = term["total"]
        if math.isnan(total):
            return {name: term[name] / (1 - term[name]) for name in ("value", "low", "high")}
        return {
            name: (term[name] + 0.5) / (total - term[name] + 0.5)
            for name in ("value", "low", "high")
        }

    def sampling(self, term: dict[str, Any]) -> float:
        """Noise of the log odds of a share of cases."""
        value, total = term["value"], term["total"]
        if math.isnan(value):
            value = (term["low"] + term["high"]) / 2
        variance = self.scale("cases.dispersion") ** 2
        if math.isnan(total):
            rounding = term["rounding_sd"] / (value * (1 - value))
        else:
            variance += 1 / (value + 0.5) + 1 / (total - value + 0.5)
            rounding = term["rounding_sd"] * (1 / (value + 0.5) + 1 / (total - value + 0.5))
        if term["range_sd"] > 0:
            odds = self.in_odds(term)
            variance += math.log(odds["high"] / odds["low"]) ** 2 / 12
        return math.sqrt(variance + (rounding**2 if self.components.rounding else 0.0))

    @staticmethod
    def growth_days(term: dict[str, Any]) -> float:
        """Days over which a list grew: in knowledge or in its window, of which it may have more."""
        if pd.isna(term["known_from"]):
            since = (term["known"] - term["days"][0][0]).days + 1
            return float(max(term["n_days"], since))
        days, before = (
            {d for lo, hi in term[name] for d in pd.date_range(lo, hi)}
            for name in ("days", "days_from")
        )
        return float(max((term["known"] - term["known_from"]).days, len(days - before), 1))

    def noise(self, term: dict[str, Any]) -> float:
        observation_model = self.observation_model(term)
        if observation_model in ("overlap", "fate"):
            return self.sampling(term)
        flow = math.sqrt(30 / max(term["n_days"], 1))
        sd = {
            "declarations": lambda: self.scale("noise.list") * flow,
            "ledger": lambda: self.scale("noise.ledger_day") / math.sqrt(max(term["n_days"], 1)),
            "list": lambda: self.scale("noise.list") * math.sqrt(30 / self.growth_days(term)),
            "register": lambda: self.scale("noise.list") * math.sqrt(30 / self.growth_days(term)),
        }.get(observation_model, lambda: self.scale("noise.estimate"))()
        if observation_model in ASSESSED:
            left, part = self.unsettled(term), self.priors["noise.settled"].median
            sd *= math.sqrt(left**2 + part**2 * (1 - left**2))
        value, half = term["value"], 0.0 if observation_model == "ratio" else 0.5
        if math.isnan(value):
            value = math.sqrt(max(term["low"], half) * max(term["high"], half))
        rounding = term["rounding_sd"] / max(value, half) if self.components.rounding else 0.0
        rounding *= value > 0  # of none, see figure
        return math.sqrt(sd**2 + rounding**2 + term["range_sd"] ** 2)
