"""Tables as analysts hold them: each kind comes in right, or is refused with the cell or option.

All tables and figures here are made up for these tests, in the shapes of public files.
"""

import datetime as dt
import io
import json
import random
import re
import shlex
import zipfile
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossmodel.conflict.conflict import load_conflict
from lossmodel.errors import ClaimsError, LossModelError, UsageError
from lossmodel.importers import Hints, Imported, keys, parse_column, read_any, read_columns
from lossmodel.importers.columns import ColumnMap
from lossmodel.importers.dates import guess_dates
from lossmodel.importers.json_reader import is_json, json_grid
from lossmodel.importers.numbers import guess_numbers
from lossmodel.importers.releases import ucdp_release
from tests.small_conflict import write_conflict

WAR = {"party": "russia", "category": "killed"}
OURS = {**WAR, "claimant": "ru-mod"}


def read(folder, text: str | bytes, name: str = "own.csv", *, column=(), **options) -> Imported:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    columns = ColumnMap(dict(map(parse_column, column)))
    return read_any([path], Hints(**{**WAR, "columns": columns, **options}))


def claims(imported: Imported, *columns: str) -> list[tuple]:
    """Some columns of the claims, days without their year, `None` for no number."""
    table = imported.claims[list(columns)].copy()
    for name in {"start", "end", "published"} & set(columns):
        table[name] = table[name].str[5:]
    rows = table.itertuples(index=False, name=None)
    return [tuple(None if cell != cell else cell for cell in row) for row in rows]


@pytest.fixture(autouse=True, scope="module")
def _conflict_read_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "load_conflict", cache(load_conflict))
        yield


# --- headings ----------------------------------------------------------------------------------


def test_headings_that_are_categories(tmp_path):
    text = "date,killed,wounded,total\n2023-02-01,11,20,31\n2023-02-02,13,24,37\n"
    with pytest.raises(UsageError, match="'killed' is a category.*--claimant"):
        read(tmp_path, text)
    imported = read(tmp_path, text, claimant="ru-mod", kind="cumulative")
    assert claims(imported, "claimant", "category", "value") == [
        ("ru-mod", "killed", 11), ("ru-mod", "killed", 13),
        ("ru-mod", "wounded", 20), ("ru-mod", "wounded", 24),
    ]  # fmt: skip
    assert dict(imported.left_out[["what", "why"]].to_numpy())["column total"].startswith("the sum")


def test_headings_that_are_parties(tmp_path):
    text = "date,Ukraine,Russian losses\n2023-02-01,11,20\n2023-02-02,13,24\n"
    with pytest.raises(UsageError, match="'Ukraine' is a party.*--claimant"):
        read(tmp_path, text)
    imported = read(tmp_path, text, claimant="nato", kind="cumulative")
    assert claims(imported, "party", "category", "value") == [
        ("ukraine", "killed", 11), ("ukraine", "killed", 13),
        ("russia", "losses", 20), ("russia", "losses", 24),
    ]  # fmt: skip


def test_headings_that_are_limits(tmp_path):
    text = "date,max,best,min\n2023-02-01,30,20,10\n2023-02-02,33,23,13\n2023-02-03,9,,9\n"
    with pytest.raises(UsageError, match="limits of one figure.*--claimant"):
        read(tmp_path, text)
    imported = read(tmp_path, text, claimant="nato", kind="daily")
    assert claims(imported, "value", "low", "high", "qualifier") == [
        (20, 10, 30, "range"), (23, 13, 33, "range"), (9, None, None, "exact"),
    ]  # fmt: skip
    with pytest.raises(ClaimsError, match=r"row 2, best: found '50', '10', '30'.*low <= best <= h"):
        read(tmp_path, text.replace("30,20,10", "30,50,10"), claimant="nato")


@pytest.mark.parametrize("heading", ["", "Unnamed: 0", "#", "row", "№"])
def test_row_numbers_are_no_claimant(tmp_path, heading):
    rows = "".join(f"{i},2023-02-0{i + 1},{100 + 9 * i}\n" for i in range(3))
    imported = read(tmp_path, f"{heading},date,ua-mod\n{rows}", kind="cumulative")
    assert claims(imported, "claimant", "value") == [("ua-mod", 100 + 9 * i) for i in range(3)]
    assert imported.left_out["why"].tolist() in (["row numbers"], ["a row number"])


def test_ids_coordinates_and_measures_are_no_claims(tmp_path):
    text = (
        "event_no,date,lat,longitude,population,temp,killed,killed_children,source_url\n"
        "71,2023-02-01,48.123,37.551,9000,-4,3,1,https://example.org/a\n"
        "72,2023-02-02,48.223,37.651,9100,2,5,0,https://example.org/b\n"
    )
    imported = read(tmp_path, text, claimant="nato", kind="daily")
    assert claims(imported, "claimant", "value", "source") == [
        ("nato", 3, "https://example.org/a"), ("nato", 5, "https://example.org/b"),
    ]  # fmt: skip
    left = " ".join(imported.left_out["what"])
    for name in ("event_no", "lat", "longitude", "population", "temp", "killed_children"):
        assert name in left


def test_an_unknown_column_of_figures_beside_one_claimant_is_asked_about(tmp_path):
    text = "date,alpha,beta\n2023-02-01,1,5\n2023-02-02,2,7\n"
    with pytest.raises(UsageError, match="'alpha', 'beta'.*--column"):
        read(tmp_path, text, claimant="nato")
    given = ("alpha=value,party=russia", "beta=value,party=ukraine")
    imported = read(tmp_path, text, claimant="nato", column=given, kind="cumulative")
    assert claims(imported, "party", "value") == [
        ("russia", 1), ("russia", 2), ("ukraine", 5), ("ukraine", 7),
    ]  # fmt: skip


STATES = "country,equipment_type,destroyed,abandoned,captured,damaged,{total}{date}\n"


def test_states_of_equipment_are_no_claimants(tmp_path):
    rows = "Russia,Tanks,50,10,30,5,95,2022-04-05\nRussia,Tanks,53,10,31,5,99,2022-04-06\n"
    known = read(tmp_path, STATES.format(total="type_total,", date="Date") + rows)
    assert claims(known, "claimant", "category", "value") == [
        ("oryx", "tanks", 95), ("oryx", "tanks", 99),
    ]  # fmt: skip
    other = STATES.format(total="", date="day").replace("country", "side")
    rows = rows.replace(",95,", ",").replace(",99,", ",")
    with pytest.raises(UsageError, match="no column of figures"):
        read(tmp_path, other + rows, claimant="oryx")


def test_two_rows_of_headings(tmp_path):
    text = "x,Wounded,,Killed\nDate,nato,ru-mod,nato\n2023-02-01,4,5,6\n2023-02-02,7,8,9\n"
    imported = read(tmp_path, text.replace("x,", ",", 1), kind="cumulative")
    assert claims(imported, "claimant", "category", "value") == [
        ("nato", "wounded", 4), ("nato", "wounded", 7), ("ru-mod", "wounded", 5),
        ("ru-mod", "wounded", 8), ("nato", "killed", 6), ("nato", "killed", 9),
    ]  # fmt: skip


def test_titles_totals_footnotes_and_repeated_headers_are_no_rows(tmp_path):
    text = (
        "Enemy losses since January,\n(thousands of none),\ndate,nato\n2023-02-01,10\n"
        "date,nato\n2023-02-02,8\n2023-02-03,12\nGrand total,30\n"
        '"* Source: press, in part",\n'
    )
    imported = read(tmp_path, text)
    assert claims(imported, "value", "kind") == [(10, "daily"), (8, "daily"), (12, "daily")]
    left = dict(imported.left_out[["why", "rows"]].to_numpy())
    assert left == {"totals of other rows (row 8)": 1, "footnotes (row 9)": 1}


def test_a_party_that_is_all_is_no_total_where_there_is_no_other(tmp_path):
    text = "date,who,victims,dead\n2023-02-01,NATO,all,10\n2023-02-02,NATO,all,12\n"
    options = {"conflict": "", "party": "", "category": "", "column": ["victims=party"]}
    assert claims(read(tmp_path, text, **options, kind="cumulative"), "party", "value") == [
        ("all", 10),
        ("all", 12),
    ]
    # A conflict that has no such party says so.
    with pytest.raises(ClaimsError, match="row 2, victims: found 'all'; allowed: .*russia"):
        read(tmp_path, text, column=["victims=party"], party="")
    text += "2023-02-01,NATO,soldiers,7\n"
    mixed = read(tmp_path, text, kind="cumulative", **options)
    assert claims(mixed, "party", "value") == [("soldiers", 7)]
    assert mixed.left_out["why"].tolist() == ["totals of other rows (row 2, 3)"]


def test_a_table_of_which_all_rows_are_left_out_says_which_and_why(tmp_path):
    text = "date,who,victims,dead\n2023-02-01,Total,soldiers,10\n2023-02-02,NATO,all,12\n"
    options = {"party": "", "category": "", "column": ["victims=party"]}
    with pytest.raises(UsageError, match=r"left out are 2 rows: totals of other rows \(row 2, 3\)"):
        read(tmp_path, text, conflict="", **options)


def test_a_text_between_rows_is_an_error(tmp_path):
    with pytest.raises(ClaimsError, match="row 3, date: found 'Second part'"):
        read(tmp_path, "date,nato\n2023-02-01,10\nSecond part,\n2023-02-02,14\n")


# --- long tables and events --------------------------------------------------------------------


def test_a_long_table_with_foreign_headings(tmp_path):
    text = (
        "date,side,what,number,who,link\n"
        "2023-02-01,Russia,dead,over 150,NATO,https://example.org/1\n"
        "2023-02-03,Ukraine,Injured,90,Some Agency,https://example.org/2\n"
        "2023-02-04,Total,dead,999,NATO,https://example.org/2\n"
    )
    imported = read(tmp_path, text, kind="cumulative")
    assert claims(imported, "claimant", "party", "category", "value", "qualifier") == [
        ("nato", "russia", "killed", 150, "at-least"),
        ("some-agency", "ukraine", "wounded", 90, "exact"),
    ]
    assert imported.missing("claimants")["name"].tolist() == ["Some Agency"]


def test_options_take_the_names_that_cells_may_have(tmp_path):
    text = "date,a\n2023-02-01,11\n2023-02-02,13\n"
    named = {"party": "Russia", "category": "Dead", "claimant": "NATO"}
    whose = ",".join(f"{name}={text}" for name, text in named.items())
    for options in (named, {"column": [f"a=value,{whose}"], "party": "", "category": ""}):
        options = {"column": ["a=value"], **options}
        found = claims(
            read(tmp_path, text, **options, kind="cumulative"), "party", "category", "claimant"
        )
        assert set(found) == {("russia", "killed", "nato")}


def test_a_relay_is_of_a_claimant_of_the_conflict_or_of_the_table(tmp_path):
    text = """date,who,via,number
2023-02-01,A new paper,,900
2023-02-02,Other paper,A new paper,900
2023-02-03,Other paper,A new paper,910
2023-02-04,Other paper,"Ministry of defence of Russia, with its minister and general staff",920
"""
    found = claims(read(tmp_path, text, kind="cumulative"), "claimant", "via")
    assert sorted(found) == [
        ("a-new-paper", ""), ("other-paper", "a-new-paper"),
        ("other-paper", "a-new-paper"), ("other-paper", "ru-mod"),
    ]  # fmt: skip


