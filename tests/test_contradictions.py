"""Contradictions are said beside the answer, and honest tables are left in peace."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from lossmodel import fit, load_claims, simulate
from lossmodel.cli.headline import headline
from lossmodel.findings import check
from lossmodel.posterior import contradictions as contradicted
from lossmodel.posterior.contradictions import CONTRADICTED, HEADLINES, headline_warnings
from lossmodel.posterior.tables import discrepancy_table
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from tests.odd_tables import MONTHS, Rows, monthly, row
from tests.small_conflict import claims_csv, write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

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


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Fits of tables, each made once."""
    return cache(
        lambda make, far: fit(
            loaded(make(far), tmp_path_factory.mktemp("war")), engine="laplace", draws=100
        )
    )


def test_a_contradicted_claimant_is_named_beside_the_answer(fitted, tmp_path):
    # Too near for a look at the table alone.
    found = fitted(series, 10)
    (words, *_) = headline_warnings(found)
    assert "contradicts the other figures" in words
    assert found.diagnostics["gate"]["failures"] == []
    assert f"warning: {words}" in headline(found, tmp_path)
    assert f"warning: {words}" in found.query("wounded sea")
    results = Results(found)
    assert words in to_markdown(compose(results, figure_specs(results)))


# Far apart, and its twin.
APART = {"lists": (lists, 1e6, 1.5), "claimants": (claimants, 1e6, 1.4), "one": (one, 1e10, 600)}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n == "lists" else pytest.mark.slow) for n in APART]
)
@pytest.mark.parametrize("honest", [False, True])
def test_only_a_stream_far_from_the_predictive_of_the_others_is_named(fitted, name, honest):
    make, far, near = APART[name]
    found = fitted(make, near if honest else far)
    named = [f for f in found.diagnostics["findings"] if f["kind"] == CONTRADICTED]
    # The answer follows the longer of two lists, which the other contradicts as much.
    far = ["The Almanac", "The Gazette"] if name == "lists" else ["The Almanac"]
    assert [f["message"].split(" (")[0] for f in named] == ([] if honest else far)


EXPECTED = "the number that they lead one to expect of it"
LEAST, MOST = "less than a thousandth", "more than a thousand times"


@pytest.mark.parametrize(
    ("ratio", "lower", "upper", "said"),
    [
        (10.2, 0.52, 1.94, f"10 times {EXPECTED}, where 0.52 to 1.9 times was likely."),
        (0.0042, 0.013, 77, f"0.0042 times {EXPECTED}, where 0.013 to 77 times was likely."),
        (1e-9, 0.02, 50, f"{LEAST} of {EXPECTED}, where 0.02 to 50 times was likely."),
        (1e6, 1e-4, 900, f"1,000,000 times {EXPECTED}, where {LEAST} to 900 times was likely."),
        (1e-4, 0.0011, 1e3, f"{LEAST} of {EXPECTED}, where 0.0011 to 1,000 times was likely."),
        (1e-7, 1.1e-5, 8.9e4, f"{LEAST} of {EXPECTED}, even less than the least that was likely."),
        (
            1e7,
            1.1e-5,
            8.9e4,
            f"10,000,000 times {EXPECTED}, even more than the most that was likely.",
        ),
        (0.0, 0.0, np.inf, f"{LEAST} of {EXPECTED}, even less than the least that was likely."),
        (np.inf, 0.0, np.inf, f"{MOST} {EXPECTED}, even more than the most that was likely."),
        (27.0, 0.018, 55, f"27 times {EXPECTED}, which was not likely."),
        (1e-5, 0.02, 5e4, f"{LEAST} of {EXPECTED}, where 0.02 to {MOST} was likely."),
    ],
)
def test_ratios_beyond_a_thousand_are_said_by_their_size(ratio, lower, upper, said):
    row = {"discrepancy": ratio, "discrepancy_lower": lower, "discrepancy_upper": upper}
    words = contradicted._against_others(row)
    assert words == f"contradicts the other figures: it gives {said}"


@pytest.mark.parametrize(
    ("ratio", "lower", "upper", "said"),
    [
        (14, 0.5, 3, "14 times the losses of the fit, where 0.5 to 3 times was expected of it."),
        (1e-5, 2e-4, 3, f"{LEAST} of the losses of the fit, even less than the least that was "
         "expected of it."),
        (0.5, 1e-6, 1e-4, f"0.5 times the losses of the fit, where {LEAST} was expected of it."),
    ],
)  # fmt: skip
def test_so_are_those_to_the_losses_of_the_fit(ratio, lower, upper, said):
    row = {"ratio_median": ratio, "prior_lower": lower, "prior_upper": upper}
    words = contradicted._against_prior(row)
    assert words == f"contradicts the other figures: it gives {said}"


@pytest.mark.parametrize("far", [10, 900])
def test_the_discrepancy_is_the_ratio_to_what_the_others_say(fitted, far):
    # Of two claimants of one kind and no other, each is expected to say what the other does.
    found = fitted(series, far)
    table = pd.concat([found.streams, discrepancy_table(found)], axis=1).set_index("claimant")
    assert table.loc["almanac", "discrepancy"] == pytest.approx(far, rel=0.02)
    assert table["discrepancy_p"].max() < 1e-4
    # The two biases of such claimants and the noise of a release are what may differ.
    sd = np.log(table.loc["almanac", "discrepancy_upper"]) / 1.96
    assert sd > np.sqrt(2) * found.priors["bias.third-party.person.between"].median


def test_the_discrepancies_stand_in_the_table_of_biases(fitted):
    table = fitted(series, 10).bias()
    over_all = table.drop_duplicates("claimant", keep="last")
    assert over_all["discrepancy_p"].max() < 1e-4
    assert table.drop(over_all.index)["discrepancy"].isna().all()


@pytest.mark.slow
def test_streams_are_named_at_the_nominal_rate_where_the_model_is_true():
    found = [
        discrepancy_table(fit(simulate(seed=seed).claims, engine="laplace", draws=50))
        for seed in range(100, 116)
    ]
    p = pd.concat(found)["discrepancy_p"].dropna()
    for rate in (0.02, 0.05, 0.1, 0.2):
        # Streams of one war are dependent, which widens the limits of a binomial.
        assert abs((p < rate).mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / len(p))


def test_claimants_who_agree_are_not(tmp_path):
    assert headline_warnings(fit(loaded(series(1.4), tmp_path), engine="laplace")) == []


def test_what_a_list_grew_by_late_is_weighed_by_its_size():
    stream = dict.fromkeys(contradicted.READING, "a")
    late = pd.Timestamp("2010-10-26")
    terms = pd.DataFrame(
        [
            stream | {"value": 183_000.0, "expected_median": 197_000.0, "known_from": pd.NaT},
            stream | {"value": 14_500.0, "expected_median": 57.0, "known_from": late},
        ]
    )
    terms["residual"] = np.log(terms["value"] / terms["expected_median"])
    assert terms["residual"].median() > 2
    assert float(contradicted._residuals(terms).iloc[0]) == pytest.approx(0, abs=0.01)
    # Of figures that do not add up it is the median.
    apart = terms.assign(known_from=pd.NaT, residual=[0.1, 0.3])
    assert float(contradicted._residuals(apart).iloc[0]) == pytest.approx(0.2)


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
