"""A list of persons becomes counts by day, week or month; no cell of it but the days is kept."""

import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.errors import ClaimsError, UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.importers import Hints, read_any
from lossmodel.importers.persons import is_persons
from tests.small_conflict import write_conflict

PERSONS = [
    ("Zzyzx Quux", "1970-01-01", "2001-02-03", "Xyzzytown"),
    ("Plugh Garply", "1971-05-05", "2001-02-03", "Xyzzytown"),
    ("Waldo Fred-Thud", "1972-06-06", "2001-02-05", "Corge"),
    ("Plugh Garply", "1971-05-05", "2001-02-03", "Xyzzytown"),
    ("Grault Xyz", "", "2001-03-01", ""),
    ("Foobar Baz", "1980-01-01", "", "Corge"),
    *((f"Wibble {i}", "1981-01-01", "2001-02-10", "Corge") for i in range(4)),
]
WORDS = {word for row in PERSONS for cell in (row[0], row[3]) for word in cell.split() if word}
WORDS = {word for word in WORDS if not word.isdigit()} | {row[1] for row in PERSONS if row[1]}


def write_list(
    path, rows=PERSONS, headings=("Full name", "Date of birth", "Date of death", "Place")
):
    pd.DataFrame(rows, columns=list(headings)).to_csv(path, index=False)
    return path


@pytest.fixture
def sea(tmp_path):
    return write_conflict(tmp_path / "sea")


def test_a_list_of_persons_is_known_in_any_spelling_of_its_headings():
    assert is_persons({"fullName", "deathDate", "age"})
    assert is_persons({"Прізвище", "дата загибелі"})
    assert not is_persons({"fullName", "deathDate", "killed"})


def hints(sea, **options):
    return Hints(**{"conflict": str(sea), "party": "land", "claimant": "obituaries", **options})


def test_persons_are_counted_by_day_of_death(sea, tmp_path):
    imported = read_any([write_list(tmp_path / "list.csv")], hints(sea))
    claims = imported.load()
    table = claims.table
    # From the first death to the last, with zeros between.
    assert len(table) == 27
    deaths = table[table["value"] > 0].set_index("end")["value"]
    found = {f"{day:%m-%d}": int(value) for day, value in deaths.items()}
    assert found == {"02-03": 2, "02-05": 1, "02-10": 4, "03-01": 1}
    assert set(table["claimant"]) == {"obituaries"}
    assert set(table["category"]) == {"killed"}
    assert set(table["kind"]) == {"daily"}
    assert claims.conflict.stream("obituaries", "land", "killed").accounting == "list"
    assert imported.left_out["rows"].tolist() == [1, 1]
    used = collect_evidence(claims).classes["class"]
    assert (used == "used").any()


# 3 February 2001 was a Saturday.
@pytest.mark.parametrize(("by", "counts"), [("week", [2, 5, 0, 0, 1]), ("month", [7, 1])])
def test_persons_are_counted_by_week_or_month(sea, tmp_path, by, counts):
    table = read_any([write_list(tmp_path / "list.csv")], hints(sea, by=by)).load().table
    assert table["value"].tolist() == counts
    assert table["end"].max() == pd.Timestamp("2001-03-01")


def test_no_cell_but_the_days_is_in_any_file_or_word(sea, tmp_path, lossmodel):
    write_list(tmp_path / "list.csv")
    ended = lossmodel(
        *("data", "import", "list.csv", "--out", "mine", "--conflict", "sea"),
        *("--party", "land", "--claimant", "obituaries"),
    )
    assert ended.status == 0, ended.stderr
    said = [line for line in ended.stdout.splitlines() if "no name" in line]
    assert len(said) == 1
    assert "8 persons are counted by day of death" in said[0]
    written = [path for path in (tmp_path / "mine").rglob("*") if path.is_file()]
    assert {"claims.csv", "claimants.csv", "streams.csv"} <= {path.name for path in written}
    text = ended.stdout + ended.stderr + "".join(path.read_text() for path in written)
    assert not [word for word in WORDS if word in text]
    assert len(load_claims(conflict=tmp_path / "mine")) == 27


