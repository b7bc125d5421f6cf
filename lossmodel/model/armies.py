"""The lethality of past wars: how many of an army's casualties were killed.

`data/history/lethality.csv` has the killed and the wounded of armies whose both counts are known.
With y_i the log of killed over wounded of army i in war w(i), the model is that of `history`:

    y_i = mu + u_w(i) + v_i + e_i

where u is of the war, v of the army in it, and the variance of e is that of small counts. An army
of a new war draws its own u and v. Counts of combat dead and of all dead in the theatre stand
beside each other, as they do in the claims of a war.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy.special import polygamma

from lossmodel.model.history import integrate

__all__ = ["analyse_lethality"]

HALF: Final = 0.5


def analyse_lethality(table: pd.DataFrame) -> dict[str, float]:
    """Mean and sd of the logit of lethality of an army in a new war.

    Parameters
    ----------
    table
        Rows as in `lethality.csv`.

    Returns
    -------
    dict
        ``mean`` and ``sd`` of the logit of killed / (killed + wounded), and the numbers of armies,
        ``n``, and of wars, ``clusters``.

    Examples
    --------
    >>> from lossmodel.model.history_tables import read_armies
    >>> found = analyse_lethality(read_armies())
    >>> round(found["mean"], 1), round(found["sd"], 1), found["n"], found["clusters"]
    (-1.2, 0.6, 28, 19)
    """
    killed, wounded = table["killed"], table["wounded"]
    # Variance of the log of a gamma variable with the count plus one half as its shape.
    noise = polygamma(1, killed + HALF) + polygamma(1, wounded + HALF)
    logs = pd.Series(np.log(killed / wounded), table.index)
    mean, sd, tau2 = integrate(logs, pd.Series(noise, table.index), table["cluster"])
    spread = float(np.sqrt(sd**2 + tau2.sum()))
    clusters = table["cluster"].nunique()
    return {"mean": mean, "sd": spread, "n": len(table), "clusters": clusters}
