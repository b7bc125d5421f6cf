"""One block through an engine and its gate."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from lossmodel.density import Density
from lossmodel.design import Design
from lossmodel.design.grid import Floats
from lossmodel.engines.laplace import Laplace, approximate
from lossmodel.engines.nuts import Sample, sample
from lossmodel.posterior import BlockDraws

__all__ = ["Block", "EngineName", "Settings", "run"]

EngineName = Literal["auto", "laplace", "nuts"]
LAPLACE_DRAWS, NUTS_DRAWS, NUTS_TUNE, CHAINS, PRIOR_DRAWS = 1000, 1000, 300, 4, 1000
MAX_DECREMENT = 1e-4
MAX_RHAT, MIN_ESS = 1.02, 400.0
HEADLINE_RHAT, HEADLINE_ESS = 1.01, 1000.0
DIVERGENCES = 1e-3
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How to run.

    Parameters
    ----------
    draws
        In all for laplace, a chain for nuts; None is the default.
    """

    engine: EngineName = "auto"
    seed: int = 1
    draws: int | None = None


@dataclass(frozen=True, eq=False)
class Block:
    """The posterior of one block."""

    design: Design
    density: Density
    laplace: Laplace
    engine: str
    posterior: BlockDraws
    prior: BlockDraws
    diagnostics: dict[str, Any]


def run(
    design: Design, *, settings: Settings, earlier: "Block | None", progress: Progress
) -> Block:
    """Fit one block, with nuts where asked for or where the gate of laplace fails."""
    density = Density(design)
    started = time.perf_counter()
    laplace = approximate(density, start=_start(design, earlier), report=progress)
    took = {"laplace": round(time.perf_counter() - started, 3)}
    failures = laplace_gate(laplace)
    streams = np.random.SeedSequence([settings.seed, len(design.name), design.size]).spawn(3)
    rng = np.random.default_rng(streams[0])
    prior = np.random.default_rng(streams[1]).standard_normal((1, PRIOR_DRAWS, design.size))
    if settings.engine == "laplace" or (settings.engine == "auto" and not failures):
        theta = laplace.draw(settings.draws or LAPLACE_DRAWS, rng)[None]
        found = {"engine": "laplace", "failures": failures, "gradients": laplace.expansions}
    else:
        started = time.perf_counter()
        theta, found = _sampled(design, density, laplace, settings, streams[2], progress)
        took["nuts"] = round(time.perf_counter() - started, 3)
    posterior = BlockDraws(design, theta)
    found |= {
        "seconds": took, "dimension": design.size, "terms": len(design.terms),
        "n_draws": theta.shape[0] * theta.shape[1], "chains": theta.shape[0],
        "log_evidence": laplace.log_evidence, "decrement": laplace.decrement,
        "positive": laplace.positive,
        "scales": dict(zip(design.layout.hyper, np.exp(design.layout.log_scales(laplace.mode)).tolist(), strict=True)),
    }  # fmt: skip
    engine = str(found["engine"])
    return Block(design, density, laplace, engine, posterior, BlockDraws(design, prior), found)


def _start(design: Design, earlier: "Block | None") -> Floats | None:
    """Mode of an earlier fit, group by group where the groups are still the same."""
    if earlier is None:
        return None
    theta = np.zeros(design.size)
    before = earlier.design.layout.groups
    for name, here in design.layout.groups.items():
        there = before.get(name)
        if there is not None and there.stop - there.start == here.stop - here.start:
            theta[here] = earlier.laplace.mode[there]
    return theta


def laplace_gate(laplace: Laplace) -> list[str]:
    """What is wrong with a Laplace fit, in words; empty if nothing."""
    failures = []
    if not laplace.decrement < MAX_DECREMENT:
        failures.append(f"the mode was not reached (Newton's decrement {laplace.decrement:.2g})")
    if not laplace.positive:
        failures.append("the curvature at the mode is not positive definite")
    return failures


