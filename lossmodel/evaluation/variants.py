"""Assumptions other than a fit's: a prior weaker or stronger, a part off, a claimant gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lossmodel.claims.claims import Claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.model.components import Components
from lossmodel.model.priors import Priors
from lossmodel.posterior.prior_shift import COMMON_SDS, LOCATIONS

__all__ = ["BLOCKS", "COMMON_SDS", "Variant", "power_scaled", "variants_of"]

# What the priors of a block speak about, by the beginnings of their names.
BLOCKS = {
    "bias": ("bias.",),
    "common mode": ("common.sd",),
    "coverage and delay": ("coverage.", "delay."),
    "missing": ("missing.", "declared."),
    "definition": ("definition.",),
    "lethality": ("lethality.",),
    "path": ("rate.",),
    "noise scales": ("noise.", "bound."),
}
SCOPE = "scope"
POWERS = (0.8, 1.25)
# Constants that are the sd of something else; the others (tails, widths of delays) stay.
IS_SD = (".between", "_sd", "common.sd")
NOT_SD = ("declared.log_sd",)


@dataclass(frozen=True, eq=False)
class Variant:
    """One fit under other assumptions.

    Attributes
    ----------
    kind
        `claimant` (left out), `prior` (a block's prior to the power `value`), `part` (off),
        `common mode` (sd `value`), `location` (a prior's mean moved by `value` of its sd).
    name
        Which claimant, block, part or prior.
    """

    kind: str
    name: str
    claims: Claims
    priors: Priors
    components: Components
    value: float = float("nan")


def variants_of(
    claims: Claims, priors: Priors, components: Components, *, claimants: list[str], ranges: bool
) -> list[Variant]:
    """Everything that `sensitivity` tries.

    Parameters
    ----------
    claimants
        To be left out, one at a time.
    ranges
        Whether priors' means are moved too.
    """
    found = [Variant("claimant", c, _without(claims, c), priors, components) for c in claimants]
    found += [
        Variant("part", name, claims, priors, components.without(name))
        for name in Components.names()
        if getattr(components, name)
    ]
    for sd in COMMON_SDS:
        changed = priors.replace({"common.sd": {"mean": sd}})
        found.append(Variant("common mode", f"sd {sd:.2f}", claims, changed, components, sd))
    for block in (*BLOCKS, SCOPE):
        for power in POWERS:
            own = claims
            if block == SCOPE:
                own = replace(claims, conflict=scopes_scaled(claims.conflict, power))
            changed = power_scaled(priors, BLOCKS.get(block, ()), power)
            found.append(Variant("prior", block, own, changed, components, power))
    return found + (list(_moved(claims, priors, components)) if ranges else [])


def power_scaled(priors: Priors, begins: tuple[str, ...], power: float) -> Priors:
    """Raise the priors whose names begin so to a power: a normal one's sd is over the power's root.

    A constant that is itself an sd is divided by the root too, and so is the median of a learned
    one, as what it scales is part of the block.

    Examples
    --------
    >>> before = Priors.default()
    >>> after = power_scaled(before, ("coverage.",), 4.0)
    >>> after["coverage.level"].sd / before["coverage.level"].sd
    0.5
    """
    root = float(np.sqrt(power))
    changes: dict[str, dict[str, float]] = {}
    for prior in priors:
        if not begins or not prior.name.startswith(begins):
            continue
        change = {} if prior.fixed else {"sd": prior.sd / root}
        if prior.name.endswith(IS_SD) and prior.name not in NOT_SD:
            is_log = prior.scale == "log"
            change["mean"] = prior.mean - np.log(root) if is_log else prior.mean / root
        if change:
            changes[prior.name] = change
    return priors.replace(changes)


def scopes_scaled(conflict: Conflict, power: float) -> Conflict:
    """The same conflict with the priors of its scopes' shares raised to a power."""
    root = float(np.sqrt(power))
    scopes = {}
    for name, scope in conflict.scopes.items():
        share = scope.share
        if share is not None:
            tau_sd = None if share.tau_sd is None else share.tau_sd / root
            share = replace(share, sd=share.sd / root, tau_sd=tau_sd)
        scopes[name] = replace(scope, share=share)
    return replace(conflict, scopes=scopes)


def _without(claims: Claims, claimant: str) -> Claims:
    table = claims.table
    return claims.select((table["claimant"] != claimant) & (table["via"] != claimant))


def _moved(claims: Claims, priors: Priors, components: Components) -> Iterator[Variant]:
    for name in LOCATIONS:
        for sds in (-1.0, 1.0):
            prior = priors[name]
            changed = priors.replace({name: {"mean": prior.mean + sds * prior.sd}})
            yield Variant("location", name, claims, changed, components, sds)
