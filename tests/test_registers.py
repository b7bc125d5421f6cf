"""Registers: declarations that later vintages add, and limits of age as shares."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm

from lossmodel import Priors, fit, load_claims
from lossmodel.errors import ClaimsError
from lossmodel.evidence import collect, collect_evidence
from lossmodel.model.density.model import LossModel
from tests.small_conflict import TOML, claims_csv, write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

START = pd.Timestamp("2001-01-01")
# A made-up war: dead per day, the share first missing, and the delay of declarations.
DAYS, KILLED, MISSING, MEDIAN, SD = 600, 100, 0.35, 400.0, 0.7
ADDED = 700
HEAD = "claimant,party,category,accounting,declared_from\n"
CLAIMANTS = "claimant,name,side\noffice,The office,\nsea-staff,Staff,sea\nland-staff,Staff,land\n"
AGES = '\n[scopes.men]\nof = "all"\nshare = {share}\n'


def day(number: int) -> str:
    return f"{START + pd.Timedelta(days=number):%Y-%m-%d}"


@cache
def priors() -> Priors:
    """Registers without a bias, and declarations whose delay is known."""
    return Priors.default().replace(
        {
            "bias.register": {"mean": 0.0, "sd": 0.03},
            "declared.delay": {"sd": 0.1},
            "declared.growth": {"sd": 0.01},
            "common.sd": {"mean": 0.02},
        }
    )


def registered(known: int) -> int:
    """Deaths of a register that adds those declared dead from a day on."""
    elapsed = known - np.arange(min(known + 1, DAYS)) + 0.5
    declared = norm.cdf(np.log(elapsed / MEDIAN) / SD) * (known >= ADDED)
    return round(float(KILLED * np.sum(1 - MISSING + MISSING * declared)))


def load(rows, folder, *, claimant="office", accounting="register", declared_from="", scopes=""):
    own = {"claimant": claimant, "party": "land", "category": "killed", "kind": "cumulative"}
    numbered = [
        {"claim_id": f"c{n}"} | {k: str(v) for k, v in (own | row).items()}
        for n, row in enumerate(rows)
    ]
    streams = f"{HEAD}{claimant},land,killed,{accounting},{declared_from}\n"
    write_conflict(
        folder,
        conflict=TOML.replace("2003-12-31", day(DAYS - 1)) + scopes,
        claims=claims_csv(numbered),
        streams=streams,
        claimants=CLAIMANTS,
        sources=None,
    )
    return load_claims(conflict=folder)


def vintages() -> list[dict[str, object]]:
    return [
        {"end": day(min(known, DAYS - 1)), "known": day(known), "published": day(known),
         "value": registered(known)}
        for known in (150, 300, 450, 599, 800, 1000, 1200)
    ]  # fmt: skip


def total(claims) -> tuple[pd.Series, pd.DataFrame]:
    found = fit(claims, engine="laplace", draws=400, priors=priors())
    rows = found.summary().set_index(["category", "party", "scope"])
    return rows.loc[("killed", "land", "all")], found.terms


@pytest.mark.slow
def test_declarations_that_a_later_vintage_adds_are_no_new_deaths_of_those_days(
    tmp_path, monkeypatch
):
    declared, terms = total(load(vintages(), tmp_path / "said", declared_from=day(ADDED)))
    assert declared["lower"] < DAYS * KILLED < declared["upper"]
    assert abs(terms["residual"]).max() < 0.05
    # Without a word a register after the war is a new count.
    late, terms = total(load(vintages(), tmp_path / "late"))
    assert late["lower"] < DAYS * KILLED < late["upper"]
    assert abs(terms["residual"]).max() < 0.05
    # As an increment of what it had before, the jump is a contradiction.
    monkeypatch.setattr(collect, "divided", lambda figures, *_, **__: (list(figures), []))
    _, unsaid = total(load(vintages(), tmp_path / "unsaid"))
    assert abs(unsaid["residual"]).max() > 0.5


def test_an_assessment_of_those_found_leaves_out_all_the_missing(tmp_path):
    rows = [{"end": day(n), "value": 1000 * n} for n in (199, 399)]
    claims = load(
        rows, tmp_path, accounting="corrected-register", declared_from=day(300)
    )  # fmt: skip
    design = LossModel(priors=priors()).design(collect_evidence(claims), claims.conflict)
    # Of each observation the share of the missing dead that is subtracted, at the prior median.
    shares = {
        int(observation): design.factor_sign[factor - 1]
        * expit(design.parameters.offset[design.factor_row[factor - 1]])
        for observation, _, factor, *_ in design.window
        if factor
    }
    prior = priors()["missing.counted"].median
    assert shares[0] == pytest.approx(-1.0, abs=1e-15)
    assert shares[1] == pytest.approx(-(1 - prior))


@pytest.mark.slow
def test_a_limit_of_age_is_a_share_as_uncertain_as_it_is_said(tmp_path):
    rows = [{"scope": "men", "end": day(DAYS - 1), "known": day(3000), "published": day(3000),
             "value": 48_000}]  # fmt: skip
    widths = {}
    for name, share in (("fixed", "0.8"), ("uncertain", "{mean = 0.8, sd = 0.5}")):
        claims = load(rows, tmp_path / name, scopes=AGES.format(share=share))
        row, _ = total(claims)
        assert row["lower"] < 48_000 / 0.8 < row["upper"]
        widths[name] = np.log(row["upper"] / row["lower"])
    assert widths["uncertain"] > 1.3 * widths["fixed"]


def test_a_register_has_its_own_interval(tmp_path):
    rows = [
        {"end": day(399), "value": 40_000, "low": 36_000, "high": 44_000, "qualifier": "range"},
        {"end": day(399), "value": 40_000, "published": day(500), "known": day(500)},
    ]
    evidence = collect_evidence(load(rows[:1], tmp_path / "one", accounting="corrected-register"))
    assert evidence.terms["range_sd"][0] == pytest.approx(np.log(44 / 36) / np.sqrt(12))
    both = collect_evidence(load(rows, tmp_path / "two", accounting="corrected-register"))
    assert both.classes["class"].tolist() == ["merged", "used"]
    assert both.terms["range_sd"].tolist() == [0.0]


def test_the_day_of_declarations_is_a_day(tmp_path):
    with pytest.raises(ClaimsError, match="declared_from"):
        load(vintages(), tmp_path, declared_from="later")


def growing(folder, *, civilian: bool, gap: int, category: str = "killed"):
    """A register of the first day whose total doubles twice, each time after some days."""
    rows = [
        {"category": category, "start": day(0), "end": day(0), "known": day(known),
         "published": day(known), "value": 250 * 2**n, "kind": "period"}
        for n, known in enumerate((1, 1 + gap, 1 + 2 * gap))
    ]  # fmt: skip
    claims = load(rows, folder)
    party = claims.conflict.parties["land"]
    conflict = replace(
        claims.conflict,
        parties=claims.conflict.parties | {"land": replace(party, civilian=civilian)},
    )
    return replace(claims, conflict=conflict)


@pytest.mark.parametrize(
    ("civilian", "gap", "category", "values"),
    [
        (True, 10, "killed", [1000]),
        (True, 90, "killed", [1000]),
        (False, 10, "wounded", [1000]),
        (False, 90, "wounded", [1000]),
        (False, 10, "killed", [1000]),
        # The missing dead may have been declared in between.
        (False, 90, "killed", [250, 250, 500]),
    ],
)
def test_a_register_of_the_same_days_is_counted_anew(tmp_path, civilian, gap, category, values):
    claims = growing(tmp_path, civilian=civilian, gap=gap, category=category)
    evidence = collect_evidence(claims)
    assert sorted(evidence.terms["value"]) == values
    assert not evidence.classes["class"].eq("left out").any()


def test_the_total_of_a_growing_register_of_civilians_holds_its_last_count(tmp_path):
    found = fit(growing(tmp_path, civilian=True, gap=10), engine="laplace", draws=400)
    row = found.summary().set_index(["category", "party", "scope"]).loc[("killed", "land", "all")]
    assert row["lower"] < 1000 < row["upper"]
    assert row["median"] > 700


@pytest.mark.slow
def test_a_register_after_the_war_makes_an_earlier_one_no_worse(tmp_path):
    def width(*places):
        rows = [
            {"end": day(n), "known": day(known), "published": day(known), "value": value}
            for n, known, value in ((199, 205, 2130), (DAYS - 1, 6000, 3657))
        ]
        own = [rows[place] for place in places]
        claims = load(own, tmp_path / str(places), claimant="land-staff")
        found = fit(claims, engine="laplace", draws=400).summary()
        row = found.set_index(["category", "party", "scope"]).loc[("killed", "land", "all")]
        return np.log(row["upper"] / row["lower"])

    early, late, both = width(0), width(1), width(0, 1)
    assert late < 0.7 * early
    # As an increment of the early one it left twice the width of the late one alone.
    assert both < 1.1 * late