def test_names_of_a_long_table_that_nobody_knows_are_named_once(tmp_path):
    text = "date,party,killed\n2023-02-01,Ruritania,5\n2023-02-02,Ruritania,6\n"
    with pytest.raises(ClaimsError, match=r"row 2, party: found 'Ruritania'.*\[names\]") as refused:
        read(tmp_path, text, claimant="nato")
    assert len(refused.value.problems) == 1
    (tmp_path / "map.toml").write_text('[columns]\n[names]\n"Ruritania" = "russia"\n')
    columns = read_columns(tmp_path / "map.toml")
    imported = read_any(
        [tmp_path / "own.csv"], Hints(claimant="nato", columns=columns, kind="cumulative")
    )
    assert claims(imported, "party", "value") == [("russia", 5), ("russia", 6)]


GED = (
    "id,relid,year,type_of_violence,side_a,side_b,latitude,longitude,date_prec,date_start,date_end,"
    "deaths_a,deaths_b,deaths_civilians,deaths_unknown,best,high,low\n"
    "8,R-1,2023,1,Government of Russia,Government of Ukraine,48.1,37.8,1,2023-03-02,2023-03-02,"
    "7,0,0,0,7,20,5\n"
    "9,R-2,2023,1,Government of Russia,Government of Ukraine,48.1,37.8,1,2023-03-09,2023-03-11,"
    "2,3,1,4,10,12,9\n"
    "10,R-3,2023,1,Government of Russia,Government of Ukraine,48.1,37.8,4,2023-04-01,2023-04-30,"
    "0,6,0,0,6,6,6\n"
)


def test_ged_by_sides_with_limits_where_all_the_dead_are_of_one(tmp_path):
    imported = read(tmp_path, GED, party="")
    found = claims(imported, "claimant", "party", "start", "end", "value", "low", "high")
    assert found == [
        ("ucdp-ged", "russia", "03-01", "03-31", 9, 7, 22),
        ("ucdp-ged", "russia", "04-01", "04-30", 0, None, None),
        ("ucdp-ged", "ukraine", "03-01", "03-31", 3, None, None),
        ("ucdp-ged", "ukraine", "04-01", "04-30", 6, None, None),
    ]
    assert set(imported.claims["kind"]) == {"period"}
    assert set(imported.missing("streams")["accounting"]) == {"list"}
    assert "deaths_unknown" in " ".join(imported.left_out["what"])
    assert len(imported.load()) == 4


def test_ged_of_one_party_is_that_side_or_all_the_dead(tmp_path):
    assert set(read(tmp_path, GED, party="ukraine").claims["party"]) == {"ukraine"}
    civil = claims(read(tmp_path, GED, party="ukraine-civilians"), "party", "value")
    assert civil == [("ukraine-civilians", 1), ("ukraine-civilians", 0)]
    whole = claims(read(tmp_path, GED, party="russia+north-korea"), "value", "low", "high")
    assert whole == [(17, 14, 32), (6, None, None)]


def test_acled(tmp_path):
    text = (
        "event_id_cnty,event_date,year,time_precision,event_type,actor1,inter1,actor2,latitude,"
        "longitude,fatalities,timestamp\n"
        "X1,04 February 2023,2023,1,Battles,A,8,B,48.1,37.8,4,1700000001\n"
        "X2,04 February 2023,2023,1,Battles,A,8,B,48.1,37.8,3,1700000001\n"
        "X3,14 March 2023,2023,1,Battles,A,8,B,48.1,37.8,0,1700000001\n"
    )
    found = claims(read(tmp_path, text), "claimant", "kind", "start", "end", "value")
    assert found == [
        ("acled", "period", "02-01", "02-28", 7), ("acled", "period", "03-01", "03-31", 0),
    ]  # fmt: skip
    by_day = read(tmp_path, text, by="day")
    assert claims(by_day, "kind", "start", "end", "value") == [
        ("daily", "02-04", "02-04", 7),
        ("period", "02-05", "03-14", 0),
    ]


ACLED = "event_date,actor1,fatalities,timestamp\n"


def test_days_without_an_event_of_a_set_are_in_a_window(tmp_path):
    text = GED + (
        "11,R-4,2023,1,Government of Russia,Government of Ukraine,48.1,37.8,1,2023-09-05,"
        "2023-09-05,0,2,0,0,2,2,2\n"
    )
    imported = read(tmp_path, text, party="")
    found = claims(imported, "party", "start", "end", "value", "note")
    none = "no event of the set from 2023-05-01 to 2023-08-31"
    assert [row for row in found if row[-1]] == [
        ("russia", "05-01", "09-30", 0, none), ("ukraine", "05-01", "09-30", 2, none),
    ]  # fmt: skip
    assert len(found) == 6
    said = "a set has all events that it found: 2 windows, the longest 2023-05-01 to 2023-08-31"
    assert said in " ".join(imported.notes)
    # Each day is in one window, so that no gap is filled by a guess.
    table = imported.load().table
    for _, own in table.groupby("party"):
        starts, ends = sorted(own["start"]), sorted(own["end"])
        assert starts[1:] == [day + pd.Timedelta(days=1) for day in ends[:-1]]


def test_a_month_that_another_party_has_in_a_longer_window_is_no_gap(tmp_path):
    """An event of two months made them one window of its party; the other party lost the second."""
    events = [
        ("R", "2023-01-05", "2023-01-05", 4), ("S", "2023-02-10", "2023-02-10", 7),
        ("S", "2023-02-27", "2023-03-02", 9), ("R", "2023-04-10", "2023-04-10", 5),
    ]  # fmt: skip
    text = GED.split("\n", 1)[0] + "\n"
    for n, (party, start, end, dead) in enumerate(events):
        text += f"{n},R-{n},2023,1,G,{party},48,37,1,{start},{end},0,{dead},0,0,9,9,9\n"
    columns = [
        "side_b=party",
        "deaths_b=value",
        *(
            f"{name}=ignore"
            for name in (
                "side_a",
                "deaths_a",
                "deaths_civilians",
                "deaths_unknown",
                "best",
                "high",
                "low",
            )
        ),
    ]
    options = {"party": "", "column": columns, "conflict": "", "category": "killed"}
    found = claims(read(tmp_path, text, **options), "party", "start", "end", "value")
    assert found == [
        ("r", "01-01", "01-31", 4), ("r", "02-01", "04-30", 5), ("s", "01-01", "04-30", 16),
    ]  # fmt: skip


def test_a_side_without_losses_for_long_has_the_days_of_the_set(tmp_path):
    text = "event_date,actor1,fatalities\n01 May 2023,A,3\n05 June 2023,B,2\n03 August 2023,A,1\n"
    options = {"party": "", "column": ["actor1=party"], "conflict": ""}
    found = claims(read(tmp_path, text, **options), "party", "start", "end", "value")
    assert found == [
        ("a", "05-01", "05-31", 3), ("a", "06-01", "08-31", 1), ("b", "05-01", "08-31", 2),
    ]  # fmt: skip


def test_an_event_without_a_figure_is_no_event_without_losses(tmp_path):
    text = "event_date,actor1,fatalities\n01 May 2023,A,3\n05 July 2023,A,\n03 October 2023,A,1\n"
    found = claims(read(tmp_path, text), "start", "end", "value")
    assert found == [("05-01", "06-30", 3), ("08-01", "10-31", 1)]


def test_a_set_is_published_and_known_on_the_day_of_its_last_upload(tmp_path):
    days = {"14 May 2023": 1_684_800_000, "03 July 2023": 1_689_000_000}  # 23 May, 10 July 2023
    text = ACLED + "".join(f"{day},A,3,{upload}\n" for day, upload in days.items())
    imported = read(tmp_path, text)
    found = claims(imported, "start", "end", "published", "known", "published_inferred")
    # The last month was not over.
    windows = [("05-01", "05-31"), ("06-01", "07-10")]
    assert found == [(*window, "07-10", "2023-07-10", "false") for window in windows]
    assert "figures are as the set was on 2023-07-10, the last upload" in " ".join(imported.notes)
    assert len(imported.load()) == 2


def test_a_set_that_does_not_say_its_date_is_of_the_last_day_that_it_counts(tmp_path):
    imported = read(tmp_path, GED, party="ukraine")
    found = claims(imported, "end", "published", "known", "published_inferred")
    assert found == [(end, "04-30", "2023-04-30", "true") for end in ("03-31", "04-30")]
    assert "2023-04-30, the last day that is counted (a guess)" in " ".join(imported.notes)


@pytest.mark.parametrize(
    ("name", "known", "published", "version"),
    [
        ("GEDEvent_v24_1.csv", "2024-03-19", "06-30", "24.1"),
        ("ged241.csv", "2024-03-19", "06-30", "24.1"),
        ("GEDEvent_v24_1-2.csv", "2024-03-19", "06-30", "24.1"),
        ("GEDEvent_v24_1 (1).csv", "2024-03-19", "06-30", "24.1"),
        ("GEDEvent_v24_1(1).csv", "2024-03-19", "06-30", "24.1"),
        ("GEDEvent_v24_1 2.csv", "2024-03-19", "06-30", "24.1"),
        ("GEDEvent_v24_1 - Copy.csv", "2024-03-19", "06-30", "24.1"),
        ("GEDEvent_v24_1-2024-07-15.csv", "2024-03-19", "06-30", "24.1"),
        ("ged 24 1.csv", "2024-03-19", "06-30", "24.1"),
        ("GED Events 24.1.csv", "2024-03-19", "06-30", "24.1"),
        ("ged-24-1.csv", "2024-03-19", "06-30", "24.1"),
        ("ged-23-0-4-2.csv", "2023-05-31", "05-31", "23.0.4"),
        ("GEDEvent_v23_0_4 (1).csv", "2023-05-31", "05-31", "23.0.4"),
        ("GEDEvent_v23_01_23_12.csv", "2024-01-31", "01-31", "23.01.23.12"),
        ("GEDEvent_v23_01_23_12-2.csv", "2024-01-31", "01-31", "23.01.23.12"),
    ],
)
def test_a_set_whose_file_has_a_version_is_as_it_was_then(
    tmp_path, name, known, published, version
):
    imported = read(tmp_path, GED, name, party="ukraine")
    found = claims(imported, "end", "published", "known", "published_inferred")
    assert found == [(end, published, known, "true") for end in ("03-31", "04-30")]
    (note,) = (note for note in imported.notes if note.startswith("figures are as the set was"))
    assert f"about {known}, and published about" in note
    assert f"as the name of the file says version {version}: " in note


