"""The words of a claims table and their rules: kinds, qualifiers, accountings.

Each word is one row of a table. Code asks for a rule of the row and never compares words, so that a
new word is a new row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

__all__ = [
    "ACCOUNTINGS",
    "AUXILIARY",
    "BALANCE",
    "KINDS",
    "OBSERVED_AS",
    "QUALIFIERS",
    "Accounting",
    "AccountingRules",
    "Form",
    "ImportKind",
    "KindRules",
    "QualifierRules",
    "names_with",
]

Accounting = Literal["ledger", "estimate", "list", "register", "corrected-register"]
Form = Literal["point", "interval", "at-least", "at-most"]
# Kinds that all figures of a foreign table may be of.
ImportKind = Literal["cumulative", "daily", "period", "average", "stock"]


@dataclass(frozen=True, slots=True)
class KindRules:
    """Rules for the claims of one kind.

    Attributes
    ----------
    needs_start
        Whether `start` must be given.
    single_day
        Whether the window must be one day, `start` = `end`.
    per_day
        Whether the figure is a mean per day over the window, hence the window's total divided by
        its days.
    running
        Whether it is a running total, from the conflict's first day where `start` is empty.
    stock
        Whether it is the state of things on `end`: never differenced, of `STOCK_CATEGORIES` only.
    signed
        Whether it corrects other figures of its claimant, and so may be negative.
    known_at_end
        Whether an empty `known` means `end`, except in a stream that counts cases; otherwise
        `published`.
    per
        Whether it is a ratio of losses to those of another category.
    category
        The only category that it can be of; empty for any.
    sampled
        Whether it is a number of cases among others that were examined, or their share.
    meaning
        Its meaning, in one line.
    """

    needs_start: bool = True
    single_day: bool = False
    per_day: bool = False
    running: bool = False
    stock: bool = False
    signed: bool = False
    known_at_end: bool = False
    per: bool = False
    category: str = ""
    sampled: bool = False
    meaning: str = ""

    @property
    def compares(self) -> bool:
        """Whether it compares losses with one another, and counts none."""
        return self.per or self.sampled

    @property
    def counts_losses(self) -> bool:
        """Whether it counts the losses of a window, as a total or per day."""
        return not (self.stock or self.signed or self.compares)

    @property
    def is_total(self) -> bool:
        """Whether it is the total of a window that may have any length."""
        return self.counts_losses and not (self.per_day or self.single_day)


KINDS: Final[Mapping[str, KindRules]] = MappingProxyType(
    {
        "daily": KindRules(single_day=True, meaning="Losses of one day; start and end are equal."),
        "period": KindRules(meaning="Losses of the days from start to end."),
        "average": KindRules(per_day=True, meaning="Mean losses per day from start to end."),
        "cumulative": KindRules(
            needs_start=False,
            running=True,
            known_at_end=True,
            meaning="Running total up to end, since start or the conflict's first day.",
        ),
        "stock": KindRules(
            needs_start=False,
            stock=True,
            meaning="Missing, captured or strength as they stand on end; no running total.",
        ),
        "correction": KindRules(
            signed=True, meaning="A claimant's correction of earlier figures; it may be negative."
        ),
        "ratio": KindRules(
            needs_start=False, per=True, meaning="Losses of the category per loss of that in per."
        ),
        "overlap": KindRules(
            needs_start=False,
            sampled=True,
            category="killed",
            meaning="Those of total known dead of the window who are in the claimant's list or "
            "register as known; without total, their share.",
        ),
        "fate": KindRules(
            needs_start=False,
            sampled=True,
            category="missing",
            meaning="Those of total resolved cases of the claimant's register of the missing who "
            "proved dead; without total, their share.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class QualifierRules:
    """Rules for the figures with one qualifier.

    Attributes
    ----------
    form
        Form of the figure. One with limits but without a value is an interval instead.
    has_limits
        Whether `low` and `high` are given.
    exact
        Whether the claimant calls the figure exact.
    approximate
        Whether the claimant calls it approximate, so that coarser rounding is likely.
    prefix
        Words before a printed figure.
    meaning
        Its meaning, in one line.
    """

    form: Literal["point", "at-least", "at-most"] = "point"
    has_limits: bool = False
    exact: bool = False
    approximate: bool = False
    prefix: str = ""
    meaning: str = ""

    @property
    def is_bound(self) -> bool:
        """Whether the figure bounds the claimant's own figure from one side."""
        return self.form != "point"

    @property
    def is_single(self) -> bool:
        """Whether the figure is one number and no bound."""
        return not (self.is_bound or self.has_limits)


