"""Samplers of one density, each run in a process of its own by ``bench.py``.

    python -m benchmarks.samplers CASE SAMPLER SECONDS SEED OUT

All of them get the submodel of soldiers of a case: the engines as arrays, the others as the PyMC
model that ``LossModel.build`` makes of the same arrays, but for `walnuts`, which has the whitened
coordinates of the engines. At its limit a sampler returns the draws it has. The seconds to the gate
are those of the first tenth, fifth and so on of its draws that pass the gate of the engines.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

# Warm-up of a chain, and most draws of it: samplers go on until their limit or the gate.
CHAINS, TUNE, MOST = 4, 1000, 10_000
LAPLACE_DRAWS = 1000
# Below SHORT seconds a chain has 50 draws, and as many of warm-up: on the shipped case stock PyMC
# takes 260 s for 75.
SHORT, SHORT_DRAWS = 200.0, 50
# Parts of the draws of which the first that passes the gate is sought.
PARTS = 10
# Share of the limit for sampling; the rest is for the diagnostics.
MARGIN = 0.85
# Seconds for the first length of the chains of nuts, which cannot be stopped; with less time left a
# quarter of that length is run.
WHOLE = 100.0
# Argument of erfcx from which its asymptotic series is as good as exact.
FAR = 20.0
NUMPYRO_FIELDS = ("num_steps", "diverging")
# Exit status where the data of a case are missing.
SKIPPED = 3
WHOSE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


@dataclass
class Ran:
    """Draws of theta, shape (chains, draws, D), and their cost.

    ``warmup_s`` is the time before the first kept draw; ``gate`` lists the failures of the gate of
    an engine; ``finished`` is false of a run of shortened length. A row is finished where the gate
    is passed.
    """

    theta: np.ndarray | None
    compile_s: float | None
    warmup_s: float | None
    sample_s: float | None
    gradients: int | None
    divergences: int | None = None
    finished: bool = True
    independent: bool = False
    gate: list[str] | None = None


class _Counted:
    """A density that counts its gradients.

    Parameters
    ----------
    of
        The density.
    """

    def __init__(self, of: Any) -> None:
        self._of, self.size, self.theta, self.gradients = of, of.size, of.theta, 0

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As the density's own."""
        self.gradients += x.size // self.size
        return self._of(x)


def _lengths(until: float) -> tuple[int, int]:
    """Draws of a chain in the warm-up and after it; few enough that a short run has some."""
    short = until - time.perf_counter() <= SHORT
    return (SHORT_DRAWS, SHORT_DRAWS) if short else (TUNE, MOST)


def laplace(design: Any, until: float, seed: int) -> Ran:
    from lossmodel.inference.laplace.fit import approximate
    from lossmodel.model.density.density import Density

    began = time.perf_counter()
    found = approximate(Density(design))
    reached = time.perf_counter()
    theta = found.draw(LAPLACE_DRAWS, np.random.default_rng(seed))[None]
    sampled = time.perf_counter() - reached
    return Ran(theta, 0.0, reached - began, sampled, found.gradients, independent=True)


def _engine(design: Any, until: float, seed: int, *, name: str) -> Ran:
    """An exact engine as in a fit: mode, warm-up, and sampling until the gate is passed."""
    from lossmodel.inference.laplace.fit import approximate
    from lossmodel.inference.nuts.sampler import wake
    from lossmodel.inference.sampling import SAMPLERS, sample_through_gate
    from lossmodel.model.density.density import Density

    began = time.perf_counter()
    if SAMPLERS[name].processes:
        wake(CHAINS)
    density = Density(design)
    found = approximate(density, diagnose=False)
    reached = time.perf_counter() - began
    left = until - time.perf_counter()
    short = left < WHOLE
    draws = SAMPLERS[name].draws
    result, gate = sample_through_gate(
        design, density, found, engine=name, seed=seed, draws=draws // 4 if short else draws,
        seconds=left / 2 if short else left,
    )  # fmt: skip
    # The remaining time is sampling, the checks of the gate included.
    warm = reached + result.warmup_s
    return Ran(
        result.theta, 0.0, warm, time.perf_counter() - began - warm,
        found.gradients + result.gradients, result.divergences, finished=not short,
        gate=gate["failures"],
    )  # fmt: skip


