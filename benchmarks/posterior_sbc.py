"""Posterior simulation-based calibration of the shipped fit: its engine, on its own data.

    python benchmarks/posterior_sbc.py                    200 replicates, about half an hour
    python benchmarks/posterior_sbc.py --replicates 20    fewer; nothing is kept
    python benchmarks/posterior_sbc.py --conflict DIR     another conflict; nothing is kept
    python benchmarks/posterior_sbc.py --engine laplace   theta' from the approximation itself
    python benchmarks/posterior_sbc.py --fit FILE         theta' from a fit that was saved

theta' comes from nuts, an exact engine, and the replicated figures are fitted by laplace. A draw of
laplace need not do: its totals are those of the posterior, but day by day it can be a path that the
figures contradict, of which noise scales are then too large.

The summary of a full run is kept in data/validation/, for reports, its ranks in
benchmarks/results/. Finished replicates are
stored under benchmarks/tasks/ (not in the repository), from which a run is resumed.
"""

import argparse
from pathlib import Path

import numpy as np

import lossmodel as lm
from lossmodel.cli.console import progress
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.evaluation.kept import keep_table
from lossmodel.evaluation.posterior_sbc import PosteriorCalibration, posterior_sbc

HERE = Path(__file__).resolve().parent
RESULTS, TASKS = HERE / "results", HERE / "tasks"
# 200 ranks put the 95% band of their ECDF within 0.1 of the diagonal.
REPLICATES = 200


def keep(result: PosteriorCalibration) -> None:
    RESULTS.mkdir(exist_ok=True)
    keep_table("posterior-sbc", result.summary)
    ranks = result.ranks.pivot(index="replicate", columns="quantity", values="rank")
    ranks.round(4).to_csv(RESULTS / "posterior-sbc-ranks.csv")
    total = result.summary.loc[result.summary["group"] == "total", "quantity"].iloc[0]
    figure = result.plot(total).figure
    figure.savefig(RESULTS / "posterior-sbc.svg", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--conflict", default=DEFAULT_CONFLICT, help="name or folder")
    parser.add_argument("--submodel", default="person")
    parser.add_argument("--engine", choices=("nuts", "laplace"), default="nuts")
    parser.add_argument("--fit", help="saved fit of the conflict by nuts")
    parser.add_argument("--jobs", type=int, default=2, help="parallel processes")
    given = parser.parse_args()
    with progress() as say:
        if given.fit:
            fitted = lm.load_fit(given.fit)
        else:
            claims = lm.load_claims(conflict=given.conflict)
            say("fitting the claims")
            fitted = lm.fit(claims, engine=given.engine, submodels=(given.submodel,), progress=say)
        result = posterior_sbc(
            fitted, replicates=given.replicates, submodel=given.submodel, jobs=given.jobs,
            store=TASKS, progress=say,
        )  # fmt: skip
    print(result.summary.to_string(index=False, float_format="{:.3f}".format))
    groups = result.summary.groupby("group", sort=False)["z_sd"]
    rms = groups.agg(lambda sds: float(np.sqrt(np.mean(sds**2))))
    print(f"sd of z by group: {', '.join(f'{name} {value:.2f}' for name, value in rms.items())}")
    print(f"quantities outside their 95% band: {result.outside:.0%} (5% are expected)")
    print(f"replicates without a result: {len(result.failures)}")
    exact = fitted.submodels[given.submodel].engine == "nuts"
    shipped = fitted.conflict.name == DEFAULT_CONFLICT
    if given.replicates >= REPLICATES and exact and shipped:
        keep(result)


if __name__ == "__main__":
    main()
