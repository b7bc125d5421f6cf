"""Expected narrowing of totals by a claim that is still to come.

Before its number is known, a claim y has the predictive distribution of the fit, and for each
number that it may have the total has another posterior. With draws i of the unknowns, y_j is
simulated from each of some draws, the draws are weighted by p(y_j | i), and the widths of the
weighted intervals are averaged: a pre-posterior analysis (Raiffa and Schlaifer 1961, Applied
Statistical Decision Theory, Harvard; Lindley 1956, On a measure of the information provided by an
experiment, Annals of Mathematical Statistics 27: 986-1005). If all is normal on the log scale, with
c the covariance of log total and log claim, the sd of the log total falls to

    sqrt(var(total) - c^2 / var(y)).

The claim is written into the table, and the model is laid out with it. Thus its expectation and its
noise are those that it would have in a fit. The claimant's bias has its posterior where the fit has
that claimant, else that of its role and side with the spread between claimants, and a list has its
coverage and its delay. Unknowns that only the new claim has are drawn from their priors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.special import log_ndtr

from lossmodel.errors import UsageError
from lossmodel.evaluation.reweighting import weighted_quantiles
from lossmodel.evidence import collect_evidence
from lossmodel.model.density.density import Density
from lossmodel.model.density.likelihood import Likelihood, likelihood_of
from lossmodel.model.density.model import LossModel
from lossmodel.model.density.predictive import TOGETHER
from lossmodel.model.density.replicas import replicated
from lossmodel.model.force_balance import with_force
from lossmodel.posterior.rates import rates
from lossmodel.posterior.tables import reported_series
from lossmodel.posterior.variance import LEAST_TOTAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.api import Fit
    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.model.design import Design
    from lossmodel.model.design.grid import Floats, Ints
    from lossmodel.posterior.reported import Series

__all__ = ["COLUMNS", "NEW", "PRECISIONS", "Candidate", "Joint", "expected_widths", "next_claims"]

COLUMNS: Final = (
    *("party", "category", "scope", "claimant", "claim", "counted", "precision", "width", "error"),
)
# Draws at the most: as many as a Laplace fit has.
DRAWS: Final = 1000
# Numbers that a claim may have, at equal probabilities, and times that all is repeated with other
# draws of the unknowns that only the new claim has. The error of an expected width, which follows
# from the repeats, is then mostly below a hundredth.
NUMBERS: Final = 50
REPEATS: Final = 4
# Claims by claimants that the fit does not have: the role of the claimant and the accounting.
NEW: Final = {
    "own side": ("self", "estimate"),
    "adversary": ("adversary", "estimate"),
    "third party": ("third-party", "estimate"),
    "list": ("third-party", "list"),
    "register": ("self", "register"),
}
# How the number is printed: its qualifier and its digits, all of them for None. Reports round to
# two digits, and say "more than" of round numbers.
PRECISIONS: Final = {"exact": None, "about": 2, "at-least": 1}
COUNTED: Final = ("list", "register")
# Sorts after the names of claimants, so that streams keep their numbers.
STRANGER: Final = "~{}"


@dataclass(frozen=True)
class Candidate:
    """A claim that may come next: the total of a party up to the last day of the fit.

    Attributes
    ----------
    claimant
        Who makes it; empty for someone whom the fit does not have.
    claim
        A key of `NEW`, or the accounting of the claimant's figures.
    side
        Of a new claimant; empty for none.
    accounting
        How it counts.
    party, category
        Whose losses, and what is counted.
    precision
        A key of `PRECISIONS`.
    """

    claimant: str
    claim: str
    side: str
    accounting: str
    party: str
    category: str
    precision: str


@dataclass(frozen=True, eq=False)
class Joint:
    """Draws of a fit, and what they say of figures that it does not have.

    Attributes
    ----------
    draws
        Numbers of the draws of the fit, shape (R, S): in each of R repeats the unknowns that only
        the new figures have are drawn anew.
    terms
        The N new figures, rows of ``Design.terms``.
    figures
        Their likelihoods, each of one figure.
    mu, log_sd
        Log expectation and log noise sd, shape (R, S, N).
    log_slack
        Log of the mean slack of bounds, shape (R, S, 1).
    """

    draws: Ints
    terms: pd.DataFrame
    figures: tuple[Likelihood, ...]
    mu: Floats
    log_sd: Floats
    log_slack: Floats

    def widths(
        self, logs: Floats, which: Sequence[int], *, ci_prob: float, seed: int = 1
    ) -> Floats:
        """Widths that intervals of log totals may have once some of the figures are published.

        Parameters
        ----------
        logs
            Log totals by draw of the fit.
        which
            Numbers of the figures, which are published together.
        ci_prob
            Probability of the interval.

        Returns
        -------
        array
            Relative to the width now, shape (R, numbers).
        """
        rng, sd = np.random.default_rng(seed), np.exp(self.log_sd)
        figures = [self.figures[n] for n in which]
        found = [
            expected_widths(
                logs[draws], figures, mu[:, which], noise[:, which], slack, ci_prob=ci_prob, rng=rng
            )
            for draws, mu, noise, slack in zip(self.draws, self.mu, sd, self.log_slack, strict=True)
        ]
        return np.stack(found)


def next_claims(fit: Fit, keys: Sequence[Series] | None = None, *, seed: int = 1) -> pd.DataFrame:
    """Expected widths of totals after one more claim, before its number is known.

    Candidates are the next totals by claimants of the fit that make estimates, lists or registers
    and have none up to its last day, and totals by new claimants: of the party's own side, of its
    adversary, of third parties, a list of names or pictures, a register of deaths. Each total may
    be exact, rounded, or a lower bound.

    Parameters
    ----------
    fit
        The fit.
    keys
        Party, category and scope of totals, those of the first one's submodel are taken; all totals
        of scope `all` by default.
    seed
        Of the numbers that are simulated.

    Returns
    -------
    DataFrame
        One row per total and claim: `party, category, scope` of the total; `claimant` (empty for a
        new one); `claim` (own side, adversary, third party, list, register; of claimants of the
        fit estimate, list or register); `counted`, the category of the claim; `precision` (exact,
        about, at-least); `width`, the expected width of the interval of the log total relative to
        now; `error`, its Monte Carlo standard error. The narrowest come first.

    Raises
    ------
    UsageError
        The fit has none of the totals.

    Examples
    --------
    >>> found = next_claims(fitted, [("germany", "aircraft", "all")])
    >>> bool((found["width"] < 1.1).all()), sorted(set(found["precision"]))
    (True, ['about', 'at-least', 'exact'])
    """
    series = reported_series(fit)
    wanted = [key for key in series if key[2] == "all"] if keys is None else list(keys)
    known = [key for key in wanted if key in series]
    if not known:
        raise UsageError("This fit has none of these totals.")
    submodel = fit.submodel_of(*known[0][:2])
    known = [key for key in known if fit.submodel_of(*key[:2]) is submodel]
    candidates = _candidates(fit, submodel.design, known)
    claims, names = _with_claims(fit, candidates)
    joint = joint_draws(fit, claims, submodel.design.name, seed=seed)
    place = {term: n for n, term in enumerate(joint.terms["term"])}
    rows = []
    for key in known:
        logs = log_totals(fit, key)
        for name, candidate in zip(names, candidates, strict=True):
            if name not in place or candidate.party != key[0]:
                continue
            widths = joint.widths(logs, [place[name]], ci_prob=fit.ci_prob, seed=seed)
            about = candidate.claimant, candidate.claim, candidate.category, candidate.precision
            means = widths.mean(axis=1)
            error = means.std(ddof=1) / np.sqrt(len(means))
            rows.append((*key, *about, float(means.mean()), float(error)))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = {key: n for n, key in enumerate(known)}
    place_of = [order[key] for key in zip(table["party"], table["category"], table["scope"])]  # noqa: B905
    table = table.assign(place=place_of).sort_values(["place", "width"], kind="stable")
    return table.drop(columns="place").reset_index(drop=True)


def log_totals(fit: Fit, key: Series, day: pd.Timestamp | None = None) -> Floats:
    """Log of a total up to a day, the last one by default, by draw."""
    last = len(fit.days) - 1 if day is None else int((day - fit.days[0]).days)
    return np.asarray(np.log(np.maximum(rates(fit, *key).between(0, last), LEAST_TOTAL)))


def expected_widths(
    logs: Floats,
    figures: Sequence[Likelihood],
    mu: Floats,
    sd: Floats,
    log_slack: Floats,
    *,
    ci_prob: float,
    rng: np.random.Generator,
) -> Floats:
    """Widths of an interval of a log total for numbers that a claim may have.

    Parameters
    ----------
    logs
        Draws of the log total, shape (S,).
    figures
        Likelihoods of the N figures of the claim, each of one figure.
    mu, sd
        Log expectation and noise sd of the figures by draw, shape (S, N).
    log_slack
        Log of the mean slack of bounds, shape (S, 1).
    ci_prob
        Probability of the interval.

    Returns
    -------
    array
        Widths relative to the width without the claim, one for each of up to `NUMBERS` numbers at
        equal probabilities; their mean is the expected width.

    Examples
    --------
    A claim without bias whose error is as large as that of the total makes it narrower by the root
    of two.

    >>> from lossmodel.model.density.likelihood import Point
    >>> rng = np.random.default_rng(1)
    >>> logs = rng.normal(size=1000)
    >>> claim = [Point(np.zeros(1), np.inf)]
    >>> ones = np.ones((1000, 1))
    >>> widths = expected_widths(logs, claim, logs[:, None], ones, 0 * ones, ci_prob=0.95, rng=rng)
    >>> round(float(widths.mean()), 1)
    0.7
    """
    order, tail = np.argsort(logs, kind="stable"), (1 - ci_prob) / 2
    levels = np.array([tail, 1 - tail])
    # At equal probabilities of the expectation.
    chosen = np.linspace(0, len(logs) - 1, min(NUMBERS, len(logs))).round().astype(int)
    chosen = np.argsort(mu[:, 0], kind="stable")[chosen]
    likelihood = np.zeros((len(chosen), len(logs)))
    for n, figure in enumerate(figures):
        here = slice(n, n + 1)
        own = replicated(figure, mu[chosen, here], sd[chosen, here], log_slack[chosen], rng)
        slack = (log_slack[:, 0],) if own.has_slack else ()
        likelihood += own(mu[:, n], np.log(sd[:, n]), *slack).value
    likelihood -= likelihood.max(axis=1, keepdims=True)
    weights = np.exp(likelihood[:, order])
    weights /= weights.sum(axis=1, keepdims=True)
    ordered = logs[order]
    now = np.diff(weighted_quantiles(ordered, np.full(len(logs), 1 / len(logs)), levels))[0]
    found = [np.diff(weighted_quantiles(ordered, w, levels))[0] for w in weights]
    return np.asarray(found) / now if now > 0 else np.ones(len(found))


def joint_draws(
    fit: Fit,
    claims: Claims,
    name: str,
    *,
    as_of: pd.Timestamp | None = None,
    seed: int = 1,
) -> Joint:
    """Draws of a submodel of a fit with the figures of claims that it does not have.

    Parameters
    ----------
    fit
        The fit.
    claims
        Its claims and others.
    name
        Of the submodel.
    as_of
        Day up to which claims are read; that of the fit by default.
    seed
        Of the unknowns that only the new figures have.

    Raises
    ------
    UsageError
        A figure of the fit is replaced by the new claims, so that it would count twice, or the
        model has other days with them.
    """
    submodel = fit.submodels[name]
    before = submodel.design
    evidence = collect_evidence(
        claims,
        as_of=fit.evidence.as_of if as_of is None else as_of,
        until=fit.evidence.until,
        trust=fit.evidence.trust,
    )
    model = LossModel(fit.components, fit.priors)
    evidence = with_force(evidence, claims.conflict, model.components, model.priors)
    design = model.design(evidence, claims.conflict, name)
    known = set(before.terms["term"])
    lost = known - set(design.terms["term"])
    if lost:
        raise UsageError(f"The claims replace figures of the fit: {', '.join(sorted(lost))}.")
    if not np.array_equal(design.grid.cell_of, before.grid.cell_of):
        raise UsageError("With the claims the model has other days than the fit.")
    rng = np.random.default_rng(seed)
    every = len(submodel.posterior.flat)
    chosen = np.linspace(0, every - 1, min(every, DRAWS)).round().astype(int)
    density, new = Density(design), np.flatnonzero(~design.terms["term"].isin(known))
    graph = density.model
    repeats = [
        carried(before, submodel.posterior.flat[chosen], design, rng) for _ in range(REPEATS)
    ]
    theta = np.concatenate([draws for draws, _ in repeats])
    parts = []
    for some in np.array_split(theta, -(-len(theta) // TOGETHER)):
        found = density.evaluate(some)
        slack = np.broadcast_to(found[graph.log_slack], (len(some), 1))
        parts.append((found[graph.log_expected][:, new], found[graph.log_noise][:, new], slack))
    shape = (REPEATS, len(chosen), -1)
    mu, log_sd, slack = (np.concatenate(v).reshape(shape) for v in zip(*parts, strict=True))
    observed = design.observed
    figures = tuple(likelihood_of(observed, int(observed.form[n]), np.array([n])) for n in new)
    terms = design.terms.iloc[new].reset_index(drop=True)
    draws = np.stack([chosen[kept] for _, kept in repeats])
    return Joint(draws, terms, figures, mu, log_sd, slack)


def carried(
    before: Design, theta: Floats, after: Design, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """Draws of one design as draws of another that has more figures.

    A walk that is longer now keeps its steps, and its centre moves by a part of the new ones.
    Unknowns that are new have their prior, that of a new ceiling included.

    Parameters
    ----------
    theta
        Draws of `before`, shape (S, D).

    Returns
    -------
    theta, kept
        Draws of `after`, and the draw that each comes from, shape (S,): where there are new
        ceilings draws are taken again by their weights.
    """
    found = rng.standard_normal((len(theta), after.size))
    there = {_named(name, before): where for name, where in before.parameters.groups.items()}
    for name, here in after.parameters.groups.items():
        where = there.get(_named(name, after))
        if where is not None:
            size = min(here.stop - here.start, where.stop - where.start)
            found[:, here.start : here.start + size] = theta[:, where.start : where.start + size]
    logs = _ceilings(after, found) - _ceilings(before, theta)
    weights = np.exp(logs - logs.max())
    if np.ptp(logs) < 1e-6:
        return found, np.arange(len(theta))
    places = (np.arange(len(theta)) + 0.5) / len(theta) * weights.sum()
    kept = np.searchsorted(weights.cumsum(), places)
    return found[kept], kept


def _ceilings(design: Design, theta: Floats) -> Floats:
    """Log of the factors of the prior by its ceilings, shape (S,)."""
    parameters = design.parameters
    below = parameters.values(theta) @ parameters.ceilings.T + parameters.margin
    return np.asarray(log_ndtr(below).sum(axis=1))


def _named(name: str, design: Design) -> str:
    """A group of unknowns by the names of its stream, whose number is another in other designs."""
    kind, _, number = name.rpartition(" ")
    if not (kind and number.isdecimal()):
        return name
    stream = design.streams.loc[int(number), ["claimant", "party", "category", "accounting"]]
    return " ".join([kind, *stream])


def _candidates(fit: Fit, design: Design, keys: Sequence[Series]) -> list[Candidate]:
    """Claims that may come next about the parties of some totals."""
    found = []
    for party, category in dict.fromkeys(key[:2] for key in keys):
        for claimant, accounting in _continued(fit, design, party, category):
            found += _printed(claimant, accounting, "", accounting, party, category)
        for claim, (role, accounting) in NEW.items():
            side = _side(fit.conflict, party, role)
            cases = accounting in COUNTED and category not in ("killed", design.name)
            register = accounting == "register" and not design.people
            if side is not None and not cases and not register:
                found += _printed("", claim, side, accounting, party, category)
    return found


def _printed(
    claimant: str, claim: str, side: str, accounting: str, party: str, category: str
) -> list[Candidate]:
    """One candidate for each precision; counts of cases are exact."""
    precisions = ["exact"] if accounting in COUNTED else [*PRECISIONS]
    return [Candidate(claimant, claim, side, accounting, party, category, p) for p in precisions]


def _side(conflict: Conflict, party: str, role: str) -> str | None:
    """A side that has a role towards a party; None where there is none."""
    if role == "third-party":
        return ""
    own = conflict.parties[party].side
    return own or None if role == "self" else next(iter(conflict.enemies(own)), None)


def _continued(fit: Fit, design: Design, party: str, category: str) -> list[tuple[str, str]]:
    """Claimants whose last figure is of an earlier day than the last one, and their accountings."""
    terms, last = design.terms, fit.days[-1]
    ends = pd.Series([days[-1][1] for days in terms["days"]], index=terms.index)
    found = []
    for claimant in terms["claimant"].unique():
        accounting = str(fit.conflict.stream(claimant, party, category).accounting)
        own = (terms["claimant"] == claimant) & (terms["party"] == party)
        own &= (terms["category"] == category) & (terms["scope"] == "all")
        plain = accounting in ("estimate", *COUNTED)
        if plain and own.any() and max(ends[own].max(), terms["known"][own].max()) < last:
            found.append((str(claimant), accounting))
    return found


def _with_claims(fit: Fit, candidates: Sequence[Candidate]) -> tuple[Claims, list[str]]:
    """The claims of a fit and the candidates, each new claimant having one, and their ids."""
    claims, conflict, last = fit.claims, fit.conflict, fit.days[-1]
    # The latest day that is read, on which nothing of the fit changes.
    published = claims.table["published"].max()
    published = published if fit.evidence.as_of is None else min(published, fit.evidence.as_of)
    rows, claimants, streams, names = [], [], [], []
    for n, each in enumerate(candidates):
        who = each.claimant or STRANGER.format(n)
        names.append(f"{STRANGER.format(n)}-claim")
        rows.append(
            {
                "claim_id": names[-1], "claimant": who, "party": each.party,
                "category": each.category, "scope": "all", "kind": "cumulative",
                "start": conflict.start, "end": last, "known": last, "published": published,
                "value": _value(fit, each), "qualifier": each.precision, "row": 0,
                "trust": claims.table["trust"].iloc[0],
            }
        )  # fmt: skip
        if not each.claimant:
            claimants.append({"claimant": who, "name": who, "side": each.side})
            key = {"claimant": who, "party": each.party, "category": each.category}
            streams.append(key | {"accounting": each.accounting})
    changed = replace(
        conflict,
        claimants=_appended(conflict.claimants, claimants),
        streams=_appended(conflict.streams, streams),
    )
    return replace(claims, table=_appended(claims.table, rows), conflict=changed), names


def _value(fit: Fit, candidate: Candidate) -> float:
    """A number that the claim may have, printed as it would be."""
    total = np.exp(np.median(log_totals(fit, (candidate.party, candidate.category, "all"))))
    digits = PRECISIONS[candidate.precision]
    if digits is None:
        # An odd number is no rounded one.
        return float(2 * int(total / 2) + 1)
    return max(float(f"{total:.{digits - 1}e}"), 1.0)


def _appended(table: pd.DataFrame, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A table with more rows, whose other columns are empty."""
    empty = {
        name: "" if kind.kind not in "fMib" else {"f": np.nan, "M": pd.NaT}.get(kind.kind, 0)
        for name, kind in table.dtypes.items()
    }
    if not rows:
        return table
    more = pd.DataFrame([empty | row for row in rows], columns=table.columns)
    return pd.concat([table, more.astype(table.dtypes)], ignore_index=True)
