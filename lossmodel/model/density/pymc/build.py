"""A PyMC model of a submodel, with names and coordinates: the graph of the model once more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmodel.model.density.expectation import ModelGraph
from lossmodel.model.density.operators import Linear, Map, Node, Part, RunningSum, Take
from lossmodel.model.density.pymc.backend import Backend, Tensor
from lossmodel.model.density.pymc.functions import SYMBOLIC
from lossmodel.model.design import Design
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.tables.schema import STREAM

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["reference", "to_point"]

HALF_YEAR = 182
CELLS = ("party", "day")


def reference(design: Design) -> pm.Model:
    """The density of a submodel in PyMC.

    Free variables are standard normals, ``z.rate``, ``z.bias`` and so on by the first word of the
    groups of parameters; `to_point` fills them from theta. Log likelihoods are the potential
    ``figures``.
    """
    graph, backend = ModelGraph(design), Backend()
    with backend.pm.Model(coords=_coordinates(design)) as model:
        tensors = _Tensors(graph, backend, _free(backend, _kinds(design)))
        tensors.name("scales", backend.pt.exp(tensors[graph.log_scales]), "scale")
        _name_losses(tensors)
        tensors.name("log_expected", tensors[graph.log_expected], "term")
        backend.pm.Potential("figures", tensors[graph.log_likelihood], dims="term")
        if graph.ceilings is not None:
            backend.pm.Potential("ceilings", tensors[graph.ceilings])
        if graph.list_bounds is not None:
            backend.pm.Potential("list_bounds", tensors[graph.list_bounds])
        _name_biases(tensors)
    return model


def to_point(design: Design, theta: Floats) -> dict[str, Floats]:
    """Values of the free variables of ``reference(design)`` at theta of shape (D,)."""
    return {f"z.{kind}": theta[where] for kind, where in _kinds(design).items()}


class _Tensors:
    """Nodes of the graph in PyTensor, each made at its first use."""

    def __init__(self, model: ModelGraph, backend: Backend, theta: Tensor) -> None:
        self.model, self.backend = model, backend
        self._made: dict[int, Tensor] = {model.theta.index: theta}

    def __getitem__(self, node: Node) -> Tensor:
        # In the order of the graph, since recursion would be as deep as that is long.
        given = [n for n in self.model.graph.nodes if n.index in self._made]
        for each in self.model.graph.order(given, [node], apart=False):
            if each.index not in self._made:
                self._made[each.index] = self._make(each)
        return self._made[node.index]

    def name(self, name: str, value: Tensor, dims: str | Sequence[str]) -> None:
        """Give a tensor a name in the model."""
        self.backend.pm.Deterministic(name, value, dims=dims)

    def _make(self, node: Node) -> Tensor:
        if isinstance(node, Part):
            return self._made[node.whole.index][node.part]
        inputs, pt = [self._made[source.index] for source in node.inputs], self.backend.pt
        if isinstance(node, Map):
            return SYMBOLIC[type(node.function)](self.backend, node.function, *inputs)
        x = inputs[0] if len(inputs) == 1 else pt.concatenate(inputs)
        if isinstance(node, Take):
            return x[node.entries]
        if isinstance(node, RunningSum):
            rows = x.reshape((-1, node.entries))
            zero = pt.zeros((x.shape[0] // node.entries, 1))
            return pt.concatenate([zero, pt.cumsum(rows, axis=1)], axis=1).ravel()
        assert isinstance(node, Linear)
        return self.backend.apply(node.matrix, x) + node.offset


def _free(backend: Backend, kinds: dict[str, Ints]) -> Tensor:
    """Theta, of free variables by kind."""
    parts = [backend.pm.Normal(f"z.{kind}", dims=f"unknown.{kind}") for kind in kinds]
    return backend.pt.concatenate(parts)[np.argsort(np.concatenate(list(kinds.values())))]


def _kinds(design: Design) -> dict[str, Ints]:
    """Indices of the standard normals in theta, by the first word of their group's name."""
    kinds: dict[str, list[int]] = {}
    for group, where in design.parameters.groups.items():
        kind = re.split("[.: ]", group)[0]
        kinds.setdefault(kind, []).extend(range(where.start, where.stop))
    return {kind: np.array(indices, dtype=np.int64) for kind, indices in kinds.items()}


def _labels(design: Design) -> list[str]:
    """Name of each entry of theta: its group, numbered where that has several."""
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
    streams = design.streams[STREAM].agg(" ".join, axis=1)
    scopes = [f"{scope.party} {scope.name}" for scope in design.latent.scopes]
    halves = design.grid.days[_half_years(design).astype(int)]
    return {
        **{f"unknown.{kind}": labels[where].tolist() for kind, where in kinds.items()},
        "scale": list(design.parameters.hyper),
        "party": list(design.latent.parties),
        "day": design.grid.days[design.grid.edges[:-1]].to_numpy(),
        "half_year": halves.to_numpy(),
        "scope": ["all", *scopes],
        "stream": streams[list(design.biases)].tolist(),
        "list": streams[list(design.coverage)].tolist(),
        "term": design.terms["term"].tolist(),
    }


def _name_losses(tensors: _Tensors) -> None:
    """Rates per day, lethality, missing shares and shares of scopes."""
    model, pt = tensors.model, tensors.backend.pt
    latent, shape = model.design.latent, (-1, model.design.grid.cells)
    tensors.name("rate", tensors[model.rate].reshape(shape), CELLS)
    if model.lethality is not None:
        tensors.name("lethality", tensors[model.lethality].reshape(shape), CELLS)
    if model.missing is not None:
        has = np.flatnonzero(latent.missing >= 0)
        none = pt.zeros((len(latent.parties), model.design.grid.cells))
        missing = tensors[model.missing].reshape(shape)
        tensors.name("missing", pt.set_subtensor(none[has], missing), CELLS)
    if model.shares:
        shares = [pt.ones(model.design.grid.cells), *(tensors[share] for share in model.shares)]
        tensors.name("share", pt.stack(shares), ("scope", "day"))


def _name_biases(tensors: _Tensors) -> None:
    """Log biases and coverage at the start of each half-year, as named quantities."""
    model, pt = tensors.model, tensors.backend.pt
    at = _half_years(model.design)

    def stacked(streams: Sequence[int]) -> Tensor:
        return pt.stack([tensors[model.log_bias_at(stream, at)] for stream in streams])

    if model.design.biases:
        tensors.name("bias", stacked(list(model.design.biases)), ("stream", "half_year"))
    if model.design.coverage:
        coverage = pt.exp(stacked(list(model.design.coverage)))
        tensors.name("coverage", coverage, ("list", "half_year"))
