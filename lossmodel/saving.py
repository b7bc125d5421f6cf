"""A fit as one NetCDF file, and back.

The file holds the draws of theta of each block, the named quantities for those who read it with
other programs, and the text of every input file, from which evidence and design are built anew.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmodel.claims import load_claims, write_claims
from lossmodel.conflict import load_conflict
from lossmodel.density import Density
from lossmodel.engines.laplace import Laplace
from lossmodel.engines.runs import Block
from lossmodel.errors import UsageError
from lossmodel.evidence import collect_evidence
from lossmodel.fitting import Fit
from lossmodel.model import LossModel
from lossmodel.parts import Parts
from lossmodel.posterior import BlockDraws
from lossmodel.priors import Priors

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["load", "named_draws", "save"]

FORMAT = 2
LAPLACE = ("mode", "factor")


def named_draws(fit: Fit, *, prior: bool) -> xr.Dataset:
    """Draws under their names, dims chain and draw and what each is indexed by."""
    import xarray as xr

    data: dict[str, Any] = {}
    for name, block in fit.blocks.items():
        draws = block.prior if prior else block.posterior
        lead = draws.theta.shape[:2]
        paths, layout = block.design.paths, block.design.layout
        if layout.hyper:
            scales = np.exp(layout.log_scales(draws.flat)).reshape(*lead, -1)
            data[f"{name}_scale"] = (("chain", "draw", f"{name}_scale_name"), scales)
            data[f"{name}_scale_name"] = ((f"{name}_scale_name",), list(layout.hyper))
        for kind, knots in (
            ("log_rate", paths.rate_knots),
            ("logit_lethality", paths.lethality_knots),
            ("logit_missing", paths.missing_knots),
        ):
            for party, (positions, rows) in knots.items():
                key = f"{name}_{kind}_{party}"
                data[key] = (
                    ("chain", "draw", f"{key}_day"),
                    draws.values[:, rows].reshape(*lead, -1),
                )
                data[f"{key}_day"] = ((f"{key}_day",), positions)
    return xr.Dataset(data).assign_coords(chain=range(lead[0]), draw=range(lead[1]))


def save(fit: Fit, path: str | Path) -> Path:
    """Write a fit; see the module.

    Raises
    ------
    UsageError
        The conflict was made in memory, so that there are no files to keep with it.
    """
    import xarray as xr

    if not fit.inputs:
        raise UsageError("This fit's conflict has no folder: a fit of it cannot be kept.")
    path = Path(path)
    data = named_draws(fit, prior=False).astype("float32")
    for name, block in fit.blocks.items():
        dims = ("chain", "draw", f"{name}_theta")
        extra = {
            f"{name}_theta": (dims, block.posterior.theta.astype("float32")),
            f"{name}_prior": (
                ("prior_chain", "prior_draw", dims[2]),
                block.prior.theta.astype("float32"),
            ),
            f"{name}_mode": ((dims[2],), block.laplace.mode),
            f"{name}_factor": ((dims[2], f"{name}_theta_"), block.laplace.factor),
        }
        data = xr.merge(
            [data.drop_vars([v for v in extra if v in data]), xr.Dataset(extra)], join="outer"
        )
    for key, text in _texts(fit).items():
        data[f"input_{key}"] = xr.DataArray(text)
    encoding = {k: {"zlib": True, "complevel": 1} for k, v in data.data_vars.items() if v.ndim > 1}
    data.to_netcdf(path, engine="h5netcdf", encoding=encoding)
    return path


def _texts(fit: Fit) -> dict[str, str]:
    """Inputs and settings as text, by name."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "claims.csv"
        write_claims(fit.claims, table)
        files = {"claims.csv": table.read_text(encoding="utf-8"), **fit.inputs}
    as_of = fit.evidence.as_of
    settings = {
        "format": FORMAT,
        "conflict": fit.conflict.name,
        "as_of": None if as_of is None else str(as_of.date()),
        "until": str(fit.evidence.until.date()),
        "until_given": fit.provenance["options"].get("until"),
        "parts": asdict(fit.parts),
        "ci_prob": fit.ci_prob,
        "seed": fit.seed,
        "sha256": fit.claims.sha256,
        "claims_name": fit.claims.path.name,
        "blocks": {
            name: {"engine": b.engine, "diagnostics": b.diagnostics}
            for name, b in fit.blocks.items()
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

    Raises
    ------
    UsageError
        There is no such file, or it is not a fit.
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
    made = json.loads(texts["settings"]).get("format")
    if made != FORMAT:
        raise UsageError(
            f"{path} was written in format {made}, this version reads {FORMAT}; fit anew."
        )
    return _rebuild(stored, texts)


def _rebuild(stored: xr.Dataset, texts: dict[str, str]) -> Fit:
    settings = json.loads(texts["settings"])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / settings["conflict"]
        home.mkdir()
        files = json.loads(texts["files"])
        for name, text in files.items():
            (home / name).write_text(text, encoding="utf-8")
        (home / "fit-priors.toml").write_text(texts["priors"], encoding="utf-8")
        conflict = load_conflict(home)
        claims = load_claims(home / "claims.csv", conflict=conflict)
        priors = Priors.from_toml(home / "fit-priors.toml")
        claims.sha256.clear()
        claims.sha256.update(settings["sha256"])
    evidence = collect_evidence(
        claims, as_of=_day(settings["as_of"]), until=_day(settings["until_given"])
    )
    parts = Parts(**settings["parts"])
    model = LossModel(parts, priors)
    blocks = {
        design.name: _block(design, stored, settings["blocks"][design.name])
        for design in model.blocks(evidence, conflict)
        if design.name in settings["blocks"]
    }
    return Fit(
        blocks=blocks,
        claims=claims,
        evidence=evidence,
        conflict=conflict,
        priors=priors,
        parts=parts,
        ci_prob=settings["ci_prob"],
        diagnostics=settings["diagnostics"],
        provenance=settings["provenance"],
        seed=settings["seed"],
        inputs={name: text for name, text in files.items() if name != "claims.csv"},
        left_over=model.unmodelled(evidence, conflict),
    )


def _day(text: str | None) -> Any:
    import pandas as pd

    return None if text is None else pd.Timestamp(text)


def _block(design: Any, stored: xr.Dataset, kept: dict[str, Any]) -> Block:
    name = design.name
    diagnostics = kept["diagnostics"]
    laplace = Laplace(
        mode=stored[f"{name}_mode"].to_numpy(),
        factor=stored[f"{name}_factor"].to_numpy().astype(float),
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
    theta = theta[:, ~np.isnan(theta[0, :, 0])]
    return Block(
        design=design,
        density=Density(design),
        laplace=laplace,
        engine=kept["engine"],
        posterior=BlockDraws(design, theta),
        prior=BlockDraws(design, stored[f"{name}_prior"].to_numpy()),
        diagnostics=diagnostics,
    )
