"""Copies: figures that may repeat another claimant's earlier figure without saying so.

A figure is either its claimant's own or a copy. Both have a probability for the printed, rounded
number. That of a copy is here: how often the figures that could be its original, rounded as it is,
give just this number. That of the claimant's own is the model's, over the same cell of numbers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lossmodel.evidence.claim_records import Figure, Key
from lossmodel.evidence.originals import Originals
from lossmodel.evidence.printed import TINY, Found, Original, cell, cell_unit

if TYPE_CHECKING:
    from lossmodel.conflict.conflict import Conflict

__all__ = ["Copies", "Copy", "find_copies", "repeat_table", "significant_digits"]

# Prior of the share of copies among figures that are no staff's own: one in ten before any mark is
# read, since most claimants say whom they quote, with the weight of ten figures.
PRIOR_COPIES, PRIOR_FIGURES = 1.0, 10.0
# A copy is misprinted, converted or of an original that is not in the table once in twenty times.
SLIP: Final = 0.05
# Density of the log of a figure before anything is known but the order of magnitude: a normal with
# sd 1 at its centre.
VAGUE: Final = 1 / math.sqrt(2 * math.pi)
# Two counts of the same losses may agree in two digits because both are right.
DIGITS: Final = 3
# Of the iteration for the share, whose error falls by more than half in each.
STEPS: Final = 50
# Weight of the share of copies among all claimants beside the other figures of one: habits differ
# as much as they can, since a paper either has a desk of its own or has not.
HABIT: Final = 1.0
# A match this unlikely is none.
NEGLIGIBLE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Copy:
    """That a figure may be a copy.

    Attributes
    ----------
    prior
        Probability of a copy before its number is read.
    match
        Probability of its printed number if it is a copy.
    unit
        Rounding unit of the printed number, in units of the value.
    of
        Claims of the probable originals, the likeliest first.
    """

    prior: float
    match: float
    unit: float
    of: tuple[str, ...]

    def ratio(self, figure: Figure) -> float:
        """How much likelier the number is of a copy, if only the losses' magnitude is known."""
        own = VAGUE * self.unit / figure.value
        return self.match / own + SLIP

    def odds(self, figure: Figure) -> float:
        """Odds of a copy where only the order of magnitude of the losses is known."""
        return self.prior / (1 - self.prior) * self.ratio(figure)


# By claim.
Copies = dict[str, Copy]


def find_copies(figures: Sequence[Figure], conflict: Conflict, *, first: int) -> Copies:
    """Figures that an earlier figure of another claimant could explain.

    Estimates are judged one by one. A ledger, list or register is one book: it is a copy as a
    whole, and its figures have the probability of that as their prior.

    Parameters
    ----------
    figures
        Figures with relays attributed to their original claimants.
    conflict
        Its parties and streams.
    first
        First day of the conflict, in days since 1970.

    Examples
    --------
    >>> from lossmodel.claims.claims import load_claims
    >>> from lossmodel.evidence.claim_records import day_number, read_figures
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> figures, war = read_figures(claims), claims.conflict
    >>> copies = find_copies(figures, war, first=day_number(war.start))
    >>> all(0 < copy.match <= 1 for copy in copies.values())
    True
    """
    originals = Originals(figures, conflict, first)
    may = [figure for figure in figures if _may_repeat(figure)]
    estimates = [figure for figure in may if originals.accounting(figure.key).assesses]
    marked = [figure for figure in figures if figure.relayed]
    centre = (PRIOR_COPIES + len(marked)) / (PRIOR_FIGURES + len(marked) + len(estimates))
    together = [figure for figure in estimates if originals.is_together(figure)]
    apart = [figure for figure in estimates if not originals.is_together(figure)]
    judged = _judge(apart, originals, centre)
    # Of two figures of one day the one whose claimant repeats others is the copy.
    originals.habit = _habits(judged, apart)
    judged |= _judge(together, originals, centre)
    pairs = [(figure, judged[figure.claim_id]) for figure in estimates if figure.claim_id in judged]
    share = _share(pairs, centre)
    copies = _by_habit(pairs, share)
    books: defaultdict[Key, list[Figure]] = defaultdict(list)
    for figure in may:
        if not originals.accounting(figure.key).assesses:
            books[figure.key].append(figure)
    for book in books.values():
        copies |= _copied_book(book, share, originals)
    return {name: copy for name, copy in copies.items() if copy.match > NEGLIGIBLE}


def _judge(figures: Iterable[Figure], originals: Originals, prior: float) -> Copies:
    """The copies that figures may be, of those that something could be the original of."""
    series: defaultdict[Key, list[Figure]] = defaultdict(list)
    for figure in figures:
        series[figure.key].append(figure)
    return {
        figure.claim_id: _copy(figure, found, prior)
        for group in series.values()
        for figure, found in originals.of(group)
    }


def _habits(judged: Copies, figures: Iterable[Figure]) -> dict[str, float]:
    """Share of each claimant's figures that are probably copies."""
    copied: defaultdict[str, float] = defaultdict(float)
    total: defaultdict[str, int] = defaultdict(int)
    for figure in figures:
        total[figure.claimant] += 1
        if figure.claim_id in judged:
            odds = judged[figure.claim_id].odds(figure)
            copied[figure.claimant] += odds / (1 + odds)
    return {claimant: copied[claimant] / total[claimant] for claimant in total}


