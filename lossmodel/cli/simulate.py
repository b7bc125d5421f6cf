"""The command that simulates a war: simulate."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossmodel.cli.app import ConflictName, Seed, app
from lossmodel.cli.console import answer, progress
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.errors import UsageError

if TYPE_CHECKING:
    from lossmodel.evaluation.simulation import Simulated

SIMULATION = Path("lossmodel-simulation")


@app.command()
def simulate(
    conflict: ConflictName = DEFAULT_CONFLICT,
    seed: Seed = 1,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to make; must not exist.")
    ] = SIMULATION,
) -> None:
    """Draw a war and the claims about it, as a conflict folder whose truth is known."""
    if out.exists():
        raise UsageError(f"{out} exists; name another folder with --out.")

    from lossmodel.evaluation import simulation

    with progress() as say:
        say("drawing a war and the claims about it")
        war = simulation.simulate(conflict, seed=seed)
        say("writing the folder")
        _write_folder(war, out)
    answer(f"{len(war.claims):,} claims and their truth in {out}")
    answer(f"fit them: lossmodel fit --conflict {out}")


def _write_folder(war: Simulated, out: Path) -> None:
    """Write the conflict with other claims and the truth, whole or not at all.

    Title and notes say that nothing of it happened: the files may travel alone.
    """
    from lossmodel.claims.claims import write_claims

    origin = war.claims.conflict.directory
    invented = replace(war.claims, table=war.claims.table.assign(note="simulated"))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        folder = Path(name) / "whole"
        folder.mkdir()
        toml = (origin / "conflict.toml").read_text(encoding="utf-8")
        toml = re.sub(r"""^(title\s*=\s*["'])""", r"\1SIMULATED: ", toml, flags=re.MULTILINE)
        (folder / "conflict.toml").write_text(toml, encoding="utf-8")
        for file in ("claimants.csv", "streams.csv", "sources.csv"):
            if (origin / file).is_file():
                shutil.copyfile(origin / file, folder / file)
        write_claims(invented, folder / "claims.csv")
        war.truth.to_csv(folder / "truth.csv", index=False, date_format="%Y-%m-%d")
        war.parameters.to_csv(folder / "parameters.csv", index=False)
        folder.rename(out)
