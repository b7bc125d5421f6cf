"""Every assumption of the model in one table, each with one sentence of reason.

A prior is normal on its own scale, see `Prior`. The log bias of a claimant towards a party is a
role's mean, ``bias.<role>.<class>``, and the claimant's own deviation from it,
Normal(0, ``bias.<role>.<class>.between``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lossmodel.arguments import check_ci_prob
from lossmodel.defaults import CI_PROB
from lossmodel.deprecation import mapping_from_keywords
from lossmodel.errors import UsageError
from lossmodel.model import history_tables
from lossmodel.model.card import card
from lossmodel.model.own_bias import OWN, own_limits
from lossmodel.model.prior import (
    USER_REASON,
    Basis,
    Prior,
    Scale,
    change_prior,
    find_faults,
)
from lossmodel.model.priors_toml import flattened, names_of, parsed, toml_table
from lossmodel.model.shipped_priors import shipped_priors
from lossmodel.tables.files import read_bytes
from lossmodel.tables.problems import quoted
from lossmodel.text.escape import toml

__all__ = ["USER_REASON", "Basis", "Prior", "Priors", "Scale"]

TABLE_COLUMNS = (
    *("name", "mean", "sd", "scale", "median", "lower", "upper", "ci_prob"),
    *("unit", "reason", "basis", "n", "clusters"),
)


@dataclass(frozen=True)
class Priors:
    """All assumptions of a fit, by name.

    Parameters
    ----------
    entries
        The priors, by name.
    left_out
        Wars or battles of history whose rows were left out, by name.

    Examples
    --------
    >>> priors = Priors.default()
    >>> priors["common.sd"].mean
    0.15
    >>> priors.replace({"common.sd": {"mean": 0.25}})["common.sd"].basis
    'user'
    >>> priors.table()[["name", "unit"]].loc[0].tolist()
    ['rate.level', 'casualties a day']
    """

    entries: Mapping[str, Prior]
    left_out: tuple[str, ...] = ()

    @classmethod
    def default(cls) -> "Priors":
        """The default priors, with all wars of history.

        Returns
        -------
        Priors
            All of them.

        Examples
        --------
        >>> Priors.default()["noise.nu"].mean
        5.0
        """
        return cls.from_history()

    @classmethod
    def from_history(cls, leave_out: str | Sequence[str] = ()) -> "Priors":
        """Estimate biases of roles and lethality from past wars, except those that are left out.

        A conflict that is scored is fitted without the figures of its own cluster. The estimates
        are those of `lossmodel.model.history` and `lossmodel.model.armies`.

        Parameters
        ----------
        leave_out
            Wars or battles of `data/history`, by name or slug.

        Returns
        -------
        Priors
            All of them, with `left_out` set.

        Raises
        ------
        UsageError
            History has none of that name.

        Examples
        --------
        >>> priors = Priors.from_history(leave_out="battle-of-britain")
        >>> priors.left_out
        ('Battle of Britain',)
        """
        clusters, armies, left_out = history_tables.read_without(leave_out)
        return cls(shipped_priors(clusters, armies), left_out)

    @classmethod
    def from_toml(cls, path: str | Path, *, leave_out: str | Sequence[str] = ()) -> "Priors":
        r"""Read a TOML file of priors, which replace the default ones of the same name.

        Each table is a prior, ``["common.sd"]``, with any of ``mean`` (on the scale) or ``median``
        (of the quantity), ``sd`` and ``reason``. ``leave_out = ["Battle of Britain"]`` before the
        tables is the argument of `from_history`.

        Parameters
        ----------
        path
            The file.
        leave_out
            Wars or battles that are left out besides those that the file names.

        Returns
        -------
        Priors
            All of them, those of the file in place of the default ones.

        Raises
        ------
        UsageError
            The file cannot be read, or has a name, key or value that is not allowed.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "priors.toml"
        ...     _ = path.write_text("[common.sd]\nmean = 0.25")
        ...     priors = Priors.from_toml(path)
        >>> priors["common.sd"].mean
        0.25
        """
        return cls.from_bytes(read_bytes(Path(path)), str(path), leave_out=leave_out)

    @classmethod
    def from_bytes(cls, data: bytes, name: str, *, leave_out: str | Sequence[str] = ()) -> "Priors":
        r"""Read the bytes of a TOML file of priors, see `from_toml`.

        Parameters
        ----------
        data
            The content of the file.
        name
            The name of the file in error messages.
        leave_out
            Wars or battles that are left out besides those that the file names.

        Returns
        -------
        Priors
            As `from_toml`.

        Raises
        ------
        UsageError
            The content is not TOML, or has a name, key or value that is not allowed.

        Examples
        --------
        >>> Priors.from_bytes(b"[noise.nu]\nmean = 4", "mine.toml")["noise.nu"].mean
        4.0
        """
        content = parsed(data, name)
        names = [*names_of(content.pop("leave_out")), *names_of(leave_out)]
        try:
            return cls.from_history(names).replace(dict(flattened(content, "")))
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from None

    @mapping_from_keywords("changes")
    def replace(self, changes: Mapping[str, Mapping[str, Any]]) -> "Priors":
        """Change some priors; the others stay.

        Parameters
        ----------
        changes
            Name of a prior -> the keys to change: ``mean`` (on the scale) or ``median`` (of the
            quantity), ``sd``, ``reason``, ``unit``, ``basis``, ``n``, ``clusters``.

        Returns
        -------
        Priors
            A copy with the changes, whose basis is ``user``.

        Raises
        ------
        UsageError
            A name, key or value is not allowed; the message lists all problems.

        Examples
        --------
        >>> priors = Priors.default().replace({"delay.median": {"median": 60}})
        >>> round(priors["delay.median"].mean, 2), round(priors["delay.median"].median)
        (4.09, 60)
        """
        problems = [
            problem for name, change in changes.items() for problem in self._faults(name, change)
        ]
        if problems:
            raise UsageError("\n".join(["These changes of priors are not allowed:", *problems]))
        changed = {name: change_prior(self.entries[name], row) for name, row in changes.items()}
        return replace(self, entries={**self.entries, **changed})

    def table(self, ci_prob: float = CI_PROB) -> pd.DataFrame:
        """One row per prior: its numbers, the quantity's median and limits, reason and basis.

        Parameters
        ----------
        ci_prob
            Probability of the equal-tailed interval ``lower`` to ``upper``.

        Returns
        -------
        table
            The columns `TABLE_COLUMNS`; ``mean`` and ``sd`` on the scale, ``median``, ``lower`` and
            ``upper`` in the unit of the quantity.

        Raises
        ------
        UsageError
            The probability is not one.

        Examples
        --------
        >>> table = Priors.default().table(ci_prob=0.9)
        >>> bool((table["lower"] <= table["upper"]).all())
        True
        """
        ci_prob = check_ci_prob(ci_prob)
        rows = []
        for prior in self:
            median, lower, upper = self.limits(prior.name, ci_prob)
            limits = {"median": median, "lower": lower, "upper": upper, "ci_prob": ci_prob}
            rows.append(asdict(prior) | limits)
        return pd.DataFrame(rows)[list(TABLE_COLUMNS)]

    def limits(self, name: str, ci_prob: float = CI_PROB) -> tuple[float, float, float]:
        """Median, lower and upper limit of a quantity, below the ceiling if it has one.

        Parameters
        ----------
        name, ci_prob
            Name of the prior, and the probability of the interval.

        Returns
        -------
        tuple of float
            In the quantity's unit.

        Examples
        --------
        >>> [round(limit, 2) for limit in Priors.default().limits("bias.self.person")]
        [0.68, 0.25, 1.1]
        """
        if name == OWN:
            return own_limits(self.entries, ci_prob)
        return self[name].median, *self[name].interval(ci_prob)

    def to_toml(self) -> str:
        """TOML that `from_toml` reads back without loss.

        Returns
        -------
        str
            A table per prior.

        Examples
        --------
        >>> priors = Priors.default()
        >>> Priors.from_bytes(priors.to_toml().encode(), "priors.toml") == priors
        True
        """
        head = [f"leave_out = {toml(self.left_out)}\n"]
        return "\n".join(head * bool(self.left_out) + [toml_table(prior) for prior in self])

    def __repr__(self) -> str:
        """The priors in about ten lines."""
        return card(self.entries.values(), self.left_out).text()

    def _repr_html_(self) -> str:
        return card(self.entries.values(), self.left_out).html()

    def __getitem__(self, name: str) -> Prior:
        """The prior of that name."""
        return self.entries[name]

    def __iter__(self) -> Iterator[Prior]:
        """The priors in the order of the table."""
        return iter(self.entries.values())

    def __len__(self) -> int:
        """Number of priors."""
        return len(self.entries)

    def _faults(self, name: str, change: Mapping[str, Any]) -> list[str]:
        if name not in self.entries:
            return [f"No prior is named {quoted(name)}. Known: {', '.join(self.entries)}."]
        return [f"[{name}] {fault}" for fault in find_faults(change, self.entries[name])]
