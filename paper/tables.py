"""Tables of the paper, in LaTeX with booktabs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import lossmodel as lm
from lossmodel.api import Fit
from lossmodel.evaluation.backtest import Backtest
from lossmodel.text.escape import tex
from lossmodel.text.numbers import number, percent
from paper.refits import COMMON_SDS, Refits
from paper.sources import BATTLE

# Rows of the table of biases, chosen by hand for its length.
BIASES = 18
PARTIES = ("russia", "ukraine")
Row = Sequence[str]


def write_tables(fit: Fit, again: Refits, biases: pd.DataFrame, out: Path) -> None:
    """Write `totals`, `years`, `biases`, `published`, `backtests` and `battle` as `.tex`."""
    tables = {
        "totals": totals(fit, again),
        "years": years(fit),
        "biases": ratios(fit, biases),
        "published": published(fit, again.published),
        "backtests": backtests(again.past, fit.conflict),
        "battle": backtests(again.battle, lm.load_conflict(BATTLE)),
    }
    for name, text in tables.items():
        (out / f"{name}.tex").write_text(text, encoding="utf-8")


def totals(fit: Fit, again: Refits) -> str:
    """Losses since the start, with intervals under other sds of the common mode."""
    decomposition = fit.variance_decomposition.drop_duplicates("quantity")
    shares = decomposition.set_index("quantity")["prior_share"]
    rows = []
    for party, category, scope in fit.series:
        if not fit.submodel_of(party, category).design.people:
            continue
        row = fit.estimate(category, party, scope=scope, measure="cumulative").iloc[-1]
        others = again.other_common_sds
        others = others[(others["quantity"] == f"{category} {party}") & (scope == "all")]
        intervals = [_interval_at(others, sd) for sd in COMMON_SDS]
        share = percent(shares[f"{category} {party} {scope}"]).replace("%", r"\%")
        name = _party(fit.conflict, party, scope)
        rows.append([name, category, _median(row), _range(row), *intervals, share])
    sds = [f"$\\sigma_c={sd:.2f}$" for sd in COMMON_SDS]
    head = ["", "", "median", "interval", *sds, "prior share"]
    return _tabular("llrrrrr", head, _grouped(rows))


def _interval_at(table: pd.DataFrame, sd: float) -> str:
    rows = table[np.isclose(table["common_sd"], sd)]
    return _range(rows.iloc[0]) if len(rows) else ""


def years(fit: Fit) -> str:
    """Losses of each calendar year."""
    parts = [
        fit.estimate(category, party, measure="yearly")
        for category in ("killed", "casualties")
        for party in PARTIES
    ]
    rows = [
        [
            str(some[0].start.year),
            *(f"{_median(r._asdict())} ({_range(r._asdict())})" for r in some),
        ]
        for some in zip(*(part.itertuples() for part in parts), strict=True)
    ]
    names = [fit.conflict.parties[party].title for party in PARTIES]
    head = ["", *(f"{word}, {tex(name)}" for word in ("killed", "casualties") for name in names)]
    return _tabular("lrrrr", head, rows)


def ratios(fit: Fit, biases: pd.DataFrame) -> str:
    """Ratios of the streams with the most evidence, under three definitions."""
    rows = biases[(biases["start"] == fit.days[0]) & (biases["end"] == fit.days[-1])]
    rows = rows[
        rows["definition_wounded_share_median"].notna() & rows["party"].isin(_military(fit))
    ]
    rows = rows.drop_duplicates(["claimant", "party", "category"], keep="last")
    rows = rows.sort_values("n_used", ascending=False, kind="stable").head(BIASES)
    rows = rows.sort_values(["party", "role", "claimant", "category"], kind="stable")
    lines = []
    for row in rows.to_dict("records"):
        about = _party(fit.conflict, row["party"])
        cells = [tex(row["claimant"]), about, tex(row["category"]), tex(row["role"])]
        others = [
            _median(row, prefix) if row[f"{prefix}median"] > 0 else ""
            for prefix in ("ratio_if_killed_", "ratio_if_casualties_")
        ]
        posterior = _median(row, "ratio_"), _range(row, "ratio_")
        lines.append([*cells, str(row["n_used"]), _range(row, "prior_"), *posterior, *others])
    head = ["claimant", "about", "word", "role", "$n$", "prior", "ratio", "interval"]
    return _tabular("llllrrrrrr", [*head, "if killed", "if cas."], lines)


def published(fit: Fit, table: pd.DataFrame) -> str:
    """Others' totals, and those of this model from claims published by the same day."""
    rows = []
    for row in table.to_dict("records"):
        theirs = f"{row['value']:,.0f}" if row["value"] == row["value"] else ""
        if row["low"] == row["low"]:
            limits = f"{row['low']:,.0f}--{row['high']:,.0f}"
            theirs = f"{theirs} ({limits})" if theirs else limits
        what = f"{row['category']}, {_party(fit.conflict, row['party'], row['scope'])}"
        name = rf"{tex(row['claimant'])} \citep{{{row['source']}}}"
        cells = [f"{row['published'].date()}", name, what, str(row["end"].date())]
        earlier = "" if row["at"] == cells[-1] else str(row["at"])
        rows.append([*cells, theirs, f"{_median(row)} ({_range(row)})", earlier])
    head = ["published", "by", "of", "up to", "their figure", "this model", "to"]
    ragged = r">{\raggedright\arraybackslash}p"
    return _tabular(rf"l{ragged}{{5.2cm}}{ragged}{{2.9cm}}lrrl", head, rows)


