"""Small wars with one kind of evidence each: coverage of the true total, and how far it narrows.

`python -m benchmarks.kinds [WARS] [KIND ...]` simulates wars person by person, fits each without
and with the kind, and prints for each kind the share of wars whose true dead lie in the 95%
interval, without and with it, and the median ratio of the two posterior sds. The code shares
nothing with the model but the names and numbers of its priors.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel import LossModel, Priors, load_claims
from lossmodel.claims.claims import Claims
from lossmodel.conflict import Conflict, Knots, Party, Scope, Side
from lossmodel.conflict.types import STANDARD_CATEGORIES
from lossmodel.evidence import collect_evidence
from lossmodel.inference.laplace.fit import approximate
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws

Floats = NDArray[np.float64]

START, DAYS = pd.Timestamp("2001-01-01"), 120
# The level is what the figures are to tell: its prior says no more than the order of magnitude.
# Lethality has a narrower prior than the default, so that a kind that speaks of the dead is seen.
PRIORS = {
    "rate.level": {"median": 60.0, "sd": 0.7},
    "lethality.level": {"median": 0.27, "sd": 0.45},
}
DRAWS = 1000
LISTS = ("names", "notices", "graves")
KINDS = ("ratio", "overlap", "fate", "declared")


def conflict() -> Conflict:
    """Red against blue, whose figures are those of red's losses."""
    claimants = {"blue-staff": "blue", "observer": "", "red-office": "red"}
    claimants |= {"red-court": "red"} | dict.fromkeys(LISTS, "")
    streams = [
        ("blue-staff", "red", "losses", "ledger"),
        ("observer", "red", "casualties", "estimate"),
        *((name, "red", "killed", "list") for name in LISTS),
        ("red-court", "red", "declared", "ledger"),
    ]
    return Conflict(
        name="war-of-kinds",
        title="War of kinds",
        start=START,
        end=START + pd.Timedelta(days=DAYS - 1),
        sides={"red": Side("red", "Red"), "blue": Side("blue", "Blue")},
        parties={
            "red": Party("red", "Red", "red", ("blue",), censored=True),
            "blue": Party("blue", "Blue", "blue", ("red",)),
        },
        categories=dict(STANDARD_CATEGORIES),
        scopes={"all": Scope("all", "all forces", report=True)},
        knots=Knots(),
        claimants=pd.DataFrame(
            {"claimant": list(claimants), "side": list(claimants.values()), "derived_from": ""}
        ).assign(name="", url="", note=""),
        streams=pd.DataFrame(
            streams, columns=["claimant", "party", "category", "accounting"]
        ).assign(method="", note="", within=""),
        sources=pd.DataFrame(columns=["source", "url"]),
        truth=None,
        directory=Path(),
    )


