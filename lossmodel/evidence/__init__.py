"""From claims to evidence: the part of each claim that is new information.

Claims repeat one another: newspapers relay staffs, running totals share their past, lists are
counted again. A likelihood that took each claim as an observation of its own would be far too sure.
`collect_evidence` turns claims into terms, each an independent piece of new information, and puts
every claim into exactly one class: used, merged (with which) or left out (why).

How, in this order, each step in its own module:

================  ==================================================================================
`claim_records`   claims as whole-number records; windows clipped to the conflict
`exclusions`      claims that are left out from the start, each with its reason
`relays`          repeated figures go back to the one who gave them first
`aggregates`      parts and their totals, killed + wounded = casualties, years that make up a total
`revisions`       estimates and stocks: the latest stands, what is only repeated is not new
`vintages`        lists and registers: what was learnt between two dates of knowledge
`ledgers`         running totals: what was added between two dates, split by daily figures
`bounds`          figures that say at least or at most
`outcomes`        the class of every claim
`observations`    the tables
================  ==================================================================================

`running_totals` and `rounding` serve `vintages` and `ledgers`: which totals to keep, how exact they
are.
"""

from lossmodel.evidence.collect import Evidence, collect_evidence

__all__ = ["Evidence", "collect_evidence"]
