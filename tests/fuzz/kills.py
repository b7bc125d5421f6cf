"""Kill fits at random moments, and count what is lost, left running and left lying.

    python -m tests.fuzz.kills --kills 60 --seed 1 [--patience 20]

Each fit replaces an earlier report. It is killed as Ctrl-C does, which reaches all processes of a
terminal; as a service manager does; at once; and at once with all its processes. Afterwards no
process may be left after two seconds (give more on a machine that is busy), the report must be the
earlier or the new one and whole, and a run to the end must leave nothing beside it nor in the
temporary folders.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from lossmodel.errors import UsageError
from lossmodel.report.manifest import changed_files, foreign_files, read_manifest

ROOT = Path(__file__).resolve().parent.parent.parent
# A war of four claims, whose fit takes a few seconds with most of them in the report.
WAR = ROOT / "data" / "wars" / "linebacker1972"
PATIENCE = 2.0  # seconds after which a process is an orphan
# Exit status by signal, and whether all processes of the group receive it.
ENDINGS = {
    "SIGKILL": (-9, False),
    "SIGTERM": (143, False),
    "SIGINT": (130, True),
    "SIGKILL of all": (-9, True),
}
SHARED_MEMORY = Path("/dev/shm")


def heard() -> None:
    """Take signals as in the foreground: nohup and a shell's & have some of them ignored."""
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


class Place:
    """A folder with a report, and a folder for temporary files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out" / "report"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.started: list[int] = []

    def start(self) -> subprocess.Popen[str]:
        command = ["fit", "--conflict", str(WAR), "--engine", "laplace", "--out", str(self.out)]
        process = subprocess.Popen(
            [sys.executable, "-m", "lossmodel", *command],
            cwd=self.folder, start_new_session=True, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)},
            preexec_fn=heard,
        )  # fmt: skip
        self.started.append(process.pid)
        return process

    def run(self) -> float:
        """Seconds of a run to the end."""
        began = time.monotonic()
        process = self.start()
        _, said = process.communicate(timeout=120)
        if process.returncode != 0:
            raise RuntimeError(f"exit status {process.returncode}: {said}")
        return time.monotonic() - began

    def made(self) -> str:
        """Which report stands there, "" if it is not whole."""
        try:
            listed = read_manifest(self.out)
        except UsageError:
            return ""
        if not listed or changed_files(self.out, listed) or foreign_files(self.out, listed):
            return ""
        if not all((self.out / name).is_file() for name in (*listed, "report.pdf", "fit.nc")):
            return ""
        return listed["fit.nc"].sha256

    def left(self) -> list[str]:
        """Files and folders that no run should leave."""
        beside = [path.name for path in self.out.parent.iterdir() if path != self.out]
        temporary = [path.name for path in self.temporary.iterdir()]
        memory = list(SHARED_MEMORY.iterdir()) if SHARED_MEMORY.is_dir() else []
        ours = {str(pid) for pid in self.started}
        return (
            beside
            + temporary
            + [path.name for path in memory if ours & set(path.name.replace("_", "-").split("-"))]
        )


def running(group: int) -> list[int]:
    """Processes of a group, without those that have ended."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=", "-o", "pgid=", "-o", "stat="],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [line.split() for line in table.stdout.splitlines()]
    return [int(pid) for pid, own, state in rows if int(own) == group and state[0] != "Z"]


def kill_once(place: Place, name: str, after: float, patience: float) -> Counter[str]:
    """Start a fit and send a signal after so many seconds."""
    counts = Counter({"kills": 1, name: 1})
    before = place.made()
    process = place.start()
    time.sleep(after)
    status, to_all = ENDINGS[name]
    number = signal.Signals[name.split()[0]]
    if process.poll() is not None:
        counts["had ended"] = 1
    elif to_all:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    sent = time.monotonic()
    try:
        _, said = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        said = ""
    while running(process.pid) and time.monotonic() < sent + patience:
        time.sleep(0.05)
    orphans = running(process.pid)
    counts["orphans"] = len(orphans)
    for pid in orphans:
        os.kill(pid, signal.SIGKILL)
    process.wait()
    after_kill = place.made()
    kind = "earlier" if after_kill == before else "new"
    counts[f"{kind} report" if after_kill else "broken report"] = 1
    # A signal before Python has begun to heed signals ends it as such, and in its own words.
    counts["tracebacks"] = int("Traceback" in said and process.returncode != -number)
    expected = {status, -number, 0}
    counts["wrong status"] = int(process.returncode not in expected)
    if counts["tracebacks"] or counts["wrong status"]:
        sys.stderr.write(f"{name} after {after:.2f} s, status {process.returncode}: {said}\n")
    return counts


def kills(number: int, seed: int, patience: float = PATIENCE) -> Counter[str]:
    """Kill so many fits, each followed by a run to the end; return the counts of all."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name))
        seconds = place.run()
        for i in range(number):
            which = list(ENDINGS)[i % len(ENDINGS)]
            counts.update(kill_once(place, which, rng.uniform(0, seconds), patience))
            counts["leftovers before the next run"] += len(place.left())
            seconds = place.run()
            left = place.left()
            counts["leftovers"] += len(left)
            if left:
                sys.stderr.write(f"left: {left}\n")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=PATIENCE)
    given = parser.parse_args()
    for name, count in kills(given.kills, given.seed, given.patience).items():
        sys.stdout.write(f"{name:32}{count:>4}\n")


if __name__ == "__main__":
    main()
