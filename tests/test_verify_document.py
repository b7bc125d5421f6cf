"""Documents that quote a fit: tagged numbers are compared, others are listed and not judged."""

import time
import timeit
import zipfile

import pytest

from lossmodel.errors import UsageError
from lossmodel.query.evaluate import answer_query
from lossmodel.report import quoting as module
from lossmodel.report.mentions import FORMATS, definitions_in, mentions
from lossmodel.report.output.latex import write_tex
from lossmodel.report.results import Results
from lossmodel.report.verify import is_report_file
from lossmodel.text.numbers import number
from lossmodel.text.said import agrees, dates_in, said_in
from tests.fakes import make_fit

QUESTION = "killed north 2023"
TYPED_WIDE = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16")


@pytest.fixture(scope="module")
def results():
    return Results(make_fit(n_draws=40, until="2023-12-31"))


@pytest.fixture(scope="module")
def every(results):
    return module.quoted(results)


@pytest.fixture(autouse=True)
def _once(monkeypatch, every):
    """The numbers that may be quoted, worked out once for all tests."""
    monkeypatch.setattr(module, "quoted", lambda _: every)


@pytest.fixture(scope="module")
def numbers(results):
    """Median and limits of the question, as they are printed, with commas."""
    row = answer_query(results.fit, QUESTION).iloc[0]
    return [number(row[k], row["lower"], row["upper"]) for k in ("median", "lower", "upper")]


def document(kind, tagged, rest=""):
    """A document of some format with a tagged text and an untagged one."""
    if kind == ".tex":
        tagged, rest = (text.replace(",", r"\,").replace("%", r"\%") for text in (tagged, rest))
        words = rf"There were \LMchecked{{{QUESTION}}}{{{tagged}}} dead. {rest} \cite{{a2020}}"
        return rf"\documentclass[12pt]{{article}}\begin{{document}}{words}\end{{document}}".encode()
    if kind == ".docx":
        return word_file(tagged, rest)
    tag = f'<span data-lossmodel="{QUESTION}">{tagged.replace(",", chr(0x202F))}</span>'
    words = f"There were {tag} dead. {rest}\n"
    code = "`777777`\n\n```\n888888\n```\n" if kind == ".md" else "<script>777777</script>"
    return f"{words}{code}".encode()


def word_file(tagged, rest):
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    run = "<w:r><w:t>{}</w:t></w:r>".format
    # A number may be cut into several runs.
    half = len(tagged) // 2
    marked = '<w:commentRangeStart w:id="4"/>' + run(tagged[:half]) + run(tagged[half:])
    marked += '<w:commentRangeEnd w:id="4"/>'
    body = f"<w:p>{run('There were ')}{marked}{run(' dead. ')}</w:p><w:p>{run(rest)}</w:p>"
    comment = f'<w:comment w:id="4"><w:p>{run("lossmodel: " + QUESTION)}</w:p></w:comment>'
    return packed(
        {
            "word/document.xml": f"<w:document {space}><w:body>{body}</w:body></w:document>",
            "word/comments.xml": f"<w:comments {space}>{comment}</w:comments>",
        }
    )


def packed(parts):
    import io

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return content.getvalue()


def check(results, tmp_path, kind, data):
    path = tmp_path / f"paper{kind}"
    path.write_bytes(data)
    return module._checked(path, results)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("form", ["{0}", "{1} to {2}", "{0} ({1}–{2})", "{0} (95% CrI {1} to {2})"])
def test_tagged_numbers_that_are_those_of_the_fit_agree(results, numbers, tmp_path, kind, form):
    found = check(results, tmp_path, kind, document(kind, form.format(*numbers)))
    assert found.problems == []
    assert found.agreeing == 1
    assert found.untagged == []


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_wrong_tagged_number_is_found(results, numbers, tmp_path, kind, wrong):
    said = list(numbers)
    said[wrong] = f"{float(said[wrong].replace(',', '')) * 1.3:,.0f}"
    text = "{} ({} to {})".format(*said)
    found = check(results, tmp_path, kind, document(kind, text))
    [problem] = found.problems
    name = ("median", "lower", "upper")[wrong]
    assert f"{said[wrong]} should be {numbers[wrong]} ({QUESTION}, {name})" in problem


