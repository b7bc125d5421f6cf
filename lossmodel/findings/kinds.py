"""The table of findings: a new one is one function and one row."""

from __future__ import annotations

from typing import Final

from lossmodel.findings.figures import (
    claimants_apart,
    crossed_bounds,
    falling_totals,
    implausible_numbers,
    orders_of_magnitude,
    set_aside_totals,
    totals_of_unknown_date,
    undeclared_accountings,
    unmarked_copies,
    windows_of_unknown_date,
)
from lossmodel.findings.finding import Kind
from lossmodel.findings.structure import (
    assumed_enemies,
    assumed_groups,
    mixed_sides,
    parties_without_enemy,
    sides_without_claimant,
    silent_parties,
    sums_of_equipment,
    unsided_claimants,
)

__all__ = ["KINDS"]

KINDS: Final = (
    Kind(
        "party-without-enemy",
        "warning",
        parties_without_enemy,
        "Write side and fights in [parties.NAME] of conflict.toml; fights = false if it fights "
        "nobody",
    ),
    Kind(
        "claimant-without-side",
        "warning",
        unsided_claimants,
        "Fill the column side of claimants.csv, or rename the claimant if it is independent",
    ),
    Kind(
        "mixed-sides",
        "warning",
        mixed_sides,
        "Give the figures of each party, or those of the days before and after a change of sides, "
        "as claims about that party alone",
    ),
    Kind(
        "silent-party",
        "warning",
        silent_parties,
        "Add claims about it, or say in conflict.toml from which day to which (from, to) or of "
        'which group (group = "person") it has losses',
    ),
    Kind(
        "sum-of-equipment",
        "warning",
        sums_of_equipment,
        "Remove the claims of the sum, or those of its addends, or count what is left as a "
        "category of its own",
    ),
    Kind(
        "category-without-group",
        "warning",
        assumed_groups,
        'Write group = "equipment" in [categories.NAME]; of people the model has killed, wounded, '
        "casualties, losses, irrecoverable and missing",
    ),
    Kind(
        "totals-set-aside",
        "warning",
        set_aside_totals,
        "Correct the dates, or declare in streams.csv that the figures are no running totals",
    ),
    Kind(
        "implausible-number",
        "warning",
        implausible_numbers,
        "Correct the number or its unit",
    ),
    Kind(
        "claimants-apart",
        "warning",
        claimants_apart,
        "Look for thousands read as units, and for another party, category or window",
    ),
    Kind(
        "total-falls",
        "warning",
        falling_totals,
        "If the count began anew, give the later totals that day as start; if the claimant took "
        "losses back, add a row of kind correction with the difference (minus so many) on that "
        "day; otherwise correct the misprint, before or after the fall",
    ),
    Kind(
        "total-without-known",
        "warning",
        totals_of_unknown_date,
        "Give known, the day up to which cases were recorded: that of the publication if the list "
        "counts deaths up to the end, the end if it repeats an old total",
    ),
    Kind(
        "orders-of-magnitude",
        "warning",
        orders_of_magnitude,
        "Look for thousands read as units, and for another party, category or window",
    ),
    Kind(
        "unmarked-copy",
        "warning",
        unmarked_copies,
        "Mark the copies with via; without a mark each counts as a probable copy",
    ),
    Kind(
        "crossed-bounds",
        "warning",
        crossed_bounds,
        "Exchange at-least and at-most, or correct the window of one of them",
    ),
    Kind(
        "side-without-claimant",
        "note",
        sides_without_claimant,
        "Fill the column side of claimants.csv for those who speak for it",
    ),
    Kind(
        "window-without-known",
        "note",
        windows_of_unknown_date,
        "Give known if cases were recorded up to another day",
    ),
    Kind(
        "undeclared-accounting",
        "note",
        undeclared_accountings,
        "Write its accounting in streams.csv: ledger, list, register or estimate, as "
        "docs/accounting.md explains; the answer may differ by a factor",
    ),
    Kind(
        "enemies-assumed",
        "note",
        assumed_enemies,
        "Write fights in [parties.NAME] of conflict.toml",
    ),
)
