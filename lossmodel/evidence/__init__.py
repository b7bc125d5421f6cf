"""Evidence: the part of each claim that is new information.

Claims repeat one another: newspapers relay staffs, running totals share their past, lists are
counted again. A likelihood with every claim as an independent observation would be overconfident.
`collect_evidence` turns claims into observations that are independent pieces of new information,
and puts every claim into exactly one class: used, merged (with which) or left out (why).

The steps, in this order, each in its own module:

================  ==================================================================================
`claim_records`   claims as records with whole days; windows clipped to the conflict
`exclusions`      claims that are left out from the start, each with its reason
`relays`          repeated figures, attributed to their original claimant
`copies`          figures that may repeat another claimant's without saying so
`force_figures`   strengths and flows of forces, which stand outside the likelihood
`aggregates`      parts and their totals, killed + wounded = casualties, years that make up a total
`revisions`       estimates and stocks: the latest revision, without restatements
`vintages`        lists and registers: increments between two dates of knowledge
`partitions`      counts by period of death, and the totals that they share names with
`ledgers`         running totals: increments between two dates, split by daily figures
`bounds`          lower and upper bounds of ledgers
`comparisons`     ratios, overlaps with lists, fates of the missing
`outcomes`        the class of every claim
`observations`    the table of observations
================  ==================================================================================

`originals` and `printed` serve `copies`: the figures that could be repeated. `running_totals` and
`rounding` serve `vintages` and `ledgers`: which totals are kept, and how exact they are.
"""

from lossmodel.evidence.collect import collect_evidence
from lossmodel.evidence.evidence import Evidence

__all__ = ["Evidence", "collect_evidence"]