@pytest.mark.parametrize("kind", FORMATS)
def test_an_untagged_number_is_listed_with_candidates_and_not_judged(
    results, numbers, tmp_path, kind
):
    rest = f"Others say {numbers[0]} or 987,654,321 in 2023."
    found = check(results, tmp_path, kind, document(kind, numbers[0], rest))
    assert found.problems == []
    first, second = found.untagged
    assert f"{numbers[0]}: " in first
    assert f"{QUESTION}, median" in first
    assert second.endswith(": 987,654,321")


def test_macros_are_compared_where_they_are_defined(results, tmp_path):
    write_tex(results.fit, tmp_path, results=results)
    text = r"\input{numbers}\begin{document}\LM{killed-north} \LMsentence{killed-north-2023}"
    text += r" \LMkilledNorthAllMedian \LMlastDay \LM{killed-south}\end{document}"
    found = check(results, tmp_path, ".tex", text.encode())
    assert (found.problems, found.agreeing) == ([], 5)
    path = tmp_path / "numbers.tex"
    lines = path.read_text(encoding="utf-8").splitlines()
    spoilt = [
        f"{line[:-2]}9{line[-2:]}"
        if line.startswith((r"\LMdefine{killed-north}", r"\newcommand{\LMkilledNorthAllMedian}"))
        else line
        for line in lines
    ]
    path.write_text(
        "\n".join(spoilt).replace("killed-south}{", "killed-south}{1"), encoding="utf-8"
    )
    # Whatever the case of the ending.
    upper = check(results, tmp_path, ".TEX", text.encode()).problems
    sentence, macro, median = check(results, tmp_path, ".tex", text.encode()).problems
    assert len(upper) == 3
    assert "the sentence of killed-north is " in sentence
    assert r"\LMkilledNorthAllMedian is " in macro
    assert "the median of killed-south is 1" in median
    assert "in numbers.tex line " in median


def test_a_macro_that_the_fit_has_not_is_a_problem(results, tmp_path):
    text = r"\LM{killed-nroth} \LMkilledNorthAllMiddle"
    problems = check(results, tmp_path, ".tex", text.encode()).problems
    assert "Did you mean killed-north?" in problems[0]
    assert "LMkilledNorthAllMiddle is no number of this fit" in problems[1]


@pytest.mark.parametrize(
    ("question", "said", "words"),
    [
        ("killed nowhere", "1", "is no question of this fit: No party 'nowhere'"),
        (QUESTION, "no number at all", "should have one number, two or three"),
        (QUESTION, "1, 2, 3, 4, 5", "should have one number, two or three"),
        ("when killed north passes 100", "soon", "is a date"),
        ("when killed north passes 100", "2031-01-01", "2031-01-01 should be 2022-"),
    ],
)
def test_a_tag_that_cannot_hold_is_a_problem(results, tmp_path, question, said, words):
    page = f'<span data-lossmodel="{question}">{said}</span>'
    [problem] = check(results, tmp_path, ".html", page.encode()).problems
    assert words in problem


def test_limits_other_levels_shares_and_days_can_be_tagged(results, numbers, tmp_path):
    narrow = answer_query(results.fit, QUESTION, ci_prob=0.5).iloc[0]
    limits = [number(narrow[k], narrow["lower"], narrow["upper"]) for k in ("lower", "upper")]
    share = answer_query(results.fit, "lethality north").iloc[0]
    day = answer_query(results.fit, "when killed north passes 1000").iloc[0]["median"]
    tagged = [
        (f"{QUESTION} upper", numbers[2]),
        (QUESTION, f"50% CrI {limits[0]} to {limits[1]}"),
        ("lethality north", f"{share['median']:.0%}"),
        ("when killed north passes 1000", day),
        ("killed-north-2023", numbers[0]),  # the key of a macro
        ("killed-north-2023 upper", numbers[2]),
    ]
    page = "".join(f'<b data-lossmodel="{q}"><i>{said}</i></b>' for q, said in tagged)
    found = check(results, tmp_path, ".html", page.encode())
    assert (found.problems, found.agreeing) == ([], 6)


