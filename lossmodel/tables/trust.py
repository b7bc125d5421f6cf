"""How far a figure is trusted to be its claimant's."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["ANY_TRUST", "TRUSTS", "Trust", "trusted_words"]

Trust = Literal["first-hand", "second-hand", "doubtful"]
# The most trusted first.
TRUSTS: Final[tuple[Trust, ...]] = ("first-hand", "second-hand", "doubtful")
ANY_TRUST: Final = TRUSTS[-1]


def trusted_words(least: Trust) -> tuple[Trust, ...]:
    """The words of trust down to the least.

    Examples
    --------
    >>> trusted_words("second-hand")
    ('first-hand', 'second-hand')
    """
    return TRUSTS[: TRUSTS.index(least) + 1]
