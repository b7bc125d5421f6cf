"""How far each stream's figures are from the truth.

A ratio over a window is sum(expected figures) / sum(truth), both taken within a draw. It is given
three ways, because a word such as "losses" does not say what it counts: against the truth under
the stream's own definition, against the killed, and against the casualties.

For a list the ratio is its coverage: the share of the dead that it would reach with unlimited time.

Readings of `AUXILIARY` are no totals, and have a factor instead: a ratio that on the lethality it
states, an overlap or a fate the odds ratio of its selection, declarations theirs to the declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.posterior.discrepancy import COLUMNS as DISCREPANCY
from lossmodel.posterior.estimates import CI_KIND, LIMITS, Windows, calendar, summarise
from lossmodel.posterior.stream_figures import Truths, stream_scopes, wounded_share
from lossmodel.posterior.tables import (
    discrepancy_table,
    streams_table,
    submodel_of,
    terms_table,
)
from lossmodel.tables.schema import READING, STREAM
from lossmodel.tables.vocabulary import BALANCE, OBSERVED_AS
from lossmodel.text.levels import IDENTIFIED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lossmodel.posterior.fit import Fit

__all__ = ["COLUMNS", "biases_table", "over_all"]

STEP: Final = 7  # days; biases drift by half-year, so a week is read off at its middle
# Runs of days that a war is divided into, or few more: in one of a century they are longer than a
# week, and as many to a year as draws of a bias that drifts by half-year need.
MOST_RUNS: Final = 400

COLUMNS: Final = (
    *("claimant", "party", "category", "scope", "role", "accounting", "start", "end"),
    *(f"ratio_{limit}" for limit in LIMITS),
    *(f"ratio_if_killed_{limit}" for limit in LIMITS),
    *(f"ratio_if_casualties_{limit}" for limit in LIMITS),
    *(f"prior_{limit}" for limit in LIMITS),
    *(f"coverage_{limit}" for limit in LIMITS),
    *(f"definition_wounded_share_{limit}" for limit in LIMITS),
    *("n_claims", "n_used", "identified", "ci_prob", "ci_kind", "engine"),
    *DISCREPANCY,
)


def biases_table(fit: Fit, *, claimant: str | None = None) -> pd.DataFrame:
    """Ratios of all streams, by half-year and over all, in the columns `COLUMNS`.

    `identified` is true where the posterior sd of the log of the ratio is less than `IDENTIFIED`
    of its prior sd: there the claims, not the prior, say most of what is known about the bias. The
    discrepancy from the predictive of the other streams is that over all; see ``discrepancy``.

    Parameters
    ----------
    claimant
        Only this claimant's streams.
    """
    streams = streams_table(fit)
    # A balance has an error and no bias.
    streams = streams[streams["accounting"] != BALANCE]
    if claimant is None:
        whole: pd.DataFrame = fit.cache.get(f"biases {fit.ci_prob}", lambda: _biases(fit, streams))
        return whole.copy()
    streams = streams[streams["claimant"] == claimant]
    if streams.empty:
        known = ", ".join(sorted(set(streams_table(fit)["claimant"])))
        raise UsageError(f"No claimant {claimant!r} in the fit; there are: {known}.")
    return _biases(fit, streams)


def over_all(fit: Fit) -> pd.DataFrame:
    """The rows of all streams over the whole time."""
    return biases_table(fit).drop_duplicates(READING, keep="last").reset_index(drop=True)


def _biases(fit: Fit, streams: pd.DataFrame) -> pd.DataFrame:
    days = fit.days
    halves = calendar(days, "half-yearly")
    first, group = _blocks(halves.first, halves.last, max(STEP, len(days) // MOST_RUNS))
    truths = Truths(fit, first)
    counts = _counts(fit, halves)
    scopes = stream_scopes(fit)
    discrepancies = discrepancy_table(fit)
    parts = [
        _rows(
            fit,
            stream,
            scope=scopes[stream.claimant, stream.party, stream.category],
            halves=halves,
            group=group,
            truths=truths,
            counts=counts,
            days=days,
            discrepancies=discrepancies,
        )
        for stream in streams.itertuples()
    ]
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in COLUMNS})


def _blocks(
    first: NDArray[np.intp], last: NDArray[np.intp], step: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Divide each window into runs of days; and the position of each window's first run."""
    parts = [np.arange(a, b + 1, step) for a, b in zip(first, last, strict=True)]
    sizes = np.array([len(part) for part in parts])
    return np.concatenate(parts), np.append(0, np.cumsum(sizes)[:-1])


