"""Importers: what a public table holds becomes claims, with its traps; one's own tables too."""

import itertools
import json
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossmodel.claims import Claims, load_claims
from lossmodel.errors import ClaimsError, LossModelError, UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.importers import Hints, Imported, read_any
from lossmodel.importers.columns import ColumnMap, parse_column
from lossmodel.importers.dates import guess_dates
from lossmodel.importers.numbers import guess_numbers
from lossmodel.importers.oryx import growing

PERSONNEL = "ua_general_staff_personnel_daily.csv"
EQUIPMENT = "ua_general_staff_equipment_daily.csv"
BOOKED = "ua_general_staff_equipment_corrections.csv"
ECONOMIST = "economist_estimates_compiled.csv"
RADFORD = "radford2023_pnas_reports.csv"
ORYX = "oryx_totals_by_type_scarnecchia.csv"
TANKS = Hints(party="russia", category="tanks")
TANKS_TO_DATE = Hints(party="russia", category="tanks", kind="cumulative")


@pytest.fixture(scope="module")
def reference(shared):
    @cache
    def read(*names: str) -> Imported:
        return read_any([shared / "reference" / name for name in names])

    return read


@pytest.fixture(scope="module")
def loaded(reference):
    @cache
    def load(*names: str) -> Claims:
        return reference(*names).load()

    return load


