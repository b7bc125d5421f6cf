"""The 4,609 reports of Radford et al. (2023): totals beside their table, and the differences.

    python benchmarks/radford.py [REPORTS.csv]

Without an argument the reports are downloaded. The last model is the package's. The first one
follows their assumptions as far as the package can: every report is an observation of its own, with
its category as coded and a constant bias centred on one, and nothing is shared. Each model between
changes one assumption, so that the factors of a total multiply to the whole difference. `the rest`
is the difference between their model and the first: killed + wounded = casualties, a smooth path,
bounds as bounds, relative errors instead of count noise.

The reports hold no register of deaths and no list of names of soldiers. The level of killed and
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
from lossmodel.evaluation.scores import central_interval
from lossmodel.evidence import Evidence, collect_evidence
from lossmodel.importers import find_data_set
from lossmodel.importers.download import fetch
from lossmodel.importers.radford import read_radford
from lossmodel.importers.source import read_source
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.posterior import fitting
from lossmodel.system.cache import cache_dir

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "radford.json"
# Folder beside the repository for data that are not part of the project.
REFERENCE = ROOT.parent / "shared" / "reference"
BESIDE = REFERENCE / "radford2023_pnas_reports.csv"
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
    " fixes the level of killed and wounded: they carry {share:.0%} of the variance of Russian"
    " killed."
)
# Later evidence about other scopes: an order of magnitude, not a test of either model.
LATER = (
    "Russian killed: 29,729 [24,236-35,222] citizens, without the militia of the self-declared"
    " republics (Meduza and Mediazona, probate and declared dead, file of 2026)",
    "Ukrainian killed: 23,730 names and 9,103 more missing (LostArmour, which sides with Russia;"
    " its error rate is not known)",
)
HEADER = """
Cumulative to 2023-02-23, 95% intervals. Theirs: mean; ours: median; prior: share of our variance
that priors carry. Then the factor of each change, from the middle of their limits to our median.
"""
SUMS = """
Their totals are not additive: Russian deaths + injuries 225,295 against 218,800 casualties,
Ukrainian 50,304 against 75,538. Ours are additive in every draw."""
# Their biases are normal on the log scale with half-normal sds of scale one, whose mean is 0.8.
THEIR_SD = float(np.sqrt(2 / np.pi))
ROLES = [f"bias.{r}.{c}" for r in ("adversary", "self", "third-party")
         for c in ("person", "equipment", "civilian")]  # fmt: skip
# An sd that is small against all others.
NEARLY_ZERO = 1e-3
OFF = Components().without(
    *("drift", "common_mode", "group", "definitions", "missing", "heavy_tails", "rounding")
)


@dataclass(frozen=True)
class Step:
    """One of the models between theirs and the package's."""

    name: str
    title: str
    claims: Claims
    components: Components
    priors: Priors
    singly: bool = False


def their_priors() -> Priors:
    """Biases centred on one, with their sds, without evidence from past wars."""
    changes = {name: {"mean": 0.0, "sd": NEARLY_ZERO} for name in ROLES}
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
        Step("history", "biases as in past wars, errors shared by third parties", lists,
             parts_with(defined | {"group"}), ours),
        Step("common", "an error shared by all: the package's model", lists, Components(), ours),
    ]  # fmt: skip


def parts_with(names: set[str]) -> Components:
    return replace(OFF, **dict.fromkeys(names, True))


def read_claims(imported: object, streams: pd.DataFrame) -> Claims:
    """The claims with only these streams declared; all others are estimates."""
    changed = replace(imported, extra=imported.extra | {"streams": streams})
    with tempfile.TemporaryDirectory() as name:
        folder = changed.write(Path(name) / "radford")[0]
        return load_claims(conflict=load_conflict(folder))


def each_singly(claims: Claims, **_: object) -> Evidence:
    """Evidence with every report as an observation of its own, as in their model."""
    table = claims.table
    row = table.rename(columns={"claim_id": "term"})
    forms = {"exact": "point", "at-least": "at-least", "at-most": "at-most"}
    terms = row.assign(
        claims=row["term"], accounting="estimate", declared="estimate", method="",
        kind="window", range_sd=0.0, copy_prior=0.0, copy_match=0.0, copy_unit=0.0, copy_of="",
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
    # On purpose, a fit takes no evidence but that of the package.
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
        low, high = central_interval(draws, 0.95)
        share = shares[shares.index == f"{category} {party} all"]
        totals[f"{category} {party}"] = {
            "mean": float(draws.mean()), "median": float(np.median(draws)), "lower": float(low),
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
    """Factors of the changes for each total; their product leads from their total to ours."""
    names = list(results)
    rows = []
    for (party, category), (mean, low, high) in PUBLISHED.items():
        key = f"{category} {party}"
        medians = [results[name]["totals"][key]["median"] for name in names]
        ours = results["common"]["totals"][key]
        # The factors are those of medians, and they print means. The geometric mean of their limits
        # is within 8% of the medians that can be read off their figures.
        middle = float(np.sqrt(low * high))
        row = {"quantity": key, "theirs": mean, "their_lower": low, "their_upper": high,
               "their_middle": middle,
               "ours": ours["median"], "our_lower": ours["lower"], "our_upper": ours["upper"],
               "prior_share": ours["prior_share"], "the rest": medians[0] / middle}  # fmt: skip
        pairs = zip(names[1:], medians, medians[1:], strict=False)
        rows.append(row | {name: after / before for name, before, after in pairs})
    return pd.DataFrame(rows)


def show(table: pd.DataFrame, results: dict[str, dict[str, object]]) -> None:
    print(HEADER)
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
    print(SUMS)
    share = results["common"]["totals"][f"killed {RU}"]["prior_share"]
    print(NO_ANCHOR.format(share=share))
    print("Known later, to the same day:", *LATER, sep="\n  ")
    print("\nthe rest: differences between their model and the first one")
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


def run_all(models: list[Step]) -> dict[str, dict[str, object]]:
    """Results by name, in the order of the models."""
    began = time.perf_counter()
    found = {}
    # Ours runs first: its time and memory are those of a fresh process.
    for step in (models[-1], *models[:-1]):
        print(f"{time.perf_counter() - began:6.0f} s  {step.title}", file=sys.stderr, flush=True)
        found[step.name] = run(step)
    return {step.name: found[step.name] for step in models}


def save(table: pd.DataFrame, results: dict[str, dict[str, object]], reports: Path) -> None:
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    share = results["common"]["totals"][f"killed {RU}"]["prior_share"]
    whole = {
        "command": "make radford",
        "version": __version__,
        "reports_sha256": hashlib.sha256(reports.read_bytes()).hexdigest(),
        "known_later": LATER,
        "no_anchor": NO_ANCHOR.format(share=share),
        "table": table.to_dict("records"),
        "models": results,
    }
    RESULT.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    reports = find_reports(arguments)
    results = run_all(steps(reports))
    table = explain(results)
    show(table, results)
    ours = results["common"]
    memory = "" if ours["peak_mb"] is None else f", at most {ours['peak_mb']:.0f} MB"
    print(f"\nours: {ours['seconds']:.0f} s{memory}; theirs, as published: hours, 6 cores, 96 GB")
    save(table, results, reports)


if __name__ == "__main__":
    main(sys.argv[1:])
