"""Broken copies of a saved fit, each from a seed, for tests and for longer runs.

Run as a program, it breaks a fit many times and says what became of each copy::

    python -m tests.fuzz.saved_fits fit.nc 300

A copy must be refused in words, or give the same numbers.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lossmodel.api import load_fit
from lossmodel.cli.headline import headline
from lossmodel.errors import LossModelError
from lossmodel.posterior.citation import cite
from lossmodel.posterior.container import checksum, seal
from lossmodel.query.evaluate import run_query

PAGE = 4096
GROUP = "fit"
Rng = np.random.Generator
OTHER_VALUES = (None, 5, -1, 1e400, "", "x" * 100, [], {}, {"a": 1}, True, float("nan"))


def flipped_bit(whole: bytes, rng: Rng) -> bytes:
    broken = bytearray(whole)
    broken[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
    return bytes(broken)


def zeroed_page(whole: bytes, rng: Rng) -> bytes:
    start = int(rng.integers(max(1, len(whole) // PAGE))) * PAGE
    return whole[:start] + bytes(len(whole[start : start + PAGE])) + whole[start + PAGE :]


def cut_short(whole: bytes, rng: Rng) -> bytes:
    return whole[: rng.integers(len(whole))]


def lengthened(whole: bytes, rng: Rng) -> bytes:
    return whole + rng.bytes(int(rng.integers(1, 1000)))


def another_file(whole: bytes, rng: Rng) -> bytes:
    """A NetCDF file of something else, sealed or not, or no such file."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file[str(rng.choice(["temperature", GROUP, f"{GROUP}/settings"]))] = [1.0, 2.0]
    content = memory.getvalue()
    return [content, seal(content), b"no NetCDF", seal(b"no NetCDF"), seal(b"")][rng.integers(5)]


def edited(change: Callable[[Any, Rng], None]) -> Callable[[bytes, Rng], bytes]:
    """A change that another program makes, with the seal and the checksum of whoever means it."""

    def edit(whole: bytes, rng: Rng) -> bytes:
        memory = io.BytesIO(whole)
        with h5py.File(memory, "r+") as file:
            change(file, rng)
        sealed_again(memory)
        return seal(memory.getvalue())

    return edit


