"""A fit as one NetCDF file, and back.

The file holds the draws of theta of each block, the named quantities for those who read it with
other programs, and the text of every input file, from which evidence and design are built anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossmodel.claims.claims import Claims, claims_csv, load_claims
from lossmodel.conflict.conflict import read_conflict
from lossmodel.conflict.inputs import CLAIMS, CONFLICT, FILES, Inputs, is_plain
from lossmodel.errors import UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.inference.laplace.fit import Laplace
from lossmodel.inference.run import Submodel
from lossmodel.model.components import Components
from lossmodel.model.density.density import Density
from lossmodel.model.density.generated import SubmodelDraws
from lossmodel.model.density.model import LossModel
from lossmodel.model.priors import Priors
from lossmodel.posterior.fit import Fit, conflict_files

if TYPE_CHECKING:
    import xarray as xr

    from lossmodel.model.design.grid import Floats, Ints

__all__ = ["load", "named_draws", "save"]

FORMAT = 3
LEAD = ("chain", "draw")
# Dims and values by name.
Variables = dict[str, tuple[tuple[str, ...], NDArray[Any]]]


def named_draws(fit: Fit, *, prior: bool) -> xr.Dataset:
    """Draws under their names, dims chain and draw and what each is indexed by.

    Blocks of fewer chains or draws than others are filled up with NaN.
    """
    import xarray as xr

    return xr.Dataset(_all_named(fit, prior=prior))


def _all_named(fit: Fit, *, prior: bool) -> Variables:
    submodels = {name: b.prior if prior else b.posterior for name, b in fit.submodels.items()}
    longest = np.max([draws.theta.shape[:2] for draws in submodels.values()], axis=0)
    named: Variables = {
        dim: ((dim,), np.arange(size)) for dim, size in zip(LEAD, longest, strict=True)
    }
    for name, draws in submodels.items():
        for key, (dims, values) in _named(name, draws).items():
            named[key] = (dims, _filled(values, longest) if dims[:2] == LEAD else values)
    return named


def _filled(values: Floats, size: Ints) -> Floats:
    """Draws with NaN for those that other blocks have more of."""
    missing = [(0, more) for more in size - values.shape[:2]]
    if not np.any(missing):
        return values
    return np.pad(values, [*missing, (0, 0)], constant_values=np.nan)


def _named(name: str, draws: SubmodelDraws) -> Variables:
    """Variables of one block."""
    lead = draws.theta.shape[:2]
    latent, parameters = draws.design.latent, draws.design.parameters
    data: Variables = {}
    if parameters.hyper:
        scales = np.exp(parameters.log_scales(draws.flat)).reshape(*lead, -1)
        data[f"{name}_scale"] = ((*LEAD, f"{name}_scale_name"), scales)
        data[f"{name}_scale_name"] = (
            (f"{name}_scale_name",),
            np.array(parameters.hyper, dtype=object),
        )
    for kind, knots in (
        ("log_rate", latent.rate_knots),
        ("logit_lethality", latent.lethality_knots),
        ("logit_missing", latent.missing_knots),
    ):
        for party, (positions, rows) in knots.items():
            key = f"{name}_{kind}_{party}"
            values = draws.columns(rows).reshape(*lead, -1)
            data[key] = ((*LEAD, f"{key}_day"), values)
            data[f"{key}_day"] = ((f"{key}_day",), positions)
    return data


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
    if not is_plain(fit.conflict.name):
        raise UsageError(
            f"The conflict's folder is named {fit.conflict.name!r}, which would be a path on some "
            "systems; rename it to keep a fit of it."
        )
    path = Path(path)
    kept = {
        key: (dims, values.astype("float32") if dims[:2] == LEAD else values)
        for key, (dims, values) in _all_named(fit, prior=False).items()
    }
    for name, submodel in fit.submodels.items():
        theta = f"{name}_theta"
        lead = (f"{name}_chain", f"{name}_draw", theta)
        kept[theta] = (lead, submodel.posterior.theta.astype("float32"))
        lead = (f"{name}_prior_chain", f"{name}_prior_draw", theta)
        kept[f"{name}_prior"] = (lead, submodel.prior.theta.astype("float32"))
        kept[f"{name}_mode"] = ((theta,), submodel.laplace.mode)
        kept[f"{name}_factor"] = ((theta, f"{theta}_"), submodel.laplace.covariance_root)
    for key, text in _texts(fit).items():
        kept[f"input_{key}"] = ((), np.array(text, dtype=object))
    _write(path, kept)
    return path


def _write(path: Path, variables: Variables) -> None:
    """Write NetCDF; xarray would first look at each array in every way that there are arrays."""
    import h5netcdf
    import h5py

    with h5netcdf.File(path, "w") as file:
        for name, (dims, values) in variables.items():
            for dim, size in zip(dims, values.shape, strict=True):
                if dim not in file.dimensions:
                    file.dimensions[dim] = size
            kind = h5py.string_dtype() if values.dtype == object else values.dtype
            file.create_variable(name, dims, dtype=kind, data=values)


def _texts(fit: Fit) -> dict[str, str]:
    """Inputs and settings as text, by name."""
    files = {**fit.inputs, CLAIMS: claims_csv(fit.claims)}
    as_of = fit.evidence.as_of
    settings = {
        "format": FORMAT,
        "conflict": fit.conflict.name,
        "as_of": None if as_of is None else str(as_of.date()),
        "until": str(fit.evidence.until.date()),
        "until_given": fit.provenance["options"].get("until"),
        "parts": asdict(fit.components),
        "ci_prob": fit.ci_prob,
        "seed": fit.seed,
        "sha256": fit.claims.sha256,
        "claims_name": fit.claims.path.name,
        "blocks": {
            name: {"engine": b.engine, "diagnostics": b.diagnostics}
            for name, b in fit.submodels.items()
        },
        "diagnostics": fit.diagnostics,
        "provenance": fit.provenance,
    }
    return {
        "files": json.dumps(files),
        "priors": fit.priors.to_toml(),
        "settings": json.dumps(settings),
    }


def load(path: str | Path) -> Fit:
    """Read a fit that ``Fit.save`` wrote, or that lies in a report's folder.

    Nothing is written: what a fit says of files stays text.

    Raises
    ------
    UsageError
        There is no such file, it is not a fit, or it names files that no conflict has.
    """
    import xarray as xr

    path = Path(path)
    path = path / "fit.nc" if path.is_dir() else path
    if not path.is_file():
        raise UsageError(f"{path}: there is no such fit. Make one with `lossmodel fit`.")
    try:
        with xr.open_dataset(path, engine="h5netcdf") as data:
            stored = data.load()
        texts = {k: str(stored[f"input_{k}"].item()) for k in ("files", "priors", "settings")}
    except (OSError, KeyError, ValueError) as problem:
        raise UsageError(f"{path} is not a fit of lossmodel: {problem}") from problem
    settings = _object(texts["settings"], path)
    made = settings.get("format")
    if made != FORMAT:
        raise UsageError(
            f"{path} was written in format {made!r}, this version reads {FORMAT}; fit anew."
        )
    files = _object(texts["files"], path)
    _check_names(settings, files, path)
    priors = Priors.from_bytes(texts["priors"].encode("utf-8", "surrogatepass"), str(path))
    return _rebuild(stored, settings, _claims(settings, files), priors)


def _object(text: str, path: Path) -> dict[str, Any]:
    """Read a JSON object of a fit."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} is not a fit of lossmodel: {problem}") from problem
    if not isinstance(found, dict):
        raise UsageError(f"{path} is not a fit of lossmodel: its settings are no table.")
    return found


