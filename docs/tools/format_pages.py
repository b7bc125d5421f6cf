"""Pages of `docs/format/`, that of findings, and the data packages, from the package's tables.

`python -m docs.tools.format_pages` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from docs.tools import findings_page
from lossmodel.conflict.conflict import load_conflict
from lossmodel.conflict.datapackage import DATA_PACKAGE, data_package_json
from lossmodel.conflict.keys import SECTIONS
from lossmodel.conflict.shipped import shipped_conflicts
from lossmodel.conflict.types import FORCE_CATEGORIES, STANDARD_CATEGORIES
from lossmodel.model.prior import KEYS, Prior, mean_limits
from lossmodel.model.priors import Priors
from lossmodel.tables.categories import STOCK_CATEGORIES
from lossmodel.tables.schema import TABLES, Field
from lossmodel.tables.toml import Key
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS, QUALIFIERS, names_with
from lossmodel.text.numbers import number

__all__ = ["pages"]

ROOT: Final = Path(__file__).resolve().parents[2]
FORMS: Final = {
    "text": "text",
    "slug": "unique name",
    "name": "unique name",
    "key": "key",
    "date": "day",
    "number": "number",
    "flag": "true or false",
}
VALUES: Final = {
    "text": "text",
    "names": "name or list of names",
    "day": "day",
    "number": "number",
    "whole": "whole number",
    "flag": "true or false",
    "table": "number or table",
}


def pages() -> dict[Path, str]:
    """Text of every file that is made from the tables of the package, by its path."""
    format_ = ROOT / "docs" / "format"
    found = {
        format_ / "tables.md": "\n".join(_tables()),
        format_ / "conflict-toml.md": "\n".join(_conflict_toml()),
        format_ / "priors-toml.md": "\n".join(_priors_toml()),
        ROOT / "docs" / "findings.md": findings_page.page(),
    }
    for name in shipped_conflicts():
        conflict = load_conflict(name)
        found[conflict.directory / DATA_PACKAGE] = data_package_json(conflict)
    return found


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


# --- tables -------------------------------------------------------------------------------------


def _tables() -> Iterator[str]:
    yield (
        "# Tables\n\n"
        "Tables are CSV files in UTF-8 with a header; a byte-order mark is accepted. Days are\n"
        "written 2022-02-24, numbers with a decimal point and without thousands separators.\n"
        "Columns may stand in any order, and columns of your own are ignored. `lossmodel check`\n"
        "names each problem with its file, row and column; `lossmodel schema` prints these tables\n"
        "as Frictionless Table Schemas.\n"
    )
    for table in TABLES.values():
        needed = "" if table.needed else " It may be missing."
        key = f" A row is named by {_code(table.key)}." if table.key else ""
        yield f"## `{table.file}`\n\n{table.meaning}{key}{needed}\n"
        head = ("Column", "Needed", "Type", "If empty", "Meaning")
        yield from _grid(head, map(_column, table.fields))
    yield from _known()
    yield "## Kinds\n\nThe column `kind` of `claims.csv`.\n"
    yield from _grid(
        ("Kind", "Meaning", "`start`"),
        ([f"`{name}`", rules.meaning, "needed" if rules.needs_start else "may be empty"]
         for name, rules in KINDS.items()),
    )  # fmt: skip
    yield "## Qualifiers\n\nThe column `qualifier` of `claims.csv`.\n"
    yield from _grid(
        ("Qualifier", "Meaning", "Columns"),
        ([f"`{name}`", rules.meaning,
          "`low`, `high`, and `value` where there is one" if rules.has_limits else "`value`"]
         for name, rules in QUALIFIERS.items()),
    )  # fmt: skip
    yield (
        "## Accountings\n\nThe column `accounting` of `streams.csv`. [What a count\n"
        "is](../accounting.md) says which one to choose: of all declarations it moves an answer\n"
        "most.\n"
    )
    yield from _grid(
        ("Accounting", "Meaning", "An old day, when a new figure comes out"),
        ([f"`{name}`", rules.meaning, rules.question] for name, rules in ACCOUNTINGS.items()),
    )
    yield (
        "## Categories\n\nThe standard ones. A conflict may declare others in `conflict.toml`.\n"
        "Claims carry the category that the claimant uses, not the one that you think is meant.\n"
    )
    yield from _grid(
        ("Category", "Counts", "Sum of"),
        ([f"`{name}`", "people" if category.group == "person" else "equipment",
          _code(category.sum)] for name, category in STANDARD_CATEGORIES.items()),
    )  # fmt: skip
    yield (
        "`losses` is the undefined word: how many of the wounded it includes is estimated for\n"
        "each stream. `irrecoverable` is the killed and those disabled for good. Claims of the\n"
        "kind `stock` are "
        f"{_code(STOCK_CATEGORIES)} only.\n"
    )
    yield (
        f"Those of a [force balance](../model/force.md), {_code(FORCE_CATEGORIES)},\n"
        "are known once `conflict.toml` declares them, as in `strength = true`.\n"
    )


def _column(field: Field) -> tuple[str, ...]:
    needed = "every row" if field.filled else "column" if field.column else ""
    empty = f"`{field.default}`" if field.default else field.empty
    meaning = field.meaning
    if field.choices:
        meaning += f" One of {_code(field.choices)}."
    return f"`{field.name}`", needed, FORMS[field.form], empty, meaning


def _known() -> Iterator[str]:
    """The table of the defaults of `known`."""
    cases = names_with(ACCOUNTINGS, "counts_cases")
    others = [name for name in ACCOUNTINGS if name not in cases]
    yield (
        "## An empty `known`\n\n"
        "`known` is the day up to which the claimant's knowledge ran. It matters most for lists\n"
        "and registers, which grow: the deaths of January as known in March are few, as known two\n"
        "years later nearly all. If the cell is empty, it is filled:\n"
    )
    at_end = names_with(KINDS, "known_at_end")
    yield from _grid(
        ("Kind", _code(others), _code(cases)),
        ([f"`{name}`", "`end`" if name in at_end else "`published`", "`published`"]
         for name in KINDS),
    )  # fmt: skip
    yield (
        "An empty `published` is `known`, or `end` where `known` is empty too, and counts as\n"
        "inferred. So a total of a list without either day is taken as one that knows of deaths\n"
        "up to its last day only: `lossmodel check` asks for the day.\n"
    )


# --- TOML ---------------------------------------------------------------------------------------


def _conflict_toml() -> Iterator[str]:
    yield (
        "# conflict.toml\n\n"
        "Sides, parties, categories and scopes of a conflict, in [TOML](https://toml.io). A key\n"
        "that is not listed is ignored, unless it looks like a misspelled one. `lossmodel new`\n"
        "writes the file with a comment for each key.\n"
    )
    for section in SECTIONS.values():
        heading = section.heading or "First lines"
        row, _, place = section.short.partition(" below ")
        short = f" Short form: `{row}` below `{place}`." if section.short else ""
        yield f"## {heading}\n\n{section.meaning}{short}\n"
        yield from _key_table(section.keys)
    yield (
        "A claimant's role towards a party follows from the sides: *self* on the party's own\n"
        "side, *adversary* if the two sides fight each other, *third-party* otherwise.\n"
    )


def _key_table(keys: Iterable[Key]) -> Iterator[str]:
    yield from _grid(("Key", "Type", "Default", "Range", "Meaning"), map(_key_row, keys))


def _key_row(key: Key) -> tuple[str, ...]:
    return (
        " or ".join(f"`{name}`" for name in key.names),
        VALUES[key.value],
        key.default or "must be given",
        _range(key),
        key.meaning,
    )


def _range(key: Key) -> str:
    if key.choices:
        return _code(key.choices)
    if key.least is None and key.most is None:
        return f"`{key.pattern}`" if key.pattern else ""
    if key.most is None:
        return f"from {key.least:g}"
    return f"{key.least:g} to {key.most:,.12g}"


def _priors_toml() -> Iterator[str]:
    yield (
        "# priors.toml\n\n"
        "Every assumption of the model is a prior with a name. A file given with `--priors`, or\n"
        "else a `priors.toml` in the conflict's folder, replaces some of them; the others stay. A\n"
        "prior is normal on its scale: the quantity is exp(z) (`log`), 1 / (1 + exp(-z))\n"
        "(`logit`), log(1 + exp(z)) (`softplus`) or z itself (`natural`). These two say the same,\n"
        "since log 60 = 4.094:\n\n"
        "```toml\n[delay.median]\nmedian = 60\n```\n\n"
        "```toml\n[delay.median]\nmean = 4.094\n```\n\n"
        "`median` is in the unit of the quantity, `mean` and `sd` are on the scale: with `log`,\n"
        "an `sd` of 0.7 is a factor of two either way at one sd. Before the first table,\n"
        '`leave_out = ["Kargil 1999"]` leaves wars out of the biases that history gives.\n\n'
        "## Keys of a prior\n"
    )
    yield from _key_table(KEYS)
    yield (
        "## The priors\n\nRanges are those of `mean`. A prior without an interval is a constant,\n"
        "`sd = 0`. That of `bias.self.person` is below `bias.self.ceiling`, and has in it how\n"
        "far sides differ.\n"
    )
    priors = Priors.default()
    head = ("Name", "Scale", "Median [95%]", "`mean`", "`sd`", "Range", "Unit", "Reason")
    yield from _grid(head, (_prior_row(prior, priors) for prior in priors))


def _prior_row(prior: Prior, priors: Priors) -> tuple[str, ...]:
    median, lower, upper = priors.limits(prior.name, 0.95)
    low, high = mean_limits(prior)
    interval = "" if prior.fixed else f" [{number(lower)} to {number(upper)}]"
    return (
        f"`{prior.name}`",
        prior.scale,
        f"{number(median)}{interval}",
        f"{prior.mean:.3g}",
        f"{prior.sd:.3g}",
        f"{low:g} to {high:g}",
        prior.unit,
        prior.reason,
    )


def main() -> None:
    """Write every page."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
