"""Typst, which typesets pages and converts figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from lossmodel.errors import LossModelError
from lossmodel.text.escape import one_line

__all__ = ["Format", "TypesettingError", "typeset"]

PPI: Final = 200.0
Format = Literal["pdf", "png"]


class TypesettingError(LossModelError):
    """Typst failed."""


def typeset(source: bytes, root: Path, form: Format, **inputs: str) -> bytes:
    """Typeset a source whose files are in a folder; inputs are what it reads as data.

    Raises
    ------
    TypesettingError
        Typst failed.
    """
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
