"""Day effects: which days have one, and what a figure of a day says of that day."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lossmodel.api import fit
from lossmodel.claims import load_claims
from lossmodel.evidence import collect_evidence
from lossmodel.model import LossModel
from lossmodel.model.design.battles import battles_of
from lossmodel.model.design.day_effects import MOST, day_effects_of, means_and_sds, widened
from lossmodel.model.design.grid import Grid
from lossmodel.model.design.short_series import scatter_of_days, short_series
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import conflict_priors
from tests.small_conflict import TOML, claims_csv, write_conflict

START = pd.Timestamp("2001-01-01")


GRID = Grid.over(START, START + pd.Timedelta(days=364), rate_days=7, edges=99)


def table_of(*windows, party="a", **columns):
    """Terms of windows, given their first and last days."""
    dates = [(tuple(START + pd.Timedelta(days=d) for d in window),) for window in windows]
    table = pd.DataFrame({"party": party, "days": dates, "claimant": "b", "category": "killed"})
    table = table.assign(
        scope="all", form="point", value=20.0, rounding_sd=0.0, kind="window", accounting="ledger"
    )
    return table.assign(**columns)


def found_in(table, grid=GRID, battles=None, nu=5.0, components=lambda party: party.split("+")):
    return day_effects_of(table, grid, components, battles or {}, sd=0.5, nu=nu)


def effects(*windows, battles=None, **columns):
    """Spans with a day effect, given first and last days of windows, in a war with weekly knots."""
    found, changed = found_in(table_of(*windows, **columns), battles=battles)
    spans = {party: effects.spans for party, effects in found.items()}
    assert set(changed.cuts) == {day for own in spans.values() for span in own for day in span}
    return spans.get("a", [])


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([(38, 38), (120, 121)], [(38, 39), (120, 122)]),
        # The parts that a window shares with another, and those that it does not.
        ([(38, 41), (40, 43)], [(38, 40), (40, 42), (42, 44)]),
        ([(38, 38), (38, 38), (39, 39)], [(38, 39), (39, 40)]),
        # A week is as long as the spacing of the knots.
        ([(38, 44)], []),
        ([(38, 43), (0, 364)], [(38, 44)]),
        # The first and the last day, and windows that leave the war.
        ([(0, 0), (364, 364)], [(0, 1), (364, 365)]),
        ([(-9, 1), (363, 380)], [(0, 2), (363, 365)]),
        ([(400, 400)], []),
    ],
)
def test_days_of_short_windows_have_effects(windows, expected):
    assert effects(*windows) == expected


def test_days_of_a_war_of_weeks_have_effects_though_its_knots_are_a_day_apart():
    grid = Grid.over(START, START + pd.Timedelta(days=11), rate_days=7, edges=12)
    assert grid.knot_days == 1
    found, _ = found_in(table_of((3, 3), (5, 6)), grid)
    assert found["a"].spans == [(3, 4)]
    # In a war of one day that is its level.
    day = Grid.over(START, START, rate_days=7, edges=2)
    assert found_in(table_of((0, 0)), day) == ({}, day)


def test_lists_and_ratios_have_no_day_effects():
    assert effects((38, 38)) == [(38, 39)]
    assert effects((38, 38), kind="vintage", accounting="list") == []
    assert effects((38, 38), accounting="ratio") == []


def test_battles_have_no_other_effects():
    table = table_of((38, 38), (60, 60), accounting="estimate")
    battles, cut = battles_of(table, GRID, lambda party: [party])
    assert battles["a"] == [(38, 39), (60, 61)]
    assert found_in(table, cut, battles) == ({}, cut)
    assert effects((37, 39), battles={"a": [(38, 39)]}) == [(37, 38), (39, 40)]


def test_a_long_series_has_effects_of_the_days_alone_that_stand_out():
    windows = [(2 * i, 2 * i) for i in range(MOST + 1)]
    assert len(effects(*windows[:MOST])) == MOST
    values = np.full(len(windows), 20.0)
    assert effects(*windows, value=values) == []
    values[[30, 70, 90]] = 2000, 30, 0
    assert effects(*windows, value=values) == [(60, 61), (180, 181)]
    # More of them than a party can have: those that stand out most.
    end = START + pd.Timedelta(days=3299)
    decade = Grid(START, end, knot_days=7)
    values = np.full(3300, 20.0)
    values[10::30] = 20_000
    values[40] = 15_000
    table = table_of(*[(day, day) for day in range(3300)], value=values)
    spans = found_in(table, decade)[0]["a"].spans
    assert len(spans) == MOST
    assert {lo % 30 for lo, _ in spans} == {10}
    assert (40, 41) not in spans


def test_the_parties_of_a_sum_have_each_their_own_while_they_have_losses():
    table = table_of((0, 0), (50, 50), party="a+b")
    days = {"a": (0, 40), "b": (50, 365)}
    found, _ = day_effects_of(
        table, GRID, lambda party: party.split("+"), {}, sd=0.5, nu=5, active=days.get
    )
    assert {party: effects.spans for party, effects in found.items()} == {
        "a": [(0, 1)], "b": [(50, 51)],
    }  # fmt: skip
    found, _ = found_in(table_of((0, 0), party="a+b"))
    assert {party: effects.spans for party, effects in found.items()} == {
        "a": [(0, 1)], "b": [(0, 1)],
    }  # fmt: skip


def test_effects_keep_the_mean_of_losses_where_the_sd_is_the_median():
    """Of a week too, whose days are independent: as the mean of seven lognormal days has it."""
    sd = Priors.default()["rate.day_sd"].median
    means, sds = means_and_sds([(0, 1), (10, 17)], sd)
    normals = np.random.default_rng(1).standard_normal((400_000, 7))
    day, week = (np.exp(mean + sd * s * normals[:, 0]) for mean, s in zip(means, sds, strict=True))
    np.testing.assert_allclose([day.mean(), week.mean()], 1, atol=0.005)
    days = np.exp(means[0] + sd * normals).mean(axis=1)
    assert np.log(days).std() == pytest.approx(np.log(week).std(), rel=0.1)


def test_scatter_is_that_of_neighbouring_figures_of_a_stream():
    """Of days, of weeks, and no more than counts have by chance."""
    rng = np.random.default_rng(3)
    grid = Grid(START, START + pd.Timedelta(days=999), knot_days=14)

    def found(sd, *, days, level, count=90):
        first = START + pd.to_timedelta(days * np.arange(count), "D")
        windows = [((day, day + pd.Timedelta(days=days - 1)),) for day in first]
        losses = level * np.exp(sd * rng.standard_normal((count, days)) - sd**2 / 2).sum(axis=1)
        table = pd.DataFrame({"days": windows, "value": rng.poisson(losses).astype(float)})
        table = table.assign(party="a", claimant="b", category="killed", scope="all")
        table = table.assign(kind="window", accounting="ledger", form="point", rounding_sd=0.0)
        figures = short_series(table, grid)
        return scatter_of_days(figures, grid, lambda party: [party], prior=0.5)["a"]

    assert found(0.0, days=1, level=400) < 0.15
    assert found(0.0, days=1, level=9) < 0.3
    assert found(1.5, days=1, level=1000) == pytest.approx(1.5, rel=0.2)
    assert found(0.4, days=7, level=100) == pytest.approx(0.4, rel=0.2)


def factors(*streams, nu=5.0, days=1):
    """Factors on the sds of the days of some streams of figures, and the scatter of one day."""
    tables = []
    for number, values in enumerate(streams):
        windows = [(days * i, days * i + days - 1) for i in range(len(values))]
        values = np.array(values, dtype=float)
        tables.append(table_of(*windows, value=values, claimant=f"c{number}"))
    terms = pd.concat(tables, ignore_index=True)
    found, _ = found_in(terms, nu=nu)
    figures = short_series(terms, GRID)
    scatter = scatter_of_days(figures, GRID, lambda party: [party], prior=0.5)
    return found["a"].sds * np.sqrt(days), scatter["a"]


def sds_out(number, usual, scatter, days=1):
    """Sds of the log of a count that is some days' of a usual one, by scatter and by chance."""
    missed = np.log(number / usual)
    by_chance = missed / (2 * (np.sqrt(number + 3 / 8) - np.sqrt(usual + 3 / 8)))
    return missed / np.hypot(scatter / np.sqrt(days), by_chance)


