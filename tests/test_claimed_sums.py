"""Sums of parties that figures are of: totals of their own, first where parts are hardly known."""

import numpy as np
import pytest

from lossmodel.api import fit
from lossmodel.claims import load_claims
from lossmodel.cli.headline import headline
from lossmodel.errors import UsageError
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.posterior.tables import claimed_sums, prior_share
from lossmodel.posterior.variance import log_total, slope
from lossmodel.report.results import Results
from lossmodel.report.sections.answer import answer_section, headline_answers
from lossmodel.report.wording import answer_keys
from tests.small_conflict import claims_csv, write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

SUM = ("land+guests", "killed", "all")
PARTS = ("land", "guests")


def row(claimant, party, value, category="killed"):
    return {
        "claim_id": f"{claimant}-{party}-{category}".replace("+", "-"),
        "claimant": claimant, "party": party,
        "category": category, "kind": "cumulative", "end": "2002-12-31", "value": value,
    }  # fmt: skip


def fitted(folder, *rows):
    war = write_conflict(folder, claims=claims_csv(rows), streams=None)
    return fit(load_claims(conflict=war), engine="laplace", seed=1)


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Only figures of both together."""
    values = {"gazette": 900, "land-staff": 1100, "sea-staff": 1200}
    rows = [row(name, SUM[0], value) for name, value in values.items()]
    return fitted(tmp_path_factory.mktemp("together"), *rows)


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """Most figures of one party, which has nearly all of the losses."""
    rows = [row(name, "land", value) for name, value in (("gazette", 900), ("almanac", 1100))]
    rows += [
        row("gazette", "guests", 50),
        row("almanac", "guests", 60),
        row("land-staff", SUM[0], 990),
    ]
    return fitted(tmp_path_factory.mktemp("apart"), *rows)


@pytest.mark.parametrize("war", ["together", "apart"])
def test_a_sum_has_a_total_wherever_totals_are(war, request, tmp_path):
    fit = request.getfixturevalue(war)
    assert claimed_sums(fit) == [SUM]
    assert SUM not in fit.series
    rows = fit.summary()
    of_sum = rows[rows["party"] == SUM[0]].iloc[0]
    draws = sum(fit.daily(part, "killed").sum(axis=1) for part in PARTS)
    assert of_sum["median"] == pytest.approx(np.median(draws), rel=1e-9)
    assert fit.estimate("killed", SUM[0])["median"].iloc[-1] == of_sum["median"]
    results = Results(fit)
    assert results.total(SUM)["median"] == of_sum["median"]
    table = next(
        b for b in answer_section(results).blocks if getattr(b, "name", "") == "totals-people"
    )
    assert sum(line[0] == "land+guests, killed" for line in table.rows) == 1
    # The summary of a command has those that are answers.
    assert ("killed land+guests" in headline(fit, tmp_path)) is (war == "together")


def test_a_sum_that_is_known_better_than_its_parts_is_an_answer(together, apart):
    assert SUM in answer_keys(together)
    assert [answer.title for answer in headline_answers(Results(together)).items][-1].startswith(
        "land+guests"
    )
    # The sum of all is as well known as its largest part.
    assert SUM not in answer_keys(apart)


@pytest.mark.slow
def test_sums_without_figures_have_no_total(together, tmp_path):
    alone = fitted(tmp_path, row("gazette", "land", 900), row("gazette", "guests", 100))
    assert claimed_sums(alone) == []
    with pytest.raises(UsageError, match="no killed land\\+guests"):
        alone.estimate("killed", SUM[0])
    with pytest.raises(UsageError, match="no wounded land\\+guests"):
        together.estimate("wounded", SUM[0])


def test_the_assumed_share_of_a_sum_is_that_of_its_own_log(together):
    (submodel,) = together.submodels.values()
    theta = submodel.laplace.mode
    at_mode = SubmodelDraws(submodel.posterior.model, theta[None, None])
    found = slope(at_mode, SUM, PARTS)
    rng = np.random.default_rng(1)
    for _ in range(3):
        step = rng.standard_normal(len(theta))
        points = ((theta + sign * step)[None, None] for sign in (1e-5, -1e-5))
        draws = (SubmodelDraws(submodel.posterior.model, point) for point in points)
        both = [log_total(each, SUM, PARTS) for each in draws]
        assert ((both[0] - both[1]) / 2e-5).item() == pytest.approx(found @ step, rel=1e-5)
    # The figures tell more of the sum than of either part.
    shares = [prior_share(together, (party, "killed", "all")) for party in (SUM[0], *PARTS)]
    assert 0.3 < shares[0] < min(shares[1:])
