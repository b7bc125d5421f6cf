"""verify finds what was changed by hand; compare says what differs and which claims did it."""

import json
import os
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest

from lossmodel.api import fit, load_fit
from lossmodel.claims import load_claims
from lossmodel.errors import UsageError
from lossmodel.report import passages, verify
from lossmodel.report.compare import changed_claims, changed_totals, compare_fits
from lossmodel.report.folder import csv_text
from lossmodel.report.results import Results
from lossmodel.report.verify import verify_report
from lossmodel.report.write import provenance_of, write_json, write_text
from tests.fakes import HOSTILE, make_fit

pytestmark = pytest.mark.usefixtures("without_weights")

EARLY = pd.Timestamp("2022-06-01")


@pytest.fixture(scope="module")
def fitted():
    return fit(
        load_claims(), engine="laplace", as_of=EARLY, submodels=("person", "tanks"), draws=300
    )


@pytest.fixture(scope="module")
def original(fitted, tmp_path_factory):
    """A report without its pictures, which verify does not look at."""
    folder = tmp_path_factory.mktemp("report")
    fitted.save(folder / "fit.nc")
    write_json(provenance_of(fitted), folder / "provenance.json")
    # From the fit in memory, whose draws have more digits than those on disk.
    for name, text in verify._Reports(fitted, folder).made(1.0).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    results = Results(fitted)
    for name in ("estimates", "biases", "claims"):
        write_text(csv_text(getattr(results, name)), folder / f"{name}.csv")
    return folder


@pytest.fixture(scope="module")
def reports(original):
    return verify._Reports(load_fit(original), original)


@pytest.fixture
def report(original, reports, tmp_path, monkeypatch):
    """A copy to be spoilt; its fit is read and its report made again once for all tests."""
    monkeypatch.setattr(verify, "load_fit", lambda path, **_: reports.results.fit)
    monkeypatch.setattr(verify, "_Reports", lambda *_: reports)
    return shutil.copytree(original, tmp_path / "report")


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def last_digit_changed(path, start):
    """Change the last digit of the first number after some words."""
    text = path.read_text(encoding="utf-8")
    at = text.index(start) + len(start)
    number = passages._NUMBER.search(text, at)
    digit = max(i for i in range(number.start(), number.end()) if text[i].isdigit())
    other = str((int(text[digit]) + 1) % 10)
    path.write_text(text[:digit] + other + text[digit + 1 :], encoding="utf-8")


def test_a_report_that_nobody_touched_is_good(original):
    assert verify_report(original) == []


@pytest.mark.parametrize(
    ("name", "start"),
    [
        pytest.param("report.html", "</strong>", marks=pytest.mark.slow),
        pytest.param("report.html", '"median":[', marks=pytest.mark.slow),
        pytest.param("report.html", '"cells":["', marks=pytest.mark.slow),
        ("report.md", "**Russia, killed:** "),
        ("numbers.tex", r"\LMkilledRussiaAllMedian}{"),
        ("numbers.tex", r"\LMtanksRussiaAllUpper}{"),
        ("tables/totals.tex", r"Russia & \raggedright killed & all & "),
        ("tables/ratios.tex", "adversary, ledger & "),
        ("tables/priors.tex", r"common.\allowbreak{}sd & "),
    ],
)
def test_a_digit_changed_by_hand_is_found(report, name, start):
    last_digit_changed(report / name, start)
    problems = verify_report(report)
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}: ")
    assert " should be " in problems[0]
    assert verify_report(report / name) == problems


@pytest.mark.parametrize(
    ("name", "column", "spoilt"),
    [
        ("estimates.csv", "median", lambda text: repr(float(text) * 1.0001)),
        ("estimates.csv", "end", lambda text: "2021" + text[4:]),
        ("biases.csv", "ratio_upper", lambda text: "lots"),
        ("claims.csv", "value", lambda text: text.replace(text[0], "9" if text[0] < "9" else "1")),
    ],
)
def test_a_cell_changed_by_hand_is_found(report, name, column, spoilt):
    table = pd.read_csv(report / name, dtype=str, keep_default_na=False)
    row = int(np.flatnonzero(table[column] != "")[3])
    table.loc[row, column] = spoilt(table.loc[row, column])
    table.to_csv(report / name, index=False)
    problems = verify_report(report)
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}: {column} on line {row + 2} is ")
    assert verify_report(report / name) == problems


