"""The names of the engines, in a place that costs nothing to import."""

from typing import Final, Literal, get_args

from lossmodel.errors import UsageError

__all__ = ["ENGINES", "EngineName", "check_engine"]

EngineName = Literal["auto", "laplace", "nuts"]
ENGINES: Final[tuple[str, ...]] = get_args(EngineName)


def check_engine(engine: object) -> None:
    """Refuse an engine that there is not.

    Raises
    ------
    UsageError
        No engine has that name.
    """
    if engine not in ENGINES:
        raise UsageError(f"engine is {engine!r}; it must be one of {', '.join(ENGINES)}.")
