"""The report: whole or not at all, marked where it must be, and text is shown as text."""

import html.parser
import json
import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import lossmodel
from lossmodel import plots
from lossmodel.errors import UsageError
from lossmodel.inference import worker
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.posterior.ratios import over_all
from lossmodel.query.evaluate import run_query
from lossmodel.report import write
from lossmodel.report.blocks import Text
from lossmodel.report.document import LINE, SMALL_LINE, column_widths, compose, unbroken
from lossmodel.report.figures import render
from lossmodel.report.figures.figures import figure_specs
from lossmodel.report.output import pdf
from lossmodel.report.output.html import inline_svg
from lossmodel.report.output.markdown import markdown
from lossmodel.report.passages import split_passages
from lossmodel.report.quoted import quoted
from lossmodel.report.results import Results
from lossmodel.report.sections.checks import checks_section
from lossmodel.report.sections.losses import READING
from lossmodel.report.sections.provenance import priors_section
from lossmodel.report.typesetting import TypesettingError
from lossmodel.report.wording import party_title
from lossmodel.report.write import write_report
from lossmodel.text.numbers import number
from tests.fakes import HOSTILE, make_fit
from tests.small_conflict import TOML, claims_csv, write_conflict

FEW = {"fit.nc", "diagnostics.json", "provenance.json", "manifest.json"}
ALL = FEW | {
    *("report.html", "report.md", "report.pdf", "estimates.csv", "biases.csv", "claims.csv"),
    *("others.csv", "numbers.tex", "references.bib", "references.json", "tables", "figures"),
    "ro-crate-metadata.json",
}
MAIN = [("north", "killed"), ("north", "casualties"), ("south", "killed"), ("south", "casualties")]


@pytest.fixture(scope="module")
def fit():
    return make_fit(n_draws=60)


@pytest.fixture(scope="module")
def report(fit, tmp_path_factory):
    return write_report(fit, tmp_path_factory.mktemp("out") / "report")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    fit = make_fit(n_draws=40, extra=HOSTILE, passed=False)
    return write_report(fit, tmp_path_factory.mktemp("hostile") / "report", force=True)


