"""Claims in, posterior out: fit, the object that it gives, and the gate that it must pass."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lossmodel.claims.claims import Claims
from lossmodel.conflict.conflict import Conflict
from lossmodel.conflict.inputs import CLAIMS, FILES, PRIORS
from lossmodel.defaults import CI_PROB
from lossmodel.errors import UsageError
from lossmodel.evidence import Evidence, collect_evidence
from lossmodel.inference.names import EngineName, check_engine
from lossmodel.inference.run import Settings, Submodel
from lossmodel.inference.schedule import run_submodels, summary
from lossmodel.model.components import Components
from lossmodel.model.density.model import LossModel
from lossmodel.model.density.predictive import predictive
from lossmodel.model.design.assemble import PERSON
from lossmodel.model.design.grid import Floats, Ints
from lossmodel.model.priors import Priors
from lossmodel.posterior.prior_shift import local_prior_sensitivity
from lossmodel.posterior.provenance import provenance
from lossmodel.posterior.reported import Series, is_identified, series_of
from lossmodel.posterior.variance import variance_decomposition

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

__all__ = ["Fit", "conflict_priors", "fit", "load_fit"]

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Fit:
    """A posterior with everything that it came from.

    Attributes
    ----------
    submodels
        Draws of each block: soldiers, civilians, and each class of equipment.
    claims, evidence, conflict, priors, components
        What went in.
    days
        First day to the last one reported.
    streams
        stream, claimant, party, category, accounting, method, role, group, n_claims, n_used,
        identified.
    terms
        Pieces of evidence with what the posterior expects of them.
    variance_decomposition
        What fixes each total, see ``variance``.
    local_prior_sensitivity
        Totals under other priors, see ``prior_shift``.
    diagnostics, provenance
        As in ``diagnostics.json`` and ``provenance.json``.
    inputs
        Name -> text of the conflict's files, so that a saved fit stands on its own.
    """

    submodels: Mapping[str, Submodel]
    claims: Claims
    evidence: Evidence
    conflict: Conflict
    priors: Priors
    components: Components
    ci_prob: float
    diagnostics: dict[str, Any]
    provenance: dict[str, Any]
    seed: int = 1
    inputs: Mapping[str, str] = field(default_factory=dict)
    left_over: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def days(self) -> pd.DatetimeIndex:
        """Days of the path."""
        return pd.date_range(self.conflict.start, self.evidence.until, freq="D")

    @property
    def engine(self) -> str:
        """Engines of the blocks, such as ``laplace`` or ``laplace, nuts``."""
        return ", ".join(sorted({b.engine for b in self.submodels.values()}))

    @cached_property
    def series(self) -> list[Series]:
        """Party, category and scope of everything that is estimated, in the conflict's order."""
        return [
            key
            for name, submodel in self.submodels.items()
            for key in series_of(submodel.design, name, self.conflict)
        ]

    def submodel_of(self, party: str, category: str) -> Submodel:
        """The block that a party's losses of a category are fitted in.

        Raises
        ------
        UsageError
            Nothing was fitted for it.
        """
        conflict = self.conflict
        known = category in conflict.categories
        people = known and conflict.categories[category].group == PERSON
        bases = set(conflict.components(party)) if party in conflict.parties else set()
        for name, submodel in self.submodels.items():
            same = submodel.design.people if people else name == category
            if same and bases & set(submodel.design.latent.parties):
                return submodel
        there = "; ".join(f"{c} {p}" for p, c, scope in self.series if scope == "all")
        raise UsageError(f"There are no estimates of {category} {party}; there are: {there}.")

    def daily(
        self, party: str, category: str, scope: str = "all", *, prior: bool = False
    ) -> Floats:
        """Expected losses a day, shape (draws, days); of the prior where asked for.

        Raises
        ------
        UsageError
            There is no such series.
        """
        submodel = self.submodel_of(party, category)
        draws = submodel.prior if prior else submodel.posterior
        latent = submodel.design.latent
        parties = [p for p in self.conflict.components(party) if p in latent.parties]
        if scope != "all" and (party, scope) not in latent.scope_index:
            known = "; ".join(" ".join(key) for key in self.series)
            raise UsageError(
                f"There are no estimates of {category} {party} {scope}; there are: {known}."
            )
        components = [
            draws.daily(p, category, scope if len(parties) == 1 else "all") for p in parties
        ]
        return reduce(np.add, components)

    def bias_draws(self, stream: int, *, prior: bool = False, days: Ints | None = None) -> Floats:
        """Log bias of a stream under its own definition, shape (draws, days).

        The common mode is in it; a list has its log coverage instead.

        Parameters
        ----------
        stream
            Its number in `streams`.
        prior
            Draws of the prior instead.
        days
            Positions of the days; all where not given.
        """
        submodel, number = self._stream(stream)
        cell_of = submodel.design.grid.cell_of
        cells = cell_of if days is None else cell_of[days]
        return (submodel.prior if prior else submodel.posterior).bias(number, cells)

    def omega_draws(self, stream: int, *, prior: bool = False) -> Floats:
        """Share of the wounded that a stream counts, shape (draws,); NaN for equipment."""
        submodel, number = self._stream(stream)
        return (submodel.prior if prior else submodel.posterior).wounded_share(number)

    def _stream(self, stream: int) -> tuple[Submodel, int]:
        submodel = str(self.streams["block"].to_numpy()[stream])
        return self.submodels[submodel], int(self.streams["number"].to_numpy()[stream])

    @cached_property
    def streams(self) -> pd.DataFrame:
        """All streams with evidence, numbered over the blocks."""
        tables = []
        for name, submodel in self.submodels.items():
            table = submodel.design.streams.drop(columns=["first", "last"])
            groups = submodel.design.terms.groupby(["claimant", "party", "category"], sort=True)
            counts = groups["claims"].agg(lambda ids: len({c for i in ids for c in i.split(";")}))
            tables.append(
                table.assign(
                    n_claims=counts.to_numpy(),
                    block=name,
                    number=table.index,
                    group=PERSON if submodel.design.people else "equipment",
                    identified=[is_identified(submodel, int(i)) for i in table.index],
                )
            )
        streams = pd.concat(tables, ignore_index=True)
        return streams.assign(stream=streams.index)

    @cached_property
    def terms(self) -> pd.DataFrame:
        """Evidence with the posterior's expectation of each piece."""
        tables = [
            predictive(b.design, b.predicted, ci_prob=self.ci_prob).assign(block=name)
            for name, b in self.submodels.items()
        ]
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def variance_decomposition(self) -> pd.DataFrame:
        """What fixes each total to the end."""
        tables = [
            variance_decomposition(
                b.posterior, b.prior, b.density, b.laplace, series_of(b.design, name, self.conflict)
            )
            for name, b in self.submodels.items()
        ]
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def local_prior_sensitivity(self) -> pd.DataFrame:
        """Totals to the end under other priors, by normal theory, see ``prior_shift``."""
        tables = [
            local_prior_sensitivity(
                b.posterior,
                b.laplace,
                self.priors,
                series_of(b.design, name, self.conflict),
                ci_prob=self.ci_prob,
            )
            for name, b in self.submodels.items()
        ]
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def draws(self) -> xr.Dataset:
        """Named draws with dims chain and draw."""
        from lossmodel.posterior.netcdf import named_draws

        return named_draws(self, prior=False)

    @cached_property
    def prior(self) -> xr.Dataset:
        """Draws of the prior under the same names."""
        from lossmodel.posterior.netcdf import named_draws

        return named_draws(self, prior=True)

    def estimate(self, category: str, party: str, **options: Any) -> pd.DataFrame:
        """Rows of the estimates of one series, see ``estimates.estimate``."""
        from lossmodel.posterior.estimates import estimate

        return estimate(self, category, party, **options)

    def query(self, text: str, **options: Any) -> Any:
        """Answer a question in the query language, see ``query.run_query``."""
        from lossmodel.query.evaluate import run_query

        return run_query(self, text, **options)

    def bias(self) -> pd.DataFrame:
        """Ratio of each claimant's figures to the truth, see ``ratios.biases_table``."""
        from lossmodel.posterior.ratios import biases_table

        return biases_table(self)

    def save(self, path: str | Path) -> Path:
        """Write the fit to one NetCDF file that ``load_fit`` reads back."""
        from lossmodel.posterior.netcdf import save

        return save(self, path)


