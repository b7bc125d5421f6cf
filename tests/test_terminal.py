"""Nothing that a file or an argument holds makes a terminal do anything."""

import io
import json
import sys
import unicodedata

import pytest

from lossmodel.cli.console import progress, safe_streams
from lossmodel.text.escape import printable
from tests.small_conflict import CLAIMANTS, TOML, claims_csv, write_conflict

EVIL = "\x1b]0;owned\x07\x1b[2J\x1b[31m\u202egnp\u2066.\x9b5m\u200e"
OBEYED = {"Cc", "Zl", "Zp", "Cs"}


def obeyed(text):
    marks = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return [
        letter
        for letter in text
        if (unicodedata.category(letter) in OBEYED and letter not in "\n\t")
        or unicodedata.bidirectional(letter) in marks
        or letter in "\u200e\u200f\u061c"
    ]


COMMANDS = [
    ["check", EVIL],
    ["check", "--conflict", EVIL],
    ["check", "--conflict", "war"],
    ["check", "--conflict", "bad"],
    ["check", "odd.csv", "--conflict", "war"],
    ["fit", "--ci", EVIL],
    ["fit", "--as-of", EVIL],
    ["fit", "--engine", EVIL],
    ["fit", f"--{EVIL}"],
    ["query", EVIL, "--fit", EVIL],
    ["data", "import", f"x/{EVIL}", "--out", "x.csv"],
    ["data", "import", "own.csv", "--out", "x.csv", "--conflict", "war"],
    ["data", "import", "wide.csv", "--out", "x.csv", "--conflict", "war",
     "--party", "land", "--category", "killed", "--kind", "daily"],
    ["data", "fetch", EVIL],
    ["verify", EVIL],
    ["new", "w1", "--side", EVIL, "--side", "b", "--start", EVIL],
    ["new", "w2", "--from", "wide.csv", "--party", "a=a", "--category", EVIL],
    [EVIL],
]  # fmt: skip


@pytest.fixture
def war(tmp_path):
    escaped = json.dumps(EVIL)
    toml = TOML.replace('"The war of the sea"', escaped).replace('"The land"', escaped)
    evil = claims_csv() + f'"x{EVIL}",a,b,c\n'
    claimants = CLAIMANTS.replace("The Almanac", EVIL.replace("\x07", ""))
    write_conflict(tmp_path / "war", conflict=toml, claimants=claimants)
    write_conflict(tmp_path / "bad", conflict=TOML + f"\n[parties.{escaped}]\nside = 'sea'\n")
    write_conflict(tmp_path / "odd", claims=evil)
    plain = EVIL.replace("\x07", "")
    head, rest = claims_csv().split("\n", 1)
    rest = "".join(f"{line},{plain}\n" for line in rest.splitlines())
    (tmp_path / "odd.csv").write_text(f"{head},{plain}\n{rest}", encoding="utf-8")
    (tmp_path / "own.csv").write_text(f"a,b{plain}\n1,{plain}\n2,3\n", encoding="utf-8")
    wide = f"date,x{plain}\n2001-02-01,5\n2001-02-02,6{plain}\n"
    (tmp_path / "wide.csv").write_text(wide, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS, ids=range(len(COMMANDS)))
def test_no_command_prints_what_a_terminal_would_obey(lossmodel, war, words):
    ended = lossmodel(*words)
    assert ended.stdout + ended.stderr
    assert not obeyed(ended.stdout + ended.stderr)
    assert ended.status in (0, 2)


def test_progress_on_a_terminal_shows_stages_as_they_are(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with safe_streams(), progress() as say:
        say(f"reading [/red] {EVIL}")
    assert "\x1b]0;" not in screen.getvalue()
    assert "\u202e" not in screen.getvalue()


def test_json_is_read_back_as_it_was():
    assert json.loads(printable(json.dumps(EVIL, ensure_ascii=False))) == EVIL
