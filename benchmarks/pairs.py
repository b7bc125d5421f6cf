"""Single pairs of a claim and a figure known later, named and dated, for `benchmarks/history.py`.

`data/history/additions.csv` has the pairs that are part of the project. A list of claims in wars of
the 20th century and two tables by war are not, and are looked for beside the repository.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import polygamma

from lossmodel.evaluation.scores import ZERO_AS
from lossmodel.tables.categories import COUNTED

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
ADDITIONS = ROOT / "data" / "history" / "additions.csv"
LIST = Path("reference", "history", "overclaim.csv")
WARS = (Path("wars", "falklands1982.csv"), Path("wars", "pacific1942-44-ighq.csv"))

ROLES = ("adversary", "self", "third-party")
CLASSES = {"personnel": "person", "materiel": "equipment", "civilians": "civilian"}

# Extra sd of the log ratio of a pair that is marked as of low trust. Judgement, made before any
# score was seen: such pairs compare windows or classes that differ by tens of percent, or take a
# party's figure for the truth.
LOW_TRUST_SD = 0.5
# Weight of such a pair beside others of its claimant: with a noise of 0.3 for single pairs it is
# 0.3^2 / (0.3^2 + LOW_TRUST_SD^2), rounded.
LOW_TRUST_WEIGHT = 0.25

# One name per war where several lists have it, so that it is left out as a whole. The naval
# battles of the Pacific are one war here: the same headquarters made the announcements.
CLUSTERS = {
    "Gulf War": "Gulf War 1991",
    "Eastern Front": "Eastern Front 1941",
    "Prokhorovka 12": "Prokhorovka 1943",
    "Linebacker": "Linebacker II 1972",
    "Darwin June": "Darwin 1942",
    "Flying Tigers": "Flying Tigers 1941-42",
    "Korea": "Korea 1950-53",
    "Bosnia": "Bosnia 1992-95",
    "Peru": "Peru 1980-2000",
} | dict.fromkeys(
    ("Formosa", "Coral Sea", "Midway", "War in the Pacific"),
    "Pacific 1941-45",
)

# Claimants by the wording of the case; the first pattern that matches counts.
CLAIMANTS = {
    r"Battle of Britain.*German": "german-high-command",
    r"Battle of Britain.*(RAF|British)": "air-ministry",
    r"Battle of Britain.*adversary": "air-ministry",
    r"Battle of Britain.*self": "german-high-command",
    r"German claim": "german-high-command",
    r"Soviet": "soviet-union",
    r"USAF": "us-air-force",
    r"submarine-command": "us-submarine-command",
    r"japan-ighq|Japanese": "japan",
    r"The Times": "the-times",
    r"US News": "us-news",
    r"NATO (tanks|APCs|artillery)": "nato",
    r"Yugoslav|Serbian": "yugoslavia",
    r"Finnish": "finland",
    r"Russian": "russia",
    r"Georgian": "georgia",
    r"US maximum|CENTCOM|DIA": "united-states",
    r"Dieppe.*RAF": "air-ministry",
    r"North Vietnamese": "north-vietnam",
    r"AVG": "american-volunteer-group",
    r"Sarajevo": "bosnia-herzegovina",
    r"ICTY": "icty",
    r"Peru": "earlier-estimate",
    r"united-kingdom": "british-defence-ministry",
    r"unofficial-london": "unofficial-count-london",
    r"analysts-london": "analysts-london",
}

# Days from the end of the fighting in a pair's window to the publication of the claim; 0 while it
# lasted. From dates in the sources, or from the folders of data/wars; absent where neither tells.
LAGS = {
    r"Battle of Britain.*intelligence": None,
    r"Battle of Britain": 1,
    r"Eastern Front": 10,
    r"Kosovo.*revised": 98,
    r"Kosovo 1999 NATO": 0,
    r"The Times": 14,
    r"US News": 32,
    r"Yugoslav own": 11,
    r"Winter War Soviet": 82,
    r"Winter War Finnish": 79,
    r"Georgia 2008 Georgian own": 7,
    r"Georgia 2008 Russian own$": 8,
    r"Georgia 2008.*civilian dead": 0,
    r"CENTCOM": 0,
    r"Sarajevo": 0,
    r"Formosa|Midway": 3,
    r"Coral Sea": 0,
    r"united-kingdom|-london": 0,
}

# A ratio without counts, whose sampling variance is unknown and small.
RATIO_ONLY = ("Vietnam 1965-72 united-states adversary ratio",)
LEFT_OUT = (
    # A third party's relay of an adversary's figure.
    "India-Pakistan 1971 Yeager, Indian aircraft",
)
# Notes of the list and the tables by war that say that window or class do not match.
WORDS_OF_LOW_TRUST = r"comparable|sum of all announcements"


def read_pairs(shared: Path = SHARED, additions: Path = ADDITIONS) -> pd.DataFrame:
    """Pairs that inform a role's bias: log ratios, count noise, trust and lag.

    A later figure of zero has no ratio. Such pairs are scored, see `read_zero_truths`.

    Returns
    -------
    DataFrame
        `case, cluster, claimant, role, class, log_ratio, count_var, sourced, low_trust, lag_days`.
    """
    wars = [_read_war(shared / path) for path in WARS]
    parts = [_read_list(shared / LIST), *wars, _read_additions(additions)]
    pairs = pd.concat(parts, ignore_index=True)
    pairs = pairs[pairs["role"].isin(ROLES) & pairs["class"].notna() & (pairs["actual"] > 0)]
    pairs = pairs[~pairs["case"].isin(LEFT_OUT)].reset_index(drop=True)
    # Posterior variance of the log of a Poisson mean with `actual` events under Jeffreys' prior.
    count_var = pd.Series(polygamma(1, pairs["actual"] + 0.5), pairs.index)
    return pairs.assign(
        log_ratio=np.log(_positive(pairs["claimed"]) / pairs["actual"]),
        count_var=count_var.mask(pairs["case"].isin(RATIO_ONLY), 0.0),
    ).drop(columns=["claimed", "actual"])


def read_zero_truths(additions: Path = ADDITIONS) -> pd.DataFrame:
    """Pairs with a later figure of zero, one a row, to score; one half stands for the zero.

    Those of the battles in `data/wars` are scored there.

    Returns
    -------
    DataFrame
        Columns of `data/history/clusters.csv` that `benchmarks/history.py score` reads.
    """
    pairs = _read_additions(additions)
    pairs = pairs[pairs["actual"] == 0]
    return pairs.assign(
        n=1,
        mean_log_ratio=np.log(pairs["claimed"] / ZERO_AS),
        count_var=polygamma(1, ZERO_AS),
        trust_var=LOW_TRUST_SD**2 * pairs["low_trust"],
    )


def summarise(pairs: pd.DataFrame, sources: Mapping[str, str]) -> pd.DataFrame:
    """Sufficient statistics of the log ratios by claimant and war or battle."""
    keys = ["cluster", "claimant", "role", "class"]
    weight = np.where(pairs["low_trust"], LOW_TRUST_WEIGHT, 1.0)
    weight /= pairs.assign(weight=weight).groupby(keys)["weight"].transform("sum")
    table = (
        pairs.assign(
            mean=weight * pairs["log_ratio"],
            count_var=weight**2 * pairs["count_var"],
            doubt=weight * pairs["low_trust"],
            lag_days=pairs["lag_days"].astype(float),
        )
        .groupby(keys, sort=True)
        .agg(
            n=("log_ratio", "size"),
            sourced=("sourced", "sum"),
            low_trust=("low_trust", "sum"),
            mean_log_ratio=("mean", "sum"),
            sd_log_ratio=("log_ratio", "std"),
            count_var=("count_var", "sum"),
            trust_var=("doubt", "sum"),
            lag_days=("lag_days", lambda days: days.median().round()),
        )
        .reset_index()
    )
    # What makes a claimant's pairs doubtful is the same for all of them and does not average out.
    table["trust_var"] = (LOW_TRUST_SD * table["trust_var"]) ** 2
    table["sources"] = table["cluster"].map(sources)
    digits = {"mean_log_ratio": 4, "sd_log_ratio": 4, "count_var": 5, "trust_var": 4}
    return table.astype({"sourced": int, "low_trust": int, "lag_days": "Int64"}).round(digits)


def _read_list(path: Path) -> pd.DataFrame:
    pairs = pd.read_csv(path)
    named = pairs["case"] + " " + pairs["claimant_role"].where(_is_phase(pairs["case"]), "")
    return pd.DataFrame(
        {
            "case": pairs["case"],
            "cluster": pairs["cluster"].replace(CLUSTERS),
            "claimant": [_first(CLAIMANTS, case) for case in named],
            "role": pairs["claimant_role"],
            "class": pairs["class"].map(CLASSES),
            "claimed": pairs["claimed"],
            "actual": pairs["actual"],
            "sourced": pairs["basis"] == "sourced",
            "low_trust": pairs["note"].fillna("").str.contains(WORDS_OF_LOW_TRUST),
            "lag_days": [_first(LAGS, case) for case in pairs["case"]],
        }
    )


def _read_war(path: Path) -> pd.DataFrame:
    pairs = pd.read_csv(path)
    battle = pairs["battle"] if "battle" in pairs else pd.Series("Falklands 1982", pairs.index)
    case = battle + " " + pairs["claimant"] + " " + pairs["role"] + " " + pairs["category"]
    return pd.DataFrame(
        {
            "case": case,
            "cluster": battle.replace(CLUSTERS),
            "claimant": [_first(CLAIMANTS, name) for name in case],
            "role": pairs["role"],
            "class": np.where(pairs["category"].isin(COUNTED), "person", "equipment"),
            "claimed": pairs["claimed"],
            "actual": pairs["truth"],
            "sourced": battle.isin(["Falklands 1982", "Formosa"]),
            "low_trust": pairs["note"].fillna("").str.contains(WORDS_OF_LOW_TRUST),
            "lag_days": [_first(LAGS, name) for name in case],
        }
    )


def _read_additions(path: Path) -> pd.DataFrame:
    pairs = pd.read_csv(path)
    case = (
        pairs["cluster"] + " " + pairs["claimant"] + " " + pairs["role"] + " " + pairs["category"]
    )
    return pairs.assign(case=case).drop(columns=["category", "folder", "note", "source"])


def _is_phase(case: pd.Series) -> pd.Series:
    """Whether a case names no claimant: the phases of the Battle of Britain."""
    return case.str.contains("Battle of Britain") & ~case.str.contains("RAF|German|British")


def _positive(counts: pd.Series) -> pd.Series:
    """Counts with one half for zero, whose log is finite."""
    return counts.where(counts > 0, ZERO_AS)


def _first(patterns: Mapping[str, object], case: str) -> object:
    return next((value for pattern, value in patterns.items() if re.search(pattern, case)), None)
