"""Macros, tables and bibliography: names that stay, text that is text, a document that compiles."""

import json
import re
import shutil
import subprocess

import jsonschema
import pytest

from lossmodel.errors import UsageError
from lossmodel.posterior.estimates import estimate
from lossmodel.query.evaluate import answer_query
from lossmodel.report import quoted as quoted_numbers
from lossmodel.report.output import bibtex as bib
from lossmodel.report.output import csl, latex
from lossmodel.report.output.bibtex import bibliography, doi, used_sources
from lossmodel.report.output.csl import csl_json
from lossmodel.report.output.latex import FORMS, macros, tex_files, write_tex
from lossmodel.report.quoted import quoted
from lossmodel.report.results import Results
from lossmodel.report.wording import interval
from lossmodel.text.macros import macro_name
from lossmodel.text.numbers import number
from tests.fakes import HOSTILE, make_fit

MACRO = re.compile(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\}")
ENTRY = re.compile(r"^@(\w+)\{([^,\n]+),$", re.MULTILINE)


@pytest.fixture(scope="module")
def fit():
    return make_fit()


@pytest.fixture(scope="module")
def found(fit):
    return quoted(Results(fit))


@pytest.fixture(scope="module")
def files(fit):
    return tex_files(Results(fit))


@pytest.fixture(scope="module")
def hostile():
    return make_fit(extra=HOSTILE, passed=False)


@pytest.fixture(scope="module")
def defined(fit):
    return macros(Results(fit))


def test_names_of_macros_do_not_change(defined):
    assert {
        "LMkilledNorthAllMedian",
        "LMkilledNorthAllLower",
        "LMkilledNorthAllUpper",
        "LMkilledNorthAllInterval",
        "LMkilledNorthCitizensMedian",
        "LMtanksNorthAllYearTwoZeroTwoThreeMedian",
    } <= set(defined)


@pytest.mark.parametrize("name", ["level", "engine", "firstDay", "lastDay", "fitHash", "claims"])
def test_facts_of_the_fit_have_macros(files, name):
    assert rf"\newcommand{{\LM{name}}}" in files["numbers.tex"]


def test_keys_are_those_of_questions(found):
    assert {
        *("killed-north", "killed-north-2023", "killed-north-citizens", "tanks-north-2022"),
        *("killed-north-citizens-2024", "lethality-south", "killed-north-per-killed-south"),
        "ratio-north-ministry-north-killed",
    } <= set(found)
    assert found["killed-north-citizens-2024"].question == "killed north citizens 2024"


@pytest.mark.parametrize(
    ("key", "off"),
    [
        *(("killed-north", 1e-9), ("killed-north-citizens-2024", 1e-9), ("lethality-south", 1e-9)),
        ("killed-north-per-killed-south", 1e-9),
        # The table of ratios divides the days into half-years, the question does not.
        ("ratio-north-ministry-north-killed", 1e-3),
    ],
)
def test_a_number_is_the_answer_to_its_question(fit, found, key, off):
    row = answer_query(fit, found[key].question).iloc[0]
    for name, value in found[key].row.items():
        assert value == pytest.approx(row[name], rel=off)


def test_a_sentence_has_the_days_and_the_interval(found):
    one = found["killed-north-2023"]
    assert one.sentence.startswith("From 1 January 2023 to 31 December 2023, losses of ")
    assert interval(one.row) in one.sentence
    assert "95% credible interval" in one.sentence


def test_names_of_others_are_keys_that_tex_reads(hostile):
    found = quoted(Results(hostile))
    assert all(re.fullmatch(r"[A-Za-z0-9+.-]+", key) for key in found)
    assert all("not to be cited" in one.sentence for one in found.values())


def test_questions_with_one_key_stay_apart(monkeypatch, fit):
    twice = [(("a", "b-c"), "a b-c"), (("a-b", "c"), "a-b c")]
    row = {"median": 1.0, "lower": 0.5, "upper": 2.0}
    made = [quoted_numbers._made(names, question, row, "") for names, question in twice]
    monkeypatch.setattr(quoted_numbers, "_losses", lambda _: made)
    monkeypatch.setattr(quoted_numbers, "_quotients", lambda _: [])
    monkeypatch.setattr(quoted_numbers, "_ratios", lambda _: [])
    found = quoted(Results(fit))
    assert [one.question for one in found.values()] == ["a b-c", "a-b c"]
    assert all(key == one.key for key, one in found.items())


def test_no_number_has_an_exponent(files, fit):
    assert not [name for name, text in files.items() if re.search(r"\d[eE][+-]\d", text)]
    row = {"median": 2.5e-8, "lower": 1e-9, "upper": 7e-8}
    assert latex._median(row) == r"2.5$\times10^{-8}$"


