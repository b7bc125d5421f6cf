"""The answer to a question, as a sentence, JSON, LaTeX or BibTeX."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from lossmodel import __version__
from lossmodel.posterior.contradictions import headline_warnings
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.posterior.tables import is_assumed, prior_share, reported_series
from lossmodel.text import escape
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Collection

    from lossmodel.posterior.fit import Fit
    from lossmodel.posterior.reported import Series

__all__ = ["rendered"]


def rendered(fit: Fit, row: dict[str, Any], form: str, series: Collection[Series] = ()) -> str:
    """Write an answer, a row of `answer_query`, in one of the four forms.

    Parameters
    ----------
    series
        Party, category and scope of the losses that it was made from. It says which of their totals
        are set by assumptions.
    """
    assumed = [key for key in reported_series(fit) if key in series and is_assumed(fit, key)]
    failed = [NOT_PASSED] if row["gate"] != "passed" else []
    warnings = headline_warnings(fit)
    if form == "json":
        said = {"set_by_assumptions": bool(assumed), "warnings": [*warnings, *failed]}
        return json.dumps(_plain(row) | said, indent=2, ensure_ascii=False)
    if form == "text":
        lines = [_text(fit, row), *_sentences(fit, assumed), *(f"warning: {w}" for w in warnings)]
        return "\n".join([*lines, *failed])
    if form == "latex":
        # Comments, which reach the author and not the reader.
        lines = [f"% warning: {escape.one_line(words)}" for words in warnings]
        answer = _latex(row, "; set by assumptions" * bool(assumed))
        return "\n".join([*lines, answer + " (not converged)" * bool(failed)])
    return _bibtex(fit, row, assumed)


def _sentences(fit: Fit, assumed: list[Series]) -> list[str]:
    """A line about each total that is set by assumptions."""
    return [
        f"  set by assumptions: {percent(prior_share(fit, series))} of the posterior variance of "
        f"{category} {party}{'' if scope == 'all' else f', {scope}'} to {fit.days[-1].date()} "
        "comes from priors"
        for series in assumed
        for party, category, scope in [series]
    ]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Leave what a program wants to know, and replace what JSON cannot say."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
        if name not in ("unit", "query")
    }


def _what(row: dict[str, Any]) -> str:
    """Name the quantity: killed russia, scope all; or a claimant's ratio."""
    if "expression" in row:
        return str(row["expression"])
    scope = "" if row["scope"] == "all" else f", {row['scope']}"
    if "claimant" in row:
        return f"ratio {row['claimant']} on {row['category']} {row['party']}"
    if row["unit"] == "ratio":
        return row["query"].rpartition(" cumulative")[0] or str(row["query"])
    return f"{row['category']} {row['party']}{scope}"


def _days(row: dict[str, Any]) -> str:
    if row["start"] == row["end"]:
        return str(row["start"])
    if " / " in row["start"] + row["end"]:
        return f"{row['start']} to {row['end']} (one window for each)"
    return f"{row['start']} to {row['end']}"


def _numbers(row: dict[str, Any]) -> list[str]:
    limits = row["lower"], row["upper"]
    return [number(row[name], *limits) for name in ("median", "lower", "upper")]


def _text(fit: Fit, row: dict[str, Any]) -> str:
    level = f"{row['ci_prob'] * 100:.4g}%"
    if row["unit"] == "date":
        return _text_when(fit, row, level)
    median, lower, upper = _numbers(row)
    lines = [
        f"{_what(row)}, {_days(row)}: {median} "
        f"({level} credible interval {lower} to {upper}, equal-tailed; engine {row['engine']})"
    ]
    for name in ("killed", "casualties"):
        key = f"ratio_if_{name}"
        if f"{key}_median" in row and row["category"] != name:
            limits = row[f"{key}_lower"], row[f"{key}_upper"]
            median, lower, upper = (
                number(row[f"{key}_{k}"], *limits) for k in ("median", "lower", "upper")
            )
            lines.append(f"  relative to {name}: {median} ({lower} to {upper})")
    return "\n".join(lines)


def _text_when(fit: Fit, row: dict[str, Any], level: str) -> str:
    last = str(fit.days[-1].date())
    median, lower, upper = (row[k] or f"not by {last}" for k in ("median", "lower", "upper"))
    return (
        f"{_what(row)} passes {row['threshold']:,.10g}: {median} "
        f"({level} credible interval {lower} to {upper}, equal-tailed; engine {row['engine']}); "
        f"{percent(row['never_share'])} of draws never pass it by {last}"
    )


def _latex(row: dict[str, Any], remark: str) -> str:
    level = f"{row['ci_prob'] * 100:.4g}\\%"
    if row["unit"] == "date":
        median, lower, upper = (row[k] or "not reached" for k in ("median", "lower", "upper"))
        never = escape.tex(percent(row["never_share"]))
        return f"{median} ({level} CrI {lower} to {upper}; {never} of draws never{remark})"
    median, lower, upper = (text.replace(",", r"\,") for text in _numbers(row))
    return f"{median} ({level} CrI {lower}--{upper}{remark})"


def _bibtex(fit: Fit, row: dict[str, Any], assumed: list[Series]) -> str:
    answer = " ".join(_text(fit, row).split()) + "; set by assumptions" * bool(assumed)
    question = json.dumps([row["query"], row["ci_prob"], row["claims_sha256"]])
    key = hashlib.sha256(question.encode()).hexdigest()[:8]
    title = f"{fit.conflict.title}: {row['query']}"
    answer += "" if row["gate"] == "passed" else f". {NOT_PASSED.rstrip('.')}"
    note = f"{answer}. Claims SHA-256 {row['claims_sha256']}"
    fields = {
        "author": "{The lossmodel developers}",
        "title": f"{{{escape.bibtex(title)}}}",
        "howpublished": f"lossmodel {escape.bibtex(__version__)}",
        "note": escape.bibtex(note),
        "year": str(fit.days[-1].year),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{lossmodel-{key},", *lines, "}"])
