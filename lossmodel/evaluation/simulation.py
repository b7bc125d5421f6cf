"""Simulated wars: the truth, and claims about it, under the model's assumptions or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path

import numpy as np
import pandas as pd

from lossmodel.arguments import check_seed, check_several, check_type
from lossmodel.claims.claims import Claims, load_claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.deprecation import renamed_attribute, renamed_keywords
from lossmodel.errors import UsageError
from lossmodel.evaluation.claim_template import levels_of, plan_of
from lossmodel.evaluation.compared_figures import ComparisonPublisher, compares
from lossmodel.evaluation.departures import DepartureDraws, Departures
from lossmodel.evaluation.further_evidence import with_evidence
from lossmodel.evaluation.latent_truth import Truth, draw_truth, spans_of, submodel_of, truth_table
from lossmodel.evaluation.measurement import MeasurementModel
from lossmodel.evaluation.misspecification import (
    Misspecification,
    MisspecificationKind,
    place_misspecification,
)
from lossmodel.evaluation.prior_draws import Sampler
from lossmodel.evaluation.publication import Publisher
from lossmodel.evaluation.templates import Plan, Size, draw_plan, with_roots
from lossmodel.evaluation.unmarked_relays import place_relays, relayed, repeated
from lossmodel.model.priors import Priors
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, names_with

__all__ = ["LEVEL_SD", "Simulated", "simulate"]

EXTRA = ["root", "unit_share", "low_ratio", "high_ratio", "has_value", "middle", "further", "row"]

# Sd of the log level of the losses, chosen by hand: a factor of 2.7 either way in 95% of the wars.
# The model's own prior of the level is nearly flat, and most of its wars would be of absurd size.
LEVEL_SD = 0.5
# Dates of the truth table.
DATES = 4


@dataclass(frozen=True, eq=False, repr=False)
class Simulated:
    """Claims about a war whose truth is known.

    Attributes
    ----------
    claims
        The simulated claims, with their conflict.
    truth
        Expected losses since the start at four dates, with the columns of `truth.csv`.
    parameters
        `block, name, value`: each scalar that was drawn, on the scale of its prior's quantity.
    levels
        `block, party, centre, sd`: the normal distribution of the log of the losses per day.
    paths
        Daily losses, one `Truth` per submodel.
    misspecifications
        Departures from the model's assumptions.

    Examples
    --------
    >>> war = simulate(seed=1)
    >>> round(war.total("north", "killed") + war.total("north", "wounded")) == round(
    ...     war.total("north", "casualties")
    ... )
    True
    """

    claims: Claims
    truth: pd.DataFrame
    parameters: pd.DataFrame
    levels: pd.DataFrame
    paths: tuple[Truth, ...]
    misspecifications: tuple[Misspecification, ...] = ()

    breaks = renamed_attribute("Simulated.breaks", "misspecifications")

    def total(self, party: str, category: str, scope: str = "all") -> float:
        """Expected losses from the first to the last day that is counted, a number of cases."""
        submodel = submodel_of(self.claims.conflict, category)
        path = next(path for path in self.paths if path.submodel == submodel)
        table = self.claims.table
        days = path.position(table.loc[~compares(table), "end"].max()) + 1
        return float(path.losses(party, category, scope)[:days].sum())


@renamed_keywords({"breaks": "misspecifications"})
def simulate(
    conflict: str | Path | Conflict | None = None,
    *,
    seed: int,
    priors: Priors | None = None,
    template: Claims | pd.DataFrame | None = None,
    size: Size | None = None,
    misspecifications: Sequence[MisspecificationKind] = (),
    departures: Departures | None = None,
    level_sd: float = LEVEL_SD,
) -> Simulated:
    """Draw a war from the priors, and the claims about it.

    With a conflict, claims keep the windows, dates, qualifiers and rounding of its own or of a
    template; corrections, parts of totals and claims outside the model are left out. Without one,
    a small artificial war of two parties is drawn. Further evidence (ratios, overlaps, fates,
    declarations, and the counts that come with them in an artificial war) is drawn last, by a
    generator of its own: the other figures are those of the war without it.

    Parameters
    ----------
    conflict
        A shipped conflict's name, a folder or a conflict; None for an artificial war.
    seed
        Seed of all draws.
    priors
        The shipped priors by default.
    template
        Claims whose form is kept and whose figures are replaced; the conflict's by default.
    size
        Limits of an artificial war, and its kinds of evidence beside counts.
    misspecifications
        Departures from the model's assumptions: `method-change`, `method-drop`, `spike`, `relay`,
        `definition`. One that the war has no place for is left out.
    departures
        Departures of all streams at once, by size; none by default.
    level_sd
        Sd of the log of the losses per day around the centre given by `Simulated.levels`.

    Returns
    -------
    Simulated
        The claims, and the truth behind them.

    Raises
    ------
    UsageError
        A size is given with a conflict, no claim can be modelled, or an argument is not known, a
        kind of evidence among them.
    ClaimsError
        The template is not a valid table of claims.

    Examples
    --------
    >>> war = simulate(seed=1)
    >>> bool(war.truth["value"].gt(0).all()) and len(war.claims) >= 20
    True
    """
    rng = np.random.default_rng(check_seed(seed))
    check_several(misspecifications, "misspecifications")
    check_type(level_sd, "level_sd", Real, "a number from 0 on")
    if not 0 <= level_sd < np.inf:
        raise UsageError(f"level_sd is {level_sd}; give a number from 0 on.")
    priors = Priors.default() if priors is None else priors
    if conflict is not None and size is not None:
        raise UsageError("size is for made-up wars; a conflict has the size of its claims.")
    if conflict is None:
        limits = size or Size()
        plan = with_evidence(draw_plan(limits, rng), limits.evidence, seed=seed)
    else:
        plan = plan_of(conflict, template)
    levels = {"person": plan.levels} if conflict is None else levels_of(plan)
    rows = with_roots(plan.rows)
    counts = rows[~(compares(rows) | rows["further"])]
    found = _placed(misspecifications, counts, plan.conflict, seed)
    # Generators of their own, so that a war equals its sound twin before its departures.
    streams = DepartureDraws(departures or Departures(), np.random.default_rng([seed, 2]))
    own = np.random.default_rng([seed, 3])
    relays = place_relays(counts, share=streams.sizes.relayed, conflict=plan.conflict, rng=own)
    further = np.random.default_rng([seed, 4])
    war = _War(plan, rows, levels, level_sd, priors, found, streams, relays, rng, further)
    return war.simulated()


def _placed(
    kinds: Sequence[MisspecificationKind], rows: pd.DataFrame, conflict: Conflict, seed: int
) -> tuple[Misspecification, ...]:
    rng = np.random.default_rng([seed, 1])
    placed = [place_misspecification(kind, rows, conflict=conflict, rng=rng) for kind in kinds]
    return tuple(departure for departure in placed if departure is not None)


@dataclass(frozen=True, eq=False)
class _War:
    plan: Plan
    rows: pd.DataFrame
    levels: dict[str, dict[str, float]]
    level_sd: float
    priors: Priors
    misspecifications: tuple[Misspecification, ...]
    departures: DepartureDraws
    relays: dict[int, int]
    rng: np.random.Generator
    further: np.random.Generator

    def simulated(self) -> Simulated:
        conflict = self.plan.conflict
        submodels = self.rows["category"].map(lambda name: submodel_of(conflict, name))
        paths, figures, parameters = [], [], []
        for submodel in sorted(set(submodels)):
            sampler = Sampler(self.priors, self.rng)
            truth = self._truth(submodel, sampler)
            paths.append(truth)
            figures.append(self._figures(truth, sampler, self.rows[submodels == submodel]))
            parameters += [(submodel, name, value) for name, value in sampler.parameters.items()]
        table = self.rows.assign(**pd.concat(figures).sort_index())
        for departure in self.misspecifications:
            table = relayed(table, departure) if departure.kind == "relay" else table
        table = repeated(table, self.relays)
        ends = pd.date_range(conflict.start, self._until, periods=DATES + 1)[1:]
        return Simulated(
            claims=load_claims(table.drop(columns=EXTRA, errors="ignore"), conflict=conflict),
            truth=truth_table(paths, ends.floor("D")),
            parameters=pd.DataFrame(parameters, columns=["block", "name", "value"]),
            levels=self._level_table(),
            paths=tuple(paths),
            misspecifications=self.misspecifications,
        )

    @property
    def _until(self) -> pd.Timestamp:
        """The last day of losses: declarations may go on after it."""
        return pd.Timestamp(self.rows.loc[~compares(self.rows), "end"].max())

    def _truth(self, submodel: str, sampler: Sampler) -> Truth:
        """Daily losses of one submodel, its spike included."""
        last = max(self.rows["end"].max(), self.rows["known"].max())
        truth = draw_truth(
            submodel,
            conflict=self.plan.conflict,
            days=pd.date_range(self.plan.conflict.start, last, freq="D"),
            levels=self.levels[submodel],
            level_sd=self.level_sd,
            sampler=sampler,
        )
        for departure in self.misspecifications:
            if departure.kind == "spike" and departure.party in truth.rate:
                truth.rate[departure.party][truth.position(departure.date)] *= departure.factor
        return truth

    def _level_table(self) -> pd.DataFrame:
        rows = [
            (submodel, party, centre, self.level_sd)
            for submodel, centres in self.levels.items()
            for party, centre in centres.items()
        ]
        return pd.DataFrame(rows, columns=["block", "party", "centre", "sd"])

    def _figures(self, truth: Truth, sampler: Sampler, rows: pd.DataFrame) -> pd.DataFrame:
        counts = rows[~compares(rows)]
        kept = {
            key: truth.conflict.stream(*key).accounting
            for key in zip(counts["root"], counts["party"], counts["category"], strict=True)
        }
        biased = pd.Series([k for k, name in kept.items() if not ACCOUNTINGS[name].has_coverage])
        pairs = biased.map(lambda key: key[:2])
        several = frozenset(pairs[pairs.duplicated()])
        # A register of which only an overlap is known has a bias as well.
        sampled = rows["kind"].isin(names_with(KINDS, "sampled"))
        overlaps = rows[sampled & (rows["category"] != "missing")]
        spans = spans_of(overlaps, truth) | spans_of(counts, truth)
        measurement = MeasurementModel(truth, sampler, spans, several, self.departures)
        publisher = Publisher(truth, measurement, sampler, self.misspecifications)
        found = publisher.publish(counts[~counts["further"]])
        sampler.rng = self.further
        more = publisher.publish(counts[counts["further"]])
        until = truth.position(self._until) + 1
        compared = ComparisonPublisher(publisher, until).publish(rows[compares(rows)])
        return pd.concat([found, more, compared])