def _check_names(settings: dict[str, Any], files: dict[str, Any], path: Path) -> None:
    """Refuse names that a fit cannot have: others may have written it.

    Names are shown with their control characters spelled out, so that none reaches a terminal.
    """
    for name, text in files.items():
        if name not in FILES:
            raise UsageError(
                f"{path} is not read: it holds a file {name!r}, and a conflict has only "
                f"{', '.join(FILES)}."
            )
        if not isinstance(text, str):
            raise UsageError(f"{path} is not read: its {name} is no text.")
    missing = [name for name in (CONFLICT, CLAIMS) if name not in files]
    if missing:
        raise UsageError(f"{path} is not read: it holds no {missing[0]}.")
    conflict = settings.get("conflict")
    if not is_plain(conflict):
        raise UsageError(
            f"{path} is not read: it names its conflict {conflict!r}, which is no plain name."
        )


def _claims(settings: dict[str, Any], files: dict[str, str]) -> Claims:
    """Claims and conflict as they were, from texts alone; hashes are those of the files then."""
    conflict = read_conflict(Inputs(Path(settings["conflict"]), files))
    claims = load_claims(conflict=conflict)
    name = settings["claims_name"]
    path = claims.path.with_name(name) if is_plain(name) else claims.path
    return replace(claims, path=path, sha256=dict(settings["sha256"]))


def _rebuild(stored: xr.Dataset, settings: dict[str, Any], claims: Claims, priors: Priors) -> Fit:
    conflict = claims.conflict
    evidence = collect_evidence(
        claims, as_of=_day(settings["as_of"]), until=_day(settings["until_given"])
    )
    components = Components(**settings["parts"])
    model = LossModel(components, priors)
    submodels = {
        design.name: _block(design, stored, settings["blocks"][design.name])
        for design in model.submodels(evidence, conflict)
        if design.name in settings["blocks"]
    }
    return Fit(
        submodels=submodels,
        claims=claims,
        evidence=evidence,
        conflict=conflict,
        priors=priors,
        components=components,
        ci_prob=settings["ci_prob"],
        diagnostics=settings["diagnostics"],
        provenance=settings["provenance"],
        seed=settings["seed"],
        inputs=conflict_files(conflict),
        left_over=model.unmodelled(evidence, conflict),
    )


def _day(text: str | None) -> Any:
    import pandas as pd

    return None if text is None else pd.Timestamp(text)


def _block(design: Any, stored: xr.Dataset, kept: dict[str, Any]) -> Submodel:
    name = design.name
    diagnostics = kept["diagnostics"]
    laplace = Laplace(
        mode=stored[f"{name}_mode"].to_numpy(),
        covariance_root=stored[f"{name}_factor"].to_numpy().astype(float),
        latent_precision=np.zeros((0, 0)),
        hyper_covariance=np.zeros((0, 0)),
        log_evidence=diagnostics["log_evidence"],
        decrement=diagnostics["decrement"],
        positive=diagnostics["positive"],
        gradient=0.0,
        expansions=diagnostics["expansions"],
        gradients=diagnostics["gradients"],
    )
    theta = stored[f"{name}_theta"].to_numpy()
    if theta.shape[-1] != design.size:
        raise UsageError(
            f"The fit was made by another version of the model ({theta.shape[-1]} unknowns of "
            f"{name}, now {design.size}); fit anew."
        )
    density = Density(design)
    return Submodel(
        design=design,
        density=density,
        laplace=laplace,
        engine=kept["engine"],
        posterior=SubmodelDraws(density.model, theta),
        prior=SubmodelDraws(density.model, stored[f"{name}_prior"].to_numpy()),
        diagnostics=diagnostics,
    )
