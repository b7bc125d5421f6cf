"""One prior: a normal distribution on a scale, and the changes that a user may make to it.

``log``: the quantity is ``exp(z)``; ``logit``: it is ``1 / (1 + exp(-z))``; ``natural``: it is
``z``; with z ~ Normal(mean, sd). ``sd = 0`` marks a constant that the user may change and the fit
does not learn.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import expit, logit, ndtri

from lossmodel.defaults import CI_PROB
from lossmodel.tables.problems import quoted
from lossmodel.tables.toml import Key

__all__ = [
    "KEYS",
    "USER_REASON",
    "Basis",
    "Prior",
    "Scale",
    "build_prior",
    "change_prior",
    "find_faults",
    "mean_limits",
    "quantity_of",
]

Scale = Literal["log", "logit", "softplus", "natural"]
Basis = Literal["history", "judgement", "theory", "user"]

# Of each scale: the quantity of a normal variable, and the other way round.
SCALES: dict[Scale, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "log": (np.exp, np.log),
    "logit": (expit, logit),
    "softplus": (lambda z: np.logaddexp(0.0, z), lambda x: np.log(np.expm1(x))),
    "natural": (float, float),
}

USER_REASON = "Given by the user."
COUNTS = ("n", "clusters")
NUMBERS = ("mean", "median", "sd", *COUNTS)
# What a user may write of a prior in a TOML file.
KEYS = (
    Key("mean", "number", "Mean of the normal distribution, on the scale.", default="unchanged"),
    Key(
        "median",
        "number",
        "Prior median of the quantity itself, in its unit. Give this or mean, not both.",
        default="unchanged",
    ),
    Key(
        "sd",
        "number",
        "Its sd on the scale; 0 makes it a constant that the fit does not learn.",
        default="unchanged",
        least=0,
    ),
    Key(
        "n",
        "whole",
        "Pairs of claim and truth, or armies, behind the numbers.",
        default="unchanged",
        least=0,
    ),
    Key("clusters", "whole", "Wars that they are from.", default="unchanged", least=0),
    Key("reason", "text", "One sentence of reason, for reports.", default=USER_REASON),
    Key(
        "scale",
        "text",
        "The scale of the prior, which cannot be changed.",
        default="unchanged",
        choices=get_args(Scale),
    ),
    Key("unit", "text", "Unit of the quantity, in words.", default="unchanged"),
    Key(
        "basis",
        "text",
        "Source of the numbers.",
        default="user",
        choices=get_args(Basis),
    ),
)
KEY_NAMES = tuple(key.name for key in KEYS)
# Of an sd on a log or logit scale: 20 powers of ten within two sd say nothing any more.
WIDEST = 10.0
MOST_PAIRS = 1_000_000_000
# Limits of a mean by scale and by a part of the name, of which the first counts. Wide enough for
# any war: a rate to 1e10 per day, more than there are people; a noise or a slack from one in
# 160,000, which is none in a simulation, to 20 times the figure; delays from minutes to 450 years;
# ratios of one to 20,000; shares from 1 in 20,000. The density is finite at each of them.
RANGES: dict[Scale, dict[str, tuple[float, float]]] = {
    "log": {
        **{"rate.level": (-23.0, 23.0), "delay.log_sd": (-12.0, 3.0), "delay": (-5.0, 12.0)},
        **{word: (-12.0, 3.0) for word in ("_sd", "noise.", "excess")},
        "": (-10.0, 10.0),
    },
    "logit": {"": (-10.0, 10.0)},
    "softplus": {"": (-10.0, 10.0)},
    "natural": {
        **{"growth": (-10.0, 10.0), "denied_share": (0.0, 0.5), "share": (0.0, 1.0)},
        **{"noise.nu": (1.0, 1e4), "settling": (0.1, 1e4), "wide_excess": (0.01, 100.0)},
        "noise.settled": (0.0, 1.0),
        # By these the density divides.
        **{"log_sd": (0.01, 10.0), "ceiling_sd": (1e-3, 10.0), "within_sd": (1e-3, 10.0)},
        "": (0.0, 10.0),
    },
}


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
        (``1 / (1 + exp(-z))``), ``softplus`` (``log(1 + exp(z))``) or ``natural`` (z itself).
    reason
        One sentence.
    unit
        Unit of the quantity, in words.
    basis
        Source of the numbers: ``history`` (five past wars or battles, or more), ``judgement``,
        ``theory`` or ``user``.
    n, clusters
        Number of pairs of claim and truth, or of armies, behind the numbers, and of their wars.

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
    def may_adapt(self) -> bool:
        """Whether figures of a war may change it: it is no constant, and not the user's."""
        return not self.fixed and self.basis != "user"

    @property
    def median(self) -> float:
        """The prior median of the quantity itself, in its unit."""
        return quantity_of(self.mean, self.scale)

    def draw(self, rng: np.random.Generator) -> float:
        """The quantity itself, drawn from the prior."""
        return quantity_of(float(self.mean + self.sd * rng.standard_normal()), self.scale)

    def interval(self, ci_prob: float = CI_PROB) -> tuple[float, float]:
        """Lower and upper limit of the quantity's equal-tailed interval, in its unit.

        Parameters
        ----------
        ci_prob
            Probability of the interval, between 0 and 1.
        """
        half_width = float(ndtri(0.5 + ci_prob / 2)) * self.sd
        lower, upper = self.mean - half_width, self.mean + half_width
        return quantity_of(lower, self.scale), quantity_of(upper, self.scale)


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


