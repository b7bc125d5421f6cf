"""Which claim would narrow each total most, before its number is known; see `expected_widths`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.evaluation.expected_widths import joint_draws, log_totals
from lossmodel.posterior.tables import reported_series
from lossmodel.tables.trust import TRUSTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.api import Fit
    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.model.design import Design
    from lossmodel.posterior.reported import Series

__all__ = ["COLUMNS", "NEW", "PRECISIONS", "Candidate", "next_claims"]

COLUMNS: Final = (
    *("party", "category", "scope", "claimant", "claim", "counted", "precision", "width", "error"),
)
WIDTH: Final = COLUMNS.index("width")
# Claims by claimants that the fit does not have: the role of the claimant and the accounting.
NEW: Final = {
    "own side": ("self", "estimate"),
    "adversary": ("adversary", "estimate"),
    "third party": ("third-party", "estimate"),
    "list": ("third-party", "list"),
    "register": ("self", "register"),
}
# How the number is printed: its qualifier and its digits, all of them for None. Reports round to
# two digits, and say "more than" of round numbers.
PRECISIONS: Final = {"exact": None, "about": 2, "at-least": 1}
COUNTED: Final = ("list", "register")
# Values of empty cells by kind of column; of texts "".
EMPTY: Final = {"f": np.nan, "M": pd.NaT, "i": 0, "b": False}
# Sorts after the names of claimants, so that streams keep their numbers.
STRANGER: Final = "~{}"


@dataclass(frozen=True)
class Candidate:
    """A claim that may come next: the total of a party up to the last day of the fit.

    Attributes
    ----------
    claimant
        Who makes it; empty for someone whom the fit does not have.
    claim
        A key of `NEW`, or the accounting of the claimant's figures.
    side
        Of a new claimant; empty for none.
    accounting
        How it counts.
    party, category
        Whose losses, and what is counted.
    precision
        A key of `PRECISIONS`.
    """

    claimant: str
    claim: str
    side: str
    accounting: str
    party: str
    category: str
    precision: str


def next_claims(fit: Fit, keys: Sequence[Series] | None = None, *, seed: int = 1) -> pd.DataFrame:
    """Expected widths of totals after one more claim, before its number is known.

    Candidates are the next totals by claimants of the fit that have made estimates, lists or
    registers of several dates and none up to its last day, and totals by new claimants: of the
    party's own side, of its adversary, of third parties, a list of names or pictures, a register of
    deaths. Totals of new claimants may be exact, rounded, or a lower bound; the others are exact.

    Parameters
    ----------
    fit
        The fit.
    keys
        Party, category and scope of totals, those of the first one's submodel are taken; all totals
        of scope `all` by default.
    seed
        Of the numbers that are simulated.

    Returns
    -------
    DataFrame
        One row per total and claim: `party, category, scope` of the total; `claimant` (empty for a
        new one); `claim` (own side, adversary, third party, list, register; of claimants of the
        fit estimate, list or register); `counted`, the category of the claim; `precision` (exact,
        about, at-least); `width`, the expected width of the interval of the log total relative to
        now; `error`, its Monte Carlo standard error. The narrowest come first.

    Raises
    ------
    UsageError
        The fit has none of the totals.

    Examples
    --------
    >>> found = next_claims(fitted, [("germany", "aircraft", "all")])
    >>> bool((found["width"] < 1.1).all()), sorted(set(found["precision"]))
    (True, ['about', 'at-least', 'exact'])
    """
    series = reported_series(fit)
    wanted = [key for key in series if key[2] == "all"] if keys is None else list(keys)
    known = [key for key in wanted if key in series]
    if not known:
        raise UsageError("This fit has none of these totals.")
    submodel = fit.submodel_of(*known[0][:2])
    known = [key for key in known if fit.submodel_of(*key[:2]) is submodel]
    candidates = _candidates(fit, submodel.design, known)
    claims, names = _with_claims(fit, candidates)
    try:
        joint = joint_draws(fit, claims, submodel.design.name, seed=seed)
    except UsageError:
        # A claimant's next figure would replace an earlier one; that of a new claimant cannot.
        candidates = [each for each in candidates if not each.claimant]
        claims, names = _with_claims(fit, candidates)
        joint = joint_draws(fit, claims, submodel.design.name, seed=seed)
    place = {term: n for n, term in enumerate(joint.terms["term"])}
    rows: list[tuple[Any, ...]] = []
    for key in known:
        logs, own = log_totals(fit, key), []
        for name, candidate in zip(names, candidates, strict=True):
            if name not in place or candidate.party != key[0]:
                continue
            widths = joint.widths(logs, [place[name]], ci_prob=fit.ci_prob, seed=seed)
            about = candidate.claimant, candidate.claim, candidate.category, candidate.precision
            error = widths.std(ddof=1) / np.sqrt(len(widths))
            own.append((*key, *about, float(widths.mean()), float(error)))
        rows += sorted(own, key=lambda row: row[WIDTH])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _candidates(fit: Fit, design: Design, keys: Sequence[Series]) -> list[Candidate]:
    """Claims that may come next about the parties of some totals."""
    found = []
    for party, category in dict.fromkeys(key[:2] for key in keys):
        for claimant, accounting in _continued(fit, design, party, category):
            # Of two figures of one claimant for the same days the later one stands alone.
            found.append(Candidate(claimant, accounting, "", accounting, party, category, "exact"))
        for claim, (role, accounting) in NEW.items():
            side = _side(fit.conflict, party, role)
            cases = accounting in COUNTED and category not in ("killed", design.name)
            register = accounting == "register" and not design.people
            if side is not None and not cases and not register:
                precisions = ["exact"] if accounting in COUNTED else [*PRECISIONS]
                new = "", claim, side, accounting, party, category
                found += [Candidate(*new, precision) for precision in precisions]
    return found


def _side(conflict: Conflict, party: str, role: str) -> str | None:
    """A side that has a role towards a party; None where there is none."""
    if role == "third-party":
        return ""
    own = conflict.parties[party].side
    return own or None if role == "self" else next(iter(conflict.enemies(own)), None)


def _continued(fit: Fit, design: Design, party: str, category: str) -> list[tuple[str, str]]:
    """Claimants of figures of several days, all before the last one, and their accountings."""
    terms, last = design.terms, fit.days[-1]
    ends = pd.Series([days[-1][1] for days in terms["days"]], index=terms.index)
    found = []
    for claimant in terms["claimant"].unique():
        accounting = str(fit.conflict.stream(claimant, party, category).accounting)
        own = (terms["claimant"] == claimant) & (terms["party"] == party)
        own &= (terms["category"] == category) & (terms["scope"] == "all")
        plain = accounting in ("estimate", *COUNTED)
        # One that spoke once may never do so again.
        plain &= terms.loc[own, "known"].nunique() > 1
        if plain and max(ends[own].max(), terms["known"][own].max()) < last:
            found.append((str(claimant), accounting))
    return found


def _with_claims(fit: Fit, candidates: Sequence[Candidate]) -> tuple[Claims, list[str]]:
    """The claims of a fit and the candidates, each new claimant having one, and their ids."""
    claims, conflict, last = fit.claims, fit.conflict, fit.days[-1]
    # The latest day that is read, on which nothing of the fit changes.
    published = claims.table["published"].max()
    published = published if fit.evidence.as_of is None else min(published, fit.evidence.as_of)
    rows, claimants, streams, names = [], [], [], []
    for n, each in enumerate(candidates):
        who = each.claimant or STRANGER.format(n)
        names.append(f"{STRANGER.format(n)}-claim")
        rows.append(
            {
                "claim_id": names[-1], "claimant": who, "party": each.party,
                "category": each.category, "scope": "all", "kind": "cumulative",
                "start": conflict.start, "end": last, "known": last, "published": published,
                "value": _value(fit, each), "qualifier": each.precision, "row": 0,
                "trust": TRUSTS[0],
            }
        )  # fmt: skip
        if not each.claimant:
            claimants.append({"claimant": who, "name": who, "side": each.side})
            key = {"claimant": who, "party": each.party, "category": each.category}
            streams.append(key | {"accounting": each.accounting})
    changed = replace(
        conflict,
        claimants=_appended(conflict.claimants, claimants),
        streams=_appended(conflict.streams, streams),
    )
    return replace(claims, table=_appended(claims.table, rows), conflict=changed), names


def _value(fit: Fit, candidate: Candidate) -> float:
    """A number that the claim may have, printed as it would be."""
    total = np.exp(np.median(log_totals(fit, (candidate.party, candidate.category, "all"))))
    digits = PRECISIONS[candidate.precision]
    if digits is None:
        # An odd number is no rounded one.
        return float(2 * int(total / 2) + 1)
    return max(float(f"{total:.{digits - 1}e}"), 1.0)


def _appended(table: pd.DataFrame, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A table with more rows, whose other columns are empty."""
    if not rows:
        return table
    empty = {name: EMPTY.get(kind.kind, "") for name, kind in table.dtypes.items()}
    more = pd.DataFrame([empty | row for row in rows], columns=table.columns)
    return pd.concat([table, more.astype(table.dtypes)], ignore_index=True)
