"""`lossmodel new`: a folder from options, answers and a table, whole or not at all."""

import csv
import datetime as dt
import io
import json
import re
import shlex
import tomllib
from dataclasses import replace

import pandas as pd
import pytest

from lossmodel import ClaimsError, load_claims, load_conflict
from lossmodel.claims.own_counts import own_counts
from lossmodel.claims.summary import stream_table
from lossmodel.cli import new as command
from lossmodel.conflict.keys import SECTIONS
from lossmodel.conflict.types import STANDARD_CATEGORIES, Side
from lossmodel.errors import UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.findings import find
from lossmodel.importers import Column, ColumnMap, Hints
from lossmodel.importers.words import CATEGORIES, normal
from lossmodel.scaffold import Wishes, create
from lossmodel.scaffold.files import sources_of
from lossmodel.scaffold.sides import likely_side
from lossmodel.scaffold.words import (
    _EQUIPMENT,
    _PERSONS,
    category_of,
    is_of_civilians,
    quoted,
    split,
)
from lossmodel.tables.schema import TABLES
from lossmodel.tables.vocabulary import ACCOUNTINGS

LONG = """date,side,what,number,who,link
3 May 2001,North,killed,over 500,Southern Staff,https://www.example.org/1
10 May 2001,North,dead,1.2 thousand,Southern Staff,https://example.org/2
17 May 2001,North,KIA,"1,900",Southern Staff,https://example.org/3
11 May 2001,South,fallen,20-30,Northern Ministry,https://example.org/2
12 May 2001,South,tanks,3,The Gazette,
13 May 2001,South,injured,about 90,Northern Ministry,page 4 of the Gazette
"""
SIDED = ("Southern Staff=South", "Northern Ministry=North", "*=-")
GIVEN = Wishes(start="2001-05-01", claimants=SIDED)


class Answers:
    """A person who answers by what a question begins with, and takes proposals otherwise."""

    def __init__(self, **answers):
        self.answers = {key.replace("_", " "): list(texts) for key, texts in answers.items()}
        self.asked = []
        self.told = []

    def __call__(self, question, default):
        self.asked.append(question)
        for begin, texts in self.answers.items():
            if question.startswith(begin) and texts:
                return texts.pop(0)
        return ""

    def tell(self, text):
        self.told.append(text)


def table(folder, text=LONG, name="figures.csv"):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def created(folder, text, wishes, name="war"):
    """The folder of a table of running totals."""
    hints = Hints(conflict="", kind="cumulative")
    return create(folder / name, wishes, table=table(folder, text), hints=hints)


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("made")
    return create(place / "war", GIVEN, table=table(place))


# --- the files ----------------------------------------------------------------------------------


def test_a_foreign_table_becomes_a_conflict_that_loads(made):
    claims = load_claims(conflict=made.folder)
    by_id = claims.table.set_index("claim_id")
    assert len(by_id) == 6
    first = by_id.loc["southern-staff-north-killed-2001-05-03"]
    assert (first["value"], first["qualifier"]) == (500, "at-least")
    assert by_id.loc["southern-staff-north-killed-2001-05-10", "value"] == 1_200
    fallen = by_id.loc["northern-ministry-south-killed-2001-05-11"]
    assert (fallen["low"], fallen["high"]) == (20, 30)
    assert set(by_id["category"]) == {"killed", "wounded", "tanks"}
    war = claims.conflict
    assert war.role("southern-staff", "north") == "adversary"
    assert war.role("northern-ministry", "north") == "self"
    assert war.role("the-gazette", "south") == "third-party"


def test_every_file_of_the_format_is_there(made):
    names = {path.name for path in made.folder.iterdir()}
    assert names == {"conflict.toml", "README.md", *(t.file for t in TABLES.values())}
    for entry in TABLES.values():
        header = (made.folder / entry.file).read_text().splitlines()[0].split(",")
        assert header == [field.name for field in entry.fields]
    assert rows(made.folder / "truth.csv") == []


def test_every_key_is_in_the_file_with_its_meaning(made):
    text = " ".join(
        line.lstrip("# ") for line in (made.folder / "conflict.toml").read_text().splitlines()
    )
    for name in ("", "parties", "categories", "scopes", "knots"):
        for key in SECTIONS[name].keys:
            assert key.name in text
            if key.name not in ("title", "side", "fights"):
                assert key.meaning.rstrip(".") in text


def test_sources_are_keys_with_their_pages(made):
    sources = {row["source"]: row for row in rows(made.folder / "sources.csv")}
    assert {row["url"] for row in sources.values()} >= {"https://example.org/2"}
    assert "page 4 of the Gazette" in {row["title"] for row in sources.values()}
    used = {row["source"] for row in rows(made.folder / "claims.csv")}
    assert used - {""} == set(sources)


def test_a_known_day_of_publication_names_the_source(tmp_path):
    text = LONG.replace("link", "link,published").replace("/3\n", "/3,18 May 2001\n")
    text = "\n".join(line if line.count(",") > 5 else line + "," for line in text.splitlines())
    wishes = GIVEN
    place = create(tmp_path / "war", wishes, table=table(tmp_path, text)).folder
    assert "example-org-2001-05-18" in {row["source"] for row in rows(place / "sources.csv")}


def test_names_given_to_columns_have_keys_of_their_own(tmp_path):
    text = "date,a,b\n2001-05-10,210,30\n2001-05-20,420,60\n2001-05-30,630,90\n"
    given = {
        "a": Column("value", claimant="Southern Staff", party="North", category="Dead"),
        "b": Column("value", claimant="Southern Staff", party="South", category="tanks"),
    }
    wishes = Wishes(start="2001-05-01", claimants=("Southern Staff=South",))
    made = create(
        tmp_path / "war",
        wishes,
        table=table(tmp_path, text),
        hints=Hints(columns=ColumnMap(given)),
    )
    found = load_claims(conflict=made.folder)
    assert {tuple(row) for row in found.table[["claimant", "party", "category"]].to_numpy()} == {
        ("southern-staff", "north", "killed"), ("southern-staff", "south", "tanks"),
    }  # fmt: skip
    assert found.conflict.claimants["name"].tolist() == ["Southern Staff"]
    assert found.conflict.parties["north"].title == "North"


@pytest.mark.parametrize("word", ["citing", "quoting", "according to", "laut", "по данным"])
def test_who_quotes_a_side_is_not_proposed_for_it(word):
    sides = {"north": Side("north", "North"), "south": Side("south", "South")}
    assert likely_side("Northern Staff", sides) == "north"
    assert likely_side(f"The Gazette ({word} Northern Staff)", sides) == ""