def test_a_day_that_stands_out_has_the_variance_of_a_t():
    found, scatter = factors([20.0] * 15 + [2000.0] + [20.0] * 15)
    z = sds_out(2000, 20, scatter)
    assert found[15] == pytest.approx(np.sqrt((5 + z**2) / 6))
    assert np.delete(found, 15).max() == pytest.approx(1)
    # Of some days the scatter is less, of a lull there is less than one by chance.
    week, scatter = factors([200.0] * 15 + [20_000.0] + [200.0] * 15, days=3)
    z = sds_out(20_000, 200, scatter, days=3)
    assert week[15] == pytest.approx(np.sqrt((5 + z**2) / 6))
    lull, scatter = factors([20.0] * 15 + [0.0] + [20.0] * 15)
    z = sds_out(0.5, 20, scatter)
    assert lull[15] == pytest.approx(np.sqrt((5 + z**2) / 6))
    few, scatter = factors([0.0] * 15 + [4.0] + [0.0] * 15)
    z = sds_out(4, 0.5, scatter)
    assert few[15] == pytest.approx(np.sqrt((5 + z**2) / 6))
    # Of a Poisson count of half a loss a day, four are as rare as 2.9 sds.
    assert 2 < z < 3


def test_no_day_is_widened_by_one_claimant_among_three_or_by_normal_noise():
    usual, heavy = [20.0] * 31, [20.0] * 15 + [2000.0] + [20.0] * 15
    assert factors(usual, usual, heavy)[0].max() == pytest.approx(1)
    assert factors(usual, heavy, heavy)[0].argmax() == 15
    assert factors(heavy, nu=np.inf)[0].max() == pytest.approx(1)
    # Two or three figures do not show which one is unusual.
    assert factors([20.0, 2000.0, 20.0])[0].max() == pytest.approx(1)


