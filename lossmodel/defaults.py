"""Defaults that the command line and Python share. Imports nothing, so that commands start fast."""

from __future__ import annotations

from typing import Final

__all__ = ["CI_PROB", "DEFAULT_CONFLICT"]

# Probability of an interval.
CI_PROB: Final = 0.95
# The shipped conflict that a command without arguments is about.
DEFAULT_CONFLICT: Final = "russia-ukraine"