GED = (
    "id,side_a,side_b,date_start,date_end,deaths_a,deaths_b,deaths_civilians,best,high,low\n"
    "1,Government of North,Government of South,2001-05-01,2001-05-01,3,4,1,10,12,8\n"
    "2,Government of North,Government of South,2001-05-03,2001-05-09,0,6,0,6,6,6\n"
)
ACLED = "event_date,actor1,fatalities\n01 May 2001,A,12\n02 May 2001,B,3\n"


@pytest.mark.parametrize(
    ("text", "columns", "claimant"),
    [
        (GED, {"deaths_a": "north", "deaths_b": "south"}, "ucdp-ged"),
        (ACLED, {"fatalities": "north"}, "acled"),
        ("day,lost,fell\n2001-05-01,5,9\n", {"lost": "north", "fell": "south"}, "ministry"),
    ],
)
def test_a_column_that_names_no_claimant_leaves_the_one_of_the_table(
    tmp_path, text, columns, claimant
):
    given = {name: Column("value", party=of, category="killed") for name, of in columns.items()}
    claimants = ("Ministry=north",) if claimant == "ministry" else ("*=-",)
    wishes = Wishes(start="2001-05-01", sides=("north", "south"), claimants=claimants)
    hints = Hints(conflict="", kind="period" if claimant != "ministry" else "daily")
    hints = replace(hints, columns=ColumnMap(given))
    done = create(tmp_path / "war", wishes, table=table(tmp_path, text), hints=hints)
    found = {(row["claimant"], row["party"]) for row in rows(done.folder / "claims.csv")}
    assert found == {(claimant, party) for party in columns.values()}


SIDES = ("north", "south")


@pytest.mark.parametrize(
    ("parties", "civilians", "found"),
    [
        ((), (), {"north": 3, "south": 10}),
        (
            ("Government of North=north", "Government of South=south"),
            (),
            {"government-of-north": 3, "government-of-south": 10},
        ),
        (("North=north",), (), {"north": 3, "south": 10}),
        (
            ("North=north", "Villagers=south"),
            ("Villagers",),
            {"north": 3, "government-of-south": 10, "villagers": 1},
        ),
        (("Everyone=-",), (), {"everyone": 16}),
    ],
)
def test_the_parties_of_a_set_of_events_are_those_that_it_names(
    tmp_path, parties, civilians, found
):
    wishes = Wishes(
        start="2001-05-01", sides=SIDES, parties=parties, civilians=civilians, claimants=("*=-",)
    )
    done = create(tmp_path / "war", wishes, table=table(tmp_path, GED), hints=Hints(conflict=""))
    claims = rows(done.folder / "claims.csv")
    assert {row["party"]: float(row["value"]) for row in claims} == found


ACROSS = "date,{},{}\n2001-05-02,5,9\n2001-05-03,8,20\n2001-05-04,9,31\n"


@pytest.mark.parametrize(
    ("headings", "parties"),
    [
        (("north killed", "south killed"), ()),
        (("Gefallen Nord", "Gefallen Süd"), ()),
        (("North dead", "South dead"), ("North=north", "South=south")),
        (("north killed", "south killed"), ("Army=north", "Southerners=south")),
        (("North", "South"), ("North=north", "South=south")),
    ],
)
def test_sides_and_parties_of_the_user_are_words_of_headings(tmp_path, headings, parties):
    wishes = Wishes(
        start="2001-05-01",
        sides=SIDES,
        parties=parties,
        claimants=("Ministry=north",),
        categories=("killed",),
    )
    text = ACROSS.format(*headings)
    done = created(tmp_path, text, wishes)
    claims = rows(done.folder / "claims.csv")
    named = {name.split("=")[0].lower() for name in parties} or set(SIDES)
    assert {row["party"] for row in claims} == named
    assert {row["claimant"] for row in claims} == {"ministry"}
    assert [float(r["value"]) for r in claims if r["party"] == sorted(named)[0]] == [5, 8, 9]


def test_merged_headings_of_the_users_parties_are_parties(tmp_path):
    text = "Date,North,,South,\n,killed,wounded,killed,wounded\n2001-05-02,5,9,6,7\n"
    text += "2001-05-03,8,20,9,9\n"
    wishes = Wishes(start="2001-05-01", sides=SIDES, claimants=("Ministry=north",))
    done = created(tmp_path, text, wishes)
    claims = rows(done.folder / "claims.csv")
    assert {(row["claimant"], row["party"]) for row in claims} == {
        ("ministry", "north"),
        ("ministry", "south"),
    }


def test_a_party_that_the_user_names_is_no_total(tmp_path):
    text = (
        "date,party,category,figure,claimant\n2001-05-02,Soldiers,killed,5,Staff\n"
        "2001-05-02,All,killed,9,Envoy\n2001-05-03,Total,killed,5,Staff\n"
    )
    wishes = Wishes(
        start="2001-05-01",
        sides=SIDES,
        parties=("Soldiers=north", "all=-"),
        claimants=("*=-",),
    )
    done = created(tmp_path, text, wishes)
    assert {row["party"] for row in rows(done.folder / "claims.csv")} == {"soldiers", "all"}
    assert done.imported.left_out["why"].tolist() == ["totals of other rows (row 4)"]
    with pytest.raises(ClaimsError, match=r"row 3, date: found '2001-05-32'"):
        created(tmp_path, text.replace("02,All", "32,All"), wishes, "other")


def test_tables_in_markdown_are_read(tmp_path):
    text = "| date | north killed | south killed |\n|---|---:|:---|\n| 1 May 2001 | 12 | 30 |\n"
    text += "| 2 May 2001 | 15 | 41 |\n"
    wishes = Wishes(start="2001-05-01", sides=SIDES, claimants=("Ministry=north",))
    done = created(tmp_path, text, wishes)
    assert done.claims == 4


def test_headings_of_the_users_claimants_are_claimants(tmp_path):
    wishes = Wishes(
        start="2001-05-01",
        sides=SIDES,
        parties=("North=north",),
        claimants=("North=north", "South=south"),
        categories=("killed",),
    )
    hints = Hints(conflict="", kind="daily")
    path = table(tmp_path, ACROSS.format("North", "South"))
    done = create(tmp_path / "war", wishes, table=path, hints=hints)
    found = {(row["claimant"], row["party"]) for row in rows(done.folder / "claims.csv")}
    assert found == {("north", "north"), ("south", "north")}
    text = "date,party,North,South\n2001-05-02,North,5,9\n2001-05-03,South,8,20\n"
    wishes = replace(wishes, parties=())
    path = table(tmp_path, text)
    done = create(tmp_path / "other", wishes, table=path, hints=hints)
    found = {(row["claimant"], row["party"]) for row in rows(done.folder / "claims.csv")}
    assert found == {(a, b) for a in SIDES for b in SIDES}


