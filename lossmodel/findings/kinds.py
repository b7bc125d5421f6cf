"""The table of findings: a new one is one function and one row; notes are in ``notes``."""

from __future__ import annotations

from typing import Final

from lossmodel.evidence.bounds import NEAR_DAYS
from lossmodel.findings import figures, series, structure
from lossmodel.findings.bounds import BEYOND, INDEPENDENT, crossed_bounds
from lossmodel.findings.falls import cut_counts, falling_totals, set_aside_totals
from lossmodel.findings.finding import Kind
from lossmodel.findings.gaps import long_gaps
from lossmodel.findings.guesses import guessed_publications
from lossmodel.findings.lethality import unusual_lethality
from lossmodel.findings.notes import NOTES
from lossmodel.findings.steps import large_steps
from lossmodel.findings.sums import broken_sums, parts_above_sums, parts_above_totals

__all__ = ["KINDS"]

KINDS: Final = (
    Kind(
        "party-without-enemy",
        "warning",
        structure.parties_without_enemy,
        "A party fights nobody, so that claimants of another side count as third parties. The "
        "biases of adversaries are then not expected of them.",
        "Write side and fights in [parties.NAME] of conflict.toml; false if it fights nobody",
    ),
    Kind(
        "claimant-without-side",
        "warning",
        structure.unsided_claimants,
        "A claimant without a side has the name of a side, or keeps a ledger of a party whose "
        "enemy has no claimant. It counts as a third party.",
        "Fill the column side of claimants.csv, or rename the claimant if it is independent",
    ),
    Kind(
        "mixed-sides",
        "warning",
        structure.mixed_sides,
        "A claimant counts its own side and its enemy in one figure, which has one bias only.",
        "Give the figures of each party as claims about that party alone; after a change of sides "
        "they are those of a second claimant in claimants.csv",
    ),
    Kind(
        "silent-party",
        "warning",
        structure.silent_parties,
        "Claims about a sum of parties include one about which there is no claim. Only the priors "
        "divide the sum.",
        "Add claims about it, or say in conflict.toml from which day to which (from, to) or of "
        'which group (group = "person") it has losses',
    ),
    Kind(
        "undeclared-sum",
        "warning",
        structure.undeclared_sums,
        "The name of a party says that it is several others together, such as both, and no sum "
        "says so. It is fitted apart from them, so that its claims say nothing about theirs.",
        'Write sum = ["A", "B"] in [parties.NAME] of conflict.toml, or rename a party that is none',
    ),
    Kind(
        "sum-of-equipment",
        "warning",
        structure.sums_of_equipment,
        "A sum of categories of equipment has claims beside its addends. The model adds up no "
        "equipment, so that the sum is left out.",
        "Remove the claims of the sum or of its addends, or make a category of what is left",
    ),
    Kind(
        "category-without-group",
        "warning",
        structure.assumed_groups,
        "A category says neither that it counts people nor equipment. It is read as equipment.",
        'Write group = "equipment" in [categories.NAME]; of people the model has killed, wounded, '
        "casualties, losses, irrecoverable and missing",
    ),
    Kind(
        "category-without-place",
        "warning",
        structure.unknown_losses,
        "A category of people is none that the model has, so that no claim of it is used.",
        "Name it killed, wounded, casualties, losses or irrecoverable, whichever it is nearest to: "
        "the dead and missing together are irrecoverable, and deaths of disease none of these",
    ),
    Kind(
        "totals-set-aside",
        "warning",
        set_aside_totals,
        "So many totals of a series fall that most of them are set aside.",
        "Correct the dates, or declare in streams.csv that the figures are no running totals",
    ),
    Kind(
        "total-falls",
        "warning",
        falling_totals,
        "A running total falls: the count began anew, its claimant took losses back, or a number "
        "is a misprint. The finding says which of them fits the totals around, and the row that "
        "settles it. Totals of a ledger that cannot all be true are set aside. Those of an "
        "estimate are all used, so that a misprint among them counts.",
        "If the count began anew, give the later totals that day as start; if the claimant took "
        "losses back, add a row of kind correction with the difference (minus so many) on that "
        "day; otherwise correct the misprint, before or after the fall",
    ),
    Kind(
        "count-falls",
        "warning",
        cut_counts,
        "The latest count of a list or register is so low that fewer counts are lost by setting it "
        "aside than by setting aside those before it: a misprint, or cases were struck off.",
        "Correct the misprint; if cases were struck off, remove the counts before it",
    ),
    Kind(
        "sum-differs",
        "warning",
        broken_sums,
        "Figures of days or other short windows cover a longer one exactly and do not add up to "
        "its total. The model cannot know which of the two is right: of a ledger it takes the "
        "pieces that fit, of an estimate all of them.",
        "Correct the misprint, or the window of the total; if the claimant revised the total, "
        "remove the figures that it replaces",
    ),
    Kind(
        "parts-exceed-total",
        "warning",
        parts_above_totals,
        "Parts (part_of) add up to more than their total. The model uses the total alone.",
        "Correct the total or a part, or leave part_of empty where a part overlaps another",
    ),
    Kind(
        "part-exceeds-sum",
        "warning",
        parts_above_sums,
        "In one release, a claimant's figures of parties or categories are above its figure of "
        "the declared sum that has them, such as more killed than casualties.",
        "Look for exchanged columns, and for another party, category or window",
    ),
    Kind(
        "conflicting-figures",
        "warning",
        series.conflicting_figures,
        "A claimant has different figures for one window, published on one day. One of them is "
        "used, and the table does not say which is right.",
        "Remove the wrong one; if one is a revision, give the day on which it was published; if "
        "they count different things, give them different scopes or categories",
    ),
    Kind(
        "manyfold-revision",
        "warning",
        series.manyfold_revisions,
        "A claimant replaced a figure of one window by one that is many times higher or lower, as "
        "a digit too many makes it. The latest published is used.",
        "Correct the misprint, or the window of one of them; leave a true revision as it is",
    ),
    Kind(
        "near-duplicate",
        "warning",
        series.near_duplicates,
        "A claimant has the same figure for two windows that differ by a day: often one report "
        "with two dates. An estimate would count twice, a ledger would have a day without losses.",
        "Remove one of the two, or correct its window",
    ),
    Kind(
        "overlapping-windows",
        "warning",
        series.overlapping_windows,
        "Successive windows of a series have a day or a few in common, so that the losses of "
        "these days are in both.",
        "If the first ends before the second begins, correct the day; both are included in a "
        "window",
    ),
    Kind(
        "non-integer",
        "warning",
        series.fractions,
        "A count has decimals: often thousands with a point as separator, or a mean.",
        "Write the whole number, 1221 for 1.221 thousand; kind average for a mean per day",
    ),
    Kind(
        "implausible-number",
        "warning",
        figures.implausible_numbers,
        "A number is above the losses of any war.",
        "Correct the number or its unit",
    ),
    Kind(
        "orders-of-magnitude",
        "warning",
        figures.orders_of_magnitude,
        "Two figures of one window are a thousand times apart. An estimate would lie between.",
        "Look for thousands read as units, and for another party, category or window",
    ),
    Kind(
        "claimants-apart",
        "warning",
        figures.claimants_apart,
        "The last totals of two claimants are a thousand times apart per day.",
        "Look for thousands read as units, and for another party, category or window",
    ),
    Kind(
        "unusual-lethality",
        "warning",
        unusual_lethality,
        "A claimant has far more dead than wounded, or hundreds of wounded and hardly any dead, as "
        "no army of past wars had. The prior of lethality has room for that where no other figures "
        "contradict; an adversary's figures leave it as it is.",
        "Check that the two are not exchanged, that neither is of a part of the days, and that the "
        "wounded are no sick or frightened; for ships or captives whom an adversary counts, widen "
        "lethality.level (--priors)",
    ),
    Kind(
        "crossed-bounds",
        "warning",
        crossed_bounds,
        "A claimant's minimum is above its maximum of the same days or of more days; or, where one "
        f"of two figures is a bound, that of fewer days is above {BEYOND} times the other. "
        f"{INDEPENDENT} times are enough unless the larger one is an enemy's, or a third party's "
        "beside a figure of the side itself, as these count more as a rule, or the smaller one is "
        "the count of a list. Where the figure of fewer days has up to "
        f"{NEAR_DAYS} days of its own at either end, {figures.APART:,} times are too many. An "
        "estimate would lie between.",
        "Exchange at-least and at-most, or correct the number, the unit or the window of one of "
        "them",
    ),
    Kind(
        "large-step",
        "warning",
        large_steps,
        "One figure has many times the losses per day of the days around it: a backlog that was "
        "booked on one day, a misprint, or a day of heavy losses.",
        "If it is a backlog, give the window that it is of (kind period), or a row of kind "
        "correction; correct a misprint; leave a day of heavy losses as it is",
    ),
    Kind(
        "long-gap",
        "warning",
        long_gaps,
        "No claim covers a long stretch of days. The losses in it are those that the walk of the "
        "rate allows between the claims around it, and the intervals there are wide.",
        "Add a claim, if only a bound or a total, that covers these days; or end the conflict "
        "(end, or to of a party) where the losses ended",
    ),
    Kind(
        "nothing-counted",
        "warning",
        structure.uncounted_parties,
        "The figures of a party are ratios, shares or strengths, and none counts its losses. How "
        "large they are is then the prior's answer alone: from a handful to millions.",
        "Add a claim that counts losses of the party, if only a bound; read the ratios, not the "
        "totals, until there is one",
    ),
    Kind(
        "total-without-known",
        "warning",
        figures.totals_of_unknown_date,
        "The total of a list or a register was published long after its last day, and known is "
        "empty. Cases known on the last day and on the day of publication are different counts.",
        "Give known, the day up to which cases were recorded: that of the publication if the list "
        "counts deaths up to the end, the end if it repeats an old total",
    ),
    Kind(
        "guessed-publication",
        "warning",
        guessed_publications,
        "No figure of a list or register says when it was published. The last day that it counts "
        "is taken for the day of publication, and for the day up to which cases were known. A list "
        "gains cases for months after a death, so that one read as this young may have missed most "
        "of its cases: the upper limit may be tens of times too high.",
        "Write the day of publication in published and the day up to which cases were recorded in "
        "known, both, or name the column that has the first, if there is one, with --column "
        "HEADING=published when you import it; if the list is as it was on its last day, write "
        "false in published_inferred",
    ),
    Kind(
        "unmarked-copy",
        "warning",
        figures.unmarked_copies,
        "A figure has the number of an earlier one of another claimant, to more digits than chance "
        "explains. It counts as a copy with that probability.",
        "Mark the copies with via; without a mark each counts as a probable copy",
    ),
    *NOTES,
)
