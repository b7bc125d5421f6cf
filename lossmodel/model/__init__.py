"""The model: its assumptions, the evidence as arrays, and the density of the unknowns.

================ ==================================================================================
`components`     the components that can be switched off
`history_tables` past wars: claims with later truths, and armies
`history`        biases estimated from claims of past wars
`armies`         lethality estimated from armies of past wars
`prior`          one prior: a normal on a scale, and changes of it
`priors`         every assumption in numbers
`design`         evidence as arrays
`density`        from the vector of unknowns to each observation's log likelihood, and back
================ ==================================================================================
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossmodel.model.density.model import LossModel
    from lossmodel.model.density.submodels import submodels_with

__all__ = ["LossModel", "submodels_with"]


def __getattr__(name: str) -> Any:
    # The import of the priors must not import the density.
    if name not in __all__:
        raise AttributeError(f"module 'lossmodel.model' has no attribute {name!r}")
    from lossmodel.model.density import model

    return getattr(model, name)