UNDATED = """{| class="wikitable"
! Side !! Killed !! Wounded
|-
| North || 1,200 || 3,400
|-
| South || 2,000 || 5,100
|}
"""


def test_totals_without_a_day_are_those_at_the_end_that_is_given(tmp_path):
    wishes = Wishes(start="2001-05-01", end="30 June 2001", sides=("North", "South"),
                    claimants=("Gazette=-",))  # fmt: skip
    place = table(tmp_path, UNDATED)
    made = create(tmp_path / "war", wishes, table=place, hints=Hints(conflict=""))
    found = load_claims(conflict=made.folder).table
    assert set(found["kind"]) == {"cumulative"}
    assert set(found["end"]) == {pd.Timestamp("2001-06-30")}
    assert sorted(found["value"]) == [1200, 2000, 3400, 5100]
    said = "no column has days: figures are totals to 2001-06-30, the end of the war"
    assert said in made.imported.notes
    # Without the end, or with days that cannot be read, nothing is assumed.
    with pytest.raises(UsageError, match="no column of dates.*new with --end"):
        create(tmp_path / "open", replace(wishes, end=""), table=place, hints=Hints(conflict=""))
    dated = table(tmp_path, "date,side,killed\nsome day,North,5\n", "dated.csv")
    with pytest.raises(UsageError, match="no column of dates.*row 2, column date is none"):
        create(tmp_path / "other", wishes, table=dated, hints=Hints(conflict=""))


OWN = """date,killed,side,Source
2001-05-02,700,{0},{0}
2001-05-20,1000,{0},{0}
2001-05-20,1500,{1},{0}
2001-06-08,40,{1},{1}
2001-06-20,1200,{0},{1}
"""


@pytest.mark.parametrize("names", [("IDF", "Hezbollah"), ("国防军", "真主党"), ("צהל", "חיזבאללה")])
@pytest.mark.parametrize("claimants", [False, True])
@pytest.mark.parametrize("sides", [("IDF", "Hezbollah"), ("Israel", "Lebanon")])
def test_a_party_may_report_its_own_losses_under_its_name(tmp_path, names, claimants, sides):
    given = tuple(f"{name}={side}" for name, side in zip(names, sides, strict=True))
    wishes = Wishes(
        start="2001-05-01", sides=sides, parties=given, claimants=given if claimants else ()
    )
    made = created(tmp_path, OWN.format(*names), wishes)
    found = load_claims(conflict=made.folder)
    table, war = found.table, found.conflict
    title = war.claimants.set_index("claimant")["name"]
    pairs = zip(table["claimant"], table["party"], table["value"], strict=True)
    assert {(title[a], war.parties[b].title, value) for a, b, value in pairs} == {
        (names[0], names[0], 700), (names[0], names[0], 1000), (names[0], names[1], 1500),
        (names[1], names[1], 40), (names[1], names[0], 1200),
    }  # fmt: skip
    roles = {(title[a], war.parties[b].title): war.role(a, b) for a in title.index
             for b in war.parties}  # fmt: skip
    assert all(roles[name, name] == "self" for name in names)
    assert roles[names[0], names[1]] == roles[names[1], names[0]] == "adversary"


def test_a_claimant_with_the_name_of_civilians_is_asked_about(tmp_path):
    wishes = Wishes(start="2001-05-01", sides=("A", "B"), parties=("A", "Villagers=B"),
                    civilians=("Villagers",))  # fmt: skip
    with pytest.raises(UsageError, match="--claimant 'Villagers=SIDE'"):
        created(tmp_path, OWN.format("A", "Villagers"), wishes)


def test_of_several_parties_given_the_question_is_which(lossmodel, tmp_path):
    table(tmp_path, ACROSS.format("killed", "wounded"))
    said = lossmodel(
        *("new", "war", "--from", "figures.csv", "--start", "2001-05-01", "--side", "a"),
        *("--side", "b", "--party", "A=a", "--party", "B=b", "--claimant", "M=a"),
        *("--kind", "cumulative"),
    )
    assert said.status == 2
    assert "--column 'killed=value,party=A'" in said.stderr
    assert "says it of 'killed', 'wounded'. Given are A, B: say which" in " ".join(
        said.stderr.split()
    )


def test_a_relay_names_its_claimant_as_the_table_does(tmp_path):
    text = """date,side,what,number,who,via
10 May 2001,North,killed,1200,Southern Staff,
11 May 2001,North,killed,1200,The Gazette,Southern Staff
12 May 2001,South,killed,30,Northern Ministry,
12 May 2001,South,killed,30,The Gazette,northern  ministry
"""
    hints = Hints(kind="cumulative")
    folder = create(tmp_path / "war", GIVEN, table=table(tmp_path, text), hints=hints).folder
    found = load_claims(conflict=folder).table
    assert set(zip(found["claimant"], found["via"].fillna(""), strict=True)) == {
        ("southern-staff", ""), ("northern-ministry", ""),
        ("the-gazette", "southern-staff"), ("the-gazette", "northern-ministry"),
    }  # fmt: skip


def test_a_relay_of_nobody_is_named_in_the_users_file(tmp_path):
    text = """date,side,what,number,who,via
10 May 2001,North,killed,1200,Southern Staff,
12 May 2001,South,killed,30,Northern Ministry,Some Agency
"""
    hints = Hints(kind="cumulative")
    with pytest.raises(ClaimsError, match="figures.csv row 3, via: found 'Some Agency'"):
        create(tmp_path / "war", GIVEN, table=table(tmp_path, text), hints=hints)


def test_streams_nobody_described_are_estimates_and_say_so(made):
    assert rows(made.folder / "streams.csv") == []
    streams = stream_table(load_claims(conflict=made.folder))
    assert set(zip(streams["claimant"], streams["category"], strict=True)) == {
        ("southern-staff", "killed"),
        ("northern-ministry", "killed"),
        ("northern-ministry", "wounded"),
        ("the-gazette", "tanks"),
    }
    assert set(streams["accounting"]) == {"estimate"}
    assert not streams["declared"].any()


