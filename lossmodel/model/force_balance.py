"""Force balances: the dead and disabled of a force from its size and its flows.

Between two figures of the strength of a force, S0 at the end of one day and S1 at that of a later
one,

    killed + rho wounded = recruits - (S1 - S0) - captured - deserted - discharged.

A pair of strengths is one claimant's, of one scope: two claimants draw the line around a force
differently. Flows are anybody's, the same claimant's first. Each is spread evenly over the days on
which it falls, so that a running total is linear between its dates. Those of days without a figure
are, of recruits, as many a day as on the others; of the captured, deserted and discharged a share
of all who leave, which has a prior.

Errors are independent: those that claimants state (rounding, range, bound), one of each strength
and one of each flow as a whole, which have priors (``force.*``).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.evidence.claim_records import day_number
from lossmodel.evidence.exclusions import modelled_scopes
from lossmodel.evidence.observations import COLUMNS as TERM_COLUMNS
from lossmodel.model.force_flows import Flow, Spread
from lossmodel.tables.categories import INFLOW, OUTFLOWS, STRENGTH
from lossmodel.tables.vocabulary import BALANCE

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence import Evidence
    from lossmodel.model.components import Components
    from lossmodel.model.priors import Priors

__all__ = ["CATEGORY", "CLAIMANT", "COLUMNS", "force_balances", "with_force"]

CLAIMANT: Final = "force-balance"
CATEGORY: Final = "irrecoverable"
COLUMNS: Final = (
    *("party", "scope", "claimant", "start", "end", "strength_before", "strength_after"),
    *(INFLOW, *OUTFLOWS, "assumed", "balance", "sd", "left_out", "claims"),
)
# Of its balance: of a normal with a wider sd more than one in forty lies below zero, so that it is
# like no log-normal and says little about a number that is positive.
WIDEST: Final = 0.5
# Share of the days of a balance whose recruits are published: with fewer, what is assumed outweighs
# what is known.
LEAST_KNOWN: Final = 0.5
WHY_USED: Final = "In a force balance."


@dataclass(frozen=True)
class _Balance:
    """One balance: columns of `COLUMNS`, days counted from the first of the war."""

    claimant: str
    start: int
    end: int
    before: float
    after: float
    flows: dict[str, float]
    assumed: tuple[str, ...]
    value: float
    sd: float
    left_out: str
    claims: tuple[str, ...]


def force_balances(evidence: Evidence, conflict: Conflict, priors: Priors) -> pd.DataFrame:
    """All balances of the forces of a conflict.

    Strengths of one claimant that are too near to each other for a balance that says anything are
    passed over, so that each balance is from one strength to the next that it is informative with.

    Parameters
    ----------
    evidence
        Its `force` are the figures.
    conflict
        Its first day and its scopes.
    priors
        The errors of strengths and flows, and the shares of flows that nobody publishes.

    Returns
    -------
    table
        The columns `COLUMNS`, one row per balance. `start` and `end` are its first and last day;
        `captured` and the others are NaN where not published; `assumed` says which of them rest on
        a prior, in part or in all; `balance` and `sd` are what is left for the killed and disabled;
        `left_out` says why it can be no observation, empty where it can; `claims` are the figures.

    Examples
    --------
    >>> from lossmodel import load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> from lossmodel.model.priors import Priors
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> len(force_balances(collect_evidence(claims), claims.conflict, Priors.default()))
    0
    """
    first, table = conflict.start, evidence.force
    size = (evidence.until - first).days + 1
    table = table.assign(
        start=table["start"] - day_number(first), end=table["end"] - day_number(first)
    )
    slack = priors["bound.excess"].median
    for form, sign in (("at-least", 1), ("at-most", -1)):
        bound = table["form"] == form
        excess = slack * table["value"].where(bound, 0.0)
        table = table.assign(value=table["value"] + sign * excess, sd=np.hypot(table["sd"], excess))
    scopes = modelled_scopes(conflict)
    rows = []
    for (party, scope), group in table.groupby(["party", "scope"], sort=True):
        force = _Force(group, size, priors, modelled=scope in scopes)
        for each in _without_overlaps(force.balances()):
            days = (first + pd.Timedelta(days=day) for day in (each.start, each.end))
            rows.append(
                (party, scope, each.claimant, *days, each.before, each.after,
                 *each.flows.values(), "; ".join(each.assumed), each.value, each.sd, each.left_out,
                 ";".join(each.claims))
            )  # fmt: skip
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    return found.astype({name: "datetime64[ns]" for name in ("start", "end")})


def _without_overlaps(found: Sequence[_Balance]) -> list[_Balance]:
    """Balances of which those that can be observations share no day: their flows are the same.

    The claimant whose balances cover most days comes first.
    """
    days = {each.claimant: 0 for each in found}
    for each in found:
        days[each.claimant] += (each.end - each.start + 1) * (not each.left_out)
    kept: list[_Balance] = []
    for each in sorted(found, key=lambda b: (-days[b.claimant], b.claimant, b.start)):
        clash = next(
            (k for k in kept
             if not k.left_out and each.start <= k.end and k.start <= each.end), None
        )  # fmt: skip
        if clash is not None and not each.left_out:
            each = replace(each, left_out=f"{clash.claimant} has strengths of the same days")  # noqa: PLW2901
        kept.append(each)
    return kept


class _Force:
    """Balances of one party and scope.

    Parameters
    ----------
    table
        Its figures, with bounds as points, days counted from the first of the war.
    size
        Days of the war.
    modelled
        Whether the model has a share of the scope.
    """

    def __init__(self, table: pd.DataFrame, size: int, priors: Priors, *, modelled: bool) -> None:
        self.size, self.priors, self.modelled = size, priors, modelled
        strengths = table[table["category"] == STRENGTH]
        self.strengths = {str(name): rows for name, rows in strengths.groupby("claimant")}
        self.flows = {
            category: {
                str(claimant): Spread.over(rows, size)
                for claimant, rows in table[table["category"] == category].groupby("claimant")
            }
            for category in (INFLOW, *OUTFLOWS)
        }

    def balances(self) -> list[_Balance]:
        """All balances, claimant by claimant."""
        return [
            balance
            for claimant, rows in self.strengths.items()
            for balance in self._chain(claimant, rows.sort_values("end"))
        ]

    def _chain(self, claimant: str, rows: pd.DataFrame) -> Iterator[_Balance]:
        """Balances from each strength to the next one with which it says something."""
        at = 0
        while at < len(rows) - 1:
            for to in range(at + 1, len(rows)):
                found = self._balance(claimant, rows.iloc[at], rows.iloc[to])
                if not found.left_out:
                    break
            yield found
            at = to

    def _balance(self, claimant: str, before: pd.Series, after: pd.Series) -> _Balance:
        start, end = int(before["end"]) + 1, int(after["end"])
        change = after["value"] - before["value"]
        error = self.priors["force.strength_sd"].median
        sds = [np.hypot(each["sd"], error * each["value"]) for each in (before, after)]
        flows: dict[str, float] = {}
        claims, assumed = [before["claim_id"], after["claim_id"]], []
        inflow = self._flow(INFLOW, claimant, start, end)
        claims += inflow.claims
        flows[INFLOW] = inflow.total / inflow.known if inflow.known else np.nan
        left, variance = flows[INFLOW] - change, sum(sd**2 for sd in sds)
        variance += inflow.variance + (self.priors["force.recruits_sd"].median * flows[INFLOW]) ** 2
        if inflow.known < 1:
            # Those of days without a figure may be none or twice as many.
            variance += ((1 - inflow.known) * flows[INFLOW]) ** 2 / 3
            assumed.append(f"{INFLOW}: {1 - inflow.known:.0%} of the days")
        value = left
        for category in OUTFLOWS:
            flow = self._flow(category, claimant, start, end)
            prior = self.priors[f"force.{category}_share"]
            unknown = (1 - flow.known) * max(left, 0.0)
            value -= flow.total + unknown * prior.median
            # By the delta method, from the logit scale.
            spread = prior.sd * prior.median * (1 - prior.median)
            variance += (unknown * spread) ** 2 + flow.variance
            variance += (self.priors[f"force.{category}_sd"].median * flow.total) ** 2
            flows[category] = flow.total if flow.known else np.nan
            claims += flow.claims
            if flow.known < 1:
                assumed.append(f"{category}: {1 - flow.known:.0%} of the days")
        return _Balance(
            claimant, start, end, before["value"], after["value"], flows, tuple(assumed),
            value, float(np.sqrt(variance)),
            self._objection(end, inflow.known, value, float(np.sqrt(variance))),
            tuple(dict.fromkeys(claims)),
        )  # fmt: skip

    def _flow(self, category: str, claimant: str, start: int, end: int) -> Flow:
        """A flow over some days, from the claimant's own figures first."""
        lo, hi = max(start, 0), min(end + 1, self.size)
        open_ = np.ones(max(hi - lo, 0), dtype=bool)
        found = Flow()
        left = dict(self.flows[category])
        while left and open_.any():
            covered = {
                name: int((each.owner[lo:hi] >= 0)[open_].sum()) for name, each in left.items()
            }
            name = min(left, key=lambda n: (n != claimant, -covered[n], n))
            found = left.pop(name).add_to(found, lo, open_)
        return replace(found, known=1 - open_.mean() if len(open_) else 0.0)

    def _objection(self, end: int, known: float, value: float, sd: float) -> str:
        if not self.modelled:
            return "the share of its scope has no prior"
        if end >= self.size:
            return "it ends after the last day of the fit"
        if known < LEAST_KNOWN:
            return f"recruits are published for {known:.0%} of its days"
        if value <= 0:
            return "it leaves nobody killed: the strength rose by more than those who joined"
        return f"its sd is {sd / value:.0%} of it" if sd > WIDEST * value else ""


