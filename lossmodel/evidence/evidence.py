"""The evidence: claims as independent pieces of new information."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from lossmodel.evidence.copies import repeat_table
from lossmodel.evidence.force_figures import force_figures
from lossmodel.tables.trust import ANY_TRUST, Trust

__all__ = ["Evidence"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Claims as independent pieces of new information.

    Attributes
    ----------
    terms
        One row per observation: `term` (the claim that names it), `claims` (all claims whose
        figures are in it, separated by `;`), `claimant` (the original one of a relay), `party,
        category, scope, accounting` (or, of a figure that is no total of a stream, its reading
        in `AUXILIARY`), `declared` (the accounting of its stream), `method, role`,
        `form` (point, at-least, at-most, interval),
        `value` (total of the window), `low, high`, `kind` (window, vintage, stock), `days`
        (disjoint closed ranges), `n_days`, `known`, `known_from` and `days_from` (the vintage that
        it is added to), `rounding_sd` (in units of `value`), `range_sd` (log scale), `anchor_date`
        (the day at which the bias of an estimate is evaluated), `published`, `per` and `total` (of
        comparisons, as in the claims), `copy_prior` and
        `copy_match` (probability of a copy of another claimant's figure before its number is read,
        and of that number if it is one), `copy_unit` (rounding unit of the printed number),
        `copy_of` (claims of its probable originals).
    classes
        One row per claim: `claim_id, class, with, why`; the class is used, merged or left out.
    corrections
        `claim_id, claimant, party, category, date, value, why` of corrections subtracted from
        ledgers.
    until
        Last day of the model.
    ended
        Last day of fighting: `end` of the conflict, or of the last window of losses if claims were
        published half a year after it; None while the war lasts.
    as_of
        Claims published after this day are left out; None for no limit.
    trust
        Claims that are trusted less are left out.
    repeats
        Figures that repeat an earlier one of another claimant digit by digit, unmarked: `claim_id,
        of` (its probable original), `digits` (significant ones), `probability` (of a copy, where
        only the order of magnitude of the losses is known).
    force
        Strengths, recruits and those who left, see `force_figures`.
    """

    terms: pd.DataFrame
    classes: pd.DataFrame
    corrections: pd.DataFrame
    until: pd.Timestamp
    as_of: pd.Timestamp | None
    ended: pd.Timestamp | None = None
    trust: Trust = ANY_TRUST
    repeats: pd.DataFrame = field(default_factory=lambda: repeat_table([], {}))
    force: pd.DataFrame = field(default_factory=lambda: force_figures([]))

    def __repr__(self) -> str:
        """How many observations of how many claims, in one line."""
        until, used = self.until.date(), (self.classes["class"] == "used").sum()
        return (
            f"Evidence({len(self.terms):,} observations up to {until}; {used:,} of "
            f"{len(self.classes):,} claims used)"
        )
