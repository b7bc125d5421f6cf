"""Conflicts that come with the package."""

from __future__ import annotations

from lossmodel.conflict.conflict import load_conflict
from lossmodel.conflict.shipped import data_dir, resolve, shipped_conflicts

__all__ = ["data_dir", "load_conflict", "resolve", "shipped_conflicts"]
