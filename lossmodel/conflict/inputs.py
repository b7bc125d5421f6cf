"""The files that a conflict consists of: in a folder, or as texts that were kept with a fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lossmodel.errors import UsageError
from lossmodel.tables.csv import read_bytes

__all__ = ["CLAIMS", "CONFLICT", "FILES", "PRIORS", "Inputs", "is_plain"]

CLAIMS: Final = "claims.csv"
CONFLICT: Final = "conflict.toml"
PRIORS: Final = "priors.toml"
# All that a conflict's folder may hold for us; whatever else lies in it is the user's own.
FILES: Final = (
    *("claimants.csv", CLAIMS, CONFLICT, PRIORS),
    *("sources.csv", "streams.csv", "truth.csv"),
)
_DRIVE: Final = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Inputs:
    """Files by name, all of them read in the same way wherever they are.

    Attributes
    ----------
    place
        Their folder. Where there are texts it is no more than a name, and nothing is looked for.
    texts
        Name -> text of files that are in memory; None where they are in the folder.
    """

    place: Path
    texts: Mapping[str, str] | None = None

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return (self.place / name).exists() if self.texts is None else name in self.texts

    def read(self, name: str) -> bytes:
        """Read one file."""
        if self.texts is None:
            return read_bytes(self.place / name)
        if name not in self.texts:
            raise UsageError(f"{self.place} has no {name}.")
        # Half a character cannot be in UTF-8: the reader of the bytes says so, with its line.
        return self.texts[name].encode("utf-8", "surrogatepass")

    def text(self, name: str) -> str:
        """Read one file as text, without the mark that some programs put before it."""
        return self.read(name).decode("utf-8-sig")


def is_plain(name: object) -> bool:
    r"""Whether a name is no more than a name, wherever it would be put into a path.

    Examples
    --------
    >>> [is_plain(name) for name in ("russia-ukraine", "../x", "/x", "a\\b", "C:x", "")]
    [True, False, False, False, False, False]
    """
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and "Cc" not in map(unicodedata.category, name)
        and not set(name) & {"/", "\\"}
        and not _DRIVE.match(name)
    )