def walnuts(design: Any, until: float, seed: int) -> Ran:
    """WALNUTS in the whitened coordinates of the engines, in threads that share an interpreter.

    It cannot be stopped: half of the limit is for as many draws as its first ones allow.
    """
    import walnutpie

    from lossmodel.inference.laplace.fit import approximate
    from lossmodel.inference.nuts.whitening import Whitened
    from lossmodel.model.density.density import Density

    began = time.perf_counter()
    density = Density(design)
    found = approximate(density, diagnose=False)
    whitened = _Counted(Whitened(density, found.dense()))
    starts = np.random.default_rng(seed).standard_normal((CHAINS, whitened.size))
    warm, most = _lengths(until)
    ready, counted = time.perf_counter(), whitened.gradients

    def draws(warm: int, kept: int, inits: np.ndarray) -> list[np.ndarray]:
        return list(walnutpie.walnuts_pyfunc(
            whitened, inits=inits, num_chains=CHAINS, seed=seed, min_warmup_iter=warm,
            max_warmup_iter=warm, min_sampling_iter=kept, max_sampling_iter=kept,
        ))  # fmt: skip

    tried = draws(SHORT_DRAWS, SHORT_DRAWS, starts)
    each = (time.perf_counter() - ready) / (2 * SHORT_DRAWS)
    kept = min(most, int(0.5 * (until - time.perf_counter()) / each) - warm)
    if kept > SHORT_DRAWS:
        ready, counted = time.perf_counter(), whitened.gradients
        tried = draws(warm, kept, starts)
    else:
        warm, kept = SHORT_DRAWS, SHORT_DRAWS
    spent = time.perf_counter() - ready
    x = np.stack([np.asarray(chain)[-kept:] for chain in tried])
    theta = np.stack([whitened.theta(chain) for chain in x])
    share = warm / (warm + kept)
    return Ran(
        theta, 0.0, ready - began + share * spent, (1 - share) * spent,
        found.gradients + whitened.gradients - counted,
    )  # fmt: skip


def pymc(design: Any, until: float, seed: int) -> Ran:
    import pymc as pm

    from lossmodel.model.density.pymc import reference

    def stop(**_: Any) -> None:
        if time.perf_counter() > until:
            raise KeyboardInterrupt

    began, (warm_up, length) = time.perf_counter(), _lengths(until)
    with reference(design):
        # PyMC's own sampler: from PyMC 6 on the default is nutpie where that is installed.
        trace = pm.sample(
            length, tune=warm_up, chains=CHAINS, random_seed=seed, nuts_sampler="pymc",
            discard_tuned_samples=False, compute_convergence_checks=False, progressbar=False,
            callback=stop,
        )  # fmt: skip
    warm = trace.warmup_sample_stats if _has(trace, "warmup_sample_stats") else None
    kept = trace.sample_stats if _has(trace, "sample_stats") else None
    parts = [part for part in (warm, kept) if part is not None]
    gradients = sum(int(np.nansum(part["n_steps"].values)) for part in parts)
    first = float(np.min([part["perf_counter_start"].values.min() for part in parts]))
    lasted = [float(part["perf_counter_diff"].values.sum()) for part in parts]
    spent = time.perf_counter() - first
    share = lasted[0] / sum(lasted) if warm is not None else 0.0
    return Ran(
        _theta(design, trace), first - began, spent * share, spent * (1 - share), gradients,
        _diverged(kept),
    )  # fmt: skip


