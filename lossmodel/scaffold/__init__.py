"""A new conflict: the folder of a war that the package does not have, from answers and a table."""

from lossmodel.scaffold.folder import Created, create
from lossmodel.scaffold.plan import Plan, Wishes

__all__ = ["Created", "Plan", "Wishes", "create"]
