"""The shares of a total's uncertainty by figures and kinds of assumptions, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lossmodel.api import Fit

__all__ = ["FIGURES", "PARTS", "scale_of", "scale_words"]

FIGURES: Final = "the figures"
# Parts of the scale, within a sentence, with their blocks of `Fit.variance_decomposition`.
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "how much lists and registers cover": ("coverage and delay", "registers"),
    "the bias of single claimants": ("bias",),
    "errors that claimants share": ("common mode",),
    "the missing": ("missing",),
    "the share of killed among casualties": ("lethality",),
    "the definition of words": ("definition",),
    "how losses vary over time": ("path",),
    "the size of parts of a party's forces": ("scope",),
    "the noise of single figures": ("noise scales",),
}
# Parts named in a sentence; the table has them all.
NAMED: Final = 3
# A share that is printed as more than "under 1%".
LEAST: Final = 0.01


def scale_of(fit: Fit, key: tuple[str, str, str]) -> dict[str, float]:
    """Shares of the variance of a log total: of the figures, then of each part, largest first.

    Empty if the decomposition is not known.
    """
    party, category, scope = key
    table = fit.variance_decomposition
    rows = table[table["quantity"] == f"{category} {party} {scope}"]
    if rows.empty:
        return {}
    own = {block: part for part, blocks in PARTS.items() for block in blocks}
    shares: dict[str, float] = {}
    for block, share in zip(rows["block"], rows["share"], strict=True):
        part = own.get(block, block)
        shares[part] = shares.get(part, 0.0) + float(share)
    ranked = dict(sorted(shares.items(), key=lambda pair: -pair[1]))
    return {FIGURES: max(1 - float(rows["prior_share"].iloc[0]), 0.0)} | ranked


def scale_words(fit: Fit, key: tuple[str, str, str]) -> str:
    """The scale as a clause, without its end; empty if it is not known."""
    scale = scale_of(fit, key)
    if not scale:
        return ""
    figures = scale.pop(FIGURES)
    named = [f"{percent(share)} on {part}" for part, share in scale.items() if share >= LEAST]
    words = f"Of its uncertainty, {percent(figures)} is noise in the figures"
    return f"{words}; the rest is assumptions: {_listed(named[:NAMED])}" if named else words


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
