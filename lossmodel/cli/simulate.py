"""The command simulate."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from lossmodel.cli.app import ConflictName, Seed, app
from lossmodel.cli.console import answer, progress
from lossmodel.defaults import DEFAULT_CONFLICT
from lossmodel.system.destination import destination
from lossmodel.system.unfinished import unfinished

if TYPE_CHECKING:
    from lossmodel.evaluation.simulation import Simulated

SIMULATION = Path("lossmodel-simulation")


@app.command()
def simulate(
    conflict: ConflictName = DEFAULT_CONFLICT,
    seed: Seed = 1,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to create; must not exist.")
    ] = SIMULATION,
) -> None:
    """Simulate a war and the claims about it, and write them as a conflict folder."""
    place = destination(out)

    from lossmodel.evaluation import simulation

    with progress() as say, unfinished(place, out) as folder:
        say("simulating a war and its claims")
        war = simulation.simulate(conflict, seed=seed)
        say("writing the folder")
        _write_folder(war, folder)
        folder.rename(place)
    answer(f"{len(war.claims):,} claims and the true losses in {out}")
    answer(f"to fit: lossmodel fit --conflict {quote(str(out))}")


def _write_folder(war: Simulated, folder: Path) -> None:
    """Write the conflict with simulated claims and truth.

    Title and notes say that the data are simulated, in case a file is passed on alone.
    """
    from lossmodel.claims.claims import write_claims

    origin = war.claims.conflict.directory
    invented = replace(war.claims, table=war.claims.table.assign(note="simulated"))
    toml = (origin / "conflict.toml").read_text(encoding="utf-8")
    toml = re.sub(r"""^(title\s*=\s*["'])""", r"\1SIMULATED: ", toml, flags=re.MULTILINE)
    (folder / "conflict.toml").write_text(toml, encoding="utf-8", newline="\n")
    for file in ("claimants.csv", "streams.csv", "sources.csv"):
        if (origin / file).is_file():
            shutil.copyfile(origin / file, folder / file)
    write_claims(invented, folder / "claims.csv")
    for table, name in ((war.truth, "truth.csv"), (war.parameters, "parameters.csv")):
        table.to_csv(folder / name, index=False, date_format="%Y-%m-%d", lineterminator="\n")
