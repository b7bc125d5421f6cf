"""Importers: claims from public data sets and from a user's own tables.

Each importer reads one foreign format and returns an `Imported`: claims in the columns that
`load_claims` accepts, rows that their conflict needs, and notes of what was guessed, corrected and
left out. Only `download` uses the network.
"""

from lossmodel.importers.catalogue import CATALOGUE, DataSet, find_data_set
from lossmodel.importers.columns import (
    Column,
    ColumnMap,
    given_columns,
    parse_column,
    read_columns,
)
from lossmodel.importers.detect import read_any
from lossmodel.importers.hints import Hints
from lossmodel.importers.result import Imported
from lossmodel.importers.source import Source, read_source

__all__ = [
    "CATALOGUE",
    "Column",
    "ColumnMap",
    "DataSet",
    "Hints",
    "Imported",
    "Source",
    "find_data_set",
    "given_columns",
    "parse_column",
    "read_any",
    "read_columns",
    "read_source",
]
