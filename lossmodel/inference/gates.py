"""Checks that a fit must pass before its numbers are written."""

from typing import Any

import numpy as np
import pandas as pd

from lossmodel.inference.convergence import convergence
from lossmodel.inference.importance import WeightedDraws
from lossmodel.inference.laplace.diagnostics import log_totals
from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.laplace.marginals import LaplaceMarginal
from lossmodel.inference.laplace.quantities import reported
from lossmodel.inference.nuts.figures import counts
from lossmodel.inference.nuts.held_sums import HeldSums
from lossmodel.inference.nuts.sampler import Sample
from lossmodel.inference.weights import MAX_K
from lossmodel.model.density.density import Density
from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.losses import LEAST
from lossmodel.model.design.grid import Floats
from lossmodel.text.numbers import number

__all__ = [
    "DOUBT", "FAIL", "HARDLY_DIVIDED", "ROUGHLY", "UNDIVIDED", "UNEVEN", "agreement_gate",
    "are_rough", "bent_sums", "convergence_gate", "gated_quantities", "laplace_gate",
    "rhat_limit", "runaway_totals", "several_modes", "weights_gate",
]  # fmt: skip

# Newton's decrement of the latent vector: 0.014 posterior sds.
MAX_DECREMENT = 1e-4
# How far from normal a total's marginal may be: its median in posterior sds, or the log of the
# width of its interval relative to the normal's. Draws are corrected for it, but only along one
# line and with the noise scales held: where the first was 0.3, medians were off by 0.2 to 0.3 sds
# and widths by 10% compared with nuts. Above the first limit engine auto samples, above the second
# the fit fails. Submodels too large for importance weights, of which nuts takes many minutes, have
# the second limit alone. The soldiers of the shipped war to October 2026, at 0.38, had medians of
# both sides within 0.31 sds of those of nuts, and intervals of at least 0.95 of their width; of
# North Korea, with few figures, 0.43 sds and 0.66: a report says how far from normal totals are.
DOUBT, FAIL = 0.1, 1.5
# Upper 95% limit over median of a total that runs away: no claim of an ordinary table says so
# little, and an expansion says nothing so far from the mode.
RUNAWAY = 50.0
# Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021) recommend R-hat below 1.01 and an ESS of
# 400. Among hundreds of quantities an R-hat above 1.01 is common by chance; headlines, of which the
# limits are published, are held to 1.01 and to 1000 effective draws, 3% of an sd for the mean.
# Both are for four chains: see ``rhat_limit``.
MAX_RHAT, MIN_ESS = 1.02, 400.0
HEADLINE_RHAT, HEADLINE_ESS = 1.01, 1000.0
# Largest share of divergent draws. Chosen by hand: no quantile can move by more than that.
DIVERGENCES = 1e-3
# How far the log of a sum of parties may move as its division among them changes, on average over
# normal draws, in sds of a level that all figures about these parties together tell. Chosen by hand
# between 0.4 (gaza2008), where laplace and hmc agree, and 3, three totals of two parties with a
# count of one. Without that count it is 5 to 14, and the party that was declared first had 520
# where hmc has 1,190. The mean of 200 draws has an error of a twentieth.
BEND, BEND_DRAWS, BEND_SEED = 1.0, 200, 1
# A fit agrees with weighted draws if medians are within AGREE sds and widths within as much on the
# log, beside ERRORS standard errors, 1.25 sds of a median over the root of the effective draws.
# With fewer than FEWEST effective draws these errors would let any fit pass: with 260 an interval a
# fifth too narrow did.
AGREE, ERRORS, MEDIAN_ERROR, FEWEST = 0.05, 2.0, 1.25, 1000.0
LIMITS, WIDTH_OF_95 = (0.025, 0.5, 0.975), 3.92
# Pareto k and effective draws of weights that say more than draws without them, if not enough to
# rely on. Of tanks in a war of six weeks, with k 0.75 and 450 effective draws, the draws without
# were off by 0.8 sds and by 27% of the width.
ROUGH_K, ROUGH = 1.0, 200.0
ROUGHLY = "importance weights are uneven, so limits are rough"
UNEVEN = "importance weights are uneven, so the answer does without them"
UNDIVIDED = "no figure tells how the sum of {} divides among them"
HARDLY_DIVIDED = "figures tell the sum of {} far better than how it divides among them"
# Quantities that a message names at most.
NAMED = 5


