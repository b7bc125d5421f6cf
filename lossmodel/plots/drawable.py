"""What plots need of a fit, whether they get the fit itself or tables of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lossmodel.claims.claims import Claims
    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence import Evidence
    from lossmodel.posterior.estimates import Measure
    from lossmodel.posterior.reported import Series

__all__ = ["Drawable"]


class Drawable(Protocol):
    """What went into a fit, and tables of what came out; see `lossmodel.Fit` for each."""

    @property
    def claims(self) -> Claims: ...  # noqa: D102 - see Fit

    @property
    def evidence(self) -> Evidence: ...  # noqa: D102 - see Fit

    @property
    def conflict(self) -> Conflict: ...  # noqa: D102 - see Fit

    @property
    def days(self) -> pd.DatetimeIndex: ...  # noqa: D102 - see Fit

    @property
    def series(self) -> Sequence[Series]: ...  # noqa: D102 - see Fit

    @property
    def streams(self) -> pd.DataFrame: ...  # noqa: D102 - see Fit

    @property
    def terms(self) -> pd.DataFrame: ...  # noqa: D102 - see Fit

    @property
    def variance_decomposition(self) -> pd.DataFrame: ...  # noqa: D102 - see Fit

    def estimate(  # noqa: D102 - see Fit
        self, category: str, party: str, *, scope: str = ..., measure: Measure = ...
    ) -> pd.DataFrame: ...

    def bias(self) -> pd.DataFrame: ...  # noqa: D102 - see Fit
