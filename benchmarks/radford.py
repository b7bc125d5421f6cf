"""Radford et al. (2023) on their own 4,609 reports: our totals beside their table, and why.

    python benchmarks/radford.py [REPORTS.csv]

Without an argument the reports are fetched. The last model is ours as it stands; the first one
reads the reports as they did, as far as our model can: every report an observation of its own,
categories as coded, a constant bias centred on one, nothing shared. Each model between changes one
thing, so that the factors by which a total moves multiply to the whole difference. What the first
model does not copy stands as `the rest`: killed + wounded = casualties, a path that is smooth,
bounds as bounds, errors of a release as a fraction and not a count.

Their reports hold no register of deaths and no list of names of soldiers. The level of killed and
wounded therefore follows from the priors of biases, in their model and in this one.
"""

import contextlib
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from lossmodel import __version__, load_claims, load_conflict
from lossmodel.api import fit as fit_model
from lossmodel.claims import Claims
from lossmodel.evidence import Evidence, collect_evidence
from lossmodel.importers import find_data_set
from lossmodel.importers.csv_reader import read_source
from lossmodel.importers.download import cache_dir, fetch
from lossmodel.importers.radford import read_radford
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.posterior import fitting

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "radford.json"
BESIDE = ROOT.parent / "shared" / "reference" / "radford2023_pnas_reports.csv"
RU, UA, CIVIL = "russia", "ukraine", "ukraine-civilians"

# Table 1: cumulative to 2023-02-23, posterior mean and 95% interval.
PUBLISHED = {
    (RU, "killed"): (76_687, 38_670, 139_772),
    (UA, "killed"): (17_223, 6_219, 39_105),
    (RU, "casualties"): (218_800, 108_432, 397_361),
    (UA, "casualties"): (75_538, 19_994, 176_612),
    (RU, "wounded"): (148_608, 45_749, 365_649),
    (UA, "wounded"): (33_081, 5_260, 125_925),
    (RU, "tanks"): (3_380, 1_704, 6_178),
    (UA, "tanks"): (2_051, 385, 5_946),
    (RU, "armoured-vehicles"): (6_351, 2_966, 11_791),
    (UA, "armoured-vehicles"): (3_280, 777, 8_439),
    (RU, "artillery"): (1_483, 701, 2_818),
    (UA, "artillery"): (2_290, 519, 6_966),
    (RU, "mlrs"): (488, 148, 1_222),
    (UA, "mlrs"): (538, 155, 1_482),
    (RU, "air-defence"): (339, 76, 1_070),
    (UA, "air-defence"): (1_105, 108, 5_247),
    (RU, "helicopters"): (172, 87, 311),
    (UA, "helicopters"): (64, 14, 183),
    (RU, "aircraft"): (146, 68, 273),
    (UA, "aircraft"): (122, 32, 372),
    (RU, "drones"): (337, 153, 707),
    (UA, "drones"): (1_643, 387, 4_371),
    (CIVIL, "killed"): (13_287, 4_081, 32_399),
    (CIVIL, "wounded"): (19_464, 5_396, 46_460),
    (CIVIL, "casualties"): (38_155, 13_245, 84_852),
}
NO_ANCHOR = (
    "No report is a register of deaths or a list of soldiers, so nothing but the priors of biases"
    " fixes the level of killed and wounded: {share:.0%} of Russian killed's variance is theirs."
)
# What became known later, of other scopes: neither side of a test, only a sense of place.
LATER = (
    "Russian killed: 29,729 [24,236-35,222] citizens, without the militia of the self-declared"
    " republics (Meduza and Mediazona, probate and declared dead, file of 2026)",
    "Ukrainian killed: 23,730 names and 9,103 more missing (LostArmour, which sides with Russia;"
    " its error rate is not known)",
)
# Their biases are normal on the log scale with half-normal sds of scale one, whose mean is 0.8.
THEIR_SD = float(np.sqrt(2 / np.pi))
ROLES = [f"bias.{r}.{c}" for r in ("adversary", "self", "third-party")
         for c in ("person", "equipment", "civilian")]  # fmt: skip
NEARLY_NOTHING = 1e-3
OFF = Components().without(
    *("drift", "common_mode", "group", "definitions", "missing", "heavy_tails", "rounding")
)


@dataclass(frozen=True)
class Step:
    """A model between theirs and ours."""

    name: str
    title: str
    claims: Claims
    components: Components
    priors: Priors
    singly: bool = False


