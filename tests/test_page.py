"""The page a reader looks at: answers first, one number one value, sources, bounds, changes."""

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lossmodel import plots
from lossmodel.cli.headline import headline
from lossmodel.conflict.titles import named, short_names
from lossmodel.errors import UsageError
from lossmodel.inference.gates import laplace_gate, weights_gate
from lossmodel.inference.importance import WeightedDraws
from lossmodel.plots.claims import claims_about
from lossmodel.plots.labels import NAME, shortened
from lossmodel.posterior.tables import claimed_sums
from lossmodel.query.evaluate import run_query
from lossmodel.report.axis import Axis
from lossmodel.report.blocks import Link, Section, Table, Text, trimmed
from lossmodel.report.changes import changes_since, check_earlier, read_changes
from lossmodel.report.document import compose
from lossmodel.report.figures import data
from lossmodel.report.figures.explore import exploration
from lossmodel.report.figures.figures import SMALLEST, STYLE, WIDTH, figure_specs
from lossmodel.report.folder import csv_text
from lossmodel.report.one_claim import without
from lossmodel.report.output.crate import crate
from lossmodel.report.output.html import FIRST_ROWS, inline_svg, to_html
from lossmodel.report.output.latex import facts, macros
from lossmodel.report.output.markdown import to_markdown
from lossmodel.report.results import Results
from lossmodel.report.sections.changes import changes_section
from lossmodel.report.sources import Sources
from lossmodel.report.wording import confidence, is_civilian, plain_doubt, quantity_title
from lossmodel.text.months import date
from tests.fakes import make_fit, with_claims_about_the_sum

MAIN = [("north", "killed"), ("north", "casualties"), ("south", "killed"), ("south", "casualties")]
NUMBER = r"\d[\d,.]*\d|\d"


@pytest.fixture(scope="module")
def fit():
    return make_fit(n_draws=60)


@pytest.fixture(scope="module")
def results(fit):
    return Results(fit)


@pytest.fixture(scope="module")
def document(results):
    return compose(results, figure_specs(results))


def section(document, name):
    return next(part for part in document.sections if part.name == name)


def blank(document):
    """No pictures, by the names of those that a document has."""
    blocks = [block for part in document.sections for block in part.blocks]
    return {block.name: "<svg/>" for block in blocks if block.kind == "figure"}


def table(document, part, name):
    return next(b for b in section(document, part).blocks if getattr(b, "name", "") == name)


def digits(text):
    """Median and limits of the first interval in a text."""
    pattern = rf"({NUMBER})\D+?(?:95% credible interval )?({NUMBER}) to ({NUMBER})"
    return list(re.search(pattern, text).groups())


def asked(fit, question):
    return digits(str(run_query(fit, question)).split(": ", 1)[1])


def test_the_answers_come_before_the_contents(document):
    page = to_html(document, blank(document))
    assert page.index('class="answers"') < page.index("<nav")
    assert [item.title for item in document.answers.items] == [
        *("North, killed", "North, casualties", "South, killed", "South, casualties")
    ]
    assert document.answers.when == "As of 30 June 2024"


def test_an_earlier_day_counts_only_the_claims_that_were_published_by_then(fit):
    published = fit.claims.table["published"]
    day = pd.Timestamp("2023-05-05")
    early = replace(fit, evidence=SimpleNamespace(**{**vars(fit.evidence), "as_of": day}))
    known = f"{(published <= day).sum():,}"
    assert known != f"{len(published):,}"
    results = Results(early)
    document = compose(results, figure_specs(results))
    assert document.answers.when == "As of 5 May 2023, with losses to 30 June 2024"
    assert f"from {known} published claims;" in document.subtitle
    assert facts(early)["claims"] == known.replace(",", r"\,")
    assert f"from {known} published claims" in crate(early, Path("nowhere"))


