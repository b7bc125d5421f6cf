"""Hostile tables and folders are read or refused, never a traceback; see `tests.fuzz.tables`."""

import pytest

from tests.fuzz.tables import run


@pytest.mark.parametrize(
    ("folders", "n"),
    [(False, 30), (True, 30), pytest.param(False, 60, marks=pytest.mark.slow)],
)
def test_hostile_input_is_read_or_refused(folders, n):
    counts, failed = run(n, 0, folders=folders)
    assert failed == []
    assert set(counts) == {"ok", "refused"}


@pytest.mark.slow
@pytest.mark.parametrize(("folders", "n"), [(False, 10_000), (True, 1_000)])
def test_much_hostile_input_is_read_or_refused(folders, n):
    assert run(n, 1, folders=folders)[1] == []