def table_of(shared: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(shared / "reference" / name)


# --- the General Staff -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def personnel(reference) -> Imported:
    return reference(PERSONNEL, BOOKED)


def test_personnel_keeps_every_total_a_day_before_its_report(shared, loaded):
    rows = table_of(shared, PERSONNEL)
    claims = loaded(PERSONNEL, BOOKED).table
    totals = claims[claims["kind"] == "cumulative"]
    assert len(totals) == len(rows) == 1_626
    assert totals["value"].sum() == rows["personnel_cumulative"].sum()
    assert (totals["published"] - totals["end"]).unique() == pd.Timedelta(days=1)
    assert totals["published"].dt.strftime("%Y-%m-%d").tolist() == rows["date"].tolist()
    assert set(totals["category"]) == {"losses"}
    assert set(totals["party"]) == {"russia+north-korea"}
    assert (totals["qualifier"] == "at-least").sum() == (rows["qualifier"] == "more").sum() == 6


def test_corrections_are_no_losses_of_a_day(loaded):
    claims = loaded(PERSONNEL, BOOKED)
    booked = claims.table[claims.table["kind"] == "correction"].set_index("end")["value"]
    assert booked.to_dict() == {
        pd.Timestamp("2025-02-27"): 1650.0,
        pd.Timestamp("2025-04-21"): 160.0,
    }
    terms = collect_evidence(claims).terms
    day = pd.Timestamp("2025-02-27")
    of_day = terms[[days == ((day, day),) for days in terms["days"]]]
    # The later correction of 160 is divided among all days before it.
    [value] = of_day["value"]
    assert 2710 - 1650 < value < (2710 - 1650) * 1.001


def test_corrections_of_persons_are_known_without_their_table(reference, personnel):
    alone = reference(PERSONNEL)
    pd.testing.assert_frame_equal(alone.claims, personnel.claims)
    assert "2 of 2" in " ".join(alone.notes)


def test_shipped_totals_agree_with_both_tables(loaded):
    shipped = load_claims().table
    own = shipped[(shipped["claimant"] == "ua-general-staff") & (shipped["kind"] == "cumulative")]
    own = own[own["qualifier"].isin(["exact", "about"])]
    keys = ["party", "category", "end"]
    for there in (loaded(PERSONNEL, BOOKED), loaded(EQUIPMENT, BOOKED)):
        both = own.merge(there.table, on=keys, suffixes=("", "_there"))
        assert len(both) > 200
        # Misprints and rounded forms of the pages, each with its note in the shipped table.
        assert (both["value"] != both["value_there"]).mean() < 0.04


def test_the_published_form_is_read_as_the_derived_one(personnel, shared, tmp_path):
    rows = table_of(shared, PERSONNEL)
    records = [
        {"date": row.date, "day": row.day, "personnel": row.personnel_cumulative,
         "personnel*": row.qualifier}
        | ({} if np.isnan(row.pow_cumulative) else {"POW": int(row.pow_cumulative)})
        for row in rows.itertuples()
    ]  # fmt: skip
    booked = table_of(shared, BOOKED).to_dict("records")
    for name, content in (("a.json", records), ("b.json", booked)):
        (tmp_path / name).write_text(json.dumps(content, indent=4))
    published = read_any([tmp_path / "b.json", tmp_path / "a.json"])
    pd.testing.assert_frame_equal(published.claims, personnel.claims)
    assert published.left_out["rows"].tolist() == personnel.left_out["rows"].tolist()


def test_equipment_keeps_every_total_and_correction(shared, loaded):
    rows, booked = table_of(shared, EQUIPMENT), table_of(shared, BOOKED)
    claims = loaded(EQUIPMENT, BOOKED).table
    totals = claims[claims["kind"] == "cumulative"].groupby("category")["value"]
    for name, category in (("tank", "tanks"), ("drone", "drones"), ("submarines", "submarines")):
        assert totals.size()[category] == rows[name].notna().sum()
        assert totals.sum()[category] == rows[name].sum()
    vehicles = rows["vehicles and fuel tanks"].fillna(rows["military auto"])
    assert totals.size()["vehicles"] == vehicles.notna().sum()
    assert totals.sum()["vehicles"] == vehicles.sum()
    corrections = claims[claims["kind"] == "correction"].groupby("category")["value"]
    assert corrections.sum()["artillery"] == booked["field artillery"].sum()
    assert corrections.size()["drones"] == (booked["drone"] != 0).sum()
    assert corrections.sum()["vehicles"] == booked["vehicles and fuel tanks"].sum() + 76


def test_corrections_of_may_2023_belong_to_the_next_report(loaded):
    claims = loaded(EQUIPMENT, BOOKED).table
    rows = claims[(claims["kind"] == "correction") & (claims["end"] == "2023-05-27")]
    assert rows.set_index("category")["value"].to_dict()["aircraft"] == 3
    assert "2023-05-26" not in set(claims.loc[claims["kind"] == "correction", "end"].astype(str))


def test_equipment_without_corrections_says_so(reference):
    assert "not given" in " ".join(reference(EQUIPMENT).notes)


# --- The Economist -----------------------------------------------------------------------------


def test_economist_keeps_every_row_and_mends_three_dates(reference, shared):
    imported = reference(ECONOMIST)
    claims = imported.load().table
    assert len(claims) == len(table_of(shared, ECONOMIST)) == 124
    nato = claims[claims["claimant"].eq("nato") & (claims["end"] < "2023")]
    assert set(nato["end"]) == {pd.Timestamp("2022-03-24")}
    meduza = claims[claims["claimant"].eq("meduza-mediazona-probate")]["end"]
    assert meduza.min() == pd.Timestamp("2023-05-27")
    assert "3 dates" in " ".join(imported.notes)


def test_economist_quotes_the_staff_as_the_staff_has_it(loaded):
    quoted = loaded(ECONOMIST).table
    quoted = quoted[quoted["claimant"] == "ua-general-staff"]
    own = loaded(PERSONNEL, BOOKED).table
    both = quoted.merge(own, on=["party", "category", "end"], suffixes=("", "_own"))
    assert len(both) == len(quoted) == 2
    # The second is to the unit; the first is a day's total rounded to hundreds.
    assert (both["value"] - both["value_own"]).abs().tolist() in ([0.0, 50.0], [50.0, 0.0])


def test_british_sums_start_in_march_and_repeat_the_staff(reference, shared, loaded):
    claims = loaded(ECONOMIST).table
    sums = claims[(claims["claimant"] == "uk-di") & (claims["kind"] == "period")]
    assert set(sums["start"]) == {pd.Timestamp("2022-03-01")}
    assert set(sums["via"]) == {"ua-general-staff"}
    monthly = pd.read_csv(shared / "reference" / "economist_uk_mod_monthly_average.csv")
    expected = monthly["cumulative casualties"].tolist()
    assert sums.sort_values("end")["value"].tolist() == expected[: len(sums)]


def test_counts_of_names_are_not_ranges(loaded):
    claims = loaded(ECONOMIST).table
    names = claims[claims["claimant"] == "ualosses"].sort_values("end")
    assert names["value"].tolist() == [42152.0, 60435.0, 65321.0, 70935.0]
    assert names["high"].isna().all()


def test_an_unknown_source_is_named(shared, tmp_path):
    text = (shared / "reference" / ECONOMIST).read_text()
    (tmp_path / "e.csv").write_text(text.replace("Lostarmour", "Somebody new"))
    with pytest.raises(UsageError, match="Somebody new"):
        read_any([tmp_path / "e.csv"])


# --- Radford et al. ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def radford(reference) -> Imported:
    return reference(RADFORD)


def test_every_report_becomes_a_claim(shared, loaded):
    rows, claims = table_of(shared, RADFORD), loaded(RADFORD).table
    assert len(claims) == len(rows) == 4_609
    assert claims["value"].sum() == rows["loss_count"].sum()
    days = (claims["end"] - pd.Timestamp("2022-02-23")).dt.days
    assert days.tolist() == rows["days"].tolist()
    assert (days.min(), days.max()) == (1, 365)
    assert claims["kind"].value_counts().to_dict() == {"cumulative": 4_447, "daily": 162}
    counted = claims["qualifier"].value_counts()
    assert (counted["at-least"], counted["at-most"]) == (173, 51)
    civil = claims[claims["party"] == "ukraine-civilians"]
    assert civil["category"].value_counts().to_dict() == {
        "killed": 46,
        "wounded": 26,
        "casualties": 21,
    }


def test_duplicates_are_kept_for_evidence_to_merge(loaded):
    claims = loaded(RADFORD)
    same = ["claimant", "party", "category", "kind", "end", "value", "qualifier"]
    assert claims.table.duplicated(same).sum() == 252
    classes = collect_evidence(claims).classes["class"].value_counts()
    assert classes["merged"] > 252
    assert classes.sum() == 4_609


def test_ukrainian_figures_of_russian_deaths_are_losses(loaded):
    claims = loaded(RADFORD).table
    recoded = claims[claims["note"] != ""]
    assert len(recoded) == 410
    assert set(recoded["category"]) == {"losses"}
    rest = claims[(claims["party"] == "russia") & (claims["category"] == "killed")]
    assert len(rest) == 523 - 410
    assert "ua-source" not in set(rest["claimant"])


# --- Oryx --------------------------------------------------------------------------------------


def test_oryx_grows_and_ends_where_the_table_does(reference, shared, loaded):
    imported = reference(ORYX)
    claims, rows = loaded(ORYX).table, table_of(shared, ORYX)
    for _, series in claims.groupby(["party", "category"]):
        assert series["value"].is_monotonic_increasing
        assert series["end"].is_unique
    last = rows[rows["date"] == rows["date"].max()].set_index(["country", "equipment_type"])
    tanks = claims[(claims["party"] == "russia") & (claims["category"] == "tanks")]
    assert tanks["value"].iloc[-1] == last.loc[("Russia", "Tanks"), "total"]
    guns = claims[(claims["party"] == "ukraine") & (claims["category"] == "artillery")]
    parts = [last.loc[("Ukraine", f"{kind} Artillery"), "total"] for kind in
             ("Towed", "Self-Propelled")]  # fmt: skip
    assert guns["value"].iloc[-1] == sum(parts)
    assert "totals out of order" in set(imported.left_out["what"])
    # The shipped war has its pictures.
    assert set(imported.missing("claimants")["claimant"]) == set()


def test_the_published_daily_count_is_read_alike(reference, shared, tmp_path):
    rows = table_of(shared, ORYX)
    published = rows.rename(columns={"date": "date_recorded", "total": "type_total"})
    published.assign(destroyed_diff=0).to_csv(tmp_path / "daily_count.csv", index=False)
    again = read_any([tmp_path / "daily_count.csv"])
    pd.testing.assert_frame_equal(again.claims, reference(ORYX).claims)


@given(st.lists(st.integers(0, 6), max_size=9))
def test_growing_keeps_as_many_as_can_be_kept(values):
    kept = np.array(values)[growing(np.array(values, dtype=float))].tolist()
    assert kept == sorted(kept)
    best = max(
        len(some)
        for size in range(len(values) + 1)
        for some in itertools.combinations(values, size)
        if list(some) == sorted(some)
    )
    assert len(kept) == best


# --- one's own tables --------------------------------------------------------------------------


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "own.csv"
    path.write_bytes(text.encode(encoding))
    return path


WIDE = (
    "Day;ua-general-staff;My Ministry;remark\n25.02.2022;1.080;;first\n26.02.2022;1.190;900;\n"
    "13.03.2022;12.240;1.750;x\n"
)


def test_a_spreadsheet_export_in_wide_form(tmp_path):
    imported = read_any([write(tmp_path, WIDE, "utf-8-sig")], TANKS)
    said = " | ".join(imported.notes)
    for words in ("semicolons", "byte-order mark", "Day: dates are day.month.year",
                  "'.' separates thousands", "cumulative"):  # fmt: skip
        assert words in said
    guesses = imported.guesses.set_index("column")["read as"]
    assert guesses["Day"] == "date"
    assert guesses["My Ministry"] == "value (my-ministry)"
    claims = imported.load().table
    assert claims["value"].tolist() == [1080, 1190, 12240, 900, 1750]
    assert claims["end"].max() == pd.Timestamp("2022-03-13")
    assert imported.missing("claimants")["claimant"].tolist() == ["my-ministry"]
    assert imported.left_out["what"].tolist() == ["column remark"]


def test_a_line_that_names_the_separator(tmp_path):
    imported = read_any([write(tmp_path, "sep=;\n" + WIDE)], TANKS)
    assert imported.claims["value"].tolist() == [1080, 1190, 12240, 900, 1750]


def test_a_stranger_is_said_to_be_one_and_whom_it_may_be(tmp_path):
    text = "date,General Staff of the Armed Forces of Ukraine\n2022-03-01,5\n2022-03-02,6\n"
    said = " ".join(read_any([write(tmp_path, text)], TANKS_TO_DATE).notes)
    assert "taken as a third party" in said
    assert "if it is ua-general-staff" in said


@pytest.mark.parametrize("ends", ["\r", "\r\n"])
def test_ends_of_lines(tmp_path, ends):
    imported = read_any([write(tmp_path, WIDE.replace("\n", ends))], TANKS)
    assert imported.claims["value"].tolist() == [1080, 1190, 12240, 900, 1750]


def test_a_workbook_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "own.xlsx").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(UsageError, match="Export its sheet as CSV"):
        read_any([tmp_path / "own.xlsx"], TANKS)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8"])
