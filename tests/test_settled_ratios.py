"""The ratio of a claimant is that of its figures as published, before the end and after it."""

import numpy as np
import pytest

from lossmodel import fit
from tests.count_war import claims, total

pytestmark = pytest.mark.usefixtures("without_weights")
FIGURE = 1500


def fitted(folder, *, accounting="estimate", others=(), **changes):
    """A fit of one figure of the ministry, and its ratio over the whole war."""
    rows = [*others, total("ministry", FIGURE, **changes)]
    found = fit(claims(folder, rows, f"ministry,north,killed,{accounting}"), engine="laplace")
    return found, found.bias("ministry").iloc[-1]


@pytest.mark.parametrize("accounting", ["estimate", "ledger", "register", "list"])
@pytest.mark.parametrize(
    "published",
    [
        pytest.param("2001-05-02", marks=pytest.mark.slow),
        "2001-07-01",
        pytest.param("2011-05-02", marks=pytest.mark.slow),
    ],
)
def test_the_ratio_is_that_of_the_figure(tmp_path, accounting, published):
    found, row = fitted(tmp_path, accounting=accounting, published=published)
    draws = found.daily("north", "killed").sum(axis=1)
    # Posterior medians of the ratio and of the total, whose product is the figure in each draw but
    # for the noise. A list may be short of those not listed yet, and a register of the missing.
    implied = row["ratio_median"] * np.median(draws)
    late = published.startswith("2011")
    slack = 0.5 if accounting in ("list", "register") and not late else 0.12
    assert -0.12 < np.log(implied / FIGURE) < slack


def test_a_count_of_ten_years_later_is_close_to_the_truth(tmp_path):
    _, early = fitted(tmp_path / "early")
    _, late = fitted(tmp_path / "late", published="2011-05-02")
    assert abs(np.log(late["ratio_median"])) < 0.3 * abs(np.log(early["ratio_median"]))
    # Prior and posterior are of the same figures.
    assert late["prior_lower"] > 2 * early["prior_lower"]


def test_of_several_figures_the_middle_one_counts(tmp_path):
    others = [total("ministry", 300, "2001-01-31"), total("ministry", 700, "2001-02-28")]
    before, _ = fitted(tmp_path / "before", others=others)
    after, _ = fitted(tmp_path / "after", others=others, published="2011-05-02")
    shares = [f.submodels["person"].design.biases[0].unsettled for f in (before, after)]
    # Of three figures two are from the war; the last of the first is of two days after its end.
    assert shares == [1.0, 1.0]
    alone, _ = fitted(tmp_path / "alone", published="2011-05-02")
    assert alone.submodels["person"].design.biases[0].unsettled < 0.1
