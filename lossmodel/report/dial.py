"""Totals under other assumptions: a sentence, a table, and sliders for the page."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.evaluation.explanation import coded
from lossmodel.evaluation.reweighting import CARRIED
from lossmodel.report.blocks import Dial, Table
from lossmodel.report.wording import estimate_text, interval, level, quantity_title
from lossmodel.text.months import date
from lossmodel.text.numbers import factor, number

if TYPE_CHECKING:
    from lossmodel.api import Fit
    from lossmodel.evaluation.explanation import Explanation
    from lossmodel.model.design.grid import Floats

__all__ = ["changes_table", "dial_of", "largest_change"]

# Draws behind the curves of the page, an eighth of those behind its totals, which keeps their bytes
# below a fifth of a megabyte: a band is drawn, not read off.
CURVE_DRAWS: Final = 2_500
# Posterior sds that a median by weights may be off that of a refit.
PROMISED: Final = 0.1
LEFT_OUT: Final = (
    " A refit that did not pass its gate is left out, and its row is by the other refits."
)
INTRO: Final = (
    "Move an assumption and the totals follow, by importance weights of the draws of {refits} "
    "refits. Each slider runs over one prior standard deviation to either side, or over the values "
    "that the table below has at its ends."
)


def largest_change(explanation: Explanation, fit: Fit, key: tuple[str, str, str]) -> str:
    """The refit that moves a total most, as a sentence."""
    column = explanation.keys.index(key)
    own, *others = (answer.totals[column] for answer in explanation.answers)
    node = int(np.argmax([abs(np.log(other[0] / own[0])) for other in others]))
    words = _node_words(explanation, fit, 1 + node)
    return f"If {words}, the total is {_total(others[node])} instead of {_total(own)}."


def span_of_medians(explanation: Explanation, key: tuple[str, str, str]) -> str:
    """Least and largest median of a total over the refits; empty for a total without any."""
    answers = [found for found in explanation.answers if found.effective >= CARRIED]
    if key not in explanation.keys or not answers:
        return ""
    totals = np.array([found.totals[explanation.keys.index(key)] for found in answers])
    least, most = (totals[pick(totals[:, 0])] for pick in (np.argmin, np.argmax))
    return " to ".join(number(row[0], row[1], row[2]) for row in (least, most))


def changes_table(explanation: Explanation, fit: Fit) -> Table:
    """Totals of the fit and of each refit."""
    rows = [["As assumed", *map(_total, explanation.answers[0].totals)]]
    for node, found in enumerate(explanation.answers[1:], start=1):
        words = f"If {_node_words(explanation, fit, node)}"
        carried = found.effective >= CARRIED
        rows.append([words, *(_total(t) if carried else "–" for t in found.totals)])
    return Table(
        "changed-assumptions",
        ["Assumption", *(quantity_title(fit, key) for key in explanation.keys)],
        rows,
        caption=(
            f"Totals under other assumptions, with {level(fit)} intervals, from the draws of a "
            "refit for each row, weighted together. The assumptions are those that carry most of "
            "the width of these totals; each is moved by one prior standard deviation, or to the "
            f"ends of its plausible values. {_agreement(explanation)}"
            + LEFT_OUT
            * (len(explanation.passed) < len(explanation.nodes))
        ),
        numeric=frozenset(range(1, 1 + len(explanation.keys))),
    )


def _agreement(explanation: Explanation) -> str:
    """How far the refits agree with one another."""
    found = explanation.disagreement
    words = f"No median is further than {factor(found)} posterior sds from that of its refit alone."
    if found <= PROMISED:
        return words
    return (
        f"Medians differ from those of their refits alone by up to {factor(found)} posterior sds, "
        "since the approximations of the refits do not agree. Read the rows as directions "
        "of change; for their size run the fit again with --engine nuts, which is exact."
    )


def _node_words(explanation: Explanation, fit: Fit, node: int) -> str:
    position = explanation.nodes[node]
    pairs = zip(explanation.assumptions(fit.priors), position, strict=True)
    words = " and ".join(a.words(fit.priors, at) for a, at in pairs if at) or "nothing changes"
    return words if node in explanation.passed else f"{words} (by the other refits)"


def _total(limits: Floats) -> str:
    row = dict(zip(("median", "lower", "upper"), limits.tolist(), strict=True))
    return f"{estimate_text(row)} ({interval(row)})"


def dial_of(explanation: Explanation, fit: Fit) -> Dial:
    """The sliders, with the draws as numbers of one or two bytes."""
    chosen = explanation.assumptions(fit.priors)
    positions = [a.positions(fit.priors) for a in chosen]
    own = [int(np.flatnonzero(at == 0)[0]) for at in positions]
    content: dict[str, Any] = {
        "levels": explanation.levels.tolist(),
        "carried": CARRIED,
        "efficiency": explanation.efficiency,
        "positions": [at.tolist() for at in positions],
        "scaled": explanation.family.scaled.tolist(),
        "sizes": explanation.sizes.tolist(),
        "statistics": [_coded(column, 1) for column in explanation.statistics.T],
        "nodes": explanation.nodes[explanation.passed].tolist(),
        "shares": explanation.pool.log_shares.tolist(),
        "totals": [_coded(column, 2) for column in explanation.logs.T],
        "ends": explanation.nodes[1:].tolist(),
        "own": explanation.own.tolist(),
        "curves": _curves(explanation),
        "first": date(fit.days[0]),
        "days": [[int(day), date(fit.days[day])] for day in explanation.days],
    }
    return Dial(
        name="assumptions",
        intro=INTRO.format(refits=len(explanation.nodes) - 1),
        sliders=[
            (a.title, [a.text(fit.priors, p) for p in at], number)
            for a, at, number in zip(chosen, positions, own, strict=True)
        ],
        totals=[quantity_title(fit, key) for key in explanation.keys],
        content=json.dumps(content, separators=(",", ":")),
    )


def _curves(explanation: Explanation) -> dict[str, Any]:
    """Cumulative curves of every so many draws, and those of the fit itself."""
    step = -(-len(explanation.logs) // CURVE_DRAWS)
    first = explanation.curves[: explanation.counts[0]]
    limits = np.exp(np.quantile(first, explanation.levels, axis=0))
    return {
        "step": step,
        "series": [
            [_coded(column, 1) for column in curve.T]
            for curve in np.moveaxis(explanation.curves[::step], 1, 0)
        ],
        "own": np.moveaxis(limits, 0, -1).tolist(),
    }


def _coded(values: Floats, size: int) -> dict[str, Any]:
    """Numbers as multiples of a step above the least, each of one or two bytes."""
    low, step, codes = coded(values, 256**size)
    text = base64.b64encode(codes.astype(f"<u{size}").tobytes()).decode()
    return {"low": float(low), "step": float(step), "codes": text}
