"""Claims of past wars whose truth is known: table for the priors, meta-analysis, scores.

    python benchmarks/history.py table    write data/history/clusters.csv from the single pairs
    python benchmarks/history.py report   print the priors of biases, and their sensitivity
    python benchmarks/history.py score    each war predicted from the others, beside rules of thumb

The single pairs are not part of the project: `table` looks for them beside the repository and
leaves the table as it is where they are absent.
"""

import re
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import polygamma

from lossmodel.model import history

ROOT = Path(__file__).resolve().parents[1]
PAIRS = ROOT.parent / "shared" / "reference" / "history" / "overclaim.csv"
TABLE = ROOT / "data" / "history" / "clusters.csv"
SCORES = ROOT / "benchmarks" / "results" / "history-scores.csv"

ROLES = ("adversary", "self", "third-party")
CLASSES = {"personnel": "person", "materiel": "equipment", "civilians": "civilian"}
CLUSTERS = {
    "Formosa": "Formosa 1944",
    "Gulf War": "Gulf War 1991",
    "Eastern Front": "Eastern Front 1941",
    "Prokhorovka 12": "Prokhorovka 1943",
    "Linebacker": "Linebacker II 1972",
    "Darwin June": "Darwin 1942",
    "Flying Tigers": "Flying Tigers 1941-42",
    "Korea": "Korea 1950-53",
    "Bosnia": "Bosnia 1992-95",
    "Peru": "Peru 1980-2000",
}

# Claimants by the wording of the case; the first pattern that matches counts.
CLAIMANTS = {
    r"Battle of Britain.*German": "german-high-command",
    r"Battle of Britain.*(RAF|British)": "air-ministry",
    r"German claim": "german-high-command",
    r"Soviet": "soviet-union",
    r"USAF": "us-air-force",
    r"Japanese": "japan",
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
}

# Sources of the claims and the later figures; "memory" for a truth without a published source.
SOURCES = {
    "Battle of Britain": "House of Commons 14 May 1947 (Hansard vol 437); Papers Past, newspapers"
    " of Jul-Oct 1940; RAF campaign diary; Wood and Dempster, The Narrow Margin; Overy, The Battle"
    " of Britain",
    "Bosnia 1992-95": "Balkan Insight and BBC 21 Jun 2007; Zwierzchowski and Tabeau 2010",
    "Darwin 1942": "yarchive.net/mil/japanese_losses.html",
    "Dieppe 1942": "euronet.nl Dieppe page; truth from memory",
    "Eastern Front 1941": "Time 18 Aug 1941, How Big Were the Lies?; truth from memory of Halder,"
    " Krivosheev and Mueller-Hillebrand, interpolated to the date",
    "Flying Tigers 1941-42": "American Volunteer Group claims against Japanese records, as quoted",
    "Formosa 1944": "Wikipedia, Formosa Air Battle",
    "Georgia 2008": "humanrights.ge 24 Aug 2008; UPI 25 Aug 2008; truth from memory",
    "Gulf War 1991": "The Morning Call 25 Jan 1992; Time 4 Mar 1991; tanks' truth from memory",
    "Korea 1950-53": "pages on MiG Alley; truth from memory",
    "Kosovo 1999": "Newsweek 15 May 2000; AP 8 May 2000; Washington Post 25 Aug 1999; The Times 24"
    " Jun 1999; Independent 21 Jun 1999; voltairenet.org article 6659; Wikipedia, Kosovo War",
    "Linebacker II 1972": "Wikipedia, Operation Linebacker II",
    "Peru 1980-2000": "Nature 425 (2003) 6; Truth and Reconciliation Commission",
    "Prokhorovka 1943": "Ostkrieg p. 120; Wikipedia, Battle of Prokhorovka",
    "Winter War": "NKID statement of 3 Jun 1940 (histdoc.net); Wikipedia, Winter War",
}

# Relays of an adversary's figure by a third party.
RELAYS = ("India-Pakistan 1971 Yeager, Indian aircraft",)


def read_pairs(path: Path = PAIRS) -> pd.DataFrame:
    """Pairs of claim and truth that inform a role's bias: log ratios and their count noise."""
    pairs = pd.read_csv(path)
    pairs = pairs[pairs["claimant_role"].isin(ROLES) & pairs["class"].isin(CLASSES)]
    pairs = pairs[~pairs["case"].isin(RELAYS)]
    truth = pairs["actual"].where(pairs["actual"] > 0, 0.5)
    return pd.DataFrame(
        {
            "cluster": pairs["cluster"].replace(CLUSTERS),
            "claimant": [name_claimant(*row) for row in pairs[["case", "claimant_role"]].values],
            "role": pairs["claimant_role"],
            "class": pairs["class"].map(CLASSES),
            "log_ratio": np.log(pairs["claimed"] / truth),
            # Posterior variance of the log of a Poisson mean with `actual` events under Jeffreys'
            # prior: trigamma(actual + 1/2).
            "count_var": polygamma(1, pairs["actual"] + 0.5),
            "sourced": pairs["basis"] == "sourced",
        }
    )


def name_claimant(case: str, role: str) -> str:
    for pattern, claimant in CLAIMANTS.items():
        if re.search(pattern, case):
            return claimant
    # The phases of the Battle of Britain name no claimant.
    return "air-ministry" if role == "adversary" else "german-high-command"


