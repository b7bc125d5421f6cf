"""All steps from claims to evidence, in order."""

from __future__ import annotations

import gc
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.evidence.aggregates import merge_added_categories, merge_tiled, take_parts
from lossmodel.evidence.claim_records import Figure, Key, day_number, read_figures
from lossmodel.evidence.comparisons import comparison_observations
from lossmodel.evidence.copies import find_copies, repeat_table
from lossmodel.evidence.evidence import Evidence
from lossmodel.evidence.exclusions import in_model, in_time, modelled_scopes, trusted
from lossmodel.evidence.force_figures import force_figures
from lossmodel.evidence.ledgers import ledger_observations
from lossmodel.evidence.observations import Observation, observation_table
from lossmodel.evidence.outcomes import Outcomes
from lossmodel.evidence.recounts import divided
from lossmodel.evidence.relays import find_roots, merge_relays, one_ledger
from lossmodel.evidence.revisions import estimate_observations, stock_observations
from lossmodel.evidence.vintages import vintage_observations
from lossmodel.tables.categories import DECLARED, MISSING
from lossmodel.tables.trust import ANY_TRUST, Trust
from lossmodel.tables.vocabulary import ACCOUNTINGS, AUXILIARY, KINDS, Accounting

if TYPE_CHECKING:
    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict

__all__ = ["collect_evidence"]

WHY_USED: Final = {
    "ledger": "A figure of its ledger for these days.",
    "estimate": "An independent assessment.",
    "list": "Cases that the list had recorded by then.",
    "register": "Cases that the register had recorded by then.",
    "corrected-register": "An assessment from a register, corrected for its delay.",
    "declarations": "Declarations, or bodies found, of these days.",
}
ASSESSMENT: Final = "estimate"
# Each is a dated act, so that a total is the sum of those of its days whoever publishes it.
DECLARATIONS: Final = "declarations"
# An office enters known deaths within weeks; courts declare the missing dead after months.
PAPERWORK: Final = 30.0
# Claims about losses that end so long before the last publication are about a war that is over.
QUIET_DAYS: Final = 180


