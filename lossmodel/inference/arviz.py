"""Draws as ArviZ has them; the only module that imports ArviZ.

ArviZ 0 has `InferenceData`, ArviZ 1 has xarray's trees of datasets in its place.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

__all__ = ["import_arviz", "inference_data"]


def import_arviz() -> Any:
    """Import ArviZ, of which 0.23 announces its successor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import arviz
    return arviz


def inference_data(groups: Mapping[str, xr.Dataset]) -> Any:
    """Datasets by group as the installed ArviZ wants them: InferenceData, or a DataTree from 1."""
    arviz = import_arviz()
    if int(str(arviz.__version__).split(".")[0]) < 1:
        with warnings.catch_warnings():
            # Groups and variables of our own, besides those that ArviZ knows.
            warnings.simplefilter("ignore", UserWarning)
            return arviz.InferenceData(**groups)
    import xarray as xr

    return xr.DataTree.from_dict(dict(groups))
