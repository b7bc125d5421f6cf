"""Narrowing of totals by the next claim: as expected before its number is known, and as it was.

    python benchmarks/next_claim.py cases     writes the cases, without a fit
    python benchmarks/next_claim.py run       some minutes; writes the scores

The rule, which was written and whose cases were kept before the first run:

1. A case is a conflict, a day, and the total of one party: of its killed, or of a class of
   equipment. The conflicts are the past wars of `data/wars`. Of the Russia-Ukraine war there are
   no such cases, as its ledgers publish daily, and of the Battle of Britain neither.
2. On the day exactly one claimant published claims that bring new figures about soldiers, about
   civilians or about one class of equipment, by the model's own reading of the table.
3. No figure of the day before about these is replaced or changed by them, and the end of the
   fighting, where the table tells it, is the same: else the fit after has more than a claim more.
4. The party is one that the new claims are about; of a declared sum, its first.
5. There are earlier figures about that party.

Of each case there are two fits, with the claims of the day before and with those of the day, both
with the last day of the second one, so that they have the same unknowns but for the claimant's own.
The total is that up to the last day of the first one's figures. Expected is the log ratio of the
interval's width after to its width before, from the first fit and the claim without its number;
realised is that ratio of the two fits. A case of which a fit does not pass its gate has
no scores.

The rule and the cases are those of the first run. Only its expectation was another one, by weights
of the draws instead of a regression. The weights fell on single draws where a claim has several
precise figures: one expected ratio was nought, and without it the mean of the other logs was -0.39.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import lossmodel
from lossmodel import Claims, load_claims
from lossmodel.evaluation.expected_widths import interval_width, joint_draws, log_totals
from lossmodel.evidence import Evidence, collect_evidence
from lossmodel.model.density.submodels import submodel_of
from lossmodel.model.design.design import PEOPLE

DATA = Path(__file__).parent.parent / "data"
CASES = DATA / "validation" / "next-claim-cases.csv"
SCORES = DATA / "validation" / "next-claims.csv"
# Draws of each fit: the error of a width is then about two hundredths.
DRAWS = 4000
DAY = pd.Timedelta(days=1)


def conflicts() -> list[str]:
    """Names of the past wars."""
    return sorted(path.parent.name for path in (DATA / "wars").glob("*/claims.csv"))


def claims_of(name: str) -> Claims:
    """Claims of a conflict."""
    return load_claims(conflict=str(DATA / "wars" / name))


def of_submodels(evidence: Evidence, claims: Claims) -> dict[str, pd.DataFrame]:
    """Figures by submodel."""
    names = submodel_of(evidence.terms, claims.conflict)
    return dict(iter(evidence.terms.groupby(names)))


def cases_of(name: str) -> Iterator[dict[str, str]]:
    """Cases of a conflict, in order of publication."""
    claims = claims_of(name)
    before: Evidence | None = None
    for day in sorted(claims.table["published"].unique()):
        after = collect_evidence(claims, as_of=day)
        if before is not None:
            yield from _case(name, claims, day, before, after)
        before = after


def _case(
    name: str, claims: Claims, day: pd.Timestamp, before: Evidence, after: Evidence
) -> Iterator[dict[str, str]]:
    earlier = of_submodels(before, claims)
    for submodel, new in of_submodels(after, claims).items():
        old = earlier.get(submodel)
        if old is None:
            continue
        added = new[~new["term"].isin(old["term"])]
        changed = not set(old["term"]) <= set(new["term"]) or before.ended != after.ended
        if added["claimant"].nunique() != 1 or changed:
            continue
        for party in dict.fromkeys(claims.conflict.components(p)[0] for p in added["party"]):
            if (old["party"] == party).any():
                yield {
                    "conflict": name,
                    "published": f"{day:%Y-%m-%d}",
                    "submodel": submodel,
                    "party": party,
                    "claimant": added["claimant"].iloc[0],
                    "claims": ";".join(added["term"]),
                    "to": f"{before.until:%Y-%m-%d}",
                    "until": f"{after.until:%Y-%m-%d}",
                }


def scores_of(name: str, cases: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Expected and realised narrowing of the cases of a conflict."""
    claims, start = claims_of(name), None
    by = ["published", "submodel", "to", "until"]
    for (published, submodel, to, until), rows in cases.groupby(by, sort=False):
        day = pd.Timestamp(published)
        options = {"engine": "laplace", "until": until, "submodels": (submodel,), "draws": DRAWS}
        before = lossmodel.fit(claims, as_of=day - DAY, start=start, **options)
        start = after = lossmodel.fit(claims, as_of=day, start=before, **options)
        passed = all(f.diagnostics["gate"]["passed"] for f in (before, after))
        joint = joint_draws(before, claims, submodel, as_of=day)
        for _, row in rows.iterrows():
            category = "killed" if submodel in PEOPLE else submodel
            key, last = (row["party"], category, "all"), pd.Timestamp(to)
            logs = log_totals(before, key, last)
            widths = joint.widths(logs, range(len(joint.terms)), ci_prob=before.ci_prob)
            spans = [interval_width(log_totals(f, key, last), f.ci_prob) for f in (before, after)]
            yield {
                **row[["conflict", "published", "submodel", "party", "claimant"]],
                "width": round(spans[0], 4),
                "expected": round(float(np.log(widths.mean())), 4),
                "realised": round(float(np.log(spans[1] / spans[0])), 4),
                "passed": passed,
            }
            print(f"{name} {published} {row['party']} done", file=sys.stderr)


def summary(scores: pd.DataFrame) -> str:
    """Means and their ratio with bootstrap intervals, whole days of a conflict drawn together."""
    good = scores[scores["passed"]]
    days = [rows for _, rows in good.groupby(["conflict", "published"])]
    rng = np.random.default_rng(1)
    sums = np.array([[len(r), r["expected"].sum(), r["realised"].sum()] for r in days])
    drawn = sums[rng.integers(len(sums), size=(10_000, len(sums)))].sum(axis=1)
    count, expected, realised = sums.sum(axis=0)
    lines = [f"{len(good)} cases of {len(days)} days; {len(scores) - len(good)} without a gate"]
    for name, value, again in (
        ("mean expected log ratio", expected / count, drawn[:, 1] / drawn[:, 0]),
        ("mean realised log ratio", realised / count, drawn[:, 2] / drawn[:, 0]),
        ("realised less expected", (realised - expected) / count,
         (drawn[:, 2] - drawn[:, 1]) / drawn[:, 0]),
        ("realised over expected", realised / expected, drawn[:, 2] / drawn[:, 1]),
    ):  # fmt: skip
        low, high = np.quantile(again, [0.025, 0.975])
        lines.append(f"{name:24} {value:6.3f}  ({low:.3f} to {high:.3f})")
    lines.append(f"rank correlation {good['expected'].corr(good['realised'], 'spearman'):.2f}")
    return "\n".join(lines)


def main(command: str) -> None:
    """Write the cases, or run them."""
    if command == "cases":
        table = pd.DataFrame([case for name in conflicts() for case in cases_of(name)])
        table.to_csv(CASES, index=False, lineterminator="\n")
        print(table.groupby("conflict", sort=False).size().to_string())
        return
    cases = pd.read_csv(CASES, dtype=str)
    rows = [row for name, some in cases.groupby("conflict", sort=False)
            for row in scores_of(str(name), some)]  # fmt: skip
    scores = pd.DataFrame(rows)
    scores.to_csv(SCORES, index=False, lineterminator="\n")
    print(scores.to_string())
    print(summary(scores))


if __name__ == "__main__":
    main(*sys.argv[1:] or ["run"])