def test_rows_taken_out_of_a_table_are_found(report):
    lines = (report / "biases.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (report / "biases.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    assert "rows of claimant" in verify_report(report)[0]


def test_the_other_files_stay_good(report):
    last_digit_changed(report / "numbers.tex", r"\LMkilledRussiaAllMedian}{")
    assert verify_report(report / "report.md") == []


def test_a_number_taken_out_is_found(report):
    text = (report / "report.md").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    row = next(i for i, line in enumerate(lines) if line.startswith("> **Russia, killed"))
    (report / "report.md").write_text("".join(lines[:row] + lines[row + 1 :]), encoding="utf-8")
    assert any(problem.startswith("report.md: ") for problem in verify_report(report))


def test_a_number_put_in_is_found(report):
    change(report / "report.html", "</main>", "<p>In truth 12,345,678.</p></main>")
    problems = verify_report(report)
    assert len(problems) == 1
    assert "12,345,678" in problems[0]


def test_words_may_change(report):
    change(report / "report.md", "credible", "believable")
    assert verify_report(report) == []


def test_a_missing_file_is_a_problem(report):
    (report / "tables" / "priors.tex").unlink()
    assert verify_report(report) == ["tables/priors.tex is missing."]


def test_a_fit_without_a_report_says_why(tmp_path, monkeypatch):
    failed = make_fit(n_draws=20, passed=False)
    failed.save(tmp_path / "fit.nc")
    monkeypatch.setattr(verify, "load_fit", lambda *_, **__: failed)
    write_json(provenance_of(failed), tmp_path / "provenance.json")
    [problem] = verify_report(tmp_path)
    assert problem.startswith("The gate of the fit did not pass")


def test_provenance_of_another_fit_is_found(report):
    path = report / "provenance.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(known | {"seed": 99}), encoding="utf-8")
    assert verify_report(report) == ["provenance.json names another fit than fit.nc: seed differ."]
    path.write_text("[1, 2", encoding="utf-8")
    assert verify_report(report)[0].startswith("provenance.json cannot be read")


def test_one_hash_names_the_fit_in_every_file(report):
    with h5py.File(report / "fit.nc") as file:
        own = file.attrs["sha256"]
    known = json.loads((report / "provenance.json").read_text(encoding="utf-8"))
    numbers = (report / "numbers.tex").read_text(encoding="utf-8")
    assert known["fit_sha256"] == own
    assert rf"\newcommand{{\LMfitHash}}{{{own}}}" in numbers


@pytest.mark.parametrize("name", ["report.md", "provenance.json", "estimates.csv"])
@pytest.mark.parametrize("kind", ["pipe", "broken link", "folder"])
def test_what_is_no_file_is_refused_or_a_problem(report, name, kind):
    (report / name).unlink()
    if kind == "pipe":
        os.mkfifo(report / name)
    elif kind == "folder":
        (report / name).mkdir()
    else:
        (report / name).symlink_to("nowhere")
    words = {"pipe": "a pipe", "broken link": "leads nowhere", "folder": "a folder"}[kind]
    if name == "provenance.json":
        assert words in verify_report(report)[0]
    else:
        with pytest.raises(UsageError, match=words):
            verify_report(report)


def test_what_is_no_report_is_refused(report, tmp_path):
    (report / "mine.md").write_text("7", encoding="utf-8")
    with pytest.raises(UsageError, match="none of the files that can be checked"):
        verify_report(report / "mine.md")
    with pytest.raises(UsageError, match="no such report"):
        verify_report(tmp_path / "nothing")
    (tmp_path / "lone.md").write_text("7", encoding="utf-8")
    with pytest.raises(UsageError, match=r"no fit\.nc beside"):
        verify_report(tmp_path / "lone.md")


def test_numbers_are_read_as_they_are_printed():
    text = r"1,234 (0.5 to 2.50), 12\,345, 95\%, 85% of 3."
    found = ["1,234", "0.5", "2.50", r"12\,345", r"95\%", "85%", "3"]
    assert passages.numbers_in(text) == found


def test_only_what_is_seen_of_a_page_counts():
    page = "<style>p{top:1px}</style><p>a 2&nbsp;b</p><svg><text>3</text></svg><script>4</script>5"
    numbers = [
        n for text in passages.split_passages("a.html", page) for n in passages.numbers_in(text)
    ]
    assert numbers == ["2", "5"]


def test_data_of_a_page_are_read_by_row_and_by_list():
    rows = '{"cells":["a 1","2",["b","https://3","c 4",""]],"rows":[[0,1],[2,1]]}'
    for data, found in (
        ('{"x":[1,2],"y":["3",[4,null]]}', ["1 2", "3", "4 None"]),
        (rows, ["a 1", "2", "b", "https://3", "c 4", "", "2"]),
        ('{"cells":[],"rows":[[7]]}', ['{"cells":[],"rows":[[7]]}']),
        ("{1", ["{1"]),
    ):
        page = f'<p>0</p><script type="application/json">{data}</script><script>5</script>6'
        assert passages.split_passages("a.html", page) == ["0", *found, "6"]


def test_what_rounding_could_have_said_is_accepted_both_ways():
    near = [["0.12", "7"], ["0.12", "7"], ["0.13", "7"]]
    assert passages._same(["0.13", "7"], near)
    assert not passages._same(["0.14", "7"], near)
    assert not passages._same(["0.13", "7", "8"], near)


@pytest.mark.parametrize("words", [30, 3000])
def test_two_long_passages_are_shown_where_they_differ(words):
    begin = " ".join(f"word {number % 7}," for number in range(words))
    said, should = f"{begin} of 12 dead.", f"{begin} of 13 dead."
    one, other = passages.where_they_differ(said, should)
    assert one.endswith("of 12 dead.")
    assert other.endswith("of 13 dead.")
    assert max(map(len, (one, other))) <= 160
    assert passages.describe_difference(said, should) == f"12 should be 13 in “{one}”."


def test_a_sentence_that_is_added_to_a_long_passage_is_shown():
    begin = "word " * 60 + "1."
    text = passages.describe_difference(begin, f"{begin} Under 2 others it is 3 (4 to 5).")
    assert "word 1.” should be “…" in text
    assert "word 1. Under 2 others it is 3 (4 to 5).”" in text


def test_a_long_cell_is_shown_where_it_differs(tmp_path):
    table = pd.DataFrame({"note": ["word " * 60 + "12"]})
    table.replace("12", "13", regex=True).to_csv(tmp_path / "claims.csv", index=False)
    [problem] = verify._cell_differences(table, tmp_path / "claims.csv")
    assert "word 13 and should be …" in problem


def test_the_same_fit_compared_with_itself_has_no_difference():
    same = make_fit()
    text = compare_fits(same, same)
    assert "Claims that differ: none" in text
    assert "Settings that differ" not in text
    assert "]  0%" in text


def test_totals_are_compared_to_the_last_day_of_both():
    a, b = make_fit(), make_fit(until="2024-07-20")
    table = changed_totals(a, b, a.days[-1])
    row = table[(table["party"] == "north") & (table["category"] == "killed")].iloc[0]
    want = b.daily("north", "killed")[:, : len(a.days)].sum(axis=1)
    assert row["median_b"] == pytest.approx(np.median(want))
    assert "Totals to 2024-06-30" in compare_fits(a, b)


def test_hostile_names_do_not_break_a_line():
    a, b = make_fit(), make_fit(extra=HOSTILE + "\n\x1b[31m")
    text = compare_fits(a, b)
    assert "\x1b" not in text
    assert not any(line.startswith("[31m") for line in text.splitlines())


@pytest.fixture(scope="module")
def without(fitted):
    """The same fit without one claim, and with another one's value changed."""
    table = fitted.claims.table
    killed = table[table["party"].eq("ukraine") & table["category"].eq("killed")]
    used = set(fitted.evidence.classes.query("`class` == 'used'")["claim_id"])
    gone, moved = killed.loc[killed["claim_id"].isin(used), "claim_id"].iloc[:2]
    changed = table[table["claim_id"] != gone].reset_index(drop=True)
    changed.loc[changed["claim_id"] == moved, "value"] *= 2
    claims = replace(fitted.claims, table=changed)
    other = fit(
        claims, engine="laplace", as_of=EARLY, submodels=("person",), draws=300, start=fitted
    )
    return other, gone, moved


@pytest.mark.slow
def test_claims_that_differ_are_named_with_what_they_do(fitted, without):
    other, gone, moved = without
    table = changed_claims(fitted, other, other.days[-1]).set_index("claim_id")
    assert table.loc[gone, "change"] == "gone"
    assert table.loc[moved, "change"] == "changed"
    assert "value" in table.loc[moved, "what"]
    assert set(table.loc[[gone, moved], "total"]) == {"killed ukraine"}
    text = compare_fits(fitted, other)
    assert "only in A: tanks russia all" in text
    assert gone in text


@pytest.mark.slow
def test_a_claim_moves_its_total_the_way_the_fit_moved(fitted, without):
    other, gone, moved = without
    day = min(fitted.days[-1], other.days[-1])
    table = changed_claims(fitted, other, day).set_index("claim_id")
    totals = changed_totals(fitted, other, day).set_index(["party", "category", "scope"])
    ratio = totals.loc[("ukraine", "killed", "all"), "ratio"]
    guess = table.loc[[gone, moved], "moves"].sum()
    assert np.sign(guess) == np.sign(np.log(ratio))
