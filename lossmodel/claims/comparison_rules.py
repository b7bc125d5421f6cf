"""Rules for the rows that compare losses: ratios, overlaps with lists, fates of the missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from lossmodel.conflict.conflict import Conflict
from lossmodel.tables.categories import COMPARED_CATEGORIES, STOCK_CATEGORIES
from lossmodel.tables.cells import Flagger
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, names_with

__all__ = ["check_comparisons"]

Mask = npt.NDArray[np.bool_]

# Losses of which the first are a part of the second, whatever an undefined word includes.
PARTS = frozenset(
    [
        *(("killed", whole) for whole in ("irrecoverable", "losses", "casualties")),
        *((part, "casualties") for part in ("irrecoverable", "losses", "wounded")),
    ]
)


def _given(flagger: Flagger, column: str) -> Mask:
    return (flagger.text(column) != "").to_numpy(dtype=bool)


def _is(table: pd.DataFrame, column: str, *words: str) -> Mask:
    return table[column].isin(list(words)).to_numpy(dtype=bool)


def check_comparisons(table: pd.DataFrame, flagger: Flagger, conflict: Conflict) -> None:
    """Note ratios, overlaps and fates that compare nothing, and marks of theirs elsewhere."""
    kind = table["kind"]
    compares = _is(table, "kind", *names_with(KINDS, "compares"))
    ratio = _is(table, "kind", *names_with(KINDS, "per"))
    sampled = _is(table, "kind", *names_with(KINDS, "sampled"))
    for column, allowed_for in (("per", ratio), ("total", sampled)):
        words = " or ".join(names_with(KINDS, "per" if column == "per" else "sampled"))
        flagger.flag(
            _given(flagger, column) & ~allowed_for & (kind != "").to_numpy(),
            column,
            allowed=f"nothing, as the kind is not {words}",
            remedy="Leave it empty, or correct the kind",
        )
    if not compares.any():
        return
    flagger.flag(
        compares & (table["part_of"] != "").to_numpy(),
        "part_of",
        allowed=f"nothing, as a figure of kind {' or '.join(names_with(KINDS, 'compares'))} is no "
        "part of a total",
        remedy="Leave it empty",
    )
    _check_ratios(table, flagger, ratio)
    _check_parts(table, flagger, ratio)
    for name in names_with(KINDS, "sampled"):
        only = KINDS[name].category
        flagger.flag(
            _is(table, "kind", name) & ~_is(table, "category", only, ""),
            "category",
            allowed=f"{only}, as the kind is {name}",
            remedy="Correct the category or the kind",
        )
    _check_samples(table, flagger, sampled)
    _check_lists(table, flagger, conflict)


def _check_ratios(table: pd.DataFrame, flagger: Flagger, ratio: Mask) -> None:
    flagger.flag(
        ratio & ~_given(flagger, "per"),
        "per",
        allowed=f"one of {', '.join(COMPARED_CATEGORIES)}, as the kind is ratio",
        remedy="Give the category to one loss of which the value is given",
    )
    flagger.flag(
        ratio & ~_is(table, "category", *COMPARED_CATEGORIES, ""),
        "category",
        allowed=f"one of {', '.join(COMPARED_CATEGORIES)}, as the kind is ratio",
        remedy="Correct the category or the kind",
    )
    itself = ratio & (table["per"] == table["category"]).to_numpy() & _given(flagger, "per")
    flagger.flag(
        itself,
        "per",
        allowed="another category than the row's own",
        remedy="Give the category that the losses are divided by",
    )
    for column in ("value", "low", "high"):
        flagger.flag(
            ratio & (table[column] == 0).to_numpy(),
            column,
            allowed="a number above 0, as the kind is ratio",
            remedy="Correct the number",
        )


def _check_parts(table: pd.DataFrame, flagger: Flagger, ratio: Mask) -> None:
    """Note parts that are more than the whole, in ratios of either to the other."""
    for above, bound, limit, allowed in (
        (True, "at-most", "low", "at most 1, as {category} are a part of {per}"),
        (False, "at-least", "high", "at least 1, as {per} are a part of {category}"),
    ):
        pairs = zip(table["category"], table["per"], strict=True)
        part = np.array([(pair if above else pair[::-1]) in PARTS for pair in pairs], dtype=bool)
        single = part & ratio & ~_is(table, "qualifier", bound)
        for column, rows in (("value", single), (limit, part & ratio)):
            beyond = table[column] > 1 if above else table[column] < 1
            wrong = rows & beyond.to_numpy()
            flagger.flag(
                wrong,
                column,
                allowed=[
                    allowed.format(category=category, per=per)
                    for category, per in table.loc[wrong, ["category", "per"]].to_numpy()
                ],
                remedy="Correct it, or exchange category and per",
            )


def _check_samples(table: pd.DataFrame, flagger: Flagger, sampled: Mask) -> None:
    total = table["total"]
    of_cases = sampled & total.notna().to_numpy()
    flagger.flag(
        of_cases & (total == 0).to_numpy(),
        "total",
        allowed="a number of cases above 0",
        remedy="Give the number of cases examined, or leave it empty and give value as a share",
    )
    given = ~_given(flagger, "total")
    for column in ("value", "low", "high"):
        figure = table[column]
        above = of_cases & (figure > total).to_numpy()
        flagger.flag(
            above,
            column,
            allowed=[f"at most total, {number:.15g}" for number in total[above]],
            remedy="Correct one of the two, of which the first is a part of the second",
        )
        flagger.flag(
            sampled & given & ((figure <= 0) | (figure >= 1)).to_numpy(),
            column,
            allowed="a share between 0 and 1, as total is empty",
            remedy="Give total, the number of cases examined, or write the share",
        )


def _check_lists(table: pd.DataFrame, flagger: Flagger, conflict: Conflict) -> None:
    """Note overlaps with lists that the conflict does not declare."""
    for name in names_with(KINDS, "sampled"):
        if KINDS[name].category in STOCK_CATEGORIES:
            continue
        here = _is(table, "kind", name)
        claimant = table["via"].where(table["via"] != "", table["claimant"])
        keys = list(zip(claimant[here], table["party"][here], strict=True))
        listed = [
            ACCOUNTINGS[conflict.stream(*key, KINDS[name].category).accounting].counts_cases
            for key in keys
        ]
        wrong = here.copy()
        wrong[here] = [not found and all(key) for found, key in zip(listed, keys, strict=True)]
        cases = " or ".join(names_with(ACCOUNTINGS, "counts_cases"))
        flagger.flag(
            wrong,
            "claimant",
            allowed=f"a claimant with a {cases} of the killed of the party in streams.csv",
            remedy="Give the claimant whose list it is, or declare its accounting",
        )
