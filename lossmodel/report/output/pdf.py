"""Typst: the document as PDF, and figures as PDF and PNG.

Everything that others wrote reaches Typst as data, never as a part of its program.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from lossmodel.errors import LossModelError
from lossmodel.text.escape import one_line

if TYPE_CHECKING:
    from lossmodel.report.document import Document

__all__ = ["TypesettingError", "convert_figure", "to_pdf"]

PICTURE: Final = b"""#set page(width: auto, height: auto, margin: 0pt, fill: %s)
#image(sys.inputs.path)"""
PPI: Final = 200.0
Form = Literal["pdf", "png"]
# Only a PDF is laid upon other paper.
PAPER: Final[dict[Form, bytes]] = {"pdf": b"none", "png": b"white"}


class TypesettingError(LossModelError):
    """Typst failed."""


def to_pdf(document: Document, folder: Path) -> bytes:
    """Set the document, whose figures are in the folder.

    Raises
    ------
    TypesettingError
        Typst did not manage.
    """
    template = (resources.files("lossmodel.report") / "templates" / "report.typ").read_bytes()
    content = json.dumps(_lines(document.plain()), ensure_ascii=False)
    return _compiled(template, folder, "pdf", document=content)


def convert_figure(folder: Path, name: str) -> None:
    """Write an SVG of the folder also as PDF and PNG.

    Drawing once and converting takes a third of the time of drawing three times.

    Raises
    ------
    TypesettingError
        Typst did not manage.
    """
    for form, paper in PAPER.items():
        drawn = _compiled(PICTURE % paper, folder, form, path=f"/{name}.svg")
        (folder / f"{name}.{form}").write_bytes(drawn)


def _compiled(source: bytes, root: Path, form: Form, **inputs: str) -> bytes:
    import typst

    # Its stubs want all paths to be of the type of the source.
    compiler: Any = typst.compile
    try:
        made: bytes = compiler(
            source,
            root=str(root),
            font_paths=[_fonts()],
            ignore_system_fonts=True,
            format=form,
            ppi=PPI if form == "png" else None,
            sys_inputs=inputs,
        )
    except (RuntimeError, ValueError) as problem:
        raise TypesettingError(f"Typst could not set it: {one_line(str(problem))}") from problem
    return made


def _fonts() -> str:
    """The fonts that Matplotlib brings, so that every machine sets the same pages."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")


def _lines(content: Any) -> Any:
    """Take out of all texts what cannot be printed."""
    if isinstance(content, dict):
        return {key: _lines(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_lines(value) for value in content]
    return one_line(content) if isinstance(content, str) else content
