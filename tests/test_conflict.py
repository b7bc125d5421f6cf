"""A conflict's folder: what is read out of it, in which spellings, and what is refused."""

import pickle
import re

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossmodel.conflict import Conflict, Share, load_conflict
from lossmodel.conflict.shipped import resolve, shipped_conflicts
from lossmodel.conflict.types import STANDARD_CATEGORIES, cycle
from lossmodel.errors import ClaimsError, UsageError
from tests.small_conflict import CLAIMANTS, SOURCES, STREAMS, TOML, write_conflict


@pytest.fixture(scope="module")
def sea(tmp_path_factory) -> Conflict:
    return load_conflict(write_conflict(tmp_path_factory.mktemp("folder") / "sea"))


ROLES = [
    ("sea-staff", "sea", "self"),
    ("sea-staff", "land", "adversary"),
    ("land-staff", "sea", "adversary"),
    ("land-staff", "guests", "self"),
    ("sea-staff", "land+guests", "adversary"),
    ("land-staff", "land+guests", "self"),
    ("sea-staff", "villagers", "adversary"),
    ("land-staff", "villagers", "self"),
    ("gazette", "land", "third-party"),
    ("almanac", "villagers", "third-party"),
]


@pytest.mark.parametrize(("claimant", "party", "role"), ROLES)
def test_roles_follow_from_sides(sea, claimant, party, role):
    assert sea.role(claimant, party) == role


def test_enemies_are_enemies_whichever_of_them_says_so(tmp_path):
    toml = TOML.replace('side = "sea"\nfights = "land"', 'side = "sea"')
    one_sided = load_conflict(write_conflict(tmp_path, conflict=toml))
    assert one_sided.role("sea-staff", "land") == "adversary"
    assert one_sided.role("land-staff", "sea") == "adversary"


SILENT = re.sub(r"fights = .*\n", "", TOML)


@pytest.mark.parametrize(
    ("party", "role"),
    [
        ("", "adversary"),
        ("villagers", "adversary"),
        ("guests", "adversary"),
        ("sea", "third-party"),
    ],
)
def test_who_fights_nobody_says_nothing_of_the_others(tmp_path, party, role):
    toml = SILENT.replace(f"[parties.{party}]\n", f"[parties.{party}]\nfights = false\n")
    assert (toml != SILENT) == bool(party)
    conflict = load_conflict(write_conflict(tmp_path, conflict=toml))
    assert conflict.role("sea-staff", "land") == conflict.role("land-staff", "sea") == role
    assert conflict.fights_assumed == (role == "adversary")
    enemies = ("sea",) if party != "guests" and role == "adversary" else ()
    assert conflict.parties["guests"].fights == enemies


def test_an_ally_is_a_third_party(tmp_path):
    toml = TOML.replace("[sides]\n", '[sides]\nfriend = "A friend of the sea"\n')
    claimants = CLAIMANTS + "friends,Friends,friend,,,\n"
    conflict = load_conflict(write_conflict(tmp_path, conflict=toml, claimants=claimants))
    assert {conflict.role("friends", party) for party in conflict.parties} == {"third-party"}


def test_the_main_party_of_a_side_is_its_first_that_is_not_civilian(sea):
    assert sea.main_parties(["sea", "land", "guests", "villagers"]) == ("sea", "land")
    assert sea.main_parties(["villagers", "guests", "land"]) == ("guests",)
    assert sea.main_parties(["villagers"]) == ()


def test_components_and_streams(sea):
    assert sea.components("land+guests") == ("land", "guests")
    assert sea.components("land") == ("land",)
    assert sea.stream("sea-staff", "land", "losses").accounting == "ledger"
    undeclared = sea.stream("almanac", "land", "killed")
    assert (undeclared.accounting, undeclared.method) == ("estimate", "")


def test_scopes_have_a_place_in_the_tree(sea):
    assert list(sea.scopes) == ["all", "coast", "hills"]
    assert sea.scopes["coast"].share == Share("decaying", 0.5, 0.4, 300, 0.3)
    assert sea.scopes["hills"].complement_of == "coast"
    assert sea.scopes["hills"].report
    assert sea.scopes["hills"].of is None


def test_hashes_name_every_file_read(sea):
    assert set(sea.sha256) == {"conflict.toml", "claimants.csv", "streams.csv", "sources.csv"}
    assert all(len(digest) == 64 for digest in sea.sha256.values())


def test_a_conflict_survives_pickling(sea):
    again = pickle.loads(pickle.dumps(sea))
    assert again.role("sea-staff", "land") == sea.role("sea-staff", "land")
    assert again.parties == sea.parties


