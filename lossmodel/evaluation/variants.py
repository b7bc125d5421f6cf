"""Variants of a fit: priors, components, claimants left out, accountings of own counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lossmodel.claims.claims import Claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.evaluation.accountings import other_accountings
from lossmodel.model.components import Components
from lossmodel.model.design.bias import SCALARS
from lossmodel.model.priors import Priors
from lossmodel.posterior.prior_shift import COMMON_SDS, LOCATIONS
from lossmodel.tables.categories import DECLARED
from lossmodel.tables.vocabulary import AUXILIARY

__all__ = ["BLOCKS", "COMMON_SDS", "Variant", "power_scaled", "scopes_scaled", "variants_of"]

# Blocks of priors, by the beginnings of their names.
BLOCKS = {
    "bias": ("bias.", "ratio."),
    "common mode": ("common.sd",),
    "coverage and delay": ("coverage.", "delay.", "overlap."),
    "missing": ("missing.", "declared.", "fate."),
    "definition": ("definition.",),
    "lethality": ("lethality.",),
    "path": ("rate.",),
    "noise scales": ("noise.", "bound.", "force.", "cases."),
}
SCOPE = "scope"
# Powers of the finite differences, symmetric on the log scale. Wider than the 0.99 and 1.01 of
# importance weighting (Kallioinen et al. 2023): each is a refit with Monte Carlo error of its own.
POWERS = (0.8, 1.25)
# Endings of the names of constants that are sds; others (tails, widths of delays) are not scaled.
IS_SD = (".between", "_sd", "common.sd")
NOT_SD = ("declared.log_sd",)


@dataclass(frozen=True, eq=False)
class Variant:
    """The assumptions of one fit.

    Attributes
    ----------
    kind
        `claimant` (left out), `prior` (a block's priors to the power `value`), `part` (a component
        switched off), `common mode` (sd `value`), `location` (a prior's mean shifted by `value` of
        its sds), `accounting` (a side's own count read in another way).
    name
        The claimant, block, component or prior; of an accounting ``claimant party category:
        accounting``.
    value
        Power, sd or shift; NaN for the other kinds.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> without = Components().without("drift")
    >>> Variant("part", "drift", claims, Priors.default(), without).components.drift
    False
    """

    kind: str
    name: str
    claims: Claims
    priors: Priors
    components: Components
    value: float = float("nan")


def variants_of(
    claims: Claims,
    priors: Priors,
    components: Components,
    *,
    claimants: list[str],
    shift_priors: bool,
) -> list[Variant]:
    """The variants of `sensitivity`.

    Parameters
    ----------
    claimants
        Claimants to be left out, one at a time.
    shift_priors
        Whether the means of priors are shifted too.

    Examples
    --------
    >>> from lossmodel.claims import load_claims
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> found = variants_of(
    ...     claims, Priors.default(), Components(), claimants=["air-ministry"], shift_priors=False
    ... )
    >>> sorted({variant.kind for variant in found})
    ['claimant', 'common mode', 'part', 'prior']
    """
    found = [Variant("claimant", c, _without(claims, c), priors, components) for c in claimants]
    found += [
        Variant("part", name, claims, priors, components.without(name))
        for name in Components.names()
        if getattr(components, name) and name not in _without_claims(claims)
    ]
    found += [
        Variant(
            "accounting", f"{s.claimant} {s.party} {s.category}: {word}", own, priors, components
        )
        for s, word, own in other_accountings(claims)
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
    return found + (list(_shifted(claims, priors, components)) if shift_priors else [])


def _without_claims(claims: Claims) -> set[str]:
    """Components that read a kind of claims of which there is none."""
    declared = ["declarations"] if (claims.table["category"] == DECLARED).any() else []
    there = {*claims.table["kind"], *declared}
    return {rules.component for name, rules in AUXILIARY.items() if name not in there}


def power_scaled(priors: Priors, begins: tuple[str, ...], power: float) -> Priors:
    """Raise the priors of a block to a power.

    A normal density to the power a is normal with the sd divided by sqrt(a). A constant that is an
    sd is divided by sqrt(a) too, and so is the median of a learned sd, since the effects that it
    scales belong to the block.

    Parameters
    ----------
    begins
        Beginnings of the names of the block's priors.

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
    """The conflict with the priors of its scopes' shares raised to a power.

    Examples
    --------
    >>> from lossmodel.conflict import load_conflict
    >>> before = load_conflict("russia-ukraine")
    >>> after = scopes_scaled(before, 4.0)
    >>> after.scopes["militia"].share.sd / before.scopes["militia"].share.sd
    0.5
    """
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


def _shifted(claims: Claims, priors: Priors, components: Components) -> Iterator[Variant]:
    unread = _without_claims(claims)
    unused = {prior for name, prior in SCALARS.items() if AUXILIARY[name].component in unread}
    for name in (name for name in LOCATIONS if not priors[name].fixed and name not in unused):
        for sds in (-1.0, 1.0):
            prior = priors[name]
            changed = priors.replace({name: {"mean": prior.mean + sds * prior.sd}})
            yield Variant("location", name, claims, changed, components, sds)
