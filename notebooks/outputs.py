"""Run the notebooks and keep their outputs.

    python notebooks/outputs.py          all of them
    python notebooks/outputs.py 01 03    some

The notebooks are kept with outputs, so that they can be read without being run. A hash of their
code cells is kept too, and a test compares it: no output stands under code that did not make it.
"""

import base64
import hashlib
import io
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
# A guard against a cell that hangs: the longest takes two minutes on an idle machine.
SECONDS_PER_CELL = 3600
HASH = "code_sha256"
PNG = "image/png"


def notebooks() -> list[Path]:
    """All notebooks, in order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_hash(notebook: nbformat.NotebookNode) -> str:
    """Hash of the code cells."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def run(path: Path, folder: Path) -> nbformat.NotebookNode:
    """A notebook with its outputs, run from top to bottom in a folder."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        # Off a terminal, a frozen standard library makes the debugger warn of itself.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    )
    client.execute(env=environment)
    return notebook


def smaller(picture: str) -> str:
    """A figure in 256 colours, which halves it and changes nothing that is seen."""
    found = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    image.quantize(256).save(found, "PNG", optimize=True)
    return base64.b64encode(found.getvalue()).decode()


def keep(path: Path) -> None:
    """Run a notebook and write it with its outputs, without what differs between machines."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = run(path, Path(folder))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if PNG in output.get("data", {}):
                output.data[PNG] = smaller(output.data[PNG])
    notebook.metadata.pop("language_info", None)
    notebook.metadata[HASH] = code_hash(notebook)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for path in notebooks():
        if not wanted or path.name[:2] in wanted:
            print(path.name, flush=True)
            keep(path)