def test_what_is_not_needed_may_be_missing(tmp_path):
    bare = load_conflict(write_conflict(tmp_path, streams=None, sources=None))
    assert bare.truth is None
    assert bare.streams.empty
    assert bare.sources.empty
    assert list(bare.streams) == [*STREAMS.splitlines()[0].split(","), "within", "declared_from"]


SPELLINGS = [
    'title="T"\nstart="2001-01-01"\nsides=["sea","land"]\nparties={sea={side="sea",fights="land"},'
    'land={side="land",fights="sea"}}',
    'start=2001-01-01T00:00:00\n[sides.sea]\ntitle="The sea"\nfights=["land"]\n[sides.land]\n'
    '[parties]\nsea="sea"\nland="land"',
    '[conflict]\ntitle="T"\nstart=2001-01-01\n[parties.sea]\nfights=true\n[parties.land]\n',
    'start=2001-01-01\n[parties.sea]\nside="sea"\nfights=["land"]\n[parties.land]\nside="land"',
]


@pytest.mark.parametrize("toml", SPELLINGS, ids=range(len(SPELLINGS)))
def test_short_and_long_spellings_mean_the_same(tmp_path, toml):
    conflict = load_conflict(write_conflict(tmp_path, conflict=toml))
    assert conflict.start == pd.Timestamp("2001-01-01")
    assert set(conflict.sides) == {"sea", "land"}
    assert conflict.role("sea-staff", "land") == "adversary"
    assert conflict.role("sea-staff", "sea") == "self"
    assert conflict.categories.keys() >= STANDARD_CATEGORIES.keys()
    assert list(conflict.scopes) == ["all"]


SHARES = [
    ("1", Share("fixed", 1.0)),
    ('"fixed"', Share("fixed", 1.0)),
    ("0.4", Share("fixed", 0.4)),
    ("{mean = 0.4, sd = 0.3}", Share("constant", 0.4, 0.3)),
    ('{form = "constant", mean = 0.4, sd = 0.3}', Share("constant", 0.4, 0.3)),
    ("{mean = 0.4, sd = 0.3, tau_days = 90}", Share("decaying", 0.4, 0.3, 90, 0.0)),
]


@pytest.mark.parametrize(("text", "share"), SHARES)
def test_shares_may_be_numbers_or_tables(tmp_path, text, share):
    toml = f"{TOML}\n[scopes.islands]\nshare = {text}\n"
    assert load_conflict(write_conflict(tmp_path, conflict=toml)).scopes["islands"].share == share


CATEGORIES = [
    ("[categories.killed]\nbase = true", "killed", "person", ()),
    ('[categories.killed]\nbase = "killed"', "killed", "person", ()),
    ("[categories.casualties]\nbase = true", "casualties", "person", ()),
    (
        '[categories.casualties]\nsum = ["killed", "wounded"]',
        "casualties",
        "person",
        ("killed", "wounded"),
    ),
    ('[categories.lost]\nsum = ["killed", "missing"]', "lost", "person", ("killed", "missing")),
    ('[categories]\nlost = ["killed", "missing"]', "lost", "person", ("killed", "missing")),
    ("[categories.balloons]", "balloons", "equipment", ()),
    ('[categories.monks]\ngroup = "person"', "monks", "person", ()),
]


@pytest.mark.parametrize(("text", "name", "group", "addends"), CATEGORIES)
def test_categories_add_to_the_standard_ones(tmp_path, text, name, group, addends):
    conflict = load_conflict(write_conflict(tmp_path, conflict=f"{TOML}\n{text}\n"))
    assert conflict.categories[name].group == group
    assert conflict.categories[name].sum == addends


