"""Claims: a table, checked once when it is read."""

from lossmodel.claims.claims import Claims, load_claims, write_claims

__all__ = ["Claims", "load_claims", "write_claims"]
