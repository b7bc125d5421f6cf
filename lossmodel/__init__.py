"""War losses from conflicting claims: latent loss rates and each claimant's bias.

A claims table goes in, posterior estimates with credible intervals come out:
``fit(load_claims())``. The names below are the whole public interface. Each is imported when it
is first asked for, so that ``import lossmodel`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossmodel.api import Fit, fit, load_fit
    from lossmodel.claims.claims import Claims, load_claims
    from lossmodel.conflict.conflict import Conflict, load_conflict
    from lossmodel.errors import ClaimsError
    from lossmodel.evaluation.backtest import backtest
    from lossmodel.evaluation.sensitivity import sensitivity
    from lossmodel.evaluation.simulation import simulate
    from lossmodel.findings import check
    from lossmodel.model.density.model import LossModel
    from lossmodel.model.priors import Priors
    from lossmodel.plots import plot_biases, plot_losses, plot_predictions
    from lossmodel.posterior.citation import cite
    from lossmodel.report import write_report

__version__ = "0.1.0"

_HOMES = {
    "Claims": "claims",
    "ClaimsError": "errors",
    "Conflict": "conflict",
    "Fit": "api",
    "LossModel": "model.density.model",
    "Priors": "model.priors",
    "backtest": "evaluation.backtest",
    "check": "findings",
    "cite": "posterior.citation",
    "fit": "api",
    "load_claims": "claims",
    "load_conflict": "conflict",
    "load_fit": "api",
    "plot_biases": "plots",
    "plot_losses": "plots",
    "plot_predictions": "plots",
    "sensitivity": "evaluation.sensitivity",
    "simulate": "evaluation.simulation",
    "write_report": "report",
}

__all__ = [
    "Claims",
    "ClaimsError",
    "Conflict",
    "Fit",
    "LossModel",
    "Priors",
    "backtest",
    "check",
    "cite",
    "fit",
    "load_claims",
    "load_conflict",
    "load_fit",
    "plot_biases",
    "plot_losses",
    "plot_predictions",
    "sensitivity",
    "simulate",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lossmodel' has no attribute {name!r}")
    value = getattr(import_module(f"lossmodel.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
