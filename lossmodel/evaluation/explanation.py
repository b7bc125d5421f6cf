"""Totals of a fit under other assumptions: the draws of its refits, and what follows from them."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lossmodel import __version__
from lossmodel.evaluation.assumptions import COMMON, Assumption, assumptions_of
from lossmodel.evaluation.next_claim import COLUMNS
from lossmodel.evaluation.reweighting import Family, Pool, pooled
from lossmodel.inference.weights import effective, weighted_quantiles
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.container import checksum
from lossmodel.system.unfinished import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from lossmodel.api import Fit
    from lossmodel.model.design.grid import Floats, Ints
    from lossmodel.model.priors import Priors
    from lossmodel.posterior.reported import Series

__all__ = ["FILE", "Answer", "Explanation", "coded", "read_explanation"]

# Changed with the content of saved explanations.
FORMAT: Final = 2
FILE: Final = "explain.npz"
# Fields of an explanation, as they are saved.
DRAWN: Final = ("statistics", "logs", "curves")
ARRAYS: Final = ("own", "nodes", "sizes", "counts", "days", *DRAWN)
SCALARS: Final = ("fit_sha256", "ci_prob", "keys", "priors", "efficiency")


@dataclass(frozen=True)
class Answer:
    """Totals at one position of the assumptions.

    Attributes
    ----------
    totals
        Median, lower and upper limit of each total, shape (K, 3).
    effective
        Number of effective draws behind them.
    """

    totals: Floats
    effective: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Refits of a fit under other assumptions.

    Attributes
    ----------
    fit_sha256
        Of the fit.
    ci_prob
        Probability of its intervals.
    keys
        Party, category and scope of K totals.
    own
        Median, lower and upper limit of each total by the fit, shape (K, 3).
    priors
        Names of the priors of J assumptions, those that carry most first.
    nodes
        Positions of the fit and of its refits, shape (1 + 2 J, J).
    sizes
        See `reweighting.Family`, shape (J,).
    counts
        Draws of each node, none of one that did not pass its gate; the sum is N.
    efficiency
        Effective draws per draw: 1 unless a sampler drew them.
    statistics
        See `reweighting`, shape (N, J).
    logs
        Log totals, shape (N, K).
    days
        Number of each day of a curve, from 0, shape (G,).
    curves
        Log totals to these days, shape (N, K, G).
    next_claims
        See `next_claim.next_claims`.
    """

    fit_sha256: str
    ci_prob: float
    keys: tuple[Series, ...]
    own: Floats
    priors: tuple[str, ...]
    nodes: Floats
    sizes: Floats
    counts: Ints
    efficiency: float
    statistics: Floats
    logs: Floats
    days: Ints
    curves: Floats
    next_claims: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=[*COLUMNS]))

    @property
    def levels(self) -> Floats:
        """Levels of median, lower and upper limit."""
        tail = (1 - self.ci_prob) / 2
        return np.array([0.5, tail, 1 - tail])

    @cached_property
    def pool(self) -> Pool:
        """The draws of all nodes, for weights."""
        draws = np.split(self.statistics, self.bounds)
        return pooled(self.family, [draws[n] for n in self.passed], self.nodes[self.passed])

    @property
    def passed(self) -> Ints:
        """Numbers of the nodes that passed their gate."""
        return np.flatnonzero(self.counts)

    @property
    def family(self) -> Family:
        """The priors of all positions."""
        scaled = np.array([name == COMMON for name in self.priors], dtype=bool)
        return Family(scaled, self.sizes)

    @property
    def bounds(self) -> Ints:
        """Where the draws of one node end and those of the next begin."""
        return np.cumsum(self.counts)[:-1]

    def save(self, folder: Path) -> Path:
        """Write it beside a fit, whole or not at all."""
        content = {name: np.asarray(getattr(self, name)) for name in (*ARRAYS, *SCALARS)}
        content["curves"] = content["curves"].astype("f4")
        content["next_claims"] = np.array(json.dumps(self.next_claims.to_dict("records")))
        content |= {"format": np.array(FORMAT), "version": np.array(__version__)}
        content["checksum"] = np.array(checksum(content))
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **content)
        write_whole(folder / FILE, stream.getvalue())
        return folder / FILE

    def assumptions(self, priors: Priors) -> list[Assumption]:
        """The assumptions with their words."""
        known = {a.prior: a for a in assumptions_of(priors)}
        return [known[name] for name in self.priors]

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """Totals at each node, which the summary, sentences and the table of refits share."""
        return tuple(map(self.at, self.nodes))

    def at(self, position: Floats) -> Answer:
        """Totals at a position of the assumptions, shape (J,), by weights.

        At the position of the fit they are those of the fit, which has fewer draws than the pool
        of all refits. The difference, an error of the fit, is taken over to other positions less
        and less, and not at all from the ends of the assumptions on.
        """
        place = np.asarray(position, dtype=float)
        weights = self.pool.weights(place)
        far = max(float(place @ node) / float(node @ node) for node in self.nodes[1:])
        kept = min(max(1 - far, 0.0), 1.0)
        totals = np.exp(self._by(weights) - kept * self._error)
        return Answer(totals, effective(weights) * self.efficiency)

    @cached_property
    def _error(self) -> Floats:
        """Log limits by weights at the fit less those of the fit, shape (K, 3)."""
        return self._by(self.pool.weights(self.nodes[0])) - np.log(self.own)

    @cached_property
    def disagreement(self) -> float:
        """Largest difference, in posterior sds, of a median by weights from that of its node.

        It is small where the nodes' draws fit together; the approximations of refits need not.
        """
        found = []
        draws = np.split(self.logs, self.bounds)
        for node in self.passed:
            own = draws[node]
            medians = self._by(self.pool.weights(self.nodes[node]))[:, 0]
            found.append(np.abs((medians - np.median(own, axis=0)) / own.std(axis=0)).max())
        return float(max(found))

    def _by(self, weights: Floats) -> Floats:
        """Limits of the log totals by weights, shape (K, 3)."""
        return np.array([weighted_quantiles(x, weights, self.levels) for x in self.logs.T])