def backtests(found: Backtest, conflict: lm.Conflict) -> str:
    """Later truths, and the intervals of fits on earlier claims."""
    rows = []
    for row in found.windows.to_dict("records"):
        what = f"{row['category']}, {_party(conflict, row['party'], row['scope'])}"
        hit = "yes" if row["covered_95"] else "no"
        cells = [what, f"{row['start']}", f"{row['end']}", f"{row['truth']:,.0f}"]
        rows.append([*cells, _median(row), _range(row), hit, f"{row['pit']:.2f}"])
    head = ["", "from", "to", "truth", "median", "interval", "inside", "PIT"]
    return _tabular("lllrrrlr", head, rows)


def _military(fit: Fit) -> list[str]:
    return [
        name
        for name in fit.conflict.parties
        if not fit.conflict.parties[fit.conflict.components(name)[0]].civilian
    ]


def _party(conflict: lm.Conflict, party: str, scope: str = "all") -> str:
    title = tex(conflict.parties[party].title)
    return title if scope == "all" else f"{title}, {tex(scope)}"


def _median(row: Any, prefix: str = "") -> str:
    return number(row[f"{prefix}median"], row[f"{prefix}lower"], row[f"{prefix}upper"])


def _range(row: Any, prefix: str = "") -> str:
    limits = row[f"{prefix}lower"], row[f"{prefix}upper"]
    lower, upper = (number(limit, *limits) for limit in limits)
    return f"{lower}--{upper}"


def _grouped(rows: list[list[str]]) -> list[list[str]]:
    """Name each party once, with space above."""
    found: list[list[str]] = []
    before = ""
    for row in rows:
        space = r"\addlinespace " if found else ""
        found.append(["" if row[0] == before else space + row[0], *row[1:]])
        before = row[0]
    return found


def _tabular(columns: str, head: Row, rows: Iterable[Row]) -> str:
    lines = [" & ".join(row) + r" \\" for row in rows]
    body = "\n".join(lines)
    top = " & ".join(head) + r" \\"
    return (
        f"\\begin{{tabular}}{{@{{}}{columns}@{{}}}}\n\\toprule\n{top}\n\\midrule\n"
        f"{body}\n\\bottomrule\n\\end{{tabular}}%\n"
    )
