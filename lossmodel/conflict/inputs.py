"""The files of a conflict: in a folder, or as texts saved with a fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lossmodel.errors import UsageError
from lossmodel.tables.files import is_there, read_bytes
from lossmodel.tables.names import hidden_letter

__all__ = ["CLAIMS", "CONFLICT", "FILES", "PRIORS", "Inputs", "is_plain"]

CLAIMS: Final = "claims.csv"
CONFLICT: Final = "conflict.toml"
PRIORS: Final = "priors.toml"
# The files that are read; any other file in a conflict's folder is the user's own.
FILES: Final = (
    *("claimants.csv", CLAIMS, CONFLICT, PRIORS),
    *("sources.csv", "streams.csv", "truth.csv"),
)
_DRIVE: Final = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Inputs:
    """Files by name, read in the same way from a folder and from memory.

    Attributes
    ----------
    place
        Their folder. With `texts` it is a name only, and no folder is read.
    texts
        Name -> text of files in memory; None if they are in the folder.

    Examples
    --------
    >>> inputs = Inputs(Path("war"), {"priors.toml": ""})
    >>> inputs.has("priors.toml"), inputs.has("truth.csv")
    (True, False)
    """

    place: Path
    texts: Mapping[str, str] | None = None

    def has(self, name: str) -> bool:
        """Whether there is a file of that name, be it one that cannot be read."""
        return is_there(self.place / name) if self.texts is None else name in self.texts

    def read(self, name: str) -> bytes:
        """Bytes of one file.

        Raises
        ------
        UsageError
            There is no such file, or it may not be read.
        """
        if self.texts is None:
            return read_bytes(self.place / name)
        if name not in self.texts:
            raise UsageError(f"{self.place} has no {name}.")
        # A lone surrogate is not valid UTF-8: the parser of the bytes notes it with its line.
        return self.texts[name].encode("utf-8", "surrogatepass")

    def text(self, name: str) -> str:
        """Text of one file, without a byte-order mark. Raises as `read`."""
        return self.read(name).decode("utf-8-sig")


def is_plain(name: object) -> bool:
    r"""Whether a name is a plain file name on every system, so that it cannot leave its folder.

    Examples
    --------
    >>> [is_plain(name) for name in ("russia-ukraine", "../x", "/x", "a\\b", "C:x", "")]
    [True, False, False, False, False, False]
    """
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and not hidden_letter(name)
        and not set(name) & {"/", "\\"}
        and not _DRIVE.match(name)
    )
