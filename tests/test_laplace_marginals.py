"""Marginals of totals and of the coverage of lists, on a density whose integrals are known."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from lossmodel.inference.gates import DOUBT, FAIL, laplace_gate
from lossmodel.inference.laplace import diagnostics, marginals
from lossmodel.inference.laplace.fit import approximate, diagnosed
from lossmodel.inference.laplace.marginals import laplace_marginals
from lossmodel.inference.laplace.modes import Modes
from lossmodel.inference.laplace.quantities import Quantity, leading_lists, reported, slopes_of
from lossmodel.model.density.expansion import Expansion
from tests.test_gates import density_of

# Mean and factor of the logit of coverage, log count and its sd, log of another figure and its sd:
# the other figure lies below what the list and its usual coverage say.
COUNTED = (1.0, 1.5, 0.0, 0.1, 0.0, 0.3)
LIST = Quantity("coverage of names", "north", None)
TOTAL = Quantity("killed north", "north", None)


class Counted:
    """A standard normal x, of which coverage is the logistic, and a log total u that is counted."""

    density = None

    def log_density(self, x, u):
        level, factor, count, sd, other, other_sd = COUNTED
        log_coverage = -np.logaddexp(0, -(level + factor * x))
        return (
            -(x**2) / 2
            - ((u + log_coverage - count) / sd) ** 2 / 2
            - ((u - other) / other_sd) ** 2 / 2
        )

    def evaluate(self, theta, step=1e-5):
        moves = step * np.eye(2)
        gradient = [
            (self.log_density(*(theta + move)) - self.log_density(*(theta - move))) / (2 * step)
            for move in moves
        ]
        return float(self.log_density(*theta)), np.array(gradient)

    def expand(self, theta, held=None, step=1e-4):
        value, gradient = self.evaluate(theta)
        columns = [
            (self.evaluate(theta - move)[1] - self.evaluate(theta + move)[1]) / (2 * step)
            for move in step * np.eye(2)
        ]
        precision = (np.array(columns) + np.array(columns).T) / 2
        return SimpleNamespace(
            theta=theta,
            expansion=SimpleNamespace(value=value, gradient=gradient),
            log_det=float(np.linalg.slogdet(precision)[1]),
            newton=lambda right: np.linalg.solve(precision, right),
            precision=precision,
        )

    def mode(self):
        theta = np.zeros(2)
        for _ in range(50):
            point = self.expand(theta)
            theta = theta + 0.5 * point.newton(point.expansion.gradient)
        return self.expand(theta)


def quadrature(density: Counted) -> np.ndarray:
    """Limits and medians of x and of u, shape (3, 2)."""
    x, u = np.linspace(-8, 8, 1601), np.linspace(-2.5, 2.5, 2001)
    weights = np.exp(density.log_density(x[:, None], u[None, :]))
    found = []
    for values, mass in ((x, weights.sum(axis=1)), (u, weights.sum(axis=0))):
        shares = (np.cumsum(mass) - mass / 2) / mass.sum()
        found.append(np.interp([0.025, 0.5, 0.975], shares, values))
    return np.stack(found, axis=1)


@pytest.fixture
def drawn(monkeypatch):
    """Limits and medians of draws, shape (3, 2), for lists that are followed first from FAR on."""
    monkeypatch.setattr(
        marginals,
        "Levels",
        lambda density, theta: SimpleNamespace(
            slopes=lambda gradient: np.zeros(1), mean_excess=lambda point: np.zeros(1)
        ),
    )

    def draw(lists, far):
        monkeypatch.setattr(marginals, "FAR", far)
        density, rng = Counted(), np.random.default_rng(1)
        point = density.mode()
        found = laplace_marginals(density, point, lists, {TOTAL: np.array([0.0, 1.0])})
        root = np.linalg.cholesky(np.linalg.inv(point.precision))
        steps = rng.standard_normal((20_000, 2)) @ root.T
        theta = point.theta + steps + sum(marginal.shift(steps, rng) for marginal in found)
        return [m.name for m in found], np.quantile(theta, [0.025, 0.5, 0.975], axis=0)

    return draw


LISTS = {LIST: np.array([1.0, 0.0])}
# The agency's list has three counts up to the end, the staff's one of the first month.
ENDS = [("2023-03-31", 3000), ("2023-06-30", 7000), ("2023-12-31", 15000)]
ROWS = [
    f"c{i},agency,a,killed,cumulative,,{end},{count},,,exact,2024-06-30,s"
    for i, (end, count) in enumerate(ENDS)
] + ["d0,staff,a,killed,cumulative,,2023-01-31,700,,,exact,2024-06-30,s"]
STREAMS = "agency,a,killed,list\nstaff,a,killed,list\n"


def errors(found, exact):
    """Distance of the medians in sds, and ratio of the widths, of coverage and of the total."""
    width = exact[2] - exact[0]
    return (found[1] - exact[1]) / (width / 3.92), (found[2] - found[0]) / width


def test_a_list_that_is_followed_first_has_the_exact_marginals(drawn):
    names, found = drawn(LISTS, far=0.0)
    assert names == [LIST.name, TOTAL.name]
    medians, widths = errors(found, quadrature(Counted()))
    np.testing.assert_allclose(medians, 0, atol=0.08)
    np.testing.assert_allclose(widths, 1, atol=0.05)


def test_without_it_coverage_is_wrong(drawn):
    medians, widths = errors(drawn({}, far=0.0)[1], quadrature(Counted()))
    assert medians[0] < -0.12
    assert widths[0] < 0.9


def test_a_list_that_is_followed_last_leaves_the_total_as_it_is(drawn):
    names, found = drawn(LISTS, far=9.0)
    assert names == [TOTAL.name, LIST.name]
    alone = drawn({}, far=9.0)[1]
    np.testing.assert_allclose(found[:, 1], alone[:, 1], atol=1e-3)
    exact = quadrature(Counted())
    assert abs(errors(found, exact)[0][0]) < abs(errors(alone, exact)[0][0])


def test_the_list_that_goes_along_with_the_total_leads(tmp_path):
    density, point = with_lists(tmp_path)
    totals = slopes_of(density, point.theta, reported(density, point.theta))
    [(quantity, slope)] = leading_lists(density, point, totals).items()
    assert quantity.name == "coverage of agency a"
    assert np.abs(slope).max() > 0


def test_the_gate_is_about_totals(tmp_path):
    density, point = with_lists(tmp_path)
    laplace = approximate(density, start=point.theta)
    found = laplace.diagnostics
    assert {marginal.reported for marginal in found.marginals} == {True, False}
    [of_list] = [marginal for marginal in found.marginals if not marginal.reported]
    skewed = dataclasses.replace(of_list, excess=tuple(4.0 * k for k in of_list.knots))
    assert skewed.skew > FAIL
    others = tuple(dataclasses.replace(marginal, excess=(0.0,) * len(marginal.excess))
                   for marginal in found.marginals if marginal.reported)  # fmt: skip
    for changed, failures in ((skewed, 0), (dataclasses.replace(skewed, reported=True), 1)):
        normal = dataclasses.replace(found, marginals=(*others, changed), hyper_k=0.0)
        result = laplace_gate(dataclasses.replace(laplace, diagnostics=normal), limit=DOUBT)
        assert len(result) == failures


def with_lists(folder, *without):
    """Counts by two lists of one party, expanded at the mode."""
    density = density_of(folder, ROWS, STREAMS, without)
    return density, Modes(density).expand(approximate(density, diagnose=False).mode)


def step_within(point, rows, gradient):
    """Newton's step for a gradient where the products of rows and theta are held."""
    along, step = point.newton(rows.T), point.newton(gradient)
    return step - along @ np.linalg.solve(rows @ along, rows @ step)


