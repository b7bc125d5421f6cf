"""The tables of past wars: claims whose truth became known, and killed and wounded of armies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from lossmodel.conflict.shipped import data_dir
from lossmodel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "count_pairs",
    "find_clusters",
    "keep_clusters",
    "read_armies",
    "read_clusters",
    "read_without",
]


def read_clusters() -> pd.DataFrame:
    """Read the shipped statistics of claims whose truth became known.

    Returns
    -------
    table
        One row per cluster, claimant, role and class; the columns are those of
        `data/history/clusters.csv`.

    Examples
    --------
    >>> "Battle of Britain" in set(read_clusters()["cluster"])
    True
    """
    return pd.read_csv(data_dir() / "history" / "clusters.csv")


def read_armies() -> pd.DataFrame:
    """Read the shipped killed and wounded of armies of past wars.

    Returns
    -------
    table
        One row per army of a war: `cluster, army, killed, wounded, note, source`.

    Examples
    --------
    >>> bool((read_armies()["killed"] > 0).all())
    True
    """
    return pd.read_csv(data_dir() / "history" / "lethality.csv")


def read_without(
    leave_out: str | Sequence[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Both tables without some wars or battles, and the names of these.

    Parameters
    ----------
    leave_out
        Names of clusters of either table, or slugs of them.

    Returns
    -------
    clusters, armies, left_out
        The rows of `read_clusters` and of `read_armies` that are kept.

    Raises
    ------
    UsageError
        No table has a cluster of that name.

    Examples
    --------
    >>> clusters, armies, left_out = read_without("winter-war")
    >>> left_out, "Winter War" in set(armies["cluster"])
    (('Winter War',), False)
    """
    clusters, armies = read_clusters(), read_armies()
    left_out = find_clusters(leave_out, pd.concat([clusters["cluster"], armies["cluster"]]))
    clusters, armies = (_without(table, left_out) for table in (clusters, armies))
    return clusters, armies, tuple(sorted(left_out))


def find_clusters(names: str | Sequence[str], known: pd.Series) -> set[str]:
    """Wars or battles of a column that have one of some names or slugs.

    Parameters
    ----------
    names
        Names of clusters, or slugs of them such as `battle-of-britain`.
    known
        Names of the clusters that there are.

    Raises
    ------
    UsageError
        A name is not that of a cluster.

    Examples
    --------
    >>> find_clusters("winter-war", pd.Series(["Crete 1941", "Winter War"]))
    {'Winter War'}
    """
    by_slug = {_slug(name): name for name in sorted(set(known))}
    wanted = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in wanted if _slug(name) not in by_slug]
    if unknown:
        raise UsageError(
            f"History has no war or battle {', '.join(unknown)}: correct the name in leave_out or "
            f"in the cluster of conflict.toml. Known: {', '.join(by_slug.values())}."
        )
    return {by_slug[_slug(name)] for name in wanted}


def keep_clusters(table: pd.DataFrame, leave_out: str | Sequence[str] = ()) -> pd.DataFrame:
    """Drop the rows of some wars or battles, see `find_clusters`.

    Parameters
    ----------
    table
        Statistics with a column `cluster`.
    leave_out
        Names of clusters, or slugs of them.

    Raises
    ------
    UsageError
        A name is not that of a cluster.

    Examples
    --------
    >>> table = read_clusters()
    >>> len(keep_clusters(table, "battle-of-britain")) < len(table)
    True
    """
    return _without(table, find_clusters(leave_out, table["cluster"]))


def count_pairs(table: pd.DataFrame, role: str, category_class: str) -> dict[str, int]:
    """Number of pairs, ``n``, and of wars or battles, ``clusters``, of a role and class.

    Examples
    --------
    >>> sorted(count_pairs(read_clusters(), "adversary", "equipment"))
    ['clusters', 'n']
    """
    rows = table[(table["role"] == role) & (table["class"] == category_class)]
    return {"n": int(rows["n"].sum()), "clusters": int(rows["cluster"].nunique())}


def _without(table: pd.DataFrame, clusters: set[str]) -> pd.DataFrame:
    return table[~table["cluster"].isin(clusters)]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
