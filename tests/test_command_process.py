"""The process of a command: signals, closed streams, threads, memory, and no trace of itself."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lossmodel.cli import fit as fit_command
from lossmodel.cli import main
from lossmodel.system import clock
from tests.fuzz.kills import WAR, Place, heard, kills

ROOT = Path(__file__).resolve().parent.parent
THREADS = "print({i['num_threads'] for i in threadpoolctl.threadpool_info()})"
# A command that says when it works, within a folder that has to be removed.
SLOW = """
import sys, time
from pathlib import Path
from lossmodel.cli import fit, main
from lossmodel.system.processes import end, pool, submit
from lossmodel.system.unfinished import unfinished

def read(*_, **__):
    place = Path("report").absolute()
    with unfinished(place, place):
        workers = pool(1)
        future = submit(workers, time.sleep, 60)
        print("working", flush=True)
        try:
            future.result()
        finally:
            end(workers)

fit.read_fit = read
sys.argv = ["lossmodel", "query", "killed", "russia"]
main()
"""
CLOSED = {
    "stdout": ">&-",
    "stderr": "2>&-",
    "all": "<&- >&- 2>&-",
    "pipe": "2>&1 | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}",
}
WAYS = [
    pytest.param(how, id=name, marks=() if name in ("all", "pipe") else pytest.mark.slow)
    for name, how in CLOSED.items()
]


def environment(**more):
    clean = {k: v for k, v in os.environ.items() if not k.endswith("_THREADS")}
    return clean | {"PYTHONPATH": str(ROOT)} | more


def python(code, **more):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment(**more), capture_output=True, text=True, check=True, cwd=ROOT / "tests",
    ).stdout.strip()  # fmt: skip


def working(code, folder):
    """A command in a group of its own, once it says that it works."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder, env=environment(), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heard,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("SIGTERM", 143, "lossmodel: ended by SIGTERM\n"),
        pytest.param("SIGHUP", 129, "lossmodel: ended by SIGHUP\n", marks=pytest.mark.slow),
        pytest.param("SIGINT", 130, "lossmodel: interrupted\n", marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_a_command_and_leaves_nothing(tmp_path, name, status, words):
    process = working(SLOW, tmp_path)
    # As a terminal or a service manager does, to all processes of the group.
    os.killpg(process.pid, signal.Signals[name])
    _, said = process.communicate(timeout=30)
    assert process.returncode == status
    assert said.lstrip("\n") == words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_that_a_library_swallows_ends_the_command_all_the_same(tmp_path, name):
    swallowing = SLOW.replace(
        "            future.result()\n",
        "            try: future.result()\n            except BaseException: future.result()\n",
    )
    process = working(swallowing, tmp_path)
    os.killpg(process.pid, signal.Signals[name])
    process.communicate(timeout=10)
    assert process.returncode == 128 + signal.Signals[name]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("name", "words"),
    [("SIGTERM", "lossmodel: ended by SIGTERM\n"), ("SIGINT", "lossmodel: interrupted\n")],
)
def test_a_signal_within_a_callback_ends_the_command_in_the_same_words(tmp_path, name, words):
    within = SLOW.replace(
        "            future.result()\n",
        f"            class Heard:\n                def __del__(self): "
        f"signal.raise_signal(signal.{name})\n"
        "            Heard()\n            future.result()\n",
    ).replace("import sys, time", "import signal, sys, time")
    process = working(within, tmp_path)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 128 + signal.Signals[name]
    assert said.lstrip("\n") == words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("how", WAYS)
def test_a_closed_stream_changes_no_status(tmp_path, how):
    command = f"{sys.executable} -m lossmodel check --conflict battle-of-britain {how}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("how", CLOSED.values(), ids=CLOSED)
def test_a_closed_stream_does_not_lose_a_fit(tmp_path, how):
    command = f"{sys.executable} -m lossmodel fit --conflict {WAR} --engine laplace {how}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment(), check=False, timeout=120
    )
    assert done.returncode == 0
    assert (tmp_path / "lossmodel-report" / "report.pdf").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_an_answer_that_finds_no_space_is_an_error(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lossmodel", "cite"],
            cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.startswith("lossmodel: standard output: no space is left")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "threads"),
    [({}, "{1}"), ({"OPENBLAS_NUM_THREADS": "2"}, "{2}"), ({"OMP_NUM_THREADS": "2"}, "{2}")],
    ids=["by default", "OpenBLAS", "OpenMP"],
)
def test_a_command_and_its_workers_use_one_thread_unless_told_otherwise(given, threads):
    code = (
        "from lossmodel.cli.process import prepare; prepare()\n"
        "from lossmodel.system.processes import end, pool\n"
        "def count():\n"
        "    import numpy, threadpoolctl\n"
        "    return {i['num_threads'] for i in threadpoolctl.threadpool_info()}\n"
        "workers = pool(1)\n"
        "print(count(), workers.submit(count).result())\n"
        "end(workers)"
    )
    if (os.cpu_count() or 1) < 2 and given:
        pytest.skip("one core has no second thread")
    assert python(code, **given) == f"{threads} {threads}"


def test_the_library_changes_no_environment_and_no_threads():
    plain = python(f"import numpy, scipy.linalg, threadpoolctl; {THREADS}")
    ours = (
        "import os; before = dict(os.environ)\n"
        "import lossmodel; lossmodel.fit, lossmodel.load_claims, lossmodel.write_report\n"
        "import lossmodel.cli\n"
        "import numpy, scipy.linalg, threadpoolctl\n"
        f"assert dict(os.environ) == before; {THREADS}"
    )
    assert python(ours) == plain


