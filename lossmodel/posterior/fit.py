"""A fit as plain data: the posterior of each submodel with everything that it came from.

What follows from it is a function of it: see ``tables``, ``rates``, ``estimates``, ``ratios`` and
``netcdf``. The methods that users call are those of ``lossmodel.api.Fit``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pandas as pd

from lossmodel.conflict.inputs import CLAIMS, FILES, PRIORS
from lossmodel.model.priors import Priors

if TYPE_CHECKING:
    from pathlib import Path

    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence import Evidence
    from lossmodel.inference.run import Submodel
    from lossmodel.model.components import Components

__all__ = ["NOT_PASSED", "Cache", "Fit", "conflict_files", "conflict_priors"]

NOT_PASSED: Final = "NOT CONVERGED: this fit did not pass its gate. Do not use these numbers."

Found = TypeVar("Found")


class Cache:
    """Tables that were worked out once, by name.

    They are neither copied nor sent to other processes, where they are worked out anew.

    Examples
    --------
    >>> cache = Cache()
    >>> [cache.get("answer", lambda: 42), cache.get("answer", lambda: 43)]
    [42, 42]
    """

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def get(self, name: str, make: Callable[[], Found]) -> Found:
        """What is kept under a name, made now if it is asked for the first time."""
        if name not in self._found:
            self._found[name] = make()
        found: Found = self._found[name]
        return found

    def keep(self, name: str, found: object) -> None:
        """Keep what was worked out elsewhere."""
        self._found[name] = found

    def take_over(self, other: Cache, *, but: Collection[str] = ()) -> None:
        """Keep what another cache has, for a fit from which the same tables follow.

        Parameters
        ----------
        but
            Names of what does not follow from this fit.

        Examples
        --------
        >>> cache, other = Cache(), Cache()
        >>> other.keep("answer", 42)
        >>> cache.take_over(other)
        >>> cache.get("answer", lambda: 43)
        42
        """
        self._found |= {name: found for name, found in other._found.items() if name not in but}

    def __reduce__(self) -> tuple[type[Cache], tuple[()]]:
        return Cache, ()


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """The posterior of each submodel with everything that it came from.

    Attributes
    ----------
    submodels
        Draws of each submodel: soldiers, civilians, and each class of equipment.
    claims, evidence, conflict, priors, components
        What went in.
    ci_prob
        Probability of the credible intervals.
    diagnostics, provenance
        As in ``diagnostics.json`` and ``provenance.json``.
    inputs
        Name -> text of the conflict's files, so that a saved fit stands on its own.
    left_over
        Pieces of evidence that the model has no place for: `term`, `claims`, `why`.
    cache
        Tables that were worked out once.
    """

    submodels: Mapping[str, Submodel]
    claims: Claims
    evidence: Evidence
    conflict: Conflict
    priors: Priors
    components: Components
    ci_prob: float
    diagnostics: dict[str, Any]
    provenance: dict[str, Any]
    seed: int = 1
    inputs: Mapping[str, str] = field(default_factory=dict)
    left_over: pd.DataFrame = field(default_factory=pd.DataFrame)
    cache: Cache = field(default_factory=Cache, init=False, repr=False)

    @property
    def days(self) -> pd.DatetimeIndex:
        """First day to the last one reported."""
        whole = partial(pd.date_range, self.conflict.start, self.evidence.until, freq="D")
        return self.cache.get("days", whole)

    @property
    def engine(self) -> str:
        """Engines of the submodels, such as ``laplace`` or ``laplace, nuts``."""
        return ", ".join(sorted({submodel.engine for submodel in self.submodels.values()}))


def conflict_files(conflict: Conflict) -> dict[str, str]:
    """Text of the files that define a conflict, its claims apart; none if it is made in memory."""
    inputs = conflict.inputs
    return {name: inputs.text(name) for name in FILES if name != CLAIMS and inputs.has(name)}


def conflict_priors(conflict: Conflict, file: Path | None = None) -> Priors:
    """The priors of a file, of the conflict's folder, or the default ones.

    A conflict that names its cluster of history is fitted without the pairs of that cluster, which
    hold its truth.

    Parameters
    ----------
    conflict
        The conflict.
    file
        A TOML file of priors, which replaces `priors.toml` in the conflict's folder.

    Raises
    ------
    UsageError
        The file is not valid, or history has no war or battle of the cluster's name.

    Examples
    --------
    >>> from lossmodel.conflict import load_conflict
    >>> conflict_priors(load_conflict("battle-of-britain")).left_out
    ('Battle of Britain',)
    """
    leave_out = (conflict.cluster,) if conflict.cluster else ()
    if file is not None:
        return Priors.from_toml(file, leave_out=leave_out)
    inputs = conflict.inputs
    if not inputs.has(PRIORS):
        return Priors.from_history(leave_out)
    return Priors.from_bytes(inputs.read(PRIORS), str(inputs.place / PRIORS), leave_out=leave_out)
