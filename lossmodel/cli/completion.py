"""Words that a shell offers after a tab: names of conflicts, and what a question may be made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer  # Typer reads the types of what it calls

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["conflict_names", "question_words"]

# Words of the grammar, beside names.
GRAMMAR_WORDS: Final = ("cumulative", "lethality", "passes", "ratio", "when")
# Tables of a report that are read without pandas, which takes long to import.
NAMES: Final = {"estimates.csv": ("category", "party", "scope"), "biases.csv": ("claimant",)}


def conflict_names(incomplete: str) -> list[str]:
    """Shipped conflicts, and folders here that hold one."""
    from lossmodel.conflict.shipped import shipped_conflicts

    here = (path.parent.name for path in Path().glob("*/conflict.toml"))
    return [name for name in sorted({*shipped_conflicts(), *here}) if name.startswith(incomplete)]


def question_words(ctx: typer.Context, incomplete: str) -> list[str]:
    """Words of the grammar, and the names in the report whose fit is asked."""
    path = Path(ctx.params.get("fit") or ".")
    folder = path if path.is_dir() else path.parent
    words = {*GRAMMAR_WORDS, *_names(folder)}
    return [word for word in sorted(words) if word.startswith(incomplete)]


def _names(folder: Path) -> Iterator[str]:
    import csv

    for file, columns in NAMES.items():
        try:
            with (folder / file).open(encoding="utf-8", newline="") as lines:
                for row in csv.DictReader(lines):
                    yield from (row[column] for column in columns)
        except (OSError, ValueError, KeyError, csv.Error):
            # No report there, or none that can be read: the words of the grammar remain.
            continue
