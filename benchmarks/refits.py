"""Time of leave-one-out refits of the shipped conflict, for twenty claimants.

    python benchmarks/refits.py     about two minutes on two cores

The claimants are the twenty with the most figures of soldiers in use. Each refit starts from the
mode of the whole fit, as in ``sensitivity``. Printed and written to benchmarks/results/refits.json:
the seconds of the whole fit and of all refits, and each median of Russian killed.
"""

import json
import os
import time
from pathlib import Path

# One BLAS thread per process: the refits run in parallel.
os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")

import numpy as np

from lossmodel import fit, load_claims
from lossmodel.evaluation.sensitivity import refit
from lossmodel.evaluation.tasks import Options
from lossmodel.evaluation.variants import variants_of
from lossmodel.model.design.design import PERSON

RESULT = Path(__file__).resolve().parent / "results" / "refits.json"
COUNT = 20
TOTALS = [(party, category, "all") for party in ("russia", "ukraine")
          for category in ("killed", "casualties")]  # fmt: skip


def main() -> None:
    claims = load_claims()
    began = time.perf_counter()
    base = fit(claims, engine="laplace", submodels=(PERSON,))
    whole = time.perf_counter() - began
    used = base.streams.groupby("claimant")["n_used"].sum().sort_values(ascending=False)
    chosen = sorted(used.index[:COUNT])
    variants = variants_of(
        claims, base.priors, base.components, claimants=chosen, shift_priors=False
    )
    without = [variant for variant in variants if variant.kind == "claimant"]
    options: Options = {"store": None, "jobs": -1, "cluster": None, "progress": None}
    began = time.perf_counter()
    results = refit(without, base, quantities=TOTALS, engine="laplace", seed=1, options=options)
    spent = time.perf_counter() - began
    medians = {who: totals[0]["median"] for who, totals in zip(chosen, results, strict=True)}
    medians["nobody"] = float(np.median(base.daily("russia", "killed").sum(axis=1)))
    for who, total in medians.items():
        print(f"without {who:<24} killed russia {total:>9,.0f}")
    print(f"the whole fit: {whole:.1f} s; {len(results)} refits: {spent:.1f} s")
    row = {"whole_s": round(whole, 1), "refits": len(results), "refits_s": round(spent, 1)}
    RESULT.write_text(json.dumps(row | {"killed russia without": medians}, indent=1) + "\n")


if __name__ == "__main__":
    main()