def _sampled(
    design: Design,
    density: Density,
    laplace: Laplace,
    settings: Settings,
    seeds: np.random.SeedSequence,
    progress: Progress,
) -> tuple[Floats, dict[str, Any]]:
    """Sample, and once more as long where the gate is not passed at first."""
    draws = settings.draws or NUTS_DRAWS
    progress(f"{design.name}: sampling {CHAINS} chains of {draws} draws")
    result = sample(
        density,
        laplace,
        draws=draws,
        tune=NUTS_TUNE,
        chains=CHAINS,
        seed=int(seeds.generate_state(1)[0]),
    )
    theta, found = result.theta, nuts_gate(design, result)
    if found["failures"]:
        progress(f"{design.name}: {'; '.join(found['failures'])}; sampling on")
        more = sample(
            density,
            laplace,
            draws=draws,
            tune=NUTS_TUNE,
            chains=CHAINS,
            seed=int(seeds.generate_state(2)[1]),
        )
        theta = np.concatenate([result.theta, more.theta], axis=1)
        both = Sample(
            theta, result.divergences + more.divergences, result.gradients + more.gradients
        )
        found = nuts_gate(design, both)
    return theta, found


def nuts_gate(design: Design, result: Sample) -> dict[str, Any]:
    """R-hat and ESS of totals and scales, and what of them fails the gate."""
    from lossmodel.draws import convergence

    draws = BlockDraws(design, result.theta)
    names, values = gated_quantities(draws)
    shaped = values.reshape(*result.theta.shape[:2], -1)
    found = convergence(shaped)
    headline = np.array([name.endswith("to the end") for name in names])
    failures = []
    for limit_rhat, limit_ess, which in (
        (MAX_RHAT, MIN_ESS, ~headline), (HEADLINE_RHAT, HEADLINE_ESS, headline)
    ):  # fmt: skip
        bad = which & (
            (found["rhat"] >= limit_rhat)
            | (np.minimum(found["ess_bulk"], found["ess_tail"]) < limit_ess)
        )
        failures += [
            f"{names[i]} has R-hat {found['rhat'][i]:.3f}, ESS {found['ess_bulk'][i]:.0f} and {found['ess_tail'][i]:.0f}"
            for i in np.flatnonzero(bad)[:5]
        ]
    total = result.theta.shape[0] * result.theta.shape[1]
    if result.divergences > DIVERGENCES * total:
        failures.append(f"{result.divergences} divergences in {total} draws")
    return {
        "engine": "nuts", "failures": failures, "gradients": result.gradients,
        "divergences": result.divergences,
        "max_rhat": float(found["rhat"].max()),
        "min_ess_bulk": float(found["ess_bulk"].min()),
        "min_ess_tail": float(found["ess_tail"].min()),
        "quantities": [
            {"name": f"{design.name}: {n}", "rhat": float(r), "ess_bulk": float(b), "ess_tail": float(t)}
            for n, r, b, t in zip(names, found["rhat"], found["ess_bulk"], found["ess_tail"], strict=True)
        ],
    }  # fmt: skip


def gated_quantities(draws: BlockDraws) -> tuple[list[str], Floats]:
    """Logs of monthly, yearly and cumulative totals, and of the scales; shape (S, Q)."""
    design = draws.design
    days = design.grid.days
    names, columns = [], []
    categories = ["killed", "wounded"] if design.name == "person" else [design.name]
    for party in design.paths.parties:
        for category in categories:
            daily = draws.daily(party, category)
            total = np.log(np.maximum(np.cumsum(daily, axis=1), 1e-12))
            for form, label in (("%Y-%m", "in"), ("%Y", "in")):
                periods = pd.Series(days.strftime(form))
                for period, where in periods.groupby(periods).groups.items():
                    sums = daily[:, np.asarray(where)].sum(axis=1)
                    if sums.max() > 0:
                        names.append(f"{category} {party} {label} {period}")
                        columns.append(np.log(np.maximum(sums, 1e-12)))
            names.append(f"{category} {party} to the end")
            columns.append(total[:, -1])
    scales = design.layout.log_scales(draws.flat)
    names += list(design.layout.hyper)
    columns += list(scales.T)
    return names, np.stack(columns, axis=1)
