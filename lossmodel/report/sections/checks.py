"""Convergence, and whether the fit can reproduce the claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.report.blocks import Block, Figure, Section, Table, Text
from lossmodel.report.wording import claimant_names
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Results

__all__ = ["checks_section"]

SMALL: Final = 5  # below this many figures a share of them says little


def checks_section(results: Results, pictures: Sequence[FigureSpec]) -> Section:
    """The gate, each block's diagnostics, and each claimant's figures against the fit."""
    blocks: list[Block] = [
        *_gate(results.fit.diagnostics),
        _blocks(results.fit.diagnostics),
        Text("Do the claims look like what the fit expects?", tone="heading"),
        Text(
            "Each figure has a place between 0 and 1 in the distribution that the fit predicts "
            "for it. If the noise is judged rightly, half of the figures lie in the middle 50% of "
            "their distributions and 19 of 20 in the middle 95%. The same figures were used in "
            "the fit, so this finds noise that is judged wrongly and figures that contradict the "
            "others; it cannot show that the level is right.",
        ),
        *(Figure(p.name, p.caption, p.alt) for p in pictures),
        _predictive(results),
    ]
    return Section("checks", "Convergence and predictive checks", blocks)


def _gate(diagnostics: dict[str, Any]) -> list[Text]:
    gate = diagnostics["gate"]
    if gate["passed"]:
        words = "Every block of the fit passed its checks of convergence. "
    else:
        words = "The fit did not pass its checks of convergence: "
        words += "; ".join(map(str, gate["failures"])) + ". "
    if diagnostics.get("max_rhat") is not None:
        words += (
            f"Of the sampled blocks the largest R-hat is {diagnostics['max_rhat']:.3f}, the "
            f"smallest effective sample size {diagnostics['min_ess_bulk']:,.0f} (bulk) and "
            f"{diagnostics['min_ess_tail']:,.0f} (tail), with {diagnostics['divergences']} "
            "divergences. "
        )
    if gate["doubts"]:
        words += (
            "Rough, since the posterior is not normal: "
            f"{'; '.join(gate['doubts'])}; the engine nuts has them exactly. "
        )
    if "laplace" in diagnostics["engine"]:
        words += (
            "The engine laplace is a nested Laplace approximation: it gives independent draws from "
            "a distribution fitted to the peak of the posterior, so R-hat has no meaning for it; "
            "checked are that the peak was reached (the decrement is what one more step would "
            "gain) and that it is one. "
        )
    return [Text(words.strip(), tone="plain" if gate["passed"] else "warning")]


def _blocks(diagnostics: dict[str, Any]) -> Table:
    each: dict[str, dict[str, Any]] = diagnostics.get("blocks", {})
    sampled = any(d.get("engine") == "nuts" for d in each.values())
    columns = ["Block", "Engine", "Parameters", "Evidence", "Draws", "Decrement"]
    columns += ["R-hat", "ESS bulk", "ESS tail", "Divergences"] if sampled else []
    rows = []
    for name, d in each.items():
        row = [
            name,
            str(d.get("engine", "")),
            _count(d.get("dimension")),
            _count(d.get("terms")),
            _count(d.get("n_draws")),
            "–" if d.get("decrement") is None else f"{d['decrement']:.1e}",
        ]
        if sampled:
            rhat = d.get("max_rhat")
            row += ["–" if rhat is None else f"{rhat:.3f}"]
            row += [_count(d.get(k)) for k in ("min_ess_bulk", "min_ess_tail", "divergences")]
        rows.append(row)
    return Table(
        "blocks",
        columns,
        rows,
        caption="Blocks are fitted apart: all people together, and each class of equipment.",
        numeric=frozenset(range(2, len(columns))),
    )


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _predictive(results: Results) -> Table:
    names = claimant_names(results.fit)
    terms = results.fit.terms
    known = terms[terms["pit"].notna()]
    order = known["claimant"].value_counts(sort=False).sort_values(ascending=False, kind="stable")
    groups = {str(name): rows for name, rows in known.groupby("claimant")}
    rows = [_claimant(names.get(str(n), str(n)), groups[str(n)]) for n in order.index]
    rows.append(_claimant("All", known))
    return Table(
        "predictive",
        [
            *("Claimant", "Figures", "In the middle 50%", "In the middle 95%"),
            *("Below half", "Claimed / expected, middle figure"),
        ],
        rows,
        caption=(
            f"Figures of each claimant; shares of fewer than {SMALL} are in brackets. “Below half” "
            "is the share of figures in the lower half of what was expected."
        ),
        numeric=frozenset(range(1, 6)),
    )


def _claimant(name: str, rows: pd.DataFrame) -> list[str]:
    pit = rows["pit"].to_numpy(dtype=float)
    residual = rows["residual"].to_numpy(dtype=float)
    residual = residual[np.isfinite(residual)]
    shares = [
        percent(float(np.mean(np.abs(pit - 0.5) <= 0.25))),
        percent(float(np.mean(np.abs(pit - 0.5) <= 0.475))),
        percent(float(np.mean(pit < 0.5))),
    ]
    if len(pit) < SMALL:
        shares = [f"({share})" for share in shares]
    middle = f"{np.exp(np.median(residual)):.2f}" if len(residual) else "–"
    return [name, f"{len(pit):,}", *shares, middle]
