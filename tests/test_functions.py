"""Derivatives of every elementwise function of the model, held to differences."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from lossmodel.model.density import functions, likelihood, own_or_copied
from lossmodel.model.density.functions import (
    Decay,
    Exp,
    Floor,
    Function,
    Log,
    LogNoise,
    LogOdds,
    LogSigmoid,
    OrOne,
    Probit,
    Sigmoid,
    Softplus,
    Times,
    WeightedSum,
)
from lossmodel.model.density.likelihood import AtLeast, AtMost, Count, Point, Range
from lossmodel.model.density.own_or_copied import MayRepeat
from lossmodel.model.density.pymc.functions import SYMBOLIC
from lossmodel.model.density.replicas import REPLICATED, Twice, replicated
from lossmodel.model.density.reported_fraction import ReportedFraction
from lossmodel.model.design.linear import Linear
from lossmodel.model.design.reporting import (
    DECLARATIONS,
    LIST,
    MISSING,
    REGISTER,
    VintageBins,
)

N = 12
RNG = np.random.default_rng(20010306)


def normal(scale: float = 1.0, mean: float = 0.0) -> np.ndarray:
    return mean + scale * RNG.standard_normal(N)


def bins() -> VintageBins:
    kind = np.repeat([LIST, LIST, REGISTER, MISSING, DECLARATIONS], [3, 3, 2, 2, 2])
    return VintageBins(
        kind=kind,
        elapsed=np.exp(RNG.uniform(1.0, 7.0, N)),
        linear=Linear(),
        has_missing=np.repeat([1.0, 0.0, 1.0], [3, 3, 6]),
    )


DELAYS = [normal(), normal(), normal(0.5, 4.0), normal(0.3, 0.2), normal(0.3, 6.0)]
MU_SD = [normal(0.5, 5.0), normal(0.3, -1.0)]
BOUND = [normal(0.5, 5.0), normal(0.3, -1.0), normal(0.3, -0.5)]
WEIGHT = RNG.uniform(0.2, 2.0, N)
# Every function once or more, with a point at which its derivatives are taken.
EXAMPLES: list[tuple[Function, list[np.ndarray]]] = [
    (Exp(WEIGHT), [normal()]),
    (Sigmoid(WEIGHT), [normal(2.0)]),
    (Sigmoid(-WEIGHT), [normal(2.0)]),
    (LogSigmoid(), [normal(3.0)]),
    (Softplus(), [normal(3.0)]),
    (Probit(), [normal(3.0)]),
    (OrOne(0.05), [normal(3.0)]),
    (Times(), [normal(), normal()]),
    (WeightedSum((1.0, -2.0), 0.5), [normal(), normal()]),
    (Log(1e-3), [np.append(WEIGHT[1:], 1e-4)]),
    (Floor(0.0), [normal()]),
    (Decay(100 * WEIGHT), [normal(0.5, 4.0)]),
    (LogNoise(WEIGHT, 0.1 * WEIGHT[::-1]), [normal()]),
    (Point(normal(0.5, 5.0), 5.0), MU_SD),
    (Point(normal(0.5, 5.0), np.inf), MU_SD),
    (Count(np.round(np.exp(normal(0.5, 4.0))), np.zeros(N)), MU_SD),
    (Count(np.zeros(N), np.log(np.arange(1.0, N + 1))), [normal(0.5), MU_SD[1]]),
    (AtLeast(normal(0.5, 5.0), 0.05, 2.0), BOUND),
    (AtLeast(normal(0.5, 5.0), 0.5, 0.7), BOUND),
    (AtMost(normal(0.5, 5.0), 0.05, 2.0), BOUND),
    (Range(MU_SD[0] - WEIGHT, MU_SD[0] + 0.5 * WEIGHT), MU_SD),
    (Range(MU_SD[0] + WEIGHT, MU_SD[0] + 2 * WEIGHT), MU_SD),
    (Range(np.full(N, -np.inf), MU_SD[0] + 0.5), MU_SD),
    (
        Twice(
            Count(np.round(np.exp(normal(0.5, 4.0))), np.zeros(N)),
            Count(np.arange(float(N)), np.zeros(N)),
        ),
        MU_SD,
    ),
    (Twice(AtLeast(normal(0.5, 5.0), 0.05, 2.0), AtLeast(normal(0.5, 5.0), 0.05, 2.0)), BOUND),
    (MayRepeat(Point(normal(0.5, 5.0), 5.0), normal(1.0)), MU_SD),
    (MayRepeat(AtLeast(normal(0.5, 5.0), 0.05, 2.0), np.where(WEIGHT > 1, WEIGHT, -np.inf)), BOUND),
    (ReportedFraction(bins(), 0.8), DELAYS),
    (LogOdds(np.repeat([20.0, 1e4], 6)), [-WEIGHT]),
    (LogOdds(np.full(N, 20.0)), [normal(0.1)]),
]
IDS = [f"{type(f).__name__} {i}" for i, (f, _) in enumerate(EXAMPLES)]
every_function = pytest.mark.parametrize(("function", "point"), EXAMPLES, ids=IDS)


def differences(f: Any, point: list[np.ndarray], argument: int, step: float) -> np.ndarray:
    """Fourth-order central differences by one argument, entry by entry."""
    at = {}
    for k in (-2, -1, 1, 2):
        moved = [x.copy() for x in point]
        moved[argument] += k * step
        at[k] = np.asarray(f(moved))
    return (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8 * (1 + np.abs(expected).max()))


@every_function
def test_first_derivatives_are_those_of_differences(function, point):
    slopes = function(*point).first()
    assert len(slopes) == len(point)
    for k, slope in enumerate(slopes):
        assert_close(slope, differences(lambda x: function(*x).value, point, k, 1e-4))


@every_function
def test_second_derivatives_are_those_of_differences(function, point):
    second = function(*point).second()
    assert all(a <= b for a, b in second)
    for a in range(len(point)):
        for b in range(a, len(point)):
            bend = second.get((a, b), np.zeros(N))
            slope = lambda x, a=a: function(*x).first()[a]  # noqa: E731
            assert_close(bend, differences(slope, point, b, 1e-4))


@every_function
def test_a_batch_is_its_draws_one_by_one(function, point):
    """Value and derivatives of shape (draws, n) are those of each draw."""
    moved = [x + 0.1 for x in point]
    batch = function(*(np.stack(pair) for pair in zip(point, moved, strict=True)))
    for i, draw in enumerate((point, moved)):
        one = function(*draw)
        np.testing.assert_allclose(batch.value[i], one.value, rtol=1e-12)
        for found, expected in zip(batch.first(), one.first(), strict=True):
            np.testing.assert_allclose(
                np.broadcast_to(found, batch.value.shape)[i], expected, rtol=1e-9, atol=1e-12
            )


def test_every_function_has_an_example_and_a_counterpart_in_pytensor():
    known = {type(f) for f, _ in EXAMPLES}
    modules = (functions, likelihood, own_or_copied)
    named = {getattr(m, n) for m in modules for n in m.__all__}
    helpers = {functions.Evaluated, functions.Function, functions.OnDemand, functions.mixture}
    helpers |= {likelihood.Likelihood, likelihood.likelihood_of, own_or_copied.own_or_copied}
    assert known == named - helpers | {ReportedFraction, Twice} == set(SYMBOLIC)


def test_every_likelihood_can_draw_its_figures():
    forms = {getattr(likelihood, name) for name in likelihood.__all__ if name != "likelihood_of"}
    assert set(REPLICATED) == forms - {likelihood.Likelihood}


def test_the_pit_is_the_predictive_distribution_function():
    y, mu, sd, slack = normal(0.5, 5.0), normal(0.5, 5.0), WEIGHT, 0.6
    log_slack = np.full((1, 1), np.log(slack))
    count = np.round(np.exp(y))
    log_unit = np.log(np.arange(1.0, N + 1))
    negative = stats.nbinom(sd**-2, sd**-2 / (sd**-2 + np.exp(mu - log_unit)))

    def below(sign: float) -> np.ndarray:
        parts = ((0.9, slack), (0.1, 2.0))
        return sum(p * stats.exponnorm(m / sd, sign * mu, sd).cdf(sign * y) for p, m in parts)

    cases = {
        Point(y, 5.0): stats.t(5.0, mu, sd).cdf(y),
        Point(y, np.inf): stats.norm(mu, sd).cdf(y),
        Count(count, log_unit): (negative.cdf(count) + negative.cdf(count - 1)) / 2,
        AtLeast(y, 0.1, 2.0): 1 - below(-1.0),
        AtMost(y, 0.1, 2.0): below(1.0),
        Range(y, y + 1): np.full(N, np.nan),
        MayRepeat(Point(y, 5.0), np.zeros(N)): stats.t(5.0, mu, sd).cdf(y),
    }
    for figures, expected in cases.items():
        np.testing.assert_allclose(figures.pit(mu[None], sd[None], log_slack)[0], expected)


@pytest.mark.parametrize(
    "figures",
    [
        Point(np.zeros(4000), 5.0),
        Point(np.zeros(4000), np.inf),
        Count(*np.zeros((2, 4000))),
        AtLeast(np.zeros(4000), 0.3, 2.0),
        AtMost(np.zeros(4000), 0.3, 2.0),
    ],
    ids=["t", "normal", "count", "at least", "at most"],
)
def test_replicated_figures_have_a_uniform_pit(figures):
    rng = np.random.default_rng(1)
    mu, sd = rng.normal(5.0, 0.5, 4000), rng.uniform(0.1, 0.6, 4000)
    log_slack = np.array([-0.5])
    again = replicated(figures, mu, sd, log_slack, rng)
    pit = again.pit(mu[None], sd[None], log_slack[:, None])[0]
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    wider = replicated(figures, mu, 1.2 * sd, log_slack + 0.2, rng)
    wrong = wider.pit(mu[None], sd[None], log_slack[:, None])[0]
    assert stats.kstest(wrong, "uniform").pvalue < 0.01


def test_replicated_ranges_hold_a_draw_somewhere():
    rng = np.random.default_rng(2)
    mu, sd, none = np.full(20_000, 5.0), np.full(20_000, 0.3), np.zeros(1)
    again = replicated(Range(np.full(20_000, 4.0), np.full(20_000, 4.6)), mu, sd, none, rng)
    np.testing.assert_allclose(again.high - again.low, 0.6)
    middle = (again.high + again.low) / 2
    # A uniform place in a range adds a twelfth of its squared width.
    assert middle.mean() == pytest.approx(5.0, abs=0.02)
    assert middle.std() == pytest.approx(np.hypot(0.3, 0.6 / np.sqrt(12)), rel=0.03)
    nought = replicated(Range(np.full(20_000, -np.inf), np.full(20_000, 5.2)), mu, sd, none, rng)
    above = np.isfinite(nought.low)
    assert above.mean() == pytest.approx(1 - stats.norm(5.0, 0.3).cdf(5.2), abs=0.02)
    likelihoods = nought(mu, np.log(sd)).value
    assert np.exp(likelihoods[above]) == pytest.approx(1 - stats.norm(5.0, 0.3).cdf(5.2))
    assert np.exp(likelihoods[~above]) == pytest.approx(stats.norm(5.0, 0.3).cdf(5.2))


def test_a_wrong_derivative_is_found():
    class Wrong(Exp):
        def __call__(self, *x: np.ndarray) -> functions.Evaluated:
            found = super().__call__(*x)
            return found._replace(first=lambda: (1.0001 * found.first()[0],))

    with pytest.raises(AssertionError):
        test_first_derivatives_are_those_of_differences(Wrong(1.0), [np.ones(N)])


def test_a_share_never_falls_with_time():
    """What a vintage adds to the one before is not negative, but for the rule of nodes."""
    ages = np.geomspace(1.0, 3000.0, 400)
    known = VintageBins(np.full(400, LIST), ages, Linear(), np.ones(400))
    point = [np.full(400, x) for x in (1.0, 0.0, 4.5, 0.3, 6.0)]
    share = ReportedFraction(known, 0.8)(*point).value
    assert np.diff(share).min() > -1e-4
