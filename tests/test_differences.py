"""Figures of others beside the headline: the parts of each difference, and how they are told."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lossmodel.report import differences as module
from lossmodel.report.differences import PARTS, differences
from lossmodel.report.results import Results
from lossmodel.report.sections.others import OTHERS_FILE, others_section
from tests.fakes import START, make_fit


@pytest.fixture(scope="module")
def fit():
    return make_fit(n_draws=60)


def with_newspaper(fit, **changes):
    """The derived figure of the fake, changed."""
    own = fit.claims.table["claim_id"] == "newspaper-1"
    table = fit.claims.table.copy()
    for name, value in changes.items():
        table.loc[own, name] = value
    return replace(fit, claims=SimpleNamespace(**{**vars(fit.claims), "table": table}))


def newspaper(fit, **changes):
    table = differences(Results(with_newspaper(fit, **changes)))
    return table[table["claim_id"] == "newspaper-1"].iloc[0]


def median(fit, category, scope="all", first=0, last=None, party="north"):
    """Median of a total from the draws themselves."""
    daily = fit.daily(party, category, scope)
    return float(np.median(daily[:, first : None if last is None else last + 1].sum(axis=1)))


def test_parts_add_up_to_the_difference_exactly(fit):
    table = differences(Results(fit))
    assert len(table) > 5
    whole = np.log(table["published"] / table["headline"])
    assert table[list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(whole.to_numpy(), abs=1e-12)


def test_each_step_is_a_ratio_of_posterior_medians(fit):
    end = START + pd.Timedelta(days=399)
    row = newspaper(fit, scope="citizens", category="casualties", end=end, value=123_456.0)
    steps = [
        median(fit, "killed"),
        median(fit, "killed", last=399),
        median(fit, "killed", "citizens", last=399),
        median(fit, "casualties", "citizens", last=399),
        123_456.0,
    ]
    names = ["log_date", "log_scope", "log_definition", "log_rest"]
    assert row[names].tolist() == pytest.approx(np.diff(np.log(steps)).tolist(), abs=1e-9)
    assert row["headline"] == pytest.approx(steps[0])
    assert row["median"] == pytest.approx(steps[3])


def test_the_same_quantity_has_a_rest_alone(fit):
    row = newspaper(fit, scope="all", category="killed", end=fit.days[-1])
    assert row[["log_definition", "log_scope", "log_date"]].tolist() == [0, 0, 0]
    assert row["log_rest"] == pytest.approx(np.log(row["published"] / row["headline"]))


def test_an_undefined_word_of_a_derived_figure_has_its_prior_share_of_the_wounded(fit):
    end = fit.days[-1]
    limits = median(fit, "killed"), median(fit, "casualties")
    narrow, wide = (
        newspaper(fit, scope="all", category=name, end=end)["median"]
        for name in ("irrecoverable", "losses")
    )
    assert limits[0] < narrow < wide < limits[1]
    # Medians of the priors, on the logit scale -1 and 1.5.
    for found, logit in ((narrow, -1.0), (wide, 1.5)):
        share = (found - limits[0]) / (limits[1] - limits[0])
        assert share == pytest.approx(1 / (1 + np.exp(-logit)), abs=0.15)


def test_a_mean_per_day_is_compared_per_day(fit):
    start, end = START + pd.Timedelta(days=100), START + pd.Timedelta(days=129)
    changes = {"kind": "average", "scope": "all", "category": "killed", "start": start, "end": end}
    row = newspaper(fit, **changes, value=300.0)
    assert row["median"] == pytest.approx(median(fit, "killed", first=100, last=129) / 30)
    assert row["headline"] == pytest.approx(median(fit, "killed") / len(fit.days))
    assert row["published"] == 300


def test_a_sum_of_parties_differs_by_its_scope(fit):
    row = newspaper(fit, party="north+guests", scope="all", category="killed", end=fit.days[-1])
    both = fit.daily("north", "killed") + fit.daily("guests", "killed")
    whole = float(np.median(both.sum(axis=1)))
    assert row["headline_party"] == "north"
    assert row["log_scope"] == pytest.approx(np.log(whole / median(fit, "killed")))


def test_a_sum_of_both_sides_is_beside_no_headline(fit, monkeypatch):
    changes = {"party": "north+guests", "scope": "all", "category": "killed", "end": fit.days[-1]}
    monkeypatch.setattr(module, "main_parties", lambda _: ["north", "guests"])
    table = differences(Results(with_newspaper(fit, **changes)))
    assert "newspaper-1" not in set(table["claim_id"])


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.9, 9.0, "that meets the range"), (0.1, 9.0, "that meets"), (8.0, 9.0, "does not meet the")],
)
def test_a_range_is_met_by_an_interval_that_shares_a_part_of_it(fit, low, high, words):
    total = median(fit, "killed")
    changes = {"scope": "all", "category": "killed", "end": fit.days[-1], "value": np.nan}
    found = Results(with_newspaper(fit, **changes, low=low * total, high=high * total))
    blocks = others_section(found).blocks
    (told,) = [b.text for b in blocks if getattr(b, "lead", "").endswith("derived estimate:")]
    assert words in told


@pytest.mark.parametrize(
    "changes", [{"category": "missing", "kind": "stock"}, {"end": pd.Timestamp("2030-01-01")}]
)
def test_what_the_fit_has_no_total_for_is_passed_over(fit, changes):
    table = differences(Results(with_newspaper(fit, **changes)))
    assert "newspaper-1" not in set(table["claim_id"])


def test_a_stream_that_the_fit_uses_has_its_latest_total(fit):
    table = differences(Results(fit))
    own = table[(table["claimant"] == "observer") & (table["party"] == "south")]
    claims = fit.claims.table
    same = (claims["claimant"] == "observer") & (claims["party"] == "south")
    assert own["end"].tolist() == [claims.loc[same, "end"].max()]


def test_the_section_tells_order_parts_and_the_largest(fit):
    blocks = others_section(Results(fit)).blocks
    words = " ".join(block.text for block in blocks if block.kind == "text")
    at = [words.lower().index(f" {name} is ") for name in ("definition", "scope", "date", "rest")]
    assert at == sorted(at)
    leads = [block.lead for block in blocks if block.kind == "text" and block.lead]
    assert leads[0] == "Largest parts:"
    assert "Largest rest of a derived estimate:" in leads
    derived = next(b.text for b in blocks if getattr(b, "lead", "").endswith("derived estimate:"))
    assert derived.startswith("Newspaper: ")
    assert "from the figures of Names Of The Fallen" in derived
    latest, table = (block for block in blocks if block.kind == "table")
    assert table.page_only
    assert OTHERS_FILE in table.instead
    whole = [tuple(row[:9]) for row in table.rows]
    assert 0 < len(latest.rows) <= len(whole)
    assert all(tuple(row[:9]) in whole for row in latest.rows)
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        parts = [float(cells[name]) for name in ("Definition", "Scope", "Date", "Rest")]
        whole = float(cells["Ratio"])
        assert np.prod(parts) == pytest.approx(whole, rel=0.12)


def test_no_section_without_such_figures():
    fit = make_fit(n_draws=10)
    kept = fit.claims.table[fit.claims.table["category"] == "tanks"]
    fit = replace(fit, claims=SimpleNamespace(**{**vars(fit.claims), "table": kept}))
    assert list(others_section(Results(fit)).blocks) == []
