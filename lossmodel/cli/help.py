"""Help texts: commands in the order of use, in sections, each with examples.

Help is plain text, for logs, pipes and screen readers, and fits a terminal of 80 columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from lossmodel.cli.overview import EXAMPLES, FIRST_STEPS, SECTIONS
from lossmodel.text.grammar import GRAMMAR
from lossmodel.text.spelling import nearest

__all__ = ["Commands"]

# Columns of an example; what it does stands below a longer one.
EXAMPLE: Final = 46
WITH_GRAMMAR: Final = "query"
# What stands for the value of an option that names none itself.
VALUES: Final = {"str": "TEXT", "int": "INT", "float": "NUMBER", "Path": "PATH", "path": "PATH"}
_TYPE: Final = re.compile(r"<(?:list\[)?(\w+)\]?>")


class Commands(typer.Typer):
    """A group of commands with this form of help."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            cls=_Group,
            no_args_is_help=True,
            rich_markup_mode=None,
            # Tracebacks are handled in `main`.
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["--help", "-h"]},
            **options,
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """A decorator that registers a function as a command."""
        return super().command(name, **{"cls": _Command} | options)


class _Command(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments; of a word that is none of several, say which is nearest."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as problem:
            problem.message = _plain(problem.message)
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, without the names of Python types."""
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                is_argument = parameter.param_type_name == "argument"
                name = record[0].partition(" <")[0] if is_argument else _TYPE.sub(_value, record[0])
                rows["Arguments" if is_argument else "Options"].append((name, record[1]))
        for heading, listed in rows.items():
            _write(formatter, heading, listed)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write examples, and the grammar of questions where there are any."""
        words = ctx.command_path.partition(" ")[2]
        _write(formatter, "Examples", EXAMPLES.get(words, ()), EXAMPLE)
        if words == WITH_GRAMMAR:
            formatter.write(f"\n{GRAMMAR}\n")


class _Group(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands in the order of use."""
        order = {name: i for i, name in enumerate(n for names in SECTIONS.values() for n in names)}
        return sorted(self.commands, key=lambda name: order.get(name, len(order)))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands by section, or in one where none is in the table."""
        shown = {
            name: command.get_short_help_str(limit=1000)
            for name in self.list_commands(ctx)
            if not (command := self.commands[name]).hidden
        }
        width = max(map(len, shown), default=0)
        sections = dict(SECTIONS) | {"Commands": tuple(shown)}
        for heading, names in sections.items():
            rows = [(f"{name:<{width}}", shown.pop(name)) for name in names if name in shown]
            _write(formatter, heading, rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the first steps, after all commands."""
        if ctx.parent is None:
            _write(formatter, "First steps", FIRST_STEPS, EXAMPLE)


def _plain(problem: str) -> str:
    """A message without the words of the library, and with the nearest of the words allowed."""
    problem = problem.removeprefix("Value error, ")
    word, is_choice, choices = problem.partition(" is not one of ")
    allowed = re.findall(r"'([^']+)'", choices)
    close = nearest(word.strip("'"), allowed) if is_choice else ""
    return f"{problem} Did you mean {close!r}?" if close else problem


def _value(found: re.Match[str]) -> str:
    return VALUES.get(found[1], found[0])


def _write(formatter: Any, heading: str, rows: Sequence[tuple[str, str]], widest: int = 30) -> None:
    if rows:
        with formatter.section(heading):
            formatter.write_dl(rows, col_max=widest)
