"""What past wars say about the bias of claimants, by role and class.

`data/history/clusters.csv` has, for every claimant in a war or battle (a cluster) whose truth is
known, the mean y of the log ratio of claimed to true over n pairs. Within one role and the classes
that share an incentive, claimant i of cluster w(i), counting class c(i):

    y_i = mu_c(i) + u_w(i) + v_i + e_i
    u_w ~ Normal(0, tau_cluster^2),  v_i ~ Normal(0, tau_claimant^2),  both taus half-normal(0.5)
    e_i ~ Normal(0, sigma^2 / n_i + k_i)
    mu ~ Normal(0, MEAN_SD^2 + CLASS_SD^2 on the diagonal)

sigma is the pooled sd of pairs of one claimant, less what small counts add to it; k is the variance
of a log that comes from a small true count. mu is integrated in closed form and the taus on a grid,
so nothing here is random. No role is presumed to exaggerate or to hide: mu is centred at 0.

Selection. Claims are remembered because they were far off. If a pair is exp(a) times likelier to
be told for each unit of its |log ratio|, those told are centred a tau^2 too far from 0, with tau^2
the sum of both variances. a is taken as uniform on (0, 1): the mean moves back by tau^2 / 2 and
its variance widens by tau^4 / 12.

A new war draws its own u, so that the prior sd of a role's mean in it holds the sd of mu, the
widening and tau_cluster; what remains between its claimants is tau_claimant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lossmodel.errors import UsageError
from lossmodel.evidence.rounding import SD_OF_UNIT
from lossmodel.importers.datasets import data_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "FAMILIES",
    "MIN_CLUSTERS",
    "RoleBias",
    "analyse",
    "count_pairs",
    "keep_clusters",
    "pool_variance",
    "read_clusters",
]

# Below this many wars or battles a prior is judgement, whatever computed it.
MIN_CLUSTERS: Final = 5

# Classes whose means lean on each other. A side counts its own dead civilians as their victim:
# not the incentive that it has for its soldiers. What is missing here has too little history.
FAMILIES: Final = (
    ("adversary", ("person", "equipment")),
    ("self", ("person", "equipment")),
    ("self", ("civilian",)),
)

MEAN_SD: Final = 1.0
TAU_SD: Final = 0.5
# Wrecks stay where they can be counted and the dead do not: the means of two classes of one role
# may differ, by CLASS_SD times the square root of two.
CLASS_SD: Final = 0.3
# midpoints, so that the density at 0 needs no weight of its own
TAU_GRID: Final = np.arange(0.04, 2.0, 0.08)


@dataclass(frozen=True)
class RoleBias:
    """What history says of the log ratio of a role's claims in one class.

    Attributes
    ----------
    mean, mean_sd
        Of the role's mean over wars, the selection of famous cases taken into account.
    tau_cluster, tau_claimant
        Root mean squares of the sd between wars and between claimants of one war.
    n, clusters
        Pairs and wars or battles of this role and class.
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
        """Prior sd of the role's mean in a new war."""
        return float(np.hypot(self.mean_sd, self.tau_cluster))


class _Pairs(NamedTuple):
    """The arrays of one family: claimants in rows, classes in columns."""

    y: NDArray[np.float64]
    noise: NDArray[np.float64]
    is_class: NDArray[np.float64]
    same_cluster: NDArray[np.float64]


def read_clusters() -> pd.DataFrame:
    """Read the shipped statistics of claimants whose truth became known."""
    return pd.read_csv(data_dir() / "history" / "clusters.csv")


def keep_clusters(table: pd.DataFrame, leave_out: str | Sequence[str] = ()) -> pd.DataFrame:
    """Drop the rows of some wars or battles.

    Parameters
    ----------
    table
        Statistics with a column `cluster`.
    leave_out
        Names of clusters, or slugs of them such as `battle-of-britain`.

    Raises
    ------
    UsageError
        A name is not that of a cluster.
    """
    names = (leave_out,) if isinstance(leave_out, str) else tuple(leave_out)
    slugs = table["cluster"].map(_slug)
    unknown = [name for name in names if _slug(name) not in set(slugs)]
    if unknown:
        known = ", ".join(sorted(set(table["cluster"])))
        raise UsageError(f"History has no war or battle {', '.join(unknown)}. Known: {known}.")
    return table[~slugs.isin([_slug(name) for name in names])]


