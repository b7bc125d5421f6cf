"""Numbers that a text may quote: each with a key, its question, its limits and a sentence.

TeX macros and the candidates of `verify` are made of this one table. A key is written like the
question, with hyphens: ``killed-russia``, ``killed-russia-citizens-2023``, ``lethality-russia``,
``killed-russia-per-killed-ukraine``, ``ratio-uk-mod-russia-casualties``.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.conflict.titles import short_names
from lossmodel.plots.fit import ratio_rows
from lossmodel.posterior.chains import paired
from lossmodel.posterior.estimates import summarise
from lossmodel.posterior.rates import rates
from lossmodel.posterior.tables import is_assumed
from lossmodel.query.quantities import LETHALITY, ranked
from lossmodel.report.wording import (
    category_title,
    estimate_text,
    interval,
    level,
    main_categories,
    main_parties,
    party_title,
    quantity_title,
)
from lossmodel.tables.schema import STREAM
from lossmodel.text.months import date

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lossmodel.api import Fit
    from lossmodel.report.results import Key, Results

__all__ = ["Quoted", "quoted"]

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9+.-]+")


@dataclass(frozen=True)
class Quoted:
    """One number that a text may quote.

    Attributes
    ----------
    key
        Its name: letters, digits and the signs ``+ . -``; unique in a fit.
    question
        Its question, as for ``lossmodel query``.
    median, lower, upper
        Its posterior median and the limits of its interval.
    sentence
        The number in a sentence, with its interval and days.
    """

    key: str
    question: str
    median: float
    lower: float
    upper: float
    sentence: str

    @property
    def row(self) -> dict[str, float]:
        """Median and limits, as the functions of `report.wording` take them."""
        return {"median": self.median, "lower": self.lower, "upper": self.upper}


def quoted(results: Results) -> dict[str, Quoted]:
    """All numbers of a fit that a text may quote, by key.

    Returns
    -------
    dict
        Totals to the last day and by calendar year of every reported series, lethality, quotients
        of the parties of the headlines, and the ratio of each claimant over the whole period.

    Examples
    --------
    >>> from lossmodel.report.results import Results
    >>> found = quoted(Results(fitted))
    >>> found["aircraft-germany"].question
    'aircraft germany'
    >>> "ratio-air-ministry-germany-aircraft" in found
    True
    """
    found: dict[str, Quoted] = {}
    passed = results.fit.diagnostics["gate"]["passed"]
    mark = "" if passed else " The fit did not pass its gate: not to be cited."
    for number in (*_losses(results), *_quotients(results.fit), *_ratios(results)):
        key = _key(number.key)
        if key in found:  # names with hyphens may give two questions one key
            key = f"{key}-{hashlib.sha256(number.question.encode()).hexdigest()[:8]}"
        found[key] = replace(number, key=key, sentence=number.sentence + mark)
    return found


def _key(words: str) -> str:
    """A key that TeX reads as letters, with eight digits of a hash if it is changed for that."""
    plain = _UNSAFE.sub("-", words).strip("-")
    if plain == words:
        return plain
    return f"{plain}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"


def _losses(results: Results) -> Iterator[Quoted]:
    table = results.estimates
    years = table[table["measure"] == "yearly"].groupby(["party", "category", "scope"])
    for key in results.fit.series:
        party, category, scope = key
        names = (category, party) if scope == "all" else (category, party, scope)
        yield _loss(results.fit, key, names, results.total(key))
        for row in years.get_group(key).to_dict("records"):
            yield _loss(results.fit, key, (*names, str(row["start"].year)), row)


def _loss(fit: Fit, key: Key, names: tuple[str, ...], row: Mapping[Any, Any]) -> Quoted:
    days = f"{date(row['start'])} to {date(row['end'])}"
    party, _, rest = quantity_title(fit, key).rpartition(", ")
    assumed = ", set by assumptions" if is_assumed(fit, key) else ""
    sentence = (
        f"From {days}, losses of {party} ({rest.replace(' (', ', ').rstrip(')')}) are estimated "
        f"at {_with_interval(fit, row)[:-1]}{assumed})."
    )
    return _made(names, " ".join(names), row, sentence)


def _quotients(fit: Fit) -> Iterator[Quoted]:
    """Lethality of each party, and losses of one headline party per loss of another."""
    estimated = {key[:2] for key in fit.series if key[2] == "all"}
    for party in dict.fromkeys(party for party, _, _ in fit.series):
        if {(party, "killed"), (party, "casualties")} <= estimated:
            names: tuple[str, ...] = (LETHALITY, party)
            over, under = ((party, name, "all") for name in ("killed", "casualties"))
            title = (
                f"The share of killed among the casualties of {party_title(fit.conflict, party)}"
            )
            yield _quotient(fit, names, " ".join(names), title, over, under)
    parties = main_parties(fit)
    for category, one, other in itertools.product(main_categories(fit), parties, parties):
        over, under = (one, category, "all"), (other, category, "all")
        if one != other and {over[:2], under[:2]} <= estimated:
            names = (category, one, "per", category, other)
            question = f"{category} {one} / {category} {other}"
            titles = [party_title(fit.conflict, party) for party in (one, other)]
            counted = f"The ratio of losses ({category_title(fit, category)}) of"
            title = f"{counted} {titles[0]} to those of {titles[1]}"
            yield _quotient(fit, names, question, title, over, under)


def _quotient(
    fit: Fit, names: tuple[str, ...], question: str, title: str, over: Key, under: Key
) -> Quoted:
    last = len(fit.days) - 1
    top, bottom = paired([rates(fit, *key).between(0, last) for key in (over, under)])
    # The parser of questions refuses a divisor of zero; here it is a limit without a number.
    with np.errstate(divide="ignore", invalid="ignore"):
        found = summarise((top / bottom)[:, None], fit.ci_prob)
    row = {name: float(value[0]) for name, value in found.items()}
    days = f"{date(fit.days[0])} to {date(fit.days[-1])}"
    return _made(names, question, row, f"{title} is {_with_interval(fit, row)}, from {days}.")


def _ratios(results: Results) -> Iterator[Quoted]:
    """Claimed over true losses of each stream, over the whole period."""
    fit, claimants = results.fit, short_names(results.fit.conflict)
    for group in ("person", "equipment"):
        rows = ratio_rows(fit, results.biases, group=group)
        # Of a ledger and its recount, the one that the question is answered with.
        first = ranked(rows).drop_duplicates(STREAM).index
        for row in rows[rows.index.isin(first)].to_dict("records"):
            names = tuple(str(row[name]) for name in STREAM)
            claimant, party, category = names
            title = (
                f"The figures of {claimants[claimant]} on losses of "
                f"{party_title(fit.conflict, party)} ({category_title(fit, category)})"
            )
            own = {name: row[f"ratio_{name}"] for name in ("median", "lower", "upper")}
            sentence = (
                f"{title} are {_with_interval(fit, own)} times the losses under their own "
                "definition."
            )
            yield _made(("ratio", *names), " ".join(("ratio", *names)), own, sentence)


def _made(names: tuple[str, ...], question: str, row: Mapping[Any, Any], sentence: str) -> Quoted:
    median, lower, upper = (float(row[name]) for name in ("median", "lower", "upper"))
    return Quoted("-".join(names), question, median, lower, upper, sentence)


def _with_interval(fit: Fit, row: Mapping[Any, Any]) -> str:
    return f"{estimate_text(row)} ({level(fit)} credible interval {interval(row)})"
