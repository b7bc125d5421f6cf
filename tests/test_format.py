"""The pages of the format and the emitted schemas say what the code does."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from docs.tools.format_pages import ROOT, pages
from lossmodel import ClaimsError, load_claims, load_conflict
from lossmodel.conflict.datapackage import data_package
from lossmodel.conflict.keys import SECTIONS
from lossmodel.conflict.shipped import shipped_conflicts
from lossmodel.errors import UsageError
from lossmodel.model.prior import KEYS
from lossmodel.tables.frictionless import table_schema
from lossmodel.tables.schema import TABLES
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS
from tests.small_conflict import TOML, write_conflict

PAGES = pages()
PAGE = (ROOT / "docs" / "accounting.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_written_from_the_tables_is_up_to_date(path):
    assert path.read_text(encoding="utf-8") == PAGES[path], (
        "python -m docs.tools.format_pages writes it"
    )


def test_every_word_of_the_format_has_one_line_of_meaning():
    fields = [field for table in TABLES.values() for field in table.fields]
    rules = [*KINDS.values(), *QUALIFIERS.values(), *ACCOUNTINGS.values()]
    keys = [key for section in SECTIONS.values() for key in section.keys]
    for word in (*fields, *rules, *keys, *KEYS):
        assert word.meaning.endswith(".")
        assert "\n" not in word.meaning


# --- conflict.toml ------------------------------------------------------------------------------

PLACES = {
    "": "{line}\n" + TOML,
    "parties": TOML.replace("[parties.land]\n", "[parties.land]\n{line}\n"),
    "knots": re.sub(r"\[knots\][^\[]*", "", TOML) + "\n[knots]\n{line}\n",
    "share": TOML + "\n[scopes.part]\nshare = {{ {line} }}\n",
    "scopes": TOML + "\n[scopes.part]\n{line}\n",
}
LIMITED = [
    (section, key)
    for section, entry in SECTIONS.items()
    for key in entry.keys
    if key.least is not None or key.pattern
]


def with_line(folder, section, line):
    text = PLACES[section].replace("{{", "{").replace("}}", "}").replace("{line}", line)
    write_conflict(folder, conflict=text)
    return load_conflict(folder)


@pytest.mark.parametrize(("section", "key"), LIMITED, ids=lambda x: getattr(x, "name", x))
def test_limits_on_the_page_are_those_of_the_reader(tmp_path, section, key):
    mean = "" if section != "share" or key.name == "mean" else "mean = 0.5, "
    bad = '"arg"' if key.pattern else key.least - 1
    with pytest.raises(ClaimsError) as error:
        with_line(tmp_path / "bad", section, f"{mean}{key.name} = {bad}")
    assert key.name in error.value.problems["column"].iloc[0]
    good = '"ARG"' if key.pattern else max(key.least, 0.5 if key.most == 1 else 1)
    with_line(tmp_path / "good", section, f"{mean}{key.name} = {good}")


@pytest.mark.parametrize("section", PLACES)
def test_every_key_of_the_page_is_known_to_the_reader(tmp_path, section):
    # A key with two letters exchanged is taken for the key that it should be, if that is known.
    there = {"": ("title", "start", "end"), "parties": ("side", "fights")}.get(section, ())
    turned = {
        f"{key.name[:-2]}{key.name[-1]}{key.name[-2]}": key.name
        for key in SECTIONS[section].keys
        if key.name not in there and key.name[-1] != key.name[-2]
    }
    mark = ", " if section == "share" else "\n"
    with pytest.raises(ClaimsError) as error:
        with_line(tmp_path, section, mark.join(f"{wrong} = 1" for wrong in turned))
    renamed = {text for text in error.value.problems["remedy"] if text.startswith("Rename")}
    assert renamed == {f"Rename it to {name}" for name in turned.values()}


def test_codes_of_other_data_sets_are_read(tmp_path):
    toml = "ucdp_conflict_id = 7\n" + TOML.replace(
        "[parties.land]\n", '[parties.land]\niso3 = "ARG"\ngwno = 160\n'
    )
    write_conflict(tmp_path, conflict=toml)
    war = load_conflict(tmp_path)
    assert (war.ucdp_conflict_id, war.parties["land"].iso3, war.parties["land"].gwno) == (
        *(7, "ARG", 160),
    )


@pytest.mark.parametrize("line", ["gwno = 16.5", 'gwno = "160"', 'iso3 = "GB"', "iso3 = 12"])
def test_codes_that_are_none_are_refused(tmp_path, line):
    with pytest.raises(ClaimsError):
        with_line(tmp_path, "parties", line)


# --- an empty `known` ---------------------------------------------------------------------------


def known_on_the_page():
    """(kind, accounting) -> the column that an empty `known` is filled from."""
    section = PAGES[ROOT / "docs" / "format" / "tables.md"].split("## An empty `known`")[1]
    rows = [line.strip("| ").split(" | ") for line in section.split("\n## ")[0].splitlines()
            if line.startswith("|")]  # fmt: skip
    head, _, *body = rows
    return {
        (row[0].strip("`"), accounting): cell.strip("`")
        for row in body
        for names, cell in zip(head[1:], row[1:], strict=True)
        for accounting in re.findall("`([^`]+)`", names)
    }


@pytest.mark.parametrize("accounting", ACCOUNTINGS)
def test_the_page_says_how_an_empty_known_is_filled(tmp_path, accounting):
    start, end, published = "2000-01-05", "2000-01-05", "2000-01-09"
    rows = ["claim_id,claimant,party,category,kind,start,end,known,value,published,per,total"]
    for kind, rules in KINDS.items():
        if rules.category == "killed" and not ACCOUNTINGS[accounting].counts_cases:
            continue  # only of a list or register
        category = "missing" if rules.stock else rules.category or "killed"
        more = f"{'wounded' if rules.per else ''},{9 if rules.sampled else ''}"
        rows.append(f"{kind},staff,land,{category},{kind},{start},{end},,5,{published},{more}")
    streams = "claimant,party,category,accounting\n" + "".join(
        f"staff,land,{category},{accounting}\n" for category in ("killed", "missing")
    )
    write_conflict(
        tmp_path,
        conflict="start = 2000-01-01\n[parties]\nland = 'land'\nsea = 'sea'\n",
        claimants="claimant,side\nstaff,sea\n",
        streams=streams,
        sources="source\n",
        claims="\n".join(rows) + "\n",
    )
    table = load_claims(conflict=tmp_path).table.set_index("claim_id")
    page = known_on_the_page()
    for kind in table.index:
        wanted = {"end": end, "published": published}[page[kind, accounting]]
        assert str(table.loc[kind, "known"].date()) == wanted


# --- accounting.md ------------------------------------------------------------------------------


def cells(heading):
    """Rows of the table that begins with a heading."""
    table = PAGE.split(heading)[1].split("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


def test_rows_for_figures_as_they_are_met_use_words_of_the_format():
    rows = cells("| You have found |")
    assert len(rows) >= 12
    for _, accounting, kind, *_ in rows:
        named = re.findall("`([^`]+)`", accounting)
        assert set(named) <= set(ACCOUNTINGS)
        assert named or accounting == "any"
        assert kind.strip("`") in KINDS


def test_a_figure_from_after_the_war_ends_within_it(tmp_path):
    claims = (
        "claim_id,claimant,party,category,kind,start,end,known,value,published\n"
        "names,staff,land,killed,cumulative,,{end},,255,2010-01-01\n"
    )
    files = {
        "conflict": "start = 2000-01-01\nend = 2000-03-01\n[parties]\nland = 'l'\nsea = 's'\n",
        "claimants": "claimant,side\nstaff,l\n",
        "streams": "claimant,party,category,accounting\nstaff,land,killed,list\n",
        "sources": "source\n",
    }
    write_conflict(tmp_path / "a", **files, claims=claims.format(end="2000-03-01"))
    (row,) = load_claims(conflict=tmp_path / "a").table.itertuples()
    assert str(row.known.date()) == "2010-01-01"
    write_conflict(tmp_path / "b", **files, claims=claims.format(end="2010-01-01"))
    with pytest.raises(ClaimsError, match="a day of the conflict") as late:
        load_claims(conflict=tmp_path / "b")
    assert "the day of a later count is its published" in str(late.value)
    write_conflict(tmp_path / "c", **files, claims=claims.format(end="1999-12-31"))
    with pytest.raises(ClaimsError, match="a day of the conflict") as early:
        load_claims(conflict=tmp_path / "c")
    assert "later count" not in str(early.value)


# --- schemas ------------------------------------------------------------------------------------


def faults(schema, rows, tables):
    """Cells that break a Table Schema: a small reader of the parts of it that are emitted."""
    found = []
    head, *body = rows
    if head != [field["name"] for field in schema["fields"]]:
        found.append("header")
    for i, field in enumerate(schema["fields"]):
        column = [row[i] for row in body]
        limits = field.get("constraints", {})
        filled = [cell for cell in column if cell not in schema["missingValues"]]
        if limits.get("required") and len(filled) < len(column):
            found.append(f"{field['name']}: required")
        if limits.get("unique") and len(set(filled)) < len(filled):
            found.append(f"{field['name']}: unique")
        if "enum" in limits and not set(filled) <= set(limits["enum"]):
            found.append(f"{field['name']}: enum")
        if field["type"] == "date" and not all(re.fullmatch(r"\d{4}-\d\d-\d\d", c) for c in filled):
            found.append(f"{field['name']}: date")
        if field["type"] == "boolean":
            words = {*field["trueValues"], *field["falseValues"]}
            if not set(filled) <= words:
                found.append(f"{field['name']}: boolean")
        if field["type"] == "number":
            numbers = [float(cell) for cell in filled]
            low, high = limits.get("minimum", -1e99), limits.get("maximum", 1e99)
            if not all(low <= x <= high for x in numbers):
                found.append(f"{field['name']}: limits")
    keys = [tuple(row[head.index(name)] for name in schema.get("primaryKey", ())) for row in body]
    if schema.get("primaryKey") and len(set(keys)) < len(keys):
        found.append("primary key")
    for key in schema.get("foreignKeys", ()):
        place = key["reference"]
        other = tables[place["resource"]] if place["resource"] else rows
        known = {row[other[0].index(place["fields"])] for row in other[1:]}
        if not {row[head.index(key["fields"])] for row in body} <= {*known, ""}:
            found.append(f"{key['fields']}: foreign key")
    return found


def read(folder: Path, package):
    return {
        resource["name"]: list(
            csv.reader(io.StringIO((folder / resource["path"]).read_text(encoding="utf-8")))
        )
        for resource in package["resources"]
        if resource["format"] == "csv"
    }


@pytest.mark.parametrize("name", shipped_conflicts())
def test_shipped_tables_are_valid_under_their_package(name):
    folder = load_conflict(name).directory
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    tables = read(folder, package)
    assert {"claims", "claimants"} <= set(tables)
    assert {r["path"] for r in package["resources"]} <= {path.name for path in folder.iterdir()}
    assert package["licenses"]
    assert package["sources"]
    for resource in package["resources"]:
        if resource["format"] == "csv":
            assert faults(resource["schema"], tables[resource["name"]], tables) == []


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        ("claim_id", "", "claim_id: required"),
        ("party", "nobody", "party: enum"),
        ("kind", "dayly", "kind: enum"),
        ("end", "1 May", "end: date"),
        ("low", "-1", "low: limits"),
        ("value", "1e11", "value: limits"),
        ("via", "nobody", "via: foreign key"),
        ("part_of", "nothing", "part_of: foreign key"),
        ("published_inferred", "perhaps", "published_inferred: boolean"),
    ],
)
def test_a_spoiled_cell_is_not_valid(column, cell, fault):
    war = load_conflict("kargil1999")
    package = data_package(war)
    tables = read(war.directory, package)
    head, first, *_ = tables["claims"]
    first[head.index(column)] = cell
    schema = next(r["schema"] for r in package["resources"] if r["name"] == "claims")
    assert faults(schema, tables["claims"], tables) == [fault]


def test_a_schema_has_every_column_with_its_meaning():
    for name, table in TABLES.items():
        fields = table_schema(name)["fields"]
        assert [field["name"] for field in fields] == [field.name for field in table.fields]
        for field, column in zip(fields, table.fields, strict=True):
            assert field["description"].startswith(column.meaning)
            assert field.get("constraints", {}).get("required", False) == column.filled


def test_an_unknown_table_is_named():
    with pytest.raises(UsageError, match="No table is named 'claim'"):
        table_schema("claim")


def test_the_command_prints_schemas_and_a_package(lossmodel):
    assert json.loads(lossmodel("schema", "claims").stdout) == table_schema("claims")
    assert set(json.loads(lossmodel("schema").stdout)) == set(TABLES)
    package = json.loads(lossmodel("schema", "--conflict", "kargil1999").stdout)
    assert package == data_package(load_conflict("kargil1999"))
    both = lossmodel("schema", "claims", "--conflict", "kargil1999")
    assert (both.status, lossmodel("schema", "x").status) == (2, 2)
