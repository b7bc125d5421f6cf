"""Checks that the model has to pass: simulation, calibration, backtests, sensitivity.

Everything here stands on the public interface. The simulator is written apart from the model: it
shares the table of priors and nothing else, so that an error of the one is not hidden by the same
error of the other.

=============  =====================================================================================
`sampling`     one draw from a prior, random walks between knots
`truth`        a war as it was: rates, lethality, the missing, scopes
`tendencies`   what each stream counts and how far it tends to be off
`figures`      what claimants publish: noise, bounds, ranges, rounding
`wars`         small made-up wars of mixed size, as templates
`breaks`       what the model does not assume
`simulation`   `simulate`: all of it together
`tasks`        many fits, each kept, on all cores or on a cluster
`scores`       coverage, CRPS, log score, PIT of draws against a truth that is itself uncertain
`diagnostics`  posterior predictive per claimant; flags of a broken war
`calibration`  `calibrate`: simulation-based calibration
`backtests`    `backtest`: claims frozen by date against what became known
`influence`    `sensitivity`: which claims, priors and parts the answer hangs on
=============  =====================================================================================
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossmodel.checking.backtests import Backtest, backtest
    from lossmodel.checking.calibration import Calibration, calibrate
    from lossmodel.checking.influence import Sensitivity, sensitivity
    from lossmodel.checking.simulation import Simulated, simulate

_HOMES = {
    "Backtest": "backtests",
    "Calibration": "calibration",
    "Sensitivity": "influence",
    "Simulated": "simulation",
    "backtest": "backtests",
    "calibrate": "calibration",
    "sensitivity": "influence",
    "simulate": "simulation",
}

__all__ = [
    "Backtest",
    "Calibration",
    "Sensitivity",
    "Simulated",
    "backtest",
    "calibrate",
    "sensitivity",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lossmodel.checking' has no attribute {name!r}")
    value = getattr(import_module(f"lossmodel.checking.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
