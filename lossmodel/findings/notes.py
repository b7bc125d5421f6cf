"""The findings that are notes, rows of the table in ``kinds``."""

from __future__ import annotations

from typing import Final

from lossmodel.findings import bounds, figures, series, structure
from lossmodel.findings.finding import Kind
from lossmodel.findings.force import strengths_alone

__all__ = ["NOTES"]

NOTES: Final = (
    Kind(
        "side-without-claimant",
        "note",
        structure.sides_without_claimant,
        "A belligerent has no claimant on its side, while some claimants have no side.",
        "Fill the column side of claimants.csv for those who speak for it",
    ),
    Kind(
        "window-without-known",
        "note",
        figures.windows_of_unknown_date,
        "The count of a window, of a list or a register, was published long after it, and known is "
        "empty. It is read as known on the day of publication.",
        "Give known if cases were recorded up to another day",
    ),
    Kind(
        "undeclared-accounting",
        "note",
        figures.undeclared_accountings,
        "A side's running total of its own people is not declared in streams.csv. It is read as an "
        "estimate.",
        "Write its accounting in streams.csv: ledger, list, register or estimate, as "
        "docs/accounting.md explains; the answer may differ by a factor",
    ),
    Kind(
        "enemies-assumed",
        "note",
        structure.assumed_enemies,
        "Nothing says who fights whom. Two sides are taken as enemies.",
        "Write fights in [parties.NAME] of conflict.toml",
    ),
    Kind(
        "revised-figure",
        "note",
        series.revised_figures,
        "A claimant published a figure of one window again, with another number. The latest "
        "published is used, the others are merged with it.",
        "Nothing, if it is a revision; otherwise correct the window of one of them",
    ),
    Kind(
        "bounds-apart",
        "note",
        bounds.bounds_apart,
        f"A minimum of one claimant is more than {bounds.FEW} times a maximum of another for the "
        f"same days or more, but not so many times as for `crossed-bounds` ({bounds.INDEPENDENT}). "
        "The answer lies between the two and agrees with neither. A minimum of one who counts more "
        "as a rule is not named, nor a maximum of a list.",
        "Look for another category, party or window; if both are of the same losses, one of "
        "them is wrong",
    ),
    Kind(
        "strength-alone",
        "note",
        strengths_alone,
        "A claimant gives the strength of a force on one day only, or nobody gives its recruits. A "
        "force balance needs two strengths of one claimant and the recruits between them.",
        "Add whichever is missing: another day's strength by the claimant, or the recruits",
    ),
)
