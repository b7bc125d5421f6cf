"""R-hat and effective sample sizes; the only module that imports ArviZ.

ArviZ 0 has them as functions of datasets, ArviZ 1 as functions of arrays.
"""

import warnings

import numpy as np

from lossmodel.design.grid import Floats

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
        ``rhat, ess_bulk, ess_tail``, each of shape (Q,).
    """
    with warnings.catch_warnings():
        # ArviZ 0.23 announces its successor on import.
        warnings.simplefilter("ignore", FutureWarning)
        import arviz as az
    data = (
        az.from_dict(posterior={"q": draws})
        if _is_old(az)
        else az.from_dict({"posterior": {"q": draws}})
    )
    found = {
        "rhat": az.rhat(data),
        "ess_bulk": az.ess(data, method="bulk"),
        "ess_tail": az.ess(data, method="tail"),
    }
    return {name: np.atleast_1d(_values(result)) for name, result in found.items()}


def _is_old(az: object) -> bool:
    return int(str(getattr(az, "__version__", "1")).split(".")[0]) < 1


def _values(result: object) -> Floats:
    node = result["posterior"] if hasattr(result, "children") and result.children else result  # type: ignore[index]
    return np.asarray(node["q"], dtype=float)  # type: ignore[index]
