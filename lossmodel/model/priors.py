"""Every assumption of the model in one table, each with one sentence of reason.

A prior is normal on its own scale. ``log``: the quantity is ``exp(z)``; ``logit``: it is
``1 / (1 + exp(-z))``; ``natural``: it is ``z``; with z ~ Normal(mean, sd). ``sd = 0`` marks a
constant that the user may change and the fit does not learn.

The log bias of a claimant towards a party is a role's mean, ``bias.<role>.<class>``, and the
claimant's own deviation from it, Normal(0, ``bias.<role>.<class>.between``).
"""

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from lossmodel.deprecation import mapping_from_keywords
from lossmodel.errors import UsageError
from lossmodel.model import history

Scale = Literal["log", "logit", "natural"]
Basis = Literal["history", "judgement", "theory", "user"]

CI_PROB = 0.95
USER_REASON = "Given by the user."
COUNTS = ("n", "clusters")
NUMBERS = ("mean", "median", "sd", *COUNTS)
KEYS = (*NUMBERS, "reason", "scale", "unit", "basis")
BIAS = re.compile(r"bias\.(?P<role>adversary|self|third-party)\.(?P<class>\w+)(\.between)?")
TABLE_COLUMNS = (
    *("name", "mean", "sd", "scale", "median", "lower", "upper", "ci_prob"),
    *("unit", "reason", "basis", "n", "clusters"),
)


@dataclass(frozen=True)
class Prior:
    """One assumption: a normal distribution on a scale, and why.

    Parameters
    ----------
    name
        Key in the table, such as ``bias.self.person``.
    mean, sd
        Of the normal distribution, on the scale; ``sd = 0`` is a constant.
    scale
        How the normal variable becomes the quantity.
    reason
        One sentence.
    unit
        What the quantity is.
    basis
        Where the numbers come from.
    n, clusters
        How many pairs from how many wars or battles speak to it.

    Examples
    --------
    >>> round(Prior("delay", mean=4.5, sd=0.5, scale="log", reason="Weeks.").median)
    90
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
        """The prior median of the quantity itself."""
        return _quantity(self.mean, self.scale)

    def interval(self, ci_prob: float = CI_PROB) -> tuple[float, float]:
        """Equal-tailed limits of the quantity itself."""
        reach = float(ndtri(0.5 + ci_prob / 2)) * self.sd
        return _quantity(self.mean - reach, self.scale), _quantity(self.mean + reach, self.scale)


@dataclass(frozen=True)
class Priors:
    """All assumptions of a fit, by name.

    Parameters
    ----------
    entries
        The priors, by name.
    left_out
        Wars or battles of history that did not enter.

    Examples
    --------
    >>> priors = Priors.default()
    >>> priors["common.sd"].mean
    0.15
    >>> priors.replace({"common.sd": {"mean": 0.25}})["common.sd"].basis
    'user'
    """

    entries: Mapping[str, Prior]
    left_out: tuple[str, ...] = ()

    @classmethod
    def default(cls) -> "Priors":
        """Give the priors that a fit uses unless told otherwise."""
        return cls.from_history()

    @classmethod
    def from_history(cls, leave_out: str | Sequence[str] = ()) -> "Priors":
        """Take the biases of roles from past wars, those left out apart.

        A conflict whose fit is scored leaves its own out.

        Parameters
        ----------
        leave_out
            Wars or battles of `data/history/clusters.csv`, by name or slug.

        Raises
        ------
        UsageError
            History has none of that name.
        """
        clusters = history.read_clusters()
        kept = history.keep_clusters(clusters, leave_out)
        left_out = sorted(set(clusters["cluster"]) - set(kept["cluster"]))
        entries = {name: _built(name, row) for name, row in _shipped(kept).items()}
        return cls(entries, tuple(left_out))

    @classmethod
    def from_toml(cls, path: str | Path) -> "Priors":
        """Read a TOML file of priors, which take the place of the default ones.

        Each table is a prior, ``["common.sd"]``, with any of ``mean`` (on the scale) or ``median``
        (of the quantity), ``sd`` and ``reason``. ``leave_out = ["Battle of Britain"]`` before the
        tables does what `from_history` does.

        Parameters
        ----------
        path
            The file.

        Raises
        ------
        UsageError
            The file cannot be read, or has a name, key or value that is not allowed.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: cannot be read as TOML: {error}") from error
        return cls.from_bytes(data, str(path))

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> "Priors":
        """Read what a TOML file of priors holds, see `from_toml`.

        Parameters
        ----------
        data
            The file's bytes, wherever they were kept.
        name
            What errors call it.
        """
        content = _parsed(data, name)
        leave_out = content.pop("leave_out")
        return cls.from_history(leave_out).replace(dict(_flattened(content, "")))

    @mapping_from_keywords("changes")
    def replace(self, changes: Mapping[str, Mapping[str, Any]]) -> "Priors":
        """Change some priors, e.g. ``replace({"common.sd": {"mean": 0.25}})``."""
        problems = [
            problem for name, change in changes.items() for problem in self._faults(name, change)
        ]
        if problems:
            raise UsageError("\n".join(["The priors cannot be changed so:", *problems]))
        changed = {name: _changed(self.entries[name], row) for name, row in changes.items()}
        return replace(self, entries={**self.entries, **changed})

    def table(self, ci_prob: float = CI_PROB) -> pd.DataFrame:
        """List one row a prior: its numbers, the quantity's median and limits, reason and basis."""
        rows = []
        for prior in self:
            lower, upper = prior.interval(ci_prob)
            limits = {"median": prior.median, "lower": lower, "upper": upper, "ci_prob": ci_prob}
            rows.append(asdict(prior) | limits)
        return pd.DataFrame(rows)[list(TABLE_COLUMNS)]

    def to_toml(self) -> str:
        """Write TOML that ``from_toml`` reads back without loss."""
        head = [f"leave_out = {json.dumps(self.left_out, ensure_ascii=False)}\n"]
        return "\n".join(head * bool(self.left_out) + [_toml_table(prior) for prior in self])

    def __getitem__(self, name: str) -> Prior:
        """Give the prior of that name."""
        return self.entries[name]

    def __iter__(self) -> Iterator[Prior]:
        """Go through the priors in the order of the table."""
        return iter(self.entries.values())

    def __len__(self) -> int:
        """Count the priors."""
        return len(self.entries)

    def _faults(self, name: str, change: Mapping[str, Any]) -> list[str]:
        if name not in self.entries:
            return [f"No prior is named {name!r}. Known: {', '.join(self.entries)}."]
        return [f"[{name}] {fault}" for fault in _faults(change, self.entries[name].scale)]