@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_dialects(tmp_path, encoding, delimiter):
    text = WIDE.replace(";", delimiter).replace("first", "é")
    imported = read_any([write(tmp_path, text, encoding)], TANKS)
    assert imported.claims["value"].tolist() == [1080, 1190, 12240, 900, 1750]


@pytest.mark.parametrize(
    ("cells", "value", "low", "high", "qualifier"),
    [
        ("1 200", 1200, None, None, "exact"),
        (">1200", 1200, None, None, "at-least"),
        ("up to 1200", 1200, None, None, "at-most"),
        ("~1200", 1200, None, None, "about"),
        ("1200+", 1200, None, None, "at-least"),
        ("1000-1500", None, 1000, 1500, "range"),
        ("1\u202f200", 1200, None, None, "exact"),
    ],
)
def test_words_in_cells(tmp_path, cells, value, low, high, qualifier):
    text = f"date,ua-general-staff\n2022-03-01,{cells}\n2022-03-02,2000\n"
    claims = read_any([write(tmp_path, text)], TANKS_TO_DATE).load().table
    row = claims.iloc[0]
    assert row["qualifier"] == qualifier
    for name, expected in (("value", value), ("low", low), ("high", high)):
        assert row[name] == expected or (expected is None and np.isnan(row[name]))