def _rows(
    fit: Fit,
    stream: Any,
    *,
    scope: str,
    halves: Windows,
    group: NDArray[np.intp],
    truths: Truths,
    counts: Mapping[Any, _Counts],
    days: pd.DatetimeIndex,
    discrepancies: pd.DataFrame,
) -> dict[str, NDArray[Any]]:
    found = truths.figures(stream, scope)
    weight = found.own.mean(axis=0)
    prior = _windows(truths.factor(stream, prior=True) * weight, group)
    prior = _quotient(prior, _windows(weight[None, :], group))
    claimed = _windows(found.claimed, group)
    ratio = _quotient(claimed, _windows(found.own, group))
    parts = _limits("ratio", ratio, fit.ci_prob) | _limits("prior", prior, fit.ci_prob)
    nothing = np.full(ratio.shape[1], np.nan)
    for name, truth in (("killed", found.killed), ("casualties", found.casualties)):
        if truth is None:
            parts |= {f"ratio_if_{name}_{limit}": nothing for limit in LIMITS}
        else:
            known = _quotient(claimed, _windows(truth, group))
            parts |= _limits(f"ratio_if_{name}", known, fit.ci_prob)
    covered = OBSERVED_AS[stream.accounting].has_coverage
    for limit in LIMITS:
        parts[f"coverage_{limit}"] = parts[f"ratio_{limit}"] if covered else nothing
    counted = np.asarray(wounded_share(fit, stream.stream), dtype=float)[:, None]
    share = {
        name: np.repeat(value, ratio.shape[1])
        for name, value in _limits("definition_wounded_share", counted, fit.ci_prob).items()
    }
    own = counts[stream.claimant, stream.party, stream.category]
    parts |= share | {
        "start": np.append(halves.start.to_numpy(), days[:1].to_numpy()),
        "end": np.append(halves.end.to_numpy(), days[-1:].to_numpy()),
        "n_claims": np.append(own.claims, stream.n_claims),
        "n_used": np.append(own.pieces, stream.n_used),
        "identified": _log_sd(ratio) < IDENTIFIED * _log_sd(prior),
    }
    # Over all it is said once, by the fit.
    parts["identified"][-1] = stream.identified
    for name in DISCREPANCY:
        parts[name] = np.full(ratio.shape[1], np.nan)
        parts[name][-1] = discrepancies[name].iat[stream.stream]
    same = {
        **{name: getattr(stream, name) for name in (*STREAM, "role", "accounting")},
        **{"scope": scope, "ci_prob": fit.ci_prob, "ci_kind": CI_KIND},
        "engine": submodel_of(fit, stream.party, stream.category).engine,
    }
    size = ratio.shape[1]
    return parts | {name: np.repeat(np.array([value]), size) for name, value in same.items()}


def _windows(submodels: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums by half-year, and over all as the last column."""
    if len(group) == 1:
        return np.repeat(submodels.T.sum(axis=0)[:, None], 2, axis=1)
    sums = np.add.reduceat(submodels.T, group, axis=0)
    return np.concatenate([sums, sums.sum(axis=0, keepdims=True)]).T


def _quotient(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ratio; not a number where there was nothing to count."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)


def _limits(name: str, draws: NDArray[np.float64], ci_prob: float) -> dict[str, Any]:
    found = summarise(draws, ci_prob)
    return {f"{name}_{limit}": found[limit] for limit in LIMITS}


def _log_sd(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(ratio).std(axis=0))


@dataclass(frozen=True)
class _Counts:
    """Pieces of evidence of one stream in each half-year, and the claims that they consist of."""

    pieces: NDArray[np.int64]
    claims: NDArray[np.int64]


def _counts(fit: Fit, halves: Windows) -> dict[Any, _Counts]:
    """Counts by stream; what became known after the last day counts in the last half-year."""
    terms = terms_table(fit)[[*STREAM, "claims", "known"]]
    half = np.searchsorted(halves.end.to_numpy(), terms["known"].to_numpy())
    terms = terms.assign(half=np.minimum(half, len(halves.end) - 1))
    said = terms.assign(claim=terms["claims"].str.split(";")).explode("claim")
    said = said.drop_duplicates([*STREAM, "claim"])
    size = len(halves.end)
    pieces, claims = (
        {key: np.bincount(rows["half"], minlength=size) for key, rows in table.groupby(STREAM)}
        for table in (terms, said)
    )
    return {key: _Counts(pieces[key], claims[key]) for key in pieces}
