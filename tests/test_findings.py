"""Findings of `check`: each kind with a table that has it and a twin that has not."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lossmodel as lm
from docs.tools.findings_page import page
from lossmodel.claims.summary import describe_streams
from lossmodel.errors import ClaimsError
from lossmodel.evidence import collect_evidence
from lossmodel.findings import count_words, find, render, render_outcomes
from lossmodel.findings.kinds import KINDS
from lossmodel.posterior.contradictions import CONTRADICTED, headline_warnings
from lossmodel.posterior.rates import rates

TOML = """
title = "Two sides"
start = 2023-01-01
[parties.north]
side = "north"
fights = "south"
[parties.guests]
side = "north"
fights = "south"
[parties."north+guests"]
sum = ["north", "guests"]
[parties.south]
side = "south"
"""
CLAIMANTS = "claimant,name,side\n" + "".join(
    f"{name},{name.title()},{side}\n"
    for name, side in {
        "north-staff": "north",
        "south-staff": "south",
        "gazette": "",
        "almanac": "",
        "herald": "",
    }.items()
)
HEAD = (
    "claim_id,claimant,party,category,kind,start,end,known,value,qualifier,published,part_of,per,"
    "low,high,published_inferred\n"
)
STREAMS = "claimant,party,category,accounting\n"


def row(
    claimant: str, party: str, value: float, *, category: str = "killed", end: str = "2023-03-01",
    kind: str = "cumulative", start: str = "", known: str = "", qualifier: str = "exact",
    published: str = "", part_of: str = "", per: str = "", low: str = "", high: str = "",
    inferred: str = "",
) -> str:  # fmt: skip
    cells = (claimant, party, category, kind, start, end, known, value, qualifier)
    return ",".join(map(str, (*cells, published or end, part_of, per, low, high, inferred)))


def write(
    folder: Path, *rows: str, toml: str = TOML, claimants: str = CLAIMANTS, streams: str = ""
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "conflict.toml").write_text(toml)
    (folder / "claimants.csv").write_text(claimants)
    (folder / "streams.csv").write_text(STREAMS + streams)
    lines = [f"c{i},{cells}\n" for i, cells in enumerate(rows)]
    (folder / "claims.csv").write_text(HEAD + "".join(lines))
    return folder


@pytest.fixture
def war(tmp_path):
    """Claims of a small war."""

    def load(*rows: str, **files: str) -> lm.Claims:
        return lm.load_claims(conflict=write(tmp_path / "war", *rows, **files))

    return load


def kinds(claims: lm.Claims) -> dict[str, str]:
    """Kind -> message of its first case."""
    table = lm.check(claims)
    return dict(zip(table["kind"][::-1], table["message"][::-1], strict=True))


def killed(fit: lm.Fit, party: str) -> tuple[float, float, float]:
    """Median and limits of a total."""
    total = rates(fit, party, "killed").between(0, len(fit.days) - 1)
    lower, median, upper = np.quantile(total, [0.025, 0.5, 0.975])
    return median, lower, upper


def strengths(*days: int) -> list[str]:
    return [
        row("north-staff", "north", 9_000, category="strength", kind="stock",
            end=f"{pd.Timestamp('2023-01-01') + pd.Timedelta(days=day):%Y-%m-%d}")
        for day in days
    ]  # fmt: skip


def bounds(**values: float) -> list[str]:
    words = {name.replace("_", "-"): value for name, value in values.items()}
    return [row("gazette", "north", value, qualifier=word) for word, value in words.items()]


def apart_by(times: float) -> list[str]:
    """Bounds of two third parties."""
    return [
        row("almanac", "north", 100 * times, qualifier="at-least"),
        row("gazette", "north", 100, qualifier="at-most"),
    ]


def window(published: str) -> list[str]:
    return [row("gazette", "north", 9, kind="period", start="2023-02-01", published=published)]


def unpublished(day: str = "2023-02-28", inferred: str = "true") -> list[str]:
    """Deaths of two months in a list of one day, which is a guess."""
    days = ("2023-01-01", "2023-01-31", 100), ("2023-02-01", "2023-02-28", 56)
    more = {"kind": "period", "known": day, "published": day, "inferred": inferred}
    return [row("gazette", "north", n, start=a, end=b, **more) for a, b, n in days]


def window_of(month: int, **more: str) -> str:
    """Deaths of a month in a list."""
    days = {"start": f"2023-0{month}-01", "end": f"2023-0{month}-28"}
    filled = {"kind": "period", "inferred": "true", "published": days["end"]}
    return row("gazette", "north", 9, **days, **filled | more)


OWN, FOE = row("north-staff", "north", 50), row("south-staff", "north", 200)
BOTH = row("gazette", "north+guests", 300)
ALONE = row("gazette", "guests", 100)
LEDGER = "south-staff,north,killed,ledger\n"
LIST = "gazette,north,killed,list\n"
SOON = "2023-03-04"
PAIR = (("gazette", 1), ("almanac", 9_000))
MAY = "2023-05-01"


def totals(*values: float, start: str = "", first: int = 1) -> list[str]:
    return [
        row("south-staff", "north", value, end=f"2023-01-{day:02}", start=start)
        for day, value in enumerate(values, start=first)
    ]


def daily(*values: float) -> list[str]:
    days = [f"2023-01-{day:02}" for day in range(1, len(values) + 1)]
    return [
        row("south-staff", "north", value, kind="daily", start=day, end=day)
        for day, value in zip(days, values, strict=True)
    ]


def periods(*windows: tuple[int, int, float]) -> list[str]:
    """Figures of windows of January."""
    return [
        row(
            "gazette", "north", value, kind="period", start=f"2023-01-{a:02}", end=f"2023-01-{b:02}"
        )
        for a, b, value in windows
    ]


def parts(*values: float) -> list[str]:
    return [
        row("gazette", "north", 500),
        *(row("gazette", "north", v, part_of="c0") for v in values),
    ]


def added(**categories: float) -> list[str]:
    return [row("gazette", "north", value, category=name) for name, value in categories.items()]


def counted(*values: float) -> list[str]:
    """Counts of a list for the same days, a month of knowledge apart."""
    return [
        row("gazette", "north", value, known=f"2023-{month:02}-01", published=f"2023-{month:02}-01")
        for month, value in enumerate(values, start=4)
    ]


def own_totals(*values: float) -> list[str]:
    return [
        row("north-staff", "north", value, end=f"2023-0{month}-01")
        for month, value in enumerate(values, start=2)
    ]


NOBODY = TOML.replace('fights = "south"\n', "").replace(
    "[parties.south]", '[parties.east]\nside = "east"\nfights = "south"\n[parties.south]'
)
ARMOUR = TOML + '[categories.armour]\nsum = ["tanks", "vehicles"]\n'
ARMY = TOML + "[categories]\nstrength = true\nrecruits = true\n"
WORD = TOML + "[categories.balloons]\nbase = true\n"
TURNED = """
title = "One that changed sides"
start = 2023-01-01
[sides]
north = "North"
south = "South"
[parties.north]
side = "north"
fights = "south"
[parties.south]
side = "south"
fights = "north"
[parties.island-before]
side = "north"
fights = "south"
to = 2023-01-31
[parties.island-after]
side = "south"
fights = "north"
from = 2023-02-01
[parties.island]
sum = ["island-before", "island-after"]
"""
UNSIDED = CLAIMANTS.replace("south-staff,South-Staff,south", "south-staff,South-Staff,")

# kind: (rows, files) with it, (rows, files) without it, words of the message
CASES = {
    "party-without-enemy": (
        ([OWN, FOE], {"toml": NOBODY}),
        ([OWN, FOE], {}),
        "south-staff of another side is its third party",
    ),
    "side-without-claimant": (
        ([OWN, FOE], {"claimants": UNSIDED}),
        ([OWN, FOE], {}),
        "No claimant is on the side south, while south-staff has no side",
    ),
    "claimant-without-side": (
        ([OWN, FOE], {"claimants": UNSIDED}),
        ([OWN, row("gazette", "north", 200)], {"claimants": UNSIDED}),
        "south-staff has no side",
    ),
    "mixed-sides": (
        ([row("north-staff", "island", 80)], {"toml": TURNED}),
        ([row("north-staff", "island-after", 80), row("gazette", "island", 90)], {"toml": TURNED}),
        "on the side of island-before and fights island-after",
    ),
    "silent-party": (
        ([BOTH, row("gazette", "north", 200)], {}),
        ([BOTH, row("gazette", "north", 200), ALONE], {}),
        "of north+guests, such as c0, include guests, and none is about guests alone",
    ),
    "undeclared-sum": (
        ([OWN, row("gazette", "both", 200)], {"toml": TOML + '[parties.both]\n'}),
        (
            [OWN, row("gazette", "both", 200)],
            {"toml": TOML + '[parties.both]\nsum = ["north", "guests"]\n'},
        ),
        "both is fitted as a party of its own beside",
    ),
    "sum-of-equipment": (
        (
            [row("gazette", "north", n, category=c) for c, n in (("tanks", 42), ("armour", 46))],
            {"toml": ARMOUR},
        ),
        ([row("gazette", "north", 46, category="armour")], {"toml": ARMOUR}),
        "Claims of armour of north are left out, as c1",
    ),
    "category-without-group": (
        ([row("gazette", "north", 5, category="balloons")], {"toml": WORD}),
        (
            [row("gazette", "north", 5, category="balloons")],
            {"toml": WORD + 'group = "equipment"\n'},
        ),
        "balloons has no group and is read as equipment",
    ),
    "category-without-place": (
        (
            [row("gazette", "north", 5, category="killed-missing")],
            {"toml": TOML + '[categories]\nkilled-missing = ["killed", "missing"]\n'},
        ),
        ([row("gazette", "north", 5, category="irrecoverable")], {}),
        "No claim of killed-missing is used, as c0",
    ),
    "total-falls": (
        (totals(100, 200, 300, 50, 110), {"streams": LEDGER}),
        (totals(100, 200, 300, 350, 410), {"streams": LEDGER}),
        "falls from 300 (2023-01-03) to 50 (2023-01-04); of 5 totals 2 are set aside",
    ),
    "count-falls": (
        (counted(100, 130, 70), {"streams": LIST}),
        (counted(100, 130, 125), {"streams": LIST}),
        "Gazette (north, killed), 70 (2023-06-01), is below 130 (2023-05-01) and is set aside",
    ),
    "total-without-known": (
        ([row("gazette", "north", 90, published="2023-06-01")], {"streams": LIST}),
        (
            [row("gazette", "north", 90, published="2023-06-01", known="2023-05-01")],
            {"streams": LIST},
        ),
        "to 2023-03-01 and published 2023-06-01, is read as known on",
    ),
    "guessed-publication": (
        (unpublished(), {"streams": LIST}),
        (unpublished(), {}),
        "publication of Gazette (north, killed) is a guess, the last day that it counts: its 2 "
        "figures are read as all that was known on 2023-02-28, from c0 on (claims.csv row 2).",
    ),
    "window-without-known": (
        (window("2023-06-01"), {"streams": LIST}),
        (window("2023-03-09"), {"streams": LIST}),
        "is read as known on 2023-06-01",
    ),
    "undeclared-accounting": (
        (own_totals(30, 40, 50), {}),
        (own_totals(30, 40, 50), {"streams": LEDGER.replace("south", "north", 1)}),
        "north-staff counts killed of its own side north, and streams.csv does not say how: 3",
    ),
    "orders-of-magnitude": (
        ([row("gazette", "north", 120), row("almanac", "north", 120_000)], {}),
        ([row("gazette", "north", 120), row("almanac", "north", 12_000)], {}),
        "Almanac says 120,000 and Gazette 120 of the same days",
    ),
    "claimants-apart": (
        ([row("gazette", "north", 120), row("almanac", "north", 200_000, end="2023-03-09")], {}),
        ([row("gazette", "north", 120), row("almanac", "north", 12_000, end="2023-03-09")], {}),
        "Almanac says 200,000 to 2023-03-09 and Gazette 120 to 2023-03-01",
    ),
    "totals-set-aside": (
        (totals(*range(900, 100, -100)), {"streams": LEDGER}),
        (totals(*range(100, 900, 100)), {"streams": LEDGER}),
        "The total of South-Staff (north, killed) falls",
    ),
    "implausible-number": (
        ([row("gazette", "north", 1e10)], {}),
        ([row("gazette", "north", 1e6)], {}),
        "Gazette says 10,000,000,000 killed of north in c0, more than in any war",
    ),
    "unmarked-copy": (
        ([row("gazette", "north", 13241), row("almanac", "north", 13241, published=SOON)], {}),
        ([row("gazette", "north", 13241), row("almanac", "north", 13187, published=SOON)], {}),
        "c1 prints the number of c0",
    ),
    "crossed-bounds": (
        (bounds(at_least=500, at_most=90), {}),
        (bounds(at_least=90, at_most=500), {}),
        "at least 500 and at most 90 killed of north",
    ),
    "bounds-apart": (
        (apart_by(3), {}),
        (apart_by(1.9), {}),
        "Almanac says at least 300 and Gazette says at most 100 killed of north to 2023-03-01: c0",
    ),
    "sum-differs": (
        ([*daily(40, 50, 60), *totals(200, first=3)], {"streams": LEDGER}),
        ([*daily(40, 50, 60), *totals(150, first=3)], {"streams": LEDGER}),
        "3 figures of South-Staff (north, killed) for 2023-01-01 to 2023-01-03 (c0 to c2) add up "
        "to 150, but c3 says 200.",
    ),
    "parts-exceed-total": (
        (parts(300, 290), {}),
        (parts(300, 200), {}),
        "2 parts of c0 with a sum of 590 exceed its 500: ",
    ),
    "part-exceeds-sum": (
        (added(casualties=90, killed=120), {}),
        (added(casualties=120, killed=90), {}),
        "Gazette (north, casualties) says 90 for 2023-01-01 to 2023-03-01, less than the 120 of "
        "its parts: c0 and c1.",
    ),
    "strength-alone": (
        ([*strengths(1, 60), OWN], {"toml": ARMY}),
        ([*strengths(1, 60), row("gazette", "north", 900, category="recruits"), OWN],
         {"toml": ARMY}),
        "North-Staff gives strengths of north, such as c0, and nobody gives its recruits",
    ),
    "conflicting-figures": (
        ([row("gazette", "north", 2_000), row("gazette", "north", 2_050)], {}),
        ([row("gazette", "north", 2_000), row("almanac", "north", 2_050)], {}),
        "Gazette (north, killed) gives both 2,000 and 2,050 for 2023-01-01 to 2023-03-01: c0 and",
    ),
    "revised-figure": (
        ([row("gazette", "north", 2_000), row("gazette", "north", 2_050, published=SOON)], {}),
        ([row("gazette", "north", 2_000), row("gazette", "north", 2_000, published=SOON)], {}),
        "revised 2,000 (2023-03-01) to 2,050 (2023-03-04) for 2023-01-01 to 2023-03-01: c0 and c1.",
    ),
    "manyfold-revision": (
        ([row("gazette", "north", 2_855), row("gazette", "north", 29_080, published=SOON)], {}),
        ([row("gazette", "north", 2_855), row("gazette", "north", 2_908, published=SOON)], {}),
        "revised 2,855 (2023-03-01) to 29,080 (2023-03-04) for 2023-01-01 to 2023-03-01: c0 and",
    ),
    "near-duplicate": (
        (periods((1, 10, 4_117), (2, 11, 4_117)), {}),
        (periods((1, 10, 4_117), (2, 11, 4_118)), {}),
        "has the same figure, 4,117, for 2023-01-01 to 2023-01-10 and for 2023-01-02 to 2023-01-11",
    ),
    "overlapping-windows": (
        (periods((1, 10, 410), (10, 20, 380)), {}),
        (periods((1, 9, 410), (10, 20, 380)), {}),
        "2023-01-10 is in two successive windows of Gazette (north, killed), 2023-01-01 to "
        "2023-01-10 and 2023-01-10 to 2023-01-20: c0 and c1.",
    ),
    "unusual-lethality": (
        ([row("gazette", "north", 610), row("gazette", "north", 51, category="wounded")], {}),
        ([row("gazette", "north", 610), row("gazette", "north", 510, category="wounded")], {}),
        "Gazette has 610 killed and 51 wounded of north for 2023-01-01 to 2023-03-01, where armies",
    ),
    "non-integer": (
        ([row("gazette", "north", 1.221)], {}),
        ([row("gazette", "north", 1.221, kind="average", start="2023-02-01")], {}),
        "1 figure of Gazette (north, killed) is no whole number: 1.221 in c0.",
    ),
    "large-step": (
        (daily(*[32] * 14, 531, *[31] * 13), {}),
        (daily(*[32] * 14, 131, *[31] * 13), {}),
        "South-Staff (north, killed) has 531 for 2023-01-15, 17 times the mean of its other days",
    ),
    "long-gap": (
        ([*periods((1, 31, 410)), row("gazette", "north", 9, start=MAY, end=MAY)], {}),
        ([*periods((1, 31, 410)), row("gazette", "north", 900, end=MAY)], {}),
        "No claim covers people of north from 2023-02-01 to 2023-04-30: 89 of 121 days.",
    ),
    "nothing-counted": (
        ([FOE, row("gazette", "guests", 3, category="wounded", kind="ratio", per="killed")], {}),
        (
            [BOTH, row("gazette", "guests", 3, category="wounded", kind="ratio", per="killed")],
            {},
        ),
        "No figure counts losses of guests: those used, such as c1, are ratios",
    ),
    "enemies-assumed": (
        ([OWN, FOE], {"toml": TOML.replace('fights = "south"\n', "")}),
        ([OWN, FOE], {}),
        "north and south, the only sides, are taken as enemies",
    ),
}  # fmt: skip


def test_every_kind_has_an_example():
    assert set(CASES) == {kind.name for kind in KINDS}


@pytest.mark.parametrize("kind", CASES)
def test_a_kind_is_found_where_it_is(war, kind):
    (rows, files), _, words = CASES[kind]
    claims = war(*rows, **files)
    assert words in kinds(claims)[kind]
    table = lm.check(claims)
    named = {name for ids in table["claims"] for name in ids.split(";") if name}
    assert named <= set(claims.table["claim_id"])
    assert set(table["severity"]) <= {"warning", "note"}


def bound(claimant: str, qualifier: str, value: float, end: str = "2023-03-01", **more: str) -> str:
    return row(claimant, "north", value, qualifier=qualifier, end=end, **more)


FEBRUARY = {"kind": "period", "start": "2023-02-01", "end": "2023-02-28"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        # Beside a figure of another third party: 10 times are too many.
        ([("gazette", "at-most", 0), ("herald", "exact", 524)], "Herald says 524 and Gazette says"),
        ([("gazette", "at-most", 52), ("herald", "exact", 524)], "Gazette says at most 52 killed"),
        ([("gazette", "at-most", 53), ("herald", "exact", 524)], ""),
        ([("gazette", "at-least", 6_000), ("herald", "about", 524)], "Herald says 524 killed of"),
        ([("gazette", "at-least", 5_000), ("herald", "exact", 524)], ""),
        # Of a claimant with a stake 45 times.
        ([("north-staff", "at-most", 11), ("herald", "exact", 524)], "North-Staff says at most 11"),
        ([("north-staff", "at-most", 12), ("herald", "exact", 524)], ""),
        ([("south-staff", "at-least", 90_000), ("herald", "about", 524)], "Herald says 524 killed"),
        ([("south-staff", "at-least", 20_000), ("herald", "exact", 524)], ""),
        # Bounds of two claimants.
        (
            [("gazette", "at-least", 500), ("herald", "at-most", 10)],
            "Herald says at most 10 killed",
        ),
        ([("gazette", "at-least", 200), ("herald", "at-most", 10)], "Gazette says at least 200"),
        ([("gazette", "at-least", 100), ("herald", "at-most", 10)], ""),
        ([("south-staff", "at-least", 500), ("herald", "at-most", 10)], "Herald says at most 10"),
        ([("south-staff", "at-least", 400), ("herald", "at-most", 10)], ""),
        ([("south-staff", "at-least", 400), ("north-staff", "at-most", 10)], ""),
        # Windows within each other: only the shorter one contradicts as a minimum.
        (
            [("gazette", "at-least", 91, FEBRUARY), ("gazette", "at-most", 90)],
            "Gazette says at least 91 killed of north for 2023-02-01 to 2023-02-28 and at most 90",
        ),
        ([("gazette", "at-least", 9000), ("gazette", "at-most", 90, FEBRUARY)], ""),
        ([("gazette", "exact", 9000), ("herald", "at-most", 90, FEBRUARY)], ""),
        (
            [("gazette", "exact", 9000, FEBRUARY), ("herald", "at-most", 90)],
            "Herald says at most 90 for 2023-01-01 to 2023-03-01",
        ),
        # A day more has no thousand times the losses.
        (
            [("gazette", "at-least", 90_000), ("gazette", "at-most", 10, {"end": "2023-02-28"})],
            "Gazette says at least 90,000 killed",
        ),
        ([("gazette", "at-least", 9000), ("gazette", "at-most", 10, {"end": "2023-02-28"})], ""),
        # The missing may be found.
        (
            [
                ("gazette", "at-least", 900, FEBRUARY | {"category": "missing"}),
                ("gazette", "at-most", 1, {"category": "missing"}),
            ],
            "",
        ),
    ],
)
def test_bounds_are_held_against_all_figures_of_their_losses(war, rows, words):
    rows = [(*entry, {})[:4] for entry in rows]
    claims = war(*(bound(who, form, value, **more) for who, form, value, more in rows))
    found = kinds(claims).get("crossed-bounds", "")
    assert words in found
    assert bool(words) == bool(found)


# Kinds about the keys themselves: those of conflict.toml, claimants.csv and streams.csv.
OF_KEYS = {
    *("party-without-enemy", "side-without-claimant", "claimant-without-side", "mixed-sides"),
    *("silent-party", "undeclared-sum", "sum-of-equipment", "category-without-group"),
    *("category-without-place", "undeclared-accounting", "nothing-counted", "enemies-assumed"),
}


@pytest.mark.parametrize("kind", sorted(set(CASES) - OF_KEYS))
def test_claimants_parties_and_categories_have_their_titles(war, kind):
    rows, files = CASES[kind][0]
    toml = files.get("toml", TOML).replace(".north]", '.north]\ntitle = "The Cold North"')
    names = files.get("claimants", CLAIMANTS)
    for who in ("north-staff", "south-staff", "gazette", "almanac", "herald"):
        names = names.replace(f"{who},{who.title()},", f'{who},"Il {who[:3]}, of a town",')
    table = lm.check(war(*rows, **{**files, "toml": toml, "claimants": names}))
    for message in table["message"][table["kind"] == kind]:
        assert not re.search(r"\b(north-staff|south-staff|gazette|almanac|herald|north)\b", message)
        assert re.search(r"Il \w{3}\b(?!,)|The Cold North|\bc\d\b", message)


@pytest.mark.parametrize(
    ("low", "high", "times", "found"),
    [
        ("north-staff", "south-staff", 11, True),
        ("north-staff", "south-staff", 9, False),
        ("gazette", "south-staff", 11, True),
        ("north-staff", "gazette", 11, True),
        # As a rule an enemy counts more than others do, and a side less.
        ("south-staff", "north-staff", 44, False),
        ("south-staff", "gazette", 44, False),
        ("gazette", "north-staff", 44, False),
        ("south-staff", "north-staff", 46, True),
    ],
)
def test_bounds_that_lie_the_other_way_round_than_as_a_rule_are_closer(
    war, low, high, times, found
):
    rows = bound(low, "at-least", 100 * times), bound(high, "at-most", 100)
    assert ("crossed-bounds" in kinds(war(*rows))) == found


@pytest.mark.parametrize(
    ("low", "high", "times", "found"),
    [
        ("north-staff", "south-staff", 3, "bounds-apart"),
        ("gazette", "south-staff", 3, "bounds-apart"),
        ("gazette", "herald", 10, "bounds-apart"),
        ("gazette", "herald", 2, ""),
        ("gazette", "herald", 11, "crossed-bounds"),
        # A claimant's own are crossed from the first.
        ("gazette", "gazette", 3, "crossed-bounds"),
        # As a rule an enemy counts more than others do, and a side less.
        ("south-staff", "gazette", 9, ""),
        ("gazette", "north-staff", 9, ""),
    ],
)
def test_bounds_a_few_times_apart_are_a_note(war, low, high, times, found):
    rows = bound(low, "at-least", 100 * times), bound(high, "at-most", 100)
    assert {"bounds-apart", "crossed-bounds"} & set(kinds(war(*rows))) == {found} - {""}


def test_figures_a_few_times_from_a_bound_are_none(war):
    for rows in (
        (row("gazette", "north", 500), bound("herald", "at-most", 100)),
        (bound("gazette", "at-least", 500), row("herald", "north", 100)),
    ):
        assert not {"bounds-apart", "crossed-bounds"} & set(kinds(war(*rows)))


def test_a_list_may_have_a_small_part_of_a_minimum(war):
    rows = bound("almanac", "at-least", 2_000), row("gazette", "north", 90)
    assert "Gazette says 90 killed" in kinds(war(*rows))["crossed-bounds"]
    assert "crossed-bounds" not in kinds(war(*rows, streams=LIST))
    # A maximum of others below its count is as wrong as before.
    rows = bound("almanac", "at-most", 9), row("gazette", "north", 95)
    assert "at most 9" in kinds(war(*rows, streams=LIST))["crossed-bounds"]


def test_an_unsided_ledger_is_warned_of_where_the_enemy_of_its_party_has_no_claimant(war):
    names = CLAIMANTS.replace("south-staff,South-Staff,south", "staff,Staff,")
    rows = [OWN, row("staff", "north", 400)]
    streams = LEDGER.replace("south-staff", "staff")
    found = kinds(war(*rows, claimants=names, streams=streams))
    assert "it keeps a ledger of north" in found["claimant-without-side"]
    estimates = war(*rows, claimants=names)
    sided = war(*rows, claimants=CLAIMANTS.replace("south-staff", "staff"), streams=streams)
    assert "claimant-without-side" not in kinds(estimates) | kinds(sided)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (unpublished(), True),
        # One figure is enough.
        ([row("gazette", "north", 90, inferred="true")], True),
        # Each month is known on its own last day, as where both columns are empty.
        ([window_of(n) for n in (1, 2, 3)], True),
        # A later day of publication alone changes no answer: the fit goes by known.
        ([window_of(n, known="2023-03-28", published="2024-06-30") for n in (1, 2, 3)], True),
        ([window_of(n, known="2024-06-30", published="2024-06-30") for n in (1, 2, 3)], False),
        # The table says the day; the day is a guess, but a later one than the last that is counted.
        (unpublished(inferred=""), False),
        (unpublished("2023-06-30"), False),
        (unpublished("2023-03-01"), False),
        # One figure has a day that is none.
        ([*unpublished(), row("gazette", "north", 170, published="2023-06-01")], False),
        # Totals, each as it was on its day, show how the list grows.
        ([row("gazette", "north", n, end=f"2023-0{n}-01", inferred="true") for n in (2, 3)], False),
        # The missing are no losses of a window.
        ([row("gazette", "north", 9, category="missing", kind="stock", inferred="true")], False),
    ],
)
def test_a_list_of_which_nothing_says_when_it_was_published_is_warned_of(war, rows, found):
    streams = LIST + LIST.replace("killed,list", "missing,register")
    assert ("guessed-publication" in kinds(war(*rows, streams=streams))) == found
    registers = streams.replace("list", "register")
    assert ("guessed-publication" in kinds(war(*rows, streams=registers))) == found


def test_each_series_without_a_day_of_publication_is_named_once(war):
    others = [text.replace("gazette", "almanac") for text in unpublished()]
    lists = LIST + LIST.replace("gazette", "almanac")
    table = lm.check(war(*unpublished(), *others, streams=lists))
    table = table[table["kind"] == "guessed-publication"].sort_values("claims")
    assert table["claims"].tolist() == ["c0;c1", "c2;c3"]
    assert "(claims.csv row 4)" in table["message"].iloc[1]
    assert set(table["severity"]) == {"warning"}


@pytest.mark.parametrize("kind", CASES)
def test_and_not_where_it_is_not(war, kind):
    _, (rows, files), _ = CASES[kind]
    assert kind not in kinds(war(*rows, **files))


# --- the table


def test_cases_of_a_kind_are_printed_together_and_counted(war):
    rows = [row("gazette", "north", 1), row("almanac", "north", 9_000)]
    rows += [row("gazette", "north", v, end=f"2023-02-0{d}") for d in range(1, 6) for v in (1,)]
    rows += [row("herald", "north", 5_000, end=f"2023-02-0{d}") for d in range(1, 6)]
    claims = war(*rows)
    found = find(claims, collect_evidence(claims))
    assert count_words(found) == "6 warnings"
    text = render(found, width=72)
    assert text.count("orders-of-magnitude (6)") == text.count("Remedy: ") == 1
    assert "3 more of this kind, shown with --all." in text
    assert max(map(len, text.splitlines())) <= 72


def test_every_case_is_printed_where_all_are_asked_for(war):
    rows = [row(c, "north", v, end=f"2023-02-0{d}") for c, v in PAIR for d in range(1, 6)]
    claims = war(*rows)
    text = render(find(claims, collect_evidence(claims)), every=True)
    assert " ".join(text.split()).count("of the same days") == 5
    assert "shown with --all" not in text


def test_claims_published_later_are_not_looked_at(war):
    claims = war(*CASES["orders-of-magnitude"][0][0])
    assert lm.check(claims, as_of="2023-02-01").empty


def test_check_prints_them_and_only_strict_fails(lossmodel, tmp_path):
    folder = write(tmp_path / "war", *CASES["total-falls"][0][0], streams=LEDGER)
    plain, strict = (lossmodel("check", "--conflict", folder, *o) for o in ((), ("--strict",)))
    assert (plain.status, strict.status) == (0, 1)
    assert plain.stdout == strict.stdout
    assert "findings   1 warning\nwarning    total-falls: The total of" in plain.stdout


def test_notes_alone_pass_strict(lossmodel, tmp_path):
    rows, files = CASES["enemies-assumed"][0]
    folder = write(tmp_path / "war", *rows, **files)
    found = lossmodel("check", "--conflict", folder, "--strict")
    assert (found.status, "findings   1 note\n" in found.stdout) == (0, True)


@pytest.mark.slow
def test_a_fit_counts_warnings_and_its_report_lists_them(lossmodel, tmp_path):
    folder = write(tmp_path / "war", BOTH, row("gazette", "north", 200))
    found = lossmodel(
        "fit", "--conflict", folder, "--engine", "laplace", "--out", "report", "--force"
    )
    assert "1 warning about the claims" in found.stderr
    assert "silent-party" in (tmp_path / "report" / "report.md").read_text()
    kept = json.loads((tmp_path / "report" / "diagnostics.json").read_text())["findings"]
    assert [f["kind"] for f in kept] == ["silent-party"]


@pytest.mark.parametrize("name", ["russia-ukraine", "battle-of-britain"])
def test_the_shipped_conflicts_have_no_warning(name):
    table = lm.check(lm.load_claims(conflict=name))
    assert set(table["severity"]) <= {"note"}


# --- what `check` prints besides


def test_check_says_what_each_stream_is_taken_for(war):
    claims = war(OWN, FOE, *totals(100, 200), row("gazette", "north", 9), streams=LEDGER)
    text = describe_streams(claims)
    assert "streams    3, accounting declared for 1\n" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["south-staff", "north", "adversary", "ledger", "killed", "3"] in lines
    assert ["north-staff", "north", "self", "estimate?", "killed", "1"] in lines
    assert ["gazette", "north", "third-party", "estimate?", "killed", "1"] in lines


def test_many_streams_are_counted_unless_all_are_asked_for(war):
    names = [f"paper-{n}" for n in range(30)]
    claimants = CLAIMANTS + "".join(f"{name},{name.title()},\n" for name in names)
    claims = war(*(row(name, "north", 100) for name in names), claimants=claimants)
    assert "20 more, shown with --all." in describe_streams(claims)
    assert all(name in describe_streams(claims, every=True) for name in names)


def test_merged_claims_are_named_with_their_partners(war):
    claims = war(
        *totals(1_010, 1_010, 2_030),
        row("gazette", "north", 9, category="captured"),
        streams=LEDGER,
    )
    text = render_outcomes(collect_evidence(claims).classes, width=200)
    assert "merged     1: Repeats the total of an earlier date" in text
    assert "c1 with c0." in text
    assert "left out   1: The captured are neither" in text


def test_check_as_json_has_stable_names(lossmodel, tmp_path):
    folder = write(tmp_path / "war", *CASES["total-falls"][0][0], streams=LEDGER)
    said = json.loads(lossmodel("check", "--conflict", folder, "--json").stdout)
    (finding,) = said["findings"]
    assert finding["kind"] == "total-falls"
    assert set(finding) == {"severity", "kind", "count", "message", "remedy", "claims"}
    assert said["claims"] == 5
    assert said["streams"][0]["accounting"] == "ledger"
    assert {row["class"] for row in said["outcomes"]} <= {"merged", "left out"}


def test_the_page_of_kinds_has_the_one_that_a_fit_adds():
    assert CONTRADICTED in page()


# --- errors that repeat


def test_an_error_of_many_rows_is_one_line_with_its_count(war):
    with pytest.raises(ClaimsError) as caught:
        war(*(row("gazette", "nroth", 5 + n) for n in range(60)))
    assert len(caught.value.problems) == 60
    assert len(str(caught.value).splitlines()) == 2
    assert "claims.csv rows 2, 3, 4, 5 and 56 more, party: found 'nroth'; " in str(caught.value)


def test_a_table_of_another_conflict_is_known_by_its_names(war):
    with pytest.raises(ClaimsError, match="table of another conflict. Give its folder with --conf"):
        war(row("times", "east", 5), row("herald", "west", 6))
    with pytest.raises(ClaimsError) as caught:
        war(row("gazette", "nroth", 5))
    assert "another conflict" not in str(caught.value)
    # Most names are unknown, in a few rows.
    with pytest.raises(ClaimsError) as caught:
        war(
            *(row("gazette", "north", 5 + n) for n in range(9)),
            *(row(name, "north", 5) for name in ("gazete", "tribune", "courier")),
        )
    assert len(caught.value.problems) == 3


def test_a_table_of_another_form_is_sent_to_the_importer(tmp_path):
    folder = write(tmp_path / "war", OWN)
    (tmp_path / "wide.csv").write_text("date,north-staff\n2023-01-01,5\n")
    with pytest.raises(ClaimsError) as caught:
        lm.load_claims(tmp_path / "wide.csv", conflict=folder)
    assert "lossmodel data import" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3


# --- sums of parties


@pytest.fixture(scope="module")
def divided(tmp_path_factory):
    """Fits of a sum of 300 and of 100 about one party alone, both by three third parties."""

    def fit(name: str, alone: str) -> lm.Fit:
        papers = ("gazette", "almanac", "herald")
        rows = [row(c, p, v) for p, v in (("north+guests", 300), (alone, 100)) for c in papers]
        folder = write(tmp_path_factory.mktemp(name), *rows)
        return lm.fit(lm.load_claims(conflict=folder), engine="laplace")

    return {"guests": fit("first", "north"), "north": fit("second", "guests")}


@pytest.mark.slow
@pytest.mark.parametrize("silent", ["guests", "north"])
def test_a_silent_party_has_the_rest_of_the_sum(divided, silent):
    known = {"guests": "north", "north": "guests"}[silent]
    median, lower, upper = killed(divided[silent], silent)
    assert 150 < median < 270
    assert lower < 200 < upper
    median, lower, upper = killed(divided[silent], known)
    assert 80 < median < 150
    assert lower < 100 < upper
    median, lower, upper = killed(divided[silent], "north+guests")
    assert 250 < median < 400
    assert lower < 300 < upper


def test_which_party_is_silent_does_not_matter(divided):
    a, b = (np.log(killed(divided[silent], silent)) for silent in ("guests", "north"))
    sd = (a[2] - a[1]) / 3.92
    # Two medians of 1,000 draws differ by 0.06 sd by chance.
    assert abs(a[0] - b[0]) < 0.25 * sd


def _design(claims: lm.Claims, submodel: str = "person"):
    return lm.LossModel().design(collect_evidence(claims), claims.conflict, submodel)


def test_a_party_named_as_a_sum_may_be_claimed_within_a_sum_alone(war):
    toml = TOML + '[parties.both]\nside = "south"\n[parties.whole]\nsum = ["both", "south"]\n'
    assert "as in c1" in kinds(war(OWN, row("gazette", "whole", 200), toml=toml))["undeclared-sum"]


def test_silent_parties_of_one_sum_have_the_same_prior(war):
    design = _design(war(BOTH))
    assert design.latent.parties == ("north", "guests")
    levels = [design.parameters.offset[rows] for _, rows in design.latent.rate_knots.values()]
    assert levels[0] == pytest.approx(levels[1])


def test_a_party_without_days_or_of_another_group_has_no_part(war):
    later = TOML.replace('[parties."north+guests"]', 'from = 2023-05-01\n[parties."north+guests"]')
    assert _design(war(BOTH, toml=later)).latent.parties == ("north",)
    soldiers = later.replace("from = 2023-05-01", 'group = "person"')
    tanks = row("gazette", "north+guests", 30, category="tanks")
    claims = war(BOTH, tanks, toml=soldiers)
    assert _design(claims, "tanks").latent.parties == ("north",)
    assert _design(claims).latent.parties == ("north", "guests")


def test_a_simulated_war_has_losses_of_both_parties_of_a_sum(tmp_path):
    truth = lm.simulate(write(tmp_path / "war", BOTH), seed=1).truth
    assert set(truth["party"]) == {"north", "guests"}
    assert (truth["value"] > 0).all()


# --- sums of equipment


def test_a_sum_of_equipment_beside_its_addends_is_left_out(war):
    figures = {"tanks": 42, "vehicles": 80, "armour": 46}
    claims = war(*(row("gazette", "north", n, category=c) for c, n in figures.items()), toml=ARMOUR)
    evidence = collect_evidence(claims)
    assert evidence.terms["category"].tolist() == ["tanks", "vehicles"]
    left = evidence.classes.set_index("claim_id").loc["c2"]
    assert left["class"] == "left out"
    assert "tanks, vehicles" in left["why"]


def test_of_another_party_it_stays(war):
    claims = war(
        row("gazette", "north", 42, category="tanks"),
        row("gazette", "south", 46, category="armour"),
        toml=ARMOUR,
    )
    assert set(collect_evidence(claims).terms["category"]) == {"tanks", "armour"}


@pytest.mark.parametrize(
    "more", ['sum = ["tanks", "killed"]', 'sum = ["tanks", "vehicles"]\ngroup = "person"']
)
def test_a_sum_has_addends_of_one_group(tmp_path, more):
    toml = TOML + f"[categories.armour]\n{more}\n"
    with pytest.raises(ClaimsError, match="addends of one group"):
        lm.load_claims(conflict=write(tmp_path / "war", OWN, toml=toml))


def test_the_group_of_a_sum_is_that_of_its_addends(war):
    toml = TOML + '[categories.bitten]\ngroup = "person"\n[categories.hurt]\nsum = ["bitten"]\n'
    assert war(OWN, toml=toml).conflict.categories["hurt"].group == "person"


# --- sides


def test_two_sides_fight_each_other_unless_the_table_says_who_fights(war):
    blank = TOML.replace('fights = "south"\n', "")
    conflict = war(OWN, toml=blank).conflict
    assert conflict.role("south-staff", "north") == "adversary"
    assert conflict.role("south-staff", "north+guests") == "adversary"
    assert conflict.role("north-staff", "south") == "adversary"
    assert conflict.role("north-staff", "guests") == "self"
    neutral = blank.replace('[parties.south]\nside = "south"', "[parties.south]\nfights = false")
    assert war(OWN, toml=neutral).conflict.role("south-staff", "north") == "third-party"


def test_and_give_the_same_answer_as_if_it_did(war):
    blank = TOML.replace('fights = "south"\n', "")
    said, assumed = (_design(war(OWN, FOE, toml=toml)) for toml in (TOML, blank))
    assert (
        said.streams["role"].tolist() == assumed.streams["role"].tolist() == ["self", "adversary"]
    )
    assert said.parameters.offset == pytest.approx(assumed.parameters.offset)


def test_a_party_does_not_fight_its_own_side(tmp_path):
    toml = TOML.replace('fights = "south"', 'fights = "guests"', 1)
    with pytest.raises(ClaimsError, match="sides other than its own"):
        lm.load_claims(conflict=write(tmp_path / "war", OWN, toml=toml))


THREE = """
title = "Three sides"
start = 2023-01-01
[parties.north]
side = "north"
fights = ["south", "east"]
[parties.south]
side = "south"
[parties.east]
side = "east"
MORE
"""
NAMES = ("north", "south", "east")
SIDED = "claimant,name,side\n" + "".join(f"{n}-staff,{n},{n}\n" for n in NAMES) + "paper,Paper,\n"


@pytest.mark.parametrize(
    ("more", "between"), [("", "third-party"), ('fights = "south"', "adversary")]
)
def test_roles_in_a_war_of_three_sides(war, more, between):
    toml = THREE.replace("MORE", more)
    conflict = war(row("paper", "east", 9), toml=toml, claimants=SIDED).conflict
    roles = [[conflict.role(f"{c}-staff", p) for p in NAMES] for c in NAMES]
    foe = "adversary"
    assert roles == [["self", foe, foe], [foe, "self", between], [foe, between, "self"]]
    assert {conflict.role("paper", p) for p in NAMES} == {"third-party"}


def test_three_sides_without_a_word_fight_nobody_and_are_warned_of(war):
    toml = THREE.replace('fights = ["south", "east"]\n', "").replace("MORE", "")
    claims = war(row("south-staff", "north", 9), toml=toml, claimants=SIDED)
    assert claims.conflict.role("south-staff", "north") == "third-party"
    assert set(kinds(claims)) == {"party-without-enemy"}


# --- a party that changes sides: two parties with days, and their sum


@pytest.fixture
def turned(war):
    island = [
        row("north-staff", "island-before", 100, end="2023-01-31"),
        row("north-staff", "island-after", 60, kind="period", start="2023-02-01"),
        *(row(c, "island", 150) for c in ("gazette", "almanac", "herald")),
    ]
    return war(*island, toml=TURNED)


def test_the_role_towards_a_party_that_changed_sides_is_that_of_the_days(turned):
    conflict = turned.conflict
    assert conflict.role("north-staff", "island-before") == "self"
    assert conflict.role("north-staff", "island-after") == "adversary"
    assert conflict.role("south-staff", "island-before") == "adversary"
    assert conflict.role("south-staff", "island-after") == "self"
    assert set(lm.check(turned)["severity"]) == {"note"}


def test_its_losses_lie_on_its_days_and_add_up(turned):
    fit = lm.fit(turned, engine="laplace", draws=400)
    before, after = (rates(fit, f"island-{when}", "killed").daily() for when in ("before", "after"))
    changed = list(fit.days).index(pd.Timestamp("2023-02-01"))
    assert before[:, :changed].min() > 0 == before[:, changed:].max()
    assert after[:, changed:].min() > 0 == after[:, :changed].max()
    total = killed(fit, "island")
    assert total[1] < 160 < total[2]
    assert 110 < total[0] < 240
    design = fit.submodels["person"].design
    stream = design.streams.index[design.streams["party"] == "island"][0]
    assert design.first_party(stream) == "island-before"


# --- honest tables have none


def steady(seed: int, days: int, mean: float, spread: float) -> list[float]:
    """Daily losses that vary as those of real wars do."""
    return np.random.default_rng(seed).negative_binomial(spread, spread / (spread + mean), days)


@pytest.mark.parametrize(("mean", "spread"), [(0.3, 1.0), (40, 1.5), (700, 8.0)])
def test_a_ledger_that_is_in_order_has_no_finding(war, mean, spread):
    daily_losses = steady(1, 200, mean, spread)
    ends = pd.date_range("2023-01-01", periods=200).strftime("%Y-%m-%d")
    rows = [
        row("south-staff", "north", d, kind="daily", start=e, end=e)
        for d, e in zip(daily_losses, ends, strict=True)
    ]
    rows += [
        row("south-staff", "north", t, end=e)
        for t, e in zip(daily_losses.cumsum(), ends, strict=True)
    ]
    assert kinds(war(*rows, streams=LEDGER)) == {}


def test_equal_figures_of_rolling_windows_and_of_quiet_days_are_no_duplicates(war):
    rolling = periods((1, 7, 70), (2, 8, 71), (3, 9, 71), (4, 10, 74))
    assert kinds(war(*rolling)) == {}
    assert kinds(war(*totals(12, 14, 14, 17, 25, 26), streams=LEDGER)) == {}
    busy = totals(1_012, 2_014, 2_014, 3_017, 4_025, 5_026)
    assert set(kinds(war(*busy, streams=LEDGER))) == {"near-duplicate"}


def test_weeks_that_add_up_to_their_total_have_no_finding(war):
    weeks = [(1 + 7 * k, 7 + 7 * k, 310 + 17 * k) for k in range(4)]
    whole = (1, 28, sum(value for *_, value in weeks))
    assert kinds(war(*periods(*weeks, whole))) == {}
    assert set(kinds(war(*periods(*weeks, (1, 28, 1_742))))) == {"sum-differs"}


# --- how a fall reads


FALLS = {
    "count that began anew: give c5 and the later totals start 2023-01-06": (
        (0, 0, 0, 0, 0, -510, -510, -510, -510, -510),
    ),
    "misprint: c4 is too low among the totals around": ((0, 0, 0, 0, -450),),
    "misprint: c4 is too high among the totals around": ((0, 0, 0, 0, 4_500),),
    "misprint: c0 is too high among the totals around": ((9_000, *[500] * 9),),
    "misprint: c7, c8 are too low": ((0, 0, 0, 0, 0, 0, 0, -750, -840),),
    "losses taken back: correct c4 or c5": ((0, 0, 0, 0, 0, -300, -300, -300, -300, -300),),
    "a misprint or losses taken back": ((0, 0, 0, 0, -150),),
    "a new count, a misprint or losses taken back": ((0, 0, 0, 0, 0, 0, 0, 0, 0, -900),),
}


@pytest.mark.parametrize("words", FALLS)
def test_a_fall_is_read_by_the_totals_around_it(war, words):
    (shift,) = FALLS[words]
    shift = np.pad(np.array(shift), (0, 10 - len(shift)))
    values = np.arange(1, 11) * 100 + np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3]) + shift
    message = kinds(war(*totals(*values.tolist()), streams=LEDGER))["total-falls"]
    assert f"It reads like {words}" in message or f"It reads like a {words}" in message


def test_totals_of_an_undeclared_stream_that_begin_anew_are_warned_of(war):
    values = [*range(100, 1_100, 100), *range(90, 990, 100)]
    assert "all are read as estimates" in kinds(war(*totals(*values)))["total-falls"]
    revised = [*range(100, 1_100, 100), *range(900, 1_800, 100)]
    assert "total-falls" not in kinds(war(*totals(*revised)))


ESTIMATE = "south-staff,north,killed,estimate\n"


@pytest.mark.parametrize("streams", ["", ESTIMATE, LEDGER])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1_200, 1_250, 12_500, 1_300), "c2 is too high"),
        ((500, 710, 9_300, 1_150, 1_400), "c2 is too high"),
        ((500, 710, 93, 1_150, 1_400), "c2 is too low"),
    ],
)
def test_a_misprint_in_running_totals_is_found_whatever_their_accounting(
    war, values, words, streams
):
    message = kinds(war(*totals(*values), streams=streams))["total-falls"]
    assert f"It reads like a misprint: {words} among the totals around" in message


@pytest.mark.parametrize("values", [(500, 2_000, 1_150, 1_400), (4_000, 1_000, 1_100)])
def test_estimates_that_are_revised_down_are_no_misprints(war, values):
    assert "total-falls" not in kinds(war(*totals(*values), streams=ESTIMATE))


def test_a_manyfold_revision_stands_beside_the_answer(war):
    (rows, _), _, words = CASES["manyfold-revision"]
    found = lm.fit(war(*rows), engine="laplace", draws=50)
    assert any(words in warning for warning in headline_warnings(found))


def ranged(low: float, high: float, best: object = "") -> str:
    return row("gazette", "north", best, qualifier="range", low=f"{low}", high=f"{high}")


@pytest.mark.parametrize(
    ("before", "after", "kind", "words"),
    [
        (ranged(100, 200), 5_000, "manyfold-revision", "revised 100 to 200 (2023-03-01) to 5,000"),
        (ranged(4_000, 9_000), 500, "manyfold-revision", "revised 4,000 to 9,000 (2023-03-01)"),
        (ranged(100, 200, 150), 5_000, "manyfold-revision", "revised 100 to 200"),
        (ranged(100, 200), 300, "revised-figure", "revised 100 to 200 (2023-03-01) to 300"),
        (ranged(100, 200), 180, "", ""),
        (ranged(100, 200), 200, "", ""),
    ],
)
def test_a_range_that_was_replaced_is_a_revision(war, before, after, kind, words):
    found = kinds(war(before, row("gazette", "north", after, published=SOON)))
    revisions = {"manyfold-revision", "revised-figure", "conflicting-figures"}
    assert revisions & set(found) == ({kind} if kind else set())
    assert words in found.get(kind, "")
    later = kinds(war(before, row("gazette", "north", after)))
    assert ("conflicting-figures" in later) is bool(kind)


def test_a_figure_that_became_a_range_far_from_it_is_a_revision(war):
    later = row("gazette", "north", "", qualifier="range", low="40", high="60", published=SOON)
    found = kinds(war(row("gazette", "north", 900), later))
    assert "revised 900 (2023-03-01) to 40 to 60 (2023-03-04)" in found["manyfold-revision"]


@pytest.mark.parametrize(
    ("killed", "wounded", "found"),
    [(20, 7_000, True), (0, 700, True), (0, 590, False), (400, 5_600, False), (30, 899, False)],
)
def test_wounded_without_their_dead_are_as_unusual_as_dead_without_wounded(
    war, killed, wounded, found
):
    rows = [row("gazette", "north", killed), row("gazette", "north", wounded, category="wounded")]
    assert ("unusual-lethality" in kinds(war(*rows))) is found


def test_running_totals_of_an_unusual_lethality_are_one_case(war):
    rows = [
        row("gazette", "north", value * day, category=category, end=f"2023-01-{day:02}")
        for day in range(3, 10)
        for category, value in (("killed", 1), ("wounded", 350))
    ]
    table = lm.check(war(*rows))
    table = table[table["kind"] == "unusual-lethality"]
    assert table["count"].tolist() == [14]
    assert ", and 6 more pairs: c12 and c13." in table["message"].iloc[0]


def test_the_largest_revision_is_named_first(war):
    steps = ((2_783, "2023-03-02"), (2_855, "2023-03-03"), (4_600, SOON))
    claims = war(*(row("gazette", "north", value, published=day) for value, day in steps))
    assert "revised 2,855 (2023-03-03) to 4,600 (2023-03-04)" in kinds(claims)["revised-figure"]


# --- the rows that settle a fall


RESTART = totals(101, 203, 307, 49, 113)
TAKEN_BACK = row(
    "south-staff", "north", -310, kind="correction", start="2023-01-04", end="2023-01-04"
)


@pytest.mark.parametrize(
    ("settled", "total"),
    [
        ([*RESTART[:3], *totals(49, 113, first=4, start="2023-01-04")], 307 + 113),
        # They were no losses.
        ([*RESTART, TAKEN_BACK], 113),
    ],
)
def test_a_start_or_a_correction_settles_a_restart(war, settled, total):
    assert "total-falls" in kinds(war(*RESTART, streams=LEDGER))
    claims = war(*settled, streams=LEDGER)
    assert "total-falls" not in kinds(claims)
    evidence = collect_evidence(claims)
    assert set(evidence.classes["class"]) == {"used"}
    assert evidence.terms["value"].sum() == pytest.approx(total)