class Page(html.parser.HTMLParser):
    """Tags and seen text of a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.links, self.ids, self.scripts = [], [], [], [], []
        self._skip = 0
        self.feed(text)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._skip += tag in ("script", "style")
        known = dict(attrs)
        self.scripts += [known.get("type")] if tag == "script" else []
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known["href"]] if "href" in known else []

    def handle_endtag(self, tag):
        self._skip -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._skip:
            self.texts.append(data)


def read(path):
    return path.read_text(encoding="utf-8")


def test_the_folder_holds_everything(report):
    assert {path.name for path in report.iterdir()} == ALL
    forms = {path.suffix for path in (report / "figures").iterdir()}
    assert forms == {".svg", ".pdf", ".png"}
    assert (report / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(("party", "category"), MAIN)
def test_the_answer_is_that_of_the_table(fit, report, party, category):
    table = pd.read_csv(report / "estimates.csv", parse_dates=["end"])
    same = table[["party", "category", "scope", "measure"]] == [
        party,
        category,
        "all",
        "cumulative",
    ]
    row = table[same.all(axis=1)].iloc[-1]
    assert row["end"] == fit.days[-1]
    shown = [number(row[k], row["lower"], row["upper"]) for k in ("median", "lower", "upper")]
    title = fit.conflict.parties[party].title
    for text in (Page(read(report / "report.html")).text, read(report / "report.md")):
        sentence = text[text.index(f"{title}, {category}, all forces") :]
        assert f"{shown[0]} (95% credible interval {shown[1]} to {shown[2]})" in sentence[:160]


def test_the_share_of_assumptions_is_a_scale_and_no_cliff(report):
    text = Page(read(report / "report.html")).text
    scale = "Of its uncertainty, {} is noise in the figures; the rest is assumptions"
    assert scale.format("14%") in text[text.index("South, killed, all") :][:330]
    # A total that hangs on one claim has none beside its answer, and one among all shares.
    north = text[text.index("North, killed, all") :][:520]
    assert "noise in the figures" not in north
    assert "How far that claim errs is assumed." in north
    assert scale.format("55%") in text
    assert "set by assumptions" not in text


@pytest.mark.parametrize("count", [0, 2, 5])
def test_departures_from_a_normal_posterior_are_rows_with_names(count):
    fit = make_fit(n_draws=60)
    fit.diagnostics["gate"]["doubts"] = [
        "person: killed north is skewed (interval as wide)"
    ] * count
    section = checks_section(Results(fit), [])
    tables = [block for block in section.blocks if getattr(block, "name", "") == "doubts"]
    rows = [list(row) for table in tables for row in table.rows]
    assert rows == [["person", "North, killed is skewed (interval as wide)"]] * count
    assert all(bool(table.fold) == (count > 3) for table in tables)
    words = " ".join(block.text for block in section.blocks if isinstance(block, Text))
    assert ("approximate where the posterior is skewed or otherwise not close to" in words) == (
        count > 0
    )


def test_the_parts_come_in_order(fit):
    results = Results(fit)
    document = compose(results, figure_specs(results))
    names = [section.name for section in document.sections]
    titles = {section.title for section in document.sections}
    assert re.search("the section “(.*?)” gives its bias", READING)[1] in titles
    assert names == [
        *("answer", "periods", "losses", "others", "claimants", "level", "claims", "checks"),
        "validation",
        *("priors", "provenance"),
    ]


def test_priors_that_figures_have_changed_are_named(fit):
    blocks = priors_section(fit).blocks
    said = [f"{block.lead} {block.text}" for block in blocks if isinstance(block, Text)]
    north = party_title(fit.conflict, "north")
    assert f"lethality.level of {north}: 3.2 times the sd below" in "\n".join(said)
    days = f"0.25 times the median below, since claims know of {len(fit.days)} days only."
    assert any(line.startswith("delay.median of the list of") and days in line for line in said)


def test_contents_lead_somewhere_and_no_name_is_used_twice(report):
    page = Page(read(report / "report.html"))
    inside = [link for link in page.links if link.startswith("#")]
    assert len(inside) == 11
    assert {link[1:] for link in inside} <= set(page.ids)
    named = [
        name for name in page.ids if not re.match("losses-|biases-|shares-|predictions-", name)
    ]
    assert len(named) == len(set(named))


def test_every_claim_is_in_the_page_and_the_table(fit, report):
    page = read(report / "report.html")
    assert all(claim in page for claim in fit.claims.table["claim_id"])
    table = pd.read_csv(report / "claims.csv")
    assert list(table["claim_id"]) == list(fit.claims.table["claim_id"])
    copies = ["copy_probability", "copy_of"]
    assert list(table.columns[-8:-2]) == ["class", "with", "why", "expected", "residual", "pit"]
    assert list(table.columns[-2:]) == copies


def test_the_page_needs_no_network(report):
    page = read(report / "report.html")
    # Only a reader's click on a source leads to the network, and tells it nothing.
    away = re.findall(r"""<[^>]+(?:src|href)=["']?(?:https?:)?//[^>]*>""", page)
    safe = r'<a href="https://[^"]+" target="_blank" rel="noopener noreferrer">'
    assert away
    assert all(re.fullmatch(safe, tag) for tag in away)
    assert "@import" not in page
    assert "url(http" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_hostile_text_is_shown_as_text(hostile, name):
    text = read(hostile / name)
    assert "<script>alert" not in text
    if name == "report.html":
        page = Page(text)
        # Data of the figure and of the rows, which nothing runs, and the page's own scripts.
        assert page.scripts == ["application/json", "application/json", None, None]
        # A note's line is seen by the reader exactly as it was written.
        assert HOSTILE in page.text + " ".join(split_passages(name, text))
    else:
        assert "[a](javascript" not in text
        assert "\\[a\\](javascript" in text


