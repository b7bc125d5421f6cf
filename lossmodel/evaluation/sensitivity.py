"""Sensitivity of totals to claimants, priors, components and accountings, by refits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.api import Fit, claims_of, fit
from lossmodel.claims.claims import Claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.defaults import CI_PROB, DEFAULT_CONFLICT
from lossmodel.deprecation import renamed_attribute, renamed_keywords
from lossmodel.evaluation.scores import central_interval
from lossmodel.evaluation.sensitivity_text import describe_level
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.evaluation.variants import POWERS, Variant, variants_of
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.components import Components
from lossmodel.model.density.submodels import submodels_with
from lossmodel.model.priors import Priors

__all__ = ["Sensitivity", "median_range", "refit", "sensitivity"]

RANGE_COLUMNS = ["quantity", "low", "high", "note"]


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Totals under other assumptions.

    Attributes
    ----------
    table
        One row per variant and quantity: `kind, name, value` (see `variants.Variant`), `quantity,
        median, lower, upper` (95%), `change` (of the median, relative), `shift` (of its log, in
        posterior sds), `width` (of the interval on the log scale, relative to the fit's).
    powers
        One row per block of priors and quantity: `location`, the shift of the log median in
        posterior sds, and `spread`, the change of the log of the sd, when the power of the prior is
        doubled, to first order (power-scaling sensitivity, Kallioinen et al. 2023).
    variance_decomposition
        `Fit.variance_decomposition` of the quantities.
    prior_range
        `quantity, low, high, note`: the smallest and largest median over plausible priors.
    text
        A summary in words.
    """

    table: pd.DataFrame
    powers: pd.DataFrame
    variance_decomposition: pd.DataFrame
    prior_range: pd.DataFrame
    text: str

    ranges = renamed_attribute("Sensitivity.ranges", "prior_range")
    shares = renamed_attribute("Sensitivity.shares", "variance_decomposition")

    def plot(self, quantity: str | None = None, *, ax: Any = None) -> Any:
        """Draw the tornado plot of one quantity, the first by default."""
        from lossmodel.plots.checks import plot_tornado

        chosen = self.table["quantity"].iloc[0] if quantity is None else quantity
        return plot_tornado(self.table[self.table["quantity"] == chosen], ax=ax)


