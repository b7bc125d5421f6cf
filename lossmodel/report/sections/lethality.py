"""Where the lethality of two sides drifts apart."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from lossmodel.conflict.durations import HALF_YEAR
from lossmodel.posterior.rates import rates
from lossmodel.report.blocks import Text
from lossmodel.report.wording import party_title

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossmodel.api import Fit

__all__ = ["drifting_apart"]

# Posterior probability that one side's lethality rose against the other's, or fell, from which the
# two are said to drift apart: the level of the report's intervals by default.
LIKELY: Final = 0.975


def drifting_apart(fit: Fit) -> list[Text]:
    """A sentence for each two parties of different sides whose lethality changed differently.

    Compared are the first and the last third of the days: in less than half a year lethality has
    no time to drift.
    """
    third = len(fit.days) // 3
    if len(fit.days) < HALF_YEAR:
        return []
    there = [p for p, category, scope in fit.series if (category, scope) == ("casualties", "all")]
    parties = fit.conflict.main_parties(tuple(there))
    windows = ((0, third - 1), (len(fit.days) - third, len(fit.days) - 1))
    found = {party: [_lethality(fit, party, *days) for days in windows] for party in parties}
    texts = []
    for one, other in combinations(parties, 2):
        changes = [_logit(late) - _logit(early) for early, late in (found[one], found[other])]
        rose = float((changes[0] > changes[1]).mean())
        if max(rose, 1 - rose) > LIKELY:
            words = " and ".join(
                f"{party_title(fit.conflict, party)} from {np.median(found[party][0]):.2f} to "
                f"{np.median(found[party][1]):.2f}"
                for party in (one, other)
            )
            texts.append(
                Text(
                    "The share of the killed among the casualties drifts apart between the first "
                    f"and the last third of the days: of {words}. The changes differ with "
                    f"probability {max(rose, 1 - rose):.3f}."
                )
            )
    return texts


def _lethality(fit: Fit, party: str, first: int, last: int) -> NDArray[np.float64]:
    """Killed by casualties over some days, per draw."""
    killed, casualties = (
        rates(fit, party, category).between(first, last) for category in ("killed", "casualties")
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # a party without losses in them
        return np.asarray(killed / casualties)


def _logit(share: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(share) - np.log1p(-share))
