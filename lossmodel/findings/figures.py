"""Findings about figures: totals that fall, blanks, contradictions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from lossmodel.claims.own_counts import own_counts
from lossmodel.evidence.claim_records import Figure, Key, day_number, read_figures
from lossmodel.evidence.corrections import Corrections
from lossmodel.evidence.running_totals import rising
from lossmodel.findings.finding import Case, Material
from lossmodel.tables.vocabulary import KINDS, QUALIFIERS, names_with

__all__ = [
    "claimants_apart",
    "crossed_bounds",
    "falling_totals",
    "implausible_numbers",
    "orders_of_magnitude",
    "set_aside_totals",
    "totals_of_unknown_date",
    "undeclared_accountings",
    "unmarked_copies",
    "windows_of_unknown_date",
]

# Two figures of one window this many times apart are hardly of the same thing in the same unit: the
# largest mean ratio of claims to later truths among the clusters of past wars is 45.
APART: Final = 1000
KEYS: Final = ["party", "category", "scope", "start", "end"]
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


def falling_totals(material: Material) -> Iterator[Case]:
    """Running totals that fall, where a count began anew, was cut, or has a misprint."""
    return _falling(material, mostly=False)


def set_aside_totals(material: Material) -> Iterator[Case]:
    """Series of running totals of which so many fall that most are set aside."""
    return _falling(material, mostly=True)


def _falling(material: Material, *, mostly: bool) -> Iterator[Case]:
    series: defaultdict[Key, list[Figure]] = defaultdict(list)
    for figure in read_figures(material.claims.select(material.totalling)):
        series[figure.key].append(figure)
    first = day_number(material.conflict.start)
    for key, figures in series.items():
        totals = _totals(figures, first)
        corrections = [f for f in figures if KINDS[f.kind].signed]
        last = max(f.end for f in figures)
        booked = Corrections(corrections, first=first, last=last)
        values = [booked.corrected(f.value, f.window) for f in totals]
        falls = [
            place
            for place, (a, b) in enumerate(pairwise(totals), start=1)
            if values[place - 1] - values[place] > max(a.unit, b.unit)
        ]
        aside = len(totals) - len(rising(values, [(0,)] * len(totals))) if falls else 0
        if falls and (2 * aside > len(totals)) is mostly:
            high, low = totals[falls[0] - 1], totals[falls[0]]
            more = f", and {len(falls) - 1} times more" if len(falls) > 1 else ""
            yield Case(
                f"The total of {key[0]} ({key[1]} {key[2]}) falls from {high.value:,.0f} "
                f"({_day(high.end)}) to {low.value:,.0f} ({_day(low.end)}){more}; of "
                f"{len(totals)} totals {aside} {'are' if aside > 1 else 'is'} set aside.",
                tuple(totals[place].claim_id for place in falls),
            )


def _totals(figures: list[Figure], first: int) -> list[Figure]:
    """Running totals of a series by date, the latest published of each."""
    running = [
        f
        for f in figures
        if KINDS[f.kind].running
        and f.start == first
        and not f.via
        and not f.part_of
        and QUALIFIERS[f.qualifier].is_single
    ]
    last = {f.end: f for f in sorted(running, key=lambda f: (f.end, f.known, f.published))}
    kept: list[Figure] = []
    for figure in last.values():
        # A list of an earlier state of knowledge may hold fewer cases up to a later day.
        if not kept or figure.known >= kept[-1].known:
            kept.append(figure)
    return kept


def totals_of_unknown_date(material: Material) -> Iterator[Case]:
    """Totals of lists and registers, published late, that may be of either date."""
    return _unknown_dates(material, names_with(KINDS, "running"))


def windows_of_unknown_date(material: Material) -> Iterator[Case]:
    """Windows of lists and registers, published late, without the day of what was known."""
    running = names_with(KINDS, "running")
    losses = names_with(KINDS, "counts_losses")
    return _unknown_dates(material, [name for name in losses if name not in running])


def _unknown_dates(material: Material, kinds: list[str]) -> Iterator[Case]:
    table = material.table
    late = (table["published"] - table["end"]).dt.days > LATE
    rows = table[material.counting & late & table["kind"].isin(kinds)]
    blank = [claim in material.claims.known_blank for claim in rows["claim_id"]]
    rows = rows[np.array(blank, dtype=bool)]
    for (claimant, party, category), own in rows.groupby(
        ["claimant", "party", "category"], sort=False
    ):
        lag = (own["published"] - own["end"]).dt.days
        row = own.iloc[int(lag.argmax())]
        number = f"{len(own)} figures" if len(own) > 1 else "A figure"
        yield Case(
            f"{number} of {claimant} ({party} {category}) do{'es' * (len(own) == 1)} not say up to "
            f"which day cases were known: {row['claim_id']}, to {row['end']:%Y-%m-%d} and "
            f"published {row['published']:%Y-%m-%d}, is read as known on {row['known']:%Y-%m-%d}.",
            tuple(own["claim_id"]),
        )


def undeclared_accountings(material: Material) -> Iterator[Case]:
    """Running totals of a side's own people that no row of streams.csv declares."""
    table = material.table
    declared = material.conflict.streams[["claimant", "party", "category"]]
    rows = set(declared.itertuples(index=False, name=None))
    for stream in own_counts(material.claims):
        key = (stream.claimant, stream.party, stream.category)
        if key not in rows:
            same = (table[["claimant", "party", "category"]] == list(key)).all(axis=1)
            ids = table["claim_id"][same]
            yield Case(
                f"{stream.claimant} counts {stream.category} of its own side {stream.party}, and "
                f"streams.csv does not say how: {len(ids)} figures, such as {ids.iloc[0]}, are "
                f"read as {stream.accounting}.",
                tuple(ids),
            )