@renamed_keywords({"parts": "components", "ranges": "shift_priors", "what": "claims"})
def sensitivity(
    claims: str | Path | Conflict | Claims = DEFAULT_CONFLICT,
    *,
    quantities: Sequence[tuple[str, str, str]] | None = None,
    priors: Priors | None = None,
    components: Components | None = None,
    engine: EngineName = "laplace",
    seed: int = 1,
    shift_priors: bool = True,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> Sensitivity:
    """Refit without each claimant or component, under other priors and other accountings.

    Parameters
    ----------
    claims
        As for `fit`: claims, or a conflict, its folder or the name of a shipped one.
    quantities
        Totals of interest, (party, category, scope); by default the killed and the casualties of
        all parties but civilians, or each class of equipment where no persons are counted.
    priors
        The conflict's by default.
    components
        Components of the model; all of them by default. Those that are on are switched off one at
        a time.
    engine, seed
        Of every fit, see ``fit``.
    shift_priors
        Whether the means of priors are shifted too, which gives `Sensitivity.prior_range`.
    jobs, store, cluster, progress
        See `tasks.run_tasks`.

    Returns
    -------
    Sensitivity
        Totals under other assumptions, with a summary in words.

    Raises
    ------
    UsageError
        There is no such engine, conflict or series.

    Examples
    --------
    >>> sensitivity("battle-of-britain", engine="gibbs")
    Traceback (most recent call last):
    ...
    lossmodel.errors.UsageError: engine is 'gibbs'; it must be one of auto, laplace, hmc, nuts.
    """
    engine = check_engine(engine)
    given = claims_of(claims)
    components = Components() if components is None else components
    wanted = _quantities(given) if quantities is None else list(quantities)
    base = fit(
        given, priors=priors, components=components, engine=engine, seed=seed,
        submodels=_submodels(given, wanted),
    )  # fmt: skip
    wanted = [quantity for quantity in wanted if quantity in base.series]
    variants = [Variant("fit", "fit", given, base.priors, components)]
    variants += variants_of(
        given, base.priors, components, claimants=_claimants(base), shift_priors=shift_priors
    )
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = refit(variants, base, quantities=wanted, engine=engine, seed=seed, options=options)
    table = _compared(variants, results)
    variance = base.variance_decomposition
    variance = variance[variance["quantity"].isin([_name(quantity) for quantity in wanted])]
    return _summarised(table, variance, shift_priors=shift_priors)


def _summarised(table: pd.DataFrame, variance: pd.DataFrame, *, shift_priors: bool) -> Sensitivity:
    powers = _powers(table)
    over_priors = median_range(table) if shift_priors else pd.DataFrame(columns=RANGE_COLUMNS)
    text = describe_level(
        table=table, powers=powers, variance_decomposition=variance, prior_range=over_priors
    )
    return Sensitivity(table[table["kind"] != "fit"], powers, variance, over_priors, text)


def median_range(table: pd.DataFrame) -> pd.DataFrame:
    """Smallest and largest median of each quantity over plausible priors.

    Plausible are the fit's priors, those with one mean of `prior_shift.LOCATIONS` an sd higher or
    lower, and those with another sd of the common mode.

    Parameters
    ----------
    table
        Rows of the kinds `fit`, `location` and `common mode`, as in `Sensitivity.table`.

    Returns
    -------
    DataFrame
        `quantity, low, high, note`.

    Examples
    --------
    >>> columns = ["kind", "name", "value", "quantity", "median"]
    >>> rows = [("fit", "fit", 0.0, "killed north all", 100.0)]
    >>> rows += [("location", "missing.level", 1.0, "killed north all", 120.0)]
    >>> median_range(pd.DataFrame(rows, columns=columns))["note"].item()
    'lowest with the priors as they are, highest with missing.level one sd higher'
    """
    found = []
    plausible = table[table["kind"].isin(["fit", "location", "common mode"])]
    for quantity, rows in plausible.groupby("quantity", sort=False):
        least, most = (rows.iloc[int(at)] for at in _extremes(rows["median"]))
        note = f"lowest with {_prior_of(least)}, highest with {_prior_of(most)}"
        found.append((quantity, least["median"], most["median"], note))
    return pd.DataFrame(found, columns=RANGE_COLUMNS)


def _extremes(values: pd.Series) -> tuple[int, int]:
    """Positions of the smallest and the largest value."""
    numbers = values.to_numpy(dtype=float)
    return int(numbers.argmin()), int(numbers.argmax())


def refit(
    variants: Sequence[Variant],
    base: Fit,
    *,
    quantities: Sequence[tuple[str, str, str]],
    engine: EngineName,
    seed: int,
    options: Options,
) -> list[Any]:
    """Totals of each variant, each fit started from the mode of the base fit.

    Parameters
    ----------
    quantities
        Totals, (party, category, scope).

    Returns
    -------
    list
        One list per variant, in their order; one dict per quantity that the fit has, with
        `quantity, median, lower, upper` (95%) and `sd` (of the log).
    """
    arguments = [
        {"claims": v.claims, "priors": v.priors, "components": v.components,
         "quantities": quantities, "engine": engine, "seed": seed,
         "submodels": tuple(sorted(base.submodels)), "until": str(base.days[-1].date())}
        for v in variants
    ]  # fmt: skip
    return run_tasks(
        totals_of, arguments, shared={"start": base}, title="refits of the sensitivity analysis",
        **options,
    )  # fmt: skip


def totals_of(
    claims: Claims,
    priors: Priors,
    components: Components,
    quantities: Sequence[Sequence[str]],
    engine: EngineName,
    seed: int,
    submodels: Sequence[str],
    until: str,
    start: Fit | None = None,
) -> list[dict[str, Any]]:
    """Fit one variant and summarise its totals; one task of `sensitivity`."""
    fitted = fit(
        claims, priors=priors, components=components, engine=engine, seed=seed,
        submodels=tuple(submodels), until=pd.Timestamp(until), start=start,
    )  # fmt: skip
    found = []
    for party, category, scope in quantities:
        if (party, category, scope) not in fitted.series:
            continue
        logs = np.log(fitted.daily(party, category, scope).sum(axis=1))
        lower, upper = np.exp(central_interval(logs, CI_PROB))
        row = {"quantity": _name((party, category, scope)), "median": np.exp(np.median(logs))}
        row |= {"lower": lower, "upper": upper, "sd": logs.std(ddof=1)}
        found.append({k: v if k == "quantity" else float(v) for k, v in row.items()})
    return found


def _compared(variants: Sequence[Variant], results: Sequence[Any]) -> pd.DataFrame:
    """One row per variant and quantity, with changes relative to the fit."""
    rows = [
        {"kind": v.kind, "name": v.name, "value": v.value} | total
        for v, totals in zip(variants, results, strict=True)
        for total in totals
    ]
    table = pd.DataFrame(rows)
    own = table[table["kind"] == "fit"].set_index("quantity")
    base = own.loc[table["quantity"]].set_index(table.index)
    change = table["median"] / base["median"]
    width = np.log(table["upper"] / table["lower"]) / np.log(base["upper"] / base["lower"])
    return table.assign(
        change=change - 1, shift=np.log(change) / base["sd"], width=width, base=base["median"]
    )


def _powers(table: pd.DataFrame) -> pd.DataFrame:
    """Finite differences by the log of the power, scaled to a doubling."""
    rows = table[table["kind"] == "prior"]
    low, high = (rows[rows["value"] == power].set_index(["name", "quantity"]) for power in POWERS)
    steps = 1 / np.log2(POWERS[1] / POWERS[0])
    slopes = pd.DataFrame(
        {
            "location": (high["shift"] - low["shift"]) * steps,
            "spread": np.log(high["sd"] / low["sd"]) * steps,
        }
    )
    return slopes.reset_index().rename(columns={"name": "block"})


def _quantities(claims: Claims) -> list[tuple[str, str, str]]:
    conflict, table = claims.conflict, claims.table
    firsts = [conflict.components(party)[0] for party in table["party"]]
    pairs = sorted(set(zip(firsts, table["category"], strict=True)))
    persons = {
        party
        for party, category in pairs
        if conflict.categories[category].group == "person" and not conflict.parties[party].civilian
    }
    if persons:
        ordered = [party for party in conflict.parties if party in persons]
        return [(party, c, "all") for party in ordered for c in ("killed", "casualties")]
    return [(party, category, "all") for party, category in pairs]


def _submodels(claims: Claims, quantities: Sequence[tuple[str, str, str]]) -> tuple[str, ...]:
    found = {name for p, c, _ in quantities for name in submodels_with(p, c, claims.conflict)}
    return tuple(sorted(found))


def _claimants(base: Fit) -> list[str]:
    used = base.streams[base.streams["n_used"] > 0]
    return sorted(set(used["claimant"]))


def _name(quantity: tuple[str, str, str]) -> str:
    party, category, scope = quantity
    return f"{category} {party} {scope}"


def _prior_of(row: pd.Series) -> str:
    """The prior of a variant in words."""
    if row["kind"] == "location":
        return f"{row['name']} one sd {'higher' if row['value'] > 0 else 'lower'}"
    return "the priors as they are" if row["kind"] == "fit" else f"a common mode of {row['name']}"
