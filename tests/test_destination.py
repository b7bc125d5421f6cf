"""Each command with --out refuses a place that it could not write to, before the work."""

import os

import pytest
import typer

from lossmodel.cli.app import app
from lossmodel.system.destination import destination

# Arguments of each command, and the function that begins its work.
COMMANDS = {
    "fit": (("fit",), "lossmodel.claims.claims.load_claims"),
    "report": (("report",), "lossmodel.cli.fit.read_fit"),
    "update": (("update",), "lossmodel.claims.claims.load_claims"),
    "simulate": (("simulate",), "lossmodel.evaluation.simulation.simulate"),
    "data import": (("data", "import", "mine.csv"), "lossmodel.importers.read_any"),
    "calibrate": (("calibrate",), "lossmodel.evaluation.calibration.calibrate"),
    "backtest": (("backtest",), "lossmodel.claims.claims.load_claims"),
    "sensitivity": (("sensitivity",), "lossmodel.claims.claims.load_claims"),
    "export": (("export", "parquet"), "lossmodel.cli.fit.read_fit"),
    "seal": (("seal",), "lossmodel.cli.sealed.read_fit"),
    "score": (("score", "mine.csv"), "lossmodel.evaluation.sealed.read_sealed"),
}
PLACES = {
    "a broken link": ("broken", "leads nowhere"),
    "a broken link of a table": ("broken.csv", "leads nowhere"),
    "a circle of links": ("circle", "circle"),
    "below a file": ("file/x", "is a file"),
    "below a folder that may not be written": ("closed/x", "may not be written"),
    "a name that is too long": ("x" * 300, "cannot be"),
}
OTHER = {
    ("data import", "folder.csv"): "is a folder; give the name of a file",
    ("data import", "folder"): "exists; give another",
    ("simulate", "folder"): "exists; give another",
    ("simulate", "file"): "exists; give another",
    ("calibrate", "file"): "is a file; give the name of a folder",
    ("calibrate", "closed"): "may not be written",
    ("backtest", "file"): "is a file; give the name of a folder",
    ("sensitivity", "file"): "is a file; give the name of a folder",
}
CASES = {
    f"{command} into {name}": (command, out, words)
    for command in COMMANDS
    for name, (out, words) in PLACES.items()
} | {f"{command} into {out}": (command, out, words) for (command, out), words in OTHER.items()}


def with_out(group, path=()):
    """Names of the commands that have the option."""
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from with_out(command, (*path, name))
        elif any("--out" in option.opts for option in command.params):
            yield " ".join((*path, name))


def test_all_commands_with_the_option_are_tested():
    assert set(with_out(typer.main.get_command(app))) == set(COMMANDS)


@pytest.fixture
def places(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "mine.csv").touch()
    for name in ("folder", "folder.csv", "closed"):
        (tmp_path / name).mkdir()
    for name, target in {"broken": "no", "broken.csv": "no", "circle": "circle"}.items():
        (tmp_path / name).symlink_to(target)
    may, closed = os.access, str(tmp_path / "closed")
    # For the superuser everything may be written.
    monkeypatch.setattr(os, "access", lambda p, mode: str(p) != closed and may(p, mode))
    return tmp_path


@pytest.mark.parametrize(("command", "out", "words"), CASES.values(), ids=CASES)
def test_a_place_that_cannot_be_is_refused_before_the_work(
    lossmodel, monkeypatch, places, command, out, words
):
    arguments, work = COMMANDS[command]
    monkeypatch.setattr(work, None)
    before = sorted(places.rglob("*"))
    said = lossmodel(*arguments, "--out", out)
    assert (said.status, said.stdout) == (2, "")
    assert words in " ".join(said.stderr.split())
    assert sorted(places.rglob("*")) == before


def test_a_file_behind_a_link_is_what_is_written(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    assert destination(tmp_path / "link", standing="file") == (tmp_path / "file").resolve()