def their_priors() -> Priors:
    """Biases centred on one, as wide as theirs, learned from nothing else."""
    changes = {name: {"mean": 0.0, "sd": NEARLY_NOTHING} for name in ROLES}
    changes |= {f"{name}.between": {"mean": THEIR_SD} for name in ROLES}
    return Priors.default().replace({**changes, "bias.category_sd": {"mean": THEIR_SD}})


def steps(reports: Path) -> list[Step]:
    source = read_source(reports)
    plain, coded = read_radford(source), read_radford(source, definition="as-coded")
    streams = plain.extra["streams"]
    counts = streams["accounting"] == "list"
    none = read_claims(coded, streams[streams["accounting"] == "none"])
    ledgers = read_claims(coded, streams[~counts])
    losses = read_claims(plain, streams[~counts])
    lists = read_claims(plain, streams)
    theirs, ours = their_priors(), Priors.default()
    drifting = {"drift", "heavy_tails", "rounding"}
    defined = drifting | {"definitions", "missing"}
    return [
        Step("their-reading", "every report on its own, as coded", none, OFF, theirs, singly=True),
        Step("merged", "repeated reports merged", none, OFF, theirs),
        Step("ledgers", "running totals as increments, biases that drift", ledgers,
             parts_with(drifting), theirs),
        Step("definitions", "Ukrainian figures of Russian deaths are undefined losses", losses,
             parts_with(defined), theirs),
        Step("lists", "verified civilian cases are a list with coverage and delay", lists,
             parts_with(defined), theirs),
        Step("history", "biases as in past wars, third parties err together", lists,
             parts_with(defined | {"group"}), ours),
        Step("common", "an error that all share: ours as it stands", lists, Components(), ours),
    ]  # fmt: skip


def parts_with(names: set[str]) -> Components:
    return replace(OFF, **dict.fromkeys(names, True))


def read_claims(imported: object, streams: pd.DataFrame) -> Claims:
    """The claims with only these streams declared; the others are estimates."""
    changed = replace(imported, extra=imported.extra | {"streams": streams})
    with tempfile.TemporaryDirectory() as name:
        folder = changed.write(Path(name) / "radford")[0]
        return load_claims(conflict=load_conflict(folder))


def each_singly(claims: Claims, **_: object) -> Evidence:
    """Evidence in which every report is an observation of its own, as they took it."""
    table = claims.table
    row = table.rename(columns={"claim_id": "term"})
    forms = {"exact": "point", "at-least": "at-least", "at-most": "at-most"}
    terms = row.assign(
        claims=row["term"], accounting="estimate", method="", kind="window", range_sd=0.0,
        role=list(map(claims.conflict.role, row["claimant"], row["party"])),
        form=row["qualifier"].map(forms), rounding_sd=0.0, anchor_date=row["end"],
        days=[((a, b),) for a, b in zip(row["start"], row["end"], strict=True)],
        n_days=(row["end"] - row["start"]).dt.days + 1, known_from=pd.NaT,
        days_from=[()] * len(row), known=row["end"],
    )  # fmt: skip
    like = collect_evidence(claims)
    terms = terms[list(like.terms.columns)].astype(like.terms.dtypes)
    classes = like.classes.assign(**{"class": "used", "with": "", "why": "On its own."})
    return replace(like, terms=terms, classes=classes)


@contextlib.contextmanager
def evidence_of(step: Step) -> Iterator[None]:
    # The fit has no door for evidence that did not go through ours, and should have none.
    if not step.singly:
        yield
        return
    with mock.patch.object(fitting, "collect_evidence", each_singly):
        yield


def run(step: Step) -> dict[str, object]:
    began = time.perf_counter()
    with evidence_of(step):
        fit = fit_model(
            step.claims, components=step.components, priors=step.priors, engine="laplace"
        )
    shares = fit.variance_decomposition.set_index("quantity")["prior_share"]
    totals = {}
    for party, category in PUBLISHED:
        draws = fit.daily(party, category).sum(axis=1)
        low, median, high = np.quantile(draws, [0.025, 0.5, 0.975])
        share = shares[shares.index == f"{category} {party} all"]
        totals[f"{category} {party}"] = {
            "mean": float(draws.mean()), "median": float(median), "lower": float(low),
            "upper": float(high), "prior_share": float(share.iloc[0]) if len(share) else None,
        }  # fmt: skip
    return {
        "title": step.title,
        "seconds": round(time.perf_counter() - began, 1),
        "peak_mb": fit.diagnostics["peak_mb"],
        "gate": fit.diagnostics["gate"],
        "evidence": fit.evidence.classes["class"].value_counts().to_dict(),
        "terms": len(fit.evidence.terms),
        "totals": totals,
    }