def test_hostile_text_does_not_stop_typst(hostile):
    assert (hostile / "report.pdf").read_bytes().startswith(b"%PDF")
    assert not (hostile / "report.log").exists()


@pytest.mark.parametrize(
    "text", ["# x", "- x", "1. x", "> x", "+ x", "=== ", "a_b_c", "*a*", "`a`", "<b>", "a|b", "\\x"]
)
def test_markdown_has_no_markup_left(text):
    done = markdown(text)
    assert not re.match(r"\s*([#>+\-=]|\d+[.)])", done)
    assert not re.search(r"(?<!\\)[*_`|<\[]", done)


def test_a_fit_that_failed_its_gate_gets_three_files(tmp_path):
    out = write_report(make_fit(n_draws=20, passed=False), tmp_path / "report")
    assert {path.name for path in out.iterdir()} == FEW


def test_a_forced_report_is_marked_everywhere(hostile):
    for name in ("report.html", "report.md", "numbers.tex", "references.bib"):
        assert NOT_PASSED in read(hostile / name)
    for name in ("estimates", "biases", "claims"):
        assert set(pd.read_csv(hostile / f"{name}.csv")["gate"]) == {"not passed"}
    for path in (hostile / "figures").glob("*.svg"):
        assert "NOT CONVERGED" in read(path)
    assert json.loads(read(hostile / "diagnostics.json"))["gate"]["passed"] is False


