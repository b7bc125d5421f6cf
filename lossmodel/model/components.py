"""The parts of the model, each a value that can be switched off."""

from dataclasses import dataclass, fields, replace

from lossmodel.errors import UsageError

__all__ = ["Components"]


@dataclass(frozen=True)
class Components:
    """Which parts of the model are on; the default is all of them.

    Parameters
    ----------
    drift
        Bias of a stream moves by half-year.
    common_mode
        One bias per party shared by everything that is not a list.
    group
        Claimants of one side share most of their deviation towards a party, third parties a level
        and a drift.
    definitions
        The share of the wounded in an undefined word is learned; off, it is one.
    missing
        A share of the dead is first recorded as missing.
    delay
        Lists and registers hear of a death after a delay.
    scopes
        Scopes are shares of their parent; off, every scope is the whole.
    bounds
        At-least and at-most figures enter by their one-sided form; off, they are points.
    rounding
        The unit of a published figure adds to its noise.
    heavy_tails
        Student-t noise; off, normal.

    Examples
    --------
    >>> Components().without("drift").drift
    False
    """

    drift: bool = True
    common_mode: bool = True
    group: bool = True
    definitions: bool = True
    missing: bool = True
    delay: bool = True
    scopes: bool = True
    bounds: bool = True
    rounding: bool = True
    heavy_tails: bool = True

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of all parts, in order."""
        return tuple(field.name for field in fields(cls))

    def without(self, *names: str) -> "Components":
        """The same parts with the named ones off.

        Raises
        ------
        UsageError
            A name is not a part.
        """
        unknown = sorted(set(names) - set(self.names()))
        if unknown:
            raise UsageError(
                f"no such part: {', '.join(unknown)}; parts: {', '.join(self.names())}"
            )
        return replace(self, **dict.fromkeys(names, False))
