"""Macros, tables and bibliography: names that stay, text that is text, a document that compiles."""

import re
import shutil
import subprocess

import pytest

from lossmodel.errors import UsageError
from lossmodel.posterior.estimates import estimate
from lossmodel.report.output.bibtex import bibliography, used_sources
from lossmodel.report.output.latex import macros, write_tex
from lossmodel.report.results import Results
from lossmodel.text.macros import macro_name
from lossmodel.text.numbers import number
from tests.fakes import HOSTILE, make_fit

MACRO = re.compile(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\}")
ENTRY = re.compile(r"^@(\w+)\{([^,]+),$", re.MULTILINE)


@pytest.fixture(scope="module")
def fit():
    return make_fit()


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
        "LMlevel",
        "LMengine",
        "LMlastDay",
    } <= set(defined)


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
    found = [MACRO.fullmatch(line) for line in lines if not line.startswith("%")]
    assert all(found)
    assert len({m[1] for m in found}) == len(found)


def test_a_used_source_an_entry_and_the_package(fit):
    text = bibliography(fit)
    assert [key for _, key in ENTRY.findall(text)] == ["lossmodel", "a_b", "daily-report"]
    assert "url = {https://example.org/a?x=1&y=2%20z}" in text
    assert "javascript" not in text
    assert r"Daily report 100\% of \textbraceleft{}losses\textbraceright{}" in text
    assert "month = may" in text


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
def test_a_document_that_uses_everything_compiles(kind, request, tmp_path):
    if not (shutil.which("pdflatex") and shutil.which("bibtex")):
        pytest.skip("needs TeX")
    fit = request.getfixturevalue(kind)
    write_tex(fit, tmp_path)
    (tmp_path / "references.bib").write_text(bibliography(fit), encoding="utf-8")
    uses = " ".join(rf"\{name}{{}}" for name in macros(Results(fit)))
    (tmp_path / "paper.tex").write_text(PAPER.replace("USES", uses), encoding="utf-8")
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


PAPER = r"""
\documentclass{article}
\usepackage{booktabs,longtable,url}
\begin{document}
\input{numbers}
USES
{\tiny \input{tables/totals}

\input{tables/ratios}

\input{tables/priors}}
\nocite{*}
\bibliographystyle{plain}
\bibliography{references}
\end{document}
"""
