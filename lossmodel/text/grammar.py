"""The language of questions about a fit, as text: for help and for errors."""

from __future__ import annotations

from typing import Final

from lossmodel.text.months import MONTHS

__all__ = ["EXAMPLES", "GRAMMAR", "grammar"]

_TEMPLATE: Final = """\
A question is one of
  SUM                      {killed} {year}
  SUM / SUM                {other} / {killed} {year}
  when SUM passes NUMBER   when {killed} passes {number}
SUM is QUANTITY [WINDOW], or several joined by ' + ' or ' - '; in a quotient
  it stands in parentheses ({killed} + {other}) / {killed}
QUANTITY is one of
  CATEGORY PARTY [SCOPE]   {killed}{scope}
  lethality PARTY [SCOPE]  killed / (killed + wounded)
  ratio CLAIMANT PARTY [CATEGORY]
                           claimed / true, under the claimant's own definition
  A+B for CATEGORY or PARTY is the sum of A and B
WINDOW is {year} | q2 {year} | {month} | {words} | {first}
  | {first}..{last} | cumulative [{first}]
  (none: that of the next quantity with one, or cumulative to the last day)
Upper and lower case are the same."""


def grammar(
    *,
    killed: str,
    other: str,
    first: str,
    last: str,
    number: int,
    scope: str = "",
) -> str:
    """The grammar with examples of one conflict.

    Parameters
    ----------
    killed, other
        Category and party of two totals.
    first, last
        Two days, as YYYY-MM-DD.
    number
        A number that the first total may pass.
    scope
        A scope of the first total.
    """
    year, month, _ = first.split("-")
    return _TEMPLATE.format(
        **{"killed": killed, "other": other, "first": first, "last": last, "number": number},
        scope=f" {scope}" if scope else "",
        year=year,
        month=f"{year}-{month}",
        words=f"{MONTHS[int(month) - 1].lower()} {year}",
    )


GRAMMAR: Final = grammar(
    killed="killed russia",
    other="killed ukraine",
    first="2023-05-17",
    last="2023-06-15",
    number=100_000,
    scope="citizens",
)

EXAMPLES: Final = (
    ("killed russia", "all killed, to the last day"),
    ("casualties ukraine 2023", "killed and wounded of a year"),
    ("killed russia citizens 2023-05", "of a scope, in a month"),
    ("killed russia may 2023", "of a month in words"),
    ("killed russia q2 2023", "of a quarter"),
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
