"""Importers: claims from public data sets and from a user's own tables.

Each importer reads one foreign format and returns an `Imported`: claims in the columns that
`load_claims` accepts, rows that their conflict needs, and notes of what was guessed, corrected and
left out. Only `download` uses the network.
"""

from lossmodel.importers.catalogue import CATALOGUE, DataSet, find_data_set
from lossmodel.importers.detect import read_any
from lossmodel.importers.result import Imported
from lossmodel.importers.wide import Hints

__all__ = ["CATALOGUE", "DataSet", "Hints", "Imported", "find_data_set", "read_any"]
