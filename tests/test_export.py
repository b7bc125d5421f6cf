"""Exports: files that open, texts that are no formulas, the same bytes in a second run."""

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lossmodel.errors import UsageError
from lossmodel.query.evaluate import answer_query
from lossmodel.report.blocks import Link, Section, Table, Text
from lossmodel.report.document import Document
from lossmodel.report.export import EXPORTS, export_fit
from lossmodel.report.mentions import mentions
from lossmodel.report.output.crate import NAME, crate
from lossmodel.report.output.parquet import write_parquet
from lossmodel.report.output.static_api import write_static_api
from lossmodel.report.output.word import to_word
from lossmodel.report.output.workbook import write_workbook
from lossmodel.report.quoted import _quotients, quoted
from lossmodel.report.quoting import verify_document
from lossmodel.report.results import Results
from lossmodel.report.sections.answer import _sentence, headline_answers
from lossmodel.report.wording import headline_keys
from tests.fakes import HOSTILE, make_fit, with_claims_about_the_sum

FORMULA = '=HYPERLINK("https://example.org","click")'


def small(**options):
    fit = make_fit(n_draws=30, until="2023-12-31", **options)
    fit.provenance["created"] = "2024-05-06T07:08:09+00:00"
    fit.claims.table.loc[0, "note"] = FORMULA
    # A few rows of each table are enough.
    whole = Results(fit)
    few = {"claims": whole.claims.head(40), "biases": whole.biases}
    table = whole.estimates
    return Results(fit, few | {"estimates": table[table["measure"].isin(["yearly", "cumulative"])]})


@pytest.fixture(scope="module")
def results():
    return small()


@pytest.fixture(scope="module")
def document():
    table = Table(
        "t", ["Claimant", "Ratio"], [[Link("A & B", "https://example.org/a"), "1.5"]], "Ratios.",
        numeric=frozenset({1}),
    )  # fmt: skip
    blocks = [Text("Words\x00 and <b>more</b>", lead="Lead."), table, Text("Part", tone="heading")]
    return Document("A \ud800 title", "From here to there", [Section("s", "First", blocks)])


