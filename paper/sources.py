"""Sources of the figures in the paper's comparisons that no fit has used."""

import pandas as pd

import lossmodel as lm
from lossmodel.api import Fit
from lossmodel.report.output.bibtex import FIELDS, entry, used_sources
from lossmodel.text.escape import tex
from paper.refits import Refits

BATTLE = "battle-of-britain"


def compared_sources(fit: Fit, again: Refits) -> str:
    """BibTeX entries of the sources of others' totals and of the truths of the backtests.

    Those of claims used in the fit are in the package's own bibliography.
    """
    battle = lm.load_conflict(BATTLE)
    there = set(used_sources(fit)["source"])
    wanted = {*again.published["source"], *truth_sources(fit.conflict)} - there
    entries = _entries(fit.conflict.sources, sorted(wanted))
    return entries + _entries(battle.sources, sorted({*truth_sources(battle)} - there))


def truth_sources(conflict: lm.Conflict) -> list[str]:
    """Keys of the sources of all truths about windows of several days."""
    truth = conflict.truth
    if truth is None:
        return []
    return sorted(set(truth.loc[truth["start"] != truth["end"], "source"]))


def cited(conflict: lm.Conflict) -> str:
    """Citations of the sources of the truth; the key where a source has no entry."""
    known = set(conflict.sources["source"])
    keys = truth_sources(conflict)
    entries = ",".join(key for key in keys if key in known)
    others = [tex(key) for key in keys if key not in known]
    return "; ".join([rf"\citealp{{{entries}}}"] * bool(entries) + others)


def _entries(sources: pd.DataFrame, keys: list[str]) -> str:
    """Entries as those of the package; the keys are those of the table, which the text cites."""
    known = sources[sources["source"].isin(keys)].sort_values("source")
    table = known.reindex(columns=["source", *FIELDS], fill_value="").fillna("").astype(str)
    rows = table.to_dict("records")
    return "".join(entry(str(row["source"]), row) + "\n" for row in rows)
