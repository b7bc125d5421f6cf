"""Claims of past wars whose truth is known: table for the priors, meta-analysis, scores.

    python benchmarks/history.py table    write data/history/clusters.csv from the single pairs
    python benchmarks/history.py report   print the priors of biases, and their sensitivity
    python benchmarks/history.py score    each war predicted from the others, beside rules of thumb

Not all single pairs are part of the project: `table` looks for the others beside the repository
(see `benchmarks/pairs.py`) and leaves the table as it is where they are absent.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from benchmarks.pairs import ADDITIONS, LIST, SHARED, read_pairs, read_zero_truths, summarise
from lossmodel.model import history, history_tables
from lossmodel.model.history_variance import within_variance

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "data" / "history" / "clusters.csv"
RESULTS = ROOT / "benchmarks" / "results"
SCORES = RESULTS / "history-scores.csv"
# The rows of adversaries that the first table had, with their statistics in it: the same ones are
# predicted again after each change of the table.
FIRST = RESULTS / "history-first-rows.csv"

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
    "Georgia 2008": "humanrights.ge 24 Aug 2008; UPI 25 Aug 2008; Interfax Aug 2009; Civil Georgia"
    " 9 Jul 2009 (Moscow Defense Brief); pages of data/wars/georgia2008; some truth from memory",
    "Gulf War 1991": "The Morning Call 25 Jan 1992; Time 4 Mar 1991; tanks' truth from memory;"
    " Hankyung 21 Jan 1991",
    "Korea 1950-53": "pages on MiG Alley, truth from memory; China Daily 27 Oct 2010; China"
    " Internet Information Center, Oct 2000; docslib 4459407",
    "Kosovo 1999": "Newsweek 15 May 2000; AP 8 May 2000; Washington Post 25 Aug 1999; The Times 24"
    " Jun 1999; Independent 21 Jun 1999; voltairenet.org article 6659; Wikipedia, Kosovo War",
    "Linebacker II 1972": "Wikipedia, Operation Linebacker II",
    "Peru 1980-2000": "Nature 425 (2003) 6; Truth and Reconciliation Commission",
    "Prokhorovka 1943": "Ostkrieg p. 120; Wikipedia, Battle of Prokhorovka",
    "Chechnya 1994-2003": "references of hrvc.net; Jamestown Foundation 2001; encyclopedia copy,"
    " Casualties of the Second Chechen War",
    "Falklands 1982": "United Press International 14 Jun 1982; Wikipedia, Falklands War",
    "Gaza 2008-14": "Agence France-Presse 19 Jan 2009; Haaretz (2010); encyclopedia copies,"
    " Casualties of the Gaza War and Operation Protective Edge; Islamic News; Elder of Ziyon"
    " (2009); Honest Reporting; NAVMS (2019)",
    "India-Pakistan 1965": "Deccan Herald; streetbuzz.pk",
    "Iran-Iraq 1980-88": "taz (IRNA 1988); Iran Times (Martyrs Foundation, Oct 2000)",
    "Kargil 1999": "Wikipedia, Kargil War (2006); superpowerpakistan.com; data/wars/kargil1999",
    "Lebanon 2006": "Jerusalem Post; Associated Press",
    "Pacific 1941-45": "Wairarapa Times-Age 18 Nov 1943 and other papers of Papers Past; copies of"
    " the announcements of Imperial Headquarters; Wikipedia, Formosa Air Battle and Joint Army-Navy"
    " Assessment Committee; Nikkan Gendai; Yomiuri 2018, as quoted",
    "Sino-Vietnamese 1979": "Wikipedia, Sino-Vietnamese War",
    "Six-Day War 1967": "Free Press, Jun 1967; a page of this day in history",
    "U-boats 1940": "Manawatu Standard 10 Aug 1940 (Papers Past)",
    "Vietnam 1965-72": "Wikipedia, Vietnam War body count controversy (Appy)",
    "War of Attrition 1969": "Jewish Telegraphic Agency",
    "Winter War": "NKID statement of 3 Jun 1940 (histdoc.net); Wikipedia, Winter War;"
    " Wairarapa Times-Age 1 Apr 1940",
}


def write_table() -> None:
    if not (SHARED / LIST).exists():
        sys.exit(f"{SHARED / LIST} is absent: {TABLE} stays as it is.")
    summarise(read_pairs(), SOURCES | sources()).to_csv(TABLE, index=False, lineterminator="\n")


def sources() -> dict[str, str]:
    """Sources by war of the pairs that are part of the project, after those of the lists."""
    pairs = pd.read_csv(ADDITIONS).dropna(subset="source")
    found = {}
    for cluster, rows in pairs.groupby("cluster"):
        own = "; ".join(dict.fromkeys(rows["source"]))
        named = SOURCES.get(str(cluster), "")
        found[str(cluster)] = f"{named}; {own}" if named else own
    return found


def print_report() -> None:
    table = history_tables.read_clusters()
    variants = {
        "as used": history.analyse(table),
        "selection ignored": history.analyse(table, selection=False),
        "claimants with a sourced pair only": history.analyse(table[table["sourced"] > 0]),
    }
    for cluster in sorted(set(table["cluster"])):
        variants[f"without {cluster}"] = history.analyse(
            history_tables.keep_clusters(table, cluster)
        )
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
    y, variance = total / n, within_variance(table, role, name) / n
    w = 1 / variance
    q = (w * (y - np.average(y, weights=w)) ** 2).sum()
    tau2 = max(0.0, (q - len(y) + 1) / (w.sum() - (w**2).sum() / w.sum())) if len(y) > 1 else 0.0
    w = 1 / (variance + tau2)
    mean, mean_sd = np.average(y, weights=w), 1 / np.sqrt(w.sum())
    numbers = {"mean": mean, "mean_sd": mean_sd, "tau": np.sqrt(tau2)}
    return {"role": role, "class": name, **numbers, "n": n.sum(), "clusters": len(y)}


def score_wars(table: pd.DataFrame, rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """Log ratio of every claimant of a war, and its prediction from the other wars.

    Parameters
    ----------
    table
        Statistics as in `clusters.csv`, which predict.
    rows
        The statistics that are predicted; by default all of the table.

    Returns
    -------
    DataFrame
        `cluster, claimant, role, class, n, log_ratio, expected, sd` (predictive), the error on the
        log scale of the truth as inferred from the claim: `history` (claim divided by the expected
        ratio), `face value`, `halved` (the claims of adversaries), and `crps` and `log_score` of
        the predictive normal.
    """
    rows = table if rows is None else rows
    rows = rows.assign(left=history.unsettled(rows))
    found = []
    for cluster in sorted(set(rows["cluster"])):
        others = history_tables.keep_clusters(table, cluster)
        biases = {(b.role, b.category_class): b for b in history.analyse(others)}
        for row in rows[rows["cluster"] == cluster].to_dict("records"):
            bias = biases.get((row["role"], row["class"]))
            if bias is None:
                continue
            variance = within_variance(others, row["role"], row["class"])
            noise = variance / row["n"] + row["count_var"] + row["trust_var"]
            expected = row["left"] * bias.mean
            sd = float(np.hypot(row["left"] * np.hypot(bias.sd, bias.tau_claimant), noise**0.5))
            ratio, halved = row["mean_log_ratio"], np.log(2) * (row["role"] == "adversary")
            error = ratio - expected
            found.append(
                {key: row[key] for key in ("cluster", "claimant", "role", "class", "n")}
                | {"log_ratio": ratio, "expected": expected, "sd": sd}
                | {"history": error, "face value": ratio, "halved": ratio - halved}
                | {"crps": crps(error, sd), "log_score": -norm.logpdf(error, scale=sd)}
            )
    return pd.DataFrame(found)


def crps(error: float, sd: float) -> float:
    """Continuous ranked probability score of a normal prediction; |error| of one without sd."""
    z = error / sd
    return float(sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - np.pi**-0.5))


def print_scores() -> None:
    table = history_tables.read_clusters()
    scores = score_wars(table)
    print(scores.round(2).to_string(index=False))
    scores["of"] = scores["role"] + " " + scores["class"]
    first = score_wars(table, pd.read_csv(FIRST)).assign(of="adversary, first rows")
    zero = score_wars(table, read_zero_truths()).assign(of="later figure of zero")
    both = pd.concat([scores, first, zero])
    rules = ["history", "face value", "halved"]
    print("\nMean absolute error on the log scale and scores of the prediction, rows alike")
    both[rules] = both[rules].abs()
    inside = both.assign(covered=both["history"] < norm.ppf(0.975) * both["sd"])
    columns = [*rules, "crps", "log_score", "covered"]
    means = inside.groupby("of")[columns].mean()
    print(means.assign(rows=both.groupby("of").size()).round(3).to_string())
    print("\nThe same, every war with the same weight")
    wars = inside.groupby(["of", "cluster"])[columns].mean()
    print(wars.groupby("of").mean().assign(wars=wars.groupby("of").size()).round(3).to_string())
    for rule in rules[1:]:
        better = (wars["history"] < wars[rule]).groupby("of").agg(["sum", "size"])
        print(f"\nwars with a smaller error by history than by {rule}\n{better.to_string()}")
    scores.drop(columns="of").round(4).to_csv(SCORES, index=False, lineterminator="\n")


def main(argv: list[str]) -> None:
    commands = {"table": write_table, "report": print_report, "score": print_scores}
    if len(argv) != 1 or argv[0] not in commands:
        sys.exit(__doc__)
    commands[argv[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
