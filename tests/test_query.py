"""The language of questions and the four forms of an answer."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lossmodel as lm
from lossmodel.errors import UsageError
from lossmodel.posterior.contradictions import CONTRADICTED
from lossmodel.posterior.estimates import COLUMNS, estimates_table
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.posterior.tables import streams_table
from lossmodel.query import answer_query, run_query
from lossmodel.query.calendar_words import with_numbers
from lossmodel.query.parse import parsed
from lossmodel.query.quantities import grammar_of
from lossmodel.report.document import compose
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from lossmodel.text.grammar import EXAMPLES, GRAMMAR
from tests.count_war import claims, total
from tests.fakes import HOSTILE, make_fit


@pytest.fixture(scope="module")
def fit():
    return make_fit()


def row(fit, text, **options):
    return answer_query(fit, text, **options).iloc[0]


@pytest.mark.parametrize(
    ("question", "measure", "start", "end"),
    [
        ("killed north", "cumulative", "2022-02-24", "2024-06-30"),
        ("killed north cumulative", "cumulative", "2022-02-24", "2024-06-30"),
        ("killed north cumulative 2023-05-17", "cumulative", "2022-02-24", "2023-05-17"),
        ("killed north 2023", "yearly", "2023-01-01", "2023-12-31"),
        ("killed north 2022", "yearly", "2022-02-24", "2022-12-31"),
        ("killed north 2024", "yearly", "2024-01-01", "2024-06-30"),
        ("killed north 2023-02", "monthly", "2023-02-01", "2023-02-28"),
        ("killed north 2022-02", "monthly", "2022-02-24", "2022-02-28"),
        ("killed north 2023-02-03", "daily", "2023-02-03", "2023-02-03"),
        ("killed north 2023-02-03..2023-03-04", "period", "2023-02-03", "2023-03-04"),
        ("killed north February 2023", "monthly", "2023-02-01", "2023-02-28"),
        ("killed north in sept 2023", "monthly", "2023-09-01", "2023-09-30"),
        ("killed north in sep. 2023", "monthly", "2023-09-01", "2023-09-30"),
        ("killed north in 2023-02", "monthly", "2023-02-01", "2023-02-28"),
        ("killed north in 2023", "yearly", "2023-01-01", "2023-12-31"),
        ("killed north 3 February 2023", "daily", "2023-02-03", "2023-02-03"),
        ("killed north on February 3, 2023", "daily", "2023-02-03", "2023-02-03"),
        ("killed north Q3 2023", "period", "2023-07-01", "2023-09-30"),
        ("killed north 2022-Q1", "period", "2022-02-24", "2022-03-31"),
        ("KILLED North CITIZENS 2023", "yearly", "2023-01-01", "2023-12-31"),
    ],
)
def test_windows(fit, question, measure, start, end):
    found = row(fit, question)
    assert (found["measure"], found["start"], found["end"]) == (measure, start, end)


def test_an_answer_is_that_of_the_table(fit):
    table = estimates_table(fit)
    for found, measure, end in (
        (row(fit, "killed north"), "cumulative", "2024-06-30"),
        (row(fit, "killed north 2023"), "yearly", "2023-12-31"),
        (row(fit, "killed north 2023-02"), "monthly", "2023-02-28"),
    ):
        same = (table["measure"] == measure) & (table["end"] == end)
        same &= (table["party"] == "north") & (table["category"] == "killed")
        want = table[same & (table["scope"] == "all")].iloc[0]
        for name in ("mean", "median", "sd", "lower", "upper"):
            assert found[name] == pytest.approx(want[name], rel=1e-9)


def test_sums_of_parties_and_categories(fit):
    daily = {key: fit.daily(*key).sum(axis=1) for key in [("north", "killed"), ("south", "killed")]}
    assert row(fit, "killed north+south")["median"] == pytest.approx(np.median(sum(daily.values())))
    assert row(fit, "killed+wounded north")["median"] == pytest.approx(
        row(fit, "casualties north")["median"]
    )


def test_a_quotient_is_taken_within_a_draw(fit):
    over, under = (fit.daily(p, "killed").sum(axis=1) for p in ("north", "south"))
    found = row(fit, "killed north / killed south")
    assert found["lower"] == pytest.approx(np.quantile(over / under, 0.025))
    assert found["party"] == "north / south"


def test_a_quotient_shares_its_window_or_has_two(fit):
    shared = row(fit, "killed north / killed south 2023")
    assert (shared["start"], shared["end"]) == ("2023-01-01", "2023-12-31")
    own = row(fit, "killed north 2022 / killed north 2023")
    assert own["start"] == "2022-02-24 / 2023-01-01"


def test_a_ratio_is_given_under_each_definition(fit):
    found = row(fit, "ratio south-staff north")
    assert found["category"] == "losses"
    assert found["ratio_if_casualties_median"] < found["median"] < found["ratio_if_killed_median"]


def test_a_ratio_prefers_people_and_the_very_party(fit):
    assert parsed("ratio south-staff north", fit).sums[0][0].quantity.category == "losses"
    assert parsed("ratio south-staff north tanks", fit).sums[0][0].quantity.category == "tanks"


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("killed north + killed south", lambda n, s: n.sum(1) + s.sum(1)),
        ("killed north - killed south", lambda n, s: n.sum(1) - s.sum(1)),
        ("KILLED North + Killed SOUTH", lambda n, s: n.sum(1) + s.sum(1)),
        ("(killed north + killed south) / killed south", lambda n, s: 1 + n.sum(1) / s.sum(1)),
        (
            "killed south / (killed north + killed south)",
            lambda n, s: 1 / (1 + n.sum(1) / s.sum(1)),
        ),
        ("killed north + killed south 2022", lambda n, s: n[:, :311].sum(1) + s[:, :311].sum(1)),
        ("killed north 2022 - killed south", lambda n, s: n[:, :311].sum(1) - s.sum(1)),
    ],
)
def test_a_sum_is_taken_within_a_draw(fit, question, value):
    draws = value(*(fit.daily(party, "killed") for party in ("north", "south")))
    found = row(fit, question)
    assert found["median"] == pytest.approx(np.median(draws))
    assert found["lower"] == pytest.approx(np.quantile(draws, 0.025))
    assert found["sd"] == pytest.approx(np.std(draws, ddof=1), rel=1e-3)


def test_a_sum_has_each_of_its_names_and_windows_in_words(fit):
    found = row(fit, "killed north 2023 + wounded south 2022")
    assert (found["party"], found["category"]) == ("north / south", "killed / wounded")
    assert (found["start"], found["end"]) == ("2023-01-01 / 2022-02-24", "2023-12-31 / 2022-12-31")
    shared = run_query(fit, "killed north + killed south 2023")
    assert shared.startswith("killed north + killed south 2023, 2023-01-01 to 2023-12-31: ")
    later = run_query(fit, "when killed north + killed south passes 1e9")
    assert later.startswith("killed north + killed south passes 1,000,000,000: not by ")
    assert set(json.loads(run_query(fit, "killed north + killed south", form="json"))) == {
        *COLUMNS, "claims_sha256", "gate", "expression", "warnings", "set_by_assumptions",
    }  # fmt: skip


def test_lethality_is_killed_over_casualties_within_a_draw(fit):
    for question, days in (("lethality north", slice(None)), ("Lethality North 2022", slice(311))):
        killed, casualties = (
            fit.daily("north", name)[:, days].sum(axis=1) for name in ("killed", "casualties")
        )
        found = row(fit, question)
        assert found["median"] == pytest.approx(np.median(killed / casualties))
        assert 0 < found["lower"] < found["upper"] < 1
    assert run_query(fit, "lethality north 2022").startswith("lethality north 2022, 2022-02-24 to")
    assert row(fit, "lethality north / lethality south")["engine"] == "laplace"


def test_a_ratio_without_a_category_names_the_streams_it_did_not_take(fit):
    text = run_query(fit, "ratio South-Staff NORTH")
    assert re.search(r"\nother streams of south-staff \(figures used\): tanks north \(\d+\)", text)
    assert json.loads(run_query(fit, "ratio south-staff north", form="json"))["other_streams"]
    assert "other streams" not in run_query(fit, "ratio south-staff north losses")


def test_a_ratio_takes_the_stream_with_the_most_evidence(fit, monkeypatch):
    streams = streams_table(fit)
    own = streams[(streams["claimant"] == "south-staff") & (streams["category"] == "losses")]
    sums = own.assign(party="north+guests", n_used=10_000)
    streams = pd.concat([own.assign(category="killed", n_used=0), streams, sums])
    components = {"north+guests": ("north", "guests")}
    known = fit.conflict.components
    monkeypatch.setattr(
        type(fit.conflict), "components", lambda _, name: components.get(name) or known(name)
    )
    monkeypatch.setattr("lossmodel.query.quantities.streams_table", lambda _: streams)
    chosen = parsed("ratio south-staff north", fit).sums[0][0].quantity
    assert (chosen.category, chosen.party) == ("losses", "north+guests")
    assert [words.partition(" (")[0] for words in chosen.others] == [
        "losses north", "killed north", "tanks north",
    ]  # fmt: skip


def test_a_name_with_signs_in_it_is_still_a_name(fit, monkeypatch):
    streams = streams_table(fit).replace("south-staff", "Staff (of a/b) - x")
    monkeypatch.setattr("lossmodel.query.parse.claimants_of", lambda _: {*streams["claimant"]})
    monkeypatch.setattr("lossmodel.query.quantities.streams_table", lambda _: streams)
    chosen = parsed("(ratio staff (of a/b) - x north) / lethality north", fit).sums[0][0].quantity
    assert chosen.claimant == "Staff (of a/b) - x"


def test_a_mistyped_name_has_the_nearest_suggested(fit):
    with pytest.raises(UsageError, match="Did you mean 'killed'"):
        run_query(fit, "kiled north")
    with pytest.raises(UsageError, match="Did you mean 'lethality'"):
        run_query(fit, "lethalty north")


def test_the_grammar_of_an_error_has_the_names_and_days_of_the_fit(fit):
    with pytest.raises(UsageError) as problem:
        run_query(fit, "killed north september")
    said = str(problem.value)
    assert said.startswith("'september' is a month without its year: write september 2024.")
    assert "killed north" in said
    assert "killed south" in said
    assert "russia" not in said
    # Its examples are questions.
    lines = said.splitlines()
    questions = [line[27:] for line in lines if line.startswith(("  SUM", "  when", "  CATEG"))]
    assert len(questions) == 4
    for question in questions:
        assert run_query(fit, question)


def test_a_month_that_is_a_name_stays_one():
    assert with_numbers("killed may 2023", {"may"}) == "killed may 2023"


def test_the_grammar_fits_a_terminal_and_its_examples_are_questions(fit):
    assert max(map(len, GRAMMAR.splitlines())) <= 78
    toy = {"russia": "north", "ukraine": "south", "ua-general-staff": "south-staff"}
    for question, _ in EXAMPLES:
        for name, here in toy.items():
            question = question.replace(name, here)
        assert run_query(fit, question)


def test_when_a_number_is_passed(fit):
    running = fit.daily("south", "killed").cumsum(axis=1)
    number = float(np.median(running[:, -1]))
    found = row(fit, f"when killed south passes {number:.0f}")
    assert found["never_share"] == pytest.approx((running[:, -1] < round(number)).mean())
    assert found["upper"] is None
    assert found["lower"] is not None
    text = run_query(fit, f"when killed south passes {number:.0f}")
    assert "% of draws never pass it by 2024-06-30" in text
    assert "not by 2024-06-30" in text


def test_nobody_ever_passes_a_billion(fit):
    found = row(fit, "when killed south passes 1e9")
    assert found["never_share"] == 1
    assert found["median"] is None
    assert "100% of draws" in run_query(fit, "when killed south passes 1,000,000,000")


def test_the_first_day_can_be_the_one(fit):
    assert row(fit, "when killed north passes 1")["upper"] == "2022-02-24"


def test_json_has_the_columns_of_the_table_and_the_claims_hash(fit):
    found = json.loads(run_query(fit, "killed north 2023", form="json"))
    assert set(found) == {*COLUMNS, "claims_sha256", "gate", "set_by_assumptions", "warnings"}
    assert found["claims_sha256"] == "ab" * 32
    assert json.loads(run_query(fit, "tanks north", form="json"))["engine"] == "nuts"


def test_json_of_what_never_happens_is_json(fit):
    text = run_query(fit, "when killed north passes 1e12", form="json")
    found = json.loads(text, parse_constant=pytest.fail)
    assert found["median"] is None
    assert {"threshold", "never_share"} < set(found)


def test_text_is_rounded_to_two_digits_of_the_half_width(fit):
    text = run_query(fit, "killed north")
    found = row(fit, "killed north")
    assert re.search(r": 180,000 \(95% credible interval 128,000 to 248,000, equal-tailed", text)
    assert found["median"] != 180_000


def test_a_level_can_be_asked_for(fit):
    wide, narrow = (row(fit, "killed north", ci_prob=p) for p in (0.95, 0.5))
    assert wide["lower"] < narrow["lower"] < narrow["upper"] < wide["upper"]
    assert "50% credible interval" in run_query(fit, "killed north", ci_prob=0.5)
    for bad in (0, 1, 1.5, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            run_query(fit, "killed north", ci_prob=bad)


def test_latex_and_bibtex(fit):
    latex = run_query(fit, "killed north", form="latex")
    assert latex == r"180\,000 (95\% CrI 128\,000--248\,000)"
    entry = run_query(fit, "killed north", form="bibtex")
    assert re.match(r"@misc\{lossmodel-[0-9a-f]{8},\n", entry)
    assert entry.count("{") == entry.count("}")
    assert "95\\% credible" in entry
    assert "ab" * 32 in entry
    # The same question has the same key, another one another.
    assert entry.splitlines()[0] == run_query(fit, "killed north", form="bibtex").splitlines()[0]
    assert entry.splitlines()[0] != run_query(fit, "killed south", form="bibtex").splitlines()[0]


@pytest.fixture(scope="module")
def doubtful():
    """A fit that did not pass its gate, with a contradiction."""
    fit = make_fit(passed=False)
    fit.diagnostics["findings"] = [{"kind": CONTRADICTED, "message": "observer\ncontradicts."}]
    return fit


def test_each_form_carries_the_warnings(doubtful):
    said = {form: run_query(doubtful, "killed north", form=form) for form in ("text", "latex")}
    assert said["text"].endswith(f"warning: observer\ncontradicts.\n{NOT_PASSED}")
    comment, number = said["latex"].splitlines()
    assert comment == "% warning: observer contradicts."
    assert number.endswith("(not converged)")
    found = json.loads(run_query(doubtful, "killed north", form="json"))
    assert found["warnings"] == ["observer\ncontradicts.", NOT_PASSED]
    assert found["gate"] == "not passed"
    assert "NOT CONVERGED" in run_query(doubtful, "killed north", form="bibtex")


@pytest.mark.parametrize(
    ("question", "assumed"),
    [
        ("killed north", False),
        ("killed south", True),
        ("killed south 2023", True),
        ("when killed south passes 1000", True),
        ("killed north / killed south", True),
        ("killed north / wounded south", False),
        ("killed north+south", True),
        ("killed+wounded south", True),
        ("killed north citizens", False),
        ("tanks north", False),
        ("ratio observer south", False),
    ],
)
def test_each_form_says_what_is_set_by_assumptions(fit, question, assumed):
    # As the report does: the share of the variance of a total that is prior.
    assert json.loads(run_query(fit, question, form="json"))["set_by_assumptions"] is assumed
    for form in ("text", "latex", "bibtex"):
        assert ("set by assumptions" in run_query(fit, question, form=form)) is assumed
    if assumed:
        words = "set by assumptions: 86% of the posterior variance of killed south to 2024-06-30"
        assert words in run_query(fit, question)


def test_hostile_titles_are_text_in_an_entry():
    entry = run_query(make_fit(extra=HOSTILE), "killed north", form="bibtex")
    assert entry.count("{") == entry.count("}")
    assert "\\input" not in entry
    assert "<script>" not in entry


@pytest.mark.parametrize(
    "question",
    [
        "",
        "   ",
        "killed",
        "killed east",
        "slain north",
        "killed north all-of-them",
        "killed south citizens",
        "tanks north citizens",
        "tanks south",
        "killed north+north",
        "killed+killed north",
        "killed+casualties north",
        "killed north+guests+guests",
        "killed north 2021",
        "killed north 2030",
        "killed north 2023-13",
        "killed north 2023-02-30",
        "killed north 2023-02-30..2023-03-01",
        "killed north 2023-05-01..2023-04-01",
        "killed north 2023 2024",
        "killed north cumulative 2023-01-01 2024-01-01",
        "killed north cumulative soon",
        "killed north / killed south / killed guests",
        "killed north /",
        "/ killed north",
        "killed north +",
        "+ killed north",
        "- killed north",
        "killed north + killed north",
        "killed north + casualties north 2023",
        "killed north + killed north citizens",
        "killed+wounded north + wounded north",
        "killed north+south + killed south",
        "killed north + tanks north",
        "killed+tanks north",
        "killed north + lethality north",
        "killed north - ratio south-staff north",
        "killed north / killed south + killed guests",
        "killed north + killed south / killed guests",
        "(killed north / killed south)",
        "((killed north) + killed south) / killed guests",
        "(killed north",
        "killed north)",
        "()",
        "lethality",
        "lethality guests east",
        "tanks north / lethality tanks",
        "when killed north 2022 + killed south passes 5",
        "when killed north",
        "when killed north passes",
        "when killed north passes many",
        "when killed north passes 0",
        "when killed north passes -5",
        "when killed north passes 1e999",
        "when killed north passes nan",
        "when killed north passes ١٠٠",
        "killed north ٢٠٢٣",
        "killed north ٢٠٢٣-٠٢-٢٤",
        "when killed north 2023 passes 5",
        "ratio",
        "ratio observer",
        "ratio nobody north",
        "ratio observer guests",
        "ratio observer north tanks",
        HOSTILE,
        "killed north; rm -rf /",
        "__import__('os')",
        "killed north " + "9" * 5000,
        "\x00 \x1b[31m",
    ],
)
def test_what_cannot_be_parsed_is_refused_with_the_grammar(fit, question):
    with pytest.raises(UsageError) as refused:
        run_query(fit, question)
    assert str(refused.value).endswith(f"\n{grammar_of(fit)}")
    assert refused.value.exit_code == 2


WORDS = [
    *("killed", "wounded", "north", "south", "citizens", "observer", "ratio", "when", "passes"),
    *(
        "/",
        "+",
        "-",
        "(",
        ")",
        "lethality",
        "killed+wounded",
        "cumulative",
        "2023",
        "2024-02",
        "2023-01-01..2023-02-02",
    ),
    "10000",
]


@given(st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join) | st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_question_is_answered_or_refused(fit, question):
    try:
        found = json.loads(run_query(fit, question, form="json"))
    except UsageError:
        return
    assert set(COLUMNS) <= set(found)


def test_an_unknown_form_is_refused(fit):
    with pytest.raises(UsageError, match="No format 'xml'"):
        run_query(fit, "killed north", form="xml")


@pytest.mark.slow
def test_where_no_figure_has_wounded_nothing_is_said_of_casualties(tmp_path):
    table = claims(tmp_path, [total("ministry", 1500), total("institute", 2500)])
    found = lm.fit(table, engine="laplace", draws=50)
    text = run_query(found, "ratio ministry north")
    assert "casualties" not in text
    with pytest.raises(UsageError, match=r"there are: killed\."):
        run_query(found, "tanks north")
    results = Results(found)
    ratios = results.biases[["ratio_if_killed_median", "ratio_if_casualties_median"]]
    assert ratios.notna().all().tolist() == [True, False]
    page = to_markdown(compose(results, figure_specs(results)))
    assert "People killed" in page
    assert "People killed and wounded" not in page


def test_a_party_without_a_figure_is_no_unknown_word(tmp_path):
    found = lm.fit(claims(tmp_path, [total("agency", 3000)]), engine="laplace")
    with pytest.raises(UsageError) as problem:
        found.query("killed south")
    assert str(problem.value) == "The fit has no figure of south; there are estimates of: north."
    with pytest.raises(UsageError, match="No party 'sout'"):
        found.query("killed sout")
