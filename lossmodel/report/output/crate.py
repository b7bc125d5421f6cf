"""``ro-crate-metadata.json``: what the files of a report are, for archives and catalogues.

Written to RO-Crate 1.1, https://w3id.org/ro/crate/1.1.
"""

from __future__ import annotations

import json
import mimetypes
from typing import TYPE_CHECKING, Any, Final

from lossmodel import __version__
from lossmodel.posterior.citation import AUTHORS, TITLE, fit_hash
from lossmodel.report.output.packed import created
from lossmodel.report.results import as_published

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lossmodel.api import Fit

__all__ = ["LICENCE", "NAME", "crate"]

NAME: Final = "ro-crate-metadata.json"
VERSION: Final = "https://w3id.org/ro/crate/1.1"
LICENCE: Final = (
    "The files are made by lossmodel (MIT) from a table of claims; the claims, their names and "
    "their sources keep the licence of that table."
)
# Meaning of each file, and of the files of a folder.
MEANING: Final = {
    "report.html": "The report as one page",
    "report.pdf": "The report for print",
    "report.md": "The report in Markdown",
    "estimates.csv": "Losses by day, week, month and year, and since the start",
    "biases.csv": "Claimed over true losses of each claimant",
    "claims.csv": "The claims, with what became of each",
    "others.csv": "Published estimates, and why they differ from those of the fit",
    "changes-by-claims.csv": "Change of each headline total by groups of new claims",
    "updated-claims.csv": "Claims table of an update, with the new claims of the public sets",
    "changes.csv": "Totals of an earlier fit and of this one",
    "changed-claims.csv": "Claims that differ between an earlier fit and this one",
    "force-balance.csv": "Strengths and recruits against the losses",
    "diagnostics.json": "Diagnostics of the engine, and the gate",
    "provenance.json": "Versions, inputs, priors and seed of the fit",
    "references.bib": "Sources of the claims that were used, for BibTeX",
    "references.json": "The same sources in CSL-JSON",
    "numbers.tex": "Macros of numbers for LaTeX",
    "fit.nc": "The fit: draws, claims and priors",
    "tables/": "A table for LaTeX",
    "figures/": "A figure",
}
# Formats that the standard library does not know on every system.
FORMATS: Final = {
    ".nc": "application/x-netcdf",
    ".md": "text/markdown",
    ".bib": "application/x-bibtex",
    ".tex": "application/x-tex",
    ".csv": "text/csv",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


def crate(fit: Fit, folder: Path) -> str:
    """The metadata of a folder whose files have been written."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = list(_files(paths, folder))
    content = {"@context": f"{VERSION}/context", "@graph": [*_entities(fit, files), *files]}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _entities(fit: Fit, files: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    when = created(fit)
    day = {} if when is None else {"datePublished": when.date().isoformat()}
    passed = fit.diagnostics["gate"]["passed"]
    days = f"{fit.days[0].date()}/{fit.days[-1].date()}"
    yield {
        "@id": NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": VERSION},
        "about": {"@id": "./"},
    }
    yield {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Losses: {fit.conflict.title}",
        "description": (
            f"Bayesian estimates of losses from {len(as_published(fit)):,} published claims, with "
            f"{100 * fit.ci_prob:.4g}% credible intervals; engine {fit.engine}"
            f"{'' if passed else '; NOT CONVERGED, not to be cited'}."
        ),
        **day,
        "temporalCoverage": days,
        "identifier": fit_hash(fit),
        "license": LICENCE,
        "hasPart": [{"@id": file["@id"]} for file in files],
    }
    yield {
        "@id": "#lossmodel",
        "@type": "SoftwareApplication",
        "name": "lossmodel",
        "description": TITLE,
        "version": __version__,
        "author": {"@id": "#developers"},
        "license": {"@id": "https://spdx.org/licenses/MIT"},
    }
    yield {"@id": "#developers", "@type": "Organization", "name": AUTHORS}
    yield {"@id": "https://spdx.org/licenses/MIT", "@type": "CreativeWork", "name": "MIT License"}
    yield {
        "@id": "#fit",
        "@type": "CreateAction",
        "name": f"Fit with engine {fit.engine}",
        "instrument": {"@id": "#lossmodel"},
        "result": {"@id": "./"},
        **({} if when is None else {"endTime": when.isoformat()}),
    }


def _files(paths: Iterable[Path], folder: Path) -> Iterator[dict[str, Any]]:
    for path in paths:
        name = path.relative_to(folder).as_posix()
        meaning = MEANING.get(name) or MEANING.get(f"{name.partition('/')[0]}/", "A file")
        form = FORMATS.get(path.suffix) or mimetypes.guess_type(name)[0]
        yield {
            "@id": _address(name),
            "@type": "File",
            "name": name,
            "description": meaning,
            **({"encodingFormat": form} if form else {}),
            "contentSize": str(path.stat().st_size),
        }


def _address(name: str) -> str:
    from urllib.parse import quote

    return quote(name)
