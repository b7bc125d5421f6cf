"""What an answer hangs on: claimants, priors, parts of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossmodel.api import Fit, fit
from lossmodel.claims.claims import Claims, load_claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.deprecation import renamed_keywords
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.evaluation.variants import POWERS, Variant, variants_of
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.model.components import Components
from lossmodel.model.density.model import submodels_with
from lossmodel.model.priors import Priors

__all__ = ["Sensitivity", "level_ranges", "sensitivity"]

KEY = ["kind", "name", "value", "quantity"]
# Above this share of the posterior variance the number carries "set by assumptions".
ASSUMED = 0.70


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How answers move under other assumptions.

    Attributes
    ----------
    table
        One row a variant and quantity: `kind, name, value, quantity, median, lower, upper`,
        `change` (of the median, as a share), `shift` (the same in posterior sd), `width` (of the
        interval on the log scale, relative to the fit's).
    powers
        One row a block of priors and quantity: `location` and `spread`, by how many posterior sd
        the median moves, and by what share the sd, when the prior is doubled (its power goes from
        1 to 2, to first order).
    shares
        `Fit.variance_decomposition`.
    ranges
        `quantity, low, high, note`: the smallest and largest median over reasonable priors.
    text
        What fixes the level, in words.
    """

    table: pd.DataFrame
    powers: pd.DataFrame
    shares: pd.DataFrame
    ranges: pd.DataFrame
    text: str

    def plot(self, quantity: str | None = None, *, ax: Any = None) -> Any:
        """Draw the tornado of one quantity, the first by default."""
        from lossmodel.plots.checks import plot_tornado

        chosen = self.table["quantity"].iloc[0] if quantity is None else quantity
        return plot_tornado(self.table[self.table["quantity"] == chosen], ax=ax)


@renamed_keywords({"parts": "components"})
def sensitivity(
    what: str | Path | Conflict | Claims = "russia-ukraine",
    *,
    quantities: Sequence[tuple[str, str, str]] | None = None,
    priors: Priors | None = None,
    components: Components | None = None,
    engine: EngineName = "laplace",
    seed: int = 1,
    ranges: bool = True,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> Sensitivity:
    """Refit without each claimant, with each part off, and under stronger and weaker priors.

    Parameters
    ----------
    what
        A conflict with its claims, or claims.
    quantities
        Totals to look at, (party, category, scope); by default the killed and the casualties of
        all parties that are not civilians, or each class of equipment where nobody counts people.
    ranges
        Whether to move the means of priors too, which gives the range over reasonable priors.

    Raises
    ------
    UsageError
        There is nothing to fit, or no such engine.

    Examples
    --------
    The engine is that of all refits, some dozens; a name that is none is refused before the first.

    >>> sensitivity("battle-of-britain", engine="hmc")
    Traceback (most recent call last):
        ...
    lossmodel.errors.UsageError: engine is 'hmc'; it must be one of auto, laplace, nuts.
    """
    from lossmodel.evaluation.sensitivity_text import what_fixes_the_level

    check_engine(engine)
    claims = what if isinstance(what, Claims) else load_claims(conflict=what)
    components = Components() if components is None else components
    wanted = _quantities(claims) if quantities is None else list(quantities)
    submodels = _blocks(claims, wanted)
    base = fit(
        claims, priors=priors, components=components, engine=engine, seed=seed, submodels=submodels
    )
    priors = base.priors
    wanted = [quantity for quantity in wanted if quantity in base.series]
    variants = [Variant("fit", "fit", claims, priors, components)]
    variants += variants_of(claims, priors, components, claimants=_claimants(base), ranges=ranges)
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = refit(variants, base, quantities=wanted, engine=engine, seed=seed, options=options)
    table = _compared(variants, results)
    names = {_name(quantity) for quantity in wanted}
    shares = base.variance_decomposition[base.variance_decomposition["quantity"].isin(names)]
    bounds = level_ranges(table) if ranges else pd.DataFrame(columns=RANGE_COLUMNS)
    powers = _powers(table)
    text = what_fixes_the_level(table=table, powers=powers, shares=shares, ranges=bounds)
    return Sensitivity(table[table["kind"] != "fit"], powers, shares, bounds, text)


RANGE_COLUMNS = ["quantity", "low", "high", "note"]


def level_ranges(table: pd.DataFrame) -> pd.DataFrame:
    """Smallest and largest median of each quantity over reasonable priors.

    Reasonable is what `prior_shift.LOCATIONS` says: a prior's mean one of its sds higher or lower,
    one prior at a time, and the common mode at its three sds.

    Parameters
    ----------
    table
        With the kinds `fit`, `location` and `common mode`, as in `Sensitivity.table`.
    """
    found = []
    reasonable = table[table["kind"].isin(["fit", "location", "common mode"])]
    for quantity, rows in reasonable.groupby("quantity", sort=False):
        least, most = (rows.iloc[int(at)] for at in _ends(rows["median"]))
        note = f"lowest with {_moved(least)}, highest with {_moved(most)}"
        found.append((quantity, least["median"], most["median"], note))
    return pd.DataFrame(found, columns=RANGE_COLUMNS)


def _ends(values: pd.Series) -> tuple[int, int]:
    """Where the smallest and the largest stand."""
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
    """Totals of each variant, fitted from the mode of the fit that it is a variant of."""
    arguments = [
        {
            "claims": v.claims, "priors": v.priors, "components": v.components,
            "quantities": quantities,
            "engine": engine, "seed": seed, "submodels": tuple(sorted(base.submodels)),
            "until": str(base.days[-1].date()),
        }
        for v in variants
    ]  # fmt: skip
    return run_tasks(totals_of, arguments, shared={"start": base}, title="sensitivity", **options)


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
    """Totals of one fit; what a task of `sensitivity` does."""
    fitted = fit(
        claims, priors=priors, components=components, engine=engine, seed=seed,
        submodels=tuple(submodels), until=pd.Timestamp(until), start=start,
    )  # fmt: skip
    found = []
    for party, category, scope in quantities:
        if (party, category, scope) not in fitted.series:
            continue
        logs = np.log(fitted.daily(party, category, scope).sum(axis=1))
        lower, median, upper = np.exp(np.quantile(logs, [0.025, 0.5, 0.975]))
        found.append(
            {
                "quantity": _name((party, category, scope)),
                **{"median": float(median), "lower": float(lower), "upper": float(upper)},
                "sd": float(logs.std(ddof=1)),
            }
        )
    return found


def _compared(variants: Sequence[Variant], results: Sequence[Any]) -> pd.DataFrame:
    """One row a variant and quantity, beside the fit's own."""
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
    """Slopes by the log of the power, carried to a doubling."""
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


def _blocks(claims: Claims, quantities: Sequence[tuple[str, str, str]]) -> tuple[str, ...]:
    found = {name for p, c, _ in quantities for name in submodels_with(p, c, claims.conflict)}
    return tuple(sorted(found))


def _claimants(base: Fit) -> list[str]:
    used = base.streams[base.streams["n_used"] > 0]
    return sorted(set(used["claimant"]))


def _name(quantity: tuple[str, str, str]) -> str:
    party, category, scope = quantity
    return f"{category} {party} {scope}"


def _moved(row: pd.Series) -> str:
    if row["kind"] == "location":
        return f"{row['name']} one sd {'higher' if row['value'] > 0 else 'lower'}"
    return "the priors as they are" if row["kind"] == "fit" else f"a common mode of {row['name']}"
