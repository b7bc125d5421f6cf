"""R-hat and effective sample sizes; the only module that imports ArviZ.

ArviZ 0 has them as functions of datasets, ArviZ 1 as functions of trees of datasets.
"""

import warnings
from typing import Any

import numpy as np

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
    arviz = _arviz()
    if int(str(arviz.__version__).split(".")[0]) < 1:
        data = arviz.from_dict(posterior={"q": draws})
    else:
        data = arviz.from_dict({"posterior": {"q": draws}})
    found = {
        "rhat": arviz.rhat(data),
        "ess_bulk": arviz.ess(data, method="bulk"),
        "ess_tail": arviz.ess(data, method="tail"),
    }
    return {name: _values(result) for name, result in found.items()}


def _arviz() -> Any:
    with warnings.catch_warnings():
        # ArviZ 0.23 announces its successor on import.
        warnings.simplefilter("ignore", FutureWarning)
        import arviz
    return arviz


def _values(result: Any) -> Floats:
    node = result["posterior"] if getattr(result, "children", None) else result
    return np.atleast_1d(np.asarray(node["q"], dtype=np.float64))