def test_a_content_control_tags_a_number(tmp_path):
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    control = '<w:sdt><w:sdtPr><w:tag w:val="lossmodel: killed north"/></w:sdtPr><w:sdtContent>'
    control += "<w:r><w:t>12</w:t></w:r></w:sdtContent></w:sdt>"
    text = f"<w:document {space}><w:body><w:p>{control}</w:p></w:body></w:document>"
    (tmp_path / "a.docx").write_bytes(packed({"word/document.xml": text}))
    [mention] = mentions(tmp_path / "a.docx")
    assert (mention.text, mention.question) == ("12", "killed north")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pdf", b"%PDF", "not a document whose numbers can be checked"),
        ("a.docx", b"no zip", "cannot be read as a Word document"),
        ("a.docx", packed({"x": "y"}), "is not a Word document"),
        ("a.docx", packed({"word/document.xml": "<a>"}), "cannot be read as a Word document"),
        ("a.docx", packed({"word/document.xml": "<!DOCTYPE a><a/>"}), "a document type"),
        # The archive takes bytes as well as text.
        ("a.docx", packed({"word/document.xml": TYPED_WIDE}), "a document type"),
        ("a.html", b"<div>" * 200_000 + b"1", "line 1: <div> is the element 257 of those within"),
        ("a.html", b"<p>1</p>\n" + b"<!--" * 100_000, "line 2: a tag or comment begins here"),
        ("a.md", b"<a " * 100_000, "line 1: a tag or comment begins here"),
        ("a.md", b"<![no" * 1000, "line 1: a tag or comment begins here"),
        ("a.md", b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=words):
        mentions(tmp_path / name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "piece"),
    [
        *((".md", piece) for piece in ("](", "```x\n", "~~~\n", "<b>1</b>", "</b>")),
        *((".tex", piece) for piece in (r"\\[", r"\cite[", r"\verb+\verb-", "1", r"\LMx ")),
    ],
)
def test_a_document_is_read_in_a_time_that_grows_with_its_length(tmp_path, kind, piece):
    path = tmp_path / f"paper{kind}"
    seconds = []
    for size in (50_000, 400_000):
        path.write_text(piece * (size // len(piece)), encoding="utf-8")
        # The collector walks over all that the tests before have left, and other processes take
        # their share of the caches: the shortest of four readings, with the collector off.
        seconds.append(
            min(timeit.repeat(lambda: mentions(path), timer=time.process_time, repeat=4, number=1))
        )
    # Eight times the length: sixty times the time if it grew with the square.
    assert seconds[1] < 25 * seconds[0] + 0.1


def test_a_word_file_is_read_however_deep(tmp_path):
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    deep = "<w:r>" * 100_000 + "<w:t>12</w:t>" + "</w:r>" * 100_000
    text = f"<w:document {space}><w:body><w:p>{deep}</w:p></w:body></w:document>"
    (tmp_path / "a.docx").write_bytes(packed({"word/document.xml": text}))
    assert [mention.text for mention in mentions(tmp_path / "a.docx")] == ["12"]


def test_files_of_a_report_are_told_from_documents(tmp_path):
    (tmp_path / "fit.nc").write_bytes(b"")
    (tmp_path / "tables").mkdir()
    for name in ("report.md", "tables/totals.tex", "estimates.csv", "paper.tex"):
        (tmp_path / name).write_text("", encoding="utf-8")
    kinds = ("report.md", "tables/totals.tex", "estimates.csv", ".")
    assert all(is_report_file(tmp_path / name) for name in kinds)
    assert not is_report_file(tmp_path / "paper.tex")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,200 of 3.4 million (95%) on 6 May 2023", [1200, 3.4e6, 0.95]),
        ("a T-72, version 0.1.0, COVID-19, 3/4", []),
        ("95,000-160,000 and (-5)", [95000, 160000, -5]),
        ("May 2023, 2023-05, 2023-05-06, and 7.", [7]),
        (f"1{'0' * 400}", [float("inf")]),
    ],
)
def test_numbers_of_a_text(text, values):
    assert [said.value for said in said_in(text)] == values


@pytest.mark.parametrize(
    ("text", "right"),
    [
        *(("350,000", True), ("354,000", True), ("0.35 million", True), ("354,218", True)),
        *(("360,000", False), ("400,000", False), ("300,000", False), ("350", False)),
    ],
)
def test_a_rounded_number_agrees_and_a_wrong_one_does_not(text, right):
    assert agrees(said_in(text)[0], 354_218, 239_000, 481_000) == right


def test_days_of_a_text():
    assert dates_in("2023-05-06, 7 June 2023; May 2023") == ["2023-05-06", "2023-06-07"]