def collect_evidence(
    claims: Claims,
    *,
    as_of: pd.Timestamp | str | None = None,
    until: pd.Timestamp | str | None = None,
    trust: Trust = ANY_TRUST,
) -> Evidence:
    """Observations from claims, each with the part of them that is new information.

    Parameters
    ----------
    claims
        Validated claims.
    as_of
        Claims published after this day are left out before all other steps.
    until
        Last day of the model, or the end of the conflict if that is earlier: claims that end later
        are left out. By default the last day of the observations, which is never after `as_of`.
    trust
        Least trust of a claim that is used; by default all are.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> evidence = collect_evidence(claims, as_of="1940-09-15")
    >>> len(evidence.classes) == len(claims), evidence.terms["published"].max() <= evidence.as_of
    (True, True)
    """
    with _without_search_for_cycles():
        return _collected(claims, as_of, until, trust)


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """Let the garbage collector rest: a third of the time of a long table is its search for cycles.

    Records of figures have none, and all of them are needed at once.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _collected(
    claims: Claims,
    as_of: pd.Timestamp | str | None,
    until: pd.Timestamp | str | None,
    trust: Trust,
) -> Evidence:
    as_of, until = (
        None if day is None else pd.Timestamp(day).as_unit("ns") for day in (as_of, until)
    )
    conflict, outcomes = claims.conflict, Outcomes()
    first = day_number(conflict.start)
    everything = read_figures(claims.in_order())
    names = [figure.claim_id for figure in everything]
    if trust != ANY_TRUST:
        marks = dict(zip(claims.table["claim_id"], claims.table["trust"], strict=True))
        everything = trusted(everything, marks=marks, least=trust, outcomes=outcomes)
    ended = _end_of_fighting(everything, conflict, as_of)
    figures = in_time(everything, as_of=as_of, until=until, first=first, outcomes=outcomes)
    compared = in_model(
        (f for f in figures if KINDS[f.kind].compares), conflict=conflict, outcomes=outcomes
    )
    figures = [f for f in figures if not KINDS[f.kind].compares]
    figures = take_parts(
        one_ledger(find_roots(figures, conflict), conflict),
        everything=everything,
        modelled=modelled_scopes(conflict),
        outcomes=outcomes,
    )
    force = force_figures(figures)
    figures = in_model(figures, conflict=conflict, outcomes=outcomes)
    corrections = [figure for figure in figures if KINDS[figure.kind].signed]
    figures = [figure for figure in figures if not KINDS[figure.kind].signed]
    copies = find_copies(figures, conflict, first=first)
    repeats = repeat_table(figures, copies)
    counts = figures
    figures = merge_relays(merge_added_categories(figures, outcomes), outcomes)
    observations = _observations(
        figures, corrections, conflict=conflict, ended=ended, outcomes=outcomes
    )
    observations += comparison_observations(
        compared, counts=counts, observations=observations, outcomes=outcomes
    )
    if until is not None and conflict.end is not None:
        until = min(until, conflict.end)
    if until is None:
        # Of ratios alone the days are known, if not the losses.
        losses = [o for o in observations if o.accounting not in AUXILIARY] or observations
        last = max((end for o in losses for _, end in o.days), default=first)
        until = pd.Timestamp(last, unit="D").as_unit("ns")
    # A million of them take 800 MB, with the observations that have them.
    del everything, figures, counts, compared
    terms = observation_table(observations, copies=copies, conflict=conflict, order=names)
    del copies
    return Evidence(
        terms=terms,
        classes=outcomes.table(claims.table["claim_id"].tolist()),
        corrections=_correction_table(corrections, outcomes=outcomes, order=names),
        until=until,
        as_of=as_of,
        ended=None if ended is None else pd.Timestamp(ended, unit="D").as_unit("ns"),
        trust=trust,
        repeats=repeats,
        force=force,
    )


def _end_of_fighting(
    figures: Iterable[Figure], conflict: Conflict, as_of: pd.Timestamp | None
) -> int | None:
    """Last day of fighting, in days since 1970; None while the war lasts."""
    if conflict.end is not None:
        return day_number(conflict.end)
    now = None if as_of is None else day_number(as_of)
    public = [f for f in figures if now is None or f.published <= now]
    losses = [f.end for f in public if f.category != DECLARED and not KINDS[f.kind].compares]
    if not losses:
        return None
    last = max(losses)
    return last if max(f.published for f in public) - last > QUIET_DAYS else None


def _observations(
    figures: Iterable[Figure],
    corrections: Iterable[Figure],
    *,
    conflict: Conflict,
    ended: int | None,
    outcomes: Outcomes,
) -> list[Observation]:
    first = day_number(conflict.start)
    observations: list[Observation] = []
    by_key, corrected = _by_key(figures), _by_key(corrections)
    for key in {**by_key, **corrected}:
        stream = conflict.stream(*key[:3])
        accounting = stream.accounting
        series, recounted = divided(by_key[key], stream, first=first, ended=ended)
        days = _recount_days(conflict, key, accounting)
        found = _series_observations(series, corrected[key], accounting, first, outcomes, days)
        if ACCOUNTINGS[accounting].counts_cases:  # no increment of what the register had before
            found += _series_observations(recounted, [], accounting, first, outcomes, days)
            recounted = []
        read_as = DECLARATIONS if key[2] == DECLARED else accounting
        if read_as != accounting:
            found = [replace(each, accounting=read_as) for each in found]
        for observation in found:
            outcomes.use(observation.members, WHY_USED[read_as])
        again = estimate_observations(recounted, first=first, outcomes=outcomes)
        for observation in again:
            why = "A count of the whole window after the fighting, and no running total."
            outcomes.use(observation.members, why)
        observations += [*found, *(replace(each, accounting=ASSESSMENT) for each in again)]
    for observation in observations:
        if observation.carrier.relayed:
            claimant = observation.carrier.claimant
            why = f"Used for a figure of {claimant} that is not in the table."
            outcomes.use(observation.carrier.members, why)
        elif observation.carrier.is_sum:
            why = "Added to the other parts; without their total the sum is a lower bound."
            outcomes.use(observation.carrier.members, why)
    return observations


def _recount_days(conflict: Conflict, key: Key, accounting: Accounting) -> float:
    """Days within which a later count of the same days is a new count; nought for lists.

    The model has registers whole at once but for the missing, who are declared dead one by one.
    """
    if ACCOUNTINGS[accounting].has_coverage:
        return 0.0
    _, party, category, *_ = key
    dies = category != "wounded" and conflict.categories[category].group == "person"
    civilian = conflict.parties[conflict.components(party)[0]].civilian
    return PAPERWORK if dies and not civilian else math.inf


def _by_key(figures: Iterable[Figure]) -> defaultdict[Key, list[Figure]]:
    groups: defaultdict[Key, list[Figure]] = defaultdict(list)
    for figure in figures:
        groups[figure.key].append(figure)
    return groups


def _series_observations(
    figures: Sequence[Figure],
    corrections: Sequence[Figure],
    accounting: Accounting,
    first: int,
    outcomes: Outcomes,
    recount_days: float,
) -> list[Observation]:
    """Observations of one claimant, party, category and scope, according to the accounting."""
    if not (figures or corrections):
        return []
    rules = ACCOUNTINGS[accounting]
    category = (figures or corrections)[0].category
    if category == DECLARED or (rules.sums_days and not (figures and category == MISSING)):
        return ledger_observations(figures, corrections=corrections, first=first, outcomes=outcomes)
    remaining = merge_tiled(figures, outcomes)
    if remaining and remaining[0].category == MISSING:
        return stock_observations(remaining, outcomes=outcomes)
    if rules.counts_cases:
        return vintage_observations(
            remaining, first=first, accounting=rules, outcomes=outcomes, recount_days=recount_days
        )
    return estimate_observations(remaining, first=first, outcomes=outcomes)


def _correction_table(
    corrections: Iterable[Figure], *, outcomes: Outcomes, order: Sequence[str]
) -> pd.DataFrame:
    place = {name: number for number, name in enumerate(order)}
    used = sorted(
        (figure for figure in corrections if outcomes.is_used(figure.claim_id)),
        key=lambda figure: place[figure.claim_id],
    )
    rows = [
        (
            f.claim_id,
            *f.key[:3],
            pd.Timestamp(f.end, unit="D"),
            f.value,
            outcomes.reason(f.claim_id),
        )
        for f in used
    ]
    columns = ["claim_id", "claimant", "party", "category", "date", "value", "why"]
    table = pd.DataFrame(rows, columns=columns)
    table["date"] = pd.to_datetime(table["date"]).astype("datetime64[ns]")
    return table.astype(dict.fromkeys([*columns[:4], "why"], str) | {"value": float})