@pytest.mark.parametrize("said", [(), ("North Ministry=ledger",)])
def test_an_own_count_that_nobody_described_is_a_note_in_a_new_folder(tmp_path, said):
    text = "date,killed\n" + "".join(f"2001-05-0{i},{9 * i}\n" for i in range(2, 8))
    wishes = Wishes(
        start="2001-05-01",
        sides=("North", "South"),
        parties=("North=north",),
        claimants=("North Ministry=north",),
        accountings=said,
    )
    claims = load_claims(conflict=created(tmp_path, text, wishes).folder)
    kinds = {finding.kind for finding in find(claims, collect_evidence(claims))}
    assert ("undeclared-accounting" in kinds) is (not said)


PERSONS = "Name,Rank,Died\n" + "".join(f"P{i} Q,Pte,2001-05-{1 + i % 20:02d}\n" for i in range(60))


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        (PERSONS, Hints(conflict="", by="week")),
        (ACLED, Hints(conflict="")),
        (
            "start,end,known,killed\n2001-05-02,2001-05-04,2001-05-10,5\n"
            "2001-05-02,2001-05-04,2001-05-20,8\n",
            Hints(conflict="", kind="period"),
        ),
    ],
)
def test_a_table_of_cases_is_a_list_unless_somebody_says_otherwise(tmp_path, text, hints):
    wishes = Wishes(
        start="2001-05-01",
        sides=("north", "south"),
        parties=("North=north",),
        claimants=("Obituaries=-",),
    )
    path = table(tmp_path, text)
    hints = replace(hints, claimant="obituaries")
    done = create(tmp_path / "war", wishes, table=path, hints=hints)
    (row,) = rows(done.folder / "streams.csv")
    assert (row["accounting"], "lists cases" in row["note"]) == ("list", True)
    assert (done.listed, done.assumed) == (("obituaries (killed)",), ())
    told = replace(wishes, accountings=("Obituaries=register",))
    done = create(tmp_path / "other", told, table=path, hints=hints)
    (row,) = rows(done.folder / "streams.csv")
    assert (row["accounting"], row["note"]) == ("register", "")


def test_a_given_accounting_is_that_of_its_claimant_and_category(tmp_path):
    how = ("Northern Ministry:wounded=register", "southern staff=ledger")
    wishes = Wishes(start="2001-05-01", claimants=SIDED, accountings=how)
    place = create(tmp_path / "war", wishes, table=table(tmp_path)).folder
    streams = stream_table(load_claims(conflict=place))
    found = {
        (row["claimant"], row["category"]): (row["accounting"], row["declared"])
        for row in streams.to_dict("records")
    }
    assert found["southern-staff", "killed"] == ("ledger", True)
    assert found["northern-ministry", "wounded"] == ("register", True)
    assert found["northern-ministry", "killed"] == ("estimate", False)
    notes = {(r["claimant"], r["category"]): r["note"] for r in rows(place / "streams.csv")}
    assert notes == {("northern-ministry", "wounded"): "", ("southern-staff", "killed"): ""}


def test_the_command_in_the_readme_makes_the_same_folder(lossmodel, tmp_path):
    table(tmp_path)
    options = ["--start", "1 May 2001", "--claimant", "*=-", "--from", "figures.csv"]
    assert lossmodel("new", "war", *options).status == 0
    assert_made_again(tmp_path, lossmodel)


def assert_made_again(tmp_path, lossmodel):
    """The command in the README of a new folder makes the same folder once more."""
    readme = (tmp_path / "war" / "README.md").read_text()
    again = shlex.split(readme.split("```sh\n")[1].split("\n```")[0])
    assert again[:3] == ["lossmodel", "new", "war"]
    (tmp_path / "war").rename(tmp_path / "first")
    assert lossmodel(*again[1:]).status == 0
    for path in (tmp_path / "first").iterdir():
        assert (tmp_path / "war" / path.name).read_text() == path.read_text()


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (GED, ["--party", "North=north"]),
        (GED, []),
        (PERSONS, ["--party", "North=north", "--claimant", "List=-", "--by", "week"]),
        (
            "date,Gefallen Nord,south killed\n2001-05-02,5,9\n2001-05-03,4,8\n",
            ["--party", "Army=north", "--claimant", "Ministry=north", "--kind", "daily"],
        ),
    ],
)
def test_the_command_in_the_readme_needs_no_word_of_the_first(lossmodel, tmp_path, text, options):
    table(tmp_path, text)
    options = [*options, "--start", "2001-05-01", "--side", "north", "--side", "south"]
    first = lossmodel("new", "war", "--from", "figures.csv", "--claimant", "*=-", *options)
    assert first.status == 0, first.stderr
    assert_made_again(tmp_path, lossmodel)


# --- without a terminal -------------------------------------------------------------------------


def test_one_error_lists_all_that_is_missing(lossmodel, tmp_path):
    table(tmp_path)
    said = lossmodel("new", "war", "--from", "figures.csv")
    assert said.status == 2
    assert "4 options are missing" in said.stderr
    for option in (
        "--start YYYY-MM-DD",
        "--claimant 'Southern Staff=south'",
        "--claimant 'Northern Ministry=north'",
        "--claimant 'The Gazette=SIDE'",
    ):
        assert option in said.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures.csv"]


def test_without_a_table_sides_and_start_are_missing(lossmodel):
    said = lossmodel("new", "war")
    assert said.status == 2
    assert "--side NAME" in said.stderr
    assert "--start" in said.stderr


def test_a_table_without_a_party_lists_it_with_all_else(lossmodel, tmp_path):
    table(tmp_path, LONG.replace("side", "victims"))
    said = lossmodel("new", "war", "--from", "figures.csv")
    assert said.status == 2
    for words in ("--party NAME=SIDE", "'HEADING=party'", "victims ('North')", "--side", "--start"):
        assert words in said.stderr
    assert "--claimant 'Southern Staff=SIDE'" in said.stderr


def test_a_column_that_nobody_knows_is_named_at_a_terminal(tmp_path):
    person = Answers(Whose_losses=["victims"], First_day=["2001-05-01"])
    path = table(tmp_path, LONG.replace("side", "victims"))
    war = load_conflict(create(tmp_path / "war", table=path, person=person).folder)
    assert set(war.parties) == {"north", "south"}


def test_remarks_are_kept_as_notes(tmp_path):
    text = "\n".join(
        f"{line},{'remarks' if i == 0 else f'remark {i}'}"
        for i, line in enumerate(LONG.splitlines())
    )
    place = create(tmp_path / "war", GIVEN, table=table(tmp_path, text)).folder
    assert {row["note"] for row in rows(place / "claims.csv")} >= {"remark 1", "remark 6"}


