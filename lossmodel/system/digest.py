"""Hashes of the content of arguments, equal in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["digest"]

# Length of a key in hexadecimal digits: 160 bits, so that collisions can be ruled out.
KEY_DIGITS = 40


def digest(*parts: object) -> str:
    """Hash of the content of arguments: equal for equal content, in every process.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    >>> digest(1) == digest(1.0)
    False
    """
    state = hashlib.sha256()
    for piece in _pieces(parts):
        state.update(piece.encode())
        state.update(b"\0")
    return state.hexdigest()[:KEY_DIGITS]


def _pieces(value: object) -> Iterator[str]:
    """Content as text, depth first, with the kind of each container."""
    if isinstance(value, pd.DataFrame):
        yield f"table {list(value.columns)}"
        yield value.to_csv(index=False)
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)}"
        for key in sorted(value, key=str):
            yield str(key)
            yield from _pieces(value[key])
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__
        yield from _pieces(_fields(value))
    elif isinstance(value, list | tuple):
        yield f"sequence {len(value)}"
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, np.ndarray):
        yield f"array {value.shape} {value.tolist()}"
    else:
        yield f"{type(value).__name__} {value!r}"


def _fields(value: Any) -> dict[str, Any]:
    """Fields of a dataclass, except paths, which are not part of its content."""
    try:
        names = asdict(value).keys()
    except TypeError:  # a field that cannot be copied, such as a read-only mapping
        names = vars(value).keys()
    return {name: getattr(value, name) for name in names if name not in ("path", "directory")}