@pytest.mark.parametrize(
    ("dates", "read", "said"),
    [
        (["01/02/2024", "23/02/2024"], "2024-02-01", "dates are day/month/year"),
        (["02/01/2024", "02/23/2024"], "2024-02-01", "dates are month/day/year"),
        (["2024-02-01", "2024-02-23"], "2024-02-01", "dates are year-month-day"),
        (["01.02.24", "02.02.24", "03.02.24"], "2024-02-01", "day.month.year"),
    ],
)
def test_dates_are_decided_over_the_column_and_said(dates, read, said):
    guessed = guess_dates(dates)
    assert guessed.read(dates[0]).start.isoformat() == read
    assert said in " ".join(guessed.notes)


def test_dates_that_could_be_either_are_refused_until_the_user_decides(tmp_path):
    path = write(tmp_path, "date,ru-mod\n03/04/2022,5\n03/05/2022,6\n")
    with pytest.raises(UsageError, match="row 2, column date: '03/04/2022'.*--day-first"):
        read_any([path], TANKS)
    hints = replace(TANKS_TO_DATE, day_first=False)
    assert read_any([path], hints).claims["end"].tolist() == ["2022-03-04", "2022-03-05"]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5), st.sampled_from([",", ".", " "]))
def test_thousands_separators_come_off(numbers, mark):
    # One long number says what the mark is; without it 1,234 could be either.
    cells = [f"{number:,}".replace(",", mark) for number in [*numbers, 10**9]]
    found = guess_numbers(cells)
    assert [found.read(cell).value for cell in cells] == [*numbers, 10**9]


