"""Three densities that know nothing of one another: the fast one, PyMC's, and a plain sum.

All three leave nothing out but that the fast one omits the constant of the standard normal prior,
``-D/2 log(2 pi)``.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.evidence import Evidence, collect_evidence
from lossmodel.model import LossModel
from lossmodel.model.components import Components
from lossmodel.model.density.density import Density
from lossmodel.model.density.pymc import to_point
from lossmodel.model.design import Design, build_design
from lossmodel.model.design.streams import contained, declared_from
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import ACCOUNTINGS, AUXILIARY, BALANCE
from tests import small_war
from tests.plain_density import PlainDensity

# ArviZ announces its next version at every import.
pytestmark = pytest.mark.filterwarnings(r"ignore:\s*ArviZ is undergoing:FutureWarning")

DAY = pd.Timedelta(days=1)
CONFLICT = small_war.conflict()
EVIDENCE = small_war.evidence()
# Beyond a year days are taken together in cells; the last one is not full here.
LONG = dataclasses.replace(EVIDENCE, until=small_war.day(410))
# Short windows that stand alone, by hand: first and last days.
RAID = {"villagers": [(10, 12)]}
BATTLES = {"north": [(40, 41), (200, 200)], "guests": [(200, 200)]}
ALONE = small_war.evidence(
    [
        small_war.term(
            "south-staff", "north", "killed", value=700.0, days=((40, 41),), role="adversary"
        ),
        small_war.term(
            "south-staff", "north+guests", "casualties", value=900.0, days=((200, 200),)
        ),
        small_war.term("north-staff", "north", "killed", value=850.0, role="self"),
        small_war.term("north-staff", "north", "killed", value=400.0, days=((0, 60),), role="self"),
        small_war.term("south-office", "guests", "killed", value=30.0, days=((101, 190),)),
        # Running totals begin together, however short.
        small_war.term("gazette", "south", "killed", value=20.0, days=((0, 3),)),
        small_war.term("gazette", "south", "killed", value=200.0),
    ]
)
# More days than can have an effect, of which some stand out, and rounded zeros.
DAYS = small_war.evidence(
    [
        small_war.term(
            claimant, "north", "killed", value=value, days=((t, t),), accounting="ledger",
            rounding_sd=2.9 if value == 0 else 0.0,
        )
        for claimant, days in (("north-staff", range(107)), ("south-staff", range(25, 40)))
        for t in days
        for value in [{30: 900.0, 31: 0.0, 77: 4.0}.get(t, 40.0 + 10 * (t % 3))]
    ]
)  # fmt: skip
FIXED = Priors.default().replace(
    {
        **{p.name: {"sd": 0.0} for p in Priors.default() if p.name.endswith(("_sd", "excess"))},
        **{f"noise.{name}": {"sd": 0.0} for name in ("ledger_day", "estimate", "list")},
    }
)
PARTS = {name: LossModel(Components().without(name)) for name in Components.names()}
MODELS = {"everything": LossModel(), "scales fixed": LossModel(priors=FIXED), **PARTS}
CASES = {
    **{name: (model, EVIDENCE, "person") for name, model in MODELS.items()},
    "civilians": (LossModel(), EVIDENCE, "civilian"),
    "tanks": (LossModel(), EVIDENCE, "tanks"),
    "battles": (LossModel(), ALONE, "person"),
    "battles of a long war": (
        LossModel(),
        dataclasses.replace(ALONE, until=small_war.day(410)),
        "person",
    ),
    "days that stand out of a long series": (LossModel(), DAYS, "person"),
    "long war": (LossModel(), LONG, "person"),
    "long war, tanks": (LossModel(), LONG, "tanks"),
}
Case = tuple[LossModel, Evidence, str]
Function = Callable[[np.ndarray], tuple[float, np.ndarray]]

# Those without a component or learned scales are for the slow suite.
every_case = pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case, id=name, marks=[pytest.mark.slow] if name in (*PARTS, "scales fixed") else []
        )
        for name, case in CASES.items()
    ],
)


def points(design: Design, spreads: tuple[float, ...] = (0.0, 0.4, 1.0)) -> list[np.ndarray]:
    rng = np.random.default_rng(20010301)
    return [spread * rng.standard_normal(design.size) for spread in spreads]


def constant(design: Design) -> float:
    return design.size / 2 * np.log(2 * np.pi)


def assert_same_value(value: float, other: float) -> None:
    # The last increment of a register is a difference of nearly equal totals: digits are lost.
    assert value == pytest.approx(other, rel=1e-11, abs=1e-9)


def assert_same_gradient(gradient: np.ndarray, other: np.ndarray, *, rel: float = 1e-9) -> None:
    np.testing.assert_allclose(gradient, other, rtol=rel, atol=rel * np.abs(other).max())


def in_pymc(design: Design, model: Any) -> Function:
    """Value and gradient of a PyMC model, in the order of theta, without its long compilation."""
    import pytensor

    with pytensor.config.change_flags(traceback__limit=0):
        total = model.logp()
        outputs = [total, *pytensor.grad(total, model.value_vars)]
        mode = pytensor.compile.Mode(linker="py", optimizer=None)
        compiled = model.compile_fn(outputs, inputs=model.value_vars, mode=mode)
    places = to_point(design, np.arange(design.size))
    order = np.concatenate([places[variable.name] for variable in model.value_vars])

    def function(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, *slopes = compiled(to_point(design, theta))
        gradient = np.empty(design.size)
        gradient[order] = np.concatenate(slopes)
        return float(value), gradient

    return function


def battles_by_hand(case: Case) -> dict[str, list[tuple[int, int]]]:
    _, evidence, submodel = case
    if evidence.terms is ALONE.terms:
        return BATTLES
    return RAID if submodel == "civilian" else {}


def by_hand(case: Case) -> PlainDensity:
    model, evidence, submodel = case
    terms = model.design(evidence, CONFLICT, submodel).terms
    return PlainDensity(
        terms,
        CONFLICT,
        submodel=submodel,
        until=evidence.until,
        ended=evidence.ended,
        priors=model.priors,
        components=model.components,
        battles=battles_by_hand(case),
    )


def normals(design: Design, theta: np.ndarray) -> dict[str, np.ndarray]:
    return {group: theta[where] for group, where in design.parameters.groups.items()}


def assert_by_hand(design: Design, plain: PlainDensity, theta: np.ndarray) -> None:
    value = Density(design)(theta)[0] - constant(design)
    assert_same_value(value, plain(normals(design, theta)))


# The comparisons


@every_case
def test_value_and_gradient_are_those_of_pymc(case):
    model, evidence, submodel = case
    design = model.design(evidence, CONFLICT, submodel)
    reference, density = in_pymc(design, model.build(evidence, CONFLICT, submodel)), Density(design)
    for theta in points(design):
        value, gradient = density(theta)
        other, slopes = reference(theta)
        assert_same_value(value - constant(design), other)
        assert_same_gradient(gradient, slopes)


@every_case
def test_the_density_is_the_plain_sum_over_days_and_claims(case):
    model, evidence, submodel = case
    design = model.design(evidence, CONFLICT, submodel)
    [theta] = points(design, spreads=(0.7,))
    assert_by_hand(design, by_hand(case), theta)


@every_case
def test_gradient_is_that_of_differences(case):
    model, evidence, submodel = case
    density = Density(model.design(evidence, CONFLICT, submodel))
    [theta] = points(density.design, spreads=(0.4,))
    gradient = density(theta)[1]
    directions = np.random.default_rng(1).standard_normal((20, density.design.size))
    step = 1e-6 * directions
    differences = [density(theta + d)[0] - density(theta - d)[0] for d in step]
    assert_same_gradient(directions @ gradient, np.array(differences) / 2e-6, rel=1e-6)


@every_case
def test_density_is_finite_where_the_search_begins_and_far_from_it(case):
    model, evidence, submodel = case
    density = Density(model.design(evidence, CONFLICT, submodel))
    for theta in points(density.design, spreads=(0.0, 3.0)):
        value, gradient = density(theta)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@pytest.mark.slow
@pytest.mark.parametrize("submodel", ["person", "tanks"])
def test_the_three_densities_of_the_shipped_war_are_one(submodel):
    claims, model = load_claims(), LossModel()
    evidence, conflict = collect_evidence(claims), claims.conflict
    design = model.design(evidence, conflict, submodel)
    [theta] = points(design, spreads=(0.5,))
    value, gradient = Density(design)(theta)
    other, slopes = in_pymc(design, model.build(evidence, conflict, submodel))(theta)
    assert_same_value(value - constant(design), other)
    assert_same_gradient(gradient, slopes)
    plain = PlainDensity(
        design.terms,
        conflict,
        submodel=submodel,
        until=evidence.until,
        ended=evidence.ended,
        priors=model.priors,
        components=model.components,
    )
    assert_by_hand(design, plain, theta)


def test_every_unknown_is_heard_of_in_some_figure():
    design = LossModel().design(EVIDENCE, CONFLICT)
    [theta] = points(design, spreads=(0.4,))
    from_figures = Density(design)(theta)[1] + theta
    silent = {
        group for group, where in design.parameters.groups.items() if not from_figures[where].any()
    }
    assert silent == set()


def test_the_war_takes_every_branch():
    design = LossModel().design(EVIDENCE, CONFLICT)
    assert (np.bincount(design.observed.form, minlength=5) > 1).all()
    assert set(design.triangle.vintages.kind) == {0, 1, 2, 3}
    assert set(design.streams["observation_model"]) == {
        *ACCOUNTINGS,
        "stock",
        # Balances have tests of their own.
        *(set(AUXILIARY) - {BALANCE}),
    }
    assert set(design.streams["role"]) == {"self", "adversary", "third-party"}
    assert {scope.complement for scope in design.latent.scopes} == {True, False}
    assert (design.triangle.before >= 0).any()
    assert len(contained(design.streams, CONFLICT)) == 1
    assert declared_from(design.streams, CONFLICT)
    assert (design.factor_sign < 0).any()


# Laws


@pytest.mark.parametrize("seed", [1, 2])
def test_order_of_terms_does_not_matter(seed):
    shuffled = dataclasses.replace(
        EVIDENCE, terms=EVIDENCE.terms.sample(frac=1, random_state=seed, ignore_index=True)
    )
    assert_moves_alike(shuffled, {})


def test_names_of_claimants_do_not_matter():
    names = sorted(EVIDENCE.terms["claimant"].unique())
    renamed = {name: f"claimant-{len(names) - i}" for i, name in enumerate(names)}
    terms = EVIDENCE.terms.assign(claimant=EVIDENCE.terms["claimant"].map(renamed))
    assert_moves_alike(dataclasses.replace(EVIDENCE, terms=terms), renamed)


def assert_moves_alike(changed: Evidence, renamed: dict[str, str]) -> None:
    """The same parameters, under their new names, have the same density."""
    conflict = dataclasses.replace(CONFLICT, streams=CONFLICT.streams.replace(renamed))
    design = LossModel().design(EVIDENCE, CONFLICT)
    other = LossModel().design(changed, conflict)
    [theta] = points(design, spreads=(0.7,))
    places = by_stream(other, {})
    moved, gradient = np.empty(other.size), np.empty(other.size)
    for name, where in by_stream(design, renamed).items():
        moved[places[name]] = theta[where]
    value, slopes = Density(design)(theta)
    assert_same_value(Density(other)(moved)[0], value)
    for name, where in by_stream(design, renamed).items():
        gradient[places[name]] = slopes[where]
    assert_same_gradient(Density(other)(moved)[1], gradient)


def by_stream(design: Design, renamed: dict[str, str]) -> dict[str, slice]:
    """Groups by names in which a stream is not a number."""
    names = design.streams[["claimant", "party", "category"]].agg(" ".join, axis=1)
    found = {}
    for group, where in design.parameters.groups.items():
        words = group.split()
        words[1:] = [names[int(word)] if word.isdigit() else word for word in words[1:]]
        words = " ".join(words).split()
        found[" ".join(renamed.get(word, word) for word in words)] = where
    assert len(found) == len(design.parameters.groups)
    return found


# What must not pass


def _term(column: str, change: Callable[[Any], Any], **where: str) -> Callable[[Any], Any]:
    def apply(terms: Any) -> Any:
        chosen = np.logical_and.reduce([terms[key] == value for key, value in where.items()])
        first = np.flatnonzero(chosen)[0]
        values = terms[column].tolist()
        values[first] = change(values[first])
        return terms.assign(**{column: values})

    return apply


def _a_day_longer(days: Any) -> Any:
    return (*days[:-1], (days[-1][0], days[-1][1] + DAY))


def _a_day_less(window: Any) -> Any:
    return (window[0] + DAY, window[1])


def _a_day_later(date: Any) -> Any:
    return date + DAY


ERRORS = {
    "a window of a ledger": _term("days", _a_day_longer, accounting="ledger"),
    "a window of an estimate": _term("days", _a_day_longer, accounting="estimate"),
    "days of a list": _term("days", lambda d: (_a_day_less(d[0]), *d[1:]), accounting="list"),
    "knowledge of a list": _term("known", _a_day_later, accounting="list"),
    "knowledge of an estimate": _term("anchor_date", _a_day_later, value=70e3),
    "noise of a ledger": _term("n_days", lambda n: n + 1, accounting="ledger"),
    "rounding": _term("rounding_sd", lambda sd: 1.01 * sd, value=30e3),
    "form": _term("form", lambda _: "at-most", form="at-least"),
    "role": _term("role", lambda _: "third-party", accounting="estimate", role="adversary"),
    "scope": _term("scope", lambda _: "all", scope="ford"),
}


@pytest.mark.parametrize("spoil", ERRORS.values(), ids=ERRORS)
def test_an_error_in_one_term_is_found(spoil):
    model = LossModel()
    design = model.design(EVIDENCE, CONFLICT)
    wrong = build_design(
        spoil(design.terms),
        name="person",
        conflict=CONFLICT,
        priors=model.priors,
        components=model.components,
        until=EVIDENCE.until,
        ended=EVIDENCE.ended,
    )
    [theta] = points(wrong, spreads=(0.7,))
    plain = by_hand(CASES["everything"])
    with pytest.raises(AssertionError):
        assert_by_hand(wrong, plain, theta)


@pytest.mark.parametrize("name", ["window_map", "pair_window_map", "daily", "bias", "pair_map"])
def test_an_error_in_one_entry_of_a_map_is_found(name):
    design = LossModel().design(EVIDENCE, CONFLICT)
    wrong = getattr(design, name).copy()
    # In the middle of the pairs and of the days lie those of a party that is not there yet.
    entries = np.flatnonzero(wrong.data)
    part = 4 if name in ("pair_window_map", "daily") else 2
    wrong.data[entries[len(entries) // part]] *= 1.001
    wrong = dataclasses.replace(design, **{name: wrong})
    [theta] = points(wrong, spreads=(0.7,))
    with pytest.raises(AssertionError):
        assert_by_hand(wrong, by_hand(CASES["everything"]), theta)


def test_an_error_in_one_slope_is_found():
    density = Density(LossModel().design(EVIDENCE, CONFLICT))
    [theta] = points(density.design, spreads=(0.4,))
    gradient = density(theta)[1]
    wrong = gradient.copy()
    wrong[np.argmin(np.abs(gradient))] += 1e-5 * np.abs(gradient).max()
    with pytest.raises(AssertionError):
        assert_same_gradient(wrong, gradient)