class War:
    """One war: what happened, and what is published of it.

    Parameters
    ----------
    seed
        Of all draws.
    given
        Quantities that are not drawn from their priors, by the name of the prior.
    lists
        Number of lists, each with an overlap.

    Attributes
    ----------
    killed
        The true number of dead.
    """

    def __init__(self, seed: int, given: Mapping[str, float] | None = None, lists: int = 1) -> None:
        self.rng, self.given, self.lists = np.random.default_rng(seed), given or {}, LISTS[:lists]
        self.priors = Priors.default().replace(PRIORS)
        rng = self.rng
        level = self.draw("rate.level")
        walk = np.repeat(np.cumsum(rng.normal(0, 0.2, DAYS // 10)), 10)
        rate = level * np.exp(walk - walk.mean())
        self.lethality = self.draw("lethality.level")
        self.missing_share = self.draw("missing.level")
        self.dead, self.wounded = rate * self.lethality, rate * (1 - self.lethality)
        self.killed = float(self.dead.sum())
        # Persons: day of death, whether missing, days until declared, days until listed.
        counts = rng.poisson(self.dead)
        self.day = np.repeat(np.arange(DAYS), counts)
        people = len(self.day)
        self.is_missing = rng.random(people) < self.missing_share
        declared = self.draw("declared.delay") * np.exp(
            0.7 * rng.standard_normal(people) + self.draw("declared.growth") * (self.day / 365 - 1)
        )
        self.declared = np.where(self.is_missing, declared, 0.0)
        listed = self.draw("delay.median.censored") * np.exp(
            self.draw("delay.log_sd") * rng.standard_normal(people)
            + self.draw("delay.growth") * (self.day / 365 - 1)
        )
        self.listed = self.declared + listed
        self.coverage, self.after = self.draw("coverage.level"), self.draw("coverage.after")
        self.luck = {name: rng.random(people) for name in self.lists}
        self.bias_missing = self.draw("bias.missing")

    def draw(self, name: str) -> float:
        """A quantity: as given, or from its prior."""
        if name in self.given:
            return self.given[name]
        return self.priors[name].draw(self.rng)

    def error(self, sd: float, size: int | None = None) -> Any:
        """Heavy-tailed noise of the log."""
        return sd * self.rng.standard_t(5, size)

    def known(self, name: str, day: int) -> NDArray[np.bool_]:
        """Whether each of the dead is on a list by the end of a day."""
        years = max(day + 1 - DAYS, 0) / 365.25
        logit = np.log(self.coverage / (1 - self.coverage)) + self.after * years / (1 + years)
        on_list = self.luck[name] < 1 / (1 + np.exp(-logit))
        return on_list & (self.day + 0.5 + self.listed < day + 1) & (self.day <= day)

    def table(self, *kinds: str) -> pd.DataFrame:
        """Claims: a ledger, an estimate, a list, a register of the missing, and some kinds."""
        rows = [*self._ledger(), *self._estimates(), *self._list(), *self._missing()]
        for kind in kinds:
            rows += getattr(self, f"_{kind}")()
        table = pd.DataFrame(rows)
        table.insert(0, "claim_id", [f"c{i}" for i in range(len(table))])
        for column in ("end", "known", "published", "start"):
            days = [START + pd.Timedelta(days=d) if d == d else pd.NaT for d in table[column]]
            table[column] = pd.Series(days).dt.strftime("%Y-%m-%d")
        return table

    def claims(self, *kinds: str) -> Claims:
        """The same, validated."""
        return load_claims(self.table(*kinds), conflict=conflict())

    def _row(self, claimant: str, category: str, end: int, value: float, **more: Any) -> dict:
        known = more.pop("known", end)
        row = {"claimant": claimant, "party": "red", "category": category, "kind": "cumulative"}
        row |= {"start": np.nan, "end": end, "known": known, "published": known, "value": value}
        return row | {"source": "", "per": "", "total": np.nan} | more

    def _ledger(self) -> list[dict]:
        prior = self.priors["bias.adversary.person"]
        between = self.priors["bias.adversary.person.between"].median
        bias = self.given.get("blue", prior.mean + np.hypot(prior.sd, between) * self.rng.normal())
        daily = self.dead + self.draw("definition.losses") * self.wounded
        daily = daily * np.exp(bias + self.error(0.25, DAYS))
        total = np.cumsum(daily).round()
        return [self._row("blue-staff", "losses", d, total[d]) for d in range(9, DAYS, 10)]

    def _estimates(self) -> list[dict]:
        between = self.priors["bias.third-party.person.between"].median
        sds = (between, self.priors["bias.third-party.person"].sd)
        bias = self.rng.normal(0, np.hypot(*sds))
        value = (self.dead + self.wounded).sum() * np.exp(bias + self.error(0.12))
        return [self._row("observer", "casualties", DAYS - 1, round(value))]

    def _list(self) -> list[dict]:
        days, rows = [29, 59, 89, DAYS - 1, DAYS + 90], []
        for name in self.lists:
            grown = np.diff([0, *(self.known(name, day).sum() for day in days)])
            total = np.cumsum(grown * np.exp(self.error(0.15, len(days)))).round()
            rows += [
                self._row(name, "killed", min(day, DAYS - 1), value, known=day)
                for day, value in zip(days, total, strict=True)
            ]
        return rows

    def _missing(self) -> list[dict]:
        rows = []
        for day in (59, DAYS - 1):
            still = self.is_missing & (self.day <= day) & (self.day + 0.5 + self.declared > day + 1)
            value = still.sum() * self.bias_missing * np.exp(self.error(0.12))
            rows.append(self._row("red-office", "missing", day, round(value), kind="stock"))
        return rows

    def _ratio(self) -> list[dict]:
        value = self.wounded.sum() / self.dead.sum() / self.draw("ratio.bias")
        value *= np.exp(self.error(0.12))
        more = {"kind": "ratio", "per": "killed"}
        return [self._row("observer", "wounded", DAYS - 1, float(f"{value:.3g}"), **more)]

    def _share(self, share: float, selection: str, total: int) -> int:
        """Cases with some mark among a total, of a share of all."""
        share = min(max(share, 1e-6), 1 - 1e-6)
        odds = share / (1 - share) * self.draw(selection) * np.exp(self.error(0.3))
        return int(self.rng.binomial(total, odds / (1 + odds)))

    def _overlap(self) -> list[dict]:
        total, day = 300, DAYS + 90
        more = {"kind": "overlap", "total": total, "known": day}
        rows = []
        for name in self.lists:
            selection = f"overlap.selection {name}"
            selection = selection if selection in self.given else "overlap.selection"
            value = self._share(self.known(name, day).mean(), selection, total)
            rows.append(self._row(name, "killed", DAYS - 1, value, **more))
        return rows

    def _fate(self) -> list[dict]:
        total = 150
        value = self._share(1 / max(self.bias_missing, 1.0), "fate.selection", total)
        more = {"kind": "fate", "total": total}
        return [self._row("red-office", "missing", DAYS - 1, value, **more)]

    def _declared(self) -> list[dict]:
        days = [DAYS - 1, DAYS + 180, DAYS + 360, DAYS + 540]
        done = self.day + 0.5 + self.declared
        grown = np.diff([0, *((self.is_missing & (done < d + 1)).sum() for d in days)])
        grown = grown * self.draw("bias.declared") * np.exp(self.error(0.15 / np.sqrt(2), 4))
        total = np.cumsum(self.rng.poisson(grown))
        return [self._row("red-court", "declared", d, v) for d, v in zip(days, total, strict=True)]


def answer(war: War, *kinds: str) -> tuple[float, float, float]:
    """Posterior mean and sd of the log of the dead, and the place of the true log among draws."""
    claims = war.claims(*kinds)
    design = LossModel(priors=war.priors).design(collect_evidence(claims), claims.conflict)
    density = Density(design)
    theta = approximate(density).draw(DRAWS, np.random.default_rng(1))
    logs = np.log(SubmodelDraws(density.model, theta[None]).total("red", "killed"))
    return float(logs.mean()), float(logs.std()), float((logs < np.log(war.killed)).mean())


def main(wars: int, kinds: list[str]) -> None:
    """Print coverage and sds of all kinds; each war as it is done to the standard error."""
    rows: dict[str, list[tuple[float, ...]]] = {kind: [] for kind in kinds}
    for seed in range(wars):
        _, before, place = answer(War(seed))
        for kind in kinds:
            _, after, other = answer(War(seed), kind)
            rows[kind].append((before, place, after, other))
            print(seed, kind, *(f"{x:.4f}" for x in rows[kind][-1]), file=sys.stderr, flush=True)
    for kind, found in rows.items():
        print(said(kind, np.array(found)))


def said(kind: str, found: Floats) -> str:
    """One sentence about a kind, from a row per war: sd and place without it, and with it."""
    before, place, after, other = found.T
    inside = [float((np.abs(p - 0.5) <= 0.475).mean()) for p in (place, other)]
    return (
        f"{kind:9} {len(found)} wars, 95% intervals cover {inside[0]:.1%} without, {inside[1]:.1%} "
        f"with it; sd of the log of the dead {np.median(before):.3f} without, "
        f"{np.median(after):.3f} with it (median ratio {np.median(after / before):.2f})"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, sys.argv[2:] or list(KINDS))