BAD_TOML = [
    ("title = \nstart = 2001-01-01", "", "at line 1"),
    (TOML.replace("start = 2001-01-01", ""), "start", "start = 2022-02-24"),
    (TOML.replace("2001-01-01", '"early"', 1), "start", "YYYY-MM-DD"),
    (
        TOML.replace("end = 2003-12-31", "end = 2000-12-31", 1),
        "end",
        "a day from 2001-01-01 on",
    ),
    (TOML.replace("[sides]", "[sids]"), "sids", "Rename it to sides"),
    (
        TOML + '[categories.lost]\nsmu = ["killed", "missing"]\n',
        "categories.lost.smu",
        "Rename it to sum",
    ),
    (
        TOML + '[categories.lost]\nsum = ["killed", "killed"]\n',
        "categories.lost.sum",
        "Leave the second one out",
    ),
    (TOML.replace('side = "sea"', 'side = "see"'), "parties.sea.side", "Did you mean sea?"),
    (TOML.replace('fights = "land"', 'figths = "land"'), "parties.sea.figths", "fights"),
    (TOML.replace('fights = "land"', 'fights = "lnd"'), "parties.sea.fights", "Did you mean land?"),
    (TOML.replace('fights = "land"', "fights = 3"), "parties.sea.fights", '["a", "b"]'),
    (TOML.replace('"land", "guests"', '"land", "gusts"'), "parties.land+guests.sum", "guests"),
    (TOML.replace('"land", "guests"', '"land+guests"'), "parties.land+guests.sum", "land"),
    (TOML.replace("from = 2002-01-01", "from = 2002"), "parties.guests.from", "YYYY-MM-DD"),
    (
        TOML.replace("from = 2002-01-01", "from = 2002-01-01\nto = 2001-01-01"),
        "parties.guests.to",
        "from 2002-01-01 on",
    ),
    (TOML.replace("civilian = true", 'civilian = "yes"'), "parties.villagers.civilian", "true"),
    (TOML.replace("mean = 0.5", "mean = 1.5"), "scopes.coast.share.mean", "to 1"),
    (TOML.replace("mean = 0.5, ", ""), "scopes.coast.share.mean", "Give the mean"),
    (TOML.replace('"decaying"', '"decay"'), "scopes.coast.share.form", "decaying"),
    (TOML.replace("tau_days = 300, ", ""), "scopes.coast.share.tau_days", "Give tau_days"),
    (TOML.replace('of = "all"', 'of = "hills"'), "scopes.coast.of", 'of = "all"'),
    (
        TOML.replace('complement_of = "coast"', 'complement_of = "cost"'),
        "scopes.hills.complement_of",
        "coast",
    ),
    (TOML + "[knots]\nrate_days = -3", "knots.rate_days", "from 1"),
    (TOML + '[categories.lost]\nsum = ["kiled"]', "categories.lost.sum", "Did you mean killed?"),
    (TOML + '[categories.wounded]\nsum = ["casualties"]', "categories.wounded.sum", "base"),
    (TOML + '[categories.lost]\ngroup = "things"', "categories.lost.group", "equipment"),
    (TOML.replace('title = "The war of the sea"', "title = 3"), "title", "quotes"),
    ("start = 2001-01-01\nparties = 3", "parties", "a table"),
    ("start = 2001-01-01", "parties", "[parties.NAME]"),
    (
        TOML + '[sides.air]\n[parties.both]\nsum = ["air", "sea"]',
        "parties.both.sum",
        "one of sea, land",
    ),
]


@pytest.mark.parametrize(("toml", "key", "says"), BAD_TOML, ids=range(len(BAD_TOML)))
def test_a_bad_declaration_is_named_by_its_key(tmp_path, toml, key, says):
    with pytest.raises(ClaimsError) as caught:
        load_conflict(write_conflict(tmp_path, conflict=toml))
    problems = caught.value.problems
    assert key in problems["column"].tolist()
    assert says in str(caught.value)
    assert set(problems["file"]) == {"conflict.toml"}


BAD_TABLES = [
    ("claimants", None, 0, "", "claimant, name, side"),
    ("claimants", CLAIMANTS.replace(",land,", ",lnd,"), 3, "side", "Did you mean land?"),
    ("claimants", CLAIMANTS.replace("gazette;", "gazete;"), 5, "derived_from", "gazette"),
    ("claimants", CLAIMANTS.replace("gazette;", "almanac;"), 5, "derived_from", "circle"),
    ("claimants", CLAIMANTS.replace("side", "sides"), 1, "'sides'", "Rename it to side"),
    ("claimants", CLAIMANTS + "gazette,Again,,,,\n", 6, "claimant", "Row 4 has it already"),
    ("streams", STREAMS.replace("ledger", "leger"), 2, "accounting", "ledger"),
    ("streams", STREAMS.replace("sea-staff", "sea-stuff"), 2, "claimant", "sea-staff"),
    ("streams", STREAMS.replace("losses", "loses"), 2, "category", "losses"),
    ("streams", STREAMS + "gazette,land,killed,estimate,,\n", 4, "accounting", "Keep one"),
    ("sources", SOURCES + "gazette-1,Again,,,,,\n", 3, "source", "Row 2 has it already"),
    ("truth", "party,category,end,value\nlnd,killed,2001-02-01,5\n", 2, "party", "land"),
    ("truth", "party,category,end,value\nland,killed,2001-02-01,\n", 2, "value", "Give the value"),
    ("truth", "party,category,end,value\nland,killed,2001-02-01,-5\n", 2, "value", "sign"),
    ("truth", "party,category,end,value\nland,killed,2000-02-01,5\n", 2, "end", "start <= end"),
    ("truth", "party,category,end,value,low\nland,killed,2001-02-01,5,9\n", 2, "low", "limits"),
    ("truth", "party,category,end,value,high\nland,killed,2001-02-01,5,3\n", 2, "high", "limits"),
    (
        "truth",
        "party,category,end,value,ci_prob\nland,killed,2001-02-01,5,95\n",
        2,
        "ci_prob",
        "0.95",
    ),
]