def laplace_gate(laplace: Laplace, *, limit: float = FAIL) -> list[str]:
    """Reasons against a Laplace fit, in words; empty where it passes.

    Parameters
    ----------
    limit
        On the deviation of a reported total from normal: ``DOUBT`` or ``FAIL``.
    """
    failures = []
    diagnostics = laplace.diagnostics
    if not laplace.decrement < MAX_DECREMENT:
        failures.append(f"the mode was not reached (Newton's decrement {laplace.decrement:.2g})")
    if not laplace.positive:
        failures.append("the curvature at the mode is not positive definite")
    if diagnostics is not None and not diagnostics.hyper_k < MAX_K:
        failures.append(
            "too few effective draws of the noise scales (Pareto k-hat "
            f"{diagnostics.hyper_k:.2f}; the limit is {MAX_K})"
        )
    for marginal in diagnostics.marginals if diagnostics is not None else ():
        if marginal.reported and not max(abs(marginal.skew), abs(marginal.width)) < limit:
            failures.append(f"{marginal.name} is {_departure(marginal)}")
    return failures


def _departure(marginal: LaplaceMarginal) -> str:
    """How, and how far, a marginal is from the normal one, in words for readers."""
    skewed = abs(marginal.skew) >= abs(marginal.width)
    shape = "skewed" if skewed else "not close to a normal distribution"
    where = "above" if marginal.skew >= 0 else "below"
    change = float(np.expm1(marginal.width))
    share = f"{abs(change):.0%}"
    width = "as wide" if share == "0%" else f"{share} {'wider' if change > 0 else 'narrower'}"
    median = f"median {abs(marginal.skew):.2f} sd {where} the most likely value"
    return f"{shape} ({median}, interval {width})"


def several_modes(density: Density, laplace: Laplace) -> list[str]:
    """That the posterior has several modes, in words; empty where it has one.

    The words have the total that differs most between them, with its value at each. They have no
    share: that of the answer is the one that weights give, where they are even.
    """
    if not laplace.rivals:
        return []
    modes = np.stack([fit.mode for fit in (laplace, *laplace.rivals)])
    totals = reported(density, laplace.mode)
    logs = log_totals(density, modes, totals)
    most = int(np.argmax(np.ptp(logs, axis=0)))
    values = [number(value) for value in np.exp(np.sort(logs[:, most])).tolist()]
    count = {2: "two"}.get(len(modes), f"{len(modes)}")
    return [
        f"figures contradict each other, so that {count} separate answers are plausible ({count} "
        f"modes of the posterior): {totals[most].name} near {' or '.join(values)}"
    ]


def bent_sums(density: Density, laplace: Laplace) -> tuple[list[str], bool]:
    """That figures fix a sum of parties but not its parts, in words, and whether any divides it.

    The set of parts with the same sum is curved, and a normal around one point of it does not have
    their marginals, however close to normal each is along its own axis. Where no figure tells them
    apart, it is around an arbitrary point.
    """
    sums = HeldSums(counts(density, laplace.mode))
    if not sums:
        return [], True
    bend = sums.bend(laplace.draw(BEND_DRAWS, np.random.default_rng(BEND_SEED)))
    said = HARDLY_DIVIDED if bend.divided else UNDIVIDED
    return [said.format(" and ".join(bend.parties))] if bend.sds > BEND else [], bend.divided


def weights_gate(weighted: WeightedDraws) -> list[str]:
    """Reasons against draws with importance weights, in words; empty where they pass.

    The words have no numbers: a reader would take those of draws that are not used for those of
    the answer. They are in ``diagnostics.json``.
    """
    if weighted.k < MAX_K and weighted.effective >= HEADLINE_ESS:
        return []
    return [UNEVEN]


def are_rough(weighted: WeightedDraws) -> bool:
    """Whether draws with these weights are better than draws without, though they do not pass."""
    return weighted.k < ROUGH_K and weighted.effective >= ROUGH


def agreement_gate(weighted: WeightedDraws, totals: Floats) -> list[str]:
    """Reasons against totals of a Laplace fit beside those of weighted draws, in words.

    Parameters
    ----------
    totals
        Logs of the reported totals in draws of the fit, shape (S, Q).
    """
    if not (weighted.k < MAX_K and weighted.effective >= FEWEST):
        return ["importance weights are too uneven to check it"]
    ours, exact = np.quantile(totals, LIMITS, axis=0), weighted.quantiles(LIMITS)
    width = exact[2] - exact[0]
    median = float(np.max(np.abs(ours[1] - exact[1]) / width) * WIDTH_OF_95)
    apart = float(np.max(np.abs(np.log((ours[2] - ours[0]) / width))))
    noise = ERRORS * MEDIAN_ERROR / np.sqrt(weighted.effective)
    if median < AGREE + noise and apart < AGREE + noise:
        return []
    return [f"importance weights move a total ({median:.2f} sd, interval {np.expm1(apart):.0%})"]


def runaway_totals(draws: SubmodelDraws) -> list[str]:
    """Totals of which a part of the draws runs away, in words."""
    found = []
    for party in draws.design.latent.parties:
        for category in draws.design.counted:
            median, upper = np.quantile(draws.total(party, category), [0.5, 0.975])
            if not upper <= RUNAWAY * median:
                found.append(
                    f"{category} {party} runs away (upper 95% limit {upper / median:,.0f} times"
                    " the median)"
                )
    return found


