"""Every bad table ends in one clear error that names the place and the remedy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossmodel.claims import load_claims
from lossmodel.conflict import Conflict, load_conflict
from lossmodel.errors import ClaimsError, UsageError
from tests.small_conflict import COLUMNS, ROWS, changed, claims_csv, write_conflict


@pytest.fixture(scope="module")
def sea(tmp_path_factory) -> Conflict:
    return load_conflict(write_conflict(tmp_path_factory.mktemp("sea")))


def problems_of(data: str | bytes, conflict: Conflict, folder) -> pd.DataFrame:
    path = folder / "claims.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(ClaimsError) as caught:
        load_claims(path, conflict=conflict)
    text = str(caught.value)
    assert "claims.csv" in text
    assert "found" in text
    assert "allowed" in text
    assert len(text.splitlines()) <= 22
    return caught.value.problems


# row of the table (0 is the first below the header), its changed cells, the column blamed,
# and what the message must say
CELLS = [
    (0, {"claimant": "sea-stuff"}, "claimant", "Did you mean sea-staff?"),
    (0, {"claimant": ""}, "claimant", "nothing"),
    (0, {"party": "lands"}, "party", "Did you mean land?"),
    (0, {"category": "loses"}, "category", "Did you mean losses?"),
    (0, {"category": "zzzz"}, "category", "declare it in conflict.toml"),
    (0, {"scope": "cost"}, "scope", "Did you mean coast?"),
    (0, {"scope": "coast", "party": "sea"}, "scope", "coast only of land"),
    (0, {"source": "gazette-2"}, "source", "Did you mean gazette-1?"),
    (0, {"kind": "Daily"}, "kind", "Did you mean daily?"),
    (0, {"qualifier": "at least"}, "qualifier", "Did you mean at-least?"),
    (1, {"claim_id": "a;b"}, "claim_id", "letters a-z"),
    (1, {"claim_id": ""}, "claim_id", "nothing"),
    (1, {"claim_id": "day"}, "claim_id", "Row 2 has it already"),
    (0, {"value": "12,000"}, "value", "no thousands separators: write 12000"),
    (0, {"value": "1 234 567"}, "value", "no thousands separators: write 1234567"),
    (0, {"value": "1'234"}, "value", "no thousands separators: write 1234"),
    (0, {"value": "12\u00a0000"}, "value", "no thousands separators: write 12000"),
    (0, {"value": "1.234.567"}, "value", "no thousands separators: write 1234567"),
    (0, {"value": "1,234.5"}, "value", "no thousands separators: write 1234"),
    (0, {"value": "3,5"}, "value", "decimal point"),
    (0, {"value": "many"}, "value", "Text does not belong in a number"),
    (0, {"value": "≈120"}, "value", "Text does not belong in a number"),
    (0, {"value": "nan"}, "value", "Leave the cell empty"),
    (0, {"value": "Infinity"}, "value", "Leave the cell empty"),
    (0, {"value": "-inf"}, "value", "Leave the cell empty"),
    (0, {"value": "1e999"}, "value", "not counts of people"),
    (0, {"value": "-5"}, "value", "only a correction may be negative"),
    (0, {"value": ""}, "value", "as the qualifier is exact"),
    (0, {"low": "1"}, "low", "as the qualifier is not range"),
    (0, {"high": "500"}, "high", "as the qualifier is not range"),
    (2, {"low": ""}, "low", "Give both low and high"),
    (2, {"high": ""}, "high", "Give both low and high"),
    (2, {"low": "1300"}, "low", "less than high, 1200.5"),
    (2, {"low": "1200.5"}, "low", "less than high"),
    (2, {"low": "-1"}, "low", "from 0 on"),
    (2, {"value": "1300"}, "value", "from low to high, 900 to 1200.5"),
    (2, {"qualifier": "exact", "value": "1200.5"}, "low", "as the qualifier is not range"),
    (0, {"start": "05.01.2001"}, "start", "as in 2022-02-24"),
    (0, {"start": "2001-1-5"}, "start", "as in 2022-02-24"),
    (0, {"start": "20010105"}, "start", "as in 2022-02-24"),
    (0, {"end": "2001-02-30"}, "end", "no such day in the calendar"),
    (0, {"end": "0201-01-05"}, "end", "Give a year from 1700 to 2199"),
    (0, {"end": ""}, "end", "nothing"),
    (0, {"start": ""}, "start", "as the kind is daily"),
    (2, {"start": ""}, "start", "as the kind is period"),
    (2, {"start": "2000-12-31"}, "start", "from 2001-01-01 to 2003-12-31"),
    (2, {"end": "2004-01-01", "published": ""}, "end", "from 2001-01-01 to 2003-12-31"),
    (0, {"party": "guests"}, "end", "from 2002-01-01 on, when party guests begins"),
    (0, {"end": "2001-01-04"}, "end", "a day from start on, 2001-01-05"),
    (0, {"end": "2001-01-06"}, "end", "the same day as start, 2001-01-05"),
    (0, {"published": "2001-01-04"}, "published", "Losses cannot be published before they happen"),
    (0, {"known": "2001-01-04"}, "known", "Losses cannot be known before they happen"),
    (0, {"known": "2001-01-09"}, "published", "before they are known"),
    (0, {"published_inferred": "maybe"}, "published_inferred", "true or false"),
    (0, {"kind": "stock"}, "kind", "stock only of missing and captured"),
    (2, {"kind": "correction"}, "qualifier", "exact or about"),
    (3, {"via": "sea-stuff"}, "via", "Did you mean sea-staff?"),
    (3, {"via": "gazette"}, "via", "another claimant"),
    (4, {"part_of": "dax"}, "part_of", "Did you mean 'day'?"),
    (4, {"part_of": "sector"}, "part_of", "another claim"),
    (
        4,
        {"start": "2001-01-06", "end": "2001-01-06"},
        "part_of",
        "not 2001-01-05 to 2001-01-05",
    ),
]


@pytest.mark.parametrize(("row", "cells", "column", "says"), CELLS)
def test_one_bad_cell_is_one_problem_at_its_place(sea, tmp_path, row, cells, column, says):
    problems = problems_of(claims_csv(changed(row, **cells)), sea, tmp_path)
    assert problems["column"].tolist() == [column]
    assert problems["row"].tolist() == [row + 2]
    assert says in " ".join(problems.iloc[0].astype(str))


def test_all_problems_come_in_one_error_in_the_order_of_rows(sea, tmp_path):
    rows = [{**row, "value": "x", "party": "nobody"} for row in ROWS]
    problems = problems_of(claims_csv(rows), sea, tmp_path)
    assert len(problems) == 2 * len(ROWS)
    assert problems["row"].is_monotonic_increasing


@pytest.mark.parametrize(
    "column", ["claim_id", "claimant", "party", "category", "kind", "end", "value"]
)
def test_a_missing_column_is_named(sea, tmp_path, column):
    text = claims_csv(columns=[name for name in COLUMNS if name != column])
    problems = problems_of(text, sea, tmp_path)
    assert (column, "no such column") in set(
        zip(problems["column"], problems["found"], strict=True)
    )


def test_a_misspelled_column_is_told_its_name(sea, tmp_path):
    text = claims_csv().replace("claimant", "claiment", 1)
    problems = problems_of(text, sea, tmp_path)
    assert problems["remedy"].tolist() == ["Rename it to claimant"]


def test_circles_of_parts_are_found_whatever_leads_into_them(sea, tmp_path):
    rows = changed(0, part_of="sector")
    outside = {**ROWS[4], "claim_id": "corner", "part_of": "sector"}
    problems = problems_of(claims_csv([*rows, outside]), sea, tmp_path)
    assert problems["row"].tolist() == [2, 6]
    assert set(problems["column"]) == {"part_of"}


def test_circles_of_relays_are_found(sea, tmp_path):
    problems = problems_of(claims_csv(changed(0, via="gazette")), sea, tmp_path)
    assert problems[["row", "column"]].to_numpy().tolist() == [[2, "via"], [5, "via"]]


FILES = [
    (b"", "an empty file"),
    (b"\xef\xbb\xbf", "an empty file"),
    (b"\n\n", "an empty file"),
    (claims_csv([]).encode(), "no rows"),
    (claims_csv().encode("utf-16"), "UTF-16"),
    (claims_csv().encode("utf-16-le"), "UTF-16"),
    (claims_csv(changed(1, note="déjà vu")).encode("latin-1"), "not UTF-8 (Latin-1"),
    (bytes(range(256)) * 50, "bytes 00"),
    (b"PK\x03\x04 and more", "a spreadsheet"),
    (claims_csv().replace("gazette-1", "gaz\0ette").encode(), "bytes 00"),
    (claims_csv().replace(",", ";").encode(), "separated by ';'"),
    (claims_csv().replace("claimant,", "claim_id,", 1).encode(), "2 columns of this name"),
    (b"just some words\nand more words\n", "no such column"),
]


@pytest.mark.parametrize(("data", "says"), FILES, ids=[says for _, says in FILES])
def test_what_is_no_claims_file_is_said(sea, tmp_path, data, says):
    problems = problems_of(data, sea, tmp_path)
    assert problems["found"].str.contains(says, regex=False).any()


def test_a_wrong_byte_is_found_on_its_line(sea, tmp_path):
    data = claims_csv(changed(1, note="déjà vu")).encode("latin-1")
    assert problems_of(data, sea, tmp_path)["row"].tolist() == [3]


LINES = [
    ('day,"sea,land', "breaks off"),
    ('"day" twice,sea', "breaks off"),
    (",".join(["x"] * (len(COLUMNS) + 1)), f"{len(COLUMNS) + 1} cells"),
    ("day,sea-staff", "2 cells"),
    ("x" * 200_000, "breaks off"),
]


@pytest.mark.parametrize(("line", "says"), LINES, ids=range(len(LINES)))
def test_a_broken_line_is_found_among_good_ones(sea, tmp_path, line, says):
    good = claims_csv().splitlines()
    data = "\n".join([*good[:2], "", line, *good[2:]]) + "\n"
    problems = problems_of(data, sea, tmp_path)
    assert problems.iloc[0]["row"] == 4
    assert says in problems.iloc[0]["found"]


def test_rows_are_lines_of_the_editor_also_after_line_breaks_in_cells(sea, tmp_path):
    rows = [{**row, "note": "two\nlines"} for row in ROWS]
    rows[3] = {**rows[3], "value": "x"}
    assert problems_of(claims_csv(rows), sea, tmp_path)["row"].tolist() == [8]


def test_the_first_twenty_are_printed_and_all_are_counted(sea, tmp_path):
    # Each has a remedy of its own; those that have one in common are one line.
    rows = [{**ROWS[0], "claim_id": f"c{i}", "value": f"{i + 1},000"} for i in range(50)]
    path = tmp_path / "claims.csv"
    path.write_text(claims_csv(rows))
    with pytest.raises(ClaimsError) as caught:
        load_claims(path, conflict=sea)
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert "50 problems" in lines[0]
    assert "30 more" in lines[-1]
    assert len(caught.value.problems) == 50


def test_terminal_codes_in_cells_are_shown_not_played(sea, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(claims_csv(changed(0, party="\x1b[31mred")))
    with pytest.raises(ClaimsError) as caught:
        load_claims(path, conflict=sea)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("path", ["nowhere.csv", ".", "nul\0byte.csv"])
def test_what_is_no_file_is_a_usage_error(sea, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        load_claims(path, conflict=sea)


def claims_or_text(path, conflict) -> object:
    """The claims or the text of their problems; any other error is for the test to fail on."""
    try:
        return load_claims(path, conflict=conflict)
    except ClaimsError as error:
        return str(error)


any_file = st.one_of(
    st.binary(max_size=2_000),
    st.text(max_size=2_000).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text(max_size=500).map(lambda text: (claims_csv() + text).encode("utf-8", "replace")),
    st.lists(st.lists(st.text(max_size=12), max_size=22), max_size=12).map(
        lambda rows: (",".join(COLUMNS) + "\n" + "\n".join(",".join(row) for row in rows)).encode(
            "utf-8", "replace"
        )
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=any_file)
def test_no_bytes_whatever_end_in_a_traceback(sea, tmp_path, data):
    path = tmp_path / "claims.csv"
    path.write_bytes(data)
    assert claims_or_text(path, sea)


cells = st.one_of(st.text(max_size=15), st.sampled_from(["-1", "1e5", "2001-01-05", "all", "day"]))


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(row=st.integers(0, 4), column=st.sampled_from(COLUMNS), cell=cells)
def test_no_cell_whatever_ends_in_a_traceback(sea, tmp_path, row, column, cell):
    path = tmp_path / "claims.csv"
    text = claims_csv(changed(row, **{column: cell}))
    path.write_bytes(text.encode("utf-8", "replace"))
    assert claims_or_text(path, sea)


MEASURE = """
import resource, sys, time
from pathlib import Path
from lossmodel.claims import load_claims
from lossmodel.errors import ClaimsError
begun = time.perf_counter()
try:
    load_claims(sys.argv[1], conflict=sys.argv[2])