def test_every_place_gives_the_same_digits(fit, results, document):
    """Answer, sentence, table, macro, headline of the command and query, for every headline."""
    known = macros(results)
    totals = {row[0]: row[1:3] for row in table(document, "answer", "totals-people").rows}
    sentences = [
        b for b in section(document, "answer").blocks if getattr(b, "tone", "") == "answer"
    ]
    lines = headline(fit, "report").splitlines()
    for (party, category), answer, sentence in zip(
        MAIN, document.answers.items, sentences, strict=True
    ):
        own = asked(fit, f"{category} {party}")
        assert digits(f"{answer.median} {answer.interval}") == own
        assert digits(" ".join(totals[answer.title])) == own
        assert digits(sentence.text) == own
        macro = f"LM{category}{party.title()}All"
        texts = [known[f"{macro}{kind}"].replace(r"\,", ",") for kind in ("Median", "Interval")]
        assert digits(" ".join(texts)) == own
        assert digits(next(x for x in lines if f"{category} {party} " in x)) == own
        for text in (to_markdown(document), to_html(document, blank(document))):
            shown = re.sub(r"<[^>]+>|[*>]", " ", text)
            assert digits(shown[shown.index(answer.title) + len(answer.title) :]) == own


def test_a_year_and_a_month_are_those_of_a_query(fit, document):
    for name, at, window in (("yearly", 1, "2023"), ("monthly", 12, "2023-02")):
        rows = table(document, "periods", name)
        assert rows.columns[1:] == [
            f"{party}, {category}"
            for party in ("North", "South")
            for category in ("killed", "wounded", "casualties")
        ]
        for i, title in enumerate(rows.columns[1:], start=1):
            party, category = title.lower().split(", ")
            assert digits(rows.rows[at][i]) == asked(fit, f"{category} {party} {window}")


def test_a_year_before_is_the_same_day_of_the_year_before(fit, results, document):
    before = results.year_ago(("north", "killed", "all"))
    assert before["end"] == fit.days[-1] - pd.DateOffset(years=1)
    own = asked(fit, f"killed north cumulative {before['end']:%Y-%m-%d}")
    shown = table(document, "answer", "totals-people").rows[0]
    assert digits(" ".join(shown[3:5])) == own
    sentence = next(b for b in section(document, "answer").blocks if b.text.count("one year"))
    assert f"to {date(before['end'])}" in sentence.text
    short = make_fit(n_draws=10, until="2023-02-23")
    assert Results(short).year_ago(("north", "killed", "all")) is None


def test_counts_of_figures_agree_between_sections(fit, document):
    words = next(b.text for b in section(document, "claims").blocks if "sections count" in b.text)
    assert f"{len(fit.terms):,} figures" in words
    ratios = [
        table(document, "claimants", f"ratios-{group}").rows for group in ("person", "equipment")
    ]
    column = table(document, "claimants", "ratios-person").columns.index("Figures")
    # The fake's streams count claims, each of which is one figure.
    counted = sum(int(row[column]) for row in ratios[0]) + sum(int(row[-2]) for row in ratios[1])
    assert counted == len(fit.terms)
    assert table(document, "checks", "predictive").rows[-1][1] == f"{len(fit.terms):,}"


@pytest.mark.parametrize(
    ("lower", "upper", "share", "word"),
    [
        # The log of the ratio of the limits is widened by the root of one plus the share.
        *((100, 144, 0.2, "high"), (100, 145, 0.2, "moderate"), (100, 231, 0.2, "low")),
        *((100, 134, 0.9, "high"), (100, 135, 0.9, "moderate"), (100, 194, 0.9, "moderate")),
        *((100, 195, 0.9, "low"), (0, 10, 0.1, "low")),
    ],
)
def test_confidence_follows_its_rule(fit, lower, upper, share, word):
    shares = fit.variance_decomposition.assign(prior_share=share)
    known = replace(fit, variance_decomposition=shares)
    words = confidence(known, ("south", "killed", "all"), {"lower": lower, "upper": upper})
    assert words.startswith(f"{word.title()} confidence")
    assert f"{share:.0%} assumed" in words
    assert lower == 0 or " times the lower with other assumptions, " in words


