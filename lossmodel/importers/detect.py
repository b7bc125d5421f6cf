"""Choice of the importer for a file, by its columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lossmodel.errors import ClaimsError, UsageError
from lossmodel.importers.cover import cover_of
from lossmodel.importers.economist import is_economist, read_economist
from lossmodel.importers.general_staff import (
    is_corrections,
    is_equipment,
    is_personnel,
    read_equipment,
    read_personnel,
)
from lossmodel.importers.hints import Hints
from lossmodel.importers.keys import Keys
from lossmodel.importers.oryx import is_oryx, read_oryx
from lossmodel.importers.persons import is_persons, read_persons
from lossmodel.importers.radford import is_radford, read_radford
from lossmodel.importers.result import Imported
from lossmodel.importers.source import Source, read_source
from lossmodel.importers.table import read_table

__all__ = ["read_any"]


def read_any(paths: Sequence[Path], hints: Hints | None = None) -> Imported:
    r"""Claims from one table, and optionally a table of corrections.

    Parameters
    ----------
    paths
        The table, and at most one table of corrections of the General Staff.
    hints
        The user's description of a table of their own; not needed for known formats.

    Raises
    ------
    ClaimsError
        Cells of a table of the user's own cannot be read.
    UsageError
        A file cannot be read, or a table of the user's own needs more hints.

    Examples
    --------
    >>> import tempfile
    >>> hints = Hints("russia-ukraine", "russia", "tanks", kind="cumulative")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "own.csv"
    ...     _ = path.write_text("date,oryx\n2022-03-01,60\n2022-03-02,75\n")
    ...     imported = read_any([path], hints)
    >>> imported.claims[["claimant", "end", "value"]].to_numpy().tolist()
    [['oryx', '2022-03-01', 60.0], ['oryx', '2022-03-02', 75.0]]
    """
    hints = (hints or Hints()).with_map()
    sources = [read_source(p, sheet=hints.sheet, encoding=hints.encoding) for p in paths]
    corrections = [s for s in sources if is_corrections(s.columns)]
    tables = [s for s in sources if not is_corrections(s.columns)]
    if len(tables) != 1 or len(corrections) > 1:
        raise UsageError(
            "Import takes one table, and beside it at most one table of corrections of the General "
            f"Staff; here are {len(tables)} and {len(corrections)}."
        )
    booked = corrections[0] if corrections else None
    return _read(tables[0], booked, hints)


def _read(source: Source, booked: Source | None, hints: Hints) -> Imported:
    columns = source.columns
    if is_personnel(columns):
        return read_personnel(source, booked)
    if is_equipment(columns):
        return read_equipment(source, booked)
    if booked is not None:
        raise UsageError(
            f"{booked.path} has corrections of the General Staff; {source.path} is not its table."
        )
    for known, read in (
        (is_economist, read_economist),
        (is_radford, read_radford),
        (is_oryx, read_oryx),
    ):
        if known(columns):
            return read(source)
    cover = cover_of(
        source.cells,
        Keys(hints.conflict, parties=hints.parties),
        given=hints.columns.columns,
        events=hints.by is not None,
    )
    persons = is_persons(columns) and not hints.columns.columns
    try:
        imported = (
            read_persons(source, hints)
            if persons
            else read_table(source, hints, remarks=not cover.cells)
        )
    except ClaimsError as error:
        raise ClaimsError(cover.problems(error.problems)) from None
    except UsageError as error:
        raise UsageError(cover.text(str(error))) from None
    return imported.under(cover)
