"""One prior: a normal distribution on a scale, and the changes that a user may make to it.

``log``: the quantity is ``exp(z)``; ``logit``: it is ``1 / (1 + exp(-z))``; ``natural``: it is
``z``; with z ~ Normal(mean, sd). ``sd = 0`` marks a constant that the user may change and the fit
does not learn.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import expit, logit, ndtri

from lossmodel.defaults import CI_PROB

__all__ = [
    "USER_REASON",
    "Basis",
    "Prior",
    "Scale",
    "build_prior",
    "change_prior",
    "find_faults",
]

Scale = Literal["log", "logit", "natural"]
Basis = Literal["history", "judgement", "theory", "user"]

USER_REASON = "Given by the user."
COUNTS = ("n", "clusters")
NUMBERS = ("mean", "median", "sd", *COUNTS)
KEYS = (*NUMBERS, "reason", "scale", "unit", "basis")


@dataclass(frozen=True)
class Prior:
    """One assumption: a normal distribution on a scale, and the reason for it.

    Parameters
    ----------
    name
        Key in the table, such as ``bias.self.person``.
    mean, sd
        Of the normal distribution, on the scale; ``sd = 0`` is a constant.
    scale
        Transformation from the normal variable z to the quantity: ``log`` (``exp(z)``), ``logit``
        (``1 / (1 + exp(-z))``) or ``natural`` (z itself).
    reason
        One sentence.
    unit
        Unit of the quantity, in words.
    basis
        Source of the numbers: ``history`` (five past wars or battles, or more), ``judgement``,
        ``theory`` or ``user``.
    n, clusters
        Number of pairs of claim and truth behind the numbers, and of wars or battles they are from.

    Examples
    --------
    >>> delay = Prior("delay", mean=4.5, sd=0.5, scale="log", reason="Weeks.")
    >>> round(delay.median)
    90
    >>> [round(limit) for limit in delay.interval(0.5)]
    [64, 126]
    """

    name: str
    mean: float
    sd: float
    scale: Scale
    reason: str
    unit: str = ""
    basis: Basis = "judgement"
    n: int = 0
    clusters: int = 0

    @property
    def fixed(self) -> bool:
        """Whether the fit takes it as a constant."""
        return self.sd == 0

    @property
    def median(self) -> float:
        """The prior median of the quantity itself, in its unit."""
        return _quantity(self.mean, self.scale)

    def interval(self, ci_prob: float = CI_PROB) -> tuple[float, float]:
        """Lower and upper limit of the quantity's equal-tailed interval, in its unit.

        Parameters
        ----------
        ci_prob
            Probability of the interval, between 0 and 1.
        """
        half_width = float(ndtri(0.5 + ci_prob / 2)) * self.sd
        lower, upper = self.mean - half_width, self.mean + half_width
        return _quantity(lower, self.scale), _quantity(upper, self.scale)


def build_prior(name: str, row: Mapping[str, Any]) -> Prior:
    """Build a prior from its row of the table, with its mean or its median.

    Examples
    --------
    >>> row = {"median": 90, "sd": 0.5, "scale": "log", "reason": "Weeks."}
    >>> round(build_prior("delay", row).mean, 2)
    4.5
    """
    rest = {key: value for key, value in row.items() if key not in ("mean", "median", "sd")}
    return Prior(name, mean=_mean(row, row["scale"]), sd=float(row["sd"]), **rest)


def change_prior(old: Prior, row: Mapping[str, Any]) -> Prior:
    """Apply a user's change; the prior is then the user's own unless the row says otherwise.

    Examples
    --------
    >>> old = Prior("common.sd", mean=0.15, sd=0.0, scale="natural", reason="Shared errors.")
    >>> new = change_prior(old, {"mean": 0.25})
    >>> new.mean, new.basis
    (0.25, 'user')
    """
    change = {key: value for key, value in row.items() if key != "median"}
    if {"mean", "median"} & row.keys():
        change["mean"] = _mean(row, old.scale)
    if "sd" in row:
        change["sd"] = float(row["sd"])
    return replace(old, **{"basis": "user", "reason": USER_REASON, **change})


def find_faults(row: Mapping[str, Any], scale: Scale) -> Iterator[str]:
    """Say what is wrong with a user's change of a prior on that scale, and what is allowed.

    Examples
    --------
    >>> list(find_faults({"sd": -1}, "log"))
    ['sd = -1; give 0 (a constant) or more.']
    """
    for key, value in row.items():
        if key not in KEYS:
            yield f"has the key {key!r}; allowed: {', '.join(KEYS)}."
        elif key in NUMBERS and not _is_number(value):
            yield f"{key} = {value!r}; give a finite number."
        elif key in COUNTS and (value < 0 or value != int(value)):
            yield f"{key} = {value}; give a whole number."
        elif key == "sd" and value < 0:
            yield f"sd = {value}; give 0 (a constant) or more."
        elif key == "median" and not _is_possible(value, scale):
            yield f"median = {value} is not possible on the {scale} scale."
        elif key == "scale" and value != scale:
            yield f"scale = {value!r}; this prior is on the {scale} scale, leave it out."
        elif key == "basis" and value not in get_args(Basis):
            yield f"basis = {value!r}; allowed: {', '.join(get_args(Basis))}."
        elif key in ("reason", "unit") and not isinstance(value, str):
            yield f"{key} = {value!r}; give a text."
    if {"mean", "median"} <= row.keys():
        yield "has both mean (on the scale) and median (of the quantity): give one."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_possible(median: float, scale: Scale) -> bool:
    return scale == "natural" or 0 < median < (1 if scale == "logit" else math.inf)


def _mean(row: Mapping[str, Any], scale: Scale) -> float:
    if "mean" in row or scale == "natural":
        return float(row["mean"] if "mean" in row else row["median"])
    return float(np.log(row["median"]) if scale == "log" else logit(row["median"]))


def _quantity(z: float, scale: Scale) -> float:
    if scale == "log":
        return float(np.exp(z))
    return float(expit(z)) if scale == "logit" else z
