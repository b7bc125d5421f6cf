"""A small language of questions over the draws of a fit."""

from lossmodel.query.evaluate import Format, answer_query, run_query

__all__ = ["Format", "answer_query", "run_query"]
