"""Evidence as arrays: days and knots, latent quantities, windows, biases, observations."""

from lossmodel.design.block import Design, build_design
from lossmodel.design.grid import Grid

__all__ = ["Design", "Grid", "build_design"]
