"""Log likelihoods of figures that may be copies of another claimant's figure, or denials."""

from dataclasses import dataclass

import numpy as np

from lossmodel.model.density.functions import Evaluated, mixture
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

    ``log_copy`` is -inf for figures that are no copies. A denial is read as a copy is: it has its
    number whatever the losses are.
    """

    own: Likelihood
    log_copy: Floats

    @property
    def has_slack(self) -> bool:  # noqa: D102 - see Likelihood
        return self.own.has_slack

    def _at(self, *x: Floats) -> Evaluated:
        own = self.own(*x)
        flat = tuple(np.zeros_like(own.value) for _ in x)
        copy = Evaluated(np.broadcast_to(self.log_copy, own.value.shape), lambda: flat, dict)
        return mixture([(0.0, own), (0.0, copy)])

    def copied(self, *x: Floats) -> Floats:
        """Probability of a copy, given the arguments of the own likelihood."""
        return np.exp(self.log_copy - self(*x).value)

    def pit(self, mu: Floats, sd: Floats, log_slack: Floats) -> Floats:  # noqa: D102 - see Likelihood
        return self.own.pit(mu, sd, log_slack)
