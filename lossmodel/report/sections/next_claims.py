"""The claims that would narrow each total most, where the fit has been explained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.evaluation.kept import kept_table
from lossmodel.model.design.design import PEOPLE
from lossmodel.report.blocks import Block, Table, Text
from lossmodel.report.wording import category_title, claimant_names, level, quantity_title
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.report.results import Key

__all__ = ["next_claims_blocks"]

# Claims of each total in the table. Chosen by hand: the first is the answer, the others compare.
SHOWN: Final = 4
# Width from which on no claim is named: differences are then near the Monte Carlo error.
LITTLE: Final = 0.95
PRECISIONS: Final = {"exact": "Exact", "about": "Rounded", "at-least": "At least"}
# Claims by claimants whom the fit does not have.
NEW: Final = {
    "own side": "a new claimant of its own side",
    "adversary": "a new claimant of the adversary",
    "third party": "a new third-party claimant",
    "list": "a new list of names",
    "register": "a register of deaths",
}
PICTURES: Final = "a new list of pictures"


def next_claims_blocks(
    fit: Fit, table: pd.DataFrame, scores: pd.DataFrame | None = None
) -> list[Block]:
    """A sentence for each total, the table, and how such expectations did in past wars.

    Parameters
    ----------
    table
        As `evaluation.next_claim.next_claims` gives it; without rows there are no blocks.
    scores
        Those of ``benchmarks/next_claim.py``; by default those that are kept.
    """
    if table.empty:
        return []
    keys = list(
        dict.fromkeys(zip(*(table[c] for c in ("party", "category", "scope")), strict=True))
    )
    best = {key: _best(table, key) for key in keys}
    past = _past(kept_table("next-claims") if scores is None else scores)
    rows = [row for key in keys for row in _rows(fit, key, best[key])]
    return [
        Text("What would change this", tone="heading"),
        *(_sentence(fit, key, best[key][0]) for key in keys),
        Table(
            "next-claims",
            ["Total", "Next claim", *PRECISIONS.values()],
            rows,
            caption=(
                f"Expected width of the {level(fit)} interval of the log total after one more "
                "claim, relative to its width. The claim is a total up to the last day of this "
                "fit: exact, rounded to two digits, or a round lower bound; lists, registers and "
                "figures of claimants of this fit are taken as exact. Averaged over the numbers "
                "that the claim may have by this fit, with what it says of the claimant's bias or "
                f"the list's coverage. Monte Carlo errors are {_error(table)} or less. {past}"
            ).rstrip(),
            numeric=frozenset(range(2, 2 + len(PRECISIONS))),
        ),
    ]


def _best(table: pd.DataFrame, key: Key) -> list[dict[str, Any]]:
    """The claims that narrow a total most, each with its widths by precision."""
    own = table[(table["party"] == key[0]) & (table["category"] == key[1])]
    found = [
        {"claimant": claimant, "claim": claim, "counted": counted, "least": rows["width"].min()}
        | dict(zip(rows["precision"], rows["width"], strict=True))
        for (claimant, claim, counted), rows in own.groupby(
            ["claimant", "claim", "counted"], sort=False
        )
    ]
    return sorted(found, key=lambda row: float(row["least"]))[:SHOWN]


def _rows(fit: Fit, key: Key, claims: Sequence[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            quantity_title(fit, key),
            words[:1].upper() + words[1:],
            *(percent(claim[name]) if name in claim else "–" for name in PRECISIONS),
        ]
        for claim, words in zip(claims, (_words(fit, key, c) for c in claims), strict=True)
    ]


def _words(fit: Fit, key: Key, claim: dict[str, Any]) -> str:
    """Who makes a claim, and what it counts."""
    if claim["claimant"]:
        name = claimant_names(fit)[claim["claimant"]]
        who = f"the next figure of {name}"
    elif claim["claim"] == "list" and fit.submodel_of(*key[:2]).design.name not in PEOPLE:
        who = PICTURES
    else:
        who = NEW[claim["claim"]]
    return f"{who} ({category_title(fit, claim['counted'])})"


def _sentence(fit: Fit, key: Key, claim: dict[str, Any]) -> Text:
    lead, width = f"{quantity_title(fit, key)}:", percent(claim["least"])
    if claim["least"] > LITTLE:
        words = f"no single claim is expected to narrow this total to less than {width} of its"
        return Text(f"{words} width.", lead=lead)
    words = (
        f"{_words(fit, key, claim)} is expected to narrow this total most, to {width} of its width"
    )
    return Text(f"{words}.", lead=lead)


def _past(scores: pd.DataFrame | None) -> str:
    """Expected and realised widths in past wars, as a sentence; empty without scores."""
    if scores is None:
        return ""
    good = scores[scores["passed"]]
    expected, realised = (percent(float(np.exp(good[n].mean()))) for n in ("expected", "realised"))
    return (
        f"In {len(good)} cases of past wars, which were fixed beforehand, intervals kept "
        f"{realised} of their width (geometric mean), where {expected} was expected; how "
        "expectations are computed was changed after a first run on these cases."
    )


def _error(table: pd.DataFrame) -> str:
    return f"{math.ceil(100 * table['error'].max())} percentage points"
