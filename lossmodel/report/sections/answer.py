"""The answer: what each side has lost, now and a year ago."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lossmodel.report.blocks import Block, Section, Table, Text
from lossmodel.report.sections.alternatives import middle_range, other_table
from lossmodel.report.wording import (
    ASSUMED,
    category_title,
    date,
    estimate_text,
    interval,
    level,
    main_categories,
    main_parties,
    party_title,
    prior_share,
    scope_title,
    set_by,
)
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from lossmodel.report.results import Key, Results

__all__ = ["answer_section"]

PEOPLE: Final = ("killed", "wounded", "casualties")


def answer_section(results: Results) -> Section:
    """Sentences about both sides, then everybody and everything else."""
    main = main_parties(results.fit)
    headlines = [
        (party, category, "all")
        for party in main
        for category in main_categories(results.fit)
        if (party, category, "all") in results.cumulative
    ]
    blocks: list[Block] = [_reading(results), *(_sentence(results, key) for key in headlines)]
    blocks += [_scopes(results)]
    other = other_table(results, headlines)
    if other is not None:
        blocks += [Text("The same under other assumptions", tone="heading"), other]
    blocks += _others(results, main)
    return Section("answer", "The answer", blocks)


def _reading(results: Results) -> Text:
    fit = results.fit
    words = (
        "What the claims and the assumptions of this fit say. Each number is the middle (median) "
        f"of what is plausible; the true one lies within the interval with a probability of "
        f"{level(fit)}, if the assumptions hold. Casualties are the killed and the wounded. "
    )
    words += (
        "“Set by assumptions” marks a total of whose remaining uncertainty more than "
        f"{percent(ASSUMED)} comes from assumptions, above all on how far claimants are from the "
        "truth: more claims of the same kind would hardly narrow it."
    )
    return Text(words, tone="small")


def _sentence(results: Results, key: Key) -> Text:
    fit = results.fit
    party, category, _ = key
    now, before = results.total(key), results.year_ago(key)
    first, last = date(fit.days[0]), date(fit.days[-1])
    text = (
        f"{estimate_text(now)} ({level(fit)} credible interval {interval(now)}) from {first} to "
        f"{last}"
    )
    if before is not None:
        text += f"; a year before, to {date(before['end'])}, "
        text += f"{estimate_text(before)} ({interval(before)})"
    text += "."
    if assumed := set_by(fit, key):
        text += f" This is {assumed}"
        middle = middle_range(results, key)
        text += f"; other reasonable ones would put the middle at {middle}." if middle else "."
    whole = ", all who fight as its own" if category in PEOPLE else ""
    lead = f"{party_title(fit.conflict, party)}, {category}{whole}:"
    return Text(text, lead=lead, tone="answer")


def _scopes(results: Results) -> Text:
    fit = results.fit
    narrower = dict.fromkeys(s for _, _, s in fit.series if s != "all")
    if not any(category in PEOPLE for _, category, _ in fit.series):
        return Text("", tone="small")
    words = "“All who fight as its own” counts every unit under the party's command."
    for scope in narrower:
        party = next(p for p, _, s in fit.series if s == scope)
        words += (
            f" For {party_title(fit.conflict, party)} the table of everybody also has “{scope}”: "
            f"{scope_title(fit.conflict, scope)}."
        )
    return Text(words, tone="small")


def _others(results: Results, main: list[str]) -> list[Block]:
    """All totals of people, then of equipment, as tables."""
    fit = results.fit
    people = [key for key in fit.series if key[1] in PEOPLE]
    people.sort(key=lambda key: key[0] not in main)
    things = [key for key in fit.series if key[1] not in PEOPLE]
    blocks: list[Block] = []
    if people:
        blocks += [
            Text("Everybody, civilians included", tone="heading"),
            _table(results, "totals-people", people, "People"),
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
    before = "" if earlier is None else f"; a year before is {date(earlier['end'])}"
    interval_name = f"{level(fit)} interval"
    return Table(
        name,
        ["Lost", "Now", interval_name, "A year before", interval_name, "Set by assumptions"],
        [_row(results, key) for key in keys],
        caption=f"{caption} since {date(fit.days[0])}, up to {date(fit.days[-1])}{before}.",
        numeric=frozenset({1, 2, 3, 4}),
    )


def _assumed(share: float) -> str:
    if math.isnan(share):
        return "–"
    return f"{'yes' if share > ASSUMED else 'no'}, {percent(share)}"


def _row(results: Results, key: Key) -> list[str]:
    fit = results.fit
    party, category, scope = key
    now, before = results.total(key), results.year_ago(key)
    share = prior_share(fit, key)
    narrower = "" if scope == "all" else f" ({scope})"
    return [
        f"{party_title(fit.conflict, party)}, {category_title(fit, category)}{narrower}",
        estimate_text(now),
        interval(now),
        "–" if before is None else estimate_text(before),
        "–" if before is None else interval(before),
        _assumed(share),
    ]