def _quantity(z: float, scale: Scale) -> float:
    if scale == "log":
        return float(np.exp(z))
    return float(expit(z)) if scale == "logit" else z


def _faults(row: Mapping[str, Any], scale: Scale) -> Iterator[str]:
    """Say what is wrong with a user's row and what is allowed."""
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
            yield f"scale = {value!r}; the model knows it as {scale!r}, leave it out."
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


def _built(name: str, row: Mapping[str, Any]) -> Prior:
    rest = {key: value for key, value in row.items() if key not in ("mean", "median", "sd")}
    return Prior(name, mean=_mean(row, row["scale"]), sd=float(row["sd"]), **rest)


def _changed(prior: Prior, row: Mapping[str, Any]) -> Prior:
    """Apply a user's change; the prior is then the user's own unless the row says otherwise."""
    change = {key: value for key, value in row.items() if key != "median"}
    if {"mean", "median"} & row.keys():
        change["mean"] = _mean(row, prior.scale)
    if "sd" in row:
        change["sd"] = float(row["sd"])
    return replace(prior, **{"basis": "user", "reason": USER_REASON, **change})


def _shipped(clusters: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Read the packaged table and fill in what history says."""
    text = (resources.files("lossmodel.model") / "priors.toml").read_text(encoding="utf-8")
    rows: dict[str, dict[str, Any]] = tomllib.loads(text)
    for name, row in rows.items():
        if match := BIAS.fullmatch(name):
            row |= history.count_pairs(clusters, match["role"], match["class"])
    for bias in history.analyse(clusters):
        name = f"bias.{bias.role}.{bias.category_class}"
        basis = "history" if bias.clusters >= history.MIN_CLUSTERS else "judgement"
        rows[name] |= {"mean": bias.mean, "sd": bias.sd, "basis": basis}
        rows[f"{name}.between"] |= {"mean": bias.tau_claimant, "sd": 0.0, "basis": basis}
    return rows


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{name}: cannot be read as TOML: {error}") from error
    names = content.setdefault("leave_out", [])
    if not isinstance(names, str | list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{name}: leave_out = {names!r}; give a name or a list of names.")
    return content


def _flattened(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Tables by dotted name, so that ``[common.sd]`` and ``["common.sd"]`` mean the same."""
    row = {key: value for key, value in content.items() if not isinstance(value, dict)}
    if row:
        yield prefix, row
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}.{key}" if prefix else key)


def _toml_table(prior: Prior) -> str:
    keys = [field.name for field in fields(prior) if field.name != "name"]
    # JSON's texts and numbers are TOML's
    lines = [f"{key} = {json.dumps(getattr(prior, key), ensure_ascii=False)}" for key in keys]
    return "\n".join([f'["{prior.name}"]', *lines, ""])
