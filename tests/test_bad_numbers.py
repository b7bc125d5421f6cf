"""Numbers that no conflict and no prior has are refused with file, key and what is allowed."""

import numpy as np
import pytest

from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.errors import ClaimsError, UsageError
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from lossmodel.model.prior import _range
from lossmodel.model.priors import Priors
from tests import small_war
from tests.small_conflict import TOML, changed, claims_csv, write_conflict

LONG = "9" * 400
NUMBERS = (LONG, f"-{LONG}", "1e300", "-1e300", "inf", "-inf", "nan", '"x"', "true", "[]")
SHARE = 'share = {form = "decaying", mean = 0.5, sd = 0.4, tau_days = 300, tau_sd = 0.3}'
# The key that is blamed, and the conflict with a value of it.
PLACES = {
    "start": lambda value: TOML.replace("start = 2001-01-01", f"start = {value}"),
    "end": lambda value: TOML.replace("end = 2003-12-31", f"end = {value}"),
    "parties.guests.from": lambda value: TOML.replace("from = 2002-01-01", f"from = {value}"),
    "scopes.coast.share": lambda value: TOML.replace(SHARE, f"share = {value}"),
    **{
        f"scopes.coast.share.{key}": lambda value, was=was, key=key: TOML.replace(
            f"{key} = {was}", f"{key} = {value}"
        )
        for key, was in (("mean", 0.5), ("sd", 0.4), ("tau_days", 300), ("tau_sd", 0.3))
    },
    "knots.rate_days": lambda value: f"{TOML}\n[knots]\nrate_days = {value}\n",
    "knots.drift_days": lambda value: f"{TOML}\n[knots]\ndrift_days = {value}\n",
}


@pytest.mark.parametrize("place", PLACES)
def test_numbers_that_no_conflict_has_are_refused(tmp_path, place):
    for count, value in enumerate(NUMBERS):
        toml = PLACES[place](value)
        assert toml != TOML
        with pytest.raises(ClaimsError) as refused:
            load_conflict(write_conflict(tmp_path / str(count), conflict=toml))
        found = refused.value.problems.iloc[0]
        assert (found["file"], found["column"]) == ("conflict.toml", place)
        assert found["allowed"]
        assert len(str(refused.value).splitlines()[1]) < 400


@pytest.mark.parametrize("value", ['""', "0000-00-00", '"9999-01-01"'])
def test_a_start_that_is_no_day_is_refused(tmp_path, value):
    with pytest.raises(ClaimsError, match=r"conflict\.toml") as refused:
        load_conflict(write_conflict(tmp_path / "sea", conflict=PLACES["start"](value)))
    assert "start" in str(refused.value) or "TOML" in str(refused.value)


def test_numbers_of_thousands_of_digits_are_refused(tmp_path):
    digits = "9" * 5000
    with pytest.raises(ClaimsError, match=r"conflict\.toml"):
        load_conflict(write_conflict(tmp_path / "sea", conflict=PLACES["start"](digits)))
    with pytest.raises(UsageError, match=r"mine\.toml"):
        Priors.from_bytes(f"[noise.nu]\nmean = {digits}".encode(), "mine.toml")


@pytest.mark.parametrize("value", [LONG, f"-{LONG}", "1e300", "inf", "nan", "700", "-700", '""'])
@pytest.mark.parametrize("key", ["mean", "median", "sd", "n"])
@pytest.mark.parametrize("name", ["rate.level", "lethality.level", "bias.side_share"])
def test_numbers_that_no_prior_has_are_refused(name, key, value):
    if (key, value) == ("n", "700") or (name, key, value) == ("rate.level", "median", "700"):
        Priors.from_bytes(f"[{name}]\n{key} = {value}".encode(), "mine.toml")
        return
    with pytest.raises(UsageError) as refused:
        Priors.from_bytes(f"[{name}]\n{key} = {value}".encode(), "mine.toml")
    assert "mine.toml" in str(refused.value)
    assert f"[{name}] {key} = " in str(refused.value)
    assert "give a" in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("name", "value"),
    [("common.sd", -0.15), ("noise.nu", 0), ("noise.nu", -5), ("bias.settling", -1)],
)
def test_constants_outside_their_range_are_refused(name, value):
    with pytest.raises(UsageError, match=rf"\[{name}\] mean = .* give a number from"):
        Priors.default().replace({name: {"mean": value}})


@pytest.mark.slow
def test_the_density_is_finite_at_the_limits_of_every_range():
    default = Priors.default()
    for prior in default:
        for mean in _range(prior):
            model = LossModel(priors=default.replace({prior.name: {"mean": mean}}))
            for name in ("person", "civilian", "tanks"):
                design = model.design(small_war.evidence(), small_war.conflict(), name)
                value, slope = Density(design)(np.zeros(design.size))
                assert np.isfinite(value), (prior.name, mean)
                assert np.isfinite(slope).all(), (prior.name, mean)


def test_the_default_priors_are_in_their_ranges():
    default = Priors.default()
    changes = {prior.name: {"mean": prior.mean, "sd": prior.sd} for prior in default}
    assert len(default.replace(changes)) == len(default)


@pytest.mark.parametrize("column", ["value", "low", "high"])
@pytest.mark.parametrize("value", [LONG, f"-{LONG}", "1e300", "inf", "nan", f"0.{LONG}e400"])
def test_numbers_that_no_claim_has_are_refused(tmp_path, column, value):
    text = claims_csv(changed(2, **{column: value}))
    folder = write_conflict(tmp_path / "sea", claims=text)
    with pytest.raises(ClaimsError) as refused:
        load_claims(conflict=folder)
    found = refused.value.problems.iloc[0]
    assert (found["file"], found["row"], found["column"]) == ("claims.csv", 4, column)
    assert found["allowed"]
