"""The sources of a fit, and the package, as CSL-JSON for reference managers and Pandoc."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lossmodel.posterior.citation import csl
from lossmodel.report.output.bibtex import date_parts, doi, references
from lossmodel.text.escape import one_line, web_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lossmodel.api import Fit

__all__ = ["csl_json"]


def csl_json(fit: Fit) -> str:
    """The entries of ``references.bib``, with the same keys, in the JSON of citeproc processors."""
    items = [csl(fit), *(_item(key, row) for key, row in references(fit).items())]
    return json.dumps(items, indent=2, ensure_ascii=False) + "\n"


def _item(key: str, row: Mapping[str, str]) -> dict[str, Any]:
    publisher = one_line(row["publisher"]).strip()
    url, archive = web_address(row["url"]), web_address(row["archive_url"])
    item = {
        "id": key,
        "type": "webpage" if url or archive else "document",
        "title": one_line(row["title"]).strip() or row["source"],
        "author": [{"literal": publisher}] if publisher else [],
        "publisher": publisher,
        "issued": _date(row["date"]),
        "accessed": _date(row["accessed"]),
        "URL": url or archive,
        "DOI": doi(row),
        "archive_location": archive,
    }
    return {name: value for name, value in item.items() if value}


def _date(text: str) -> dict[str, Any]:
    """A date by its parts, or as it is written."""
    if parts := date_parts(text):
        return {"date-parts": [list(parts)]}
    words = one_line(text).strip()
    return {"literal": words} if words else {}