@pytest.mark.parametrize(
    "headings",
    [
        ("name", "born", "died", "place"),
        ("Прізвище", "рік", "дата загибелі", "місто"),
        ("Surname", "First name", "date", "unit"),
    ],
)
def test_headings_of_many_kinds_are_known(sea, tmp_path, headings):
    path = write_list(tmp_path / "list.csv", headings=headings)
    assert len(read_any([path], hints(sea)).claims) == 27


def test_a_list_is_refused_without_a_name_where_it_cannot_be_counted(sea, tmp_path):
    rows = [(name, born, "spring", place) for name, born, _, place in PERSONS]
    mixed = [(*row[:3], str(i % 2)) for i, row in enumerate(PERSONS)]
    headings = ("name", "born", "died", "status")
    cases = {
        "--claimant and --party": (write_list(tmp_path / "a.csv"), Hints(party="land")),
        "no day of death": (write_list(tmp_path / "b.csv", rows), hints(sea)),
        "rows of several kinds": (write_list(tmp_path / "c.csv", mixed, headings), hints(sea)),
    }
    for words, (path, given) in cases.items():
        with pytest.raises(UsageError, match=words) as refused:
            read_any([path], given)
        assert refused.value.exit_code == 2
        assert not [word for word in (*WORDS, "spring") if word in str(refused.value)]


@pytest.mark.parametrize(
    ("without", "said"),
    [
        (1, "1 of 4 persons has no day of death .* \\(row 2\\)"),
        (2, "2 of 4 persons have no day of death .* \\(rows 2, 3\\)"),
    ],
)
def test_persons_without_a_day_are_counted_in_words(sea, tmp_path, without, said):
    days = ["spring"] * without + ["2001-02-03"] * (4 - without)
    rows = [(f"Wibble {i}", "", day, "") for i, day in enumerate(days)]
    with pytest.raises(UsageError, match=said):
        read_any([write_list(tmp_path / "list.csv", rows)], hints(sea))


def test_persons_without_a_day_are_left_out_and_counted(sea, tmp_path):
    blank = ["", "unknown", "", "February 2001", "2001"]
    rows = [(f"Wibble {i}", "", day, "") for i, day in enumerate([*blank, "2001-02-03"])]
    imported = read_any([write_list(tmp_path / "list.csv", rows)], hints(sea))
    assert imported.claims["value"].tolist() == [1]
    without = {"what": "rows", "why": "without a day of death that can be read", "rows": 5}
    assert imported.left_out.to_dict("records") == [without]
    with pytest.raises(UsageError, match="5 of 5 persons have no day of death"):
        read_any([write_list(tmp_path / "blank.csv", rows[:5])], hints(sea))


@pytest.mark.parametrize(
    ("by", "day", "allowed"),
    [
        (None, "2201-02-06", "from 2001-01-01 to 2003-12-31"),
        ("month", "1901-03-12", "from 2001-01-01 to 2003-12-31"),
        # A war that goes on ends today.
        ("week", "2091-02-06", f"from 2001-01-01 to {pd.Timestamp.now(tz='UTC'):%Y-%m-%d}"),
    ],
)
def test_a_mistyped_year_is_one_error_with_its_row(sea, tmp_path, by, day, allowed):
    if by == "week":
        toml = (sea / "conflict.toml").read_text(encoding="utf-8")
        (sea / "conflict.toml").write_text(toml.replace("end = 2003-12-31\n", ""), encoding="utf-8")
    rows = [*PERSONS[:3], ("Grault Xyz", "", day, "")]
    with pytest.raises(UsageError) as error:
        read_any([write_list(tmp_path / "list.csv", rows)], hints(sea, by=by))
    expected = f"row 5, column 'Date of death': found {day}; allowed: a day of death {allowed}"
    assert expected in str(error.value)


