"""Words allowed in the key columns of a claims table, and tables that hardly have any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.conflict.conflict import Conflict, declared_words
from lossmodel.tables.schema import CLAIMS

if TYPE_CHECKING:
    from lossmodel.tables.csv import RawTable
    from lossmodel.tables.problems import Problems

__all__ = ["allowed_words", "note_other_table"]

# Columns whose words say of which conflict a table is.
NAMES: Final = ("claimant", "party")


def allowed_words(raw: RawTable, conflict: Conflict) -> dict[str, list[str]]:
    """Words allowed in key columns.

    Any source is allowed if the conflict has no table of sources; a web address always is.
    """
    claimants = conflict.claimants["claimant"].tolist()
    words = {"claimant": claimants, "via": claimants, **declared_words(conflict)}
    if len(conflict.sources) and "source" in raw.cells:
        used = raw.cells["source"].unique()
        addresses = [word for word in used if word.startswith(("https://", "http://"))]
        words["source"] = [*conflict.sources["source"], *addresses]
    return words


def note_other_table(
    raw: RawTable, words: dict[str, list[str]], conflict: Conflict, problems: Problems
) -> None:
    """Note a table that seems to be of another form, or of another conflict."""
    needed = [field.name for field in CLAIMS if field.column]
    absent = [name for name in needed if name not in raw.cells]
    if 2 * len(absent) > len(needed):
        remedy = "Read a table of another form with lossmodel data import"
        found = f"{len(absent)} of the {len(needed)} columns of claims missing"
        problems.add(raw.file, "", found=found, allowed="a table of claims", remedy=remedy)
    used = [
        (name, word) for name in NAMES if name in raw.cells for word in raw.cells[name].unique()
    ]
    known = {(name, word) for name in NAMES for word in words[name]}
    unknown = [word for name, word in used if (name, word) not in known]
    rows = [~raw.cells[name].isin(words[name]) for name in NAMES if name in raw.cells]
    # Misspellings in a few rows of a long table may be most of its names.
    most = bool(rows) and 2 * int(np.logical_or.reduce(rows).sum()) > len(raw.rows)
    if most and len(unknown) > 1 and 2 * len(unknown) > len(used):
        problems.add(
            raw.file,
            "",
            found=f"{len(unknown)} unknown names of {len(used)} claimants and parties",
            allowed=f"the names of the conflict {conflict.name}",
            remedy="Is it a table of another conflict? Give its folder with --conflict DIR",
        )
