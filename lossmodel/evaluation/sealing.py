"""Predictions of figures that will be published, sealed with a date and a hash.

The next totals of a ledger, the next counts of a list and the next vintages of a register are
predicted by the model itself. Claims at the dates to come join the table without a figure: they
have a window, a stream and noise, and their likelihood is one whatever the figure. The posterior
then has paths beyond the last day, whose walks go on with their learned scales, and figures are
drawn from it as for any posterior predictive check. These paths are for this purpose only; no
report, table or query goes beyond the last day of a fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lossmodel import __version__
from lossmodel.arguments import check_fit, check_seed
from lossmodel.errors import UsageError
from lossmodel.evaluation.sealed import FORMAT, digest
from lossmodel.evidence import collect_evidence
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.inference.run import Settings
from lossmodel.inference.schedule import run_submodels
from lossmodel.model.density.model import LossModel
from lossmodel.model.density.predictive import new_figures
from lossmodel.model.density.replicas import ENDLESS
from lossmodel.model.design.observation import COUNT, COUNT_BELOW, INTERVAL, POINT
from lossmodel.posterior.citation import fit_hash
from lossmodel.query.evaluate import claims_sha256
from lossmodel.system.clock import now
from lossmodel.tables.schema import SERIES
from lossmodel.tables.trust import ANY_TRUST
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS, names_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lossmodel.claims.claims import Claims
    from lossmodel.evidence import Evidence
    from lossmodel.inference.run import Submodel
    from lossmodel.model.design import Design
    from lossmodel.model.design.grid import Floats
    from lossmodel.model.design.observation import Observations
    from lossmodel.posterior.fit import Fit

__all__ = ["AHEAD", "seal"]

# Days after the last day of a fit: a fortnight, and one to six months, within which a claimant of
# a running count publishes several times.
AHEAD: Final = (14, 30, 60, 90, 180)
# A stream without a figure for as long has most likely stopped.
STOPPED_AFTER: Final = 120
# Equally likely values of each prediction. Limits of 95% lie between the second and the fifth.
QUANTILES: Final = (np.arange(99) + 0.5) / 99
# Figures drawn for each of the predictive draws, so that quantiles are smooth.
COPIES: Final = 10
# Larger than any rounding unit of a small total.
LARGE: Final = 1e5
PREFIX: Final = "to-come"


def seal(
    fit: Fit,
    *,
    ahead: Sequence[int] = AHEAD,
    engine: EngineName = "laplace",
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Predict the running totals that claimants will publish.

    Parameters
    ----------
    fit
        A fit. One of claims frozen at a date (``as_of``, ``until``) gives a set that is labelled
        retrospective.
    ahead
        Days after its last day.
    engine, seed
        Of the refit with paths to the last of these days.
    progress
        Called with a line of text at each stage.

    Returns
    -------
    dict
        ``predictions``, a list: claimant, party, category, scope, accounting, ``last`` (date and
        value of the last figure) and ``dates``, each with ``added``: 99 equally likely values of
        losses added since the last figure. Beside them the day of sealing (``sealed``), whether
        the set is ``retrospective``, hashes of fit and claims, and ``sha256`` of all of it.

    Raises
    ------
    UsageError
        No claimant has a running total that goes on.

    Examples
    --------
    >>> seal(fitted)
    Traceback (most recent call last):
    ...
    lossmodel.errors.UsageError: No claimant has a running total that goes on after 1940-10-31.
    """
    check_fit(fit)
    seed, engine = check_seed(seed), check_engine(engine)
    targets = list(_targets(fit))
    if not targets:
        raise UsageError(
            f"No claimant has a running total that goes on after {fit.days[-1].date()}."
        )
    days = [fit.days[-1] + pd.Timedelta(days=int(n)) for n in sorted(set(ahead))]
    evidence = _evidence_to_come(fit, targets, days)
    settings = Settings(engine=engine, seed=seed)
    model = LossModel(fit.components, fit.priors)
    designs = [_without_figures(one) for one in model.submodels(evidence, fit.conflict)]
    known = [one for one in designs if one.name in fit.submodels]
    found, _ = run_submodels(
        known, settings=settings, earlier=dict(fit.submodels), progress=progress
    )
    drawn: dict[str, Floats] = {}
    for submodel in found.values():
        drawn |= _drawn(submodel, np.random.default_rng([seed, len(submodel.design.name)]))
    predictions = [
        _prediction(target, days, drawn)
        for target in targets
        if all(_claim_id(target, day) in drawn for day in days)
    ]
    return _sealed(fit, predictions, engine=engine, seed=seed)


