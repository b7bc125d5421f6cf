"""The public fit: its methods are the functions of its data, and what they give has its dims."""

import dataclasses
import datetime as dt
import inspect
import json
import pickle
import types

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import lossmodel as lm
from lossmodel.api import claims_of, entry
from lossmodel.errors import UsageError
from lossmodel.evaluation.accountings import with_other_accountings
from lossmodel.evaluation.tasks import run_tasks
from lossmodel.inference import arviz as compatibility
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.posterior import fit as data
from lossmodel.posterior import fitting, groups, tables
from lossmodel.posterior import losses as all_losses
from lossmodel.posterior.chains import common_lead, dealt
from lossmodel.posterior.estimates import COLUMNS as ESTIMATES
from lossmodel.posterior.estimates import estimates_table
from lossmodel.posterior.groups import datasets
from lossmodel.posterior.losses import DIMS
from lossmodel.posterior.netcdf import fit_checksum
from lossmodel.posterior.rates import rates
from lossmodel.posterior.tables import with_tables
from tests.small_conflict import write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

EARLY = pd.Timestamp("2022-07-01")


@pytest.fixture(scope="module")
def fitted():
    """People with scopes and a sum of parties, and a class of equipment."""
    return lm.fit(
        lm.load_claims(), engine="laplace", as_of=EARLY, submodels=("person", "tanks"), draws=60
    )


def test_tables_and_daily_losses_have_one_source(fitted):
    table = estimates_table(fitted)
    keys = ["party", "category", "scope"]
    for key in fitted.series:
        daily = fitted.daily(*key)
        rows = table[(table[keys] == list(key)).all(axis=1)]
        own = rows[rows["measure"] == "daily"]
        np.testing.assert_allclose(own["median"], np.median(daily, axis=0), rtol=1e-12)
        total = rows[rows["measure"] == "cumulative"].iloc[-1]
        np.testing.assert_allclose(total["mean"], daily.sum(axis=1).mean(), rtol=1e-12)
        party, category, scope = key
        losses = fitted.losses_of(category, party, scope=scope)
        np.testing.assert_array_equal(losses.stack(s=("chain", "draw")).T, daily)
        assert dict(losses.sizes) == {"chain": 1, "draw": 60, "day": len(fitted.days)}
        if scope == "all":
            every = fitted.equipment_losses if category == "tanks" else fitted.losses
            one = every.sel(party=party, category=category)
            np.testing.assert_array_equal(one.stack(s=("chain", "draw")).T, daily)


def test_all_losses_are_one_array_with_units(fitted):
    people, equipment = fitted.losses, fitted.equipment_losses
    assert people.dims == equipment.dims == DIMS
    assert (people.attrs["units"], equipment.attrs["units"]) == (
        "persons per day",
        "items per day",
    )
    assert people["category"].to_numpy().tolist() == ["killed", "wounded", "casualties"]
    assert equipment["category"].to_numpy().tolist() == ["tanks"]
    assert people["day"].to_index().equals(fitted.days.rename("day"))
    month = people.sel(category="killed", day="2022-03").sum("day", skipna=False)
    own = fitted.daily("ukraine", "killed")[:, fitted.days.month == 3].sum(axis=1)
    np.testing.assert_allclose(month.sel(party="ukraine")[0], own, rtol=1e-12)


def test_losses_are_worked_out_only_where_they_are_read(fitted, monkeypatch):
    asked = []

    def counted(fit, party, category, *args, **options):
        asked.append((party, category))
        return rates(fit, party, category, *args, **options)

    monkeypatch.setattr(all_losses, "rates", counted)
    found = fitted.losses
    assert "persons per day" in repr(found)
    assert found.copy(deep=True).sizes == found.sizes
    assert asked == []
    chosen = found.sel(party="russia", day=["2022-03-01", "2022-03-03"]).isel(draw=5, category=[0])
    assert chosen.values.shape == (1, 1, 2)
    assert asked == [("russia", "killed")]


def test_losses_that_are_not_estimated_are_missing(fitted, monkeypatch):
    known = [key for key in fitted.series if key != ("ukraine", "wounded", "all")]
    other = dataclasses.replace(fitted)
    other.cache.keep("series", known)
    found = other.losses.sel(party="ukraine").isel(draw=0, day=0)
    assert np.isnan(found.sel(category="wounded")).all()
    assert np.isfinite(found.sel(category="killed")).all()


