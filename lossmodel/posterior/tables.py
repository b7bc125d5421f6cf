"""The small tables of a fit, each worked out once and kept in its cache.

====================  ==============================================================================
`reported_series`     party, category and scope of everything that is estimated
`streams_table`       claimant x party x category, with counts and whether the bias is identified
`terms_table`         pieces of evidence with their posterior expectation
`variance_table`      shares of each total's posterior variance, see ``variance``
`prior_shift_table`   totals under other priors, see ``prior_shift``
`influence_table`     totals without single figures, see ``row_influence``
`claim_influence`     each figure with the total that it moves most
`discrepancy_table`   streams against the predictive of the others, see ``discrepancy``
====================  ==============================================================================
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from lossmodel.errors import UsageError
from lossmodel.model.density.expansion import Expander
from lossmodel.model.density.layout import is_large
from lossmodel.model.density.predictive import predictive
from lossmodel.model.design.design import PERSON
from lossmodel.posterior.discrepancy import discrepancies
from lossmodel.posterior.prior_shift import local_prior_sensitivity
from lossmodel.posterior.reported import Series, is_identified, series_of
from lossmodel.posterior.row_influence import SHOWN, largest, row_influence
from lossmodel.posterior.variance import variance_decomposition
from lossmodel.tables.categories import SHOWN_AS
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import READING
from lossmodel.text.levels import ASSUMED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lossmodel.inference.run import Submodel
    from lossmodel.model.density.expansion import Expansion
    from lossmodel.posterior.fit import Fit

    AnyFit = TypeVar("AnyFit", bound=Fit)

__all__ = [
    "claim_influence",
    "claimants_of",
    "discrepancy_table",
    "influence_table",
    "is_assumed",
    "prior_share",
    "prior_shift_table",
    "reported_series",
    "stream_of",
    "streams_table",
    "submodel_of",
    "terms_table",
    "variance_table",
    "with_tables",
]


def reported_series(fit: Fit) -> list[Series]:
    """Party, category and scope of everything that is estimated, in the conflict's order."""
    return fit.cache.get(
        "series",
        lambda: [
            key
            for name, submodel in fit.submodels.items()
            for key in series_of(submodel.design, name, fit.conflict)
        ],
    )


def claimed_sums(fit: Fit) -> list[Series]:
    """Sums of parties that figures are of, and whose parts are all estimated.

    Of each the categories that its figures are of, in the conflict's order, and the scope ``all``.

    Examples
    --------
    >>> claimed_sums(fitted)
    []
    """

    def found() -> list[Series]:
        known, streams = reported_series(fit), streams_table(fit)
        used = streams[(streams["n_used"] > 0) & ~is_auxiliary(streams["accounting"])]
        about = set(zip(used["party"], used["category"], strict=True))
        return [
            (party, category, "all")
            for party in fit.conflict.parties
            for category in dict.fromkeys(category for _, category, _ in known)
            if len(parts := fit.conflict.components(party)) > 1
            and {(part, category, "all") for part in parts} <= set(known)
            and any((party, name) in about for name in SHOWN_AS.get(category, (category,)))
        ]

    return fit.cache.get("claimed_sums", found)


def reported_totals(fit: Fit) -> list[Series]:
    """All of which there are totals: the series, and then the sums that figures are of."""
    return [*reported_series(fit), *claimed_sums(fit)]


def streams_table(fit: Fit) -> pd.DataFrame:
    """All streams with evidence, numbered over the submodels.

    Returns
    -------
    table
        stream, claimant, party, category, accounting, method, role, group, n_claims, n_used,
        identified; block and number, its place in its submodel.
    """

    def numbered() -> pd.DataFrame:
        table = _joined(fit, _streams)
        return table.assign(stream=table.index)

    return fit.cache.get("streams", numbered)


def claimants_of(fit: Fit) -> set[str]:
    """Claimants with evidence, without the work that `streams_table` is."""
    return {
        str(name)
        for submodel in fit.submodels.values()
        for name in submodel.design.streams["claimant"].unique()
    }


def terms_table(fit: Fit) -> pd.DataFrame:
    """Pieces of evidence with the posterior's expectation of each, see ``predictive``."""

    def terms(name: str, submodel: Submodel) -> pd.DataFrame:
        table = predictive(submodel.design, submodel.predicted, ci_prob=fit.ci_prob)
        return table.assign(block=name)

    return fit.cache.get("terms", lambda: _joined(fit, terms))


def variance_table(fit: Fit) -> pd.DataFrame:
    """Shares of each total's posterior variance by assumption, see ``variance``."""

    def whole() -> pd.DataFrame:
        shares = [_variance(fit, key) for key in reported_series(fit)]
        return pd.concat(shares, ignore_index=True)

    return fit.cache.get("variance_decomposition", whole)


def _variance(fit: Fit, key: Series) -> pd.DataFrame:
    def shares() -> pd.DataFrame:
        submodel = submodel_of(fit, key[0], key[1])
        expansion = _expansion(fit, submodel.design.name)
        return variance_decomposition(
            submodel.posterior, submodel.prior, expansion, submodel.laplace, key,
            parts=fit.conflict.components(key[0]),
        )  # fmt: skip

    return fit.cache.get(f"variance_decomposition {key}", shares)


