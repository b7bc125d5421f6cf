"""Lists and mappings within each other, as TOML and JSON have them."""

from __future__ import annotations

from typing import Any

__all__ = ["is_deep"]


def is_deep(values: object, depth: int) -> bool:
    """Whether a list or mapping lies so many levels below the outermost one.

    It does not call itself, so that no depth is too much for it.

    Examples
    --------
    >>> is_deep([{"a": []}], 2), is_deep([{"a": 5}], 2)
    (True, False)
    """
    level: list[Any] = [values]
    for _ in range(depth):
        inner = (v.values() if isinstance(v, dict) else v for v in level)
        level = [v for each in inner for v in each if isinstance(v, dict | list)]
    return bool(level)