def test_decimals_with_a_comma():
    found = guess_numbers(["1,5", "12,25"])
    assert found.read("1,5").value == 1.5


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=80),
        st.lists(
            st.lists(st.sampled_from(["", "date", "value", "claimant", "end", "2022-03-01", "1.5",
                                      "3/4/22", "99.99.2022", '"', "-1", ">5", "é"]),
                     min_size=1, max_size=4).map(",".join), max_size=5,
        ).map(lambda lines: "\n".join(lines).encode()),
    )
)  # fmt: skip
def test_no_bytes_end_in_anything_but_a_clear_error(tmp_path, data):
    (tmp_path / "any.csv").write_bytes(data)
    with suppress(LossModelError):
        read_any([tmp_path / "any.csv"], TANKS)


def test_daily_figures_are_told_from_totals(tmp_path):
    rows = "".join(f"2022-03-{day:02d},{value}\n" for day, value in
                   enumerate([900, 300, 800, 200, 700, 950], start=1))  # fmt: skip
    path = write(tmp_path, "date,ua-general-staff\n" + rows)
    assert set(read_any([path], TANKS).claims["kind"]) == {"daily"}
    assert set(read_any([path], TANKS_TO_DATE).claims["kind"]) == {"cumulative"}


def test_all_bad_cells_are_named(tmp_path):
    rows = "".join(f"2022-03-{day:02d},{day}\n" for day in range(1, 20))
    path = write(tmp_path, "date,ru-mod\n" + rows + "soon,5\n2022-03-21,many\n")
    with pytest.raises(ClaimsError) as refused:
        read_any([path], TANKS)
    assert refused.value.problems[["row", "column"]].to_numpy().tolist() == [
        [21, "date"],
        [22, "ru-mod"],
    ]