def count_pairs(table: pd.DataFrame, role: str, category_class: str) -> dict[str, int]:
    """Count the pairs, and the wars or battles, that speak to a role and class."""
    rows = table[(table["role"] == role) & (table["class"] == category_class)]
    return {"n": int(rows["n"].sum()), "clusters": int(rows["cluster"].nunique())}


def analyse(table: pd.DataFrame, *, selection: bool = True) -> list[RoleBias]:
    """Estimate the bias of each role and class in `FAMILIES`.

    Parameters
    ----------
    table
        Statistics as in `clusters.csv`.
    selection
        Whether to allow for the fame of exaggerations.

    Returns
    -------
    list of RoleBias
        In the order of `FAMILIES`.
    """
    variance = pool_variance(table)
    return [
        bias
        for role, classes in FAMILIES
        for bias in _analyse_family(table, role, classes, variance, selection)
    ]


def _analyse_family(
    table: pd.DataFrame, role: str, classes: tuple[str, ...], variance: float, selection: bool
) -> list[RoleBias]:
    rows = table[(table["role"] == role) & table["class"].isin(classes)]
    mean, sd, tau2 = _integrate(_arrays(rows, classes, variance))
    if selection:
        mean, sd = _allow_for_selection(mean, sd, tau2.sum())
    tau_cluster, tau_claimant = np.sqrt(tau2)
    biases = []
    for i, name in enumerate(classes):
        counts = count_pairs(rows, role, name)
        taus = {"tau_cluster": float(tau_cluster), "tau_claimant": float(tau_claimant)}
        numbers = {"mean": float(mean[i]), "mean_sd": float(sd[i]), **taus}
        biases.append(RoleBias(role, name, **numbers, n=counts["n"], clusters=counts["clusters"]))
    return biases


def pool_variance(table: pd.DataFrame) -> float:
    """Pooled variance of single pairs around their claimant's mean, small counts' noise apart."""
    repeated = table[table["n"] > 1]
    if repeated.empty:
        return TAU_SD**2
    freedom = repeated["n"] - 1
    # A small true count scatters its pairs too, and has a term of its own in the model.
    counted = repeated["n"] * repeated["count_var"]
    own = np.maximum(repeated["sd_log_ratio"] ** 2 - counted, 0.0)
    return float((freedom * own).sum() / freedom.sum())


def _arrays(rows: pd.DataFrame, classes: tuple[str, ...], variance: float) -> _Pairs:
    cluster = pd.factorize(rows["cluster"])[0]
    is_class = np.column_stack([rows["class"] == name for name in classes])
    return _Pairs(
        y=rows["mean_log_ratio"].to_numpy(float),
        noise=(variance / rows["n"] + rows["count_var"]).to_numpy(float),
        is_class=is_class.astype(float),
        same_cluster=(cluster[:, None] == cluster).astype(float),
    )


def _integrate(
    pairs: _Pairs,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Posterior mean and sd of mu, and of both taus the posterior mean square."""
    n, classes = pairs.is_class.shape
    prior = MEAN_SD**2 * np.ones((classes, classes)) + CLASS_SD**2 * np.eye(classes)
    cross = prior @ pairs.is_class.T
    tau2 = np.stack(np.meshgrid(TAU_GRID, TAU_GRID), axis=-1).reshape(-1, 2) ** 2
    covariance = (
        tau2[:, :1, None] * pairs.same_cluster
        + tau2[:, 1:, None] * np.eye(n)
        + np.diag(pairs.noise)
        + pairs.is_class @ cross
    )
    solved = np.linalg.solve(covariance, np.broadcast_to(np.eye(n), covariance.shape))
    log_weight = -0.5 * (
        np.linalg.slogdet(covariance)[1]
        + np.einsum("i,gij,j->g", pairs.y, solved, pairs.y)
        + tau2.sum(axis=1) / TAU_SD**2
    )
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    means = np.einsum("ci,gij,j->gc", cross, solved, pairs.y)
    variances = np.diag(prior) - np.einsum("ci,gij,cj->gc", cross, solved, cross)
    mean = weight @ means
    return mean, np.sqrt(weight @ (variances + (means - mean) ** 2)), weight @ tau2


def _allow_for_selection(
    mean: NDArray[np.float64], sd: NDArray[np.float64], tau2: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Undo the tilt by |log ratio|, which weakens where claims fall on both sides of the truth."""
    tilt = (2 * ndtr(mean / np.sqrt(tau2)) - 1) * tau2
    return mean - tilt / 2, np.hypot(sd, tilt * SD_OF_UNIT)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
