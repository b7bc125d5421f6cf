"""Exact engines, each resumed until its draws pass the gate."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lossmodel.inference import hmc
from lossmodel.inference.gates import convergence_gate
from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.nuts import sampler as nuts
from lossmodel.inference.nuts.sampler import Sample
from lossmodel.inference.nuts.whitening import Whitened
from lossmodel.model.density.density import Density
from lossmodel.model.design import Design
from lossmodel.system.processes import cores
from lossmodel.system.stages import Stage

__all__ = ["BEFORE", "SAMPLERS", "sample_through_gate"]

# For displays of progress: share of the time of a sampled submodel before sampling.
BEFORE = 0.1
# Sampling is resumed for at least this share of its length: each look at the gate is a chance to
# pass it early.
PIECE = 0.5
# Gradients that are timed to tell how long a run may take.
TIMED = 5


@dataclass(frozen=True)
class _Sampler:
    """An exact engine, and its usual lengths.

    Attributes
    ----------
    sample
        Draws from coordinates, see ``nuts.sampler.sample``.
    chains, draws, tune
        Number of chains, and draws of each: before the gate is first asked, and of the warm-up,
        which only sets the step.
    longest
        Most draws, as a multiple of these.
    gradients, at_once
        About how many gradients a draw takes, and how many are evaluated together.
    processes
        Whether each chain may have its own.
    """

    sample: Callable[..., Sample]
    chains: int
    draws: int
    tune: int
    longest: int
    gradients: int
    at_once: int
    processes: bool


# Headlines must be worth 1000 independent draws, and R-hat counts how they spread over the chains.
# Gradients of a draw of nuts are 8 to 12 in submodels with many figures and 20 to 45 in those with
# few; retries of hmc come on top. With 32 points at once the gradient of one takes about half the
# time that it takes with 16. With fewer than some 200 draws R-hat stays high where chains mix.
SAMPLERS = {
    "hmc": _Sampler(
        hmc.sample, chains=32, draws=200, tune=40, longest=6, gradients=8, at_once=32,
        processes=False,
    ),
    "nuts": _Sampler(
        nuts.sample, chains=4, draws=400, tune=50, longest=5, gradients=25, at_once=1,
        processes=True,
    ),
}  # fmt: skip


def sample_through_gate(
    design: Design,
    density: Density,
    laplace: Laplace,
    *,
    seed: int,
    engine: str = "nuts",
    draws: int | None = None,
    seconds: float = np.inf,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Sample, dict[str, Any]]:
    """Sample until the gate is passed, or until the longest length or time.

    A gate that is asked repeatedly is passed a little too early; the first length is therefore the
    one that its limits on the effective draws need where draws are nearly independent.

    Parameters
    ----------
    engine
        One of ``SAMPLERS``.
    draws
        Of each chain before the gate is first asked; None for the default.
    seconds
        Time after the start at which sampling is stopped; 0 for the first length and no more.

    Returns
    -------
    result, found
        The draws, and the findings of the gate.
    """
    sampler = SAMPLERS[engine]
    draws, chains = draws or sampler.draws, sampler.chains
    began, until = time.perf_counter(), time.time() + (seconds or np.inf)
    whitened = Whitened(density, laplace.dense())
    built = time.perf_counter() - began
    limit = f", at most {seconds:.0f} s" if np.isfinite(seconds) else ""
    expected = _expected(whitened, sampler, draws)
    words = f"sampling {chains} chains of {draws} draws by {engine}, about {expected:.0f} s, and on"
    words = f"{words} until they agree, often some ten times that"
    progress(Stage(f"{design.name}: {words}{limit}", BEFORE, then=1.0, seconds=expected))
    least, longest = max(1, round(PIECE * draws)), sampler.longest * draws
    seeds = np.random.SeedSequence(seed).generate_state(longest).tolist()
    run = partial(sampler.sample, whitened, chains=chains, until=until)
    result = run(draws=draws, tune=sampler.tune, seed=seeds.pop())
    result = replace(result, warmup_s=result.warmup_s + built)
    found = convergence_gate(density.model, result)
    while not found["mixed"] and (done := result.theta.shape[1]) < longest:
        if not seconds:
            break
        if time.time() > until:
            stopped = f"sampling was stopped at its limit of {seconds:.0f} s after {done} draws of"
            found["failures"].insert(0, f"{stopped} each of {chains} chains")
            break
        progress(f"{design.name}: {_few(found['failures'])}; sampling on")
        # At most doubled, since the shortfall of few draws is rough.
        lacking = done * min(np.nan_to_num(found["shortfall"] - 1, nan=0.0), 1.0)
        more = int(min(max(lacking, least), longest - done))
        result = result.then(run(draws=more, tune=0, seed=seeds.pop(), earlier=result))
        found = convergence_gate(density.model, result)
    return result, found | {"engine": engine}


def _few(problems: Sequence[str]) -> str:
    """The first problem and the number of the others, for a line of a log."""
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{problems[0]}{more}"


def _expected(whitened: Whitened, sampler: _Sampler, draws: int) -> float:
    """Seconds that so many draws of each chain may take on the cores at hand."""
    began = time.perf_counter()
    for _ in range(TIMED):
        whitened(np.zeros((sampler.at_once, whitened.size)))
    each = (time.perf_counter() - began) / (TIMED * sampler.at_once)
    processes = min(cores(), sampler.chains) if sampler.processes else 1
    return float(each * sampler.gradients * (draws + sampler.tune) * sampler.chains / processes)
