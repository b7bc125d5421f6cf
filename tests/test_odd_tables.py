"""A valid table ends in a report, however odd: where there is nothing to draw, a sentence says so.

A figure that fails for any other reason fails here: nothing is caught on the way.
"""

import pytest

from lossmodel import fit, load_claims
from lossmodel.errors import UsageError
from lossmodel.plots import plot_predictions
from lossmodel.report import write_report
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import draw_figures, figure_specs
from lossmodel.report.figures.tables import tables_for
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from tests.odd_tables import QUICK, TABLES
from tests.small_conflict import claims_csv, write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

TABLES_OF_FIGURES = ("estimates", "terms", "variance_decomposition", "biases")


def fitted(name: str, folder):
    war = write_conflict(folder / "war", claims=claims_csv(TABLES[name]))
    return fit(load_claims(conflict=war), engine="laplace")


@pytest.mark.parametrize("name", QUICK)
def test_each_figure_is_drawn_or_a_sentence_says_why_not(name, tmp_path):
    results = Results(fitted(name, tmp_path))
    specs = figure_specs(results)
    every = [spec for section in specs.values() for spec in section]
    assert {"losses", "claimants", "level", "checks"} == set(specs)
    assert all(specs[section] for section in ("losses", "level", "checks"))
    drawn = draw_figures(every, tables_for(results, TABLES_OF_FIGURES), tmp_path)
    assert set(drawn) == {spec.name for spec in every if spec.draw}
    text = to_markdown(compose(results, specs))
    for spec in every:
        if spec.draw is None:
            assert spec.caption in text
            assert f"{spec.name}." not in text


def test_ranges_have_no_expectation_beside_them(tmp_path):
    result = fitted("ranges", tmp_path)
    with pytest.raises(UsageError, match="zeros, or ranges without a value"):
        plot_predictions(result)


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_a_report(name, tmp_path):
    folder = write_report(fitted(name, tmp_path), tmp_path / "report", force=True)
    assert (folder / "report.html").exists()
    assert (folder / "report.pdf").exists()
