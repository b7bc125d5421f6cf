"""The document as one self-contained HTML file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from lossmodel.report.blocks import Cell, Table
    from lossmodel.report.document import Document

__all__ = ["stacked", "to_html"]

# Figure colours that become CSS variables, since they are too dark on a dark page.
THEMED: Final = {
    **{"#22262b": "var(--ink)", "#8a9099": "var(--faint)"},
    **{"#0072b2": "var(--blue)", "#d55e00": "var(--orange)", "#009e73": "var(--green)"},
}
# Scripts of every page; the security policy has the hash of each.
SCRIPTS: Final = ("report.js", "explore.js")
# Rows of a long table that need no script: about what a reader scrolls through. The others are
# data, in which each text is once: with 6,000 claims a quarter of the size of their rows.
FIRST_ROWS: Final = 200
KEY_DIGITS: Final = 5
# A screen of 390 px holds four short columns. A cell of more characters has three lines there.
SIDE_BY_SIDE: Final = 4
LONG: Final = 40
MOST_STACKED: Final = 40
IDS: Final = re.compile(r'(\bid="|url\(#|href="#)')
HEAD: Final = re.compile(r"^.*?(?=<svg)", re.DOTALL)
METADATA: Final = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
# A hundredth of a point is below what a screen or printer shows.
TAG: Final = re.compile(r"<[^>]*>")
FURTHER_DECIMALS: Final = re.compile(r"(?<=\d\.\d\d)\d+")
BETWEEN_TAGS: Final = re.compile(r">\s+<")
SAME_MARKS: Final = re.compile(r'<use [^>]*?style="([^"]*)"/>(?:<use [^>]*?style="\1"/>)+')
SIZE: Final = re.compile(r'(<svg[^>]*?) width="[^"]*"([^>]*?) height="[^"]*"|(<svg )', re.DOTALL)


def to_html(
    document: Document,
    figures: Mapping[str, str],
    data: Mapping[str, str] | None = None,
    explored: Mapping[str, Any] | None = None,
) -> str:
    """Render the page.

    Parameters
    ----------
    figures
        SVG by name of figure.
    data
        The numbers of some figures as CSV, by name, for downloads.
    explored
        Curves and claims of the figure that readers explore, as of `figures.explore`.
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
    scripts = [_static(name) for name in (*SCRIPTS, *["dial.js"] * dialled)]
    style = _static("report.css")
    return environment.get_template("report.html").render(
        document=document,
        data={name: _data_address((data or {}).get(name, "")) for name in figures},
        first_rows=FIRST_ROWS,
        other_rows=_other_rows,
        stacked=stacked,
        explored=explored,
        explored_json=_json(explored),
        colours=json.dumps({variable: colour for colour, variable in THEMED.items()}),
        figures={name: Markup(inline_svg(svg, name)) for name, svg in figures.items()},
        scripts=[{"text": Markup(script), "hash": _hash(script)} for script in scripts],
        style=Markup(style),
    )


def stacked(table: Table) -> bool:
    """Whether the rows of a table stand below one another on a narrow screen, each a list.

    That is where the columns have no room side by side, as many or with long texts. Tables that
    are searched keep the buttons in their head, and of long ones a list is longer still.

    Examples
    --------
    >>> from lossmodel.report.blocks import Table
    >>> stacked(Table("t", ["Losses", "Total"], [["Armenia, killed", "4,400"]]))
    False
    >>> stacked(Table("t", ["Losses", *map(str, range(5))], [["Armenia, killed", *"12345"]]))
    True
    """
    if table.search or len(table.rows) > MOST_STACKED:
        return False
    long = any(len(str(cell)) > LONG for row in table.rows for cell in row)
    return len(table.columns) > SIDE_BY_SIDE or (long and len(table.columns) > 1)


def inline_svg(svg: str, name: str) -> str:
    """SVG for embedding: unique ids, the page's colours, width from its container, and short."""
    svg = METADATA.sub("", HEAD.sub("", svg, count=1))
    svg = TAG.sub(lambda tag: FURTHER_DECIMALS.sub("", tag[0]), BETWEEN_TAGS.sub("><", svg))
    svg = SAME_MARKS.sub(_marks, svg)
    svg = IDS.sub(rf"\g<1>{name}-", svg)
    for colour, variable in THEMED.items():
        svg = svg.replace(colour, variable)
    return SIZE.sub(_without_size, svg, count=1)


def _marks(marks: re.Match[str]) -> str:
    """Marks of one style, which they get from their group."""
    style = f' style="{marks[1]}"'
    return f"<g{style}>{marks[0].replace(style, '')}</g>"


def _data_address(text: str) -> str:
    """A table as an address that needs no network; empty for none."""
    content = base64.b64encode(text.encode()).decode()
    return f"data:text/csv;charset=utf-8;base64,{content}" if text else ""


def _other_rows(table: Table) -> Markup:
    """The rows after the first ones: numbers of cells, the cells, and sort keys by column."""
    numbers: dict[Cell, int] = {}
    rows = [
        [numbers.setdefault(cell, len(numbers)) for cell in row] for row in table.rows[FIRST_ROWS:]
    ]
    cells = [
        cell if isinstance(cell, str) else [cell.text, cell.url, cell.more, cell.archive]
        for cell in numbers
    ]
    keys = {}
    for i, column in enumerate(zip(*(table.keys or ())[FIRST_ROWS:], strict=True)):
        if any(key is not None for key in column):
            keys[i] = [_shorter(key) for key in column]
    return _json({"cells": cells, "rows": rows, "keys": keys})


def _shorter(key: float | str | None) -> float | str | None:
    return float(f"{key:.{KEY_DIGITS}g}") if isinstance(key, float) else key


def _json(content: Any) -> Markup:
    """JSON that ends no script."""
    from jinja2.utils import htmlsafe_json_dumps

    return htmlsafe_json_dumps(content, ensure_ascii=False, separators=(",", ":"))


def _without_size(tag: re.Match[str]) -> str:
    return tag[3] or f"{tag[1]}{tag[2]}"


def _static(name: str) -> str:
    return (resources.files("lossmodel.report") / "templates" / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Hash of a script, for the page's security policy, which allows no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