@pytest.mark.parametrize(
    "name",
    [
        # Older than the events, of a number that is no year, of no month, of another set, to come.
        "GEDEvent_v22_1.csv", "GEDEvent_v5_0.csv", "GEDEvent_v23_0_13.csv", "staged24_1.csv",
        "GEDEvent_v23_0_2.csv", "GEDEvent_v24_2.csv", "GEDEvent_v22_01_23_12.csv",
        "GEDEvent_v99_1.csv", "GEDEvent_v99_0_3.csv", "ged 24 12.csv",
    ],
)  # fmt: skip
def test_a_version_that_cannot_be_that_of_the_events_says_nothing(tmp_path, name):
    imported = read(tmp_path, GED, name, party="ukraine")
    assert set(imported.claims["known"]) == {"2023-04-30"}
    assert "the last day that is counted (a guess)" in " ".join(imported.notes)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("GEDEvent_v24_1.csv", "2024-03-19"),
        ("GEDEvent_v23_0_12.csv", "2023-12-31"),
        ("GEDEvent_v23_01_23_11.csv", "2023-11-30"),
    ],
)
def test_a_version_is_believed_from_the_day_on_which_it_can_be(monkeypatch, name, first):
    day = dt.datetime.fromisoformat(f"{first}T12:00:00+00:00")
    for now, is_there in ((day - dt.timedelta(days=1), False), (day, True)):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", f"{now.timestamp():.0f}")
        assert (ucdp_release(name) is not None) is is_there


@pytest.mark.parametrize(
    ("name", "today", "known", "published"),
    [
        ("GEDEvent_v25_1.csv", "2025-05-02", "2025-03-19", "2025-05-02"),
        ("GEDEvent_v25_1.csv", "2025-07-01", "2025-03-19", "2025-06-30"),
        ("GEDEvent_v25_0_3.csv", "2025-04-20", "2025-04-20", "2025-04-20"),
        ("GEDEvent_v25_0_3.csv", "2025-05-01", "2025-04-30", "2025-04-30"),
    ],
)
def test_a_version_at_hand_was_published_by_today(monkeypatch, name, today, known, published):
    day = dt.datetime.fromisoformat(f"{today}T12:00:00+00:00")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", f"{day.timestamp():.0f}")
    release = ucdp_release(name)
    assert release is not None
    assert (str(release.known), str(release.published)) == (known, published)


def test_an_upload_of_an_event_is_better_than_the_name_of_its_file(tmp_path):
    text = GED.replace("date_end", "date_end,changed", 1)
    head, *rows = text.splitlines()
    at = head.split(",").index("changed")
    cells = [row.split(",") for row in rows]
    text = "\n".join([head, *(",".join([*c[:at], "2024-09-05", *c[at:]]) for c in cells)]) + "\n"
    column = ["changed=published"]
    imported = read(tmp_path, text, "GEDEvent_v24_1.csv", party="ukraine", column=column)
    found = claims(imported, "published", "known", "published_inferred")
    assert found == [("09-05", "2024-09-05", "false")] * 2


def test_days_without_a_row_of_any_other_table_are_left_open(tmp_path):
    text = "when,dead\n2023-02-01,3\n2023-02-20,5\n2023-06-09,2\n"
    imported = read(tmp_path, text, claimant="nato", by="month")
    assert claims(imported, "end", "value") == [("02-28", 8), ("06-30", 2)]
    assert (
        "are left open, as the table may lack some: 1 window, the longest 2023-03-01 to 2023-05-31 "
        "(if there was none, add a row of 0)" in " ".join(imported.notes)
    )


def test_iraq_body_count_and_windows_that_events_span(tmp_path):
    sea = str(write_conflict(tmp_path / "sea"))
    text = (
        "IBC code,Start Date,End Date,Location,Reported Minimum,Reported Maximum\n"
        "b1,03 Feb 2001,03 Feb 2001,Here,2,4\nb2,20 Feb 2001,02 Mar 2001,There,5,5\n"
        "b3,07 Jun 2001,07 Jun 2001,Here,1,1\n"
    )
    with pytest.raises(UsageError, match="all dates, 2001-02-03.*--conflict"):
        read(tmp_path, text)
    imported = read(tmp_path, text, conflict=sea, party="villagers")
    found = claims(imported, "start", "end", "value", "low", "high")
    assert found == [
        ("02-01", "03-31", None, 7, 9),
        ("04-01", "06-30", 1, None, None),
    ]


GAZA = [
    {"report_date": "2001-02-03", "report_source": "mohtel", "killed": 5, "killed_cum": 25,
     "injured_cum": 40, "ext_killed_cum": 25, "killed_children_cum": 9},
    {"report_date": "2001-02-04", "report_source": "gmotel", "killed": 6, "killed_cum": 31,
     "injured_cum": None, "ext_killed_cum": 31, "killed_children_cum": 11},
    {"report_date": "2001-02-05", "report_source": "missing", "ext_killed_cum": 31},
]  # fmt: skip


@pytest.mark.parametrize("form", ["json", "csv"])
def test_tech_for_palestine(tmp_path, form):
    sea = str(write_conflict(tmp_path / "sea"))
    table = pd.DataFrame(GAZA)
    text = json.dumps(GAZA) if form == "json" else table.to_csv(index=False)
    imported = read(tmp_path, text, f"own.{form}", conflict=sea, party="villagers", category="")
    assert claims(imported, "claimant", "category", "kind", "end", "value") == [
        ("gaza-media-office", "killed", "cumulative", "02-04", 31),
        ("gaza-ministry-of-health", "killed", "cumulative", "02-03", 25),
        ("gaza-ministry-of-health", "wounded", "cumulative", "02-03", 40),
    ]


def test_options_for_columns_with_quotes_in_their_headings_are_safe_in_a_shell(tmp_path):
    text = "when,the town's place,dead\n2023-02-01,A,3\n2023-02-01,B,3\n"
    with pytest.raises(ClaimsError) as refused:
        read(tmp_path, text, claimant="nato")
    words = shlex.split(str(refused.value).split("figure twice, give ")[1].removesuffix("."))
    assert words == ["--column", "the town's place=ignore"]
    given = [f"{name}=value,party=russia" for name in ("its dead", "army's dead")]
    with pytest.raises(UsageError) as twice:
        read(tmp_path, "when,its dead,army's dead\n2023-02-01,3,4\n", claimant="nato", column=given)
    words = shlex.split(str(twice.value).split("Leave one out with ")[1].split(", or say")[0])
    assert words == ["--column", "army's dead=ignore"]


def test_events_of_any_table_are_summed_if_asked_for(tmp_path):
    text = "when,where,dead\n2023-02-01,A,3\n2023-02-01,B,at least 5\n2023-02-09,A,2\n"
    with pytest.raises(ClaimsError, match=r"row 3, dead: found .* row 2, dead has '3'.*--by day"):
        read(tmp_path, text, claimant="nato")
    imported = read(tmp_path, text, claimant="nato", by="week")
    assert claims(imported, "start", "end", "value", "qualifier") == [
        ("01-30", "02-05", 8, "at-least"), ("02-06", "02-12", 2, "exact"),
    ]  # fmt: skip


# --- days and windows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["20230224", "20230225"], ["02-24", "02-25"]),
        (["24-Feb-23", "25-Feb-23"], ["02-24", "02-25"]),
        (["February 24, 2023", "Feb. 25, 2023"], ["02-24", "02-25"]),
        (["44981", "44982.5"], ["02-24", "02-25"]),
        (["2/24/2023 0:00", "2/25/2023 0:00"], ["02-24", "02-25"]),
        (["24.02.23", "25.02.23"], ["02-24", "02-25"]),
        (["2023-02-24", "25/02/2023"], ["02-24", "02-25"]),
        (["24 лютого 2023 р.", "25 лютого 2023"], ["02-24", "02-25"]),
        (["24 февраля 2023 года", "25 февраля 2023 г."], ["02-24", "02-25"]),
        (["24. Februar 2023", "24. März 2023"], ["02-24", "03-24"]),
        (["24 de febrero de 2023", "1 août 2023"], ["02-24", "08-01"]),
        (["Fri, 24 Feb 2023", "Saturday 25 February 2023"], ["02-24", "02-25"]),
        (["2023-02-23T22:00:00Z", "2023-03-26T21:00:00Z"], ["02-24", "03-27"]),
        (["2023-02-24T22:15:00Z", "2023-02-25T06:40:00Z"], ["02-24", "02-25"]),
        # Midnight in Nepal; no clock of the world has it half an hour or an hour and a half ahead.
        (["2023-02-23T18:15:00Z", "2023-02-24T18:15:00Z"], ["02-24", "02-25"]),
        (["2023-02-23T23:30:00Z", "2023-02-24T23:30:00Z"], ["02-23", "02-24"]),
        (["2023-02-23T22:30:00Z", "2023-02-24T22:30:00Z"], ["02-23", "02-24"]),
        (["٢٣ شباط ٢٠٢٣", "١ مايو ٢٠٢٣"], ["02-23", "05-01"]),
        (["٢ آب ٢٠٢٣", "٣ تشرين الأول ٢٠٢٣"], ["08-02", "10-03"]),
        (["2 تشرين الثاني 2023", "3 كانون الأول 2023"], ["11-02", "12-03"]),
        (["٢٣ فبراير ٢٠٢٣", "١ أغسطس ٢٠٢٣"], ["02-23", "08-01"]),
        (["٢٣/٠٢/٢٠٢٣", "٢٠٢٣-٠٣-٠١"], ["02-23", "03-01"]),
        (["۲۳ فوریه ۲۰۲۳", "۱ اوت ۲۰۲۳"], ["02-23", "08-01"]),
        (["23 בפברואר 2023", "1 באוגוסט, 2023"], ["02-23", "08-01"]),
        (["23 בינואר 2023", "2 ב-מאי 2023"], ["01-23", "05-02"]),
        (["2023年2月24日", "2023年10月5日"], ["02-24", "10-05"]),
        (["2023 年 2 月 24 日（星期五）", "2023年2月25号"], ["02-24", "02-25"]),
        (["2023년 2월 24일", "2023년 2월 25일"], ["02-24", "02-25"]),
        (["1677196800", "1677283200"], ["02-24", "02-25"]),
        (["24/02/23", "25/02/23"], ["02-24", "02-25"]),
        (["24th of February 2023", "2023-W08-6"], ["02-24", "02-25"]),
    ],
)
def test_forms_of_days(tmp_path, cells, days):
    for order in (cells, cells[::-1]):
        rows = "".join(f'"{cell}",{10 + cells.index(cell)}\n' for cell in order)
        found = read(tmp_path, f"date,ru-mod\n{rows}", kind="cumulative")
        assert claims(found, "end", "value") == [(day, 10 + i) for i, day in enumerate(days)]


def test_a_figure_below_zero_is_asked_to_be_a_correction(tmp_path):
    rows = ["2023-02-01,12", "2023-02-02,9", "2023-02-03,-4", "2023-02-04,15"]
    with pytest.raises(ClaimsError, match="found '-4'.*correction in its row of a column kind"):
        read(tmp_path, "\n".join(["date,nato", *rows]) + "\n", kind="daily")
    kinds = ["daily", "daily", "correction", "daily"]
    text = "\n".join(["date,nato,kind", *map(",".join, zip(rows, kinds, strict=True))]) + "\n"
    found = claims(read(tmp_path, text), "kind", "value")
    assert ("correction", -4) in found
    # What has no number behind its sign is no correction.
    with pytest.raises(ClaimsError) as refused:
        read(tmp_path, "date,nato\n2023-02-01,12\n2023-02-02,-x\n2023-02-03,9\n", kind="daily")
    assert "correction" not in str(refused.value)


