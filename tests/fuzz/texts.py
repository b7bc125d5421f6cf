"""Hostile priors, import files and queries, made with a seed, and the outcome of reading them."""

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from lossmodel.errors import LossModelError
from lossmodel.importers import Hints, read_any
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import Fit
from lossmodel.query import run_query

__all__ = ["KINDS", "run"]

NUMBERS = (
    *("0", "-1", "1e300", "-1e300", "inf", "nan", "9" * 400, "0.5", "true", '"1"', "[]", "{}", ""),
    *("1979-05-27", "0x10", "1_000", "--1"),
)
CELLS = (
    *("", "date", "value", "claimant", "end", "name", "party", "2022-03-01", "1.5", "3/4/22"),
    *("99.99.2022", '"', "-1", ">5", "é", "=1+1", "\x1b[31m", "\u202e", "9" * 400, "Total", "id"),
)
QUERIES = (
    *("aircraft germany", "aircraft britain 1940-08", "aircraft germany 1940-08-01..1940-08-31"),
    *("ratio raf germany", "when aircraft germany passes 1000", "aircraft germany 1940"),
    *(
        "aircraft germany + aircraft britain",
        "(aircraft germany - aircraft britain) / ships germany",
    ),
    "lethality germany 1940-08",
)
WORDS = (
    *("killed", "wounded", "casualties", "aircraft", "britain", "germany", "by", "month", "year"),
    *("from", "to", "in", "on", "1940", "1940-08", "1940-99-99", "bias", "ratio", "share", "of"),
    *("P(", ")", "<", ">", "=", "+", "-", "/", ",", "1e400", "nan", "\x1b[2J", "\u202e", '"', "é"),
)


def _toml(rng: random.Random) -> bytes:
    lines = []
    names = [*Priors.default().entries, "no.such.prior", 'a"b', ""]
    for _ in range(rng.randint(0, 4)):
        lines.append(f'["{rng.choice(names)}"]')
        keys = rng.choices(["mean", "median", "sd", "scale", "reason", "nu"], k=rng.randint(0, 3))
        lines += [f"{key} = {rng.choice(NUMBERS)}" for key in keys]
    return _spoiled("\n".join(lines).encode(), rng)


def _csv(rng: random.Random) -> bytes:
    mark = rng.choice([",", ",", ";", "\t"])
    lines = [mark.join(rng.choices(CELLS, k=rng.randint(1, 6))) for _ in range(rng.randint(0, 12))]
    if rng.random() < 0.5:
        days = [f"2022-03-{day:02d}" for day in range(1, rng.randint(3, 20))]
        lines = ["date,ru-mod", *(f"{day},{rng.randint(0, 99)}" for day in days)]
        if rng.random() < 0.7:
            lines[rng.randrange(len(lines))] += rng.choice(CELLS)
    return _spoiled("\n".join(lines).encode(), rng)


def _query(rng: random.Random) -> bytes:
    """A valid query with some words changed, left out or added."""
    words = rng.choice(QUERIES).split()
    for _ in range(rng.randint(0, 3)):
        place = rng.randint(0, len(words))
        words[place : place + rng.randint(0, 1)] = rng.choices(WORDS, k=rng.randint(0, 2))
    return " ".join(words).encode()


def _spoiled(data: bytes, rng: random.Random) -> bytes:
    """Now and then a few bytes are others, as after a bad transfer."""
    found = bytearray(data)
    if found and rng.random() < 0.2:
        for _ in range(rng.randint(1, 4)):
            found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def _read_priors(data: bytes, folder: Path, fitted: Fit) -> None:
    del folder, fitted
    Priors.from_bytes(data, "priors.toml")


def _read_import(data: bytes, folder: Path, fitted: Fit) -> None:
    del fitted
    path = folder / "any.csv"
    path.write_bytes(data)
    read_any([path], Hints(party="russia", category="tanks"))


def _ask(data: bytes, folder: Path, fitted: Fit) -> None:
    del folder
    run_query(fitted, data.decode())


# Name -> how a text is made, and what reads it.
KINDS: dict[str, tuple[Callable[[random.Random], bytes], Callable[[bytes, Path, Fit], None]]] = {
    "priors": (_toml, _read_priors),
    "imports": (_csv, _read_import),
    "queries": (_query, _ask),
}


def run(kind: str, n: int, seed: int, fitted: Fit) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Counts of outcomes, and the number and words of each exception that is no clear error."""
    make, read = KINDS[kind]
    counts: Counter[str] = Counter()
    failed = []
    with tempfile.TemporaryDirectory() as name:
        for number in range(n):
            data = make(random.Random(f"{kind} {seed} {number}"))
            try:
                read(data, Path(name), fitted)
            except LossModelError as error:
                known = "refused" if error.exit_code == 2 else "exit 3"
            # The kind of result that this looks for.
            except Exception as error:  # noqa: BLE001
                known = "traceback"
                failed.append((number, f"{type(error).__name__}: {error}"[:200]))
            else:
                known = "ok"
            counts[known] += 1
    return counts, failed