def orders_of_magnitude(material: Material) -> Iterator[Case]:
    """Figures of one window and category that are a thousand times apart."""
    table = material.table
    single = table["qualifier"].isin(names_with(QUALIFIERS, "is_single"))
    totals = table["kind"].isin(names_with(KINDS, "is_total"))
    rows = table[single & totals & (table["value"] > 0)]
    rows = rows[rows.duplicated(KEYS, keep=False)]
    windows = rows.groupby(KEYS)["value"]
    apart = windows.transform("max") >= APART * windows.transform("min")
    for _, group in rows[apart].groupby(KEYS, sort=False):
        low, high = _extremes(group, "value")
        yield Case(
            f"{high['claimant']} says {high['value']:,.0f} and {low['claimant']} "
            f"{low['value']:,.0f} of the same days: {low['party']} {low['category']} to "
            f"{low['end']:%Y-%m-%d}, {high['claim_id']} and {low['claim_id']}.",
            (str(high["claim_id"]), str(low["claim_id"])),
        )


def claimants_apart(material: Material) -> Iterator[Case]:
    """Claimants whose last totals of one series, per day, are a thousand times apart."""
    keys = ["party", "category", "scope"]
    table = material.table
    single = table["qualifier"].isin(names_with(QUALIFIERS, "is_single"))
    running = table["kind"].isin(names_with(KINDS, "running"))
    losses = table["kind"].isin(names_with(KINDS, "counts_losses"))
    rows = table[single & running & losses & (table["value"] > 0)]
    rows = rows.sort_values("end", kind="stable").drop_duplicates([*keys, "claimant"], keep="last")
    days = (rows["end"] - rows["start"]).dt.days + 1
    rows = rows.assign(daily=rows["value"] / days)
    for _, group in rows.groupby(keys, sort=False):
        low, high = _extremes(group, "daily")
        # Those of one window are a finding of `orders_of_magnitude`.
        if high["daily"] >= APART * low["daily"] and high["end"] != low["end"]:
            yield Case(
                f"{high['claimant']} says {high['value']:,.0f} to {high['end']:%Y-%m-%d} and "
                f"{low['claimant']} {low['value']:,.0f} to {low['end']:%Y-%m-%d}: "
                f"{low['party']} {low['category']}, {high['claim_id']} and {low['claim_id']}.",
                (str(high["claim_id"]), str(low["claim_id"])),
            )


def implausible_numbers(material: Material) -> Iterator[Case]:
    """Figures beyond the losses of any war."""
    table = material.table
    numbers = table[["value", "low", "high"]].max(axis=1)
    rows = table[numbers > MOST]
    for claimant, own in rows.groupby("claimant", sort=True):
        row, number = own.iloc[0], numbers[own.index[0]]
        yield Case(
            f"{claimant} says {number:,.0f} {row['category']} of {row['party']} in "
            f"{row['claim_id']}, more than in any war.",
            tuple(own["claim_id"]),
        )


def crossed_bounds(material: Material) -> Iterator[Case]:
    """A claimant's latest minimum above its latest maximum of the same window."""
    keys = ["claimant", *KEYS]
    table = material.table
    least, most = (
        table[table["qualifier"].isin([n for n, rules in QUALIFIERS.items() if rules.form == form])]
        .sort_values("published", kind="stable")
        .drop_duplicates(keys, keep="last")
        for form in ("at-least", "at-most")
    )
    both = least.merge(most, on=keys, suffixes=("", "_most"))
    for row in both[both["value"] > both["value_most"]].to_dict("records"):
        yield Case(
            f"{row['claimant']} says at least {row['value']:,.0f} and at most "
            f"{row['value_most']:,.0f} {row['category']} of {row['party']} to "
            f"{row['end']:%Y-%m-%d}: {row['claim_id']} and {row['claim_id_most']}.",
            (row["claim_id"], row["claim_id_most"]),
        )


def _extremes(rows: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Series]:
    """The rows with the least and with the largest number of a column."""
    return rows.iloc[int(rows[column].argmin())], rows.iloc[int(rows[column].argmax())]


def _day(number: int) -> str:
    return f"{pd.Timestamp(number, unit='D'):%Y-%m-%d}"
