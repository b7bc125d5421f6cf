"""The examples of `docs/` load, and the claims in them become what their notes say."""

import csv
import io
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from lossmodel import load_claims, load_conflict
from lossmodel.evidence import collect_evidence
from lossmodel.evidence.outcomes import CLASSES
from lossmodel.model.priors import Priors
from lossmodel.tables import schema
from lossmodel.tables.vocabulary import ACCOUNTINGS, KINDS

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "accounting.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?P<form>\w+) (?P<file>[\w.]+)\n(?P<text>.*?)^```$", re.M | re.S)
BLOCKS = [(m["file"], m["text"]) for m in BLOCK.finditer(PAGE)]
CLAIMS = [text for file, text in BLOCKS if file == "claims.csv"]


def write_conflict(folder, claims):
    """The files of the page, with these blocks of claims."""
    tables = defaultdict(list)
    for file, text in [*((f, t) for f, t in BLOCKS if f != "claims.csv"), *claims]:
        if file.endswith(".csv"):
            tables[file].append(pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False))
    for file, parts in tables.items():
        pd.concat(parts).fillna("").to_csv(folder / file, index=False)
    # Keys before the first table come first, wherever their block stands.
    texts = [text for file, text in BLOCKS if file == "conflict.toml"]
    texts.sort(key=lambda text: text.startswith("["))
    (folder / "conflict.toml").write_text("\n".join(texts), encoding="utf-8")
    return load_claims(folder / "claims.csv", conflict=folder)


def test_the_pages_examples_are_one_conflict(tmp_path):
    claims = write_conflict(tmp_path, [("claims.csv", text) for text in CLAIMS])
    assert load_conflict(tmp_path).parties["south-civilians"].civilian
    classes = collect_evidence(claims).classes
    noted = claims.table.set_index("claim_id")["note"]
    found = dict(zip(classes["claim_id"], classes["class"], strict=True))
    said = {name: next(c for c in CLASSES if note.startswith(c)) for name, note in noted.items()}
    assert found == said
    assert set(found.values()) == set(CLASSES)


@pytest.mark.parametrize("text", CLAIMS, ids=[text.splitlines()[1][:20] for text in CLAIMS])
def test_each_example_loads_by_itself(tmp_path, text):
    assert len(write_conflict(tmp_path, [("claims.csv", text)]).table) == text.count("\n") - 1


def test_every_block_of_code_is_read():
    assert PAGE.count("```") == 2 * len(BLOCKS)
    for file, text in BLOCKS:
        rows = list(csv.reader(io.StringIO(text))) if file.endswith(".csv") else []
        assert len({len(row) for row in rows}) <= 1
        assert rows or tomllib.loads(text)


def test_the_increments_are_those_that_the_notes_give(tmp_path):
    claims = write_conflict(tmp_path, [("claims.csv", text) for text in CLAIMS])
    values = collect_evidence(claims).terms.set_index("term")["value"]
    assert values["ledger-2"] == 2_900
    assert values["list-2"] == 170


def test_each_accounting_has_its_section_and_a_row_of_the_table():
    for name in ACCOUNTINGS:
        assert f"\n## {name.capitalize()}\n" in PAGE
        assert re.search(rf"^\|.*\| `{name}`", PAGE, re.M)


def test_words_in_the_page_are_words_of_the_tables():
    tables = (schema.CLAIMS, schema.CLAIMANTS, schema.STREAMS)
    columns = {field.name for table in tables for field in table}
    for name in ("accounting", "derived_from", "known", "method", "part_of", "start", "via"):
        assert f"`{name}`" in PAGE
        assert name in columns
    assert "stock" in KINDS
    assert "common.sd" in Priors.default().entries


@pytest.mark.parametrize("name", ["README.md", "data/russia-ukraine/README.md"])
def test_links_lead_to_the_page(name):
    text = (DOCS.parent / name).read_text(encoding="utf-8")
    link = re.search(r"\]\(([^)]*accounting\.md)\)", text)
    assert link
    assert ((DOCS.parent / name).parent / link[1]).resolve() == DOCS / "accounting.md"
