"""The same claims give the same bytes, whatever the order of their rows and their ids."""

import random
from pathlib import Path

import pandas as pd
import pytest

from lossmodel import fit, load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.report import write_report
from lossmodel.report.figures.figures import draw_figures, figure_specs
from lossmodel.report.figures.tables import tables_for
from lossmodel.report.folder import csv_text
from lossmodel.report.results import Results
from tests.odd_tables import MONTHS, Rows, row
from tests.small_conflict import claims_csv, write_conflict

TABLES_OF_FIGURES = ("estimates", "terms", "variance_decomposition", "biases")
DAYS = [f"2001-02-{day:02d}" for day in range(1, 25)]
LOSSES = {"claimant": "sea-staff", "party": "land", "category": "losses"}


def ledger() -> Rows:
    """Running totals with rounded ones, days of their increments, and a fall."""
    totals = [
        row(n, end=day, value=100 * (n + 1) - (60 if n == 9 else 0), **LOSSES)
        for n, day in enumerate(DAYS[1::2])
    ]
    daily = {"kind": "daily"} | LOSSES
    return totals + [
        row(20 + n, start=day, end=day, value=37 + n, **daily) for n, day in enumerate(DAYS[::4])
    ]


def relays() -> Rows:
    """Relays of one total in several words, and unmarked copies of it."""
    total = row(0, end=DAYS[9], value=1234, published=DAYS[10], **LOSSES)
    others = [
        row(n, claimant="gazette", party="land", category=word, end=DAYS[9], value=value,
            published=DAYS[11], via="sea-staff")
        for n, (word, value) in enumerate([("losses", 1234), ("killed", 1200), ("losses", 1230)], 1)
    ]  # fmt: skip
    copies = [
        row(n, claimant="almanac" if n % 2 else "gazette", party="land", category="casualties",
            end=DAYS[9], value=1234, published=DAYS[12])
        for n in range(5, 8)
    ]  # fmt: skip
    return [total, *others, *copies]


def lists() -> Rows:
    """Vintages of a list, of which two are of one day."""
    names = {"party": "land", "category": "killed", "published": "2001-12-01"}
    known = [*MONTHS, MONTHS[-1]]
    return [
        row(n, end=MONTHS[min(n, 3)], known=day, value=90 + 40 * n, **names)
        for n, day in enumerate(known)
    ]


def bounds() -> Rows:
    """Two minima, two maxima and two ranges of each window."""
    rows = [
        row(3 * n + k, end=end, value=(n + 1) * (100 + k), qualifier=qualifier)
        for n, end in enumerate(MONTHS[:2])
        for k, qualifier in enumerate(["at-least", "at-least", "at-most"])
    ]
    limits = [(300, 400), (320, 390)]
    return rows + [
        row(20 + n, end=MONTHS[2], low=low, high=high, qualifier="range")
        for n, (low, high) in enumerate(limits)
    ]


def sums() -> Rows:
    """Parts of totals with and without these, casualties that are sums, months of a total."""
    day = {"kind": "daily", "start": DAYS[0], "end": DAYS[0], "published": DAYS[1]} | LOSSES
    parts = [
        row(1, value=40, scope="coast", part_of="c0", **day),
        row(2, value=25, part_of="c0", **day),
    ]
    told = [
        row(5, value=30),
        row(6, category="killed", value=9),
        row(7, category="casualties", value=39),
    ]
    months = [
        row(10 + n, kind="period", start=f"2001-0{n + 1}-01", end=MONTHS[n], value=100 + n,
            published=MONTHS[3])
        for n in range(3)
    ]  # fmt: skip
    whole = row(
        14, kind="period", start="2001-01-01", end=MONTHS[2], value=303, published=MONTHS[3]
    )
    return [row(0, value=65, **day), *parts, *told, *months, whole]


EACH = (ledger, relays, lists, bounds, sums)


def all_kinds() -> Rows:
    tables = [kind() for kind in EACH]
    return [
        {**cells, **{key: f"{n}{cells[key]}" for key in ("claim_id", "part_of") if key in cells}}
        for n, rows in enumerate(tables)
        for cells in rows
    ]


def shuffled(rows: Rows, seed: int) -> Rows:
    """The rows in another order, with ids in another order too."""
    rng = random.Random(seed)
    names = [cells["claim_id"] for cells in rows]
    other = dict(
        zip(names, rng.sample([f"z{n:03d}" for n in range(len(names))], len(names)), strict=True)
    )
    renamed = [
        {**cells, "claim_id": other[cells["claim_id"]]}
        | ({"part_of": other[cells["part_of"]]} if "part_of" in cells else {})
        for cells in rows
    ]
    return rng.sample(renamed, len(renamed))


def answers(rows: Rows, folder: Path) -> dict[str, str]:
    """Tables and figures as text."""
    war = write_conflict(folder / "war", claims=claims_csv(rows))
    results = Results(fit(load_claims(conflict=war), engine="laplace"))
    specs = [spec for some in figure_specs(results).values() for spec in some]
    figures = draw_figures(specs, tables_for(results, TABLES_OF_FIGURES), folder)
    return figures | {name: csv_text(getattr(results, name)) for name in ("estimates", "biases")}


def differing(a: dict[str, str], b: dict[str, str]) -> list[str]:
    assert a.keys() == b.keys()
    return [name for name in a if a[name] != b[name]]


@pytest.mark.parametrize(
    "kind", [bounds, *(pytest.param(k, marks=pytest.mark.slow) for k in (*EACH, all_kinds))]
)
def test_neither_the_order_of_rows_nor_ids_change_a_byte(kind, tmp_path):
    rows = kind()
    first, second = (
        answers(some, tmp_path / str(n)) for n, some in enumerate([rows, shuffled(rows, 1)])
    )
    assert differing(first, second) == []


def test_neither_change_the_evidence_of_any_kind_of_claim(tmp_path):
    rows = all_kinds()
    ids = ["term", "claims", "copy_of"]
    found = [
        collect_evidence(
            load_claims(conflict=write_conflict(tmp_path / str(n), claims=claims_csv(some)))
        )
        for n, some in enumerate([rows, *(shuffled(rows, seed) for seed in range(1, 6))])
    ]
    for other in found[1:]:
        pd.testing.assert_frame_equal(
            found[0].terms.drop(columns=ids), other.terms.drop(columns=ids), check_exact=True
        )
        assert (
            found[0].classes["class"].value_counts().equals(other.classes["class"].value_counts())
        )


def test_an_error_names_the_row_of_the_file(tmp_path):
    rows = ledger()
    claims = load_claims(conflict=write_conflict(tmp_path, claims=claims_csv(rows[::-1])))
    ids = [cells["claim_id"] for cells in rows[::-1]]
    found = dict(zip(claims.table["row"], claims.table["claim_id"], strict=True))
    assert [found[number] for number in range(2, len(rows) + 2)] == ids


@pytest.mark.slow
def test_the_shipped_claims_may_be_in_any_order(tmp_path):
    claims = load_claims()
    table = pd.read_csv(claims.path, dtype=str, keep_default_na=False)
    folders = []
    for seed in (None, 1):
        some = table if seed is None else table.sample(frac=1, random_state=seed)
        fitted = fit(load_claims(some, conflict=claims.conflict), engine="laplace")
        folders.append(write_report(fitted, tmp_path / f"report-{seed}", force=True))
    names = [
        "estimates.csv",
        "biases.csv",
        *(f"figures/{p.name}" for p in folders[0].glob("figures/*.svg")),
    ]
    assert [
        n for n in names if (folders[0] / n).read_bytes() != (folders[1] / n).read_bytes()
    ] == []