def explain(results: dict[str, dict[str, object]]) -> pd.DataFrame:
    """Factors by which each change moves a total; their product leads from theirs to ours."""
    names = list(results)
    rows = []
    for (party, category), (mean, low, high) in PUBLISHED.items():
        key = f"{category} {party}"
        medians = [results[name]["totals"][key]["median"] for name in names]
        ours = results["common"]["totals"][key]
        # They print means; the geometric middle of their limits is within 8% of the medians that
        # can be read off their figures, and a median is what the factors are of.
        middle = float(np.sqrt(low * high))
        row = {"quantity": key, "theirs": mean, "their_lower": low, "their_upper": high,
               "their_middle": middle,
               "ours": ours["median"], "our_lower": ours["lower"], "our_upper": ours["upper"],
               "prior_share": ours["prior_share"], "the rest": medians[0] / middle}  # fmt: skip
        pairs = zip(names[1:], medians, medians[1:], strict=False)
        rows.append(row | {name: after / before for name, before, after in pairs})
    return pd.DataFrame(rows)


def show(table: pd.DataFrame, results: dict[str, dict[str, object]]) -> None:
    print("\nCumulative to 2023-02-23. Theirs: mean; ours: median; 95% intervals; prior: share of")
    print(
        "the variance of ours that the priors set. Then the factor of each change, from the middle"
    )
    print("of their limits to our median.\n")
    factors = list(table.columns[9:])
    head = f"{'':<30}{'theirs':>30}{'ours':>30} prior"
    print(head + "".join(f"{name.split('-')[0]:>12}" for name in factors))
    for row in table.to_dict("records"):
        theirs = f"{row['theirs']:,.0f} [{row['their_lower']:,.0f}-{row['their_upper']:,.0f}]"
        ours = f"{row['ours']:,.0f} [{row['our_lower']:,.0f}-{row['our_upper']:,.0f}]"
        share = row["prior_share"]
        said = "     " if share is None or share != share else f"{share:5.0%}"
        moved = "".join(f"{row[name]:>12.2f}" for name in factors)
        print(f"{row['quantity']:<30}{theirs:>30}{ours:>30} {said}{moved}")
    print("\nTheirs does not add up: Russian deaths + injuries 225,295 against 218,800 casualties,")
    print("Ukrainian 50,304 against 75,538. Ours adds up in every draw.")
    share = results["common"]["totals"][f"killed {RU}"]["prior_share"]
    print(NO_ANCHOR.format(share=share))
    print("Known later, to the same day:", *LATER, sep="\n  ")
    print("\nthe rest: what the first model does not copy of theirs")
    for name, result in results.items():
        counts = ", ".join(f"{n:,} {kind}" for kind, n in result["evidence"].items())
        gate = "gate passed" if result["gate"]["passed"] else "; ".join(result["gate"]["failures"])
        print(f"{name:<14} {result['title']}: {result['terms']:,} terms ({counts}),"
              f" {result['seconds']:.0f} s; {gate}")  # fmt: skip


def find_reports(arguments: list[str]) -> Path:
    if arguments:
        return Path(arguments[0])
    if BESIDE.is_file():
        return BESIDE
    entry = find_data_set("radford")
    return fetch(entry.files[0], cache_dir() / entry.name).path


def main(arguments: list[str]) -> None:
    reports = find_reports(arguments)
    began = time.perf_counter()
    models = steps(reports)
    # Ours goes first: its time and memory are those of a fresh process.
    order = [models[-1], *models[:-1]]
    found = {}
    for step in order:
        print(f"{time.perf_counter() - began:6.0f} s  {step.title}", file=sys.stderr, flush=True)
        found[step.name] = run(step)
    results = {step.name: found[step.name] for step in models}
    table = explain(results)
    show(table, results)
    ours = results["common"]
    memory = "" if ours["peak_mb"] is None else f", at most {ours['peak_mb']:.0f} MB"
    cost = f"{ours['seconds']:.0f} s{memory}"
    print(f"\nours: {cost}; theirs, as published: hours, 6 cores, 96 GB")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "command": "make radford",
        "version": __version__,
        "reports_sha256": hashlib.sha256(reports.read_bytes()).hexdigest(),
        "known_later": LATER,
        "no_anchor": NO_ANCHOR.format(
            share=results["common"]["totals"][f"killed {RU}"]["prior_share"]
        ),
        "table": table.to_dict("records"),
        "models": results,
    }
    RESULT.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
