"""All submodels of a fit: the largest one here, the others at the same time in a second process."""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import sha256
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse
from threadpoolctl import threadpool_limits

from lossmodel.inference import worker
from lossmodel.inference.run import Progress, Settings, Submodel, run
from lossmodel.inference.sampling import SAMPLERS
from lossmodel.model.design import Design
from lossmodel.system.clock import seconds_since
from lossmodel.system.code import code_hash
from lossmodel.system.memory import take_buffers
from lossmodel.system.processes import result_of
from lossmodel.system.stages import Stage, portion

if TYPE_CHECKING:
    from lossmodel.system.cache import Cached

__all__ = ["run_submodels", "summary"]

# Fixed, so that keys do not change with the version of Python.
PICKLED = 5

# Unknowns of all submodels but the largest, above which a second process saves time: it takes about
# a second to start, and a submodel of 129 unknowns 0.3 seconds.
WORTH = 800
# A submodel with its seconds, and its messages.
_Recorded = tuple[tuple[Submodel, float], list[str]]


@dataclass(frozen=True, eq=False)
class _Job:
    """One submodel to fit."""

    design: Design
    settings: Settings
    earlier: Submodel | None
    title: str
    key: str
    shares: tuple[float, float] = (0.0, 1.0)

    def run(self, progress: Progress) -> tuple[Submodel, float]:
        """The submodel and the seconds that it took."""
        take_buffers()
        tell = portion(progress, *self.shares)
        tell(Stage(self.title, 0.0))
        began = time.perf_counter()
        # Matrices are small: threads of linear algebra cost more than they bring, and on a busy
        # machine a fit of 10 s did not end in two minutes.
        with threadpool_limits(1):
            submodel = run(self.design, settings=self.settings, earlier=self.earlier, progress=tell)
        return replace(submodel, key=self.key), seconds_since(began)


def run_submodels(
    designs: Sequence[Design],
    *,
    settings: Settings,
    earlier: Mapping[str, Submodel],
    progress: Progress,
    cached: Cached | None = None,
) -> tuple[dict[str, Submodel], dict[str, float]]:
    """Fit all submodels; results do not depend on the process in which each was fitted.

    Parameters
    ----------
    earlier
        Submodels of an earlier fit. One that follows from the same evidence, priors and settings is
        taken as it is, and from the modes of the others the search starts.
    cached
        Where submodels that passed their gate are kept, and from which they are taken. One that was
        searched for from an earlier mode is not kept, since its digits depend on that.

    Returns
    -------
    submodels, seconds
        By name, in the order of the designs.
    """
    keys = {design.name: _key(design, settings) for design in designs}
    known = {name: _known(earlier.get(name), key, cached) for name, key in keys.items()}
    done = {name: (submodel, 0.0) for name, submodel in known.items() if submodel is not None}
    jobs = [
        _Job(
            design,
            settings,
            earlier.get(design.name),
            f"fitting {design.name} ({i} of {len(designs)})",
            keys[design.name],
        )
        for i, design in enumerate(designs, start=1)
        if design.name not in done
    ]
    fitted = _fitted(jobs, settings, progress) if jobs else {}
    if cached is not None:
        for name, (submodel, _) in fitted.items():
            if name not in earlier and not submodel.diagnostics["failures"]:
                _keep(submodel, cached)
    done |= fitted
    submodels = {design.name: done[design.name][0] for design in designs}
    return submodels, {design.name: done[design.name][1] for design in designs}


def _key(design: Design, settings: Settings) -> str:
    """Hash of all that a submodel follows from, its code included."""
    content = BytesIO()
    pickler = _Contents(content, protocol=PICKLED)
    # Without it, which of two equal texts is one object would count.
    pickler.fast = True
    pickler.dump((design, settings))
    return sha256(code_hash(__name__).encode() + content.getvalue()).hexdigest()


class _Contents(pickle.Pickler):
    """Pickles contents alone: no cached properties, and arrays and tables however they lie."""

    def reducer_override(self, value: Any) -> Any:
        if is_dataclass(value) and not isinstance(value, type):
            return type(value), tuple(getattr(value, field.name) for field in fields(value))
        if isinstance(value, pd.DataFrame):
            columns = [(name, str(of.dtype), of.to_numpy()) for name, of in value.items()]
            return pd.DataFrame, (columns, value.index.to_numpy())
        if isinstance(value, sparse.csr_array):
            return type(value), (value.data, value.indices, value.indptr, value.shape)
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            return np.ndarray, (value.dtype.str, value.shape, value.tobytes())
        return NotImplemented


def _keep(submodel: Submodel, cached: Cached) -> None:
    """Keep a submodel, with its predictions, which every report needs."""
    _ = submodel.predicted
    cached.keep(submodel.key, submodel)


