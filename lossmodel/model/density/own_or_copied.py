"""Log likelihoods of figures that may be copies of another claimant's figure."""

from dataclasses import dataclass

import numpy as np

from lossmodel.model.density.functions import Derivatives, Evaluated, SecondDerivatives
from lossmodel.model.density.likelihood import Likelihood, likelihood_of
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.design.observation import Observations

__all__ = ["MayRepeat", "own_or_copied"]


def own_or_copied(observed: Observations, form: int, i: Ints) -> Likelihood:
    """Log likelihood of some observations of one form, each its claimant's own or a copy."""
    own, log_copy = likelihood_of(observed, form, i), observed.log_copy[i]
    return MayRepeat(own, log_copy) if np.isfinite(log_copy).any() else own


@dataclass(frozen=True, eq=False)
class MayRepeat(Likelihood):
    """Log of an own likelihood plus that of a copy, which no unknown has an influence on.

    ``log_copy`` is -inf for figures that are no copies.
    """

    own: Likelihood
    log_copy: Floats

    @property
    def has_slack(self) -> bool:  # noqa: D102 - see Likelihood
        return self.own.has_slack

    def _at(self, *x: Floats) -> Evaluated:
        own = self.own(*x)
        value = np.logaddexp(own.value, self.log_copy)
        share = np.exp(own.value - value)

        def first() -> Derivatives:
            return tuple(share * slope for slope in own.first())

        def second() -> SecondDerivatives:
            slopes, bends, apart = own.first(), own.second(), share * (1 - share)
            pairs = [(a, b) for b in range(len(slopes)) for a in range(b + 1)]
            return {
                (a, b): share * bends.get((a, b), 0.0) + apart * slopes[a] * slopes[b]
                for a, b in pairs
            }

        return Evaluated(value, first, second)

    def copied(self, *x: Floats) -> Floats:
        """Probability of a copy, given the arguments of the own likelihood."""
        return np.exp(self.log_copy - self(*x).value)

    def pit(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:  # noqa: D102 - see Likelihood
        return self.own.pit(mu, sd, log_slack)
