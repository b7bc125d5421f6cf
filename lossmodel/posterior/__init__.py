"""A fit as data, and what is computed from its draws."""