def rhat_limit(limit: float, effective: float, chains: int) -> float:
    """Limit of R-hat for a number of chains.

    Chains of which all draws together are worth S independent ones have an R-hat of about
    ``sqrt(1 + M / S)``, with M the number of half chains (Vats and Knudson 2021, "Revisiting the
    Gelman-Rubin diagnostic"). A limit for four chains asks many short ones for more effective draws
    than the limit on these does: 1.01 for 3,200 of 32 chains.

    Parameters
    ----------
    limit
        For four chains or fewer.
    effective
        Effective draws that are required.

    Examples
    --------
    >>> [round(rhat_limit(1.01, 1000, chains), 3) for chains in (4, 32)]
    [1.01, 1.032]
    """
    return max(limit, float(np.sqrt(1 + 2 * chains / effective)))


def convergence_gate(model: ModelGraph, result: Sample) -> dict[str, Any]:
    """R-hat and ESS of totals and scales, and the failures among them.

    Headlines are the totals of the main parties. ``shortfall`` is the largest ratio of effective
    draws required to those at hand; ``mixed`` says that nothing but divergences fails, which more
    draws would not mend.

    Returns
    -------
    dict
        The keys of ``diagnostics.json`` for a sampled submodel, but for its engine.
    """
    design, draws = model.design, SubmodelDraws(model, result.theta)
    names, values = gated_quantities(draws)
    found = convergence(values.reshape(*result.theta.shape[:2], -1))
    ends = {
        f"{category} {party} to the end"
        for category in design.counted
        for party in design.latent.main
    }
    headline = np.array([name in ends for name in names])
    table = np.stack(list(found.values()), axis=1)
    failures: list[str] = []
    effective = np.minimum(found["ess_bulk"], found["ess_tail"])
    lacking = np.where(headline, HEADLINE_ESS, MIN_ESS) / effective
    # The excess of R-hat over one shrinks about as one over the length of the chains.
    chains = len(result.theta)
    of_all = rhat_limit(MAX_RHAT, MIN_ESS, chains)
    of_headlines = rhat_limit(HEADLINE_RHAT, HEADLINE_ESS, chains)
    apart = (found["rhat"] - 1) / (np.where(headline, of_headlines, of_all) - 1)
    shortfall = float(np.fmax(lacking, apart).max())
    for limit_rhat, limit_ess, which in (
        (of_all, MIN_ESS, ~headline), (of_headlines, HEADLINE_ESS, headline)
    ):  # fmt: skip
        bad = which & ((found["rhat"] >= limit_rhat) | (effective < limit_ess))
        failures += [_complaint(names[i], table[i]) for i in np.flatnonzero(bad)[:NAMED]]
    total = result.theta.shape[0] * result.theta.shape[1]
    mixed = not failures
    if result.divergences > DIVERGENCES * total:
        failures.append(f"{result.divergences} divergences in {total} draws")
    return {
        "failures": failures, "gradients": result.gradients,
        "divergences": result.divergences, "shortfall": shortfall, "mixed": mixed,
        "max_rhat": float(found["rhat"].max()),
        "min_ess_bulk": float(found["ess_bulk"].min()),
        "min_ess_tail": float(found["ess_tail"].min()),
        "quantities": [
            {"name": f"{design.name}: {name}"} | dict(zip(found, row.tolist(), strict=True))
            for name, row in zip(names, table, strict=True)
        ],
    }  # fmt: skip


def _complaint(name: str, row: Floats) -> str:
    rhat, bulk, tail = row
    return f"{name} has R-hat {rhat:.3f} and ESS {bulk:.0f} (bulk), {tail:.0f} (tail)"


def gated_quantities(draws: SubmodelDraws) -> tuple[list[str], Floats]:
    """Logs of monthly, yearly and cumulative totals, and of the scales; shape (S, Q)."""
    design = draws.design
    days = design.grid.days
    names, columns = [], []
    for party in design.latent.parties:
        for category in design.counted:
            daily = draws.daily(party, category)
            for form, label in (("%Y-%m", "in"), ("%Y", "in")):
                periods = pd.Series(days.strftime(form))
                for period, where in periods.groupby(periods).groups.items():
                    sums = daily[:, np.asarray(where)].sum(axis=1)
                    if sums.max() > 0:
                        names.append(f"{category} {party} {label} {period}")
                        columns.append(np.log(np.maximum(sums, LEAST)))
            names.append(f"{category} {party} to the end")
            columns.append(np.log(np.maximum(daily.sum(axis=1), LEAST)))
    scales = design.parameters.log_scales(draws.flat)
    names += list(design.parameters.hyper)
    columns += list(scales.T)
    return names, np.stack(columns, axis=1)
