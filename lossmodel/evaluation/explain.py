"""Headline totals under other assumptions, by refits, and by weights between them.

A fit is refitted with each of the assumptions that carry most of the width at its least and at its
largest value, see ``assumptions``. The refits give sentences and a table; their pooled draws give
the totals for every other position of the assumptions, see ``reweighting``. Beside them stands
which claim would narrow the totals most, see ``next_claim``.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.api import fit as refit
from lossmodel.errors import UsageError
from lossmodel.evaluation.assumptions import CARRYING, Assumption, assumptions_of, ranked
from lossmodel.evaluation.explanation import Explanation, coded
from lossmodel.evaluation.next_claim import next_claims
from lossmodel.evaluation.tasks import Options, run_tasks
from lossmodel.inference.convergence import convergence
from lossmodel.model.density.layout import is_large
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.estimates import total_to
from lossmodel.posterior.rates import rates
from lossmodel.posterior.tables import reported_series
from lossmodel.posterior.variance import LEAST_TOTAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossmodel.api import Fit
    from lossmodel.model.design.grid import Floats, Ints
    from lossmodel.model.priors import Priors
    from lossmodel.posterior.reported import Series

__all__ = ["explain", "node_draws"]

# Draws of each refit, which a page has room for. By normal theory, with all of the variance from
# priors, eleven nodes of 2,000 have 10,000 effective draws or more at any position of one slider,
# 1,500 at one of all five, and 240 where all five stand at an end.
DRAWS: Final = 2000
# Seconds of sampling for a refit whose Laplace approximation fails its gate: the shipped past wars
# take 7 to 30. One that takes longer is left out, and weights of the other refits stand for it.
SAMPLING: Final = 60.0
# Days on which the cumulative curves are kept, the last one among them: one per five months of the
# longest shipped war. Chosen by hand.
CURVE_DAYS: Final = 12
# Levels of a statistic and of a log total, of one and of two bytes on a page. Half a step of a
# statistic that spans eight sds changes a log weight by 0.016 per prior sd, evenly both ways.
LEVELS: Final = {"statistics": 2**8, "logs": 2**16}


def explain(
    fit: Fit, keys: Sequence[Series], options: Options, *, most: int = CARRYING
) -> Explanation:
    """Refit under other assumptions.

    Parameters
    ----------
    fit
        The fit.
    keys
        Totals, those of the first one's submodel are taken.
    options
        See `tasks.run_tasks`; an interrupted run is resumed from the store.
    most
        Number of assumptions at the most.

    Raises
    ------
    UsageError
        The fit did not pass its gate or has none of the totals, or no assumption moves them.
    """
    if not fit.diagnostics["gate"]["passed"]:
        raise UsageError("This fit did not pass its gate, so its totals are not to be explained.")
    known = [key for key in keys if key in reported_series(fit)]
    if not known:
        raise UsageError("This fit has no headline totals to explain.")
    submodel = fit.submodel_of(*known[0][:2])
    keys = tuple(key for key in known if fit.submodel_of(*key[:2]) is submodel)
    chosen = ranked(submodel, fit.priors, keys, most)
    if not chosen:
        raise UsageError("No assumption moves the headline totals of this fit.")
    count = len(chosen)
    nodes = np.zeros((1 + 2 * count, count))
    for number, assumption in enumerate(chosen):
        nodes[1 + 2 * number : 3 + 2 * number, number] = assumption.ends(fit.priors)
    days = np.unique(np.linspace(0, len(fit.days) - 1, CURVE_DAYS + 1).round()[1:].astype(int))
    names = tuple(assumption.prior for assumption in chosen)
    # An end that is the fit's own value needs no refit.
    nodes = nodes[[True, *(node.any() for node in nodes[1:])]]
    common = {
        "claims": fit.claims, "priors": fit.priors, "components": fit.components,
        "names": names, "keys": keys, "days": days.tolist(),
        "engine": fit.provenance["engine"], "seed": fit.seed, "name": submodel.design.name,
        "as_of": fit.evidence.as_of, "until": fit.days[-1], "trust": fit.evidence.trust,
    }  # fmt: skip
    results = run_tasks(
        node_draws,
        [common | {"position": node.tolist()} for node in nodes[1:]],
        shared={"start": fit},
        title="refits under other assumptions",
        **options,
    )
    own = _draws_of(fit, chosen, nodes[0], keys, days)
    every = [own]
    for found in results:
        # The draws of a refit that did not pass its gate are not those of its posterior.
        kept = slice(None if found["passed"] else 0)
        every.append({name: _unpacked(packed)[kept] for name, packed in found["draws"].items()})
    by = [assumption.direction(submodel.design, fit.priors)[1] for assumption in chosen]
    return Explanation(
        fit_sha256=fit_hash(fit), ci_prob=fit.ci_prob, keys=keys, priors=names, nodes=nodes,
        own=_own(fit, keys),
        sizes=np.array([float((v**2).sum()) for v in by]),
        counts=np.array([len(draws["logs"]) for draws in every]),
        efficiency=_efficiency(fit, keys), days=days, next_claims=next_claims(fit, keys),
        **{name: _rounded(name, [draws[name] for draws in every]) for name in own},
    )  # fmt: skip


def node_draws(
    claims: Any,
    priors: Priors,
    components: Any,
    names: Sequence[str],
    keys: Sequence[Series],
    days: Sequence[int],
    position: Sequence[float],
    engine: Any,
    seed: int,
    name: str,
    as_of: Any,
    until: Any,
    trust: Any,
    start: Fit | None = None,
) -> dict[str, Any]:
    """Refit at one node; one task of `explain`.

    Returns
    -------
    dict
        `draws`, arrays of `Explanation` as text, and `passed`.
    """
    known = {a.prior: a for a in assumptions_of(priors)}
    chosen = [known[prior] for prior in names]
    changed = priors
    for assumption, at in zip(chosen, position, strict=True):
        changed = assumption.changed(changed, at) if at else changed
    before = None if start is None else start.submodels[name]
    laplace = before is not None and before.engine == "laplace"
    patience = SAMPLING if before is not None and laplace and not is_large(before.design) else None
    found = refit(
        claims, priors=changed, components=components, engine=engine, seed=seed, as_of=as_of,
        until=until, trust=trust, submodels=(name,), start=start,
        draws=DRAWS if laplace else None, patience=patience,
    )  # fmt: skip
    draws = _draws_of(found, chosen, np.asarray(position), keys, np.asarray(days))
    packed = {key: _packed(values) for key, values in draws.items()}
    return {"draws": packed, "passed": bool(found.diagnostics["gate"]["passed"])}


def _draws_of(
    fit: Fit, chosen: Sequence[Assumption], position: Floats, keys: Sequence[Series], days: Ints
) -> dict[str, Floats]:
    """Statistics, log totals and log curves of the draws of a fit at a position."""
    draws = fit.submodel_of(*keys[0][:2]).posterior
    statistics = []
    for assumption, at in zip(chosen, position, strict=True):
        where, by = assumption.direction(draws.design, fit.priors)
        own = draws.flat[:, where]
        # In the coordinates of the first fit, where the likelihood is the same.
        if assumption.scaled:
            statistics.append((own**2).sum(axis=1) * np.exp(2 * at))
        else:
            statistics.append((own + at * by) @ by)
    first = np.concatenate([[0], days[:-1] + 1])
    sums = [rates(fit, *key).sums(first).cumsum(axis=1) for key in keys]
    curves = np.log(np.maximum(np.stack(sums, axis=1), LEAST_TOTAL))
    found = {"statistics": np.stack(statistics, axis=1), "logs": curves[:, :, -1], "curves": curves}
    # Draws of a sampler are correlated: every so many of them say nearly as much as all.
    kept = np.linspace(0, len(curves) - 1, min(len(curves), DRAWS)).round().astype(int)
    return {name: values[kept] for name, values in found.items()}


def _own(fit: Fit, keys: Sequence[Series]) -> Floats:
    """Median and limits of totals as the fit has them, shape (K, 3)."""
    totals = [total_to(fit, key, fit.days[-1]) for key in keys]
    return np.array([[row[name] for name in ("median", "lower", "upper")] for row in totals])


def _efficiency(fit: Fit, keys: Sequence[Series]) -> float:
    """Effective draws per draw of the totals."""
    theta = fit.submodel_of(*keys[0][:2]).posterior.theta
    if len(theta) == 1:
        return 1.0
    totals = np.stack([rates(fit, *key).daily().sum(axis=1) for key in keys], axis=1)
    found = convergence(totals.reshape(*theta.shape[:2], -1))
    return float(min(1.0, found["ess_bulk"].min() / min(len(totals), DRAWS)))


def _rounded(name: str, draws: Sequence[Floats]) -> Floats:
    """All draws as a page has them, so that all formats of a report give the same numbers."""
    every = np.concatenate(draws)
    if name not in LEVELS:
        return every.astype("f4").astype(float)
    low, step, codes = coded(every, LEVELS[name])
    return low + step * codes


def _packed(values: Floats) -> dict[str, Any]:
    """Numbers of single precision as text that JSON takes."""
    small = np.ascontiguousarray(values, dtype="<f4")
    return {"shape": list(small.shape), "bytes": base64.b64encode(small.tobytes()).decode()}


def _unpacked(packed: dict[str, Any]) -> Floats:
    content = np.frombuffer(base64.b64decode(packed["bytes"]), dtype="<f4")
    return content.reshape(packed["shape"]).astype(float)
