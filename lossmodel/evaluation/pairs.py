"""Pairs of a claim and a later truth, of wars without a conflict folder: truth from claim alone.

The predictive distribution of log(truth / claim) is that of minus the log bias of the claimant's
role, a normal one, below the ceiling where a side counts its own soldiers, with the variances of
the role's mean, between claimants, between the figures of one claimant, of a small true count and
of pairs of low trust. The bias of a side's own count of its soldiers, and its spread, are less by
the days after the fighting, as in the analysis. The priors are those of history without the pair's
own cluster.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import ndtri

from lossmodel.evaluation.scores import TruthValue, score_logs
from lossmodel.model import history, history_tables
from lossmodel.model.history_variance import within_variance
from lossmodel.model.own_bias import own_ceiling
from lossmodel.model.priors import Priors

__all__ = ["score_pairs"]

# Quantiles that stand for a distribution; with 999 the CRPS of a normal one is exact to 0.1%.
PROBABILITIES: Final = (np.arange(999) + 0.5) / 999
NORMAL: Final = ndtri(PROBABILITIES)


def score_pairs(table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Score the truth of each claimant of history, predicted by the other wars.

    Parameters
    ----------
    table
        Rows as in `data/history/clusters.csv`, by default all of them.

    Returns
    -------
    DataFrame
        `cluster, claimant, role, class, n, left_out`, the columns of `scores.score` in units of the
        claim, and the log errors of two rules of thumb: `face_value`, and `adversary_halved`, which
        halves the claims of adversaries only.

    Examples
    --------
    >>> from lossmodel.model import history_tables
    >>> scores = score_pairs(history_tables.read_clusters().head(20))
    >>> bool((scores["cluster"] == scores["left_out"]).all())
    True
    """
    rows = history_tables.read_clusters() if table is None else table
    rows = rows.assign(left=history.unsettled(rows))
    everything = history_tables.read_clusters()
    found = []
    for cluster, own in rows.groupby("cluster", sort=True):
        priors = Priors.from_history(leave_out=str(cluster))
        others = history_tables.keep_clusters(everything, str(cluster))
        for row in own.to_dict("records"):
            variance = within_variance(others, row["role"], row["class"])
            found.append(_scored(row, priors, variance))
    return pd.DataFrame(found)


def _scored(row: dict[Any, Any], priors: Priors, variance: float) -> dict[str, Any]:
    prior = priors[f"bias.{row['role']}.{row['class']}"]
    between = priors[f"bias.{row['role']}.{row['class']}.between"].median
    noise = variance / row["n"] + row["count_var"] + row["trust_var"]
    left, of_side = row["left"], priors["bias.side_share"].median * between**2
    common = float(np.hypot(prior.sd, np.sqrt(of_side)))
    rest = np.sqrt(left**2 * (between**2 - of_side) + noise)
    biases = prior.mean + common * NORMAL
    if (row["role"], row["class"]) == ("self", "person"):
        biases = own_ceiling(priors.entries).quantiles(prior.mean, common, PROBABILITIES)
    # Every ninth quantile stands for the noise, which is symmetrical as they are.
    draws = np.add.outer(left * biases, rest * NORMAL[4::9]).ravel()
    log_ratio = float(row["mean_log_ratio"])
    truth = TruthValue(-log_ratio)
    about = {name: row[name] for name in ("cluster", "claimant", "role", "class", "n")}
    about |= {"left_out": "; ".join(priors.left_out), "truth": float(np.exp(-log_ratio))}
    halved = log_ratio - np.log(2) * (row["role"] == "adversary")
    rules = {"face_value": log_ratio, "adversary_halved": float(halved)}
    return about | score_logs(np.quantile(-draws, PROBABILITIES), truth) | rules
