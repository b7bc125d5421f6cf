"""One submodel through an engine and its gate."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lossmodel.inference.gates import (
    DOUBT,
    FAIL,
    ROUGHLY,
    agreement_gate,
    are_rough,
    bent_sums,
    laplace_gate,
    runaway_totals,
    several_modes,
    weights_gate,
)
from lossmodel.inference.importance import ENOUGH, LARGEST, weighted_draws
from lossmodel.inference.laplace.diagnostics import log_totals
from lossmodel.inference.laplace.fit import Laplace, approximate, diagnosed
from lossmodel.inference.laplace.levels import hold_levels
from lossmodel.inference.laplace.quantities import reported
from lossmodel.inference.laplace.settled import FAIL as CONTRADICTED
from lossmodel.inference.laplace.settled import Settled, settled
from lossmodel.inference.mode_integrals import with_modes_that_matter
from lossmodel.inference.names import EngineName
from lossmodel.inference.nuts.sampler import wake
from lossmodel.inference.sampling import BEFORE, SAMPLERS, sample_through_gate
from lossmodel.inference.weights import normalised
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.layout import is_large
from lossmodel.model.density.predictive import Predicted, predict
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats
from lossmodel.system.clock import seconds_since, slowdown
from lossmodel.system.stages import Stage, portion

__all__ = ["Submodel", "Settings", "run"]

# Independent draws: the Monte-Carlo error of a 95% limit is 0.08 posterior sds, of totals less, as
# their quantiles are stratified.
LAPLACE_DRAWS, PRIOR_DRAWS = 1000, 1000
# Seconds up to which engine auto samples a submodel, where the user sets no limit. A table of 110
# rows from a war of four months takes 80 on two idle cores, and four times as many beside others.
PATIENCE = 300.0
# On a busy machine, where a second of work takes longer by the clock, up to so many times that.
BUSIEST = 4.0
# For displays of progress: share of the time of a submodel that finding its mode takes by laplace,
# from 0.1 where weights are drawn to 0.7 in the largest submodel.
CLIMBED = 0.5
Progress = Callable[[str], None]
# Draws of theta, shape (chains, draws, D), and their part of the diagnostics.
_Drawn = tuple[Floats, dict[str, Any]]


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    Parameters
    ----------
    draws
        In all for laplace, per chain for samplers; None for the default.
    patience
        Seconds after which sampling is stopped, 0 for its first length and no more; None for the
        default.
    """

    engine: EngineName = "auto"
    seed: int = 1
    draws: int | None = None
    patience: float | None = None

    @property
    def seconds(self) -> float:
        """The limit of a sampler: none where it was asked for by name."""
        if self.patience is not None:
            return self.patience
        return PATIENCE if self.engine == "auto" else np.inf


