"""The bias of claimants in past wars, by role and class.

`data/history/clusters.csv` has, for every claimant in a war or battle (a cluster) whose truth is
known, the mean y of the log ratio of claimed to true over n pairs. Within one role and class, for
claimant i of cluster w(i):

    y_i = mu + u_w(i) + v_i + e_i
    u_w ~ Normal(0, tau_cluster^2),  v_i ~ Normal(0, tau_claimant^2),  both taus half-normal(0.5)
    e_i ~ Normal(0, sigma^2 / n_i + k_i + d_i)
    mu ~ Normal(0, MEAN_SD^2)

sigma is the sd of pairs of one claimant, without the contribution of small counts, of the role and
class and partly pooled with that of all; k is the variance of the log of a small true count, and d
that of pairs of low trust. y is taken no further from the median than OUTLIER_SDS robust sds (1.48
median absolute deviations). mu is integrated in closed form and the taus on a grid, so nothing here
is random. No role is presumed to exaggerate or to hide: mu is centred at 0.

Selection. Claims are remembered because they were far off. If a pair is exp(a) times likelier to
be recorded for each unit of its |log ratio|, recorded pairs are centred a tau^2 too far from 0,
with tau^2 the sum of both variances. The prior of a is uniform on (0, 1): the mean moves back by
tau^2 / 2 and its variance widens by tau^4 / 12.

A new war draws its own u, so that the prior variance of a role's mean in it is the sum of the
variance of mu, the widening and tau_cluster^2; the sd between its claimants is tau_claimant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lossmodel.evidence.rounding import SD_OF_UNIT
from lossmodel.model.history_tables import count_pairs
from lossmodel.model.history_variance import within_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FAMILIES",
    "MIN_CLUSTERS",
    "RoleBias",
    "analyse",
    "integrate",
    "unsettled",
]

# With fewer wars or battles the basis of a prior is called judgement, also where it was computed.
# Chosen by hand; it is a label and changes no number.
MIN_CLUSTERS: Final = 5

# Roles and classes that are estimated. Where five wars or more have pairs, a class says for itself
# how far its claims vary: dead can be hidden and be counted years later, wrecks stand in a field.
# The fourth of civilians, of a side's own, has four wars; what has fewer has a judged prior.
FAMILIES: Final = (
    ("adversary", "person"),
    ("adversary", "equipment"),
    ("self", "person"),
    ("self", "equipment"),
    ("self", "civilian"),
)
# Days after the end of fighting in which the variance of the bias of a side's count of its own dead
# halves. The log evidence of the pairs of own soldiers is 0.7 higher with 3 days, 1.4 lower with
# 15, 2.8 with 30 and 6 without settling: seven is the longest that is near the best. With 3 or 15
# days the mean of the role moves by 0.06.
SETTLING_DAYS: Final = 7.0

# The prior sds below are judgement. A factor of e either way is an ordinary role mean; with 0.7 or
# 2 no mean moves by more than an eighth of its prior sd.
MEAN_SD: Final = 1.0
# Half of the sds lie below 0.34. This one matters: with 0.25 and 1 the means of a side's own
# equipment and civilians move by up to a quarter of their prior sd, other means by 0.15, and the
# prior sds change by up to 47%.
TAU_SD: Final = 0.5
# Rows further from the median of their role and class than this many robust sds count as that far:
# a normal spread would otherwise be set by one claimant that admitted 2 of 338 losses. Three is
# customary; it changes that one row.
OUTLIER_SDS: Final = 3.0
# Sd of a normal over its median absolute deviation, 1 / Phi^-1(3/4).
MAD_TO_SD: Final = 1.4826
# Midpoints, so that the density at 0 needs no weight of its own. With half the step or twice the
# range no mean or sd moves by more than 0.001.
TAU_GRID: Final = np.arange(0.04, 2.0, 0.08)


@dataclass(frozen=True)
class RoleBias:
    """Estimate of the log ratio of claimed to true of one role in one class.

    Attributes
    ----------
    role, category_class
        ``adversary`` or ``self``; ``person``, ``equipment`` or ``civilian``.
    mean, mean_sd
        Posterior mean and sd of the role's mean over wars, corrected for selection.
    tau_cluster, tau_claimant
        Root mean squares of the sd between wars and between claimants of one war.
    n, clusters
        Number of pairs and of wars or battles of this role and class.

    Examples
    --------
    >>> bias = RoleBias("self", "person", -0.3, 0.3, tau_cluster=0.4, tau_claimant=0.4, n=9,
    ...                 clusters=4)
    >>> bias.sd
    0.5
    """

    role: str
    category_class: str
    mean: float
    mean_sd: float
    tau_cluster: float
    tau_claimant: float
    n: int
    clusters: int

    @property
    def sd(self) -> float:
        """Prior sd of the role's mean in a new war: of its mean over wars and between wars."""
        return float(np.hypot(self.mean_sd, self.tau_cluster))


