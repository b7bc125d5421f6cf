"""The page in a browser: from disk, the network off, as a reader would use it."""

import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lossmodel as lm
from lossmodel.evaluation.explain import explain
from lossmodel.evaluation.reweighting import CARRIED
from lossmodel.report.wording import headline_keys
from lossmodel.report.write import write_report
from lossmodel.text.numbers import number
from tests.fakes import HOSTILE, make_fit
from tests.small_conflict import changed, claims_csv, write_conflict

pytestmark = pytest.mark.slow

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--remote-debugging-pipe",
)
PATIENCE = 90.0
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
NUMBERS = ("Figure", "Expected", "Claimed / expected")
# The browser takes its orders from descriptor 3 and answers on 4.
LAUNCHER = """
import os, sys
orders, answers, *command = sys.argv[1:]
os.dup2(int(orders), 3)
os.dup2(int(answers), 4)
os.execv(command[0], command)
"""


def high_pipe():
    """A pipe whose ends do not lie where the browser's own two will."""
    ends = []
    for low in os.pipe():
        ends.append(fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(low)
    return ends


class Browser:
    """Chromium by its debugging protocol: JSON with a NUL after each message, over two pipes."""

    def __init__(self, program, profile):
        to_browser, self._write = high_pipe()
        self._read, from_browser = high_pipe()
        orders = [sys.executable, "-c", LAUNCHER, str(to_browser), str(from_browser), program]
        self._process = subprocess.Popen(
            [*orders, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._number = 0
        self.events = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        attached = self._send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        self.call("Network.emulateNetworkConditions", **offline)

    def call(self, method, **parameters):
        return self._send(method, session=self._session, **parameters)

    def open(self, path):
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + PATIENCE
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self._receive(deadline)

    def width(self, width, height=800):
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setDeviceMetricsOverride", **screen)

    def value(self, script):
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def close(self):
        with contextlib.suppress(OSError, TimeoutError):
            self._send("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def _send(self, method, session=None, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _receive(self, deadline):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError("the browser does not answer")
            more = os.read(self._read, 1 << 20)
            if not more:
                raise OSError("the browser has ended")
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(line)
        if "method" in message:
            self.events.append(message)
        return message


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("needs Chromium")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    fit = make_fit(n_draws=60)
    return write_report(fit, tmp_path_factory.mktemp("out") / "report")


@pytest.fixture
def page(browser, report):
    browser.width(1280)
    browser.open(report / "report.html")
    return browser


def complaints(browser):
    """Errors on the console, exceptions, and whatever was asked of the network."""
    for event in browser.events:
        method, what = event["method"], event["params"]
        if method == "Runtime.exceptionThrown":
            yield what["exceptionDetails"]
        if method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            yield what["args"]
        if method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            yield what["entry"]
        if method == "Network.requestWillBeSent":
            url = what["request"]["url"]
            if not url.startswith(("file:", "data:")):
                yield url


def place(page, table, name):
    """Number of a column, by its heading."""
    heads = page.value(
        f"[...document.querySelectorAll('#table-{table} th')].map(th => th.textContent)"
    )
    return heads.index(name)


def column(page, table, name):
    i = place(page, table, name)
    rows = f"[...document.querySelectorAll('#table-{table} tbody tr')]"
    return page.value(f"{rows}.map(row => row.cells[{i}].textContent)")


def test_nothing_is_on_the_console_and_nothing_is_fetched(page):
    assert list(complaints(page)) == []


def test_contents_lead_to_their_parts(page):
    links = page.value("[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))")
    assert len(links) == 11
    for link in links:
        page.value(f"document.querySelector('nav a[href=\"{link}\"]').click()")
        assert page.value("location.hash") == link
        top = page.value(f"document.querySelector('{link}').getBoundingClientRect().top")
        root = "document.documentElement"
        bottom = page.value(f"{root}.scrollHeight - scrollY - {root}.clientHeight")
        # The last part may be too short to reach the top.
        assert abs(top) < 60 or bottom < 2


def test_the_claims_can_be_searched(page):
    whole = page.value("document.querySelector('#table-claims output').textContent")
    assert re.match(r"\d+ of \d+ rows", whole)
    page.value(
        "{const f = document.querySelector('#table-claims input'); f.value = 'NEWSPAPER left'; "
        "f.dispatchEvent(new Event('input'));}"
    )
    assert column(page, "claims", "Claim") == ["newspaper-1"]
    page.value(
        "{const f = document.querySelector('#table-claims input'); f.value = 'no such words'; "
        "f.dispatchEvent(new Event('input'));}"
    )
    assert column(page, "claims", "Claim") == []
    assert page.value("document.querySelector('#table-claims output').textContent")[:5] == "0 of "


@pytest.mark.parametrize("name", [*NUMBERS, "Last day", "Claim"])
def test_the_claims_can_be_sorted_both_ways(page, name):
    i = place(page, "claims", name)
    for expected in ("ascending", "descending"):
        page.value(f"document.querySelectorAll('#table-claims th button')[{i}].click()")
        assert (
            page.value(
                f"document.querySelectorAll('#table-claims th')[{i}].getAttribute('aria-sort')"
            )
            == expected
        )
        cells = column(page, "claims", name)
        shown = [cell for cell in cells if cell not in ("–", "")]
        if name in NUMBERS:
            shown = [float(cell.replace("at least ", "").replace(",", "")) for cell in shown]
        assert shown == sorted(shown, reverse=expected == "descending")
        assert len(set(shown)) > 3
        # What has no number comes last both ways.
        assert all(cell == "–" for cell in cells[len(shown) :])


def test_more_rows_are_shown_on_demand(page):
    before = len(column(page, "claims", "Claim"))
    page.value("document.querySelector('#table-claims .more button').click()")
    assert len(column(page, "claims", "Claim")) > before


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_the_page_is_never_wider_than_the_screen(page, width):
    page.width(width)
    assert page.value("document.documentElement.scrollWidth") <= width
    wide = page.value(
        "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, .picture') "
        "&& e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []


def test_ten_printed_numbers_are_those_of_the_table(page, report):
    table = pd.read_csv(report / "estimates.csv")
    table = table[(table["measure"] == "cumulative") & (table["end"] == table["end"].max())]
    rows = page.value(
        "[...document.querySelectorAll('#table-totals-people tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.textContent))"
    )
    printed = {row[0]: row[1:3] for row in rows}
    titles = {"north": "North", "south": "South", "guests": "Guests of the North"}
    compared = 0
    for row in table[table["scope"] == "all"].to_dict("records"):
        if row["category"] == "tanks":
            continue
        limits = row["lower"], row["upper"]
        median, lower, upper = (number(v, *limits) for v in (row["median"], *limits))
        shown = printed[f"{titles[row['party']]}, {row['category']}"]
        assert shown == [median, f"{lower} to {upper}"]
        compared += 3
    assert compared >= 10


def test_dark_and_light_can_be_told_apart_from_their_ground(page):
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.call("Emulation.setEmulatedMedia", features=features)
        style = "getComputedStyle(document.body)"
        ink, paper = (page.value(f"{style}.{k}") for k in ("color", "backgroundColor"))
        light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
        assert (luminance(paper) < luminance(ink)) == (scheme == "dark")
        assert (light + 0.05) / (dark + 0.05) > 7
    page.call("Emulation.setEmulatedMedia", features=[])


def luminance(colour):
    """Relative luminance as the guidelines for accessible pages define it."""
    parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_hostile_text_does_nothing(browser, tmp_path):
    fit = make_fit(n_draws=30, extra=HOSTILE)
    browser.width(360)
    browser.open(write_report(fit, tmp_path / "report") / "report.html")
    assert list(complaints(browser)) == []
    assert not any(e["method"] == "Page.javascriptDialogOpening" for e in browser.events)
    types = browser.value("[...document.scripts].map(s => s.type)")
    assert types == ["application/json", "application/json", "", ""]
    others = browser.value(
        "[...document.querySelectorAll('main a[href]')].map(a => a.protocol)"
        ".filter(p => p !== 'https:' && p !== 'data:')"
    )
    assert others == []
    assert browser.value("document.documentElement.scrollWidth") <= 360
    browser.value("document.querySelector('#table-claims .more button').click()")
    assert HOSTILE in column(browser, "claims", "Note")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
def test_the_answers_are_on_the_first_screen(page, report, width, height):
    page.width(width, height)
    table = pd.read_csv(report / "estimates.csv")
    table = table[(table["measure"] == "cumulative") & (table["end"] == table["end"].max())]
    shown = page.value(
        "[...document.querySelectorAll('.answers li')].map(li => {"
        "const box = li.getBoundingClientRect();"
        "return [li.querySelector('.what').textContent, li.querySelector('strong').textContent,"
        "li.querySelector('.limits').textContent, box.top, box.bottom]})"
    )
    assert [row[0] for row in shown] == [
        *("North, killed", "North, casualties", "South, killed", "South, casualties")
    ]
    for title, median, limits, top, bottom in shown:
        assert 0 <= top < bottom <= height
        party, category = title.lower().split(", ")
        same = (table["party"] == party) & (table["category"] == category)
        row = table[same & (table["scope"] == "all")].iloc[0]
        ends = row["lower"], row["upper"]
        texts = [number(value, *ends) for value in (row["median"], *ends)]
        assert [median, limits] == [texts[0], f"{texts[1]} to {texts[2]}"]
    after = page.value("document.querySelector('nav').getBoundingClientRect().top")
    assert after > shown[-1][4]


def test_a_source_can_be_opened(page):
    link = page.value(
        "(() => {const a = document.querySelector('#table-claims tbody a');"
        "return [a.href, a.rel, a.target, a.textContent]})()"
    )
    url = "https://example.org/a?x=1&y=2%20z"
    assert link == [url, "noopener noreferrer", "_blank", "Daily report 100% of {losses}"]
    page.value(
        "document.querySelector('#table-claims tbody a').addEventListener('click', e => {"
        "window.opened = e.currentTarget.href; e.preventDefault();})"
    )
    page.value("document.querySelector('#table-claims tbody a').click()")
    assert page.value("window.opened") == url


@pytest.mark.parametrize("comma", [",", "", " ", "\u00a0", "\u202f"])
def test_a_number_is_found_with_and_without_its_commas(page, report, comma):
    claims = pd.read_csv(report / "claims.csv")
    claim = claims.loc[claims["value"].idxmax()]
    text = f"{claim['value']:,.0f}".replace(",", comma)
    assert comma in text
    page.value(
        f"{{const f = document.querySelector('#table-claims input'); f.value = '{text}';"
        "f.dispatchEvent(new Event('input'));}"
    )
    assert claim["claim_id"] in column(page, "claims", "Claim")
    assert len(column(page, "claims", "Claim")) < len(claims) / 2


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        (".explore", "losses-north-killed-cumulative.svg"),
        (".figures", "losses-north-killed.svg"),
    ],
)
def test_a_picture_is_saved_with_the_colours_of_a_light_page(page, figure, name):
    page.value(
        "{const made = URL.createObjectURL; URL.createObjectURL = blob => {"
        "blob.text().then(text => { window.saved = text; }); return made.call(URL, blob); };"
        "HTMLAnchorElement.prototype.click = function () { window.name_ = this.download; };"
        f"document.querySelector('{figure} .save').click();}}"
    )
    saved = page.value("window.saved") or page.value("window.saved")
    assert saved.startswith("<svg")
    assert "var(--" not in saved
    assert page.value("window.name_") == name


def test_letters_of_figures_are_eight_pixels_or_more_on_a_phone(page):
    page.width(360, 740)
    page.value("document.querySelector('.pictures').open = true")
    small = page.value(
        "[...document.querySelectorAll('.picture text, .canvas text')]"
        ".map(t => [t.textContent, parseFloat(getComputedStyle(t).fontSize) *"
        "t.getScreenCTM().a]).filter(([_, size]) => size < 8)"
    )
    assert small == []


def test_a_table_that_does_not_fit_says_so(page):
    page.width(360, 740)
    page.value("measure()")
    tables = page.value(
        "[...document.querySelectorAll('.scroll')].filter(s => s.clientWidth > 0)"
        ".map(s => [s.scrollWidth > s.clientWidth + 1, s.parentElement.classList.contains('wide')])"
    )
    assert any(wide for wide, _ in tables)
    assert all(wide == says for wide, says in tables)


def test_rows_stand_below_one_another_where_columns_have_no_room(page):
    """A reader of a telephone sees the second party without scrolling sideways."""
    box = "document.querySelector('#table-yearly .scroll')"
    cells = f"[...{box}.querySelector('tbody tr').cells]"
    place = f"{cells}.map(c => Math.round(c.getBoundingClientRect().left))"
    heads = f"{cells}.map(c => getComputedStyle(c, '::before').content)"
    page.width(390)
    assert page.value(f"{box}.scrollWidth - {box}.clientWidth") <= 1
    assert len(set(page.value(place))) == 1
    names = page.value(f"[...{box}.querySelectorAll('th')].map(h => h.textContent)")
    said = page.value(heads)
    assert all(name in words for name, words in zip(names, said, strict=True))
    page.width(1280)
    assert len(set(page.value(place))) == len(names)
    assert set(page.value(heads)) == {"none"}


def test_columns_of_a_desk_are_wide_enough_for_their_texts(page):
    page.width(1280)
    rows = "document.querySelector('#table-yearly .scroll')"
    assert page.value(f"{rows}.querySelectorAll('th').length") == 7
    assert page.value(f"{rows}.scrollWidth - {rows}.clientWidth") <= 1
    narrow = page.value(
        "[...document.querySelectorAll('#table-claims td:not(.n)')].filter(td =>"
        "td.textContent.length > 24 && td.clientWidth < 170).map(td => td.textContent)"
    )
    assert narrow == []


def test_months_are_there_for_those_who_open_them(page):
    rows = "document.querySelector('#table-monthly').checkVisibility()"
    assert page.value(rows) is False
    page.value("document.querySelector('details summary').click()")
    assert page.value(rows) is True


def explored(page, **chosen):
    """What the figure says once a reader has chosen something."""
    for name, value in chosen.items():
        what = (
            f"checked = {str(value).lower()}" if isinstance(value, bool) else f"value = '{value}'"
        )
        page.value(
            f"{{const f = document.querySelector('.explore [name={name}]'); f.{what};"
            f"f.dispatchEvent(new Event('{'input' if name == 'week' else 'change'}'));}}"
        )
    return page.value("document.querySelector('.explore .value').textContent")


def press(page, key, **more):
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, **more)


def printed_estimate(report, party, category, measure, number_of_week):
    table = pd.read_csv(report / "estimates.csv", parse_dates=["start", "end"])
    same = table[["party", "category", "scope", "measure"]] == [party, category, "all", measure]
    row = table[same.all(axis=1)].iloc[number_of_week]
    days = 1 if measure == "cumulative" else (row["end"] - row["start"]).days + 1
    median, lower, upper = (row[k] / days for k in ("median", "lower", "upper"))
    texts = [number(value, lower, upper) for value in (median, lower, upper)]
    return row, f"{texts[0]} (95% interval {texts[1]} to {texts[2]})"


@pytest.mark.parametrize(
    ("party", "category", "measure"),
    [("North", "killed", "cumulative"), ("South", "casualties", "weekly")],
)
def test_the_figure_says_the_numbers_of_the_table_by_arrow_keys(
    page, report, party, category, measure
):
    """Each arrow goes on by a week; the value is spoken by a live region."""
    explored(page, party=party, category=category, measure=measure, week=40)
    page.value("document.querySelector('.explore [name=week]').focus()")
    for key, week in (("ArrowRight", 41), ("ArrowLeft", 40), ("ArrowUp", 41), ("End", -1)):
        press(page, key)
        said = page.value("document.querySelector('.explore [role=status]').textContent")
        row, estimate = printed_estimate(report, party.lower(), category, measure, week)
        assert said.startswith(f"{party}, {category}, ")
        assert estimate in said
        day = f"{row['end'].day} {row['end']:%B %Y}"
        assert f"to {day}:" in said
        text = page.value("document.querySelector('.explore [name=week]').ariaValueText")
        assert text is None or day in text


def test_pointing_at_the_figure_chooses_a_week_and_lists_claims_with_their_sources(page):
    explored(page, party="South", category="killed")
    area = page.value(
        "(() => {const s = document.querySelector('.canvas svg'); s.scrollIntoView();"
        "const r = s.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]})()"
    )
    seen = set()
    for share in (0.3, 0.6, 0.9):
        at = {"x": area[0] + share * area[2], "y": area[1] + 0.5 * area[3]}
        page.call("Input.dispatchMouseEvent", type="mouseMoved", **at)
        seen.add(page.value("document.querySelector('.explore .value').textContent"))
    assert len(seen) == 3
    near = page.value("document.querySelector('.near').textContent")
    assert "Observer (third-party, estimate)" in near
    assert "in all to 20" in near


def test_a_reader_reads_the_answer_and_opens_a_source(page, report):
    """From the first screen to the source of a claim, by keys alone after the figure is chosen."""
    page.width(360, 740)
    answer = page.value(
        "(() => {const t = document.querySelector('.answers li .total');"
        "const r = t.getBoundingClientRect();"
        "return t.contains(document.elementFromPoint(r.left + 9, r.top + 9)) && t.innerText})()"
    )
    _, estimate = printed_estimate(report, "north", "killed", "cumulative", -1)
    median, interval = estimate.split(" (95% interval ")
    assert answer.split() == ["North,", "killed", median, *interval.rstrip(")").split()]
    explored(page, party="North", category="casualties", measure="weekly", week=3)
    url = page.value(
        "(() => {const a = document.querySelector('.near a'); a.focus(); return a.href})()"
    )
    assert url == "https://example.org/a?x=1&y=2%20z"
    page.call("Target.setDiscoverTargets", discover=True)
    press(page, "Enter", text="\r", windowsVirtualKeyCode=13)
    deadline = time.monotonic() + 20
    opened = []
    while not opened:
        page.value("0")
        assert time.monotonic() < deadline
        opened = [
            event["params"]["targetInfo"]["targetId"]
            for event in page.events
            if event["method"].startswith("Target.target")
            and event["params"].get("targetInfo", {}).get("url", "").startswith(url)
        ]
    page.call("Target.closeTarget", targetId=opened[0])


def test_a_logarithmic_scale_and_a_window_of_time(page):
    ticks = (
        "[...document.querySelectorAll('.canvas text[text-anchor=end]')].map(t => t.textContent)"
    )
    linear = page.value(ticks)
    assert linear[0] == "0"
    explored(page, log=True)
    values = [float(text.replace(",", "")) for text in page.value(ticks)]
    assert len(values) > 2
    assert min(values) > 0
    assert max(values) / min(values) > 50
    explored(page, **{"log": False, "from": "2023-01-01", "to": "2023-03-31"})
    dates = page.value(
        "[...document.querySelectorAll('.canvas text[text-anchor=middle]')].map(t => t.textContent)"
    )
    assert dates
    assert all(re.search("Jan|Feb|Mar|2023", text) for text in dates)
    first, last = (
        page.value(f"document.querySelector('.explore [name=week]').{end}")
        for end in ("min", "max")
    )
    assert int(last) - int(first) in (11, 12)
    page.value("document.querySelector('.whole').click()")
    assert page.value(ticks) == linear


@pytest.mark.parametrize(
    ("first", "last", "said", "invalid"),
    [
        ("2023-03-31", "2023-01-01", "From is after To: all days are shown. ", "true true"),
        ("2023-03-31", "2023-03-31", "From and To are the same day: all days", "true true"),
        ("1999-01-01", "2023-03-31", "Outside {} to {}: all days are shown. ", "true false"),
        ("2023-03-31", "2099-01-01", "Outside {} to {}: all days are shown. ", "false true"),
        ("2023-01-01", "2023-03-31", "", "false false"),
        ("", "", "", "false false"),
    ],
)
def test_a_window_that_cannot_be_shown_says_so(page, report, first, last, said, invalid):
    days = pd.read_csv(report / "estimates.csv", parse_dates=["start", "end"])
    ends = [f"{day.day} {day:%B %Y}" for day in (days["start"].min(), days["end"].max())]
    words = explored(page, **{"from": first, "to": last})
    assert words.startswith(said.format(*ends) or "North, killed")
    fields = "[...document.querySelectorAll('.explore [type=date]')]"
    assert page.value(f"{fields}.map(f => f.getAttribute('aria-invalid')).join(' ')") == invalid
    if said:
        assert page.value("document.querySelector('.problem').getClientRects().length") > 0
        page.value("document.querySelector('.whole').click()")
        assert page.value(f"{fields}.some(f => f.getAttribute('aria-invalid') === 'true')") is False
        assert "all days" not in page.value("document.querySelector('.value').textContent")


def test_a_single_day_is_called_a_day(browser, tmp_path):
    """The last week of a fit may have one day alone."""
    fit = make_fit(n_draws=30, until="2024-02-19")
    browser.width(1280)
    browser.open(write_report(fit, tmp_path / "report") / "report.html")
    said = explored(browser, measure="weekly", week=999)
    table = pd.read_csv(tmp_path / "report" / "estimates.csv")
    weeks = table[table["measure"] == "weekly"]
    assert weeks.iloc[-1]["start"] == weeks.iloc[-1]["end"]
    assert "per day, 19 February 2024: " in said
    assert "of this day" in said
    label = "document.querySelector('.near').getAttribute('aria-label')"
    assert browser.value(label) == "Claims of this day"
    assert "of this week" in explored(browser, week=1)


def short_war(folder, days):
    """Report of a war of some days, of which a claimant gives the total."""
    end = f"2001-01-{days:02}"
    total = changed(1, end=end, published=end, category="killed")[1:2]
    war = write_conflict(folder / "war", claims=claims_csv(total), streams=None)
    fit = lm.fit(war, engine="laplace", draws=50)
    assert len(fit.days) == days
    return write_report(fit, folder / "report") / "report.html"


@pytest.mark.parametrize("days", [1, 2])
def test_a_war_of_a_day_or_two_has_pictures_without_a_slider(browser, tmp_path, days):
    browser.open(short_war(tmp_path, days))
    assert browser.value("document.querySelectorAll('#losses input').length") == 0
    shown = "document.querySelector('#losses .picture svg').checkVisibility()"
    assert browser.value(shown) is True


def test_a_war_within_a_week_has_its_curve_and_days(browser, tmp_path):
    """The curve of totals rises from the first day, though the week has one total."""
    browser.width(390)
    browser.open(short_war(tmp_path, 4))
    label = "document.querySelector('.weeks').innerText.trim()"
    for measure, unit, points in (("cumulative", "Week", 2), ("daily", "Day", 4)):
        explored(browser, measure=measure)
        assert browser.value(label) == unit
        line = "document.querySelector('.canvas path[style*=\"1.8\"]').getAttribute('d')"
        assert browser.value(line).count("L") == points - 1


@pytest.mark.parametrize("width", [390, 1280])
def test_labels_of_dates_are_whole(browser, tmp_path, width):
    browser.width(width)
    browser.open(short_war(tmp_path, 4))
    ends = "[...svg.querySelectorAll('text')].map(t => t.getBoundingClientRect().right)"
    svg = "const svg = document.querySelector('.canvas svg')"
    beyond = f"(() => {{{svg}; return Math.max(...{ends}) - svg.getBoundingClientRect().right}})()"
    assert browser.value(beyond) <= 0


def test_without_scripts_and_in_print_there_are_the_pictures(page, report):
    shown = "{}.every(e => e.checkVisibility({{contentVisibilityAuto: true}}))"
    pictures = shown.format("[...document.querySelectorAll('#losses .picture svg')]")
    figure = "document.querySelector('.explore').checkVisibility()"
    assert page.value(figure) is True
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.value(figure) is False
    page.call("Emulation.setEmulatedMedia", media="")
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(report / "report.html")
    assert page.value(figure) is False
    assert page.value(pictures) is True
    assert page.value("document.querySelectorAll('#table-claims tbody tr').length") == 200
    page.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.fixture(scope="module")
def dialled(tmp_path_factory):
    """A report with sliders, its fit, and the refits behind them."""
    fit = lm.fit("falklands1982", engine="laplace", submodels="person")
    options = {"store": None, "jobs": 1, "cluster": None, "progress": None}
    found = explain(fit, headline_keys(fit), options, most=2)
    folder = tmp_path_factory.mktemp("dialled") / "report"
    return write_report(fit, folder, explanation=found), fit, found


def moved(browser, positions):
    """Totals of the page with its sliders at these steps, as median and limits."""
    for place, step in enumerate(positions):
        browser.value(
            f"{{const s = document.querySelectorAll('.dial input')[{place}]; s.value = {step};"
            "s.dispatchEvent(new Event('input', {bubbles: true}));}"
        )
    return browser.value(
        "[...document.querySelectorAll('.dial .totals li')].map(li =>"
        "[li.querySelector('strong').textContent, li.querySelector('.limits').textContent])"
    )


def values(shown):
    return [float(text.replace(",", "")) for text in re.findall(r"[\d.,]+", " ".join(shown))]


def printed(totals):
    rows = [[number(v, lower, upper) for v in (m, lower, upper)] for m, lower, upper in totals]
    return [[median, f"{lower} to {upper}"] for median, lower, upper in rows]


def test_a_slider_finds_the_numbers_of_a_refit(browser, dialled):
    report, fit, found = dialled
    browser.width(360, 740)
    browser.open(report / "report.html")
    assert list(complaints(browser)) == []
    slides = [a.positions(fit.priors) for a in found.assumptions(fit.priors)]
    own = [int(np.flatnonzero(at == 0)[0]) for at in slides]
    assert moved(browser, own) == printed(found.own.tolist())
    rows = browser.value(
        "[...document.querySelectorAll('#table-changed-assumptions tbody tr')]"
        ".map(row => [...row.cells].slice(1).map(cell => cell.textContent))"
    )
    for step, node in ((0, 1), (len(slides[0]) - 1, 2)):
        shown = moved(browser, [step, own[1]])
        assert shown == printed(found.at(found.nodes[node]).totals.tolist())
        # The table for those without scripts has them too.
        assert [f"{median} ({limits})" for median, limits in shown] == rows[node]
        # The refit alone, which has fewer draws.
        alone = np.split(found.logs, found.bounds)[node]
        medians = np.log([float(median.replace(",", "")) for median, _ in shown])
        assert np.abs((medians - np.median(alone, axis=0)) / alone.std(axis=0)).max() < 0.1
    between = found.at([slides[0][7], slides[1][20]]).totals.tolist()
    for shown, expected in zip(moved(browser, [7, 20]), printed(between), strict=True):
        # The page has the draws to two bytes: a digit on the edge may be the next one.
        assert values(shown) == pytest.approx(values(expected), rel=0.02)
    browser.value("document.querySelector('.dial button').click()")
    assert moved(browser, []) == printed(found.own.tolist())


def test_sliders_answer_in_a_tenth_of_a_second(browser, dialled):
    browser.open(dialled[0] / "report.html")
    took = browser.value(
        "(() => {const s = document.querySelector('.dial input'); const t = performance.now();"
        "for (let i = 0; i < 40; i += 1) {s.value = i; s.dispatchEvent(new Event('input'));}"
        "return (performance.now() - t) / 40;})()"
    )
    assert took < 100


def test_sliders_have_names_and_values_and_take_keys(browser, dialled):
    browser.open(dialled[0] / "report.html")
    browser.value("document.querySelector('.dial input').focus()")
    before = moved(browser, [])
    key = {"key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39}
    for _ in range(10):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, **key)
    assert moved(browser, []) != before
    names = browser.value(
        "[...document.querySelectorAll('.dial input')].map(s => "
        "[s.labels[0].textContent, s.getAttribute('aria-valuetext'), "
        "s.parentElement.querySelector('output').textContent])"
    )
    assert all(name and text == shown for name, text, shown in names)


def test_numbers_without_enough_draws_are_marked(browser, dialled, tmp_path):
    report, fit, found = dialled
    few = replace(found, efficiency=1e-3)
    browser.open(write_report(fit, tmp_path / "report", explanation=few) / "report.html")
    moved(browser, [0, 0])
    said = browser.value("document.querySelector('.dial [role=status]').textContent")
    assert said.startswith("Too far from the refits to be worked out: ")
    assert f"effective draws, where {CARRIED:,} are needed." in said
    assert "Do not use these numbers" in said
    assert browser.value("document.querySelector('.dial').classList.contains('uncarried')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
def test_axe_finds_nothing(page, report, scheme, width, height):
    if not AXE.is_file():
        pytest.skip("needs axe-core: npm install axe-core, or its axe.min.js in AXE_CORE")
    page.width(width, height)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.call("Emulation.setEmulatedMedia", features=features)
    page.open(report / "report.html")
    page.value(AXE.read_text(encoding="utf-8") + "; 0")
    explored(page, party="South", category="casualties", measure="weekly", week=9)
    found = page.call(
        "Runtime.evaluate",
        expression="axe.run().then(r => r.violations.map(v => [v.id, v.nodes[0].html]))",
        awaitPromise=True,
        returnByValue=True,
    )
    page.call("Emulation.setEmulatedMedia", features=[])
    assert found["result"]["value"] == []
