"""No-U-turn sampling in coordinates whitened by the Laplace fit.

``theta = mode + A x`` makes the posterior of x close to a standard normal, so that trajectories
are short; hyperparameters are free. The sampler is nutpie's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lossmodel.density import Density
from lossmodel.design.grid import Floats
from lossmodel.engines.laplace import Laplace

__all__ = ["Sample", "sample"]

SPREAD = 1.0
Report = Callable[[str], None]


@dataclass(frozen=True)
class Sample:
    """Draws of one block.

    Attributes
    ----------
    theta
        Shape (chains, draws, D).
    divergences, gradients
        Over all chains; gradients include the warm-up.
    """

    theta: Floats
    divergences: int
    gradients: int


def sample(
    density: Density,
    laplace: Laplace,
    *,
    draws: int,
    tune: int,
    chains: int,
    seed: int,
    jobs: int = 2,
) -> Sample:
    """Draw from the posterior of a block, a process a chain on at most ``jobs`` cores."""
    from joblib import Parallel, delayed

    run = partial(_chain, density, laplace, draws=draws, tune=tune)
    seeds = np.random.SeedSequence(seed).generate_state(chains)
    results = Parallel(n_jobs=min(jobs, chains))(delayed(run)(seed=int(s)) for s in seeds)
    return Sample(
        theta=np.stack([r[0] for r in results]),
        divergences=sum(r[1] for r in results),
        gradients=sum(r[2] for r in results),
    )


def _chain(
    density: Density, laplace: Laplace, *, draws: int, tune: int, seed: int
) -> tuple[Floats, int, int]:
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc

    size = len(laplace.mode)

    def whitened(x: Floats) -> tuple[float, Floats]:
        value, gradient = density(laplace.mode + laplace.factor @ x)
        return value, laplace.factor.T @ gradient

    def expand(x: Floats, **_: Any) -> dict[str, Floats]:
        return {"x": x}

    def start(seed: int) -> Floats:
        return np.random.default_rng(seed).normal(0.0, SPREAD, size)

    model = from_pyfunc(
        size,
        lambda: whitened,
        lambda *_: expand,
        [np.dtype("float64")],
        [(size,)],
        ["x"],
        make_initial_point_fn=start,
    )
    trace = nutpie.sample(
        model, draws=draws, tune=tune, chains=1, cores=1, seed=seed, progress_bar=False,
        save_warmup=True,
    )  # fmt: skip
    x = np.asarray(trace.posterior["x"])[0]
    statistics = trace.sample_stats
    gradients = int(np.sum(np.asarray(statistics["n_steps"])))
    gradients += int(np.sum(np.asarray(trace.warmup_sample_stats["n_steps"])))
    divergences = int(np.sum(np.asarray(statistics["diverging"])))
    return laplace.mode + x @ laplace.factor.T, divergences, gradients