def test_a_total_that_hangs_on_one_claim_does_not_read_as_well_measured(fit, document):
    # A share of a tenth would make high confidence of these limits.
    known = replace(fit, variance_decomposition=fit.variance_decomposition.assign(prior_share=0.1))
    key, total = ("north", "killed", "all"), {"lower": 100, "upper": 140}
    words = confidence(known, key, total)
    assert words.startswith("Moderate confidence: ")
    assert words.endswith(", hangs on one claim")
    shown = {row[0]: row[-1] for row in table(document, "answer", "totals-people").rows}
    assert shown[quantity_title(fit, key)] == "one claim"
    text = next(b for b in section(document, "answer").blocks if "It hangs on" in b.text).text
    assert text.endswith(" How far that claim errs is assumed.")
    assert "noise in the figures" not in text


@pytest.mark.slow
def test_the_heading_of_people_has_civilians_only_where_there_are(fit):
    def headings(of):
        found = compose(Results(of), figure_specs(Results(of)))
        return [b.text for b in section(found, "answer").blocks if b.kind == "text"]

    assert any(is_civilian(fit, party) for party, *_ in fit.series) is (
        "People, including civilians" in headings(fit)
    )
    parties = {
        name: replace(party, civilian=name == "south")
        for name, party in fit.conflict.parties.items()
    }
    other = replace(fit, conflict=replace(fit.conflict, parties=parties))
    assert "People, including civilians" in headings(other)
    none = {name: replace(party, civilian=False) for name, party in parties.items()}
    without_any = replace(fit, conflict=replace(fit.conflict, parties=none))
    assert "People" in headings(without_any)


@pytest.mark.parametrize(
    ("skew", "width", "words"),
    [
        (
            1.73,
            math.log(1.67),
            "skewed (median 1.73 sd above the most likely value, interval 67% wider)",
        ),
        (0.19, -1e-3, "skewed (median 0.19 sd above the most likely value, interval as wide)"),
        (
            -0.3,
            math.log(0.89),
            "skewed (median 0.30 sd below the most likely value, interval 11% narrower)",
        ),
        (
            0.1,
            math.log(1.67),
            "not close to a normal distribution (median 0.10 sd above the most likely value, "
            "interval 67% wider)",
        ),
    ],
)
def test_doubts_of_the_gate_are_in_words_of_readers(skew, width, words):
    marginal = SimpleNamespace(name="killed north", skew=skew, width=width, reported=True)
    diagnostics = SimpleNamespace(hyper_k=0.1, marginals=[marginal])
    laplace = SimpleNamespace(decrement=0.0, positive=True, diagnostics=diagnostics)
    (doubt,) = laplace_gate(laplace, limit=0.0)
    assert plain_doubt(doubt) == f"killed north is {words}"


def test_a_doubt_about_weights_names_no_weights():
    x = np.zeros((4, 1))
    (doubt,) = weights_gate(WeightedDraws(x, np.full(4, 0.25), x, 9.0, 1))
    assert "weights" not in plain_doubt(doubt)


def test_limits_a_thousandfold_apart_are_next_to_no_knowledge():
    row = {"median": 5_600.0, "lower": 12.0, "upper": 3.1e6}
    assert without(row) == "next to nothing known"
    assert without(row | {"lower": 4e3}) == "5,600 [4,000 to 3,100,000]"


@pytest.mark.parametrize("values", [[90, 530, 1710], [3, 40_000], [0, 7], [1e-3, 2e-3], [5, 5]])
def test_all_bars_lie_on_their_axis(values):
    axis = Axis.over(values)
    places = [axis.place(value) for value in values]
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 6
    assert [place for _, place in ticks] == sorted({place for _, place in ticks})


def test_sources_are_links_of_the_web_only(fit):
    sources = Sources(fit.conflict)
    daily = sources.link("daily-report")
    assert daily.url == "https://example.org/a?x=1&y=2%20z"
    assert str(daily) == "Daily report 100% of {losses}, Press office, 2023-05-01"
    assert sources.link("a_b").url == ""
    assert sources.link("https://example.org/b").url == "https://example.org/b"
    assert sources.link("javascript:alert(1)").url == ""


