"""Old names that still work, with a warning that gives the new one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

__all__ = ["mapping_from_keywords", "renamed_attribute", "renamed_fields", "renamed_keywords"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)


def renamed_keywords(names: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take keywords under their old names too.

    Parameters
    ----------
    names
        Old name -> new name.

    Examples
    --------
    >>> @renamed_keywords({"parts": "components"})
    ... def count(components):
    ...     return len(components)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     print(count(parts="ab"), caught[0].message)
    2 count(parts=) is now count(components=); the old name goes with the next minor version.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = function.__qualname__.removesuffix(".__init__")

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for old in names.keys() & kwargs.keys():
                new = names[old]
                if new in kwargs:
                    raise TypeError(f"{name}() got {new} twice: {old} is its old name.")
                _warn(f"{name}({old}=)", f"{name}({new}=)")
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate


def mapping_from_keywords(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a method that takes one mapping take its items as keywords too, which was the old way.

    Parameters
    ----------
    name
        What the mapping is called.
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if not kwargs or name in kwargs:
                return method(*args, **kwargs)
            _warn(f"{method.__qualname__}(**{name})", f"{method.__qualname__}({name})")
            given: Any = {name: dict(kwargs)}
            return method(*args, **given)

        return call

    return decorate


def renamed_fields(names: Mapping[str, str]) -> Callable[[C], C]:
    """Let a dataclass take fields under their old names, and give them as attributes."""

    def decorate(kind: C) -> C:
        # mypy: unsound for a subclass of another signature; the decorated class is the one itself.
        kind.__init__ = renamed_keywords(names)(kind.__init__)  # type: ignore[misc]
        for old, new in names.items():
            setattr(kind, old, renamed_attribute(f"{kind.__name__}.{old}", new))
        return kind

    return decorate


def renamed_attribute(old: str, new: str) -> Any:
    """A property that gives an attribute under its old name.

    Parameters
    ----------
    old
        Class and old name, such as ``Fit.blocks``.
    new
        The new name alone.
    """

    def get(self: object) -> Any:
        _warn(old, f"{old.rpartition('.')[0]}.{new}")
        return getattr(self, new)

    return property(get, doc=f"Old name of `{new}`.")


def _warn(old: str, new: str) -> None:
    text = f"{old} is now {new}; the old name goes with the next minor version."
    # The caller of the function, or the line that asks for the attribute.
    warnings.warn(text, DeprecationWarning, stacklevel=3)