def _by_habit(figures: Sequence[tuple[Figure, Copy]], share: float) -> Copies:
    """The copies with the prior of their claimant, by what its other figures probably are.

    A claimant that repeats often repeats again: rounded totals that agree with another's on three
    dates of three are no chance, though each alone may be.
    """
    chance = {f.claim_id: copy.odds(f) for f, copy in figures}
    chance = {name: odds / (1 + odds) for name, odds in chance.items()}
    own: defaultdict[str, list[float]] = defaultdict(list)
    for figure, _ in figures:
        own[figure.claimant].append(chance[figure.claim_id])
    copies = {}
    total = {claimant: sum(chances) for claimant, chances in own.items()}
    for figure, copy in figures:
        copied = total[figure.claimant] - chance[figure.claim_id]
        prior = (HABIT * share + copied) / (HABIT + len(own[figure.claimant]) - 1)
        copies[figure.claim_id] = replace(copy, prior=prior)
    return copies


def _share(figures: Iterable[tuple[Figure, Copy]], centre: float) -> float:
    """Share of copies among the figures that no claimant marks.

    Its prior is a beta of weight `PRIOR_FIGURES`, whose mean is the share of marked relays. It is
    learned from figures that are not round: they tell copies from others almost surely.
    """
    ratios = np.array(
        [
            copy.ratio(figure)
            for figure, copy in figures
            if significant_digits(figure.value / figure.times) >= DIGITS
        ]
    )
    share = centre
    for _ in range(STEPS):
        odds = share / (1 - share) * ratios
        copied = float((odds / (1 + odds)).sum())
        share = (PRIOR_FIGURES * centre + copied) / (PRIOR_FIGURES + len(ratios))
    return share


def _may_repeat(figure: Figure) -> bool:
    number = figure.form != "interval" and figure.value > 0
    return number and not figure.relayed and not figure.is_sum


def _copy(figure: Figure, found: Found, prior: float) -> Copy:
    """The copy that a figure may be: of any claimant, and of any of its figures, alike."""
    match, of = 0.0, dict[str, float]()
    for original in found.near:
        count = len(found.sizes) * found.sizes[original.claimant]
        part = 1 - SLIP if original.printed else SLIP
        weight = part * _chance(figure, original) / count
        match += weight
        if weight > 0:
            of[original.claim_id] = of.get(original.claim_id, 0.0) + weight
    ordered = sorted(of, key=lambda name: (-of[name], name))
    return Copy(prior, match, cell_unit(figure), tuple(ordered))


def _chance(figure: Figure, original: Original) -> float:
    """Probability that an original, rounded as a figure is, gives its number."""
    low, high = cell(figure)
    away = original.value - figure.value
    if original.sd <= 0:
        return float(low <= away <= high)
    slip = TINY * figure.value
    apart = max(original.sd, slip)
    return _normal((high - slip - away) / apart) - _normal((low + slip - away) / apart)


def _normal(x: float) -> float:
    """Distribution function of a standard normal; SciPy's takes 0.2 s to import."""
    return math.erfc(-x / math.sqrt(2)) / 2


def _copied_book(book: Sequence[Figure], share: float, originals: Originals) -> Copies:
    """Figures of a ledger, list or register that may be copied from one of the same kind."""
    accounting = originals.accounting(book[0].key)
    by_claimant: defaultdict[str, list[tuple[Figure, Found]]] = defaultdict(list)
    for figure, found in originals.of(book, accounting):
        for claimant in found.sizes:
            by_claimant[claimant].append((figure, found))
    best, evidence = "", -math.inf
    for claimant in sorted(by_claimant):
        log_odds = _evidence(by_claimant[claimant], claimant)
        if log_odds > evidence:
            best, evidence = claimant, log_odds
    # Without a total of three digits that is repeated, two books agree by chance.
    if evidence <= 0:
        return {}
    prior = float(1 / (1 + math.exp(-np.clip(evidence + math.log(share / (1 - share)), -500, 30))))
    return {
        figure.claim_id: _copy(figure, found.of_one(best), prior)
        for figure, found in by_claimant[best]
    }


def _evidence(pairs: Iterable[tuple[Figure, Found]], claimant: str) -> float:
    """Log of how much likelier the totals of a book are if it is a copy; each total once."""
    total = 0.0
    distinct = {figure.value: (figure, found) for figure, found in pairs}
    for figure, found in distinct.values():
        if significant_digits(figure.value) >= DIGITS:
            total += math.log(_copy(figure, found.of_one(claimant), 0.0).ratio(figure))
    return total


def significant_digits(value: float) -> int:
    """Digits of a figure without the zeros at its ends.

    Examples
    --------
    >>> [significant_digits(value) for value in (50_000, 23_367, 12.5)]
    [1, 5, 3]
    """
    return len(f"{value:.10g}".replace(".", "").strip("0")) if value else 0


def repeat_table(figures: Iterable[Figure], copies: Copies) -> pd.DataFrame:
    """Figures that repeat an earlier figure of another claimant and are not round.

    Parameters
    ----------
    figures, copies
        As for `find_copies`, and its result.

    Returns
    -------
    table
        `claim_id, of` (its probable original), `digits` (significant ones), `probability` (of a
        copy, where only the order of magnitude of the losses is known, at least a half).
    """
    rows = []
    for figure in figures:
        copy = copies.get(figure.claim_id)
        digits = significant_digits(figure.value / figure.times)
        if copy is None or digits < DIGITS:
            continue
        odds = copy.odds(figure)
        if odds > 1:
            rows.append((figure.claim_id, copy.of[0], digits, odds / (1 + odds)))
    return pd.DataFrame(rows, columns=["claim_id", "of", "digits", "probability"])
