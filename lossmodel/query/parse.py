"""The language of questions: text -> quantities and windows of a fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import pandas as pd

from lossmodel.conflict.types import base_names
from lossmodel.errors import UsageError
from lossmodel.posterior.tables import claimants_of
from lossmodel.query.calendar_words import is_month, with_numbers
from lossmodel.query.quantities import (
    GrammarError,
    Quantity,
    grammar_error,
    grammar_of,
    read_quantity,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.posterior.fit import Fit

__all__ = ["Expression", "Passing", "Term", "Window", "parsed"]

# Characters that end a word, unless they stand in a name.
_SEPARATOR: Final = re.compile(r"[\s/()]")
_NUMBER: Final = re.compile(r"(\d+(?:_\d+)*|\d{1,3}(?:,\d{3})+)(\.\d+)?(e\d+)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WINDOW: Final = re.compile(r"cumulative|\d{4}([-.].*)?", re.ASCII)
# Windows of the calendar: their measure, and their frequency in pandas.
_CALENDAR: Final = {
    r"\d{4}": ("yearly", "Y"),
    r"\d{4}-q[1-4]": ("period", "Q"),
    r"\d{4}-\d{2}": ("monthly", "M"),
}
_SIGNS: Final = {"+": 1, "-": -1}


@dataclass(frozen=True)
class Window:
    """Closed range of days by position, and what kind of window it is."""

    measure: str
    first: int
    last: int


@dataclass(frozen=True)
class Term:
    """A quantity over its window, added or (sign -1) subtracted."""

    quantity: Quantity
    window: Window
    sign: int = 1


@dataclass(frozen=True)
class Expression:
    """One sum, or two to be divided."""

    sums: tuple[tuple[Term, ...], ...]


@dataclass(frozen=True)
class Passing:
    """The day on which the running total of a sum reaches a number."""

    terms: tuple[Term, ...]
    number: float


def parsed(text: str, fit: Fit) -> Expression | Passing:
    """Read a question against the names and the days of a fit.

    Raises
    ------
    UsageError
        With what was not understood, what would be, and the grammar.
    """
    try:
        return _parsed(text, fit)
    except GrammarError as error:
        raise UsageError(f"{error}\n{grammar_of(fit)}") from error


def _parsed(text: str, fit: Fit) -> Expression | Passing:
    words = _words(text.lower(), fit)
    if not words:
        raise grammar_error("The question is empty.")
    if words[0] == "when":
        return _passing(words[1:], fit)
    if words.count("/") > 1:
        raise grammar_error("Only two quantities can be divided.")
    if "/" not in words:
        return Expression((_sum(words, fit),))
    at = words.index("/")
    over, under = words[:at], words[at + 1 :]
    for side in (over, under):
        if not _in_parentheses(side) and not _SIGNS.keys().isdisjoint(side):
            raise grammar_error("In a quotient a sum stands in parentheses.")
    divisor = _sum(under, fit)
    return Expression((_sum(over, fit, divisor[0].window), divisor))


def _words(text: str, fit: Fit) -> list[str]:
    """Words and signs; a name with blanks, slashes or parentheses in it is one word."""
    conflict = fit.conflict
    names = {*conflict.parties, *conflict.categories, *conflict.scopes}
    names |= claimants_of(fit)
    text = with_numbers(text, {name.lower() for name in names})
    odd = [name.lower() for name in names if _SEPARATOR.search(name)]
    # The longest first, and only where no other word begins or ends in the midst of it.
    pieces = "|".join(map(re.escape, sorted(odd, key=len, reverse=True)))
    whole = rf"(?<![^\s/+(])(?:{pieces})(?![^\s/+)])|" if odd else ""
    return re.findall(rf"(?:{whole}[^\s/()])+|[/()]", text)


def _in_parentheses(words: list[str]) -> bool:
    return words[:1] == ["("] and words[-1:] == [")"]


def _sum(words: list[str], fit: Fit, default: Window | None = None) -> tuple[Term, ...]:
    """Read terms from the last to the first: the window of one holds for those before it."""
    if _in_parentheses(words):
        words = words[1:-1]
    if "(" in words or ")" in words:
        raise grammar_error("Parentheses stand around a whole sum, and not within one another.")
    terms: list[Term] = []
    end = len(words)
    for at in reversed(range(-1, len(words))):
        if at == -1 or words[at] in _SIGNS:
            sign = 1 if at == -1 else _SIGNS[words[at]]
            quantity, window = _part(words[at + 1 : end], fit, default)
            terms.insert(0, Term(quantity, window, sign))
            default, end = window, at
    _check_sum(terms, fit)
    return tuple(terms)


def _check_sum(terms: Sequence[Term], fit: Fit) -> None:
    """Refuse sums of unlike numbers, and those that count a loss twice."""
    if len({_unit(term.quantity, fit) for term in terms}) > 1:
        raise grammar_error("Only like numbers are added: persons, equipment, or ratios.")
    for one, other in combinations(terms, 2):
        if one.sign == other.sign and not one.quantity.is_ratio and _overlap(one, other, fit):
            raise grammar_error(
                f"{str(other.quantity)!r} counts losses again that another term counts."
            )


def _unit(quantity: Quantity, fit: Fit) -> str:
    return "ratio" if quantity.is_ratio else fit.conflict.categories[quantity.categories[0]].group


def _overlap(one: Term, other: Term, fit: Fit) -> bool:
    """Whether two terms count some of the same losses."""
    if one.window.last < other.window.first or other.window.last < one.window.first:
        return False
    if "all" not in (a := one.quantity.scope, b := other.quantity.scope) and a != b:
        return False
    quantities = (one.quantity, other.quantity)
    parties = [{b for p in q.parties for b in fit.conflict.components(p)} for q in quantities]
    kinds = fit.conflict.categories
    categories = [{b for c in q.categories for b in base_names(kinds, c)} for q in quantities]
    return not parties[0].isdisjoint(parties[1]) and not categories[0].isdisjoint(categories[1])


def _passing(words: list[str], fit: Fit) -> Passing:
    if words.count("passes") != 1 or len(words) < 2 or words[-2] != "passes":
        raise grammar_error("After 'when' comes: SUM passes NUMBER.")
    found = _NUMBER.fullmatch(words[-1])
    if found is None:
        raise grammar_error(f"{words[-1]!r} is not a number such as 100000.")
    number = float(words[-1].replace(",", "").replace("_", ""))
    if not 0 < number < float("inf"):
        raise grammar_error(f"{words[-1]} is passed at once or never; give a number over 0.")
    terms = _sum(words[:-2], fit)
    whole = Window("cumulative", 0, len(fit.days) - 1)
    if any(term.window != whole for term in terms):
        raise grammar_error("A running total has no window of its own.")
    return Passing(terms, number)


def _part(words: list[str], fit: Fit, default: Window | None) -> tuple[Quantity, Window]:
    """Read a quantity and the window that may follow it."""
    at = next((i for i, word in enumerate(words) if _WINDOW.fullmatch(word)), len(words))
    if at and is_month(words[at - 1]) and words[at - 1] not in fit.conflict.scopes:
        there = f"{words[at - 1]} {fit.days[-1].year}"
        raise grammar_error(f"{words[at - 1]!r} is a month without its year: write {there}.")
    quantity = read_quantity(words[:at], fit)
    if at == len(words):
        return quantity, default or Window("cumulative", 0, len(fit.days) - 1)
    return quantity, _window(words[at:], fit.days)


def _window(words: list[str], days: pd.DatetimeIndex) -> Window:
    if words[0] == "cumulative":
        if len(words) > 2:
            raise grammar_error(
                f"After 'cumulative' comes at most a date, not {' '.join(words[1:])!r}."
            )
        last = _date(words[1], days) if len(words) == 2 else days[-1]
        return _positions("cumulative", days[0], last, days)
    if len(words) > 1:
        raise grammar_error(
            f"After the window {words[0]!r} nothing follows, but {words[1]!r} does."
        )
    word = words[0]
    if ".." in word:
        first, _, last_word = word.partition("..")
        return _positions("period", _date(first, days), _date(last_word, days), days)
    for form in _CALENDAR:
        if re.fullmatch(form, word):
            return _calendar(word, form, days)
    date = _date(word, days)
    return _positions("daily", date, date, days)


def _calendar(word: str, form: str, days: pd.DatetimeIndex) -> Window:
    """Find a year, a quarter or a month, clipped to the days of the fit."""
    measure, frequency = _CALENDAR[form]
    try:
        period = pd.Period(word, freq=frequency)
    except ValueError as error:
        raise grammar_error(f"{word!r} is not a year, a quarter or a month.") from error
    last = min(period.end_time.normalize(), days[-1])
    return _positions(measure, max(period.start_time, days[0]), last, days)


def _positions(
    measure: str, start: pd.Timestamp, end: pd.Timestamp, days: pd.DatetimeIndex
) -> Window:
    if end < start and measure == "period":
        raise grammar_error(f"The window ends on {end.date()}, before its start on {start.date()}.")
    if end > days[-1] or end < days[0] or start > days[-1]:
        raise grammar_error(f"The window is outside of {days[0].date()}..{days[-1].date()}.")
    first = int((max(start, days[0]) - days[0]).days)
    return Window(measure, first, int((end - days[0]).days))


def _date(word: str, days: pd.DatetimeIndex) -> pd.Timestamp:
    try:
        if _DATE.fullmatch(word):
            return pd.Timestamp(word)
    except ValueError as error:
        raise grammar_error(f"{word!r} is not a day of the calendar.") from error
    raise grammar_error(f"{word!r} is not a date such as {days[-1].date()}.")
