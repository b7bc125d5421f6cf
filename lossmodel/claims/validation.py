"""Rules for the rows of a claims table: numbers, windows, parts of totals, relays.

Every rule is a mask over all rows and a sentence, so that a million rows take seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from lossmodel.claims.comparison_rules import check_comparisons
from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.durations import CENTURY
from lossmodel.conflict.types import cycle
from lossmodel.tables.categories import DECLARED, STOCK_CATEGORIES, STRENGTH
from lossmodel.tables.cells import Flagger
from lossmodel.tables.problems import GUESSES, MISTYPED_DAY, quoted
from lossmodel.tables.vocabulary import KINDS, QUALIFIERS, names_with
from lossmodel.text.spelling import nearest

__all__ = ["check_claims"]

Mask = npt.NDArray[np.bool_]
_LATER = f"{MISTYPED_DAY}; the day of a later count is its published, its end that of the losses"
_LONGEST_WAR = pd.Timedelta(days=CENTURY)


def check_claims(table: pd.DataFrame, flagger: Flagger, conflict: Conflict) -> None:
    """Note every row that breaks a rule.

    Parameters
    ----------
    table
        Parsed claims with optional dates filled. A cell that is not valid by itself is noted
        already and empty here, so that it does not break a second rule.
    flagger
        Where problems are noted.
    conflict
        The conflict of the claims.
    """
    _check_values(table, flagger)
    _check_limits(table, flagger)
    _check_span(table, flagger, conflict)
    _check_windows(table, flagger)
    _check_knowledge(table, flagger)
    _check_scopes(table, flagger, conflict)
    _check_relays(table, flagger)
    check_comparisons(table, flagger, conflict)
    if not flagger.raw.broken:  # an unreadable line may be the total that seems to be missing
        _check_parts(table, flagger)


def _given(flagger: Flagger, column: str) -> Mask:
    return (flagger.text(column) != "").to_numpy(dtype=bool)


def _is(table: pd.DataFrame, column: str, *words: str) -> Mask:
    return table[column].isin(list(words)).to_numpy(dtype=bool)


def _days(days: pd.Series, mask: Mask) -> list[str]:
    return [str(day) for day in days[mask].dt.strftime("%Y-%m-%d")]


def _check_values(table: pd.DataFrame, flagger: Flagger) -> None:
    has_limits = _is(table, "qualifier", *names_with(QUALIFIERS, "has_limits"))
    signed = _is(table, "kind", *names_with(KINDS, "signed"))
    missing = ~_given(flagger, "value") & ~has_limits & ("value" in flagger.raw.cells)
    flagger.flag(
        missing,
        "value",
        allowed=[f"a number, as the qualifier is {word}" for word in table["qualifier"][missing]],
        remedy="Give the value, or write qualifier range with low and high",
    )
    exempt = " or ".join(names_with(KINDS, "signed"))
    for column in ("value", "low", "high"):
        flagger.flag(
            (table[column] < 0).to_numpy() & ~signed,
            column,
            allowed=f"a number from 0 on; only a {exempt} may be negative",
            remedy="Correct the sign or the kind",
        )
    flagger.flag(
        signed & has_limits,
        "qualifier",
        allowed=f"{' or '.join(names_with(QUALIFIERS, 'is_single'))}, for a {exempt}",
        remedy="Give one value",
    )
    flagger.flag(
        _is(table, "kind", *names_with(KINDS, "stock"))
        & ~_is(table, "category", *STOCK_CATEGORIES, ""),
        "kind",
        allowed="stock only of " + " and ".join(STOCK_CATEGORIES),
        remedy="Write cumulative for a total since the start",
    )
    flagger.flag(
        _is(table, "category", STRENGTH) & ~_is(table, "kind", *names_with(KINDS, "stock"), ""),
        "kind",
        allowed=f"stock, as {STRENGTH} is the size of a force on one day",
        remedy="Write stock, with the day as end",
    )


def _check_limits(table: pd.DataFrame, flagger: Flagger) -> None:
    has_limits = _is(table, "qualifier", *names_with(QUALIFIERS, "has_limits"))
    value, low, high = table["value"], table["low"], table["high"]
    for column in ("low", "high"):
        flagger.flag(
            has_limits & ~_given(flagger, column),
            column,
            allowed="a number, as the qualifier is range",
            remedy="Give both low and high",
        )
        flagger.flag(
            ~has_limits & table[column].notna().to_numpy(),
            column,
            allowed="nothing, as the qualifier is not range",
            remedy="Put the figure into value, or write qualifier range",
        )
    crossed = has_limits & (low >= high).to_numpy()
    flagger.flag(
        crossed,
        "low",
        allowed=[f"less than high, {number:.15g}" for number in high[crossed]],
        remedy="Exchange the two, or write one value with qualifier exact or about",
    )
    outside = has_limits & ~crossed & ((value < low) | (value > high)).to_numpy()
    flagger.flag(
        outside,
        "value",
        allowed=[
            f"from low to high, {a:.15g} to {b:.15g}"
            for a, b in zip(low[outside], high[outside], strict=True)
        ],
        remedy="Correct one of the three, or leave value empty",
    )


def _check_windows(table: pd.DataFrame, flagger: Flagger) -> None:
    start, end = table["start"], table["end"]
    kind = table["kind"]
    needs_start = _is(table, "kind", *names_with(KINDS, "needs_start"))
    missing = ~_given(flagger, "start") & needs_start & ("start" in flagger.raw.cells)
    flagger.flag(
        missing,
        "start",
        allowed=[f"a day, as the kind is {word}" for word in kind[missing]],
        remedy="Give the first day of the window",
    )
    before = (end < start).to_numpy()
    flagger.flag(
        before,
        "end",
        allowed=[f"a day from start on, {day}" for day in _days(start, before)],
        remedy="Give start <= end, or leave start empty for a cumulative claim",
    )
    long = _is(table, "kind", *names_with(KINDS, "single_day")) & (end > start).to_numpy()
    flagger.flag(
        long,
        "end",
        allowed=[
            f"the same day as start, {day}, for kind {word}"
            for day, word in zip(_days(start, long), kind[long], strict=True)
        ],
        remedy="Write kind period, or correct one of the days",
    )


def _check_span(table: pd.DataFrame, flagger: Flagger, conflict: Conflict) -> None:
    """Note days outside the conflict, or outside the life of a party or scope."""
    last = conflict.end if conflict.end is not None else conflict.start + _LONGEST_WAR
    allowed = f"a day of the conflict, from {conflict.start.date()} to {last.date()}"
    # Those of declarations are days of these, and not of losses.
    losses = ~_is(table, "category", DECLARED)
    for column in ("start", "end"):
        days, given = table[column], _given(flagger, column)
        beyond = {MISTYPED_DAY: days < conflict.start, _LATER: (days > last) & losses}
        for remedy, outside in beyond.items():
            flagger.flag(outside.to_numpy() & given, column, allowed=allowed, remedy=remedy)
    spans = {
        "party": {p.name: (p.start, p.end) for p in conflict.parties.values()},
        "scope": {s.name: (s.start, s.end) for s in conflict.scopes.values()},
    }
    for column, named in spans.items():
        for name, (first, final) in named.items():
            here = _is(table, column, name)
            if first is not None:
                early = here & (table["end"] < first).to_numpy()
                allowed = f"a day from {first.date()} on, when {column} {name} begins"
                flagger.flag(early, "end", allowed=allowed, remedy=f"Correct it or the {column}")
            if final is not None:
                late = here & losses & (table["start"] > final).to_numpy()
                allowed = f"a day up to {final.date()}, when {column} {name} ends"
                flagger.flag(late, "start", allowed=allowed, remedy=f"Correct it or the {column}")


def _check_knowledge(table: pd.DataFrame, flagger: Flagger) -> None:
    """Note claims of losses that were not over yet, or not known yet."""
    published = _given(flagger, "published")
    known = _given(flagger, "known")
    rules = (
        ("known", known, "end", "Losses cannot be known before they happen"),
        ("published", published, "end", "Losses cannot be published before they happen"),
        (
            "published",
            published & known,
            "known",
            "Losses cannot be published before they are known",
        ),
    )
    for column, given, first, remedy in rules:
        early = given & (table[column] < table[first]).to_numpy()
        allowed = [f"a day from {first} on, {day}" for day in _days(table[first], early)]
        flagger.flag(early, column, allowed=allowed, remedy=f"{remedy}: correct one of the days")


def _check_scopes(table: pd.DataFrame, flagger: Flagger, conflict: Conflict) -> None:
    for scope in conflict.scopes.values():
        if scope.party is None:
            continue
        sums = [name for name in conflict.parties if scope.party in conflict.components(name)]
        stray = _is(table, "scope", scope.name) & ~_is(table, "party", *sums, "")
        allowed = f"{scope.name} only of {scope.party}"
        flagger.flag(stray, "scope", allowed=allowed, remedy="Correct the scope or the party")


def _check_relays(table: pd.DataFrame, flagger: Flagger) -> None:
    """Note relays of a claimant's own figures, and streams that repeat each other in a circle."""
    relays = table.loc[table["via"] != "", ["claimant", "via", "party", "category"]]
    itself = (table["via"] == table["claimant"]).to_numpy(dtype=bool) & _given(flagger, "via")
    flagger.flag(
        itself,
        "via",
        allowed="another claimant than the row's own",
        remedy="Leave via empty for a claimant's own figure",
    )
    links: dict[tuple[str, str, str], set[tuple[str, str, str]]] = {}
    for claimant, via, party, category in relays.drop_duplicates().itertuples(index=False):
        if claimant != via:
            links.setdefault((claimant, party, category), set()).add((via, party, category))
    circle = set(cycle(links))
    if not circle:
        return
    streams = zip(
        relays["claimant"], relays["via"], relays["party"], relays["category"], strict=True
    )
    in_circle = np.zeros(len(table), dtype=bool)
    in_circle[relays.index] = [
        (c, p, k) in circle and (v, p, k) in circle for c, v, p, k in streams
    ]
    flagger.flag(
        in_circle & ~itself,
        "via",
        allowed="relays that end at a claimant with a figure of its own",
        remedy="Leave via empty in the row of the original figure",
    )


