"""Priors as TOML and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from lossmodel.errors import UsageError
from lossmodel.model.prior import Prior
from lossmodel.tables.problems import quoted
from lossmodel.tables.toml import toml_values
from lossmodel.text.escape import toml

__all__ = ["flattened", "names_of", "parsed", "toml_table"]


def parsed(data: bytes, name: str) -> dict[str, Any]:
    """The content of a file of priors, whose names to leave out are checked."""
    try:
        content = toml_values(data)
    # Not UTF-8, not TOML, or a number of thousands of digits.
    except ValueError as error:
        raise UsageError(f"{name}: cannot be read as TOML: {error}") from error
    names = content.setdefault("leave_out", [])
    if not isinstance(names, str | list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{name}: leave_out = {quoted(names)}; give a name or a list of names.")
    return content


def names_of(leave_out: str | Sequence[str]) -> list[str]:
    """One name or several as a list."""
    return [leave_out] if isinstance(leave_out, str) else list(leave_out)


def flattened(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Tables by dotted name, so that ``[common.sd]`` and ``["common.sd"]`` mean the same."""
    row = {key: value for key, value in content.items() if not isinstance(value, dict)}
    if row:
        yield prefix, row
    for key, value in content.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}.{key}" if prefix else key)


def toml_table(prior: Prior) -> str:
    """A prior as a table of TOML."""
    keys = [field.name for field in fields(prior) if field.name != "name"]
    lines = [f"{key} = {toml(getattr(prior, key))}" for key in keys]
    return "\n".join([f'["{prior.name}"]', *lines, ""])
