"""The language of questions: text -> quantities and windows of a fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lossmodel.conflict.types import base_names
from lossmodel.errors import UsageError
from lossmodel.posterior.tables import reported_series, streams_table
from lossmodel.text.grammar import GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lossmodel.posterior.fit import Fit

__all__ = ["Expression", "Passing", "Quantity", "Term", "Window", "parsed"]

# Characters that end a word, unless they stand in a name.
_SEPARATOR: Final = re.compile(r"[\s/()]")
_NUMBER: Final = re.compile(r"(\d+(?:_\d+)*|\d{1,3}(?:,\d{3})+)(\.\d+)?(e\d+)?")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_WINDOW: Final = re.compile(r"cumulative|\d{4}([-.].*)?")
_SIGNS: Final = {"+": 1, "-": -1}
_COUNTED: Final = ("killed", "wounded", "casualties")
LETHALITY: Final = "lethality"


@dataclass(frozen=True)
class Quantity:
    """Losses of a party, their lethality, or a claimant's ratio where `stream` is given.

    Attributes
    ----------
    summed
        Whether `party` is a sum that no one declared, to be added up here.
    others
        Other streams that a ratio without a category might have meant, the best supported first.
    """

    category: str
    party: str
    scope: str = "all"
    claimant: str = ""
    stream: int | None = None
    summed: bool = False
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.stream is not None:
            return f"ratio {self.claimant} {self.party} {self.category}"
        return f"{self.category} {self.party} {self.scope}"

    @property
    def is_ratio(self) -> bool:
        """Whether it is a number between two losses, and not losses."""
        return self.stream is not None or self.category == LETHALITY

    @property
    def parties(self) -> list[str]:
        """The parties whose losses are added up here."""
        return self.party.split("+") if self.summed else [self.party]

    @property
    def categories(self) -> list[str]:
        """The categories whose losses are added up here."""
        return self.category.split("+")


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
    words = _words(text.lower(), fit)
    if not words:
        raise _error("The question is empty.")
    if words[0] == "when":
        return _passing(words[1:], fit)
    if words.count("/") > 1:
        raise _error("Only two quantities can be divided.")
    if "/" not in words:
        return Expression((_sum(words, fit),))
    at = words.index("/")
    over, under = words[:at], words[at + 1 :]
    for side in (over, under):
        if not _in_parentheses(side) and not _SIGNS.keys().isdisjoint(side):
            raise _error("In a quotient a sum stands in parentheses.")
    divisor = _sum(under, fit)
    return Expression((_sum(over, fit, divisor[0].window), divisor))


def _words(text: str, fit: Fit) -> list[str]:
    """Words and signs; a name with blanks, slashes or parentheses in it is one word."""
    conflict = fit.conflict
    names = {*conflict.parties, *conflict.categories, *conflict.scopes}
    names |= set(streams_table(fit)["claimant"])
    odd = [name.lower() for name in names if _SEPARATOR.search(name)]
    # The longest first, and only where no other word begins or ends in the midst of it.
    pieces = "|".join(map(re.escape, sorted(odd, key=len, reverse=True)))
    whole = rf"(?<![^\s/+(])(?:{pieces})(?![^\s/+)])|" if odd else ""
    return re.findall(rf"(?:{whole}[^\s/()])+|[/()]", text)


def _error(problem: str) -> UsageError:
    return UsageError(f"{problem}\n{GRAMMAR}")


def _in_parentheses(words: list[str]) -> bool:
    return words[:1] == ["("] and words[-1:] == [")"]


def _sum(words: list[str], fit: Fit, default: Window | None = None) -> tuple[Term, ...]:
    """Read terms from the last to the first: the window of one holds for those before it."""
    if _in_parentheses(words):
        words = words[1:-1]
    if "(" in words or ")" in words:
        raise _error("Parentheses stand around a whole sum, and not within one another.")
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
        raise _error("Only like numbers are added: persons, equipment, or ratios.")
    for one, other in combinations(terms, 2):
        if one.sign == other.sign and not one.quantity.is_ratio and _overlap(one, other, fit):
            raise _error(f"{str(other.quantity)!r} counts losses again that another term counts.")


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
        raise _error("After 'when' comes: SUM passes NUMBER.")
    found = _NUMBER.fullmatch(words[-1])
    if found is None:
        raise _error(f"{words[-1]!r} is not a number such as 100000.")
    number = float(words[-1].replace(",", "").replace("_", ""))
    if not 0 < number < float("inf"):
        raise _error(f"{words[-1]} is passed at once or never; give a number over 0.")
    terms = _sum(words[:-2], fit)
    whole = Window("cumulative", 0, len(fit.days) - 1)
    if any(term.window != whole for term in terms):
        raise _error("A running total has no window of its own.")
    return Passing(terms, number)


def _part(words: list[str], fit: Fit, default: Window | None) -> tuple[Quantity, Window]:
    """Read a quantity and the window that may follow it."""
    at = next((i for i, word in enumerate(words) if _WINDOW.fullmatch(word)), len(words))
    quantity = _quantity(words[:at], fit)
    if at == len(words):
        return quantity, default or Window("cumulative", 0, len(fit.days) - 1)
    return quantity, _window(words[at:], fit.days)


def _quantity(words: list[str], fit: Fit) -> Quantity:
    if words and words[0] == "ratio":
        return _ratio(words[1:], fit)
    if len(words) not in (2, 3):
        raise _error(f"{' '.join(words)!r} is not a quantity: give CATEGORY PARTY [SCOPE].")
    series = reported_series(fit)
    declared = [name for name, party in fit.conflict.parties.items() if party.sum]
    party, summed = _parties(words[1], [*declared, *(p for p, _, _ in series)], fit)
    scope = _known(words[2], "scope", fit.conflict.scopes) if len(words) == 3 else "all"
    categories = {c for _, c, _ in series}
    if words[0] == LETHALITY and LETHALITY not in map(str.lower, categories):
        for category in ("killed", "casualties"):
            _check_series(party, summed, category, scope, fit)
        return Quantity(LETHALITY, party, scope, summed=summed)
    names = [words[0]] if words[0] in map(str.lower, categories) else words[0].split("+")
    chosen = [_known(name, "category", categories, LETHALITY) for name in names]
    if len(set(chosen)) < len(chosen) or ("casualties" in chosen and len(chosen) > 1):
        raise _error(f"{words[0]!r} counts something twice.")
    if len({fit.conflict.categories[name].group for name in chosen}) > 1:
        raise _error(f"{words[0]!r} adds persons and equipment.")
    for category in chosen:
        _check_series(party, summed, category, scope, fit)
    return Quantity("+".join(chosen), party, scope, summed=summed)


def _parties(word: str, known: Iterable[str], fit: Fit) -> tuple[str, bool]:
    """Give a party, or several added up here; the flag says that no one declared the sum."""
    names = {name.lower(): name for name in known}
    if word in names:
        return names[word], False
    chosen = [_known(name, "party", names.values()) for name in word.split("+")]
    bases = [base for name in chosen for base in fit.conflict.components(name)]
    if len(set(bases)) < len(bases):
        raise _error(f"{word!r} counts a party twice.")
    return "+".join(bases), True


def _check_series(party: str, summed: bool, category: str, scope: str, fit: Fit) -> None:
    """Refuse what the fit has no path for, naming what it has."""
    bases = party.split("+") if summed else fit.conflict.components(party)
    have = {(p, c) for p, c, _ in reported_series(fit)}
    missing = [base for base in bases if (base, category) not in have]
    if missing:
        known = ", ".join(sorted({c for p, c in have if p == missing[0]}))
        raise _error(f"The fit has no {category} of {missing[0]}; it has {known or 'nothing'}.")
    owner = fit.conflict.scopes[scope].party
    if scope != "all" and (list(bases) != [owner] if owner else len(bases) > 1):
        raise _error(f"The scope {scope!r} is not one of {party}; it belongs to {owner}.")
    described = fit.conflict.scopes[scope]
    if scope != "all" and described.share is None and described.complement_of is None:
        raise _error(
            f"The conflict gives no prior of the share of {scope!r}, so it is not modelled."
        )
    if scope != "all" and category not in _COUNTED:
        raise _error(f"The scope {scope!r} divides killed and wounded, not {category}.")


def _ratio(words: list[str], fit: Fit) -> Quantity:
    if len(words) not in (2, 3):
        raise _error("After 'ratio' comes: CLAIMANT PARTY [CATEGORY].")
    streams = streams_table(fit)
    claimant = _known(words[0], "claimant", streams["claimant"])
    streams = streams[streams["claimant"] == claimant]
    party = _known(words[1], "party", fit.conflict.parties)
    # A claimant may count a party only together with another: General Staffs often do.
    about = [party == name or party in fit.conflict.components(name) for name in streams["party"]]
    streams = streams[about]
    if streams.empty:
        raise _error(f"The fit has no figures of {claimant} about {party}.")
    if len(words) == 3:
        category = _known(words[2], "category", streams["category"])
        streams = streams[streams["category"] == category]
    return _chosen_stream(streams, party, named=len(words) == 3)


def _chosen_stream(streams: pd.DataFrame, party: str, *, named: bool) -> Quantity:
    """Take people before equipment, the very party before a sum, then the most evidence.

    A stream without evidence comes after all that have some.
    """
    ranked = streams.assign(
        person=streams["group"] == "person",
        bears=streams["n_used"] > 0,
        exact=streams["party"] == party,
    ).sort_values(
        ["person", "bears", "exact", "n_used", "stream"],
        ascending=[False, False, False, False, True],
    )
    row: Any = ranked.iloc[0]
    others = [f"{other.party} {other.category}" for other in ranked.iloc[1:].itertuples()]
    return Quantity(
        row["category"],
        row["party"],
        claimant=row["claimant"],
        stream=int(row["stream"]),
        others=() if named else tuple(others),
    )


def _known(word: str, kind: str, names: Iterable[str], *more: str) -> str:
    """Give the name as the fit writes it; `more` are other words that may stand there."""
    known = {name.lower(): name for name in names}
    if word in known:
        return known[word]
    there = sorted({*known.values(), *more})
    close = get_close_matches(word, [name.lower() for name in there], n=1)
    guess = f" Did you mean {known.get(close[0], close[0])!r}?" if close else ""
    raise _error(f"No {kind} {word!r}; there are: {', '.join(there)}.{guess}")


def _window(words: list[str], days: pd.DatetimeIndex) -> Window:
    if words[0] == "cumulative":
        if len(words) > 2:
            raise _error(f"After 'cumulative' comes at most a date, not {' '.join(words[1:])!r}.")
        last = _date(words[1], days) if len(words) == 2 else days[-1]
        return _positions("cumulative", days[0], last, days)
    if len(words) > 1:
        raise _error(f"After the window {words[0]!r} nothing follows, but {words[1]!r} does.")
    word = words[0]
    if ".." in word:
        first, _, last_word = word.partition("..")
        return _positions("period", _date(first, days), _date(last_word, days), days)
    for form, measure in ((r"\d{4}", "yearly"), (r"\d{4}-\d{2}", "monthly")):
        if re.fullmatch(form, word):
            return _calendar(word, measure, days)
    date = _date(word, days)
    return _positions("daily", date, date, days)


def _calendar(word: str, measure: str, days: pd.DatetimeIndex) -> Window:
    """Find a year or a month, clipped to the days of the fit."""
    try:
        period = pd.Period(word, freq="Y" if measure == "yearly" else "M")
    except ValueError as error:
        raise _error(f"{word!r} is not a year or a month.") from error
    last = min(period.end_time.normalize(), days[-1])
    return _positions(measure, max(period.start_time, days[0]), last, days)


def _positions(
    measure: str, start: pd.Timestamp, end: pd.Timestamp, days: pd.DatetimeIndex
) -> Window:
    if end < start and measure == "period":
        raise _error(f"The window ends on {end.date()}, before its start on {start.date()}.")
    if end > days[-1] or end < days[0] or start > days[-1]:
        raise _error(f"The window is outside of {days[0].date()}..{days[-1].date()}.")
    first = int((max(start, days[0]) - days[0]).days)
    return Window(measure, first, int((end - days[0]).days))


def _date(word: str, days: pd.DatetimeIndex) -> pd.Timestamp:
    try:
        if _DATE.fullmatch(word):
            return pd.Timestamp(word)
    except ValueError as error:
        raise _error(f"{word!r} is not a day of the calendar.") from error
    raise _error(f"{word!r} is not a date such as {days[-1].date()}.")
