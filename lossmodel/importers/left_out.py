"""What became no claims of a table, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from lossmodel.text.numbers import some

__all__ = ["LeftOut"]

SHOWN: Final = 3  # rows that are named of those left out


@dataclass
class LeftOut:
    """Rows, columns and cells that became no claims, counted by reason."""

    counts: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, what: str, why: str, row: int) -> None:
        """Count one more; `row` is its row in the file."""
        self.counts.setdefault((what, why), []).append(row)

    def sentence(self) -> str:
        """What was left out and why, in one line; empty if nothing was."""
        return "; ".join(f"{n:,} {what}: {why}" for n, what, why in self.table().to_numpy())

    def table(self) -> pd.DataFrame:
        """Columns `rows, what, why`."""
        rows = [
            (len(places), what, f"{why} ({_places(places)})")
            for (what, why), places in self.counts.items()
        ]
        return pd.DataFrame(rows, columns=["rows", "what", "why"])


def _places(rows: list[int]) -> str:
    return f"row {some([*map(str, rows)], SHOWN)}"