def test_draws_of_submodels_of_different_lengths_are_cut_and_not_filled_up():
    lead = common_lead([(1, 1000), (4, 400), (4, 425)])
    assert lead == (4, 250)
    own = dealt(np.arange(1000.0)[None], lead)
    assert len(np.unique(own)) == 1000
    assert dealt(np.arange(1700).reshape(4, 425), lead).shape == lead
    assert common_lead([(1, 3), (4, 400)]) == (1, 3)


def test_a_query_takes_them_from_there_too(fitted):
    total = fitted.daily("russia", "killed").sum(axis=1)
    found = json.loads(fitted.query("killed russia", form="json"))
    assert found["median"] == pytest.approx(np.median(total), rel=1e-12)


def test_an_answer_is_a_text_with_its_table_and_its_draws(fitted):
    found = fitted.query("killed russia 2022-03")
    assert isinstance(found, str)
    assert found.upper().startswith("KILLED RUSSIA, 2022-03-01 TO 2022-03-31")
    march = fitted.daily("russia", "killed")[:, fitted.days.month == 3].sum(axis=1)
    np.testing.assert_allclose(found.draws, march, rtol=1e-12)
    assert found.table["median"].item() == pytest.approx(np.median(march))
    assert set(ESTIMATES) <= set(found.table)
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again.table.equals(found.table)
    ratio = fitted.query("killed russia / killed ukraine", form="JSON")
    assert json.loads(ratio)["median"] == pytest.approx(np.median(ratio.draws))


def test_the_answer_of_a_question_about_a_day_has_days_as_draws(fitted):
    total = fitted.daily("russia", "killed").cumsum(axis=1)
    number = round(np.quantile(total[:, -1], 0.5))
    found = fitted.query(f"when killed russia passes {number}")
    never = np.isnat(found.draws)
    assert never.mean() == pytest.approx(found.table["never_share"].item())
    own = [fitted.days[(row >= number).argmax()] for row in total[~never]]
    assert found.draws[~never].tolist() == [day.date() for day in own]


@pytest.mark.parametrize("text", [None, 3, ["killed", "russia"]])
def test_a_question_is_a_text(fitted, text):
    with pytest.raises(UsageError, match="the question is .*; give a text such as"):
        fitted.query(text)


def test_a_sum_of_parties_that_nobody_declared_can_be_asked_for(fitted):
    total = fitted.daily("russia", "killed") + fitted.daily("ukraine", "killed")
    found = json.loads(fitted.query("killed russia+ukraine", form="json"))
    assert found["median"] == pytest.approx(np.median(total.sum(axis=1)), rel=1e-12)


def test_a_scope_that_is_not_modelled_has_no_rates(fitted):
    with pytest.raises(UsageError, match="no estimates of tanks russia citizens"):
        rates(fitted, "russia", "tanks", "citizens")
    with pytest.raises(UsageError, match="No scope 'nowhere'; there are: all, "):
        fitted.daily("russia", "killed", "nowhere")


def test_a_scope_of_a_sum_is_that_of_the_party_that_it_divides(fitted):
    of_sum = rates(fitted, "russia+north-korea", "killed", "citizens").daily()
    np.testing.assert_array_equal(of_sum, fitted.daily("russia", "killed", "citizens"))


def test_the_prior_is_wider(fitted):
    total = [
        np.log(fitted.daily("russia", "killed", prior=prior).sum(axis=1)).std()
        for prior in (False, True)
    ]
    assert total[0] < total[1]


def test_the_summary_has_the_total_of_each_series(fitted):
    summary = fitted.summary()
    assert list(zip(summary["party"], summary["category"], summary["scope"], strict=True)) == (
        fitted.series
    )
    assert (summary["end"] == fitted.days[-1]).all()


def test_names_are_the_same_in_upper_and_lower_case(fitted):
    pd.testing.assert_frame_equal(
        fitted.estimate("Killed", "RUSSIA", scope="Citizens", measure="Monthly"),
        fitted.estimate("killed", "russia", scope="citizens", measure="monthly"),
    )
    claimant = fitted.streams["claimant"].iloc[0]
    assert fitted.bias(claimant.upper()).equals(fitted.bias(claimant))
    np.testing.assert_array_equal(
        fitted.daily("Russia", "TANKS"), fitted.losses_of("tanks", "RUSSIA")[0]
    )
    assert fitted.submodel_of("Russia", "Killed").design.name == "person"


