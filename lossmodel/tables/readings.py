"""Which observations or streams are no totals of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossmodel.tables.vocabulary import AUXILIARY

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["counts_losses", "is_auxiliary"]


def is_auxiliary(accounting: pd.Series) -> pd.Series[bool]:
    """Whether each accounting is a reading of `AUXILIARY`, shape (N,).

    Examples
    --------
    >>> import pandas as pd
    >>> is_auxiliary(pd.Series(["list", "overlap"])).tolist()
    [False, True]
    """
    return accounting.isin(list(AUXILIARY))


def counts_losses(terms: pd.DataFrame) -> pd.Series[bool]:
    """Whether each observation is of the losses of its days, no stock and no reading, shape (N,).

    Examples
    --------
    >>> import pandas as pd
    >>> kinds = {"kind": ["window", "stock"], "accounting": ["ledger", "register"]}
    >>> counts_losses(pd.DataFrame(kinds)).tolist()
    [True, False]
    """
    return terms["kind"].isin(("window", "vintage")) & ~is_auxiliary(terms["accounting"])
