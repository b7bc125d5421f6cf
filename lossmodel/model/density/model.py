r"""The model: its equations, its blocks, and its density in PyMC.

Losses of party p on day t (t = 0 is the conflict's first day), between knots linear on the scale
that is named:

    rate        mu_p(t) = exp(level + walk), where p can have losses on day t, else 0
    lethality   kappa_p(t) = sigmoid(level + walk)
    missing     m_p(t) = sigmoid(level + walk): share of the dead who are first missing
    killed      k = kappa mu;  wounded w = (1 - kappa) mu;  equipment has mu alone
    scope       share of its parent: s = sigmoid(a) [exp(-(t - first) / tau)] on its days, else 0;
                its complement 1 - s; of the whole, times the parent's

A walk over knots has independent steps and mean zero over the knots; its sd a step grows with the
root of the step's length. Losses are even within a cell of days (half the spacing of the rate's
knots; one day in wars of up to a year), and all paths are taken at its middle.

A figure of party, category and scope over the days W, known on day K, is expected to be E:

    ledger      E = sum_{t in W} x(t) exp(beta(t))
    estimate    E = exp(beta(K)) sum_{t in W} x(t)
    x           k for killed, w for wounded, k + w for casualties, k + omega w for losses and
                irrecoverable (omega in (0, 1), one a stream); where who estimates is not the
                adversary, less the missing that it does not count, k - (1 - q) m k for k
    list        E = sum_{t in W} c(t) [k (1 - m) F(a) + k m (G * F)(a)]
    register    E = exp(beta(K)) sum_{t in W} [k (1 - m) + k m G(a)]
    missing     E = exp(beta(K)) sum_{t in W} k m (1 - G(a))

each times the scope's share. A sum of parties is the sum of those that have figures of their own,
with the common mode of the first, or in a ledger of each. A list of the wounded has w and no
missing. Age a is counted from the middle of a bin of days of death, as wide as the rate's knots
and wider the longer ago, to the end of day K. F and G are log-normal: G of declarations, with one
median a party; F of a list's hearing, with a median that grows by the year. What a list or a
register learnt between two dates is the difference of two such sums.

    log bias    beta = role + side + claimant + category (where the claimant has several)
                + level and walk shared by third parties about a party
                + the stream's own walk + common mode of the party

with a level of their own in place of role, side, claimant, category and third parties for registers
and stocks of the missing. A list has coverage c = sigmoid(level + walk) instead.

A figure y then has the density, with sigma^2 = noise^2 + rounding^2 + width of the range^2 (a
ledger's noise is that of a day over the root of its days; a list's or register's that of a month,
over the root of the months in which it learnt the figure):

    y >= 200    log y ~ Student-t(nu, log E, sigma)
    y < 200     y ~ gamma-Poisson(mean E, shape 1 / sigma^2), continuous in y
    at least    log y = log E + Normal(0, sigma) - Exponential(mean lambda); at most: + lambda
    range       P(low < exp(log E + Normal(0, sigma)) < high)

Every unknown is an affine map of standard normals, with learned scales exp(mean + sd z); the
priors are those of `Priors`. `LossModel.build` writes this in PyMC and is the reference to which
the fast density of `expectation.py` is held.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from lossmodel.deprecation import renamed_attribute, renamed_fields, renamed_keywords
from lossmodel.errors import UsageError
from lossmodel.model.components import Components
from lossmodel.model.density.pymc import reference
from lossmodel.model.design import Design, build_design
from lossmodel.model.design.assemble import CIVILIAN, PEOPLE, PERSON
from lossmodel.model.priors import Priors

if TYPE_CHECKING:
    import pymc as pm

    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence import Evidence

__all__ = ["LossModel", "submodels_with"]


@renamed_fields({"parts": "components"})
@dataclass(frozen=True)
class LossModel:
    """The model of war losses: which parts are on, and its assumptions.

    Parameters
    ----------
    components
        What can be switched off.
    priors
        Every assumption in numbers.

    Examples
    --------
    >>> LossModel(Components().without("drift")).components.drift
    False
    """

    components: Components = Components()
    priors: Priors = field(default_factory=Priors.default)

    def submodels(self, evidence: Evidence, conflict: Conflict) -> list[Design]:
        """What is fitted together: soldiers of all parties, civilians, each class of equipment.

        None is empty. A declared sum of soldiers and civilians joins them to one block.
        """
        terms = self._modelled(evidence, conflict)
        names = _block_of(terms, conflict)
        found = [*PEOPLE, *conflict.categories]
        return [
            self._design(terms[names == name], name, evidence, conflict)
            for name in found
            if (names == name).any()
        ]

    blocks = renamed_attribute("LossModel.blocks", "submodels")

    @renamed_keywords({"block": "submodel"})
    def design(self, evidence: Evidence, conflict: Conflict, submodel: str = PERSON) -> Design:
        """One block of evidence as arrays.

        Raises
        ------
        UsageError
            The evidence has no such block.
        """
        terms = self._modelled(evidence, conflict)
        names = _block_of(terms, conflict)
        if not (names == submodel).any():
            known = ", ".join(sorted(set(names))) or "none"
            raise UsageError(f"There is no evidence for the block {submodel!r}; blocks: {known}.")
        return self._design(terms[names == submodel], submodel, evidence, conflict)

    def unmodelled(self, evidence: Evidence, conflict: Conflict) -> pd.DataFrame:
        """Terms that the model has no place for as it stands: `term`, `claims` and `why`."""
        reasons = [self._objection(term, conflict) for term in evidence.terms.to_dict("records")]
        table = evidence.terms[["term", "claims"]].assign(why=reasons)
        return table[table["why"] != ""].reset_index(drop=True)

    @renamed_keywords({"block": "submodel"})
    def build(self, evidence: Evidence, conflict: Conflict, submodel: str = PERSON) -> pm.Model:
        """The reference density of a block as a PyMC model, which can be extended and sampled.

        Free are standard normals, ``z.<group>``; ``rate``, ``lethality``, ``missing``, ``share``,
        ``bias``, ``coverage``, ``log_expected`` and the learned scales are named after them.
        """
        return reference(self.design(evidence, conflict, submodel))

    def _modelled(self, evidence: Evidence, conflict: Conflict) -> pd.DataFrame:
        out = self.unmodelled(evidence, conflict)["term"]
        return evidence.terms[~evidence.terms["term"].isin(out)]

    def _objection(self, term: Mapping[Hashable, Any], conflict: Conflict) -> str:
        civilian = conflict.parties[conflict.components(term["party"])[0]].civilian
        if term["category"] == "missing" and not self.components.missing:
            return "The part of the model that knows the missing is off."
        if term["category"] == "missing" and civilian:
            return "The model has no missing among civilians."
        waits = term["accounting"] == "list" or (self.components.missing and not civilian)
        if _adds_days(term) or (self.components.delay and waits):
            return ""
        return "It adds to days already known, of which without delays nothing is left to learn."

    def _design(
        self, terms: pd.DataFrame, name: str, evidence: Evidence, conflict: Conflict
    ) -> Design:
        return build_design(
            terms,
            name=name,
            conflict=conflict,
            priors=self.priors,
            components=self.components,
            until=evidence.until,
        )


def _adds_days(term: Mapping[Hashable, Any]) -> bool:
    """Whether a term is of days that the vintage before it did not know."""
    known = term["days_from"]
    return not all(any(a <= lo and hi <= b for a, b in known) for lo, hi in term["days"])


def submodels_with(party: str, category: str, conflict: Conflict) -> tuple[str, ...]:
    """Names of the blocks that can hold a party's losses of a category."""
    if conflict.categories[category].group == "equipment":
        return (category,)
    return PEOPLE if conflict.parties[conflict.components(party)[0]].civilian else (PERSON,)


def _block_of(terms: pd.DataFrame, conflict: Conflict) -> pd.Series[str]:
    equipment = {c.name for c in conflict.categories.values() if c.group == "equipment"}
    people = pd.Series([_people(p, conflict) for p in terms["party"]], terms.index, dtype=object)
    # Who counts both together ties their losses: then they are one block.
    if (people == "").any():
        people[:] = PERSON
    return terms["category"].where(terms["category"].isin(equipment), people)


def _people(party: str, conflict: Conflict) -> str:
    """Block of a party's people; empty for a sum of soldiers and civilians."""
    kinds = {conflict.parties[base].civilian for base in conflict.components(party)}
    return "" if len(kinds) > 1 else CIVILIAN if kinds.pop() else PERSON
