"""Importers: public data sets and a user's own tables, as claims.

Each importer reads a format that somebody else made and gives an `Imported`: claims in the columns
of the format that `load_claims` accepts, whatever a conflict must know for them, and what it
guessed, mended and left out. Nothing here reads the network: see `download`.
"""

from lossmodel.importers.catalogue import CATALOGUE, DataSet, find_data_set
from lossmodel.importers.detect import read_any
from lossmodel.importers.result import Imported
from lossmodel.importers.wide import Guesses

__all__ = ["CATALOGUE", "DataSet", "Guesses", "Imported", "find_data_set", "read_any"]
