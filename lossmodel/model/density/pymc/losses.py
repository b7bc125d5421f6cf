"""From the unknowns to the losses of a day: rates, lethality, the missing, scopes."""

import numpy as np

from lossmodel.model.density.pymc.graph import Graph, Tensor
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Ints

__all__ = ["prefix_sums", "unknowns"]

PATH = ("party", "day")


def unknowns(graph: Graph, design: Design, kinds: dict[str, Ints]) -> tuple[Tensor, Tensor]:
    """Learned scales with a one behind them, and v.

    Parameters
    ----------
    kinds
        Name of a variable -> places of its entries in theta.
    """
    pm, pt, parameters = graph.pm, graph.pt, design.parameters
    parts = [pm.Normal(f"z.{kind}", dims=f"unknown.{kind}") for kind in kinds]
    theta = pt.concatenate(parts)[np.argsort(np.concatenate(list(kinds.values())))]
    hypers = theta[: len(parameters.hyper)]
    scales = pt.exp(parameters.hyper_mean + parameters.hyper_sd * hypers)
    scales = pm.Deterministic("scales", scales, dims="scale")
    scales = pt.concatenate([scales, pt.ones(1)])
    return scales, parameters.offset + graph.apply(
        parameters.matrix, theta * scales[parameters.scale_of]
    )


def prefix_sums(graph: Graph, design: Design, v: Tensor) -> Tensor:
    """Sums of each daily series up to the edges of cells, R rows of T + 1 in one vector."""
    pt = graph.pt
    path = graph.apply(design.daily, v).reshape((design.rows, design.grid.cells))
    losses, shares = _losses(graph, design, path), _shares(graph, design, v)
    party, component, scope, ledger = design.series.T
    reported = (ledger >= 0)[:, None]
    bias = pt.where(reported, path[np.maximum(ledger, 0)], 0.0)
    a_day = losses[component, party] * shares[scope] * pt.exp(bias)
    sums = pt.cumsum(a_day * design.grid.cell_days, axis=1)
    return pt.concatenate([pt.zeros((len(party), 1)), sums], axis=1).ravel()


def _losses(graph: Graph, design: Design, path: Tensor) -> Tensor:
    """Killed, wounded and missing dead a day, shape (3, P, T)."""
    pm, pt, latent = graph.pm, graph.pt, design.latent
    rate = pm.Deterministic("rate", pt.exp(path[latent.rate]) * latent.active, dims=PATH)
    nobody = pt.zeros_like(rate)
    if (latent.lethality < 0).all():
        return pt.stack([rate, nobody, nobody])
    kappa = pm.Deterministic("lethality", pt.sigmoid(path[latent.lethality]), dims=PATH)
    killed, wounded = kappa * rate, (1 - kappa) * rate
    has = (latent.missing >= 0)[:, None]
    if not has.any():
        return pt.stack([killed, wounded, nobody])
    missing = pt.sigmoid(path[np.maximum(latent.missing, 0)]) * has
    missing = pm.Deterministic("missing", missing, dims=PATH)
    return pt.stack([killed, wounded, killed * missing])


def _shares(graph: Graph, design: Design, v: Tensor) -> Tensor:
    """Share of each scope in all losses, shape (S, T)."""
    pm, pt, scopes = graph.pm, graph.pt, design.latent.scopes
    whole = pt.ones((1, design.grid.cells))
    if not scopes:
        return whole
    row, tau, parent = np.array([(s.logit_row, s.tau_row, s.parent) for s in scopes]).T
    since = design.grid.middles - np.array([s.first for s in scopes])[:, None]
    share = pt.where(row >= 0, pt.sigmoid(v[row]), 1.0)[:, None]
    pace = pt.where(tau >= 0, pt.exp(-v[tau]), 0.0)[:, None]
    share *= pt.exp(-since * pace) * np.stack([s.active for s in scopes])
    complement = np.array([s.complement for s in scopes])[:, None]
    within = pt.where(complement, 1 - share, share)
    shares = pt.concatenate([whole, within])
    for _ in range(_depth(parent) - 1):
        shares = pt.concatenate([whole, within * shares[parent]])
    return pm.Deterministic("share", shares, dims=("scope", "day"))


def _depth(parent: Ints) -> int:
    """How long the longest line of scopes within scopes is."""
    depth = np.zeros(len(parent) + 1, dtype=np.int64)
    for i, above in enumerate(parent):
        depth[i + 1] = depth[above] + 1
    return int(depth.max())
