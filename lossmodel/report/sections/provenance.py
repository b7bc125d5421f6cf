"""Priors with their reasons, and the provenance of the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lossmodel import __version__
from lossmodel.posterior.citation import cite, fit_hash
from lossmodel.report.blocks import Block, Section, Table, Text
from lossmodel.report.wording import claimant_names, estimate_text, interval, party_title
from lossmodel.text.numbers import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossmodel.api import Fit

__all__ = ["priors_section", "provenance_section"]

FILES: Final = (
    ("report.html, report.pdf, report.md", "this report"),
    ("estimates.csv", "losses by day, week, month and year, and cumulative losses"),
    ("biases.csv", "ratio of claimed to true losses by claimant, per half-year and overall"),
    ("claims.csv", "all claims with their class and reason"),
    ("changes.csv, changed-claims.csv", "changes since an earlier fit, if one was given"),
    ("updated-claims.csv", "the claims that were fitted, of lossmodel update"),
    ("changes-by-claims.csv", "changes by groups of new claims, of lossmodel update"),
    ("diagnostics.json, provenance.json", "convergence diagnostics; versions, hashes and options"),
    ("others.csv", "figures of others beside the headlines, with the parts of the differences"),
    ("force-balance.csv", "strengths and flows of forces beside the fit, if any were published"),
    ("explain.npz", "refits under other assumptions, once lossmodel explain has made them"),
    ("figures", "the figures as SVG, PDF and PNG"),
    ("numbers.tex, tables", "numbers and tables for a paper in LaTeX"),
    ("references.bib, references.json", "sources, for BibTeX and as CSL-JSON"),
    ("ro-crate-metadata.json", "what this folder is, for archives and search engines"),
    ("fit.nc", "the fit, to be read by load_fit and the commands"),
    ("manifest.json", "names and hashes of these files; a new report replaces only these"),
)


def priors_section(fit: Fit) -> Section:
    """All priors with their intervals and reasons."""
    table = fit.priors.table(fit.ci_prob)
    rows = [_prior(row) for row in table.to_dict("records")]
    blocks: list[Block] = [
        Text(
            "The priors of the model. Constants are not estimated. A file of priors (--priors) "
            "replaces any of them. “history” marks a prior estimated from past wars, with the "
            "number of pairs of claimed and true figures, or of armies, and that of conflicts.",
        ),
        Table(
            "priors",
            ["Name", "Median", "Interval", "Unit", "Basis", "Reason"],
            rows,
            numeric=frozenset({1, 2}),
        ),
    ]
    adapted = list(_adapted(fit))
    if adapted:
        blocks[1:1] = [Text("The figures of this war have changed some of them."), *adapted]
    return Section("priors", "Priors and their reasons", blocks)


def _adapted(fit: Fit) -> Iterator[Text]:
    """The priors that figures have changed, each with whose it is and by how much."""
    names = claimant_names(fit)
    for submodel in fit.submodels.values():
        design = submodel.design
        for group, factors in design.parameters.adapted.items():
            prior, _, of = group.partition(" ")
            if factors.sd != 1:
                title = party_title(fit.conflict, of)
                text = f"{factors.sd:.2g} times the sd below, since its figures state a lethality "
                yield Text(text + "that few armies have had.", lead=f"{prior} of {title}:")
            if factors.median != 1:
                stream = design.streams.loc[int(of)]
                title = party_title(fit.conflict, str(stream["party"]))
                lead = f"{prior} of the list of {title} by {names[str(stream['claimant'])]}:"
                text = f"{factors.median:.2g} times the median below, since claims know of "
                yield Text(text + f"{plural(design.grid.size, 'day')} only.", lead=lead)


def _prior(row: dict[Any, Any]) -> list[str]:
    constant = not row["sd"] > 0
    basis = str(row["basis"])
    if basis == "history":
        counted = "armies" if row["name"] == "lethality.level" else "pairs"
        basis += f" ({row['n']:,} {counted}, {row['clusters']:,} conflicts)"
    return [
        row["name"],
        estimate_text(row),
        "constant" if constant else interval(row),
        row["unit"],
        basis,
        row["reason"],
    ]


def provenance_section(fit: Fit) -> Section:
    """Versions, hashes and options, the citation and the files of the folder."""
    known = fit.provenance
    rows = [
        ["lossmodel", known.get("version") or __version__],
        ["Fit", fit_hash(fit)],
        ["Conflict", fit.conflict.name],
        ["Created", str(known.get("created", ""))],
        ["Command", _command(known.get("command", []))],
        *_options(fit),
        ["Model components switched off", _switched_off(known.get("parts", {}))],
        ["Python", str(known.get("python", ""))],
        ["System", str(known.get("platform", ""))],
        *([str(k), str(v)] for k, v in known.get("versions", {}).items() if v and k != "lossmodel"),
    ]
    hashes = [[str(name), str(value)] for name, value in fit.claims.sha256.items()]
    blocks: list[Block] = [
        Text(
            "The same version, inputs and options reproduce this fit, up to rounding differences "
            "between machines.",
        ),
        Table("origin", ["Item", "Value"], rows),
        Table("inputs", ["Input", "SHA-256"], hashes, caption="Input files."),
        Text("How to cite", tone="heading"),
        Text(cite(fit)),
        Text("Files in this folder", tone="heading"),
        Table("files", ["File", "Content"], [list(row) for row in FILES]),
    ]
    return Section("provenance", "Provenance", blocks)


def _command(words: str | list[str]) -> str:
    line = words if isinstance(words, str) else " ".join(map(str, words))
    return line or "none (fitted from Python)"


def _options(fit: Fit) -> list[list[str]]:
    given = fit.provenance.get("options", {})
    names = {
        **{"engine": "Requested engine", "seed": "Seed", "ci_prob": "Probability of the intervals"},
        **{"as_of": "Only claims published up to", "until": "Last day", "draws": "Draws"},
        **{"trust": "Least trust of a claim that is used"},
        **{"patience": "Time limit for sampling, seconds"},
    }
    return [
        [names.get(name, str(name)), "not set" if value is None else str(value)]
        for name, value in given.items()
    ]


def _switched_off(parts: dict[str, bool]) -> str:
    off = [name.replace("_", " ") for name, on in parts.items() if not on]
    return ", ".join(off) if off else "none"