def test_a_workbook_has_the_tables_and_no_formulas(results, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    write_workbook(results, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "estimates.xlsx")
    assert book.sheetnames == ["estimates", "biases", "claims", "how to cite", "sources"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert FORMULA in {cell.value for cell in cells}
    found = pd.read_excel(tmp_path / "estimates.xlsx", sheet_name="estimates")
    table = results.estimates.reset_index(drop=True)
    assert list(found.columns) == list(table.columns)
    np.testing.assert_allclose(found["median"], table["median"])
    assert (found["end"] == table["end"]).all()
    words = {str(cell.value) for cell in book["how to cite"]["A"]}
    assert {"Reference", "killed-north", "killed-north-2022"} <= words


def test_days_are_left_out_of_a_workbook(results, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    rows = results.estimates.head(4).assign(measure=["daily", "daily", "weekly", "daily"])
    given = {"biases": results.biases, "claims": results.claims.head(1), "estimates": rows}
    # The years of the numbers to quote come from the estimates, too.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossmodel.report.output.workbook.quoted", lambda _: {})
        write_workbook(Results(results.fit, given), tmp_path)
    book = openpyxl.load_workbook(tmp_path / "estimates.xlsx")
    assert [row[3].value for row in book["estimates"].iter_rows()] == ["measure", "weekly"]


def test_texts_of_others_open_too(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    write_workbook(small(extra=HOSTILE + "\x0b\ufffe", passed=False), tmp_path)
    book = openpyxl.load_workbook(tmp_path / "estimates.xlsx")
    assert "NOT CONVERGED" in book["how to cite"]["A1"].value
    assert [cell.value for cell in book["estimates"][1]][-1] == "gate"


def test_draws_add_up_to_the_totals(results, tmp_path):
    pytest.importorskip("pyarrow")
    write_parquet(results, tmp_path)
    draws = pd.read_parquet(tmp_path / "draws.parquet")
    own = draws[(draws["party"] == "north") & (draws["category"] == "killed")]
    totals = own[own["scope"] == "all"].groupby("draw")["losses"].sum()
    row = answer_query(results.fit, "killed north").iloc[0]
    assert totals.median() == pytest.approx(row["median"])
    assert len(draws) == 30 * 23 * len(results.fit.series)
    estimates = pd.read_parquet(tmp_path / "estimates.parquet")
    own = results.estimates.reset_index(drop=True)
    pd.testing.assert_frame_equal(estimates, own, check_dtype=False)


def test_parquet_of_a_fit_that_failed_is_marked_row_by_row(results, tmp_path):
    pytest.importorskip("pyarrow")
    tables = {"estimates": results.estimates.head(9)}
    for passed in (True, False):
        gate = results.fit.diagnostics["gate"] | {"passed": passed}
        fit = replace(results.fit, diagnostics=results.fit.diagnostics | {"gate": gate})
        write_parquet(Results(fit, tables), tmp_path)
        for name in ("estimates", "draws"):
            table = pd.read_parquet(tmp_path / f"{name}.parquet")
            assert ("gate" in table) is not passed
            assert passed or set(table["gate"]) == {"not passed"}


def test_a_word_file_has_tables_links_and_numbers_with_tags(results, document, tmp_path):
    docx = pytest.importorskip("docx")
    path = tmp_path / "report.docx"
    path.write_bytes(to_word(document, results, tmp_path))
    file = docx.Document(path)
    first = file.tables[0]
    assert [cell.text for cell in first.rows[0].cells] == ["Claimant", "Ratio"]
    assert first.rows[1].cells[0].paragraphs[0].hyperlinks[0].address == "https://example.org/a"
    assert file.core_properties.modified.isoformat().startswith("2024-05-06T07:08:09")
    tagged = {mention.question: mention.text for mention in mentions(path) if mention.question}
    asked = {one.question for one in quoted(results).values()}
    assert {"killed north", "killed north / killed south"} <= set(tagged) <= asked


def test_headlines_of_a_word_file_keep_their_question(results, document, tmp_path):
    pytest.importorskip("docx")
    answers = headline_answers(results)
    summary = [_sentence(results, key) for key in headline_keys(results.fit)]
    told = replace(document, answers=answers, sections=[Section("s", "Summary", summary)])
    path = tmp_path / "a.docx"
    path.write_bytes(to_word(told, results, tmp_path))
    tagged = [m for m in mentions(path) if m.question == "killed north"]
    assert [m.text.count(answers.items[0].median) for m in tagged[:2]] == [1, 1]
    assert not verify_document(path, results.fit).problems
    changed = replace(answers, items=[replace(one, median="9,999,999") for one in answers.items])
    wrong = [replace(t, text=f"9,999,999{t.text}", quotes=("9,999,999", t.quotes[1]))
             for t in summary]  # fmt: skip
    told = replace(told, answers=changed, sections=[Section("s", "Summary", wrong)])
    path.write_bytes(to_word(told, results, tmp_path))
    assert len(verify_document(path, results.fit).problems) == len(answers.items) + len(wrong)


def test_lethality_of_parties_comes_in_the_order_of_the_fit(results):
    """Whatever the seed of the interpreter's hashes: verify compares line by line."""
    many = [(f"party-{i}", name, "all") for i in range(40) for name in ("killed", "casualties")]
    estimated = SimpleNamespace(series=many)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossmodel.report.quoted._quotient", lambda _, names, *rest: names[-1])
        patch.setattr("lossmodel.report.quoted.party_title", lambda _, party: party)
        patch.setattr("lossmodel.report.quoted.main_parties", lambda _: [])
        patch.setattr("lossmodel.report.quoted.main_categories", lambda _: [])
        estimated.conflict = results.fit.conflict
        found = list(_quotients(estimated))
    assert found == [f"party-{i}" for i in range(40)]


def test_questions_that_word_has_no_room_for_are_not_tagged(results, document, tmp_path):
    pytest.importorskip("docx")
    (tmp_path / "a.docx").write_bytes(to_word(document, results, tmp_path))
    assert all(len(m.question) <= 64 - len("lossmodel: ") for m in mentions(tmp_path / "a.docx"))


def test_a_second_run_has_the_same_bytes(results, document, tmp_path, monkeypatch):
    pytest.importorskip("openpyxl")
    pytest.importorskip("docx")
    pytest.importorskip("pyarrow")
    made, now = [], time.time()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_workbook(results, folder)
        write_parquet(results, folder)
        (folder / "a.docx").write_bytes(to_word(document, results, folder))
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
        # An hour later.
        monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert made[0] == made[1]


def _read(folder):
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.json")
    }


def test_the_json_files_have_the_numbers_and_texts_of_the_report(results, tmp_path):
    write_static_api(results, tmp_path)
    files = _read(tmp_path / "api")
    totals = files["totals.json"]["totals"]
    assert [(t["party"], t["category"], t["scope"]) for t in totals] == list(results.fit.series)
    texts = {one.question: one for one in quoted(results).values()}
    for total in totals:
        key = total["party"], total["category"], total["scope"]
        expected = results.total(key)
        assert [total[name] for name in ("median", "lower", "upper")] == [
            expected[name] for name in ("median", "lower", "upper")
        ]
        names = [total["category"], total["party"], *[key[2]] * (key[2] != "all")]
        assert f"{total['median_text']} (95% credible interval {total['interval_text']}" in (
            texts[" ".join(names)].sentence
        )
        own = [s for s in files[total["series"]]["series"] if s["scope"] == total["scope"]]
        same = ("start", "end", "median", "lower", "upper", "median_text", "interval_text")
        assert [own[0]["cumulative"][-1][name] for name in same] == [total[n] for n in same]
    rows = sum(len(v) for f in files.values() for s in f.get("series", []) for v in s.values()
               if isinstance(v, list))  # fmt: skip
    assert rows == len(results.estimates)
    about = {json.dumps({k: v for k, v in f.items() if k not in ("totals", "series")})
             for f in files.values()}  # fmt: skip
    assert len(about) == 1
    assert {"end", "ci_prob", "gate", "fit_sha256", "license", "cite"} <= set(json.loads(*about))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    write_static_api(results, tmp_path)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.json")}


def test_a_sum_that_figures_are_of_has_its_series(tmp_path):
    fit, _ = with_claims_about_the_sum(make_fit(n_draws=30, until="2023-12-31"))
    results = Results(fit)
    write_static_api(results, tmp_path)
    files = _read(tmp_path / "api")
    totals = files["totals.json"]["totals"]
    assert {total["series"] for total in totals} == set(files) - {"totals.json"}
    (whole,) = (total for total in totals if total["party"] == "north+guests")
    (own,) = files[whole["series"]]["series"]
    assert own["cumulative"][-1]["median"] == whole["median"]
    rows = [v for f in files.values() for s in f.get("series", []) for v in s.values()]
    written = sum(len(v) for v in rows if isinstance(v, list))
    assert written == len(results.estimates) + len(results.sums)


def test_names_with_slashes_stay_in_the_folder_and_no_number_is_null(results, tmp_path):
    table = results.estimates.head(2).assign(
        party="../dpr/lpr", category="a/b", measure="cumulative", sd=[1.0, np.inf]
    )
    write_static_api(Results(results.fit, {"estimates": table}), tmp_path)
    files = _read(tmp_path / "api")
    assert _read(tmp_path).keys() == {f"api/{name}" for name in files}
    [total] = files["totals.json"]["totals"]
    assert total["party"] == "../dpr/lpr"
    assert total["sd"] is None
    assert total["series"].count("/") == 2
    assert total["series"] in files


def test_a_format_without_its_library_says_what_to_install(results, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(UsageError, match=r"pip install lossmodel\[xlsx\]"):
        write_workbook(results, tmp_path)


def test_an_unknown_format_is_refused_before_the_work(results, tmp_path):
    with pytest.raises(UsageError, match="xlsx"):
        export_fit(results.fit, ["pages"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert set(EXPORTS) == {"xlsx", "parquet", "json", "docx", "markdown"}


def test_a_report_with_its_fit_is_not_replaced(results, tmp_path):
    (tmp_path / "manifest.json").touch()
    (tmp_path / "fit.nc").touch()
    with pytest.raises(UsageError, match="has a fit, which an export would replace"):
        export_fit(results.fit, ["parquet"], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", "fit.nc"}


def test_the_crate_describes_every_file(results, tmp_path):
    (tmp_path / "figures").mkdir()
    for name in ("estimates.csv", "fit.nc", "figures/a b.svg"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    content = json.loads(crate(results.fit, tmp_path))
    assert content["@context"] == "https://w3id.org/ro/crate/1.1/context"
    graph = {entity["@id"]: entity for entity in content["@graph"]}
    assert len(graph) == len(content["@graph"])
    assert graph[NAME]["about"] == {"@id": "./"}
    assert graph[NAME]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = graph["./"]
    assert {"name", "description", "datePublished", "license"} <= set(root)
    assert root["datePublished"] == "2024-05-06"
    parts = [part["@id"] for part in root["hasPart"]]
    assert parts == ["estimates.csv", "figures/a%20b.svg", "fit.nc"]
    assert all(graph[part]["@type"] == "File" for part in parts)
    assert graph["fit.nc"]["contentSize"] == "1"
    named = [value["@id"] for entity in graph.values() for value in entity.values()
             if isinstance(value, dict) and "@id" in value]  # fmt: skip
    assert set(named) <= {*graph, "https://w3id.org/ro/crate/1.1"}


@pytest.mark.slow
def test_a_real_fit_is_exported_in_every_format(tmp_path):
    import lossmodel as lm

    fit = lm.fit(lm.load_claims(conflict="kargil1999"), engine="laplace", draws=200)
    out = export_fit(fit, list(EXPORTS), tmp_path / "out")
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "figures/losses-india-killed.png" in text
    assert (out / "figures" / "losses-india-killed.png").stat().st_size > 10_000
    assert (out / "report.docx").stat().st_size > 100_000