def test_an_unknown_word_names_the_option_that_maps_it(tmp_path):
    text = LONG.replace("fallen", "zonked")
    with pytest.raises(UsageError, match=r"--map 'what:zonked=CATEGORY'"):
        create(tmp_path / "war", GIVEN, table=table(tmp_path, text))
    assert not (tmp_path / "war").exists()


def test_a_mapped_word_is_read_and_another_left_out(tmp_path):
    text = LONG.replace("fallen", "zonked").replace("injured", "displaced")
    wishes = Wishes(
        start="2001-05-01",
        claimants=SIDED,
        words=("what:zonked=killed", "what:displaced=-"),
    )
    done = create(tmp_path / "war", wishes, table=table(tmp_path, text))
    claims = load_claims(conflict=done.folder)
    assert (len(claims), done.dropped) == (5, 1)
    assert set(claims.table["category"]) == {"killed", "tanks"}
    assert "left-out" not in (done.folder / "conflict.toml").read_text()


def test_a_new_kind_of_equipment_is_declared(tmp_path):
    text = LONG.replace("tanks", "zeppelins")
    words = ("what:zeppelins=airships",)
    with pytest.raises(UsageError, match="--category airships"):
        create(
            tmp_path / "war",
            Wishes(start="2001-05-01", claimants=SIDED, words=words),
            table=table(tmp_path, text),
        )
    wishes = Wishes(
        start="2001-05-01", claimants=SIDED, words=words, categories=("killed", "airships")
    )
    war = load_conflict(create(tmp_path / "war", wishes, table=table(tmp_path, text)).folder)
    assert war.categories["airships"].group == "equipment"


@pytest.mark.parametrize(
    "sides",
    [
        ("North,South",), ("North, South",), ("North", "South"), ('"North","South"',),
        ("“North”, “South”",), ("'North','South'",), ("North\uff0cSouth",), ("North、South",),
        ("North\u060c South",), ('"North"', '"South"'),
    ],
)  # fmt: skip
def test_sides_with_a_comma_between_them_are_two(tmp_path, sides):
    wishes = Wishes(start="2001-05-01", claimants=SIDED, sides=sides)
    war = load_conflict(create(tmp_path / "war", wishes, table=table(tmp_path)).folder)
    assert {key: side.title for key, side in war.sides.items()} == {
        "north": "North",
        "south": "South",
    }
    assert war.enemies("north") == ("south",)


def test_a_side_without_a_name_is_none(tmp_path):
    wishes = Wishes(start="2001-05-01", claimants=SIDED, sides=("", ","))
    war = load_conflict(create(tmp_path / "war", wishes, table=table(tmp_path)).folder)
    assert list(war.sides) == ["north", "south"]


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"parties": ("North=north,South=south",)}, "such as 'North=north',"),
        ({"parties": ("North=north，South=south",)}, "such as 'North=north',"),
        ({"claimants": ("Southern Staff=South,Northern Ministry=North",)}, "Staff=South',"),
        ({"parties": ("North,South",)}, "such as 'North',"),
        ({"parties": ("North,South=north",)}, "such as 'North=north',"),
    ],
)
def test_parties_and_claimants_are_named_one_by_one(tmp_path, options, remedy):
    wishes = replace(GIVEN, **options)
    with pytest.raises(UsageError, match=r"names several at once: .*once for each") as caught:
        create(tmp_path / "war", wishes, table=table(tmp_path))
    assert remedy in str(caught.value)
    assert not (tmp_path / "war").exists()


@pytest.mark.parametrize("sides", [("North,North",), ("North", "South", "NORTH")])
def test_a_side_is_named_once(tmp_path, sides):
    with pytest.raises(UsageError, match=r"The sides 'North' and '(North|NORTH)' are one"):
        create(tmp_path / "war", replace(GIVEN, sides=sides), table=table(tmp_path))
    assert not (tmp_path / "war").exists()


NAMES = [
    "North",
    "Korea, North",
    '"Free"',
    '"Free, all" army',
    'a "b", c',
    "甲、乙",
    '"',
    "'x'",
    "“x”",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_quoted_names_are_read_back(name, other):
    assert split(f"{quoted(name)}, {quoted(other)}") == [name, other]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"A" and "B", c', ['"A" and "B"', "c"]),
        ("Ali's, 'Free' army", ["Ali's", "'Free' army"]),
        ('"Korea, North",South', ["Korea, North", "South"]),
        ('"", ,"unended', ['"unended']),
    ],
)
def test_marks_in_a_name_are_a_part_of_it(text, names):
    assert split(text) == names


@pytest.mark.parametrize("given", [True, False])
def test_the_command_in_the_readme_keeps_sides_with_commas(lossmodel, tmp_path, given):
    table(tmp_path, LONG.replace("North,", '"Korea, North",').replace("South,", '"«Free», all",'))
    sides = ["--side", '"Korea, North"', "--side", '"«Free», all"'] if given else []
    first = lossmodel(
        *("new", "war", "--from", "figures.csv", "--start", "2001-05-01", "--claimant", "*=-"),
        *sides,
    )
    assert first.status == 0, first.stderr
    war = load_conflict(tmp_path / "war")
    assert {side.title for side in war.sides.values()} == {"Korea, North", "«Free», all"}
    assert_made_again(tmp_path, lossmodel)


def test_a_name_with_a_comma_is_one(tmp_path):
    wishes = Wishes(start="2001-05-01", claimants=("Staff, Southern=South", *SIDED))
    text = LONG.replace("Southern Staff", '"Staff, Southern"')
    made = create(tmp_path / "war", wishes, table=table(tmp_path, text))
    assert load_conflict(made.folder).side_of("staff-southern") == "south"


WITHOUT_PARTY = "Date,Killed,Claimant\n2001-05-02,5,Gazette\n2001-05-03,9,Gazette\n"


@pytest.mark.parametrize(
    ("text", "party"),
    [
        ("", "Guards, South"),
        (
            LONG.replace("South,", '"Guards, South",').replace("North,", '"Korea, North",'),
            "Guards, South",
        ),
        (WITHOUT_PARTY, "Guards, South"),
        ("", "Korea, North"),
    ],
    ids=["no table", "of the table", "no such column", "side and party"],
)
def test_names_with_commas_are_made_again(lossmodel, tmp_path, text, party):
    sides = ["--side", '"Korea, North"', "--side", "South"]
    options = ["--party", f'"{party}"=South'] if party == "Guards, South" else []
    options += ["--claimant", '"Gazette, The"=-', "--claimant", "*=-"]
    if text:
        table(tmp_path, text.replace(",Gazette\n", ',"Gazette, The"\n'))
        options += ["--from", "figures.csv", "--kind", "cumulative"]
    made = lossmodel("new", "war", "--start", "2001-05-01", *sides, *options)
    assert made.status == 0, made.stderr
    war = load_conflict(tmp_path / "war")
    assert party in {each.title for each in war.parties.values()}
    assert "Gazette, The" in set(war.claimants["name"])
    assert_made_again(tmp_path, lossmodel)