@dataclass(frozen=True)
class _Target:
    """A running total that goes on: its last claim."""

    row: pd.Series
    accounting: str

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(str(self.row[name]) for name in SERIES)


def _own(fit: Fit) -> pd.DataFrame:
    """The claims that a fit may have used: known by its date and about its days."""
    table = fit.claims.table
    as_of = fit.evidence.as_of
    kept = table["end"] <= fit.days[-1]
    return table[kept if as_of is None else kept & (table["published"] <= as_of)]


def _targets(fit: Fit) -> Iterator[_Target]:
    """The last running total of each stream whose figures are sums of earlier ones."""
    table = _own(fit)
    left = fit.evidence.classes.set_index("claim_id")["class"].eq("left out")
    first = table["start"].isna() | (table["start"] == fit.conflict.start)
    # A ledger's "more than" is its total rounded down.
    single = [n for n, q in QUALIFIERS.items() if not q.has_limits and q.form != "at-most"]
    points = table["qualifier"].isin(single) & table["value"].notna()
    running = table["kind"].isin(names_with(KINDS, "running"))
    whole = running & first & points & (table["via"] == "")
    rows = table[whole & ~table["claim_id"].map(left).fillna(True).astype(bool)]
    for names, figures in rows.groupby(SERIES, sort=True):
        claimant, party, category, _ = (str(name) for name in names)
        accounting = fit.conflict.stream(claimant, party, category).accounting
        rules = ACCOUNTINGS[accounting]
        last = figures.sort_values(["known", "published"], kind="stable").iloc[-1]
        goes_on = (fit.days[-1] - last["known"]).days <= STOPPED_AFTER
        if (rules.sums_days or rules.counts_cases) and len(figures) > 1 and goes_on:
            yield _Target(last, accounting)


def _evidence_to_come(
    fit: Fit, targets: Sequence[_Target], days: Sequence[pd.Timestamp]
) -> Evidence:
    """Evidence of a fit and of the claims to come, but of those that change what is known."""
    trust = (fit.provenance.get("options") or {}).get("trust") or ANY_TRUST
    claims = _with_claims_to_come(fit, targets, days)
    evidence = collect_evidence(claims, until=days[-1], trust=trust)
    last = {str(target.row["claim_id"]) for target in targets}
    joined = set()
    for ids in evidence.terms["claims"].str.split(";"):
        real = {claim for claim in ids if not _is_to_come(claim)}
        # An increment begins at the last total, or at an earlier one with which that was joined.
        if len(real) < len(ids) and not real <= last:
            joined |= {claim.rpartition("/")[0] for claim in ids if _is_to_come(claim)}
    kept = [target for target in targets if "/".join((PREFIX, *target.key)) not in joined]
    if not kept:
        raise UsageError("The running totals are rounded too much for their increments to be used.")
    return _evidence_to_come(fit, kept, days) if joined else evidence


