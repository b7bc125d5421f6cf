"""The document as PDF.

All text from claims tables reaches Typst as data and never as markup.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossmodel.report.typesetting import typeset
from lossmodel.text.escape import one_line

if TYPE_CHECKING:
    from lossmodel.report.document import Document

__all__ = ["to_pdf"]


def to_pdf(document: Document, folder: Path) -> bytes:
    """Typeset the document, whose figures are in the folder.

    Raises
    ------
    TypesettingError
        Typst failed.
    """
    template = (resources.files("lossmodel.report") / "templates" / "report.typ").read_bytes()
    content = json.dumps(_printable(document.plain()), ensure_ascii=False)
    return typeset(template, folder, "pdf", document=content)


def _printable(content: Any) -> Any:
    """Replace unprintable characters in all texts."""
    if isinstance(content, dict):
        return {key: _printable(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_printable(value) for value in content]
    return one_line(content) if isinstance(content, str) else content
