"""Tables of a fit for LaTeX: totals, claimants' ratios, priors. They need booktabs, longtable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.plots.biases import ratio_rows
from lossmodel.text.escape import tex
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lossmodel.api import Fit
    from lossmodel.report.results import Results

__all__ = ["tex_tables"]

NOTHING: Final = "--"


def tex_tables(results: Results, *, mark: str = "") -> dict[str, str]:
    """Text of ``totals``, ``ratios`` and ``priors``.

    Parameters
    ----------
    mark
        Words that stand over each table of a fit that should not be used.
    """
    texts = {
        "totals": _tabular("lllrrr", *_totals(results)),
        "ratios": _longtable("llllrrrr", *_ratios(results)),
        "priors": _longtable(r"lrrp{0.5\linewidth}", *_priors(results.fit)),
    }
    head = f"% {mark}\n\\noindent\\textbf{{{tex(mark)}}}\\par\n" if mark else ""
    return {name: head + text for name, text in texts.items()}


Rows = tuple[list[str], list[list[str]]]


def _totals(results: Results) -> Rows:
    """Losses to the last day, and how much of what is uncertain the priors set."""
    fit = results.fit
    shares = fit.variance_decomposition.drop_duplicates("quantity").set_index("quantity")[
        "prior_share"
    ]
    level = f"{100 * fit.ci_prob:.4g}\\% interval"
    rows = []
    for party, category, scope in fit.series:
        row = results.total((party, category, scope))
        share = shares.get(f"{category} {party} {scope}", float("nan"))
        known = percent(float(share)) if np.isfinite(share) else ""
        rows.append(
            [
                *(tex(fit.conflict.parties[party].title or party), tex(category), tex(scope)),
                *(_median(row), _interval(row), tex(known) or NOTHING),
            ]
        )
    return ["Party", "Lost", "Scope", "Median", level, "Prior share"], rows


def _ratios(results: Results) -> Rows:
    """Claimed over true: under the claimant's definition, if it means killed, if casualties."""
    prefixes = ("ratio_", "prior_", "ratio_if_killed_", "ratio_if_casualties_")
    rows = [
        [
            *(tex(str(row[name])) for name in ("claimant", "party", "category", "role")),
            *(_with_interval(row, prefix) for prefix in prefixes),
        ]
        for group in ("person", "equipment")
        for row in ratio_rows(results.fit, results.biases, group=group).to_dict("records")
    ]
    head = ["Claimant", "About", "Counts", "Role", "Ratio", "Prior", "If killed", "If casualties"]
    return head, rows


def _priors(fit: Fit) -> Rows:
    table = fit.priors.table(fit.ci_prob)
    limits = f"{100 * fit.ci_prob:.4g}\\% interval"
    rows = []
    for row in table.to_dict("records"):
        low, high = (float(row[name]) for name in ("lower", "upper"))
        interval = "fixed" if low == high else f"{low:.3g} to {high:.3g}"
        rows.append(
            [
                tex(str(row["name"])),
                tex(f"{float(row['median']):.3g}"),
                interval,
                tex(str(row["reason"])),
            ]
        )
    return ["Prior", "Median", limits, "Reason"], rows


def _median(row: Mapping[Any, Any], prefix: str = "") -> str:
    text = number(row[f"{prefix}median"], row[f"{prefix}lower"], row[f"{prefix}upper"])
    return text.replace(",", r"\,")


def _interval(row: Mapping[Any, Any], prefix: str = "") -> str:
    limits = row[f"{prefix}lower"], row[f"{prefix}upper"]
    return " to ".join(number(limit, *limits) for limit in limits).replace(",", r"\,")


def _with_interval(row: Mapping[Any, Any], prefix: str) -> str:
    if not np.isfinite(row[f"{prefix}median"]):
        return NOTHING
    return f"{_median(row, prefix)} ({_interval(row, prefix)})"


def _tabular(align: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [rf"\begin{{tabular}}{{{align}}}", r"\toprule", _line(head), r"\midrule"]
    return "\n".join([*lines, *map(_line, rows), r"\bottomrule", r"\end{tabular}"]) + "\n"


def _longtable(align: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [rf"\begin{{longtable}}{{{align}}}", r"\toprule", _line(head), r"\midrule"]
    lines += [r"\endhead", r"\bottomrule", r"\endfoot"]
    return "\n".join([*lines, *map(_line, rows), r"\end{longtable}"]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
