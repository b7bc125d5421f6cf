"""Categories that evidence and model treat in a way of their own."""

from __future__ import annotations

from typing import Final

__all__ = [
    "COMPARED_CATEGORIES",
    "COUNTED",
    "DECLARED",
    "INFLOW",
    "OUTFLOWS",
    "STOCK_CATEGORIES",
    "STRENGTH",
    "WITH_WOUNDED",
]

# Categories of a force balance: the size of a force, those who join it, and those who leave it but
# for its dead and disabled.
STRENGTH: Final = "strength"
INFLOW: Final = "recruits"
OUTFLOWS: Final = ("captured", "deserted", "discharged")
STOCK_CATEGORIES: Final = ("missing", "captured", STRENGTH)
# The flow out of the stock of the missing dead: declared dead by a court, found or identified.
DECLARED: Final = "declared"
# Categories that ratios compare, from the most to the fewest dead among them.
COMPARED_CATEGORIES: Final = ("killed", "irrecoverable", "losses", "casualties", "wounded")
# Losses of people, in every report.
COUNTED: Final = ("killed", "wounded", "casualties")
# Categories that wounded are among.
WITH_WOUNDED: Final = ("wounded", "casualties", "losses", "irrecoverable")
