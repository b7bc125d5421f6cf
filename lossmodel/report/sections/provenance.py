"""The assumptions with their reasons, and where the fit came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lossmodel import __version__
from lossmodel.posterior.citation import cite, fit_hash
from lossmodel.report.document import Block, Section, Table, Text

if TYPE_CHECKING:
    from lossmodel.api import Fit

__all__ = ["origin_section", "priors_section"]

FILES: Final = (
    ("report.html, report.pdf, report.md", "this report"),
    ("estimates.csv", "losses by day, week, month, year and since the start"),
    ("biases.csv", "each claimant's ratio to the truth, by half-year and over all"),
    ("claims.csv", "every claim and what became of it"),
    ("diagnostics.json, provenance.json", "convergence; versions, hashes and options"),
    ("figures", "the figures as SVG, PDF and PNG"),
    ("numbers.tex, tables, references.bib", "numbers, tables and sources for a paper in LaTeX"),
    ("fit.nc", "the fit itself, which load_fit and the command line read"),
    ("manifest.json", "the names of these files and their hashes; a new report replaces no other"),
)


def priors_section(fit: Fit) -> Section:
    """Every prior with its interval and its reason."""
    table = fit.priors.table(fit.ci_prob)
    rows = [_prior(row) for row in table.to_dict("records")]
    blocks: list[Block] = [
        Text(
            "Everything that the fit assumes before it reads a claim. A constant is not learned. "
            "Each can be changed with a file of priors; “history” means that it was estimated from "
            "past wars, with the number of pairs of claim and truth and of conflicts.",
        ),
        Table(
            "priors",
            ["Name", "Median", "Interval", "Of what", "From", "Reason"],
            rows,
            numeric=frozenset({1, 2}),
        ),
    ]
    return Section("priors", "Assumptions and their reasons", blocks)


def _prior(row: dict[Any, Any]) -> list[str]:
    constant = not row["sd"] > 0
    basis = str(row["basis"])
    if basis == "history":
        basis += f" ({row['n']:,} pairs, {row['clusters']:,} conflicts)"
    return [
        row["name"],
        _short(row["median"]),
        "constant" if constant else f"{_short(row['lower'])} to {_short(row['upper'])}",
        row["unit"],
        basis,
        row["reason"],
    ]


def _short(value: float) -> str:
    """Two or three digits, never as a power of ten."""
    if abs(value) >= 100:
        return f"{float(f'{value:.2g}'):,.0f}"
    return (
        f"{value:.3f}"
        if abs(value) < 0.1
        else f"{value:.2f}"
        if abs(value) < 10
        else f"{value:.0f}"
    )


def origin_section(fit: Fit) -> Section:
    """Versions, hashes and options; how to cite; what is in the folder."""
    known = fit.provenance
    rows = [
        ["lossmodel", known.get("version") or __version__],
        ["Fit", fit_hash(fit)],
        ["Conflict", fit.conflict.name],
        ["Made", str(known.get("created", ""))],
        ["Command", _command(known.get("command", []))],
        *_options(fit),
        ["Parts of the model left out", _left_out(known.get("parts", {}))],
        ["Python", str(known.get("python", ""))],
        ["System", str(known.get("platform", ""))],
        *([str(k), str(v)] for k, v in known.get("versions", {}).items() if v and k != "lossmodel"),
    ]
    hashes = [[str(name), str(value)] for name, value in fit.claims.sha256.items()]
    blocks: list[Block] = [
        Text(
            "The same version, inputs and options give the same fit again, up to rounding from "
            "machine to machine.",
        ),
        Table("origin", ["What", "Value"], rows),
        Table("inputs", ["Input", "SHA-256"], hashes, caption="Files that were read."),
        Text("To cite it", tone="heading"),
        Text(cite(fit)),
        Text("Beside this file", tone="heading"),
        Table("files", ["File", "What it holds"], [list(row) for row in FILES]),
    ]
    return Section("provenance", "Provenance", blocks)


def _command(words: str | list[str]) -> str:
    line = words if isinstance(words, str) else " ".join(map(str, words))
    return line or "none: it was made from Python"


def _options(fit: Fit) -> list[list[str]]:
    given = fit.provenance.get("options", {})
    names = {
        **{"engine": "Engine asked for", "seed": "Seed", "ci_prob": "Probability of intervals"},
        **{"as_of": "Only claims published up to", "until": "Last day", "draws": "Draws"},
        **{"patience": "Seconds to sample on for the gate"},
    }
    return [
        [names.get(name, str(name)), "not set" if value is None else str(value)]
        for name, value in given.items()
    ]


def _left_out(parts: dict[str, bool]) -> str:
    off = [name.replace("_", " ") for name, on in parts.items() if not on]
    return ", ".join(off) if off else "none"
