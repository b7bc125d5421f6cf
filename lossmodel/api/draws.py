"""The draws of a fit as arrays, as datasets, and for ArviZ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lossmodel.posterior import fit as data
from lossmodel.posterior import groups, ratios, tables
from lossmodel.posterior.rates import rates

if TYPE_CHECKING:
    import xarray as xr

    from lossmodel.model.design.grid import Floats, Ints

__all__ = ["DrawsOfFit"]


class DrawsOfFit(data.Fit):
    """The part of ``Fit`` that gives draws."""

    @property
    def draws(self) -> xr.Dataset:
        """Named draws of the posterior, dims chain and draw and what each is indexed by."""
        return self.cache.get("draws", lambda: groups.named_draws(self, prior=False))

    @property
    def prior(self) -> xr.Dataset:
        """Named draws of the prior, see `draws`."""
        return self.cache.get("prior", lambda: groups.named_draws(self, prior=True))

    def losses(
        self, category: str, party: str, scope: str = "all", *, prior: bool = False
    ) -> xr.DataArray:
        """Draws of expected losses per day.

        Parameters
        ----------
        category, party, scope
            One of `series`, or a declared sum of parties.
        prior
            Draws of the prior instead of the posterior.

        Returns
        -------
        DataArray
            Dims chain, draw and day.

        Raises
        ------
        UsageError
            The fit has no such series.

        Examples
        --------
        >>> draws = fitted.losses("aircraft", "germany")
        >>> draws.dims
        ('chain', 'draw', 'day')
        >>> total = draws.sel(day=slice("1940-08-01", "1940-08-31")).sum("day")
        >>> total.shape
        (1, 100)
        """
        import xarray as xr

        submodel = tables.submodel_of(self, party, category)
        lead = (submodel.prior if prior else submodel.posterior).theta.shape[:2]
        daily = self.daily(party, category, scope, prior=prior).reshape(*lead, -1)
        coords = {"chain": np.arange(lead[0]), "draw": np.arange(lead[1]), "day": self.days}
        return xr.DataArray(daily, coords, ("chain", "draw", "day"), name=f"{category} {party}")

    def daily(
        self, party: str, category: str, scope: str = "all", *, prior: bool = False
    ) -> Floats:
        """Draws of expected losses per day as an array, chains one after the other.

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
        return rates(self, party, category, scope, prior=prior).daily()

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
        return ratios.log_bias(self, stream, prior=prior, days=days)

    def omega_draws(self, stream: int, *, prior: bool = False) -> Floats:
        """Draws of the share of the wounded that a stream counts; NaN for equipment.

        Returns
        -------
        array
            Shape (draws,).

        Examples
        --------
        >>> bool(np.isnan(fitted.omega_draws(0)).all())
        True
        """
        return ratios.wounded_share(self, stream, prior=prior)

    def to_arviz(self) -> Any:
        """Named draws, observations and statistics in the format of ArviZ.

        Returns
        -------
        InferenceData or DataTree
            InferenceData with ArviZ 0, a DataTree with ArviZ 1; groups posterior, prior,
            posterior_predictive, observed_data and sample_stats.

        Examples
        --------
        >>> found = fitted.to_arviz()
        >>> found["posterior"]["aircraft_log_rate_germany"].sizes["draw"]
        100
        """
        from lossmodel.inference.arviz import inference_data

        return inference_data(groups.datasets(self))