@pytest.mark.parametrize("bent", [0.0, 5.0], ids=["definite", "indefinite"])
def test_curvature_across_a_plane_does_not_matter_within_it(tmp_path, monkeypatch, bent):
    """Log marginal and steps with a quantity held; without the plane Gauss-Newton's stand in."""
    density, mode = with_lists(tmp_path)
    totals = slopes_of(density, mode.theta, reported(density, mode.theta))
    rows = np.array([slope / np.sqrt(slope @ mode.newton(slope)) for slope in totals.values()])
    gradient = np.random.default_rng(1).standard_normal(density.size)

    def within(point):
        spread = np.linalg.slogdet(rows @ point.newton(rows.T))[1]
        return point.log_det + spread, step_within(point, rows, gradient)

    log_det, step = within(mode)
    clipped, latent = Expansion.clipped.fget, rows[:, Modes(density).hypers :]
    monkeypatch.setattr(
        Expansion, "clipped", property(lambda of: clipped(of) - bent * latent.T @ latent)
    )
    alone, held = (Modes(density).expand(mode.theta, across) for across in (None, rows))
    assert held.positive
    assert alone.positive == (not bent)
    np.testing.assert_allclose(within(held)[0], log_det, atol=1e-6)
    np.testing.assert_allclose(within(held)[1], step, atol=1e-6)
    assert (abs(within(alone)[0] - log_det) < 1e-6) == (not bent)


@pytest.mark.parametrize(
    ("divisions", "without", "settled"),
    [
        (marginals.DIVISIONS, (), True),
        (marginals.DIVISIONS, ("list_bounds",), True),
        (1, ("list_bounds",), False),
    ],
)
def test_knots_are_conditional_modes(tmp_path, monkeypatch, divisions, without, settled):
    """Without bounds the precision at one is almost singular: the twin stays where it is."""
    density, mode = with_lists(tmp_path, *without)
    monkeypatch.setattr(marginals, "DIVISIONS", divisions)
    decrements, log_marginal = [], marginals._Path._log_marginal

    def noted(path, point, rows):
        gradient = point.expansion.gradient
        decrements.append(gradient @ step_within(point, rows, gradient) / 2)
        return log_marginal(path, point, rows)

    monkeypatch.setattr(marginals._Path, "_log_marginal", noted)
    totals = slopes_of(density, mode.theta, reported(density, mode.theta))
    laplace_marginals(Modes(density), mode, {}, totals)
    assert (max(decrements) < 0.02) == settled


@pytest.mark.slow
def test_few_draws_of_the_noise_scales_do_not_decide_against_a_fit(tmp_path, monkeypatch):
    density = density_of(tmp_path, ROWS, STREAMS)
    alone = approximate(density, diagnose=False)
    asked = []

    def uneven_where_few(log_ratios):
        asked.append(len(log_ratios))
        return 1.0 if len(log_ratios) < diagnostics.DRAWS else 0.1

    monkeypatch.setattr(diagnostics, "pareto_k", uneven_where_few)
    found = diagnosed(density, alone).diagnostics
    assert found.hyper_k == 0.1
    assert diagnostics.FEWEST <= asked[0] <= diagnostics.MOST
    monkeypatch.setattr(diagnostics, "pareto_k", lambda log_ratios: asked.append(0) or 0.1)
    asked.clear()
    diagnosed(density, alone)
    # Twice for the noise scales, the second time as their k, and once for all unknowns.
    assert len(asked) == 3
