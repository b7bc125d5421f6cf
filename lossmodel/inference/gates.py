"""What a fit must show before its numbers are written."""

from typing import Any

import numpy as np
import pandas as pd

from lossmodel.inference.convergence import convergence
from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.nuts.sampler import Sample
from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats

__all__ = ["DOUBT", "FAIL", "gated_quantities", "laplace_gate", "nuts_gate"]

MAX_DECREMENT = 1e-4
# The shape of a tail of few draws is known badly: it counts where it would move a total, too.
MAX_K = 0.7
# How far from normal a total's marginal may be: its median in posterior sds, or the log of its
# interval's width. Draws are corrected for it; held against nuts, corrections of half an sd leave
# medians within a quarter of one. Beyond the first limit a sampler is called where one is at hand,
# beyond the second the fit fails.
DOUBT, FAIL = 0.75, 1.5
MAX_RHAT, MIN_ESS = 1.02, 400.0
HEADLINE_RHAT, HEADLINE_ESS = 1.01, 1000.0
DIVERGENCES = 1e-3
NAMED = 5


def laplace_gate(laplace: Laplace, *, limit: float = FAIL) -> list[str]:
    """What is wrong with a Laplace fit, in words; empty if nothing.

    Parameters
    ----------
    limit
        On what its shape does to a reported total: ``DOUBT`` or ``FAIL``.
    """
    failures = []
    shape = laplace.shape
    if not laplace.decrement < MAX_DECREMENT:
        failures.append(f"the mode was not reached (Newton's decrement {laplace.decrement:.2g})")
    if not laplace.positive:
        failures.append("the curvature at the mode is not positive definite")
    if shape is not None and shape.hyper_k > MAX_K and not shape.hyper_shift < limit:
        failures.append(
            f"the noise scales are not as drawn (Pareto k-hat {shape.hyper_k:.2f}), which moves a"
            f" total by {shape.hyper_shift:.2f} sd"
        )
    for ridge in shape.ridges if shape is not None else ():
        if not max(abs(ridge.skew), abs(ridge.width)) < limit:
            failures.append(
                f"{ridge.name} is not normal (median {ridge.skew:+.2f} sd from the mode, interval"
                f" {np.expm1(ridge.width):+.0%} of the width)"
            )
    return failures


def nuts_gate(model: ModelGraph, result: Sample) -> dict[str, Any]:
    """R-hat and ESS of totals and scales, and what of them fails the gate.

    Headlines are the totals of the main parties. ``shortfall`` is how many times as many effective
    draws the gate asks for, at most; ``mixed`` whether more draws could not mend what fails.
    """
    design, draws = model.design, SubmodelDraws(model, result.theta)
    names, values = gated_quantities(draws)
    shaped = values.reshape(*result.theta.shape[:2], -1)
    found = convergence(shaped)
    ends = {
        f"{category} {party} to the end"
        for category in _categories(design)
        for party in design.latent.main
    }
    headline = np.array([name in ends for name in names])
    table = np.stack(list(found.values()), axis=1)
    failures: list[str] = []
    effective = np.minimum(found["ess_bulk"], found["ess_tail"])
    shortfall = float(np.max(np.where(headline, HEADLINE_ESS, MIN_ESS) / effective))
    for limit_rhat, limit_ess, which in (
        (MAX_RHAT, MIN_ESS, ~headline), (HEADLINE_RHAT, HEADLINE_ESS, headline)
    ):  # fmt: skip
        bad = which & ((found["rhat"] >= limit_rhat) | (effective < limit_ess))
        failures += [_complaint(names[i], table[i]) for i in np.flatnonzero(bad)[:NAMED]]
    total = result.theta.shape[0] * result.theta.shape[1]
    mixed = not failures
    if result.divergences > DIVERGENCES * total:
        failures.append(f"{result.divergences} divergences in {total} draws")
    return {
        "engine": "nuts", "failures": failures, "gradients": result.gradients,
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


def _categories(design: Design) -> list[str]:
    return ["killed", "wounded"] if design.people else [design.name]


def gated_quantities(draws: SubmodelDraws) -> tuple[list[str], Floats]:
    """Logs of monthly, yearly and cumulative totals, and of the scales; shape (S, Q)."""
    design = draws.design
    days = design.grid.days
    names, columns = [], []
    for party in design.latent.parties:
        for category in _categories(design):
            daily = draws.daily(party, category)
            for form, label in (("%Y-%m", "in"), ("%Y", "in")):
                periods = pd.Series(days.strftime(form))
                for period, where in periods.groupby(periods).groups.items():
                    sums = daily[:, np.asarray(where)].sum(axis=1)
                    if sums.max() > 0:
                        names.append(f"{category} {party} {label} {period}")
                        columns.append(np.log(np.maximum(sums, 1e-12)))
            names.append(f"{category} {party} to the end")
            columns.append(np.log(np.maximum(daily.sum(axis=1), 1e-12)))
    scales = design.parameters.log_scales(draws.flat)
    names += list(design.parameters.hyper)
    columns += list(scales.T)
    return names, np.stack(columns, axis=1)
