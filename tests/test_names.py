"""Names are keys: each either works from the table to the report, or is refused at the door."""

import csv
import io
import json

import pytest

from lossmodel.api import fit, load_fit
from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.conflict.shipped import shipped_conflicts
from lossmodel.errors import ClaimsError
from lossmodel.query.evaluate import run_query
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.output.latex import tex_files
from lossmodel.report.results import Results
from lossmodel.text.escape import file_name
from tests.odd_names import write_war
from tests.small_conflict import CLAIMANTS, COLUMNS, SOURCES, TOML, changed, write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

REFUSED = {
    "line break": "a\nb",
    "carriage return": "a\rb",
    "tab": "a\tb",
    "escape": "a\x1b[31mb",
    "delete": "a\x7fb",
    "next line": "a\x85b",
    "zero width": "a\u200bb",
    "joiner": "a\u200db",
    "soft hyphen": "a\u00adb",
    "right to left": "a\u202eb",
    "isolate": "a\u2066b",
    "mark": "a\u200fb",
    "line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "byte-order mark": "a\ufeffb",
    "tag": "a\U000e0041b",
    "long": "x" * 300,
}
TAKEN = {
    "slash": "dpr/lpr",
    "up": "..",
    "path": "../x",
    "device": "con",
    "colon": "a:b",
    "blank": "a b",
    "percent": "50%",
    "mathematics": "$x$",
    "underscore": "a_b",
    "element": "<b>",
    "quotes": '"q"',
    "emoji": "\N{ROCKET}",
    "Cyrillic": "Україна",
    "Arabic": "غزة",
    "long": "ї" * 80,
}
NAMED = ("claim_id", "claimant", "party", "category", "scope", "source", "via", "part_of")


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    return load_conflict(write_conflict(tmp_path_factory.mktemp("names") / "sea"))


