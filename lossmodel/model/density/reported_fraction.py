"""Share of the dead that a list, register, stock of the missing or its outflow reports."""

from functools import cached_property

import numpy as np
from scipy.special import ndtr

from lossmodel.model.density.functions import Derivatives, Evaluated, Function, SecondDerivatives
from lossmodel.model.density.sigmoid import sigmoid
from lossmodel.model.design.convolution import convolution
from lossmodel.model.design.grid import Floats
from lossmodel.model.design.reporting import (
    COVERAGE,
    DECLARATIONS,
    DECLARED,
    DELAY,
    DELAY_SD,
    LIST,
    MISSING,
    MISSING_SHARE,
    VintageBins,
)

__all__ = ["ReportedFraction"]

SQRT_2PI = float(np.sqrt(2 * np.pi))


class ReportedFraction(Function):
    """Share of the dead of a bin that a list, register or stock of the missing reports.

    Arguments are the logits of coverage and of the missing share, the log median and log sd of the
    log delay of a list, and the log median delay of a declaration. With found F and declared L the
    share is ``c ((1 - m) F + m L)``; see ``design/reporting.py``.

    Parameters
    ----------
    vintages
        The U bins of days of death, each of one stream at one date of knowledge.
    declared_log_sd
        Sd of the log delay of a declaration.
    """

    def __init__(self, vintages: VintageBins, declared_log_sd: float) -> None:
        self.vintages, self.declared_log_sd = vintages, declared_log_sd
        self.has_missing = vintages.has_missing
        listed, stock = vintages.kind == LIST, vintages.kind == MISSING
        of_missing = np.isin(vintages.kind, (MISSING, DECLARATIONS))
        lists, late = int(listed.sum()), int((listed & (vintages.has_missing > 0)).sum())
        self.lists, self.declared = slice(0, lists), slice(lists, len(listed))
        self.late, self.any_lists, self.any_late = slice(0, late), lists > 0, late > 0
        self.log_age = np.log(vintages.elapsed)
        # Stocks include those not yet declared; neither they nor declarations include the found.
        self.pace = np.where(stock[self.declared], -1.0, 1.0) / declared_log_sd
        self.found_at_once = np.where(of_missing[self.declared], 0.0, 1.0)
        nodes = convolution(vintages.elapsed[self.late])
        # Delays of declaration in their own sds; densities of the normal without their constant.
        self.delay, self.log_rest = nodes.log_wait / declared_log_sd, nodes.log_rest
        self.mass = nodes.mass / (declared_log_sd * SQRT_2PI)

    def _at(self, *x: Floats) -> Evaluated:
        reported = _Reported(self, x)
        return Evaluated(reported.value, reported.first, reported.second)


def bell(z: Floats) -> Floats:
    """The normal density without its constant."""
    found = np.square(z)
    found *= -0.5
    return np.asarray(np.exp(found, out=found))


