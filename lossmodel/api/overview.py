"""The lines that stand for a fit in a terminal and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.evidence.outcomes import CLASSES
from lossmodel.posterior.contradictions import headline_warnings
from lossmodel.posterior.estimates import summarise
from lossmodel.posterior.tables import reported_series, submodel_of
from lossmodel.tables.trust import ANY_TRUST
from lossmodel.text.card import Card
from lossmodel.text.numbers import number

if TYPE_CHECKING:
    from lossmodel.posterior.fit import Fit

__all__ = ["overview"]

# Totals that are shown, as many as the summary of `lossmodel fit` has; those of reports come first.
SHOWN: Final = 6
HEADLINES: Final = ("killed", "casualties")


def overview(fit: Fit) -> Card:
    """What was fitted, when and how, the largest totals, and whether the gate was passed.

    Examples
    --------
    >>> overview(fitted).lines["gate"].split(";")[0]
    'passed'
    """
    first, last = fit.days[0].date(), fit.days[-1].date()
    totals, gate = _totals(fit), {"gate": _gate(fit)}
    # A gate that failed comes before the totals that it warns of.
    answer = totals | gate if fit.diagnostics["gate"]["passed"] else gate | totals
    return Card(
        f"Fit of {fit.conflict.title}, {first} to {last}",
        {
            "claims": _claims(fit),
            "engine": _engine(fit),
            **answer,
            "warnings": "; ".join(headline_warnings(fit)),
            "more": ".summary(), .losses, .estimate(), .bias(), .query(), .to_arviz(), .save()",
        },
    )


def _claims(fit: Fit) -> str:
    counts = fit.evidence.classes["class"].value_counts()
    words = ", ".join(f"{counts.get(name, 0):,} {name}" for name in CLASSES)
    evidence = fit.evidence
    if evidence.trust != ANY_TRUST:
        words += f"; {evidence.trust} at least"
    as_of = evidence.as_of
    return words if as_of is None else f"{words}; published up to {as_of.date()}"


def _engine(fit: Fit) -> str:
    sizes = {submodel.posterior.theta.shape[:2] for submodel in fit.submodels.values()}
    draws = " and ".join(
        f"{n:,} draws" if chains == 1 else f"{chains} x {n:,} draws" for chains, n in sorted(sizes)
    )
    made = str(fit.provenance.get("created") or "")[:10]
    words = f"{fit.engine}, {draws}, seed {fit.seed}"
    return f"{words}, made on {made}" if made else words


def _totals(fit: Fit) -> dict[str, str]:
    """Totals to the last day in the order of the fit: headlines first, and then the largest."""
    totals = {}
    for party, category, scope in reported_series(fit):
        if scope == "all":
            draws = submodel_of(fit, party, category).posterior.total(party, category)
            found = summarise(draws[:, None], fit.ci_prob)
            totals[party, category] = [
                float(found[name][0]) for name in ("median", "lower", "upper")
            ]
    chosen = sorted(totals, key=lambda key: (key[1] not in HEADLINES, -totals[key][0]))[:SHOWN]
    lines = {}
    for (party, category), values in totals.items():
        if (party, category) in chosen:
            median, lower, upper = (number(value, *values[1:]) for value in values)
            lines[f"{category} {party}"] = (
                f"{median} [{100 * fit.ci_prob:.4g}% CI {lower} to {upper}]"
            )
    left = len(totals) - len(lines)
    return lines | ({"": f"and {left} more totals: .summary()"} if left else {})


def _gate(fit: Fit) -> str:
    gate = fit.diagnostics["gate"]
    if not gate["passed"]:
        return "NOT PASSED, do not use these numbers: " + "; ".join(map(str, gate["failures"]))
    doubts = "; ".join(map(str, gate["doubts"]))
    return f"passed; approximate: {doubts}" if doubts else "passed"