NOT_NAMES = [
    (lambda f: f.estimate("killd", "russia"), r"No category 'killd'; .* Did you mean killed\?"),
    (lambda f: f.estimate("killed", "rusia"), r"No party 'rusia'; .* Did you mean russia\?"),
    (lambda f: f.daily("killed", "russia"), "No category 'russia'; there are: killed, "),
    (lambda f: f.estimate(3, "russia"), r"No category 3; .* Give a name as text\."),
    (lambda f: f.estimate("killed", "russia", scope=None), "No scope None; there are: all, "),
    (lambda f: f.estimate("killed", "russia", measure="hourly"), "No measure 'hourly'; .* daily, "),
    (lambda f: f.bias("nobody"), "No claimant 'nobody'; there are: "),
    (lambda f: lm.plot_losses(f, party="rusia"), "No party 'rusia'"),
    (
        lambda f: lm.plot_losses(f, measure="hourly"),
        "No measure 'hourly'; there are: daily, .* cumulative",
    ),
    (lambda f: lm.plot_biases(f, group="tanks"), "No group 'tanks'; there are: person, equipment"),
    (lambda f: lm.plot_biases(f, page="a"), "page is 'a'; give a whole number"),
    (lambda f: lm.plot_biases(f, page=0), "page is 0; give a whole number from 1 to 1"),
    (lambda f: lm.plot_biases(f, page=99), "page is 99; give a whole number from 1 to 1"),
    (lambda f: lm.plot_losses(f, ax="x"), "ax is 'x'; give the Axes of a figure"),
    (lambda f: f.claims.triangle("nobody", None), "party is None; give a name"),
    (lambda f: f.claims.select("killed"), "True or False for each of"),
    (lambda f: f.claims.select(None), "True or False for each of"),
    (lambda f: f.claims.select([True] * 3), "True or False for each of"),
    (lambda f: f.claims.select([pd.NA] * len(f.claims)), "True or False for each of"),
    (lambda f: lm.load_claims(f.claims.table["value"]), "claims is an object of type Series"),
    (lambda f: lm.simulate(seed=1, level_sd=-1), "level_sd is -1; give a number from 0 on"),
    (lambda f: lm.simulate(seed=1, misspecifications="spike"), r"give a list, such as \['spike'\]"),
]


@pytest.mark.parametrize(("ask", "words"), NOT_NAMES, ids=range(len(NOT_NAMES)))
def test_a_name_that_there_is_not_is_an_error_with_those_that_there_are(fitted, ask, words):
    with pytest.raises(UsageError, match=words):
        ask(fitted)


@pytest.mark.parametrize("ci_prob", [0, 1, 95, -0.5, float("nan"), "0.9", True, [0.9]])
def test_every_interval_has_a_probability(fitted, ci_prob):
    words = r"ci_prob is .*; give a probability between 0 and 1, such as 0\.95"
    for ask in (
        lambda: fitted.estimate("killed", "russia", ci_prob=ci_prob),
        lambda: fitted.summary(ci_prob=ci_prob),
        lambda: fitted.bias(ci_prob=ci_prob),
        lambda: fitted.query("killed russia", ci_prob=ci_prob),
        lambda: lm.fit(SHORT, ci_prob=ci_prob),
        lambda: lm.Priors.default().table(ci_prob=ci_prob),
        lambda: lm.plot_losses(fitted, ci_prob=ci_prob),
    ):
        with pytest.raises(UsageError, match=words):
            ask()


def test_a_narrower_interval_lies_within(fitted):
    for wide, narrow in (
        (fitted.summary(), fitted.summary(ci_prob=0.5)),
        *((fitted.bias(), fitted.bias(ci_prob=0.5)) for _ in range(1)),
    ):
        lower, upper = (c for c in wide if c in ("lower", "upper", "ratio_lower", "ratio_upper"))
        assert (wide[lower] < narrow[lower]).all()
        assert (wide[upper] > narrow[upper]).all()
        assert set(narrow["ci_prob"]) == {0.5}


