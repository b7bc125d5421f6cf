"""Why published figures differ from the headline total, in factors that multiply to the difference.

From the published figure to the headline the steps are:

1. rest: to the fit's total of the same definition, scope and days;
2. definition: to the headline's category, for the same scope and days;
3. scope: to the headline's party and all of its forces, for the same days;
4. date: to all days of the fit.

Each step is a ratio of posterior medians, so that the logarithms add up to that of the whole ratio
exactly. The order matters where losses of a scope or a definition had another course than others;
it puts the comparison of like with like first. A scope whose share has no prior is unknown to the
fit, and then within the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.special import expit

from lossmodel.model.design.windows import UNDEFINED
from lossmodel.posterior.estimates import LIMITS, summarise
from lossmodel.posterior.rates import rates
from lossmodel.posterior.stream_figures import wounded_share
from lossmodel.posterior.tables import streams_table, submodel_of
from lossmodel.report.wording import main_categories, main_parties
from lossmodel.tables.categories import COUNTED
from lossmodel.tables.schema import SERIES, STREAM
from lossmodel.tables.vocabulary import KINDS, names_with

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lossmodel.posterior.rates import Rates
    from lossmodel.report.results import Results

    Floats = NDArray[np.float64]

__all__ = ["PARTS", "differences"]

PARTS: Final = ("log_definition", "log_scope", "log_date", "log_rest")
# From the headline to the published figure.
ORDER: Final = ("log_date", "log_scope", "log_definition", "log_rest")
OF_CLAIM: Final = (
    *("claim_id", "claimant", "party", "category", "scope", "kind", "start", "end"),
    *("value", "low", "high", "qualifier", "class", "source"),
)
# Draws of a prior definition: any fixed seed would do.
SEED: Final = 1


def differences(results: Results) -> pd.DataFrame:
    """Figures that others published beside the headline of the same party.

    They are all figures that were derived from those of others, which the fit leaves out, and the
    latest total of each stream that the fit uses, if they are about parties with a headline.

    Returns
    -------
    DataFrame
        The columns of the claim; ``per_day``, whether it is a mean per day; ``published``, its
        value or the middle of its range; ``median, lower, upper`` of the fit for the same
        definition, scope and days; ``headline``, the median to which ``headline_party`` and
        ``headline_category`` belong; and the logarithms of the four factors, `PARTS`, whose sum is
        log(published / headline). Numbers of persons or items.

    Examples
    --------
    >>> from lossmodel.report.results import Results
    >>> "log_rest" in differences(Results(fitted))
    True
    """
    if "differences" in results.given:
        return results.given["differences"]
    return results.fit.cache.get("differences", partial(_differences, results))


def _differences(results: Results) -> pd.DataFrame:
    claims = _chosen(results)
    totals = _Totals(results)
    rows = []
    for claim in claims.to_dict("records"):
        row = totals.row(claim)
        if row:
            rows.append({name: claim[name] for name in OF_CLAIM} | row)
    extra = ("per_day", "published", *LIMITS, "headline", "headline_party", "headline_category")
    return pd.DataFrame(rows, columns=[*OF_CLAIM, *extra, *PARTS])


def _chosen(results: Results) -> pd.DataFrame:
    """Derived figures, and the latest total of each stream that is used."""
    fit = results.fit
    claimants = fit.conflict.claimants
    derived = claimants.loc[claimants["derived_from"] != "", "claimant"]
    table = results.claims
    table = table[
        table["kind"].isin(names_with(KINDS, "counts_losses")) & (table["end"] <= fit.days[-1])
    ]
    others = table[table["claimant"].isin(derived) & (table["class"] == "left out")]
    totals = table[
        table["kind"].isin(names_with(KINDS, "running")) & table["class"].isin(["used", "merged"])
    ]
    totals = totals.sort_values(["end", "published"], kind="stable")
    latest = totals.drop_duplicates(SERIES, keep="last")
    chosen = pd.concat([others, latest])
    return chosen.sort_values(["party", "category", "end", "claimant"], kind="stable")


@dataclass(frozen=True)
class _Quantity:
    """Losses that a figure is about."""

    party: str
    category: str
    scope: str
    first: int
    last: int


class _Totals:
    """Draws of totals, each path of losses made once."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.fit = results.fit
        self.parties = main_parties(self.fit)
        self.series = {(party, category) for party, category, _ in self.fit.series}
        self.paths: dict[tuple[str, str, str], Rates] = {}
        streams = streams_table(self.fit)
        keys = zip(*(streams[name] for name in STREAM), strict=True)
        self.streams = dict(zip(keys, streams["stream"], strict=True))

    def row(self, claim: Mapping[Any, Any]) -> dict[str, Any]:
        """The comparison of a claim; empty if the fit has nothing to compare it with."""
        fit = self.fit
        of = fit.conflict.components(claim["party"])
        # A figure of both sides together is beside no headline.
        main = [name for name in self.parties if name in of]
        party = main[0] if len(main) == 1 else ""
        category = self._headline_category(claim)
        if not category:
            return {}
        known = all((part, self._base(claim["category"])) in self.series for part in of)
        if not known or (party, category) not in self.series:
            return {}
        value = claim["value"]
        published = value if np.isfinite(value) else (claim["low"] + claim["high"]) / 2
        n_days = (claim["end"] - claim["start"]).days + 1
        per_day = KINDS[claim["kind"]].per_day
        whole = _Quantity(party, category, "all", 0, len(fit.days) - 1)
        first, last = ((claim[name] - fit.days[0]).days for name in ("start", "end"))
        dated = _Quantity(party, category, "all", first, last)
        scope = claim["scope"] if self._is_known(of, category, claim["scope"]) else "all"
        scoped = _Quantity(claim["party"], category, scope, first, last)
        own = self._defined(claim, scoped)
        per = n_days if per_day else 1
        found = {k: float(v[0]) for k, v in summarise(own[:, None] / per, fit.ci_prob).items()}
        medians = [
            float(np.median(self._draws(whole))) / (len(fit.days) if per_day else 1),
            *(float(np.median(self._draws(q))) / per for q in (dated, scoped)),
            *(found["median"], published),
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.diff(np.log(medians))
        return {
            **{"per_day": per_day, "published": published, "headline": medians[0]},
            **{name: found[name] for name in LIMITS},
            **{"headline_party": party, "headline_category": category},
            **dict(zip(ORDER, steps.tolist(), strict=True)),
        }

    def _headline_category(self, claim: Mapping[Any, Any]) -> str:
        """The first headline, of people for all their losses; empty for other equipment."""
        category, first = str(claim["category"]), main_categories(self.fit)[0]
        group = self.fit.conflict.categories[category].group
        same = self.fit.conflict.categories[first].group == group
        return first if same and (group == "person" or category == first) else ""

    def _is_known(self, parties: Sequence[str], category: str, scope: str) -> bool:
        """Whether the fit has the share of a scope."""
        index = submodel_of(self.fit, parties[0], category).design.latent.scope_index
        return any((party, scope) in index for party in parties)

    def _base(self, category: str) -> str:
        """A category that the fit must have for a comparison."""
        return "casualties" if category in UNDEFINED else category

    def _defined(self, claim: Mapping[Any, Any], scoped: _Quantity) -> Floats:
        """Draws of the fit under the claim's own definition."""
        category = str(claim["category"])
        if category not in UNDEFINED:
            return self._draws(replace(scoped, category=category))
        killed, casualties = (
            self._draws(replace(scoped, category=name)) for name in (COUNTED[0], COUNTED[2])
        )
        return killed + self._share(claim, len(killed)) * (casualties - killed)

    def _share(self, claim: Mapping[Any, Any], n: int) -> Floats:
        """Share of the wounded that an undefined word includes; of no stream, by its prior."""
        key = claim["claimant"], claim["party"], claim["category"]
        if key in self.streams:
            return wounded_share(self.fit, self.streams[key])
        prior = self.fit.priors[UNDEFINED[claim["category"]]]
        z = np.random.default_rng(SEED).standard_normal(n)
        return np.asarray(expit(prior.mean + prior.sd * z))

    def _draws(self, of: _Quantity) -> Floats:
        key = of.party, of.category, of.scope
        if key not in self.paths:
            self.paths[key] = rates(self.fit, *key)
        return self.paths[key].between(of.first, of.last)
