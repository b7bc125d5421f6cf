"""Simulation-based calibration of one fit: of its posterior, given its data.

Calibration over the prior says how the engine does on wars that the prior makes; this says how it
does on the war at hand (Säilynoja, Schmitt, Bürkner and Vehtari 2025, Posterior SBC). With y the
figures of the fit:

1. draw theta' from the posterior given y
2. draw y' given theta': the same figures once more, with errors of their own
3. fit y and y' together, and rank theta' among the draws

If both fits are exact, ranks are uniform. Ranks pile up at both ends if the engine's intervals are
too narrow. Theta' should come from an exact engine: a draw of a normal approximation has the right
totals, but its path may be one that y contradicts, so that scales of noise seem to be off. Whether
the model is right is another question: it is taken for true here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossmodel.api import Fit
from lossmodel.errors import UsageError
from lossmodel.evaluation.tasks import Options, Report, run_tasks
from lossmodel.inference.laplace.fit import approximate
from lossmodel.inference.laplace.levels import hold_levels
from lossmodel.inference.run import LAPLACE_DRAWS, Submodel
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.predictive import replicate
from lossmodel.model.design.design import PERSON
from lossmodel.plots.ecdf import band_excess
from lossmodel.tables.vocabulary import OBSERVED_AS

__all__ = ["PosteriorCalibration", "posterior_sbc", "quantities"]

Floats = NDArray[np.float64]
# Streams with fewer figures say little about their own bias.
MAIN_FIGURES = 10


@dataclass(frozen=True, eq=False)
class PosteriorCalibration:
    """Ranks of draws of a fit among those of fits with replicated figures.

    Attributes
    ----------
    ranks
        One row per replicate and quantity: `replicate, group` (total, bias or hyperparameter),
        `quantity, rank` (share of draws below theta'), `z` (distance of theta' from the mean, in
        sds), `shrunk` (sd over that of the fit; NaN for one draw).
    summary
        One row per quantity: `replicates`, mean and sd of z, mean of `shrunk`, coverage by level,
        `outside` (excess of the rank ECDF over its 95% band, not positive inside it).
    failures
        `replicate, error` of fits that failed.

    Examples
    --------
    >>> empty = pd.DataFrame()
    >>> PosteriorCalibration(empty, pd.DataFrame({"outside": [-0.1, 0.02]}), empty).outside
    0.5
    """

    ranks: pd.DataFrame
    summary: pd.DataFrame
    failures: pd.DataFrame

    @property
    def outside(self) -> float:
        """Share of the quantities whose ranks leave their band; 5% are expected to."""
        return float((self.summary["outside"] > 0).mean())

    def plot(self, quantity: str) -> Any:
        """Draw the ECDF of one quantity's ranks minus the diagonal, with its 95% band."""
        from lossmodel.plots.checks import plot_ranks

        ranks = self.ranks.loc[self.ranks["quantity"] == quantity, "rank"]
        return plot_ranks(ranks.to_numpy(), title=quantity)


def posterior_sbc(
    fitted: Fit,
    *,
    replicates: int = 200,
    submodel: str = PERSON,
    seed: int = 1,
    jobs: int = -1,
    store: str | Path | None = None,
    cluster: str | None = None,
    progress: Report | None = None,
) -> PosteriorCalibration:
    """Calibrate the Laplace approximation of a fit's submodel by replicated figures.

    Parameters
    ----------
    fitted
        A fit by any engine, best an exact one; theta' is drawn from its posterior.
    replicates
        Number of draws theta', at equal distances among those of the fit.
    submodel
        ``person``, ``civilian`` or a class of equipment.
    seed
        Of the figures and of the draws of each replicate.
    jobs, store, cluster, progress
        See `tasks.run_tasks`.

    Raises
    ------
    UsageError
        The fit has no such submodel, or fewer draws than replicates.
    """
    if submodel not in fitted.submodels:
        known = ", ".join(fitted.submodels)
        raise UsageError(f"the fit has no submodel {submodel!r}; there are: {known}.")
    own = fitted.submodels[submodel]
    draws = own.posterior.flat
    if replicates > len(draws):
        raise UsageError(f"the fit has {len(draws):,} draws, fewer than {replicates:,} replicates.")
    chosen = np.linspace(0, len(draws) - 1, replicates).astype(int)
    # The draw, the figures and the assumptions name a task; the fit itself is too large to.
    named = {"terms": own.design.terms, "priors": fitted.priors, "components": fitted.components}
    arguments = [
        named | {"number": number, "seed": seed, "theta": draws[place]}
        for number, place in enumerate(chosen)
    ]
    options: Options = {"store": store, "jobs": jobs, "cluster": cluster, "progress": progress}
    results = run_tasks(
        ranked_replicate,
        arguments,
        shared={"own": own},
        title="replicates of the posterior SBC",
        **options,
    )
    failures = [(r["replicate"], r["error"]) for r in results if "error" in r]
    rows = pd.DataFrame([row for result in results for row in result.get("ranks", ())])
    return PosteriorCalibration(
        rows,
        pd.DataFrame(list(_summarised(rows)) if len(rows) else []),
        pd.DataFrame(failures, columns=["replicate", "error"]),
    )