def summarise(pairs: pd.DataFrame) -> pd.DataFrame:
    """Sufficient statistics of the log ratios by claimant and war or battle."""
    keys = ["cluster", "claimant", "role", "class"]
    table = (
        pairs.groupby(keys, sort=True)
        .agg(
            n=("log_ratio", "size"),
            sourced=("sourced", "sum"),
            mean_log_ratio=("log_ratio", "mean"),
            sd_log_ratio=("log_ratio", "std"),
            count_var=("count_var", lambda values: values.sum() / len(values) ** 2),
        )
        .reset_index()
    )
    table["sources"] = table["cluster"].map(SOURCES)
    return table.round({"mean_log_ratio": 4, "sd_log_ratio": 4, "count_var": 5})


def write_table() -> None:
    if not PAIRS.exists():
        sys.exit(f"{PAIRS} is absent: {TABLE} stays as it is.")
    summarise(read_pairs()).to_csv(TABLE, index=False, lineterminator="\n")


def print_report() -> None:
    table = history.read_clusters()
    variants = {
        "as used": history.analyse(table),
        "selection ignored": history.analyse(table, selection=False),
        "claimants with a sourced pair only": history.analyse(table[table["sourced"] > 0]),
    }
    for cluster in sorted(set(table["cluster"])):
        variants[f"without {cluster}"] = history.analyse(history.keep_clusters(table, cluster))
    for title, biases in variants.items():
        print(f"\n{title}")
        print(pd.DataFrame([asdict(b) | {"sd": b.sd} for b in biases]).round(2).to_string())
    print("\nDerSimonian-Laird over clusters (one class at a time, nothing pooled)")
    rows = [pool_clusters(table, *key) for key in table.groupby(["role", "class"]).groups]
    print(pd.DataFrame(rows).round(2).to_string())


def pool_clusters(table: pd.DataFrame, role: str, name: str) -> dict[str, object]:
    """The estimate of DerSimonian and Laird (1986) from cluster means, to compare with ours."""
    rows = table[(table["role"] == role) & (table["class"] == name)]
    n = rows.groupby("cluster")["n"].sum().to_numpy()
    total = (rows["n"] * rows["mean_log_ratio"]).groupby(rows["cluster"]).sum().to_numpy()
    y, variance = total / n, history.pool_variance(table) / n
    w = 1 / variance
    q = (w * (y - np.average(y, weights=w)) ** 2).sum()
    tau2 = max(0.0, (q - len(y) + 1) / (w.sum() - (w**2).sum() / w.sum())) if len(y) > 1 else 0.0
    w = 1 / (variance + tau2)
    mean, mean_sd = np.average(y, weights=w), 1 / np.sqrt(w.sum())
    numbers = {"mean": mean, "mean_sd": mean_sd, "tau": np.sqrt(tau2)}
    return {"role": role, "class": name, **numbers, "n": n.sum(), "clusters": len(y)}


def score_wars(table: pd.DataFrame) -> pd.DataFrame:
    """Log ratio of every claimant of a war, and its prediction from the other wars.

    Returns
    -------
    DataFrame
        `cluster, claimant, role, class, n, log_ratio, expected, sd` (predictive), and the error on
        the log scale of the truth as inferred from the claim: `history` (claim divided by the
        expected ratio), `face value`, `halved` (the claims of adversaries).
    """
    rows = []
    for cluster in sorted(set(table["cluster"])):
        others = history.keep_clusters(table, cluster)
        variance = history.pool_variance(others)
        biases = {(b.role, b.category_class): b for b in history.analyse(others)}
        for row in table[table["cluster"] == cluster].to_dict("records"):
            bias = biases.get((row["role"], row["class"]))
            if bias is None:
                continue
            noise = bias.tau_claimant**2 + variance / row["n"] + row["count_var"]
            ratio, halved = row["mean_log_ratio"], np.log(2) * (row["role"] == "adversary")
            rows.append(
                {key: row[key] for key in ("cluster", "claimant", "role", "class", "n")}
                | {"log_ratio": ratio, "expected": bias.mean, "sd": np.hypot(bias.sd, noise**0.5)}
                | {"history": ratio - bias.mean, "face value": ratio, "halved": ratio - halved}
            )
    return pd.DataFrame(rows)


def print_scores() -> None:
    scores = score_wars(history.read_clusters())
    rules = ["history", "face value", "halved"]
    print(scores.round(2).to_string(index=False))
    wars = scores.groupby(["role", "cluster"])[rules].agg(lambda error: error.abs().mean())
    print("\nMean absolute error on the log scale, every war with the same weight")
    print(wars.groupby("role").mean().round(2).to_string())
    for rule in rules[1:]:
        better = (wars["history"] < wars[rule]).groupby("role").agg(["sum", "size"])
        print(f"\nwars with a smaller error by history than by {rule}\n{better.to_string()}")
    z = scores["history"] / scores["sd"]
    print(f"\n{(z.abs() < 1.96).mean():.0%} of {len(z)} inside 95%, sd of z {z.std():.2f}")
    scores.round(4).to_csv(SCORES, index=False, lineterminator="\n")


def main(argv: list[str]) -> None:
    commands = {"table": write_table, "report": print_report, "score": print_scores}
    if len(argv) != 1 or argv[0] not in commands:
        sys.exit(__doc__)
    commands[argv[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