def read_explanation(folder: Path, fit: Fit) -> Explanation | None:
    """The explanation that was saved beside a fit; None for none, or for one of another fit.

    Another version of the package may have another model, so its explanations are passed over.
    """
    try:
        content = io.BytesIO((folder / FILE).read_bytes())
        with np.load(content, allow_pickle=False) as stored:
            known = {name: stored[name] for name in stored.files}
        if (int(known["format"]), str(known["version"])) != (FORMAT, __version__):
            return None
        if str(known["fit_sha256"]) != fit_hash(fit):
            return None
        if str(known.pop("checksum")) != checksum(known):
            raise ValueError("it was changed since it was written")
        found = {name: known[name] for name in ARRAYS}
        return Explanation(
            fit_sha256=str(known["fit_sha256"]),
            ci_prob=float(known["ci_prob"]),
            keys=tuple((str(p), str(c), str(s)) for p, c, s in known["keys"]),
            priors=tuple(map(str, known["priors"])),
            efficiency=float(known["efficiency"]),
            next_claims=pd.DataFrame(json.loads(str(known["next_claims"])), columns=[*COLUMNS]),
            **found | {name: found[name].astype(float) for name in DRAWN},
        )
    except FileNotFoundError:
        return None
    # Whatever a file of this name may hold, the report is that of the fit.
    except Exception as problem:  # noqa: BLE001
        words = "%s cannot be read (%s) and is left out: run `lossmodel explain` again."
        logging.getLogger(__name__).warning(words, folder / FILE, problem)
        return None


def coded(values: Floats, levels: int) -> tuple[Floats, Floats, Floats]:
    """Values as multiples of a step above the least one, column by column.

    Returns
    -------
    tuple
        The least value and the step of each column, and whole numbers below `levels`.

    Examples
    --------
    >>> [part.tolist() for part in coded(np.array([1.0, 2.1, 4.0]), 4)]
    [1.0, 1.0, [0.0, 1.0, 3.0]]
    """
    low, high = values.min(axis=0), values.max(axis=0)
    step = np.where(high > low, high - low, 1.0) / (levels - 1)
    return low, step, np.round((values - low) / step)
