"""Findings about single figures: blanks, contradictions, copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np

from lossmodel.claims.own_counts import own_counts
from lossmodel.conflict.titles import category_title, party_title, short_names, total_title
from lossmodel.findings.finding import Case, Material
from lossmodel.findings.words import category_of_party, claimant_name, day, number
from lossmodel.tables.schema import STREAM
from lossmodel.tables.vocabulary import KINDS, names_with

__all__ = [
    "claimants_apart",
    "implausible_numbers",
    "orders_of_magnitude",
    "totals_of_unknown_date",
    "undeclared_accountings",
    "unmarked_copies",
    "windows_of_unknown_date",
]

# Two figures of one window this many times apart are hardly of the same thing in the same unit: the
# largest mean ratio of claims to later truths among the clusters of past wars is 45.
APART: Final = 1000
# The deadliest war, that of 1939 to 1945, had some 80 million dead.
MOST: Final = 1e8
# Days from the end of a window to the publication from which it matters on which of the two the
# cases were known: a third of the prior's median delay of a listing.
LATE: Final = 30
# Probability from which a figure is more likely a copy than not.
LIKELY: Final = 0.5


def unmarked_copies(material: Material) -> Iterator[Case]:
    """Figures that probably repeat another claimant's earlier one, without a mark."""
    repeats = material.evidence.repeats
    columns = (repeats[name].tolist() for name in ("claim_id", "of", "digits", "probability"))
    for claim, original, digits, probability in zip(*columns, strict=True):
        if probability > LIKELY:
            yield Case(
                f"{claim} prints the number of {original}, an earlier figure of another claimant: "
                f"{digits} digits, a copy with probability {probability:.2f}.",
                (claim, original),
            )


def totals_of_unknown_date(material: Material) -> Iterator[Case]:
    """Totals of lists and registers, published late, that may be of either date."""
    return _unknown_dates(material, names_with(KINDS, "running"))


def windows_of_unknown_date(material: Material) -> Iterator[Case]:
    """Windows of lists and registers, published late, without the day of what was known."""
    running = names_with(KINDS, "running")
    losses = names_with(KINDS, "counts_losses")
    return _unknown_dates(material, [name for name in losses if name not in running])


def _unknown_dates(material: Material, kinds: list[str]) -> Iterator[Case]:
    columns, table = material.columns, material.table
    lag = columns.published - columns.end
    chosen = (lag > LATE) & table["kind"].isin(kinds).to_numpy() & columns.accounted("counts_cases")
    blank = material.claims.known_blank
    streams: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in np.flatnonzero(chosen).tolist():
        if columns.ids[row] in blank:
            streams[columns.keys[columns.series[row]][:3]].append(row)
    for (_, party, category), rows in streams.items():
        of = total_title(columns.conflict, (party, category, "all"))
        late = max(rows, key=lambda row: int(lag[row]))
        figures = f"{len(rows)} figures" if len(rows) > 1 else "A figure"
        yield Case(
            f"{figures} of {claimant_name(columns, late)} ({of}) do{'es' * (len(rows) == 1)} not "
            f"say up to which day cases were known: {columns.ids[late]}, to "
            f"{day(columns.end[late])} and published {day(columns.published[late])}, is read "
            f"as known on {day(columns.known[late])}.",
            columns.named(rows),
        )


def undeclared_accountings(material: Material) -> Iterator[Case]:
    """Running totals of a side's own people that no row of streams.csv declares."""
    table = material.table
    declared = material.conflict.streams[STREAM]
    rows = set(declared.itertuples(index=False, name=None))
    for stream in own_counts(material.claims):
        key = (stream.claimant, stream.party, stream.category)
        if key not in rows:
            same = (table[STREAM] == list(key)).all(axis=1)
            ids = table["claim_id"][same]
            yield Case(
                f"{stream.claimant} counts {stream.category} of its own side {stream.party}, and "
                f"streams.csv does not say how: {len(ids)} figures, such as {ids.iloc[0]}, are "
                f"read as {stream.accounting}.",
                tuple(ids),
            )


def orders_of_magnitude(material: Material) -> Iterator[Case]:
    """Figures of one window and category that are a thousand times apart."""
    columns = material.columns
    value = columns.value
    totals = columns.rule("kind", KINDS, "is_total")
    rows = np.flatnonzero(columns.single & totals & (value > 0))
    if not len(rows):
        return
    keys = (columns.end, columns.start, columns.subject)
    rows = rows[np.lexsort((value[rows], *(key[rows] for key in keys)))]
    moves = np.any([np.diff(key[rows]) != 0 for key in keys], axis=0)
    firsts = np.append(0, np.flatnonzero(moves) + 1)
    lows, highs = rows[firsts], rows[np.append(firsts[1:], len(rows)) - 1]
    apart = value[highs] >= APART * value[lows]
    for low, high in zip(lows[apart].tolist(), highs[apart].tolist(), strict=True):
        yield Case(
            f"{claimant_name(columns, high)} says {number(value[high])} and "
            f"{claimant_name(columns, low)} {number(value[low])} of the same days: "
            f"{category_of_party(columns, low)} to {day(columns.end[low])}, "
            f"{columns.ids[high]} and {columns.ids[low]}.",
            columns.named([high, low]),
        )


def claimants_apart(material: Material) -> Iterator[Case]:
    """Claimants whose last totals of one series, per day, are a thousand times apart."""
    columns = material.columns
    running = columns.rule("kind", KINDS, "running")
    rows = np.flatnonzero(columns.single & running & (columns.value > 0))
    rows = rows[np.lexsort((columns.end[rows], columns.series[rows]))]
    last = rows[np.append(np.diff(columns.series[rows]) != 0, True)[: len(rows)]]
    daily = columns.value / (columns.end - columns.start + 1)
    subjects: defaultdict[int, list[int]] = defaultdict(list)
    for row, subject in zip(last.tolist(), columns.subject[last].tolist(), strict=True):
        subjects[subject].append(row)
    for group in subjects.values():
        low, high = (choose(group, key=lambda row: float(daily[row])) for choose in (min, max))
        # Those of one window are a finding of `orders_of_magnitude`.
        if daily[high] < APART * daily[low] or columns.end[high] == columns.end[low]:
            continue
        yield Case(
            f"{claimant_name(columns, high)} says {number(columns.value[high])} to "
            f"{day(columns.end[high])} and {claimant_name(columns, low)} "
            f"{number(columns.value[low])} to {day(columns.end[low])}: "
            f"{category_of_party(columns, low)}, {columns.ids[high]} and {columns.ids[low]}.",
            columns.named([high, low]),
        )


def implausible_numbers(material: Material) -> Iterator[Case]:
    """Figures beyond the losses of any war."""
    table, conflict = material.table, material.conflict
    names = short_names(conflict)
    numbers = table[["value", "low", "high"]].max(axis=1)
    rows = table[numbers > MOST]
    for claimant, own in rows.groupby("claimant", sort=True):
        row, number = own.iloc[0], numbers[own.index[0]]
        yield Case(
            f"{names[str(claimant)]} says {number:,.0f} "
            f"{category_title(conflict, row['category'])} of "
            f"{party_title(conflict, row['party'])} in {row['claim_id']}, more than in any war.",
            tuple(own["claim_id"]),
        )
