"""The notebooks: kept with the outputs of their code, and each runs whole for a reader."""

import re
from pathlib import Path

import nbformat
import pytest

from notebooks.outputs import HASH, code_hash, notebooks, run

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = notebooks()
# What a notebook would fetch from the network, and may find here instead.
NEEDS = {"05": ROOT.parent / "shared" / "reference" / "radford2023_pnas_reports.csv"}
# A repository is no store of pictures.
MOST_BYTES = 600_000


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(notebook, name):
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    return "".join(o.text for o in outputs if o.output_type == "stream" and o.name == name)


def test_there_are_notebooks():
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_with_the_outputs_of_its_code(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata[HASH] == code_hash(notebook), "run `make outputs`"
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert notebook.metadata.kernelspec.name == "python3"
    assert path.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_outputs_tell_nothing_of_the_machine(path):
    notebook = nbformat.read(path, as_version=4)
    assert not printed(notebook, "stderr")
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(tmp|home|root|Users)/|site-packages", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_is_described(path):
    for cell in code_cells(nbformat.read(path, as_version=4)):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert len(cell.metadata.mystnb.image.alt) > 20


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")  # the client's and the kernel's own are not ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_whole(path, tmp_path):
    needed = NEEDS.get(path.name[:2])
    if needed is not None and not needed.is_file():
        pytest.skip(f"{needed.name} is not here")
    said = printed(run(path, tmp_path), "stderr")
    assert not said, said
    assert not list(tmp_path.iterdir()), "a notebook leaves nothing where it is run"
