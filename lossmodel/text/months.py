"""Names of months, the same under every locale."""

from typing import Final

__all__ = ["MONTHS"]

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
