"""One finding, and the material in which it is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

from lossmodel.tables.vocabulary import ACCOUNTINGS, AccountingRules

if TYPE_CHECKING:
    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence import Evidence

__all__ = ["SEVERITIES", "Case", "Finding", "Kind", "Material", "Severity"]

Severity = Literal["warning", "note"]
# The order of print. Errors are none: they are refused when a table is read.
SEVERITIES: Final[tuple[Severity, ...]] = ("warning", "note")


@dataclass(frozen=True)
class Case:
    """One case of a kind: a sentence, and the claims that it is about."""

    message: str
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of findings.

    Attributes
    ----------
    name
        A slug.
    severity
        ``warning`` where an answer may be wrong without a word, ``note`` for a choice made.
    find
        From the material to the cases of the kind.
    remedy
        How to mend it, or to confirm that nothing is wrong.
    """

    name: str
    severity: Severity
    find: Callable[[Material], Iterable[Case]]
    remedy: str


@dataclass(frozen=True)
class Finding:
    """One case with the rules of its kind.

    Attributes
    ----------
    severity, kind, remedy
        As in `Kind`.
    count
        Number of claims that it is about; 1 for one about `conflict.toml`.
    message
        One sentence with an example.
    claims
        Their ids.
    """

    severity: Severity
    kind: str
    count: int
    message: str
    remedy: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """Claims and their evidence.

    Attributes
    ----------
    claims
        Claims published by the last day of the evidence.
    """

    claims: Claims
    evidence: Evidence

    @property
    def conflict(self) -> Conflict:
        """The conflict of the claims."""
        return self.claims.conflict

    @property
    def table(self) -> pd.DataFrame:
        """The table of the claims."""
        return self.claims.table

    @cached_property
    def counting(self) -> pd.Series[bool]:
        """Whether each claim is of a list or a register."""
        return self._with_accounting(lambda rules: rules.counts_cases)

    @cached_property
    def totalling(self) -> pd.Series[bool]:
        """Whether each claim is of a stream whose totals never fall, unless corrected."""
        return self._with_accounting(lambda rules: not rules.assesses)

    def _with_accounting(self, rule: Callable[[AccountingRules], bool]) -> pd.Series[bool]:
        rows = self.conflict.streams.itertuples(index=False, name=None)
        chosen = {row[:3] for row in rows if rule(ACCOUNTINGS[row[3]])}
        table = self.table
        keys = zip(table["claimant"], table["party"], table["category"], strict=True)
        return pd.Series([key in chosen for key in keys], table.index, dtype=bool)
