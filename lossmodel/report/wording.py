"""Names and numbers in the form that a report prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from lossmodel.conflict import titles
from lossmodel.conflict.titles import party_title
from lossmodel.inference.gates import UNEVEN
from lossmodel.posterior.tables import claimed_sums, log_sd
from lossmodel.report.one_claim import assumed_share, decisive_claim
from lossmodel.text.levels import HALF, NARROW, WIDE
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lossmodel.api import Fit
    from lossmodel.conflict.conflict import Conflict

__all__ = [
    "CONFIDENCE",
    "answer_keys",
    "category_title",
    "claimant_names",
    "claimed",
    "confidence",
    "estimate_text",
    "headline_keys",
    "interval",
    "is_civilian",
    "level",
    "main_categories",
    "main_parties",
    "party_title",
    "plain_doubt",
    "quantity_title",
    "question_of",
    "ratio",
    "scope_title",
]


def level(fit: Fit) -> str:
    """Probability of the intervals: 95%."""
    return f"{100 * fit.ci_prob:.4g}%"


def interval(row: Mapping[str, Any], prefix: str = "") -> str:
    """The limits of a row, rounded as all numbers are: 240,000 to 480,000."""
    lower, upper = row[f"{prefix}lower"], row[f"{prefix}upper"]
    return f"{number(lower, lower, upper)} to {number(upper, lower, upper)}"


def estimate_text(row: Mapping[str, Any], prefix: str = "") -> str:
    """The median of a row, rounded to its interval."""
    return number(row[f"{prefix}median"], row[f"{prefix}lower"], row[f"{prefix}upper"])


def ratio(row: Mapping[str, Any], prefix: str) -> str:
    """A ratio with its limits, or a dash where there is none."""
    if not math.isfinite(row[f"{prefix}median"]):
        return "–"
    lower, upper = row[f"{prefix}lower"], row[f"{prefix}upper"]
    limits = f"{number(lower, lower, upper)}–{number(upper, lower, upper)}"
    return f"{estimate_text(row, prefix)} ({limits})"


def claimed(value: float, low: float, high: float, qualifier: str) -> str:
    """A published figure with the digits of the claim."""
    words = {"at-least": "at least ", "at-most": "at most "}.get(qualifier, "")
    shown = f"{value:,.10g}" if math.isfinite(value) else ""
    if math.isfinite(low) and math.isfinite(high):
        limits = f"{low:,.10g} to {high:,.10g}"
        return words + (f"{shown} ({limits})" if shown else limits)
    return words + shown


def claimant_names(fit: Fit) -> titles.Names:
    """Name of each claimant by its identifier."""
    return titles.claimant_names(fit.conflict)


def quantity_title(fit: Fit, key: tuple[str, str, str]) -> str:
    """Name of a total: Russia, killed (citizens)."""
    return titles.total_title(fit.conflict, key)


def question_of(key: tuple[str, str, str]) -> str:
    """The question of a total to the last day, as for ``lossmodel query``: killed russia."""
    party, category, scope = key
    return " ".join((category, party) if scope == "all" else (category, party, scope))


def category_title(fit: Fit, category: str) -> str:
    """Title of a category within a sentence."""
    return titles.category_title(fit.conflict, category)


def scope_title(conflict: Conflict, scope: str) -> str:
    """Definition of a scope, in the words of the conflict."""
    if scope == "all":
        return "everyone counted for the party"
    return conflict.scopes[scope].title or scope if scope in conflict.scopes else scope


def main_parties(fit: Fit) -> list[str]:
    """First party of each side with estimates of the first category, or civilians with any."""
    first = main_categories(fit)[0]
    estimated = [p for p, category, scope in fit.series if scope == "all" and category == first]
    return list(fit.conflict.main_parties(estimated)) or estimated


def is_civilian(fit: Fit, party: str) -> bool:
    """Whether a party is civilians, who have no forces; sums of parties are not."""
    found = fit.conflict.parties.get(party)
    return found is not None and found.civilian


def main_categories(fit: Fit) -> list[str]:
    """Categories of the headlines: killed and casualties, or the first that is estimated."""
    estimated = list(dict.fromkeys(category for _, category, _ in fit.series))
    people: list[str] = [name for name in ("killed", "casualties") if name in estimated]
    return people or estimated[:1]


def headline_keys(fit: Fit) -> list[tuple[str, str, str]]:
    """Party, category and scope of the headlines: all forces of each main party."""
    keys = [(p, c, "all") for p in main_parties(fit) for c in main_categories(fit)]
    return [key for key in keys if key in fit.series]


# Sd of a log sum, relative to the least of its parts, below which it is an answer of its own:
# judgement. The sum of two equal and independent parts has 0.71.
BETTER: Final = 0.6


def answer_keys(fit: Fit) -> list[tuple[str, str, str]]:
    """Of the totals that a report begins with.

    The headlines, killed civilians, and sums of parties that figures are of and that are known
    better than each of their parts.
    """
    heads = headline_keys(fit)
    dead = [(name, "killed", "all") for name in fit.conflict.parties if is_civilian(fit, name)]
    heads += [key for key in dead if key in fit.series and key not in heads]
    return heads + [key for key in claimed_sums(fit) if _is_known_better(fit, key)]


def _is_known_better(fit: Fit, key: tuple[str, str, str]) -> bool:
    """Whether a sum of a headline's category has a far shorter interval than all of its parts."""
    party, category, scope = key
    parts = [(part, category, scope) for part in fit.conflict.components(party)]
    least = min(log_sd(fit, part) for part in parts)
    return category in main_categories(fit) and log_sd(fit, key) < BETTER * least