def _check_parts(table: pd.DataFrame, flagger: Flagger) -> None:
    """Note parts of unknown totals, of themselves, in circles, or outside their total."""
    has_total = (table["part_of"] != "").to_numpy(dtype=bool)
    if not has_total.any():
        return
    rows = np.arange(len(table))
    total = _first_rows(table["claim_id"], table["part_of"])
    unknown = has_total & (total < 0)
    guesses = _guesses(table["part_of"][unknown], table["claim_id"])
    flagger.flag(unknown, "part_of", allowed="a claim_id of this table", remedy=guesses)
    itself = has_total & (total == rows)
    flagger.flag(itself, "part_of", allowed="another claim", remedy="Leave part_of empty")
    total = np.where(has_total & ~itself, total, -1)
    circle = _on_circle(total)
    allowed = "parts of totals that are not parts of them again"
    flagger.flag(circle, "part_of", allowed=allowed, remedy="Leave part_of empty on the total")
    start, end = table["start"].take(total), table["end"].take(total)
    within = (total >= 0) & ~circle & ~(end < start).to_numpy()
    outside = within & (
        (table["start"].to_numpy() < start.to_numpy()) | (table["end"].to_numpy() > end.to_numpy())
    )
    first, last = (days.set_axis(table.index) for days in (start, end))
    flagger.flag(
        outside,
        "part_of",
        allowed=[
            f"a total over all days of the part, not {a} to {b}"
            for a, b in zip(_days(first, outside), _days(last, outside), strict=True)
        ],
        remedy="Correct the window of one of the two",
    )


