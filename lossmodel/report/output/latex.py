r"""Numbers and tables of a fit for papers in LaTeX.

``numbers.tex`` defines one macro per number, so that no number is typed by hand:
``\LMkilledRussiaAllMedian`` is the total to the last day,
``\LMkilledRussiaAllYearTwoZeroTwoThreeMedian`` that of a calendar year; for ``Median`` also
``Lower``, ``Upper`` and ``Interval``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel import __version__
from lossmodel.errors import UsageError
from lossmodel.plots.fit import ratio_rows
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.report.results import Results
from lossmodel.report.wording import category_title, claimant_names, party_title
from lossmodel.text.escape import tex
from lossmodel.text.macros import macro_name
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lossmodel.api import Fit

__all__ = ["macros", "tex_files", "tex_tables", "write_tex"]

NOTHING: Final = "--"


def write_tex(fit: Fit, folder: Path, *, results: Results | None = None) -> None:
    """Write ``numbers.tex`` and ``tables/*.tex``.

    Parameters
    ----------
    results
        The tables of the fit, if they have been computed.

    Raises
    ------
    UsageError
        Two series would have the same macro.
    """
    for name, text in tex_files(results or Results(fit)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def tex_files(results: Results) -> dict[str, str]:
    """Text of each file, by path within the folder of the report."""
    fit = results.fit
    mark = "" if fit.diagnostics["gate"]["passed"] else NOT_PASSED
    lines = [f"% {mark}"] if mark else []
    lines += [f"% lossmodel {__version__}, fit {fit_hash(fit)}"]
    lines += [rf"\newcommand{{\{name}}}{{{value}}}" for name, value in macros(results).items()]
    tables = {f"tables/{k}.tex": text for k, text in tex_tables(results, mark=mark).items()}
    return {"numbers.tex": "\n".join(lines) + "\n"} | tables


def macros(results: Results) -> dict[str, str]:
    """Text of each macro, by name without the backslash.

    A conflict whose names would give two numbers one macro is refused where it is read.

    Raises
    ------
    UsageError
        Two names of the conflict give the same macro name.
    """
    found: dict[str, str] = {}
    origin: dict[str, str] = {}
    for what, name, value in [*_facts(results.fit), *_totals(results)]:
        if name in found:
            raise UsageError(
                f"{what} and {origin[name]} would both be \\{name} in numbers.tex; "
                "give one of them a name that differs in its letters."
            )
        found[name], origin[name] = value, what
    return found


def _facts(fit: Fit) -> Iterator[tuple[str, str, str]]:
    """Facts about the fit that a paper states."""
    facts = {
        "level": f"{100 * fit.ci_prob:.4g}\\%",
        "engine": tex(fit.engine),
        "first-day": str(fit.days[0].date()),
        "last-day": str(fit.days[-1].date()),
        "claims": f"{len(fit.claims.table):,}".replace(",", r"\,"),
        "version": tex(__version__),
        "fit-hash": fit_hash(fit),
        "gate": "passed" if fit.diagnostics["gate"]["passed"] else "not passed",
    }
    for name, value in facts.items():
        yield f"the {name} of the fit", macro_name(name), value


def _totals(results: Results) -> Iterator[tuple[str, str, str]]:
    table = results.estimates
    years = table[table["measure"] == "yearly"].groupby(["party", "category", "scope"])
    for party, category, scope in results.fit.series:
        what = f"{category} {party} {scope}"
        name = (category, party, scope)
        yield from _numbers(what, name, results.total((party, category, scope)))
        for _, row in years.get_group((party, category, scope)).iterrows():
            year = str(row["start"].year)
            yield from _numbers(f"{what} {year}", (*name, "Year", year), row)


def _numbers(what: str, name: tuple[str, ...], row: Any) -> Iterator[tuple[str, str, str]]:
    limits = row["lower"], row["upper"]
    text = {k: number(row[k], *limits).replace(",", r"\,") for k in ("median", "lower", "upper")}
    for kind, value in text.items():
        yield what, macro_name(*name, kind), value
    yield what, macro_name(*name, "interval"), f"{text['lower']} to {text['upper']}"


def tex_tables(results: Results, *, mark: str = "") -> dict[str, str]:
    """Text of ``totals``, ``ratios`` and ``priors``.

    Parameters
    ----------
    mark
        Warning above each table of a fit that did not pass its gate.
    """
    texts = {
        "totals": _tabular("lllrrr", *_totals_table(results)),
        "ratios": _longtable("llllrrrr", *_ratios_table(results)),
        "priors": _longtable(r"lrrp{0.5\linewidth}", *_priors_table(results.fit)),
    }
    head = f"% {mark}\n\\noindent\\textbf{{{tex(mark)}}}\\par\n" if mark else ""
    return {name: head + text for name, text in texts.items()}


Rows = tuple[list[str], list[list[str]]]


def _totals_table(results: Results) -> Rows:
    """Losses to the last day, with the prior share of their variance."""
    fit = results.fit
    shares = fit.variance_decomposition.drop_duplicates("quantity").set_index("quantity")[
        "prior_share"
    ]
    level = f"{100 * fit.ci_prob:.4g}\\% interval"
    rows = []
    for party, category, scope in fit.series:
        row = results.total((party, category, scope))
        share = shares.get(f"{category} {party} {scope}", float("nan"))
        known = percent(float(share)) if np.isfinite(share) else ""
        rows.append(
            [
                tex(party_title(fit.conflict, party)),
                *(tex(category_title(fit, category)), tex(scope)),
                *(_median(row), _interval(row), tex(known) or NOTHING),
            ]
        )
    return ["Party", "Losses", "Scope", "Median", level, "Prior share"], rows


def _ratios_table(results: Results) -> Rows:
    """Claimed / true: own definition, if it means killed, if it means casualties."""
    prefixes = ("ratio_", "prior_", "ratio_if_killed_", "ratio_if_casualties_")
    names = claimant_names(results.fit)
    rows = [
        [
            *(tex(text) for text in _stream(results.fit, names, row)),
            *(_with_interval(row, prefix) for prefix in prefixes),
        ]
        for group in ("person", "equipment")
        for row in ratio_rows(results.fit, results.biases, group=group).to_dict("records")
    ]
    head = ["Claimant", "Party", "Category", "Role", "Ratio", "Prior", "If killed", "If casualties"]
    return head, rows


def _stream(fit: Fit, names: Mapping[str, str], row: Mapping[Any, Any]) -> list[str]:
    """Claimant, party, category and role of a stream in words."""
    claimant, party = str(row["claimant"]), party_title(fit.conflict, str(row["party"]))
    category = category_title(fit, str(row["category"]))
    return [names.get(claimant, claimant), party, category, str(row["role"])]


def _priors_table(fit: Fit) -> Rows:
    table = fit.priors.table(fit.ci_prob)
    rows = []
    for row in table.to_dict("records"):
        limits = "fixed" if row["lower"] == row["upper"] else _interval(row)
        rows.append([tex(str(row["name"])), _median(row), limits, tex(str(row["reason"]))])
    return ["Prior", "Median", f"{100 * fit.ci_prob:.4g}\\% interval", "Reason"], rows


def _median(row: Mapping[Any, Any], prefix: str = "") -> str:
    text = number(row[f"{prefix}median"], row[f"{prefix}lower"], row[f"{prefix}upper"])
    return text.replace(",", r"\,")


def _interval(row: Mapping[Any, Any], prefix: str = "") -> str:
    limits = row[f"{prefix}lower"], row[f"{prefix}upper"]
    return " to ".join(number(limit, *limits) for limit in limits).replace(",", r"\,")


def _with_interval(row: Mapping[Any, Any], prefix: str) -> str:
    if not np.isfinite(row[f"{prefix}median"]):
        return NOTHING
    return f"{_median(row, prefix)} ({_interval(row, prefix)})"


def _tabular(align: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [rf"\begin{{tabular}}{{{align}}}", r"\toprule", _line(head), r"\midrule"]
    return "\n".join([*lines, *map(_line, rows), r"\bottomrule", r"\end{tabular}"]) + "\n"


def _longtable(align: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [rf"\begin{{longtable}}{{{align}}}", r"\toprule", _line(head), r"\midrule"]
    lines += [r"\endhead", r"\bottomrule", r"\endfoot"]
    return "\n".join([*lines, *map(_line, rows), r"\end{longtable}"]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
