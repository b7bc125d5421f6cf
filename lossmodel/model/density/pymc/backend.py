"""PyMC and PyTensor, imported when a model is made, and a few functions that they lack."""

from typing import Any, Final

import numpy as np

from lossmodel.model.design.grid import Ints

__all__ = ["Backend", "Tensor"]

SQRT_2: Final = float(np.sqrt(2))
Tensor = Any


class Backend:
    """PyMC as ``pm`` and PyTensor's tensors as ``pt``."""

    def __init__(self) -> None:
        import pymc
        import pytensor.tensor

        self.pm: Any = pymc
        self.pt: Any = pytensor.tensor

    def scatter(self, size: int, where: Ints, values: Tensor) -> Tensor:
        """Sum of the values with the same index."""
        return self.pt.inc_subtensor(self.pt.zeros(size)[where], values)

    def apply(self, linear: Any, v: Tensor) -> Tensor:
        """A sparse map times a vector, in operations that every backend has."""
        entries = linear.tocoo()
        return self.scatter(linear.shape[0], entries.row, entries.data * v[entries.col])

    def ndtr(self, z: Tensor) -> Tensor:
        """The normal distribution function; PyMC's takes the root of two in single precision."""
        return self.pt.erfc(-z / SQRT_2) / 2

    def log_ndtr(self, z: Tensor) -> Tensor:
        """Log of the normal distribution function, exact in its tails, with its gradient."""
        pt = self.pt
        low, high = pt.minimum(z, 0.0), pt.maximum(z, 0.0)
        below = pt.log(pt.erfcx(-low / SQRT_2) / 2) - low**2 / 2
        return pt.where(z < 0, below, pt.log1p(-pt.erfc(high / SQRT_2) / 2))
