"""The public interface: claims in, posterior out, and the methods of a fit."""

from lossmodel.api.entry import fit, load_fit
from lossmodel.api.fitted import Fit
from lossmodel.api.inputs import claims_of

__all__ = ["Fit", "claims_of", "fit", "load_fit"]
