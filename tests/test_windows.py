"""Windows as sets of days, and the arithmetic of running totals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossmodel.evidence.claim_records import Figure
from lossmodel.evidence.ledger_days import FREE, Calendar, Piece
from lossmodel.evidence.rounding import capped, dividing_unit, series_units
from lossmodel.evidence.running_totals import joined, keep, rising

TOTALS = st.lists(st.integers(0, 5000), min_size=1, max_size=40)
UNITS = st.sampled_from([1.0, 5.0, 10.0, 50.0, 100.0, 500.0])


def figure(name: str, start: int, end: int) -> Figure:
    return Figure(
        name, "staff", "red", "losses", "all", "period", "exact", "", "", "point",
        start, end, end, end, 1.0, np.nan, np.nan, 1, 1.0, False, (name,),
    )  # fmt: skip


def piece(name: str, start: int, end: int) -> Piece:
    return Piece(figure(name, start, end), (name,), value=100.0, variance=0.0)


# --- rounding


@given(st.integers(1, 10**7))
def test_the_unit_divides_the_figure_and_none_larger_does(value):
    unit = dividing_unit(value)
    assert value % unit == 0
    larger = 2 * unit if str(unit).startswith("5") else 5 * unit
    assert value % larger != 0


@given(st.integers(1, 10**7), st.booleans())
def test_rounding_is_never_more_than_a_tenth_or_a_fifth(value, about):
    unit = capped(dividing_unit(value), value=value, about=about)
    assert unit <= value * (0.2 if about else 0.1) + 1e-9


def test_a_series_of_exact_counts_has_no_round_figures_by_chance():
    values = [11, 20, 27, 31, 50, 52, 60, 78, 90, 100, 113, 120]
    assert series_units(values, [False] * 12) == [min(1.0, 0.1 * v) for v in values]


def test_a_series_may_change_its_rounding():
    coarse, fine = [100 * n + 4300 for n in range(1, 30)], [8013 + 37 * n for n in range(30)]
    units = series_units([*coarse, *fine], [False] * 59)
    assert units[5] == 100
    assert units[-5] == 1


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        # Two figures show how a claimant rounds, one does not: every tenth count ends in a zero.
        ([500], 1),
        ([500, 500, 500], 1),
        ([], 1),
        ([500, 0, 500], 1),
        ([500, 600], 100),
        ([2_000, 2_500, 9_100], 100),
        ([30, 40], 10),
        ([31, 42], 1),
    ],
)
def test_a_zero_is_rounded_as_the_other_figures_are(others, expected):
    units = series_units([0, *others, 0], [False] * (len(others) + 2))
    assert units[0] == units[-1] == expected


# --- chains


@given(TOTALS, st.data())
def test_kept_totals_never_fall_and_nothing_trusted_gives_way(values, data):
    trust = data.draw(st.lists(st.integers(0, 2), min_size=len(values), max_size=len(values)))
    kept = rising(values, [(grade,) for grade in trust])
    assert kept == sorted(kept)
    assert all(values[a] <= values[b] for a, b in zip(kept, kept[1:], strict=False))
    best = [place for place in range(len(values)) if trust[place] == min(trust)]
    alone = rising([values[place] for place in best], [(0,)] * len(best))
    assert sum(trust[place] == min(trust) for place in kept) == len(alone)


@given(TOTALS)
def test_as_few_totals_as_possible_are_given_up(values):
    longest = [1] * len(values)
    for b in range(len(values)):
        longest[b] += max((longest[a] for a in range(b) if values[a] <= values[b]), default=0)
    assert len(rising(values, [(0,)] * len(values))) == max(longest)


@given(TOTALS, st.data())
def test_joined_increments_are_ten_times_their_rounding(values, data):
    values = np.cumsum(values).tolist()
    units = data.draw(st.lists(UNITS, min_size=len(values), max_size=len(values)))
    places = joined(values, units)
    assert places
    for a, b in zip(places, places[1:], strict=False):
        coarsest = max(units[a], units[b])
        assert coarsest == 1 or values[b] - values[a] >= 10 * coarsest
    exact = [place for place in range(len(values)) if max(units) == 1]
    assert exact in ([], places)


def test_a_last_total_whose_increment_stays_too_small_is_dropped():
    """Without the one before it, which is as coarse, it starts at an exact one of that value."""
    assert joined([0, 0, 0], [1.0, 50.0, 100.0]) == [0]
    assert joined([0, 0, 2000], [1.0, 50.0, 100.0]) == [0, 2]


@given(TOTALS, UNITS)
def test_the_last_total_of_one_rounding_is_kept(values, unit):
    values = np.cumsum(values).tolist()
    assert joined(values, [unit] * len(values))[-1] == len(values) - 1


@given(TOTALS, st.data())
def test_every_total_is_kept_or_given_to_one_that_is(values, data):
    size = len(values)
    units = data.draw(st.lists(UNITS, min_size=size, max_size=size))
    relayed = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    kept, given_up = keep(values, units, relayed)
    assert sorted([*kept, *(drop.place for drop in given_up)]) == list(range(size))
    assert {drop.into for drop in given_up} <= set(kept)


# --- calendar


def test_a_piece_takes_free_days_only():
    calendar = Calendar(0, 9)
    calendar.place(piece("a", 2, 5), (2, 5))
    calendar.place(piece("b", 4, 8), (4, 8))
    assert [term.days for term in calendar.observations()] == [((2, 5),), ((6, 8),)]


def test_a_split_leaves_the_rest_in_ranges():
    calendar = Calendar(0, 9)
    calendar.place(piece("a", 0, 9), (0, 9))
    calendar.place(piece("b", 3, 4), (3, 4), over=0)
    assert [term.days for term in calendar.observations()] == [((0, 2), (5, 9)), ((3, 4),)]
    assert [p.size for p in calendar.pieces] == [8, 2]


def test_within_tells_inside_from_beyond():
    calendar = Calendar(0, 9)
    for name, window in [("a", (0, 3)), ("b", (4, 5))]:
        calendar.place(piece(name, *window), window)
    assert calendar.within((2, 7)) == ([1], [0], 2)
    assert calendar.ends((2, 7)) == ("a", "b")
    assert calendar.begins_by(9)


@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=15))
def test_no_day_has_two_owners(pairs):
    calendar = Calendar(0, 29)
    for number, pair in enumerate(pairs):
        window = (min(pair), max(pair))
        if calendar.within(window)[2]:
            calendar.place(piece(str(number), *window), window)
    days = [
        day for term in calendar.observations() for a, b in term.days for day in range(a, b + 1)
    ]
    assert len(days) == len(set(days)) == int((calendar.owners((0, 29)) != FREE).sum())
    assert [term.n_days for term in calendar.observations()] == [p.size for p in calendar.pieces]
    first, last = calendar.spans()
    for term, a, b in zip(calendar.observations(), first, last, strict=True):
        assert (term.days[0][0], term.days[-1][1]) == (a, b)


def test_the_oldest_piece_carries_both_ends():
    calendar = Calendar(0, 9)
    calendar.place(piece("a", 0, 9), (0, 9))
    assert calendar.ends((3, 4)) == ("a",)
    with pytest.raises(IndexError):
        Calendar(0, 9).ends((0, 1))
