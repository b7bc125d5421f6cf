"""The quantities of a question: names of a fit -> losses, lethality or a claimant's ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lossmodel.errors import UsageError
from lossmodel.posterior.tables import reported_series, streams_table
from lossmodel.tables.categories import COUNTED
from lossmodel.text.grammar import grammar
from lossmodel.text.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from lossmodel.posterior.fit import Fit

__all__ = [
    "LETHALITY",
    "GrammarError",
    "Quantity",
    "grammar_error",
    "grammar_of",
    "ranked",
    "read_quantity",
]

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


class GrammarError(UsageError):
    """A question that is not understood, yet without the grammar."""


def grammar_error(problem: str) -> GrammarError:
    """The error of a question that is not understood."""
    return GrammarError(problem)


def grammar_of(fit: Fit) -> str:
    """The grammar with examples of a fit."""
    series = reported_series(fit)
    party, category, _ = series[0]
    # Of another party rather than of another category.
    others = sorted(series[1:], key=lambda key: (key[0] == party, key[1] != category))
    parts = [scope for p, c, scope in series if (p, c) == (party, category) and scope != "all"]
    days = fit.days
    return grammar(
        killed=f"{category} {party}",
        other=" ".join(reversed(others[0][:2])) if others else f"{category} {party}",
        first=str(days[len(days) // 3].date()),
        last=str(days[2 * len(days) // 3].date()),
        number=1000,
        scope=parts[0] if parts else "",
    )


def read_quantity(words: list[str], fit: Fit) -> Quantity:
    """Read a quantity against the names of a fit."""
    if words and words[0] == "ratio":
        return _ratio(words[1:], fit)
    if len(words) not in (2, 3):
        raise grammar_error(f"{' '.join(words)!r} is not a quantity: give CATEGORY PARTY [SCOPE].")
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
    also = (LETHALITY,) if "casualties" in categories else ()
    chosen = [_known(name, "category", categories, *also) for name in names]
    if len(set(chosen)) < len(chosen) or ("casualties" in chosen and len(chosen) > 1):
        raise grammar_error(f"{words[0]!r} counts something twice.")
    if len({fit.conflict.categories[name].group for name in chosen}) > 1:
        raise grammar_error(f"{words[0]!r} adds persons and equipment.")
    for category in chosen:
        _check_series(party, summed, category, scope, fit)
    return Quantity("+".join(chosen), party, scope, summed=summed)


def _parties(word: str, known: Iterable[str], fit: Fit) -> tuple[str, bool]:
    """Give a party, or several added up here; the flag says that no one declared the sum."""
    names = {name.lower(): name for name in known}
    if word in names:
        return names[word], False
    for name in word.split("+"):
        if name not in names and name in map(str.lower, fit.conflict.parties):
            there = ", ".join(sorted(names.values()))
            raise UsageError(f"The fit has no figure of {name}; there are estimates of: {there}.")
    chosen = [_known(name, "party", names.values()) for name in word.split("+")]
    bases = [base for name in chosen for base in fit.conflict.components(name)]
    if len(set(bases)) < len(bases):
        raise grammar_error(f"{word!r} counts a party twice.")
    return "+".join(bases), True


def _check_series(party: str, summed: bool, category: str, scope: str, fit: Fit) -> None:
    """Refuse what the fit has no path for, naming what it has."""
    bases = party.split("+") if summed else fit.conflict.components(party)
    have = {(p, c) for p, c, _ in reported_series(fit)}
    missing = [base for base in bases if (base, category) not in have]
    if missing:
        known = ", ".join(sorted({c for p, c in have if p == missing[0]}))
        raise grammar_error(
            f"The fit has no {category} of {missing[0]}; it has {known or 'nothing'}."
        )
    owner = fit.conflict.scopes[scope].party
    if scope != "all" and (list(bases) != [owner] if owner else len(bases) > 1):
        raise grammar_error(f"The scope {scope!r} is not one of {party}; it belongs to {owner}.")
    described = fit.conflict.scopes[scope]
    if scope != "all" and described.share is None and described.complement_of is None:
        raise grammar_error(
            f"The conflict gives no prior of the share of {scope!r}, so it is not modelled."
        )
    if scope != "all" and category not in COUNTED:
        raise grammar_error(f"The scope {scope!r} divides killed and wounded, not {category}.")


def _ratio(words: list[str], fit: Fit) -> Quantity:
    if len(words) not in (2, 3):
        raise grammar_error("After 'ratio' comes: CLAIMANT PARTY [CATEGORY].")
    streams = streams_table(fit)
    claimant = _known(words[0], "claimant", streams["claimant"])
    streams = streams[streams["claimant"] == claimant]
    party = _known(words[1], "party", fit.conflict.parties)
    # A claimant may count a party only together with another: General Staffs often do.
    about = [party == name or party in fit.conflict.components(name) for name in streams["party"]]
    streams = streams[about]
    if streams.empty:
        raise grammar_error(f"The fit has no figures of {claimant} about {party}.")
    if len(words) == 3:
        category = _known(words[2], "category", streams["category"])
        streams = streams[streams["category"] == category]
    return _chosen_stream(streams, party, named=len(words) == 3)


def ranked(
    streams: pd.DataFrame,
    *,
    person: pd.Series[bool] | bool = True,
    exact: pd.Series[bool] | bool = True,
) -> pd.DataFrame:
    """Streams in the order in which a question without a category takes them.

    People come before equipment, then the most evidence, then the very party before a sum, and at
    last the order of the table.

    Parameters
    ----------
    streams
        With a column n_used, and an index in the order of the fit.
    person, exact
        Whether each counts people, and whether it is of the very party.
    """
    table = streams.assign(person=person, exact=exact).sort_index(kind="stable")
    return table.sort_values(["person", "n_used", "exact"], ascending=False, kind="stable")


def _chosen_stream(streams: pd.DataFrame, party: str, *, named: bool) -> Quantity:
    table = ranked(streams, person=streams["group"] == "person", exact=streams["party"] == party)
    row: Any = table.iloc[0]
    others = [
        f"{other.category} {other.party} ({other.n_used:,})"
        for other in table.iloc[1:].itertuples()
    ]
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
    close = nearest(word, there)
    guess = f" Did you mean {close!r}?" if close else ""
    raise grammar_error(f"No {kind} {word!r}; there are: {', '.join(there)}.{guess}")