def test_an_archived_copy_is_a_second_link(document):
    rows = [[Link("A title", "https://a.example/", ", 2024", "https://archive.example/")]]
    block = Table("sources", ["Source"], rows)
    page = to_html(replace(document, sections=[Section("x", "X", [block])]), {})
    link = '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
    assert link.format("https://a.example/", "A title") + ", 2024 (" in page
    assert link.format("https://archive.example/", "archived copy") in page
    text = to_markdown(replace(document, sections=[Section("x", "X", [block])]))
    assert "[A title](<https://a.example/>), 2024" in text


def test_a_claim_stands_beside_what_it_is_compared_with(fit, document):
    claims = table(document, "claims", "claims")
    names = list(claims.columns)
    rows = {row[names.index("Claim")]: dict(zip(names, row, strict=True)) for row in claims.rows}
    daily = next(row for row in rows.values() if row["Kind"] == "daily")
    assert daily["Compared"] == f"{daily['Figure']} on {daily['Last day']}"
    total = next(r for r in rows.values() if r["Kind"] == "cumulative" and r["Expected"] != "–")
    assert total["Compared"] == f"{total['Figure']} in all to {total['Last day']}"
    assert rows["newspaper-1"]["Compared"] == "–"
    assert isinstance(daily["Source"], Link)


def test_the_increment_of_a_ledger_has_its_days():
    from lossmodel.report.sections.evidence import _compared

    first = pd.Timestamp("2022-02-24")
    days = ((pd.Timestamp("2023-04-12"), pd.Timestamp("2023-04-16")),)
    row = {"compared_value": 13.0, "compared_low": np.nan, "compared_high": np.nan}
    row |= {"form": "point", "evidence": "window", "days": days, "n_days": 5.0, "kind": "period"}
    assert _compared(row, first) == "13 in 5 days to 2023-04-16"
    parts = (*days, (pd.Timestamp("2023-04-20"), pd.Timestamp("2023-04-21")))
    apart = row | {"days": parts, "n_days": 7.0}
    assert _compared(apart, first) == "13 on 7 days of 2023-04-12 to 2023-04-21"
    assert _compared(row | {"evidence": "stock"}, first) == "13 as of 2023-04-16"


def test_the_four_factors_are_explained_in_short_sentences(document):
    words = " ".join(b.text for b in section(document, "others").blocks[:2])
    for factor in ("rest", "definition", "scope", "date"):
        assert re.search(rf"\. The {factor} is ", f". {words}")
    assert max(len(sentence.split()) for sentence in words.split(". ")) <= 33


def test_the_most_influential_claim_comes_first(fit, results, document):
    claims = table(document, "claims", "claims")
    first = dict(zip(claims.columns, claims.rows[0], strict=True))
    assert first["Claim"] == results.influence.index[0]
    assert first["Influence"] == "+1.40 sd, North, killed"
    assert claims.rows[-1][claims.columns.index("Influence")] == "–"


def test_what_is_empty_is_not_printed():
    blocks = [
        Text("Nothing below", tone="heading"),
        Text("Also nothing", tone="heading"),
        Table("none", ["A"], []),
        Text("Something", tone="heading"),
        Table(
            "some",
            ["A", "B", "C"],
            [["1", "–", "x"], ["2", "", "y"]],
            numeric=frozenset({0, 1, 2}),
            keys=[[1.0, None, None], [2.0, None, None]],
        ),
        Text(""),
        Text("At the end", tone="heading"),
    ]
    kept = trimmed(Section("x", "X", blocks)).blocks
    assert [getattr(b, "text", "") or b.name for b in kept] == ["Something", "some"]
    assert kept[1].columns == ["A", "C"]
    assert kept[1].rows == [["1", "x"], ["2", "y"]]
    assert kept[1].numeric == {0, 1}
    assert kept[1].keys == [[1.0, None], [2.0, None]]


def test_bounds_look_like_bounds(fit):
    ax = Figure().subplots()
    plots.plot_losses(fit, party="north", category="casualties", ax=ax)
    marks = {line.get_label(): line.get_marker() for line in ax.lines}
    assert marks["third-party, at least"] == "^"