def test_names_in_any_script_have_keys_of_their_own(lossmodel, tmp_path):
    options = [
        "--side",
        "甲,乙",
        "--party",
        "红军=甲",
        "--party",
        "白军=乙",
        "--category",
        "killed",
    ]
    options += ["--claimant", "国防部=甲", "--claimant", "外交部=乙"]
    made = lossmodel("new", "war", "--start", "2001-05-01", *options)
    assert made.status == 0, made.stderr
    war = load_conflict(tmp_path / "war")
    assert {each.title for each in war.parties.values()} == {"红军", "白军"}
    assert set(war.claimants["name"]) == {"国防部", "外交部"}
    assert_made_again(tmp_path, lossmodel)


def test_two_names_in_one_option_are_refused_where_no_column_has_them(tmp_path):
    wishes = replace(GIVEN, parties=("North,South",))
    with pytest.raises(UsageError, match="names several at once"):
        create(tmp_path / "war", wishes, table=table(tmp_path, WITHOUT_PARTY))


@pytest.mark.parametrize("parties", [("North=north", "North=south"), (",",), ("=north",)])
def test_a_party_is_named_once_and_has_a_name(tmp_path, parties):
    with pytest.raises(UsageError, match=r"is given twice|has no name"):
        create(tmp_path / "war", replace(GIVEN, parties=parties), table=table(tmp_path))


def test_three_sides_need_to_know_who_fights_whom(tmp_path):
    text = LONG + "14 May 2001,East,killed,3,The Gazette,\n"
    wishes = Wishes(start="2001-05-01", claimants=SIDED, sides=("North", "South", "East"))
    with pytest.raises(UsageError, match="--fights 'east:SIDE'"):
        create(tmp_path / "war", wishes, table=table(tmp_path, text))
    whole = Wishes(
        start="2001-05-01",
        claimants=SIDED,
        sides=("North", "South", "East"),
        fights=("North:South", "East:North"),
    )
    war = load_conflict(create(tmp_path / "war", whole, table=table(tmp_path, text)).folder)
    assert war.enemies("north") == ("east", "south")
    assert war.enemies("south") == ("north",)
    one = replace(whole, sides=("North, South, East",), fights=("North:South,East:North",))
    war = load_conflict(create(tmp_path / "one", one, table=table(tmp_path, text)).folder)
    assert (war.enemies("north"), war.enemies("south")) == (("east", "south"), ("north",))


def test_civilians_are_a_party_of_their_own(tmp_path):
    text = LONG + "14 May 2001,Civilians of the South,killed,3,The Gazette,\n"
    wishes = Wishes(start="2001-05-01", claimants=SIDED)
    war = load_conflict(create(tmp_path / "war", wishes, table=table(tmp_path, text)).folder)
    civilians = war.parties["civilians-of-the-south"]
    assert (civilians.civilian, civilians.side, civilians.fights) == (True, "south", ())
    assert war.parties["south"].fights == ("north",)


@pytest.mark.parametrize(
    ("parties", "sides"),
    [
        ((), ["north", "south"]),
        (("Civilians=south",), ["north", "south"]),
        (("Civilians=South", "North=north"), ["north", "south"]),
        (("North=allies", "South=axis", "Civilians=-"), ["allies", "axis"]),
    ],
)
def test_sides_follow_from_parties(tmp_path, parties, sides):
    text = LONG + "14 May 2001,Civilians,killed,3,The Gazette,\n"
    claimants = ("*=-",)
    wishes = Wishes(start="2001-05-01", claimants=claimants, parties=parties or ("Civilians=-",))
    war = load_conflict(create(tmp_path / "war", wishes, table=table(tmp_path, text)).folder)
    assert sorted(war.sides) == sides


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"start": "03/04/2001"}, "not a day of one meaning"),
        ({"start": "someday"}, "not a day of one meaning"),
        ({"end": "2000-01-01"}, "before its first day"),
        ({"claimants": ("Southern Staff=East", "*=-")}, "no side 'East'"),
        ({"claimants": ("Southern Staff=Sotuh", "*=-")}, "Did you mean south"),
        ({"accountings": ("Southern Staff=diary",)}, "no accounting"),
        ({"accountings": ("Nobody=ledger",)}, "no claimant 'Nobody'"),
        ({"words": ("fallen",)}, "COLUMN:WORD=KEY"),
        ({"words": ("what:fallen=kiled",)}, "Did you mean killed"),
        ({"fights": ("North",), "sides": ("North", "South", "East")}, "SIDE:SIDE"),
        ({"civilians": ("Nobody",)}, "no party 'nobody'"),
    ],
)
def test_impossible_options_are_one_clear_error(tmp_path, wish, text):
    wishes = Wishes(**{"start": "2001-05-01", "claimants": SIDED, **wish})
    with pytest.raises(UsageError, match=text):
        create(tmp_path / "war", wishes, table=table(tmp_path))
    assert not (tmp_path / "war").exists()


def test_bad_cells_are_named_in_the_users_file(tmp_path):
    text = LONG.replace("about 90", "a lot")
    with pytest.raises(ClaimsError) as error:
        create(tmp_path / "war", GIVEN, table=table(tmp_path, text))
    (problem,) = error.value.problems.to_dict("records")
    assert (problem["file"], problem["row"], problem["column"]) == ("figures.csv", 7, "number")
    assert not (tmp_path / "war").exists()


def test_days_outside_the_war_are_named_in_the_users_file(tmp_path):
    wishes = Wishes(start="2001-05-05", claimants=SIDED)
    with pytest.raises((ClaimsError, UsageError), match=r"figures\.csv.*2"):
        create(tmp_path / "war", wishes, table=table(tmp_path))
    assert not (tmp_path / "war").exists()