def problems(read, *arguments, **options):
    with pytest.raises(ClaimsError) as refused:
        read(*arguments, **options)
    assert all(found.isprintable() for found in refused.value.problems["found"])
    return refused.value.problems


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_claims_with_a_name_that_cannot_be_seen_whole_are_refused(sea, tmp_path, name):
    text = io.StringIO()
    rows = changed(2, **dict.fromkeys(NAMED, name))
    writer = csv.DictWriter(text, COLUMNS, restval="", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = tmp_path / "claims.csv"
    path.write_bytes(text.getvalue().encode())
    found = problems(load_claims, path, conflict=sea)
    assert set(found["column"]) == set(NAMED)
    assert set(found["file"]) == {"claims.csv"}
    assert set(found["row"]) == {4}


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_tables_of_a_conflict_with_such_a_name_are_refused(tmp_path, name):
    folder = write_conflict(tmp_path / "war")
    first = {"claimants": CLAIMANTS, "sources": SOURCES}
    for file, text in first.items():
        more = f'"{name}"' + "," * text.split("\n", 1)[0].count(",") + "\n"
        (folder / f"{file}.csv").write_bytes((text + more).encode())
    found = problems(load_conflict, folder)
    assert found["file"].tolist() == ["claimants.csv", "sources.csv"]
    assert found["column"].tolist() == ["claimant", "source"]
    assert found["row"].tolist() == [text.count("\n") + 1 for text in first.values()]
    assert found["remedy"].str.contains("Remove|Shorten").all()


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_a_conflict_that_declares_such_a_name_is_refused(tmp_path, name):
    key = '"' + "".join(f"\\U{ord(letter):08x}" for letter in name) + '"'
    sections = ("sides", "parties", "categories", "scopes")
    more = "".join(f"\n[{section}.{key}]\ntitle = 'X'\n" for section in sections)
    toml = TOML.replace('sea = "The sea"', 'sea = {title = "The sea"}') + more
    found = problems(load_conflict, write_conflict(tmp_path / "sea", conflict=toml))
    found = found[found["remedy"].str.contains("Remove|Shorten")]
    assert set(found["file"]) == {"conflict.toml"}
    for section in sections:
        assert found["column"].str.contains(section).any()
    assert all(place.isprintable() and len(place) < 200 for place in found["column"])


def test_sides_that_only_parties_name_are_looked_at_too(tmp_path):
    toml = 'start = 2001-01-01\n[parties]\na = "x\\u202e"\nb = "y"\n'
    folder = write_conflict(tmp_path / "war", conflict=toml)
    with pytest.raises(ClaimsError, match="RIGHT-TO-LEFT OVERRIDE"):
        load_conflict(folder)


@pytest.mark.parametrize(
    ("place", "more"),
    [
        ("parties.SEA", '[parties.SEA]\nside = "sea"\n'),
        (
            "parties.\ufb01eld",
            '[parties."\ufb01eld"]\nside = "sea"\n[parties.field]\nside = "sea"\n',
        ),
        ("categories.Killed", "[categories.Killed]\n"),
        ("scopes.ALL", "[scopes.ALL]\n"),
        ("sides.Land", ""),
    ],
)
def test_names_that_a_query_cannot_tell_apart_are_refused(tmp_path, place, more):
    toml = TOML.replace('land = "The land"', 'land = "X"\nLand = "Y"') if not more else TOML + more
    found = problems(load_conflict, write_conflict(tmp_path / "sea", conflict=toml))
    assert found["column"].str.lower().iloc[0] in (place.lower(), "parties.field")
    assert found["remedy"].iloc[0].startswith("Rename it: there is ")


def test_claimants_that_a_query_cannot_tell_apart_are_refused(tmp_path):
    folder = write_conflict(tmp_path / "sea", claimants=CLAIMANTS + "Gazette,X,,,,\n")
    found = problems(load_conflict, folder).iloc[0]
    assert (found["file"], found["row"], found["column"]) == ("claimants.csv", 6, "claimant")
    assert found["remedy"] == "Rename it: there is gazette"


@pytest.mark.slow
def test_odd_names_are_fitted_saved_asked_for_and_drawn(tmp_path):
    party, category, scope = "../dpr/lpr", "50% $x$", '<b> "q"'
    claimant = "a b: \N{ROCKET}" + "ї" * 70
    folder = write_war(
        *(tmp_path / "war",), party=party, category=category, scope=scope,
        claimant=claimant, source="con",
    )  # fmt: skip
    fitted = fit(load_claims(conflict=folder), engine="laplace", draws=20)
    again = load_fit(fitted.save(tmp_path / "fit.nc"))
    asked = (
        *(f"killed {party} 2001", f"{category} {party}", f"killed {party} {scope}"),
        *(f"ratio {claimant} {party}", f"killed {party}/killed south 2001"),
        f"when killed {party} passes 100",
    )
    for text in asked:
        assert json.loads(run_query(again, text, form="json"))
    specs = figure_specs(Results(again))
    files = [spec.name for section in specs.values() for spec in section]
    assert len(set(map(str.lower, files))) == len(files)
    assert not any(set(name) & set('/\\:*?"<>|%$ ') for name in files)
    assert "numbers.tex" in tex_files(Results(again))


@pytest.mark.parametrize("name", TAKEN.values(), ids=TAKEN)
def test_a_file_is_named_so_on_every_system(name):
    plain = file_name("losses", name, name, name)
    assert not set(plain) & set('/\\:*?"<>|%$ ')
    assert len(plain.encode()) < 220
    assert plain != file_name("losses", name + "-", name, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKEN.values(), ids=TAKEN)
def test_the_whole_report_of_an_odd_name(lossmodel, tmp_path, name):
    kinds = ("party", "category", "scope", "claimant", "source")
    write_war(tmp_path / "war", **dict.fromkeys(kinds, name))
    ended = lossmodel(
        "fit", "--conflict", "war", "--engine", "laplace", "--out", "report", "--force"
    )
    assert ended.status in (0, 1), ended.stderr
    assert (tmp_path / "report" / "report.html").is_file()
    assert not (tmp_path / "report" / "report.log").exists()
    assert lossmodel("query", "killed", name, "--fit", "report").status == 0
    assert lossmodel("verify", "report").status == 0


SAME = {
    "a blank for a hyphen": {"party": "a b", "other": ("parties", "a-b")},
    "a sign": {"party": "50%", "other": ("parties", "50")},
    "an accent": {"party": "Österreich", "other": ("parties", "Osterreich")},
    "a standard category": {"category": "air defence"},
    "a year": {"scope": "coast", "other": ("scopes", "coast-year-2001")},
    "parts of two names": {"category": "drones-a", "party": "b", "other": ("parties", "a-b")},
    "a file of a figure": {"category": "b-drones", "party": "a", "other": ("parties", "a-b")},
}


@pytest.mark.parametrize("given", SAME.values(), ids=SAME)
def test_names_of_one_macro_are_refused_at_the_door_with_both(tmp_path, given):
    section, name = given.get("other", ("", ""))
    names = {"party": "here", "category": "boats", "scope": "coast"} | {
        key: value for key, value in given.items() if key != "other"
    }
    place = write_war(tmp_path / "war", claimant="x", source="y", **names)
    if section:
        extra = {"parties": 'side = "north"', "scopes": 'party = "here"\nreport = true'}[section]
        with (place / "conflict.toml").open("a", encoding="utf-8") as file:
            file.write(f"[{section}.{json.dumps(name, ensure_ascii=False)}]\n{extra}\n")
    found = problems(load_conflict, place)
    words = " ".join(found["remedy"])
    assert found["allowed"].str.contains("LaTeX macros").all()
    for part in (*given.get("other", ())[1:], *(v for k, v in given.items() if k != "other")):
        assert part in words


def test_names_of_shipped_conflicts_have_different_macros():
    for name in shipped_conflicts():
        load_conflict(name)