def analyse(table: pd.DataFrame, *, selection: bool = True) -> list[RoleBias]:
    """Estimate the bias of each role and class in `FAMILIES`.

    Parameters
    ----------
    table
        Statistics as in `clusters.csv`.
    selection
        Whether to correct for the selection of gross exaggerations.

    Returns
    -------
    biases
        In the order of `FAMILIES`.

    Examples
    --------
    >>> from lossmodel.model.history_tables import read_clusters
    >>> for bias in analyse(read_clusters())[:2]:
    ...     print(bias.role, bias.category_class, round(bias.mean, 2), round(bias.sd, 2))
    adversary person 0.82 0.32
    adversary equipment 0.94 0.35
    """
    return [
        _analyse_class(table, role, name, within_variance(table, role, name), selection)
        for role, name in FAMILIES
    ]


def _analyse_class(
    table: pd.DataFrame, role: str, name: str, variance: float, selection: bool
) -> RoleBias:
    rows = table[(table["role"] == role) & (table["class"] == name)]
    left = unsettled(rows).to_numpy(float)
    noise = (variance / rows["n"] + rows["count_var"] + rows["trust_var"]) / left**2
    mean, sd, tau2 = integrate(rows["mean_log_ratio"] / left, noise, rows["cluster"])
    if selection:
        mean, sd = _allow_for_selection(mean, sd, tau2.sum())
    tau_cluster, tau_claimant = np.sqrt(tau2).tolist()
    counts = count_pairs(rows, role, name)
    return RoleBias(role, name, mean, sd, tau_cluster, tau_claimant, **counts)


def unsettled(rows: pd.DataFrame) -> pd.Series:
    """Share of its bias in the war that a side's own count of its soldiers has left later.

    Examples
    --------
    >>> rows = pd.DataFrame({"role": "self", "class": "person", "lag_days": [0.0, 21.0, np.nan]})
    >>> unsettled(rows).tolist()
    [1.0, 0.5, 1.0]
    """
    lag = rows["lag_days"].fillna(0.0)
    own = (rows["role"] == "self") & (rows["class"] == "person")
    late = lag.where(own, 0.0) / SETTLING_DAYS
    return (1 + late) ** -0.5


def integrate(
    log_ratios: pd.Series, noise: pd.Series, clusters: pd.Series
) -> tuple[float, float, NDArray[np.float64]]:
    """Posterior mean and sd of mu, and the posterior mean squares of both taus.

    Parameters
    ----------
    log_ratios, noise, clusters
        y, the variance of e, and the war of each row.

    Returns
    -------
    mean, sd
        Of mu.
    tau2
        Of tau_cluster and of tau_claimant.

    Examples
    --------
    >>> rows = pd.DataFrame({"y": [0.2, 0.4, 0.3], "noise": 0.01, "war": ["a", "a", "b"]})
    >>> mean, sd, tau2 = integrate(rows["y"], rows["noise"], rows["war"])
    >>> round(mean, 1), len(tau2)
    (0.3, 2)
    """
    y = _without_outliers(log_ratios.to_numpy(float))
    cluster = pd.factorize(clusters)[0]
    tau2 = np.stack(np.meshgrid(TAU_GRID, TAU_GRID), axis=-1).reshape(-1, 2) ** 2
    covariance = (
        tau2[:, :1, None] * (cluster[:, None] == cluster)
        + tau2[:, 1:, None] * np.eye(len(y))
        + np.diag(noise.to_numpy(float))
        + MEAN_SD**2
    )
    sides = np.stack([y, np.ones(len(y))], axis=1)
    solved = np.linalg.solve(covariance, np.broadcast_to(sides, (len(covariance), len(y), 2)))
    log_weight = -0.5 * (
        np.linalg.slogdet(covariance)[1] + solved[..., 0] @ y + tau2.sum(axis=1) / TAU_SD**2
    )
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    means = MEAN_SD**2 * solved[..., 0].sum(axis=1)
    variances = MEAN_SD**2 - MEAN_SD**4 * solved[..., 1].sum(axis=1)
    mean = weight @ means
    return float(mean), float(np.sqrt(weight @ (variances + (means - mean) ** 2))), weight @ tau2


def _without_outliers(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring log ratios that lie too far out to the limit; the robust sd is at least `TAU_SD`."""
    if not y.size:
        return y
    centre = np.median(y)
    limit = OUTLIER_SDS * max(MAD_TO_SD * float(np.median(np.abs(y - centre))), TAU_SD)
    return np.clip(y, centre - limit, centre + limit)


def _allow_for_selection(mean: float, sd: float, tau2: float) -> tuple[float, float]:
    """Correct for selection by |log ratio|, less where claims lie on both sides of the truth."""
    tilt = float((2 * ndtr(mean / np.sqrt(tau2)) - 1) * tau2)
    return mean - tilt / 2, float(np.hypot(sd, tilt * SD_OF_UNIT))
