"""The format holds other wars: folders made from the reference files load as they are."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.evidence import collect_evidence


@dataclass(frozen=True)
class War:
    """What the reference files leave unsaid, and the words that they use for ours."""

    file: str
    toml: str
    sides: dict[str, str]
    published: str
    words: dict[str, str] = field(default_factory=dict)
    # (party, category) as in the reference -> as in the conflict
    losses: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)


KOSOVO = War(
    file="kosovo1999",
    toml="""
title = "Kosovo, 1999"
start = 1999-03-24
[sides]
nato = "NATO"
yugoslavia = "Yugoslavia"
[parties.nato]
side = "nato"
fights = ["yugoslavia"]
[parties.yugoslavia]
side = "yugoslavia"
fights = ["nato"]
[parties.serbian-civilians]
side = "yugoslavia"
civilian = true
[parties.kosovo-albanians]
side = ""
civilian = true
[categories.killed]
base = true
[categories.tanks]
[categories.armoured-vehicles]
[categories.artillery]
[categories.aircraft]
""",
    sides={"nato": "nato", "nato-revised": "nato", "us-government": "nato"}
    | {"yugoslavia": "yugoslavia", "times-london": "", "us-news": ""},
    published="1999-09-30",
    words={"tank": "tanks", "apc": "armoured-vehicles"},
    losses={
        ("yugoslavia", "killed_military"): ("yugoslavia", "killed"),
        ("yugoslavia", "killed_civilian"): ("serbian-civilians", "killed"),
        ("kosovo_albanians", "killed_civilian"): ("kosovo-albanians", "killed"),
    },
)
WINTER_WAR = War(
    file="winterwar1939",
    toml="""
title = "Winter War, 1939-40"
start = 1939-11-30
sides = ["finland", "ussr"]
[parties.finland]
side = "finland"
fights = "ussr"
[parties.ussr]
side = "ussr"
fights = "finland"
[categories.killed]
base = true
[categories.casualties]
sum = ["killed", "wounded"]
[knots]
rate_days = 7
drift_days = 60
""",
    sides={"ussr": "ussr", "finland": "finland"},
    published="1940-06-03",
    losses={
        (party, theirs): (party, ours)
        for party in ("finland", "ussr")
        for theirs, ours in {"killed_military": "killed", "casualties_all": "casualties"}.items()
    },
)
WARS = [pytest.param(war, id=war.file) for war in (KOSOVO, WINTER_WAR)]


def _renamed(table: pd.DataFrame, war: War) -> pd.DataFrame:
    pairs = [
        war.losses.get(pair, (pair[0], war.words.get(pair[1], pair[1])))
        for pair in table[["party", "category"]].itertuples(index=False, name=None)
    ]
    return table.assign(party=[pair[0] for pair in pairs], category=[pair[1] for pair in pairs])


def _claims(table: pd.DataFrame, war: War) -> pd.DataFrame:
    table = _renamed(table, war).assign(
        claimant=table["claimant"].str.replace("_", "-"),
        claim_id=[f"claim-{i}" for i in range(len(table))],
        published=war.published,
        published_inferred="true",
    )
    # a bound has its number in value alone
    bound = table["qualifier"].isin(["at-least", "at-most"])
    return table.assign(low=table["low"].mask(bound, ""), high=table["high"].mask(bound, ""))


def _build(war: War, folder: Path, shared: Path) -> Path:
    """Write the folder of a conflict as a user would from the reference files."""
    history = shared / "reference" / "history"
    read = {"dtype": str, "keep_default_na": False}
    claims = _claims(pd.read_csv(history / f"{war.file}-claims.csv", **read), war)
    truth = _renamed(pd.read_csv(history / f"{war.file}-truth.csv", **read), war)
    texts = pd.concat([claims["source"], truth["source"]]).unique()
    keys = {text: f"source-{i}" for i, text in enumerate(texts)}
    claims["source"], truth["source"] = claims["source"].map(keys), truth["source"].map(keys)
    tables = {
        "claims": claims,
        "truth": truth.drop(columns="kind"),
        "sources": pd.DataFrame({"source": list(keys.values()), "title": list(keys)}),
        "claimants": pd.DataFrame({"claimant": list(war.sides), "side": list(war.sides.values())}),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "conflict.toml").write_text(war.toml, encoding="utf-8")
    return folder


@pytest.mark.parametrize("war", WARS)
def test_another_war_loads(war, tmp_path, shared):
    conflict = load_conflict(_build(war, tmp_path, shared))
    claims = load_claims(conflict=conflict)
    reference = pd.read_csv(shared / "reference" / "history" / f"{war.file}-claims.csv")
    assert claims.table["value"].tolist() == reference["value"].tolist()
    assert conflict.truth is not None
    assert (conflict.truth["end"] > conflict.truth["start"]).all()


@pytest.mark.parametrize("war", WARS)
def test_every_claim_of_another_war_ends_in_one_class(war, tmp_path, shared):
    claims = load_claims(conflict=load_conflict(_build(war, tmp_path, shared)))
    classes = collect_evidence(claims).classes
    assert sorted(classes["claim_id"]) == sorted(claims.table["claim_id"])
    assert (classes["class"] == "used").any()


@pytest.mark.parametrize(
    ("war", "claimant", "party", "role"),
    [
        (KOSOVO, "nato", "yugoslavia", "adversary"),
        (KOSOVO, "yugoslavia", "nato", "adversary"),
        (KOSOVO, "yugoslavia", "serbian-civilians", "self"),
        (KOSOVO, "us-news", "yugoslavia", "third-party"),
        (KOSOVO, "us-government", "kosovo-albanians", "third-party"),
        (WINTER_WAR, "ussr", "finland", "adversary"),
        (WINTER_WAR, "finland", "finland", "self"),
    ],
)
def test_roles_follow_from_sides(war, claimant, party, role, tmp_path, shared):
    assert load_conflict(_build(war, tmp_path, shared)).role(claimant, party) == role