def find_faults(row: Mapping[str, Any], prior: Prior) -> Iterator[str]:
    """Say what is wrong with a user's change of a prior, and what is allowed.

    Examples
    --------
    >>> old = Prior("delay", mean=4.5, sd=0.5, scale="log", reason="Weeks.")
    >>> list(find_faults({"mean": 700}, old))
    ['mean = 700; give a number from -5 to 12.']
    """
    for key, value in row.items():
        shown = quoted(value) if isinstance(value, str) else quoted(value)[1:-1]
        if key not in KEY_NAMES:
            yield f"has the key {quoted(key)}; allowed: {', '.join(KEY_NAMES)}."
        elif key in NUMBERS and not _is_number(value):
            yield f"{key} = {shown}; give a finite number."
        elif key in COUNTS and not (0 <= value <= MOST_PAIRS and value == int(value)):
            yield f"{key} = {shown}; give a whole number from 0 to {MOST_PAIRS:,}."
        elif key in ("mean", "median", "sd"):
            yield from _out_of_range(key, value, prior)
        elif key == "scale" and value != prior.scale:
            yield f"scale = {shown}; this prior is on the {prior.scale} scale, leave it out."
        elif key == "basis" and value not in get_args(Basis):
            yield f"basis = {shown}; allowed: {', '.join(get_args(Basis))}."
        elif key in ("reason", "unit") and not isinstance(value, str):
            yield f"{key} = {shown}; give a text."
    if {"mean", "median"} <= row.keys():
        yield "has both mean (on the scale) and median (of the quantity): give one."


def _out_of_range(key: str, value: float, prior: Prior) -> Iterator[str]:
    low, high = mean_limits(prior)
    if key == "sd":
        low, high = 0.0, WIDEST if prior.scale != "natural" else high
    if key == "median":
        low, high = quantity_of(low, prior.scale), quantity_of(high, prior.scale)
    if not low <= value <= high:
        shown = f"{key} = {quoted(value)[1:-1]}"
        if key == "median":
            shown += f" is not possible on the {prior.scale} scale"
        constant = " (a constant)" if key == "sd" else ""
        yield f"{shown}; give a number from {low:.3g}{constant} to {high:.3g}."


def mean_limits(prior: Prior) -> tuple[float, float]:
    """Least and largest mean that a user may give to a prior, on its scale.

    Examples
    --------
    >>> mean_limits(Prior("delay", mean=4.5, sd=0.5, scale="log", reason="Weeks."))
    (-5.0, 12.0)
    """
    return next(found for word, found in RANGES[prior.scale].items() if word in prior.name)


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    # An integer of any length is finite, but need not fit into a float.
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _mean(row: Mapping[str, Any], scale: Scale) -> float:
    if "mean" in row:
        return float(row["mean"])
    return float(SCALES[scale][1](row["median"]))


def quantity_of(z: float, scale: Scale) -> float:
    """The quantity itself, of its value on a scale.

    Examples
    --------
    >>> quantity_of(0.0, "logit")
    0.5
    """
    return float(SCALES[scale][0](z))
