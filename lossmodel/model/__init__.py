"""The model: its assumptions, the evidence as arrays, and the density of what is unknown.

=============  =====================================================================================
`components`   what can be switched off
`history`      what claims of past wars say about biases
`priors`       every assumption in numbers
`design`       evidence as arrays
`density`      from the vector of unknowns to each observation's log likelihood, and back
=============  =====================================================================================
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossmodel.model.density.model import LossModel, submodels_with

__all__ = ["LossModel", "submodels_with"]


def __getattr__(name: str) -> Any:
    # Priors alone must not cost what the density costs.
    if name not in __all__:
        raise AttributeError(f"module 'lossmodel.model' has no attribute {name!r}")
    from lossmodel.model.density import model

    return getattr(model, name)
