"""Plots of a fit and of checks."""

from lossmodel.plots.biases import plot_biases
from lossmodel.plots.fit import plot_losses, plot_predictions, plot_shares

__all__ = ["plot_biases", "plot_losses", "plot_predictions", "plot_shares"]