def prior_share(fit: Fit, key: Series) -> float:
    """Share of a total's posterior variance that comes from priors, NaN if it is not known.

    Parameters
    ----------
    key
        Party, category and scope, one of `reported_totals`.
    """
    return _of_variance(fit, key, "prior_share")


def log_sd(fit: Fit, key: Series) -> float:
    """Posterior sd of a log total, NaN if it is not known, see `prior_share`."""
    return _of_variance(fit, key, "posterior_sd")


def _of_variance(fit: Fit, key: Series, column: str) -> float:
    found = _variance(fit, key)[column]
    return float(found.iloc[0]) if len(found) else float("nan")


def is_assumed(fit: Fit, key: Series) -> bool:
    """Whether priors account for so much of a total's variance that they set it."""
    return prior_share(fit, key) > ASSUMED


def prior_shift_table(fit: Fit) -> pd.DataFrame:
    """Totals to the end under other priors, not refitted, see ``prior_shift``."""

    def shifted(name: str, submodel: Submodel) -> pd.DataFrame:
        series = series_of(submodel.design, name, fit.conflict)
        return local_prior_sensitivity(
            submodel.posterior, submodel.laplace, fit.priors, series, ci_prob=fit.ci_prob
        )

    return fit.cache.get("local_prior_sensitivity", lambda: _joined(fit, shifted))


def influence_table(fit: Fit) -> pd.DataFrame:
    """Totals to the end without the figures that move them most, see ``row_influence``."""

    def first() -> pd.DataFrame:
        totals = _influences(fit).groupby(["party", "category", "scope"], sort=False)
        return totals.head(SHOWN).reset_index(drop=True)

    return fit.cache.get("row_influence", first)


def claim_influence(fit: Fit) -> pd.DataFrame:
    """Each figure with the total that it moves most, largest first, see ``row_influence``."""
    return fit.cache.get("claim_influence", lambda: largest(_influences(fit)))


def _influences(fit: Fit) -> pd.DataFrame:
    """Totals without each of their figures."""

    def without(name: str, submodel: Submodel) -> pd.DataFrame:
        series = series_of(submodel.design, name, fit.conflict)
        found = row_influence(
            submodel.posterior, _expansion(fit, name), fit.conflict, series, ci_prob=fit.ci_prob
        )
        # Around one of several modes it says nothing of the others.
        several = submodel.diagnostics.get("modes", 1) > 1
        return found.assign(hangs=False) if several else found

    return fit.cache.get("influences", lambda: _joined(fit, without))


def discrepancy_table(fit: Fit) -> pd.DataFrame:
    """Each stream of `streams_table` against the predictive of the others, see ``discrepancy``."""

    def found(name: str, submodel: Submodel) -> pd.DataFrame:
        return discrepancies(submodel.design, _expansion(fit, name), ci_prob=fit.ci_prob)

    return fit.cache.get("discrepancies", lambda: _joined(fit, found))


def with_tables(fit: AnyFit, tables: Mapping[str, pd.DataFrame]) -> AnyFit:
    """A copy of a fit that has some tables already, by the names of its attributes."""
    other = replace(fit)
    for name, table in tables.items():
        other.cache.keep(name, table)
    return other


def submodel_of(fit: Fit, party: str, category: str) -> Submodel:
    """The submodel that a party's losses of a category are fitted in.

    Raises
    ------
    UsageError
        Nothing was fitted for it.
    """
    conflict = fit.conflict
    known = category in conflict.categories
    people = known and conflict.categories[category].group == PERSON
    bases = set(conflict.components(party)) if party in conflict.parties else set()
    for name, submodel in fit.submodels.items():
        same = submodel.design.people if people else name == category
        if same and bases & set(submodel.design.latent.parties):
            return submodel
    there = "; ".join(f"{c} {p}" for p, c, scope in reported_series(fit) if scope == "all")
    raise UsageError(f"There are no estimates of {category} {party}; there are: {there}.")


def stream_of(fit: Fit, stream: int) -> tuple[Submodel, int]:
    """The submodel that a stream of ``streams_table`` is in, and its number there."""
    streams = streams_table(fit)
    number: Any = streams["number"].iat[stream]
    return fit.submodels[str(streams["block"].iat[stream])], int(number)


def _expansion(fit: Fit, name: str) -> Expansion:
    """The log posterior of a submodel around its mode."""

    def expanded() -> Expansion:
        submodel = fit.submodels[name]
        expander = Expander(submodel.density, apart=is_large(submodel.design))
        return expander(submodel.laplace.mode)

    return fit.cache.get(f"expansion {name}", expanded)


def _joined(fit: Fit, table: Callable[[str, Submodel], pd.DataFrame]) -> pd.DataFrame:
    """The tables of all submodels as one."""
    tables = [table(name, submodel) for name, submodel in fit.submodels.items()]
    return pd.concat(tables, ignore_index=True)


def _streams(name: str, submodel: Submodel) -> pd.DataFrame:
    table = submodel.design.streams.drop(columns=["first", "last"])
    groups = submodel.design.terms.groupby(READING, sort=True)
    counts = groups["claims"].agg(lambda ids: len({c for i in ids for c in i.split(";")}))
    return table.assign(
        n_claims=counts.to_numpy(),
        block=name,
        number=table.index,
        group=PERSON if submodel.design.people else "equipment",
        identified=[is_identified(submodel, int(i)) for i in table.index],
    )
