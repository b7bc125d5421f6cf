"""Saved fits as they were built from their files, kept in the user's cache.

Building the evidence and the design of a fit again takes most of the time of a question to it. The
file is read and its seal is compared all the same, and so draws and covariances are taken from it
and not kept twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.posterior.container import array_at, fit_file, places_of, read_sealed
from lossmodel.posterior.fit import Fit
from lossmodel.posterior.netcdf import GROUP, built
from lossmodel.system.code import code_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from lossmodel.inference.run import Submodel
    from lossmodel.posterior.container import Place, Sealed
    from lossmodel.system.cache import Cached

__all__ = ["load_built"]


@dataclass(frozen=True)
class _Kept:
    """A fit without those arrays that its file has, and where they are in it."""

    fit: Fit
    places: Mapping[str, Place]

    def whole(self, sealed: Sealed) -> Fit:
        """The fit with the arrays of its file."""
        arrays = {name: array_at(sealed, place) for name, place in self.places.items()}
        return _with_arrays(self.fit, arrays)


def load_built(path: str | Path, cached: Cached) -> Fit:
    """Read a fit, from the cache if it was built before from a file of this content.

    Raises
    ------
    UsageError
        As `netcdf.load`.
    """
    path = fit_file(path)
    sealed = read_sealed(path)
    key = sha256(f"{sealed.sha256} {code_hash(__name__)}".encode()).hexdigest()
    found = cached.get(key)
    if isinstance(found, _Kept):
        return found.whole(sealed)
    fit = built(sealed, path)
    places = places_of(sealed, GROUP)
    there = {name: places[name] for name in _arrays(fit) if name in places}
    nothing = dict.fromkeys(there, np.zeros((0, 0, 0)))
    cached.keep(key, _Kept(_with_arrays(fit, nothing), there))
    return fit


def _arrays(fit: Fit) -> dict[str, NDArray[Any]]:
    """The large arrays of a fit, by their names in its file."""
    found = {}
    for name, submodel in fit.submodels.items():
        found[f"{name}_theta"] = submodel.posterior.theta
        found[f"{name}_prior_theta"] = submodel.prior.theta
        if isinstance(submodel.laplace.covariance_root, np.ndarray):
            found[f"{name}_covariance_root"] = submodel.laplace.covariance_root
    return found


def _with_arrays(fit: Fit, arrays: Mapping[str, NDArray[Any]]) -> Fit:
    """The same fit with some arrays in place of its own."""
    own = _arrays(fit) | dict(arrays)

    def of(name: str, submodel: Submodel) -> Submodel:
        model, laplace = submodel.density.model, submodel.laplace
        root = own.get(f"{name}_covariance_root", laplace.covariance_root)
        return replace(
            submodel,
            posterior=SubmodelDraws(model, own[f"{name}_theta"]),
            prior=SubmodelDraws(model, own[f"{name}_prior_theta"]),
            laplace=replace(laplace, covariance_root=root),
        )

    return replace(fit, submodels={name: of(name, s) for name, s in fit.submodels.items()})