class _Reported:
    """One evaluation of ``ReportedFraction``, for arguments of shape (..., U)."""

    def __init__(self, of: ReportedFraction, x: tuple[Floats, ...]) -> None:
        self.of, self.shape = of, x[0].shape
        missing = self.missing = sigmoid(x[MISSING_SHARE]) * of.has_missing
        coverage = self.coverage = np.ones(self.shape)
        found, gone = self.found, self.gone = np.zeros((2, *self.shape))
        if of.any_lists:
            i = of.lists
            coverage[..., i] = sigmoid(x[COVERAGE][..., i])
            self.list_pace = np.exp(-x[DELAY_SD][..., i])
            self.heard = (of.log_age[i] - x[DELAY][..., i]) * self.list_pace
            found[..., i] = ndtr(self.heard)
        if len(of.pace):
            j = of.declared
            self.declared = (of.log_age[j] - x[DECLARED][..., j]) * of.pace
            found[..., j], gone[..., j] = of.found_at_once, ndtr(self.declared)
        if of.any_late:
            k = of.late
            gone[..., k] = self._late(*(x[a][..., None, k] for a in (DELAY, DELAY_SD, DECLARED)))
        self.value = coverage * ((1 - missing) * found + missing * gone)

    def _late(self, delay: Floats, delay_sd: Floats, declared: Floats) -> Floats:
        """Chance that a missing person is declared dead and listed, shape (..., n)."""
        pace = np.exp(-delay_sd)
        wait = self.of.delay - declared / self.of.declared_log_sd
        z = (self.of.log_rest - delay) * pace
        chance = bell(wait)
        chance *= self.of.mass
        heard = ndtr(z)
        heard *= chance
        self.nodes = wait, z, chance, heard, pace
        return np.asarray(heard.sum(axis=-2))

    @cached_property
    def _dense(self) -> Floats:
        """Normal densities at the nodes, times their chances."""
        _, z, chance, *_ = self.nodes
        dense = bell(z)
        dense *= chance
        dense /= SQRT_2PI
        return dense

    def first(self) -> Derivatives:
        """By each of the five arguments."""
        return self._first

    @cached_property
    def _first(self) -> Derivatives:
        held = self.coverage * self.missing
        free = self.coverage - held
        by_found, by_gone = self._by_delays
        return (
            # Without a list coverage is one, and does not move.
            self.value * (1 - self.coverage),
            held * (1 - self.missing) * (self.gone - self.found),
            by_found[0] * free + by_gone[0] * held,
            by_found[1] * free + by_gone[1] * held,
            by_gone[2] * held,
        )

    @cached_property
    def _by_delays(self) -> tuple[Floats, Floats]:
        """Derivatives of F and L by the median and sd of a list's delay and by declarations."""
        of = self.of
        by_found, by_gone = np.zeros((2, *self.shape)), np.zeros((3, *self.shape))
        if of.any_lists:
            i = of.lists
            dense = bell(self.heard)
            dense /= -SQRT_2PI
            by_found[0][..., i] = dense * self.list_pace
            by_found[1][..., i] = dense * self.heard
        if len(of.pace):
            j = of.declared
            by_gone[2][..., j] = -bell(self.declared) / SQRT_2PI * of.pace
        if of.any_late:
            k = of.late
            wait, z, _, heard, pace = self.nodes
            by_gone[0][..., k] = -pace[..., 0, :] * self._dense.sum(axis=-2)
            by_gone[1][..., k] = -(self._dense * z).sum(axis=-2)
            by_gone[2][..., k] = (heard * wait).sum(axis=-2) / of.declared_log_sd
        return by_found, by_gone

    def second(self) -> SecondDerivatives:
        """By pairs of the five arguments."""
        held = self.coverage * self.missing
        free, moved = self.coverage - held, held * (1 - self.missing)
        slopes, (by_found, by_gone) = self._first, self._by_delays
        second = {(COVERAGE, k): slopes[k] * (1 - self.coverage) for k in range(1, 5)}
        second[COVERAGE, COVERAGE] = slopes[COVERAGE] * (1 - 2 * self.coverage)
        second[MISSING_SHARE, MISSING_SHARE] = slopes[MISSING_SHARE] * (1 - 2 * self.missing)
        for k, argument in enumerate((DELAY, DELAY_SD)):
            second[MISSING_SHARE, argument] = moved * (by_gone[k] - by_found[k])
        second[MISSING_SHARE, DECLARED] = moved * by_gone[2]
        bends_found, bends_gone = self._bends()
        for key, bend in bends_gone.items():
            second[key] = held * bend
        for key, bend in bends_found.items():
            second[key] = second[key] + free * bend
        return second

    def _bends(self) -> tuple[SecondDerivatives, SecondDerivatives]:
        """Second derivatives of F and of L by the delays."""
        of = self.of
        delays = (DELAY, DELAY), (DELAY, DELAY_SD), (DELAY_SD, DELAY_SD)
        declared = (DELAY, DECLARED), (DELAY_SD, DECLARED), (DECLARED, DECLARED)
        found = {key: np.zeros(self.shape) for key in delays}
        gone = {key: np.zeros(self.shape) for key in (*delays, *declared)}
        if of.any_lists:
            i = of.lists
            for key, bend in _normal_bends(bell(self.heard), self.heard, self.list_pace).items():
                found[key][..., i] = bend / SQRT_2PI
        if len(of.pace):
            j = of.declared
            dense = bell(self.declared) / SQRT_2PI
            gone[DECLARED, DECLARED][..., j] = -dense * self.declared * of.pace**2
        if of.any_late:
            k = of.late
            wait, z, _, heard, pace = self.nodes
            slope = wait / of.declared_log_sd
            nodes = {
                **_normal_bends(self._dense, z, pace),
                (DELAY, DECLARED): -pace * self._dense * slope,
                (DELAY_SD, DECLARED): -self._dense * z * slope,
                (DECLARED, DECLARED): heard * (slope * slope - 1 / of.declared_log_sd**2),
            }
            for key, each in nodes.items():
                gone[key][..., k] = each.sum(axis=-2)
        return found, gone


def _normal_bends(dense: Floats, z: Floats, pace: Floats) -> SecondDerivatives:
    """Second derivatives of ``Phi((a - median) pace)`` by the median and by ``-log pace``."""
    return {
        (DELAY, DELAY): -pace * pace * dense * z,
        (DELAY, DELAY_SD): pace * dense * (1 - z * z),
        (DELAY_SD, DELAY_SD): dense * z * (1 - z * z),
    }
