"""Errors and warnings of the package.

Every error is a `LossModelError`; its `exit_code` is the exit status of the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# Only code that raises a ClaimsError needs pandas: `lossmodel --version` must start faster than
# pandas does.
if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ClaimsError",
    "ConvergenceError",
    "ConvergenceWarning",
    "LossModelError",
    "UsageError",
]

SHOWN = 20  # problems that are described; more would scroll off a screen


class LossModelError(Exception):
    """A failure of the machine, the network or the package, not of the input or the sampler."""

    exit_code = 3


class UsageError(LossModelError):
    """A command, an option or a setting that is not possible."""

    exit_code = 2


class ClaimsError(LossModelError):
    """Input tables that are not valid, with every problem found in them.

    Parameters
    ----------
    problems
        One row per problem, with columns `file`, `row` (the line in the file, the header is 1;
        0 where the whole file is meant), `column`, `found`, `allowed`, `remedy`.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = ["claims.csv", 2, "value", "'-1'", "a number from 0 on", "Correct the sign"]
    >>> columns = ["file", "row", "column", "found", "allowed", "remedy"]
    >>> print(ClaimsError(pd.DataFrame([cells], columns=columns)))
    claims.csv: 1 problem, so nothing was read.
      claims.csv row 2, value: found '-1'; allowed: a number from 0 on. Correct the sign.
    """

    exit_code = 2

    def __init__(self, problems: pd.DataFrame) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        """Number of problems, and a description of the first twenty."""
        total = len(self.problems)
        files = ", ".join(dict.fromkeys(self.problems["file"]))
        count = "1 problem" if total == 1 else f"{total:,} problems"
        lines = [f"{files}: {count}, so nothing was read."]
        lines += [_sentence(row) for row in self.problems.head(SHOWN).to_dict("records")]
        if total > SHOWN:
            lines.append(f"... and {total - SHOWN:,} more ({total:,} in all).")
        return "\n".join(lines)


class ConvergenceError(LossModelError):
    """A fit finished but did not pass its convergence gate."""

    exit_code = 1


class ConvergenceWarning(UserWarning):
    """A fit did not pass its convergence gate and is used all the same."""


def _sentence(problem: dict[object, object]) -> str:
    place = str(problem["file"])
    if problem["row"]:
        place += f" row {problem['row']}"
    if problem["column"]:
        place += f", {problem['column']}"
    remedy = str(problem["remedy"])
    end = "" if remedy.endswith("?") else "."
    return f"  {place}: found {problem['found']}; allowed: {problem['allowed']}. {remedy}{end}"
