"""Summary of a fit in eleven lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from lossmodel.evidence.outcomes import CLASSES
from lossmodel.posterior.contradictions import headline_warnings
from lossmodel.posterior.estimates import total_to
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.posterior.force_check import force_check
from lossmodel.report.beside_figures import beside_figures
from lossmodel.report.one_claim import assumed_share, hangs_on
from lossmodel.report.sections.readings import other_readings
from lossmodel.report.wording import answer_keys, plain_doubt
from lossmodel.text.numbers import percent, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from lossmodel.api import Fit

__all__ = ["headline"]

SHOWN: Final = 6
NO_REPORT: Final = (
    "no report: {out} has the fit alone. Next: lossmodel fit {engines}; docs/checks.md has a "
    "remedy for each failure; --force writes a report with every page marked."
)
# What to try after the engine that was asked for. The gate of auto may fail at its limit of time,
# which nuts does not have.
NEXT: Final = {
    "laplace": {
        "auto": "samples where laplace does not do",
        "nuts": "for as long as its gate takes",
    },
    "nuts": {"laplace": "approximates"},
}
OTHERS: Final = {"nuts": "samples for as long as its gate takes", "laplace": "approximates"}
# Doubts of the gate that are printed: those of people come first, and the report has all.
DOUBTS = 2


def headline(fit: Fit, out: Path, *, force: bool = False) -> str:
    """Totals to the last day with their intervals, the gate and the path of the report.

    Where the gate failed, the first line says so. Where a report was not forced either, there is
    none, and the last line says what to do next.
    """
    counts = fit.evidence.classes["class"].value_counts()
    claims = ", ".join(f"{counts.get(name, 0):,} {name}" for name in CLASSES)
    first, last = fit.days[0].date(), fit.days[-1].date()
    lines = [
        *_mark(fit),
        f"{fit.conflict.title}, {first} to {last}; claims: {claims}",
        f"Expected losses, median [{100 * fit.ci_prob:.4g}% credible interval], {fit.engine}:",
        *_totals(fit),
        *(f"warning: {words}" for words in (*headline_warnings(fit), *_unused_balances(fit))),
        _gate(fit),
        f"report: {out}"
        if force or fit.diagnostics["gate"]["passed"]
        else NO_REPORT.format(out=out, engines=_remedies(fit)),
    ]
    return "\n".join(lines)


def _mark(fit: Fit) -> list[str]:
    """Above totals that must not be used, that they must not, and the engine to try next."""
    if fit.diagnostics["gate"]["passed"]:
        return []
    return [f"{NOT_PASSED} Try --engine {next(iter(_next_engines(fit)))}."]


def _remedies(fit: Fit) -> str:
    """The engines to try next, with what each does."""
    return ", ".join(f"--engine {name} {does}" for name, does in _next_engines(fit).items())


def _next_engines(fit: Fit) -> Mapping[str, str]:
    return NEXT.get(fit.provenance["engine"], OTHERS)


def _unused_balances(fit: Fit) -> list[str]:
    """That the force balances which were asked for are no observations, with the reasons."""
    if not fit.components.force:
        return []
    table = force_check(fit)
    if table["in_likelihood"].any():
        return []
    why = "; ".join(dict.fromkeys(table["left_out"])) or "there are no two strengths of one force"
    return [f"--with force changes nothing, as no force balance can be an observation: {why}"]


def _totals(fit: Fit) -> list[str]:
    """Series with scope ``all``: the headlines and the largest others, in the order of the fit.

    The others are those of the parties with the largest losses, its dead first. Sums of parties
    come last, if they are among the first answers of a report.
    """
    answers = answer_keys(fit)
    every = dict.fromkeys([*fit.series, *answers])
    whole = [(party, category) for party, category, scope in every if scope == "all"]
    totals = {(p, c): total_to(fit, (p, c, "all"), fit.days[-1]) for p, c in whole}
    heads = {(party, category) for party, category, _ in answers}
    size = {key: totals[key]["median"] for key in whole}
    of_party = {party: max(size[key] for key in whole if key[0] == party) for party, _ in whole}

    def place(key: tuple[str, str]) -> tuple[float, ...]:
        party, category = key
        return key not in heads, -of_party[party], category != "killed", -size[key]

    largest = sorted(whole, key=place)[:SHOWN]
    rest = len(whole) - len(largest)
    width = max((len(f"{category} {party}") for party, category in largest), default=0)
    return [
        f"  {f'{category} {party}':<{width}}  {_interval(totals[party, category])}"
        + "".join(f", {remark}" for remark in _remarks(fit, (party, category, "all"), totals))
        for party, category in whole
        if (party, category) in largest
    ] + ([f"  and {rest} more in the report"] if rest else [])


def _remarks(
    fit: Fit, key: tuple[str, str, str], totals: dict[tuple[str, str], dict[str, Any]]
) -> list[str]:
    """Words beside a total: the share of assumptions, and what decides it besides."""
    party, category, _ = key
    share = assumed_share(fit, key)
    found = [f"{percent(share)} assumed"] if math.isfinite(share) else []
    # The report says why.
    if beside := beside_figures(fit, key, since=False):
        found.append(f"the median {beside}")
    if hanging := hangs_on(fit, key, totals[party, category]):
        found.append(hanging)
    readings = other_readings(fit, [key])
    # The report has them all.
    for _, row in readings.loc[readings["shift"].abs().nlargest(1).index].iterrows():
        found.append(
            f"but {_interval(row)} with the {row['counted']} of {row['claimant']} read as "
            f"{row['accounting']}, not {row['declared']}"
        )
    return found


def _interval(row: Mapping[Any, Any] | pd.Series) -> str:
    return with_interval(row["median"], row["lower"], row["upper"])


def _gate(fit: Fit) -> str:
    gate = fit.diagnostics["gate"]
    if gate["passed"]:
        doubts = [plain_doubt(str(doubt)) for doubt in gate["doubts"]]
        approximate = "; approximate: " if doubts else ""
        rest = f"; {len(doubts) - DOUBTS} more in the report" if len(doubts) > DOUBTS else ""
        return "gate: passed" + approximate + "; ".join(doubts[:DOUBTS]) + rest
    return "gate: NOT PASSED: " + "; ".join(
        plain_doubt(str(failure)) for failure in gate["failures"]
    )