@pytest.mark.parametrize(
    ("text", "guesses", "said"),
    [
        ("date,ru-mod\n2022-03-01,5\n", Hints(), "--party"),
        ("date,ru-mod\n2022-03-01,5\n", TANKS, "--kind"),
        ("name,ru-mod\nx,5\ny,6\n", TANKS, "no column of dates"),
        ("date,remark\n2022-03-01,none\n", TANKS, "no column of figures"),
        ("date\n", TANKS, "no table"),
        ("date,a,a\n2022-03-01,1,2\n", TANKS, "appear twice"),
        ('[{"date": "2022-02-25", "da', TANKS, "incomplete"),
        ("", TANKS, "no table"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, text, guesses, said):
    with pytest.raises(UsageError, match=said):
        read_any([write(tmp_path, text)], guesses)


def test_a_claims_table_comes_back_from_a_spreadsheet(tmp_path):
    text = (
        "claimant;party;category;kind;start;end;value;published;my column\n"
        "ru-mod;ukraine;tanks;cumulative;;31.03.2022;1.875;31.03.2022;a\n"
        "ru-mod;ukraine;tanks;daily;02.04.2022;02.04.2022;17;03.04.2022;b\n"
    )
    imported = read_any([write(tmp_path, text, "utf-8-sig")])
    claims = imported.load().table
    assert claims["value"].tolist() == [1875, 17]
    assert claims["end"].tolist() == [pd.Timestamp("2022-03-31"), pd.Timestamp("2022-04-02")]
    assert claims["claim_id"].is_unique
    assert imported.left_out["what"].tolist() == ["column my column"]


def test_import_writes_a_file_and_the_conflict_it_needs(lossmodel, tmp_path):
    write(tmp_path, WIDE, "utf-8-sig")
    arguments = ("--party", "russia", "--category", "tanks")
    said = lossmodel("data", "import", "own.csv", "--out", "tanks.csv", *arguments)
    assert said.status == 0
    assert "guessed" in said.stdout
    assert said.stdout.splitlines()[-1].endswith("tanks.csv --conflict tanks-conflict")
    assert lossmodel("check", "tanks.csv", "--conflict", "tanks-conflict").status == 0
    again = lossmodel("data", "import", "own.csv", "--out", "tanks.csv", *arguments)
    assert (again.status, "tanks-conflict exists" in again.stderr) == (2, True)


def test_nothing_is_written_where_the_door_refuses(lossmodel, tmp_path):
    write(tmp_path, WIDE)
    said = lossmodel(
        "data", "import", "own.csv", "--out", "x.csv", "--party", "nobody", "--category", "tanks"
    )
    assert said.status == 2
    assert "nobody" in said.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.csv"]


# --- headings and rows that read like claims, and are none -------------------------------------


def days_table(headings: str, *rows: str) -> str:
    lines = [f"2023-01-{day:02d},{row}" for day, row in enumerate(rows, 1)]
    return "\n".join([f"date,{headings}", *lines]) + "\n"


@pytest.mark.parametrize(
    "headings",
    [
        *("ci_lower,median,ci_upper", "lower 95,estimate,upper 95", "q2.5,q50,q97.5"),
        *("5%,50%,95%", "lb,mean,ub", "p05,p50,p95", "CI95 low,best,CI95 high", "min,avg,max"),
        *("lowest,point,highest", "conf.low,estimate,conf.high", "95% CI low,best,95% CI high"),
    ],
)
def test_limits_by_any_name_are_a_range(tmp_path, headings):
    path = write(tmp_path, days_table(headings, "100,150,300", "200,260,500", "300,390,700"))
    with pytest.raises(UsageError, match="--claimant"):
        read_any([path], TANKS)
    hints = Hints(party="russia", category="killed", claimant="somebody", kind="cumulative")
    claims = read_any([path], hints).claims
    assert set(claims["claimant"]) == {"somebody"}
    assert claims[["value", "low", "high"]].iloc[0].tolist() == [150, 100, 300]


@pytest.mark.parametrize("headings", ["Росія,Україна", "РФ,Украина", "RU,UA", "Russland,Ukraina"])
def test_parties_in_other_languages_are_no_claimants(tmp_path, headings):
    path = write(tmp_path, days_table(headings, "100,50", "200,70"))
    with pytest.raises(UsageError, match="is a party"):
        read_any([path], TANKS)
    claims = read_any(
        [path], Hints(claimant="somebody", category="killed", kind="cumulative")
    ).claims
    assert claims["party"].tolist() == ["russia", "russia", "ukraine", "ukraine"]


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        *(("idx", (10, 11, 12)), ("Zählung", (312, 313, 314)), ("Kriegstag", (312, 314, 320))),
        *(("day_num", (312, 314, 320)), ("rowid", (7, 2, 9)), ("moving average", (5, 4, 6))),
        *(("std", (5, 4, 6)), ("daily change", (5, 4, 6)), ("utm_e", (5, 4, 6))),
    ],
)
def test_numbers_beside_the_figures_are_no_claimants(tmp_path, heading, cells):
    rows = [f"{cell},{figure}" for cell, figure in zip(cells, (100, 240, 340), strict=True)]
    imported = read_any(
        [write(tmp_path, days_table(f"{heading},ua-general-staff", *rows))], TANKS_TO_DATE
    )
    assert set(imported.claims["claimant"]) == {"ua-general-staff"}
    assert heading in imported.left_out["what"].str.cat()


