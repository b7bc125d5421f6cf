"""The paper: no number typed by hand, and it compiles from one fit."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAPER = Path(__file__).resolve().parent.parent / "paper"
# A constant of the model, the year of a battle, and the name of a hash.
TYPED = {"200", "1940", "256"}


def words_of_the_paper() -> str:
    text = (PAPER / "paper.tex").read_text(encoding="utf-8")
    body = text[text.index(r"\begin{document}") :]
    body = re.sub(r"(?<!\\)%.*", "", body)
    body = re.sub(r"\\begin\{(equation|align)\}.*?\\end\{\1\}", "", body, flags=re.DOTALL)
    return re.sub(r"\$[^$]*\$|\\(cite\w*|includegraphics|label|ref)(\[[^]]*\])*\{[^}]*\}", "", body)


def test_no_result_is_typed_by_hand():
    found = re.findall(r"\d{3,}|\d+[.,]\d+", words_of_the_paper())
    assert set(found) <= TYPED


def test_every_reference_is_cited():
    cited = set(
        re.findall(r"\\cite\w*(?:\[[^]]*\])*\{([^}]*)\}", (PAPER / "paper.tex").read_text())
    )
    cited = {key for keys in cited for key in keys.split(",")}
    written = set(re.findall(r"@\w+\{(\w+),", (PAPER / "methods.bib").read_text()))
    assert written <= cited
    assert cited - written == {"lossmodel"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("latexmk") is None, reason="needs latexmk")
def test_it_compiles_from_a_fit(tmp_path, monkeypatch):
    import matplotlib as mpl

    import lossmodel as lm
    from paper import refits
    from paper.build import main

    mpl.use("Agg")
    few = refits.published_by_others
    monkeypatch.setattr(refits, "published_by_others", lambda fit: few(fit).tail(2))
    fit = lm.fit(lm.load_claims(), submodels=("person",), engine="laplace", seed=1)
    saved = fit.save(tmp_path / "fit.nc")
    out = tmp_path / "generated"

    assert main(["--fit", str(saved), "--out", str(out), "--jobs", "1", "--force"]) == 0
    macros = re.findall(r"\\newcommand\{\\(\w+)\}\{(.+)\}", (out / "numbers.tex").read_text())
    assert all(name.isalpha() and "nan" not in text for name, text in macros)

    for name in ("paper.tex", "methods.bib"):
        shutil.copy(PAPER / name, tmp_path)
    how = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(how, cwd=tmp_path, capture_output=True, text=True, check=False)
    log = (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    assert not re.search(r"(Reference|Citation) .* undefined", log)
    assert (tmp_path / "paper.pdf").stat().st_size > 50_000
