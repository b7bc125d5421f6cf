"""The rule of printed numbers: order, error, size of the last digit, and examples."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lossmodel.cli.headline import headline
from lossmodel.query import answer_query
from lossmodel.query.render import rendered
from lossmodel.report.compare import compare_fits
from lossmodel.report.output.latex import macros, tex_tables
from lossmodel.report.results import Results
from lossmodel.report.wording import estimate_text, interval, ratio
from lossmodel.text.numbers import (
    SMALLEST,
    factor,
    number,
    percent,
    percent_change,
    round_to_interval,
)
from tests.fakes import make_fit

ANY = st.floats(-1e15, 1e15, allow_nan=False, allow_subnormal=False)
ABOVE_ZERO = st.floats(1e-12, 1e15)


def printed(*values: float) -> list[str]:
    """The numbers of an interval, the limits first and last."""
    return [number(value, values[0], values[-1]) for value in values]


def read(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        # Narrow: two digits of the half width, with one last digit for all three.
        ((176_123, 180_284, 184_611), ["176,100", "180,300", "184,600"]),
        ((322_123, 387_321, 472_890), ["322,000", "387,000", "473,000"]),
        ((239_120, 354_218, 481_377), ["240,000", "350,000", "480,000"]),
        ((0.31, 0.5, 0.92), ["0.31", "0.50", "0.92"]),
        ((0.951, 1.0004, 1.052), ["0.951", "1.000", "1.052"]),
        # Skewed: each by its own size.
        ((130, 2_099, 435_655), ["130", "2,100", "440,000"]),
        ((47, 2_099, 435_655), ["47", "2,100", "440,000"]),
        ((6_960, 13_210, 27_900), ["7,000", "13,000", "28,000"]),
        ((0.3, 2.14, 7.44), ["0.3", "2.1", "7.4"]),
        ((0.301, 2.14, 7.44), ["0.30", "2.1", "7.4"]),
        ((0.0456, 2.14, 7.44), ["0.046", "2.1", "7.4"]),
        ((0.0, 0.2004, 3.1), ["0", "0.20", "3.1"]),
        ((1_990, 250_000, 1.26e10), ["2,000", "250,000", "12,600,000,000"]),
        ((2.5e-9, 0.2, 3.1), ["2.5e-09", "0.2", "3.1"]),
        # Below zero alike.
        ((-435_655, -2_099, -130), ["-440,000", "-2,100", "-130"]),
        ((-4.96, 0.0, 10.1), ["-5.0", "0", "10.1"]),
        # Without width: as it is.
        ((2_133.0, 2_133.0, 2_133.0), ["2,133"] * 3),
        ((0.125, 0.125, 0.125), ["0.125"] * 3),
        ((0.0, 0.0, 0.0), ["0"] * 3),
        ((0.1 + 0.2, 0.3, 0.3), ["0.3"] * 3),
    ],
)
def test_examples(values, texts):
    assert printed(*values) == texts


@given(st.lists(ANY, min_size=3, max_size=3).map(sorted))
@example([99.6, 100.0, 1e6])
@example([1.0, 9.96, 10.0])
def test_the_order_is_kept(values):
    low, middle, high = map(read, printed(*values))
    assert low <= middle <= high


@given(ANY, ANY, ANY, ANY)
def test_a_larger_number_is_not_printed_smaller(one, other, lower, upper):
    limits = sorted((lower, upper))
    small, large = (read(number(value, *limits)) for value in sorted((one, other)))
    assert small <= large


@given(st.lists(ANY, min_size=3, max_size=3).map(sorted))
@example([0.0, 0.0, 1.0549092659307243e-07])
def test_no_number_changes_by_more_than_a_twentieth(values):
    half = (values[-1] - values[0]) / 2
    for value, text in zip(values, printed(*values), strict=True):
        error = abs(read(text) - value)
        assert error <= 0.0501 * abs(value)
        # A millionth and less has two digits, whatever its width.
        if abs(value) < SMALLEST:
            continue
        # A number without a width keeps three digits.
        assert error <= 0.0501 * half + 5.01e-3 * (half <= 1e-12 * abs(value)) * abs(value) + 1e-9


@given(st.lists(ABOVE_ZERO, min_size=3, max_size=3).map(sorted))
@example([47.0, 2_099.0, 435_655.0])
def test_no_number_above_zero_is_printed_as_zero(values):
    assert all(read(text) > 0 for text in printed(*values))


@given(st.lists(ANY, min_size=3, max_size=3).map(sorted))
def test_the_sign_does_not_matter(values):
    mirrored = printed(*(-value for value in reversed(values)))
    assert [-read(text) for text in reversed(mirrored)] == [read(text) for text in printed(*values)]


@given(st.floats(100, 1e9), st.floats(0.01, 0.3))
def test_a_narrow_interval_has_one_last_digit(middle, share):
    values = (middle * (1 - share), middle, middle * (1 + share))
    assume(values[0] >= (values[-1] - values[0]) / 2)
    unit = 10.0 ** (math.floor(math.log10((values[-1] - values[0]) / 2)) - 1)
    for text in printed(*values):
        assert math.isclose(read(text) / unit, round(read(text) / unit), rel_tol=1e-9)
        assert len(text.partition(".")[2]) == max(0, -round(math.log10(unit)))


@given(ANY)
def test_without_an_interval_a_number_has_two_digits(value):
    digits = "".join(c for c in f"{abs(read(number(value))):.6e}".partition("e")[0] if c != ".")
    assert set(digits[2:]) <= {"0"}


@given(ANY, ANY, ANY)
def test_rounding_twice_changes_nothing(value, lower, upper):
    limits = sorted((lower, upper))
    once = round_to_interval(value, *limits)
    assert math.isclose(round_to_interval(once, *limits), once, rel_tol=1e-12, abs_tol=1e-300)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_unknown(value):
    assert number(value, 1, 2) == "unknown"


def test_limits_that_are_unknown_leave_the_size():
    assert number(1_234.5, math.nan, math.nan) == "1,200"
    assert number(1_234.5, 0, math.inf) == "1,200"


@given(st.floats(1e-9, 1e6))
def test_factors_and_percentages_above_zero_are_not_printed_as_zero(value):
    assert read(factor(value)) > 0
    assert percent(min(value, 1.0)) != "0%"
    for change in (value, -value):
        digits = percent_change(change).removeprefix("under ").removesuffix("%")
        assert read(digits) != 0


SKEWED = {"lower": 130.0, "median": 2_099.0, "upper": 435_655.0}


def test_sentences_of_the_report_have_the_rule():
    assert (estimate_text(SKEWED), interval(SKEWED)) == ("2,100", "130 to 440,000")
    small = {f"ratio_{name}": value / 1e5 for name, value in SKEWED.items()}
    assert ratio(small, "ratio_") == "0.021 (0.0013–4.4)"


def test_answers_of_query_have_the_rule():
    fit = make_fit()
    row = answer_query(fit, "killed north").iloc[0].to_dict() | SKEWED
    assert "2,100 (95% credible interval 130 to 440,000" in rendered(fit, row, "text")
    assert rendered(fit, row, "latex") == r"2\,100 (95\% CrI 130--440\,000)"


def test_macros_and_tables_of_latex_have_the_rule():
    fit = make_fit()
    results = Results(fit, {"estimates": Results(fit).estimates.assign(**SKEWED)})
    found = macros(results)
    name = "LMkilledNorthAll"
    assert found[f"{name}Median"] == r"2\,100"
    assert found[f"{name}Interval"] == r"130 to 440\,000"
    assert r"2\,100 & 130 to 440\,000" in tex_tables(results)["totals"]


def test_the_summary_on_the_terminal_has_the_rule(monkeypatch):
    fit = make_fit()
    monkeypatch.setattr("lossmodel.cli.headline.total_to", lambda *_: SKEWED)
    assert "2,100 [130 to 440,000]" in headline(fit, Path("report"))


def test_compare_has_the_rule(monkeypatch):
    fit = make_fit()
    row = pd.Series(SKEWED)
    monkeypatch.setattr("lossmodel.report.compare.total_to", lambda *_: row)
    assert "2,100 [130 to 440,000] -> 2,100 [130 to 440,000]  0%" in compare_fits(fit, fit)