LEVELS: Final = ("High", "Moderate", "Low")
# The rule behind the words of `confidence`.
CONFIDENCE: Final = (
    f"Confidence is high if the upper limit is less than {NARROW:g} times the lower, low from "
    f"{WIDE:g} times on, and moderate between. Before that the interval is widened for readers "
    "with other assumptions: the share of the variance that is assumed counts twice, all of it "
    "where the total hangs on one claim. A limit below one half counts as one half. The ratio of "
    "the widened limits and the share stand beside the word."
)


def confidence(fit: Fit, key: tuple[str, str, str], total: Mapping[str, Any]) -> str:
    """How far to trust a total, by the rule of `CONFIDENCE`, with its two reasons as numbers.

    The share p of the variance V of the log total that comes from priors is the variance that the
    total would have if their means were drawn again, see ``posterior.variance``. For readers with
    assumptions of their own the variance is thus (1 + p) V, and the log of the limits' ratio
    grows by the root of 1 + p.
    """
    share, alone = assumed_share(fit, key), decisive_claim(fit, key) is not None
    lower, upper = total["lower"], total["upper"]
    # An unknown share may be all of the variance; so is that of a total which hangs on one claim.
    assumed = share if math.isfinite(share) else 1.0
    # Expected losses below a half are no loss, however far apart they are.
    wide = (max(upper, HALF) / max(lower, HALF)) ** math.sqrt(1 + assumed)
    words = f"{LEVELS[int(wide >= NARROW) + int(wide >= WIDE)]} confidence"
    factor = f"{wide:.1f}" if wide < 10 else f"{float(f'{wide:.2g}'):.0f}"
    ratio_words = f"upper limit {factor} times the lower with other assumptions"
    reasons = [ratio_words] if wide < 1000 else []
    reasons += [f"{percent(share)} assumed"] if math.isfinite(share) else []
    reasons += ["hangs on one claim"] if alone else []
    return f"{words}: {', '.join(reasons)}" if reasons else words


_NOT_REWEIGHTED: Final = (
    "its draws cannot be reweighted to the exact posterior, so the answer is the approximation"
)


def plain_doubt(said: str) -> str:
    """A reason of the gate in words for readers, who know no importance weights.

    Examples
    --------
    >>> plain_doubt("killed north is skewed (interval as wide)")
    'killed north is skewed (interval as wide)'
    """
    return said.replace(UNEVEN, _NOT_REWEIGHTED)
