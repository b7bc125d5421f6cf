"""Losses per day of all parties and categories as one array, worked out where it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from lossmodel.errors import UsageError
from lossmodel.model.design.design import PERSON
from lossmodel.posterior.chains import Lead, common_lead, dealt
from lossmodel.posterior.rates import rates
from lossmodel.posterior.tables import reported_series, submodel_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lossmodel.conflict.types import Group
    from lossmodel.posterior.fit import Fit

__all__ = ["DIMS", "UNITS", "losses"]

DIMS: Final = ("chain", "draw", "party", "category", "day")
UNITS: Final[dict[Group, str]] = {"person": "persons per day", "equipment": "items per day"}
WORDS: Final[dict[Group, str]] = {"person": "people", "equipment": "equipment"}
NAMES: Final[dict[Group, str]] = {"person": "losses", "equipment": "equipment_losses"}
COMMENT: Final = (
    "Expected losses of scope 'all'. NaN: not estimated, which a sum takes for zero unless it is "
    "told skipna=False."
)
OF_PEOPLE: Final = "Casualties are the killed and the wounded: do not add all categories up."


def losses(fit: Fit, group: Literal["person", "equipment"]) -> xr.DataArray:
    """Draws of losses per day, dims `DIMS`; a party and category is worked out when it is read.

    Parameters
    ----------
    group
        Losses of people or of equipment.

    Raises
    ------
    UsageError
        The fit has none of them.

    Examples
    --------
    >>> losses(fitted, "equipment").sizes["party"]
    2
    """
    kinds = fit.conflict.categories
    keys = [
        (party, category)
        for party, category, scope in reported_series(fit)
        if scope == "all" and (kinds[category].group == PERSON) == (group == PERSON)
    ]
    if not keys:
        (other,) = set(NAMES.values()) - {NAMES[group]}
        raise UsageError(f"This fit has no losses of {WORDS[group]}; see `fit.{other}`.")
    parties, categories = (list(dict.fromkeys(names)) for names in zip(*keys, strict=True))
    leads = [submodel_of(fit, *key).posterior.theta.shape[:2] for key in keys]
    found = _Losses(fit, parties, categories, common_lead((c, d) for c, d in leads))
    chains, draws = found.shape[:2]
    coords = {
        "chain": np.arange(chains), "draw": np.arange(draws), "party": parties,
        "category": categories, "day": fit.days,
    }  # fmt: skip
    comment = f"{COMMENT} {OF_PEOPLE}" if group == PERSON else COMMENT
    attrs = {"long_name": "losses", "units": UNITS[group], "comment": comment}
    variable = xr.Variable(DIMS, indexing.LazilyIndexedArray(found), attrs)
    return xr.DataArray(variable, coords, name=NAMES[group])


class _Losses(BackendArray):
    """The array behind the losses, as xarray reads those of files."""

    def __init__(
        self, fit: Fit, parties: Sequence[str], categories: Sequence[str], lead: Lead
    ) -> None:
        self.fit, self.parties, self.categories, self.lead = fit, parties, categories, lead
        self.series = set(reported_series(fit))
        self.shape = (*lead, len(parties), len(categories), len(fit.days))
        self.dtype = np.dtype(np.float64)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    def __deepcopy__(self, memo: object) -> _Losses:
        """It is read-only: a copy of the array must not copy the fit."""
        return self

    def _read(self, key: tuple[Any, ...]) -> NDArray[np.float64]:
        """The entries at an index of each axis: a number, a slice or an array."""
        axes = [np.arange(size)[index] for size, index in zip(self.shape, key, strict=True)]
        chain, draw, party, category, day = (np.atleast_1d(axis) for axis in axes)
        found = np.full([np.size(axis) for axis in axes], np.nan)
        for i, p in enumerate(party):
            for j, c in enumerate(category):
                name = self.parties[p], self.categories[c]
                if (*name, "all") in self.series:
                    found[:, :, i, j] = self._of(*name, day)[np.ix_(chain, draw)]
        return found[tuple(0 if np.ndim(axis) == 0 else slice(None) for axis in axes)]

    def _of(self, party: str, category: str, day: NDArray[np.intp]) -> NDArray[np.float64]:
        path = rates(self.fit, party, category)
        chains, draws = submodel_of(self.fit, party, category).posterior.theta.shape[:2]
        cells = path.cells.reshape(chains, draws, -1)
        return np.asarray(dealt(cells, self.lead)[:, :, path.cell_of[day]])