def _with_claims_to_come(
    fit: Fit, targets: Sequence[_Target], days: Sequence[pd.Timestamp]
) -> Claims:
    """The claims of a fit, and one for each total and day to come."""
    rows = []
    for target in targets:
        last = target.row
        for number, day in enumerate(days, 1):
            # Any number does, since its likelihood is taken away, but one: an increment that is
            # small against the rounding of its ends would be joined with its neighbour.
            value = last["value"] * (1 + number) + LARGE * number + 7
            rows.append(
                last.to_dict()
                | {"claim_id": _claim_id(target, day), "value": value, "qualifier": "exact"}
                | {"start": fit.conflict.start, "end": day, "known": day, "published": day}
                | {"low": np.nan, "high": np.nan, "published_inferred": False, "note": ""}
            )
    own = _own(fit)
    table = pd.concat([own, pd.DataFrame(rows)[own.columns].astype(own.dtypes)], ignore_index=True)
    return replace(fit.claims, table=table)


def _claim_id(target: _Target, day: pd.Timestamp) -> str:
    return "/".join((PREFIX, *target.key, str(day.date())))


def _is_to_come(claim: str) -> bool:
    return claim.startswith(f"{PREFIX}/")


def _to_come(terms: pd.DataFrame) -> pd.Series:
    """Claim at whose date each observation ends, by position, of those to come."""
    ends = terms["claims"].str.rpartition(";")[2].reset_index(drop=True)
    return ends[[_is_to_come(claim) for claim in ends]]


def _without_figures(design: Design) -> Design:
    """The design with likelihoods of one for the figures to come: any number is in their range."""
    at = _to_come(design.terms).index
    observed = design.observed
    form, low, high = (array.copy() for array in _ranges(observed))
    form[at], low[at], high[at] = INTERVAL, -np.inf, ENDLESS
    return replace(design, observed=replace(observed, form=form, log_value=low, log_high=high))


def _ranges(observed: Observations) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return observed.form, observed.log_value, observed.log_high


def _drawn(submodel: Submodel, rng: np.random.Generator) -> dict[str, Floats]:
    """Draws of the figure of each observation to come, by its claim: (draws,)."""
    design, predicted = submodel.design, submodel.predicted
    claims = _to_come(design.terms)
    at = claims.index
    # Others pass as ranges, of which no figure is drawn; those to come are no shares of cases.
    form = np.full(len(design.terms), INTERVAL)
    form[at] = np.where(np.median(predicted.mu[:, at], axis=0) < np.log(COUNT_BELOW), COUNT, POINT)
    cases = np.full(len(design.terms), np.nan)
    observed = replace(design.observed, form=form, cases=cases)
    logs = np.concatenate([new_figures(observed, predicted, rng)[:, at] for _ in range(COPIES)])
    return {claim: np.exp(logs[:, i]) for i, claim in enumerate(claims)}


def _prediction(
    target: _Target, days: Sequence[pd.Timestamp], drawn: Mapping[str, Floats]
) -> dict[str, Any]:
    added = np.cumsum([drawn[_claim_id(target, day)] for day in days], axis=0)
    last = {"date": str(target.row["known"].date()), "value": float(target.row["value"])}
    dates = [
        {
            "date": str(day.date()),
            "added": [float(f"{q:.5g}") for q in np.quantile(draws, QUANTILES)],
        }
        for day, draws in zip(days, added, strict=True)
    ]
    about = dict(zip(SERIES, target.key, strict=True)) | {"accounting": target.accounting}
    return about | {"last": last, "dates": dates}


def _sealed(
    fit: Fit, predictions: list[dict[str, Any]], *, engine: str, seed: int
) -> dict[str, Any]:
    as_of, options = fit.evidence.as_of, fit.provenance.get("options") or {}
    content = {
        "format": FORMAT,
        "conflict": fit.conflict.name,
        "sealed": now().date().isoformat(),
        "retrospective": as_of is not None or options.get("until") is not None,
        "as_of": None if as_of is None else str(as_of.date()),
        "last_day": str(fit.days[-1].date()),
        "gate": "passed" if fit.diagnostics["gate"]["passed"] else "not passed",
        "fit_sha256": fit_hash(fit),
        "claims_sha256": claims_sha256(fit),
        "version": __version__,
        "engine": engine,
        "seed": seed,
        "predictions": predictions,
    }
    return content | {"sha256": digest(content)}