def test_names_are_letters_only(defined, hostile):
    assert all(name.isascii() and name.isalpha() for name in defined)
    assert all(name.isascii() and name.isalpha() for name in macros(Results(hostile)))


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("killed", "russia", "all", "median"), "LMkilledRussiaAllMedian"),
        (("armoured-vehicles", "north-korea"), "LMarmouredVehiclesNorthKorea"),
        (("killed", "a+b", "2022"), "LMkilledAPlusBTwoZeroTwoTwo"),
        (("killed", "Österreich"), "LMkilledOsterreich"),
        (("killed", "日"), "LMkilledUTwoSixZeroEightFive"),
    ],
)
def test_names(parts, name):
    assert macro_name(*parts) == name


def test_a_macro_has_the_number_that_is_printed(fit, defined):
    for measure, name in (("cumulative", ""), ("yearly", "YearTwoZeroTwoFour")):
        row = estimate(fit, "killed", "north", measure=measure).iloc[-1]
        want = number(row["median"], row["lower"], row["upper"]).replace(",", r"\,")
        assert defined[f"LMkilledNorthAll{name}Median"] == want


def test_two_series_cannot_share_a_macro():
    fit = make_fit()
    table = Results(fit).estimates
    # Another scope whose name differs in its first letter's size alone.
    renamed = {"citizens": "All"}
    series = tuple((p, c, renamed.get(s, s)) for p, c, s in fit.series)
    object.__setattr__(fit, "series", series)
    results = Results(fit, {"estimates": table.assign(scope=table["scope"].replace(renamed))})
    with pytest.raises(UsageError, match="killed north All and killed north all"):
        macros(results)


def test_every_file_of_a_fit_that_failed_is_marked(hostile, tmp_path):
    write_tex(hostile, tmp_path)
    files = sorted(tmp_path.rglob("*.tex"))
    assert [f.name for f in files] == ["numbers.tex", "priors.tex", "ratios.tex", "totals.tex"]
    assert all("NOT CONVERGED" in f.read_text(encoding="utf-8") for f in files)
    assert "NOT CONVERGED" in bibliography(hostile)


def test_a_line_of_numbers_defines_one_macro(fit, tmp_path):
    write_tex(fit, tmp_path)
    lines = (tmp_path / "numbers.tex").read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("% Long names"))
    found = [MACRO.fullmatch(line) for line in lines[first + 1 :]]
    assert all(found)
    assert len({m[1] for m in found}) == len(found)


def test_a_used_source_an_entry_and_the_package(fit):
    text = bibliography(fit)
    assert [key for _, key in ENTRY.findall(text)] == ["lossmodel", "a_b", "daily-report"]
    assert "url = {https://example.org/a?x=1&y=2%20z}" in text
    assert "javascript" not in text
    assert r"Daily report 100\% of \textbraceleft{}losses\textbraceright{}" in text
    assert "month = may" in text


def test_what_is_known_of_a_source_is_cited():
    fit = make_fit(n_draws=20)
    sources = fit.conflict.sources
    sources["doi"] = ["10.1000/182", ""]
    sources.loc[0, "archive_url"] = "https://archive.example.org/a"
    text = bibliography(fit)
    assert "doi = {10.1000/182}" in text
    assert r"note = {Archived at \url{https://archive.example.org/a}; accessed 2024-01-01}" in text
    # Styles that want a year say so of entries without a date.
    assert text.count("year = ") == len(ENTRY.findall(text))
    items = json.loads(csl_json(fit))
    daily = next(item for item in items if item["id"] == "daily-report")
    assert daily["DOI"] == "10.1000/182"
    assert daily["archive_location"] == "https://archive.example.org/a"
    assert daily["issued"] == {"date-parts": [[2023, 5, 1]]}


def test_many_sources_of_one_publisher_and_year_are_told_apart():
    row = {"title": "A", "publisher": "Gazette", "date": "2024-03-05", "source": "a"}
    row |= dict.fromkeys(("url", "archive_url", "accessed", "doi"), "")
    with pytest.MonkeyPatch.context() as patch:
        for count, author in ((26, "{{Gazette}}"), (27, "{{Gazette, 5 March}}")):
            rows = {f"k{i}": row for i in range(count)}
            patch.setattr(bib, "references", lambda _, rows=rows: rows)
            assert bibliography(make_fit(n_draws=20)).count(f"author = {author}") == count


def test_the_items_of_citeproc_are_the_entries_of_bibtex(fit, hostile):
    schema = {"type": "array", "items": {"type": "object", "required": ["type", "id"]}}
    schema["items"] |= {"properties": CSL, "additionalProperties": False}
    for one in (fit, hostile):
        items = json.loads(csl_json(one))
        jsonschema.validate(items, schema)
        keys = [key for _, key in ENTRY.findall(bibliography(one))]
        assert [item["id"] for item in items] == keys


@pytest.mark.parametrize("text", ["10.5/x", "doi", "10.1000/a b", "10.1000/}{", "https://a.org"])
def test_what_is_no_doi_is_not_cited_as_one(text):
    assert doi({"doi": text, "url": text}) == ""


