"""Colours of all plots.

Colours of roles and groups are the palette of Okabe and Ito (2008), which is safe for the common
forms of colour blindness.
"""

from typing import Final

__all__ = ["FAINT", "FIGURES_COLOUR", "GROUP_COLOURS", "INK", "LEFT_OUT_COLOUR", "ROLE_COLOURS"]

INK: Final = "#22262b"
FAINT: Final = "#8a9099"
ROLE_COLOURS: Final = {"self": "#0072b2", "adversary": "#d55e00", "third-party": "#009e73"}
GROUP_COLOURS: Final = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"),
    *("#5b626b", "#a3aab3"),
)
# Of the share that no group of priors has.
FIGURES_COLOUR: Final = "#e3e6e9"
LEFT_OUT_COLOUR: Final = "#cc79a7"
