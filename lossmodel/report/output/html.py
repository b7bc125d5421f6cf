"""The document as one self-contained HTML file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lossmodel.report.document import Document

__all__ = ["to_html"]

# Figure colours that become CSS variables, since they are too dark on a dark page.
THEMED: Final = {
    **{"#22262b": "var(--ink)", "#8a9099": "var(--faint)"},
    **{"#0072b2": "var(--blue)", "#d55e00": "var(--orange)", "#009e73": "var(--green)"},
}
IDS: Final = re.compile(r'(\bid="|url\(#|href="#)')
HEAD: Final = re.compile(r"^.*?(?=<svg)", re.DOTALL)
METADATA: Final = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
SIZE: Final = re.compile(r'(<svg[^>]*?) width="[^"]*"([^>]*?) height="[^"]*"|(<svg )', re.DOTALL)


def to_html(
    document: Document, figures: Mapping[str, str], data: Mapping[str, str] | None = None
) -> str:
    """Render the page.

    Parameters
    ----------
    figures
        SVG by name of figure.
    data
        The numbers of some figures as CSV, by name, for downloads.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("lossmodel.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    dialled = any(block.kind == "dial" for s in document.sections for block in s.blocks)
    scripts = [_static(name) for name in ("report.js", *["dial.js"] * dialled)]
    style = _static("report.css")
    return environment.get_template("report.html").render(
        document=document,
        data={name: _data_address((data or {}).get(name, "")) for name in figures},
        colours=json.dumps({variable: colour for colour, variable in THEMED.items()}),
        figures={name: Markup(inline_svg(svg, name)) for name, svg in figures.items()},
        scripts=[{"text": Markup(script), "hash": _hash(script)} for script in scripts],
        style=Markup(style),
    )


def inline_svg(svg: str, name: str) -> str:
    """SVG for embedding: unique ids, the page's colours, width from its container."""
    svg = METADATA.sub("", HEAD.sub("", svg, count=1))
    svg = IDS.sub(rf"\g<1>{name}-", svg)
    for colour, variable in THEMED.items():
        svg = svg.replace(colour, variable)
    return SIZE.sub(_without_size, svg, count=1)


def _data_address(text: str) -> str:
    """A table as an address that needs no network; empty for none."""
    content = base64.b64encode(text.encode()).decode()
    return f"data:text/csv;charset=utf-8;base64,{content}" if text else ""


def _without_size(tag: re.Match[str]) -> str:
    return tag[3] or f"{tag[1]}{tag[2]}"


def _static(name: str) -> str:
    return (resources.files("lossmodel.report") / "templates" / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Hash of a script, for the page's security policy, which allows no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
