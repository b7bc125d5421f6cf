"""Dead and wounded that no army of past wars had in such shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.findings.finding import Case
from lossmodel.findings.words import number, window
from lossmodel.tables.vocabulary import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossmodel.findings.columns import Columns
    from lossmodel.findings.finding import Material

__all__ = ["unusual_lethality"]

# Dead for each wounded that are out of the question for an army on land: four sds of the prior of
# lethality. Armies of past wars had from one in 14 to one in 1.5.
DEADLY: Final = 3.0
# Dead below which chance alone may do it.
FEWEST: Final = 20


def unusual_lethality(material: Material) -> Iterator[Case]:
    """Figures of one claimant, party and window with far more dead than wounded."""
    columns = material.columns
    all_killed, all_wounded = (_totals(columns, category) for category in ("killed", "wounded"))
    for key, dead in all_killed.items():
        wounded = all_wounded.get(key)
        killed = columns.value[dead]
        if wounded is None or killed < max(FEWEST, DEADLY * columns.value[wounded]):
            continue
        claimant, party, *_ = key
        yield Case(
            f"{claimant} has {number(killed)} killed and {number(columns.value[wounded])} wounded "
            f"of {party} for {window(columns, dead)}, where armies of past wars had at least one "
            f"and a half wounded for each of their dead: {columns.ids[dead]} and "
            f"{columns.ids[wounded]}.",
            columns.named([dead, wounded]),
        )


def _totals(columns: Columns, category: str) -> dict[tuple[object, ...], int]:
    """The last figure of a category, by claimant, party, scope and window."""
    of_category = np.array([key[2] == category for key in columns.keys], dtype=bool)
    counted = columns.rule("kind", KINDS, "is_total") & columns.exact & columns.single
    found: dict[tuple[object, ...], int] = {}
    for place in np.flatnonzero(counted & of_category[columns.series]).tolist():
        claimant, party, _, scope = columns.keys[columns.series[place]]
        found[claimant, party, scope, columns.start[place], columns.end[place]] = place
    return found
