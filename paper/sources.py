"""Sources of the figures that the paper compares with, as entries of a bibliography."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

import lossmodel as lm
from lossmodel.escapes import bibtex, tex, web_address
from lossmodel.fitting import Fit
from paper.refits import Refits

BATTLE = "battle-of-britain"


def bibliography(fit: Fit, again: Refits) -> str:
    """Entries of the sources behind others' totals and behind what is taken for the truth."""
    battle = lm.load_conflict(BATTLE)
    wanted = [*again.published["source"], *truth_sources(fit.conflict)]
    entries = _entries(fit.conflict.sources, wanted)
    return entries + _entries(battle.sources, truth_sources(battle))


def truth_sources(conflict: lm.Conflict) -> list[str]:
    """Keys of the sources of all truths about more than one day."""
    truth = conflict.truth
    if truth is None:
        return []
    return sorted(set(truth.loc[truth["start"] != truth["end"], "source"]))


def cited(conflict: lm.Conflict) -> str:
    """Citations of what is taken for the truth; a source without an entry by its key."""
    known = set(conflict.sources["source"])
    keys = truth_sources(conflict)
    entries = ",".join(key for key in keys if key in known)
    others = [tex(key) for key in keys if key not in known]
    return "; ".join([rf"\citealp{{{entries}}}"] * bool(entries) + others)


def _entries(sources: pd.DataFrame, keys: list[str]) -> str:
    known = sources[sources["source"].isin(keys)].sort_values("source")
    return "".join(_entry(row) for row in known.fillna("").to_dict("records"))


def _entry(row: Mapping[Hashable, Any]) -> str:
    publisher, day = str(row.get("publisher", "")), str(row.get("date", ""))[:10]
    address = web_address(str(row.get("url", "")))
    fields = {
        "author": f"{{{bibtex(publisher)}}}",
        "title": f"{{{bibtex(str(row['title']))}}}",
        "year": day[:4] or "no date",
        "note": day if len(day) > 4 else "",
        "howpublished": rf"\url{{{address.replace('%', chr(92) + '%')}}}" if address else "",
    }
    lines = [f"  {name} = {{{text}}}," for name, text in fields.items() if text.strip("{}")]
    return "\n".join([f"@misc{{{row['source']},", *lines, "}", ""])
