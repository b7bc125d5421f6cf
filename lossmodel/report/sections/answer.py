"""The headline totals, and a summary of all totals to the last day and one year earlier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lossmodel.posterior.contradictions import headline_warnings
from lossmodel.posterior.tables import reported_totals
from lossmodel.report.axis import Axis
from lossmodel.report.beside_figures import beside_figures
from lossmodel.report.blocks import Answer, Answers, Block, Section, Table, Text
from lossmodel.report.dial import span_of_medians
from lossmodel.report.one_claim import assumed_share, decisive_claim, hangs_on
from lossmodel.report.scale import scale_words
from lossmodel.report.sections.alternatives import alternatives_table, median_range
from lossmodel.report.sections.readings import readings_blocks
from lossmodel.report.wording import (
    CONFIDENCE,
    answer_keys,
    confidence,
    estimate_text,
    headline_keys,
    interval,
    is_civilian,
    level,
    main_parties,
    party_title,
    quantity_title,
    question_of,
    scope_title,
)
from lossmodel.tables.categories import COUNTED
from lossmodel.text.months import date, dates
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from lossmodel.api import Fit
    from lossmodel.evaluation.explanation import Explanation
    from lossmodel.report.results import Key, Results

__all__ = ["answer_section", "headline_answers"]


def headline_answers(results: Results) -> Answers | None:
    """The totals of the main parties and of killed civilians to the last day; None without any."""
    fit = results.fit
    keys = answer_keys(fit)
    if not keys:
        return None
    totals = [results.total(key) for key in keys]
    axis = Axis.over([limit for row in totals for limit in (row["lower"], row["upper"])])
    return Answers(
        when=_when(fit),
        items=[
            Answer(
                quantity_title(fit, key),
                estimate_text(row),
                interval(row),
                confidence(fit, key, row),
                question_of(key),
                *(axis.place(row[limit]) for limit in ("lower", "median", "upper")),
            )
            for key, row in zip(keys, totals, strict=True)
        ],
        ticks=axis.ticks(),
        note=f"Medians and {level(fit)} credible intervals{axis.words}. {CONFIDENCE}",
    )


def _when(fit: Fit) -> str:
    """The day by which claims were known, if one was asked for, and the last day of the losses."""
    last, as_of = date(fit.days[-1]), fit.evidence.as_of
    if as_of is None or date(as_of) == last:
        return f"As of {last}"
    return f"As of {date(as_of)}, with losses to {last}"


def answer_section(results: Results, explanation: Explanation | None = None) -> Section:
    """Sentences about the main parties, then tables of all totals.

    Where there are refits under other assumptions, they are given in place of approximations.
    """
    main = main_parties(results.fit)
    headlines = headline_keys(results.fit)
    blocks: list[Block] = [
        _introduction(results),
        *(_sentence(results, key, explanation) for key in headlines),
    ]
    blocks += [Text(words, tone="warning") for words in headline_warnings(results.fit)]
    blocks += [_scopes(results)]
    alternatives = None if explanation is not None else alternatives_table(results, headlines)
    if alternatives is not None:
        blocks += [Text("Sensitivity to assumptions", tone="heading"), alternatives]
    blocks += readings_blocks(results, headlines)
    blocks += _all_totals(results, main)
    return Section("answer", "Summary", blocks)


def _introduction(results: Results) -> Text:
    fit = results.fit
    words = (
        "Each number is a posterior median. Given the claims and the assumptions of the model, "
        f"the true value lies in the credible interval with a probability of {level(fit)}. "
        "Numbers are rounded to two digits of the half width of their interval, or of their own "
        "size where that is smaller. Casualties are killed plus wounded. “Assumed” is the share "
        "of the uncertainty, measured as variance, that comes from the priors and not from the "
        "figures: more claims of the same kind would hardly narrow it. Where a total hangs on one "
        "claim, it is not given, as only a prior says how far that claim errs. The section on "
        "identification says which assumptions these are."
    )
    return Text(words, tone="small")


def _sentence(results: Results, key: Key, explanation: Explanation | None = None) -> Text:
    fit = results.fit
    category = key[1]
    now, before = results.total(key), results.year_ago(key)
    first, last = date(fit.days[0]), date(fit.days[-1])
    total = f"{estimate_text(now)} ({level(fit)} credible interval {interval(now)})"
    text = f"{total} from {first} to {last}"
    if before is not None:
        text += f"; one year earlier, to {date(before['end'])}, "
        text += f"{estimate_text(before)} ({interval(before)})"
    text += "."
    hanging = hangs_on(fit, key, now)
    if assumed := scale_words(fit, key):
        medians = (
            median_range(results, key) if explanation is None else span_of_medians(explanation, key)
        )
        said = [] if hanging else [assumed]
        if medians:
            said.append(f"under other plausible priors the median would be {medians}")
        words = "; ".join(said)
        text += f" {words[:1].upper()}{words[1:]}." if words else ""
    if beside := beside_figures(fit, key):
        text += f" The median {beside}."
    if hanging:
        text += f" It {hanging}. How far that claim errs is assumed."
    whole = ", all forces" if category in COUNTED and not is_civilian(fit, key[0]) else ""
    lead = f"{quantity_title(fit, key)}{whole}:"
    return Text(text, lead=lead, tone="answer", quotes=(total, question_of(key)))


def _scopes(results: Results) -> Text:
    fit = results.fit
    narrower = dict.fromkeys(s for _, _, s in fit.series if s != "all")
    if not any(c in COUNTED and not is_civilian(fit, party) for party, c, _ in fit.series):
        return Text("", tone="small")
    words = "“All forces” are all units under the party's command."
    own = [
        f"{party_title(fit.conflict, next(p for p, _, s in fit.series if s == scope))} with the "
        f"scope “{scope}”: {scope_title(fit.conflict, scope)}"
        for scope in narrower
    ]
    return Text(
        f"{words} The table of people also has {'; '.join(own)}." if own else words, tone="small"
    )


def _all_totals(results: Results, main: list[str]) -> list[Block]:
    """All totals of people, then of equipment, as tables."""
    fit = results.fit
    every = reported_totals(fit)
    people = [key for key in every if key[1] in COUNTED]
    people.sort(key=lambda key: key[0] not in main)
    things = [key for key in every if key[1] not in COUNTED]
    blocks: list[Block] = []
    if people:
        parts = {part for party, *_ in people for part in fit.conflict.components(party)}
        civilians = any(is_civilian(fit, part) for part in parts)
        wounded = " and wounded" if any(category != "killed" for _, category, _ in people) else ""
        blocks += [
            Text("People, including civilians" if civilians else "People", tone="heading"),
            _table(results, "totals-people", people, f"People killed{wounded}"),
        ]
    if things:
        blocks += [
            Text("Equipment", tone="heading"),
            _table(results, "totals-equipment", things, "Equipment lost"),
        ]
    return blocks


def _table(results: Results, name: str, keys: list[Key], caption: str) -> Table:
    fit = results.fit
    earlier = results.year_ago(keys[0])
    before = "" if earlier is None else f"; one year earlier: to {date(earlier['end'])}"
    interval_name = f"{level(fit)} interval"
    alone = any(decisive_claim(fit, key) is not None for key in keys)
    return Table(
        name,
        ["Losses", "Total", interval_name, "One year earlier", interval_name, "Assumed"],
        [_row(results, key) for key in keys],
        caption=(
            f"{caption}, {dates(fit.days[0], fit.days[-1])}{before}. The percentage is "
            "the share of the posterior variance that comes from priors"
            + ("; “one claim”: the total hangs on one." if alone else ".")
        ),
        numeric=frozenset({1, 2, 3, 4, 5}),
    )


def _assumed(fit: Fit, key: Key) -> str:
    share = assumed_share(fit, key)
    if decisive_claim(fit, key) is not None:
        return "one claim"
    return "–" if math.isnan(share) else percent(share)


def _row(results: Results, key: Key) -> list[str]:
    fit = results.fit
    now, before = results.total(key), results.year_ago(key)
    return [
        quantity_title(fit, key),
        estimate_text(now),
        interval(now),
        "–" if before is None else estimate_text(before),
        "–" if before is None else interval(before),
        _assumed(fit, key),
    ]
