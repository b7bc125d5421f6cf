"""A PyMC model of a block, with names and coordinates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmodel.model.density.pymc.expectations import listed, windows
from lossmodel.model.density.pymc.figures import figure_densities
from lossmodel.model.density.pymc.graph import Graph, Tensor
from lossmodel.model.density.pymc.losses import prefix_sums, unknowns
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints, interpolate
from lossmodel.model.design.parameters import Linear

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["reference", "to_point"]

HALF_YEAR = 182
# Keeps the logarithm finite where nothing at all is expected.
TINY = 1e-9


def reference(design: Design) -> pm.Model:
    """The density of a block in plain PyMC.

    Free variables are standard normals, ``z.rate``, ``z.bias`` and so on by the first word of the
    layout's groups; `to_point` fills them from theta. The figures are the potential ``figures``.
    """
    graph = Graph()
    with graph.pm.Model(coords=_coordinates(design)) as model:
        scales, v = unknowns(graph, design, _kinds(design))
        prefix = prefix_sums(graph, design, v)
        expected = windows(graph, design, v, prefix) + listed(graph, design, v, prefix)
        mu = graph.pt.log(graph.pt.maximum(expected + TINY, TINY)) + graph.apply(design.bias, v)
        mu = graph.pm.Deterministic("log_expected", mu, dims="term")
        figures = figure_densities(graph, design.observed, mu, scales)
        graph.pm.Potential("figures", figures, dims="term")
        _name_biases(graph, design, v)
    return model


def to_point(design: Design, theta: Floats) -> dict[str, Floats]:
    """Values of the free variables of ``reference(design)`` at theta of shape (D,)."""
    return {f"z.{kind}": theta[where] for kind, where in _kinds(design).items()}


def _kinds(design: Design) -> dict[str, Ints]:
    """Places of the standard normals in theta, by the first word of their group's name."""
    kinds: dict[str, list[int]] = {}
    for group, where in design.parameters.groups.items():
        kind = re.split("[.: ]", group)[0]
        kinds.setdefault(kind, []).extend(range(where.start, where.stop))
    return {kind: np.array(indices, dtype=np.int64) for kind, indices in kinds.items()}


def _labels(design: Design) -> list[str]:
    """What each entry of theta is: its group, numbered where that has several."""
    labels = [""] * design.size
    for group, where in design.parameters.groups.items():
        several = where.stop - where.start > 1
        for i in range(where.start, where.stop):
            labels[i] = f"{group} {i - where.start}" if several else group
    return labels


def _half_years(design: Design) -> Floats:
    return np.arange(0.0, design.grid.size, HALF_YEAR)


def _coordinates(design: Design) -> dict[str, Any]:
    labels, kinds = np.array(_labels(design)), _kinds(design)
    streams = design.streams[["claimant", "party", "category"]].agg(" ".join, axis=1)
    scopes = [f"{scope.party} {scope.name}" for scope in design.latent.scopes]
    halves = design.grid.days[_half_years(design).astype(int)]
    return {
        **{f"unknown.{kind}": labels[where].tolist() for kind, where in kinds.items()},
        "scale": list(design.parameters.hyper),
        "party": list(design.latent.parties),
        "day": design.grid.days[:: design.grid.cell_days].to_numpy(),
        "half_year": halves.to_numpy(),
        "scope": ["all", *scopes],
        "stream": streams[list(design.biases)].tolist(),
        "list": streams[list(design.coverage)].tolist(),
        "term": design.terms["term"].tolist(),
    }


def _name_biases(graph: Graph, design: Design, v: Tensor) -> None:
    """Log biases and coverage at the start of each half-year, for those who read the model."""
    at = _half_years(design)
    bias, coverage = Linear(), Linear()
    for number, of in enumerate(design.biases.values()):
        # Of a sum of parties the common mode is that of the first.
        where, row, weight = of.weights(at, next(iter(of.common), ""))
        bias.add(number * len(at) + where, row, weight)
    for number, (positions, rows) in enumerate(design.coverage.values()):
        left, right, weight = interpolate(positions, at)
        where = number * len(at) + np.arange(len(at))
        coverage.add(where, rows[left], 1 - weight)
        coverage.add(where, rows[right], weight)

    def by_half_year(linear: Linear, streams: int) -> Tensor:
        matrix = linear.matrix((streams * len(at), len(design.parameters.offset)))
        return graph.apply(matrix, v).reshape((streams, len(at)))

    if design.biases:
        log_bias = by_half_year(bias, len(design.biases))
        graph.pm.Deterministic("bias", log_bias, dims=("stream", "half_year"))
    if design.coverage:
        share = graph.pt.sigmoid(by_half_year(coverage, len(design.coverage)))
        graph.pm.Deterministic("coverage", share, dims=("list", "half_year"))
