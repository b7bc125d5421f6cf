"""A median that lies off all figures of its total is said, with the priors that put it there."""

import pytest

from lossmodel import fit, load_claims
from lossmodel.cli.headline import headline
from lossmodel.model.priors import Priors
from lossmodel.report.beside_figures import beside_figures
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from tests.odd_tables import row
from tests.small_conflict import claims_csv, write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

STREAMS = "claimant,party,category,accounting,method,note\ngazette,sea,killed,estimate,,\n"
ABOUT = {"category": "killed", "end": "2003-12-31"}
ENEMY = {"claimant": "land-staff", **ABOUT}
SEA = ("sea", "killed", "all")


def fitted(folder, *rows, change=None):
    conflict = write_conflict(folder, claims=claims_csv(list(rows)), streams=STREAMS)
    priors = Priors.default().replace(change or {})
    return fit(load_claims(conflict=conflict), priors=priors, engine="laplace", draws=200)


def test_a_median_below_all_figures_has_the_prior_of_their_role(tmp_path):
    found = fitted(
        tmp_path,
        row(0, value=3500, **ENEMY),
        row(1, claimant="gazette", low=3000, high=3500, qualifier="range", **ABOUT),
    )
    words = beside_figures(found, SEA)
    said = "lies below both figures, 3,000 to 3,500, since in past wars adversaries gave 2."
    assert words.startswith(said)
    assert " times the losses (0." in words
    assert "the median lies below both figures, 3,000 to 3,500" in headline(found, tmp_path)
    results = Results(found)
    assert f"The median {words}." in to_markdown(compose(results, figure_specs(results)))


def test_priors_of_a_user_are_not_of_past_wars(tmp_path):
    change = {"bias.adversary.person": {"median": 2.0, "sd": 0.1}}
    other = row(1, claimant="gazette", low=3000, high=3500, qualifier="range", **ABOUT)
    found = fitted(tmp_path, row(0, value=3500, **ENEMY), other, change=change)
    words = beside_figures(found, SEA)
    assert words.startswith("lies below both figures, 3,000 to 3,500, since by the priors advers")


def test_one_figure_agrees_with_no_other(tmp_path):
    found = fitted(tmp_path, row(0, value=3500, **ENEMY))
    assert found.estimate("killed", "sea")["median"].iloc[-1] < 3000
    assert beside_figures(found, SEA) == ""


def test_a_bound_is_no_figure_beside_which_a_median_lies(tmp_path):
    found = fitted(
        tmp_path,
        row(0, value=3500, **ENEMY),
        row(1, claimant="gazette", low=3000, high=3500, qualifier="range", **ABOUT),
        row(2, claimant="sea-staff", value=100, qualifier="at-least", **ABOUT),
    )
    said = "below both figures, 3,000 to 3,500 (bounds and lists aside), since"
    assert said in beside_figures(found, SEA)


def test_a_median_between_figures_needs_no_sentence(tmp_path):
    own = row(1, claimant="sea-staff", value=300, **ABOUT)
    assert beside_figures(fitted(tmp_path, row(0, value=3500, **ENEMY), own), SEA) == ""
