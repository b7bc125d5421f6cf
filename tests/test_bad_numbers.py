"""Numbers that no conflict and no prior has are refused with file, key and what is allowed."""

import tomllib

import numpy as np
import pytest

from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.errors import ClaimsError, UsageError
from lossmodel.importers.columns import read_columns
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from lossmodel.model.prior import mean_limits
from lossmodel.model.priors import Priors
from lossmodel.tables.toml import toml_values
from tests import small_war
from tests.small_conflict import TOML, changed, claims_csv, write_conflict

LONG = "9" * 400
NUMBERS = (LONG, f"-{LONG}", "1e300", "-1e300", "inf", "-inf", "nan", '"x"', "true", "[]")
SHARE = 'share = {form = "decaying", mean = 0.5, sd = 0.4, tau_days = 300, tau_sd = 0.3}'
# The key that is blamed, and the conflict with a value of it.
PLACES = {
    "start": lambda value, toml=TOML: toml.replace("start = 2001-01-01", f"start = {value}"),
    "end": lambda value, toml=TOML: toml.replace("end = 2003-12-31", f"end = {value}"),
    "parties.guests.from": lambda value, toml=TOML: toml.replace(
        "from = 2002-01-01", f"from = {value}"
    ),
    "scopes.coast.share": lambda value, toml=TOML: toml.replace(SHARE, f"share = {value}"),
    **{
        f"scopes.coast.share.{key}": lambda value, toml=TOML, was=was, key=key: toml.replace(
            f"{key} = {was}", f"{key} = {value}"
        )
        for key, was in (("mean", 0.5), ("sd", 0.4), ("tau_days", 300), ("tau_sd", 0.3))
    },
    "knots.rate_days": lambda value, toml=TOML: f"{toml}\n[knots]\nrate_days = {value}\n",
    "knots.drift_days": lambda value, toml=TOML: f"{toml}\n[knots]\ndrift_days = {value}\n",
}


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers_that_no_conflict_has_are_refused(tmp_path, value):
    """In every place at once, but for the whole share, which the keys of the share are in."""
    whole, text = "scopes.coast.share", TOML + "\n[knots]\n"
    for key in ("rate_days", "drift_days"):
        text += f"{key} = {value}\n"
    for place, change in PLACES.items():
        if place != whole and not place.startswith("knots"):
            changed_text = change(value, text)
            assert changed_text != text
            text = changed_text
    for toml, places in ((text, set(PLACES) - {whole}), (PLACES[whole](value), {whole})):
        with pytest.raises(ClaimsError) as refused:
            load_conflict(write_conflict(tmp_path / "sea", conflict=toml))
        found = refused.value.problems
        assert set(found["file"]) == {"conflict.toml"}
        assert places <= set(found["column"])
        assert found["allowed"].ne("").all()
        assert all(len(line) < 400 for line in str(refused.value).splitlines())


@pytest.mark.parametrize("value", ['""', "0000-00-00", "0001-01-01", '"9999-01-01"'])
def test_a_start_that_is_no_day_is_refused(tmp_path, value):
    with pytest.raises(ClaimsError, match=r"conflict\.toml") as refused:
        load_conflict(write_conflict(tmp_path / "sea", conflict=PLACES["start"](value)))
    assert "start" in str(refused.value) or "TOML" in str(refused.value)
    assert "from 1700 to 2199" in str(refused.value) or "1" not in value


