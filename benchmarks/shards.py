"""Many small fits in four shards, one of them killed and resumed: the bytes of one run.

    python benchmarks/shards.py [--fits 10000] [--shards 4] [--out DIR]

Each fit is that of a class of equipment with a handful of claims. The shards run one after the
other, each in a process of its own with all cores; the second is killed in the midst of its work
and run again. Then all fits are run without shards into another store, and the files of both are
compared.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lossmodel as lm
from lossmodel.errors import ShardDoneError
from lossmodel.evaluation.shards import Shard, sharded
from lossmodel.evaluation.tasks import run_tasks

# Days and figures of each war, and draws of each fit: a fit takes about a tenth of a second.
DAYS, CLAIMS, DRAWS = 30, 5, 50
CONFLICT = """title = "A small war"
start = 2020-01-01
[sides]
a = "A"
b = "B"
[parties.north]
side = "a"
fights = ["b"]
[parties.south]
side = "b"
fights = ["a"]
[categories.tanks]
group = "equipment"
"""


def small_fit(seed: int) -> dict[str, float]:
    """Total of one class of equipment, from figures of its own."""
    import numpy as np

    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        write_war(Path(folder) / "war", rng)
        fitted = lm.fit(Path(folder) / "war", engine="laplace", draws=DRAWS, seed=seed)
    row = fitted.summary().iloc[0]
    return {name: float(row[name]) for name in ("median", "lower", "upper")}


def write_war(folder: Path, rng) -> None:
    """A conflict with one claimant and running totals."""
    folder.mkdir()
    (folder / "conflict.toml").write_text(CONFLICT, encoding="utf-8")
    (folder / "claimants.csv").write_text(
        "claimant,name,side,url,derived_from,note\nstaff,Staff,b,,,\n", encoding="utf-8"
    )
    (folder / "streams.csv").write_text(
        "claimant,party,category,accounting,method,note\nstaff,north,tanks,ledger,,\n",
        encoding="utf-8",
    )
    (folder / "sources.csv").write_text(
        "source,title,publisher,date,url,archive_url,accessed\ns,S,P,2020-02-01,,,2020-02-02\n",
        encoding="utf-8",
    )
    total, lines = 0, ["claim_id,claimant,party,category,kind,start,end,value,published,source"]
    for number in range(CLAIMS):
        day = f"2020-01-{(number + 1) * DAYS // CLAIMS:02d}"
        total += int(rng.poisson(40))
        lines.append(f"c{number},staff,north,tanks,cumulative,,{day},{total},{day},s")
    (folder / "claims.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(fits: int, store: Path, shard: str = "") -> None:
    """Run all fits, or one shard of them."""
    arguments = [{"seed": seed} for seed in range(fits)]
    try:
        with sharded(Shard.parse(shard) if shard else None):
            run_tasks(small_fit, arguments, store=store, title="fits")
    except ShardDoneError as done:
        print(done)


def killed(command: list[str], store: Path, done: int) -> int:
    """Start a shard, and kill it once so many results more are there; the number it left."""
    started = subprocess.Popen(command, start_new_session=True)
    before = len(list(store.glob("*.json")))
    while started.poll() is None and len(list(store.glob("*.json"))) < before + done:
        time.sleep(0.2)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    return len(list(store.glob("*.json"))) - before


def contents(store: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in store.glob("*.json")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=10_000)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("shards"))
    parser.add_argument("--shard", help=argparse.SUPPRESS)
    given = parser.parse_args()
    store = given.out / "shards"
    if given.shard:
        run(given.fits, store, given.shard)
        return
    store.mkdir(parents=True)
    begin = time.perf_counter()
    found = {"fits": given.fits, "shards": given.shards}
    for number in range(1, given.shards + 1):
        command = [sys.executable, __file__, "--fits", str(given.fits), "--out", str(given.out)]
        command += ["--shard", f"{number}/{given.shards}"]
        if number == 2:
            found["left_by_the_killed"] = killed(command, store, given.fits // given.shards // 2)
        subprocess.run(command, check=True)
    found["seconds_in_shards"] = round(time.perf_counter() - begin, 1)
    begin = time.perf_counter()
    run(given.fits, given.out / "whole")
    found["seconds_in_one_run"] = round(time.perf_counter() - begin, 1)
    one, other = contents(store), contents(given.out / "whole")
    found |= {"results": len(other), "equal": one == other}
    print(json.dumps(found))
    if not found["equal"]:
        raise SystemExit("the shards differ from one run")


if __name__ == "__main__":
    main()
