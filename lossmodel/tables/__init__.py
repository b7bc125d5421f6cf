"""CSV and TOML files as validated tables."""
