"""The totals under other accountings of a side's own counts, by refits of small submodels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from lossmodel.api import Fit, fit
from lossmodel.claims.claims import Claims
from lossmodel.claims.own_counts import own_counts, read_as
from lossmodel.conflict.types import Stream
from lossmodel.errors import UsageError
from lossmodel.model.density.submodels import submodels_with
from lossmodel.posterior.netcdf import CHECKSUM
from lossmodel.system.stages import Stage
from lossmodel.tables.vocabulary import ACCOUNTINGS, Accounting, AccountingRules

__all__ = [
    "COLUMNS",
    "KEPT",
    "MOVES",
    "accountings_table",
    "other_accountings",
    "with_other_accountings",
]

# Posterior sds by which a total moves, from which both answers are printed: half of the error that
# its interval admits to, and the same for all choices that the words of a source leave open.
MOVES: Final = 0.5
# Refits of a fit's report, and unknowns of a submodel that is refitted: a few seconds are added to
# it. The time that they took would not do as a limit, since it depends on the machine.
MOST_REFITS: Final = 4
LARGEST: Final = 150
KEPT: Final = "other_accountings"  # key of the diagnostics
COLUMNS: Final = (
    *("claimant", "of", "counted", "declared", "accounting", "party", "category", "scope"),
    *("median", "lower", "upper", "shift", "passed"),
)


def other_accountings(claims: Claims) -> Iterator[tuple[Stream, Accounting, Claims]]:
    """Each own count with each accounting that it is not declared to have, and the claims so read.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> found = other_accountings(load_claims(conflict="kargil1999"))
    >>> [f"{s.category}: {s.accounting} or {other}" for s, other, _ in found][:3]
    ['killed: ledger or estimate', 'killed: ledger or list', 'killed: ledger or register']
    """
    for stream in own_counts(claims):
        if _is_corrected(ACCOUNTINGS[stream.accounting]):
            continue
        for accounting, rules in ACCOUNTINGS.items():
            if accounting != stream.accounting and not _is_corrected(rules):
                # The keys of the table are the words of the type.
                word: Accounting = accounting  # type: ignore[assignment]
                yield stream, word, read_as(claims, stream, word)


def _is_corrected(rules: AccountingRules) -> bool:
    """Whether an office raises its records for those to come, which its source has to say."""
    return rules.official and rules.assesses


def with_other_accountings(fitted: Fit, progress: Callable[[str], None] = lambda _: None) -> Fit:
    """The fit with its totals under other accountings of its own counts among its diagnostics.

    Small submodels are refitted, with laplace from the mode of the fit, at most `MOST_REFITS`
    times; the others are named. A fit that has them already stays as it is.

    Returns
    -------
    fit
        ``diagnostics["other_accountings"]`` has `rows`, a record with the names `COLUMNS` for each
        total of a refit (`of` and `counted` are party and category of the count, `shift` is of the
        log median in posterior sds, `passed` tells whether the refit passed its gate), and `left`,
        the counts that were not refitted, as ``claimant party category``.
    """
    if KEPT in fitted.diagnostics:
        return fitted
    rows: list[dict[str, Any]] = []
    left: dict[str, None] = {}
    refits = 0
    for stream, accounting, claims in other_accountings(_as_published(fitted)):
        names = submodels_with(stream.party, stream.category, fitted.conflict)
        here = tuple(name for name in names if name in fitted.submodels)
        if not here:
            continue
        if refits == MOST_REFITS or not all(_is_small(fitted, name) for name in here):
            left[f"{stream.claimant} {stream.party} {stream.category}"] = None
            continue
        refits += 1
        words = f"refitting with the {stream.category} of {stream.claimant} read as {accounting}"
        progress(Stage(words, (refits - 1) / MOST_REFITS))
        rows += _refit(fitted, claims, stream, accounting, here)
    found = {KEPT: {"rows": rows, "left": list(left)}}
    told = replace(fitted, diagnostics=fitted.diagnostics | found)
    # Its tables are the same; its checksum is not, as diagnostics are a part of it.
    told.cache.take_over(fitted.cache, but=[CHECKSUM])
    return told


def _as_published(fitted: Fit) -> Claims:
    """The claims of a fit that were published by its date."""
    as_of = fitted.evidence.as_of
    claims = fitted.claims
    return claims if as_of is None else claims.select(claims.table["published"] <= as_of)


def _is_small(fitted: Fit, name: str) -> bool:
    found = fitted.submodels[name].diagnostics
    return bool(found["engine"] == "laplace" and found["dimension"] < LARGEST)


def _refit(
    fitted: Fit, claims: Claims, stream: Stream, accounting: Accounting, submodels: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Totals of the parties of one count, where it is read in another way."""
    try:
        other = fit(
            claims, priors=fitted.priors, components=fitted.components, engine="laplace",
            seed=fitted.seed, ci_prob=fitted.ci_prob, as_of=fitted.evidence.as_of,
            trust=fitted.evidence.trust, until=fitted.days[-1], submodels=submodels, start=fitted,
        )  # fmt: skip
    except UsageError:  # read so, no claim of the submodel is left
        return
    tail = (1 - fitted.ci_prob) / 2
    for party, category, scope in fitted.series:
        own = party in fitted.conflict.components(stream.party) and scope == "all"
        if not own or (party, category, scope) not in other.series:
            continue
        if fitted.submodel_of(party, category).design.name not in submodels:
            continue
        before, after = (
            np.log(f.daily(party, category, scope).sum(axis=1)) for f in (fitted, other)
        )
        median, lower, upper = np.quantile(after, [0.5, tail, 1 - tail])
        values = (
            *(stream.claimant, stream.party, stream.category, stream.accounting, accounting),
            *(party, category, scope, *(float(np.exp(x)) for x in (median, lower, upper))),
            float((median - np.median(before)) / before.std()),
            bool(other.diagnostics["gate"]["passed"]),
        )
        yield dict(zip(COLUMNS, values, strict=True))


def accountings_table(fitted: Fit) -> pd.DataFrame:
    """The rows that `with_other_accountings` found, with the columns `COLUMNS`."""
    rows = fitted.diagnostics.get(KEPT, {}).get("rows", [])
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"shift": float})
