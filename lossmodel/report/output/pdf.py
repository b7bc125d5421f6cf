"""The document as PDF, and figures as PDF and PNG, through Typst.

All text from claims tables reaches Typst as data and never as markup.
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

FIGURE_SOURCE: Final = b"""#set page(width: auto, height: auto, margin: 0pt, fill: %s)
#image(sys.inputs.path)"""
PPI: Final = 200.0
Format = Literal["pdf", "png"]
# A PDF figure is placed on pages of any colour, so it has no background.
BACKGROUND: Final[dict[Format, bytes]] = {"pdf": b"none", "png": b"white"}


class TypesettingError(LossModelError):
    """Typst failed."""


def to_pdf(document: Document, folder: Path) -> bytes:
    """Typeset the document, whose figures are in the folder.

    Raises
    ------
    TypesettingError
        Typst failed.
    """
    template = (resources.files("lossmodel.report") / "templates" / "report.typ").read_bytes()
    content = json.dumps(_printable(document.plain()), ensure_ascii=False)
    return _compiled(template, folder, "pdf", document=content)


def convert_figure(folder: Path, name: str) -> None:
    """Convert an SVG of the folder to PDF and PNG.

    Drawing once and converting takes a third of the time of drawing three times.

    Raises
    ------
    TypesettingError
        Typst failed.
    """
    for form, background in BACKGROUND.items():
        drawn = _compiled(FIGURE_SOURCE % background, folder, form, path=f"/{name}.svg")
        (folder / f"{name}.{form}").write_bytes(drawn)


def _compiled(source: bytes, root: Path, form: Format, **inputs: str) -> bytes:
    import typst

    # The stubs require all paths to have the type of the source.
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
        raise TypesettingError(f"Typst failed: {one_line(str(problem))}") from problem
    return made


def _fonts() -> str:
    """Fonts that come with Matplotlib, so that pages are the same on every machine."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")


def _printable(content: Any) -> Any:
    """Replace unprintable characters in all texts."""
    if isinstance(content, dict):
        return {key: _printable(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_printable(value) for value in content]
    return one_line(content) if isinstance(content, str) else content
