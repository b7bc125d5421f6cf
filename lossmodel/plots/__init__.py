"""Plots of a fit and of checks."""

from lossmodel.plots.fit import (
    plot_biases,
    plot_losses,
    plot_predictions,
    plot_variance_decomposition,
)

__all__ = ["plot_biases", "plot_losses", "plot_predictions", "plot_variance_decomposition"]
