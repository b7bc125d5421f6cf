"""The submodels of a saved fit, from the variables of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import sparse

from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.run import Submodel
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["SPARSE", "saved_submodel"]

# Parts of a sparse root of the covariance, which fits of many unknowns have.
SPARSE: Final = ("data", "indices", "indptr")
# Largest difference of the log density at the mode, then and now, between equal models: rounding of
# another machine is a millionth of it, and any change of a prior or a likelihood is more.
ROUNDING: Final = 1e-3


def _root(stored: Mapping[str, NDArray[Any]], name: str) -> Any:
    """Root of the covariance: dense, or sparse with many unknowns."""
    dense = stored.get(f"{name}_covariance_root")
    if dense is not None:
        return dense
    data, indices, ends = (stored[f"{name}_root_{part}"] for part in SPARSE)
    size = len(stored[f"{name}_mode"])
    root = sparse.csr_array((data, indices, ends), shape=(size, size))
    root.check_format()
    return root


def saved_submodel(
    design: Any, stored: Mapping[str, NDArray[Any]], kept: dict[str, Any]
) -> Submodel:
    """A submodel from its variables in a file, and from its design.

    Raises
    ------
    ValueError
        They are incomplete, not finite, or of another version of the model.
    """
    name = design.name
    diagnostics = kept["diagnostics"]
    laplace = Laplace(
        mode=stored[f"{name}_mode"],
        covariance_root=_root(stored, name),
        latent_precision=np.zeros((0, 0)),
        hyper_covariance=np.zeros((0, 0)),
        log_evidence=diagnostics["log_evidence"],
        decrement=diagnostics["decrement"],
        positive=diagnostics["positive"],
        gradient=0.0,
        expansions=diagnostics["expansions"],
        gradients=diagnostics["gradients"],
    )
    theta, prior = stored[f"{name}_theta"], stored[f"{name}_prior_theta"]
    if theta.shape[-1] != design.size:
        raise ValueError(
            f"it was made by another version of the model ({theta.shape[-1]} unknowns of "
            f"{name}, now {design.size}); fit anew"
        )
    size, chains = design.size, diagnostics["chains"]
    shapes = [
        (theta, (chains, diagnostics["n_draws"] // chains, size)),
        (prior, (*prior.shape[:2], size)),
        (laplace.mode, (size,)),
    ]
    root = laplace.covariance_root
    if isinstance(root, np.ndarray):
        shapes.append((root, (size, size)))
    else:
        shapes.append((root.data, (root.nnz,)))
    for values, shape in shapes:
        if values.shape != shape or not values.size or not np.isfinite(values).all():
            raise ValueError(f"draws or mode of {name} that are incomplete or not finite")
    density = Density(design)
    then, now = diagnostics.get("log_density"), float(density(laplace.mode)[0])
    if then is not None and not abs(now - float(then)) < ROUNDING:
        raise ValueError(
            f"it was made by another version of the model (log density of {name} at its mode "
            f"{then:.3f}, now {now:.3f}); fit anew"
        )
    return Submodel(
        design=design,
        density=density,
        laplace=laplace,
        engine=kept["engine"],
        posterior=SubmodelDraws(density.model, theta),
        prior=SubmodelDraws(density.model, prior),
        diagnostics=diagnostics,
    )
