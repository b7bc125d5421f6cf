"""From claims to a fit: evidence, design, submodels through their engines."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from lossmodel.errors import UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.evidence.outcomes import without_unmodelled
from lossmodel.findings import find
from lossmodel.inference.names import EngineName
from lossmodel.inference.run import Settings
from lossmodel.inference.schedule import run_submodels, summary
from lossmodel.model.components import Components
from lossmodel.model.density.model import LossModel
from lossmodel.model.force_balance import with_force
from lossmodel.posterior.contradictions import contradictions
from lossmodel.posterior.fit import Fit, conflict_files, conflict_priors
from lossmodel.posterior.force_check import force_findings
from lossmodel.posterior.outside_figures import outside_findings
from lossmodel.posterior.provenance import provenance
from lossmodel.posterior.timing import Clock, peak_mb

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pandas as pd

    from lossmodel.claims.claims import Claims
    from lossmodel.evidence import Evidence
    from lossmodel.model.design import Design
    from lossmodel.model.priors import Priors
    from lossmodel.system.cache import Cached
    from lossmodel.tables.trust import Trust

__all__ = ["fit_claims"]

# Reasons that a message gives at most, the most frequent first.
REASONS = 5


def fit_claims(
    claims: Claims,
    *,
    priors: Priors | None,
    components: Components | None,
    engine: EngineName,
    seed: int,
    ci_prob: float,
    as_of: pd.Timestamp | None,
    until: pd.Timestamp | None,
    trust: Trust,
    draws: int | None,
    patience: float | None,
    submodels: Collection[str] | None,
    start: Fit | None,
    cached: Cached | None,
    progress: Callable[[str], None],
) -> Fit:
    """Fit the model to claims; for the arguments see ``lossmodel.fit``."""
    clock = Clock()
    claims = claims.in_order()
    evidence = collect_evidence(claims, as_of=as_of, until=until, trust=trust)
    findings = {"findings": [asdict(finding) for finding in find(claims, evidence)]}
    clock.lap("evidence")
    conflict = claims.conflict
    model = LossModel(components or Components(), priors or conflict_priors(conflict))
    evidence = with_force(evidence, conflict, model.components, model.priors)
    unmodelled = model.unmodelled(evidence, conflict)
    classes = without_unmodelled(evidence.classes, evidence.terms, unmodelled)
    evidence = replace(evidence, classes=classes)
    designs = _designs(model, evidence, claims, submodels)
    clock.lap("design")
    settings = Settings(engine, seed, draws, patience)
    earlier = {} if start is None else start.submodels
    fitted, took = run_submodels(
        designs, settings=settings, earlier=earlier, progress=progress, cached=cached
    )
    clock.lap("fit")
    seconds = clock.seconds | {f"fit {name}": spent for name, spent in took.items()}
    cost = {"seconds": seconds | {"total": round(sum(clock.seconds.values()), 3)}}
    options = {
        "engine": engine, "seed": seed, "ci_prob": ci_prob, "as_of": as_of, "until": until,
        "trust": trust, "draws": draws, "patience": patience,
    }  # fmt: skip
    found = Fit(
        submodels=fitted,
        claims=claims,
        evidence=evidence,
        conflict=conflict,
        priors=model.priors,
        components=model.components,
        ci_prob=ci_prob,
        diagnostics=summary(fitted) | cost | {"peak_mb": peak_mb()} | findings,
        provenance=provenance(claims, model.priors, model.components, options=options),
        seed=seed,
        inputs=conflict_files(conflict),
        left_over=unmodelled,
    )
    # In place: another fit would work out anew the tables that this needed.
    seen = (*contradictions(found), *outside_findings(found), *force_findings(found))
    findings["findings"] += [asdict(finding) for finding in seen]
    return found


def _designs(
    model: LossModel, evidence: Evidence, claims: Claims, wanted: Collection[str] | None
) -> list[Design]:
    """Submodels with evidence, those that are wanted."""
    designs = (
        model.submodels(evidence, claims.conflict, wanted=wanted) if len(evidence.terms) else []
    )
    if designs:
        return designs
    others = [] if wanted is None else model.submodels(evidence, claims.conflict)
    if wanted is not None and others:
        names = ", ".join(design.name for design in others)
        raise UsageError(f"No claim is about {', '.join(sorted(wanted))}; there are: {names}.")
    left_out = evidence.classes["class"] == "left out"
    reasons = evidence.classes.loc[left_out, "why"].value_counts().head(REASONS).items()
    why = "".join(f"\n  {count:,} of them: {reason}" for reason, count in reasons)
    raise UsageError(f"None of {len(claims):,} claims is left to fit.{why}")