def test_a_table_with_counts_is_no_list_of_persons(sea, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("name,date,killed\nx,2001-02-03,5\ny,2001-02-04,6\n")
    imported = read_any([path], hints(sea, category="killed", kind="daily"))
    assert "one row per person" not in " ".join(imported.notes)


LISTED = """id,name,date of death,age,unit
1,Zzyzx Quux,2001-02-03,30,x
2,Plugh Garply,2001-02-05,31,x
3,Waldo Fred-Thud,Zzyzx Quux,31,x
4,Wibble Quux,2001-02-06,Plugh Garply,x
"""


@pytest.mark.parametrize("read", ["party", "category", "scope", "value", "via", "kind", "claimant"])
@pytest.mark.parametrize("by", [None, "day"])
def test_no_cell_of_a_list_is_in_a_message_however_its_columns_are_declared(
    sea, tmp_path, lossmodel, read, by
):
    path = tmp_path / "list.csv"
    for text in (LISTED, LISTED.replace("name", "who"), "\n".join(LISTED.splitlines()[:3])):
        if "who" in text and not by:
            continue
        path.write_text(text)
        given = ["--column", f"{'who' if 'who' in text else 'name'}={read}", "--claimant", "diary"]
        given += [] if read == "value" else ["--column", "age=value"]
        given += [] if read == "party" else ["--party", "land"]
        given += [] if read == "category" else ["--category", "killed"]
        given += ["--by", by] if by else []
        ended = lossmodel(
            "data", "import", "list.csv", "--out", "o.csv", "--conflict", "sea", *given
        )
        said = ended.stdout + ended.stderr
        # A column that is declared as the one of claimants names those whose figures they are.
        if read != "claimant" or ended.status == 2:
            assert not [word for word in WORDS if word in said]
            assert ended.status == 0 or "list.csv" in said


@pytest.mark.parametrize(
    "headings", ["Name,Rank,Died", "name,unit,date of death", "name,died,note"]
)
def test_a_new_conflict_of_a_list_needs_its_claimant_and_party_alone(tmp_path, lossmodel, headings):
    lines = [f"Zzyzx {i},{i % 2},2001-05-0{i % 9 + 1}" for i in range(12)]
    if headings.endswith("note"):
        lines = [",".join([a, c, b]) for a, b, c in (line.split(",") for line in lines)]
    (tmp_path / "list.csv").write_text("\n".join([headings, *lines]) + "\n")
    base = ["--from", "list.csv", "--start", "2001-05-01", "--side", "north", "--side", "south"]
    lacking = lossmodel("new", "war", *base)
    assert lacking.status == 2
    assert "2 options are missing" in lacking.stderr
    assert "Zzyzx" not in lacking.stderr
    given = [*base, "--party", "North=north", "--claimant", "List=-", "--category", "wounded"]
    ended = lossmodel("new", "war", *given)
    assert ended.status == 0, ended.stderr
    assert "12 persons are counted by day of death" in ended.stdout
    assert "categories wounded" in ended.stdout
    assert "Zzyzx" not in ended.stdout + ended.stderr


def test_a_question_about_a_table_that_may_name_persons_shows_no_cell(tmp_path, lossmodel):
    (tmp_path / "list.csv").write_text(
        "name,died,age\nZzyzx Quux,2001-05-01,30\nPlugh Garply,2001-05-03,31\n"
    )
    given = ["--column", "died=date", "--column", "age=value", "--kind", "daily"]
    ended = lossmodel("new", "war", "--from", "list.csv", "--start", "2001-05-01", *given)
    assert "If a column does: --column 'HEADING=claimant', of name" in ended.stderr
    assert "Zzyzx" not in ended.stderr


@pytest.mark.parametrize("second", ["early March", "land", "killed"])
def test_a_name_in_the_place_of_a_heading_is_in_no_message(sea, tmp_path, second):
    path = tmp_path / "list.csv"
    path.write_text(f"Zzyzx Quux,{second}\nPlugh Garply,2001-02-03\nWaldo Thud,2001-02-05\n")
    with pytest.raises(UsageError, match=r"left out are column 1 \(has no figures\)") as refused:
        read_any([path], hints(sea, category="killed"))
    assert not [word for word in WORDS if word in str(refused.value)]


def test_cells_of_other_tables_are_shown(sea, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("date,land\n2001-02-03,5\n2001-02-04,many\n")
    with pytest.raises(ClaimsError, match="row 3, land: found 'many'"):
        read_any([path], hints(sea, category="killed"))
