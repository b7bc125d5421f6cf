"""Which modes of a submodel are part of its answer, by the integrals over their parts.

Laplace's approximation of the evidence can be off by factors of thousands where a list or a
register bends the density, so that of small submodels the integrals are those of importance
weights, as far as they go: uneven weights, too, are nearer to them.
"""

from dataclasses import replace

import numpy as np

from lossmodel.inference.importance import LARGEST, weighted_draws
from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.laplace.rival_modes import MATTERS
from lossmodel.model.density.density import Density

__all__ = ["with_modes_that_matter"]


def with_modes_that_matter(density: Density, laplace: Laplace, *, seed: int) -> Laplace:
    """The fit around the mode with the largest integral, and as rivals those that matter beside it.

    Parameters
    ----------
    seed
        Of the draws with weights.

    Returns
    -------
    laplace
        The log evidence of its rivals is its own plus the log of the ratio of the integrals.
    """
    modes = [laplace, *laplace.rivals]
    if len(modes) == 1:
        return laplace
    if density.size <= LARGEST:
        logs = np.array(weighted_draws(density, laplace, seed=seed).log_integrals)
    else:
        logs = np.array([mode.log_evidence for mode in modes])
    ranked: list[int] = np.argsort(-logs, kind="stable").tolist()
    first, most = modes[ranked[0]], logs[ranked[0]]
    rivals = [
        replace(modes[k], log_evidence=first.log_evidence + float(logs[k] - most), rivals=())
        for k in ranked[1:]
        if np.exp(logs[k] - most) > MATTERS
    ]
    return replace(first, rivals=tuple(rivals))