def test_a_widened_effect_is_pulled_back_as_a_t_is():
    z, step = np.array([2.0, 4.0, 9.0, 14.0]), 1e-5
    around = stats.t.logpdf(np.stack([z - step, z + step]), 5)
    np.testing.assert_allclose(-z / widened(z, 5) ** 2, np.diff(around, axis=0)[0] / 2 / step, 1e-6)


# What a figure of a day says of that day

HUNDRED_DAYS = TOML.replace("end = 2003-12-31", "end = 2001-04-10").replace(
    "2002-01-01", "2001-02-01"
)
NO_EFFECTS = {"rate.day_sd": {"median": 1e-3, "sd": 0.0, "reason": "Days follow the path."}}


def row(value, first, last, kind="period", claimant="land-staff"):
    return {
        "claim_id": f"{claimant}-{kind}-{first}", "claimant": claimant, "party": "land",
        "category": "killed", "kind": kind, "start": first, "end": last, "value": str(value),
        "known": last,
    }  # fmt: skip


def dates(days):
    return [f"{START + pd.Timedelta(days=int(day)):%Y-%m-%d}" for day in days]


def daily_rows(values, days):
    return [
        row(value, date, date, "daily") for value, date in zip(values, dates(days), strict=True)
    ]


def claims_of(folder, rows):
    text = claims_csv(rows)
    return load_claims(
        conflict=write_conflict(folder, conflict=HUNDRED_DAYS, claims=text, streams=None)
    )


