"""The command line as its users see it: exit status, stdout, stderr and files."""

import hashlib
import json
import re
import resource
import shlex
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import typer

from lossmodel import __version__
from lossmodel.cli import fit as fit_command
from lossmodel.cli.app import app
from lossmodel.cli.headline import headline
from lossmodel.cli.overview import EXAMPLES, FIRST_STEPS, SECTIONS
from lossmodel.conflict import load_conflict
from lossmodel.errors import ConvergenceError, LossModelError
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.report.manifest import write_manifest
from lossmodel.report.wording import headline_keys
from lossmodel.text.grammar import EXAMPLES as QUESTIONS
from lossmodel.text.grammar import GRAMMAR
from tests.fakes import make_fit

COMMANDS = {
    command.name or command.callback.__name__
    for command in app.registered_commands
    if command.callback is not None
} | {group.name for group in app.registered_groups}


def cpu_seconds(run_python, *arguments):
    """What a process and those that it starts use: the clock would count the neighbours too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run_python(*arguments).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# Of a war of few claims: with thousands the time is that of the work.
@pytest.mark.parametrize(
    ("command", "most"),
    [
        ("--version", 1.0),
        pytest.param("check --conflict falklands1982", 1.75, marks=pytest.mark.slow),
    ],
)
def test_a_command_starts_fast_next_to_importing_pandas(run_python, command, most):
    # The fastest of several: noise only ever adds. Rounds end as soon as they have shown enough.
    ours, pandas = [], []
    for _ in range(6):
        pandas.append(cpu_seconds(run_python, "-c", "import pandas"))
        ours.append(cpu_seconds(run_python, "-m", "lossmodel", *command.split()))
        if len(ours) > 1 and min(ours) < most * min(pandas):
            break
    assert min(ours) < most * min(pandas)


@pytest.mark.parametrize("command", ["--version", "check"])
def test_commands_without_a_fit_import_no_sampler(run_python, command):
    code = (
        "import sys\nfrom lossmodel.cli import main\n"
        f"sys.argv = ['lossmodel', {command!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print({'pymc', 'arviz', 'nutpie', 'matplotlib', 'scipy.optimize'} & set(sys.modules))"
    )
    assert run_python("-c", code).stdout.endswith("set()\n")


def test_the_version_is_the_packages(lossmodel):
    said = lossmodel("--version")
    assert (said.status, said.stdout, said.stderr) == (0, f"lossmodel {__version__}\n", "")


def test_the_help_names_every_command(lossmodel):
    said = lossmodel("--help")
    assert said.status == 0
    assert [name for name in sorted(COMMANDS) if name not in said.stdout] == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(lossmodel, command):
    said = lossmodel(command, "--help")
    assert said.status == 0
    assert said.stdout.startswith(f"Usage: lossmodel {command} ")
    assert said.stderr == ""


def test_the_help_is_in_the_order_of_use(lossmodel):
    said = lossmodel("--help").stdout
    listed = re.findall(r"^  ([a-z]+) ", said, re.MULTILINE)
    order = [name for names in SECTIONS.values() for name in names if name in COMMANDS]
    assert listed[: len(COMMANDS)] == order
    assert set(order) == COMMANDS
    assert said.index("Estimates:") < said.index("  fit ") < said.index("  query ")
    assert "First steps:" in said


def words_of(command, *before):
    """The words of each command of a group, and of the group itself."""
    yield before
    for name, inner in getattr(command, "commands", {}).items():
        yield from words_of(inner, *before, name)


ALL_WORDS = list(words_of(typer.main.get_command(app)))


@pytest.mark.parametrize("words", ALL_WORDS, ids=" ".join)
def test_every_help_can_be_read_in_a_terminal(lossmodel, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    usage, *lines = lossmodel(*words, "--help").stdout.splitlines()
    assert max(map(len, [usage, *lines])) <= 80
    # Summaries that were cut, and names of Python types.
    cut = re.compile(r"\w\.\.\.$|<(str|int|float|path|list)\b")
    assert [line for line in lines if cut.search(line)] == []


def test_examples_of_help_are_commands(lossmodel):
    commands = {" ".join(words): words for words in ALL_WORDS}
    root = typer.main.get_command(app)
    examples = [*FIRST_STEPS, *(example for listed in EXAMPLES.values() for example in listed)]
    for example, meaning in examples:
        words = shlex.split(example.partition("lossmodel ")[2])
        if words[0] not in COMMANDS and not words[0].startswith("--"):
            assert words[0] in [name for names in SECTIONS.values() for name in names]
            continue
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in commands), "")
        command = root
        for word in name.split():
            command = command.commands[word]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
        assert meaning
    assert {words for words in EXAMPLES if words.split()[0] in COMMANDS} <= set(commands)
    for words in EXAMPLES.keys() & commands.keys():
        assert "Examples:" in lossmodel(*words.split(), "--help").stdout


def test_the_grammar_of_questions_is_in_the_help_of_query(lossmodel):
    said = lossmodel("query", "--help").stdout
    assert GRAMMAR in said
    for question, _ in QUESTIONS:
        assert question in said


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("qu", ["query"]),
        ("check --conflict kar", ["kargil1999"]),
        ("check --conflict my", ["mywar"]),
        ("query --fit there k", ["killed"]),
        ("query --fit there/fit.nc ratio north-", ["north-staff"]),
        ("query --fit nowhere w", ["when"]),
        ("query --format j", ["json"]),
        ("data im", ["import"]),
    ],
)
def test_a_shell_is_offered_commands_and_names(lossmodel, monkeypatch, tmp_path, words, offered):
    for folder, file, text in (
        ("mywar", "conflict.toml", ""),
        ("there", "estimates.csv", "category,party,scope,measure\nkilled,north,all,daily\n"),
        ("there", "biases.csv", "claimant,party\nnorth-staff,north\n"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / file).write_text(text, encoding="utf-8")
    monkeypatch.setenv("COMP_WORDS", f"lossmodel {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    monkeypatch.setenv("_LOSSMODEL_COMPLETE", "complete_bash")
    assert lossmodel().stdout.split() == offered
    monkeypatch.setenv("_LOSSMODEL_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"lossmodel {words}")
    assert re.findall(r'"([^"]+)"(?=[:\n)])(?!\S*":)', lossmodel().stdout)[0] == offered[0]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_of_completion(lossmodel, monkeypatch, shell):
    monkeypatch.setenv("_LOSSMODEL_COMPLETE", f"source_{shell}")
    assert "lossmodel" in lossmodel().stdout


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["fti"], "'fit'"),
        (["qeury", "killed", "russia"], "'query'"),
        (["data", "imprt"], "'import'"),
        (["fit", "--enigne", "nuts"], "--engine"),
        (["check", "--conflct", "x"], "--conflict"),
        (["fit", "--conflict", "kargil"], "kargil1999"),
        (["fit", "--engine", "laplac"], "Did you mean 'laplace'"),
        (["cite", "--format", "BibTex"], "Did you mean 'bibtex'"),
    ],
)
def test_a_mistyped_word_has_the_nearest_suggested(lossmodel, arguments, nearest):
    said = lossmodel(*arguments)
    assert said.status == 2
    assert nearest in said.stderr
    assert "Value error" not in said.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["fti"], "fti"),
        (["fit", "--engine", "magic"], "magic"),
        (["fit", "--ci", "95"], "write 0.95"),
        (["fit", "--ci", "0"], "between 0 and 1"),
        (["fit", "--ci", "1"], "between 0 and 1"),
        (["fit", "--ci", "nan"], "between 0 and 1"),
        (["fit", "--ci", "high"], "not a number"),
        # Digits of other scripts, and Python's own underscores, may be mistyped.
        (["fit", "--ci", "٠.٩"], "is not a number"),
        (["fit", "--ci", "0.9_5"], "is not a number"),
        (["fit", "--seed", "١"], "is not a whole number"),
        (["fit", "--seed", "1_0"], "is not a whole number"),
        (["fit", "--as-of", "٢٠٢٣-٠٢-٢٤"], "YYYY-MM-DD"),
        (["fit", "--as-of", "24.02.2023"], "YYYY-MM-DD"),
        (["fit", "--as-of", "20230224"], "YYYY-MM-DD"),
        (["fit", "--until", "2023-02-30"], "not a day"),
        (["fit", "--seed", "-1"], "negative"),
        (["fit", "--seed", "1.5"], "whole number"),
        (["fit", "--priors", "missing.toml"], "missing.toml"),
        (["fit", "missing.csv"], "missing.csv"),
        (["fit", "--out", __file__], "test_cli.py"),
        (["check", "missing.csv"], "missing.csv"),
        (["check", "--conflict", "no-such-war"], "no-such-war"),
        (["query"], "question"),
        (["query", "killed", "russia", "--fit", "nowhere"], "nowhere"),
        (["report", "--fit", "nowhere"], "nowhere"),
        (["cite", "--format", "html"], "html"),
        (["verify", "nowhere"], "nowhere"),
    ],
)
def test_bad_usage_is_status_2_and_says_what_was_found(lossmodel, tmp_path, arguments, word):
    said = lossmodel(*arguments)
    assert said.status == 2
    assert said.stdout == ""
    assert word.lower() in said.stderr.lower()
    assert "Traceback" not in said.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (LossModelError("the archive is damaged"), 3, "the archive is damaged"),
        (ConvergenceError("R-hat is 1.3"), 1, "R-hat is 1.3"),
        (PermissionError(13, "Permission denied", "fit.nc"), 3, "Permission denied: fit.nc"),
        (OSError("no space left"), 3, "no space left"),
        (ZeroDivisionError("division by zero"), 3, "LOSSMODEL_DEBUG=1"),
        (RuntimeError(), 3, "RuntimeError: no message"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_whatever_goes_wrong_is_one_line_and_a_status(lossmodel, monkeypatch, error, status, text):
    def fail(*_, **__):
        raise error

    monkeypatch.delenv("LOSSMODEL_DEBUG", raising=False)
    monkeypatch.setattr(fit_command, "read_fit", fail)
    said = lossmodel("query", "killed", "russia")
    assert said.status == status
    assert text in said.stderr
    assert said.stdout == ""
    assert said.stderr.count("\n") <= 1
    assert "Traceback" not in said.stderr


def test_a_traceback_is_there_for_the_asking(lossmodel, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setenv("LOSSMODEL_DEBUG", "1")
    monkeypatch.setattr(fit_command, "read_fit", fail)
    with pytest.raises(ZeroDivisionError):
        lossmodel("query", "killed", "russia")


def test_doctor_judges_every_finding(lossmodel):
    said = lossmodel("doctor")
    assert said.status in (0, 1)
    assert f"lossmodel         {__version__}" in said.stdout
    for topic in ("python", "pymc", "cores", "BLAS", "C++ compiler", "current folder"):
        assert topic in said.stdout
    assert said.stderr == ""


@pytest.mark.parametrize(("form", "begin"), [("text", "The lossmodel"), ("bibtex", "@misc{")])
def test_cite_carries_the_version(lossmodel, form, begin):
    said = lossmodel("cite", "--format", form)
    assert said.status == 0
    assert said.stdout.startswith(begin)
    assert __version__ in said.stdout


@pytest.fixture(scope="module")
def toy():
    return make_fit(n_draws=50)


@pytest.fixture
def saved_toy(monkeypatch, toy):
    """A fit that every path leads to."""
    monkeypatch.setattr(fit_command, "read_fit", lambda *_, **__: toy)


@pytest.mark.usefixtures("saved_toy")
@pytest.mark.parametrize("form", ["text", "json", "latex", "bibtex"])
def test_a_query_is_answered_in_every_form(lossmodel, form):
    said = lossmodel("query", "killed", "north", "2023", "--format", form)
    assert (said.status, said.stderr) == (0, "")
    assert said.stdout.endswith("\n")


@pytest.mark.usefixtures("saved_toy")
def test_a_query_may_be_one_word_or_many_and_has_the_level_asked_for(lossmodel):
    for signs in (["killed", "north", "-", "killed", "south"], ["killed north + killed south"]):
        assert lossmodel("query", *signs).status == 0
    words = lossmodel("query", "killed", "north", "2023", "--format", "json", "--ci", "0.5")
    quoted = lossmodel("query", "killed north 2023", "--format", "json", "--ci", "0.5")
    assert words.stdout == quoted.stdout
    assert json.loads(words.stdout)["ci_prob"] == 0.5


@pytest.mark.usefixtures("saved_toy")
def test_a_query_that_cannot_be_parsed_exits_2_with_the_grammar(lossmodel):
    said = lossmodel("query", "how", "many?")
    assert (said.status, said.stdout) == (2, "")
    assert "CATEGORY PARTY" in said.stderr


def test_the_answer_has_eleven_lines(toy, tmp_path):
    lines = headline(toy, tmp_path).splitlines()
    assert len(lines) == 11
    assert "A toy war, 2022-02-24 to 2024-06-30" in lines[0]
    assert "95% credible interval" in lines[1]
    assert lines[-2] == "gate: passed"
    assert lines[-1] == f"report: {tmp_path}"
    assert ["killed", "south"] in [line.split()[:2] for line in lines if ", 86% assumed" in line]
    (alone,) = (line for line in lines if "hangs on one claim" in line)
    assert alone.split()[:2] == ["killed", "north"]
    assert "assumed" not in alone


def test_the_answer_has_the_headlines_first_and_says_what_it_leaves_out(monkeypatch, toy, tmp_path):
    monkeypatch.setattr("lossmodel.cli.headline.SHOWN", 4)
    lines = headline(toy, tmp_path).splitlines()
    whole = [key for key in toy.series if key[2] == "all"]
    shown = [tuple(line.split()[1::-1]) for line in lines[2:6]]
    assert set(shown) == {key[:2] for key in headline_keys(toy)}
    assert lines[6] == f"  and {len(whole) - 4} more in the report"


def test_a_gate_that_did_not_pass_is_named_in_the_answer(tmp_path):
    failed = make_fit(n_draws=20, passed=False)
    text = headline(failed, tmp_path)
    assert "gate: NOT PASSED: " in text
    first, *rest = text.splitlines()
    assert first == f"{NOT_PASSED} Try --engine auto."
    assert rest[0].startswith("A toy war")
    last = text.splitlines()[-1]
    assert last.startswith(f"no report: {tmp_path}")
    assert all(words in last for words in ("--engine nuts", "docs/checks.md", "--force"))
    assert headline(failed, tmp_path, force=True).splitlines()[-1] == f"report: {tmp_path}"


@pytest.mark.parametrize(
    ("engine", "others"),
    [("auto", {"nuts", "laplace"}), ("laplace", {"auto", "nuts"}), ("nuts", {"laplace"})],
)
def test_an_engine_whose_gate_failed_is_not_what_to_try_next(tmp_path, engine, others):
    failed = make_fit(n_draws=20, passed=False)
    failed = replace(failed, provenance=failed.provenance | {"engine": engine})
    following = headline(failed, tmp_path).partition("Next: ")[2]
    assert {*re.findall("--engine ([a-z]+)", following)} == others
    [first] = re.findall("--engine ([a-z]+)", headline(failed, tmp_path).splitlines()[0])
    assert first in others


CLAIM = (
    "claim_id,claimant,party,category,kind,start,end,value,published,source\n"
    "a,uk-di,russia,killed,period,2022-03-01,2022-03-07,{value},2022-03-08,https://example.org\n"
)


def test_check_describes_the_shipped_claims(lossmodel, root):
    said = lossmodel("check")
    assert (said.status, said.stderr) == (0, "")
    table = (root / "data/russia-ukraine/claims.csv").read_bytes()
    assert hashlib.sha256(table).hexdigest() in said.stdout
    line = re.search(r"^evidence +(.+)$", said.stdout, re.MULTILINE)[1]
    counts = [int(n) for n in re.findall(r"\d+", line.replace(",", ""))]
    total = int(re.search(r"claims +([\d,]+)", said.stdout)[1].replace(",", ""))
    assert sum(counts) == total


def test_names_of_conflicts_are_the_same_in_any_case(lossmodel, tmp_path):
    said = lossmodel("check", "--conflict", "Kargil1999")
    assert (said.status, said.stderr) == (0, "")
    assert said.stdout == lossmodel("check", "--conflict", "kargil1999").stdout
    # A folder of exactly this name comes first.
    (tmp_path / "KARGIL1999").mkdir()
    (tmp_path / "KARGIL1999" / "conflict.toml").write_text("start = 1", encoding="utf-8")
    assert lossmodel("check", "--conflict", "KARGIL1999").status == 2


def test_check_reads_a_file_or_standard_input_alike(lossmodel, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(CLAIM.format(value=500))
    from_file = lossmodel("check", file)
    piped = lossmodel("check", "-", stdin=CLAIM.format(value=500))
    assert from_file.status == piped.status == 0
    assert from_file.stdout.replace(str(file), "standard input") == piped.stdout


def test_check_says_where_and_what_to_do(lossmodel, tmp_path):
    (tmp_path / "mine.csv").write_text(CLAIM.format(value="-3"))
    said = lossmodel("check", "mine.csv")
    assert (said.status, said.stdout) == (2, "")
    for word in ("mine.csv", "row 2", "value", "-3"):
        assert word in said.stderr


def test_data_list_names_what_conflict_takes(lossmodel):
    said = lossmodel("data", "list")
    assert (said.status, said.stderr) == (0, "")
    conflicts, sets = said.stdout.split("data sets")
    names = [line.split()[0] for line in conflicts.splitlines() if line.startswith("  ")]
    assert {"battle-of-britain", "russia-ukraine"} <= set(names)
    assert "radford" in sets
    assert lossmodel("check", "--conflict", names[-1]).status == 0
    assert all(load_conflict(name).parties for name in names)


@pytest.fixture
def fitted(monkeypatch, toy):
    """Hand the toy over instead of fitting, and keep what the command asked for."""
    asked = {}

    def fit(claims, **options):
        options.pop("progress")("fitting")
        asked.update(options, claims=claims)
        return asked.get("fit", toy)

    def write_into(target, fit, **options):
        options.pop("progress")("writing the report")
        asked.update(options, out=target.out)

    monkeypatch.setattr("lossmodel.api.fit", fit)
    monkeypatch.setattr("lossmodel.report.write.write_into", write_into)
    return asked


@pytest.mark.usefixtures("saved_toy")
def test_a_report_is_written_again_in_its_place(lossmodel, fitted, tmp_path):
    bare, report = tmp_path / "bare", tmp_path / "report"
    for folder in (bare, report):
        folder.mkdir()
        (folder / "fit.nc").touch()
    write_manifest(report)
    for options, place in (
        (["--fit", str(report)], report),
        (["--fit", str(report), "--out", "other"], Path("other")),
        (["--fit", str(bare)], Path("lossmodel-report")),
        (["--fit", str(report / "fit.nc")], Path("lossmodel-report")),
        ([], Path("lossmodel-report")),
    ):
        said = lossmodel("report", *options)
        assert (said.status, fitted["out"]) == (0, place)
        assert said.stdout.endswith(f"report: {place}\n")


def test_fit_without_arguments_fits_the_shipped_conflict(lossmodel, fitted, toy):
    said = lossmodel("fit")
    assert said.status == 0
    assert said.stdout == headline(toy, Path("lossmodel-report")) + "\n"
    assert [line.split(maxsplit=2)[-1] for line in said.stderr.splitlines()] == [
        "reading the claims",
        "fitting",
        "writing the report",
    ]
    claims = fitted.pop("claims")
    assert claims.conflict.name == "russia-ukraine"
    assert fitted.pop("priors") == Priors.default()
    assert fitted.pop("components") == Components()
    assert fitted == {
        **{"engine": "auto", "seed": 1, "ci_prob": 0.95, "as_of": None, "until": None},
        **{"out": Path("lossmodel-report"), "force": False, "trust": "doubtful", "since": None},
        **{"cache": True, "figures": "all", "explanation": None},
    }


def test_fit_hands_every_option_on(lossmodel, fitted, tmp_path):
    (tmp_path / "mine.csv").write_text(CLAIM.format(value=500))
    (tmp_path / "mine.toml").write_text('["common.sd"]\nsd = 0.25\nreason = "A test."\n')
    options = "--engine nuts --seed 7 --ci 0.8 --as-of 2024-02-24 --until 2023-12-31 --force"
    options += " --without ratios --without delay --trust second-hand --no-cache"
    options += " --figures svg"
    files = ["mine.csv", "--priors", "mine.toml", "--out", "there", "--with", "force"]
    assert lossmodel("fit", *files, *options.split()).status == 0
    assert len(fitted.pop("claims")) == 1
    assert fitted.pop("priors")["common.sd"].sd == 0.25
    expected = Components().including("force").without("ratios", "delay")
    assert fitted.pop("components") == expected
    assert fitted == {
        **{"engine": "nuts", "seed": 7, "ci_prob": 0.8, "out": Path("there"), "force": True},
        **{"as_of": pd.Timestamp("2024-02-24"), "until": pd.Timestamp("2023-12-31")},
        **{"trust": "second-hand", "since": None, "cache": False, "figures": "svg"},
        "explanation": None,
    }


def test_a_component_that_there_is_not_is_refused_with_the_names_of_all(lossmodel, fitted):
    said = lossmodel("fit", "--without", "ratio")
    assert (said.status, said.stdout) == (2, "")
    assert "no such component: ratio; components: drift, " in said.stderr
    assert fitted == {}


def test_a_folder_with_other_files_is_refused_before_the_fit(lossmodel, fitted, tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("fit.nc", "provenance.json", "thesis.tex"):
        (tmp_path / "mine" / name).write_text("{}", encoding="utf-8")
    said = lossmodel("fit", "--out", "mine")
    assert (said.status, said.stdout) == (2, "")
    assert "mine" in said.stderr
    assert fitted == {}
    assert len(list((tmp_path / "mine").iterdir())) == 3


def test_a_gate_that_did_not_pass_is_status_1(lossmodel, fitted):
    fitted["fit"] = make_fit(n_draws=20, passed=False)
    said = lossmodel("fit")
    assert said.status == 1
    assert "NOT PASSED" in said.stdout


def test_simulate_makes_a_conflict_that_says_so_and_knows_its_truth(lossmodel, tmp_path):
    options = ["--conflict", "battle-of-britain", "--seed", "3", "--out"]
    assert lossmodel("simulate", *options, "a").status == 0
    assert lossmodel("simulate", *options, "b").status == 0
    for file in ("claims.csv", "truth.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    said = lossmodel("check", "--conflict", "a")
    assert said.status == 0
    assert "SIMULATED" in said.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_simulate_overwrites_nothing(lossmodel, tmp_path):
    (tmp_path / "mine").mkdir()
    said = lossmodel("simulate", "--out", "mine")
    assert (said.status, said.stdout) == (2, "")
    assert list((tmp_path / "mine").iterdir()) == []
