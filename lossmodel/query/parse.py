"""The language of questions: text -> quantities and windows of a fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.posterior.tables import reported_series, streams_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lossmodel.posterior.fit import Fit

__all__ = ["GRAMMAR", "Division", "Passing", "Quantity", "Window", "parsed"]

GRAMMAR: Final = """\
A question is one of
  QUANTITY [WINDOW]                          killed russia 2023
  QUANTITY [WINDOW] / QUANTITY [WINDOW]      killed ukraine / killed russia 2024
  when QUANTITY passes NUMBER                when killed russia passes 100000
QUANTITY is CATEGORY PARTY [SCOPE], or ratio CLAIMANT PARTY [CATEGORY]
  (a claimant's figures / the truth under their own definition); A+B is the sum of A and B
WINDOW is 2023 | 2023-05 | 2023-05-17 | 2023-05-01..2023-06-15 | cumulative [2023-05-17]
  (none: cumulative to the last day; a quotient's one window holds for both)
Upper and lower case are the same."""

_SEPARATOR: Final = re.compile(r"[\s/]")
_NUMBER: Final = re.compile(r"(\d+(?:_\d+)*|\d{1,3}(?:,\d{3})+)(\.\d+)?(e\d+)?")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_WINDOW: Final = re.compile(r"cumulative|\d{4}([-.].*)?")
_COUNTED: Final = ("killed", "wounded", "casualties")


@dataclass(frozen=True)
class Quantity:
    """Losses of a party, or a claimant's ratio where `stream` is given."""

    category: str
    party: str
    scope: str = "all"
    claimant: str = ""
    stream: int | None = None
    summed: bool = False

    def __str__(self) -> str:
        if self.stream is not None:
            return f"ratio {self.claimant} {self.party} {self.category}"
        return f"{self.category} {self.party} {self.scope}"


@dataclass(frozen=True)
class Window:
    """Closed range of days by position, and what kind of window it is."""

    measure: str
    first: int
    last: int


@dataclass(frozen=True)
class Division:
    """One quantity over its window, or two to be divided."""

    parts: tuple[tuple[Quantity, Window], ...]


@dataclass(frozen=True)
class Passing:
    """The day on which the running total of a quantity reaches a number."""

    quantity: Quantity
    number: float


def parsed(text: str, fit: Fit) -> Division | Passing:
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
        return Division((_part(words, fit, None),))
    at = words.index("/")
    under = _part(words[at + 1 :], fit, None)
    return Division((_part(words[:at], fit, under[1]), under))


def _words(text: str, fit: Fit) -> list[str]:
    """Words and division signs; a name with blanks or slashes in it is one word."""
    conflict = fit.conflict
    names = {*conflict.parties, *conflict.categories, *conflict.scopes}
    names |= set(streams_table(fit)["claimant"])
    odd = [name.lower() for name in names if _SEPARATOR.search(name)]
    # The longest first, and only where no other word begins or ends in the midst of it.
    pieces = "|".join(map(re.escape, sorted(odd, key=len, reverse=True)))
    whole = rf"(?<![^\s/+])(?:{pieces})(?![^\s/+])|" if odd else ""
    return re.findall(rf"(?:{whole}[^\s/])+|/", text)


def _error(problem: str) -> UsageError:
    return UsageError(f"{problem}\n{GRAMMAR}")


def _passing(words: list[str], fit: Fit) -> Passing:
    if words.count("passes") != 1 or len(words) < 2 or words[-2] != "passes":
        raise _error("After 'when' comes: QUANTITY passes NUMBER.")
    found = _NUMBER.fullmatch(words[-1])
    if found is None:
        raise _error(f"{words[-1]!r} is not a number such as 100000.")
    number = float(words[-1].replace(",", "").replace("_", ""))
    if not 0 < number < float("inf"):
        raise _error(f"{words[-1]} is passed at once or never; give a number over 0.")
    return Passing(_quantity(words[:-2], fit), number)


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
    categories = [c for p, c, s in _modelled(fit)]
    parties = [p for p, c, s in _modelled(fit)]
    declared = [name for name, party in fit.conflict.parties.items() if party.sum]
    names = [words[0]] if words[0] in map(str.lower, categories) else words[0].split("+")
    chosen = [_known(name, "category", categories) for name in names]
    if len(set(chosen)) < len(chosen) or ("casualties" in chosen and len(chosen) > 1):
        raise _error(f"{words[0]!r} counts something twice.")
    party, summed = _parties(words[1], [*declared, *parties], fit)
    scope = _known(words[2], "scope", fit.conflict.scopes) if len(words) == 3 else "all"
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


def _modelled(fit: Fit) -> list[tuple[str, str, str]]:
    return reported_series(fit)


def _check_series(party: str, summed: bool, category: str, scope: str, fit: Fit) -> None:
    """Refuse what the fit has no path for, naming what it has."""
    bases = party.split("+") if summed else fit.conflict.components(party)
    have = {(p, c) for p, c, _ in _modelled(fit)}
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
    return _chosen_stream(streams, party)


def _chosen_stream(streams: pd.DataFrame, party: str) -> Quantity:
    """Take people before equipment, the very party before a sum, then the most evidence."""
    ranked = streams.assign(
        person=streams["group"] == "person", exact=streams["party"] == party
    ).sort_values(["person", "exact", "n_used", "stream"], ascending=[False, False, False, True])
    row: Any = ranked.iloc[0]
    return Quantity(
        row["category"], row["party"], claimant=row["claimant"], stream=int(row["stream"])
    )


def _known(word: str, kind: str, names: Iterable[str]) -> str:
    """Give the name as the fit writes it."""
    known = {name.lower(): name for name in names}
    if word not in known:
        raise _error(f"No {kind} {word!r}; there are: {', '.join(sorted(known.values()))}.")
    return known[word]


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
