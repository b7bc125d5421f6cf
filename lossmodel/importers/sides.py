"""Parties of a public set of events that counts the dead of each side in a column of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pandas as pd

from lossmodel.importers.columns import Column
from lossmodel.importers.keys import Keys
from lossmodel.importers.shapes import Shape
from lossmodel.importers.source import Source
from lossmodel.importers.words import normal
from lossmodel.text.escape import shell

__all__ = ["LIMITS", "shape_columns", "with_limits"]

LIMITS: Final = ("low", "high")


def with_limits(source: Source, shape: Shape) -> Source:
    """The table with lower and upper limits of the dead of each side.

    A set has limits of all the dead of an event. They are those of a side where all the dead are
    of this side; elsewhere nothing is known of its limits, and they are its figure.
    """
    names = {normal(str(name)): str(name) for name in source.headings}
    cells = source.cells.copy()
    for figure in shape.parties:
        if figure not in names:
            continue
        dead = cells[names[figure]]
        alone = pd.to_numeric(dead, errors="coerce") == pd.to_numeric(
            cells[names["best"]], errors="coerce"
        )
        for limit in LIMITS:
            cells[f"{names[figure]} {limit}"] = dead.mask(alone, cells[names[limit]])
    return replace(source, cells=cells)


def shape_columns(source: Source, shape: Shape, keys: Keys, party: str) -> dict[str, Column]:
    """How the columns of a public set are read.

    Parameters
    ----------
    source
        The table, with the columns of `with_limits`.
    shape
        The set.
    keys
        Names of the conflict.
    party
        The party that the user gave: a side, whose columns alone are read, or another, of which
        all the dead are.
    """
    columns = dict(shape.columns)
    why = dict(shape.why)
    sides, said = _sides(source, shape, keys, party)
    whole = bool(shape.totals) and bool(party) and party not in sides.values()
    if whole:
        columns |= shape.totals
    why |= dict.fromkeys(shape.totals, "dead of all sides; those of each side are read")
    for figure in shape.parties:
        of = sides.get(figure, "")
        reason = "part of best" if whole else f"dead of {of or said[figure]}"
        why |= {name: reason for name in (figure, *(f"{figure} {limit}" for limit in LIMITS))}
        if of and not whole and party in ("", of):
            columns[figure] = Column("value", party=of)
            columns |= {f"{figure} {limit}": Column(limit, party=of) for limit in LIMITS}
    return {
        str(name): replace(columns[word], why=f"column of {shape.name}")
        if (word := normal(str(name))) in columns
        else Column("ignore", why=why.get(word, f"not read of {shape.title}"))
        for name in source.headings
    }


def _sides(
    source: Source, shape: Shape, keys: Keys, party: str
) -> tuple[dict[str, str], Mapping[str, str]]:
    """Party of each column of figures, and in words whose dead it has."""
    names = {normal(str(name)): str(name) for name in source.headings}
    found: dict[str, str] = {}
    said: dict[str, str] = {}
    for figure, named in shape.parties.items():
        heading = names.get(figure, figure)
        hint = f": --column {shell(f'{heading}=value,party=...')} reads it"
        if not named:
            civilians = keys.civilians
            only = civilians[0] if len(civilians) == 1 else ""
            found[figure] = party if party in civilians else only
            said[figure] = f"civilians{hint}"
            continue
        sides = sorted(set(source.cells[names[named]])) if named in names else []
        parties = {keys.find("party", side) or keys.party_within(side) for side in sides}
        found[figure] = parties.pop() if len(parties) == 1 else ""
        said[figure] = f"{', '.join(map(repr, sides[:3])) or 'nobody'}{hint}"
    return {figure: of for figure, of in found.items() if of}, said