def test_numbers_of_thousands_of_digits_are_refused(tmp_path):
    digits = "9" * 5000
    with pytest.raises(ClaimsError, match=r"conflict\.toml"):
        load_conflict(write_conflict(tmp_path / "sea", conflict=PLACES["start"](digits)))
    with pytest.raises(UsageError, match=r"mine\.toml"):
        Priors.from_bytes(f"[noise.nu]\nmean = {digits}".encode(), "mine.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (".".join("a" * 50_000) + " = 1", r"a key of more than 32 names \(at line 1\)"),
        ("# a\n" + '"\\"" . ' * 40 + "a = 1", r"a key of more than 32 names \(at line 2\)"),
        (f"a = {'[' * 100_000}", "more than 32 tables or lists within each other"),
        (f"a = {'[' * 400}{']' * 400}", "more than 32 tables or lists within each other"),
        (f"{'a.a.a.a = {' * 10}{'}' * 10}", "more than 32 tables or lists within each other"),
    ],
    ids=["dots", "texts", "open", "lists", "tables"],
)
def test_keys_and_values_too_deep_for_any_file_are_refused(tmp_path, text, words):
    with pytest.raises(ClaimsError, match=rf"conflict\.toml.*{words}"):
        load_conflict(write_conflict(tmp_path / "sea", conflict=text))
    with pytest.raises(UsageError, match=rf"mine\.toml.*{words}"):
        Priors.from_bytes(text.encode(), "mine.toml")
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ClaimsError, match=rf"map\.toml.*{words}"):
        read_columns(path)


def test_dots_in_texts_and_comments_are_no_keys():
    dots = ".".join("a" * 40)
    text = f'a = \'{dots}\' # {dots}\nb = """\n{dots}\n"""\nc = [{"1.5, " * 40}]'
    assert toml_values(text.encode())["a"] == dots


def test_what_a_map_of_columns_has_is_shown_cut(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text(f"a = [{'1, ' * 5000}]", encoding="utf-8")
    with pytest.raises(UsageError, match="is a text in quotes") as refused:
        read_columns(path)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("name", ["rate.level", "lethality.level", "bias.side_share"])
def test_numbers_that_no_prior_has_are_refused(name):
    default = Priors.default()
    for key in ("mean", "median", "sd", "n"):
        for value in (LONG, f"-{LONG}", "1e300", "inf", "nan", "700", "-700", '""'):
            change = {name: tomllib.loads(f"{key} = {value}")}
            if (key, value) == ("n", "700") or (name, key, value) == (
                "rate.level",
                "median",
                "700",
            ):
                default.replace(change)
                continue
            with pytest.raises(UsageError) as refused:
                default.replace(change)
            assert f"[{name}] {key} = " in str(refused.value)
            assert "give a" in str(refused.value)
            assert len(str(refused.value)) < 300


def test_a_file_of_such_priors_is_named():
    with pytest.raises(UsageError, match=r"mine\.toml: [^$]*\[rate\.level\] mean = 700"):
        Priors.from_bytes(b"[rate.level]\nmean = 700", "mine.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("common.sd", -0.15), ("noise.nu", 0), ("noise.nu", -5), ("bias.settling", -1)],
        *[("bias.self.ceiling_sd", 0), ("coverage.within_sd", 0)],
    ],
)
def test_constants_outside_their_range_are_refused(name, value):
    with pytest.raises(UsageError, match=rf"\[{name}\] mean = .* give a number from"):
        Priors.default().replace({name: {"mean": value}})


@pytest.mark.slow
def test_the_density_is_finite_at_the_limits_of_every_range():
    default = Priors.default()
    for prior in default:
        for mean in mean_limits(prior):
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


@pytest.mark.parametrize("value", [LONG, f"-{LONG}", "1e300", "inf", "nan", f"0.{LONG}e400"])
def test_numbers_that_no_claim_has_are_refused(tmp_path, value):
    columns = ("value", "low", "high")
    text = claims_csv(changed(2, **dict.fromkeys(columns, value)))
    with pytest.raises(ClaimsError) as refused:
        load_claims(conflict=write_conflict(tmp_path / "sea", claims=text))
    found = refused.value.problems
    assert set(found["file"]) == {"claims.csv"}
    assert set(found["row"]) == {4}
    assert set(found["column"]) == set(columns)
    assert found["allowed"].ne("").all()
