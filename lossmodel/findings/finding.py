"""One finding, and the material in which it is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from lossmodel.findings.columns import Columns, Mask

if TYPE_CHECKING:
    import pandas as pd

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
    meaning
        What is found, and what it does to an answer.
    remedy
        How to mend it, or to confirm that nothing is wrong.
    """

    name: str
    severity: Severity
    find: Callable[[Material], Iterable[Case]]
    meaning: str
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
    def columns(self) -> Columns:
        """The table as arrays."""
        return Columns(self.claims)

    @cached_property
    def merged(self) -> Mask:
        """Whether each claim adds nothing to others."""
        return self._of_class("merged")

    @cached_property
    def left_out(self) -> Mask:
        """Whether the model cannot use each claim."""
        return self._of_class("left out")

    def _of_class(self, name: str) -> Mask:
        classes = self.evidence.classes
        names = set(classes["claim_id"][classes["class"] == name])
        return np.array([claim in names for claim in self.columns.ids], dtype=bool)
