"""Claims from whatever a user may name them by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from lossmodel.arguments import shown
from lossmodel.claims.claims import Claims, load_claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.inputs import CLAIMS, CONFLICT
from lossmodel.conflict.shipped import shipped_conflicts
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.errors import ClaimsError, UsageError
from lossmodel.tables.files import is_there
from lossmodel.text.spelling import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["claims_of"]

STDIN: Final = "-"


def claims_of(
    claims: Claims | Conflict | str | Path | pd.DataFrame,
    conflict: str | Path | Conflict | None = None,
) -> Claims:
    """Claims from a table, a file, a folder, or the name of a conflict.

    Parameters
    ----------
    claims
        Claims; a conflict, its name or its folder, for its own claims; a table in memory, or a CSV
        file.
    conflict
        The conflict of a table or a file. Where it is not given: that of the file's folder, and
        else the default of all commands.

    Raises
    ------
    UsageError
        It is none of these, or a conflict is given to claims that have one.
    ClaimsError
        The table is not valid.

    Examples
    --------
    >>> len(claims_of("battle-of-britain")) == len(load_claims(conflict="battle-of-britain"))
    True
    """
    import pandas as pd

    if isinstance(claims, pd.DataFrame):
        return _table(claims, conflict)
    if isinstance(claims, str | Path) and not _is_conflict(claims):
        return _from_file(claims, conflict)
    if isinstance(claims, Claims | Conflict | str | Path):
        if conflict is not None:
            raise UsageError("conflict goes with a table or a file; these claims have their own.")
        return claims if isinstance(claims, Claims) else load_claims(conflict=claims)
    raise UsageError(
        f"claims is {shown(claims)}; give claims of `load_claims`, a DataFrame, a CSV file, a "
        "conflict, its folder, or the name of a shipped one."
    )


def _is_conflict(name: str | Path) -> bool:
    """Whether a text names a conflict: a shipped one, a folder of one, or its first file."""
    path = Path(name)
    shipped = isinstance(name, str) and name.lower() in shipped_conflicts()
    return shipped or path.name == CONFLICT or is_there(path / CONFLICT)


def _from_file(claims: str | Path, conflict: str | Path | Conflict | None) -> Claims:
    """Claims of a table in a file, which may lie in the folder of its conflict."""
    path = Path(claims)
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder without a {CONFLICT}: give the folder of a conflict, or a table "
            f'and its conflict, such as fit("{path / CLAIMS}", conflict="{DEFAULT_CONFLICT}").'
        )
    if claims != STDIN and not is_there(path):
        names = shipped_conflicts()
        raise UsageError(
            f"There is no file {str(path)!r}, and no shipped conflict of that name; there are: "
            f"{', '.join(names)}.{did_you_mean(str(claims), names)}"
        )
    if path.suffix == ".nc":
        raise UsageError(
            f'{path} is no table of claims; a saved fit is read by load_fit("{path}").'
        )
    if conflict is None and claims != STDIN and is_there(path.parent / CONFLICT):
        conflict = path.parent
    return _table(claims, conflict)


def _table(claims: str | Path | pd.DataFrame, conflict: str | Path | Conflict | None) -> Claims:
    """Claims of a table; if they are not valid, the error has a note on the conflict assumed."""
    try:
        return load_claims(claims, conflict=DEFAULT_CONFLICT if conflict is None else conflict)
    except ClaimsError as error:
        if conflict is None:
            error.add_note(
                f"The table was read as claims of {DEFAULT_CONFLICT}; give another conflict by "
                'conflict="folder". Tables in other columns: `lossmodel data import`.'
            )
        raise
