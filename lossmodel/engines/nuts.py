"""No-U-turn sampling in coordinates whitened by the Laplace fit.

The posterior of the coordinates is close to a standard normal, so that trajectories are short;
hyperparameters are free. The sampler is nutpie's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lossmodel.design.grid import Floats
from lossmodel.engines.whitening import Whitened

__all__ = ["Sample", "sample"]


@dataclass(frozen=True)
class Sample:
    """Draws of one block.

    Attributes
    ----------
    theta
        Shape (chains, draws, D).
    last
        Shape (chains, D): where each chain stands, in whitened coordinates.
    divergences, gradients
        Over all chains; gradients include the warm-up.
    warmup_s, sampling_s
        Seconds before and after the first draw that is kept, of the slowest chain.
    """

    theta: Floats
    last: Floats
    divergences: int
    gradients: int
    warmup_s: float = 0.0
    sampling_s: float = 0.0

    def then(self, more: Sample) -> Sample:
        """The same chains with what they drew next; all of a second warm-up is warm-up."""
        return Sample(
            np.concatenate([self.theta, more.theta], axis=1),
            more.last,
            self.divergences + more.divergences,
            self.gradients + more.gradients,
            self.warmup_s + more.warmup_s,
            self.sampling_s + more.sampling_s,
        )


@dataclass(frozen=True)
class _Chain:
    x: Floats
    theta: Floats
    divergences: int
    gradients: int
    warmup_s: float
    sampling_s: float


def sample(
    density: Whitened,
    *,
    draws: int,
    tune: int,
    chains: int,
    seed: int,
    earlier: Sample | None = None,
    jobs: int | None = None,
) -> Sample:
    """Draw from the posterior of a block, a process a chain.

    Parameters
    ----------
    tune
        Draws of the warm-up, which sets the step and the mass matrix; they are not kept.
    earlier
        Chains to go on with. Without them each starts at a draw of the normal approximation.
    jobs
        How many chains at a time; as many as there are cores where not given.
    """
    from joblib import Parallel, cpu_count, delayed

    run = partial(_chain, density, draws=draws, tune=tune)
    seeds = np.random.SeedSequence(seed).generate_state(chains)
    starts = [None] * chains if earlier is None else list(earlier.last)
    found = Parallel(n_jobs=min(jobs or cpu_count(), chains))(
        delayed(run)(seed=int(seed), start=start) for seed, start in zip(seeds, starts, strict=True)
    )
    return Sample(
        theta=np.stack([chain.theta for chain in found]),
        last=np.stack([chain.x[-1] for chain in found]),
        divergences=sum(chain.divergences for chain in found),
        gradients=sum(chain.gradients for chain in found),
        warmup_s=max(chain.warmup_s for chain in found),
        sampling_s=max(chain.sampling_s for chain in found),
    )


def _chain(density: Whitened, *, draws: int, tune: int, seed: int, start: Floats | None) -> _Chain:
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc
    from threadpoolctl import threadpool_limits

    def initial(seed: int) -> Floats:
        drawn = np.random.default_rng(seed).standard_normal(density.size)
        return drawn if start is None else start

    def expand(x: Floats, **_: Any) -> dict[str, Floats]:
        return {"x": x}

    model = from_pyfunc(
        density.size,
        lambda: density,
        lambda *_: expand,
        [np.dtype("float64")],
        [(density.size,)],
        ["x"],
        make_initial_point_fn=initial,
    )
    began = time.perf_counter()
    # The cores are for the chains.
    with threadpool_limits(1):
        trace = nutpie.sample(
            model, draws=draws, tune=tune, chains=1, cores=1, seed=seed, progress_bar=False,
            save_warmup=True,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        x = np.asarray(trace.posterior["x"])[0]
        theta = np.stack([density.theta(row) for row in x])
    warm, kept = (
        int(np.sum(np.asarray(group["n_steps"])))
        for group in (trace.warmup_sample_stats, trace.sample_stats)
    )
    share = warm / max(warm + kept, 1)
    divergences = int(np.sum(np.asarray(trace.sample_stats["diverging"])))
    return _Chain(x, theta, divergences, warm + kept, seconds * share, seconds * (1 - share))
