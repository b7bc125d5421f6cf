"""What a long command shows: lines in a log, a bar with the time left on a terminal."""

import io
import pickle
import re
import sys

import pytest

from lossmodel.cli import console
from lossmodel.cli.bar import Course
from lossmodel.cli.console import progress, safe_streams
from lossmodel.system.stages import Stage, portion


def test_a_stage_is_a_text_that_survives_another_process():
    stage = Stage("fitting", 0.25, detail=True, then=0.5, seconds=9.0)
    again = pickle.loads(pickle.dumps(stage))
    assert again == "fitting"
    assert vars(again) == vars(stage)
    assert Stage.of(stage) is stage
    assert Stage.of("fitting").done is None


def test_a_part_of_the_work_is_reported_as_a_share_of_the_whole():
    said = []
    outer = portion(said.append, 0.5, 1.0)
    inner = portion(outer, 0.2, 0.6)
    inner(Stage("a", 0.0, then=1.0, seconds=3.0))
    inner(Stage("b", 0.5, detail=True))
    inner("c")
    assert [stage.done for stage in said] == [pytest.approx(0.6), pytest.approx(0.7), None]
    assert said[0].then == pytest.approx(0.8)
    assert said[0].seconds == 3.0
    assert [stage.detail for stage in said] == [False, True, False]


def test_a_bar_never_goes_back_and_knows_what_is_left():
    course = Course(100.0)
    assert course.left(101.0) is None
    course.enter(Stage("first", 0.25), 110.0)
    assert course.left(110.0) == pytest.approx(30.0)
    assert course.left(120.0) == pytest.approx(20.0)
    # Longer than it promised: nothing is said rather than something false.
    assert course.left(150.0) is None
    course.enter(Stage("no share"), 112.0)
    course.enter(Stage("less", 0.1), 114.0)
    assert course.share(114.0) == 0.25
    # The pace of the end of the work, not that of the beginning.
    course.enter(Stage("sampling", 0.5, then=0.75, seconds=100.0), 120.0)
    assert course.share(170.0) == pytest.approx(0.625)
    assert course.left(120.0) == pytest.approx(200.0)
    assert course.left(170.0) == pytest.approx(150.0)
    assert course.share(900.0) == 0.75


@pytest.mark.parametrize(("silence", "lines"), [(30.0, ["a", "d"]), (0.0, ["a", "b", "c", "d"])])
def test_a_log_has_a_line_per_stage_and_details_only_after_a_silence(
    monkeypatch, capsys, silence, lines
):
    monkeypatch.setattr(console, "SILENCE", silence)
    with progress() as say:
        say(Stage("a", 0.0))
        say(Stage("b", 0.1, detail=True))
        say(Stage("c", 0.2, detail=True))
        say("d")
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split("s  ")[1] for line in said.err.splitlines()] == lines


def test_a_terminal_has_a_bar_with_the_time_elapsed(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with safe_streams(), progress() as say:
        say(Stage("fitting [person] of a name that is much too long for one line of it", 0.5))
    shown = screen.getvalue()
    assert "━" in shown
    assert "0:00:0" in shown
    assert "fitting [person]" in shown
    assert max(len(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line)) for line in shown.split("\r")) <= 81
    # One line, which is removed at the end.
    assert shown.rstrip().endswith("\x1b[2K")


def test_a_fit_tells_how_far_it_is_and_no_log_evidence():
    import lossmodel as lm

    said = []
    lm.fit(
        lm.load_claims(conflict="falklands1982"), engine="laplace", draws=20, progress=said.append
    )
    shares = [stage.done for stage in map(Stage.of, said) if stage.done is not None]
    assert shares == sorted(shares)
    assert len(shares) > 5
    assert 0 <= shares[0] < 0.1
    assert 0.5 <= shares[-1] <= 1
    assert not any("evidence" in line for line in said)
    assert [line for line in said if not Stage.of(line).detail][0].startswith(
        "fitting person (1 of"
    )
