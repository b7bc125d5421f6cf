"""Compare the shipped war with the public sets from which parts of it come.

    python benchmarks/shipped_data.py

A set is fetched on first use and checked against its hash; then its claims are made anew and every
row of `claims.csv` that names the set as its source is looked up among them. Printed are the rows
that differ. Rows that were read on a page are not compared: where page and set differ, the README
of the data says so. Exit status: 0 all rows agree, 1 some differ, 3 a set cannot be fetched.
"""

from __future__ import annotations

import sys
from typing import Final

import pandas as pd

from lossmodel.claims import load_claims
from lossmodel.errors import LossModelError
from lossmodel.importers import find_data_set, read_any, read_source
from lossmodel.importers.download import fetch
from lossmodel.system.cache import cache_dir

CONFLICT: Final = "russia-ukraine"
# Data set -> source of the rows that come from it.
SETS: Final = {
    "general-staff-personnel": "petroivaniuk-2022-ukraine-russia-war-dataset",
    "general-staff-equipment": "petroivaniuk-2022-ukraine-russia-war-dataset",
    "oryx": "oryx-scarnecchia",
}
SERIES: Final = ["claimant", "party", "category", "kind"]


def differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table whose value is not that of a set, or whose series is not in it.

    A set may leave out days on which a total stays the same, so the last total before a day counts;
    a correction is looked up on its own day.

    Parameters
    ----------
    ours, theirs
        Claims; compared are the series of `theirs`.

    Returns
    -------
    rows
        `claim_id, end, value` and the `found` value of the set, NaN for none.
    """
    ours, theirs = (_comparable(table) for table in (ours, theirs))
    ours = ours.merge(theirs[SERIES].drop_duplicates(), on=SERIES).sort_values("end")
    other = theirs[[*SERIES, "end", "value"]].rename(columns={"value": "found"})
    other = other.assign(day=other["end"]).sort_values("end")
    both = pd.merge_asof(ours, other, on="end", by=SERIES)
    both["found"] = both["found"].where(
        (both["kind"] != "correction") | (both["day"] == both["end"])
    )
    return both.loc[both["value"] != both["found"], ["claim_id", "end", "value", "found"]]


def _comparable(table: pd.DataFrame) -> pd.DataFrame:
    days = pd.to_datetime(table["end"]).astype("datetime64[ns]")
    return table.astype(dict.fromkeys(SERIES, str)).assign(
        end=days, value=pd.to_numeric(table["value"])
    )


def fetched(name: str) -> pd.DataFrame:
    """Claims of a public set, fetched on first use and checked against its hash."""
    entry = find_data_set(name)
    folder = cache_dir() / entry.name
    files = [fetch(file, folder, check=read_source).path for file in entry.files]
    return read_any(files).claims


def main() -> int:
    """Compare all sets; the exit status."""
    table = load_claims(conflict=CONFLICT).table
    status = 0
    for name, source in SETS.items():
        try:
            theirs = fetched(name)
        except LossModelError as error:
            print(f"{error}\nThe comparison needs the network, or the sets in {cache_dir()}.")
            return 3
        categories = set(theirs["category"])
        ours = table[(table["source"] == source) & table["category"].isin(categories)]
        found = differences(ours, theirs)
        print(f"{name}: {len(ours):,} rows from it, {len(found):,} differ")
        if len(found):
            print(found.to_string(index=False))
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