DATE = {
    "type": "object",
    "properties": {
        "date-parts": {
            "type": "array",
            "items": {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
        },
        "literal": {"type": "string"},
    },
    "additionalProperties": False,
}
# The fields that are written, with the types that the schema of CSL 1.0.2 gives them.
CSL = {
    **dict.fromkeys(("id", "title", "publisher", "URL", "DOI", "note"), {"type": "string"}),
    **dict.fromkeys(("archive_location", "version"), {"type": "string"}),
    "type": {"enum": ["webpage", "document", "software"]},
    "author": {
        "type": "array",
        "items": {"type": "object", "required": ["literal"], "additionalProperties": False}
        | {"properties": {"literal": {"type": "string"}}},
    },
    **dict.fromkeys(("issued", "accessed"), DATE),
}


def test_sources_of_claims_left_out_are_not_cited(fit):
    assert set(used_sources(fit)["source"]) == {"daily-report", "a_b"}
    only = make_fit()
    classes = only.evidence.classes
    daily = only.claims.table["source"] == "daily-report"
    classes.loc[daily.to_numpy(), "class"] = "left out"
    assert set(used_sources(only)["source"]) == {"a_b"}


def test_keys_are_safe_and_all_different():
    fit = make_fit()
    names = ["lossmodel", "Ab", "aB", "a b", "a,b", "}{", "%\\", "é"]
    fit.claims.table["source"] = [names[i % len(names)] for i in range(len(fit.claims.table))]
    keys = [key for _, key in ENTRY.findall(bibliography(fit))]
    assert len(keys) == len(names) + 1
    assert len({key.lower() for key in keys}) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9:.+/_-]+", key) for key in keys)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fit", "hostile"])
@pytest.mark.parametrize("style", ["plain", "plainnat", "abbrvnat"])
def test_a_document_that_uses_everything_compiles(kind, style, request, tmp_path):
    if not (shutil.which("pdflatex") and shutil.which("bibtex")):
        pytest.skip("needs TeX")
    fit = request.getfixturevalue(kind)
    results = Results(fit)
    write_tex(fit, tmp_path, results=results)
    (tmp_path / "references.bib").write_text(bibliography(fit), encoding="utf-8")
    uses = " ".join(rf"\{name}{{}}" for name in macros(results))
    uses += "\n".join(rf"\{form}{{{key}}}" for key in quoted(results) for form in FORMS)
    paper = PAPER.replace("USES", uses).replace("STYLE", style)
    (tmp_path / "paper.tex").write_text(paper, encoding="utf-8")
    for command in ("pdflatex", "bibtex", "pdflatex", "pdflatex"):
        options = ["-interaction=nonstopmode", "-halt-on-error"] if command == "pdflatex" else []
        done = subprocess.run(
            [command, *options, "paper"],
            cwd=tmp_path,
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
    assert "Warning" not in (tmp_path / "paper.blg").read_text(encoding="utf-8")
    log = (tmp_path / "paper.log").read_text(encoding="latin-1")
    # Words of a hostile name may be longer than a column.
    wide = re.findall(r"Overfull \\hbox.*in alignment", log)
    assert kind == "hostile" or not wide


def test_a_key_without_a_number_is_an_error_of_tex(fit, tmp_path):
    if not shutil.which("pdflatex"):
        pytest.skip("needs TeX")
    write_tex(fit, tmp_path)
    text = r"\documentclass{article}\input{numbers}\begin{document}\LM{killed-west}\end{document}"
    (tmp_path / "paper.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=False)
    assert done.returncode
    assert b"There is no number `killed-west'" in done.stdout


PAPER = r"""
\documentclass{article}
\usepackage{booktabs,longtable,url,natbib}
\begin{document}
\input{numbers}
\section{Killed: \LM{killed-north}}
\sloppy USES \LMchecked{killed north}{1}
\begin{table}\caption{\LMestimate{killed-north}}\input{tables/totals}\end{table}

\input{tables/ratios}

\input{tables/priors}
\nocite{*}
\bibliographystyle{STYLE}
\bibliography{references}
\end{document}
"""


@pytest.mark.parametrize(
    ("text", "issued", "fields"),
    [
        ("2024-02-01", {"date-parts": [[2024, 2, 1]]}, {"year": "{2024}", "month": "feb"}),
        (" 2024-02 ", {"date-parts": [[2024, 2]]}, {"year": "{2024}", "month": "feb"}),
        ("0900", {"date-parts": [[900]]}, {"year": "{0900}"}),
        ("2024-13", {"literal": "2024-13"}, {"year": "{2024-13}"}),
        ("spring", {"literal": "spring"}, {"year": "{spring}"}),
        ("", {}, {"year": "{n.d.}"}),
    ],
)
def test_a_date_is_the_same_in_both_forms_of_references(text, issued, fields):
    assert csl._date(text) == issued
    assert bib._date(text) == fields
