"""Hostile claims tables and conflict folders, made with a seed: each is read or refused.

    python -m tests.fuzz.tables --n 1000 --seed 0            hostile claims tables
    python -m tests.fuzz.tables --n 1000 --seed 0 --folders  conflict folders with hostile values

Counted are: ok, refused (one clear error), traceback, and slow (over five seconds).
"""

import argparse
import random
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.errors import LossModelError
from lossmodel.evidence import collect_evidence
from lossmodel.findings import find
from tests.small_conflict import COLUMNS, ROWS, TOML, claims_csv, write_conflict

SLOW = 5.0
CELLS = (
    *("", " ", "0", "-0", "-1", "1e10", "1e11", "1e400", "nan", "inf", "0.1", "1,000", "½", "٣"),
    *("2001-01-05", "2001-02-30", "1700-01-01", "2199-12-31", "2001-1-5"),
    *("9999-99-99", "0000-00-00"),
    *("land", "sea", "guests", "land+guests", "villagers", "gazette", "almanac", "sea-staff"),
    *("killed", "wounded", "missing", "losses", "casualties", "captured", "tanks", "all", "coast"),
    *("daily", "period", "average", "cumulative", "stock", "correction", "hills"),
    *("exact", "about", "at-least", "at-most", "range", "true", "day", "total", "between"),
    *("a\nb", '"', "'", ";", "\t"),
    *("\x00", "\ufeff", "\u202e", "x" * 5000, "=1+1", "<b>", "\\", "%s"),
)  # fmt: skip
VALUES = (
    *('""', "true", "-1", "1e400", "nan", "[]", "{}", "[[]]", "2001-02-30"),
    *("0001-01-01", "1979-05-27T07:32:00"),
    *('"sea"', '"land"', '"all"', '"coast"', '["land", "land"]', '["land+guests"]', "{form = 1}"),
    '"\\u0000"',
)  # fmt: skip
FILES = ("claimants", "streams", "sources")


def hostile_table(rng: random.Random) -> bytes:
    """A claims table with some good and many bad cells, and sometimes broken bytes."""
    rows = [dict(rng.choice(ROWS), claim_id=f"c{n}") for n in range(rng.randint(0, 12))]
    for cells in rows:
        cells.pop("part_of", None)
        for _ in range(rng.choice([0] * 12 + [1, 1, 2, 5])):
            cells[rng.choice(COLUMNS)] = rng.choice(CELLS)
    columns = list(COLUMNS)
    if rng.random() < 0.1:
        rng.shuffle(columns)
    if rng.random() < 0.05:
        columns = rng.sample(columns, rng.randint(1, len(columns)))
    return mangled(claims_csv(rows, columns).encode("utf-8", "surrogatepass"), rng)


def mangled(data: bytes, rng: random.Random) -> bytes:
    """The bytes, one time in five cut, doubled or with some of them replaced."""
    if rng.random() > 0.2 or not data:
        return data
    at = rng.randrange(len(data))
    return rng.choice(
        [
            data[:at],
            data[:at] + rng.randbytes(3) + data[at:],
            data + data,
            data.replace(b",", rng.choice([b";", b"\t", b",,"])),
            data.replace(b"\n", rng.choice([b"\r", b"\r\n", b"\n\n"])),
        ]
    )


def hostile_folder(folder: Path, rng: random.Random) -> None:
    """A conflict whose files have hostile values."""
    write_conflict(folder)
    lines = TOML.splitlines()
    for _ in range(rng.choice([0, 1, 1, 2])):
        at = rng.randrange(len(lines))
        name, equals, _ = lines[at].partition("=")
        lines[at] = f"{name}= {rng.choice(VALUES)}" if equals else rng.choice([lines[at], "", "[x"])
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    (folder / "conflict.toml").write_bytes(mangled(text, rng))
    for name in FILES:
        table = [line.split(",") for line in (folder / f"{name}.csv").read_text().splitlines()]
        for _ in range(rng.choice([0, 0, 0, 1])):
            cells = rng.choice(table)
            cells[rng.randrange(len(cells))] = rng.choice(CELLS)
        data = "\n".join(map(",".join, table)).encode("utf-8", "surrogatepass")
        (folder / f"{name}.csv").write_bytes(mangled(data, rng))
    if rng.random() < 0.3:
        (folder / "claims.csv").write_bytes(hostile_table(rng))


def check(claims: Path | None, conflict: object) -> str:
    """The outcome of `lossmodel check`: ok, refused or a traceback."""
    try:
        table = load_claims(claims, conflict=conflict)  # type: ignore[arg-type]
        find(table, collect_evidence(table))
    except LossModelError as error:
        return "refused" if str(error).strip() else "refused without a word"
    except Exception:  # noqa: BLE001 - any other is what is looked for
        return traceback.format_exc()
    return "ok"


def run(n: int, seed: int, *, folders: bool = False) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Counts of outcomes, and the number and words of each that is neither ok nor refused."""
    counts: Counter[str] = Counter()
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = load_conflict(write_conflict(folder / "good"))
        for number in range(n):
            rng = random.Random(f"{seed} {number}")
            place = folder / "hostile"
            if folders:
                hostile_folder(place, rng)
            else:
                place = folder / "claims.csv"
                place.write_bytes(hostile_table(rng))
            began = time.perf_counter()
            outcome = check(None, place) if folders else check(place, good)
            if time.perf_counter() - began > SLOW:
                outcome = "slow"
            known = outcome if outcome in ("ok", "refused", "slow") else "traceback"
            counts[known] += 1
            if known in ("traceback", "slow"):
                failed.append((number, outcome))
    return counts, failed


def main() -> None:
    parser = argparse.ArgumentParser(description="Check hostile tables.")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folders", action="store_true")
    given = parser.parse_args()
    counts, failed = run(given.n, given.seed, folders=given.folders)
    for number, words in failed[:10]:
        print(number, words)  # noqa: T201 - a script
    print(dict(counts))  # noqa: T201 - a script


if __name__ == "__main__":
    main()