def _first_rows(ids: pd.Series, wanted: pd.Series) -> npt.NDArray[np.int64]:
    """First row of each wanted id; -1 if there is none."""
    once = ids.drop_duplicates()
    place = pd.Series(once.index.to_numpy(dtype=np.int64), index=pd.Index(once))
    found = place.reindex(pd.Index(wanted), fill_value=-1)
    return np.asarray(found, dtype=np.int64)


def _on_circle(parent: npt.NDArray[np.int64]) -> Mask:
    """Whether following `parent` from a row leads back to it; -1 is no parent.

    After n steps only rows on circles have an ancestor; doubling the step takes log2(n) rounds.
    """
    ancestor = parent.copy()
    for _ in range(max(1, len(parent)).bit_length()):
        ancestor = np.where(ancestor >= 0, ancestor[ancestor], -1)
    circle = np.zeros(len(parent), dtype=bool)
    circle[ancestor[ancestor >= 0]] = True
    return circle


def _guesses(words: pd.Series, known: pd.Series) -> list[str]:
    ids = known.tolist()
    close: Mapping[str, str] = {word: nearest(word, ids) for word in words.unique()[:GUESSES]}
    texts = {word: f"Did you mean {quoted(name)}?" for word, name in close.items() if name}
    return [texts.get(word, "Correct it, or add the row of the total") for word in words]
