"""BibTeX entries of the sources that a fit used, and of the package."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from lossmodel.posterior.citation import cite
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.text.escape import bibtex, one_line, web_address
from lossmodel.text.months import MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from lossmodel.api import Fit

__all__ = ["FIELDS", "bibliography", "date_parts", "doi", "entry", "references", "used_sources"]

FIELDS: Final = ("title", "publisher", "date", "url", "archive_url", "accessed", "doi")
# Sources of one publisher and year that natbib's styles can tell apart: 2024a to 2024z. The next
# would be 2024{, which breaks the document.
LETTERS: Final = 26
UNDATED: Final = "n.d."
PACKAGE: Final = "lossmodel"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9:.+/_-]+")
# Styles of natbib and of IEEE define \url themselves, plain does not.
PREAMBLE: Final = r'@preamble{"\providecommand{\url}[1]{\texttt{#1}}"}'
# Characters that a DOI has in practice; others would be markup in TeX.
_DOI: Final = re.compile(
    r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/[\w.;()/:-]+)", re.ASCII
)
_DATE: Final = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d\d))?)?", re.ASCII)


def bibliography(fit: Fit) -> str:
    """One entry per source of used or merged claims, and one for the package.

    Entries have fields that plain, natbib's and IEEE's styles and biblatex know. Keys are those of
    ``sources.csv``. Characters that are unsafe in BibTeX become hyphens, and a key that is then
    taken gets eight digits of its hash. Of a publisher with over 26 sources in one year the author
    has the day, too: styles of author and year have a letter for no more.
    """
    rows = references(fit)
    years = Counter(map(_author_and_year, rows.values()))
    entries = [
        entry(key, row, dated=years[_author_and_year(row)] > LETTERS) for key, row in rows.items()
    ]
    # BibTeX ignores text between entries.
    mark = [] if fit.diagnostics["gate"]["passed"] else [NOT_PASSED]
    return "\n\n".join([*mark, PREAMBLE, cite(fit, form="bibtex"), *entries]) + "\n"


def references(fit: Fit) -> dict[str, dict[str, str]]:
    """Sources of used or merged claims by the key of their entry; see `used_sources`."""
    sources = used_sources(fit)
    keys = _keys(str(name) for name in sources["source"])
    return {keys[row["source"]]: row for row in _records(sources)}


def used_sources(fit: Fit) -> pd.DataFrame:
    """Sources of used or merged claims, sorted by key.

    Returns
    -------
    DataFrame
        `source` and the columns `FIELDS` as texts, empty where nothing is known.
    """
    classes = fit.evidence.classes
    ids = set(classes.loc[classes["class"].isin(("used", "merged")), "claim_id"])
    table = fit.claims.table
    claims = table.loc[table["claim_id"].isin(ids) & (table["source"] != ""), ["source"]]
    known = fit.conflict.sources.reindex(
        columns=["source", *FIELDS], fill_value=""
    ).drop_duplicates("source")
    found = claims.drop_duplicates().merge(known, on="source", how="left")
    return found.fillna("").sort_values("source", ignore_index=True)


def _records(table: pd.DataFrame) -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")]


def _keys(names: Iterable[str]) -> dict[str, str]:
    """Unique key of each source; BibTeX ignores case."""
    taken = {PACKAGE}
    keys = {}
    for name in names:
        key = _UNSAFE.sub("-", name).strip("-") or "source"
        if key.lower() in taken:
            key = f"{key}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        taken.add(key.lower())
        keys[name] = key
    return keys


def _author_and_year(row: Mapping[Any, str]) -> tuple[str, str]:
    return one_line(row["publisher"]).strip().lower(), _date(row["date"])["year"]


def entry(key: str, row: Mapping[Any, str], *, dated: bool = False) -> str:
    """An entry for a row with the columns `FIELDS`.

    Parameters
    ----------
    dated
        Whether the author has the day of publication, too.
    """
    title = one_line(row["title"]).strip() or row["source"]
    publisher = one_line(row["publisher"]).strip()
    parts = date_parts(row["date"]) if dated and publisher else ()
    if len(parts) > 1:
        day = f"{parts[2]} " if len(parts) > 2 else ""
        publisher = f"{publisher}, {day}{MONTHS[parts[1] - 1]}"
    url = web_address(row["url"]) or web_address(row["archive_url"])
    fields = {
        # Double braces: a publisher is not a person's name, and a title keeps its capitals.
        "author": f"{{{{{bibtex(publisher)}}}}}" if publisher else "",
        # Styles that sort by author sort by this where there is none.
        "key": "" if publisher else f"{{{bibtex(title)}}}",
        "title": f"{{{{{bibtex(title)}}}}}",
        **_date(row["date"]),
        "doi": f"{{{doi(row)}}}" if doi(row) else "",
        "url": f"{{{url}}}" if url else "",
        "note": f"{{{_note(row, url)}}}" if _note(row, url) else "",
    }
    lines = [f"  {name} = {value}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def doi(row: Mapping[Any, str]) -> str:
    """DOI of a source, from its column or from an address at the resolver; empty for none.

    Examples
    --------
    >>> doi({"doi": "", "url": "https://doi.org/10.1073/pnas.2307372120"})
    '10.1073/pnas.2307372120'
    >>> doi({"doi": "unknown", "url": ""})
    ''
    """
    for text in (row["doi"], row["url"]):
        found = _DOI.fullmatch(text.strip())
        if found:
            return found[1]
    return ""


def date_parts(text: str) -> tuple[int, ...]:
    """Year, month and day of a source, as many as its date has; none of other texts.

    Examples
    --------
    >>> date_parts("2024-02-01"), date_parts("2024-02"), date_parts("spring 2024")
    ((2024, 2, 1), (2024, 2), ())
    """
    found = _DATE.fullmatch(text.strip())
    return tuple(int(part) for part in found.groups() if part) if found else ()


def _date(text: str) -> dict[str, str]:
    parts = date_parts(text)
    if not parts:
        return {"year": f"{{{bibtex(text.strip()) or UNDATED}}}"}
    named = {"month": MONTHS[parts[1] - 1][:3].lower()} if len(parts) > 1 else {}
    return {"year": f"{{{parts[0]:04}}}"} | named


def _note(row: Mapping[Any, str], url: str) -> str:
    """Where a copy is archived, and when the page was read."""
    archive, seen = web_address(row["archive_url"]), row["accessed"].strip()
    found = [rf"Archived at \url{{{archive}}}"] if archive and archive != url else []
    return "; ".join([*found, *([f"accessed {bibtex(seen)}"] if seen else [])])