def test_rows_of_several_kinds_are_told_of_the_column_that_says_it(tmp_path):
    rows = "2023-02-01,12\n2023-02-02,9\n2023-02-03,210\n2023-02-04,225\n2023-02-05,232\n"
    with pytest.raises(UsageError, match="of several kinds.*column kind: daily, cumulative"):
        read(tmp_path, f"date,killed\n{rows}", claimant="nato", category="")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["32/05/2023", "2023-02-30"], "row 2, column day is none: '32/05/2023' is no day of the"),
        (["1 mai", "2 mai"], "row 2, column day is none: '1 mai' has no year"),
        (["", "5.6."], "row 3, column day is none: '5.6.' has no year"),
        # No word that may be a name is shown.
        (["7 Quux", "8 Quux"], "row 2, column day is none."),
    ],
)
def test_days_of_no_calendar_are_named_with_their_row(tmp_path, cells, said):
    text = "day,note,nato\n" + "".join(f"{cell},x,5\n" for cell in cells)
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)
    assert "Quux" not in str(refused.value)


def test_a_day_without_its_year_is_told_to_have_one(tmp_path):
    text = "day,nato\n2023-02-01,5\n3 mai,6\n"
    with pytest.raises(ClaimsError, match="row 3, day: found '3 mai'.*Add the year"):
        read(tmp_path, text, kind="daily")
    with pytest.raises(ClaimsError, match="found '2023-02-30'.*Correct or remove the row"):
        read(tmp_path, text.replace("3 mai", "2023-02-30"), kind="daily")


def test_days_before_a_war_that_goes_on_name_no_last_day(tmp_path):
    with pytest.raises(UsageError, match="which is from 2022-02-24 on.*new one begins with"):
        read(tmp_path, "date,nato\n2021-02-01,5\n2021-02-02,9\n", kind="daily")


def test_weeks_in_french_begin_on_the_day_that_is_written(tmp_path):
    found = read(tmp_path, "semaine du,nato\n6 février 2023,5\n13 février 2023,4\n")
    assert claims(found, "start", "end", "kind")[0] == ("02-06", "02-12", "period")


def test_civilians_in_records_are_named_with_the_option_that_reads_them(tmp_path):
    rows = [
        {"date": f"2023-02-0{i}", "deaths": {"military": 10 * i, "civilian": i}}
        for i in range(1, 7)
    ]
    imported = read(tmp_path, json.dumps(rows), "own.json", claimant="nato", kind="cumulative")
    [why] = imported.left_out["why"]
    assert why == (
        "civilians are a party: --column 'deaths.civilian=value,party=...,category=killed' reads it"
    )
    column = ["deaths.civilian=value,party=ukraine-civilians,category=killed"]
    options = {"claimant": "nato", "kind": "cumulative", "column": column}
    imported = read(tmp_path, json.dumps(rows), "own.json", **options)
    assert set(imported.claims["party"]) == {"russia", "ukraine-civilians"}


WIKI = """{| class="wikitable sortable"
|+ Losses (thousands)
! rowspan="2" | Date !! colspan=2 | Killed<ref name=x>A note | 5</ref>
|-
! [[Russia|Russians]] !! '''Ukraine'''
|- style="x"
| {{nowrap|1 May 2023}} || align=right | {{formatnum:1.2}}<ref name="y"/> || 1.5 <!-- later -->
|-
| 3 May 2023
| data-sort-value="9" | 2.1
| [https://example.org 2.5]
|}
{| class="other"
| not | read
|}
"""
HTML = """<!DOCTYPE html><html><head><style>td { x: 1 }</style></head><body><p>A page</p>
<table><tr><td>Menu</td></tr></table>
<table><caption>Losses (thousands)</caption>
<tr><th rowspan=2>Date<th colspan="2">Killed<sup>[1]</sup></tr>
<tr><th>Russia</th><th><a href="x">Ukraine</a></th></tr>
<tr><td>1&nbsp;May 2023<td>1.2<td>1.5
<tr><td>3 May 2023</td><td>2.1</td><td><b>2</b>.5</td></tr>
<tr><td colspan=3>Source: a &lt;page&gt;</td></tr>
</table><table><tr><td>1<tr><td>2</table></body></html>"""


@pytest.mark.parametrize("text", [WIKI, HTML])
def test_a_table_of_a_page_is_read_with_its_merged_cells(tmp_path, text):
    imported = read(tmp_path, text, party="", category="", claimant="nato", kind="cumulative")
    assert claims(imported, "party", "category", "end", "value") == [
        ("russia", "killed", "05-01", 1200),
        ("russia", "killed", "05-03", 2100),
        ("ukraine", "killed", "05-01", 1500),
        ("ukraine", "killed", "05-03", 2500),
    ]


TEMPLATES = """{| class="wikitable"
! Date !! Claimant !! Killed
|-
| 12 July 2023{{efn|name=a|The 2nd wave}} || IDF || 8{{efn|Later, see [[X|list of 12]].}}
|-
| {{dts|2023|7|14}} || {{flagicon|Israel}} IDF || {{nowrap|1=1,200}}{{efn-ua|group=n|1=On 15 July}}
|-
| {{dts|2023|July|16}} || [[Israel Defense Forces|IDF]]{{refn|x}} || {{circa|1,300}}{{sfn|S|2006}}
|-
| {{dts|17 July 2023}} || {{nowrap|[[Israel|IDF]]}}{{r|A}} || {{abbr|1,400|radio}}{{cn|date=May}}
|-
| 18&nbsp;July 2023{{efn|{{harvnb|Smith|2006}} has [[A|B]]}} || IDF || 1,500{{#tag:ref|x|group=n}}
|}
"""


def test_templates_of_a_wiki_are_read_as_it_shows_them(tmp_path):
    imported = read(tmp_path, TEMPLATES, category="", conflict="", kind="cumulative")
    assert claims(imported, "claimant", "end", "value", "qualifier") == [
        ("idf", "07-12", 8, "exact"),
        ("idf", "07-14", 1200, "exact"),
        ("idf", "07-16", 1300, "about"),
        ("idf", "07-17", 1400, "exact"),
        ("idf", "07-18", 1500, "exact"),
    ]


@pytest.mark.parametrize(
    "heading",
    ["killed in last 24h", "killed in past 24 hours", "deaths (last 24 hrs)", "new deaths (24h)",
     "martyrs in the past 24 hours", "Killed over the previous day",
     "Tote in den letzten 24 Stunden",
     "muertos en las ultimas 24 horas", "убито за последние сутки", "загинуло за останні 24 години",
     "killed_last_24h"],
)  # fmt: skip
def test_counts_of_the_last_day_are_new_counts(tmp_path, heading):
    rows = "".join(f"2023-02-0{day},{10 + day},{100 + 12 * day}\n" for day in range(1, 8))
    imported = read(tmp_path, f"date,{heading},total killed\n{rows}", claimant="nato", category="")
    assert claims(imported, "kind", "category", "value") == [
        *(("daily", "killed", 10 + day) for day in range(1, 8)),
        *(("cumulative", "killed", 100 + 12 * day) for day in range(1, 8)),
    ]


@pytest.mark.parametrize(
    ("cell", "value", "qualifier"),
    [
        ("722人", 722, "exact"), ("约200", 200, "about"), ("200余人", 200, "at-least"),
        ("大约200名", 200, "about"), ("超过1,200人", 1200, "at-least"),
        ("1200多人", 1200, "at-least"),
        ("1.3万人", 13_000, "exact"), ("至少2万", 20_000, "at-least"),
        ("不超过300人", 300, "at-most"),
        ("200人以上", 200, "at-least"), ("200人左右", 200, "about"), ("כ-200", 200, "about"),
        ("יותר מ-200", 200, "at-least"), ("לפחות 200", 200, "at-least"), ("עד 300", 300, "at-most"),
        ("722 people", 722, "exact"), ("более 722 чел.", 722, "at-least"),
        ("ca. 1.146", 1146, "about"),
    ],
)  # fmt: skip
def test_figures_in_the_words_of_other_scripts(tmp_path, cell, value, qualifier):
    rows = f'2023-02-01,"{cell}"\n2023-02-02,90\n'
    imported = read(tmp_path, f"date,nato\n{rows}", kind="daily")
    assert claims(imported, "value", "qualifier")[0] == (value, qualifier)


@pytest.mark.parametrize("cell", ["7月18日", "18 ביולי", "7월 18일"])
def test_a_day_without_a_year_is_named_in_any_script(tmp_path, cell):
    with pytest.raises(ClaimsError, match=f"row 3, date: found '{cell}'.*Add the year"):
        read(tmp_path, f"date,nato\n2023-02-01,5\n{cell},7\n", kind="cumulative")


def test_windows_between_two_days_in_chinese(tmp_path):
    text = "date,nato\n2023年2月1日至2023年2月7日,5\n2023年2月8日～2023年2月14日,7\n"
    found = claims(read(tmp_path, text, kind="period"), "start", "end", "value")
    assert found == [("02-01", "02-07", 5), ("02-08", "02-14", 7)]


def test_a_range_in_chinese(tmp_path):
    imported = read(tmp_path, "date,nato\n2023-02-01,20至30人\n", kind="daily")
    assert claims(imported, "low", "high") == [(20, 30)]


def test_a_footnote_of_a_heading_is_no_word_of_it(tmp_path):
    text = "date,Russia killed[1],Ukraine killed*\n2023-02-01,5,7\n2023-02-02,9,8\n"
    imported = read(tmp_path, text, party="", category="", claimant="nato", kind="daily")
    assert claims(imported, "party", "value")[0] == ("russia", 5)


def test_a_cell_beside_several_rows_stands_in_each(tmp_path):
    text = (
        "<table><tr><th>date<th>party<th>killed<tr><td rowspan=2>2023-02-01<td>Russia<td>5"
        "<tr><td>Ukraine<td>6<tr><td>2023-02-02<td rowspan=9>Russia<td>7<tr><td>2023-02-03<td>8"
        "</table>"
    )
    imported = read(tmp_path, text, party="", category="", claimant="nato", kind="daily")
    found = claims(imported, "party", "end", "value")
    assert found == [
        ("russia", "02-01", 5),
        ("russia", "02-02", 7),
        ("russia", "02-03", 8),
        ("ukraine", "02-01", 6),
    ]
    given = {"party": "", "category": "", "claimant": "nato", "kind": "daily"}
    with pytest.raises(ClaimsError, match="row 3, killed: found 'many'"):
        read(tmp_path, text.replace("<td>6", "<td>many"), **given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html><body><p>Nothing</p><table><tr><td>x</table></body></html>", "without a table of"),
        ("<?xml version='1.0'?><data/>", "HTML or XML without a table"),
        ("<table><tr><td colspan=9999>x<tr><td>y</table>", "more than 2,000 columns"),
        ("<table><tr><td>a<td rowspan=3>b<tr><td colspan=2>x<td>y</table>", "row 2 has 3 cells"),
        ("{|\n| a\n", "contains no table"),
    ],
)
def test_pages_without_a_table_are_refused(tmp_path, text, said):
    with pytest.raises(UsageError, match=said):
        read(tmp_path, text)


