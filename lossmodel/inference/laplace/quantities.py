"""The quantities of a submodel that are far from normal: totals, and the coverage of lists."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from scipy import sparse

from lossmodel.inference.laplace.modes import Point
from lossmodel.model.density.density import Density
from lossmodel.model.density.operators import Node
from lossmodel.model.design.grid import Floats
from lossmodel.model.design.windows import KILLED, WOUNDED

__all__ = ["Quantity", "Slopes", "leading_lists", "reported", "slopes_of"]

# Log totals of parties that can have no losses lie below this: these are logs of about 1e-300.
LOG_LEAST = -600.0


class Quantity(NamedTuple):
    """The log of a quantity of one party, as a node of one entry."""

    name: str
    party: str
    node: Node


# Derivatives by theta, shape (D,), zero for hyperparameters.
Slopes = Mapping[Quantity, Floats]


def reported(density: Density, theta: Floats) -> list[Quantity]:
    """Losses up to the last day that figures count, of the parties that can have any."""
    model, design = density.model, density.design
    totals = [
        Quantity(f"{category} {name}", name, model.total(party, (component,)))
        for component, category in zip((KILLED, WOUNDED), design.counted, strict=False)
        for party, name in enumerate(design.latent.parties)
    ]
    found = model.graph.evaluate({model.theta: theta}, [t.node for t in totals], apart=True)
    return [total for total in totals if found[total.node][0] > LOG_LEAST]


def slopes_of(density: Density, theta: Floats, quantities: Iterable[Quantity]) -> Slopes:
    """Derivative of each quantity by theta, hyperparameters held."""
    found = {}
    for quantity in quantities:
        found[quantity] = density.slope(quantity.node, theta)
        found[quantity][: len(density.design.parameters.hyper)] = 0
    return found


def leading_lists(density: Density, point: Point, totals: Slopes) -> Slopes:
    """Coverage of one list for each party: that with which the party's first total varies most.

    It is the mean of the log coverage over all days, whose logit is bounded on one side, so that
    its mode can be one and a half sds from its median.
    """
    first: dict[str, Floats] = {}
    for total, slope in totals.items():
        first.setdefault(total.party, slope)
    lists = slopes_of(density, point.theta, _coverages(density))
    found: dict[Quantity, Floats] = {}
    for party, of_total in first.items():
        moved = point.newton(of_total)
        explained = {
            quantity: abs(slope @ moved) / np.sqrt(slope @ point.newton(slope))
            for quantity, slope in lists.items()
            if quantity.party == party
        }
        if explained:
            most = max(explained, key=explained.__getitem__)
            found[most] = lists[most]
    return found


def _coverages(density: Density) -> list[Quantity]:
    model, grid = density.model, density.design.grid
    days = np.bincount(grid.cell_of) / len(grid.cell_of)
    found = []
    for stream in density.design.coverage:
        row = density.design.streams.loc[stream]
        node = model.graph.linear([(sparse.csr_array(days[None]), model.log_bias(stream))])
        name = f"coverage of {row['claimant']} {row['party']}"
        found.append(Quantity(name, str(row["party"]), node))
    return found
