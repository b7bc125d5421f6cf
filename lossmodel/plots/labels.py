"""Names of claimants and totals beside a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lossmodel.conflict.titles import category_title, party_title, short_names
from lossmodel.tables.readings import is_auxiliary
from lossmodel.tables.schema import STREAM

if TYPE_CHECKING:
    import pandas as pd

    from lossmodel.plots.drawable import Drawable

__all__ = ["counted", "shortened", "stream_label", "totals", "with_others"]

# Letters of a claimant's name beside a plot, which leaves half of a phone's width to the plot.
NAME: Final = 26


def stream_label(fit: Drawable, stream: Any, party: str | None) -> str:
    """Claimant and category, with a star if other parties than the plotted one are in it.

    The accounting is named where the claimant has two of one category: a ledger, and the recount
    after the fighting.
    """
    others = with_others(fit, stream.party, party)
    claimant = short_names(fit.conflict)[stream.claimant]
    # Some titles are definitions; the key is the word that claimants use.
    title, word = category_title(fit.conflict, stream.category), stream.category.replace("-", " ")
    key = [stream.claimant, stream.party, stream.category]
    own = fit.streams[~is_auxiliary(fit.streams["accounting"])]
    alike = (own[STREAM] == key).all(axis=1).sum()
    accounting = f" ({stream.accounting})" if alike > 1 else ""
    return f"{shortened(claimant)}: {min(title, word, key=len)}{accounting}{'*' * others}"


def with_others(fit: Drawable, party: str, plotted: str | None) -> bool:
    """Whether figures about a party include others than the plotted one."""
    return plotted is not None and any(p != plotted for p in fit.conflict.components(party))


def shortened(name: str, room: int = NAME) -> str:
    """A name for which a label has room: the ends tell ministries of two countries apart.

    Examples
    --------
    >>> shortened("Ministry of Defence of the North")
    'Ministry of De…f the North'
    """
    if len(name) <= room:
        return name
    end = room // 2 - 2
    return f"{name[: room - 1 - end].rstrip()}…{name[-end:].lstrip()}"


def counted(fit: Drawable, order: pd.Series, claimant: str) -> str:
    """A claimant with the number of its figures."""
    return f"{shortened(short_names(fit.conflict)[claimant])} ({order[claimant]})"


def totals(fit: Drawable, quantities: pd.Index) -> list[str]:
    """Names of totals, of ``killed russia citizens``: Russia, killed (citizens)."""
    names = {
        f"{category} {party} {scope}": f"{party_title(fit.conflict, party)}, "
        f"{category_title(fit.conflict, category)}{'' if scope == 'all' else f' ({scope})'}"
        for party, category, scope in fit.series
    }
    return [names.get(str(quantity), str(quantity)) for quantity in quantities]