def test_a_table_in_arabic_is_read(tmp_path):
    text = (
        "التاريخ,الطرف,الفئة,العدد,المصدر\n٣ مايو ٢٠٠١,الشمال,قتلى,١٬٢٠٠,الوزارة\n"
        "١٠ أيار ٢٠٠١,الشمال,قتلى,١٬٣٥٠,الوزارة\n١٧ آب ٢٠٠١,الشمال,جرحى,٤٠٠,الوزارة\n"
    )
    options = {"conflict": "", "party": "", "category": "", "kind": "cumulative"}
    found = claims(read(tmp_path, text, **options), "party", "category", "end", "value")
    assert found == [
        ("party-1", "killed", "05-03", 1200),
        ("party-1", "killed", "05-10", 1350),
        ("party-1", "wounded", "08-17", 400),
    ]


@pytest.mark.parametrize(
    ("heading", "cells", "windows"),
    [
        ("date", ["2023-02", "2023-03"], ["02-01 02-28", "03-01 03-31"]),
        ("month", ["Feb 2023", "Mar-23"], ["02-01 02-28", "03-01 03-31"]),
        ("місяць", ["лютий 2023", "березень 2023"], ["02-01 02-28", "03-01 03-31"]),
        ("week", ["2023-W09", "W10 2023"], ["02-27 03-05", "03-06 03-12"]),
        ("week_ending", ["2023-03-05", "2023-03-12"], ["02-27 03-05", "03-06 03-12"]),
        ("week commencing", ["2023-02-27", "2023-03-06"], ["02-27 03-05", "03-06 03-12"]),
        ("period", ["2023-02-27 to 2023-03-05", "2023-03-06/2023-03-12"],
         ["02-27 03-05", "03-06 03-12"]),
        ("quarter", ["2023Q1", "Q2 2023"], ["01-01 03-31", "04-01 06-30"]),
        ("year,month", ["2023,2", "2023,3"], ["02-01 02-28", "03-01 03-31"]),
        ("from,to", ["2023-02-27,2023-03-05", "2023-03-06,2023-03-12"],
         ["02-27 03-05", "03-06 03-12"]),
    ],
)  # fmt: skip
def test_windows(tmp_path, heading, cells, windows):
    rows = "".join(f"{cell},{900 - 9 * i}\n" for i, cell in enumerate(cells))
    found = claims(read(tmp_path, f"{heading},nato\n{rows}"), "kind", "start", "end")
    assert [f"{start} {end}" for _, start, end in found] == windows
    assert {kind for kind, *_ in found} == {"period"}


def test_a_month_in_which_the_war_begins_is_cut_and_averages_stay_averages(tmp_path):
    text = "month,nato\n2022-02,800\n2022-03,700\n"
    found = read(tmp_path, text, kind="average")
    assert claims(found, "kind", "start", "end", "value") == [
        ("average", "02-24", "02-28", 800), ("average", "03-01", "03-31", 700),
    ]  # fmt: skip
    assert "windows cut to the days of the war: 1" in " ".join(found.notes)
    heading = read(tmp_path, text.replace("nato", "daily average (NATO)"))
    assert set(heading.claims["kind"]) == {"average"}


def test_days_that_could_be_either_are_decided_by_the_column_or_the_war(tmp_path):
    rows = "date,nato\n03/04/2022,5\n{},9\n"
    assert claims(read(tmp_path, rows.format("13/04/2022")), "end")[0] == ("04-03",)
    assert claims(read(tmp_path, rows.format("03/14/2022")), "end")[0] == ("03-04",)
    # 5 February 2022 is before the war, 2 May is in it.
    assert claims(read(tmp_path, rows.format("02/05/2022")), "end") == [("04-03",), ("05-02",)]
    with pytest.raises(UsageError, match=r"row 2, column date: '03/04/2022'.*--day-first"):
        read(tmp_path, rows.format("03/05/2022"))
    with pytest.raises(UsageError, match=r"row 2, column date: '22/03/24'.*begins with the year"):
        read(tmp_path, "date,nato\n22/03/24,5\n22/03/25,9\n")


def test_days_outside_the_war_are_errors_of_their_rows(tmp_path):
    text = "date,nato\n2/14/2023,5\n2/15/0203,7\n2/16/2032,9\n2/17/2023,9\n"
    with pytest.raises(ClaimsError, match="row 3, date: found '2/15/0203'"):
        read(tmp_path, text)


def test_figures_that_fall_and_are_months_apart_are_asked_about(tmp_path):
    text = "date,nato\n2023-01-31,9\n2023-02-28,7\n2023-03-31,8\n"
    with pytest.raises(UsageError, match="31 days apart.*--kind cumulative.*daily.*month"):
        read(tmp_path, text)
    found = read(tmp_path, text, column=["date=month"])
    assert claims(found, "kind", "start", "end")[1] == ("period", "02-01", "02-28")


def test_columns_of_one_table_are_as_the_one_that_falls(tmp_path):
    text = "date,killed,wounded\n2023-02-01,40,120\n2023-02-02,30,130\n2023-02-03,55,190\n"
    imported = read(tmp_path, text, claimant="nato", category="")
    assert imported.claims["kind"].tolist() == ["daily"] * 6
    assert any("those of other columns do" in note for note in imported.notes)
    said = read(tmp_path, text.replace("wounded", "wounded cumulative"), claimant="nato")
    assert set(claims(said, "category", "kind")) == {("killed", "daily"), ("wounded", "cumulative")}
    # Many rises beside a fall: one column may be running totals, so that nothing is guessed.
    days = [40, 30, 55, 20, 60, 50, 90]
    rows = "".join(f"2023-02-0{i + 1},{n},{100 + 9 * i}\n" for i, n in enumerate(days))
    with pytest.raises(UsageError, match="'wounded'.*fall in 0 of 6 steps.*other columns.*--kind"):
        read(tmp_path, f"date,killed,wounded\n{rows}", claimant="nato")


@pytest.mark.parametrize(("cells", "hidden"), [(20, 0), (21, 17)])
def test_all_wrong_cells_of_a_table_are_named_up_to_twenty(tmp_path, cells, hidden):
    # Most cells are figures, for the column to be one of figures.
    rows = [f"{day:%Y-%m-%d},{i}" for i, day in enumerate(pd.date_range("2023-01-01", periods=30))]
    wrong = [f"2023-03-{i + 1:02d},wrong {i}" for i in range(cells)]
    with pytest.raises(ClaimsError) as refused:
        read(tmp_path, "\n".join(["date,nato", *rows, *wrong]) + "\n")
    said = str(refused.value)
    assert [f"'wrong {i}'" in said for i in range(cells)].count(False) == hidden
    assert (f"rows 32, 33, 34, 35 and {hidden} more" in said) == bool(hidden)


@pytest.mark.parametrize(
    ("cell", "value", "qualifier", "note"),
    [
        ("400 (disputed)", 400, "exact", "disputed"),
        ("over 1.2 thousand [Reuters, AP]", 1200, "at-least", "Reuters, AP"),
        ("400 (at least)", 400, "at-least", ""),
        ("1.5 (thousand)", 1500, "exact", ""),
        ("300 (est.)", 300, "about", ""),
        *((f"{word} 4 100", 4100, "about", "") for word in ("ок.", "около", "c.", "ca.")),
    ],
)
def test_words_behind_a_figure_are_of_its_size_or_a_note(tmp_path, cell, value, qualifier, note):
    text = f'date,nato,note\n2023-02-01,"{cell}",\n2023-02-02,"{cell}",late\n'
    found = claims(read(tmp_path, text, kind="cumulative"), "value", "qualifier", "note")
    assert found == [
        (value, qualifier, note), (value, qualifier, f"late; {note}" if note else "late"),
    ]  # fmt: skip
    with pytest.raises(ClaimsError, match="row 2, nato"):
        read(tmp_path, "date,nato\n2023-02-01,400 (30 wounded)\n2023-02-02,5\n2023-02-03,6\n")


@pytest.mark.parametrize(
    "text",
    [
        "date,Killed (thousands)\n2023-02-01,1.2\n2023-02-02,2.1-2.5\n",
        'date,"Убито, тыс. чел."\n2023-02-01,1.2\n2023-02-02,2.1-2.5\n',
        "date,killed ('000)\n2023-02-01,1.2\n2023-02-02,2.1-2.5\n",
        "date,killed in thousands\n2023-02-01,1.2 thousand\n2023-02-02,2.1-2.5\n",
        "Table 3. Losses (in thousands)\ndate,killed\n2023-02-01,1.2\n2023-02-02,2.1-2.5\n",
        "Потери (тыс. человек),\ndate,killed\n2023-02-01,1.2\n2023-02-02,2.1-2.5\n",
        "Losses (millions)\ndate,killed (thousands)\n2023-02-01,1.2\n2023-02-02,2.1-2.5\n",
    ],
)
def test_a_unit_of_a_heading_or_title_multiplies_the_figures(tmp_path, text):
    imported = read(tmp_path, text, claimant="nato", category="", kind="cumulative")
    assert claims(imported, "category", "value", "low", "high") == [
        ("killed", 1200, None, None), ("killed", None, 2100, 2500),
    ]  # fmt: skip
    assert any("are multiplied by 1,000" in note for note in imported.notes)


def test_thousands_of_a_title_that_are_no_unit_multiply_nothing(tmp_path):
    text = "Thousands died here and in thousands of villages\ndate,killed\n2023-02-01,12\n"
    imported = read(tmp_path, text, claimant="nato", kind="cumulative")
    assert claims(imported, "value") == [(12,)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Losses of an army (population in millions)\ndate,killed\n2023-02-01,12\n", []),
        ("date,Killed in 1000 days\n2023-02-01,12\n", []),
        ("Потери (тыс. человек)\ndate,killed,tanks\n2023-02-01,0.5,12\n", ["people in"]),
        (
            'date,what,"number, thousands of men"\n2023-02-01,killed,0.5\n2023-02-01,tanks,12\n',
            ["people in"],
        ),
    ],
)
def test_a_unit_multiplies_what_it_is_of_alone(tmp_path, text, said):
    given = [] if "1000 days" not in text else ["Killed in 1000 days=value,category=killed"]
    options = {"claimant": "nato", "category": "", "kind": "cumulative", "column": given}
    imported = read(tmp_path, text, **options)
    found = dict(claims(imported, "category", "value"))
    assert found["killed"] == (500 if said else 12)
    assert found.get("tanks", 12) == 12
    notes = [note for note in imported.notes if "are multiplied by" in note]
    assert len(notes) == len(said)
    assert all(words in note for words, note in zip(said, notes, strict=True))


def test_a_unit_of_a_title_over_people_and_equipment_is_asked_about(tmp_path):
    text = "Losses (in thousands)\ndate,killed,tanks\n2023-02-01,1.2,12\n"
    options = {"claimant": "nato", "category": "", "kind": "cumulative"}
    asked = "a title gives a unit to figures of killed and of tanks.*'killed \\(thousands\\)'"
    with pytest.raises(UsageError, match=asked):
        read(tmp_path, text, **options)
    text = "Losses\ndate,killed (thousands),tanks\n2023-02-01,1.2,12\n"
    found = claims(read(tmp_path, text, **options), "category", "value")
    assert found == [("killed", 1200), ("tanks", 12)]


def test_a_letter_in_brackets_is_no_unit_of_a_cell(tmp_path):
    text = "date,killed (thousands)\n2023-02-01,0.5 (as of K)\n2023-02-02,0.7k\n"
    found = read(tmp_path, text, claimant="nato", category="", kind="cumulative")
    assert claims(found, "value", "note") == [(500, "as of K"), (700, "")]


