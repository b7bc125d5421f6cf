"""Contradictions are said beside the answer, and honest tables are left in peace."""

import pandas as pd
import pytest

from lossmodel import fit, load_claims
from lossmodel.cli.headline import headline
from lossmodel.findings import check
from lossmodel.posterior.contradictions import HEADLINES, headline_warnings
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from tests.odd_tables import MONTHS, Rows, monthly, row
from tests.small_conflict import claims_csv, write_conflict

DAYS = [f"2001-0{1 + day // 25}-{1 + day % 25:02d}" for day in range(149)]
LEDGER = {"claimant": "sea-staff", "party": "land", "category": "losses"}
TWO = """claimant,party,category,accounting,method,note
gazette,land,killed,list,,
almanac,land,killed,list,,
sea-staff,land,losses,ledger,,
"""
CLAIMANTS = """claimant,name,side,url,derived_from,note
sea-staff,Staff of the sea,sea,,,
gazette,The Gazette,,,,
almanac,The Almanac,,,,
"""


def lists(far: float) -> Rows:
    listed = {"party": "land", "category": "killed"}
    return [
        row(0, value=1000, **listed),
        row(1, claimant="almanac", value=1000 * far, end=MONTHS[-2], **listed),
    ]


def bounds(least: float) -> Rows:
    rows = [("at-least", least), ("at-most", 1000)]
    return [row(n, value=value, qualifier=word) for n, (word, value) in enumerate(rows)]


def series(far: float) -> Rows:
    """Monthly totals of two claimants."""
    both = [("gazette", 1.0), ("almanac", far)]
    return [
        row(10 * k + n, claimant=who, end=end, value=round(1000 * (n + 1) * times))
        for k, (who, times) in enumerate(both)
        for n, end in enumerate(MONTHS)
    ]


def claimants(far: float) -> Rows:
    return [row(0, value=1000), row(1, claimant="almanac", value=1000 * far)]


def totals(step: int) -> Rows:
    return [row(n, end=day, value=30_000 + step * n, **LEDGER) for n, day in enumerate(DAYS)]


def one(value: float) -> Rows:
    return [*monthly(value=500), row(9, claimant="almanac", end=MONTHS[2], value=value)]


# For each: a table that contradicts itself, and its honest twin.
CASES = {
    "lists": (lists(1e6), lists(1.5)),
    "bounds": (bounds(5000), bounds(500)),
    "claimants": (claimants(1e6), claimants(1.4)),
    "totals": (totals(-150), totals(150)),
    "one claim": (one(1e10), one(600)),
}


def loaded(rows: Rows, folder):
    return load_claims(
        conflict=write_conflict(folder, claims=claims_csv(rows), streams=TWO, claimants=CLAIMANTS)
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("honest", [False, True])
def test_check_says_the_plain_ones_before_a_fit(name, honest, tmp_path):
    kinds = set(check(loaded(CASES[name][honest], tmp_path))["kind"])
    assert bool(kinds & set(HEADLINES)) is not honest


def test_a_contradicted_claimant_is_named_beside_the_answer(tmp_path):
    # Far enough for the prior of a third party's bias, too near for a look at the table alone.
    fitted = fit(loaded(series(900), tmp_path), engine="laplace")
    (words, *_) = headline_warnings(fitted)
    assert "contradicts the other figures" in words
    assert fitted.diagnostics["gate"]["failures"] == []
    assert f"warning: {words}" in headline(fitted, tmp_path)
    assert f"warning: {words}" in fitted.query("wounded sea")
    results = Results(fitted)
    assert words in to_markdown(compose(results, figure_specs(results)))


def test_claimants_who_agree_are_not(tmp_path):
    assert headline_warnings(fit(loaded(series(1.4), tmp_path), engine="laplace")) == []


def test_a_claimant_alone_contradicts_nobody(tmp_path):
    # A ledger that jumps to and fro, and is silent for two years: its bias is far from its prior.
    starts = pd.date_range("2001-01-01", periods=8, freq="14D").append(
        pd.DatetimeIndex(["2003-01-01"])
    )
    rows = [
        row(n, start=f"{day:%Y-%m-%d}", end=f"{day + pd.Timedelta(days=13):%Y-%m-%d}", value=value)
        for n, (day, value) in enumerate(
            zip(starts, (10, 900, 12, 800, 9, 1000, 11, 950, 11), strict=True)
        )
    ]
    own = [each | LEDGER | {"kind": "period", "category": "killed"} for each in rows]
    streams = TWO.replace("losses", "killed")
    conflict = write_conflict(
        tmp_path, claims=claims_csv(own), streams=streams, claimants=CLAIMANTS
    )
    assert headline_warnings(fit(load_claims(conflict=conflict), engine="laplace")) == []
