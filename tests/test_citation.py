import dataclasses

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


def test_the_hash_is_the_same_for_the_same_fit_and_another_for_another(fit):
    assert fit_hash(make_fit(n_draws=20)) == fit_hash(fit)
    changes = [
        {"engine": "nuts"},
        {"ci_prob": 0.9},
        {"days": fit.days[:-1]},
        {"provenance": fit.provenance | {"seed": 2}},
    ]
    hashes = {fit_hash(dataclasses.replace(fit, **change)) for change in changes}
    assert len(hashes | {fit_hash(fit)}) == 5


def test_a_conflicts_title_cannot_break_an_entry():
    entry = cite(make_fit(n_draws=20, extra=HOSTILE), form="bibtex")
    assert entry.count("{") == entry.count("}")
    assert "\\input{" not in entry
