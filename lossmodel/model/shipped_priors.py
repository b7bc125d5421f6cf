"""The packaged table of priors, completed by the analysis of past wars."""

from __future__ import annotations

import math
import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from lossmodel.model import history, history_tables
from lossmodel.model.armies import analyse_lethality
from lossmodel.model.ceiling import Ceiling
from lossmodel.model.prior import Prior, build_prior

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["shipped_priors"]

BIAS: Final = re.compile(r"bias\.(?P<role>adversary|self|third-party)\.(?P<class>\w+)(\.between)?")

# By the text of the tables. The analysis takes 0.1 to 0.2 s, and is needed again for each war that
# is fitted in one process.
_KEPT: dict[tuple[str, str], dict[str, Prior]] = {}


def shipped_priors(clusters: pd.DataFrame, armies: pd.DataFrame) -> dict[str, Prior]:
    """The packaged priors, completed by the estimates from history.

    Parameters
    ----------
    clusters, armies
        Rows as in `data/history/clusters.csv` and in `data/history/lethality.csv`, without the wars
        that are left out.
    """
    tables = clusters.to_csv(), armies.to_csv()
    if tables not in _KEPT:
        rows = _rows(clusters, armies)
        _KEPT[tables] = {name: build_prior(name, row) for name, row in rows.items()}
    return dict(_KEPT[tables])


def _rows(clusters: pd.DataFrame, armies: pd.DataFrame) -> dict[str, dict[str, Any]]:
    text = (resources.files("lossmodel.model") / "priors.toml").read_text(encoding="utf-8")
    rows: dict[str, dict[str, Any]] = tomllib.loads(text)
    for name, row in rows.items():
        if match := BIAS.fullmatch(name):
            row |= history_tables.count_pairs(clusters, match["role"], match["class"])
    rows["lethality.level"] |= analyse_lethality(armies)
    rows["bias.settling"]["median"] = history.SETTLING_DAYS
    for bias in history.analyse(clusters):
        name = f"bias.{bias.role}.{bias.category_class}"
        basis = "history" if bias.clusters >= history.MIN_CLUSTERS else "judgement"
        rows[name] |= {"mean": bias.mean, "sd": bias.sd, "basis": basis}
        rows[f"{name}.between"] |= {"mean": bias.tau_claimant, "sd": 0.0, "basis": basis}
    _below_ceiling(rows)
    return rows


def _below_ceiling(rows: dict[str, dict[str, Any]]) -> None:
    """Make the prior of a side's own dead the normal that has its moments below the ceiling.

    The ceiling is of the sum of role and side. The spread of sides stays as it is in history.
    """
    row, between = (rows[f"bias.self.person{name}"] for name in ("", ".between"))
    at, soft = (rows[f"bias.self.{name}"]["median"] for name in ("ceiling", "ceiling_sd"))
    of_side = rows["bias.side_share"]["median"] * between["mean"] ** 2
    common = math.sqrt(row["sd"] ** 2 + of_side)
    row["mean"], sd = Ceiling(at, soft).normal(row["mean"], common)
    row["sd"] = math.sqrt(max(sd**2 - of_side, 0.0))
