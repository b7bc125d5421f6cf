"""Numbers, tables and figures of the paper, all of them from one saved fit.

    python -m paper.build [--fit PATH] [--out DIR] [--jobs N] [--force]

Without --fit the shipped claims are fitted, which takes as long as `lossmodel fit`. Refits (claims
frozen at dates, other sds of the common mode) are stored beside the output, so that a second run
repeats only those whose inputs changed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

import lossmodel as lm
from lossmodel.errors import LossModelError
from lossmodel.posterior.fit import Fit
from lossmodel.report.output.bibtex import bibliography
from paper.figures import write_figures
from paper.macros import numbers_in_text
from paper.refits import Refits, refit
from paper.sources import compared_sources
from paper.tables import write_tables

HERE = Path(__file__).resolve().parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all inputs of `paper.tex`; return the exit status of the command line."""
    options = _options(arguments)
    try:
        fit = _fit(options.fit, options.out)
    except LossModelError as error:
        _say(str(error))
        return error.exit_code
    if not fit.diagnostics["gate"]["passed"] and not options.force:
        _say("The fit did not pass its gate; use --force to build the paper from it, marked:")
        _say("\n".join(fit.diagnostics["gate"]["failures"]))
        return 1
    store = options.out / "refits"
    again = refit(fit, engine=options.engine, jobs=options.jobs, store=store, progress=_say)
    write(fit, again, options.out)
    _say(f"written: {options.out}")
    return 0


def write(fit: Fit, again: Refits, out: Path) -> None:
    """Write numbers, tables, figures and bibliographies."""
    out.mkdir(parents=True, exist_ok=True)
    biases = fit.bias()
    lines = [
        rf"\newcommand{{\{name}}}{{{text}}}" for name, text in numbers_in_text(fit, again).items()
    ]
    (out / "numbers.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_tables(fit, again, biases, out)
    with mpl.rc_context({"font.size": 8, "axes.titlesize": 9, "legend.frameon": False}):
        write_figures(fit, again, biases, out)
    (out / "sources.bib").write_text(compared_sources(fit, again), encoding="utf-8")
    (out / "references.bib").write_text(bibliography(fit), encoding="utf-8")


def _fit(path: Path | None, out: Path) -> Fit:
    if path is not None:
        return lm.load_fit(path)
    out.mkdir(parents=True, exist_ok=True)
    _say("fitting the shipped claims")
    return lm.load_fit(lm.fit(lm.load_claims(), seed=1, progress=_say).save(out / "fit.nc"))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Numbers, tables and figures of the paper.")
    parser.add_argument("--fit", type=Path, help="a saved fit, or a report's folder")
    parser.add_argument("--out", type=Path, default=HERE / "generated")
    parser.add_argument("--engine", default="laplace", help="engine of the refits")
    parser.add_argument(
        "--force",
        action="store_true",
        help="build also from a fit that failed its gate, and mark it",
    )
    parser.add_argument(
        "--jobs", type=int, default=-1, help="number of processes; -1: one per core"
    )
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