def nutpie(design: Any, until: float, seed: int, *, low_rank: bool = False) -> Ran:
    import nutpie as sampler

    from lossmodel.model.density.pymc import reference

    began, (warm_up, length) = time.perf_counter(), _lengths(until)
    compiled = sampler.compile_pymc_model(reference(design))
    ready = time.perf_counter()
    options = {"low_rank_modified_mass_matrix": True} if low_rank else {}
    running = sampler.sample(
        compiled, draws=length, tune=warm_up, chains=CHAINS, cores=CHAINS, seed=seed,
        progress_bar=False, blocking=False, **options,
    )  # fmt: skip
    try:
        trace = running.wait(timeout=max(until - time.perf_counter(), 1.0))
    except TimeoutError:
        trace = running.abort()
    spent = time.perf_counter() - ready
    steps = [
        int(np.nansum(trace[name]["n_steps"].values))
        for name in ("warmup_sample_stats", "sample_stats")
    ]
    share = steps[0] / max(sum(steps), 1)
    return Ran(
        _theta(design, trace), ready - began, spent * share, spent * (1 - share), sum(steps),
        _diverged(trace.sample_stats),
    )  # fmt: skip


def numpyro(design: Any, until: float, seed: int) -> Ran:
    """One warm-up, then draws in pieces, so that sampling can stop at the limit."""
    import jax
    from numpyro.infer import MCMC, NUTS

    began, (warm_up, length) = time.perf_counter(), _lengths(until)
    # NumPyro compiles anew for each piece, between which it can stop. With pieces of 50 draws a run
    # of 10,000 ended when no more code could be kept in memory.
    piece = max(length // PARTS, SHORT_DRAWS)
    names, log_density, start = _jax_density(design, seed)
    kernel = NUTS(potential_fn=lambda x: -log_density(x), target_accept_prob=0.8)
    mcmc = MCMC(
        kernel, num_warmup=warm_up, num_samples=piece, num_chains=CHAINS,
        chain_method="vectorized", progress_bar=False,
    )  # fmt: skip
    jax.block_until_ready(jax.jit(jax.vmap(jax.grad(log_density)))(start))
    ready = time.perf_counter()
    mcmc.warmup(jax.random.PRNGKey(seed), init_params=start, extra_fields=NUMPYRO_FIELDS,
                collect_warmup=True)  # fmt: skip
    gradients = int(np.sum(mcmc.get_extra_fields()["num_steps"]))
    warm = time.perf_counter()
    pieces, steps, divergences = _numpyro_pieces(mcmc, until, seed, length // piece)
    spent = time.perf_counter() - warm
    joined = {
        name: np.concatenate([np.asarray(p[i]) for p in pieces], axis=1)
        for i, name in enumerate(names)
    }
    theta = _gathered(design, joined)
    return Ran(theta, ready - began, warm - ready, spent, gradients + steps, divergences)


def _jax_density(design: Any, seed: int) -> tuple[list[str], Callable[..., Any], list[np.ndarray]]:
    """Names of the free variables, the log density as a JAX function, and starting points.

    The function is compared with the density of the engines: NumPyro samples whatever it is given.
    """
    import jax
    from pymc.sampling.jax import get_jaxified_graph

    from lossmodel.model.density.density import Density
    from lossmodel.model.density.pymc import reference

    _teach_jax()
    model = reference(design)
    names = [value.name for value in model.value_vars]
    rng, point = np.random.default_rng(seed), model.initial_point()
    start = [rng.uniform(-1, 1, (CHAINS, *point[name].shape)) for name in names]
    function = get_jaxified_graph(inputs=model.value_vars, outputs=[model.logp()])

    def log_density(x: list[Any]) -> Any:
        return function(*x)[0]

    at = [each[0] for each in start]
    theta = _gathered(design, dict(zip(names, [x[None, None] for x in at], strict=True)))
    exact, gradient = Density(design)(theta.ravel())
    found, slopes = jax.value_and_grad(log_density)(at)
    # The engines leave the constant of the normals out.
    np.testing.assert_allclose(found, exact - len(gradient) / 2 * np.log(2 * np.pi))
    assert all(np.isfinite(slope).all() for slope in slopes)
    return names, log_density, start


def _numpyro_pieces(mcmc: Any, until: float, seed: int, most: int) -> tuple[list[Any], int, int]:
    """Draws in pieces, with the numbers of gradients and divergences."""
    import jax

    pieces, gradients, divergences = [], 0, 0
    for piece in range(most):
        if piece and time.perf_counter() > until:
            break
        mcmc.post_warmup_state = mcmc.last_state
        mcmc.run(jax.random.PRNGKey(seed + 1 + piece), extra_fields=NUMPYRO_FIELDS)
        pieces.append(mcmc.get_samples(group_by_chain=True))
        extra = mcmc.get_extra_fields()
        gradients += int(np.sum(extra["num_steps"]))
        divergences += int(np.sum(extra["diverging"]))
    return pieces, gradients, divergences


def _teach_jax() -> None:
    """Register two functions whose values and gradients are numbers everywhere.

    PyTensor's JAX backend has Erfcx only with a nightly package, that of JAX 0.10 is zero between
    26.54 and 26.64, and the gradient of PyTensor's Softplus is not a number far out.
    """
    from jax import numpy as jnp
    from jax.nn import softplus
    from jax.scipy.special import erfcx as near
    from pytensor.link.jax.dispatch import jax_funcify
    from pytensor.scalar.math import Erfcx, Softplus

    def erfcx(x: Any) -> Any:
        """Beyond FAR the asymptotic series, whose next term is below 3e-10 of it."""
        square = 1 / jnp.maximum(x, FAR) ** 2
        series = 1 - square / 2 * (1 - 3 * square / 2 * (1 - 5 * square / 2))
        far = series / (np.sqrt(np.pi) * jnp.maximum(x, FAR))
        return jnp.where(x < FAR, near(jnp.minimum(x, FAR)), far)

    jax_funcify.register(Erfcx, lambda op, **_: erfcx)
    jax_funcify.register(Softplus, lambda op, **_: softplus)


def _has(trace: Any, group: str) -> bool:
    """Whether a trace has a group with draws in it, in either ArviZ."""
    there = group in trace.groups() if callable(trace.groups) else f"/{group}" in trace.groups
    return bool(there) and trace[group].sizes.get("draw", 0) > 0


def _diverged(statistics: Any) -> int | None:
    return None if statistics is None else int(np.nansum(statistics["diverging"].values))


def _theta(design: Any, trace: Any) -> np.ndarray | None:
    if not _has(trace, "posterior"):
        return None
    posterior = trace["posterior"]
    values = {str(name): posterior[name].values for name in posterior.data_vars}
    theta = _gathered(design, values)
    # A stopped sampler leaves chains of unequal length, padded with NaN.
    whole = np.isfinite(theta).all(axis=(0, 2))
    return theta[:, whole] if whole.sum() > 3 else None


def _gathered(design: Any, values: dict[str, np.ndarray]) -> np.ndarray:
    """Theta from the free variables of the PyMC model."""
    from lossmodel.model.density.pymc import to_point

    places = to_point(design, np.arange(design.size, dtype=float))
    some = values[next(iter(places))]
    theta = np.empty((*some.shape[:2], design.size))
    for name, place in places.items():
        theta[..., place.astype(int)] = values[name]
    return theta


SAMPLERS: dict[str, Callable[[Any, float, int], Ran]] = {
    "laplace": laplace,
    "nuts": partial(_engine, name="nuts"),
    "hmc": partial(_engine, name="hmc"),
    "walnuts": walnuts,
    "pymc": pymc,
    "nutpie": nutpie,
    "nutpie-low-rank": partial(nutpie, low_rank=True),
    "numpyro": numpyro,
}


def measured(design: Any, ran: Ran) -> dict[str, Any]:
    """The row of a run in the table, over the gated quantities."""
    from lossmodel.inference.convergence import convergence
    from lossmodel.inference.gates import gated_quantities
    from lossmodel.model.density.expectation import ModelGraph
    from lossmodel.model.density.generated import SubmodelDraws

    row: dict[str, Any] = {
        "compile_s": _rounded(ran.compile_s), "warmup_s": _rounded(ran.warmup_s),
        "sample_s": _rounded(ran.sample_s), "gradients": ran.gradients,
        "min_bulk_ess": None, "min_tail_ess": None, "min_ess_per_s": None, "max_rhat": None,
        "divergences": ran.divergences, "finished": ran.independent, "gate_s": None, "n_draws": 0,
        "gate_failures": ran.gate,
    }  # fmt: skip
    # Chains that have not moved have no effective draws, for all that formulas say.
    if ran.theta is None or not ran.independent and not _has_moved(ran.theta):
        return row
    chains, draws = ran.theta.shape[:2]
    row["n_draws"] = chains * draws
    bulk = tail = float(chains * draws)
    model = ModelGraph(design)
    names, values = gated_quantities(SubmodelDraws(model, ran.theta))
    if not ran.independent:
        row["gate_s"] = _seconds_to_gate(model, ran)
        row["finished"] = ran.finished and row["gate_s"] is not None
        found = convergence(values.reshape(chains, draws, -1))
        bulk, tail = float(found["ess_bulk"].min()), float(found["ess_tail"].min())
        worst = float(found["rhat"].max())
        row["max_rhat"] = worst if np.isfinite(worst) else None
    seconds = (ran.warmup_s or 0.0) + (ran.sample_s or 0.0)
    quantiles = np.quantile(values, [0.025, 0.5, 0.975], axis=0).T.round(4).tolist()
    return row | {
        "min_bulk_ess": bulk, "min_tail_ess": tail,
        "min_ess_per_s": bulk / max(seconds, 1e-9),
        "quantiles": dict(zip(names, quantiles, strict=True)),
    }  # fmt: skip


def _has_moved(theta: np.ndarray) -> bool:
    """Whether each chain has more places than one."""
    return bool((np.ptp(theta, axis=1).max(axis=1) > 0).all())


def _seconds_to_gate(model: Any, ran: Ran) -> float | None:
    """Seconds of warm-up and sampling until the gate of the engines is passed; None without."""
    from lossmodel.inference.gates import convergence_gate
    from lossmodel.inference.nuts.sampler import Sample

    warm, spent = ran.warmup_s or 0.0, ran.sample_s or 0.0
    if ran.gate is not None:
        return None if ran.gate else round(warm + spent, 1)
    assert ran.theta is not None
    for part in range(1, PARTS + 1):
        share = part / PARTS
        theta = ran.theta[:, : round(share * ran.theta.shape[1])]
        divergences = round(share * (ran.divergences or 0))
        if theta.shape[1] < SHORT_DRAWS:
            continue
        if not convergence_gate(model, Sample(theta, theta[:, -1], divergences, 0))["failures"]:
            return round(warm + share * spent, 1)
    return None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _end_workers() -> None:
    """End the worker processes, whose resource use is only then known."""
    from lossmodel.inference import worker

    worker.end_all()


def _cpu_s() -> float:
    """CPU seconds of all processes, which other load on the machine affects less than the clock."""
    used = [resource.getrusage(who) for who in WHOSE]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return max(resource.getrusage(who).ru_maxrss for who in WHOSE) * unit / 2**20


IMPORTS = {
    "laplace": ("lossmodel.inference.laplace.fit",), "nuts": ("lossmodel.inference.nuts.sampler",),
    "hmc": ("lossmodel.inference.hmc",), "walnuts": ("walnutpie",),
    "pymc": ("pymc",), "nutpie": ("pymc", "nutpie"), "nutpie-low-rank": ("pymc", "nutpie"),
    "numpyro": ("pymc", "numpyro", "pymc.sampling.jax"),
}  # fmt: skip


def main(case: str, sampler: str, seconds: str, seed: str, out: str) -> None:
    began = time.perf_counter()
    for name in IMPORTS[sampler]:
        import_module(name)
    import_s = time.perf_counter() - began
    from benchmarks.cases import Skipped, design_of

    try:
        design = design_of(case)
    except Skipped as why:
        sys.stderr.write(f"{why}\n")
        sys.exit(SKIPPED)
    until = time.perf_counter() + MARGIN * float(seconds)
    began_cpu = _cpu_s()
    ran = SAMPLERS[sampler](design, until, int(seed))
    _end_workers()
    cost = {"cpu_s": round(_cpu_s() - began_cpu, 1), "peak_mb": round(_peak_mb(), 1)}
    row = measured(design, ran) | cost
    row |= {
        "import_s": round(import_s, 3), "dimension": design.size, "terms": len(design.terms),
        "seed": int(seed),
    }  # fmt: skip
    Path(out).write_text(json.dumps(row), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
