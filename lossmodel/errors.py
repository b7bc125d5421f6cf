"""Errors and warnings of the package.

Every error is a `LossModelError`; its `exit_code` is the exit status of the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lossmodel.text.numbers import some

# Only code that raises a ClaimsError needs pandas: `lossmodel --version` must start faster than
# pandas does.
if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ClaimsError",
    "ConvergenceError",
    "ConvergenceWarning",
    "LossModelError",
    "ShardDoneError",
    "UsageError",
]

# Kinds of problems that are described, and rows of a kind that are named: more would scroll off a
# screen.
SHOWN = 20
FIRST = 4  # rows that are named of a kind that has more; the others are counted


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
        """Number of problems, and the first twenty kinds of them, each with its first rows."""
        total = len(self.problems)
        files = ", ".join(dict.fromkeys(self.problems["file"]))
        count = "1 problem" if total == 1 else f"{total:,} problems"
        kinds = _alike(self.problems.to_dict("records"))
        lines = [f"{files}: {count}, so nothing was read."]
        lines += [_sentence(problems) for problems in kinds[:SHOWN]]
        if len(kinds) > SHOWN:
            rest = sum(len(problems) for problems in kinds[SHOWN:])
            lines.append(f"... and {rest:,} more ({total:,} in all).")
        return "\n".join(lines)


class ShardDoneError(LossModelError):
    """One shard of the tasks of a run is done; the run itself needs the other shards, too."""

    exit_code = 0


class ConvergenceError(LossModelError):
    """A fit finished but did not pass its convergence gate."""

    exit_code = 1


class ConvergenceWarning(UserWarning):
    """A fit did not pass its convergence gate and is used all the same."""


def _alike(problems: list[dict[Any, Any]]) -> list[list[dict[Any, Any]]]:
    """Problems that have the same remedy in many rows, or many columns of one row, together."""
    rows: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for problem in problems:
        key = tuple(str(problem[name]) for name in ("file", "column", "allowed", "remedy"))
        rows.setdefault(key, []).append(problem)
    columns: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for key, same in rows.items():
        first = same[0]
        alike = (str(first[name]) for name in ("file", "row", "found", "allowed"))
        place = tuple(alike) if len(same) == 1 and first["row"] else key
        columns.setdefault(place, []).extend(same)
    return list(columns.values())


def _sentence(problems: list[dict[Any, Any]]) -> str:
    first = problems[0]
    rows, columns, found = (
        list(dict.fromkeys(str(problem[name]) for problem in problems))
        for name in ("row", "column", "found")
    )
    place = str(first["file"])
    if first["row"]:
        place += f" row{'s' * (len(rows) > 1)} {_first_ones(rows)}"
    if first["column"]:
        place += f", {_first_ones(columns)}"
    remedy = str(first["remedy"])
    end = "" if remedy.endswith("?") else "."
    likewise = " Likewise for the other columns." if len(columns) > 1 else ""
    return (
        f"  {place}: found {_first_ones(found)}; allowed: {first['allowed']}. {remedy}{end}"
        f"{likewise}"
    )


def _first_ones(words: list[str]) -> str:
    return some(words, SHOWN if len(words) <= SHOWN else FIRST)