SHORT = "battle-of-britain"
WRONG = [
    ({"engine": "gibbs"}, r"engine is 'gibbs'; it must be one of auto, laplace, hmc, nuts\."),
    ({"engine": None}, "engine is None; it must be one of auto"),
    *(({"seed": seed}, r"seed is .*; give a whole number from 0 to 4,294,967,295")
      for seed in (-1, 1.5, "one", None, True, 2**32, 10**5000)),
    *(({"draws": draws}, r"draws is .*; give a whole number from 2 to 1,000,000")
      for draws in (0, -1, 1, 1.5, "many", 10**9)),
    *(({name: day}, rf"{name} is .*; give a day of the calendar .* YYYY-MM-DD")
      for name in ("as_of", "until")
      for day in ("01/02/2024", "2024-02-30", "20240201", 2024, pd.NaT,
                  pd.Timestamp("1940-09-01", tz="UTC"), "0001-01-01", dt.date(9999, 12, 31))),
    ({"patience": -1}, "patience is -1; give seconds, a number from 0 on"),
    ({"submodels": "persn"}, r"No submodel 'persn'; .* Did you mean person\?"),
    ({"submodels": 3}, r"submodels is 3; give names, such as person, civilian\."),
    ({"priors": "mine.toml"}, r"priors is 'mine.toml'; give priors, such as Priors\.from_toml"),
    ({"components": {"drift": False}}, "components is an object of type dict; give Components"),
    ({"start": "fit.nc"}, "start is 'fit.nc'; give an earlier fit"),
    ({"progress": True}, "progress is True; give a function of a text"),
    ({"conflict": "russia-ukraine"}, "conflict goes with a table or a file"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "words"), WRONG, ids=range(len(WRONG)))
def test_an_argument_that_cannot_be_is_an_error_that_says_what_can(options, words):
    with pytest.raises(UsageError, match=words) as refused:
        lm.fit(SHORT, **options)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("day", ["1940-09-01", dt.date(1940, 9, 1), np.datetime64("1940-09-01")])
def test_a_day_may_be_a_text_or_a_date(monkeypatch, day):
    seen = {}
    monkeypatch.setattr(fitting, "fit_claims", lambda claims, **options: seen.update(options))
    monkeypatch.setattr(entry, "_with_methods", lambda found: found)
    options = {"seed": np.int64(3), "submodels": "Aircraft", "draws": np.int32(9)}
    lm.fit(SHORT, as_of=day, engine="laplace", **options)
    assert seen["as_of"] == pd.Timestamp("1940-09-01")
    assert (seen["seed"], seen["submodels"], seen["draws"]) == (3, ("aircraft",), 9)
    assert seen["engine"] == "laplace"


OTHER_THINGS = [
    (lambda f: lm.load_claims(3), "claims is 3; give a DataFrame, or the name of a file"),
    (lambda f: lm.load_claims(conflict=3), "conflict is 3; give the name of a file or folder"),
    (lambda f: lm.load_conflict(None), "conflict is None; give the name"),
    (lambda f: lm.load_fit(3), "path is 3; give the name of a file"),
    (lambda f: f.save(3), "path is 3; give the name of a file"),
    (lambda f: lm.check(SHORT), "claims is 'battle-of-britain'; give claims of `load_claims`"),
    (lambda f: lm.cite("fit.nc"), "fit is 'fit.nc'; give a fit, such as load_fit"),
    (lambda f: lm.cite(form="apa"), "No format 'apa'; there are: text, bibtex"),
    (lambda f: lm.write_report(f.claims, "report"), "fit is an object of type Claims; give a fit"),
    (lambda f: lm.plot_losses("fit.nc"), "fit is 'fit.nc'; give a fit"),
    (lambda f: lm.plot_biases(None), "fit is None; give a fit"),
    (lambda f: lm.plot_predictions(3), "fit is 3; give a fit"),
    (lambda f: f.bias_draws(10**6), "stream is 1000000; give a whole number from 0 to "),
    (lambda f: f.omega_draws("uk-di"), "stream is 'uk-di'; give a whole number"),
    (lambda f: lm.simulate(seed="one"), "seed is 'one'; give a whole number"),
    (lambda f: lm.backtest(SHORT, dates=["01/09/1940"]), "dates is '01/09/1940'; give a day"),
    (lambda f: lm.sensitivity(3), "claims is 3; give claims of `load_claims`"),
]


@pytest.mark.parametrize(("ask", "words"), OTHER_THINGS, ids=range(len(OTHER_THINGS)))
def test_a_thing_of_another_kind_is_an_error_in_words(fitted, ask, words):
    with pytest.raises(UsageError, match=words):
        ask(fitted)


