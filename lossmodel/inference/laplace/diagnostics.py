"""How far a posterior is from the normal of the Laplace fit.

Three comparisons with the exact density:

- along the direction of the coverage of a list and of each reported total: see ``marginals``;
- over draws of the hyperparameters: the ratio of their marginal to the split normal drawn from,
  and the shift of the reported totals when draws are weighted by it;
- over draws of all unknowns.

The last two give the shape k of the generalised Pareto distribution of the largest importance
ratios (Vehtari, Simpson, Gelman, Yao and Gabry 2024).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from lossmodel.inference.laplace.factors import Root
from lossmodel.inference.laplace.marginals import LaplaceMarginal, laplace_marginals
from lossmodel.inference.laplace.modes import Modes, Point
from lossmodel.inference.laplace.quantities import Quantity, leading_lists, reported, slopes_of
from lossmodel.inference.weights import MAX_K, effective, normalised, pareto_k
from lossmodel.model.density.density import Density, batches
from lossmodel.model.design.grid import Floats

__all__ = ["NormalityDiagnostics", "log_totals", "normality_diagnostics", "split_normal"]

# Newton's decrement at the latent modes of drawn hyperparameters: 0.6 posterior sds. The rise to
# the mode is added.
NEAR = 0.2
# Draws of the hyperparameters: COST / D, as expansions of large submodels take long. They estimate
# k from their three largest ratios alone; where it is above its limit, DRAWS of them decide.
FEWEST, MOST, COST = 8, 12, 6000
# Draws of all unknowns, each of which takes one evaluation.
DRAWS = 40
# Those of the hyperparameters where k is above its limit with these, too: PATIENT / D, up to MANY.
# Civilians of the shipped war have 0.65 and 0.56 with and without bounds by lists with 160 draws,
# 0.69 and 0.79 with 640, but 1.2 with 40, of which three are the largest of all 640.
MANY, PATIENT = 160, 30_000
# The diagnostics are the same whatever the seed of the fit.
SEED = 1


@dataclass(frozen=True)
class NormalityDiagnostics:
    """Comparisons of the exact density with the normal of the Laplace fit.

    Attributes
    ----------
    marginals
        Of the coverage of lists and of the reported totals.
    hyper_k, full_k
        Pareto k of the importance ratios of the hyperparameters, and of those of all unknowns.
    hyper_share
        Effective sample size of the weighted draws of hyperparameters, as a share of their number.
    hyper_shift
        Largest shift of a reported log total under those weights, in posterior sds.
    """

    marginals: tuple[LaplaceMarginal, ...]
    hyper_k: float
    hyper_share: float
    hyper_shift: float
    full_k: float

    def summary(self) -> dict[str, Any]:
        """The numbers of ``diagnostics.json``."""
        marginals = [{"name": r.name, "excess": r.excess, "skew": r.skew} for r in self.marginals]
        numbers = ("hyper_k", "hyper_share", "hyper_shift", "full_k")
        return {"ridges": marginals} | {name: getattr(self, name) for name in numbers}


def split_normal(
    x: Floats, *, covariance_root: Root, split_normal_scales: Floats
) -> tuple[Floats, Floats, Floats]:
    """Standard normal draws as steps from the mode, with split-normal hyperparameters.

    Parameters
    ----------
    x
        Shape (S, D).
    covariance_root
        Of the covariance of theta, shape (D, D).
    split_normal_scales
        Shape (2, H): factors on each hyperparameter's sd below and above its mode.

    Returns
    -------
    with_hypers, of_latent
        Steps of shape (S, D), to be added: of the hyperparameters together with the conditional
        mode of the latent vector, and of the latent vector around that mode.
    log_volume
        Shape (S,): the log density of a step is ``-|x|^2 / 2 - log_volume``, up to a constant.

    Examples
    --------
    One hyperparameter with sd 1, and 1.5 times as much above the mode:

    >>> x = np.array([[-1.0], [1.0]])
    >>> scales = np.array([[1.0], [1.5]])
    >>> steps, _, _ = split_normal(x, covariance_root=np.eye(1), split_normal_scales=scales)
    >>> steps.ravel().tolist()
    [-1.0, 1.5]
    """
    n = split_normal_scales.shape[1]
    of_hypers = covariance_root[:n, :n]
    if not isinstance(of_hypers, np.ndarray):
        of_hypers = of_hypers.toarray()
    moved = x[:, :n] @ of_hypers.T
    ratio = np.where(moved > 0, split_normal_scales[1], split_normal_scales[0])
    split = solve_triangular(of_hypers, (moved * ratio).T, lower=True).T
    return (
        split @ covariance_root[:, :n].T,
        x[:, n:] @ covariance_root[:, n:].T,
        np.log(ratio).sum(axis=1),
    )


def normality_diagnostics(
    modes: Modes,
    point: Point,
    *,
    covariance_root: Root,
    split_normal_scales: Floats,
    marginals_only: bool = False,
) -> NormalityDiagnostics:
    """Compare the density around a mode with its normal approximation.

    Parameters
    ----------
    covariance_root, split_normal_scales
        As in ``split_normal``.
    marginals_only
        Leave out what draws do not need; all but the marginals is not a number.
    """
    density, theta = modes.density, point.theta
    slopes = slopes_of(density, theta, reported(density, theta))
    lists = leading_lists(density, point, slopes)
    marginals_of = tuple(laplace_marginals(modes, point, lists, slopes))
    if marginals_only:
        return NormalityDiagnostics(marginals_of, *[float("nan")] * 4)
    size = covariance_root.shape[0]
    several = int(np.clip(COST // size, FEWEST, MOST))
    many = int(np.clip(PATIENT // size, DRAWS, MANY))
    x = np.random.default_rng(SEED).standard_normal((many, size))
    with_hypers, of_latent, volume = split_normal(
        x, covariance_root=covariance_root, split_normal_scales=split_normal_scales
    )
    drawn = point.theta + (with_hypers + of_latent)[:DRAWS]
    ratios = modes.density.values(drawn) + (x[:DRAWS] ** 2).sum(axis=1) / 2 + volume[:DRAWS]
    # The same draws of the hyperparameters, the others at their mode.
    near: list[tuple[float, Floats]] = []
    for enough in (several, DRAWS, many):
        for start in point.theta + with_hypers[len(near) : enough]:
            there = modes.find_mode(start, tolerance=NEAR, near=point)
            near.append((there.value, there.theta))
        marginals = np.array([value for value, _ in near])
        of_normal = ((x[:, : modes.hypers] ** 2).sum(axis=1) / 2 + volume)[: len(near)]
        of_hypers = marginals + of_normal
        if pareto_k(of_hypers) < MAX_K:
            break
    weights = normalised(of_hypers)
    totals = np.array([log_totals(modes.density, theta, list(slopes)) for _, theta in near])
    moved = weights @ totals - totals.mean(axis=0)
    sds = [np.linalg.norm(covariance_root.T @ slope) for slope in slopes.values()]
    shifts = moved / np.array(sds)
    return NormalityDiagnostics(
        marginals=marginals_of,
        hyper_k=pareto_k(of_hypers),
        hyper_share=effective(weights) / len(near),
        hyper_shift=float(np.abs(shifts).max(initial=0.0)),
        full_k=pareto_k(ratios),
    )


def log_totals(density: Density, theta: Floats, totals: list[Quantity]) -> Floats:
    """Logs of totals at theta of shape (..., D), shape (..., totals)."""
    model, nodes = density.model, [total.node for total in totals]
    draws = theta.reshape(-1, theta.shape[-1])
    found = np.empty((len(draws), sum(node.size for node in nodes)))
    for some in batches(len(draws)):
        there = model.graph.evaluate({model.theta: draws[some]}, nodes, apart=True)
        found[some] = np.concatenate([there[node] for node in nodes], axis=-1)
    return found.reshape(*theta.shape[:-1], found.shape[-1])
