"""Categories that evidence and model treat in a way of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COMPARED_CATEGORIES",
    "COUNTED",
    "DECLARED",
    "INFLOW",
    "MISSING",
    "OUTFLOWS",
    "SHOWN_AS",
    "STOCK_CATEGORIES",
    "STRENGTH",
    "has_wounded",
]

# Categories of a force balance: the size of a force, those who join it, and those who leave it but
# for its dead and disabled.
STRENGTH: Final = "strength"
INFLOW: Final = "recruits"
OUTFLOWS: Final = ("captured", "deserted", "discharged")
MISSING: Final = "missing"
STOCK_CATEGORIES: Final = (MISSING, "captured", STRENGTH)
# The flow out of the stock of the missing dead: declared dead by a court, found or identified.
DECLARED: Final = "declared"
# Categories that ratios compare, from the most to the fewest dead among them.
COMPARED_CATEGORIES: Final = ("killed", "irrecoverable", "losses", "casualties", "wounded")
# Losses of people, in every report.
COUNTED: Final = ("killed", "wounded", "casualties")
# Words of claims that are shown beside a category, where these are not that category alone.
SHOWN_AS: Final = {"casualties": ("casualties", "losses", "irrecoverable")}
# Categories that wounded are among.
WITH_WOUNDED: Final = ("wounded", "casualties", "losses", "irrecoverable")


def has_wounded(figures: pd.DataFrame) -> bool:
    """Whether any figure has wounded, in its category or in the one that it is a ratio to.

    Parameters
    ----------
    figures
        With the columns `category` and `per`.

    Examples
    --------
    >>> import pandas as pd
    >>> figures = pd.DataFrame({"category": ["killed", "killed"], "per": ["", "wounded"]})
    >>> has_wounded(figures), has_wounded(figures[:1])
    (True, False)
    """
    return not {*figures["category"], *figures["per"]}.isdisjoint(WITH_WOUNDED)
