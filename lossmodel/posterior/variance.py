"""Decomposition of each total's posterior variance by assumption.

Theta is standard normal a priori. With posterior covariance S and slope g of a log total, were the
prior's mean and the figures drawn again, the answer would vary by

    |S g|^2 + |J S g|^2_W,

the first part by the prior and the second by the figures, J and W being the slopes of their log
expectations and their curvature; the sum is ``g' S g`` where expectations are log-linear. The
entries of ``S g`` belong to groups of theta, hence to blocks of assumptions.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import softmax

from lossmodel.inference.laplace.fit import Laplace
from lossmodel.model.density.expansion import Expansion
from lossmodel.model.density.generated import SubmodelDraws, components_of
from lossmodel.model.density.losses import LEAST
from lossmodel.model.density.slopes import moved_by
from lossmodel.model.design.grid import Floats
from lossmodel.text.levels import ASSUMED

__all__ = [
    "BLOCKS",
    "LEAST_TOTAL",
    "LEAST_VARIANCE",
    "block_of",
    "log_total",
    "slope",
    "variance_decomposition",
]

BLOCKS = {
    "bias.register": "registers",
    "bias.declared": "missing",
    "bias": "bias",
    "ratio": "bias",
    "overlap": "coverage and delay",
    "fate": "missing",
    "common": "common mode",
    "coverage": "coverage and delay",
    "delay": "coverage and delay",
    "missing": "missing",
    "declared": "missing",
    "definition": "definition",
    "lethality": "lethality",
    "rate": "path",
    "scope": "scope",
    "scale": "noise scales",
}
# Stands for a total or a variance of nought where a logarithm or a ratio is wanted.
LEAST_TOTAL = LEAST_VARIANCE = LEAST
# Party, category and scope.
Series = tuple[str, str, str]


def block_of(group: str) -> str:
    """The block of assumptions that a group of theta belongs to."""
    name = group.split(" ", maxsplit=1)[0].split(":", maxsplit=1)[0]
    return BLOCKS.get(name) or BLOCKS[name.split(".", maxsplit=1)[0]]


def slope(draws: SubmodelDraws, key: Series, parts: Sequence[str] = ()) -> Floats:
    """Derivative of a log total to the end by theta at one point (the submodel's only draw).

    Parameters
    ----------
    parts
        The parties that the key's party is the sum of, if it is one.
    """
    model, latent = draws.model, draws.design.latent
    party, category, scope = key
    nodes = [
        model.total(
            latent.parties.index(part),
            components_of(category),
            latent.scope_index.get((part, scope), 0),
        )
        for part in parts or (party,)
    ]
    found = model.graph.evaluate({model.theta: draws.flat[0]}, nodes, apart=True)
    shares = softmax([found[node] for node in nodes], axis=0)
    return np.asarray(found.adjoints(dict(zip(nodes, shares, strict=True)))[model.theta])


def variance_decomposition(
    draws: SubmodelDraws,
    prior: SubmodelDraws,
    expansion: Expansion,
    laplace: Laplace,
    key: Series,
    *,
    parts: Sequence[str] = (),
) -> pd.DataFrame:
    """Shares of the posterior variance of a log total to the end that are prior.

    Parameters
    ----------
    expansion
        Of the log posterior at its mode.
    parts
        The parties that the key's party is the sum of, if it is one.

    Returns
    -------
    table
        quantity, party, category, scope, block, share; and for the quantity prior_sd,
        posterior_sd (of the log), prior_share (sum over blocks) and identified (whether that is at
        most `ASSUMED`).
    """
    at_mode = SubmodelDraws(draws.model, laplace.mode[None, None, :])
    blocks = np.empty(len(laplace.mode), dtype=object)
    for group, where in draws.design.parameters.groups.items():
        blocks[where] = block_of(group)
    curvature = np.maximum(expansion.curvature, 0.0)
    moved = laplace.covariance_root @ (laplace.covariance_root.T @ slope(at_mode, key, parts))
    figures = float(curvature @ moved_by(expansion, moved[:, None])[:, 0] ** 2)
    # A scope of fixed share may have no losses, whose log does not vary.
    variance = max(float(moved @ moved) + figures, LEAST_VARIANCE)
    shares = {b: float((moved[blocks == b] ** 2).sum()) / variance for b in sorted(set(blocks))}
    party, category, scope = key
    prior_share = 1 - figures / variance
    base = {
        "quantity": f"{category} {party} {scope}",
        **{"party": party, "category": category, "scope": scope},
        "prior_sd": _log_sd(prior, key, parts),
        "posterior_sd": _log_sd(draws, key, parts),
        "prior_share": prior_share,
    }
    known = {"identified": prior_share <= ASSUMED}
    return pd.DataFrame(
        [base | {"block": b, "share": s} | known for b, s in shares.items() if s > 0]
    )


def log_total(draws: SubmodelDraws, key: Series, parts: Sequence[str] = ()) -> Floats:
    """Log of a total to the end, or of the sum of those of some parties, shape (S,)."""
    party, *rest = key
    total = sum(draws.total(part, *rest) for part in parts or (party,))
    return np.asarray(np.log(np.maximum(total, LEAST_TOTAL)))


def _log_sd(draws: SubmodelDraws, key: Series, parts: Sequence[str]) -> float:
    return float(log_total(draws, key, parts).std())
