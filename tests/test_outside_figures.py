"""An answer that no claimant's latest figure reaches is said, and only then."""

import numpy as np
import pytest

from lossmodel import fit, load_claims
from lossmodel.cli.headline import headline
from lossmodel.model.priors import Priors
from lossmodel.posterior.contradictions import OUTSIDE, headline_warnings
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from lossmodel.text.months import date
from tests.odd_tables import MONTHS, monthly, row
from tests.small_conflict import claims_csv, write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

CLAIMANTS = """claimant,name,side,url,derived_from,note
sea-staff,Staff of the sea,sea,,,
land-staff,Staff of the land,land,,,
land-press,Press of the land,land,,,
gazette,The Gazette,,,,
"""
STREAMS = """claimant,party,category,accounting,method,note
gazette,sea,killed,list,,
"""
OWN = {"claimant": "sea-staff", "category": "killed"}


def named(rows, folder, *, role, expected, sd=0.05):
    """Warnings of a fit whose claimants of a role are expected at some multiple of the truth."""
    kind = f"bias.{role}.person"
    values = {"median": expected, "sd": sd, "reason": "A test."}
    priors = Priors.default().replace({kind: values, f"{kind}.between": {"mean": 0.05, "sd": 0.0}})
    conflict = write_conflict(folder, claims=claims_csv(rows), streams=STREAMS, claimants=CLAIMANTS)
    found = fit(load_claims(conflict=conflict), priors=priors, engine="laplace", draws=200)
    said = [f for f in found.diagnostics["findings"] if f["kind"] == OUTSIDE]
    return found, said


@pytest.mark.parametrize(("expected", "where"), [(0.1, ["above"]), (1.0, [])])
def test_an_own_count_far_below_the_answer_is_named(tmp_path, expected, where):
    _, said = named([row(0, value=1000, **OWN)], tmp_path, role="self", expected=expected)
    assert [f["message"].split("lies ")[1].split()[0] for f in said] == where
    for finding in said:
        assert finding["claims"] == ("c0",)
        assert "figure, 1,000 by Staff of the sea." in finding["message"]


@pytest.mark.parametrize(("expected", "where"), [(10, ["below"]), (1.0, [])])
def test_an_adversary_far_above_the_answer_is_named(tmp_path, expected, where):
    rows = [row(0, claimant="land-staff", category="killed", value=1000)]
    _, said = named(rows, tmp_path, role="adversary", expected=expected)
    assert [f["message"].split("lies ")[1].split()[0] for f in said] == where


def test_it_stands_beside_the_answer(tmp_path):
    found, said = named([row(0, value=1000, **OWN)], tmp_path, role="self", expected=0.1)
    words = said[0]["message"]
    assert words in headline_warnings(found)
    assert f"warning: {words}" in headline(found, tmp_path)
    assert f"warning: {words}" in found.query("killed sea")
    results = Results(found)
    assert words.split(" [")[0] in to_markdown(compose(results, figure_specs(results)))


def test_one_figure_that_reaches_the_answer_is_enough(tmp_path):
    rows = [
        row(0, value=1000, **OWN),
        row(1, claimant="land-staff", category="killed", value=30_000),
    ]
    assert named(rows, tmp_path, role="self", expected=0.1)[1] == []


def test_a_relayed_figure_is_one_too(tmp_path):
    rows = [
        row(0, value=1000, **OWN),
        row(1, claimant="gazette", via="land-staff", category="killed", value=30_000),
    ]
    assert named(rows, tmp_path, role="self", expected=0.1)[1] == []


def test_a_later_figure_of_its_own_does_not_hide_what_a_claimant_relayed(tmp_path):
    rows = [
        row(0, value=1000, **OWN),
        row(
            1, claimant="gazette", via="land-staff", category="killed", value=30_000, end=MONTHS[4]
        ),
        row(2, claimant="gazette", category="killed", value=200),
    ]
    assert named(rows, tmp_path, role="self", expected=0.1)[1] == []


def test_the_nearest_of_ranges_above_an_answer_is_the_one_that_begins_lowest(tmp_path):
    about = {"category": "killed", "claimant": "land-staff"}
    rows = [
        row(0, low=900, high=60_000, qualifier="range", **about),
        row(1, value=2000, category="killed", claimant="land-press"),
    ]
    (found,) = named(rows, tmp_path, role="adversary", expected=100)[1]
    assert "the nearest is 900 to 60,000 by Staff of the land for" in found["message"]


def test_windows_after_a_total_count_with_it(tmp_path):
    about = {"claimant": "land-staff", "category": "killed"}
    rows = [
        row(0, value=1000, **OWN),
        row(1, value=10, end=MONTHS[0], **about),
        row(2, value=30_000, kind="period", start="2001-02-01", end=MONTHS[-1], **about),
    ]
    assert named(rows, tmp_path, role="self", expected=0.1)[1] == []


def test_a_range_that_reaches_the_answer_is_enough(tmp_path):
    rows = [row(0, value=1000, low=900, high=60_000, qualifier="range", **OWN)]
    assert named(rows, tmp_path, role="self", expected=0.1)[1] == []


