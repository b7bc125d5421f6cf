"""Dead and wounded that no army of past wars had in such shares."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.conflict.titles import party_title
from lossmodel.findings.finding import Case
from lossmodel.findings.words import claimant_name, number, window
from lossmodel.tables.vocabulary import KINDS
from lossmodel.text.numbers import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossmodel.findings.columns import Columns
    from lossmodel.findings.finding import Material

Key = tuple[object, ...]

__all__ = ["unusual_lethality"]

# Dead for each wounded, and wounded for each of the dead, that are out of the question for an army
# on land: four sds of the prior of lethality. Armies of past wars had 1.5 to 14 wounded for each.
DEADLY: Final = 3.0
HARMLESS: Final = 30.0
# Dead below which chance alone may do it.
FEWEST: Final = 20


def unusual_lethality(material: Material) -> Iterator[Case]:
    """Figures of one claimant, party and window with far more dead than wounded, or far fewer."""
    columns = material.columns
    all_killed, all_wounded = (_totals(columns, category) for category in ("killed", "wounded"))
    deadly: defaultdict[Key, list[tuple[int, int]]] = defaultdict(list)
    harmless: defaultdict[Key, list[tuple[int, int]]] = defaultdict(list)
    for key, dead in all_killed.items():
        place = all_wounded.get(key)
        if place is None:
            continue
        killed, wounded = columns.value[dead], columns.value[place]
        if killed >= max(FEWEST, DEADLY * wounded):
            deadly[key[:3]].append((dead, place))
        elif wounded >= HARMLESS * max(FEWEST, killed):
            harmless[key[:3]].append((dead, place))
    for pairs in deadly.values():
        yield _case(columns, pairs, "at least one and a half wounded for each of their dead")
    for pairs in harmless.values():
        yield _case(columns, pairs, "at most 14 wounded for each of their dead")


def _case(columns: Columns, pairs: list[tuple[int, int]], usual: str) -> Case:
    """One case of a series, with the last of its pairs."""
    dead, wounded = max(pairs, key=lambda pair: (columns.end[pair[0]], columns.start[pair[0]]))
    party = party_title(columns.conflict, columns.keys[columns.series[dead]][1])
    more = f", and {plural(len(pairs) - 1, 'more pair')}" if len(pairs) > 1 else ""
    return Case(
        f"{claimant_name(columns, dead)} has {number(columns.value[dead])} killed and "
        f"{number(columns.value[wounded])} "
        f"wounded of {party} for {window(columns, dead)}, where armies of past wars had {usual}"
        f"{more}: {columns.ids[dead]} and {columns.ids[wounded]}.",
        columns.named([place for pair in pairs for place in pair]),
    )


def _totals(columns: Columns, category: str) -> dict[Key, int]:
    """The last figure of a category, by claimant, party, scope and window."""
    of_category = np.array([key[2] == category for key in columns.keys], dtype=bool)
    counted = columns.rule("kind", KINDS, "is_total") & columns.exact & columns.single
    found: dict[Key, int] = {}
    for place in np.flatnonzero(counted & of_category[columns.series]).tolist():
        claimant, party, _, scope = columns.keys[columns.series[place]]
        found[claimant, party, scope, columns.start[place], columns.end[place]] = place
    return found