def test_claims_may_be_named_by_whatever_holds_them(tmp_path):
    folder = write_conflict(tmp_path / "mine")
    own = lm.load_claims(conflict=folder)
    for given, options in [
        (own, {}),
        (folder, {}),
        (str(folder), {}),
        (folder / "conflict.toml", {}),
        (own.conflict, {}),
        (folder / "claims.csv", {}),
        (str(folder / "claims.csv"), {"conflict": folder}),
        (own.table, {"conflict": own.conflict}),
    ]:
        found = claims_of(given, **options)
        assert found.conflict.name == "mine"
        assert found.table["claim_id"].tolist() == own.table["claim_id"].tolist()
    assert claims_of(SHORT.upper()).conflict.name == SHORT


def test_what_holds_no_claims_is_one_clear_error(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "fit.nc").touch()
    (tmp_path / "x.csv").write_text("date,side,what,number\n2022-03-01,russia,killed,3\n")
    for given, words in [
        (tmp_path / "none.csv", r"There is no file '.*none\.csv', and no shipped conflict of that"),
        ("rusia-ukraine", r"no shipped conflict of that name; there are: .*russia-ukraine"),
        (
            tmp_path / "empty",
            r"is a folder without a conflict\.toml: give the folder of a conflict",
        ),
        (tmp_path / "fit.nc", r"is no table of claims; a saved fit is read by load_fit\("),
        ("kargil", r"no shipped conflict of that name; .* Did you mean kargil1999\?"),
        (7, "claims is 7; give claims of `load_claims`, a DataFrame, a CSV file, a conflict"),
        (None, "claims is None; give"),
    ]:
        with pytest.raises(UsageError, match=words) as refused:
            lm.fit(given)
        assert "\n" not in str(refused.value)
    with pytest.raises(lm.ClaimsError, match=r"x\.csv") as refused:
        lm.fit(tmp_path / "x.csv")
    assert "read as claims of russia-ukraine; give another conflict" in refused.value.__notes__[0]


def test_a_fit_is_frozen_data(fitted):
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.seed = 2
    assert isinstance(fitted, data.Fit)
    own = {name for name, value in vars(data.Fit).items() if inspect.isfunction(value)}
    assert {name for name in own if not name.startswith("_")} == set()


def test_tables_that_are_given_are_those_of_the_copy_alone(fitted):
    before = fitted.terms
    other = with_tables(fitted, {"terms": before.head(3)})
    assert isinstance(other, lm.Fit)
    assert len(other.terms) == 3
    assert fitted.terms is before
    assert other.series == fitted.series


def test_what_was_worked_out_is_not_sent_to_other_processes(fitted):
    assert fitted.variance_decomposition is fitted.variance_decomposition
    small = dataclasses.replace(fitted, submodels={})
    small.cache.keep("series", ["made up"])
    assert pickle.loads(pickle.dumps(small)).series == []


@pytest.mark.slow
def test_arviz_gets_the_groups_of_the_file(fitted):
    found = fitted.to_arviz()
    assert set(datasets(fitted)) == {
        *("posterior", "prior", "posterior_predictive", "log_likelihood", "observed_data"),
        *("constant_data", "sample_stats"),
    }
    for name, group in datasets(fitted).items():
        assert set(found[name].data_vars) == set(group.data_vars)
    shape = found["posterior"]["person_log_rate_russia"].shape
    assert shape[:2] == (1, 60)
    total = found["posterior"]["total"].sel(series="killed russia")
    np.testing.assert_allclose(total[0], fitted.daily("russia", "killed").sum(axis=1), rtol=1e-12)
    assert found["posterior"]["series"].to_numpy().tolist() == [
        f"{category} {party}" + ("" if scope == "all" else f" {scope}")
        for party, category, scope in fitted.series
    ]


def test_replicated_figures_of_two_submodels_are_independent(fitted):
    tanks = fitted.submodels["tanks"]
    drawn = [
        groups._predicted(fitted, name, tanks)[f"{name}_log1p_figure"].values
        for name in ("tanks", "ships")
    ]
    assert not np.array_equal(*drawn, equal_nan=True)


