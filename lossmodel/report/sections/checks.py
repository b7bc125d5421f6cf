"""Convergence diagnostics and posterior predictive checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.conflict.titles import named
from lossmodel.plots.fit import PREDICTIVE_PROB
from lossmodel.report.blocks import Block, Section, Table, Text, figure_blocks
from lossmodel.report.figures.figures import FORCE_BALANCE
from lossmodel.report.sections.force import force_blocks
from lossmodel.report.wording import category_title, claimant_names, plain_doubt, quantity_title
from lossmodel.text.numbers import factor, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.api import Fit
    from lossmodel.report.figures.figures import FigureSpec
    from lossmodel.report.results import Results

__all__ = ["checks_section"]

FEW: Final = 3  # rows that need not be folded
SMALL: Final = 5  # shares of fewer figures are put in brackets: one figure is 20% or more


def checks_section(results: Results, figures: Sequence[FigureSpec]) -> Section:
    """The gate, diagnostics of submodels and predictive coverage by claimant."""
    of_force = [spec for spec in figures if spec.name == FORCE_BALANCE]
    blocks: list[Block] = [
        *_gate(results.fit.diagnostics),
        _doubts(results.fit),
        _submodels(results.fit),
        Text("Posterior predictive checks", tone="heading"),
        Text(
            "Each figure is compared with its posterior predictive distribution. If the noise "
            "model is right, half of the figures lie in their central 50% predictive intervals "
            "and 19 of 20 in the central 95% intervals. The figures were also used in the fit, so "
            "this check detects misspecified noise and figures that contradict the others; it "
            "does not test the level of the totals.",
        ),
        *figure_blocks(spec for spec in figures if spec not in of_force),
        _predictive(results),
        *force_blocks(results.fit, of_force),
    ]
    return Section("checks", "Convergence and predictive checks", blocks)


def _gate(diagnostics: dict[str, Any]) -> list[Text]:
    gate = diagnostics["gate"]
    if gate["passed"]:
        words = "All submodels passed the convergence gate. "
    else:
        words = "The fit did not pass the convergence gate: "
        words += "; ".join(map(str, gate["failures"])) + ". "
    if diagnostics.get("max_rhat") is not None:
        words += (
            f"Over the sampled submodels the largest R-hat is {diagnostics['max_rhat']:.3f}, the "
            f"smallest effective sample size {diagnostics['min_ess_bulk']:,.0f} (bulk) and "
            f"{diagnostics['min_ess_tail']:,.0f} (tail), with {diagnostics['divergences']} "
            "divergences. "
        )
    if gate["doubts"]:
        words += (
            "The fit is approximate where the posterior is skewed or otherwise not close to a "
            "normal distribution, see the table below; the engine nuts is exact there, unless the "
            "posterior has several modes. "
        )
    if "laplace" in diagnostics["engine"]:
        words += (
            "The engine laplace is a nested Laplace approximation. Its draws are independent, so "
            "R-hat does not apply; the gate checks instead that Newton's method reached the "
            "posterior mode (the decrement is the expected gain of one more step), that the mode "
            "is a maximum, that the distributions of totals are close to normal, and that figures "
            "do not tell a sum of parties far better than how it divides among them. Totals of "
            "small submodels are compared with importance weights, which replace the draws where "
            "they are even enough and the posterior is not close to normal. "
        )
    return [Text(words.strip(), tone="plain" if gate["passed"] else "warning")]


def _doubts(fit: Fit) -> Table:
    """Departures from a normal posterior, which the gate lets pass."""
    doubts = (str(doubt).partition(": ") for doubt in fit.diagnostics["gate"]["doubts"])
    rows = [[category_title(fit, name), _departure(fit, said)] for name, _, said in doubts]
    return Table(
        "doubts",
        ["Submodel", "Departure"],
        rows,
        caption=(
            "Departures from a normal posterior, none of them large enough to fail the gate. "
            "Widths of intervals are compared with the normal approximation."
        ),
        fold="" if len(rows) <= FEW else f"{len(rows)} departures from a normal posterior",
    )


def _departure(fit: Fit, said: str) -> str:
    """What a doubt says, with the title of the total that it begins with."""
    total, mid, rest = plain_doubt(said).partition(" is ")
    category, _, named_so = total.partition(" ")
    party, _, scope = named_so.partition(" ")
    if mid and category in fit.conflict.categories and party in fit.conflict.parties:
        total = quantity_title(fit, (party, category, scope or "all"))
        return f"{total}{mid}{named(fit.conflict, rest)}"
    return named(fit.conflict, plain_doubt(said))


def _submodels(fit: Fit) -> Table:
    each: dict[str, dict[str, Any]] = fit.diagnostics.get("blocks", {})
    sampled = any(d.get("max_rhat") is not None for d in each.values())
    columns = ["Submodel", "Engine", "Parameters", "Observations", "Draws", "Decrement"]
    columns += ["R-hat", "ESS bulk", "ESS tail", "Divergences"] if sampled else []
    rows = []
    for name, d in each.items():
        row = [
            category_title(fit, name),
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
        caption="Submodels, for people and for each class of equipment, are fitted separately.",
        numeric=frozenset(range(2, len(columns))),
    )


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _predictive(results: Results) -> Table | Text:
    names = claimant_names(results.fit)
    terms = results.fit.terms
    known = terms[terms["pit"].notna()]
    if known.empty:
        return Text(
            "There is no table of predictive coverage, as all figures are ranges without a value.",
            tone="small",
        )
    order = known["claimant"].value_counts(sort=False).sort_values(ascending=False, kind="stable")
    groups = {str(name): rows for name, rows in known.groupby("claimant")}
    rows = [_claimant(names[str(n)], groups[str(n)]) for n in order.index]
    rows.append(_claimant("All", known))
    return Table(
        "predictive",
        [
            *("Claimant", "Figures", "In central 50%", "In central 95%"),
            *("Below median", "Claimed / expected, median"),
        ],
        rows,
        caption=(
            "Predictive coverage by claimant: shares of figures in the central 50% and 95% "
            "predictive intervals, and below the predictive median. Shares of fewer than "
            f"{SMALL} figures are in brackets. Ranges without a value and probable copies of other "
            "figures have no such share."
        ),
        numeric=frozenset(range(1, 6)),
    )


def _claimant(name: str, rows: pd.DataFrame) -> list[str]:
    pit = rows["pit"].to_numpy(dtype=float)
    residual = rows["residual"].to_numpy(dtype=float)
    residual = residual[np.isfinite(residual)]
    shares = [
        percent(float(np.mean(np.abs(pit - 0.5) <= 0.25))),
        percent(float(np.mean(np.abs(pit - 0.5) <= PREDICTIVE_PROB / 2))),
        percent(float(np.mean(pit < 0.5))),
    ]
    if len(pit) < SMALL:
        shares = [f"({share})" for share in shares]
    median = factor(float(np.exp(np.median(residual)))) if len(residual) else "–"
    return [name, f"{len(pit):,}", *shares, median]