@pytest.mark.parametrize("heading", ["weekly killed", "average killed per day", "killed per month"])
def test_figures_of_windows_are_not_given_to_one_day(tmp_path, heading):
    text = f"date,{heading}\n2023-01-08,300\n2023-01-15,310\n2023-01-22,290\n"
    path = write(tmp_path, text)
    hints = Hints(party="russia", claimant="somebody")
    with pytest.raises(ClaimsError, match=r"rows 2, 3, 4, .*week-ending"):
        read_any([path], hints)
    week_ending = Hints(**vars(hints) | {"columns": parse_columns("date=week-ending")})
    assert read_any([path], week_ending).claims["start"].tolist()[0] == "2023-01-02"


def parse_columns(*texts: str) -> ColumnMap:
    return ColumnMap(dict(map(parse_column, texts)))


def test_equal_figures_of_two_places_are_not_taken_for_one(tmp_path):
    path = write(tmp_path, days_table("region,killed", "North,10", "North,15")
                 + "2023-01-01,South,10\n")  # fmt: skip
    hints = Hints(party="russia", claimant="somebody", kind="cumulative")
    with pytest.raises(ClaimsError, match=r"row 4, killed: .*region: 'South' and 'North'.*--by"):
        read_any([path], hints)
    summed = read_any([path], Hints(**vars(hints) | {"by": "day"})).claims
    assert summed["value"].tolist() == [20, 15]
    once = read_any([path], Hints(**vars(hints) | {"columns": parse_columns("region=ignore")}))
    assert once.claims["value"].tolist() == [10, 15]


def test_countries_that_are_no_parties_are_not_read_as_the_given_one(tmp_path):
    path = write(tmp_path, days_table("country,killed", "Atlantis,10", "Utopia,15"))
    with pytest.raises(ClaimsError, match="'Atlantis'"):
        read_any([path], Hints(party="russia", claimant="somebody"))


def test_a_column_with_one_figure_is_as_the_others(tmp_path):
    rows = ["100,", "250,", "300,", "410,7", "420,", "500,"]
    imported = read_any([write(tmp_path, days_table("oryx,My Ministry", *rows))], TANKS)
    assert imported.claims["kind"].tolist() == ["cumulative"] * 7
    with pytest.raises(UsageError, match="row 2, column oryx"):
        read_any([write(tmp_path, days_table("oryx", "100"))], TANKS)


def test_cells_that_are_all_no_figures_are_named(tmp_path):
    path = write(tmp_path, days_table("n", "dozens", "tens of thousands"))
    with pytest.raises(ClaimsError, match="rows 2, 3, n: found 'dozens'"):
        read_any([path], Hints(party="russia", category="killed", claimant="somebody"))


@pytest.mark.parametrize(
    "text",
    [
        '{"date": "2023-01-01", "oryx": 5}\n\n{"date": "2023-01-02", "oryx": 9}\n',
        '{"2023-01-01": 5, "2023-01-02": 9, "2023-01-03": null}',
    ],
)
def test_json_with_gaps(tmp_path, text):
    hints = Hints(party="russia", category="tanks", claimant="oryx", kind="cumulative")
    assert read_any([write(tmp_path, text)], hints).claims["value"].tolist() == [5, 9]


