"""Large tables end: no cost grows faster than the number of figures."""

import time

import numpy as np
import pandas as pd
import pytest

from benchmarks import sizes
from lossmodel.claims import load_claims
from lossmodel.errors import ClaimsError
from lossmodel.evidence import collect_evidence
from lossmodel.findings import find
from lossmodel.tables.csv import read_table
from lossmodel.tables.problems import Problems

SECONDS = 5.0  # many times what each takes


def windows(tmp_path, lengths: list[int], *, total: float, times: int = 1) -> pd.DataFrame:
    """Classes of windows of one release, ten per day, each a number of times, and of their sum."""
    ends = np.cumsum(lengths)
    rows = [(end - length, end - 1, 10 * length) for length, end in zip(lengths, ends, strict=True)]
    rows = [*rows * times, (0, ends[-1] - 1, total)]
    start, end, value = np.array(rows).T
    claims = pd.DataFrame(
        {
            "claimant": "p0", "party": "north", "category": "killed", "kind": "period",
            "start": sizes.dates(start.astype(int)), "end": sizes.dates(end.astype(int)),
            "value": value, "qualifier": "exact", "published": sizes.dates(ends[-1:])[0],
        }
    )  # fmt: skip
    sizes.write(tmp_path, claims, days=int(ends[-1]) + 9, ledgers=False)
    return collect_evidence(load_claims(conflict=tmp_path)).classes


@pytest.mark.parametrize(("total", "found"), [(600.0, "merged"), (900.0, "used")])
def test_a_total_is_searched_among_windows_that_are_there_many_times(tmp_path, total, found):
    began = time.process_time()
    classes = windows(tmp_path, [1] * 60, total=total, times=3)
    assert classes["class"].iloc[-1] == found
    assert time.process_time() - began < SECONDS


def test_a_total_is_the_sum_of_windows_of_any_length(tmp_path):
    classes = windows(tmp_path, [1, 2, 3, 5, 8], total=190.0)
    assert classes["class"].tolist() == ["used"] * 5 + ["merged"]
    assert len(classes["with"].iloc[-1].split(";")) == 5


@pytest.mark.parametrize(("columns", "read"), [(1_500, True), (60_000, False)])
def test_a_header_of_many_columns_is_read_or_refused(columns, read):
    header = ",".join(f"x{number}" for number in range(columns))
    problems, began = Problems(), time.process_time()
    assert (read_table(header.encode(), "x.csv", problems) is not None) is read
    assert time.process_time() - began < SECONDS
    if not read:
        with pytest.raises(ClaimsError, match=r"found 60,000 columns; allowed: at most 2,000"):
            problems.raise_if_any()


@pytest.mark.slow
def test_figures_of_every_day_are_searched_for_copies(tmp_path):
    sizes.daily(tmp_path, claimants=40, days=500)
    claims = load_claims(conflict=tmp_path)
    began = time.process_time()
    evidence = collect_evidence(claims)
    assert find(claims, evidence) == []
    assert evidence.terms["copy_match"].gt(0).any()
    # Five times what it takes; in a loop over the pairs of figures it takes ten.
    assert time.process_time() - began < 2 * SECONDS


@pytest.mark.slow
def test_a_million_claims_are_checked(tmp_path):
    sizes.daily(tmp_path, claimants=28, days=36_000)
    seconds, _, memory, status = sizes.run_apart("check", tmp_path)
    assert status == 0
    assert seconds < 120
    assert memory < 2048
