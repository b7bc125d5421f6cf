"""The graph of the model executed by PyMC; it states nothing of the model by itself."""

from lossmodel.model.density.pymc.build import reference, to_point

__all__ = ["reference", "to_point"]
