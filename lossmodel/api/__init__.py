"""The public interface: claims in, posterior out, and the methods of a fit."""

from lossmodel.api.entry import fit, load_fit
from lossmodel.api.fitted import Fit

__all__ = ["Fit", "fit", "load_fit"]
