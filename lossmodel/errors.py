"""What can go wrong, by name.

Every error of the package is a `LossModelError`. `exit_code` is what the command line returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# pandas is needed by whoever raises a ClaimsError, not by whoever only names it:
# `lossmodel --version` must start faster than pandas does.
if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ClaimsError",
    "ConvergenceError",
    "ConvergenceWarning",
    "LossModelError",
    "UsageError",
]

SHOWN = 20


class LossModelError(Exception):
    """Something failed that is neither the input's fault nor a matter of convergence."""

    exit_code = 3


class UsageError(LossModelError):
    """A command, an option or a setting that cannot be understood."""

    exit_code = 2


class ClaimsError(LossModelError):
    """Tables that cannot be used, with every problem found in them.

    Parameters
    ----------
    problems
        One row a problem, with columns `file`, `row` (the line in the file, the header is 1;
        0 where the whole file is meant), `column`, `found`, `allowed`, `remedy`.

    Examples
    --------
    >>> from lossmodel import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> table = claims.table.head(1).assign(value="12,000")
    >>> try:
    ...     load_claims(table, conflict=claims.conflict)
    ... except ClaimsError as error:
    ...     print(error.problems.loc[0, "remedy"])
    A number has no thousands separators: write 12000
    """

    exit_code = 2

    def __init__(self, problems: pd.DataFrame) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        """Say how many problems there are and describe the first twenty."""
        total = len(self.problems)
        files = ", ".join(dict.fromkeys(self.problems["file"]))
        count = "1 problem" if total == 1 else f"{total:,} problems"
        lines = [f"{files}: {count}, so nothing was read."]
        lines += [_sentence(row) for row in self.problems.head(SHOWN).to_dict("records")]
        if total > SHOWN:
            lines.append(f"... and {total - SHOWN:,} more ({total:,} in all).")
        return "\n".join(lines)


class ConvergenceError(LossModelError):
    """A fit ran but did not pass its gate."""

    exit_code = 1


class ConvergenceWarning(UserWarning):
    """A fit passed on although its gate had doubts."""


def _sentence(problem: dict[object, object]) -> str:
    place = str(problem["file"])
    if problem["row"]:
        place += f" row {problem['row']}"
    if problem["column"]:
        place += f", {problem['column']}"
    remedy = str(problem["remedy"])
    end = "" if remedy.endswith("?") else "."
    return f"  {place}: found {problem['found']}; allowed: {problem['allowed']}. {remedy}{end}"
