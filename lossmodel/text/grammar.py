"""The language of questions about a fit, as text: for help and for errors."""

from __future__ import annotations

from typing import Final

__all__ = ["EXAMPLES", "GRAMMAR"]

GRAMMAR: Final = """\
A question is one of
  SUM                      killed russia 2023
  SUM / SUM                killed ukraine / killed russia 2024
  when SUM passes NUMBER   when killed russia passes 100000
SUM is QUANTITY [WINDOW], or several joined by ' + ' or ' - '; in a quotient
  it stands in parentheses (killed russia + killed ukraine) / killed russia
QUANTITY is one of
  CATEGORY PARTY [SCOPE]   killed russia citizens
  lethality PARTY [SCOPE]  killed / (killed + wounded)
  ratio CLAIMANT PARTY [CATEGORY]
                           claimed / true, under the claimant's own definition
  A+B for CATEGORY or PARTY is the sum of A and B
WINDOW is 2023 | 2023-05 | 2023-05-17 | 2023-05-01..2023-06-15
  | cumulative [2023-05-17]
  (none: that of the next quantity with one, or cumulative to the last day)
Upper and lower case are the same."""

EXAMPLES: Final = (
    ("killed russia", "all killed, to the last day"),
    ("casualties ukraine 2023", "killed and wounded of a year"),
    ("killed russia citizens 2023-05", "of a scope, in a month"),
    ("tanks russia 2023-05-17", "of a day"),
    ("killed russia 2023-05-01..2023-06-15", "of a period"),
    ("killed russia cumulative 2023-05-17", "from the start to a day"),
    ("killed russia + killed ukraine", "a sum, draw by draw"),
    ("killed russia 2023 - killed russia 2022", "a difference"),
    ("killed russia / killed ukraine 2023", "a quotient, draw by draw"),
    ("(killed russia + killed ukraine) / tanks russia", "of a sum"),
    ("lethality russia 2024", "killed / (killed + wounded)"),
    ("ratio ua-general-staff russia", "claimed / true, in the best supported stream"),
    ("when killed russia passes 100000", "the day of a running total"),
)
"""Questions of every form, each with a few words about it."""
