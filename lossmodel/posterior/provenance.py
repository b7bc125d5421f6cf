"""Where a fit came from: versions, hashes of every input, priors, options, command line."""

import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from typing import Any

import pandas as pd

from lossmodel.claims.claims import Claims
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.system.clock import now

__all__ = ["provenance"]

PACKAGES = ("lossmodel", "numpy", "scipy", "pandas", "pymc", "arviz", "matplotlib")


def provenance(
    claims: Claims, priors: Priors, components: Components, *, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that is needed to make a fit again, ready for JSON."""
    plain = {
        name: str(value.date()) if isinstance(value, pd.Timestamp) else value
        for name, value in options.items()
    }
    return {
        "conflict": claims.conflict.name,
        "inputs": dict(claims.sha256),
        "claims_sha256": claims.sha256.get(
            claims.path.name, next(iter(claims.sha256.values()), "")
        ),
        "options": plain,
        "engine": plain.get("engine"),
        "seed": plain.get("seed"),
        "parts": asdict(components),
        "priors": {prior.name: {"mean": prior.mean, "sd": prior.sd} for prior in priors},
        "versions": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "command": ["lossmodel", *sys.argv[1:]] if sys.argv[0].endswith("lossmodel") else [],
        "created": now().isoformat(),
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
