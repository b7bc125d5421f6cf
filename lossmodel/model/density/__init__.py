"""The log density of the unknowns, its derivatives and its draws."""
