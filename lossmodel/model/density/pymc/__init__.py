"""The density of a block in plain PyMC; the equations stand in ``model.py``.

It shares the arrays of the design with the fast density, and not one line of its arithmetic.
"""

from lossmodel.model.density.pymc.build import reference, to_point

__all__ = ["reference", "to_point"]