except ClaimsError as error:
    sys.stdout.write(str(error).splitlines()[0] + "\\n")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
own = Path("/proc/self/status")
if own.is_file():
    # The other one begins with the peak of the process that started this one.
    peak = int(own.read_text().partition("VmHWM:")[2].split()[0]) / 1e6
sys.stdout.write(f"{time.perf_counter() - begun} {peak}\\n")
"""


@pytest.mark.slow
def test_a_million_rows_with_a_thousand_bad_ones_are_refused_in_time(run_python, tmp_path):
    folder = write_conflict(tmp_path / "sea")
    n, bad = 1_000_000, np.random.default_rng(1).choice(1_000_000, 1_000, replace=False)
    days = (np.datetime64("2001-01-01") + np.arange(n) % 1_000).astype(str)
    table = pd.DataFrame([{**dict.fromkeys(COLUMNS, ""), **ROWS[0]}]).loc[np.zeros(n, dtype=int)]
    table = table.assign(claim_id=np.arange(n), start=days, end=days, published="")
    table = table.reset_index(drop=True).astype(object)
    for i, column in enumerate(("value", "end", "claimant", "part_of", "published")):
        table.loc[bad[i::5], column] = [f"bad-{row}" for row in bad[i::5]]
    table.to_csv(tmp_path / "million.csv", index=False)
    ran = run_python("-c", MEASURE, str(tmp_path / "million.csv"), str(folder))
    first, measured = ran.stdout.splitlines()
    seconds, gigabytes = map(float, measured.split())
    assert "1,000 problems" in first
    assert seconds < 60
    assert gigabytes < 2