def test_a_command_in_a_program_leaves_its_process_alone():
    code = (
        "import os, signal, lossmodel.cli as cli\n"
        "before = dict(os.environ), signal.getsignal(signal.SIGTERM)\n"
        "try: cli.main(['--version'])\n"
        "except SystemExit: pass\n"
        "print((dict(os.environ), signal.getsignal(signal.SIGTERM)) == before)"
    )
    assert python(code).endswith("True")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ImportError("libscipy.so: failed to map segment from shared object"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_too_little_memory_is_one_sentence_with_what_to_do(lossmodel, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(fit_command, "read_fit", fail)
    said = lossmodel("query", "killed", "russia")
    assert (said.status, said.stdout, said.stderr.count("\n")) == (3, "", 1)
    assert "memory does not suffice: close other programs" in said.stderr


def under_a_limit(kilobytes, code, cwd):
    command = f"ulimit -v {kilobytes}; exec {sys.executable} {code}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=cwd, env=environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_fit_without_memory_for_linear_algebra_ends(tmp_path):
    # Enough for imports, and not for the buffers of OpenBLAS, which waits for them for ever.
    done = under_a_limit(
        800_000, f"-m lossmodel fit --conflict {WAR} --engine laplace --out report", tmp_path
    )
    assert done.returncode == 3
    assert "memory does not suffice" in done.stderr
    assert list(tmp_path.iterdir()) == []


# What may differ between two runs of one command, by file; docs/reports.md has the same list.
DIFFER = {
    "provenance.json": {"created", "command"},
    "diagnostics.json": {"seconds", "peak_mb"},
    "report.html": {"Created", "Command"},
    "report.md": {"Created", "Command"},
    "report.pdf": set(),
    "fit.nc": set(),
    "ro-crate-metadata.json": set(),
    "manifest.json": set(),
}


def files(report):
    paths = [path for path in report.rglob("*") if path.is_file()]
    return {path.relative_to(report).as_posix(): path.read_bytes() for path in paths}


def without(content, names):
    """JSON without some keys, however deep."""
    if isinstance(content, dict):
        return {k: without(v, names) for k, v in content.items() if k not in names}
    return content


def test_the_list_of_what_differs_is_in_the_documentation(root):
    text = (root / "docs" / "reports.md").read_text(encoding="utf-8")
    table = text.split("| File | Differs in |")[1].split("\n\n")[0]
    assert {row.split("`")[1] for row in table.splitlines()[2:]} == set(DIFFER)


@pytest.mark.slow
def test_a_second_run_gives_the_same_bytes(tmp_path):
    place = Place(tmp_path)
    found = []
    for _ in range(2):
        place.run()
        found.append(files(place.out))
    one, other = found
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] != other[name]} <= DIFFER.keys()
    for name in ("provenance.json", "diagnostics.json"):
        assert without(json.loads(one[name]), DIFFER[name]) == without(
            json.loads(other[name]), DIFFER[name]
        )
    for name in ("report.html", "report.md"):
        pairs = zip(one[name].splitlines(), other[name].splitlines(), strict=True)
        lines = [line.decode() for line, second in pairs if line != second]
        assert all(any(word in line for word in DIFFER[name]) for line in lines)


@pytest.mark.slow
def test_a_given_date_gives_the_same_bytes_in_all_files(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    place = Place(tmp_path)
    found = []
    for _ in range(2):
        place.run()
        found.append(files(place.out))
    assert found[0] == found[1]
    assert json.loads(found[0]["provenance.json"])["created"] == "2023-11-14T22:13:20+00:00"
    assert b"D:20231114221320Z" in found[0]["report.pdf"]


@pytest.mark.parametrize("given", ["yesterday", "-1", "1.5", " 1", "9" * 17, "9" * 5000])
def test_a_date_that_is_none_is_refused_before_the_work(monkeypatch, capsys, given):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    for command in (["fit", "--out", "none"], ["report", "none"]):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert f"SOURCE_DATE_EPOCH is '{given[:40]}'; it must be a whole number" in said


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the current folder cannot be removed there")
@pytest.mark.parametrize("arguments", ["doctor", "data import x.csv --out y.csv"])
def test_a_current_folder_that_is_gone_is_said_in_words(tmp_path, arguments):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'rmdir "$PWD" && exec "$0" -m lossmodel {arguments}'
    ended = subprocess.run(
        ["sh", "-c", command, sys.executable],
        env=environment(), capture_output=True, text=True, cwd=gone, check=False,
    )  # fmt: skip
    assert ended.returncode == 3
    assert "the current folder has been removed: change to one that is there" in ended.stderr


def test_an_empty_date_is_none(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert not clock.reproducible()
    clock.begin()
    # Libraries that draw take an empty one for a number.
    assert "SOURCE_DATE_EPOCH" not in os.environ


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_fits_that_are_killed_lose_and_leave_nothing():
    counts = kills(4, seed=5)
    assert counts["kills"] == 4
    bad = ("orphans", "leftovers", "broken report", "tracebacks", "wrong status")
    assert {name: counts[name] for name in bad} == dict.fromkeys(bad, 0)
