"""Which importer a file is for, by its columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lossmodel.errors import UsageError
from lossmodel.importers.csv_reader import Source, read_source
from lossmodel.importers.economist import is_economist, read_economist
from lossmodel.importers.general_staff import (
    is_corrections,
    is_equipment,
    is_personnel,
    read_equipment,
    read_personnel,
)
from lossmodel.importers.long import is_claims, read_claims
from lossmodel.importers.oryx import is_oryx, read_oryx
from lossmodel.importers.radford import is_radford, read_radford
from lossmodel.importers.result import Imported
from lossmodel.importers.wide import Guesses, read_wide

__all__ = ["read_any"]


def read_any(paths: Sequence[Path], guesses: Guesses | None = None) -> Imported:
    """Claims of one table, with a table of corrections beside it where there is one.

    Parameters
    ----------
    guesses
        What the user says of a table of their own.

    Raises
    ------
    ClaimsError, UsageError
        The file cannot be read as anything.
    """
    sources = [read_source(path) for path in paths]
    corrections = [s for s in sources if is_corrections(s.columns)]
    tables = [s for s in sources if not is_corrections(s.columns)]
    if len(tables) != 1 or len(corrections) > 1:
        raise UsageError(
            "Import takes one table, and beside it at most one table of corrections of the General "
            f"Staff; here are {len(tables)} and {len(corrections)}."
        )
    booked = corrections[0] if corrections else None
    return _read(tables[0], booked, guesses or Guesses())


def _read(source: Source, booked: Source | None, guesses: Guesses) -> Imported:
    columns = source.columns
    if is_personnel(columns):
        return read_personnel(source, booked)
    if is_equipment(columns):
        return read_equipment(source, booked)
    if booked is not None:
        raise UsageError(f"{booked.path} corrects the General Staff; {source.path} is not of it.")
    for known, read in (
        (is_economist, read_economist),
        (is_radford, read_radford),
        (is_oryx, read_oryx),
    ):
        if known(columns):
            return read(source)
    if is_claims(columns):
        return read_claims(source, guesses)
    return read_wide(source, guesses)