@pytest.mark.slow
def test_submodels_that_were_sampled_apart_have_complete_draws_together(fitted):
    """One chain of independent draws beside four: nothing is filled up, none counts twice."""
    tanks = fitted.submodels["tanks"]
    theta = tanks.posterior.theta.reshape(4, 15, -1)[:, :12]
    sampled = dataclasses.replace(
        tanks, posterior=SubmodelDraws(tanks.posterior.model, theta), engine="nuts"
    )
    mixed = dataclasses.replace(fitted, submodels={**fitted.submodels, "tanks": sampled})
    posterior = mixed.draws
    assert (posterior.sizes["chain"], posterior.sizes["draw"]) == (4, 12)
    assert all(np.isfinite(found).all() for found in posterior.data_vars.values())
    own = posterior["total"].sel(series="killed russia").to_numpy().ravel()
    assert len(np.unique(own)) == 48
    total = fitted.daily("russia", "killed").sum(axis=1)
    assert np.isclose(own[:, None], total, rtol=1e-12).any(axis=1).all()
    alone = mixed.to_arviz(submodels="person")["posterior"]
    assert (alone.sizes["chain"], alone.sizes["draw"]) == (1, 60)
    assert mixed.losses.shape[:2] == (1, 60)
    ratio = mixed.query("killed russia / tanks russia")
    assert ratio.draws.shape == (48,)
    assert mixed.equipment_losses.shape[:2] == (4, 12)
    with pytest.raises(UsageError, match=r"No submodel 'persn'; there are: person, tanks\."):
        mixed.to_arviz(submodels="persn")


def test_arviz_1_gets_a_tree(fitted, monkeypatch):
    later = types.SimpleNamespace(__version__="1.0.0")
    monkeypatch.setattr(compatibility, "import_arviz", lambda: later)
    found = fitted.to_arviz()
    assert isinstance(found, xr.DataTree)
    assert set(found.children) == set(datasets(fitted))
    assert found["posterior"]["tanks_log_rate_russia"].dims[:2] == ("chain", "draw")


@pytest.mark.parametrize(
    "as_held",
    [
        lambda days: days.astype(object),
        lambda days: days.dt.tz_localize("Asia/Kolkata"),
        lambda days: days.astype("datetime64[s]"),
        lambda days: days.dt.date,
    ],
    ids=["objects", "time zone", "seconds", "dates"],
)
def test_a_midnight_of_a_table_is_its_day(as_held):
    claims = lm.load_claims(conflict="kargil1999")
    table = claims.table.assign(end=as_held(claims.table["end"]))
    assert lm.load_claims(table, conflict="kargil1999").table.equals(claims.table)
    later = claims.table.assign(end=claims.table["end"].astype(object) + pd.Timedelta(hours=3))
    with pytest.raises(lm.ClaimsError, match="end: found '1999-05-13 03:00:00'"):
        lm.load_claims(later, conflict="kargil1999")


def test_numbers_of_numpy_are_numbers(fitted):
    lm.plot_biases(fitted, page=np.int64(1), group="equipment")
    assert lm.simulate(seed=np.int64(1), level_sd=np.float32(0)).claims.table.shape[0] > 0
    assert run_tasks(round, [{"number": 2.4}], jobs=np.int64(1)) == [2]


FUNCTIONS = [name for name in lm.__all__ if inspect.isfunction(getattr(lm, name))]


@pytest.mark.parametrize("name", lm.__all__)
def test_every_public_name_has_an_example_that_runs(name):
    assert ">>> " in inspect.getdoc(getattr(lm, name))


METHODS = ["estimate", "query", "bias", "losses_of", "daily", "save", "summary", "to_arviz"]


@pytest.mark.parametrize(
    "function", [getattr(lm, n) for n in FUNCTIONS] + [getattr(lm.Fit, n) for n in METHODS]
)
def test_every_argument_is_spelled_out(function):
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}


@pytest.mark.slow
def test_what_findings_about_a_fit_took_is_not_made_again(monkeypatch):
    made, plain = [], tables._streams
    monkeypatch.setattr(tables, "_streams", lambda *args: made.append(args[0]) or plain(*args))
    fitted = lm.fit("battle-of-britain", engine="laplace", draws=20)
    told = with_other_accountings(fitted)
    assert len(fitted.streams) == len(told.streams) > 0
    assert made == ["aircraft"]
    assert fit_checksum(told) != fit_checksum(fitted)
