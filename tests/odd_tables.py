"""Valid tables that are odd: of zeros, ranges or bounds alone, in `tests.small_conflict`."""

from typing import Final

import pandas as pd

MONTHS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2001-01-31", periods=6, freq="ME")]
Rows = list[dict[str, str]]


def row(number: int, **cells: object) -> dict[str, str]:
    """A total of the gazette about the wounded of the sea, but for the cells given."""
    good = {
        "claim_id": f"c{number}", "claimant": "gazette", "party": "sea", "category": "wounded",
        "kind": "cumulative", "end": MONTHS[-1],
    }  # fmt: skip
    return good | {name: str(value) for name, value in cells.items()}


def monthly(**cells: object) -> Rows:
    return [row(number, end=end, **cells) for number, end in enumerate(MONTHS)]


def between(**cells: object) -> Rows:
    return [
        row(n, end=end, low=90 * (n + 1), high=110 * (n + 1), qualifier="range", **cells)
        for n, end in enumerate(MONTHS)
    ]


LEDGER: Final = {"claimant": "sea-staff", "party": "land", "category": "losses", "kind": "daily"}
DAYS = [f"2001-01-{day:02d}" for day in range(1, 15)]
TABLES: Final[dict[str, Rows]] = {
    "a zero": [row(0, value=0)],
    "zeros": monthly(value=0),
    "zeros of a ledger": [row(n, start=d, end=d, value=0, **LEDGER) for n, d in enumerate(DAYS)],
    "zeros of a list": monthly(party="land", category="killed", value=0),
    "zeros of tanks": monthly(category="tanks", value=0),
    "ranges": between(),
    "ranges of a list": between(party="land", category="killed"),
    "ranges of civilians": between(party="villagers", category="killed"),
    "a range": [row(0, low=90, high=120, qualifier="range")],
    "a range from zero": [row(0, low=0, high=120, qualifier="range")],
    "minima": monthly(value=50, qualifier="at-least"),
    "a maximum": [row(0, value=100, qualifier="at-most")],
    "a maximum of zero": [row(0, value=0, qualifier="at-most")],
    "a minimum of zero": [row(0, value=0, qualifier="at-least")],
    "none missing": [row(0, kind="stock", category="missing", value=0)],
    "a day": [row(0, kind="daily", start=DAYS[0], end=DAYS[0], value=5)],
    "a day without losses": [row(0, kind="daily", start=DAYS[0], end=DAYS[0], value=0)],
    "all there are": [row(0, value="1e10")],
}
QUICK: Final = ("zeros", "ranges", "a day without losses")
