r"""Numbers and tables of a fit for papers in LaTeX.

``numbers.tex`` defines macros, so that no number is typed by hand. Each takes a key of
`report.quoted`: ``\LM{killed-russia}`` is the median of a total to the last day,
``\LM{killed-russia-2023}`` that of a calendar year, ``\LM{ratio-uk-mod-russia-casualties}`` a
claimant's ratio. `FORMS` has the other macros. A key that the fit does not have is an error of TeX.

``\LMchecked{QUESTION}{TEXT}`` prints a text whose numbers `lossmodel verify` compares.

The long names of version 0.1, such as ``\LMkilledRussiaAllYearTwoZeroTwoThreeMedian``, are still
defined, and will go with the next version.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from lossmodel import __version__
from lossmodel.conflict.titles import Names, short_names
from lossmodel.errors import UsageError
from lossmodel.plots.fit import ratio_rows
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.fit import NOT_PASSED
from lossmodel.report.quoted import quoted
from lossmodel.report.results import Results, as_published
from lossmodel.report.wording import category_title, party_title
from lossmodel.text.escape import tex
from lossmodel.text.macros import macro_name
from lossmodel.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lossmodel.api import Fit

__all__ = [
    "FORMS",
    "PARTS",
    "definitions",
    "facts",
    "macros",
    "tex_files",
    "tex_tables",
    "write_tex",
]

NOTHING: Final = "--"
# Macros that take a key, and the text that each prints.
FORMS: Final = {
    "LM": r"\LM@value{#1}{median}",
    "LMlower": r"\LM@value{#1}{lower}",
    "LMupper": r"\LM@value{#1}{upper}",
    "LMinterval": r"\LMlower{#1} to \LMupper{#1}",
    "LMestimate": r"\LM{#1} (\LMlevel{} CrI \LMinterval{#1})",
    "LMsentence": r"\LM@value{#1}{sentence}",
}
PARTS: Final = ("median", "lower", "upper", "sentence")
# Fully expandable but for the error, so that a number may stand in a heading or a caption.
_MACROS: Final = "\n".join(
    [
        r"\makeatletter",
        r"\newcommand{\LMdefine}[5]{%",
        *(rf"  \@namedef{{LM@#1@{part}}}{{#{i}}}%" for i, part in enumerate(PARTS, 2)),
        r"}",
        r"\newcommand{\LM@value}[2]{%",
        r"  \ifcsname LM@#1@#2\endcsname\csname LM@#1@#2\endcsname\else\LM@none{#1}\fi}",
        r"\DeclareRobustCommand{\LM@none}[1]{%",
        r"  \PackageError{lossmodel}{There is no number `#1'}{See numbers.tex for its keys.}}",
        *(rf"\newcommand{{\{name}}}[1]{{{text}}}" for name, text in FORMS.items()),
        r"\newcommand{\LMchecked}[2]{#2}",
        r"\makeatother",
    ]
)
_EXPONENT: Final = re.compile(r"e([+-]\d+)")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3})")


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
    lines += [_MACROS]
    lines += [rf"\newcommand{{\{macro_name(k)}}}{{{value}}}" for k, value in facts(fit).items()]
    lines += [
        rf"\LMdefine{{{key}}}" + "".join(f"{{{texts[part]}}}" for part in PARTS)
        for key, texts in definitions(results).items()
    ]
    lines += ["% Long names, which will go with the next version."]
    lines += [rf"\newcommand{{\{name}}}{{{value}}}" for name, value in macros(results).items()]
    tables = {f"tables/{k}.tex": text for k, text in tex_tables(results, mark=mark).items()}
    return {"numbers.tex": "\n".join(lines) + "\n"} | tables


def definitions(results: Results) -> dict[str, dict[str, str]]:
    """Texts of each number that may be quoted: by key, and in it by the names of `PARTS`."""
    return {
        key: {
            "median": _median(one.row),
            "lower": _number(one.lower, one.row),
            "upper": _number(one.upper, one.row),
            "sentence": _THOUSANDS.sub(r"\\,", tex(one.sentence)),
        }
        for key, one in quoted(results).items()
    }


def macros(results: Results) -> dict[str, str]:
    """Text of each macro with a long name, by the name without the backslash.

    A conflict whose names would give two numbers one macro is refused where it is read.

    Raises
    ------
    UsageError
        Two names of the conflict give the same macro name.
    """
    found: dict[str, str] = {}
    origin: dict[str, str] = {}
    for what, name, value in _totals(results):
        if name in found:
            raise UsageError(
                f"{what} and {origin[name]} would both be \\{name} in numbers.tex; "
                "give one of them a name that differs in its letters."
            )
        found[name], origin[name] = value, what
    return found


def facts(fit: Fit) -> dict[str, str]:
    r"""Facts about the fit that a paper states; ``last-day`` is the macro ``\LMlastDay``."""
    return {
        "level": f"{100 * fit.ci_prob:.4g}\\%",
        "engine": tex(fit.engine),
        "first-day": str(fit.days[0].date()),
        "last-day": str(fit.days[-1].date()),
        "claims": f"{len(as_published(fit)):,}".replace(",", r"\,"),
        "version": tex(__version__),
        "fit-hash": fit_hash(fit),
        "gate": "passed" if fit.diagnostics["gate"]["passed"] else "not passed",
    }


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
    text = {k: _number(row[k], row) for k in ("median", "lower", "upper")}
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
        "totals": _tabular("tabular", TOTALS, *_totals_table(results)),
        "ratios": _tabular("longtable", RATIOS, *_ratios_table(results)),
        "priors": _tabular("longtable", PRIORS, *_priors_table(results.fit)),
    }
    head = f"% {mark}\n\\noindent\\textbf{{{tex(mark)}}}\\par\n" if mark else ""
    return {name: head + text for name, text in texts.items()}


Rows = tuple[list[str], list[list[str]]]
# Width of each column as a share of the line, None for a column as wide as its widest cell. In the
# small type of the tables they fit the line of an article, 345 pt.
TOTALS: Final = (0.22, 0.16, None, None, None, None)
RATIOS: Final = (0.19, 0.16, 0.11, 0.105, 0.105, 0.105, 0.105)
PRIORS: Final = (0.22, None, None, 0.44)


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
    names = short_names(results.fit.conflict)
    rows = [
        [
            *map(tex, _stream(results.fit, names, row)),
            *(_with_interval(row, prefix) for prefix in prefixes),
        ]
        for group in ("person", "equipment")
        for row in ratio_rows(results.fit, results.biases, group=group).to_dict("records")
    ]
    head = ["Claimant", "Losses", "Role, accounting", "Ratio", "Prior"]
    head += ["If killed", "If casualties"]
    return head, rows


def _stream(fit: Fit, names: Names, row: Mapping[Any, Any]) -> list[str]:
    """Claimant, losses, role and accounting of a stream in words."""
    claimant, party = str(row["claimant"]), party_title(fit.conflict, str(row["party"]))
    category = category_title(fit, str(row["category"]))
    how = f"{row['role']}, {row['accounting']}"
    return [names[claimant], f"{party}, {category}", how]


def _priors_table(fit: Fit) -> Rows:
    table = fit.priors.table(fit.ci_prob)
    rows = []
    for row in table.to_dict("records"):
        limits = "fixed" if row["lower"] == row["upper"] else _interval(row)
        # TeX breaks no line at a dot.
        name = tex(str(row["name"])).replace(".", r".\allowbreak{}")
        rows.append([name, _median(row), limits, tex(str(row["reason"]))])
    return ["Prior", "Median", f"{100 * fit.ci_prob:.4g}\\% interval", "Reason"], rows


def _median(row: Mapping[Any, Any], prefix: str = "") -> str:
    return _number(row[f"{prefix}median"], row, prefix)


def _interval(row: Mapping[Any, Any], prefix: str = "") -> str:
    limits = row[f"{prefix}lower"], row[f"{prefix}upper"]
    return " to ".join(_number(limit, row, prefix) for limit in limits)


def _number(value: float, row: Mapping[Any, Any], prefix: str = "") -> str:
    """A value rounded to the interval of a row, in the form of TeX."""
    text = number(value, row[f"{prefix}lower"], row[f"{prefix}upper"])
    return _EXPONENT.sub(_power_of_ten, text.replace(",", r"\,"))


def _power_of_ten(found: re.Match[str]) -> str:
    return rf"$\times10^{{{int(found[1])}}}$"


def _with_interval(row: Mapping[Any, Any], prefix: str) -> str:
    if not np.isfinite(row[f"{prefix}median"]):
        return NOTHING
    return f"{_median(row, prefix)} ({_interval(row, prefix)})"


def _tabular(
    kind: Literal["tabular", "longtable"],
    widths: Sequence[float | None],
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> str:
    """A table in small type whose texts wrap; it needs `booktabs`, and `longtable` if it is one."""
    align = "".join("l" if width is None else rf"p{{{width}\linewidth}}" for width in widths)
    top = [r"\toprule", _line(widths, head), r"\midrule"]
    body = [_line(widths, row) for row in rows]
    if kind == "longtable":
        lines = [*top, r"\endhead", r"\bottomrule", r"\endfoot", *body]
    else:
        lines = [*top, *body, r"\bottomrule"]
    begin = rf"\begin{{{kind}}}{{@{{}}{align}@{{}}}}"
    small = r"{\footnotesize\setlength{\tabcolsep}{3pt}"
    return "\n".join([small, begin, *lines, rf"\end{{{kind}}}}}"]) + "\n"


def _line(widths: Sequence[float | None], cells: Sequence[str]) -> str:
    # Without the package array, \\ would end a line within the last cell.
    ragged = (
        cell if width is None else rf"\raggedright {cell}"
        for width, cell in zip(widths, cells, strict=True)
    )
    return " & ".join(ragged) + r" \tabularnewline"
