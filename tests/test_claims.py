"""Good tables: what is filled in, and what a reading leaves unchanged."""

import datetime as dt
import io
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossmodel.claims import Claims, load_claims, write_claims
from lossmodel.claims.summary import describe
from lossmodel.conflict import Conflict, load_conflict
from lossmodel.errors import UsageError
from lossmodel.tables.schema import CLAIMS
from tests.small_conflict import COLUMNS, ROWS, changed, claims_csv, write_conflict


@pytest.fixture(scope="module")
def sea(tmp_path_factory) -> Conflict:
    return load_conflict(write_conflict(tmp_path_factory.mktemp("folder") / "sea"))


@pytest.fixture
def read(sea, tmp_path):
    """Read the text or bytes of a claims table."""

    def read(data: str | bytes) -> Claims:
        path = tmp_path / "claims.csv"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return load_claims(path, conflict=sea)

    return read


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_columns_stand_in_order_with_their_types(read):
    table = read(claims_csv()).table
    assert list(table) == [*COLUMNS, "row"]
    forms = {"date": "datetime64[ns]", "number": "float64", "flag": "bool"}
    for field in CLAIMS:
        if field.form in forms:
            assert table[field.name].dtype == forms[field.form]
        else:
            assert table[field.name].map(type).eq(str).all()
    assert table["row"].tolist() == [2, 3, 4, 5, 6]
    assert table.index.equals(pd.RangeIndex(5))


def test_what_may_stand_empty_is_filled(read):
    table = read(claims_csv()).table.set_index("claim_id")
    assert table.loc["total", "start"] == day("2001-01-01")
    assert table.loc["total", "known"] == table.loc["total", "published"] == day("2001-01-31")
    assert table.loc["day", "known"] == day("2001-01-06")
    assert table["published_inferred"].to_dict() == {name: name == "total" for name in table.index}
    assert table.loc["day", "scope"] == "all"
    assert table.loc["day", "qualifier"] == "exact"


FILLED = [
    ({"known": "2001-02-03"}, "2001-02-03", "2001-02-03"),
    ({"published": "2001-02-03"}, "2001-01-31", "2001-02-03"),
    (
        {"kind": "stock", "category": "missing", "published": "2001-02-03"},
        "2001-02-03",
        "2001-02-03",
    ),
    ({"kind": "period", "start": "2001-01-02"}, "2001-01-31", "2001-01-31"),
    ({"kind": "period", "start": "2001-01-02", "known": "2001-02-03"}, "2001-02-03", "2001-02-03"),
]


@pytest.mark.parametrize(("cells", "known", "published"), FILLED)
def test_known_and_published_fill_each_other(read, cells, known, published):
    row = read(claims_csv(changed(1, **cells))).table.iloc[1]
    assert (row["known"], row["published"]) == (day(known), day(published))
    assert row["published_inferred"] == ("published" not in cells)


def test_only_a_stock_may_have_no_start(read):
    table = read(claims_csv(changed(1, kind="stock", category="captured"))).table
    assert table["start"].isna().tolist() == [False, True, False, False, False]


def test_a_correction_may_be_negative(read):
    table = read(claims_csv(changed(1, kind="correction", start="2001-01-03", value="-50"))).table
    assert table.loc[1, "value"] == -50


def test_limits_that_only_repeat_the_value_are_dropped(read):
    table = read(claims_csv(changed(0, low="120", high="120.0"))).table
    assert np.isnan(table.loc[0, ["low", "high"]].to_numpy(dtype=float)).all()


def test_an_address_is_its_own_source(read):
    assert read(claims_csv(changed(0, source="https://example.org/9"))).table.loc[0, "source"]


def test_sources_are_free_without_a_table_of_them(tmp_path):
    folder = write_conflict(
        tmp_path, sources=None, streams=None, claims=claims_csv(changed(0, source="a book, p. 7"))
    )
    assert load_claims(conflict=folder).table.loc[0, "source"] == "a book, p. 7"


def test_columns_with_a_default_may_be_missing(read):
    needed = [field.name for field in CLAIMS if field.column]
    table = read(claims_csv(ROWS[:2], columns=needed)).table
    assert list(table) == [*COLUMNS, "row"]


def test_other_columns_are_passed_over_with_a_note(read):
    claims = read(claims_csv(columns=["checked_by", *COLUMNS]))
    assert list(claims.table) == [*COLUMNS, "row"]
    assert claims.notes == ("column checked_by of claims.csv is not part of the format",)
    assert "checked_by" in describe(claims)


def same(a: Claims, b: Claims) -> None:
    pd.testing.assert_frame_equal(a.table.drop(columns="row"), b.table.drop(columns="row"))


