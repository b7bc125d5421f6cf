"""Printed numbers and text: rounding, thresholds of words, escaping."""