@pytest.mark.parametrize(
    "cell",
    ["400 (million dollars)", "400 (no data)", "400 (unknown)", "3 [dozen]", "40 (percent)"],
)
def test_words_in_brackets_that_change_a_figure_are_refused(tmp_path, cell):
    with pytest.raises(ClaimsError, match="row 3, nato: found"):
        read(tmp_path, f"date,nato\n2023-02-01,1\n2023-02-02,{cell}\n", kind="daily")


def test_words_in_brackets_are_not_kept_where_they_may_name_persons(tmp_path):
    text = "date,place,killed\n2023-02-01,A,5 (Kowalski)\n2023-03-02,B,4\n"
    options = {"claimant": "nato", "category": "", "party": "russia"}
    events = read(tmp_path, text, by="month", **options)
    assert claims(events, "value", "note") == [(5, ""), (4, "")]
    assert "Kowalski" not in events.left_out.to_csv() + " ".join(events.notes)
    assert "remarks in brackets" in events.left_out["what"].tolist()
    named = text.replace("place", "name")
    assert claims(read(tmp_path, named, kind="daily", **options), "note") == [("",), ("",)]


def test_records_in_records_of_json_are_columns(tmp_path):
    events = [
        {"date": f"2023-0{i}-01", "where": {"name": "x", "at": {"lat": 1.5}},
         "casualties": {"killed": 12 + i, "wounded": None if i == 2 else 30}}
        for i in (1, 2)
    ]  # fmt: skip
    given = {"claimant": "nato", "category": "", "by": "month"}
    imported = read(tmp_path, json.dumps(events), "own.json", **given)
    assert claims(imported, "category", "end", "value") == [
        ("killed", "01-31", 13), ("killed", "02-28", 14), ("wounded", "01-31", 30),
    ]  # fmt: skip
    assert "where.at.lat" in imported.left_out["what"].str.cat()


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        ("Week 1 (30 Jan-5 Feb 2023)", "2023-01-30", "2023-02-05"),
        ("1-7 February 2023", "2023-02-01", "2023-02-07"),
        ("1 – 7 Feb 2023", "2023-02-01", "2023-02-07"),
        ("30 Jan to 5 Feb 2023", "2023-01-30", "2023-02-05"),
        ("28 Dec 2022 - 3 Jan 2023", "2022-12-28", "2023-01-03"),
        ("28 Dec-3 Jan 2023", "2022-12-28", "2023-01-03"),
        ("Feb 1 2023 - Feb 7 2023", "2023-02-01", "2023-02-07"),
        ("Feb 1-7 2023", "2023-02-01", "2023-02-07"),
        ("January 30 – February 5 2023", "2023-01-30", "2023-02-05"),
        ("Dec 28-Jan 3 2023", "2022-12-28", "2023-01-03"),
    ],
)
def test_days_that_share_a_month_or_a_year_are_a_window(tmp_path, cell, first, last):
    imported = read(tmp_path, f"who,{cell},8-14 Feb 2023\nnato,5,4\n")
    window = imported.claims[["start", "end", "kind", "value"]].iloc[0].tolist()
    assert window == [first, last, "period", 5]
    rows = read(tmp_path, f"week,nato\n{cell},5\n8-14 Feb 2023,4\n")
    assert rows.claims[["start", "end", "kind", "value"]].iloc[0].tolist() == window


@pytest.mark.parametrize(
    "cell",
    [
        "20-30",
        "7-1 Jan 2023",
        "Jan 7-1, 2023",
        "1000-2001",
        "Unit 5 (1-7 Jan 2023)",
        "7 Jan 2023 - 28 Dec 2022",
    ],
)
def test_figures_and_remarks_are_no_window(cell):
    assert guess_dates([cell]).read_either(cell) is None


def test_figures_of_weeks_that_never_fall_are_asked_about(tmp_path):
    weeks = ["05-28", "06-04", "06-11", "06-25", "07-09", "07-30"]
    totals = dict(zip(weeks, [19, 38, 58, 69, 87, 114], strict=True))
    rows = [f"2023-{day},{total},nato\n" for day, total in totals.items()]
    asked = "never fall in 5 steps, and rise in 5. Give --kind cumulative or --kind period"
    with pytest.raises(UsageError, match=f"new counts of a week each.*{asked}"):
        read(tmp_path, "week ending,killed,who\n" + "".join(rows))
    months = "".join(f"2023-{i + 1:02d},{20 + i}\n" for i in range(6))
    with pytest.raises(UsageError, match=f"new counts of a month each.*{asked}"):
        read(tmp_path, "date,nato\n" + months)
    # Another column that falls does not answer for it.
    two = "".join(f"2023-{d},{9 - i % 2},{n}\n" for i, (d, n) in enumerate(totals.items()))
    with pytest.raises(UsageError, match="figures of 'wounded' running totals.*never fall in 5"):
        read(tmp_path, "week ending,killed,wounded\n" + two, claimant="nato", category="")
    # A fall is of new counts, four rises may be, and two days say of which days figures are.
    fewer = "week ending,killed,who\n" + "".join(rows[:5])
    falls = "week ending,killed,who\n" + "".join([*rows[:5], "2023-07-30,80,nato\n"])
    spans = "start,end,nato\n" + "".join(f"2023-0{i}-01,2023-0{i}-09,{i}\n" for i in range(1, 8))
    for text in (fewer, falls, spans):
        assert set(read(tmp_path, text).claims["kind"]) == {"period"}


def test_a_few_rises_from_day_to_day_are_asked_about(tmp_path):
    rows = "".join(f"2023-02-0{i + 1},{100 + 9 * i}\n" for i in range(5))
    with pytest.raises(
        UsageError, match="fall in 0 of 4 steps.*too few to tell.*--kind cumulative"
    ):
        read(tmp_path, f"date,nato\n{rows}")
    enough = read(tmp_path, f"date,nato\n{rows}2023-02-06,145\n")
    assert set(enough.claims["kind"]) == {"cumulative"}
    # Figures a week apart are not likely of one day each.
    apart = read(tmp_path, "date,nato\n2023-02-01,100\n2023-02-08,109\n")
    assert set(apart.claims["kind"]) == {"cumulative"}


def test_running_totals_with_corrections_are_not_taken_for_daily_figures(tmp_path):
    rows = (
        "2023-02-01,killed,9\n2023-02-02,killed,18\n2023-02-02,wounded,117\n"
        "2023-02-04,killed,25\n2023-02-04,wounded,241\n2023-02-09,killed,23\n"
        "2023-02-09,wounded,322\n2023-02-23,killed,23\n2023-02-23,wounded,324\n"
    )
    asked = r"fall in 1 of 7 steps.*row 7: 23 after 25.*--kind cumulative or --kind daily"
    with pytest.raises(UsageError, match=asked):
        read(tmp_path, f"date,what,nato\n{rows}", category="")
    found = read(tmp_path, f"date,what,nato\n{rows}", category="", kind="cumulative")
    assert set(found.claims["kind"]) == {"cumulative"}
    # One fall of two figures is no evidence of either; one in a month of rises is a correction.
    with pytest.raises(UsageError, match="--kind cumulative or --kind daily"):
        read(tmp_path, "date,nato\n2023-02-01,10\n2023-02-02,8\n")
    month = [*range(100, 127), 120, 128]
    days = "".join(f"2023-02-{i + 1:02},{n}\n" for i, n in enumerate(month[-28:]))
    assert set(read(tmp_path, f"date,nato\n{days}").claims["kind"]) == {"cumulative"}


@pytest.mark.parametrize(
    "figures",
    [
        (10, 8, 12),
        (2, 30, 20, 25, 18, 22, 19),
        (0, 0, 1, 0, 0, 0, 2, 0, *[0] * 40),
    ],
)
def test_figures_that_fall_in_about_half_of_their_changes_are_daily(tmp_path, figures):
    first = pd.Timestamp("2023-02-01")
    days = [f"{first + pd.Timedelta(days=i):%Y-%m-%d},{n}" for i, n in enumerate(figures)]
    found = read(tmp_path, "\n".join(["date,nato", *days]) + "\n")
    assert set(found.claims["kind"]) == {"daily"}


def test_a_figure_of_one_day_that_was_revised_is_no_step(tmp_path):
    text = (
        "date,published,nato\n2023-02-01,2023-02-02,100\n2023-02-02,2023-02-03,130\n"
        "2023-02-02,2023-03-01,120\n2023-02-03,2023-02-04,125\n2023-02-04,2023-02-05,140\n"
        "2023-02-05,2023-02-06,141\n2023-02-06,2023-02-07,150\n"
    )
    assert set(read(tmp_path, text).claims["kind"]) == {"cumulative"}
    day = "date,published,nato\n2023-02-01,2023-02-02,100\n2023-02-01,2023-02-04,90\n"
    assert set(read(tmp_path, day).claims["kind"]) == {"cumulative"}


def test_days_in_headings(tmp_path):
    text = "who,2023-02-01,2023-02-02\nnato,5,9\nru-mod,3,4\n"
    found = claims(read(tmp_path, text, kind="cumulative"), "claimant", "kind", "end", "value")
    assert found == [
        ("nato", "cumulative", "02-01", 5), ("nato", "cumulative", "02-02", 9),
        ("ru-mod", "cumulative", "02-01", 3), ("ru-mod", "cumulative", "02-02", 4),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="heading '02/03/2023'"):
        read(tmp_path, text.replace("2023-02-01,2023-02-02", "02/03/2023,02/04/2023"))


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value", "low", "high", "qualifier"),
    [
        ("20 to 30", None, 20, 30, "range"),
        ("between 20 and 30", None, 20, 30, "range"),
        ("від 20 до 30 тис.", None, 20_000, 30_000, "range"),
        ("1.2–1.5 million", None, 1.2e6, 1.5e6, "range"),
        ("25 (20-30)", 25, 20, 30, "range"),
        ("25 ± 5", 25, 20, 30, "range"),
        ("20-20", 20, None, None, "exact"),
        (">=300", 300, None, None, "at-least"),
        ("≥ 300", 300, None, None, "at-least"),
        ("500 or more", 500, None, None, "at-least"),
        ("no fewer than 500", 500, None, None, "at-least"),
        ("понад 10 000", 10_000, None, None, "at-least"),
        ("більше ніж 1,5 тис.", 1_500, None, None, "at-least"),
        ("не менее 40", 40, None, None, "at-least"),
        ("свыше 2 тысяч", 2_000, None, None, "at-least"),
        ("up to 3,000", 3_000, None, None, "at-most"),
        ("no more than 12", 12, None, None, "at-most"),
        ("до 50", 50, None, None, "at-most"),
        ("500 or fewer", 500, None, None, "at-most"),
        ("близько 11 000", 11_000, None, None, "about"),
        ("около 70", 70, None, None, "about"),
        ("about 1.2m", 1.2e6, None, None, "about"),
        ("500*", 500, None, None, "exact"),
        ("500 [1]", 500, None, None, "exact"),
        ("500²", 500, None, None, "exact"),
        ("٥٠٠", 500, None, None, "exact"),
    ],
)
def test_words_of_numbers(cell, value, low, high, qualifier):
    found = guess_numbers([cell]).read(cell)
    assert found is not None
    assert (found.value, found.low, found.high) == (value, low, high)
    assert found.qualifier == qualifier


