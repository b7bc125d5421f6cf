"""Everything that the paper is built from."""
