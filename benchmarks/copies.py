"""Relays whose marks are hidden, found again as copies.

    python benchmarks/copies.py     about a minute

The column `via` of the shipped claims is emptied. Printed is the area under the curve: how often a
known relay has a higher probability of a copy than another figure that is no staff's own, once
before a fit and for all figures, once in the fit and for those that carry evidence there. Below are
the figures that are probably copies and that nobody marks.
"""

from dataclasses import replace

import pandas as pd

from lossmodel import fit, load_claims
from lossmodel.claims import Claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.evidence.claim_records import day_number, read_figures
from lossmodel.evidence.copies import find_copies
from lossmodel.evidence.exclusions import in_model
from lossmodel.evidence.outcomes import Outcomes
from lossmodel.evidence.relays import find_roots, one_ledger
from lossmodel.tables.vocabulary import ACCOUNTINGS

LIKELY = 0.5


def auc(probability: pd.Series, known: pd.Series) -> float:
    """Share of pairs of a relay and another figure in which the relay is higher; ties are half."""
    ranks = probability.rank()
    n = int(known.sum())
    return float((ranks[known].sum() - n * (n + 1) / 2) / (n * (len(known) - n)))


def before_a_fit(claims: Claims) -> pd.DataFrame:
    """Probability of a copy of each estimate, where only the losses' magnitude is known."""
    conflict = claims.conflict
    rooted = one_ledger(find_roots(read_figures(claims), conflict), conflict)
    figures = in_model(rooted, conflict=conflict, outcomes=Outcomes())
    copies = find_copies(figures, conflict, first=day_number(conflict.start))
    rows = []
    for figure in figures:
        copy = copies.get(figure.claim_id)
        odds, of = (copy.odds(figure), copy.of[0]) if copy else (0.0, "")
        named = (figure.claim_id, *figure.key[:3], figure.value / figure.times)
        rows.append((*named, odds / (1 + odds), of))
    columns = ["claim_id", "claimant", "party", "category", "value", "copy_probability", "copy_of"]
    return _assessed(pd.DataFrame(rows, columns=columns), conflict)


def in_the_fit(claims: Claims) -> pd.DataFrame:
    """Posterior probability of a copy of each estimate that carries evidence."""
    terms = fit(claims, engine="laplace").terms.rename(columns={"term": "claim_id"})
    return _assessed(terms, claims.conflict)


def _assessed(rows: pd.DataFrame, conflict: Conflict) -> pd.DataFrame:
    keys = zip(rows["claimant"], rows["party"], rows["category"], strict=True)
    return rows[[ACCOUNTINGS[conflict.stream(*key).accounting].assesses for key in keys]]


def main() -> None:
    claims = load_claims()
    known = set(claims.table.loc[claims.table["via"] != "", "claim_id"])
    hidden = replace(claims, table=claims.table.assign(via=""))
    for name, rows in (("before a fit", before_a_fit(hidden)), ("in the fit", in_the_fit(hidden))):
        relay = rows["claim_id"].isin(known)
        probability = rows["copy_probability"]
        found = f"{(probability[relay] > LIKELY).sum()} of {relay.sum()} known relays"
        others = rows[~relay & (probability > LIKELY)]
        print(f"{name}: area under the curve {auc(probability, relay):.3f}")
        print(f"  probable copies: {found}, {len(others)} of {(~relay).sum()} other figures")
        shown = others[["claim_id", "value", "copy_probability", "copy_of"]]
        print(shown.to_string(index=False), end="\n\n")


if __name__ == "__main__":
    main()