@pytest.mark.parametrize(
    "cell",
    ["dozens", "12 5", "-5", "30-20", "20 and 30", "5%", "$5", "1.2.3", "(5)", "=1+1", "5 killed",
     "at least 20-30", "over under 5", "≥", "1e5", "--5", "12:30", "0x1F"],
)  # fmt: skip
def test_other_words_are_refused_with_their_cell(tmp_path, cell):
    text = f'date,nato\n2023-02-01,1\n2023-02-02,"{cell}"\n2023-02-03,9\n2023-02-04,9\n'
    with pytest.raises(ClaimsError, match="row 3, nato: found"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("cells", "values", "said"),
    [
        (["0.875", "1.250"], [0.875, 1.25], ""),
        (["1.2345", "1.250"], [1.2345, 1.25], ""),
        (["1.234,5", "9.000"], [1234.5, 9000], "'.' separates thousands"),
        (["1,234.5", "9,000"], [1234.5, 9000], "',' separates thousands"),
        (["1.221", "1.350"], [1221, 1350], "a guess"),
        (["1 221", "1 350"], [1221, 1350], ""),
        (["1'221", "350"], [1221, 350], ""),
        (["12,5", "7"], [12.5, 7], "',' marks decimals"),
        (["1,00,000", "2,50,000"], [100_000, 250_000], "thousands"),
    ],
)
def test_marks_of_decimals_and_thousands(cells, values, said):
    for order in (cells, cells[::-1]):
        numbers = guess_numbers(order)
        assert [numbers.read(cell).value for cell in cells] == values
        assert said in numbers.description
    assert guess_numbers(["1.221"], ".").read("1.221").value == 1.221


def test_missing_cells_are_counted_and_the_column_stays(tmp_path):
    marks = ["NA", "n/a", "-", "", "no data", "—", "немає даних", "нет данных", "#N/A", "unknown"]
    rows = "".join(f"2023-02-{i + 10},{20 + i},{mark}\n" for i, mark in enumerate(marks))
    imported = read(tmp_path, f"date,ru-mod,nato\n2023-02-01,5,7\n{rows}2023-03-01,90,9\n")
    nato = [row for row in claims(imported, "claimant", "value") if row[0] == "nato"]
    assert nato == [("nato", 7), ("nato", 9)]
    assert imported.left_out["rows"].sum() == len(marks) - 1


# --- scripts and encodings ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "headings",
    ["Datum;Wer;Wessen;Was;Anzahl", "Fecha;Quién;Bando;Qué;Número", "Data;Chi;Di chi;Cosa;Numero"],
)
def test_headings_that_ask_who_whose_and_what_are_read(tmp_path, headings):
    rows = "01.03.2023;Own Staff;Russia;killed;1.234\n02.03.2023;Own Staff;Russia;wounded;2.500\n"
    imported = read(tmp_path, f"{headings}\n{rows}", party="", category="", kind="daily")
    found = claims(imported, "claimant", "party", "category", "value")
    assert found == [
        ("own-staff", "russia", "killed", 1234),
        ("own-staff", "russia", "wounded", 2500),
    ]


CYRILLIC = "Дата;Мій штаб;Пам'ять\n01.03.2023;5;1\n02.03.2023;6;2\n"


def test_a_wrong_guess_of_the_encoding_is_seen_and_asked_about(tmp_path):
    with pytest.raises(UsageError, match="cp1252 'Äàòà'.*cp1251 'Дата'.*--encoding"):
        read(tmp_path, CYRILLIC.encode("cp1251"))
    found = read(tmp_path, CYRILLIC.encode("cp1251"), encoding="cp1251", kind="cumulative")
    assert claims(found, "claimant", "value") == [
        ("mii-shtab", 5), ("mii-shtab", 6), ("pam-iat", 1), ("pam-iat", 2),
    ]  # fmt: skip
    twice = CYRILLIC.encode().decode("cp1252", errors="ignore")
    with pytest.raises(UsageError, match="read in another encoding before"):
        read(tmp_path, twice)
    for encoding in ("utf-8", "no-such"):
        with pytest.raises(UsageError, match=encoding):
            read(tmp_path, CYRILLIC.encode("cp1251"), encoding=encoding)


def test_names_in_any_script_have_keys_of_their_own(tmp_path):
    imported = read(
        tmp_path, "日期,国防部,Ставка,总部\n2023-02-01,1,2,3\n2023-02-02,4,5,6\n", kind="cumulative"
    )
    table = imported.missing("claimants")
    assert dict(zip(table["name"], table["claimant"], strict=True)) == {
        "国防部": "claimant-1", "总部": "claimant-2", "Ставка": "stavka",
    }  # fmt: skip
    imported.load()


# --- JSON --------------------------------------------------------------------------------------

RECORDS = [{"date": "2023-02-01", "nato": 5}, {"date": "2023-02-02", "nato": 7}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORDS),
        "\n".join(map(json.dumps, RECORDS)),
        json.dumps({"meta": {"n": 2}, "data": RECORDS}),
        json.dumps({"date": ["2023-02-01", "2023-02-02"], "nato": [5, 7]}),
        json.dumps({"date": {"0": "2023-02-01", "1": "2023-02-02"}, "nato": {"0": 5, "1": 7}}),
        json.dumps({"0": RECORDS[0], "1": RECORDS[1]}),
        json.dumps({record["date"]: {"nato": record["nato"]} for record in RECORDS}),
        json.dumps({"help": "", "result": {"n": 2, "records": RECORDS}}),
        json.dumps({"nato": {"2023-02-01": 5, "2023-02-02": 7}}),
        json.dumps({"columns": ["date", "nato"], "data": [["2023-02-01", 5], ["2023-02-02", 7]]}),
        json.dumps([["date", "nato"], ["2023-02-01", 5], ["2023-02-02", 7]]),
        json.dumps([{"date": 1675209600000, "nato": 5}, {"date": 1675296000000, "nato": 7.0}]),
    ],
)
def test_shapes_of_json(tmp_path, text):
    imported = read(tmp_path, text, "own.json", kind="cumulative")
    assert claims(imported, "end", "value") == [("02-01", 5), ("02-02", 7)]