def test_a_claim_about_a_sum_is_drawn_on_the_curve_of_the_sum(fit):
    other, n = with_claims_about_the_sum(fit)
    results = Results(other)
    assert claimed_sums(results.fit) == [("north+guests", "casualties", "all")]
    names = [spec.name for spec in figure_specs(results)["losses"]]
    assert len(names) == 5
    alone = data.losses(results, party="north", category="casualties")
    whole = data.losses(results, party="north+guests", category="casualties")
    assert "observer" not in set(alone["claimant"])
    assert (whole["claimant"] == "observer").sum() == n
    last = whole[whole["measure"] == "cumulative"]["median"].iloc[-1]
    parts = [results.total((p, "casualties", "all"))["median"] for p in ("north", "guests")]
    assert last == pytest.approx(sum(parts), rel=0.02)


def test_the_numbers_of_a_figure_can_be_downloaded(results, document):
    specs = [spec for some in figure_specs(results).values() for spec in some]
    assert all(spec.data for spec in specs)
    text = data.download(specs[0].data(results))
    page = to_html(document, {spec.name: "<svg/>" for spec in specs}, {specs[0].name: text})
    found = re.search(
        rf'<a [^>]*download="{specs[0].name}.csv" href="data:text/csv[^,]*,([^"]+)"', page
    )
    assert base64.b64decode(found[1]).decode() == text
    last = [line.split(",") for line in text.splitlines() if line.startswith("cumulative")][-1]
    assert float(last[3]) == pytest.approx(
        results.total(("north", "killed", "all"))["median"], 1e-5
    )


def explored(results):
    return exploration(results, [s for some in figure_specs(results).values() for s in some])


def test_the_figure_to_explore_has_the_numbers_of_the_pictures(fit, results):
    """Curves, texts and claims of every series and measure, and the texts of a query."""
    found = explored(results)
    assert len(found["panels"]) == 2 * len(MAIN)
    for panel in found["panels"]:
        party, category = panel["figure"].split("-")[1:]
        numbers = data.losses(results, party=party, category=category)
        rows = numbers[numbers["measure"] == panel["measure"]]
        weekly = panel["measure"] == "weekly"
        per = ((rows["end"] - rows["start"]).dt.days + 1) if weekly else 1
        for limit in ("median", "lower", "upper"):
            assert panel[limit] == pytest.approx((rows[limit] / per).tolist(), rel=1e-4)
        ends = [fit.days[0] + pd.Timedelta(days=n) for n in panel["end"]]
        assert ends == rows["end"].tolist()
        drawn = claims_about(fit, party, category, cumulative=not weekly)
        assert sum(len(group["end"]) for group in panel["groups"]) == len(drawn)
        if not weekly:
            own = asked(fit, f"{category} {party} cumulative {ends[40]:%Y-%m-%d}")
            assert digits(f"{panel['text'][40]} {panel['interval'][40]}") == own


def test_claims_of_the_figure_to_explore_are_as_published(results):
    found = explored(results)
    daily = next(p for p in found["panels"] if p["measure"] == "weekly")
    total = next(p for p in found["panels"] if p["measure"] == "cumulative")
    assert not daily["groups"] or all(" on " in t for g in daily["groups"] for t in g["text"])
    group = total["groups"][0]
    assert re.fullmatch(r"(at least )?[\d,]+ in all to \d{4}-\d\d-\d\d", group["text"][0])
    text, url, _, _ = found["sources"][group["source"][0]]
    assert (text, url) == ("Interview & other notes", "")
    assert found["claimants"][group["claimant"][0]] in results.fit.conflict.claimants["name"].values


def test_the_page_has_the_data_and_all_scripts_have_their_hash(results, document):
    found = explored(results)
    page = to_html(document, blank(document), {}, found)
    texts = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert json.loads(next(t for t in texts if '"panels"' in t)) == found
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    known = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    assert f"script-src {known};" in page
    # Pictures stay for those without scripts and for print.
    assert page.index('class="explore" hidden') < page.index('<details class="pictures" open>')