def _known(earlier: Submodel | None, key: str, cached: Cached | None) -> Submodel | None:
    """A submodel that need not be fitted again."""
    if earlier is not None:
        return earlier if earlier.key == key else None
    found = None if cached is None else cached.get(key)
    return found if isinstance(found, Submodel) else None


def _fitted(
    jobs: list[_Job], settings: Settings, progress: Progress
) -> dict[str, tuple[Submodel, float]]:
    """Submodels with their seconds, by name."""
    jobs = _with_shares(sorted(jobs, key=lambda job: -job.design.size))
    # A sampler uses all cores itself.
    aside = worker.at_hand() and settings.engine != "nuts"
    if aside and sum(job.design.size for job in jobs[1:]) > WORTH:
        return _shared(jobs, progress)
    return {job.design.name: job.run(progress) for job in jobs}


def _with_shares(jobs: Sequence[_Job]) -> list[_Job]:
    """The jobs with their shares of the work, which grows about as the square of the unknowns.

    On the shipped conflict, 752 of 2,080 unknowns took three quarters of the time.
    """
    ends = np.cumsum([job.design.size**2 for job in jobs], dtype=float)
    begins = [0.0, *ends[:-1]]
    return [
        replace(job, shares=(float(begin / ends[-1]), float(end / ends[-1])))
        for job, begin, end in zip(jobs, begins, ends, strict=True)
    ]


def _shared(jobs: list[_Job], progress: Progress) -> dict[str, tuple[Submodel, float]]:
    """Fit the first job here, and then, from the last one on, those not yet submitted."""
    queue = _Queue(jobs[1:])
    try:
        queue.submit_next()
        job: _Job | None = jobs[0]
        done = {}
        while job is not None:
            done[job.design.name] = job.run(progress)
            job = queue.take()
        return done | {name: _told(future, progress) for name, future in queue.submitted}
    finally:
        queue.clear()


class _Queue:
    """Jobs that the second process takes one by one from the front, this one from the back.

    Jobs are submitted singly, because queued jobs cannot be cancelled.
    """

    def __init__(self, jobs: Sequence[_Job]) -> None:
        self._jobs, self._lock = deque(jobs), Lock()
        self.submitted: list[tuple[str, Future[_Recorded]]] = []

    def submit_next(self, _: object = None) -> None:
        """Submit the next job, and another one whenever one is done."""
        with self._lock:
            if not self._jobs:
                return
            job = self._jobs.popleft()
            future = worker.submit(_recorded, job)
            self.submitted.append((job.design.name, future))
        future.add_done_callback(self.submit_next)

    def take(self) -> _Job | None:
        """The last job, if there is one left."""
        with self._lock:
            return self._jobs.pop() if self._jobs else None

    def clear(self) -> None:
        """Submit no more."""
        with self._lock:
            self._jobs.clear()


def _recorded(job: _Job) -> _Recorded:
    said: list[str] = []
    submodel, seconds = job.run(said.append)
    if submodel.engine == "nuts":
        # This process would wait for the processes of its chains when it ends.
        worker.end_all()
    # Every report needs it, and this process is the one that ends first.
    _ = submodel.predicted
    return (submodel, seconds), said


def _told(future: Future[_Recorded], progress: Progress) -> tuple[Submodel, float]:
    """The result of a job that was recorded, once its messages are passed on."""
    result, said = result_of(future)
    for message in said:
        progress(message)
    return result


def summary(submodels: Mapping[str, Submodel]) -> dict[str, Any]:
    """The diagnostics of all submodels together, and of each, as in ``diagnostics.json``."""
    each = {name: submodel.diagnostics for name, submodel in submodels.items()}
    failures = [f"{name}: {f}" for name, d in each.items() for f in d["failures"]]
    warnings = [f"{name}: {doubt}" for name, d in each.items() for doubt in d.get("doubts", ())]
    sampled = [d for d in each.values() if d["engine"] in SAMPLERS]
    return {
        "engine": ", ".join(sorted({d["engine"] for d in each.values()})),
        "gate": {"passed": not failures, "failures": failures, "doubts": warnings},
        "max_rhat": max((d["max_rhat"] for d in sampled), default=None),
        "min_ess_bulk": min((d["min_ess_bulk"] for d in sampled), default=None),
        "min_ess_tail": min((d["min_ess_tail"] for d in sampled), default=None),
        "divergences": sum(d["divergences"] for d in sampled) if sampled else None,
        "n_draws": min(d["n_draws"] for d in each.values()),
        "chains": max(d["chains"] for d in each.values()),
        "gradients": sum(d["gradients"] for d in each.values()),
        "quantities": [q for d in sampled for q in d["quantities"]],
        "blocks": {
            name: {k: v for k, v in d.items() if k != "quantities"} for name, d in each.items()
        },
    }
