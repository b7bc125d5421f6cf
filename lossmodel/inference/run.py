"""One submodel through an engine and its gate."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from lossmodel.inference.gates import (
    DOUBT,
    FAIL,
    agreement_gate,
    laplace_gate,
    nuts_gate,
    runaway_totals,
    weights_gate,
)
from lossmodel.inference.importance import LARGEST, weighted_draws
from lossmodel.inference.laplace.diagnostics import log_totals
from lossmodel.inference.laplace.fit import Laplace, approximate, diagnosed
from lossmodel.inference.laplace.levels import hold_levels
from lossmodel.inference.laplace.marginals import reported
from lossmodel.inference.names import EngineName
from lossmodel.inference.nuts.sampler import Sample, sample, wake
from lossmodel.inference.nuts.whitening import Whitened
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.layout import is_large
from lossmodel.model.density.predictive import Predicted, predict
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats
from lossmodel.system.clock import seconds_since
from lossmodel.system.processes import cores
from lossmodel.system.stages import Stage, portion

__all__ = ["Submodel", "Settings", "run", "sample_through_gate"]

# Independent draws: the Monte-Carlo error of a 95% limit is 0.08 posterior sds, of totals less, as
# their quantiles are stratified.
LAPLACE_DRAWS, PRIOR_DRAWS = 1000, 1000
# Draws of each of the chains: 1600 in all, which for headlines must be worth 1000 independent ones.
# The warm-up only sets the step.
NUTS_DRAWS, NUTS_TUNE, CHAINS = 400, 50, 4
# Sampling is resumed for at least this share of its length, up to this multiple of it.
NUTS_PIECE, NUTS_LONGEST = 0.125, 5
# Seconds up to which engine auto samples a submodel, where the user sets no limit. A table of 110
# rows from a war of four months takes 80 on two idle cores, and four times as many beside others.
PATIENCE = 300.0
# Gradients of a draw, 8 to 12 in submodels with many figures and 20 to 45 in those with few, and
# gradients that are timed to tell how long a run may take.
GRADIENTS, TIMED = 25, 5
# For displays of progress: share of the time of a submodel that finding its mode takes, by laplace
# (from 0.1 where weights are drawn to 0.7 in the largest submodel) and before sampling.
CLIMBED, SAMPLED = 0.5, 0.1
Progress = Callable[[str], None]
# Draws of theta, shape (chains, draws, D), and their part of the diagnostics.
_Drawn = tuple[Floats, dict[str, Any]]


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    Parameters
    ----------
    draws
        In all for laplace, per chain for nuts; None for the default.
    patience
        Seconds after which nuts is stopped, 0 for its first length and no more; None for the
        default.
    """

    engine: EngineName = "auto"
    seed: int = 1
    draws: int | None = None
    patience: float | None = None

    @property
    def seconds(self) -> float:
        """The limit of a run of nuts: none where it was asked for by name."""
        if self.patience is not None:
            return self.patience
        return PATIENCE if self.engine == "auto" else np.inf


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

    def __repr__(self) -> str:
        """Name, engine and size, in one line."""
        chains, draws, size = self.posterior.theta.shape
        return (
            f"Submodel({self.design.name}: {self.engine}, {chains} x {draws:,} draws of {size:,} "
            f"unknowns, {len(self.design.terms):,} observations)"
        )

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
    if settings.engine == "nuts":
        wake(CHAINS)
    climb = SAMPLED if settings.engine == "nuts" else CLIMBED
    laplace = approximate(
        density, start=_start(design, earlier), diagnose=False, report=portion(progress, 0, climb)
    )
    streams = np.random.SeedSequence([settings.seed, len(design.name), design.size]).spawn(3)
    prior = np.random.default_rng(streams[1]).standard_normal((1, PRIOR_DRAWS, design.size))
    result: _Drawn | None = None
    if settings.engine != "nuts":
        laplace, result = _by_laplace(density, laplace, settings, streams[0], progress)
    took = {"laplace": seconds_since(started)}
    if result is None:
        started = time.perf_counter()
        sampled, found = sample_through_gate(
            design, density, laplace, seed=int(streams[2].generate_state(1)[0]),
            draws=settings.draws or NUTS_DRAWS, seconds=settings.seconds, progress=progress,
        )  # fmt: skip
        result = sampled.theta, found
        took["nuts"] = seconds_since(started)
    theta, found = result
    found |= {"seconds": took, "chains": theta.shape[0], "n_draws": len(theta) * len(theta[0])}
    return Submodel(
        design, density, laplace, str(found["engine"]),
        posterior=SubmodelDraws(density.model, _rounded(theta)),
        prior=SubmodelDraws(density.model, _rounded(prior)),
        diagnostics=found | _described(design, laplace),
    )  # fmt: skip


