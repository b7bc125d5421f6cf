"""One question, one number: a small language over the draws of a fit.

The value of a question is worked out in every draw (sums over days and of several quantities,
quotients, the day on which a total is passed) and only then summarised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from lossmodel.arguments import check_choice, check_ci_prob, check_type
from lossmodel.errors import UsageError
from lossmodel.posterior.chains import paired
from lossmodel.posterior.estimates import CI_KIND, summarise
from lossmodel.posterior.rates import rates
from lossmodel.posterior.stream_figures import figures, stream_scopes
from lossmodel.posterior.tables import streams_table, submodel_of
from lossmodel.query.answer import Answer
from lossmodel.query.parse import Passing, Term, Window, parsed
from lossmodel.query.quantities import LETHALITY, Quantity
from lossmodel.query.render import rendered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from lossmodel.posterior.fit import Fit
    from lossmodel.posterior.reported import Series

__all__ = ["Format", "answer_query", "run_query"]

Format = Literal["text", "json", "latex", "bibtex"]
# The draws of an answer and the series that it was made from, which go beside its row.
DRAWS: Final = "draws"
SERIES: Final = "series"
# What stands around the sum in a question.
_AROUND: Final = re.compile(r"^when | passes \S+$| cumulative$", re.IGNORECASE)


def run_query(
    fit: Fit, text: str, *, ci_prob: float | None = None, form: Format = "text"
) -> Answer:
    """Answer a question about a fit, as text with its table and its draws.

    Parameters
    ----------
    text
        Such as ``killed russia 2023``; the grammar is in the error for one that is not understood.
    ci_prob
        Probability of the credible interval; the fit's own where it is not given.
    form
        ``text`` is a sentence, ``json`` has the columns of `estimates.csv` as keys, ``latex`` is
        to be pasted into a paper, ``bibtex`` is an entry that the paper can cite.

    Raises
    ------
    UsageError
        The question cannot be parsed, or names what the fit does not have.
    """
    form = check_choice(form, "format", get_args(Format))
    row = _answer(fit, text, ci_prob)
    draws, series = row.pop(DRAWS), row.pop(SERIES)
    others = row.get("other_streams")
    more = (
        f"\nother streams of {row['claimant']} (figures used): {others}"
        if form == "text" and others
        else ""
    )
    return Answer(rendered(fit, row, form, series) + more, pd.DataFrame([row]), draws)


def answer_query(fit: Fit, text: str, *, ci_prob: float | None = None) -> pd.DataFrame:
    """Answer a question as a table of one row.

    Returns
    -------
    DataFrame
        The columns of `estimates.csv`, then `gate`, `claims_sha256`, `query` and what belongs to
        the kind of question: `claimant`, the ratios under other definitions and, where no
        category was given, `other_streams`; `threshold` and `never_share`, the share of draws that
        never pass it; `expression`, the sum that was asked about.
    """
    row = _answer(fit, text, ci_prob)
    del row[DRAWS], row[SERIES]
    return pd.DataFrame([row])


def _answer(fit: Fit, text: str, ci_prob: float | None) -> dict[str, Any]:
    prob = check_ci_prob(ci_prob, fit.ci_prob)
    check_type(text, "the question", str, "a text such as 'killed russia 2023'")
    question = parsed(text, fit)
    if isinstance(question, Passing):
        row = _passing(fit, question, prob)
    elif len(question.sums) == 2:
        row = _quotient(fit, question.sums, prob)
    elif len(question.sums[0]) > 1:
        row = _row(fit, question.sums, _total(fit, question.sums[0]), prob)
    else:
        row = _single(fit, question.sums[0][0], prob)
    words = " ".join(text.split())
    sums = [question.terms] if isinstance(question, Passing) else question.sums
    if any(len(terms) > 1 for terms in sums):
        row["expression"] = _AROUND.sub("", words)
    gate = "passed" if fit.diagnostics["gate"]["passed"] else "not passed"
    return row | {"gate": gate, "claims_sha256": claims_sha256(fit), "query": words}


def claims_sha256(fit: Fit) -> str:
    """SHA-256 of the claims table that the fit was made from."""
    hashes = fit.claims.sha256
    name = getattr(fit.claims.path, "name", str(fit.claims.path))
    return hashes.get(name) or hashes.get("claims.csv") or next(iter(hashes.values()), "")


@dataclass(frozen=True)
class _Path:
    """A quantity by day: losses, or a ratio as its two parts."""

    top: NDArray[np.float64]
    bottom: NDArray[np.float64] | None = None

    def over(self, window: Window) -> NDArray[np.float64]:
        days = slice(window.first, window.last + 1)
        total: NDArray[np.float64] = self.top[:, days].sum(axis=1)
        return total if self.bottom is None else total / self.bottom[:, days].sum(axis=1)

    def running(self) -> NDArray[np.float64]:
        total: NDArray[np.float64] = np.cumsum(self.top, axis=1)
        return total if self.bottom is None else total / np.cumsum(self.bottom, axis=1)


def _path(fit: Fit, quantity: Quantity) -> _Path:
    if quantity.stream is not None:
        return _ratio_paths(fit, quantity)["own"]
    if quantity.category == LETHALITY:
        killed, casualties = (_daily(fit, quantity, [name]) for name in ("killed", "casualties"))
        return _Path(killed, casualties)
    return _Path(_daily(fit, quantity, quantity.categories))


def _daily(fit: Fit, quantity: Quantity, categories: list[str]) -> NDArray[np.float64]:
    """Losses a day of the parties of a quantity, shape (draws, days)."""
    parts = [
        rates(fit, party, category, quantity.scope).daily()
        for party in quantity.parties
        for category in categories
    ]
    return np.sum(paired(parts), axis=0) if len(parts) > 1 else parts[0]


def _total(fit: Fit, terms: Sequence[Term]) -> NDArray[np.float64]:
    """A sum, each term over its window, shape (draws,)."""
    parts = [term.sign * _path(fit, term.quantity).over(term.window) for term in terms]
    return parts[0] if len(parts) == 1 else np.sum(paired(parts), axis=0)


def _ratio_paths(fit: Fit, quantity: Quantity) -> dict[str, _Path]:
    streams = streams_table(fit)
    stream = streams[streams["stream"] == quantity.stream].iloc[0]
    every_day = np.arange(len(fit.days))
    scope = stream_scopes(fit)[stream.claimant, stream.party, stream.category]
    found = figures(fit, stream, first=every_day, scope=scope)
    paths = {"own": _Path(found.claimed, found.own)}
    for name, truth in (("killed", found.killed), ("casualties", found.casualties)):
        if truth is not None:
            paths[name] = _Path(found.claimed, truth)
    return paths


def _single(fit: Fit, term: Term, prob: float) -> dict[str, Any]:
    quantity, window = term.quantity, term.window
    row = _row(fit, [[term]], _path(fit, quantity).over(window), prob)
    if quantity.stream is None:
        return row
    for name, path in _ratio_paths(fit, quantity).items():
        if name != "own":
            found = summarise(path.over(window)[:, None], prob)
            row |= {
                f"ratio_if_{name}_{k}": float(found[k][0]) for k in ("median", "lower", "upper")
            }
    return row | ({"other_streams": ", ".join(quantity.others)} if quantity.others else {})


def _quotient(fit: Fit, sums: Sequence[Sequence[Term]], prob: float) -> dict[str, Any]:
    over, under = paired([_total(fit, terms) for terms in sums])
    if not np.all(under > 0):
        below = " + ".join(str(term.quantity) for term in sums[1])
        raise UsageError(f"{below} is not above zero there, so nothing can be divided by it.")
    return _row(fit, sums, over / under, prob)


def _passing(fit: Fit, question: Passing, prob: float) -> dict[str, Any]:
    """Quantiles of the first day on which the running total is reached.

    A draw that never gets there counts as later than every day, so that a limit can be unknown.
    """
    running = [term.sign * _path(fit, term.quantity).running() for term in question.terms]
    reached = np.sum(paired(running), axis=0) >= question.number
    never = ~reached.any(axis=1)
    first = np.where(never, np.inf, reached.argmax(axis=1))
    row = _row(fit, [question.terms], np.zeros(1), prob) | {"measure": "passing"}
    at = {"median": 0.5, "lower": (1 - prob) / 2, "upper": (1 + prob) / 2}
    # Days are whole, so the quantile is one of them and nothing is interpolated towards "never".
    days = {k: np.quantile(first, p, method="inverted_cdf") for k, p in at.items()}
    dates = {k: _day(fit, value) for k, value in days.items()}
    sd = None if never.any() else float(np.std(first, ddof=min(1, len(first) - 1)))
    mean = None if never.any() else _day(fit, round(float(first.mean())))
    extra = {"threshold": question.number, "never_share": float(never.mean()), "unit": "date"}
    positions = np.where(never, 0, first).astype("timedelta64[D]")
    passed = np.datetime64(fit.days[0].date()) + positions
    passed[never] = np.datetime64("NaT", "D")
    return row | dates | {"mean": mean, "sd": sd, DRAWS: passed} | extra


def _day(fit: Fit, position: float) -> str | None:
    return None if np.isinf(position) else str(fit.days[int(position)].date())


def _row(
    fit: Fit, sums: Sequence[Sequence[Term]], draws: NDArray[np.float64], prob: float
) -> dict[str, Any]:
    """Summary of the draws, with the names and windows of all terms."""
    found = {name: float(value[0]) for name, value in summarise(draws[:, None], prob).items()}
    terms = [term for terms in sums for term in terms]
    quantities = [term.quantity for term in terms]
    windows = [term.window for term in terms]
    row = {
        **{k: _joined([getattr(q, k) for q in quantities]) for k in ("party", "category", "scope")},
        "measure": _joined([w.measure for w in windows]),
        "start": _joined([str(fit.days[w.first].date()) for w in windows]),
        "end": _joined([str(fit.days[w.last].date()) for w in windows]),
        **found,
        **{"ci_prob": prob, "ci_kind": CI_KIND, "engine": _engine(fit, quantities)},
    }
    claimants = [quantity.claimant for quantity in quantities if quantity.claimant]
    if claimants:
        row["claimant"] = _joined(claimants)
    plain = len(sums) == 1 and not any(quantity.is_ratio for quantity in quantities)
    unit = "losses" if plain else "ratio"
    return row | {"unit": unit, DRAWS: draws, SERIES: _series(fit, quantities)}


def _series(fit: Fit, quantities: Sequence[Quantity]) -> set[Series]:
    """Losses that an answer was made from, of parties that are no sums."""
    return {
        (base, category, quantity.scope)
        for quantity in quantities
        if not quantity.is_ratio
        for party in quantity.parties
        for base in fit.conflict.components(party)
        for category in quantity.categories
    }


def _engine(fit: Fit, quantities: Sequence[Quantity]) -> str:
    """Engine of the submodels that an answer was made from."""
    parts = [
        (party, "killed" if name == LETHALITY else name)
        for quantity in quantities
        for party in quantity.parties
        for name in quantity.categories
    ]
    return _joined([submodel_of(fit, *part).engine for part in parts])


def _joined(names: Iterable[str]) -> str:
    """Names of all terms, once where they are the same."""
    return " / ".join(dict.fromkeys(names))
