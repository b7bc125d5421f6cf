"""The names of the engines, in a module that imports quickly."""

from typing import Final, Literal, cast, get_args

from lossmodel.errors import UsageError

__all__ = ["ENGINES", "EngineName", "check_engine"]

EngineName = Literal["auto", "laplace", "hmc", "nuts"]
ENGINES: Final[tuple[str, ...]] = get_args(EngineName)


def check_engine(engine: object) -> EngineName:
    """The name of an engine, checked.

    Raises
    ------
    UsageError
        No engine has that name.

    Examples
    --------
    >>> check_engine("nuts")
    'nuts'
    """
    if engine not in ENGINES:
        raise UsageError(f"engine is {engine!r}; it must be one of {', '.join(ENGINES)}.")
    return cast(EngineName, engine)
