"""A fit as one NetCDF file, and back.

The file holds, in the group `fit`, the draws of theta of each submodel with mode and covariance,
and the text of every input file, from which evidence and design are built anew; beside it, for
those who read it with other programs, the named quantities in the groups of ``groups``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.arguments import check_path
from lossmodel.claims.claims import Claims, claims_csv, load_claims
from lossmodel.conflict.conflict import Conflict, read_conflict
from lossmodel.conflict.inputs import CLAIMS, Inputs, is_plain
from lossmodel.errors import UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.evidence.outcomes import without_unmodelled
from lossmodel.model.components import Components
from lossmodel.model.density.model import LossModel
from lossmodel.model.force_balance import with_force
from lossmodel.model.priors import Priors
from lossmodel.posterior.container import checksum, fit_file, read_group, read_sealed, write_groups
from lossmodel.posterior.fit import Fit, conflict_files
from lossmodel.posterior.groups import ATTRIBUTES, LEAD, Variable, Variables, groups_of
from lossmodel.posterior.saved_submodels import SPARSE, saved_submodel
from lossmodel.posterior.saved_texts import read_texts
from lossmodel.tables.trust import TRUSTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lossmodel.posterior.container import Sealed

__all__ = ["CHECKSUM", "built", "check_name", "fit_checksum", "load", "save"]

# The group from which a fit is built anew.
GROUP: Final = "fit"
# Name of the checksum in the cache of a fit.
CHECKSUM: Final = "checksum"
# Settings that say when and how a fit was made, and not what it is.
OF_ONE_RUN: Final = frozenset({"created", "command", "seconds", "peak_mb"})


def save(fit: Fit, path: str | Path) -> Path:
    """Write a fit; see the module. Draws are noise, which does not shrink by compression.

    Raises
    ------
    UsageError
        The conflict was made in memory, so that there are no files to keep with it; or its
        folder's name is one that no reader of the fit would accept.
    """
    if not fit.inputs:
        raise UsageError("This fit's conflict has no folder: a fit of it cannot be kept.")
    check_name(fit.conflict)
    check_path(path, "path")
    path = Path(path)
    groups = {name: _single(variables) for name, variables in groups_of(fit).items()}
    attrs = ATTRIBUTES | {"sha256": fit_checksum(fit)}
    write_groups(path, groups | {GROUP: _core(fit)}, attrs=attrs)
    return path


def fit_checksum(fit: Fit) -> str:
    """SHA-256 of the content of a fit, the same in memory and in every file that it is saved to.

    The content is everything that the fit is built anew from: draws, inputs, settings, provenance.
    Only the time and the command of a run, and what it took, are left out: two runs that give the
    same numbers have the same checksum.
    """
    found: str = fit.cache.get(CHECKSUM, lambda: checksum(_arrays(fit)))
    return found


def _arrays(fit: Fit) -> dict[str, NDArray[Any]]:
    kept = {key: variable.values for key, variable in _core(fit).items()}
    settings = _lasting(json.loads(_texts(fit)["settings"]))
    return kept | {"settings": np.array(json.dumps(settings), dtype=object)}


def _lasting(content: Any) -> Any:
    """Settings without the keys `OF_ONE_RUN`, however deep."""
    if isinstance(content, dict):
        return {k: _lasting(v) for k, v in content.items() if k not in OF_ONE_RUN}
    return [_lasting(each) for each in content] if isinstance(content, list) else content


def check_name(conflict: Conflict) -> None:
    """Check that fits of a conflict can be kept under the name of its folder.

    Raises
    ------
    UsageError
        The name would be a path on some systems.
    """
    if not is_plain(conflict.name):
        raise UsageError(
            f"The conflict's folder is named {conflict.name!r}, which would be a path on some "
            "systems; rename it to keep a fit of it."
        )


def _single(variables: Variables) -> Variables:
    """Draws in single precision, which is theirs in memory too."""
    return {
        key: v._replace(values=v.values.astype("float32")) if v.dims[:2] == LEAD else v
        for key, v in variables.items()
    }


def _core(fit: Fit) -> Variables:
    """What a fit is built from."""
    kept: Variables = {}
    for name, submodel in fit.submodels.items():
        unknown, root = f"{name}_unknown", submodel.laplace.covariance_root
        for kind, draws in (("theta", submodel.posterior), ("prior_theta", submodel.prior)):
            lead = (f"{name}_{kind}_chain", f"{name}_{kind}_draw")
            kept[f"{name}_{kind}"] = Variable((*lead, unknown), draws.theta.astype("float32"))
        kept[f"{name}_mode"] = Variable((unknown,), submodel.laplace.mode)
        if isinstance(root, np.ndarray):
            kept[f"{name}_covariance_root"] = Variable((unknown, f"{unknown}_"), root)
            continue
        for part in SPARSE:
            there = (f"{name}_root_{part}_",)
            kept[f"{name}_root_{part}"] = Variable(there, getattr(root, part))
    for key, text in _texts(fit).items():
        kept[key] = Variable((), np.array(text, dtype=object))
    return kept


def _texts(fit: Fit) -> dict[str, str]:
    """Inputs and settings as text, by name."""
    as_of = fit.evidence.as_of
    settings = {
        "conflict": fit.conflict.name,
        "as_of": None if as_of is None else str(as_of.date()),
        "until": str(fit.evidence.until.date()),
        "until_given": fit.provenance["options"].get("until"),
        "trust": fit.evidence.trust,
        "components": asdict(fit.components),
        "ci_prob": fit.ci_prob,
        "seed": fit.seed,
        "sha256": fit.claims.sha256,
        "claims_name": fit.claims.path.name,
        "submodels": {
            name: {"engine": b.engine, "diagnostics": b.diagnostics}
            for name, b in fit.submodels.items()
        },
        "diagnostics": fit.diagnostics,
        "provenance": fit.provenance,
    }
    return {
        "files": fit.cache.get("files", lambda: _files(fit)),
        "priors": fit.priors.to_toml(),
        "settings": json.dumps(settings),
    }


def _files(fit: Fit) -> str:
    return json.dumps({**fit.inputs, CLAIMS: claims_csv(fit.claims)})


def load(path: str | Path) -> Fit:
    """Read a fit that ``Fit.save`` wrote, or that lies in a report's folder.

    Nothing is written: the files inside a fit are kept in memory.

    Raises
    ------
    UsageError
        There is no such file, it is not a fit or of another version of the format, it was changed
        since it was written, or it names files that no conflict has.
    """
    path = fit_file(path)
    return built(read_sealed(path), path)


def built(sealed: Sealed, path: Path) -> Fit:
    """A fit from the content of its file; for errors see `load`."""
    stored = read_group(sealed, GROUP, path)
    texts = read_texts(stored, path)
    priors = Priors.from_bytes(texts.priors.encode("utf-8", "surrogatepass"), str(path))
    try:
        return _rebuild(stored, texts.settings, _claims(texts.settings, texts.files), priors)
    # Whoever can write a checksum can write anything else, too.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        kind = type(problem).__name__
        raise UsageError(f"{path} is not a fit of lossmodel: {kind}, {problem}.") from problem


def _claims(settings: dict[str, Any], files: dict[str, str]) -> Claims:
    """Claims and conflict as they were, from texts alone; hashes are those of the files then."""
    conflict = read_conflict(Inputs(Path(settings["conflict"]), files))
    claims = load_claims(conflict=conflict)
    name = settings["claims_name"]
    path = claims.path.with_name(name) if is_plain(name) else claims.path
    return replace(claims, path=path, sha256=dict(settings["sha256"]))


def _rebuild(
    stored: Mapping[str, NDArray[Any]], settings: dict[str, Any], claims: Claims, priors: Priors
) -> Fit:
    conflict = claims.conflict
    evidence = collect_evidence(
        claims,
        as_of=_day(settings["as_of"]),
        until=_day(settings["until_given"]),
        trust=settings.get("trust", TRUSTS[-1]),
    )
    components = Components(**settings["components"])
    evidence = with_force(evidence, conflict, components, priors)
    model = LossModel(components, priors)
    submodels = {
        design.name: saved_submodel(design, stored, settings["submodels"][design.name])
        for design in model.submodels(evidence, conflict)
        if design.name in settings["submodels"]
    }
    if not submodels:
        raise ValueError("it has no submodel of its claims")
    unmodelled = model.unmodelled(evidence, conflict)
    classes = without_unmodelled(evidence.classes, evidence.terms, unmodelled)
    return Fit(
        submodels=submodels,
        claims=claims,
        evidence=replace(evidence, classes=classes),
        conflict=conflict,
        priors=priors,
        components=components,
        ci_prob=settings["ci_prob"],
        diagnostics=settings["diagnostics"],
        provenance=settings["provenance"],
        seed=settings["seed"],
        inputs=conflict_files(conflict),
        left_over=unmodelled,
    )


def _day(text: str | None) -> Any:
    import pandas as pd

    return None if text is None else pd.Timestamp(text)
