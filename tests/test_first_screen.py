"""The first screen of a report has the dead of every party, also where nobody fights."""

import pandas as pd
import pytest

from lossmodel import fit, load_claims
from lossmodel.report.results import Results
from lossmodel.report.sections.answer import answer_section, headline_answers


def results(parties, root):
    table = pd.read_csv(root / "data/wars/georgia2008/claims.csv", dtype=str)
    table = table[table["party"].isin(parties)]
    claims = load_claims(table, conflict="georgia2008")
    return Results(fit(claims, engine="laplace", draws=200))


def texts(section):
    return [block.text for block in section.blocks if hasattr(block, "text")]


@pytest.fixture(scope="module")
def civilians(root):
    return results(["georgian-civilians", "ossetian-civilians"], root)


@pytest.mark.slow
def test_killed_civilians_follow_the_headlines(root):
    answers = headline_answers(results(["russia", "georgia", "ossetian-civilians"], root))
    assert [item.title for item in answers.items] == [
        "Soldiers of Russia, killed",
        "Soldiers of Russia, casualties",
        "Soldiers and police of Georgia, killed",
        "Soldiers and police of Georgia, casualties",
        "Civilians of South Ossetia, killed",
    ]


def test_where_nobody_fights_civilians_are_the_headlines(civilians):
    titles = [item.title for item in headline_answers(civilians).items]
    assert titles == ["Civilians of Georgia, killed", "Civilians of South Ossetia, killed"]


def test_civilians_have_no_forces(civilians):
    section = answer_section(civilians)
    leads = [block.lead for block in section.blocks if getattr(block, "tone", "") == "answer"]
    assert leads == ["Civilians of Georgia, killed:", "Civilians of South Ossetia, killed:"]
    assert not any("forces" in words for words in texts(section))