def with_force(
    evidence: Evidence, conflict: Conflict, components: Components, priors: Priors
) -> Evidence:
    """Evidence with the force balances as observations, if that component is on.

    Parameters
    ----------
    evidence, conflict, priors
        As for `force_balances`.
    components
        Of the model.

    Returns
    -------
    Evidence
        With a term per balance that can be one, and the claims in them used.
    """
    if not components.force:
        return evidence
    table = force_balances(evidence, conflict, priors)
    table = table[table["left_out"] == ""]
    if table.empty:
        return evidence
    terms = pd.concat([evidence.terms, _terms(table, evidence.terms)], ignore_index=True)
    used = {claim for claims in table["claims"] for claim in claims.split(";")}
    classes = evidence.classes.copy()
    here = classes["claim_id"].isin(used)
    classes.loc[here, ["class", "with", "why"]] = ["used", "", WHY_USED]
    return replace(evidence, terms=terms, classes=classes)


def _terms(table: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Observations of balances, in the columns and types of others."""
    rows = [_term(row) for row in table.to_dict("records")]
    found = pd.DataFrame(rows, columns=list(TERM_COLUMNS))
    return found.astype({name: like[name].dtype for name in TERM_COLUMNS})


def _term(row: Mapping[Hashable, Any]) -> dict[str, object]:
    start, end, claims = row["start"], row["end"], str(row["claims"])
    return {
        **{name: row[name] for name in ("party", "scope")},
        **dict.fromkeys(("claimant", "method"), CLAIMANT),
        **dict.fromkeys(("accounting", "declared"), BALANCE),
        **{"category": CATEGORY, "role": "third-party", "form": "point", "kind": "window"},
        # The later strength names it.
        **{"term": claims.split(";")[1], "claims": claims, "value": row["balance"]},
        **{"range_sd": float(np.sqrt(np.log1p((row["sd"] / row["balance"]) ** 2)))},
        **{"days": ((start, end),), "n_days": (end - start).days + 1, "days_from": ()},
        **dict.fromkeys(("known", "anchor_date", "published"), end),
        **dict.fromkeys(("rounding_sd", "copy_prior", "copy_match", "copy_unit"), 0.0),
        **{"low": np.nan, "high": np.nan, "copy_of": "", "known_from": pd.NaT},
    }