@pytest.mark.parametrize("kind", ["file", "folder", "other-json"])
def test_what_is_not_a_report_is_not_replaced(fit, tmp_path, kind):
    out = tmp_path / "precious"
    if kind == "file":
        out.write_text("mine", encoding="utf-8")
    else:
        out.mkdir()
        (out / "thesis.txt").write_text("mine", encoding="utf-8")
    if kind == "other-json":
        (out / "fit.nc").write_text("", encoding="utf-8")
        (out / "provenance.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match="precious"):
        write_report(fit, out)
    assert (out if kind == "file" else out / "thesis.txt").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_an_empty_folder_and_an_earlier_report_are_replaced(tmp_path):
    out = tmp_path / "a" / "report"
    out.mkdir(parents=True)
    failed = make_fit(n_draws=20, passed=False)
    write_report(failed, out)
    (out / "diagnostics.json").unlink()
    (out / ".DS_Store").write_text("", encoding="utf-8")
    write_report(failed, out)
    assert {path.name for path in out.iterdir()} == FEW
    assert [path.name for path in out.parent.iterdir()] == ["report"]


@pytest.mark.parametrize(
    "stop",
    [KeyboardInterrupt]
    + [pytest.param(stop, marks=pytest.mark.slow) for stop in (OSError, MemoryError)],
)
@pytest.mark.parametrize("earlier", [True, False])
def test_an_interruption_leaves_what_was_there(fit, tmp_path, monkeypatch, stop, earlier):
    out = tmp_path / "report"
    if earlier:
        write_report(make_fit(n_draws=20, passed=False), out)

    def stopped(*_):
        raise stop

    monkeypatch.setattr(write, "compose", stopped)
    with pytest.raises(stop):
        write_report(fit, out)
    assert [path.name for path in tmp_path.iterdir()] == (["report"] if earlier else [])
    if earlier:
        assert {path.name for path in out.iterdir()} == FEW


@pytest.mark.slow
def test_without_typst_there_is_a_note_and_the_rest(fit, tmp_path, monkeypatch, caplog):
    def broken(*_, **__):
        raise TypesettingError("Typst failed: no reason")

    monkeypatch.setattr(pdf, "typeset", broken)
    monkeypatch.setattr(render, "typeset", broken)
    monkeypatch.setattr(worker, "cores", lambda: 1)
    out = write_report(fit, tmp_path / "report")
    assert "no reason" in caplog.text
    assert "no reason" in read(out / "report.log")
    assert {path.name for path in out.iterdir()} == ALL - {"report.pdf"} | {"report.log"}


def test_numbers_that_json_cannot_say_are_null(tmp_path):
    content = {"a": [np.float64("nan"), np.int64(3), (1.5, float("inf"))], "b": np.bool_(True)}
    write.write_json(content, tmp_path / "x.json")
    assert json.loads(read(tmp_path / "x.json")) == {"a": [None, 3, [1.5, None]], "b": True}


@pytest.mark.parametrize("n", [1, 4, 9])
def test_columns_hold_their_longest_word_and_fill_at_most_a_line(n):
    rng = np.random.default_rng(n)
    words = ["a", "casualties", "1,234,567", "of the armed forces and their allies in the field"]
    rows = [[str(words[i]) for i in rng.integers(0, 4, n)] for _ in range(60)]
    columns = [f"Column {i}" for i in range(n)]
    widths = column_widths(columns, rows)
    least = [max(len(w) for row in [columns, *rows] for w in row[i].split()) for i in range(n)]
    assert all(width > low for width, low in zip(widths, least, strict=True))
    assert sum(widths) <= max(LINE, SMALL_LINE, sum(least) + 2 * n)


def test_headings_and_intervals_of_printed_tables_stay_whole_where_there_is_room():
    columns = ["Losses", "Total", "95% interval", "Assumed"]
    rows = [["Armenia, tanks", "280", unbroken("251 to 407"), "88%"]]
    widths = column_widths(columns, rows, whole={1, 2, 3})
    # Bold type is wider than that of the cells.
    assert all(width > 1.1 * len(name) + 1 for name, width in zip(columns, widths, strict=True))
    cells = [unbroken(text) for text in ("2.3 (0.77–6.9)", "2,600 [1,300 to 5,300]", "251 to 407")]
    assert [cell.split(" ") for cell in cells] == [
        ["2.3", "(0.77–6.9)"],
        ["2,600", "[1,300\xa0to\xa05,300]"],
        ["251\xa0to\xa0407"],
    ]
    # Five columns of text leave no room for the interval beside its median, but for it alone.
    words = ["incomparable"] * 5
    narrow = column_widths([*words, "Prior", "Own"], [[*words, *cells[:2]]] * 9, whole={5, 6})
    assert narrow[6] >= len("[1,300 to 5,300]")


def test_days_of_a_text_break_where_they_did():
    assert unbroken("1 May to 2 June") == "1 May to 2 June"


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext")
def test_figures_of_the_pdf_stand_on_the_page_of_the_text_that_names_them(report):
    shown = subprocess.run(
        ["pdftotext", report / "report.pdf", "-"], capture_output=True, text=True, check=True
    )
    pages = [" ".join(page.split()) for page in shown.stdout.split("\f")]
    [page] = [page for page in pages if READING[:60] in page]
    assert READING in page
    assert page.index(READING) < page.index("North, killed: posterior median")


def test_pictures_in_the_page_have_names_of_their_own():
    svg = '<?xml version="1.0"?><svg width="9pt" height="5pt" viewBox="0 0 9 5"><g id="a"/>'
    svg += '<use xlink:href="#a" clip-path="url(#b)" style="fill: #22262b"/></svg>'
    done = inline_svg(svg, "one")
    assert done.startswith("<svg")
    assert 'id="one-a"' in done
    assert 'href="#one-a"' in done
    assert "url(#one-b)" in done
    assert "var(--ink)" in done
    assert "9pt" not in done


@pytest.mark.slow
def test_the_same_fit_gives_the_same_page(fit, report, tmp_path):
    again = write_report(fit, tmp_path / "again")
    for name in ("report.html", "report.md", "estimates.csv", "numbers.tex"):
        assert read(again / name) == read(report / name)


def test_a_conflict_without_other_estimates_has_no_heading_of_them(fit):
    plain = SimpleNamespace(
        **{k: getattr(fit, k) for k in ("days", "ci_prob", "conflict", "series", "submodels")}
    )
    from lossmodel.report.sections.losses import losses_section

    claims = Results(fit).claims
    section = losses_section(SimpleNamespace(fit=plain, claims=claims.iloc[:0]), [])
    assert section.blocks == []


@pytest.fixture(scope="module")
def recounted(tmp_path_factory):
    """A ledger whose claimant counted anew after the fighting, beside a bound of the other side."""
    name = dict(party="land", category="killed", kind="cumulative", source="gazette-1")
    army, enemy = dict(name, claimant="land-staff"), dict(name, claimant="sea-staff")
    rows = [
        dict(army, claim_id="a", end="2001-01-31", value="400", published="2001-02-02"),
        dict(army, claim_id="b", end="2001-02-15", value="650", published="2001-02-17"),
        dict(army, claim_id="c", end="2001-03-31", value="2000", published="2001-06-30"),
        dict(enemy, claim_id="d", end="2001-03-31", value="6000", published="2001-04-02")
        | {"qualifier": "at-least"},
    ]
    war = write_conflict(
        tmp_path_factory.mktemp("recounted"),
        conflict=TOML.replace("2003-12-31", "2001-03-31").replace("from = 2002-01-01\n", ""),
        streams="claimant,party,category,accounting,method,note\nland-staff,land,killed,ledger,,\n",
        claims=claims_csv(rows),
    )
    return lossmodel.fit(war, engine="laplace", draws=100)


def named_table(fit, name):
    results = Results(fit)
    document = compose(results, figure_specs(results))
    blocks = [block for section in document.sections for block in section.blocks]
    return next(block for block in blocks if getattr(block, "name", "") == name)


@pytest.mark.slow
def test_a_ledger_and_its_recount_are_two_rows_of_the_table_and_the_figure(recounted):
    results = Results(recounted)
    ratios = named_table(recounted, "ratios-person")
    own = {row[2]: row[4] for row in ratios.rows if row[0] == "Staff of the land"}
    assert sorted(own) == ["self, estimate", "self, ledger"]
    labels = plots.plot_biases(recounted, ax=Figure().subplots()).get_yticklabels()
    names = {label.get_text() for label in labels}
    assert {f"Staff of the land: killed ({name})" for name in ("ledger", "estimate")} <= names
    judged = over_all(recounted).set_index("claimant").loc["land-staff", "accounting"]
    assert sorted(judged) == ["estimate", "ledger"]
    question = "ratio land-staff land killed"
    quote = quoted(results)["ratio-land-staff-land-killed"]
    assert quote.question == question
    answer = run_query(recounted, question).table.iloc[0]
    assert quote.median == pytest.approx(answer["median"])


def test_a_headline_without_estimates_of_others_has_their_other_figures(recounted):
    latest = named_table(recounted, "others-latest")
    assert [row[3] for row in latest.rows] == ["2,000", "at least 6,000"]


@pytest.mark.parametrize(("forms", "converted"), [("all", ["a", "b"]), ("svg", [])])
def test_figures_are_converted_only_if_asked_for(tmp_path, monkeypatch, forms, converted):
    asked = []
    monkeypatch.setattr(render, "draw_figures", lambda *_, **__: {"a": "<svg/>", "b": "<svg/>"})
    monkeypatch.setattr(render, "convert_figure", lambda _, name: asked.append(name))
    found = render.render_figures([], None, tmp_path, "", forms)
    assert list(found.svg) == ["a", "b"]
    assert asked == converted


def test_other_forms_of_figures_are_refused(fit, tmp_path):
    with pytest.raises(UsageError, match="all, svg"):
        write_report(fit, tmp_path / "report", figures="png")