@pytest.mark.parametrize(
    ("days", "by", "words"),
    [
        # Each row has figures of both parties.
        ({"end": "2001-05-10"}, None, "rows 4, 5, date_end: found '2001-05-20', '2001-06-03';"),
        ({"end": "2001-05-10"}, "day", "rows 4, 5, date_end: found '2001-05-20', '2001-06-03';"),
        ({"end": "2001-05-10"}, "day", "2 events lie after the last day, 2001-05-10. Correct"),
        ({"end": "2001-06-02"}, "week", "row 5, date_end: found '2001-06-03'; allowed"),
        ({"end": "2001-06-02"}, "week", "1 event lies after the last day, 2001-06-02. Correct"),
        ({"start": "2001-05-10"}, "day", "2 events lie before the first day, 2001-05-10. Correct"),
    ],
)  # fmt: skip
def test_events_outside_the_war_are_counted_with_their_days(tmp_path, days, by, words):
    text = GED.splitlines()[0] + "\n" + "".join(
        f"{n},North,South,{day},{day},3,1,0,4,4,4\n"
        for n, day in enumerate(["2001-05-02", "2001-05-03", "2001-05-20", "2001-06-03"])
    )  # fmt: skip
    wishes = Wishes(**{"start": "2001-05-01", "sides": SIDES, "claimants": ("*=-",), **days})
    with pytest.raises(ClaimsError) as error:
        create(tmp_path / "war", wishes, table=table(tmp_path, text), hints=Hints(by=by))
    assert words in str(error.value)
    assert "not shown" not in str(error.value)


def test_cells_that_are_no_days_stay_hidden_in_a_table_of_events(tmp_path):
    text = GED.splitlines()[0] + "\n1,North,South,2001-05-02,Ann Other,3,1,0,4,4,4\n"
    text += "2,North,South,2001-05-02,2001-05-03,3,1,0,4,4,4\n"
    wishes = Wishes(start="2001-05-01", sides=SIDES, claimants=("*=-",))
    with pytest.raises((ClaimsError, UsageError)) as error:
        create(tmp_path / "war", wishes, table=table(tmp_path, text), hints=Hints(by="day"))
    assert "Ann" not in str(error.value)


# --- at a terminal ------------------------------------------------------------------------------


def test_questions_are_asked_and_proposals_taken(tmp_path):
    person = Answers(
        First_day=["soon", "1 May 2001"],
        Side_of_The_Gazette=["-"],
        Number=["2"],
    )
    done = create(tmp_path / "war", table=table(tmp_path), person=person)
    war = load_conflict(done.folder)
    assert war.start == dt.datetime(2001, 5, 1)
    # A name that mentions a side is proposed for it.
    assert (war.side_of("southern-staff"), war.side_of("the-gazette")) == ("south", "")
    assert any("not a day of one meaning" in text for text in person.told)
    # Only of a series is it asked how it is counted, and in words.
    assert [text for text in person.asked if "Number" in text] == ["Number for Southern Staff"]
    (question,) = (text for text in person.told if "what happens to an old day" in text)
    assert all(rules.question in question for rules in ACCOUNTINGS.values())
    assert war.stream("southern-staff", "north", "killed").accounting == "ledger"
    streams = {row["claimant"]: row["note"] for row in rows(done.folder / "streams.csv")}
    assert streams["southern-staff"] == ""


def test_answers_come_from_the_terminal_until_it_ends(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("2001-05-01\n"))
    terminal = command._Terminal()
    assert terminal("First day", "").strip() == "2001-05-01"
    assert capsys.readouterr().err == "First day: "
    with pytest.raises(KeyboardInterrupt):
        terminal("Last day", "-")


def test_unknown_words_are_asked_about(tmp_path):
    person = Answers(**{"'zonked'": ["kiled", "KIA"], "First day": ["2001-05-01"]})
    text = LONG.replace("fallen", "zonked")
    done = create(tmp_path / "war", table=table(tmp_path, text), person=person)
    assert done.plan.words["zonked"] == "killed"
    assert any("row 5" in question for question in person.asked)
    assert any("Did you mean killed" in text for text in person.told)


def test_a_folder_without_a_table_is_asked_for(tmp_path):
    person = Answers(
        Sides=["North, South"],
        First_day=["2001-05-01"],
        Claimants=["The Gazette, Staff of the North"],
        Categories=["killed, tanks"],
    )
    place = create(tmp_path / "war", person=person).folder
    war = load_conflict(place)
    assert (set(war.parties), war.side_of("staff-of-the-north")) == ({"north", "south"}, "north")
    assert rows(place / "claims.csv") == []
    declared = tomllib.loads((place / "conflict.toml").read_text())["categories"]
    assert list(declared) == ["killed", "tanks"]


def test_a_table_that_does_not_say_whose_losses_is_asked(tmp_path):
    text = "date,killed,wounded\n2001-05-02,5,9\n2001-05-03,8,20\n2001-05-04,9,31\n"
    person = Answers(
        Who_says=["Northern Ministry"],
        Whose_losses=["North"],
        Sides=["North, South"],
        First_day=["2001-05-01"],
    )
    done = create(
        tmp_path / "war",
        table=table(tmp_path, text),
        hints=Hints(conflict="", kind="cumulative"),
        person=person,
    )
    claims = load_claims(conflict=done.folder)
    assert set(claims.table["claimant"]) == {"northern-ministry"}
    assert set(claims.table["category"]) == {"killed", "wounded"}
    assert [stream.claimant for stream in own_counts(claims)] == ["northern-ministry"] * 2


# --- never over anything ------------------------------------------------------------------------


def test_an_existing_folder_is_refused_before_any_question(lossmodel, tmp_path, monkeypatch):
    (tmp_path / "war").mkdir()
    monkeypatch.setattr(command, "_Terminal", lambda: pytest.fail("asked"))
    said = lossmodel("new", "war", "--from", "no-such-file.csv")
    assert said.status == 2
    assert "exists" in said.stderr
    assert list((tmp_path / "war").iterdir()) == []


@pytest.mark.parametrize(
    ("place", "words"), [("file/war", "is a file"), ("link", "exists"), ("x" * 300, "cannot be")]
)
def test_a_place_that_cannot_be_is_refused_before_any_question(tmp_path, place, words):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    nobody = Answers()
    with pytest.raises(UsageError, match=words):
        create(tmp_path / place, person=nobody)
    assert nobody.asked == nobody.told == []


