"""Outcomes: the class of every claim, and the claims that merged ones end up in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

__all__ = ["CLASSES", "Outcomes", "without_unmodelled"]

USED, MERGED, LEFT_OUT = CLASSES = ("used", "merged", "left out")


def without_unmodelled(
    classes: pd.DataFrame, terms: pd.DataFrame, unmodelled: pd.DataFrame
) -> pd.DataFrame:
    """Classes in which the claims that a model does not read are left out, with its reason.

    Parameters
    ----------
    classes, terms
        Of the evidence.
    unmodelled
        Observations that the model leaves out: `term, claims, why`.

    Examples
    --------
    >>> classes = pd.DataFrame({"claim_id": ["a", "b"], "class": "used", "with": "", "why": "New."})
    >>> terms = pd.DataFrame({"term": ["a", "b"], "claims": ["a", "a;b"]})
    >>> found = without_unmodelled(classes, terms, terms.iloc[1:].assign(why="Switched off."))
    >>> found[["class", "why"]].to_numpy().tolist()
    [['used', 'New.'], ['left out', 'Switched off.']]
    """
    if unmodelled.empty:
        return classes
    read = terms.loc[~terms["term"].isin(unmodelled["term"]), "claims"]
    kept = {name for names in read for name in names.split(";")}
    pairs = zip(unmodelled["claims"], unmodelled["why"], strict=True)
    why = {name: reason for names, reason in pairs for name in names.split(";")}
    here = classes["claim_id"].isin(why.keys() - kept) & (classes["class"] == USED)
    found = classes.copy()
    found.loc[here, "class"] = LEFT_OUT
    found.loc[here, "why"] = found.loc[here, "claim_id"].map(why)
    return found


@dataclass(frozen=True)
class _Merge:
    into: tuple[str, ...]
    why: str


class Outcomes:
    """Outcome of each claim so far.

    The outcome of a claim may be unknown when another is merged with it, so `table` follows every
    merge to its end: a claim merged with one that is left out is left out too.

    Examples
    --------
    >>> outcomes = Outcomes()
    >>> outcomes.merge(["relay"], ["total"], "Repeats it.")
    >>> outcomes.use(["total"], "An independent assessment.")
    >>> outcomes.table(["relay", "total"])[["class", "with"]].to_numpy().tolist()
    [['merged', 'total'], ['used', '']]
    """

    def __init__(self) -> None:
        self._merges: dict[str, _Merge] = {}
        self._left_out: dict[str, str] = {}
        self._used: dict[str, str] = {}

    def leave_out(self, claim_ids: Iterable[str], why: str) -> None:
        """Note that claims are left out."""
        self._left_out |= dict.fromkeys(claim_ids, why)

    def merge(self, claim_ids: Iterable[str], into: Sequence[str], why: str) -> None:
        """Note that claims add nothing to others."""
        self._merges |= dict.fromkeys(claim_ids, _Merge(tuple(into), why))

    def use(self, claim_ids: Iterable[str], why: str) -> None:
        """Note that claims have information of their own."""
        self._used |= dict.fromkeys(claim_ids, why)

    def is_used(self, claim_id: str) -> bool:
        """Whether a claim has information of its own."""
        return claim_id in self._used

    def reason(self, claim_id: str) -> str:
        """Reason why a claim is used."""
        return self._used[claim_id]

    def table(self, claim_ids: Sequence[str]) -> pd.DataFrame:
        """Columns `claim_id, class, with, why`, one row per claim in the order given."""
        # Column by column: a million rows take 100 MB more.
        columns: dict[str, list[str]] = {"class": [], "with": [], "why": []}
        for name in claim_ids:
            for column, found in zip(columns.values(), self._resolve(name), strict=True):
                column.append(found)
        return pd.DataFrame({"claim_id": list(claim_ids), **columns}, dtype=str)

    def _resolve(self, name: str) -> tuple[str, str, str]:
        if name in self._used:
            return USED, "", self._used[name]
        if name in self._left_out:
            return LEFT_OUT, "", self._left_out[name]
        carriers, ends = self._carriers(name)
        why = self._merges[name].why
        if carriers:
            return MERGED, ";".join(carriers), why
        reasons = "; ".join(
            dict.fromkeys(self._left_out[end] for end in ends if end in self._left_out)
        )
        return LEFT_OUT, "", f"{why} That claim is left out: {reasons}"

    def _carriers(self, name: str) -> tuple[list[str], list[str]]:
        """Used claims at the end of a claim's merges, and the ends that are not used."""
        pending, seen, found, ends = [name], {name}, [], []
        while pending:
            here = pending.pop()
            if here in self._used:
                found.append(here)
            elif here in self._merges:
                fresh = [into for into in self._merges[here].into if into not in seen]
                seen.update(fresh)
                pending += reversed(fresh)
            else:
                ends.append(here)
        return found, ends