@pytest.mark.parametrize(
    ("cells", "is_named"),
    [
        ({}, True),
        ({"qualifier": "at-least"}, False),
        ({"qualifier": "at-most"}, True),
    ],
)
def test_a_bound_counts_in_its_own_direction(tmp_path, cells, is_named):
    # A maximum of one claimant does not hold an answer whose other figure is far above.
    rows = [row(0, value=1000, **OWN, **cells)]
    said = named(rows, tmp_path, role="self", expected=0.1)[1]
    assert bool(said) is is_named


def test_a_list_of_others_below_the_answer_is_no_surprise(tmp_path):
    rows = [row(0, category="killed", value=100, claimant="gazette")]
    low = {"coverage.level": {"median": 0.1, "sd": 0.05, "reason": "A test."}}
    conflict = write_conflict(
        tmp_path, claims=claims_csv(rows), streams=STREAMS, claimants=CLAIMANTS
    )
    found = fit(
        load_claims(conflict=conflict),
        priors=Priors.default().replace(low),
        engine="laplace",
        draws=200,
    )
    assert np.quantile(found.daily("sea", "killed").sum(axis=1), 0.025) > 300
    assert [f for f in found.diagnostics["findings"] if f["kind"] == OUTSIDE] == []


def test_a_figure_is_compared_with_the_losses_of_its_own_days(tmp_path):
    # By the last day the answer is twice the staff's last total, which is right for its own days.
    own = monthly(**OWN)[:3]
    rows = [each | {"value": str(1000 * (n + 1))} for n, each in enumerate(own)]
    rows += [row(9, claimant="gazette", category="wounded", value=30_000, end=MONTHS[-1])]
    found, said = named(rows, tmp_path, role="self", expected=1.0)
    assert np.quantile(found.daily("sea", "killed").sum(axis=1), 0.025) > 3000
    assert [f for f in said if "sea, killed:" in f["message"]] == []


@pytest.mark.parametrize("kind", ["period", "average"])
def test_windows_are_added_up(tmp_path, kind):
    days = [
        ("2001-01-01", "2001-01-10"),
        ("2001-01-11", "2001-01-20"),
        ("2001-01-11", "2001-01-15"),
    ]
    value = {"period": 500, "average": 50}[kind]
    rows = [
        row(n, kind=kind, start=start, end=end, value=value if n < 2 else value // 2, **OWN)
        for n, (start, end) in enumerate(days)
    ]
    said = named(rows, tmp_path, role="self", expected=0.1)[1]
    assert len(said) == 1
    assert "figure, 1,000 by Staff of the sea." in said[0]["message"]


def test_a_zero_is_reached_by_an_answer_of_less_than_one_half(tmp_path):
    said = named([row(0, value=0, **OWN)], tmp_path, role="self", expected=1.0)[1]
    assert said == []


@pytest.mark.parametrize(("expected", "where"), [(0.1, ["above"]), (1.0, [])])
def test_a_sum_of_parties_is_a_total_too(tmp_path, expected, where):
    # Guests come in the second year. Nothing is outside of figures about one party alone.
    about = {"claimant": "sea-staff", "category": "killed", "end": "2002-06-30"}
    rows = [
        row(0, party="land+guests", value=1000, **about),
        row(1, party="land", value=1, qualifier="at-least", **about),
        row(2, party="guests", value=1, qualifier="at-least", **about),
    ]
    _, said = named(rows, tmp_path, role="adversary", expected=expected)
    assert [f["message"].split("lies ")[1].split()[0] for f in said] == where
    for finding in said:
        assert finding["claims"] == ("c0",)
        assert finding["message"].startswith("land+guests, killed: the answer for ")


def test_the_days_of_a_figure_stand_beside_it_and_the_whole_total_after_it(tmp_path):
    rows = [
        row(0, value=1000, end=MONTHS[0], **OWN),
        row(1, claimant="gazette", category="wounded", value=90_000, end=MONTHS[-1]),
    ]
    found, said = named(rows, tmp_path, role="self", expected=0.1)
    (words,) = (f["message"] for f in said if f["message"].startswith("sea, killed: "))
    assert "the answer for 1 January 2001 to 31 January 2001, " in words
    assert words.split(" The total to ")[1].startswith(f"{date(found.days[-1])} is ")


@pytest.mark.parametrize("accounting", ["list", "estimate"])
def test_the_remedy_is_one_for_the_accounting_that_is_declared(tmp_path, accounting):
    """That of a declared list asked for a declaration."""
    low = {"median": 0.1, "sd": 0.05, "reason": "A test."}
    priors = Priors.default().replace({"coverage.level.self": low, "bias.self.person": low})
    conflict = write_conflict(
        tmp_path,
        claims=claims_csv([row(0, value=1000, **OWN)]),
        streams=f"claimant,party,category,accounting\nsea-staff,sea,killed,{accounting}\n",
        claimants=CLAIMANTS,
    )
    found = fit(load_claims(conflict=conflict), priors=priors, engine="laplace", draws=200)
    (said,) = [f for f in found.diagnostics["findings"] if f["kind"] == OUTSIDE]
    assert ("declare the accounting" in said["remedy"]) == (accounting == "estimate")
    assert ("priors of its coverage and delay" in said["remedy"]) == (accounting == "list")