def sealed_again(memory: io.BytesIO) -> None:
    """Let the checksum of the content agree with it, where there still is any."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "fit.nc"
        path.write_bytes(seal(memory.getvalue()))
        with h5py.File(memory, "r+") as file:
            if GROUP in file and "sha256" in file.attrs:
                file.attrs["sha256"] = "?"
                try:
                    arrays = {k: read_value(v) for k, v in file[GROUP].items() if is_variable(v)}
                    file.attrs["sha256"] = checksum(arrays)
                except (TypeError, ValueError, AttributeError):
                    return


def read_value(data: Any) -> Any:
    value = data[()]
    return np.array(value, dtype=object) if isinstance(value, bytes) else value


def is_variable(data: Any) -> bool:
    bare = b"This is a netCDF dimension but not a netCDF variable"
    return isinstance(data, h5py.Dataset) and not bytes(data.attrs.get("NAME", b"")).startswith(
        bare
    )


def variables(file: Any, kinds: str) -> list[str]:
    group = file[GROUP]
    return [k for k in group if is_variable(group[k]) and group[k].dtype.kind in kinds]


def without_a_variable(file: Any, rng: Rng) -> None:
    del file[GROUP][rng.choice(variables(file, "fO"))]


def without_an_attribute(file: Any, rng: Rng) -> None:
    del file.attrs[rng.choice(["format", "sha256"])]


def without_the_group(file: Any, rng: Rng) -> None:
    del file[GROUP]


def not_finite(file: Any, rng: Rng) -> None:
    data = file[GROUP][rng.choice(variables(file, "f"))]
    values = data[()]
    values.flat[rng.integers(values.size)] = rng.choice([np.nan, np.inf, -np.inf])
    data[...] = values


def another_shape(file: Any, rng: Rng) -> None:
    group = file[GROUP]
    name = rng.choice(variables(file, "f"))
    values = group[name][()]
    axis = int(rng.integers(values.ndim))
    other: Any = [
        np.take(values, range(values.shape[axis] - 1), axis=axis),
        np.take(values, [], axis=axis),
        values.ravel(),
        values[None],
        values.flat[0],
    ][rng.integers(5)]
    del group[name]
    group[name] = other


def another_type(file: Any, rng: Rng) -> None:
    group = file[GROUP]
    name = rng.choice(variables(file, "fO"))
    del group[name]
    group[name] = [5, "text", [b"a", b"b"], [1, 2], 1j, True][rng.integers(6)]


def another_setting(file: Any, rng: Rng) -> None:
    """One key of the settings, at any depth, removed or of another value."""
    text = file[GROUP]["settings"]
    settings = json.loads(text[()])
    table = settings
    while True:
        key = str(rng.choice(sorted(table)))
        inner = table[key]
        if isinstance(inner, dict) and inner and rng.random() < 0.5:
            table = inner
            continue
        break
    if rng.random() < 0.5:
        del table[key]
    else:
        table[key] = OTHER_VALUES[rng.integers(len(OTHER_VALUES))]
    text[()] = json.dumps(settings)


def another_text(file: Any, rng: Rng) -> None:
    name = str(rng.choice(["settings", "files", "priors"]))
    text = file[GROUP][name][()].decode()
    at = int(rng.integers(len(text)))
    file[GROUP][name][()] = [text[:at], "[" * 100_000, "{}", "[]", "1", ""][rng.integers(6)]


KINDS: dict[str, Callable[[bytes, Rng], bytes]] = {
    "flipped bit": flipped_bit,
    "zeroed page": zeroed_page,
    "cut short": cut_short,
    "lengthened": lengthened,
    "another file": another_file,
    **{
        change.__name__.replace("_", " "): edited(change)
        for change in (
            without_a_variable,
            without_an_attribute,
            without_the_group,
            not_finite,
            another_shape,
            another_type,
            another_setting,
            another_text,
        )
    },
}


def corrupted(path: Path, rng: Rng, kind: str | None = None) -> tuple[str, bytes]:
    """Bytes of a broken copy of the fit at a path, and in which way it is broken."""
    kind = kind or str(rng.choice(list(KINDS)))
    return kind, KINDS[kind](path.read_bytes(), rng)


def outcome(broken: bytes, numbers: dict[str, Any], folder: Path) -> str:
    """What reading a broken copy comes to: refused, the same, other numbers, or an exception."""
    target = folder / "fit.nc"
    target.write_bytes(broken)
    try:
        found = numbers_of(target)
    except LossModelError as error:
        words = str(error)
        good = error.exit_code == 2 and "fit.nc" in words and "\x1b" not in words
        return "refused" if good else f"refused badly: {words[:200]}"
    # The kind of result that this looks for.
    except Exception as error:  # noqa: BLE001
        return f"exception {type(error).__name__}: {error}"
    same = found.keys() == numbers.keys() and all(
        np.array_equal(found[key], numbers[key]) for key in numbers
    )
    return "the same" if same else "other numbers"


def numbers_of(path: Path) -> dict[str, Any]:
    """The totals of a fit at a path, after every short answer that a command prints."""
    fitted = load_fit(path)
    found: dict[str, Any] = {
        "ci_prob": np.array(fitted.ci_prob),
        "level": np.array(len(fitted.days)),
    }
    for party, category, scope in fitted.series:
        found[f"{party} {category} {scope}"] = fitted.daily(party, category, scope).sum(axis=1)
    party, category, _ = fitted.series[0]
    run_query(fitted, f"{category} {party}", form="json")
    cite(fitted)
    headline(fitted, path)
    return found


def main(path: Path, times: int, seed: int = 1) -> None:
    rng = np.random.default_rng(seed)
    numbers = numbers_of(path)
    found: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        for _ in range(times):
            kind, broken = corrupted(path, rng)
            begin = time.perf_counter()
            came = outcome(broken, numbers, Path(name))
            slowest = max(slowest, time.perf_counter() - begin)
            found[f"{kind}: {came}"] += 1
    for what, count in sorted(found.items()):
        sys.stdout.write(f"{count:5} {what}\n")
    sys.stdout.write(f"slowest {slowest:.2f} s\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:]))
