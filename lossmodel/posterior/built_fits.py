"""Saved fits as they were built from their files, kept in the user's cache.

Building the evidence and the design of a fit again takes most of the time of a question to it. The
file is read and its seal is compared all the same.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from lossmodel.posterior.container import fit_file, read_sealed
from lossmodel.posterior.fit import Fit
from lossmodel.posterior.netcdf import built
from lossmodel.system.code import code_hash

if TYPE_CHECKING:
    from pathlib import Path

    from lossmodel.system.cache import Cached

__all__ = ["load_built"]


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
    if not isinstance(found, Fit):
        found = built(sealed, path)
        cached.keep(key, found)
    return found