@pytest.mark.parametrize(
    ("page", "tagged", "rest"),
    [
        # End tags that may be left out.
        ("<p data-lossmodel=q>12<p>34", ["12"], ["34"]),
        ("<div><p data-lossmodel=q>12</div>34", ["12"], ["34"]),
        (
            "<ul><li data-lossmodel=q>12<li>34<ul><li>5<li>6</ul></ul>7",
            ["12"],
            ["34", "5", "6", "7"],
        ),
        ("<ul><li data-lossmodel=q>1<ul><li>2</ul><li>34</ul>", ["1 2"], ["34"]),
        ("<dl><dt data-lossmodel=q>12<dd>34<dt>5</dl>", ["12"], ["34", "5"]),
        ("<table><tr><td data-lossmodel=q>12<td>34<tr><td>5</table>6", ["12"], ["34", "5", "6"]),
        ("<table><tr data-lossmodel=q><td>12<td>34<tr><td>5</table>", ["12 34"], ["5"]),
        (
            "<table><tr><td data-lossmodel=q><table><tr><td>1<td>2</table><td>3</table>",
            ["1 2"],
            ["3"],
        ),
        ("<table><thead data-lossmodel=q><tr><th>12<tbody><tr><td>3</table>", ["12"], ["3"]),
        ("<p data-lossmodel=q>12<b>3<p>34", ["123"], ["34"]),
        # Elements without an end.
        ("<p data-lossmodel=q>12<br>34</p>56<hr>78", ["12 34"], ["56", "78"]),
        ("<p>1<img data-lossmodel=q>2</p>3", [""], ["1", "2", "3"]),
        ("<p><span data-lossmodel=q />12</span>34", ["12"], ["34"]),
        ("<p>1<svg/>2</p><div data-lossmodel=q>3<wbr>4</div>", ["34"], ["1", "2"]),
        # Tags within a number.
        (
            "<b data-lossmodel=q><i>1</i>2,<b>0</b>00</b> 34<b>5</b>,<i>0</i>00",
            ["12,000"],
            ["345,000"],
        ),
        ("<span data-lossmodel=q>12 <span data-lossmodel=q>3</span> 4</span>", ["3", "12 4"], []),
        ("<p data-lossmodel=q>12</b></i></p>34", ["12"], ["34"]),
        ("<b><p data-lossmodel=q>1</b>2</p>34", ["12"], ["34"]),
        ("<div><ul><li data-lossmodel=q>1</div>2", ["1"], ["2"]),
        ("<div data-lossmodel=q>1<table><tr><td>2</div>3</table>4</div>5", ["1 23 4"], ["5"]),
        ("12<sup>3</sup> 4<sub>5</sub>", [], ["12", "3", "4", "5"]),
        # What is not shown.
        ("<head><title>1</title><body>2", [], ["2"]),
        ("<head><title>1</title><style>3</style><p>2", [], ["2"]),
        ("<p data-lossmodel=q>1<script>2<\\/script>'<p>'</script>2", ["12"], []),
        ("<template><p>1</template>2<svg><text>3</text><path/></svg>4<!-- 5 -->", [], ["2", "4"]),
        ("<table><tr><td><template><td>1</template><td data-lossmodel=q>2</table>", ["2"], []),
        # A slash ends an element within foreign ones, unless HTML is within them again.
        ("<svg>" + '<use href="#a"/>' * 300 + "</svg><p data-lossmodel=q>2<p>3", ["2"], ["3"]),
        ("<math><mi/><mn data-lossmodel=q>2</mn><mo/></math>3", ["2"], ["3"]),
        (
            "<math><annotation-xml><p data-lossmodel=q />2</p></annotation-xml></math>3",
            ["2"],
            ["3"],
        ),
    ],
)
def test_html_is_read_as_it_is_shown(tmp_path, page, tagged, rest):
    path = tmp_path / "a.html"
    path.write_text(page, encoding="utf-8")
    found = mentions(path)
    assert [one.text for one in found if one.question] == tagged
    assert [one.text for one in found if not one.question] == rest


def test_passages_of_html_have_their_lines(tmp_path):
    path = tmp_path / "a.html"
    path.write_text(
        "<p>1 <b\nclass=x>2</b>\n3\n<p\n>4 <b data-lossmodel=q>5\n6</b>\n7", encoding="utf-8"
    )
    places = [(one.text, one.place) for one in mentions(path)]
    assert places == [
        *(("1", "line 1"), ("2", "line 2"), ("3", "line 3"), ("4", "line 5")),
        *(("5 6", "line 5"), ("7", "line 7")),
    ]


