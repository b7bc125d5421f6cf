"""R-hat and effective sample sizes."""

from typing import Any

import numpy as np

from lossmodel.inference.arviz import import_arviz, inference_data
from lossmodel.model.design.grid import Floats

__all__ = ["convergence"]


def convergence(draws: Floats) -> dict[str, Floats]:
    """R-hat and bulk and tail ESS of Q quantities.

    Parameters
    ----------
    draws
        Shape (chains, draws, Q).

    Returns
    -------
    dict
        ``rhat, ess_bulk, ess_tail``, each of shape (Q,), as defined by Vehtari, Gelman, Simpson,
        Carpenter and Buerkner (2021).
    """
    import xarray as xr

    arviz = import_arviz()
    data = inference_data({"posterior": xr.Dataset({"q": (("chain", "draw", "quantity"), draws)})})
    found = {
        "rhat": arviz.rhat(data),
        "ess_bulk": arviz.ess(data, method="bulk"),
        "ess_tail": arviz.ess(data, method="tail"),
    }
    return {name: _values(result) for name, result in found.items()}


def _values(result: Any) -> Floats:
    node = result["posterior"] if getattr(result, "children", None) else result
    return np.atleast_1d(np.asarray(node["q"], dtype=np.float64))