def ranked_replicate(
    own: Submodel, theta: Floats, number: int, seed: int, **_: object
) -> dict[str, Any]:
    """Replicate the figures, fit both sets, and rank theta; one task of `posterior_sbc`.

    The search starts from the mode of the fit, not from theta, which is to be found.
    """
    rng = np.random.default_rng([seed, number])
    density = Density(own.design, replicate(own.density, theta, rng))
    try:
        laplace = approximate(density, start=own.laplace.mode, diagnose="marginals")
    except np.linalg.LinAlgError as error:
        return {"replicate": number, "error": f"{type(error).__name__}: {error}"}
    drawn = hold_levels(density, laplace.mode, laplace.draw(LAPLACE_DRAWS, rng))
    draws = SubmodelDraws(density.model, drawn[None])
    truth = quantities(SubmodelDraws(density.model, theta[None, None]))
    before = quantities(own.posterior)
    rows = []
    for name, values in quantities(draws).items():
        true, sd = float(truth[name][0]), float(values.std(ddof=1))
        rows.append(
            {
                **{"replicate": number, "group": name[0], "quantity": name[1]},
                **{"rank": float(np.mean(values < true)), "z": (true - float(values.mean())) / sd},
                "shrunk": sd / float(before[name].std(ddof=1)),
            }
        )
    return {"replicate": number, "ranks": rows}


def quantities(draws: SubmodelDraws) -> Mapping[tuple[str, str], Floats]:
    """Totals, biases and scales of a submodel that a report speaks of, on the log scale.

    Returns
    -------
    mapping
        (group, name) -> draws, shape (S,). Totals are of the main parties; biases are means over
        the days, of streams with ten figures or more, and of a list those of its coverage.

    Examples
    --------
    >>> from lossmodel import LossModel, load_claims
    >>> from lossmodel.evidence import collect_evidence
    >>> claims = load_claims(conflict="battle-of-britain")
    >>> design = LossModel().design(collect_evidence(claims), claims.conflict, "aircraft")
    >>> draws = SubmodelDraws(Density(design).model, np.zeros((1, 2, design.size)))
    >>> sorted({group for group, _ in quantities(draws)})
    ['bias', 'hyperparameter', 'total']
    """
    design = draws.design
    found: dict[tuple[str, str], Floats] = {}
    for party in design.latent.main:
        for measure in ("killed", "casualties") if design.people else (design.name,):
            found["total", f"{measure} {party}"] = np.log(draws.total(party, measure))
    streams = design.streams[design.streams["n_used"] >= MAIN_FIGURES]
    for row in streams.reset_index(names="number").to_dict("records"):
        number = int(row["number"])
        has_bias = number in design.biases or number in design.coverage
        if has_bias and not OBSERVED_AS[row["accounting"]].auxiliary:
            name = f"{row['claimant']} {row['party']} {row['category']}"
            found["bias", name] = draws.mean_bias(number)
    scales = design.parameters.log_scales(draws.flat)
    for name, values in zip(design.parameters.hyper, scales.T, strict=True):
        found["hyperparameter", name] = values
    return found


def _summarised(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for (group, quantity), own in rows.groupby(["group", "quantity"], sort=False):
        ranks = own["rank"].to_numpy()
        inside = np.abs(ranks - 0.5)
        yield {
            **{"group": group, "quantity": quantity, "replicates": len(own)},
            **{"z_mean": float(own["z"].mean()), "z_sd": float(own["z"].std())},
            "shrunk": float(own["shrunk"].mean()),
            **{"covered_50": float(np.mean(inside <= 0.25))},
            **{"covered_95": float(np.mean(inside <= 0.475))},
            "outside": band_excess(ranks),
        }
