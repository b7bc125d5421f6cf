"""Draws of submodels that were sampled apart, brought to the same number of chains and draws.

Submodels share no unknown, so that any draw of one may stand beside any draw of another. What an
engine drew independently, as one chain, is dealt out over the chains of the others; then all are
cut to the shortest. Nothing is filled up: a repeated draw would count twice, and one that is
missing would count as zero in a sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["Lead", "common_lead", "dealt", "paired"]

# Numbers of chains and of draws.
Lead = tuple[int, int]


def common_lead(sizes: Iterable[Lead]) -> Lead:
    """The chains and draws that all submodels have.

    Examples
    --------
    >>> common_lead([(1, 1000), (1, 1000)]), common_lead([(1, 1000), (4, 400)])
    ((1, 1000), (4, 250))
    """
    known = list(sizes)
    chains = min((chains for chains, _ in known if chains > 1), default=1)
    if any(draws < chains for count, draws in known if count == 1):
        chains = 1
    return chains, min(_length(size, chains) for size in known)


def dealt(values: NDArray[Any], lead: Lead) -> NDArray[Any]:
    """Values of draws, shape (chains, draws, ...), in the numbers of `common_lead`.

    Examples
    --------
    >>> import numpy as np
    >>> dealt(np.arange(10)[None], (4, 2)).tolist()
    [[0, 1], [2, 3], [4, 5], [6, 7]]
    """
    chains, draws = lead
    length = _length((values.shape[0], values.shape[1]), chains)
    if values.shape[0] == 1:
        values = values[0, : chains * length].reshape(chains, length, *values.shape[2:])
    return values[:chains, :draws]


def paired(parts: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Draws of several quantities, shape (draws, ...), as many of each as all of them have.

    Examples
    --------
    >>> import numpy as np
    >>> [len(part) for part in paired([np.zeros(1000), np.zeros((1600, 3))])]
    [1000, 1000]
    """
    least = min(map(len, parts))
    return [part[:least] for part in parts]


def _length(size: Lead, chains: int) -> int:
    return size[1] // chains if size[0] == 1 else size[1]
