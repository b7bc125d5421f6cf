"""Laplace beside nuts on every submodel of every war: does it agree where its gate passes?

    python benchmarks/agreement.py                      all shipped conflicts
    python benchmarks/agreement.py NAME DIR DIR:TABLE   some conflicts, or a table of one

Nuts runs on until every headline total has 4,000 effective draws, or for --seconds. Its quantiles
are stored under benchmarks/tasks/ (not in the repository), from which a run is resumed; they belong
to one density, so that a change of the model samples anew and a change of an engine does not.
Printed, for headlines and for all totals and scales of the gate: the largest distance between the
medians, in posterior sds, and the ratio of the widths of the 95% intervals that is farthest from
one. A submodel that passes the gate of laplace is within 0.1 sd and 5% for its headlines, beside
two standard errors of the draws, or it is a fault, which ends the run with status 1.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# One BLAS thread per process: the chains run in parallel.
os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")

import numpy as np

from lossmodel import load_claims
from lossmodel.conflict.shipped import shipped_conflicts
from lossmodel.evidence import collect_evidence
from lossmodel.inference.convergence import convergence
from lossmodel.inference.gates import gated_quantities
from lossmodel.inference.importance import ENOUGH
from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.nuts.sampler import sample
from lossmodel.inference.nuts.whitening import Whitened
from lossmodel.inference.run import Settings, Submodel, run
from lossmodel.model import LossModel
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.design import Design
from lossmodel.posterior.fit import conflict_priors

STORE = Path(__file__).resolve().parent / "tasks" / "agreement"
EFFECTIVE, PIECE, CHAINS, TUNE, SEED = 4000.0, 500, 4, 100, 1
# A median of 4,000 draws has an error of 0.02 sds, a width of 2%: nearly all within the targets.
LAPLACE_DRAWS = 4000
MEDIAN, WIDTH = 0.1, 0.05
QUANTILES = [0.025, 0.5, 0.975]
# Width of a normal 95% interval in sds.
WIDTH_OF_95 = 3.92


def designs(case: str) -> Iterator[Design]:
    """The submodels of a conflict, or of a table of claims of one."""
    conflict, _, table = case.partition(":")
    claims = load_claims(table or None, conflict=conflict)
    model = LossModel(priors=conflict_priors(claims.conflict))
    yield from model.submodels(collect_evidence(claims), claims.conflict)


def fingerprint(density: Density) -> str:
    """Of a density: its values at three points that are always the same."""
    points = np.random.default_rng(SEED).standard_normal((3, density.size)) / 10
    values = [f"{density(point)[0]:.6g}" for point in points]
    return hashlib.sha256(" ".join([density.design.name, *values]).encode()).hexdigest()[:16]


def exact(density: Density, laplace: Laplace, seconds: float) -> dict[str, Any]:
    """Quantiles of nuts and the effective draws of the headlines."""
    whitened, began = Whitened(density, laplace), time.perf_counter()
    result = sample(whitened, draws=PIECE, tune=TUNE, chains=CHAINS, seed=SEED)
    while True:
        names, values = gated_quantities(SubmodelDraws(density.model, result.theta))
        found = convergence(values.reshape(*result.theta.shape[:2], -1))
        ends = headlines(names)
        effective = float(np.minimum(found["ess_bulk"], found["ess_tail"])[ends].min())
        spent = time.perf_counter() - began
        if effective >= EFFECTIVE or spent > seconds:
            break
        seed = SEED + result.theta.shape[1]
        more = sample(whitened, draws=PIECE, tune=0, chains=CHAINS, seed=seed, earlier=result)
        result = result.then(more)
    return {
        "names": names, "quantiles": np.quantile(values, QUANTILES, axis=0).tolist(),
        "effective": effective, "rhat": float(found["rhat"][ends].max()),
        "divergences": result.divergences, "gradients": result.gradients, "seconds": spent,
    }  # fmt: skip


def headlines(names: list[str]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    return np.array([name.endswith(" to the end") for name in names])


def compared(submodel: Submodel, reference: dict[str, Any]) -> dict[str, Any]:
    """Largest differences between the draws of laplace and the reference."""
    names, values = gated_quantities(submodel.posterior)
    ours, theirs = np.quantile(values, QUANTILES, axis=0), np.array(reference["quantiles"])
    width = theirs[2] - theirs[0]
    shift = WIDTH_OF_95 * (ours[1] - theirs[1]) / width
    ratio = (ours[2] - ours[0]) / width
    row: dict[str, Any] = {}
    for which, of in (("headlines", headlines(names)), ("all", np.ones(len(names), dtype=bool))):
        for label, gaps, found in (
            ("median", np.abs(shift), shift),
            ("width", np.abs(np.log(ratio)), ratio),
        ):
            worst = int(np.argmax(np.where(of, gaps, -1.0)))
            row[f"{which} {label}"] = {"name": names[worst], "value": round(float(found[worst]), 3)}
    return row


def agreement(case: str, design: Design, seconds: float) -> dict[str, Any]:
    """The row of one submodel."""
    began = time.process_time()
    settings = Settings("laplace", SEED, LAPLACE_DRAWS)
    submodel = run(design, settings=settings, earlier=None, progress=lambda _: None)
    cpu = time.process_time() - began
    density, found = submodel.density, submodel.diagnostics
    doubts = found["failures"] + found["doubts"]
    kept = STORE / f"{fingerprint(density)}.json"
    if kept.is_file():
        reference = dict(json.loads(kept.read_text(encoding="utf-8")))
    else:
        reference = exact(density, submodel.laplace, seconds)
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(reference), encoding="utf-8")
        part.replace(kept)
    row = {
        "case": case, "submodel": design.name, "unknowns": design.size,
        "figures": len(design.terms), "cpu_s": round(cpu, 2), "passed": not doubts,
        "doubts": doubts,
    }  # fmt: skip
    told = {key: reference[key] for key in ("effective", "rhat", "divergences", "seconds")}
    return row | told | compared(submodel, reference)


def agrees(row: dict[str, Any]) -> bool:
    median, width = row["headlines median"]["value"], row["headlines width"]["value"]
    # Two standard errors of a median, and about as much of the log of a width.
    noise = 2 * 1.25 * np.sqrt(1 / min(row["effective"], EFFECTIVE) + 1 / ENOUGH)
    return bool(abs(median) <= MEDIAN + noise and abs(width - 1) <= WIDTH + noise)


def line(row: dict[str, Any]) -> str:
    verdict = ("agrees" if row["passed"] else "refused, agrees") if agrees(row) else (
        "FAULT" if row["passed"] else "refused")  # fmt: skip
    shown = [
        f"{row[f'{which} median']['value']:+6.2f} sd {row[f'{which} width']['value']:6.2f}"
        for which in ("headlines", "all")
    ]
    return (
        f"{Path(row['case']).name[-26:]:<26} {row['submodel']:<18}{row['unknowns']:>6}"
        f"{row['cpu_s']:>7.2f}{row['effective']:>8.0f}{row['seconds']:>7.0f}   "
        f"{shown[0]}   {shown[1]}   {verdict}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(shipped_conflicts()))
    parser.add_argument("--seconds", type=float, default=600.0, help="of nuts for each submodel")
    parser.add_argument("--submodel", help="only this one")
    parser.add_argument("--json", type=Path, help="file to which the rows are written")
    options = parser.parse_args()
    print(
        f"{'war':<26} {'submodel':<18}{'size':>6}{'CPU s':>7}{'ESS':>8}{'nuts s':>7}"
        f"   {'headlines':<16}   {'all':<16}   gate of laplace"
    )
    rows = []
    for case in options.cases:
        for design in designs(case):
            if options.submodel in (None, design.name):
                rows.append(agreement(case, design, options.seconds))
                print(line(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    sys.exit(any(row["passed"] and not agrees(row) for row in rows))


if __name__ == "__main__":
    main()