@pytest.mark.parametrize(
    "text",
    [
        "month,2022,2023\nMarch,5,12\nApril,6,13\n",
        "Monat;2022;2023\n3;5;12\n4;6;13\n",
        ";2022;2023\nMärz;5;12\nApril;6;13\n",
    ],
)
def test_months_by_years_are_refused(tmp_path, text):
    with pytest.raises(UsageError, match="headings such as '2022' are times, and so is column"):
        read_any([write(tmp_path, text)], Hints(**vars(TANKS) | {"claimant": "somebody"}))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2022-03-09,2022-03-01,10", "end: found '2022-03-01'; allowed: a day from start on"),
        ("2022-03-01,,10", "end: found nothing; allowed: the first and the last day"),
        (",2022-03-07,10", "start: found nothing; allowed: the first and the last day"),
    ],
)
def test_windows_have_both_ends_in_their_order(tmp_path, row, words):
    text = f"start,end,killed\n2022-04-01,2022-04-07,5\n{row}\n2022-04-08,2022-04-14,12\n"
    hints = Hints(party="russia", claimant="somebody")
    with pytest.raises(ClaimsError, match=f"own.csv row 3, {words}"):
        read_any([write(tmp_path, text)], hints)


def test_a_day_of_its_own_column_in_another_language(tmp_path):
    text = "Jahr;Monat;Tag;Gefallene\n2022;3;1;10\n2022;3;12;12\n"
    claims = read_any([write(tmp_path, text)], Hints(party="russia", claimant="somebody")).claims
    assert claims["end"].tolist() == ["2022-03-01", "2022-03-12"]


def test_an_error_names_the_conflict_and_names_may_have_capitals(tmp_path):
    rows = "{},Russia,Tanks,2023-01-01,5\n{},Russia,Tanks,2023-01-02,6\n"
    text = f"Claimant,Party,Category,End,Value\n{rows}"
    claims = (
        read_any(
            [write(tmp_path, text.replace("{}", "UA-General-Staff"))], Hints(kind="cumulative")
        )
        .load()
        .table
    )
    assert claims["party"].tolist() == ["russia", "russia"]
    unknown = text.replace("{}", "nobody").replace("Russia", "Atlantis")
    with pytest.raises(ClaimsError, match="names of the conflict russia-ukraine"):
        read_any([write(tmp_path, unknown)], Hints(kind="cumulative")).load()


@pytest.mark.parametrize("heading", ["killed (%)", "losses, $", "% killed", "втрати, ₴"])
def test_shares_and_money_are_no_claims(tmp_path, heading):
    path = write(tmp_path, f"date;{heading}\n2023-01-01;1.5\n2023-01-02;1.7\n")
    with pytest.raises(UsageError, match="no count of losses"):
        read_any([path], Hints(party="russia", claimant="somebody"))


@pytest.mark.parametrize(
    "text",
    [
        "Kampftag;Datum;Gefallene Xyz\n4;24.02.2022;50\n9;25.02.2022;70\n",
        "Datum;37.5;Gefallene Xyz\n24.02.2022;4;50\n25.02.2022;9;70\n",
    ],
)
def test_a_column_beside_unread_losses_is_not_taken_for_them(tmp_path, text):
    path = write(tmp_path, text)
    for hints in (Hints(**vars(TANKS)), Hints(**vars(TANKS) | {"claimant": "somebody"})):
        with pytest.raises(UsageError, match="--column"):
            read_any([path], hints)


def test_marks_of_notes_in_a_column_of_sources_are_no_claimants(tmp_path):
    path = write(tmp_path, days_table("source,killed", "[1],5", "[2],6"))
    claims = read_any([path], Hints(party="russia", claimant="somebody", kind="cumulative")).claims
    assert set(claims["claimant"]) == {"somebody"}
