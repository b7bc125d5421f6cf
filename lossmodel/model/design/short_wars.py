"""Delays of the lists of a short war."""

from typing import Final

from lossmodel.model.prior import Prior

__all__ = ["shorter_delay"]

# Days of a submodel are few below so many prior medians of the delay. The delays of its lists
# are then as much shorter: a list that names the dead of some weeks has not waited for months.
# Judgement: at the end of wars of a month and of seven weeks monitors had more than nine tenths of
# the dead that they knew of later, in Lebanon in 2006 and in Gaza in 2014.
MEDIANS: Final = 3.0
# Where losses are secret the delay is declared to be that of burials, however short the war.
SECRET: Final = ".censored"


def shorter_delay(prior: Prior, kind: str, days: int) -> float:
    """Factor on the median of a list's delay where there are few days, at most one.

    Parameters
    ----------
    prior
        Of the delay. A constant and a prior of the user stay as they are.
    kind
        Ending of the names of the list's priors, see `kind_of_list`.
    days
        Days of the submodel, from the first day of the war to the last that its claims know of.

    Examples
    --------
    >>> from lossmodel.model.priors import Priors
    >>> delay = Priors.default()["delay.median"]
    >>> [round(shorter_delay(delay, "", days), 2) for days in (30, 100, 200)]
    [0.22, 0.74, 1.0]
    """
    if not prior.may_adapt or kind == SECRET:
        return 1.0
    return min(1.0, days / (MEDIANS * prior.median))