QUALIFIERS: Final[Mapping[str, QualifierRules]] = MappingProxyType(
    {
        "exact": QualifierRules(exact=True, meaning="The claimant gives the number as it is."),
        "about": QualifierRules(
            approximate=True, meaning="The claimant calls it approximate: about, some, nearly."
        ),
        "at-least": QualifierRules(
            "at-least", prefix="at least ", meaning="A lower bound: more than, over, at least."
        ),
        "at-most": QualifierRules(
            "at-most", prefix="at most ", meaning="An upper bound: up to, fewer than, at most."
        ),
        "range": QualifierRules(
            has_limits=True, meaning="From low to high; value is optional, within them."
        ),
    }
)


@dataclass(frozen=True, slots=True)
class AccountingRules:
    """Rules for the streams of one accounting.

    Attributes
    ----------
    sums_days
        Whether totals are running sums of the stream's own daily figures.
    counts_cases
        Whether it counts single cases, so that a later figure adds the cases found since.
    minimum_is_count
        Whether "at least" means the cases verified so far, which is a count and no bound.
    has_coverage
        Whether it lists a share of all cases, its coverage, and has no bias besides.
    official
        Whether it rests on the records of an office, whose bias is that of registers.
    component
        Component of the model that reads it; empty for one that is always there.
    meaning
        Its meaning, in one line.
    question
        The same as an answer to: what happens to an old day when a new figure comes out?
    """

    sums_days: bool = False
    counts_cases: bool = False
    minimum_is_count: bool = False
    has_coverage: bool = False
    official: bool = False
    component: str = ""
    meaning: str = ""
    question: str = ""

    @property
    def auxiliary(self) -> bool:
        """Whether it is no accounting of a stream: see `AUXILIARY`."""
        return self.component != ""

    @property
    def assesses(self) -> bool:
        """Whether each figure is a new assessment of all losses in its window."""
        return not (self.sums_days or self.counts_cases or self.auxiliary)


ACCOUNTINGS: Final[Mapping[str, AccountingRules]] = MappingProxyType(
    {
        "ledger": AccountingRules(
            sums_days=True,
            meaning="Its total is the running sum of its own daily figures.",
            question="it stays as it was, and the total is the sum of the days",
        ),
        "estimate": AccountingRules(
            meaning="Each release judges the whole window anew.",
            question="it is judged anew, or nobody knows",
        ),
        "list": AccountingRules(
            counts_cases=True,
            minimum_is_count=True,
            has_coverage=True,
            meaning="Single cases: names, graves, photographs, verified events.",
            question="it gains the names or other single cases found since",
        ),
        "register": AccountingRules(
            counts_cases=True,
            official=True,
            meaning="Records that an office must keep, or excess mortality.",
            question="it gains the deaths that an office has recorded since",
        ),
        "corrected-register": AccountingRules(
            official=True,
            meaning="Records of an office that its authors raise for those still to come.",
            question="it is judged anew, from the records of an office",
        ),
    }
)

# Observations of a force balance, which are computed with their error and have no bias.
BALANCE: Final = "balance"
# Readings of figures that are no totals of a stream: kinds that compare losses, declarations and
# balances.
AUXILIARY: Final[Mapping[str, AccountingRules]] = MappingProxyType(
    {
        "ratio": AccountingRules(
            component="ratios", meaning="A ratio of two categories of losses of one party."
        ),
        "overlap": AccountingRules(
            component="overlaps", meaning="Coverage of a list or register on known dead."
        ),
        "fate": AccountingRules(
            component="fates", meaning="Dead among resolved cases of a register of the missing."
        ),
        "declarations": AccountingRules(
            component="declarations", meaning="Missing dead who were declared dead or found."
        ),
        BALANCE: AccountingRules(
            component="force", meaning="What a force lost, from its size and flows."
        ),
    }
)
# All that an observation may be read as.
OBSERVED_AS: Final[Mapping[str, AccountingRules]] = MappingProxyType({**ACCOUNTINGS, **AUXILIARY})


def names_with(table: Mapping[str, object], rule: str) -> list[str]:
    """Names of a table for which a rule holds, in the order of the table.

    Parameters
    ----------
    table
        `KINDS`, `QUALIFIERS` or `ACCOUNTINGS`.
    rule
        An attribute of the table's rules.

    Raises
    ------
    AttributeError
        There is no such rule.

    Examples
    --------
    >>> names_with(KINDS, "counts_losses")
    ['daily', 'period', 'average', 'cumulative']
    >>> names_with(QUALIFIERS, "is_single")
    ['exact', 'about']
    """
    return [name for name, rules in table.items() if getattr(rules, rule)]
