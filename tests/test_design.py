"""Laws of the arrays: days, cells, knots, windows, random walks, delays."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import norm

from lossmodel.model import LossModel
from lossmodel.model.design.convolution import convolution
from lossmodel.model.design.grid import Grid, interpolate, knot_positions
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.parameters import ParameterisationBuilder
from lossmodel.model.design.reporting import bin_edges
from lossmodel.model.priors import Prior
from tests import small_war

START = pd.Timestamp("2001-03-01")
LEARNED = Prior("a.scale", mean=np.log(0.5), sd=0.4, scale="log", reason="It is learned.")
KNOWN = Prior("a.constant", mean=0.3, sd=0.0, scale="natural", reason="It is known.")

spacings = st.sampled_from([1.0, 7.0, 14.0, 91.0])
lengths = st.integers(1, 900)


def grid(length: int, width: int) -> Grid:
    return Grid(START, START + pd.Timedelta(days=length - 1), width)


# Knots


@given(first=st.integers(0, 300), length=lengths, spacing=spacings)
def test_knots_enclose_their_range_and_none_is_superfluous(first, length, spacing):
    last = first + length - 1
    positions = knot_positions(first, last, spacing)
    if last - first < spacing / 2:
        assert positions.tolist() == [(first + last) / 2]
    else:
        assert positions[0] == first
        assert last <= positions[-1] < last + spacing
        assert_allclose(np.diff(positions), spacing)


@given(length=lengths, spacing=spacings, slope=st.floats(-2, 2))
def test_interpolation_is_exact_for_lines_and_constant_beyond(length, spacing, slope):
    positions = knot_positions(0, length - 1, spacing)
    at = np.linspace(-50, length + 50, 37)
    left, right, weight = interpolate(positions, at)
    line = slope * positions
    assert_allclose(
        (1 - weight) * line[left] + weight * line[right],
        slope * np.clip(at, positions[0], positions[-1]),
        atol=1e-9,
    )
    assert ((weight >= 0) & (weight <= 1)).all()


# Days and cells


@st.composite
def grids(draw):
    """Grids of cells of equal width, some of them cut."""
    length, width = draw(lengths), draw(st.integers(1, 14))
    cuts = draw(st.sets(st.integers(0, length), max_size=4))
    return dataclasses.replace(grid(length, width), cuts=tuple(sorted(cuts)))


@given(days=grids())
def test_every_day_has_one_cell_whose_middle_is_near(days):
    assert days.cells == days.cell_of[-1] + 1
    distance = np.abs(days.middles[days.cell_of] - np.arange(days.size))
    assert distance.max() <= (days.cell_days - 1) / 2
    begins = set(np.flatnonzero(np.diff(days.cell_of)) + 1) | {0}
    assert begins == {*range(0, days.size, days.cell_days), *days.cuts} - {days.size}


@given(days=grids(), data=st.data())
def test_weights_of_prefix_sums_add_up_days(days, data):
    """Of losses that differ from cell to cell; the last day is the one before ``hi``."""
    day = st.integers(0, days.size)
    windows = data.draw(st.lists(st.tuples(day, day), min_size=1))
    lo, hi = (np.array(part) for part in zip(*map(sorted, windows), strict=True))
    rates = np.random.default_rng(1).uniform(size=days.cells)
    row, edge, weight = days.sums_over(lo, hi)
    sums = np.bincount(row, weight * np.append(0, rates.cumsum())[edge])
    daily = np.append(0, rates[days.cell_of].cumsum())
    assert_allclose(sums, daily[hi] - daily[lo], atol=1e-9)


def test_sums_cost_no_more_for_battles_outside_their_windows():
    plain = grid(3_000, 7)
    cut = dataclasses.replace(plain, cuts=tuple(range(1_001, 1_400, 10)))
    first = np.arange(900)
    assert len(cut.sums_over(first, first + 1)[0]) == len(plain.sums_over(first, first + 1)[0])


@given(days=grids(), data=st.data())
def test_active_days_of_cells_add_up(days, data):
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, days.size - 1)] * 2)))
    share = days.part_active(first, last)
    in_cell = np.bincount(days.cell_of)
    assert_allclose(share @ in_cell, last - first + 1)
    assert_allclose(days.part_active(0, days.size), 1)


def test_windows_are_clipped_to_the_days_of_the_war():
    days = grid(10, 1)
    before, after = START - pd.Timedelta(days=5), START + pd.Timedelta(days=50)
    assert days.span(before, after) == (0, 10)
    assert days.span(after, after) == (10, 10)


def test_cells_are_days_in_the_first_year():
    ends = {n: START + pd.Timedelta(days=n) for n in (365, 366)}
    grids = {n: Grid.over(START, end, rate_days=14, edges=100) for n, end in ends.items()}
    assert {n: days.cell_days for n, days in grids.items()} == {365: 1, 366: 7}


def test_knots_are_as_many_as_figures_of_years_tell_apart():
    """Of thirty years, in figures of years and of days."""
    until = START + pd.Timedelta(days=10_957)
    years, days = (Grid.over(START, until, rate_days=14, edges=n) for n in (31, 5_000))
    assert (years.knot_days, days.knot_days) == (105, 27)
    assert years.bin_days == days.bin_days == 27
    assert years.slow_days(91) == pytest.approx(10_958 / 31)
    assert days.slow_days(91) == pytest.approx(10_958 / 100)
    # Four years have fortnights, however few their figures.
    few = Grid.over(START, START + pd.Timedelta(days=1460), rate_days=14, edges=2)
    assert few.knot_days == 14


# Windows of a real design


@pytest.fixture(scope="module", params=[299, 410], ids=["days", "cells"])
def design(request):
    evidence = dataclasses.replace(small_war.evidence(), until=small_war.day(request.param))
    return LossModel().design(evidence, small_war.conflict())


def test_one_loss_per_day_adds_up_to_the_days_of_each_claim(design):
    prefix = np.arange(design.grid.cells + 1)
    sums = design.window_map @ np.tile(prefix.astype(float), len(design.series))
    windows = pd.DataFrame(design.window[:, :3], columns=["claim", "series", "factor"])
    days = windows.assign(days=sums).groupby(["claim", "series", "factor"])["days"].sum()
    # Sums that divide others, and then those that bound lists, have numbers after the claims'.
    number = np.append(np.arange(len(design.terms)), design.comparisons.against)
    length = design.terms["n_days"].to_numpy()
    parts = design.list_bounds.parts.toarray() > 0
    latest = [length[each].max() for each in parts]
    claimed = np.append(length[number], latest)[days.index.get_level_values("claim")]
    assert_allclose(days, claimed)


def test_daily_linear_predictors_are_averages_of_knots(design):
    """Log rates, logits: every cell, the last one too, has weights that add up to one."""
    rows = np.concatenate([design.latent.rate, design.latent.lethality, design.latent.missing])
    effects = np.concatenate(
        [where for name, where in design.parameters.rows.items() if name.startswith("rate.day ")]
    )
    columns = np.setdiff1d(np.arange(design.daily.shape[1]), effects)
    shape = (design.rows, design.grid.cells)
    weights = design.daily[:, columns].sum(axis=1).reshape(shape)
    assert_allclose(weights[rows[rows >= 0]], 1)
    assert design.daily.min() >= 0
    # Days of short windows have an effect of their own besides.
    spans = [effects.spans for effects in design.latent.day_effects.values()]
    days = design.daily[:, effects].sum(axis=1).reshape(shape) @ design.grid.widths
    assert days.sum() == sum(hi - lo for own in spans for lo, hi in own) > 0


def test_bins_of_lists_tile_their_days(design):
    triangle = design.triangle
    declared = np.flatnonzero(design.terms["category"] == "declared")  # differences of two
    for claim in np.setdiff1d(triangle.claim, declared):
        for series in np.unique(triangle.series[triangle.claim == claim]):
            here = (triangle.claim == claim) & (triangle.series == series)
            lo, hi = np.sort(triangle.lo[here]), np.sort(triangle.hi[here])
            assert (lo[1:] == hi[:-1]).all()
            assert (lo < hi).all()
    assert (triangle.vintages.elapsed > 0).all()


def test_a_vintage_and_the_one_before_share_the_bins_of_their_common_days(design):
    triangle = design.triangle
    again = triangle.before >= 0
    assert again.any()
    now, before = (triangle.vintages.elapsed[i[again]] for i in (triangle.now, triangle.before))
    assert (now > before).all()


@given(lo=st.integers(0, 400), length=st.integers(0, 400), delay=st.integers(0, 400))
def test_bins_are_narrow_where_deaths_are_recent(lo, length, delay):
    hi = lo + length
    edges = np.array(bin_edges(lo, hi, known=hi + delay, width=14))
    if not length:
        assert not len(edges)
        return
    assert (edges[0], edges[-1]) == (lo, hi)
    widths, ages = np.diff(edges), hi + delay - edges[1:]
    assert (widths > 0).all()
    # The nearest power of two, up or down.
    assert (widths <= np.maximum(14, np.sqrt(2) * ages / 4)).all()


# From standard normals to quantities


def built(walk: Prior | None = None, knots: int = 5):
    builder = ParameterisationBuilder()
    rows = builder.rows("path", np.full(knots, 2.0))
    builder.shared("level a", rows, 1.5)
    builder.walk("walk a", rows, 0.7, walk)
    return builder.build()


def test_the_mean_of_a_walk_is_the_level():
    parameters = built()
    theta = np.random.default_rng(1).standard_normal((20, parameters.size))
    path = parameters.values(theta)
    level = parameters.groups["level a"].start
    assert_allclose(path.mean(axis=1), 2.0 + 1.5 * theta[:, level])
    steps = theta[:, parameters.groups["walk a"]]
    assert_allclose(np.diff(path, axis=1), 0.7 * steps)


def test_learned_scales_multiply_their_walk():
    parameters = built(LEARNED)
    assert parameters.hyper == ("a.scale",)
    theta = np.random.default_rng(1).standard_normal(parameters.size)
    scale = np.exp(np.log(0.5) + 0.4 * theta[0])
    path = parameters.values(theta)
    assert_allclose(np.diff(path), 0.7 * scale * theta[parameters.groups["walk a"]])
    assert_allclose(path.mean(), 2.0 + 1.5 * theta[parameters.groups["level a"]])
    assert_allclose(parameters.log_scales(theta), np.log(scale))


def test_known_scales_are_constants():
    parameters = built(KNOWN)
    assert parameters.hyper == ()
    theta = np.random.default_rng(1).standard_normal(parameters.size)
    assert_allclose(
        np.diff(parameters.values(theta)), 0.7 * 0.3 * theta[parameters.groups["walk a"]]
    )


def test_one_knot_does_not_walk():
    assert "walk a" not in built(knots=1).groups


def test_groups_tile_theta(design):
    slices = sorted((s.start, s.stop) for s in design.parameters.groups.values())
    assert slices[0][0] == 0
    assert slices[-1][1] == design.size
    assert all(left[1] == right[0] for left, right in zip(slices, slices[1:], strict=False))


def test_names_of_groups_are_unique():
    builder = ParameterisationBuilder()
    builder.normals("level a", 1)
    with pytest.raises(ValueError, match="level a"):
        builder.normals("level a", 1)


def test_repeated_entries_of_a_map_add_up():
    linear = Linear()
    linear.add(0, np.array([1, 1, 2]), 0.5)
    assert linear.matrix((1, 3)).toarray().tolist() == [[0, 1, 0.5]]
    assert Linear().matrix((2, 3)).toarray().tolist() == [[0, 0, 0]] * 2


def test_the_convolution_of_two_delays_is_its_integral():
    rng = np.random.default_rng(20010304)
    for _ in range(50):
        elapsed, sd = np.exp(rng.uniform(np.log(5), np.log(3600))), 0.7
        declared, median = np.log([500, 90]) + 0.6 * rng.standard_normal(2)
        spread = 1.35 * np.exp(0.2 * rng.standard_normal())
        top = min((np.log(elapsed) - declared) / sd, 8.0)
        z = np.linspace(-8, top, 20001)
        rest = np.maximum(elapsed - np.exp(declared + sd * z), 1e-300)
        exact = np.trapezoid(norm.pdf(z) * norm.cdf((np.log(rest) - median) / spread), z)
        nodes = convolution(np.array([elapsed]))
        chance = nodes.mass * norm.pdf((nodes.log_wait - declared) / sd) / sd
        found = (chance * norm.cdf((nodes.log_rest - median) / spread)).sum()
        assert found == pytest.approx(exact, abs=0.005)
