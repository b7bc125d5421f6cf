"""Findings: what a valid table may hide, in one table of kinds.

`find` runs the kinds of `kinds.KINDS` over claims and their evidence. A new finding is one function
and one row there.
"""

from lossmodel.findings.find import check, find
from lossmodel.findings.finding import Finding
from lossmodel.findings.render import count_words, render, render_outcomes

__all__ = ["Finding", "check", "count_words", "find", "render", "render_outcomes"]
