"""A made-up conflict of twenty claims whose names are whatever a test wants."""

import csv
import json
from pathlib import Path

COLUMNS = (
    *("claim_id", "claimant", "party", "category", "scope", "kind"),
    *("start", "end", "value", "published", "source"),
)


def write_war(
    folder: Path, *, party: str, category: str, scope: str, claimant: str, source: str
) -> Path:
    """Write a conflict of one odd party, category of equipment, scope, claimant and source."""
    folder.mkdir(parents=True)
    north, things, part = (json.dumps(n, ensure_ascii=False) for n in (party, category, scope))
    (folder / "conflict.toml").write_text(
        f"""title = "A war"
start = 2001-01-01
[parties.{north}]
side = "north"
fights = ["south"]
[parties.south]
side = "south"
fights = ["north"]
[categories.{things}]
group = "equipment"
[scopes.{part}]
party = {north}
share = {{mean = 0.5, sd = 0.4}}
report = true
""",
        encoding="utf-8",
    )
    rows = []
    for number in range(1, 6):
        day = f"2001-01-{5 * number:02d}"
        for key, about, value in (
            (f"k{number}", (claimant, party, "killed", "all"), 100 * number + 7),
            (f"g{number}", ("gazette", party, "killed", scope), 55 * number),
            (f"t{number}", (claimant, party, category, "all"), 10 * number + 1),
            (f"s{number}", ("gazette", "south", "casualties", "all"), 300 * number),
        ):
            rows.append([key, *about, "cumulative", "", day, value, day, source])
    _write(folder / "claims.csv", [COLUMNS, *rows])
    _write(
        folder / "claimants.csv",
        [["claimant", "name", "side"], [claimant, "X", "south"], ["gazette", "G", ""]],
    )
    _write(folder / "sources.csv", [["source", "title"], [source, "A source"]])
    return folder


def _write(path: Path, rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