@pytest.mark.parametrize(
    "text",
    ['{"a": 5}', "[1, 2]", "{}", '{"a": [1], "b": [1, 2]}', "[[1]]", '{"a": {}}', '{"2023": {}}'],
)
def test_other_json_is_refused_with_the_shapes_that_are_read(tmp_path, text):
    with pytest.raises(UsageError, match="These shapes of JSON are read: a list of records"):
        read(tmp_path, text, "own.json")
    with pytest.raises(UsageError, match="twice in one record"):
        read(tmp_path, '[{"date": "2023-02-01", "nato": 5, "nato": 6}]', "own.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            r'[{"date": "2023-02-01", "nato": 5}, {"date": "\ud800", "nato": 5}]',
            "row 2, column 'da",
        ),
        (r'[{"date": "2023-02-01", "nato\udcff": 5}]', r"row 1, column 'nato\udcff' has half"),
        ("[" * 100_000, "more than 100 lists or records within each other"),
        ('[{"date": "2023-02-01", "nato": ' + "[" * 950 + "]" * 950 + "}]", "more than 100 lists"),
        ('{"a": ' * 900 + "{}" + "}" * 900, "more than 100 lists"),
    ],
    ids=["value", "key", "open", "cell", "records"],
)
def test_json_that_no_table_can_hold_is_refused_with_its_place(tmp_path, text, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        read(tmp_path, text, "own.json")


CELLS = st.none() | st.booleans() | st.floats() | st.sampled_from(["", "x", "5", "2023-02-01"])
NAMES = st.sampled_from(["", "a", "0", "1", "date", "2023-02-01", "columns", "data"])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.recursive(
        CELLS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_json_is_a_grid_or_refused(value):
    text = json.dumps(value)
    if is_json(text):
        try:
            rows = json_grid(text, Path("own.json")).rows
        except UsageError:
            return
        assert len({len(row) for _, row in rows}) == 1


@pytest.mark.parametrize(("depth", "words"), [(100, "no list of records"), (101, "more than 100")])
def test_json_may_be_as_deep_as_is_said(depth, words):
    with pytest.raises(UsageError) as error:
        json_grid("[" * depth + "5" + "]" * depth, Path("own.json"))
    assert words in str(error.value)


# --- rows that repeat or contradict --------------------------------------------------------------


def test_equal_rows_are_one_and_contradicting_ones_name_both_cells(tmp_path):
    text = "date,nato\n2023-02-01,5\n2023-02-02,7\n2023-02-02,{}\n"
    same = read(tmp_path, text.format(7), kind="cumulative")
    assert claims(same, "value") == [(5,), (7,)]
    assert same.left_out["why"].tolist() == ["equal to another row in all columns, so one (row 4)"]
    with pytest.raises(ClaimsError, match="row 4, nato: found '8' where row 3, nato has '7'"):
        read(tmp_path, text.format(8))


TABLES = {
    "wide": "date,nato,ru-mod\n" + "".join(f"2023-02-{i:02d},{i * i},{i}\n" for i in range(1, 20)),
    "long": "day,who,what,n\n"
    + "".join(f"{i}/2/2023,{who},{what},{i * k}\n" for i in range(1, 20)
              for k, (who, what) in enumerate([("NATO", "dead"), ("Ärzte", "wounded")], 2)),
    "events": GED.split("\n")[0] + "\n" + "\n".join(GED.strip().split("\n")[1:]) + "\n",
    "ranges": "date,low,high\n" + "".join(f"2023-02-{i:02d},{i},{2 * i}\n" for i in range(1, 20)),
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_the_order_of_rows_changes_no_byte(tmp_path, table):
    header, *rows = TABLES[table].strip().split("\n")
    options = {"claimant": "nato"} if table == "ranges" else {}
    texts = set()
    for seed in range(3):
        if seed:
            random.Random(seed).shuffle(rows)
        folder = tmp_path / str(seed)
        folder.mkdir()
        imported = read(folder, "\n".join([header, *rows]) + "\n", **options)
        imported.write(folder / "out.csv")
        kept = ["out.csv", "out-columns.toml", "out-conflict/claimants.csv"]
        texts.add(tuple((folder / name).read_bytes() for name in kept if (folder / name).exists()))
    assert len(texts) == 1


# --- the column map ----------------------------------------------------------------------------


def test_the_map_that_an_import_keeps_reads_the_table_again(lossmodel, tmp_path):
    (tmp_path / "own.csv").write_text("when,foo,bar\n2023-02-01,1,5\n2023-02-02,2,7\n")
    first = lossmodel(
        "data", "import", "own.csv", "--out", "a.csv", "--claimant", "nato", "--category", "killed",
        "--column", "foo=value,party=russia", "--column", "bar=ignore", "--kind", "cumulative",
    )  # fmt: skip
    assert first.status == 0, first.stderr
    for words in ("read as", "value (russia)", "as given", "bar"):
        assert words in first.stdout
    again = lossmodel("data", "import", "own.csv", "--out", "b.csv", "--columns", "a-columns.toml")
    assert again.status == 0, again.stderr
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a-columns.toml").read_bytes() == (tmp_path / "b-columns.toml").read_bytes()


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[columns]\nx = 5\n", "x"),
        ('[columns]\nx = "figure"\n', "cannot be read as 'figure'"),
        ('[columns]\nx = { read = "date", party = "a" }\n', "only value, low and high"),
        ('claiment = "a"\n', "Did you mean claimant"),
        ("claimant = 5\n", "text in quotes"),
        ("columns = 5\n", "section"),
        ("x = [\n", "TOML"),
        ('[columns]\nabsent = "date"\n', "no column 'absent'"),
    ],
)
def test_a_map_that_is_wrong_is_refused(tmp_path, toml, said):
    (tmp_path / "map.toml").write_text(toml)
    (tmp_path / "own.csv").write_text("date,nato\n2023-02-01,1\n2023-02-02,2\n")

    def read_with_map() -> Imported:
        hints = Hints(**WAR, columns=read_columns(tmp_path / "map.toml"))
        return read_any([tmp_path / "own.csv"], hints)

    with pytest.raises(LossModelError, match=said):
        read_with_map()


@pytest.mark.parametrize(
    "option", ["x", "=date", "x=figure", "x=value,colour=red", "x=date,party=a"]
)
def test_an_option_that_is_wrong_is_refused(option):
    with pytest.raises(UsageError, match="--column"):
        parse_column(option)


def test_a_claims_table_keeps_its_ids_and_its_errors_name_its_own_rows(tmp_path):
    sea = str(write_conflict(tmp_path / "sea"))
    text = (tmp_path / "sea/claims.csv").read_text()
    imported = read(tmp_path, text, conflict=sea, party="", category="")
    assert set(imported.claims["claim_id"]) == {"day", "total", "between", "relayed", "sector"}
    assert "check and fit read it as it is" in " ".join(imported.notes)
    imported.load()
    lines = text.replace("gazette,sea", "gazete,sea").splitlines()
    wrong = read(tmp_path, "\n".join([lines[0], *lines[:0:-1]]), conflict=sea)
    with pytest.raises(ClaimsError, match="own.csv row 4, claimant: found 'gazete'"):
        wrong.load()


def test_a_table_is_read_before_there_is_a_conflict(tmp_path):
    text = (
        "date,side,what,number,who\n1870-02-01,Blue,killed,5,Gazette\n1870-02-09,Red,dead,7,Post\n"
    )
    imported = read(tmp_path, text, conflict="", party="", category="", kind="cumulative")
    table = imported.claims[["claimant", "party", "category", "end"]]
    assert table.to_numpy().tolist() == [
        ["gazette", "blue", "killed", "1870-02-01"], ["post", "red", "killed", "1870-02-09"],
    ]  # fmt: skip
    assert imported.extra["claimants"]["name"].tolist() == ["Gazette", "Post"]


# --- workbooks and Parquet -----------------------------------------------------------------------


def workbook(**sheets) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


ROWS = [
    ["Losses", None],
    [],
    ["Date", "nato"],
    [pd.Timestamp("2023-02-01"), 1234],
    [pd.Timestamp("2023-02-02"), "1 300"],
]


def with_saved_values(data: bytes, value: str) -> bytes:
    """The workbook with a value saved beside each formula."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, part.replace(b"<v></v>", b"<v>%s</v>" % value.encode())
                         .replace(b"<v />", b"<v>%s</v>" % value.encode())
                         .replace(b"<v/>", b"<v>%s</v>" % value.encode()))  # fmt: skip
    return file.getvalue()


def test_texts_that_are_merged_over_rows_stand_in_each_and_figures_do_not(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["War of 2023"],
        ["Date", "Claimant", "Killed", None],
        [None, None, "Russia", "Ukraine"],
        [pd.Timestamp("2023-05-01"), "NATO", 5, 7],
        [None, "Gazette", 6, 8],
        [pd.Timestamp("2023-05-02"), "NATO", 9, 11],
        [None, "Gazette", None, 12],
        ["4 May 2023", "Gazette", 15, None],
        ["6 May 2023", None, 16, 21],
    ):
        sheet.append(row)
    for cells in ("A1:D1", "A2:A3", "B2:B3", "C2:D2", "A4:A5", "A6:A7", "C6:C7", "B8:B9"):
        sheet.merge_cells(cells)
    file = io.BytesIO()
    book.save(file)
    options = {"party": "", "category": "", "kind": "cumulative"}
    imported = read(tmp_path, file.getvalue(), "own.xlsx", **options)
    found = claims(imported, "claimant", "party", "end", "value")
    assert sorted(found) == [
        ("gazette", "russia", "05-01", 6), ("gazette", "russia", "05-04", 15),
        ("gazette", "russia", "05-06", 16), ("gazette", "ukraine", "05-01", 8),
        ("gazette", "ukraine", "05-02", 12), ("gazette", "ukraine", "05-06", 21),
        ("nato", "russia", "05-01", 5), ("nato", "russia", "05-02", 9),
        ("nato", "ukraine", "05-01", 7), ("nato", "ukraine", "05-02", 11),
    ]  # fmt: skip
    notes = " ".join(imported.notes)
    assert "cells that are merged over rows stand in each of them: 3 (row 4, 6, 8)" in notes
    assert "figures that are merged over rows stand in the first of them alone: 1 (row 6)" in notes


def test_a_sheet_of_a_workbook(tmp_path):
    imported = read(tmp_path, workbook(losses=ROWS, empty=[]), "own.xlsx", kind="cumulative")
    assert claims(imported, "claimant", "end", "value") == [
        ("nato", "02-01", 1234), ("nato", "02-02", 1300),
    ]  # fmt: skip
    assert imported.guesses["row"].tolist() == [4, 4]
    two = workbook(losses=ROWS, other=[["a", "b"], [1, 2]])
    with pytest.raises(UsageError, match="2 sheets with cells: 'losses', 'other'.*--sheet"):
        read(tmp_path, two, "own.xlsx")
    assert len(read(tmp_path, two, "own.xlsx", sheet="losses", kind="cumulative").claims) == 2
    with pytest.raises(UsageError, match="no sheet 'x'"):
        read(tmp_path, two, "own.xlsx", sheet="x")


def test_formulas_are_said_or_refused(tmp_path):
    book = workbook(losses=[*ROWS, [pd.Timestamp("2023-02-03"), "=B4+200"]])
    with pytest.raises(UsageError, match="row 6, column 2: a formula without a saved value"):
        read(tmp_path, book, "own.xlsx")
    imported = read(tmp_path, with_saved_values(book, "1434"), "own.xlsx", kind="cumulative")
    assert claims(imported, "value")[-1] == (1434,)
    assert "formulas read as their saved values: 1 (first in row 6)" in imported.notes


def test_archives_that_are_no_workbook_or_expand_too_far_are_not_opened(tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "x" * 30_000_000)
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    cases = {"would expand": bomb, "no workbook": other}
    for said, file in cases.items():
        with pytest.raises(UsageError, match=said):
            read(tmp_path, file.getvalue(), "own.xlsx")
    for data in (b"\xd0\xcf\x11\xe0old", b"PK\x03\x04broken"):
        with pytest.raises(UsageError, match="Export its sheet as CSV, UTF-8"):
            read(tmp_path, data, "own.xlsx")


def with_sheet(book, pattern, new):
    """A workbook with a part of the XML of its first sheet replaced."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(found, "w") as archive:
        for part in old.namelist():
            text = old.read(part)
            if part.endswith("sheet1.xml"):
                text, count = re.subn(pattern, new, text)
                assert count == 1
            archive.writestr(part, text)
    return found.getvalue()


@pytest.mark.parametrize("stated", [b"A1", b"A1:B2", b"A1:Z9"])
def test_the_size_that_a_sheet_states_cuts_no_row(tmp_path, stated):
    book = workbook(losses=ROWS)
    wrong = with_sheet(book, b'<dimension ref="[^"]*"', b'<dimension ref="' + stated + b'"')
    expected = claims(read(tmp_path, book, "own.xlsx", kind="cumulative"), "end", "value")
    assert len(expected) > 1
    assert claims(read(tmp_path, wrong, "own.xlsx", kind="cumulative"), "end", "value") == expected


def test_a_sheet_with_few_cells_far_out_is_refused(tmp_path, monkeypatch):
    cells = b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (i, i) for i in range(9, 13))
    far = with_sheet(workbook(losses=ROWS), b"</sheetData>", cells + b"</sheetData>")
    monkeypatch.setattr("lossmodel.importers.workbook.MOST_CELLS", 50_000)
    monkeypatch.setattr("lossmodel.importers.workbook.MOST_COLUMNS", 20_000)
    with pytest.raises(UsageError, match="more rows or columns than a sheet of claims"):
        read(tmp_path, far, "own.xlsx")


def test_a_parquet_table(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"date": pd.to_datetime(["2023-02-01", "2023-02-02"]), "nato": [5.0, 7.0]})
    table.to_parquet(tmp_path / "t.parquet")
    imported = read(
        tmp_path, (tmp_path / "t.parquet").read_bytes(), "own.parquet", kind="cumulative"
    )
    assert claims(imported, "end", "value") == [("02-01", 5), ("02-02", 7)]
    with pytest.raises(UsageError, match="cannot be read as Parquet"):
        read(tmp_path, b"PAR1 broken", "own.parquet")


# --- hostile tables ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (",".join(["date", *(f"x{i}" for i in range(100_000))]) + "\n1,2\n", "columns"),
        ("date,nato\n2023-02-01," + "9" * 200_000 + "\n2023-02-02,5\n", "row 2"),
        ("date,nato\n2023-02-01,\0\n2023-02-02,5\n", "row 2 has a NUL"),
        ("date,nato\n2023-02-01," + "*" * 9_000 + "x\n2023-02-02,5\n", "row 2, nato"),
        ("date,nato\n2023-02-01,5" + " " * 9_000 + "x\n2023-02-02,5\n", "row 2, nato"),
        ('date,nato\n2023-02-01,"5\n' * 3, "nato|row|cells"),
        ("date,nato\n2023-02-01,1,5\n2023-02-02,2,5\n", "row 2 has 3 cells"),
        ("2023-02-01,5\n2023-02-02,7\n", "figures already"),
        ("[" * 100_000, "JSON"),
        ('{"a":' * 50_000, "JSON"),
    ],
)
def test_hostile_tables_are_refused(tmp_path, data, said):
    with pytest.raises(LossModelError, match=said):
        read(tmp_path, data)


def test_guesses_name_a_column_its_reading_and_its_first_value(tmp_path):
    imported = read(
        tmp_path,
        "Title,\n,\nDay,nato\n2023-02-01,\n2023-02-02,7\n2023-02-03,9\n",
        kind="cumulative",
    )
    assert imported.guesses[["column", "read as", "first value", "row"]].to_numpy().tolist() == [
        ["Day", "date", "2023-02-01", 4], ["nato", "value (nato)", "7", 5],
    ]  # fmt: skip


def test_years_of_two_digits_are_those_of_the_last_century_from_69_on():
    cells = ["26.7.99", "3 May 68", "14 Jun 82", "Jan-69"]
    read_as = guess_dates(cells).read
    assert [read_as(cell).start.year for cell in cells] == [1999, 2068, 1982, 1969]


def test_dates_without_any_form_are_no_dates():
    assert guess_dates(["5", "12.5", "hello", "12:30", "2023-13-01"]).read("2023-13-01") is None
