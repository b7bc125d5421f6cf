"""Words of a claims table: one table has their rules, and the rest of the package asks it."""

import ast
from pathlib import Path
from typing import get_args

import pytest

from lossmodel.model.components import Components
from lossmodel.tables.categories import COMPARED_CATEGORIES, STOCK_CATEGORIES
from lossmodel.tables.schema import CLAIMS, STREAMS
from lossmodel.tables.trust import TRUSTS
from lossmodel.tables.vocabulary import (
    ACCOUNTINGS,
    AUXILIARY,
    KINDS,
    QUALIFIERS,
    Accounting,
    Form,
    ImportKind,
    names_with,
)

PACKAGE = Path(__file__).resolve().parent.parent / "lossmodel"
TABLES = {"kind": KINDS, "qualifier": QUALIFIERS}


def _asks_by_name(module: Path) -> list[str]:
    """Comparisons of a kind or a qualifier with a word of its table."""
    found = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        is_lookup = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".isin")
        if not (is_lookup or isinstance(node, ast.Compare)):
            continue
        text = ast.unparse(node)
        if ".form == " in text:  # a rule of a qualifier, whose values have the same names
            continue
        words = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
        found += [text for column, table in TABLES.items() if column in text and words & set(table)]
    return found


@pytest.mark.parametrize("module", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_no_module_compares_kinds_or_qualifiers_with_their_names(module):
    assert _asks_by_name(module) == []


def test_comparisons_by_name_would_be_found(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        'a = table["kind"] == "daily"\nb = row.qualifier in ("exact", "about")\n'
        'c = table["kind"].isin(["stock"])\nd = measure == "daily"\n'
    )
    assert len(_asks_by_name(path)) == 3


def test_the_types_list_the_same_words_as_the_tables():
    assert get_args(Accounting) == tuple(ACCOUNTINGS)
    assert set(get_args(ImportKind)) < set(KINDS)
    assert {rules.form for rules in QUALIFIERS.values()} < set(get_args(Form))


def test_the_columns_allow_the_words_of_the_tables():
    choices = {field.name: field.choices for field in (*CLAIMS, *STREAMS) if field.choices}
    assert choices == {
        "kind": tuple(KINDS),
        "qualifier": tuple(QUALIFIERS),
        "accounting": tuple(ACCOUNTINGS),
        "trust": TRUSTS,
        "per": COMPARED_CATEGORIES,
    }


def test_every_kind_counts_losses_or_compares_them_or_is_a_stock_or_a_correction():
    disjoint = ("counts_losses", "compares", "stock", "signed")
    assert len(KINDS) == sum(len(names_with(KINDS, rule)) for rule in disjoint)
    for rules in KINDS.values():
        assert rules.needs_start or rules.running or rules.stock or rules.compares
        assert not (rules.per_day and rules.single_day)
    assert set(STOCK_CATEGORIES) == {"missing", "captured", "strength"}


def test_a_kind_that_compares_losses_is_read_under_its_own_name():
    assert set(names_with(KINDS, "compares")) < set(AUXILIARY)
    assert {rules.component for rules in AUXILIARY.values()} <= set(Components.names())
    assert not set(AUXILIARY) & set(ACCOUNTINGS)