def test_nothing_is_left_where_writing_fails(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lossmodel.scaffold.folder.write_claims", fail)
    with pytest.raises(OSError, match="No space"):
        create(tmp_path / "war", GIVEN, table=table(tmp_path))
    assert not (tmp_path / "war").exists()
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []


# --- the command --------------------------------------------------------------------------------


def test_the_command_ends_with_a_check(lossmodel, tmp_path):
    table(tmp_path)
    options = [part for text in SIDED for part in ("--claimant", text)]
    said = lossmodel("new", "war", "--from", "figures.csv", "--start", "2001-05-01", *options)
    assert (said.status, said.stderr) == (0, "")
    assert re.search(r"^number +value +.* +over 500 +2$", said.stdout, re.MULTILINE)
    assert "fallen -> killed" in said.stdout
    assert "no problem found" in said.stdout
    assert "to fit: lossmodel fit --conflict war" in said.stdout


def test_the_command_without_a_table_says_what_comes_next(lossmodel):
    said = lossmodel("new", "war", "--side", "North", "--side", "South", "--start", "2001-05-01")
    assert said.status == 0
    assert "Add rows to war/claims.csv" in said.stdout


def test_the_missing_are_a_category_and_no_empty_cell(lossmodel, tmp_path):
    text = (
        "date,side,what,number,who\n"
        "2001-05-02,South,killed,18,Southern Staff\n"
        "2001-05-02,South,missing,7,Southern Staff\n"
        "2001-05-03,South,killed,missing,Southern Staff\n"
    )
    table(tmp_path, text)
    options = ["--start", "2001-05-01", "--kind", "cumulative", "--party", "South=south"]
    options += ["--claimant", "Southern Staff=south"]
    said = lossmodel("new", "war", "--from", "figures.csv", *options)
    assert said.status == 0, said.stderr
    found = {row["category"]: row["value"] for row in rows(tmp_path / "war" / "claims.csv")}
    assert found == {"killed": "18", "missing": "7"}


def test_a_new_folder_has_no_finding_about_its_structure(made):
    claims = load_claims(conflict=made.folder)
    kinds = {finding.kind for finding in find(claims, collect_evidence(claims))}
    assert not kinds & {"party-without-enemy", "claimant-without-side", "category-without-group"}


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "category"),
    [
        *[(name, name) for name in STANDARD_CATEGORIES],
        ("killed", "killed"),
        ("dead", "killed"),
        ("KIA", "killed"),
        ("wounded", "wounded"),
        ("injured", "wounded"),
        ("tanks", "tanks"),
        ("losses", "losses"),
        ("загиблі", "killed"),
        ("Flugzeuge", "aircraft"),
        ("displaced", ""),
        ("fighters", ""),
    ],
)
def test_common_words_are_known(word, category):
    assert category_of(word) == category


def test_a_word_of_a_category_is_in_one_table():
    here = [word for words in (_EQUIPMENT | _PERSONS).values() for word in words.split("|")]
    there = {normal(word) for words in CATEGORIES.values() for word in words}
    assert len(here) == len(set(here))
    assert set(map(normal, here)) & there == set()


def test_civilians_are_known_by_their_name():
    assert [is_of_civilians(name) for name in ("Civilians (N)", "цивільні", "Civic Guard")] == [
        *(True, True, False),
    ]


def test_sources_with_one_host_differ():
    import pandas as pd

    pages = ["https://a.org/1", "https://a.org/2", "", "not an address"]
    found, listed = sources_of(
        pd.DataFrame({"source": pages, "published": "2001-05-01", "published_inferred": "true"})
    )
    assert found["source"].tolist() == [
        *("a-org-2001-05-01", "a-org-2001-05-01-2", "", "not-an-address"),
    ]
    assert json.dumps([row[4] for row in listed]) == json.dumps([*pages[:2], ""])


# --- distances of knots -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("years", "figures", "rate"),
    [
        (0.1, 11, 7),
        (1, 11, 14),
        (3, 11, 28),
        (3, 400, 14),
        (8, 18, 91),
        (20, 11, 182),
        (90, 5, 364),
    ],
)
def test_few_figures_of_a_long_war_have_knots_far_apart(tmp_path, years, figures, rate):
    end = dt.date(2001, 5, 1) + dt.timedelta(days=365 * years)
    ends = [end - dt.timedelta(days=n % 30) for n in range(figures)]
    lines = [f"{day},North,killed,{10_000 + n},Author {n}" for n, day in enumerate(ends)]
    (tmp_path / "figures.csv").write_text("\n".join(["date,side,what,number,who", *lines]) + "\n")
    wishes = Wishes(start="2001-05-01", end=f"{end}", sides=("North", "South"), claimants=("*=-",))
    create(tmp_path / "war", wishes, table=tmp_path / "figures.csv", hints=Hints(kind="cumulative"))
    knots = load_conflict(tmp_path / "war").knots
    assert knots.rate_days == rate
    assert knots.lethality_days == max(91, 2 * rate)
    assert knots.drift_days == max(182, 2 * rate)


def test_options_of_names_with_quotes_are_safe_in_a_shell(lossmodel, tmp_path):
    text = LONG.replace("The Gazette", "Soldiers' Mothers")
    (tmp_path / "figures.csv").write_text(text, encoding="utf-8")
    said = lossmodel("new", "war", "--from", "figures.csv")
    assert said.status == 2
    together = said.stderr.split("Together: ")[1]
    assert "Soldiers' Mothers=SIDE" in shlex.split(together)


def test_options_of_sides_that_nobody_named_are_safe_in_a_shell(lossmodel, tmp_path):
    text = "date,side,what,number,who\n2001-05-02,The people,killed,9,The Gazette\n"
    (tmp_path / "figures.csv").write_text(text, encoding="utf-8")
    said = lossmodel("new", "war", "--from", "figures.csv", "--kind", "cumulative")
    together = said.stderr.split("Together: ")[1]
    assert "--side NAME --side OTHER" in together
    assert "(" not in together


def test_commands_to_go_on_with_are_safe_in_a_shell(lossmodel, tmp_path):
    (tmp_path / "figures.csv").write_text(LONG, encoding="utf-8")
    named = [part for name in SIDED for part in ("--claimant", name)]
    folder = "the war's folder"
    made = lossmodel("new", folder, "--from", "figures.csv", "--start", "2001-05-01", *named)
    fit = made.stdout.split("to fit: ")[1]
    assert shlex.split(fit) == [
        *("lossmodel", "fit", "--conflict", folder, "--out", f"{folder}-report")
    ]
    own = tmp_path / "own.csv"
    own.write_text("date,side,what,number,who\n2001-05-02,North,killed,9,The Gazette\n")
    out = "new claims.csv"
    read = lossmodel(
        *("data", "import", own, "--conflict", folder, "--out", out, "--kind", "cumulative")
    )
    check = shlex.split(read.stdout.split("to check: ")[1])
    assert check == ["lossmodel", "check", out, "--conflict", folder]
    empty = lossmodel("new", "an empty war", "--side", "A", "--side", "B", "--start", "2001-05-01")
    assert "lossmodel check --conflict 'an empty war'" in empty.stdout