def fit(
    claims: Claims,
    *,
    priors: Priors | None = None,
    components: Components | None = None,
    engine: EngineName = "auto",
    seed: int = 1,
    ci_prob: float = CI_PROB,
    as_of: pd.Timestamp | None = None,
    until: pd.Timestamp | None = None,
    draws: int | None = None,
    patience: float | None = None,
    submodels: tuple[str, ...] | None = None,
    start: Fit | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit the model to claims.

    Parameters
    ----------
    priors
        Assumptions; the conflict's own ``priors.toml`` or the default where not given.
    engine
        ``laplace``, ``nuts``, or ``auto``: laplace, and nuts for blocks where its gate fails.
    ci_prob
        Probability of the equal-tailed credible intervals.
    as_of
        Leave out what was published later.
    until
        Last day of the path.
    draws
        Draws of each block: in all for laplace, a chain for nuts.
    patience
        Seconds for which nuts may go on until its gate is passed; as long as it takes, up to five
        times its draws, where not given.
    submodels
        Names of the blocks to fit (``person``, classes of equipment); all where not given.
    start
        An earlier fit, whose modes the search starts from.
    progress
        Told of each stage.

    Returns
    -------
    Fit
        Also where the gate failed; ``diagnostics["gate"]`` says so.

    Raises
    ------
    UsageError
        There is nothing to fit, or an option is out of its range.
    """
    say = progress or (lambda _: None)
    check_engine(engine)
    if not 0 < ci_prob < 1:
        raise UsageError(f"ci_prob is {ci_prob}; it must lie between 0 and 1.")
    clock = _Clock()
    evidence = collect_evidence(claims, as_of=as_of, until=until)
    clock.lap("evidence")
    chosen = priors or conflict_priors(claims.conflict)
    model = LossModel(components or Components(), chosen)
    designs = model.submodels(evidence, claims.conflict) if len(evidence.terms) else []
    if submodels is not None:
        designs = [d for d in designs if d.name in submodels]
    if not designs:
        raise UsageError("No claim is left to fit: see the classes of evidence for the reasons.")
    clock.lap("design")
    settings = Settings(engine, seed, draws, np.inf if patience is None else patience)
    earlier = {} if start is None else start.submodels
    fitted, took = run_submodels(designs, settings=settings, earlier=earlier, progress=say)
    clock.lap("fit")
    seconds = clock.seconds | {f"fit {name}": spent for name, spent in took.items()}
    return Fit(
        submodels=fitted,
        claims=claims,
        evidence=evidence,
        conflict=claims.conflict,
        priors=chosen,
        components=components or Components(),
        ci_prob=ci_prob,
        diagnostics=summary(fitted) | {
            "seconds": seconds | {"total": round(sum(clock.seconds.values()), 3)},
            "peak_mb": _peak_mb(),
        },
        provenance=provenance(
            claims, chosen, components or Components(),
            options={"engine": engine, "seed": seed, "ci_prob": ci_prob, "as_of": as_of,
                     "until": until, "draws": draws, "patience": patience},
        ),
        seed=seed,
        inputs=conflict_files(claims.conflict),
        left_over=model.unmodelled(evidence, claims.conflict),
    )  # fmt: skip


def conflict_files(conflict: Conflict) -> dict[str, str]:
    """Text of the files that define a conflict, its claims apart; none if it is made in memory."""
    inputs = conflict.inputs
    return {name: inputs.text(name) for name in FILES if name != CLAIMS and inputs.has(name)}


def conflict_priors(conflict: Conflict) -> Priors:
    """The priors of a conflict's folder, or the default ones."""
    inputs = conflict.inputs
    if not inputs.has(PRIORS):
        return Priors.default()
    return Priors.from_bytes(inputs.read(PRIORS), str(inputs.place / PRIORS))


def load_fit(path: str | Path) -> Fit:
    """Read a fit that ``Fit.save`` wrote; a report's folder will do.

    Raises
    ------
    UsageError
        There is no such file, or it is not a fit.
    """
    from lossmodel.posterior.netcdf import load

    return load(path)


class _Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now


def _peak_mb() -> float | None:
    """Most memory that this process has held so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows has no such module, and a fit needs none
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)