def _by_laplace(
    density: Density,
    laplace: Laplace,
    settings: Settings,
    stream: np.random.SeedSequence,
    progress: Progress,
) -> tuple[Laplace, "_Drawn | None"]:
    """Draws of the Laplace fit, weighted where that can be; None where engine auto samples."""
    rng, draws = np.random.default_rng(stream), settings.draws or LAPLACE_DRAWS
    found: dict[str, Any] = {"engine": "laplace", "failures": [], "doubts": []}
    progress(Stage("checks of the approximation", CLIMBED, detail=True))
    laplace, key = diagnosed(density, laplace), int(stream.generate_state(1)[0])
    found["gradients"] = laplace.gradients
    theta = hold_levels(density, laplace.mode, laplace.draw(draws, rng))[None]
    away = runaway_totals(SubmodelDraws(density.model, theta))
    small = density.size <= LARGEST
    reasons = laplace_gate(laplace, limit=DOUBT if small else FAIL) + away
    if small:
        if not reasons:
            tried = weighted_draws(density, laplace, seed=key, rounds=1, longest=1)
            totals = log_totals(density, theta[0], reported(density, laplace.mode))
            reasons = agreement_gate(tried, totals)
            found["weights"] = tried.summary()
        if reasons:
            weighted = weighted_draws(density, laplace, seed=key)
            uneven = weights_gate(weighted)
            found["weights"] = weighted.summary()
            if not uneven:
                return laplace, (weighted.resample(draws, rng)[None], found)
            reasons += uneven
    if reasons and settings.engine == "auto":
        too_large = _too_large(density.design, settings)
        progress(f"{density.design.name}: {'; '.join([*reasons, *too_large])}")
        if not too_large:
            return laplace, None
        reasons = too_large
    found["failures"] = laplace_gate(laplace) + away
    doubts = [*laplace_gate(laplace, limit=DOUBT), *reasons]
    found["doubts"] = [d for d in dict.fromkeys(doubts) if d not in found["failures"]]
    return laplace, (theta, found)


def _too_large(design: Design, settings: Settings) -> list[str]:
    """Why engine auto does not sample a submodel, in words; empty where it does.

    The warm-up alone would take longer than the limit. A limit that the user sets is kept instead.
    """
    if settings.patience is not None or not is_large(design):
        return []
    size = f"{design.size:,} unknowns and {len(design.terms):,} figures"
    return [f"{size} are too many to be sampled in {PATIENCE:.0f} s; engine nuts has no limit"]


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
        Time after the start at which sampling is stopped; 0 for the first length and no more.

    Returns
    -------
    result, found
        The draws, and the findings of the gate.
    """
    began, until = time.perf_counter(), time.time() + (seconds or np.inf)
    whitened = Whitened(density, laplace.dense())
    built = time.perf_counter() - began
    limit = f", at most {seconds:.0f} s" if np.isfinite(seconds) else ""
    expected = _expected(whitened, CHAINS * (draws + NUTS_TUNE))
    words = f"sampling {CHAINS} chains of {draws} draws, about {expected:.0f} s or some times that"
    progress(Stage(f"{design.name}: {words}{limit}", SAMPLED, then=1.0, seconds=expected))
    least, longest = max(1, round(NUTS_PIECE * draws)), NUTS_LONGEST * draws
    seeds = np.random.SeedSequence(seed).generate_state(longest).tolist()
    run = partial(sample, whitened, chains=CHAINS, until=until)
    result = run(draws=draws, tune=NUTS_TUNE, seed=seeds.pop())
    result = replace(
        result, gradients=result.gradients + whitened.gradients, warmup_s=result.warmup_s + built
    )
    found = nuts_gate(density.model, result)
    while not found["mixed"] and (done := result.theta.shape[1]) < longest:
        if not seconds:
            break
        if time.time() > until:
            stopped = f"sampling was stopped at its limit of {seconds:.0f} s after {done} draws of"
            found["failures"].insert(0, f"{stopped} each of {CHAINS} chains")
            break
        progress(f"{design.name}: {_few(found['failures'])}; sampling on")
        lacking = np.nan_to_num(done * (found["shortfall"] - 1), nan=least)
        more = int(min(max(lacking, least), longest - done))
        result = result.then(run(draws=more, tune=0, seed=seeds.pop(), earlier=result))
        found = nuts_gate(density.model, result)
    return result, found


def _few(problems: Sequence[str]) -> str:
    """The first problem and the number of the others, for a line of a log."""
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{problems[0]}{more}"


def _expected(whitened: Whitened, draws: int) -> float:
    """Seconds that so many draws may take on the cores at hand."""
    began = time.perf_counter()
    for _ in range(TIMED):
        whitened(np.zeros(whitened.size))
    each = (time.perf_counter() - began) / TIMED
    return float(each * GRADIENTS * draws / min(cores(), CHAINS))
