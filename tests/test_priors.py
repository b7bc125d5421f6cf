import math

import pytest

from lossmodel.conflict.durations import FORTNIGHT, HALF_YEAR, QUARTER
from lossmodel.errors import UsageError
from lossmodel.model import history, history_tables
from lossmodel.model.priors import USER_REASON, Prior, Priors

PRIORS = Priors.default()
NAMES = [prior.name for prior in PRIORS]

ROLES = ("adversary", "self", "third-party")
CLASSES = ("person", "equipment", "civilian")


@pytest.mark.parametrize("prior", list(PRIORS), ids=NAMES)
def test_every_prior_has_a_unit_and_a_reason(prior):
    assert prior.reason.endswith(".")
    assert prior.reason.count(". ") == 0, "one sentence"
    assert prior.unit
    assert math.isfinite(prior.mean)
    assert prior.sd >= 0
    assert prior.basis != "user"


def test_walks_are_meant_over_the_days_that_the_model_uses():
    days = {"rate.walk_sd": FORTNIGHT, "lethality.walk_sd": QUARTER}
    for prior in PRIORS:
        if " per square root of " in prior.unit:
            assert prior.unit.endswith(f" {days.get(prior.name, HALF_YEAR)} days")


@pytest.mark.parametrize("prior", list(PRIORS), ids=NAMES)
def test_limits_surround_the_median_and_narrow_with_their_probability(prior):
    wide, narrow = prior.interval(0.95), prior.interval(0.5)
    if prior.fixed:
        assert wide == narrow == (prior.median, prior.median)
    else:
        assert wide[0] < narrow[0] < prior.median < narrow[1] < wide[1]


@pytest.mark.parametrize(
    ("scale", "limits"),
    [("log", (0.2463, 28.74)), ("logit", (0.1976, 0.9664)), ("natural", (-1.40, 3.36))],
)
def test_limits_are_those_of_the_quantity(scale, limits):
    prior = Prior("any", mean=0.98, sd=1.2143, scale=scale, reason="A test.")
    assert prior.interval(0.95) == pytest.approx(limits, rel=2e-3)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", CLASSES)
def test_every_role_and_class_has_a_bias_and_a_spread_between_claimants(role, name):
    bias, between = PRIORS[f"bias.{role}.{name}"], PRIORS[f"bias.{role}.{name}.between"]
    assert not bias.fixed
    assert between.fixed
    assert between.mean > 0
    assert (bias.n, bias.clusters) == (between.n, between.clusters)


@pytest.mark.parametrize("leave_out", [(), "Battle of Britain", ("Kosovo 1999", "Korea 1950-53")])
def test_fewer_than_five_wars_are_marked_as_judgement(leave_out):
    for prior in Priors.from_history(leave_out):
        if prior.basis == "history":
            assert prior.clusters >= history.MIN_CLUSTERS


def test_leaving_a_war_out_changes_the_biases_that_it_informs_and_nothing_else():
    without = Priors.from_history(leave_out="Battle of Britain")
    changed = {new.name for old, new in zip(PRIORS, without, strict=True) if old != new}
    assert without.left_out == ("Battle of Britain",)
    assert "bias.adversary.equipment" in changed
    assert "bias.self.equipment" in changed
    assert all(name.startswith("bias.") for name in changed)
    assert not any(name.startswith("bias.third-party") for name in changed)


@pytest.mark.parametrize("name", ["Battle of Britain", "battle-of-britain", "KOSOVO 1999"])
def test_wars_are_found_by_name_and_slug(name):
    assert Priors.from_history(name) == Priors.from_history([name.upper()])
    assert Priors.from_history(name).entries != PRIORS.entries
    assert set(Priors.from_history(name).left_out) <= set(history_tables.read_clusters()["cluster"])


def test_an_unknown_war_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match=r"Punic War.*Battle of Britain"):
        Priors.from_history("Punic War")


