"""The draws of a fit as arrays, as datasets, and for ArviZ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmodel.arguments import check_index, spelled
from lossmodel.posterior import fit as data
from lossmodel.posterior import groups, stream_figures, tables
from lossmodel.posterior.rates import rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from lossmodel.inference.run import Submodel
    from lossmodel.model.design.grid import Floats, Ints

__all__ = ["DrawsOfFit"]


class DrawsOfFit(data.Fit):
    """The part of ``Fit`` that gives draws."""

    @property
    def draws(self) -> xr.Dataset:
        """Named draws of the posterior, dims chain and draw and what each is indexed by.

        Returns
        -------
        Dataset
            Learned scales, latent processes at their knots, and ``total``, the losses of each
            series to the last day: the group ``posterior`` of `to_arviz`.

        Examples
        --------
        >>> fitted.draws["total"].dims
        ('chain', 'draw', 'series')
        """
        return self.cache.get("draws", lambda: groups.named_draws(self, prior=False))

    @property
    def prior(self) -> xr.Dataset:
        """Named draws of the prior.

        Returns
        -------
        Dataset
            The variables of `draws`.

        Examples
        --------
        >>> set(fitted.prior.data_vars) == set(fitted.draws.data_vars)
        True
        """
        return self.cache.get("prior", lambda: groups.named_draws(self, prior=True))

    @property
    def losses(self) -> xr.DataArray:
        """Draws of the expected losses of people per day, of every party and category.

        Nothing is worked out before it is read, and then only what is selected: select a party and
        a category first, since all of them take 8 bytes per draw and day each.

        Returns
        -------
        DataArray
            Dims chain, draw, party, category and day, in persons per day; scope ``all``. What is
            not estimated is NaN. Where submodels were sampled in different lengths, the draws are
            those that all of them have; `losses_of` has all draws of one series.

        Raises
        ------
        UsageError
            The fit has no losses of people.

        See Also
        --------
        equipment_losses, losses_of, estimate

        Examples
        --------
        >>> fitted.losses
        Traceback (most recent call last):
        ...
        lossmodel.errors.UsageError: This fit has no losses of people; see `fit.equipment_losses`.
        """
        from lossmodel.posterior.losses import losses

        return self.cache.get("losses of people", lambda: losses(self, "person"))

    @property
    def equipment_losses(self) -> xr.DataArray:
        """Draws of the expected losses of equipment per day, of every party and class.

        Returns
        -------
        DataArray
            As `losses`, in items per day; the categories are the classes of equipment.

        Raises
        ------
        UsageError
            The fit has no losses of equipment.

        Examples
        --------
        >>> draws = fitted.equipment_losses
        >>> draws.dims, draws.attrs["units"]
        (('chain', 'draw', 'party', 'category', 'day'), 'items per day')
        >>> august = draws.sel(party="germany", category="aircraft", day="1940-08").sum("day")
        >>> august.sizes
        Frozen({'chain': 1, 'draw': 100})
        """
        from lossmodel.posterior.losses import losses

        return self.cache.get("losses of equipment", lambda: losses(self, "equipment"))

    def losses_of(
        self, category: str, party: str, *, scope: str = "all", prior: bool = False
    ) -> xr.DataArray:
        """Draws of the expected losses per day of one series.

        Parameters
        ----------
        category, party, scope
            One of `series`, or a declared sum of parties; in upper or lower case.
        prior
            Draws of the prior instead of the posterior.

        Returns
        -------
        DataArray
            Dims chain, draw and day, in persons or items per day.

        Raises
        ------
        UsageError
            The fit has no such series.

        Examples
        --------
        >>> draws = fitted.losses_of("aircraft", "germany")
        >>> draws.dims
        ('chain', 'draw', 'day')
        >>> total = draws.sel(day=slice("1940-08-01", "1940-08-31")).sum("day")
        >>> total.shape
        (1, 100)
        """
        import xarray as xr

        from lossmodel.posterior.losses import UNITS

        category, party, scope = self._spelled(category, party, scope)
        submodel = tables.submodel_of(self, party, category)
        chains, draws = (submodel.prior if prior else submodel.posterior).theta.shape[:2]
        daily = rates(self, party, category, scope, prior=prior).daily()
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), "day": self.days}
        attrs = {"long_name": f"{category} {party} {scope}"}
        attrs["units"] = UNITS["person" if submodel.design.people else "equipment"]
        shape = (chains, draws, -1)
        return xr.DataArray(
            daily.reshape(shape), coords, tuple(coords), name=f"{category} {party}", attrs=attrs
        )

    def _spelled(self, category: str, party: str, scope: str) -> tuple[str, str, str]:
        """Names of a series as the conflict writes them."""
        conflict = self.conflict
        return (
            spelled(category, conflict.categories, "category"),
            spelled(party, conflict.parties, "party"),
            spelled(scope, conflict.scopes, "scope"),
        )

    def daily(
        self, party: str, category: str, scope: str = "all", *, prior: bool = False
    ) -> Floats:
        """Draws of expected losses per day as an array, chains one after the other.

        Parameters
        ----------
        party, category, scope
            One of `series`, or a declared sum of parties; in upper or lower case.
        prior
            Draws of the prior instead of the posterior.

        Returns
        -------
        array
            Shape (draws, days).

        Raises
        ------
        UsageError
            The fit has no such series.

        Examples
        --------
        >>> fitted.daily("germany", "aircraft").shape
        (100, 123)
        """
        category, party, scope = self._spelled(category, party, scope)
        return rates(self, party, category, scope, prior=prior).daily()

    def submodel_of(self, party: str, category: str) -> Submodel:
        """The submodel that a party's losses of a category are fitted in.

        Parameters
        ----------
        party, category
            One of `series`, or a declared sum of parties; in upper or lower case.

        Returns
        -------
        Submodel
            Its design, its draws of the posterior and the prior, and its diagnostics.

        Raises
        ------
        UsageError
            Nothing was fitted for it.

        Examples
        --------
        >>> fitted.submodel_of("germany", "aircraft").engine
        'laplace'
        """
        category, party, _ = self._spelled(category, party, "all")
        return tables.submodel_of(self, party, category)

    def bias_draws(self, stream: int, *, prior: bool = False, days: Ints | None = None) -> Floats:
        """Draws of the log bias of a stream under its own definition; of a list, log coverage.

        Parameters
        ----------
        stream
            Its number in `streams`.
        prior
            Draws of the prior instead of the posterior.
        days
            Positions of the days; all by default.

        Returns
        -------
        array
            Shape (draws, days).

        Examples
        --------
        >>> fitted.bias_draws(0, days=np.array([0, 7])).shape
        (100, 2)
        """
        check_index(stream, "stream", len(tables.streams_table(self)))
        return stream_figures.log_bias(self, stream, prior=prior, days=days)

    def omega_draws(self, stream: int, *, prior: bool = False) -> Floats:
        """Draws of the share of the wounded that a stream counts; NaN for equipment.

        Parameters
        ----------
        stream
            Its number in `streams`.
        prior
            Draws of the prior instead of the posterior.

        Returns
        -------
        array
            Shape (draws,).

        Examples
        --------
        >>> bool(np.isnan(fitted.omega_draws(0)).all())
        True
        """
        check_index(stream, "stream", len(tables.streams_table(self)))
        return stream_figures.wounded_share(self, stream, prior=prior)

    def to_arviz(self, *, submodels: str | Sequence[str] | None = None) -> Any:
        """Named draws, observations and statistics for ArviZ, as in the file of `save`.

        Parameters
        ----------
        submodels
            Only these submodels, by the names in `submodels`; all where not given. Where submodels
            were sampled in different lengths, all together have the draws that each of them has,
            and one alone has all of its own.

        Returns
        -------
        InferenceData or DataTree
            InferenceData with ArviZ 0, a DataTree with ArviZ 1; groups posterior, prior,
            posterior_predictive, log_likelihood, observed_data, constant_data and sample_stats.

        Raises
        ------
        UsageError
            The fit has no such submodel.

        Examples
        --------
        >>> found = fitted.to_arviz()
        >>> found["posterior"]["total"].sizes
        Frozen({'chain': 1, 'draw': 100, 'series': 2})
        >>> found["posterior"]["series"].to_numpy().tolist()
        ['aircraft germany', 'aircraft britain']
        """
        from lossmodel.inference.arviz import inference_data

        if submodels is None:
            return inference_data(groups.datasets(self))
        asked = [submodels] if isinstance(submodels, str) else list(submodels)
        chosen = {spelled(name, self.submodels, "submodel") for name in asked}
        kept = {name: found for name, found in self.submodels.items() if name in chosen}
        return inference_data(groups.datasets(replace(self, submodels=kept)))