@dataclass(frozen=True, eq=False)
class Submodel:
    """The posterior of one submodel: its draws, their prior, and diagnostics.

    Attributes
    ----------
    key
        Hash of all that it follows from; empty where that is not known, as for one from a file.
    """

    design: Design
    density: Density
    laplace: Laplace
    engine: str
    posterior: SubmodelDraws
    prior: SubmodelDraws
    diagnostics: dict[str, Any]
    key: str = ""

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
    """Fit one submodel, by sampling where asked for or where the gate of laplace fails.

    Engine auto samples by hmc, and by nuts where that does not pass its gate.

    Parameters
    ----------
    earlier
        The same submodel of an earlier fit, from whose mode the search starts.
    progress
        Called with a line of text at each stage.
    """
    density = Density(design)
    started, worked = time.perf_counter(), time.process_time()
    if settings.engine == "nuts":
        wake(SAMPLERS["nuts"].chains)
    climb = BEFORE if settings.engine in SAMPLERS else CLIMBED
    laplace = approximate(
        density, start=_start(design, earlier), diagnose=False, report=portion(progress, 0, climb)
    )
    streams = np.random.SeedSequence([settings.seed, len(design.name), design.size]).spawn(3)
    laplace = with_modes_that_matter(density, laplace, seed=int(streams[0].generate_state(1)[0]))
    prior = design.parameters.draw(np.random.default_rng(streams[1]), PRIOR_DRAWS)[None]
    result: _Drawn | None = None
    if settings.engine not in SAMPLERS:
        laplace, result = _by_laplace(density, laplace, settings, streams[0], progress)
    took = {"laplace": seconds_since(started)}
    if result is None:
        seconds = settings.seconds
        if settings.patience is None:
            slower = slowdown(took["laplace"], time.process_time() - worked)
            seconds *= min(slower, BUSIEST)
        result = _sampled(density, laplace, settings, streams[2], took, seconds, progress)
    theta, found = result
    if found["engine"] in SAMPLERS:
        found["failures"] += several_modes(density, laplace)
    found |= {"seconds": took, "chains": theta.shape[0], "n_draws": len(theta) * len(theta[0])}
    return Submodel(
        design, density, laplace, str(found["engine"]),
        posterior=SubmodelDraws(density.model, _rounded(theta)),
        prior=SubmodelDraws(density.model, _rounded(prior)),
        diagnostics=found | _described(density, laplace),
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
    before, key = laplace.mode, int(stream.generate_state(1)[0])
    laplace = diagnosed(density, laplace)
    if laplace.mode is not before:
        laplace = with_modes_that_matter(density, laplace, seed=key)
    found["gradients"] = laplace.gradients
    kept = _of_all_modes(density, laplace, draws, rng)
    theta = kept.theta[None]
    small, rough, modes = density.size <= LARGEST, False, several_modes(density, laplace)
    # A sampler has no draws that contradict the figures. In a large submodel there may be none.
    away = [
        *runaway_totals(SubmodelDraws(density.model, theta)),
        *(kept.contradicts() if small else kept.contradicts(CONTRADICTED)),
    ]
    bent, divided = bent_sums(density, laplace)
    reasons = [*laplace_gate(laplace, limit=DOUBT if small else FAIL), *away, *bent, *modes]
    if small:
        if not reasons:
            tried = weighted_draws(density, laplace, seed=key, rounds=1, longest=1, aim=ENOUGH)
            totals = log_totals(density, theta[0], reported(density, laplace.mode))
            reasons = agreement_gate(tried, totals)
            found["weights"] = tried.summary()
        if reasons:
            weighted = weighted_draws(density, laplace, seed=key)
            uneven, rough = weights_gate(weighted), are_rough(weighted)
            found["weights"] = weighted.summary()
            if rough or not uneven:
                theta = weighted.resample(draws, rng)[None]
            if not uneven:
                found["doubts"] = modes
                return laplace, (theta, found)
            reasons = [*modes, ROUGHLY] if rough else [*reasons, *uneven]
    # Chains would stay at the mode where they began.
    if reasons and settings.engine == "auto" and not laplace.rivals:
        too_large = _too_large(density.design, settings)
        progress(f"{density.design.name}: {'; '.join([*reasons, *too_large])}")
        if not too_large:
            return laplace, None
        reasons = [*bent, *too_large]
    if rough:
        # The draws are those with weights: what is said of the others is not of the answer.
        found["failures"] = runaway_totals(SubmodelDraws(density.model, theta))
        doubts = reasons
    else:
        found["failures"] = laplace_gate(laplace) + away + ([] if divided else bent)
        doubts = [*bent, *laplace_gate(laplace, limit=DOUBT), *reasons, *kept.contradicts()]
    found["doubts"] = [d for d in dict.fromkeys(doubts) if d not in found["failures"]]
    return laplace, (theta, found)


def _of_all_modes(
    density: Density, laplace: Laplace, draws: int, rng: np.random.Generator
) -> Settled:
    """Draws around each mode, in proportion to its share of the probability."""
    modes = [laplace, *laplace.rivals]
    ends = np.cumsum(normalised(np.array([mode.log_evidence for mode in modes]))) * draws
    found = []
    for mode, size in zip(modes, np.diff(np.rint(ends), prepend=0).astype(int), strict=True):
        if size:
            drawn = mode.draw(size, rng)
            held = hold_levels(density, mode.mode, drawn)
            found.append(settled(density, mode, drawn, held))
    if len(found) == 1:
        return found[0]
    theta = rng.permutation(np.concatenate([of.theta for of in found]))
    return Settled(theta, max(of.fall for of in found), found[0].figures)


def _sampled(
    density: Density,
    laplace: Laplace,
    settings: Settings,
    stream: np.random.SeedSequence,
    took: dict[str, float],
    left: float,
    progress: Progress,
) -> _Drawn:
    """Draws of the sampler asked for, or of the first that passes its gate; adds its seconds."""
    engines = [*SAMPLERS] if settings.engine == "auto" else [settings.engine]
    key = int(stream.generate_state(1)[0])
    while True:
        engine = engines.pop(0)
        began = time.perf_counter()
        sampled, found = sample_through_gate(
            density.design, density, laplace, seed=key, engine=engine, draws=settings.draws,
            seconds=left, progress=progress,
        )  # fmt: skip
        took[engine] = seconds_since(began)
        if left:
            left -= took[engine]
        if not engines or not found["failures"] or left < 0:
            return sampled.theta, found
        why = f"{engine} did not pass ({found['failures'][0]})"
        progress(f"{density.design.name}: {why}, {engines[0]} is next")


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


def _described(density: Density, laplace: Laplace) -> dict[str, Any]:
    """Size of a submodel, and the diagnostics of its Laplace fit."""
    design = density.design
    scales = np.exp(design.parameters.log_scales(laplace.mode))
    return {
        "modes": 1 + len(laplace.rivals), "dimension": design.size, "terms": len(design.terms),
        "log_evidence": laplace.log_evidence, "decrement": laplace.decrement,
        "log_density": float(density(laplace.mode)[0]),
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
