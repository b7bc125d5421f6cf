"""The lines that stand for priors in a terminal and in a notebook."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lossmodel.text.card import Card

if TYPE_CHECKING:
    from collections.abc import Collection

    from lossmodel.model.prior import Prior

__all__ = ["card"]


def card(priors: Collection[Prior], left_out: Collection[str]) -> Card:
    """Numbers of priors by basis and by subject, and those that a user changed.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> changed = Priors.default().replace({"common.sd": {"median": 0.25}})
    >>> card(changed.entries.values(), changed.left_out).lines["changed"]
    'common.sd 0.25 sd of the log ratio shared by all but lists'
    """
    bases = Counter(prior.basis for prior in priors)
    groups = Counter(prior.name.partition(".")[0] for prior in priors)
    changed = [f"{p.name} {p.median:.3g} {p.unit}" for p in priors if p.basis == "user"]
    lines = {
        "basis": ", ".join(f"{word} {n}" for word, n in bases.most_common()),
        "about": ", ".join(f"{word} {n}" for word, n in groups.most_common()),
        "changed": "; ".join(changed),
        "left out": ", ".join(left_out),
        "more": ".table() has median, interval and reason of each; .replace() changes some",
    }
    return Card(f"{len(priors)} priors", lines)