@pytest.mark.parametrize(
    ("text", "tagged", "rest"),
    [
        # Groups within groups, to any depth, and braces that are none.
        (r"\LMchecked{q}{\textbf{\emph{{12}}}} 3", [r"\textbf{\emph{{12}}}"], ["3"]),
        (r"\LMchecked{q}{12{,}000} 3", ["12,000"], ["3"]),
        (r"\LMchecked {q} {\{12\}}{3}", [r"\{12\}"], ["{3}"]),
        (r"\LMchecked{q}" + "{" * 500 + "12" + "}" * 500, ["{" * 499 + "12" + "}" * 499], []),
        (r"\textbf{1 \LMchecked{q}{2}} 3", ["2"], [r"\textbf{1 } 3"]),
        (
            r"\newcommand{\x}[1]{{{{4}}}}\footnote{{5}} \href{u{{6}}}{7} 8",
            [],
            [r"\footnote{{5}} 8"],
        ),
        (r"\LMchecked{q}" "\n" r"{12} 3", ["12"], ["3"]),
        # Comments, and line breaks before them.
        ("1 \\\\% 2\n3", [], ["1", "3"]),
        ("1 \\% 2\n3", [], ["1 % 2", "3"]),
        ("1 \\\\\\% 2% 4\n3", [], ["1 % 2", "3"]),
        (r"1\\[2pt]3\\*4", [], ["1 3 4"]),
        ("% \\begin{verbatim}\n3", [], ["3"]),
        ("\\LMchecked{q}{% }\n12} 3", ["12"], ["3"]),
        (r"\\LMchecked{q}{12}", [], ["LMchecked{q}{12}"]),
        # Text as it is typed.
        (r"1 \verb|2 % {| 3", [], ["1 3"]),
        (r"1 \verb*+\LMchecked{q}{2}+ 3", [], ["1 3"]),
        (r"1 \lstinline[language=R]|2|\lstinline{4} \mintinline{r}{5} 3", [], ["1 3"]),
        ("1\n\\begin{verbatim}\n2 % {\n\\LM{x}\n\\end{verbatim} 3", [], ["1", "3"]),
        ("\\begin{lstlisting}[a]\n2\n\\end{lstlisting}\\begin{comment}2\\end{comment}3", [], ["3"]),
        (r"\verbatiminput 1", [], [r"\verbatiminput 1"]),
        (r"\begin{document}1\end{document} 2", [], ["1"]),
    ],
)
def test_tex_is_read_as_it_is_set(tmp_path, text, tagged, rest):
    path = tmp_path / "a.tex"
    path.write_text(text, encoding="utf-8")
    found = mentions(path)
    assert [one.text for one in found if one.question] == tagged
    assert [" ".join(one.text.split()) for one in found if not one.question] == rest


def test_passages_of_tex_have_their_lines(tmp_path):
    path = tmp_path / "a.tex"
    text = "1\n\\begin{verbatim}\n2\n\\end{verbatim}\n\\LMchecked{q}\n{3} % {\n4\\\\\n5"
    path.write_text(text, encoding="utf-8")
    assert [(one.text, one.place) for one in mentions(path)] == [
        *(("3", "line 5"), ("1", "line 1"), ("4", "line 7"), ("5", "line 8")),
    ]


@pytest.mark.parametrize(
    "text", [r"\LMchecked", r"\LMchecked{q", r"\LMchecked{q}", r"\LMchecked{q}{12"]
)
def test_a_tag_without_its_groups_is_a_problem(results, tmp_path, text):
    [problem] = check(results, tmp_path, ".tex", text.encode()).problems
    assert "LMchecked" in problem


def test_definitions_of_macros_are_found_in_tex(tmp_path):
    path = tmp_path / "a.tex"
    path.write_text(
        "\\newcommand{\\LMone}{\\textbf{\\emph{{12}}}}\\renewcommand*\\LMtwo {3}\n"
        "\\verb|\\newcommand{\\LMthree}{4}|\\newcommand{\\LMfour}[2]{#1}\n"
        "\\\\% \\newcommand\\LMfive{5}\n"
        "\\LMdefine{six}{1}{2}{3}{{4}}",
        encoding="utf-8",
    )
    found = {one.name: one.texts for one in definitions_in(path)}
    assert found == {
        "LMone": (r"\textbf{\emph{{12}}}",),
        "LMtwo": ("3",),
        "six": ("1", "2", "3", "{4}"),
    }