@pytest.mark.parametrize(("file", "text", "row", "column", "says"), BAD_TABLES)
def test_a_bad_table_of_a_conflict_is_named_by_row_and_column(
    tmp_path, file, text, row, column, says
):
    with pytest.raises(ClaimsError) as caught:
        load_conflict(write_conflict(tmp_path, **{file: text}))
    first = caught.value.problems.iloc[0]
    assert (first["file"], first["row"], first["column"]) == (f"{file}.csv", row, column)
    assert says in str(caught.value)


def test_truth_is_read_with_its_defaults(tmp_path):
    text = "party,category,end,value\nland,killed,2001-02-01,5\n"
    truth = load_conflict(write_conflict(tmp_path, truth=text)).truth
    assert truth.loc[0, "start"] == pd.Timestamp("2001-01-01")
    assert truth.loc[0, "scope"] == "all"
    assert truth["ci_prob"].isna().all()


def test_all_files_of_a_folder_are_complained_of_at_once(tmp_path):
    folder = write_conflict(
        tmp_path,
        conflict=TOML.replace("civilian = true", "civilian = 3"),
        claimants=CLAIMANTS.replace(",land,", ",lnd,"),
        streams=STREAMS.replace("ledger", "leger"),
    )
    with pytest.raises(ClaimsError) as caught:
        load_conflict(folder)
    assert caught.value.problems["file"].nunique() == 3


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(toml=st.one_of(st.text(max_size=300), st.text(max_size=80).map(lambda t: TOML + t)))
def test_no_declaration_whatever_ends_in_a_traceback(tmp_path, toml):
    folder = write_conflict(tmp_path)
    (folder / "conflict.toml").write_bytes(toml.encode("utf-8", "replace"))
    assert conflict_or_text(folder)


values = st.sampled_from(
    ["1", "-1", "nan", "true", '"x"', "[]", '["sea"]', "[1]", "{}", "{x = 1}", "2001-01-01", '""']
)
KEYS = (
    "title start end sides parties categories scopes knots conflict parties.sea parties.sea.side "
    "parties.sea.fights parties.sea.sum parties.sea.from parties.sea.civilian categories.killed "
    "categories.killed.sum categories.killed.base categories.killed.group scopes.a scopes.a.of "
    "scopes.a.share scopes.a.share.mean scopes.a.share.form scopes.a.party scopes.all knots.rate"
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.dictionaries(st.sampled_from(KEYS.split()), values, max_size=6))
def test_no_value_of_any_key_ends_in_a_traceback(tmp_path, chosen):
    document = "\n".join(f"{key} = {value}" for key, value in chosen.items())
    folder = write_conflict(tmp_path, conflict=document, streams=None, sources=None)
    assert conflict_or_text(folder)


def conflict_or_text(folder) -> object:
    try:
        return load_conflict(folder)
    except ClaimsError as error:
        return str(error)


def test_shipped_conflicts_have_names_and_folders_have_paths(tmp_path):
    assert "russia-ukraine" in shipped_conflicts()
    folder = write_conflict(tmp_path / "sea")
    assert resolve(folder) == resolve(str(folder)) == resolve(folder / "conflict.toml") == folder
    assert resolve("russia-ukraine").name == "russia-ukraine"


@pytest.mark.parametrize("name", ["russia-ukrain", "", "nul\0", "x" * 5_000, "/"])
def test_an_unknown_conflict_is_a_usage_error(name):
    with pytest.raises(UsageError, match="shipped"):
        resolve(name)


def test_a_near_name_is_suggested():
    with pytest.raises(UsageError, match=r"Did you mean russia-ukraine\?"):
        load_conflict("russia-ukrain")


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9), max_size=3), max_size=10))
def test_a_node_that_reaches_itself_is_on_a_circle(links):
    reached = {node: set(ends) for node, ends in links.items()}
    for _ in links:
        for node, ends in reached.items():
            reached[node] = ends.union(*(reached.get(end, set()) for end in ends))
    circular = {node for node, ends in reached.items() if node in ends}
    assert circular <= set(cycle(links))
    assert bool(circular) == bool(cycle(links))
