"""One submodel through an engine and its gate."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from lossmodel.inference.gates import DOUBT, laplace_gate, nuts_gate
from lossmodel.inference.laplace.fit import Laplace, approximate
from lossmodel.inference.laplace.levels import hold_levels
from lossmodel.inference.names import EngineName
from lossmodel.inference.nuts.sampler import Sample, sample, wake
from lossmodel.inference.nuts.whitening import Whitened
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.predictive import Predicted, predict
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats

__all__ = ["Submodel", "Settings", "run", "sample_through_gate"]

# Independent draws: the Monte-Carlo error of a 95% limit is 0.08 posterior sds, of totals less, as
# their quantiles are stratified.
LAPLACE_DRAWS, PRIOR_DRAWS = 1000, 1000
# Draws of each of the chains: 1600 in all, which for headlines must be worth 1000 independent ones.
# The warm-up only sets the step.
NUTS_DRAWS, NUTS_TUNE, CHAINS = 400, 50, 4
# Sampling is resumed for at least this share of its length, up to this multiple of it.
NUTS_PIECE, NUTS_LONGEST = 0.125, 5
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    Parameters
    ----------
    draws
        In all for laplace, per chain for nuts; None for the default.
    patience
        Seconds for which nuts may be resumed until its gate is passed.
    """

    engine: EngineName = "auto"
    seed: int = 1
    draws: int | None = None
    patience: float = np.inf


@dataclass(frozen=True, eq=False)
class Submodel:
    """The posterior of one submodel: its draws, their prior, and diagnostics."""

    design: Design
    density: Density
    laplace: Laplace
    engine: str
    posterior: SubmodelDraws
    prior: SubmodelDraws
    diagnostics: dict[str, Any]

    @cached_property
    def predicted(self) -> Predicted:
        """Posterior predictive quantities of each figure."""
        return predict(self.posterior, self.density)


def run(
    design: Design, *, settings: Settings, earlier: "Submodel | None", progress: Progress
) -> Submodel:
    """Fit one submodel, with nuts where asked for or where the gate of laplace fails.

    Parameters
    ----------
    earlier
        The same submodel of an earlier fit, from whose mode the search starts.
    progress
        Called with a line of text at each stage.
    """
    density = Density(design)
    started = time.perf_counter()
    sampled = settings.engine == "nuts"
    if sampled:
        wake(CHAINS)
    laplace = approximate(
        density, start=_start(design, earlier), diagnose=not sampled, report=progress
    )
    took = {"laplace": round(time.perf_counter() - started, 3)}
    streams = np.random.SeedSequence([settings.seed, len(design.name), design.size]).spawn(3)
    prior = np.random.default_rng(streams[1]).standard_normal((1, PRIOR_DRAWS, design.size))
    warnings = laplace_gate(laplace, limit=DOUBT)
    if settings.engine == "laplace" or (settings.engine == "auto" and not warnings):
        rng = np.random.default_rng(streams[0])
        theta = laplace.draw(settings.draws or LAPLACE_DRAWS, rng)
        theta = hold_levels(density, laplace.mode, theta)[None]
        failures = laplace_gate(laplace)
        found = {"engine": "laplace", "failures": failures, "gradients": laplace.gradients}
        found["doubts"] = [doubt for doubt in warnings if doubt not in failures]
    else:
        started = time.perf_counter()
        result, found = sample_through_gate(
            design, density, laplace, seed=int(streams[2].generate_state(1)[0]),
            draws=settings.draws or NUTS_DRAWS, seconds=settings.patience, progress=progress,
        )  # fmt: skip
        theta = result.theta
        took["nuts"] = round(time.perf_counter() - started, 3)
    found |= {"seconds": took, "chains": theta.shape[0], "n_draws": len(theta) * len(theta[0])}
    return Submodel(
        design, density, laplace, str(found["engine"]),
        posterior=SubmodelDraws(density.model, _rounded(theta)),
        prior=SubmodelDraws(density.model, _rounded(prior)),
        diagnostics=found | _described(design, laplace),
    )  # fmt: skip


def _rounded(theta: Floats) -> Floats:
    """Draws as they are kept on disk, so that a fit from disk gives the same results."""
    return theta.astype(np.float32).astype(float)


def _described(design: Design, laplace: Laplace) -> dict[str, Any]:
    """Size of a submodel, and the diagnostics of its Laplace fit."""
    scales = np.exp(design.parameters.log_scales(laplace.mode))
    return {
        "dimension": design.size, "terms": len(design.terms),
        "log_evidence": laplace.log_evidence, "decrement": laplace.decrement,
        "expansions": laplace.expansions, "positive": laplace.positive,
        "shape": None if laplace.diagnostics is None else laplace.diagnostics.summary(),
        "scales": dict(zip(design.parameters.hyper, scales.tolist(), strict=True)),
    }  # fmt: skip


def _start(design: Design, earlier: "Submodel | None") -> Floats | None:
    """Mode of an earlier fit, for the groups of unknowns that have the same size now."""
    if earlier is None:
        return None
    theta = np.zeros(design.size)
    before = earlier.design.parameters.groups
    for name, here in design.parameters.groups.items():
        there = before.get(name)
        if there is not None and there.stop - there.start == here.stop - here.start:
            theta[here] = earlier.laplace.mode[there]
    return theta


def sample_through_gate(
    design: Design,
    density: Density,
    laplace: Laplace,
    *,
    seed: int,
    draws: int = NUTS_DRAWS,
    seconds: float = np.inf,
    progress: Progress = lambda _: None,
) -> tuple[Sample, dict[str, Any]]:
    """Sample until the gate is passed, or until the longest length or time.

    A gate that is asked repeatedly is passed a little too early; the first length is therefore the
    one that its limits on the effective draws need where draws are nearly independent.

    Parameters
    ----------
    draws
        Of each chain before the gate is first asked.
    seconds
        Time after the start up to which sampling is resumed.

    Returns
    -------
    result, found
        The draws, and the findings of the gate.
    """
    progress(f"{design.name}: sampling {CHAINS} chains of {draws} draws")
    began = time.perf_counter()
    whitened = Whitened(density, laplace)
    built = time.perf_counter() - began
    least, longest = max(1, round(NUTS_PIECE * draws)), NUTS_LONGEST * draws
    seeds = np.random.SeedSequence(seed).generate_state(longest).tolist()
    run = partial(sample, whitened, chains=CHAINS)
    result = run(draws=draws, tune=NUTS_TUNE, seed=seeds.pop())
    result = replace(
        result, gradients=result.gradients + whitened.gradients, warmup_s=result.warmup_s + built
    )
    found = nuts_gate(density.model, result)
    while not found["mixed"] and (done := result.theta.shape[1]) < longest:
        if time.perf_counter() - began > seconds:
            break
        progress(f"{design.name}: {'; '.join(found['failures'])}; sampling on")
        lacking = np.nan_to_num(done * (found["shortfall"] - 1), nan=least)
        more = int(min(max(lacking, least), longest - done))
        result = result.then(run(draws=more, tune=0, seed=seeds.pop(), earlier=result))
        found = nuts_gate(density.model, result)
    return result, found