def test_rows_beyond_the_first_are_data_with_each_text_once(document):
    claims = table(document, "claims", "claims")
    assert len(claims.rows) > FIRST_ROWS
    page = to_html(document, blank(document))
    text = re.search(r'<script type="application/json" class="rows">(.*?)</script>', page)[1]
    found = json.loads(text)
    cells = [cell if isinstance(cell, str) else Link(cell[0], *cell[1:]) for cell in found["cells"]]
    assert len(cells) == len(set(cells))
    assert [[cells[n] for n in row] for row in found["rows"]] == [
        list(row) for row in claims.rows[FIRST_ROWS:]
    ]
    assert page.count("<tr>") < len(claims.rows)


def test_a_picture_in_the_page_is_short_and_complete():
    marks = '<use xlink:href="#m" x="{}" y="2" style="fill: #0072b2"/>'
    svg = f'<svg width="1" height="2"> <g>{marks.format(1.23456)}\n {marks.format(2)}</g>\n'
    page = inline_svg(svg + "<text>0.12345</text></svg>", "a")
    assert page == (
        '<svg><g><g style="fill: var(--blue)"><use xlink:href="#a-m" x="1.23" y="2"/>'
        '<use xlink:href="#a-m" x="2" y="2"/></g></g><text>0.12345</text></svg>'
    )


def test_no_letter_of_a_figure_is_below_eight_pixels_on_a_phone():
    sizes = [value for name, value in STYLE.items() if name.endswith(("size", "fontsize"))]
    assert min(sizes) == SMALLEST
    assert SMALLEST * 334 / (72 * WIDTH) >= 8


def test_names_stand_for_keys(fit):
    assert named(fit.conflict, "Computed from the figures of south-staff, registry.") == (
        "Computed from the figures of South Staff, Registry."
    )
    assert named(fit.conflict, "see south-staff-north-losses-1") == "see south-staff-north-losses-1"
    claimants = fit.conflict.claimants.assign(name=["A, of x", "A, of y", "B, of z"] + ["C"] * 3)
    short = short_names(replace(fit.conflict, claimants=claimants))
    assert list(short.values())[:3] == ["A, of x", "A, of y", "B"]
    ministries = [f"Ministry of defence of {land}" for land in ("Northland", "Southland")]
    labels = [shortened(name) for name in ministries]
    assert len(set(labels)) == 2
    assert all(len(label) <= NAME for label in labels)


def test_changes_since_an_earlier_fit(fit, tmp_path):
    earlier = make_fit(n_draws=20, until="2024-03-31")
    changes = changes_since(earlier, fit)
    assert set(changes.totals["end"]) == {earlier.days[-1]}
    totals, _, claims = changes_section(fit, changes).blocks[1:]
    rows = totals.rows
    assert rows[0][0] == "North, killed"
    day = f"{earlier.days[-1]:%Y-%m-%d}"
    assert digits(" ".join(rows[0][1:3])) == asked(earlier, f"killed north cumulative {day}")
    assert digits(" ".join(rows[0][3:5])) == asked(fit, f"killed north cumulative {day}")
    assert len(claims.rows) == 30
    assert "more are in changed-claims.csv" in claims.caption
    # A folder keeps what verify needs; the numbers of now are those of the fit.
    assert read_changes(tmp_path, fit) is None
    (tmp_path / "changed-claims.csv").write_text(csv_text(changes.claims), encoding="utf-8")
    forged = changes.totals.assign(median_now=1.0)
    (tmp_path / "changes.csv").write_text(csv_text(forged), encoding="utf-8")
    assert changes_section(fit, read_changes(tmp_path, fit)) == changes_section(fit, changes)


def test_an_earlier_fit_of_another_conflict_is_refused(fit):
    other = replace(fit.conflict, name="elsewhere")
    with pytest.raises(UsageError, match="elsewhere"):
        check_earlier(fit, other)


def test_changes_that_cannot_be_read_are_an_error(fit, tmp_path):
    for name in ("changes.csv", "changed-claims.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        read_changes(tmp_path, fit)