def fitted(folder, rows, *, effects=True):
    claims = claims_of(folder, rows)
    priors = conflict_priors(claims.conflict)
    return fit(
        claims, engine="laplace", seed=1, priors=priors if effects else priors.replace(NO_EFFECTS)
    )


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Figures of every third day of a hundred: ten each, but for one of 60 and one of none."""
    values = np.full(33, 10)
    values[[12, 22]] = 60, 0
    rows = daily_rows(values, 3 * np.arange(33))
    rows.append(row(1000, "2001-01-01", "2001-04-10"))
    return tmp_path_factory.mktemp("uneven"), rows


def of_days(uneven, **settings):
    daily = fitted(*uneven, **settings).daily("land", "killed")
    return np.median(daily, axis=0)[[36, 37, 66, 67]]


def test_a_figure_of_a_day_is_of_that_day(uneven):
    heavy, after, quiet, next_day = of_days(uneven)
    assert heavy > 2.5 * after
    assert quiet < next_day / 2
    assert 0.6 < after / next_day < 1.7


@pytest.mark.slow
def test_without_effects_the_path_passes_by_both_days(uneven):
    heavy, after, quiet, next_day = of_days(uneven, effects=False)
    assert heavy < 1.3 * after
    assert quiet > next_day / 1.3


def day_of(tmp_path, *streams, days=90, **settings):
    """Median and interval of the dead of the 41st day, and of all days; streams by claimant."""
    rows = []
    for claimant, values in zip(("land-staff", "sea-staff", "gazette"), streams, strict=False):
        of = dates(range(days))
        rows += [row(v, d, d, "daily", claimant) for v, d in zip(values, of, strict=True)]
    daily = fitted(tmp_path, rows, **settings).daily("land", "killed")
    both = np.stack([daily[:, 40], daily.sum(axis=1)], axis=1)
    return np.quantile(both, [0.025, 0.5, 0.975], axis=0).T


def test_days_of_none_around_a_day_of_hundreds_are_quiet_days(tmp_path):
    """A zero is divided by any unit: 89 of them are not rounded to hundreds."""
    heavy, total = day_of(tmp_path, np.where(np.arange(90) == 40, 500, 0))
    assert heavy[0] < 500 < heavy[2]
    assert total[0] < 500 < total[1] < 1_500
    assert total[1] - heavy[1] < 10


@pytest.mark.slow
def test_claimants_who_agree_on_a_day_are_believed(tmp_path):
    rng = np.random.default_rng(6)
    streams = [np.where(np.arange(90) == 40, v, rng.poisson(6, 90)) for v in (487, 523, 501)]
    heavy, total = day_of(tmp_path, *streams)
    assert heavy[0] < 500 < heavy[2] < 1_200
    assert total[0] < 1_040 < total[2]
    # Normal effects leave the day to the heavy tails of the noise.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lossmodel.model.design.day_effects.widened", lambda z, _: np.ones(len(z)))
        (tmp_path / "normal").mkdir()
        twin, _ = day_of(tmp_path / "normal", *streams)
    assert twin[2] < 50


@pytest.mark.slow
def test_a_claimant_who_alone_has_a_heavy_day_is_not(tmp_path):
    rng = np.random.default_rng(6)
    streams = [np.where(np.arange(90) == 40, v, rng.poisson(6, 90)) for v in (6, 6, 501)]
    heavy, _ = day_of(tmp_path, *streams)
    assert 3 < heavy[1] < 12
    assert heavy[2] < 30


@pytest.mark.slow
def test_the_sd_of_days_is_learned(tmp_path):
    normals = np.random.default_rng(5).standard_normal(33)

    def learned(name, sd):
        folder = tmp_path / name
        folder.mkdir()
        values = np.round(200 * np.exp(sd * normals)).astype(int)
        found = fitted(folder, daily_rows(values, 3 * np.arange(33)))
        person = found.submodels["person"]
        number = person.design.parameters.hyper.index("rate.day_sd")
        prior = Priors.default()["rate.day_sd"]
        return float(np.exp(prior.mean + prior.sd * np.median(person.posterior.theta[..., number])))

    assert learned("steady", 0.05) < 0.25 < 0.7 < learned("uneven", 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(("sd", "within"), [(0.0, 0.05), (1.2, 0.35)])
def test_days_without_a_figure_have_the_mean_of_those_with_one(tmp_path, sd, within):
    normals = np.random.default_rng(8).standard_normal(33)
    values = np.round(200 * np.exp(sd * normals)).astype(int)
    known = 3 * np.arange(33)
    daily = fitted(tmp_path, daily_rows(values, known)).daily("land", "killed")
    others = np.setdiff1d(np.arange(97), known)
    ratio = np.log(daily[:, others].mean(axis=1) / daily[:, known].mean(axis=1))
    assert abs(np.median(ratio)) < within


@pytest.mark.slow
def test_days_are_covered(tmp_path):
    """Forty known days of each of six wars whose days scatter by 0.8 around a path."""
    rng, inside, twin = np.random.default_rng(2), [], []
    for war in range(6):
        level, path = rng.uniform(3, 5), np.cumsum(rng.normal(0, 0.05, 100))
        truth = np.exp(level + path + 0.8 * rng.standard_normal(100) - 0.32)
        known = np.sort(rng.choice(100, 40, replace=False))
        bias = rng.uniform(-0.4, 0)
        printed = rng.poisson(truth * np.exp(bias + rng.normal(0, 0.2, 100)))
        rows = daily_rows(printed[known], known)
        for effects, found in ((True, inside), (False, twin)):
            folder = tmp_path / f"{war}-{effects}"
            folder.mkdir()
            daily = fitted(folder, rows, effects=effects).daily("land", "killed")[:, known]
            lower, upper = np.quantile(daily, [0.05, 0.95], axis=0)
            found.append(np.mean((lower <= truth[known]) & (truth[known] <= upper)))
    assert np.mean(inside) > 0.85
    assert np.mean(twin) < 0.75


def test_a_design_has_the_effects_of_its_days(uneven):
    claims = claims_of(*uneven)
    model, evidence = LossModel(), collect_evidence(claims)
    design = model.design(evidence, claims.conflict)
    assert len(design.latent.day_effects["land"].spans) == 33
    assert design.parameters.rows["rate.day land"].shape == (33,)
