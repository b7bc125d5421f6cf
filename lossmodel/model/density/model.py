r"""The model: its equations, its submodels, and its density in PyMC.

Losses of party p on day t (t = 0 is the first day of the conflict). The latent processes are linear
between knots on the log scale (rate) or the logit scale (lethality, missing):

    rate        mu_p(t) = exp(level + walk), where p can have losses on day t, else 0
    lethality   kappa_p(t) = sigmoid(level + walk)
    missing     m_p(t) = sigmoid(level + walk): share of the dead first recorded as missing
    killed      k = kappa mu;  wounded w = (1 - kappa) mu;  equipment has mu alone
    scope       share of its parent: s = sigmoid(a) [exp(-(t - first) / tau)] on its days, else 0;
                its complement 1 - s; of the whole, times the parent's

A walk over knots has independent steps and mean zero over the knots; the sd of a step grows with
the root of its length. Rates of a war of less than twelve times their spacing have twelve knots,
and the unit of their walk, a fortnight, is from a fifty-second to a twelfth of the war. Battles add
to the log rate a normal of their own and one of their party (``design.battles``), the days of short
windows a normal of a learned sd, or a wider one (``design.day_effects``). The level of lethality
has a wider prior where figures ask for it (``design.unusual_lethality``). Losses are constant in
cells (half the spacing of knots, in a war of up to a year a day); processes are of their middles.

A figure of party, category and scope over the days W, known on day K, has the expectation E:

    ledger      E = sum_{t in W} x(t) exp(beta(t))
    estimate    E = exp(beta(K)) sum_{t in W} x(t); a force balance has beta = 0 and a known sigma
    x           k for killed, w for wounded, k + w for casualties, k + omega w for losses and
                irrecoverable (the wounded share omega in (0, 1), one per stream); an estimate by
                anybody but the adversary leaves out a share 1 - q of the missing dead:
                k - (1 - q) m k in place of k
    list        E = sum_{t in W} c(t) [k (1 - m) F(a) + k m (G * F)(a)]
    register    E = exp(beta(K)) sum_{t in W} [k (1 - m) + k m G(a)]; a corrected one is an estimate
    missing     E = exp(beta(K)) sum_{t in W} k m (1 - G(a))
    declared    E = exp(b) sum_{t <= last} k m [G(a) - G(a before the first day of W)]

each times the share of the scope; W of declarations are the days of these, not of death, and b is a
scalar of their stream. A sum of parties is the sum of all that can have such losses, with the
common mode of the first, or in a ledger of each; of one without figures of its own only the wide
prior of its level bounds the part. A list of the wounded has w and no missing; before the day
`declared_from` of a stream G and q are zero. The elapsed time a runs from the middle of a bin of
days of death to the end of day K; bins are as wide as the knots of the rate, and wider the longer
ago. F and G are log-normal: G is the delay of a declaration, with one median per party; F that of a
list, whose prior median is less in few days (``design.short_wars``); both medians change by a
constant factor per year. The increment between two vintages is the
sum over bins of the growth of the reported share, which is never negative.

    log bias    beta = role + side + claimant + category (where the claimant has several)
                + level and walk shared by third parties about a party
                + the stream's own walk + common mode of the party

For registers and stocks of the missing, one level replaces those of role, side, claimant, category
and third parties. A list has coverage c = sigmoid(level + walk) and no bias; lists of one party
share a part of the level, those that its side keeps among themselves. A side seldom exaggerates its
own dead: the prior density of its role and side has the factor 2 Phi((ceiling - role - side) / sd),
so that their sum is skew-normal.

Three kinds of figures compare losses and count none. Each has one scalar of a claimant with a prior
of its own, and no other bias: that of two figures of one claimant cancels in their quotient.

    ratio       log E = log sum_W x - log sum_W x' + b for two words x, x' of one claimant about a
                party; b, or -b where x has fewer of the dead: log of stated over true lethality
    overlap     of n dead of W who are known from elsewhere, y are in a list or register as known on
                day K:  logit E = logit p + delta,  p = E_list / sum_W k
    fate        of n resolved cases of a register of the missing, y were dead:
                logit E = logit p + delta,  p = exp(-beta_0), with beta_0 the level of its bias

In an overlap E_list is the expectation of the list, or of the register with its bias, for the same
days and scope, given the other source's margin; the list's own figures are its own margin, which
counts once. Shares p of registers and fates stay below one. delta is the log odds ratio of dead, or
cases, that are compared to all.

After the fighting, counts get better. With L the days from its end to publication, all terms of the
log bias but the common mode are multiplied by 1 / sqrt(1 + L / settling) in a side's estimates of
its own soldiers and in registers, and the noise of these estimates comes down to a quarter
(``noise.settled``); totals of a ledger published a month after it, or later than a short war was
long, are estimates; a list's logit coverage rises by after L / (L + year).

A figure y then has the density, with sigma^2 = noise^2 + rounding^2 + width of the range^2 (the
noise of a ledger is that of a day over the root of its days; that of a list or register is that of
a month over the root of those between vintages, added to the window, or since the first loss):

    y >= 200    log y ~ Student-t(nu, log E, sigma)
    y < 200     y ~ gamma-Poisson(mean E, shape 1 / sigma^2); of rounded zeros E in half units
    at least    log y = log E + Normal(0, sigma) - Exponential(mean lambda), rarely of a wide mean;
                at most: + Exponential
    range       P(low < exp(log E + Normal(0, sigma)) < high)

The noise of the latest count Y of a list of people, the sum of its figures with its E and sigma, is
cut off at the losses T of its window, unless an adversary keeps it; s^2 = false^2 + 1 / Y, and the
factor is (1 - u) Phi((log T - log Y) / s) / Phi((log T - log E) / sqrt(sigma^2 + s^2)) + u.

Ratios have the density of y >= 200, with the noise of an estimate. Of overlaps and fates y is odds
of the share with half a case added to either side, and sigma^2 is 1 / (y + 1/2) + 1 / (n - y +
1/2), where n is known, and a dispersion. Declarations have a list's noise of their months.

A figure of a number y that another claimant's earlier figure could explain is a copy with
probability q (q and p: `lossmodel.evidence.copies`). With its rounding unit u, p the probability of
its number as a copy and f the density of log y above, its likelihood is, up to a factor,

    (1 - q) f u / y + q p;  of a count and its probability f: (1 - q) f u + q p

An estimate of none denies all losses with a probability d, and has the likelihood (1 - d) f + d.

Every unknown is an affine map of standard normals, with scales exp(mean + sd z), see `Priors`. The
graph of ``losses`` and ``expectation`` gives value, gradient, Hessian, draws and PyMC model; the
tests' plain sums and the simulator are independent of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from lossmodel.deprecation import renamed_attribute, renamed_fields, renamed_keywords
from lossmodel.errors import UsageError
from lossmodel.model.components import Components
from lossmodel.model.density.pymc import reference
from lossmodel.model.density.submodels import objection, submodel_of
from lossmodel.model.design import Design, build_design
from lossmodel.model.design.design import PEOPLE, PERSON
from lossmodel.model.design.windows import records
from lossmodel.model.priors import Priors

if TYPE_CHECKING:
    import pymc as pm

    from lossmodel.conflict.conflict import Conflict
    from lossmodel.evidence import Evidence

__all__ = ["LossModel"]


@renamed_fields({"parts": "components"})
@dataclass(frozen=True)
class LossModel:
    """The model of war losses: the components that are on, and the priors.

    Parameters
    ----------
    components
        The components, each of which can be switched off.
    priors
        Every assumption in numbers.

    Examples
    --------
    >>> LossModel(Components().without("drift")).components.drift
    False
    """

    components: Components = Components()
    priors: Priors = field(default_factory=Priors.default)

    def submodels(
        self, evidence: Evidence, conflict: Conflict, *, wanted: Collection[str] | None = None
    ) -> list[Design]:
        """The designs of all submodels: soldiers, civilians, and each class of equipment.

        Submodels share no unknown and are fitted apart. One without observations is left out. A
        declared sum of soldiers and civilians joins both in the submodel ``person``.

        Parameters
        ----------
        evidence, conflict
            The observations, see `lossmodel.evidence.collect_evidence`, and their conflict.
        wanted
            Only submodels of these names; all by default.

        Returns
        -------
        designs
            In the order ``person``, ``civilian``, classes of equipment as in the conflict.

        Examples
        --------
        >>> from lossmodel import load_claims
        >>> from lossmodel.evidence import collect_evidence
        >>> claims = load_claims(conflict="battle-of-britain")
        >>> evidence = collect_evidence(claims)
        >>> [design.name for design in LossModel().submodels(evidence, claims.conflict)]
        ['aircraft']
        """
        terms = self._modelled(evidence, conflict)
        names = submodel_of(terms, conflict)
        return [
            self._design(terms[names == name], name, evidence, conflict)
            for name in (*PEOPLE, *conflict.categories)
            if (names == name).any() and (wanted is None or name in wanted)
        ]

    blocks = renamed_attribute("LossModel.blocks", "submodels")

    @renamed_keywords({"block": "submodel"})
    def design(
        self,
        evidence: Evidence,
        conflict: Conflict,
        submodel: str = PERSON,
        *,
        like: Design | None = None,
    ) -> Design:
        """One submodel as arrays.

        Parameters
        ----------
        evidence, conflict
            As for `submodels`.
        submodel
            ``person``, ``civilian`` or a class of equipment.
        like
            As for `build_design`.

        Returns
        -------
        Design
            Its observations and unknowns as arrays.

        Raises
        ------
        UsageError
            The evidence has no observation of that submodel.

        Examples
        --------
        >>> from lossmodel import load_claims
        >>> from lossmodel.evidence import collect_evidence
        >>> claims = load_claims(conflict="battle-of-britain")
        >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
        >>> design.latent.parties, design.grid.days[0].date().isoformat()
        (('germany', 'britain'), '1940-07-01')
        """
        terms = self._modelled(evidence, conflict)
        names = submodel_of(terms, conflict)
        if not (names == submodel).any():
            known = ", ".join(sorted(set(names))) or "none"
            raise UsageError(
                f"There is no evidence for the submodel {submodel!r}; submodels: {known}."
            )
        return self._design(terms[names == submodel], submodel, evidence, conflict, like)

    def unmodelled(self, evidence: Evidence, conflict: Conflict) -> pd.DataFrame:
        """Observations that the model with these components leaves out, with the reason.

        Parameters
        ----------
        evidence, conflict
            As for `submodels`.

        Returns
        -------
        table
            The columns ``term`` and ``claims`` of the evidence, and ``why``.

        Examples
        --------
        >>> len(LossModel().unmodelled(fitted.evidence, fitted.conflict))
        0
        """
        read = ["party", "category", "accounting", "days", "days_from"]
        reasons = [
            objection(term, conflict, self.components) for term in records(evidence.terms, read)
        ]
        table = evidence.terms[["term", "claims"]].assign(why=reasons)
        return table[table["why"] != ""].reset_index(drop=True)

    @renamed_keywords({"block": "submodel"})
    def build(self, evidence: Evidence, conflict: Conflict, submodel: str = PERSON) -> pm.Model:
        """The reference density of a submodel as a PyMC model, which can be extended and sampled.

        Free are standard normals, ``z.<group>``. Deterministic are ``rate`` (losses per day in each
        cell), ``lethality``, ``missing``, ``share`` (of scopes), ``bias`` (log), ``coverage``,
        ``log_expected`` and the learned ``scales``, with named dims; ``pm.sample`` and the other
        functions of PyMC take the model. PyMC is imported here, which takes seconds.

        Parameters
        ----------
        evidence, conflict, submodel
            As for `design`.

        Returns
        -------
        pymc.Model
            With named coordinates.

        Raises
        ------
        UsageError
            The evidence has no observation of that submodel.

        Examples
        --------
        >>> LossModel().build(fitted.evidence, fitted.conflict, "tanks")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        lossmodel.errors.UsageError: There is no evidence for the submodel 'tanks'; ...
        """
        return reference(self.design(evidence, conflict, submodel))

    def _modelled(self, evidence: Evidence, conflict: Conflict) -> pd.DataFrame:
        out = self.unmodelled(evidence, conflict)["term"]
        return evidence.terms[~evidence.terms["term"].isin(out)]

    def _design(
        self,
        terms: pd.DataFrame,
        name: str,
        evidence: Evidence,
        conflict: Conflict,
        like: Design | None = None,
    ) -> Design:
        return build_design(
            terms,
            name=name,
            conflict=conflict,
            priors=self.priors,
            components=self.components,
            until=evidence.until,
            ended=evidence.ended,
            like=like,
        )
