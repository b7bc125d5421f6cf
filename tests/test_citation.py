import pytest

from lossmodel import __version__, cite
from lossmodel.posterior.citation import fit_hash
from tests.fakes import HOSTILE, make_fit


@pytest.fixture(scope="module")
def fit():
    return make_fit(n_draws=20)


@pytest.mark.parametrize("form", ["text", "bibtex"])
def test_a_fit_is_cited_with_its_hash_and_last_day(fit, form):
    text = cite(fit, form=form)
    assert __version__ in text
    assert fit_hash(fit) in text
    assert "2024-06-30" in text


def test_a_conflicts_title_cannot_break_an_entry():
    entry = cite(make_fit(n_draws=20, extra=HOSTILE), form="bibtex")
    assert entry.count("{") == entry.count("}")
    assert "\\input{" not in entry
