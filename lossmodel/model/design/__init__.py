"""Evidence as arrays: days and knots, latent quantities, windows, biases, observations."""

from lossmodel.model.design.assemble import build_design
from lossmodel.model.design.design import Design
from lossmodel.model.design.grid import Grid

__all__ = ["Design", "Grid", "build_design"]