@pytest.mark.parametrize(
    "priors",
    [
        PRIORS,
        Priors.from_history("Winter War"),
        PRIORS.replace({"common.sd": {"mean": 0.25, "reason": 'A "quoted" – reason.'}}),
    ],
)
def test_toml_round_trip(priors, tmp_path):
    path = tmp_path / "priors.toml"
    path.write_text(priors.to_toml(), encoding="utf-8")
    assert Priors.from_toml(path) == priors


@pytest.mark.parametrize("header", ["[common.sd]", '["common.sd"]', "[common]\n[common.sd]"])
def test_names_may_be_written_with_and_without_quotes(header, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(f"{header}\nmean = 0.25\n", encoding="utf-8")
    prior = Priors.from_toml(path)["common.sd"]
    assert (prior.mean, prior.basis, prior.reason) == (0.25, "user", USER_REASON)


def test_a_bias_and_its_spread_may_stand_in_nested_tables(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[bias.self.person]\nsd = 0.3\n[bias.self.person.between]\nmean = 0.2\n")
    priors = Priors.from_toml(path)
    assert priors["bias.self.person"].sd == 0.3
    assert priors["bias.self.person"].mean == PRIORS["bias.self.person"].mean
    assert priors["bias.self.person.between"].mean == 0.2


def test_a_file_may_leave_a_war_out(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('leave_out = "Battle of Britain"\n')
    assert Priors.from_toml(path) == Priors.from_history("Battle of Britain")


def test_median_is_of_the_quantity_and_mean_of_the_scale():
    by_median = PRIORS.replace({"delay.median": {"median": 60}})
    by_mean = PRIORS.replace({"delay.median": {"mean": math.log(60)}})
    assert by_median == by_mean
    assert by_median["delay.median"].median == pytest.approx(60)


def test_replacing_returns_a_new_table():
    before = PRIORS.to_toml()
    PRIORS.replace({"common.sd": {"mean": 0.3}})
    assert PRIORS.to_toml() == before


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"sd": -1}, "from 0 .a constant. to 10"),
        ({"sd": "wide"}, "finite number"),
        ({"mean": float("nan")}, "finite number"),
        ({"mean": True}, "finite number"),
        ({"median": 1.2}, "not possible on the logit scale"),
        ({"mean": 0, "median": 0.5}, "give one"),
        ({"scale": "log"}, "leave it out"),
        ({"average": 1}, "allowed: mean, median, sd"),
        ({"basis": "hope"}, "allowed: history"),
        ({"reason": 3}, "give a text"),
        ({"n": 2.5}, "whole number"),
    ],
)
def test_bad_rows_are_refused_with_the_reason(row, says):
    with pytest.raises(UsageError, match=says) as refused:
        PRIORS.replace({"lethality.level": row})
    assert "[lethality.level]" in str(refused.value)


def test_all_problems_are_named_at_once():
    with pytest.raises(UsageError) as refused:
        PRIORS.replace({"lethality.lvl": {"mean": 1}, "common.sd": {"sd": -1, "mean": "x"}})
    text = str(refused.value)
    for part in ("lethality.lvl", "Known: rate.level", "sd = -1", "mean = 'x'"):
        assert part in text


@pytest.mark.parametrize(
    "text", ["[common.sd", "mean = 1\n", "[common]\nmean = 1\n", "leave_out = 3"]
)
def test_files_that_are_not_tables_of_priors_are_refused(text, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError):
        Priors.from_toml(path)
    with pytest.raises(UsageError, match="There is no file"):
        Priors.from_toml(tmp_path / "absent.toml")


def test_the_table_has_one_row_per_prior_and_its_level():
    table = PRIORS.table(ci_prob=0.8)
    assert list(table["name"]) == NAMES
    assert (table["ci_prob"] == 0.8).all()
    lower, upper = PRIORS["declared.delay"].interval(0.8)
    row = table.set_index("name").loc["declared.delay"]
    assert (row["lower"], row["upper"]) == (lower, upper)


def test_a_reason_with_any_sign_is_read_back():
    priors = Priors.default().replace({"common.sd": {"reason": 'a "sign" \\ \x7f, \u0456 \t'}})
    assert Priors.from_bytes(priors.to_toml().encode(), "mine.toml") == priors
