"""Estimates at several dates: means and variances of totals and yearly flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.api import Fit, fit
from lossmodel.claims.claims import Claims
from lossmodel.errors import UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.inference.names import EngineName
from lossmodel.model.components import Components
from lossmodel.model.design.design import PERSON
from lossmodel.model.priors import Priors

__all__ = ["KEYS", "Look", "looks_at", "moments", "quarter_ends", "windows_until"]

MEASURES = ("killed", "casualties")
# A war, or a calendar year of it, of which less than a quarter has been seen has no estimate yet.
LEAST_DAYS = 90
# Columns that name a total.
KEYS = ["kind", "start", "end", "party", "measure"]


@dataclass(frozen=True)
class Look:
    """The claims of one date, and the windows that an estimate of that date is about.

    Attributes
    ----------
    as_of
        The date.
    windows
        `kind` (total or year), first and last day.
    """

    as_of: str
    windows: tuple[tuple[str, str, str], ...]


def quarter_ends(claims: Claims) -> list[pd.Timestamp]:
    """Ends of calendar quarters at which there are new claims, the first after ninety days of war.

    The day of the last publication is the last date, so that all claims are in its fit.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> [day.date().isoformat() for day in quarter_ends(load_claims(conflict="russia-ukraine"))[:2]]
    ['2022-06-30', '2022-09-30']
    """
    published = claims.table["published"].sort_values()
    last = published.iloc[-1]
    first = claims.conflict.start + pd.Timedelta(days=LEAST_DAYS)
    ends = pd.date_range(first, last, freq=pd.offsets.QuarterEnd())
    dates = [*ends[ends < last], last]
    known = np.searchsorted(published.to_numpy(), pd.DatetimeIndex(dates).to_numpy(), side="right")
    return [day for day, new in zip(dates, np.diff(known, prepend=0), strict=True) if new > 0]


def moments(
    claims: Claims,
    look: Mapping[str, Any],
    windows: Sequence[tuple[str, str, str]],
    priors: Priors | None,
    components: Components,
    engine: EngineName,
    seed: int,
) -> dict[str, Any]:
    """Mean and variance of the log of each total at one date; one task of `revisions`.

    Returns
    -------
    dict
        `gate`, and `rows` with `kind, start, end, party, measure, mean, variance`; no rows where no
        claim of the date can be fitted.
    """
    try:
        fitted = fit(
            claims, priors=priors, components=components, engine=engine, seed=seed,
            as_of=pd.Timestamp(look["as_of"]), submodels=_submodels(claims),
        )  # fmt: skip
    except UsageError:
        return {"gate": False, "rows": []}
    rows = [row for window in windows for row in _window_moments(fitted, tuple(window))]
    return {"gate": bool(fitted.diagnostics["gate"]["passed"]), "rows": rows}


def looks_at(claims: Claims, dates: Sequence[pd.Timestamp]) -> list[Look]:
    """Dates with their windows.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> looks_at(claims, [pd.Timestamp("1940-09-15")])[0].windows
    (('total', '1940-07-01', '1940-09-14'),)
    """
    return [Look(str(day.date()), tuple(_windows(claims, day))) for day in dates]


def _windows(claims: Claims, date: pd.Timestamp) -> Iterator[tuple[str, str, str]]:
    """The war up to the last day of the evidence of a date, and its calendar years."""
    first, last = claims.conflict.start, collect_evidence(claims, as_of=date).until
    if last < first:
        return
    yield "total", str(first.date()), str(last.date())
    for year in range(first.year, last.year + 1):
        start = max(first, pd.Timestamp(year, 1, 1))
        end = min(last, pd.Timestamp(year, 12, 31))
        if (end - start).days >= LEAST_DAYS:
            yield "year", str(start.date()), str(end.date())


def windows_until(looks: Sequence[Look], last: Look) -> list[tuple[str, str, str]]:
    """The windows of a date and of those before it.

    Examples
    --------
    >>> looks = [Look("a", (("total", "0", "1"),)), Look("b", (("total", "0", "2"),))]
    >>> windows_until(looks, looks[1])
    [('total', '0', '1'), ('total', '0', '2')]
    """
    earlier = looks[: looks.index(last) + 1]
    return list(dict.fromkeys(window for look in earlier for window in look.windows))


def _submodels(claims: Claims) -> tuple[str, ...] | None:
    """Persons, where there are claims about them; else every class of equipment."""
    group = {name: category.group for name, category in claims.conflict.categories.items()}
    has_persons = claims.table["category"].map(group).eq(PERSON).any()
    return (PERSON,) if has_persons else None


def _window_moments(fitted: Fit, window: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    kind, start, end = window
    inside = (fitted.days >= pd.Timestamp(start)) & (fitted.days <= pd.Timestamp(end))
    for name, submodel in fitted.submodels.items():
        for party in submodel.design.latent.main:
            for measure in MEASURES if name == PERSON else (name,):
                total = fitted.daily(party, measure)[:, : len(inside)][:, inside].sum(axis=1)
                logs = np.log(np.maximum(total, np.finfo(float).tiny))
                if not total.min() > 0:
                    continue
                yield {
                    **{"kind": kind, "start": start, "end": end},
                    **{"party": party, "measure": measure},
                    **{"mean": float(logs.mean()), "variance": float(logs.var(ddof=1))},
                }