VARIANTS = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "no last line end": lambda text: text.rstrip("\n").encode(),
    "blank lines": lambda text: text.replace("\n", "\n\n").encode(),
    "empty cells at the end": lambda text: text.replace("\n", ",,\n").encode(),
    "blanks around cells": lambda text: text.replace(",", " , ").encode(),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_way_a_file_is_written_does_not_matter(read, variant):
    plain = claims_csv(changed(2, note="words"))
    same(read(plain), read(VARIANTS[variant](plain)))


def test_standard_input_and_tables_in_memory_are_read_alike(sea, read, monkeypatch):
    text = claims_csv()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    from_file = read(text)
    same(load_claims("-", conflict=sea), from_file)
    same(load_claims(pd.read_csv(io.StringIO(text)), conflict=sea), from_file)
    same(load_claims(from_file.table, conflict=sea), from_file)


def test_hashes_name_the_claims_and_the_conflict(sea, read):
    claims = read(claims_csv())
    assert claims.sha256 == sea.sha256 | {"claims.csv": claims.sha256["claims.csv"]}
    assert claims.sha256["claims.csv"] != read(claims_csv(ROWS[:2])).sha256["claims.csv"]


def test_a_selection_keeps_the_rest(read):
    claims = read(claims_csv())
    chosen = claims.select(claims.table["claimant"] == "sea-staff")
    assert len(claims) == 5
    assert chosen.table["claim_id"].tolist() == ["day", "total", "sector"]
    assert chosen.table.index.equals(pd.RangeIndex(3))
    assert chosen.sha256 == claims.sha256


def test_a_description_fits_on_a_screen(read):
    text = describe(read(claims_csv()))
    assert len(text.splitlines()) <= 16
    for words in (
        "5 in",
        "2001-01-01 to 2001-03-31",
        "sea-staff 3",
        "range 1",
        "relays     1 (20%)",
    ):
        assert words in text


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
counts = st.one_of(st.integers(0, 10**9), st.floats(0, 1e9)).map(repr)


@st.composite
def claims_rows(draw) -> list[dict[str, str]]:
    """Rows of good claims of every kind and qualifier."""
    rows = []
    for i in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["daily", "period", "average", "cumulative", "stock"]))
        days = sorted(draw(st.lists(st.integers(0, 900), min_size=4, max_size=4)))
        start, end, known, published = (
            str(dt.date(2001, 1, 1) + dt.timedelta(days[0 if j == 1 and kind == "daily" else j]))
            for j in range(4)
        )
        row = {
            "claim_id": f"claim-{i}",
            "claimant": draw(st.sampled_from(["sea-staff", "land-staff", "gazette"])),
            "party": draw(st.sampled_from(["sea", "land", "land+guests", "villagers"])),
            "category": "missing"
            if kind == "stock"
            else draw(st.sampled_from(["killed", "tanks"])),
            "kind": kind,
            "start": "" if kind == "stock" else start,
            "end": end,
            "known": draw(st.sampled_from(["", known])),
            "published": published,
            "published_inferred": draw(st.sampled_from(["", "true", "no"])),
            "qualifier": draw(st.sampled_from(["", "exact", "about", "at-least", "range"])),
            "note": draw(words),
        }
        if row["qualifier"] == "range":
            low = draw(st.integers(0, 10**6))
            row |= {"low": str(low), "high": str(low + draw(st.integers(1, 1000)) / 8)}
        else:
            row["value"] = draw(counts)
        rows.append(row)
    return rows


laws = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@laws
@given(rows=claims_rows(), chance=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(read, rows, chance):
    table = read(claims_csv(rows)).table
    shuffled = chance.sample(rows, len(rows))
    again = read(claims_csv(shuffled)).table.set_index("claim_id").loc[table["claim_id"]]
    pd.testing.assert_frame_equal(
        table.drop(columns="row"), again.reset_index().drop(columns="row")
    )


@laws
@given(rows=claims_rows())
def test_what_is_written_is_read_back_the_same(sea, read, tmp_path, rows):
    claims = read(claims_csv(rows))
    write_claims(claims, tmp_path / "again.csv")
    again = load_claims(tmp_path / "again.csv", conflict=sea)
    same(claims, again)
    write_claims(again, tmp_path / "third.csv")
    assert (tmp_path / "third.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert not list(tmp_path.glob("*.unfinished"))


def test_shipped_claims_are_written_and_read_back_the_same(tmp_path):
    claims = load_claims()
    write_claims(claims, tmp_path / "again.csv")
    same(claims, load_claims(tmp_path / "again.csv", conflict=claims.conflict))


def test_a_folder_given_as_a_table_names_the_option_for_it(tmp_path):
    with pytest.raises(UsageError, match="is a folder.*--conflict DIR"):
        load_claims(tmp_path)
