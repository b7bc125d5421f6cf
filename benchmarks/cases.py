"""The wars of the comparison of samplers, each as the design of its submodel of soldiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.radford import find_reports
from lossmodel import load_claims
from lossmodel.claims import Claims
from lossmodel.errors import LossModelError
from lossmodel.evaluation.simulation import simulate
from lossmodel.evaluation.templates import Size
from lossmodel.evidence import collect_evidence
from lossmodel.importers.radford import read_radford
from lossmodel.importers.source import read_source
from lossmodel.model import LossModel
from lossmodel.model.design import Design
from lossmodel.posterior.fit import conflict_priors

__all__ = ["CASES", "Skipped", "design_of"]

# The artificial war, chosen by hand: one claim per day, where the shipped war has 3.5.
SEED, DAYS, CLAIMS, CLAIMANTS = 1, 150, 150, 8


class Skipped(LossModelError):
    """The data of a case are not available."""


def shipped() -> Claims:
    return load_claims()


def synthetic(*, days: int = DAYS, claims: int = CLAIMS) -> Claims:
    """An artificial war; the distance of its knots is the same for every length."""
    base = simulate(seed=SEED, size=_size(DAYS, CLAIMS)).claims
    if (days, claims) == (DAYS, CLAIMS):
        return base
    grown = simulate(seed=SEED, size=_size(days, claims)).claims
    conflict = replace(grown.conflict, knots=base.conflict.knots)
    return replace(grown, conflict=conflict)


def _size(days: int, claims: int) -> Size:
    return Size((days, days), (CLAIMANTS, CLAIMANTS), (claims, claims))


def radford() -> Claims:
    """The 4,609 reports of Radford et al. (2023)."""
    try:
        reports = find_reports([])
    except LossModelError as error:
        raise Skipped(str(error)) from error
    return read_radford(read_source(reports)).load()


CASES: dict[str, Callable[[], Claims]] = {
    "shipped": shipped,
    "synthetic": synthetic,
    "claims10": lambda: synthetic(claims=10 * CLAIMS),
    "days10": lambda: synthetic(days=10 * DAYS),
    "radford": radford,
}


def design_of(case: str) -> Design:
    """The design of the submodel of soldiers of a case.

    Raises
    ------
    Skipped
        The data of the case are not available.
    """
    claims = CASES[case]()
    model = LossModel(priors=conflict_priors(claims.conflict))
    return model.design(collect_evidence(claims), claims.conflict)
