"""A fit with its methods, each of which calls a function of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lossmodel.api.draws import DrawsOfFit
from lossmodel.api.overview import overview
from lossmodel.arguments import check_ci_prob, spelled
from lossmodel.deprecation import renamed_attribute
from lossmodel.posterior import estimates, ratios, tables
from lossmodel.posterior.summary import summary_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from lossmodel.posterior.estimates import Measure
    from lossmodel.posterior.reported import Series
    from lossmodel.query.answer import Answer
    from lossmodel.query.evaluate import Format

__all__ = ["Fit"]


class Fit(DrawsOfFit):
    """A posterior with everything that it came from.

    Made by ``fit`` or ``load_fit``. It is read-only; its tables are worked out when they are first
    asked for.

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
    days
        First day to the last one reported.
    series
        Party, category and scope of everything that is estimated.
    streams
        stream, claimant, party, category, accounting, method, role, group, n_claims, n_used,
        identified.
    terms
        Pieces of evidence with the posterior expectation of each.
    variance_decomposition
        Shares of each total's posterior variance by assumption.
    local_prior_sensitivity
        Totals under other priors, without refitting.
    row_influence
        Totals without the figures that move them most, by normal theory.
    draws, prior
        Named draws as datasets with dims chain and draw.
    losses, equipment_losses
        Draws of losses per day, dims chain, draw, party, category and day.

    See Also
    --------
    fit, load_fit

    Examples
    --------
    >>> fitted.engine
    'laplace'
    >>> fitted.series
    [('germany', 'aircraft', 'all'), ('britain', 'aircraft', 'all')]
    >>> len(fitted.days)
    123
    """

    def __repr__(self) -> str:
        """The fit in about ten lines."""
        return overview(self).text()

    def _repr_html_(self) -> str:
        return overview(self).html()

    @property
    def series(self) -> list[Series]:
        """Party, category and scope of everything that is estimated, in the conflict's order."""
        return tables.reported_series(self)

    @property
    def streams(self) -> pd.DataFrame:
        """All streams with evidence, numbered over the submodels."""
        return tables.streams_table(self)

    @property
    def terms(self) -> pd.DataFrame:
        """Pieces of evidence with the posterior expectation of each."""
        return tables.terms_table(self)

    @property
    def variance_decomposition(self) -> pd.DataFrame:
        """Shares of each total's posterior variance by assumption, see ``posterior.variance``."""
        return tables.variance_table(self)

    @property
    def local_prior_sensitivity(self) -> pd.DataFrame:
        """Totals under other priors, not refitted, see ``posterior.prior_shift``."""
        return tables.prior_shift_table(self)

    @property
    def row_influence(self) -> pd.DataFrame:
        """Totals without the figures that move them most, see ``posterior.row_influence``."""
        return tables.influence_table(self)

    def estimate(
        self,
        category: str,
        party: str,
        *,
        scope: str = "all",
        measure: Measure = "cumulative",
        ci_prob: float | None = None,
    ) -> pd.DataFrame:
        """Losses of one series by one measure.

        Sums are taken within each draw, and only then is a median or a limit taken of them.

        Parameters
        ----------
        category, party, scope
            One of `series`, in upper or lower case.
        measure
            ``daily``, ``weekly``, ``monthly``, ``yearly``, or ``cumulative``: from the start to
            the end of each week and to the last day.
        ci_prob
            Probability of the equal-tailed interval; the fit's own by default.

        Returns
        -------
        DataFrame
            A row per window, with the columns of ``estimates.csv``: party, category, scope,
            measure, start, end, mean, median, sd, lower, upper (losses), ci_prob, ci_kind, engine.

        Raises
        ------
        UsageError
            The fit has no such series, or there is no such measure.

        Examples
        --------
        >>> rows = fitted.estimate("aircraft", "germany", measure="monthly")
        >>> rows["start"].dt.month_name().tolist()
        ['July', 'August', 'September', 'October']
        >>> bool((rows["lower"] < rows["median"]).all())
        True
        """
        category, party, scope = self._spelled(category, party, scope)
        return estimates.estimate(
            self, category, party, scope=scope, measure=measure, ci_prob=ci_prob
        )

    def summary(self, *, ci_prob: float | None = None) -> pd.DataFrame:
        """Totals of all series from the first to the last day, with what sets each.

        Parameters
        ----------
        ci_prob
            Probability of the equal-tailed intervals; the fit's own by default.

        Returns
        -------
        DataFrame
            A row per series, with the columns of `estimate` and ``prior_share`` (the share of the
            total's posterior variance that comes from priors), ``set_by`` (claims, or assumptions
            where that share is above 0.7) and ``warnings`` (a text, empty for none).

        Raises
        ------
        UsageError
            The probability is not one.

        Examples
        --------
        >>> table = fitted.summary()
        >>> table[["category", "party", "measure"]].to_numpy().tolist()
        [['aircraft', 'germany', 'cumulative'], ['aircraft', 'britain', 'cumulative']]
        >>> set(table["set_by"]) <= {"claims", "assumptions"}
        True
        """
        return summary_table(self, ci_prob=ci_prob)

    def query(self, text: str, *, ci_prob: float | None = None, form: Format = "text") -> Answer:
        """Answer a question in the query language.

        Parameters
        ----------
        text
            Such as ``killed russia 2023``; the error for a question that is not understood has the
            grammar.
        ci_prob
            Probability of the equal-tailed interval; the fit's own by default.
        form
            ``text`` is a sentence, ``json`` has the columns of ``estimates.csv`` as keys,
            ``latex`` goes into a paper, ``bibtex`` is an entry that the paper can cite.

        Returns
        -------
        Answer
            A ``str`` with two attributes: ``table``, a DataFrame of one row with the columns of
            ``estimates.csv``, and ``draws``, the answer in each draw, shape (draws,).

        Raises
        ------
        UsageError
            The question cannot be parsed, or names what the fit does not have.

        Examples
        --------
        >>> print(fitted.query("aircraft germany 1940-08"))  # doctest: +ELLIPSIS
        aircraft germany, 1940-08-01 to 1940-08-31: ... (95% credible interval ...
        >>> found = fitted.query("when aircraft germany passes 100")
        >>> found.draws.shape, found.draws.dtype
        ((100,), dtype('<M8[D]'))
        """
        from lossmodel.query.evaluate import run_query

        return run_query(self, text, ci_prob=ci_prob, form=form)

    def bias(self, claimant: str | None = None, *, ci_prob: float | None = None) -> pd.DataFrame:
        """Ratios of each claimant's figures to the truth, by half-year and over all.

        A ratio over a window is the sum of expected figures over the sum of expected losses, within
        each draw; of a list it is its coverage.

        Parameters
        ----------
        claimant
            Only this claimant's streams; in upper or lower case.
        ci_prob
            Probability of the equal-tailed intervals; the fit's own by default.

        Returns
        -------
        DataFrame
            The columns of ``biases.csv``.

        Raises
        ------
        UsageError
            The fit has no such claimant.

        Examples
        --------
        >>> whole = fitted.bias("air-ministry").groupby("party").last()
        >>> whole["role"].to_dict()
        {'britain': 'self', 'germany': 'adversary'}
        >>> bool(whole.loc["germany", "ratio_median"] > 1)
        True
        """
        if claimant is not None:
            claimant = spelled(claimant, sorted(set(self.streams["claimant"])), "claimant")
        prob = check_ci_prob(ci_prob, self.ci_prob)
        found = self if prob == self.ci_prob else replace(self, ci_prob=prob)
        return ratios.biases_table(found, claimant=claimant)

    def save(self, path: str | Path) -> Path:
        """Write the fit to one NetCDF file that ``load_fit`` reads back.

        Other programs can read it too: ``xarray.open_datatree`` and ``arviz.from_netcdf`` see the
        groups of `to_arviz`.

        Parameters
        ----------
        path
            The file; an existing one is replaced once the new one is complete.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        UsageError
            The conflict was made in memory, so that there are no files to keep with it.

        Examples
        --------
        >>> from lossmodel import load_fit
        >>> load_fit(fitted.save(folder / "fit.nc")).series == fitted.series
        True
        """
        from lossmodel.posterior.netcdf import save

        return save(self, path)

    blocks = renamed_attribute("Fit.blocks", "submodels")
    parts = renamed_attribute("Fit.parts", "components")
    block_of = renamed_attribute("Fit.block_of", "submodel_of")
    variance_shares = renamed_attribute("Fit.variance_shares", "variance_decomposition")
    other_priors = renamed_attribute("Fit.other_priors", "local_prior_sensitivity")
