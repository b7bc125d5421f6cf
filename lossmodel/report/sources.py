"""Sources of claims as links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lossmodel.report.blocks import Link
from lossmodel.text.escape import web_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lossmodel.conflict.conflict import Conflict

__all__ = ["Sources"]

COLUMNS = ("source", "title", "publisher", "date", "url", "archive_url")


class Sources:
    """Links to the sources of a conflict.

    Addresses that are not of the web are left out: they come from a table that anybody may write.
    """

    def __init__(self, conflict: Conflict) -> None:
        table = conflict.sources.reindex(columns=list(COLUMNS)).fillna("").astype(str)
        rows: list[dict[Any, Any]] = table.to_dict("records")
        self._known = {row["source"]: _link(row) for row in rows}

    def link(self, source: str) -> Link:
        """Title, publisher, date and addresses of a source, which may be an address itself."""
        return self._known.get(source) or Link(source, web_address(source))


def _link(row: Mapping[Any, str]) -> Link:
    title = row["title"].strip() or row["source"]
    # Many titles begin with the publisher.
    publisher = row["publisher"].strip()
    publisher = "" if publisher.lower() in title.lower() else publisher
    more = "".join(f", {text}" for text in (publisher, row["date"].strip()) if text)
    url, archive = web_address(row["url"]), web_address(row["archive_url"])
    return Link(title, url or archive, more, archive if url else "")
